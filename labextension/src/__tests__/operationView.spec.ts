import { describe, expect, it } from 'vitest';

import { parse } from '../model/operation';
import { OperationView, type Translate } from '../operationView';

const translate: Translate = {
  __: (text, ...values) =>
    text.replace(/%(\d)/g, (_, place: string) => String(values[Number(place) - 1]))
};

function shown(...documents: object[]): HTMLElement {
  const node = document.createElement('div');
  const view = new OperationView(node, translate);
  for (const one of documents) {
    const operation = parse({ version: 1, command: ['add'], ...one });
    if (operation) {
      view.show(operation);
    }
  }
  return node;
}

const RUNNING = {
  state: 'running',
  current: 0,
  phases: [{ phase: 'link', title: 'Linking', done: 3, total: 12, item: 'numpy' }]
};
const DONE = {
  state: 'done',
  result: {
    message: 'Added polars',
    changes: [
      { name: 'polars', before: null, after: '1.35', type: 'conda', explicit: true },
      { name: 'numpy', before: '2.3', after: '2.4', type: 'conda', explicit: false }
    ],
    written: [{ file: '/home/ada/weather/pixi.toml', line: 9, text: 'polars = ">=1.35"' }],
    restart: ['numpy'],
    left_out: 2
  }
};

describe('OperationView', () => {
  it('has a progress bar with a name and a value', () => {
    const node = shown(RUNNING);
    const bar = node.querySelector('[role=progressbar]');
    expect(bar?.getAttribute('aria-label')).toBe('Linking');
    expect(bar?.getAttribute('aria-valuenow')).toBe('25');
    expect(node.textContent).toContain('3 of 12 · numpy');
  });

  it('does not say a status again that has not changed', () => {
    const node = document.createElement('div');
    const view = new OperationView(node, translate);
    const first = parse({ version: 1, command: ['add'], ...RUNNING });
    if (!first) {
      throw new Error('not parsed');
    }
    view.show(first);
    const said = new MutationObserver(() => undefined);
    const status = node.querySelector('[role=status]') ?? node;
    said.observe(status, { childList: true, characterData: true, subtree: true });
    view.show(first);
    expect(said.takeRecords()).toHaveLength(0);
    expect(status.textContent).toBe('Linking');
  });

  it('ends with a table, what was written and what needs a restart', () => {
    const node = shown(RUNNING, DONE);
    expect(node.querySelector('[role=status]')?.textContent).toBe('Added polars');
    expect(node.querySelector<HTMLElement>('[role=progressbar]')?.hidden).toBe(true);
    const rows = [...node.querySelectorAll('tbody tr')].map(row =>
      [...row.children].map(cell => cell.textContent)
    );
    expect(rows).toEqual([
      ['polars', '–', '1.35', 'conda'],
      ['numpy', '2.3', '2.4', 'conda'],
      ['… and 2 more']
    ]);
    expect(node.textContent).toContain('pixi.toml:9 polars = ">=1.35"');
    expect(node.textContent).toContain('Restart the kernel to use: numpy');
  });

  it('takes nothing of a document as HTML', () => {
    const evil = '<img src=x onerror=alert(1)>';
    const node = shown({
      state: 'done',
      notes: [evil],
      warnings: [{ text: evil }],
      result: { message: evil, changes: [{ name: evil, before: evil, after: null, type: evil }] }
    });
    expect(node.querySelector('img')).toBeNull();
    expect(node.textContent).toContain(evil);
  });
});
