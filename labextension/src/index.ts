/** The lab extension's plugins. */

import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { bystandersPlugin } from './bystandersPlugin';
import { cellPlugin } from './cellPlugin';
import { commandsPlugin } from './commandsPlugin';
import { statusPlugin, toolbarPlugin } from './frontPlugin';
import { hubPlugin } from './hubPlugin';
import { launcherPlugin } from './launcher';
import { lockPlugin } from './lockPlugin';
import { newNotebookPlugin } from './newNotebookPlugin';
import { offerPlugin } from './offerPlugin';
import { panelPlugin } from './panelPlugin';
import { refreshPlugin } from './refresh';
import { switchPlugin } from './switchPlugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  hubPlugin,
  refreshPlugin,
  launcherPlugin,
  panelPlugin,
  commandsPlugin,
  statusPlugin,
  toolbarPlugin,
  cellPlugin,
  offerPlugin,
  newNotebookPlugin,
  switchPlugin,
  bystandersPlugin,
  lockPlugin
];

export default plugins;
