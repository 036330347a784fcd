/** The commands of this extension: in the palette, and for keyboard shortcuts and menus. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, InputDialog, Notification } from '@jupyterlab/apputils';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { actionsOf } from './actions';
import { Commands, type Hub, IHub, PANEL_ID } from './hub';
import { environmentsIcon } from './icons';
import { problemOf } from './model/rest';
import { stateWord } from './model/words';

interface At {
  manifest: string;
  environment: string;
}

/** Adds the commands. */
export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pixi:commands',
  description: 'Adds commands for Pixi environments.',
  autoStart: true,
  requires: [IHub],
  optional: [ICommandPalette],
  activate: (app: JupyterFrontEnd, hub: Hub, palette: ICommandPalette | null) => {
    const { commands } = app;
    const { trans, store } = hub;
    const actions = actionsOf(app, hub);
    const told = (work: Promise<unknown>) => {
      work.catch((reason: unknown) => {
        Notification.error(problemOf(reason).message, { autoClose: false });
      });
    };
    /** What a command concerns: what its arguments say, the notebook in front, or what the panel shows. */
    const at = (args: ReadonlyPartialJSONObject = {}): At | undefined => {
      const { manifest, environment } = args;
      if (typeof manifest === 'string' && typeof environment === 'string') {
        return { manifest, environment };
      }
      const shown = hub.front ?? store.get();
      return shown.manifest !== null && shown.environment !== null
        ? { manifest: shown.manifest, environment: shown.environment }
        : undefined;
    };
    const open = async (args?: ReadonlyPartialJSONObject) => {
      const place = at(args);
      if (place && (hub.front || args?.['manifest'])) {
        await store.select(place.manifest, place.environment);
      }
      app.shell.activateById(PANEL_ID);
    };
    const run =
      (command: string, fields: (environment: string) => object = () => ({})) =>
      ({ manifest, environment }: At) => {
        void open();
        told(hub.run({ manifest, command, ...fields(environment) }, environment));
      };
    const add = (
      id: string,
      label: string,
      execute: (place: At, args: ReadonlyPartialJSONObject) => void,
      isEnabled: () => boolean = () => at() !== undefined
    ) => {
      commands.addCommand(id, {
        label,
        isEnabled,
        execute: args => {
          const place = at(args);
          if (place) {
            execute(place, args);
          }
        }
      });
      palette?.addItem({ command: id, category: trans.__('Pixi Environments') });
    };

    commands.addCommand(Commands.open, {
      label: trans.__('Show Environments'),
      icon: environmentsIcon,
      execute: args => open(args)
    });
    palette?.addItem({ command: Commands.open, category: trans.__('Pixi Environments') });
    add(Commands.add, trans.__('Add a Package …'), () => {
      void open().then(() => {
        focusSoon('.jp-pixi-Panel input[role=combobox]');
      });
    });
    add(Commands.install, trans.__('Install this Environment'), ({ manifest, environment }) => {
      void open();
      told(actions.install(manifest, environment));
    });
    add(Commands.lock, trans.__('Lock this Workspace'), run('lock'));
    const detail = () => store.get().detail;
    add(
      Commands.undo,
      trans.__('Undo the last Change of the Environment'),
      run('undo'),
      () => at() !== undefined && detail()?.undo !== null
    );
    add(
      Commands.redo,
      trans.__('Redo the Change of the Environment that was undone'),
      run('redo'),
      () => at() !== undefined && typeof detail()?.redo === 'string'
    );
    add(Commands.start, trans.__('New Notebook in this Environment'), place => {
      actions.startKernel(place.manifest, place.environment);
    });
    add(
      Commands.switch,
      trans.__('Switch this Notebook to another Environment …'),
      (place, args) => {
        if (args['environment']) {
          actions.switchTo(place.manifest, place.environment);
        } else {
          void choose(place.manifest).then(environment => {
            if (environment !== null) {
              actions.switchTo(place.manifest, environment);
            }
          });
        }
      },
      () => at() !== undefined && hub.notebook !== null
    );
    add(Commands.trust, trans.__('Review and Trust this Workspace …'), ({ manifest }) => {
      told(actions.reviewTrust(manifest));
    });
    add(Commands.diff, trans.__('Show what changed in the Lock File'), ({ manifest }) => {
      actions.showDiff(manifest);
    });
    store.subscribe(() => {
      commands.notifyCommandChanged();
    });

    async function choose(manifest: string): Promise<string | null> {
      const workspace = store.get().workspaces.find(one => one.manifest === manifest);
      const found = (workspace?.environments ?? []).filter(
        one => actions.kernelName(manifest, one.name) !== undefined
      );
      const labels = found.map(one => `${one.name} (${stateWord(one.state, trans)})`);
      const answer = await InputDialog.getItem({
        title: trans.__('Switch to which environment?'),
        items: labels,
        okLabel: trans.__('Switch')
      });
      return answer.value === null ? null : (found[labels.indexOf(answer.value)]?.name ?? null);
    }
  }
};

/** Put the focus on an element as soon as it is drawn. */
function focusSoon(selector: string, tries = 20): void {
  const found = document.querySelector<HTMLElement>(selector);
  if (found) {
    found.focus();
  } else if (tries > 0) {
    window.setTimeout(() => {
      focusSoon(selector, tries - 1);
    }, 50);
  }
}
