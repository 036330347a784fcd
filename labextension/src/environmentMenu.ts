/** The environment of a notebook → a menu of what can be done with it, below the button that was clicked. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Menu } from '@lumino/widgets';

import { Commands, type Front, type Hub } from './hub';
import { stateWord } from './model/words';

const ITEM = 'jupyter-pixi:menu-item';

/** Opens the menu at an element. */
export function openMenu(app: JupyterFrontEnd, hub: Hub, front: Front, button: HTMLElement): void {
  const { commands } = app;
  const { trans, store } = hub;
  if (!commands.hasCommand(ITEM)) {
    commands.addCommand(ITEM, {
      label: args => textOf(args['label']),
      caption: args => textOf(args['caption']),
      isEnabled: args => args['enabled'] !== false,
      execute: args => commands.execute(textOf(args['command']), args['args'] as never)
    });
  }
  const menu = new Menu({ commands });
  menu.title.label = trans.__('Environment');
  const { manifest } = front;
  const workspace = store.get().workspaces.find(one => one.manifest === manifest);
  for (const one of workspace?.environments ?? []) {
    if (hub.kernelName(manifest, one.name) === undefined) {
      continue;
    }
    const word = stateWord(one.state, trans);
    const here = one.name === front.environment;
    menu.addItem({
      command: ITEM,
      args: {
        label: here
          ? trans.__('%1 (this notebook)', one.name)
          : one.state === 'ready'
            ? one.name
            : `${one.name} (${word})`,
        caption: one.reason?.text ?? trans.__('Run this notebook in %1', one.name),
        enabled: !here && one.state !== 'cannot-run' && one.state !== 'broken',
        command: Commands.switch,
        args: { manifest, environment: one.name }
      }
    });
  }
  menu.addItem({ type: 'separator' });
  const args = { manifest, environment: front.environment };
  menu.addItem({ command: Commands.add, args });
  menu.addItem({ command: Commands.diff, args });
  menu.addItem({ command: Commands.undo, args });
  menu.addItem({ type: 'separator' });
  menu.addItem({ command: Commands.open, args });
  menu.aboutToClose.connect(() => {
    window.setTimeout(() => {
      menu.dispose();
      button.focus();
    });
  });
  const { left, top, bottom } = button.getBoundingClientRect();
  const above = bottom > window.innerHeight / 2;
  menu.open(left, above ? top : bottom);
  // A notebook before JupyterLab 4.4 takes the focus after a click in its toolbar.
  window.setTimeout(() => {
    if (menu.isAttached) {
      menu.activate();
    }
  }, 100);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
