/** What somebody types → a package to add: names as one types, what the chosen one is, a preview, then the change. */

import React from 'react';

import type { Kind, Request } from '../model/rest';
import { packagesOf } from '../model/specs';
import { usePanel } from './context';
import { Chosen } from './Chosen';
import { Combobox } from './Combobox';
import { Section } from './parts';
import { Prepared } from './Plan';
import { useChange } from './useChange';

export function AddForm(): React.JSX.Element {
  const { trans } = usePanel();
  return (
    <Section title={trans.__('Add a package')} open>
      {() => <Form />}
    </Section>
  );
}

function Form(): React.JSX.Element {
  const { state, store, trans, preferences } = usePanel();
  const [text, setText] = React.useState('');
  const [type, setType] = React.useState<Kind>('conda');
  const [chosen, setChosen] = React.useState('');
  const [place, setPlace] = React.useState('');
  const manifest = state.manifest ?? '';
  const environment = state.environment ?? '';
  const change = useChange(environment);
  const places = usePlaces();
  const target = places.some(one => one.value === place) ? place : (places[0]?.value ?? '');
  const typed = (value: string) => {
    setText(value);
    change.reset();
  };
  React.useEffect(() => {
    change.reset();
    // Another environment is another question.
  }, [manifest, environment]);

  const packages = packagesOf(text);
  const request: Request = {
    manifest,
    command: 'add',
    packages,
    ...(type === 'pypi' ? { pypi: true } : {}),
    ...(target === ONLY ? { environment } : target === DEFAULT ? {} : { feature: target })
  };
  const add = () => {
    change.apply(request);
    setText('');
    setChosen('');
  };
  const submit = () => {
    if (!packages.length || change.busy) {
      return;
    }
    if (change.plan || !preferences().preview) {
      add();
    } else {
      change.look(request);
    }
  };

  return (
    <form
      className="jp-pixi-Add"
      onSubmit={event => {
        event.preventDefault();
        submit();
      }}
    >
      <div className="jp-pixi-Row">
        <Combobox
          value={text}
          label={trans.__('Package to add')}
          placeholder={type === 'pypi' ? 'requests>=2' : 'polars>=1'}
          onChange={value => {
            typed(value);
            setChosen('');
          }}
          onChoose={name => {
            typed(name);
            setChosen(name);
          }}
          search={query => store.api.search(manifest, query, type)}
          key={`${manifest} ${type}`}
        />
        <select
          className="jp-pixi-Select"
          aria-label={trans.__('Where the package comes from')}
          value={type}
          onChange={event => {
            setType(event.target.value as Kind);
            setChosen('');
            change.reset();
          }}
        >
          <option value="conda">conda</option>
          <option value="pypi">PyPI</option>
        </select>
      </div>
      {chosen ? (
        <Chosen key={`${type} ${chosen}`} name={chosen} type={type} text={text} onChange={typed} />
      ) : null}
      {places.length > 1 ? (
        <label className="jp-pixi-Row jp-pixi-Quiet">
          {trans.__('to')}
          <select
            className="jp-pixi-Select"
            aria-label={trans.__('To which part of the manifest')}
            value={target}
            onChange={event => {
              setPlace(event.target.value);
              change.reset();
            }}
          >
            {places.map(one => (
              <option key={one.value} value={one.value}>
                {one.label}
              </option>
            ))}
          </select>
        </label>
      ) : null}
      <Prepared
        change={change}
        labels={{ apply: trans.__('Add'), restart: trans.__('Add and restart the kernel') }}
        onApply={add}
      >
        <button
          className={`jp-pixi-Button ${preferences().preview ? '' : 'jp-pixi-mod-accept'}`}
          disabled={!packages.length || change.busy}
          type="submit"
        >
          {change.busy
            ? trans.__('Solving …')
            : preferences().preview
              ? trans.__('Preview')
              : trans.__('Add')}
        </button>
      </Prepared>
    </form>
  );
}

const DEFAULT = 'default';
const ONLY = '\u0000'; // no feature is called so

/** Where a package of the chosen environment can be written: its features, the default one first, or only there. */
function usePlaces(): { value: string; label: string }[] {
  const { store, state, trans } = usePanel();
  const detail = store.environmentDetail;
  const inline = new Set((state.detail?.features ?? []).filter(f => f.inline).map(f => f.name));
  const features = (detail?.features ?? []).filter(one => one !== '' && !inline.has(one));
  const own = features.filter(one => one !== DEFAULT);
  const named = [...(features.includes(DEFAULT) ? [DEFAULT] : []), ...own].map(value => ({
    value,
    label: value === DEFAULT ? trans.__('the default feature') : trans.__('the feature %1', value)
  }));
  return !detail || detail.name === DEFAULT
    ? named
    : [...named, { value: ONLY, label: trans.__('%1 only', detail.name) }];
}
