"""Turns the words of `run` and the tasks of a workspace into the steps to run, in order, each with its environment.

(Pixi's docs, workspace/advanced_tasks.md.) A task that depends on itself is an error, where Pixi would go round.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...errors import PixiError
from ...manifest.model import DEFAULT, Task, TaskArg, TaskDependency
from .task_text import NO_ARGUMENTS, Arguments, Scope, is_template, render

DEEPEST = 200
"""How many tasks may wait for each other: dependencies that pass ever new arguments on have no end."""

Passed = str | tuple[str, str]
"""An argument given to a task: a text, or a name and its text."""


@dataclass(frozen=True)
class Place:
    """An environment as tasks see it: its tasks on the platform it has here, and whether it runs here at all."""

    name: str
    tasks: Mapping[str, Task]
    runs: bool = True


@dataclass(frozen=True)
class Step:
    """A task to run in an environment; without a name it is a command of the command line.

    `literal` are its words, run as they are; `text` is shell text that the user wrote. One of the three is set.
    """

    environment: str
    name: str | None = None
    task: Task | None = None
    arguments: Arguments = NO_ARGUMENTS
    literal: tuple[str, ...] = ()
    text: str | None = None


@dataclass(frozen=True)
class Candidate:
    """A task found in an environment."""

    environment: str
    task: Task


Chooser = Callable[[str, Sequence[Candidate]], Candidate | None]
"""Asks the user which of several environments is meant; None if nobody can be asked."""


@dataclass(frozen=True)
class Tasks:
    """The tasks of a workspace by environment, in the order of the environments.

    `explicit` is the environment that was named (or that is active), `scope` gives an environment's template names.
    """

    places: Mapping[str, Place]
    explicit: str | None
    scope: Callable[[str], Scope]
    choose: Chooser = lambda name, candidates: None

    def find(self, name: str, environment: str | None = None) -> Candidate | None:
        """The task of that name and where it runs; None if there is none. Raises PixiError if it is ambiguous."""
        if self.explicit is None and environment is None:
            found = self._in_default(name)
            if found is not None:
                return found
        wanted = environment or self.explicit
        places = [self.places[wanted]] if wanted is not None else list(self.places.values())
        candidates = [Candidate(p.name, p.tasks[name]) for p in places if name in p.tasks]
        if len(candidates) < 2:
            return candidates[0] if candidates else None
        preferred = [c for c in candidates if c.task.default_environment == c.environment]
        chosen = preferred[0] if preferred else self.choose(name, candidates)
        if chosen is None:
            raise _ambiguous(name, candidates)
        return chosen

    def _in_default(self, name: str) -> Candidate | None:
        """The default environment's task, where no other environment that runs here means another one by the name."""
        task = self.places[DEFAULT].tasks.get(name) if DEFAULT in self.places else None
        if task is None:
            return None
        preferred = self.places.get(task.default_environment or "")
        if preferred is not None and preferred.runs and name in preferred.tasks:
            return Candidate(preferred.name, preferred.tasks[name])
        others = (p.tasks.get(name, task) for p in self.places.values() if p.name != DEFAULT and p.runs)
        return Candidate(DEFAULT, task) if all(other is task for other in others) else None


def steps(tasks: Tasks, words: Sequence[str], *, executable: bool = False, skip_deps: bool = False) -> tuple[Step, ...]:
    """What to run, dependencies first. One lone word is shell text, unless it begins with a task's name.

    Raises PixiError: an ambiguous task, wrong arguments, a dependency that does not exist, a cycle.
    """
    split = list(words)
    if len(words) == 1:
        try:
            split = shlex.split(words[0])
        except ValueError:
            raise PixiError("could not split task, assuming non valid task", code="task") from None
    if split and not executable:
        found = tasks.find(split[0])
        if found is not None:
            return _of_task(tasks, split[0], found, split[1:], skip_deps)
    environment = tasks.explicit or DEFAULT
    if len(words) == 1 and not _is_plain(words[0]):
        return (Step(environment, text=words[0]),)
    return (Step(environment, literal=tuple(split)),)


def _is_plain(text: str) -> bool:
    """Whether a text has nothing in it but words that mean themselves."""
    return not any(c in "'\"\\$`;&|<>()*?[]{}~#!\n=" for c in text)


def _of_task(tasks: Tasks, name: str, found: Candidate, words: list[str], skip_deps: bool) -> tuple[Step, ...]:
    environment = found.environment
    if tasks.explicit is not None and environment == DEFAULT:
        environment = tasks.explicit
    if found.task.args is not None:
        extra: list[str] = []
        if "--" in words:
            at = words.index("--")
            words, extra = words[:at], words[at + 1 :]
        passed = [_named(_unquoted(word), found.task.args) for word in words]
        values = values_of(name, found.task.args, passed)
        arguments = Arguments(values, tuple(extra), frozenset(p if isinstance(p, str) else p[1] for p in passed))
    else:
        arguments = Arguments(None, tuple(words[1:] if words[:1] == ["--"] else words))
    root = Step(environment, name, found.task, arguments)
    return (root,) if skip_deps else tuple(_ordered(tasks, root))


def _unquoted(word: str) -> str:
    """The word without quotes around all of it, which a shell would take away from the text that it is put into."""
    inner = word[1:-1]
    quoted = len(word) > 1 and word[0] == word[-1] in "'\""
    return inner if quoted and not any(c in inner for c in "'\"\\") else word


def _named(word: str, declared: Sequence[TaskArg]) -> Passed:
    """`--name=value` of a declared argument as a pair; any other word as it is."""
    name, equals, value = word.partition("=")
    if equals and name.startswith("--") and any(a.name == name[2:] for a in declared):
        return name[2:], value
    return word


def values_of(task: str, declared: Sequence[TaskArg], passed: Sequence[Passed]) -> tuple[tuple[str, str], ...]:
    """The value of every declared argument. Raises PixiError: too many, unknown, missing, or not among the choices."""
    named = {p[0]: p[1] for p in passed if not isinstance(p, str)}
    positional: list[str] = []
    for at, item in enumerate(passed):
        if isinstance(item, str):
            if any(not isinstance(before, str) for before in passed[:at]):
                raise _wrong(f"Positional argument '{item}' found after named argument for task {task}")
            positional.append(item)
        elif item[0] not in {a.name for a in declared}:
            raise _wrong(f"named argument '{item[0]}' does not exist for task {task}")
    if len(positional) + len(named) > len(declared):
        raise _wrong(
            f"task '{task}' received more arguments than expected",
            "use `--` to separate task arguments from extra passthrough arguments",
        )
    found = []
    for at, argument in enumerate(declared):
        value = named.get(argument.name, positional[at] if at < len(positional) else argument.default)
        choices = ", ".join(argument.choices)
        if value is None:
            text = f"no value provided for argument '{argument.name}' of task '{task}'"
            raise _wrong(text + (f", choose from: {choices}" if choices else ""))
        if argument.choices and value not in argument.choices:
            raise _wrong(f"got '{value}' for argument '{argument.name}' of task '{task}', choose from: {choices}")
        found.append((argument.name, value))
    return tuple(found)


def _wrong(text: str, help: str | None = None) -> PixiError:
    return PixiError(text, help=help, code="task-arguments")


Key = tuple[str, str | None, tuple[tuple[str, str], ...] | None, tuple[str, ...]]


def _key(step: Step) -> Key:
    """What makes two steps the same: environment, task and arguments."""
    return step.environment, step.name, step.arguments.values, step.arguments.extra


def _ordered(tasks: Tasks, root: Step) -> list[Step]:
    """The steps, each after those it depends on, and each once. Raises PixiError for a cycle."""
    done: dict[Key, Step] = {}
    path: list[Key] = []

    def visit(step: Step) -> None:
        key = _key(step)
        if key in done:
            return
        if key in path:
            raise _cycle([*path[path.index(key) :], key])
        if len(path) >= DEEPEST:
            raise PixiError(f"the task '{root.name}' depends on more than {DEEPEST} tasks in a row", code="task-cycle")
        path.append(key)
        for dependency in step.task.depends_on if step.task is not None else ():
            passed, typed = _passed(tasks, step, dependency.args)
            visit(_dependency(tasks, dependency, passed, typed))
        path.pop()
        done[key] = step

    visit(root)
    return list(done.values())


def _cycle(round_: Sequence[Key]) -> PixiError:
    several = len({environment for environment, *_ in round_}) > 1
    names = [f"{name} in {environment}" if several else str(name) for environment, name, *_ in round_]
    return PixiError(
        f"the task '{round_[0][1]}' depends on itself: {' -> '.join(names)}",
        help="Take one of these out of `depends-on`.",
        code="task-cycle",
    )


def _passed(tasks: Tasks, step: Step, args: Sequence[Passed]) -> tuple[tuple[Passed, ...], frozenset[str]]:
    """The arguments that a task passes on, and those of them that hold what a user typed."""
    scope = tasks.scope(step.environment)
    found: list[Passed] = []
    typed: set[str] = set()
    for item in args:
        text = item if isinstance(item, str) else item[1]
        value = render(text, scope, step.arguments)
        if is_template(text) and step.arguments.typed:
            typed.add(value)
        found.append(value if isinstance(item, str) else (render(item[0], scope, step.arguments), value))
    return tuple(found), frozenset(typed)


def _dependency(tasks: Tasks, dependency: TaskDependency, passed: tuple[Passed, ...], typed: frozenset[str]) -> Step:
    name, environment = dependency.task, dependency.environment
    if environment is not None and environment not in tasks.places:
        raise PixiError(f"unknown environment '{environment}'", code="unknown-environment")
    found = tasks.find(name, environment)
    if found is None:
        where = f" in environment '{environment}'" if environment else ""
        raise PixiError(f"could not find the task '{name}'{where}", code="unknown-task")
    if found.task.args:
        arguments = Arguments(values_of(name, found.task.args, passed), (), typed)
    else:
        arguments = Arguments(None, tuple(p if isinstance(p, str) else f"{p[0]}={p[1]}" for p in passed))
    return Step(found.environment, name, found.task, arguments)


def _ambiguous(name: str, candidates: Sequence[Candidate]) -> PixiError:
    environments = [c.environment for c in candidates]
    return PixiError(
        f"the task '{name}' is ambiguous",
        help=f"These environments provide the task '{name}': {', '.join(environments)}\n\n"
        "Specify the '--environment' flag to run the task in a specific environment, e.g:.\n\n"
        f"\tpixi run --environment {environments[0]} {name}",
        code="ambiguous-task",
    )
