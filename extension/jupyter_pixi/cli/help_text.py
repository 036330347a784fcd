"""Turns a parser into its help, long with examples or short, and a message into one for a terminal or a notebook."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .parser import Parser

GLOBAL = "global options"
TERMINAL = "jupyter pixi"
NOTEBOOK = "%pixi"
_NAMED = re.compile(r"(?<=[`'])(?:jupyter )?pixi (?!auth\b)(?=[a-z])")


def called(text: str, program: str) -> str:
    """A text whose commands are called as its reader calls them, `TERMINAL` or `NOTEBOOK`. Pixi's own `auth` stays."""
    if program == NOTEBOOK and "terminal" in text:  # it speaks of what is to be done there
        return text
    return _NAMED.sub(f"{program} ", text)


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help whose usage line begins as Pixi's does."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        """The usage line."""
        super().add_usage(usage, actions, groups, "Usage: " if prefix is None else prefix)


def usage(parser: Parser) -> str:
    """The command line in one line. Pixi's name stands for how it is called: `jupyter pixi`, `%pixi` …"""
    words = ["pixi" if parser.prog.startswith(TERMINAL) else "", *parser.prog.removeprefix(TERMINAL).split()]
    shown = (a for a in parser._get_positional_actions() if a.help is not argparse.SUPPRESS)
    words += ["[OPTIONS]", *map(_positional, shown)]
    return " ".join(word for word in words if word).replace("%", "%%")


def short(parser: Parser) -> str:
    """The help without examples and without what every command understands."""
    formatter = parser._get_formatter()
    formatter.add_usage(usage(parser), parser._actions, ())
    formatter.add_text(parser.description)
    for group in parser._action_groups:
        if group.title != GLOBAL:
            formatter.start_section(group.title)
            formatter.add_arguments(group._group_actions)
            formatter.end_section()
    return formatter.format_help() + f"\nMore, and examples: `{parser.prog} --help`.\n"


def _positional(action: argparse.Action) -> str:
    """A positional argument in a usage line."""
    name = action.metavar if isinstance(action.metavar, str) else "/".join(map(str, action.choices or (action.dest,)))
    if action.nargs in ("?", "*", argparse.REMAINDER):
        return f"[{name}]" + ("" if action.nargs == "?" else "...")
    return f"<{name}>" + ("..." if action.nargs == "+" else "")
