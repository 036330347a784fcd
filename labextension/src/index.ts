/** The lab extension's plugins. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { cellPlugin } from './cellPlugin';
import { statusPlugin, toolbarPlugin } from './frontPlugin';
import { hubPlugin } from './hubPlugin';
import { launcherPlugin } from './launcher';
import { lockPlugin } from './lockPlugin';
import { offerPlugin } from './offerPlugin';
import { panelPlugin } from './panelPlugin';
import { refreshPlugin } from './refresh';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  hubPlugin,
  refreshPlugin,
  launcherPlugin,
  panelPlugin,
  statusPlugin,
  toolbarPlugin,
  cellPlugin,
  offerPlugin,
  lockPlugin
];

export default plugins;
