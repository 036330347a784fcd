"""A string -> the YAML scalar that serde_yaml 0.9 writes for it: plain where possible, else quoted.

serde_yaml quotes what a YAML 1.2 reader would take for something else than this string (null, booleans, numbers),
and what libyaml's emitter does not allow as a plain scalar in block context.
"""

from __future__ import annotations

import re

_NULL_OR_BOOL = frozenset({"", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?(?:0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+|[0-9]+)")
_FLOAT = re.compile(
    r"[-+]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)"
)
_BAD_FIRST = frozenset(",[]{}#&*!|>'\"%@`")
_NUMBERISH = frozenset("+-.0123456789")
_ESCAPES = {"\0": "0", "\x07": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e"}
_ESCAPES |= {'"': '"', "\\": "\\", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P", "\ufeff": "uFEFF"}
_PRINTABLE = "[ -~\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"  # compiled where it is needed


def needs_quotes(text: str) -> bool:
    """Whether a plain scalar of this text would be read as null, a boolean or a number."""
    if text in _NULL_OR_BOOL:
        return True
    return text[0] in _NUMBERISH and (_INTEGER.fullmatch(text) or _FLOAT.fullmatch(text)) is not None


def quote(text: str) -> str:
    """The scalar as it is written behind `key: ` or `- `."""
    if not _is_printable(text):
        return _double(text)
    if needs_quotes(text) or not _may_be_plain(text):
        return "'" + text.replace("'", "''") + "'"
    return text


def _is_printable(text: str) -> bool:
    return (text.isascii() and text.isprintable()) or re.fullmatch(_PRINTABLE, text) is not None


def _may_be_plain(text: str) -> bool:
    first = text[0]
    if first in _BAD_FIRST or first == " " or text[-1] in " :":
        return False
    if first in "-?:" and text[1:2] in ("", " "):
        return False
    return not (": " in text or " #" in text or text.startswith(("---", "...")))


def _double(text: str) -> str:
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return "\\" + _ESCAPES[char]
    if _is_printable(char) and char not in "\xa0":
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
