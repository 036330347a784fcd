"""Turns `clean` into removed environments, and tells their size."""

from __future__ import annotations

import sys
from argparse import Namespace

from ..errors import PixiError
from .output import Output, context_of


def clean(arguments: Namespace) -> int:
    """`clean`, `clean -e ENV`, `clean cache`."""
    from ..operations import clean as work
    from ..operations.running.task_prefix import begin
    from .tables import size_text

    context = context_of(arguments)
    if arguments.what == "cache":
        parts = [part for part in work.CACHES if getattr(arguments, part)] or list(work.CACHES)
        if len(parts) == len(work.CACHES) and not arguments.yes:
            _confirm()
        done = work.clean_cache(context, parts)
    elif arguments.activation_cache:
        done = work.clean_activations(begin(context).opened)
    else:
        done = work.clean(begin(context).opened, context, arguments.environment)
    text = f"Removed {size_text(done.size)}" if done.removed else "Nothing to remove"
    output: Output = arguments.output
    output.say(text)
    output.result({"kind": "clean", "message": text})
    return 0


def _confirm() -> None:
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise PixiError("IO error: not a terminal", help="Say `--yes` to remove the caches of all workspaces.")
    sys.stderr.write("No cache is named: remove them all? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise PixiError("Nothing was removed.")
