/** A text field with names below it as one types (WAI-ARIA's combobox pattern with a listbox). */

import React from 'react';

import { problemOf } from '../model/rest';
import { usePanel } from './context';

const PAUSE = 120; // milliseconds after the last key
const LONG = 600; // milliseconds after which it is told that the names are still looked for

let counter = 0;

export function Combobox(props: {
  value: string;
  label: string;
  placeholder: string;
  onChange(value: string): void;
  onChoose(value: string): void;
  search(query: string): Promise<string[]>;
}): React.JSX.Element {
  const { trans } = usePanel();
  const [names, setNames] = React.useState<string[]>([]);
  const [at, setAt] = React.useState(-1);
  const [note, setNote] = React.useState('');
  const asked = React.useRef(0);
  const id = React.useMemo(() => `jp-pixi-names-${(counter += 1)}`, []);
  const list = React.useRef<HTMLUListElement>(null);
  const open = names.length > 0;
  React.useEffect(() => {
    list.current?.children[at]?.scrollIntoView({ block: 'nearest' });
  }, [at]);
  const close = () => {
    asked.current += 1;
    setNames([]);
    setAt(-1);
  };
  const typed = (value: string) => {
    props.onChange(value);
    ask(value);
  };
  const ask = (value: string) => {
    close();
    setNote('');
    const turn = asked.current;
    const query = value.trim();
    if (!/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(query)) {
      return; // a spec with a version: the name is settled
    }
    window.setTimeout(() => {
      if (turn !== asked.current) {
        return;
      }
      const told = window.setTimeout(() => {
        if (turn === asked.current) {
          setNote(trans.__('Looking for names …'));
        }
      }, LONG);
      const answer = props.search(query).finally(() => {
        window.clearTimeout(told);
      });
      answer.then(
        found => {
          if (turn === asked.current) {
            setNames(found);
            setNote(found.length ? '' : trans.__('no such name'));
          }
        },
        (reason: unknown) => {
          if (turn === asked.current) {
            setNote(problemOf(reason).message.split('\n')[0] ?? '');
          }
        }
      );
    }, PAUSE);
  };
  const choose = (name: string) => {
    props.onChoose(name);
    close();
  };
  const press = (event: React.KeyboardEvent) => {
    const chosen = names[at];
    if (event.key === 'Enter' && chosen === undefined) {
      close(); // what was typed is meant; names that come now would lie over the answer
      setNote('');
      return;
    }
    if (!open) {
      if (event.key === 'ArrowDown') {
        event.preventDefault();
        ask(props.value);
      }
      return;
    }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setAt((at + step + names.length) % names.length);
    } else if (event.key === 'Enter' && chosen !== undefined) {
      choose(chosen);
    } else if (event.key === 'Escape') {
      close();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="jp-pixi-Combobox">
      <input
        className="jp-pixi-Input"
        role="combobox"
        aria-label={props.label}
        aria-expanded={open}
        aria-controls={id}
        aria-autocomplete="list"
        {...(at >= 0 ? { 'aria-activedescendant': `${id}-${at}` } : {})}
        autoComplete="off"
        spellCheck={false}
        placeholder={props.placeholder}
        value={props.value}
        onChange={event => {
          typed(event.target.value);
        }}
        onKeyDown={press}
        onFocus={() => {
          if (!open) {
            ask(props.value); // the list closed when the focus went
          }
        }}
        onBlur={event => {
          const field = event.currentTarget;
          window.setTimeout(() => {
            if (field.ownerDocument.activeElement !== field) {
              close();
            }
          }, 150);
        }}
      />
      <ul
        className="jp-pixi-Names"
        role="listbox"
        id={id}
        ref={list}
        aria-label={props.label}
        hidden={!open}
      >
        {names.map((name, index) => (
          <li
            key={name}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === at}
            className="jp-pixi-Name"
            onMouseDown={event => {
              event.preventDefault();
              choose(name);
            }}
          >
            {name}
          </li>
        ))}
      </ul>
      <span className="jp-pixi-Quiet" role="status">
        {note}
      </span>
    </div>
  );
}
