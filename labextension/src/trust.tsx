/** The dialog that tells what starting a workspace's kernels would do, and takes the user's word. */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { Front, Hub } from './hub';
import { isRescue } from './kernels';
import { size } from './model/operation';
import { type Start, type Trust, problemOf } from './model/rest';

/** Show the dialog; resolves to whether the workspace is trusted now. */
export async function trustDialog(hub: Hub, manifest: string): Promise<boolean> {
  const { store, trans } = hub;
  let told: Trust;
  try {
    told = await store.api.trust(manifest);
  } catch (reason) {
    const { message: body } = problemOf(reason);
    await showDialog({ title: trans.__('Trust'), body, buttons: [Dialog.okButton()] });
    return false;
  }
  const close = Dialog.cancelButton({ label: trans.__('Close') });
  const rescue = await rescueOf(hub, manifest);
  const agree = Dialog.okButton({
    label: rescue ? trans.__('I trust it: restart the kernel') : trans.__('I trust it')
  });
  const answer = await showDialog({
    title: told.trusted ? trans.__('This workspace is trusted') : trans.__('Trust this workspace?'),
    body: ReactWidget.create(<Body trust={told} place={placeOf(hub, manifest)} trans={trans} />),
    buttons: told.trusted || told.forbidden ? [close] : [close, agree],
    defaultButton: 0
  });
  if (!answer.button.accept) {
    return told.trusted;
  }
  const now = await store.api.agree(manifest);
  await store.refresh();
  if (now.trusted) {
    // Not a restart, which the server gives up after a minute: an install may take longer.
    await rescue?.panel.sessionContext.changeKernel({ name: rescue.kernelName });
  }
  return now.trusted;
}

/** The notebook in front, if its kernel stands in for one of the workspace. */
async function rescueOf(hub: Hub, manifest: string): Promise<Front | null> {
  const { front } = hub;
  const kernel = front?.manifest === manifest ? front.kernel : null;
  // One that is still starting does not tell what it is, and is not waited for.
  return front && kernel?.status === 'idle' && (await isRescue(kernel)) ? front : null;
}

function Body(props: { trust: Trust; place: string; trans: TranslationBundle }): React.JSX.Element {
  const { trust, place, trans } = props;
  return (
    <div className="jp-pixi-Trust">
      {trust.trusted ? null : (
        <p>
          {trust.forbidden
            ? trans.__('The administrator does not leave it to users to trust workspaces here.')
            : trans.__(
                'Starting a kernel of it installs and runs what its files say. Agree only if you know where they come from.'
              )}
        </p>
      )}
      <div className="jp-pixi-Quiet" title={trust.manifest}>
        {place}
      </div>
      {trust.changed.length ? (
        <p className="jp-pixi-Notice">
          {trans.__('Changed since you trusted it: %1', trust.changed.join(', '))}
        </p>
      ) : null}
      {trust.environments.map(one => (
        <Environment key={one.name} start={one} trans={trans} />
      ))}
      <details>
        <summary>{trans.__('What your agreement covers')}</summary>
        <ul>
          {trust.files.map(one => (
            <li key={one}>
              <code>{one}</code>
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}

function Environment({
  start,
  trans
}: {
  start: Start;
  trans: TranslationBundle;
}): React.JSX.Element {
  const variables = Object.entries(start.variables);
  return (
    <section>
      <h3>{start.name}</h3>
      <ul>
        <li>
          {start.solve
            ? trans.__('solves and installs what the manifest asks for')
            : start.packages
              ? trans.__('installs %1 packages (%2)', start.packages, size(start.bytes))
              : trans.__('installs nothing: it is all there')}
          {start.sources.map(one => (
            <div className="jp-pixi-Quiet" key={one}>
              {one}
            </div>
          ))}
        </li>
        {start.builds.length ? (
          <li>{trans.__('builds from source: %1', start.builds.join(', '))}</li>
        ) : null}
        {start.scripts.map(one => (
          <li key={one}>
            {trans.__('runs the script')} <code>{one}</code>
          </li>
        ))}
        {variables.map(([name, value]) => (
          <li key={name}>
            {isEvaluated(value) ? trans.__('runs, to set a variable:') : trans.__('sets')}{' '}
            <code>{`${name}=${value}`}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Whether bash runs something to find out a variable's value. */
function isEvaluated(value: string): boolean {
  return /\$\(|`/.test(value);
}

/** A manifest as the file browser names it, if it can. */
function placeOf(hub: Hub, manifest: string): string {
  const found = hub.store.get().workspaces.find(one => one.manifest === manifest);
  const file = manifest.slice(manifest.lastIndexOf('/') + 1);
  if (!found || found.path === null) {
    return manifest;
  }
  return found.path ? `${found.path}/${file}` : file;
}
