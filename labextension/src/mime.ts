/** An operation's output in a cell → a progress bar while it runs, and a table of what changed. */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

import { MIME_TYPE } from './model/operation';
import { RenderedOperation } from './renderedOperation';

const extension: IRenderMime.IExtension = {
  id: 'jupyter-pixi:operation',
  description: 'Shows the progress and the result of an operation on a Pixi environment.',
  rendererFactory: {
    // Safe in untrusted notebooks: nothing of a document is ever taken as HTML.
    safe: true,
    mimeTypes: [MIME_TYPE],
    defaultRank: 10, // before the HTML that stands in elsewhere (50)
    createRenderer: options => new RenderedOperation(options)
  },
  dataType: 'json'
};

export default extension;
