"""Turns `workspace channel|environment|feature` into edits of the manifest, and into the listings of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from ...environments.channels import channel_url
from ...errors import PixiError
from ...manifest.edit import ManifestEditor, Where
from ...manifest.model import DEFAULT, ChannelSpec, Feature, Manifest
from ...manifest.values import TomlValue
from ...manifest.workspace import PIXI_BUILD
from ..changing.edits import Edit, Said
from ..changing.place import feature_at
from ..workspace import OpenWorkspace

# -- channels -----------------------------------------------------------------------------------------------------


def add_channels(channels: Sequence[str], where: Where, *, priority: int | None = None, prepend: bool = False) -> Edit:
    """`workspace channel add`: behind the others, or with `prepend` before them; so do those with a new priority."""

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        editor.open_environment(where)
        keys = _channel_keys(editor, where)
        present = list(_channels(opened.manifest, where) or ())
        for channel in reversed(channels) if prepend else channels:
            value = _channel_toml(channel, priority)
            same = next((i for i, c in enumerate(present) if c.channel == channel), None)
            if same is not None and present[same].priority == priority:
                continue
            if same is not None:
                editor.document.remove_item(keys, same)
                del present[same]
            editor.document.append(keys, value, first=prepend)
            present.insert(0 if prepend else len(present), ChannelSpec(channel, priority))
        return Said(tuple(f"Added {_channel_line(opened, c)}{_at(priority)}" for c in channels))

    return edit


def remove_channels(channels: Sequence[str], where: Where, *, priority: int | None = None) -> Edit:
    """`workspace channel remove`. Raises PixiError for one that is not there."""

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        keys = _channel_keys(editor, where)
        present = list(_channels(opened.manifest, where) or ())
        for channel in channels:
            index = next((i for i, c in enumerate(present) if c.channel == channel), None)
            if index is None or (priority is not None and present[index].priority != priority):
                known = ", ".join(c.channel for c in present) or "none"
                raise PixiError(f"channel {channel} does not exist", help=f"There are: {known}.")
            editor.document.remove_item(keys, index)
            del present[index]
        return Said(tuple(f"Removed {_channel_line(opened, c)}{_at(priority)}" for c in channels))

    return edit


def channel_lines(opened: OpenWorkspace, *, urls: bool = False) -> Iterator[str]:
    """`workspace channel list`."""
    for environment in opened.environments.values():
        yield f"Environment: {environment.name}"
        for channel in environment.channels:
            yield f"- {channel.url if urls else channel.text}"


def _channel_keys(editor: ManifestEditor, where: Where) -> tuple[str, ...]:
    if where.feature in (None, DEFAULT) and where.environment is None:
        return (*editor.workspace(), "channels")
    return editor.table(where, "channels")


def _channels(manifest: Manifest, where: Where) -> tuple[ChannelSpec, ...] | None:
    if where.feature in (None, DEFAULT) and where.environment is None:
        return manifest.workspace.channels
    feature = feature_at(manifest, where)
    return feature.channels if feature is not None else None


def _channel_toml(channel: str, priority: int | None) -> TomlValue:
    return channel if priority is None else {"channel": channel, "priority": priority}


def _at(priority: int | None) -> str:
    return f" at priority {priority}" if priority is not None else ""


def _channel_line(opened: OpenWorkspace, channel: str) -> str:
    if "://" in channel or channel.startswith((".", "/", "~")):
        return channel
    return f"{channel} ({channel_url(channel, alias=opened.config.channel_alias, root=opened.root)})"


# -- environments -------------------------------------------------------------------------------------------------


def add_environment(
    name: str, features: Sequence[str], *, solve_group: str | None, no_default_feature: bool, force: bool
) -> Edit:
    """`workspace environment add`. Raises PixiError for one that is there (without `force`), or an unknown feature."""

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        keys = (*editor.root, "environments", name)
        if editor.document.has(keys) and not force:
            raise PixiError(
                f"the environment '{name}' already exists", help="use --force to overwrite the existing environment"
            )
        for feature in features:
            _require_feature(opened.manifest, feature)
        editor.document.set(keys, environment_toml(features, solve_group, no_default_feature))
        return Said((f"Added environment {name}",))

    return edit


def environment_toml(features: Sequence[str], solve_group: str | None, no_default_feature: bool) -> TomlValue:
    """An environment without content of its own, as Pixi writes it: the list of features where that says it all."""
    if solve_group is None and not no_default_feature:
        return list(features)
    needed = features or solve_group is None  # an environment with nothing but no-default-feature does not parse
    table: dict[str, TomlValue] = {"features": list(features)} if needed else {}
    if solve_group is not None:
        table["solve-group"] = solve_group
    if no_default_feature:
        table["no-default-feature"] = True
    return table


def remove_environment(name: str) -> Edit:
    """`workspace environment remove`. Raises PixiError for one that the manifest does not have."""

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        keys = (*editor.root, "environments", name)
        if not editor.document.has(keys):
            known = ", ".join(editor.document.keys(keys[:-1])) or "none"
            raise PixiError(f"Environment {name} not found", help=f"The manifest has: {known}.")
        editor.document.remove(keys)
        editor.document.drop_empty_header(keys[:-1])
        return Said((f"Removed environment {name}",))

    return edit


def environment_lines(opened: OpenWorkspace) -> Iterator[str]:
    """`workspace environment list`."""
    yield "Environments:"
    for environment in opened.environments.values():
        yield f"- {environment.name}:"
        yield "    features: " + ", ".join(f.name for f in environment.features if not f.is_inline)
        if environment.solve_group is not None:
            yield f"    solve_group: {environment.solve_group}"
        for feature in environment.features:
            if feature.is_inline:
                yield from _details(feature)


# -- features -----------------------------------------------------------------------------------------------------


def feature_lines(opened: OpenWorkspace) -> Iterator[str]:
    """`workspace feature list`."""
    yield "Features:"
    for feature in opened.manifest.features.values():
        details = list(_details(feature))
        yield f"- {feature.name}" + (":" if details else "")
        yield from details


def _details(feature: Feature) -> Iterator[str]:
    plain = feature.targets[0]
    for label, names in (
        ("dependencies", plain.dependencies),
        ("pypi-dependencies", plain.pypi_dependencies),
        ("tasks", plain.tasks),
    ):
        if names:
            yield f"    {label}: {', '.join(names)}"


def users_of(opened: OpenWorkspace, feature: str) -> list[str]:
    """The environments that list a feature."""
    return [n for n, spec in opened.manifest.environments.items() if feature in spec.features]


def remove_feature(name: str) -> Edit:
    """`workspace feature remove`: the feature's tables, and its name from every environment that lists it."""

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        if name == DEFAULT:
            raise PixiError("Cannot remove the default feature")
        done = (f"Removed feature {name}",)
        if name not in opened.manifest.features:
            return Said(done, (f"Feature `{name}` doesn't exist",))
        for environment in users_of(opened, name):
            _unlist(editor, environment, name)
        for keys in ((*editor.root, "feature", name), ("dependency-groups", name)):
            if (len(keys) == len(editor.root) + 2 or editor.is_pyproject) and editor.document.has(keys):
                editor.document.remove(keys)
        return Said(done)

    return edit


def _unlist(editor: ManifestEditor, environment: str, feature: str) -> None:
    keys = (*editor.root, "environments", environment)
    array = keys if editor.document.array(keys) is not None else (*keys, "features")
    names = [item.strip("\"'") for item in editor.document.items(array)]
    editor.document.remove_item(array, names.index(feature))


def _require_feature(manifest: Manifest, name: str) -> None:
    if name in manifest.features:
        return
    near = get_close_matches(name, manifest.features, n=1)
    way = f"Did you mean '{near[0]}'?" if near else f"`pixi add --feature {name} PACKAGE` makes it."
    raise PixiError(f"the feature '{name}' is not defined in the project manifest", help=way)


# -- preview features ---------------------------------------------------------------------------------------------


def preview_names(manifest: Manifest) -> tuple[str, ...]:
    """`workspace preview list`: the preview features that are on."""
    preview = manifest.workspace.preview
    return (PIXI_BUILD,) if preview is True else tuple(preview or ())


def change_preview(names: Sequence[str], *, on: bool) -> Edit:
    """`workspace preview add` and `remove`. What is so already stays, and is told."""

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        present = preview_names(opened.manifest)
        moved = [name for name in dict.fromkeys(names) if (name in present) != on]
        if moved:
            wanted = [*present, *moved] if on else [name for name in present if name not in moved]
            editor.document.set((*editor.workspace(), "preview"), wanted)
        same = tuple(f"{name} is {'on' if on else 'off'} already" for name in names if name not in moved)
        return Said((*(f"{'Added' if on else 'Removed'} preview feature {name}" for name in moved), *same))

    return edit
