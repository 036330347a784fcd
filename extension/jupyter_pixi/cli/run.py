"""Turns `run` into running tasks: what is told on the way, and what is asked on a terminal."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Coroutine, Sequence
from typing import Any

from ..errors import PixiError
from ..operations.context import Context
from ..operations.task_graph import Candidate, Step
from ..operations.task_run import Hooks, Runner, RunOptions, as_is
from ..operations.task_shell import NOT_FOUND
from .output import Output, context_of


def run(arguments: Namespace) -> int:
    """`run [TASK|COMMAND …]`: the exit status is the child's, 127 for an unknown command."""
    context = context_of(arguments)
    if arguments.as_is:
        context = as_is(context)
    words = tuple(arguments.words)
    words = words[1:] if words[:1] == ("--",) else words
    if context.script is not None:
        words = ("python", str((context.cwd / context.script).absolute()), *words)
        _refuse_with_script(arguments)
    options = RunOptions(
        words=words,
        environment=arguments.environment,
        executable=arguments.executable or context.script is not None,
        clean_env=arguments.clean_env,
        skip_deps=arguments.skip_deps,
        dry_run=arguments.dry_run,
        templated=arguments.templated,
        revalidate=arguments.revalidate,
        force_activate=arguments.force_activate,
    )
    telling = Telling(arguments, context)
    runner = Runner(context, options, telling.hooks())
    telling.several = len(runner.session.opened.environments) > 1
    for warning in runner.session.opened.manifest.warnings:
        arguments.output.warn(warning.text)
    if not options.words:
        telling.list_tasks(runner)
        return 0
    if options.dry_run:
        telling.line("🌵 Dry-run mode enabled - no tasks will be executed.\n\n")
    status = runner.run()
    if status == NOT_FOUND:
        telling.list_tasks(runner)
    return status


def _refuse_with_script(arguments: Namespace) -> None:
    flags = {"--environment": arguments.environment, "--skip-deps": arguments.skip_deps}
    given = [flag for flag, value in flags.items() if value]
    if given:
        raise PixiError(
            f"`pixi run --script` does not support {', '.join(given)}",
            help="A PEP 723 script has one implicit default run environment and no Pixi task graph.",
        )


class Telling:
    """What a run says: on stderr as the commands' own output does, also where somebody else draws the events."""

    def __init__(self, arguments: Namespace, context: Context) -> None:
        self.arguments = arguments
        self.context = context
        self.output: Output = arguments.output
        self.several = False
        self._steps = 0

    def hooks(self) -> Hooks:
        """The functions that a runner calls."""
        return Hooks(step=self.step, say=self.line, choose=self.choose, wait=self.wait, last=self.last)

    def line(self, text: str) -> None:
        """A line for people."""
        if not self.output.quiet:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()

    def step(self, step: Step, shown: str) -> None:
        """The banner of a task."""
        gap = "\n" if self._steps else ""
        self._steps += 1
        where = f" in {self._paint('35', step.environment)}" if self.several else ""
        description = step.task.description if step.task is not None else None
        more = self._paint("33", f": ({description})") if description else ""
        name = self._paint("1;32", str(step.name))
        begin, end = self._paint("1", "Pixi task ("), self._paint("1", "): ")
        self.line(f"{gap}✨ {begin}{name}{where}{end}{self._paint('1;34', shown)}{more}")

    def list_tasks(self, runner: Runner) -> None:
        """The tasks that there are."""
        names = runner.visible()
        if names:
            self.line("\nAvailable tasks:\n" + "\n".join(f"\t{self._paint('1', name)}" for name in names))

    def choose(self, name: str, candidates: Sequence[Candidate]) -> Candidate | None:
        """Asks on a terminal which environment is meant; elsewhere nobody can be asked."""
        if not sys.stdin.isatty() or not sys.stderr.isatty():
            return None
        sys.stderr.write(f"The task '{name}' can be run in multiple environments:\n")
        for number, candidate in enumerate(candidates, 1):
            sys.stderr.write(f"  {number}  {candidate.environment}\n")
        sys.stderr.write("Which one? [1] ")
        sys.stderr.flush()
        answer = sys.stdin.readline().strip() or "1"
        named = [c for n, c in enumerate(candidates, 1) if answer in (str(n), c.environment)]
        return named[0] if named else None

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Awaits slow work as an operation: in its file, cancellable."""
        from .running import operation

        async def awaited(context: Context) -> Any:
            return await work

        try:
            found = operation(self.arguments, awaited, context=self.context)
        finally:
            work.close()
        self.output.result({"kind": "run", "changes": [], "message": ""})
        return found

    def last(self) -> None:
        """The end of what this process says itself: it may become the command."""
        self.output.close()

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.output.color else text
