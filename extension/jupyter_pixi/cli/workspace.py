"""Turns `workspace …` and `import` into edits and listings, and tells their results."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PixiError
from ..manifest.edit import Where
from .output import Output, context_of
from .running import operation

if TYPE_CHECKING:
    from ..operations.changing.edits import Edit
    from ..operations.editing.platform_specs import Wanted
    from ..operations.result import Changed
    from ..operations.workspace import OpenWorkspace


def opened(arguments: Namespace) -> OpenWorkspace:
    """The workspace that the flags name, also with a lock that cannot be read."""
    from ..operations.workspace import open_workspace

    return open_workspace(context_of(arguments), tolerate_lock=True)


def edited(arguments: Namespace, edit: Edit, *, lock: bool) -> int:
    """Make an edit of the manifest, and tell it. Returns the exit status."""
    from ..operations.changing.edits import edit_manifest

    loaded = {"restart": arguments.restart, "force_loaded": arguments.force_loaded} if lock else {}
    return _told(arguments, operation(arguments, lambda c: edit_manifest(c, edit, lock=lock, **loaded)))


def _told(arguments: Namespace, changed: Changed) -> int:
    output: Output = arguments.output
    for note in changed.notes:
        output.warn(note)
    for line in changed.lines:
        if line.startswith("  "):
            output.say(line)
        else:
            output.success(line)
    output.result(changed.data())
    return 0


def _where(arguments: Namespace) -> Where:
    if getattr(arguments, "script", None):
        from ..operations.scripts import refuse_options

        refuse_options("workspace", {"--feature": arguments.feature, "--environment": arguments.environment})
    return Where(feature=arguments.feature, environment=arguments.environment)


def listed(arguments: Namespace, lines: list[str], names: list[str]) -> int:
    """Print a listing, or its names alone for machines. Returns the exit status."""
    output: Output = arguments.output
    text = " ".join(names) if getattr(arguments, "machine_readable", False) else "\n".join(lines)
    if text:
        output.data(text)
    return 0


# -- channels -----------------------------------------------------------------------------------------------------


def channel_list(arguments: Namespace) -> int:
    """`workspace channel list`."""
    from ..operations.editing.workspace_edit import channel_lines

    return listed(arguments, list(channel_lines(opened(arguments), urls=arguments.urls)), [])


def channel_add(arguments: Namespace) -> int:
    """`workspace channel add`."""
    from ..operations.editing.workspace_edit import add_channels

    where = _where(arguments)
    edit = add_channels(arguments.channels, where, priority=arguments.priority, prepend=arguments.prepend)
    return edited(arguments, edit, lock=True)


def channel_remove(arguments: Namespace) -> int:
    """`workspace channel remove`."""
    from ..operations.editing.workspace_edit import remove_channels

    edit = remove_channels(arguments.channels, _where(arguments), priority=arguments.priority)
    return edited(arguments, edit, lock=True)


# -- environments and features ------------------------------------------------------------------------------------


def environment_list(arguments: Namespace) -> int:
    """`workspace environment list`."""
    from ..operations.editing.workspace_edit import environment_lines

    workspace = opened(arguments)
    return listed(arguments, list(environment_lines(workspace)), list(workspace.environments))


def environment_add(arguments: Namespace) -> int:
    """`workspace environment add`."""
    from ..operations.editing.workspace_edit import add_environment

    edit = add_environment(
        arguments.name,
        arguments.feature,
        solve_group=arguments.solve_group,
        no_default_feature=arguments.no_default_feature,
        force=arguments.force,
    )
    return edited(arguments, edit, lock=False)


def environment_remove(arguments: Namespace) -> int:
    """`workspace environment remove`."""
    from ..operations.editing.workspace_edit import remove_environment

    return edited(arguments, remove_environment(arguments.name), lock=False)


def feature_list(arguments: Namespace) -> int:
    """`workspace feature list`."""
    from ..operations.editing.workspace_edit import feature_lines

    workspace = opened(arguments)
    return listed(arguments, list(feature_lines(workspace)), list(workspace.manifest.features))


def feature_remove(arguments: Namespace) -> int:
    """`workspace feature remove`: asks when environments use it, which needs a terminal or `--yes`."""
    from ..operations.editing.workspace_edit import remove_feature, users_of

    users = users_of(opened(arguments), arguments.feature)
    if users and not arguments.yes and not _confirmed(arguments.feature, users):
        return 0
    return edited(arguments, remove_feature(arguments.feature), lock=False)


def _confirmed(feature: str, users: list[str]) -> bool:
    import sys

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise PixiError(
            "IO error: not a terminal",
            help=f"The feature '{feature}' is used by {', '.join(users)}; say that it shall go with --yes.",
        )
    used = f"environment '{users[0]}'" if len(users) == 1 else f"the following environments: {', '.join(users)}"
    sys.stderr.write(f"Feature '{feature}' is used by {used}. Do you want to remove it anyway? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


# -- platforms ----------------------------------------------------------------------------------------------------


def platform_list(arguments: Namespace) -> int:
    """`workspace platform list`."""
    from ..operations.editing.platforms_list import document, lines

    workspace = opened(arguments)
    context = context_of(arguments)
    output: Output = arguments.output
    if arguments.json:
        output.json(document(workspace, context.environ))
        return 0
    names = [p.name for p in workspace.manifest.workspace.platforms]
    shown = [] if arguments.machine_readable else list(lines(workspace, context.environ, output.dim))
    return listed(arguments, shown, names)


def platform_add(arguments: Namespace) -> int:
    """`workspace platform add`."""
    from ..environments import host
    from ..operations.editing.platforms_edit import add, add_detected

    raw = tuple(t for t in arguments.platforms if t.startswith("__"))
    names = [t for t in arguments.platforms if not t.startswith("__")]
    wanted, where = _wanted(arguments, raw), _where(arguments)
    if arguments.auto_detect:
        machine = host(context_of(arguments).environ, archspec=True)
        return edited(arguments, add_detected(machine, names, wanted, where), lock=True)
    return edited(arguments, add(names, wanted, where), lock=True)


def platform_edit(arguments: Namespace) -> int:
    """`workspace platform edit`."""
    from ..operations.editing.platforms_edit import PlatformChange, change

    asked = PlatformChange(
        name=arguments.name,
        subdir=arguments.subdir,
        wanted=_wanted(arguments, tuple(arguments.packages)),
        remove=tuple(arguments.remove_virtual_package),
        clear=arguments.clear_virtual_packages,
    )
    return edited(arguments, change(asked), lock=True)


def platform_move(arguments: Namespace) -> int:
    """`workspace platform move`."""
    from ..operations.editing.platforms_edit import move

    edit = move(arguments.name, before=arguments.before, after=arguments.after, top=arguments.to_top)
    return edited(arguments, edit, lock=True)


def platform_remove(arguments: Namespace) -> int:
    """`workspace platform remove`."""
    from ..operations.editing.platforms_edit import remove

    return edited(arguments, remove(arguments.platforms, _where(arguments)), lock=True)


def _wanted(arguments: Namespace, raw: tuple[str, ...]) -> Wanted:
    from ..operations.editing.platform_specs import FLAGS, Wanted

    given = {key: value for key in FLAGS if (value := getattr(arguments, f"vp_{key}")) is not None}
    return Wanted(given, raw)


# -- name, description, version, requires-pixi --------------------------------------------------------------------


def meta_get(arguments: Namespace) -> int:
    """`workspace name|description|version|requires-pixi get`: nothing where nothing is set."""
    from ..operations.editing.workspace_meta import open_manifest

    workspace = open_manifest(context_of(arguments)).manifest.workspace
    value = getattr(workspace, arguments.field.replace("-", "_"))
    if value is not None:
        output: Output = arguments.output
        output.data(value)
    return 0


def meta_set(arguments: Namespace) -> int:
    """`workspace name|description|version|requires-pixi set`, `version major|minor|patch`, `requires-pixi unset`."""
    from ..operations.editing import workspace_meta as meta

    if arguments.field == "requires-pixi":
        change = meta.set_requires(arguments.value)
    elif arguments.bump is not None:
        change = meta.bump(arguments.bump)
    else:
        change = meta.set_field(arguments.field, arguments.value)
    output: Output = arguments.output
    said = meta.edit(context_of(arguments), change)
    output.success(said)
    output.result({"kind": "workspace", "message": said})
    return 0


def requires_verify(arguments: Namespace) -> int:
    """`workspace requires-pixi verify`."""
    from ..operations.editing.workspace_meta import verify

    verify(context_of(arguments))
    return 0


# -- the registry -------------------------------------------------------------------------------------------------


def register(arguments: Namespace) -> int:
    """`workspace register`."""
    from ..operations.editing import registry
    from ..operations.workspace import open_workspace

    context = context_of(arguments)
    workspace = open_workspace(context, tolerate_lock=True)
    name = arguments.name or workspace.manifest.workspace.name
    path = (context.cwd / arguments.path).resolve() if arguments.path else workspace.root
    registry.register(name, path, context.environ, force=arguments.force)
    output: Output = arguments.output
    output.success(f"Workspace '{name}' has been registered successfully.")
    return 0


def register_list(arguments: Namespace) -> int:
    """`workspace register list`."""
    from ..operations.editing.registry import registered, registry_text

    found = registered(context_of(arguments).environ)
    output: Output = arguments.output
    if arguments.json:
        output.json({name: str(path) for name, path in found.items()})
    else:
        output.data(registry_text(found).rstrip("\n"))
    return 0


def register_remove(arguments: Namespace) -> int:
    """`workspace register remove`."""
    from ..operations.editing.registry import unregister

    unregister(arguments.name, context_of(arguments).environ)
    output: Output = arguments.output
    output.success(f"Workspace '{arguments.name}' has been removed from the registry successfully.")
    return 0


def register_prune(arguments: Namespace) -> int:
    """`workspace register prune`."""
    from ..operations.editing.registry import prune

    output: Output = arguments.output
    for name in prune(context_of(arguments).environ):
        output.say(f"removed workspace {name}")
    output.success("Workspace registry cleaned")
    return 0


# -- import -------------------------------------------------------------------------------------------------------


def import_file(arguments: Namespace) -> int:
    """`import FILE`."""
    from ..operations.editing.import_file import ImportOptions, check_format
    from ..operations.editing.import_file import import_file as work

    options = ImportOptions(
        file=Path(arguments.file),
        format=check_format(arguments.format),
        feature=arguments.feature,
        environment=arguments.environment,
        platforms=tuple(arguments.platform),
    )
    return _told(arguments, operation(arguments, lambda c: work(c, replace(options, file=c.cwd / options.file))))
