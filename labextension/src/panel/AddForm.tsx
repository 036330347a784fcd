/** What somebody types → a package to add: names as one types, versions of the chosen one, a preview, then the change. */

import React from 'react';

import { type PlannedChange, planned } from '../model/fold';
import { type Kind, type Problem, type Request, type Version, problemOf } from '../model/rest';
import { usePanel } from './context';
import { Combobox } from './Combobox';
import { Message, Section } from './parts';
import { Plan } from './Plan';

export function AddForm(): React.JSX.Element {
  const { trans } = usePanel();
  return (
    <Section title={trans('Add a package')} open>
      {() => <Form />}
    </Section>
  );
}

function Form(): React.JSX.Element {
  const { state, store, actions, trans, preview } = usePanel();
  const [text, setText] = React.useState('');
  const [type, setType] = React.useState<Kind>('conda');
  const [feature, setFeature] = React.useState('');
  const [versions, setVersions] = React.useState<Version[] | null>(null);
  const [plan, setPlan] = React.useState<PlannedChange[] | null>(null);
  const [written, setWritten] = React.useState<string[]>([]);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const [busy, setBusy] = React.useState(false);
  const abort = React.useRef<AbortController | null>(null);
  const manifest = state.manifest ?? '';
  const environment = state.environment ?? '';
  const detail = store.environmentDetail;
  const features = (detail?.features ?? []).filter(one => one !== '');
  const fallback = features.includes('default') ? 'default' : (features[0] ?? 'default');
  const target = features.includes(feature) ? feature : fallback;

  const reset = () => {
    abort.current?.abort();
    setPlan(null);
    setProblem(null);
    setBusy(false);
  };
  const change = (value: string) => {
    setText(value);
    setVersions(null);
    reset();
  };
  React.useEffect(reset, [manifest, environment]);

  const request = (restart: boolean): Request => ({
    manifest,
    command: 'add',
    packages: text.trim().split(/\s+(?=[A-Za-z])/),
    ...(type === 'pypi' ? { pypi: true } : {}),
    ...(target !== 'default' ? { feature: target } : {}),
    ...(restart ? { restart: true } : {})
  });
  const choose = (name: string) => {
    change(name);
    store.api.versions(manifest, name, type).then(
      found => {
        setVersions(found.versions);
      },
      () => undefined
    );
  };
  const look = async () => {
    reset();
    setBusy(true);
    const control = new AbortController();
    abort.current = control;
    try {
      const caller = await actions.caller(manifest, environment);
      const asked = caller === undefined ? request(false) : { ...request(false), caller };
      const result = await store.api.preview(asked, control.signal);
      setPlan(planned(result));
      setWritten(linesOf(result));
    } catch (reason) {
      if (!control.signal.aborted) {
        setProblem(problemOf(reason));
      }
    } finally {
      if (abort.current === control) {
        setBusy(false);
      }
    }
  };
  const add = (restart: boolean) => {
    const asked = request(restart);
    change('');
    actions.run(asked, environment).catch((reason: unknown) => {
      setText(text);
      setProblem(problemOf(reason));
    });
  };

  return (
    <form
      className="jp-pixi-Add"
      onSubmit={event => {
        event.preventDefault();
        if (text.trim() && !busy) {
          if (plan || !preview()) {
            add(false);
          } else {
            void look();
          }
        }
      }}
    >
      <div className="jp-pixi-Row">
        <Combobox
          value={text}
          label={trans('Package to add')}
          placeholder={type === 'pypi' ? 'requests>=2' : 'polars>=1'}
          onChange={change}
          onChoose={choose}
          search={query => store.api.search(manifest, query, type)}
          key={`${manifest} ${type}`}
        />
        <select
          className="jp-pixi-Select"
          aria-label={trans('Where the package comes from')}
          value={type}
          onChange={event => {
            setType(event.target.value as Kind);
            reset();
          }}
        >
          <option value="conda">conda</option>
          <option value="pypi">PyPI</option>
        </select>
      </div>
      {versions?.length ? <Versions versions={versions} onChoose={change} name={text} /> : null}
      {features.length > 1 ? (
        <label className="jp-pixi-Row jp-pixi-Quiet">
          {trans('to the feature')}
          <select
            className="jp-pixi-Select"
            value={target}
            onChange={event => {
              setFeature(event.target.value);
              reset();
            }}
          >
            {features.map(one => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      ) : null}
      {plan ? <Plan changes={plan} written={written} /> : null}
      {problem ? <Message kind="error" problem={problem} /> : null}
      <div className="jp-pixi-Buttons">
        {plan || !preview() ? null : (
          <button className="jp-pixi-Button" disabled={!text.trim() || busy} type="submit">
            {busy ? trans('Solving …') : trans('Preview')}
          </button>
        )}
        {plan || !preview() ? (
          <button
            className="jp-pixi-Button jp-pixi-mod-accept"
            disabled={!text.trim()}
            type="submit"
          >
            {trans('Add')}
          </button>
        ) : null}
        {problem?.code === 'loaded' ? (
          <button
            className="jp-pixi-Button jp-pixi-mod-warn"
            type="button"
            onClick={() => {
              add(true);
            }}
          >
            {trans('Add and restart the kernel')}
          </button>
        ) : null}
        {plan || busy ? (
          <button className="jp-pixi-Button" type="button" onClick={reset}>
            {trans('Cancel')}
          </button>
        ) : null}
      </div>
    </form>
  );
}

function Versions(props: {
  versions: Version[];
  name: string;
  onChoose(text: string): void;
}): React.JSX.Element {
  const { trans } = usePanel();
  const bare = props.name.split(/[\s<>=!~]/)[0] ?? '';
  return (
    <label className="jp-pixi-Row jp-pixi-Quiet">
      {trans('version')}
      <select
        className="jp-pixi-Select"
        defaultValue=""
        onChange={event => {
          props.onChoose(event.target.value ? `${bare}==${event.target.value}` : bare);
        }}
      >
        <option value="">{trans('the newest that fits')}</option>
        {props.versions.map(one => (
          <option key={one.version} value={one.version}>
            {one.subdirs.length ? `${one.version} (${one.subdirs.join(', ')})` : one.version}
          </option>
        ))}
      </select>
    </label>
  );
}

function linesOf(result: Record<string, unknown>): string[] {
  const rows = Array.isArray(result['written']) ? (result['written'] as { text?: unknown }[]) : [];
  return rows.flatMap(row => (typeof row.text === 'string' && row.text ? [row.text] : []));
}
