"""A `tasks` table -> tasks: plain commands, aliases, and tables with dependencies, arguments and caching."""

from __future__ import annotations

import re

from .model import Task, TaskArg, TaskDependency
from .toml import Table, Value

_ENVIRONMENT = re.compile(r"[a-z0-9-]+")


def read_tasks(table: Table) -> dict[str, Task]:
    """The tasks by name, in the order written. Raises ManifestError."""
    found: dict[str, Task] = {}
    for name, value in table.values():
        found[name] = read_task(value)
    return found


def read_task(value: Value) -> Task:
    """One task."""
    if isinstance(value.raw, str):
        return Task(cmd=value.raw)
    if isinstance(value.raw, list):
        return Task(depends_on=tuple(_alias_dependency(item) for item in value.items()))
    if not isinstance(value.raw, dict):
        raise value.wanted("string or table")
    table = value.table()
    cmd = table.get("cmd", _command)
    return _alias(table) if cmd is None else _command_task(table, cmd)


def environment_name(value: Value) -> str:
    """The name of an environment. Raises ManifestError for one that no environment can have."""
    text = value.string()
    if not _ENVIRONMENT.fullmatch(text):
        raise value.error(
            f"Failed to parse environment name '{text}', please use only lowercase letters, numbers and dashes"
        )
    return text


def _alias(table: Table) -> Task:
    task = Task(
        depends_on=_depends_on(table),
        description=table.string("description"),
        args=_arguments(table),
    )
    table.close()
    return task


def _command_task(table: Table, cmd: str | tuple[str, ...]) -> Task:
    env = table.table("env")
    task = Task(
        cmd=cmd,
        inputs=table.strings("inputs"),
        outputs=table.strings("outputs"),
        depends_on=_depends_on(table),
        cwd=table.string("cwd"),
        env=env.string_map() if env is not None else {},
        default_environment=table.get("default-environment", environment_name),
        description=table.string("description"),
        clean_env=table.boolean("clean-env") or False,
        args=_arguments(table),
    )
    table.close()
    return task


def _command(value: Value) -> str | tuple[str, ...]:
    if isinstance(value.raw, str):
        return value.raw
    if not isinstance(value.raw, list):
        raise value.wanted("string or array")
    return value.strings()


def _depends_on(table: Table) -> tuple[TaskDependency, ...]:
    value = table.ask("depends-on")
    if value is None and table.has("depends_on"):
        value = table.ask("depends_on")
        table.doc.warn(
            (*table.keys, "depends_on"),
            "The `depends_on` field is deprecated. Use `depends-on` instead.",
            value=False,
        )
    if value is None:
        return ()
    if isinstance(value.raw, str):
        return (TaskDependency(value.raw),)
    if not isinstance(value.raw, list):
        raise value.wanted("string or array")
    return tuple(_dependency(item) for item in value.items())


def _dependency(value: Value) -> TaskDependency:
    if isinstance(value.raw, str):
        return TaskDependency(value.raw)
    if not isinstance(value.raw, dict):
        raise value.wanted("string or table")
    table = value.table()
    found = TaskDependency(
        table.need("task").string(),
        tuple(_passed(item) for item in table.get("args", Value.items) or ()),
        table.get("environment", environment_name),
    )
    table.close()
    return found


def _alias_dependency(value: Value) -> TaskDependency:
    if not isinstance(value.raw, dict):
        raise value.wanted("table")
    return _dependency(value)


def _passed(value: Value) -> str | tuple[str, str]:
    """An argument that a task passes on: a text, or a table of one name and its text."""
    if isinstance(value.raw, str):
        return value.raw
    if not isinstance(value.raw, dict):
        raise value.wanted("string or table")
    named = value.table().string_map()
    if len(named) != 1:
        raise value.error("a named argument is a table with one key, its name")
    return next(iter(named.items()))


def _arguments(table: Table) -> tuple[TaskArg, ...] | None:
    items = table.get("args", Value.items)
    if items is None:
        return None
    arguments: list[TaskArg] = []
    for item in items:
        argument = _argument(item)
        if argument.default is None and arguments and arguments[-1].default is not None:
            raise table.error("default value required after previous arguments with defaults")
        arguments.append(argument)
    return tuple(arguments)


def _argument(value: Value) -> TaskArg:
    if isinstance(value.raw, str):
        return TaskArg(_argument_name(value))
    if not isinstance(value.raw, dict):
        raise value.wanted("string or table")
    table = value.table()
    name = _argument_name(table.need("arg"))
    default, choices = table.ask("default"), table.strings("choices")
    table.close()
    text = default.string() if default is not None else None
    if default is not None and choices is not None and text not in choices:
        raise default.error(f"the default '{text}' of argument '{name}' is not one of its choices")
    return TaskArg(name, text, choices or ())


def _argument_name(value: Value) -> str:
    if "-" in value.string():
        raise value.error(f"'{value.string()}' is not a valid argument name since it contains the character '-'")
    return value.string()
