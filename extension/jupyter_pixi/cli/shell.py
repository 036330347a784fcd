"""Turns `shell-hook` into a shell's activation on stdout, and `shell` into a shell in an environment."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass

from ..errors import PixiError
from ..operations.context import Context
from ..operations.running import task_prefix
from ..operations.running.task_prefix import Session
from ..operations.running.task_run import as_is
from .output import Output, context_of


@dataclass(frozen=True)
class _Ready:
    session: Session
    environment: str
    change_prompt: bool


def shell_hook(arguments: Namespace) -> int:
    """`shell-hook [-s SHELL] [--json]`."""
    from ..prefix import activation, hook

    ready = _ready(arguments)
    context = ready.session.context
    found = task_prefix.static(ready.session, ready.environment)
    environ = task_prefix.outside(context)
    output: Output = arguments.output
    if arguments.json:
        output.data(hook.hook_json(activation.evaluate(found, environ, cwd=context.cwd)))
        return 0
    dialect = hook.dialect_name(arguments.shell, context.environ)
    config = ready.session.opened.config
    text = hook.hook_text(
        found, environ, dialect, change_prompt=ready.change_prompt, completions=config.source_completions
    )
    output.data(text.rstrip("\n"))
    return 0


def shell(arguments: Namespace) -> int:
    """`shell`: becomes the user's shell, in a terminal."""
    from ..operations.running.shell import become_shell

    context = context_of(arguments)
    if context.caller is not None or arguments.output.has_pipe:
        raise PixiError(
            "A shell needs a terminal, which a cell is not.",
            help="Open a terminal and run `jupyter pixi shell`, or run a command here with `%pixi run`.",
            code="no-terminal",
        )
    ready = _ready(arguments)
    arguments.output.close()
    found = task_prefix.static(ready.session, ready.environment)
    return become_shell(
        found,
        ready.session.context,
        change_prompt=ready.change_prompt,
        completions=ready.session.opened.config.source_completions,
    )


def _ready(arguments: Namespace) -> _Ready:
    """The environment that is asked for, installed if need be."""
    context = context_of(arguments)
    if arguments.as_is:
        context = as_is(context)
    session = task_prefix.begin(context)
    opened = session.opened
    name = arguments.environment or opened.default_name(context)
    opened.environment(name)
    session = _current(arguments, session, name)
    said = arguments.change_ps1
    return _Ready(session, name, said == "true" if said is not None else opened.config.change_ps1)


def _current(arguments: Namespace, session: Session, name: str) -> Session:
    context = session.context
    if context.frozen and context.no_install:
        return session
    quick = context.frozen or task_prefix.is_satisfied(session)
    if quick and (context.no_install or task_prefix.is_current(session, name)):
        return session
    from .running import operation

    async def work(context: Context) -> Session:
        locked = await task_prefix.lock(session)
        if not context.no_install:
            await task_prefix.install(locked, name, as_run=False)
        return locked

    locked = operation(arguments, work, context=context)
    arguments.output.result({"kind": "install", "changes": [], "message": ""})
    return locked
