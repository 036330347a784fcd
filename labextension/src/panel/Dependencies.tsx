/** What an environment asks for, and what is locked for it; each row opens to where which version is locked. */

import React from 'react';

import { here, versionsOf } from '../model/rows';
import type { Dependency, Request } from '../model/rest';
import { usePanel } from './context';
import { Grid, KindBadge, Section } from './parts';
import { Prepared } from './Plan';
import { useChange } from './useChange';

export function Dependencies(): React.JSX.Element | null {
  const { store, trans } = usePanel();
  const detail = store.environmentDetail;
  if (!detail) {
    return null;
  }
  return (
    <Section title={trans.__('Dependencies')} count={detail.dependencies.length} open>
      {() =>
        detail.dependencies.length ? (
          <ul className="jp-pixi-List" aria-label={trans.__('Dependencies')}>
            {detail.dependencies.map(one => (
              <Row key={`${one.type} ${one.name}`} dependency={one} platform={detail.platform} />
            ))}
          </ul>
        ) : (
          <p className="jp-pixi-Quiet">{trans.__('This environment asks for nothing yet.')}</p>
        )
      }
    </Section>
  );
}

function Row(props: { dependency: Dependency; platform: string | null }): React.JSX.Element {
  const { dependency, platform } = props;
  const { trans } = usePanel();
  const [open, setOpen] = React.useState(false);
  const { requested, locked, differs } = here(dependency, platform);
  return (
    <li className="jp-pixi-Dependency">
      <button
        className="jp-pixi-Dependency-head"
        aria-expanded={open}
        onClick={() => {
          setOpen(!open);
        }}
      >
        <span className="jp-pixi-Dependency-name">{dependency.name}</span>
        <span className="jp-pixi-Quiet jp-pixi-Dependency-spec">{requested}</span>
        <span className="jp-pixi-Dependency-version">{locked ?? '–'}</span>
        {differs ? (
          <span className="jp-pixi-Differs" title={trans.__('Not the same on all platforms')}>
            ≠<span className="jp-pixi-Hidden"> {trans.__('Not the same on all platforms')}</span>
          </span>
        ) : null}
        {dependency.type === 'pypi' ? <KindBadge type="pypi" /> : null}
      </button>
      {open ? (
        <div className="jp-pixi-Dependency-body">
          <Where dependency={dependency} />
          <div className="jp-pixi-Quiet">
            {trans.__('Asked for by the feature %1', dependency.feature ?? 'default')}
          </div>
          <Changes dependency={dependency} />
        </div>
      ) : null}
    </li>
  );
}

/** The buttons that move a dependency or take it away; what that would change is shown first. */
function Changes({ dependency }: { dependency: Dependency }): React.JSX.Element {
  const { state, trans, preferences } = usePanel();
  const change = useChange(state.environment ?? '');
  const [command, setCommand] = React.useState<'upgrade' | 'remove'>('upgrade');
  const feature = dependency.feature ?? 'default';
  const request = (what: string): Request => ({
    manifest: state.manifest ?? '',
    command: what,
    packages: [dependency.name],
    ...(feature === 'default' ? {} : { feature }),
    ...(what === 'remove' && dependency.type === 'pypi' ? { pypi: true } : {})
  });
  const begin = (what: 'upgrade' | 'remove') => {
    setCommand(what);
    if (preferences().preview) {
      change.look(request(what));
    } else {
      change.apply(request(what));
    }
  };
  const labels =
    command === 'remove'
      ? { apply: trans.__('Remove it'), restart: trans.__('Remove it and restart the kernel') }
      : { apply: trans.__('Upgrade it'), restart: trans.__('Upgrade it and restart the kernel') };
  return (
    <Prepared
      change={change}
      labels={labels}
      removes={command === 'remove'}
      onApply={() => {
        change.apply(request(command));
      }}
    >
      <button
        className="jp-pixi-Button"
        disabled={change.busy}
        onClick={() => {
          begin('upgrade');
        }}
      >
        {change.busy ? trans.__('Solving …') : trans.__('Upgrade')}
      </button>
      {change.busy ? null : (
        <button
          className="jp-pixi-Button jp-pixi-mod-warn"
          onClick={() => {
            begin('remove');
          }}
        >
          {trans.__('Remove')}
        </button>
      )}
    </Prepared>
  );
}

/** Which version of one package is locked in which environment on which platform. */
function Where({ dependency }: { dependency: Dependency }): React.JSX.Element {
  const { state, trans } = usePanel();
  const { environments, platforms, cells } = versionsOf(state.detail, dependency);
  return (
    <Grid
      label={trans.__('Locked versions')}
      rows={environments}
      columns={platforms}
      cell={(row, column) => <td key={column}>{cells[row]?.[column] ?? '–'}</td>}
    />
  );
}
