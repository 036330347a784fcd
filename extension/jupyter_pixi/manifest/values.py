"""Turns keys and values into TOML text, as Pixi's editor writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

TomlValue = str | bool | int | Sequence["TomlValue"] | Mapping[str, "TomlValue"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")


def key_text(key: str) -> str:
    """A key as TOML writes it: bare where that is possible, else quoted."""
    return key if _BARE_KEY.match(key) else value_text(key)


def value_text(value: TomlValue) -> str:
    """A value as Pixi's editor writes it: basic strings (literal ones if they hold a quote), spaced inline tables."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string_text(value)
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key_text(k)} = {value_text(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return "[" + ", ".join(value_text(v) for v in value) + "]"


def _string_text(value: str) -> str:
    plain = all(c == "\t" or (ord(c) >= 0x20 and ord(c) != 0x7F) for c in value)
    if plain and ('"' in value or "\\" in value) and "'" not in value:
        return f"'{value}'"
    out = []
    for c in value:
        if c in '"\\':
            out.append("\\" + c)
        elif c in "\b\t\n\f\r":
            out.append({"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}[c])
        elif ord(c) < 0x20 or ord(c) == 0x7F:
            out.append(f"\\u{ord(c):04X}")
        else:
            out.append(c)
    return '"' + "".join(out) + '"'
