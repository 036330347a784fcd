"""Turns `exec` into a command that runs in a throw-away environment."""

from __future__ import annotations

from argparse import Namespace

from ..errors import PixiError, UsageError
from ..operations.running.exec import ExecOptions, make, packages, variables, wanted
from ..operations.running.task_shell import NOT_FOUND, run_words
from .output import Output, context_of


def exec_(arguments: Namespace) -> int:
    """`exec [-s SPEC …] COMMAND …`: the exit status is the child's."""
    output: Output = arguments.output
    words, pattern = tuple(arguments.words), arguments.list
    words = words[1:] if words[:1] == ("--",) else words
    if arguments.specs and arguments.with_:
        raise UsageError("the argument '--spec <SPEC>' cannot be used with '--with <WITH>'")
    if not words and not arguments.specs and not arguments.pypi:
        raise UsageError("the following required arguments were not provided: COMMAND", help="See `exec --help`.")
    options = ExecOptions(
        words=words,
        specs=tuple(arguments.specs),
        with_=tuple(arguments.with_),
        pypi=tuple(arguments.pypi),
        channels=tuple(arguments.channels),
        platform=arguments.platform,
        force_reinstall=arguments.force_reinstall,
    )
    context = context_of(arguments)
    want = wanted(options, context)
    if options.force_reinstall or not want.is_ready:
        import asyncio

        asyncio.run(make(want, options, context))
    if pattern is not None:
        _list(output, packages(want, pattern), pattern, options)
    environ = variables(want, options, context.environ, prompt=not arguments.no_modify_ps1)
    output.close()
    status = run_words(words, context.cwd, environ, context.environ, last=True)
    if status == NOT_FOUND:
        raise PixiError(
            f"failed to execute '{words[0]}'",
            help="Name the package that has it: `pixi exec -s PACKAGE " + words[0] + "`.",
            code="unknown-command",
        )
    return status


def _list(output: Output, rows: tuple[tuple[str, str, str, str], ...], pattern: str, options: ExecOptions) -> None:
    import sys

    from .tables import table

    filtered = f" filtered by regex `{pattern}`" if pattern else ""
    output.data(f"The environment has {len(rows)} packages{filtered}:")
    asked = {*options.named, options.guess} if options.guesses else {*options.named}
    shown = [(name + (" *" if name in asked else ""), version, build, kind) for name, version, build, kind in rows]
    output.data(table(("Package", "Version", "Build", "Kind"), shown))
    sys.stdout.flush()
