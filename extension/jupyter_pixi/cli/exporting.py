"""Turns `workspace export …` into files or text."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from ..operations.context import Context
from .output import Output
from .running import operation

if TYPE_CHECKING:
    from ..operations.workspace import OpenWorkspace


def conda_environment(arguments: Namespace) -> int:
    """`workspace export conda-environment [PATH]`."""
    from ..operations.looking.look import locked_workspace, platform_to_show
    from ..operations.sharing.export import conda_environment as work
    from ..operations.workspace import open_workspace

    _refuse_environment(arguments)

    async def run(context: Context) -> str:
        opened = await locked_workspace(context) if arguments.from_lock_file else open_workspace(context)
        environment = opened.environment(arguments.environment or opened.default_name(context))
        platform = platform_to_show(opened, environment, arguments.platform, context)
        return work(
            opened,
            environment,
            platform,
            name=arguments.name,
            lock=opened.lock if arguments.from_lock_file else None,
            pypi=not arguments.no_pypi,
        )

    text = operation(arguments, run, record=False)
    output: Output = arguments.output
    if arguments.path:
        Path(arguments.path).write_text(text)
    else:
        output.data(text)
    return 0


def explicit_spec(arguments: Namespace) -> int:
    """`workspace export conda-explicit-spec DIR`."""
    from ..operations.looking.look import locked_workspace
    from ..operations.sharing.export import explicit_specs, write_all

    _refuse_environment(arguments)

    async def run(context: Context) -> tuple[OpenWorkspace, dict[str, str]]:
        opened = await locked_workspace(context)
        files: dict[str, str] = {}
        assert opened.lock is not None
        for name in arguments.environment or list(opened.environments):
            environment = opened.environment(name)
            wanted = [p for p in environment.platforms if not arguments.platform or p.name in arguments.platform]
            files |= explicit_specs(opened.lock, environment, wanted, ignore_pypi=arguments.ignore_pypi_errors)
        return opened, files

    _, files = operation(arguments, run, record=False)
    write_all(Path(arguments.directory), files)
    return 0


def _refuse_environment(arguments: Namespace) -> None:
    if getattr(arguments, "script", None):
        from ..operations.scripts import refuse_options

        refuse_options("workspace export", {"--environment": arguments.environment})
