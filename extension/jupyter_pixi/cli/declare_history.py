"""Declares `history`, `diff`, `undo`, `redo` and `restore`."""

from __future__ import annotations

from .parser import Commands, Parser, json_option, later, loaded_options, lock_options, workspace_options


def declare(commands: Commands) -> None:
    """The sub-commands that look at changes and take them back."""
    listing = commands.add("history", later("history", "history"), "list the changes that were made here")
    listing.add_argument("--limit", "-n", type=int, metavar="N", help="only the last N")
    diff = commands.add("diff", later("history", "diff"), "show what changed between two states of the workspace")
    diff.add_argument(
        "first",
        nargs="?",
        metavar="A",
        help="N (after change N), N^ (before it), a date or time, now, git, or a commit, branch or tag of git",
    )
    diff.add_argument("second", nargs="?", metavar="B", help="the other state (default: now)")
    diff.add_argument("--git", action="store_true", help="compare with git's HEAD")
    diff.add_argument("--environment", "-e", metavar="ENVIRONMENT", action="append", default=[], help="only this one")
    undo = commands.add("undo", later("history", "undo"), "take the last change back: manifest, lock and prefix")
    redo = commands.add("redo", later("history", "redo"), "make the change again that was taken back last")
    restore = commands.add("restore", later("history", "restore"), "go back to what git's HEAD has, and install it")
    for parser in (undo, redo, restore):
        _change_options(parser)
        lock_options(parser)
    for parser in (listing, diff, undo, redo, restore):
        workspace_options(parser)
        json_option(parser)


def _change_options(parser: Parser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    loaded_options(parser)
