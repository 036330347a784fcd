/** An operation → the elements of a page that show it. All text is set as text, never as HTML. */

import {
  type Operation,
  type Progress,
  type Result,
  kindOfChange,
  progress,
  sorted
} from './model/operation';
import { type Translate, resultText } from './model/words';

export type { Translate };

/** Shows one operation inside an element, and shows it again as it goes on. */
export class OperationView {
  /** `node` is filled here and belongs to the view. */
  constructor(node: HTMLElement, translate: Translate) {
    this._trans = translate;
    this._status = element('div', 'jp-pixi-Operation-status');
    this._status.setAttribute('role', 'status');
    this._bar = element('div', 'jp-pixi-Operation-bar');
    this._bar.setAttribute('role', 'progressbar');
    this._fill = element('div', 'jp-pixi-Operation-fill');
    this._bar.append(this._fill);
    this._counts = element('div', 'jp-pixi-Operation-counts');
    this._body = element('div', 'jp-pixi-Operation-body');
    node.classList.add('jp-pixi-Operation');
    node.replaceChildren(this._status, this._bar, this._counts, this._body);
    this._node = node;
  }

  /** Show this state of the operation. */
  show(operation: Operation): void {
    this._node.dataset['state'] = operation.state;
    this._showProgress(progress(operation));
    const headline = this._headline(operation);
    if (this._status.textContent !== headline) {
      // Set only when it differs: screen readers say what is set, and counts would never let them finish.
      this._status.textContent = headline;
    }
    this._body.replaceChildren(...this._details(operation));
  }

  private _showProgress(now: Progress | undefined): void {
    this._bar.hidden = this._counts.hidden = !now;
    if (!now) {
      return;
    }
    this._bar.setAttribute('aria-label', now.title);
    this._bar.classList.toggle('jp-pixi-mod-indeterminate', now.fraction === undefined);
    if (now.fraction === undefined) {
      this._bar.removeAttribute('aria-valuenow');
      this._fill.style.removeProperty('width');
    } else {
      const percent = Math.round(now.fraction * 100);
      this._bar.setAttribute('aria-valuemin', '0');
      this._bar.setAttribute('aria-valuemax', '100');
      this._bar.setAttribute('aria-valuenow', `${percent}`);
      this._fill.style.width = `${percent}%`;
    }
    const counts = now.total === null ? null : this._trans.__('%1 of %2', now.done, now.total);
    this._counts.textContent = [counts, now.bytes, now.item].filter(part => part).join(' · ');
  }

  private _headline(operation: Operation): string {
    switch (operation.state) {
      case 'running':
        return progress(operation)?.title ?? this._trans.__('Starting …');
      case 'interrupted':
        return operation.error?.text ?? this._trans.__('Interrupted');
      case 'failed':
        return operation.error?.text ?? this._trans.__('Failed');
      case 'done':
        return resultText(operation.result, this._trans);
    }
  }

  private _details(operation: Operation): HTMLElement[] {
    const parts: HTMLElement[] = [];
    const { error, result } = operation;
    if (error?.place) {
      parts.push(element('div', 'jp-pixi-Operation-place', error.place));
    }
    if (error?.help) {
      parts.push(element('div', 'jp-pixi-Operation-help', error.help));
    }
    if (result) {
      parts.push(...this._result(result));
    }
    parts.push(
      ...operation.warnings.map(text => element('div', 'jp-pixi-Operation-warning', text)),
      ...operation.notes.map(text => element('div', 'jp-pixi-Operation-note', text))
    );
    return parts;
  }

  private _result(result: Result): HTMLElement[] {
    const parts: HTMLElement[] = [];
    if (result.changes.length) {
      parts.push(this._table(result));
    }
    for (const { file, line, text } of result.written) {
      const row = element('div', 'jp-pixi-Operation-written');
      const name = file.split(/[\\/]/).pop() ?? file;
      const place = element(
        'span',
        'jp-pixi-Operation-place',
        line === null ? name : `${name}:${line}`
      );
      place.title = file;
      row.append(place, ' ', element('code', '', text));
      parts.push(row);
    }
    if (result.restart.length) {
      const names = result.restart.join(', ');
      const text = this._trans.__('Restart the kernel to use: %1', names);
      parts.push(element('div', 'jp-pixi-Operation-warning', text));
    }
    return parts;
  }

  private _table(result: Result): HTMLElement {
    const table = element('table', 'jp-pixi-Operation-table');
    const head = element('tr');
    const titles = [
      this._trans.__('Package'),
      this._trans.__('Before'),
      this._trans.__('After'),
      this._trans.__('Source')
    ];
    for (const title of titles) {
      const cell = element('th', '', title);
      cell.setAttribute('scope', 'col');
      head.append(cell);
    }
    const header = element('thead');
    header.append(head);
    const body = element('tbody');
    for (const change of sorted(result.changes)) {
      const row = element('tr');
      row.dataset['kind'] = kindOfChange(change);
      row.classList.toggle('jp-pixi-mod-explicit', change.explicit);
      const name = element('th', '', change.name);
      name.setAttribute('scope', 'row');
      const cells = [change.before ?? '–', change.after ?? '–', change.type];
      row.append(name, ...cells.map(text => element('td', '', text)));
      body.append(row);
    }
    if (result.leftOut > 0) {
      const row = element('tr');
      const cell = element('td', '', this._trans.__('… and %1 more', result.leftOut));
      cell.setAttribute('colspan', '4');
      row.append(cell);
      body.append(row);
    }
    table.append(header, body);
    return table;
  }

  private readonly _trans: Translate;
  private readonly _node: HTMLElement;
  private readonly _status: HTMLElement;
  private readonly _bar: HTMLElement;
  private readonly _fill: HTMLElement;
  private readonly _counts: HTMLElement;
  private readonly _body: HTMLElement;
}

function element(tag: string, className = '', text = ''): HTMLElement {
  const node = document.createElement(tag);
  if (className) {
    node.className = className;
  }
  if (text) {
    node.textContent = text;
  }
  return node;
}
