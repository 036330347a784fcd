"""Turns the tasks of a manifest into the rows and documents of `task list`."""

from __future__ import annotations

from typing import Any

from ...environments.model import Environment
from ...manifest.model import DEFAULT, Feature, Platform, Task, TaskDependency
from ..workspace import OpenWorkspace


def is_hidden(name: str) -> bool:
    """Whether a task is left out of listings (its name begins with an underscore)."""
    return name.startswith("_")


def tasks_of(feature: Feature, platform: Platform | None) -> dict[str, Task]:
    """The tasks of one feature on a platform (None: those that hold everywhere); later targets override."""
    from ...environments.compose import matching_targets

    found: dict[str, Task] = {}
    for target in matching_targets(feature, platform):
        found.update(target.tasks)
    return found


def visible(environment: Environment, platform: Platform | None) -> dict[str, Task]:
    """The tasks of an environment that listings show, those of the default feature first; the earlier feature wins."""
    found: dict[str, Task] = {}
    for feature in reversed(environment.features):
        found |= {name: task for name, task in tasks_of(feature, platform).items() if not is_hidden(name)}
    return found


def document(opened: OpenWorkspace, environment: Environment, platform: Platform | None) -> dict[str, Any]:
    """One environment of `task list --json` (Pixi's shape)."""
    features = []
    for feature in environment.features:
        rows = [task_json(n, t) for n, t in tasks_of(feature, platform).items() if not is_hidden(n)]
        if rows or feature.name == DEFAULT:
            features.append({"name": feature.name, "tasks": rows})
    return {"environment": environment.name, "tasks": [], "features": [f for f in features if f["tasks"]]}


def task_json(name: str, task: Task) -> dict[str, Any]:
    """One task of `task list --json`."""
    args = None
    if task.args is not None:
        args = [
            {"name": a.name, "default": a.default, "choices": list(a.choices) if a.choices else None} for a in task.args
        ]
    return {
        "name": name,
        "cmd": task.cmd if task.cmd is None or isinstance(task.cmd, str) else " ".join(map(_word, task.cmd)),
        "description": task.description,
        "depends_on": [_dependency(d) for d in task.depends_on],
        "args": args,
        "cwd": task.cwd,
        "env": dict(task.env) if task.env else None,
        "default_environment": task.default_environment,
        "clean_env": task.clean_env,
        "inputs": list(task.inputs) if task.inputs is not None else None,
        "outputs": list(task.outputs) if task.outputs is not None else None,
    }


def _word(word: str) -> str:
    return f'"{word}"' if " " in word else word


def _dependency(dependency: TaskDependency) -> dict[str, Any]:
    args: list[Any] | None = [a if isinstance(a, str) else {a[0]: a[1]} for a in dependency.args] or None
    return {"task_name": dependency.task, "args": args, "environment": dependency.environment}
