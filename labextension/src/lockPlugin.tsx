/** pixi.lock opened from the file browser → what changed in it, by environment and platform. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ABCWidgetFactory, type DocumentRegistry, DocumentWidget } from '@jupyterlab/docregistry';
import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

import { type Hub, IHub } from './hub';
import { environmentsIcon } from './icons';
import { LockView } from './panel/LockView';

export const FACTORY = 'Pixi lock diff';
const FILE_TYPE = 'pixi-lock';

/** Registers the file type and its view; the text editor stays under "Open With". */
export const lockPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pixi:lock-diff',
  description: 'Opens pixi.lock as a readable difference.',
  autoStart: true,
  requires: [IHub],
  activate: (app: JupyterFrontEnd, hub: Hub) => {
    app.docRegistry.addFileType({
      name: FILE_TYPE,
      displayName: hub.trans.__('Pixi lock file'),
      pattern: '^pixi\\.lock$',
      contentType: 'file',
      fileFormat: 'text',
      mimeTypes: ['text/yaml'],
      extensions: ['.lock'],
      icon: environmentsIcon
    });
    const factory = new Factory(hub, {
      name: FACTORY,
      label: hub.trans.__('Lock Difference'),
      modelName: 'text',
      fileTypes: [FILE_TYPE],
      defaultFor: [FILE_TYPE],
      readOnly: true
    });
    // Its optional members are declared in a way that exact optional properties do not take.
    app.docRegistry.addWidgetFactory(factory as unknown as DocumentRegistry.WidgetFactory);
  }
};

class Factory extends ABCWidgetFactory<DocumentWidget<ReactWidget>> {
  constructor(
    private readonly hub: Hub,
    options: DocumentRegistry.IWidgetFactoryOptions
  ) {
    super(options);
  }

  protected createNewWidget(context: DocumentRegistry.Context): DocumentWidget<ReactWidget> {
    const { hub } = this;
    const content = ReactWidget.create(
      <LockView
        store={hub.store}
        trans={hub.trans}
        folder={context.path.split('/').slice(0, -1).join('/')}
      />
    );
    content.addClass('jp-pixi-LockView');
    return new DocumentWidget({ content, context });
  }
}
