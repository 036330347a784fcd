"""Turns `workspace platform add|edit|move|remove` into edits of the platforms and of what refers to them.

Names, rules and sentences are Pixi's (its docs, reference/cli/pixi/workspace/platform).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ...environments.host import Host
from ...environments.platforms import register
from ...errors import PixiError, UsageError
from ...manifest.arrays import reorder
from ...manifest.edit import ManifestEditor, Where
from ...manifest.model import DEFAULT, Feature, Manifest, Platform, VirtualPackage
from ...manifest.platform_toml import platform_toml
from ...manifest.platforms import derived_name, is_default, make_platform, name_problem
from ...manifest.subdirs import SUBDIRS, default_virtual_packages, is_subdir
from ..changing.edits import Edit, Said
from ..workspace import OpenWorkspace
from .platform_specs import Wanted, as_declared

_SPECIAL = (
    "platform entry rejected: You tried to add a virtual package into a special subdir platform; either drop the "
    "virtual packages or give the entry a `name` distinct from its subdir"
)


@dataclass(frozen=True)
class PlatformChange:
    """What `platform edit` asks for."""

    name: str
    subdir: str | None = None
    wanted: Wanted = field(default_factory=Wanted)
    remove: tuple[str, ...] = ()
    clear: bool = False


def add(entries: Sequence[str], wanted: Wanted, where: Where) -> Edit:
    """`platform add`: subdirs, or `name=subdir` with virtual packages. Raises PixiError before anything is read."""
    if not entries:
        raise PixiError("at least one platform argument is required")
    if wanted and len(entries) != 1:
        raise PixiError(
            "virtual-package flags or `__name=value` positionals require exactly one platform argument; "
            f"got {len(entries)}"
        )
    parsed = [_entry(text) for text in entries]
    for index, (name, _) in enumerate(parsed):
        if name in (n for n, _ in parsed[:index]):
            raise PixiError(f"platform '{name}' was specified more than once on the command line")
    if wanted and parsed[0][0] == parsed[0][1]:
        raise PixiError(
            "virtual packages require a custom platform name; use `<name>=<subdir>` "
            f"(e.g. `gpu-{parsed[0][1]}={parsed[0][1]}`) instead of the bare subdir"
        )
    platforms = [_platform(name, subdir, wanted.packages(subdir)) for name, subdir in parsed]

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        added = _declare(opened, editor, platforms, where)
        to, inside = _suffix(where, "to"), _suffix(where, "in")
        return Said(
            tuple(
                f"Added {p.name}{to}"
                if p.name in added
                else f"Platform {p.name}{inside} is already present; nothing to do"
                for p in platforms
            )
        )

    return edit


def add_detected(host: Host, names: Sequence[str], wanted: Wanted, where: Where) -> Edit:
    """`platform add --auto-detect [NAME]`: this machine's platform, as the first of the list."""
    if len(names) > 1:
        raise PixiError(f"`--auto-detect` accepts at most one platform name; got {len(names)}")
    if names and "=" in names[0]:
        raise PixiError("`--auto-detect` detects this machine's subdir; pass a bare `<name>`, not `<name>=<subdir>`")
    if names:
        _check_name(names[0])
    given = wanted.packages(host.subdir)
    taken = {p.name for p in given}
    found = [as_declared(p) for p in host.virtual_packages if p.name not in taken]
    packages = tuple(p for p in (*found, *given) if not is_default(p, default_virtual_packages(host.subdir)))
    name = names[0] if names else derived_name(host.subdir, packages)
    candidate = _platform(name, host.subdir, packages)

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        known = opened.manifest.workspace.platforms
        same = next((p for p in known if p.identity == candidate.identity and (not names or p.name == names[0])), None)
        chosen = same or candidate
        added = _declare(opened, editor, [chosen], where)
        _to_front(editor, opened, chosen.name)
        if same is not None:
            return Said((f"Platform {chosen.name} already matches this machine; moved it to the front",))
        if chosen.name not in added:
            return Said((f"Platform {chosen.name} is already present; moved it to the front",))
        return Said((f"Added platform {chosen.name} (detected from this machine)", _hint(chosen.name)))

    return edit


def remove(names: Sequence[str], where: Where) -> Edit:
    """`platform remove`: from the workspace, or from the list of a feature or environment."""

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        for name in names:
            _index(opened.manifest, name)
        if where.feature is not None or where.environment is not None:
            for name in dict.fromkeys(names):
                _drop_reference(opened.manifest, editor, where, name)
        else:
            for index in sorted({_index(opened.manifest, name) for name in names}, reverse=True):
                editor.document.remove_item((*editor.workspace(), "platforms"), index)
        return Said(tuple(f"Removed {name}{_suffix(where, 'from')}" for name in names))

    return edit


def move(name: str, *, before: str | None = None, after: str | None = None, top: bool = False) -> Edit:
    """`platform move`: without an anchor and `top`, to the bottom."""

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        names = [p.name for p in opened.manifest.workspace.platforms]
        index = _index(opened.manifest, name)
        anchor = before or after
        if anchor == name:
            raise PixiError(f"cannot move platform '{name}' relative to itself")
        if anchor is not None:
            _index(opened.manifest, anchor)
        order = [i for i in range(len(names)) if i != index]
        if top:
            at = 0
        elif anchor is None:
            at = len(order)
        else:
            at = order.index(names.index(anchor)) + (after is not None)
        order.insert(at, index)
        if order != list(range(len(names))):
            reorder(editor.document, (*editor.workspace(), "platforms"), order)
        return Said((f"Moved platform {name}",))

    return edit


def change(asked: PlatformChange) -> Edit:
    """`platform edit`: another subdir, other virtual packages; a derived name follows, and so do references to it."""
    if not (asked.subdir or asked.wanted or asked.remove or asked.clear):
        raise PixiError(
            "nothing to do: pass at least one of --subdir, a virtual-package flag (--cuda, --archspec, --glibc, "
            "--linux, --macos, --windows), a `__name=value` positional, --remove-virtual-package, or "
            "--clear-virtual-packages"
        )

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        platforms = opened.manifest.workspace.platforms
        if opened.manifest.uses_system_requirements:
            platforms = register(opened.manifest).migrated.platforms
        index = _index(opened.manifest, asked.name, platforms)
        old = platforms[index]
        new = _changed(old, asked)
        if (new.subdir, new.declared) != (old.subdir, old.declared):
            if opened.manifest.uses_system_requirements:
                _migrate(opened.manifest, editor)
            editor.document.set_item((*editor.workspace(), "platforms"), index, platform_toml(new))
            if new.name != old.name:
                _rename_references(opened.manifest, editor, old.name, new.name)
        return Said((f"Updated platform {asked.name}",))

    return edit


# -- platforms ----------------------------------------------------------------------------------------------------


def _entry(text: str) -> tuple[str, str]:
    """Name and subdir of `SUBDIR` or `NAME=SUBDIR`."""
    name, equals, subdir = text.partition("=")
    subdir = subdir if equals else name
    if equals:
        _check_name(name)
    if not is_subdir(subdir):
        valid = ", ".join(f"'{known}'" for known in SUBDIRS)
        raise PixiError(
            f"'{subdir}' is not a valid conda subdir: '{subdir}' is not a known platform. Valid platforms are {valid}"
        )
    return name, subdir


def _check_name(name: str) -> None:
    problem = name_problem(name)
    if problem:
        raise PixiError(f"invalid platform name '{name}': {problem}")


def _platform(name: str, subdir: str, packages: tuple[VirtualPackage, ...]) -> Platform:
    _check_coupling(packages)
    if name == subdir and packages:
        raise PixiError(_SPECIAL)
    return make_platform(name, subdir, packages)


def _check_coupling(packages: Iterable[VirtualPackage]) -> None:
    names = {p.name for p in packages}
    if "__cuda_arch" in names and "__cuda" not in names:
        raise PixiError("`__cuda_arch` requires `__cuda`", help="Give --cuda as well.")


def _changed(old: Platform, asked: PlatformChange) -> Platform:
    subdir = asked.subdir or old.subdir
    if not is_subdir(subdir):
        raise UsageError(f"invalid value '{subdir}' for '--subdir <SUBDIR>': it is not a known platform")
    packages = {} if asked.clear else {p.name: p for p in old.declared}
    packages.update((p.name, p) for p in asked.wanted.packages(subdir))
    for name in asked.remove:
        packages.pop(name, None)
    defaults = default_virtual_packages(subdir)
    kept = tuple(p for p in packages.values() if not is_default(p, defaults))
    _check_coupling(kept)
    if not kept:
        if old.is_bare:
            raise PixiError(_SPECIAL, help=f"'{old.name}' is a bare subdir; only virtual packages can be given to it.")
        return Platform(subdir, subdir)
    derived = old.is_bare or old.name == derived_name(old.subdir, old.declared)
    name = derived_name(subdir, kept) if derived else old.name
    _check_name(name)
    if name == subdir:
        raise PixiError(_SPECIAL)
    return make_platform(name, subdir, kept)


def _index(manifest: Manifest, name: str, platforms: Sequence[Platform] | None = None) -> int:
    declared = manifest.workspace.platforms if platforms is None else platforms
    for index, platform in enumerate(declared):
        if platform.name == name:
            return index
    known = ", ".join(p.name for p in declared) or "none"
    raise PixiError(f"workspace does not define a platform named '{name}'", help=f"It defines: {known}.")


# -- the manifest -------------------------------------------------------------------------------------------------


def _suffix(where: Where, word: str) -> str:
    if where.feature is not None:
        return f" {word} feature '{where.feature}'"
    return f" {word} environment '{where.environment}'" if where.environment is not None else ""


def _declare(opened: OpenWorkspace, editor: ManifestEditor, platforms: Sequence[Platform], where: Where) -> set[str]:
    """Declare platforms in the workspace and name them in a feature or environment. Returns the names that are new."""
    manifest = opened.manifest
    known = {p.name for p in manifest.workspace.platforms} if manifest.explicit_platforms else set()
    new = [p for p in platforms if p.name not in known]
    added = {p.name for p in new}
    if manifest.uses_system_requirements and any(not p.is_bare for p in new):
        _migrate(manifest, editor)
    for platform in new:
        editor.document.append((*editor.workspace(), "platforms"), platform_toml(platform))
    if where.feature is not None or where.environment is not None:
        editor.open_environment(where)
        present = _referred(manifest, where)
        for platform in platforms:
            if platform.name not in present:
                editor.document.append(editor.table(where, "platforms"), platform.name)
                added.add(platform.name)
    return added


def _referred(manifest: Manifest, where: Where) -> tuple[str, ...]:
    feature: Feature | None
    if where.environment is not None:
        spec = manifest.environments.get(where.environment)
        feature = spec.inline if spec is not None else None
    else:
        feature = manifest.features.get(where.feature or DEFAULT)
    return (feature.platforms or ()) if feature is not None else ()


def _drop_reference(manifest: Manifest, editor: ManifestEditor, where: Where, name: str) -> None:
    present = _referred(manifest, where)
    if name not in present:
        what = f"feature '{where.feature}'" if where.feature is not None else f"environment '{where.environment}'"
        raise PixiError(f"{what} does not declare platform(s): {name}")
    array = editor.table(where, "platforms")
    texts = [item.strip("\"'") for item in editor.document.items(array)]
    editor.document.remove_item(array, texts.index(name))


def _rename_references(manifest: Manifest, editor: ManifestEditor, old: str, new: str) -> None:
    wheres = [Where(feature=name) for name in manifest.features if name != DEFAULT]
    wheres += [Where(environment=name) for name in manifest.environments]
    for where in wheres:
        for index, name in enumerate(_referred(manifest, where)):
            if name == old:
                editor.document.set_item(editor.table(where, "platforms"), index, new)


def _to_front(editor: ManifestEditor, opened: OpenWorkspace, name: str) -> None:
    from ...manifest import parse_manifest

    names = [p.name for p in parse_manifest(editor.data, opened.manifest.path).workspace.platforms]
    index = names.index(name)
    if index:
        order = [index, *(i for i in range(len(names)) if i != index)]
        reorder(editor.document, (*editor.workspace(), "platforms"), order)


def _migrate(manifest: Manifest, editor: ManifestEditor) -> None:
    """Write out what `[system-requirements]` stands for: Pixi allows them beside bare subdirs only."""
    migrated = register(manifest).migrated
    editor.document.set((*editor.workspace(), "platforms"), [platform_toml(p) for p in migrated.platforms])
    for feature in manifest.features.values():
        if not feature.system_requirements:
            continue
        where = Where(feature=feature.name)
        editor.document.remove(editor.table(where, "system-requirements"))
        names = migrated.of(feature)
        if names is not None and feature.name != DEFAULT:
            editor.document.set(editor.table(where, "platforms"), list(names))


def _hint(name: str) -> str:
    return (
        "  This platform is written to the manifest and shared with everyone who uses the workspace.\n"
        "  Detection describes this machine exactly, which is often more than is needed: after an install,\n"
        '  `info` shows under "Minimum platform" which virtual packages are really required.\n'
        f"  Refine it with `workspace platform edit {name} …` and `workspace platform move {name} …`."
    )
