/** Outputs of operations, followed from the server where the page was not there to hear of them. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { type Hub, IHub } from './hub';
import { MIME_TYPE } from './model/operation';
import { RenderedOperation } from './renderedOperation';

/** Takes the place of the renderer that knows no server. */
export const cellPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pixi:cells',
  description: 'Follows operations whose output was left while they ran.',
  autoStart: true,
  requires: [IHub, IRenderMimeRegistry],
  activate: (_: JupyterFrontEnd, hub: Hub, rendermime: IRenderMimeRegistry) => {
    rendermime.addFactory(
      {
        safe: true,
        mimeTypes: [MIME_TYPE],
        createRenderer: options => new RenderedOperation(options, hub.store)
      },
      9 // before the one of the MIME extension, which stands in where there is no server
    );
  }
};
