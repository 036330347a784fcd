"""Turns `init` into a new workspace, and tells what was made."""

from __future__ import annotations

import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..operations.context import Context
from .output import Output, context_of

if TYPE_CHECKING:
    from ..operations.editing.init import InitOptions


def init(arguments: Namespace) -> int:
    """`init [PATH]`."""
    from ..operations.editing.init import InitOptions
    from ..operations.editing.init import init as work
    from ..operations.trusting import remember
    from ..operations.workspace import open_workspace

    context = context_of(arguments)
    if context.script is not None:
        return _script(arguments, context)
    options = InitOptions(
        path=Path(arguments.path) if arguments.path else None,
        format=arguments.format,
        source=context.cwd / arguments.source if arguments.source else None,
        template=arguments.template,
        channels=tuple(arguments.channel),
        platforms=tuple(arguments.platform),
        scm=arguments.scm,
        mapping=tuple(arguments.conda_pypi_map),
    )
    if options.format is None and options.source is None and options.template is None:
        options = replace(options, format=_asked_format(context, options))
    made = work(context, options)
    remember(open_workspace(replace(context, manifest_path=made.manifest)), context)
    output: Output = arguments.output
    for line in made.lines:
        output.success(line)
    output.result({"kind": "init", "manifest": str(made.manifest), "message": "\n".join(made.lines)})
    return 0


def _script(arguments: Namespace, context: Context) -> int:
    """`init --script FILE`: an inline block and nothing else."""
    from ..errors import UsageError
    from ..operations.scripts import init_script

    for flag in ("path", "format", "source", "template", "scm"):
        if getattr(arguments, flag):
            raise UsageError(f"the argument '--script' cannot be used with '{_SHOWN.get(flag, f'--{flag}')}'")
    assert context.script is not None
    path = context.cwd / context.script
    init_script(path, tuple(arguments.channel), tuple(arguments.platform))
    output: Output = arguments.output
    output.success(f"Initialized script at {path}")
    output.result({"kind": "init", "manifest": str(path), "message": f"Initialized script at {path}"})
    return 0


_SHOWN = {"path": "[PATH]", "source": "--import"}


def _asked_format(context: Context, options: InitOptions) -> str | None:
    """Whether a pyproject.toml that is there shall be extended: asked, as Pixi does, since both are possible."""
    from ..errors import PixiError

    folder = context.cwd / options.path if options.path else context.cwd
    if (folder / "pixi.toml").exists() or not (folder / "pyproject.toml").exists():
        return None
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise PixiError(
            "IO error: not a terminal",
            help="There is a pyproject.toml: extend it with --format pyproject, or start anew with --format pixi.",
        )
    sys.stderr.write("A 'pyproject.toml' file already exists. Do you want to extend it with [tool.pixi]? [Y/n] ")
    sys.stderr.flush()
    return "pixi" if sys.stdin.readline().strip().lower() in ("n", "no") else "pyproject"
