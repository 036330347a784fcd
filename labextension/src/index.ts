/** The lab extension's plugins. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { launcherPlugin } from './launcher';
import { refreshPlugin } from './refresh';

const plugins: JupyterFrontEndPlugin<void>[] = [refreshPlugin, launcherPlugin];

export default plugins;
