/** An operation's output in a cell → a progress bar while it runs, and a table of what changed. */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';

import { MIME_TYPE, parse } from './model/operation';
import { OperationView, type Translate } from './operationView';

/** The output of one operation. Updates of a display come to the same widget. */
class RenderedOperation extends Widget implements IRenderMime.IRenderer {
  constructor(options: IRenderMime.IRendererOptions) {
    super();
    this._mimeType = options.mimeType;
    this.addClass('jp-pixi-RenderedOperation');
    this._view = new OperationView(this.node, translator(options));
  }

  /** Show the model's document; of one in an unknown format, the text that came with it. */
  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const operation = parse(model.data[this._mimeType]);
    if (operation) {
      this._view.show(operation);
    } else {
      const text = model.data['text/plain'];
      this.node.textContent = typeof text === 'string' ? text : '';
    }
    return Promise.resolve();
  }

  private readonly _mimeType: string;
  private readonly _view: OperationView;
}

function translator(options: IRenderMime.IRendererOptions): Translate {
  const bundle = options.translator?.load('jupyter_pixi');
  return (text, ...values) =>
    bundle
      ? bundle.__(text, ...values)
      : text.replace(/%(\d)/g, (_, place: string) => String(values[Number(place) - 1] ?? ''));
}

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
