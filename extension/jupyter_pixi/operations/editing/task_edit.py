"""Turns `task add`, `task alias` and `task remove` into a changed manifest; the lock file is not concerned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ...errors import PixiError
from ...manifest.edit import ManifestEditor, Where
from ...manifest.values import TomlValue
from ..changing.place import declare_platforms, feature_at
from ..context import Context
from ..publishing.publication import Pair, Told, publish, workspace_lock
from ..running.task_text import list_word
from ..trusting import remember
from ..workspace import OpenWorkspace, locate, open_workspace, with_manifest


@dataclass(frozen=True)
class NewTask:
    """A task to be written; field names are the flags of `task add`. Without a command it is an alias."""

    name: str
    command: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    cwd: str | None = None
    env: tuple[tuple[str, str], ...] = ()
    default_environment: str | None = None
    description: str | None = None
    clean_env: bool = False
    args: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The command as it is written: one word as it stands, several with quotes where they need them."""
        return self.command[0] if len(self.command) == 1 else " ".join(map(list_word, self.command))

    def toml(self) -> TomlValue:
        """The task as Pixi writes it: the shortest form that says everything."""
        names: list[TomlValue] = list(self.depends_on) if self.command else [{"task": n} for n in self.depends_on]
        if not self.command and self.description is None and not self.args:
            return names
        table: dict[str, TomlValue | None] = {
            "cmd": self.text if self.command else None,
            "args": list(self.args) or None,
            "depends-on": names or None,
            "cwd": self.cwd,
            "env": dict(self.env) or None,
            "default-environment": self.default_environment,
            "description": self.description,
            "clean-env": self.clean_env or None,
        }
        given = {key: value for key, value in table.items() if value is not None}
        return self.text if list(given) == ["cmd"] else given

    def shown(self) -> str:
        """What is told of it: the command and everything else that was given."""
        parts = [self.text if self.command else ""]
        if self.depends_on:
            names = ",".join(self.depends_on)
            parts.append(f"depends-on = '{names}'" if self.command else f"depends-on = [{names}]")
        if self.env:
            parts.append("env = {" + ", ".join(f'{key} = "{value}"' for key, value in self.env) + "}")
        if self.description is not None:
            parts.append(f'description = "{self.description}"')
        return ", ".join(parts)


def add(context: Context, task: NewTask, where: Where) -> OpenWorkspace:
    """Write a task. Raises PixiError when there is one of that name, or the platform is unknown."""
    if not task.name:
        raise PixiError("A task needs a name.", code="task")
    with _locked(context) as opened:
        editor = ManifestEditor(opened.manifest_data, opened.manifest.path)
        if task.name in _names(opened, where):
            raise PixiError(
                f"task {task.name} already exists",
                help=f"Take it out first: `pixi task remove {task.name}`.",
                code="task-exists",
            )
        if where.platform is not None:
            declare_platforms(editor, opened.manifest, (where.platform,))
        editor.open_environment(where)
        editor.document.set((*editor.table(where, "tasks"), task.name), task.toml())
        return _publish(opened, editor, context, f"task {task.name}")


def remove(context: Context, names: Sequence[str], where: Where) -> tuple[OpenWorkspace, tuple[str, ...]]:
    """Take tasks out of one table; gives those that were there. Nothing is written if none was."""
    with _locked(context) as opened:
        if where.feature is not None and where.feature not in opened.manifest.features:
            known = ", ".join(opened.manifest.features)
            raise PixiError(f"the feature '{where.feature}' does not exist", help=f"There are: {known}.")
        editor = ManifestEditor(opened.manifest_data, opened.manifest.path)
        present = set(editor.document.keys(editor.table(where, "tasks")))
        gone = tuple(name for name in dict.fromkeys(names) if name in present)
        for name in gone:
            editor.document.remove((*editor.table(where, "tasks"), name))
        if not gone:
            return opened, ()
        if where.environment is not None:
            editor.drop_empty_environment(where.environment)
        return _publish(opened, editor, context, f"task {', '.join(gone)} removed"), gone


def users_of(opened: OpenWorkspace, name: str) -> tuple[str, ...]:
    """The tasks that depend on a task of that name, anywhere in the workspace."""
    found = [
        other
        for feature in opened.manifest.features.values()
        for target in feature.targets
        for other, task in target.tasks.items()
        if any(dependency.task == name for dependency in task.depends_on)
    ]
    return tuple(dict.fromkeys(found))


@contextmanager
def _locked(context: Context) -> Iterator[OpenWorkspace]:
    """The workspace, opened while no other operation changes it."""
    with workspace_lock(locate(context).parent, context):
        yield open_workspace(context, tolerate_lock=True)


def _names(opened: OpenWorkspace, where: Where) -> set[str]:
    """The tasks that a place has already, those for every platform among them, as Pixi counts them."""
    feature = feature_at(opened.manifest, where)
    targets = feature.targets if feature is not None else ()
    return {name for t in targets if t.selector in (None, where.platform) for name in t.tasks}


def _publish(opened: OpenWorkspace, editor: ManifestEditor, context: Context, said: str) -> OpenWorkspace:
    after = with_manifest(opened, editor.data)
    publish(opened, Pair(manifest=editor.data), context, told=Told(changes=(said,)))
    remember(after, context)
    return after
