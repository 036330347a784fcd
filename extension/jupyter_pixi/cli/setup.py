"""Turns `init` into a new workspace, and tells what was made."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from .output import Output, context_of


def init(arguments: Namespace) -> int:
    """`init [PATH]`."""
    from ..operations.init import InitOptions
    from ..operations.init import init as work
    from ..operations.trusting import remember
    from ..operations.workspace import open_workspace

    context = context_of(arguments)
    options = InitOptions(
        path=Path(arguments.path) if arguments.path else None,
        format=arguments.format,
        source=context.cwd / arguments.source if arguments.source else None,
        channels=tuple(arguments.channel),
        platforms=tuple(arguments.platform),
    )
    made = work(context, options)
    remember(open_workspace(replace(context, manifest_path=made.manifest)), context)
    output: Output = arguments.output
    for line in made.lines:
        output.success(line)
    output.result({"kind": "init", "manifest": str(made.manifest), "message": "\n".join(made.lines)})
    return 0
