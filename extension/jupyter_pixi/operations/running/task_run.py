"""Turns the words of `run` into finished processes: environments made current, tasks in order, one exit status."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ... import PIXI_VERSION
from ...errors import PixiError
from ...manifest.model import Platform
from ..context import Context
from ..scripts import require_lock
from . import task_cache, task_prefix, task_shell
from .task_graph import Chooser, Place, Step, Tasks, steps
from .task_text import Scope, Script, command, render
from .tasks import is_hidden


@dataclass(frozen=True)
class RunOptions:
    """What `run` was asked for; field names are its flags. `words` are the task or command and what follows it."""

    words: tuple[str, ...]
    environment: str | None = None
    executable: bool = False
    clean_env: bool = False
    skip_deps: bool = False
    dry_run: bool = False
    templated: bool = False
    revalidate: bool = False
    force_activate: bool = False


@dataclass(frozen=True)
class Hooks:
    """What the command line does for a run: tell a step, tell a line, ask for an environment, await slow work.

    `last` is called before this process becomes the last command, after which it cannot say anything.
    """

    step: Callable[[Step, str], None]
    say: Callable[[str], None]
    choose: Chooser
    wait: Callable[[Coroutine[Any, Any, Any]], Any]
    last: Callable[[], None] | None = None


class Runner:
    """One `run`: its session changes when the lock file had to be read."""

    def __init__(
        self, context: Context, options: RunOptions, hooks: Hooks, session: task_prefix.Session | None = None
    ) -> None:
        self.options = options
        self.hooks = hooks
        self.session = session or task_prefix.begin(context)
        self._environ: dict[tuple[str, bool], dict[str, str]] = {}
        self._ready: set[str] = set()

    @property
    def context(self) -> Context:
        """The surroundings."""
        return self.session.context

    def explicit(self) -> str | None:
        """The environment that was named, or that is active and not the default one. Raises PixiError."""
        opened = self.session.opened
        if self.session.is_script:
            return None
        name = self.options.environment or opened.default_name(self.context)
        opened.environment(name)
        return name if self.options.environment is not None or name != "default" else None

    def tasks(self) -> Tasks:
        """The tasks of the workspace on this machine."""
        session = self.session
        places = {}
        for name, environment in session.opened.environments.items():
            platform = session.platform(environment)
            tasks = environment.on[platform.name].tasks if platform is not None else _everywhere(environment.features)
            places[name] = Place(name, tasks, session.running(environment) is not None)
        return Tasks(places, self.explicit(), self.scope, self.hooks.choose)

    def visible(self) -> list[str]:
        """The names that `run` alone lists."""
        tasks = self.tasks()
        names = [tasks.explicit] if tasks.explicit is not None else list(tasks.places)
        return sorted({t for name in names for t in tasks.places[name].tasks if not is_hidden(t)})

    def scope(self, environment: str) -> Scope:
        """What templates see in an environment."""
        platform: Platform | None = self.session.platform(self.session.opened.environment(environment))
        return Scope(
            platform.subdir if platform is not None else self.session.machine.subdir,
            environment,
            str(self.session.opened.manifest.path),
            PIXI_VERSION,
            str(self.context.cwd),
        )

    def run(self) -> int:
        """Run everything; the exit status of the last command, or of the first that failed. Raises PixiError."""
        planned = steps(
            self.tasks(), self.options.words, executable=self.options.executable, skip_deps=self.options.skip_deps
        )
        self._lock()
        for step in planned if self.session.installs else ():
            task_prefix.refuse_unsupported(self.session, self.session.opened.environment(step.environment))
        runnable = [step for step in planned if step.task is None or step.task.cmd is not None]
        for step in runnable:
            status = self._step(step, step is runnable[-1])
            if status != 0:
                return status
        return 0

    def _lock(self) -> None:
        if self.context.frozen and self.context.no_install:
            return
        if self.options.dry_run and self.session.is_script:
            return  # there is no task graph to tell, and so no question that the lock answers
        if self.session.is_script and (self.context.frozen or self.context.locked):
            require_lock(self.session.opened, self.context)
        if not self.context.frozen and task_prefix.is_satisfied(self.session):
            return
        if self.context.frozen and self._all_current():
            return
        self.session = self.hooks.wait(task_prefix.lock(self.session))

    def _all_current(self) -> bool:
        return all(task_prefix.is_current(self.session, name) for name in self.session.opened.environments)

    def _step(self, step: Step, last: bool) -> int:
        scope = self.scope(step.environment)
        script = self._script(step, scope)
        if step.name is not None:
            assert script is not None
            self.hooks.step(step, script.shown)
        if self.options.dry_run:
            return 0
        self._make_ready(step.environment)
        cache = self._cache(step, script, scope)
        if cache is not None and task_cache.can_skip(cache):
            given = f" with args {step.arguments.shown()}" if not step.arguments.is_empty else ""
            self.hooks.say(f"Task '{step.name}'{given} can be skipped (cache hit) 🚀")
            return 0
        environ = self._variables(step)
        cwd = self._cwd(step, scope)
        final = last and cache is None
        if final and self.hooks.last is not None:
            self.hooks.last()
        replacing = final and self.hooks.last is not None
        if script is None:
            words = [render(w, scope, step.arguments) if self.options.templated else w for w in step.literal]
            return task_shell.run_words(words, cwd, environ, self.context.environ, last=replacing)
        status = task_shell.run_text(script, cwd, environ, self.context.environ, last=replacing)
        if status == 0 and cache is not None:
            for warning in task_cache.remember(cache):
                self.context.warn(warning)
        return status

    def _script(self, step: Step, scope: Scope) -> Script | None:
        if step.task is not None:
            return command(step.task, scope, step.arguments)
        if step.text is None:
            return None
        text = render(step.text, scope, step.arguments) if self.options.templated else step.text
        return Script(text, text)

    def _make_ready(self, name: str) -> None:
        """Install the environment if it is not current."""
        if name in self._ready:
            return
        self._ready.add(name)
        environment = self.session.opened.environment(name)
        if not self.session.installs or not task_prefix.needs_prefix(environment, self.session.platform(environment)):
            return
        if not self.options.revalidate and task_prefix.is_current(self.session, name):
            return
        if not self.session.locked:
            self.session = self.hooks.wait(task_prefix.lock(self.session))
        self.hooks.wait(task_prefix.install(self.session, name, quick=not self.options.revalidate))

    def _variables(self, step: Step) -> dict[str, str]:
        clean = self.options.clean_env or (step.task is not None and step.task.clean_env)
        key = (step.environment, clean)
        if key not in self._environ:
            anew = self.options.force_activate
            self._environ[key] = task_prefix.variables(self.session, step.environment, clean=clean, anew=anew)
        return self._environ[key]

    def _cwd(self, step: Step, scope: Scope) -> Path:
        """Where a step runs: a task in its `cwd` or the root, a command where the user is."""
        if step.task is None:
            return self.context.cwd
        if step.task.cwd is None:
            return self.session.root
        text = render(step.task.cwd, scope, step.arguments)
        path = self.session.root / text
        if not path.is_dir():
            raise PixiError(f"invalid working directory '{text}'", help=f"{path} is no folder.", code="task-cwd")
        return path

    def _cache(self, step: Step, script: Script | None, scope: Scope) -> task_cache.Cached | None:
        if step.task is None or script is None:
            return None
        return task_cache.cached(
            step.task, str(step.name), self.session.root, script.shown, scope, step.arguments, self._hash(step)
        )

    def _hash(self, step: Step) -> str:
        """What stands for an environment's packages: the lock's hash in the prefix's marker."""
        try:
            marker = json.loads((self.session.prefix(step.environment) / "conda-meta" / "pixi").read_bytes())
            return str(marker["environment_lock_file_hash"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""


def _everywhere(features: Sequence[Any]) -> dict[str, Any]:
    """The tasks that hold on every platform; the earlier feature wins."""
    found: dict[str, Any] = {}
    for feature in features:
        for name, task in feature.targets[0].tasks.items():
            found.setdefault(name, task)
    return found


def as_is(context: Context) -> Context:
    """The context of `--as-is`: the lock file and the prefix are taken as they are."""
    return replace(context, frozen=True, no_install=True)
