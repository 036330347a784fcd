/** An operation's document in an output → its view, which goes on from the server where the document stops. */

import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';

import { type Operation, parse, withText } from './model/operation';
import type { Store } from './model/store';
import { OperationView, type Translate } from './operationView';

/**
 * The output of one operation. Updates of a display come to the same widget.
 *
 * With a store, an output that was left while its operation ran (a page was reloaded, a notebook was closed) is
 * followed from the server: display updates do not come to a new page.
 */
export class RenderedOperation extends Widget implements IRenderMime.IRenderer {
  constructor(options: IRenderMime.IRendererOptions, store?: Store) {
    super();
    this._mimeType = options.mimeType;
    this._store = store;
    this.addClass('jp-pixi-RenderedOperation');
    this._view = new OperationView(this.node, translator(options));
  }

  /** Show the model's document; of one in an unknown format, the text that came with it. */
  renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const operation = parse(model.data[this._mimeType]);
    if (!operation) {
      const text = model.data['text/plain'];
      this.node.textContent = typeof text === 'string' ? text : '';
      return Promise.resolve();
    }
    this._shown = withText(operation, model.data['text/plain']);
    this._show(this._shown);
    if (operation.state === 'running') {
      this._follow(operation);
    } else {
      this._stop?.();
    }
    return Promise.resolve();
  }

  override dispose(): void {
    this._stop?.();
    super.dispose();
  }

  private _follow({ id, manifest }: Operation): void {
    const store = this._store;
    if (!store || id === null || manifest === null || this._stop) {
      return;
    }
    const look = () => {
      const known = store.get().operations.get(id);
      if (known && this._shown?.state === 'running') {
        this._show(known);
      }
    };
    this._stop = store.subscribe(look);
    if (store.get().operations.has(id)) {
      look();
    } else {
      void store.follow(manifest, id);
    }
  }

  private _show(operation: Operation): void {
    this._view.show(operation);
  }

  private readonly _mimeType: string;
  private readonly _view: OperationView;
  private readonly _store: Store | undefined;
  private _shown: Operation | undefined;
  private _stop: (() => void) | undefined;
}

function translator(options: IRenderMime.IRendererOptions): Translate {
  const bundle = options.translator?.load('jupyter_pixi');
  return (
    bundle ?? {
      __: (text, ...values) =>
        text.replace(/%(\d)/g, (_, place: string) => String(values[Number(place) - 1] ?? ''))
    }
  );
}
