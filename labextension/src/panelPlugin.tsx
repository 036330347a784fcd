/** The environments panel in the left side bar. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import { actionsOf } from './actions';
import { type Hub, IHub, PANEL_ID } from './hub';
import { environmentsIcon } from './icons';
import { Panel } from './panel/Panel';
import { Context, type PanelContext } from './panel/context';

/** The side bar's widget: React around the store. */
class EnvironmentsPanel extends ReactWidget {
  constructor(
    private readonly context: PanelContext,
    label: string
  ) {
    super();
    this.id = PANEL_ID;
    this.title.icon = environmentsIcon;
    this.title.caption = label;
    this.addClass('jp-pixi-Panel');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', label);
  }

  render(): React.JSX.Element {
    return (
      <Context.Provider value={this.context}>
        <Panel />
      </Context.Provider>
    );
  }
}

/** Adds the panel. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pixi:panel',
  description: 'Shows the Pixi environments of this server in the side bar.',
  autoStart: true,
  requires: [IHub],
  optional: [ILayoutRestorer],
  activate: (app: JupyterFrontEnd, hub: Hub, restorer: ILayoutRestorer | null) => {
    const { trans, store } = hub;
    const label = trans.__('Environments');
    const context: PanelContext = {
      store,
      trans,
      actions: actionsOf(app, hub),
      preferences: () => hub.preferences
    };
    const panel = new EnvironmentsPanel(context, label);
    app.shell.add(panel, 'left', { rank: 250 });
    restorer?.add(panel, PANEL_ID);
  }
};
