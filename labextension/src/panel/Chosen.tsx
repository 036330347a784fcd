/** The name of a package → what it is, in which versions and for which platforms there is one. */

import React from 'react';

import { size } from '../model/operation';
import type { About, Kind, Version } from '../model/rest';
import { nameOf } from '../model/specs';
import { usePanel } from './context';

export function Chosen(props: {
  name: string;
  type: Kind;
  text: string;
  onChange(text: string): void;
}): React.JSX.Element | null {
  const { store, state, trans } = usePanel();
  const { name, type } = props;
  const [versions, setVersions] = React.useState<Version[] | null>(null);
  const [about, setAbout] = React.useState<About | null>(null);
  const manifest = state.manifest ?? '';
  React.useEffect(() => {
    let wanted = true;
    const take =
      <T,>(set: (value: T) => void) =>
      (value: T) => {
        if (wanted) {
          set(value);
        }
      };
    store.api.versions(manifest, name, type).then(
      take(found => {
        setVersions(found.versions);
      }),
      take(() => {
        setVersions([]);
      })
    );
    store.api.about(manifest, name, type).then(take(setAbout), () => undefined);
    return () => {
      wanted = false;
    };
  }, [store, manifest, name, type]);

  const bare = nameOf(props.text);
  const listed = new Set(versions?.flatMap(one => one.subdirs) ?? []);
  const newest = versions?.[0];
  const without = [...new Set((state.detail?.platforms ?? []).map(one => one.subdir))].filter(
    subdir => newest && newest.subdirs.length && !newest.subdirs.includes(subdir)
  );
  const facts = [
    about?.license,
    about?.size === null || about?.size === undefined ? null : size(about.size)
  ].filter(fact => fact);
  return (
    <div className="jp-pixi-About">
      {about?.summary ? <div>{about.summary}</div> : null}
      {facts.length ? <div className="jp-pixi-Quiet">{facts.join(' · ')}</div> : null}
      {versions === null ? (
        <div className="jp-pixi-Quiet">{trans.__('Asking for its versions …')}</div>
      ) : versions.length ? (
        <label className="jp-pixi-Row jp-pixi-Quiet">
          {trans.__('version')}
          <select
            className="jp-pixi-Select"
            defaultValue=""
            onChange={event => {
              const { value } = event.target;
              props.onChange(value ? `${bare}==${value}` : bare);
            }}
          >
            <option value="">{trans.__('the newest that fits')}</option>
            {versions.map(one => (
              <option key={one.version} value={one.version}>
                {one.subdirs.length && one.subdirs.length < listed.size
                  ? `${one.version} (${one.subdirs.join(', ')})`
                  : one.version}
              </option>
            ))}
          </select>
        </label>
      ) : (
        <div className="jp-pixi-Quiet">{trans.__('No versions are told.')}</div>
      )}
      {without.length && newest ? (
        <div className="jp-pixi-Quiet">
          {trans.__('%1 is not there for %2', newest.version, without.join(', '))}
        </div>
      ) : null}
    </div>
  );
}
