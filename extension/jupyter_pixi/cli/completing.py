"""Turns a command line that has been begun into its possible next words."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .output import Output, context_of
from .parser import Parser

if TYPE_CHECKING:
    from ..operations.looking.completion import Known


def completion(arguments: Namespace) -> int:
    """`completion --shell SHELL`: a script to source."""
    from .completion_scripts import SCRIPTS

    output: Output = arguments.output
    output.data(SCRIPTS[arguments.shell].rstrip("\n"))
    return 0


def complete(arguments: Namespace) -> int:
    """`complete -- WORDS…`: what the last word may become, one offer a line. Never fails."""
    words = _without_breaks(arguments.words[1:] if arguments.words[:1] == ["--"] else arguments.words)
    context = context_of(arguments)
    *before, begun = words or [""]
    named = _manifest(before)
    if named is not None:
        context = type(context)(**{**context.__dict__, "manifest_path": Path(named)})
    from ..operations.looking.completion import Known

    found = _offers(before, begun, Known.of(context))
    offers = list(dict.fromkeys(offer for offer in found if offer.startswith(begun)))
    if offers:
        output: Output = arguments.output
        output.data("\n".join(offers))
    return 0


def _without_breaks(words: Sequence[str]) -> list[str]:
    """The words without the `=` that bash takes for one between an option and its value: `-e`, `=`, `cuda`."""
    kept: list[str] = []
    for at, word in enumerate(words):
        if word == "=" and at and words[at - 1].startswith("--"):
            kept += [""] if at == len(words) - 1 else []
        else:
            kept.append(word)
    return kept


@dataclass
class _State:
    """Where in the command line the next word stands: its parser, the positionals before it, an option that waits."""

    parser: Parser
    positionals: int = 0
    waiting: argparse.Action | None = None


def _walk(words: Sequence[str]) -> _State:
    from .commands import build

    state = _State(build(words))
    for word in words:
        if state.waiting is not None:
            state.waiting = None
        elif word.startswith("-"):
            flag, equals, _ = word.partition("=")
            action = state.parser._option_string_actions.get(flag)
            if action is not None and not equals and action.nargs != 0:
                state.waiting = action
        else:
            commands = state.parser.subcommands()
            if word in commands:
                state = _State(commands[word])
            else:
                state.positionals += 1
    return state


def _offers(words: Sequence[str], begun: str, known: Known) -> Iterator[str]:
    state = _walk(words)
    if state.waiting is not None:
        yield from _values(state.waiting, begun, known, words)
        return
    if begun.startswith("-"):
        flag, equals, rest = begun.partition("=")
        if equals:
            action = state.parser._option_string_actions.get(flag)
            if action is not None:
                yield from (f"{flag}={v}" for v in _values(action, rest, known, words))
            return
        for action in state.parser._actions:
            if action.help is not argparse.SUPPRESS:
                yield from action.option_strings
        return
    if not state.positionals:
        yield from state.parser.listed()
    actions = (a for a in state.parser._actions if not isinstance(a, argparse._SubParsersAction))
    positionals = [a for a in actions if not a.option_strings]
    if positionals:
        yield from _values(positionals[min(state.positionals, len(positionals) - 1)], begun, known, words)


def _values(action: argparse.Action, begun: str, known: Known, words: Sequence[str]) -> Iterator[str]:
    from ..operations.looking.completion import KINDS, offered

    if action.choices is not None:
        yield from map(str, action.choices)
        return
    kind = action.metavar if isinstance(action.metavar, str) else ""
    if kind in ("SPEC", "PACKAGE") and "--pypi" not in words:
        yield from offered(known, begun)
    elif kind in KINDS:
        yield from KINDS[kind](known)


def _manifest(words: Sequence[str]) -> str | None:
    for index, word in enumerate(words[:-1]):
        if word in ("--manifest-path", "-m"):
            return words[index + 1]
    return None
