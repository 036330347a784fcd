"""An array of channels -> ChannelSpec: names, URLs or paths, with a priority and a cut-off of their own."""

from __future__ import annotations

from .grammar import parse_cutoff, url_problem
from .model import ChannelSpec
from .toml import Value


def read_channels(value: Value) -> tuple[ChannelSpec, ...]:
    """The channels of a workspace in order. Raises ManifestError for a wrong entry or one that is there twice."""
    found: dict[ChannelSpec, None] = {}
    for item in value.items():
        channel = read_channel(item)
        if channel in found:
            raise item.error(f"duplicate key: `{channel.channel}`")
        found[channel] = None
    return tuple(found)


def read_feature_channels(value: Value) -> tuple[ChannelSpec, ...]:
    """The channels of a feature in order, where a repetition does no harm."""
    return tuple(dict.fromkeys(read_channel(item) for item in value.items()))


def read_channel(value: Value) -> ChannelSpec:
    """One channel: a text, or a table with `channel`, `priority` and `exclude-newer`."""
    if isinstance(value.raw, str):
        return ChannelSpec(_name(value))
    if not isinstance(value.raw, dict):
        raise value.wanted("a string or a table")
    table = value.table()
    name = _name(table.need("channel"))
    priority = table.get("priority", _priority)
    cutoff = table.get("exclude-newer", read_cutoff)
    table.close()
    return ChannelSpec(name, priority, cutoff)


def read_cutoff(value: Value) -> str:
    """An `exclude-newer` value, checked and kept as text."""
    try:
        parse_cutoff(value.string())
    except ValueError as error:
        raise value.error(str(error)) from None
    return value.string()


def _priority(value: Value) -> int:
    number = value.integer()
    if not -(2**31) <= number < 2**31:
        raise value.error(f"the priority {number} is out of range")
    return number


def _name(value: Value) -> str:
    text = value.string()
    if "://" in text:
        problem = url_problem(text)
        if problem:
            raise value.error(f"'{text}' is not a valid URL: {problem}")
    elif not text.strip():
        raise value.error("a channel can not be empty")
    return text
