"""Turns `run` into running tasks: what is told on the way, and what is asked on a terminal."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..operations.context import Context
from ..operations.running import task_prefix
from ..operations.running.task_graph import Candidate, Step
from ..operations.running.task_run import Hooks, Runner, RunOptions, as_is
from ..operations.running.task_shell import NOT_FOUND
from ..operations.scripts import is_transient, refuse_options
from .output import Output, context_of


def run(arguments: Namespace) -> int:
    """`run [TASK|COMMAND …]`: the exit status is the child's, 127 for an unknown command."""
    script = getattr(arguments, "script", None)
    if script is not None:
        refuse_options(
            "run",
            {"--environment": arguments.environment, "--skip-deps": arguments.skip_deps},
            " and no Pixi task graph.",
        )
        if is_transient(script):
            return _run_transient(arguments, script)
    context = _context(arguments)
    words = _words(arguments)
    if context.script is not None:
        words = ("python", str((context.cwd / context.script).absolute()), *words)
    telling = Telling(arguments, context)
    return _run(arguments, telling, Runner(context, _options(arguments, words), telling.hooks()))


def _run_transient(arguments: Namespace, source: str) -> int:
    """`run --script URL`, `run --script -`: the script is read, and nothing of it stays."""
    from ..operations.transient import read

    arguments.script = None
    context = _context(arguments)
    script = read(source, context)
    context = replace(context, script=Path(script.name))
    telling = Telling(arguments, context)
    session = task_prefix.of_script(context, script.data)
    if arguments.dry_run:
        telling.line(" ".join((script.shown, *_words(arguments))))
    with script.words() as command:
        options = _options(arguments, (*command, *_words(arguments)), executable=True)
        hooks = telling.hooks() if script.is_stdin else replace(telling.hooks(), last=None)
        return _run(arguments, telling, Runner(context, options, hooks, session))


def _context(arguments: Namespace) -> Context:
    context = context_of(arguments)
    return as_is(context) if arguments.as_is else context


def _words(arguments: Namespace) -> tuple[str, ...]:
    words = tuple(arguments.words)
    return words[1:] if words[:1] == ("--",) else words


def _options(arguments: Namespace, words: tuple[str, ...], *, executable: bool = False) -> RunOptions:
    return RunOptions(
        words=words,
        environment=arguments.environment,
        executable=executable or arguments.executable or getattr(arguments, "script", None) is not None,
        clean_env=arguments.clean_env,
        skip_deps=arguments.skip_deps,
        dry_run=arguments.dry_run,
        templated=arguments.templated,
        revalidate=arguments.revalidate,
        force_activate=arguments.force_activate,
    )


def _run(arguments: Namespace, telling: Telling, runner: Runner) -> int:
    telling.several = len(runner.session.opened.environments) > 1
    if not runner.options.words:
        telling.list_tasks(runner)
        return 0
    if arguments.dry_run:
        telling.line("🌵 Dry-run mode enabled - no tasks will be executed.\n\n")
    status = runner.run()
    if status == NOT_FOUND:
        telling.list_tasks(runner)
    return status


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
        from ..operations.installing.install import Installed

        document: dict[str, Any] = {"kind": "run", "changes": [], "message": ""}
        if isinstance(found, Installed):  # which a kernel that runs in it has to learn of
            document = {**found.data(), "activation": found.activation, **document}
        self.output.result(document)
        return found

    def last(self) -> None:
        """The end of what this process says itself: it may become the command."""
        self.output.close()

    def _paint(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.output.color else text
