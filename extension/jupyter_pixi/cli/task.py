"""Turns `task add`, `alias`, `remove` and `list` into what they print."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from .output import Output, context_of

if TYPE_CHECKING:
    from ..manifest.edit import Where
    from ..operations.editing.task_edit import NewTask


def add(arguments: Namespace) -> int:
    """`task add NAME COMMAND…`."""
    from ..operations.editing.task_edit import NewTask

    task = NewTask(
        name=arguments.name,
        command=() if arguments.depends_on and not "".join(arguments.command).strip() else tuple(arguments.command),
        depends_on=tuple(arguments.depends_on),
        cwd=arguments.cwd,
        env=tuple(dict(arguments.env).items()),
        default_environment=arguments.default_environment,
        description=arguments.description,
        clean_env=arguments.clean_env,
        args=tuple(arguments.args),
    )
    return _added(arguments, task, "task")


def alias(arguments: Namespace) -> int:
    """`task alias NAME TASK…`."""
    from ..operations.editing.task_edit import NewTask

    task = NewTask(arguments.name, depends_on=tuple(arguments.depends_on), description=arguments.description)
    return _added(arguments, task, "alias")


def _added(arguments: Namespace, task: NewTask, kind: str) -> int:
    from ..operations.editing.task_edit import add as work

    work(context_of(arguments), task, _where(arguments))
    text = f"Added {kind} `{task.name}`: {task.shown()}"
    output: Output = arguments.output
    output.success(text)
    output.result({"kind": "task", "message": text})
    return 0


def remove(arguments: Namespace) -> int:
    """`task remove NAME…`: one that is not there is told, and is no error."""
    from ..operations.editing.task_edit import remove as work
    from ..operations.editing.task_edit import users_of

    opened, gone = work(context_of(arguments), arguments.names, _where(arguments))
    output: Output = arguments.output
    lines = []
    place = (
        f"environment '{arguments.environment}'"
        if arguments.environment
        else f"feature '{arguments.feature or 'default'}'"
    )
    for name in arguments.names:
        if name not in gone:
            output.say(f"❌ Task `{name}` does not exist for {place}")
            lines.append(f"Task `{name}` does not exist.")
            continue
        output.success(f"Removed task `{name}` ")
        lines.append(f"Removed task `{name}`.")
        users = users_of(opened, name)
        if users and not any(name in t.tasks for f in opened.manifest.features.values() for t in f.targets):
            output.warn(f"`{name}` is still named in `depends-on` of: {', '.join(users)}.")
    output.result({"kind": "task", "message": "\n".join(lines)})
    return 0


def _where(arguments: Namespace) -> Where:
    from ..manifest.edit import Where

    feature = arguments.feature if arguments.feature != "default" else None
    return Where(feature, arguments.environment, arguments.platform)


def list_tasks(arguments: Namespace) -> int:
    """`task list`."""
    from ..operations.running.task_prefix import begin
    from ..operations.running.tasks import document, visible

    session = begin(context_of(arguments))
    opened = session.opened
    output: Output = arguments.output
    names = [arguments.environment] if arguments.environment else list(opened.environments)
    chosen = [(e, session.platform(e)) for e in map(opened.environment, names)]
    if arguments.json:
        output.json([document(opened, e, p) for e, p in chosen])
        return 0
    found: dict[str, Any] = {}
    for environment, platform in chosen:
        for name, task in visible(environment, platform).items():
            found.setdefault(name, task)
    if arguments.summary:
        output.say("Tasks per environment:\n----------------------")
        for environment, platform in chosen:
            output.say(f"{environment.name}: {', '.join(sorted(visible(environment, platform)))}")
    elif arguments.machine_readable:
        output.data(" ".join(sorted(found)))
    else:
        from .tables import table

        rows = [(name, found[name].description or "") for name in sorted(found)]
        output.data(table(("Task", "Description"), rows))
    return 0
