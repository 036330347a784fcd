"""Turns the manifest's version specs into pins around the newest versions, and the lock into one with those."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...errors import PixiError
from ...lockfile.model import LockFile
from ...manifest.edit import ManifestEditor, Where, Written, conda_name, pypi_name
from ...manifest.model import DEFAULT, CondaSpec, Feature, Manifest, PypiSpec
from ..context import Context
from ..locking.relock import Freedom, relock
from ..publishing.publication import workspace_lock
from ..result import Changed
from ..workspace import OpenWorkspace, open_workspace, with_manifest
from .add import Asked, settle
from .change import carry_out
from .place import concerned
from .plan import Change, Pins


@dataclass(frozen=True)
class _Upgradable:
    """A spec of the manifest that `upgrade` writes anew."""

    where: Where
    asked: Asked
    bound: str | None


async def upgrade(
    context: Context,
    names: tuple[str, ...] = (),
    *,
    feature: str | None = None,
    environment: str | None = None,
    exclude: tuple[str, ...] = (),
    dry_run: bool = False,
    restart: bool = False,
    force_loaded: bool = False,
) -> Changed:
    """Replace the version parts of the manifest's specs by pins around the newest versions, and lock those.

    A spec that no environment uses cannot be pinned: it is left open, as in Pixi, and a warning tells its old bound.
    What inherits from `workspace.dependencies` is left as it is, and a note says so. Raises PixiError for an unknown
    package, feature or environment.
    """
    opened = open_workspace(context)
    _check_place(opened, feature, environment)
    with workspace_lock(opened.root, context, writes=not dry_run):
        opened = open_workspace(context)
        asked_for = _asked_for(opened, names, feature, environment, exclude)
        chosen = _upgradable(opened, asked_for, named=bool(names))
        notes = _inherited(asked_for)
        for line in _lost(opened, chosen):
            context.warn(line)

        async def worked_out(pins: Pins | None) -> Change:
            editor, lock = await _pinned_anew(opened, context, chosen, pins)
            after = with_manifest(opened, editor.data)
            free = Freedom(pinned=pins)
            settled = (
                await settle(after, lock, context, free) if lock is not None else await relock(after, context, free)
            )
            written = _changed_lines(opened, after)
            lines = (f"Upgraded {len(written)} of {len(chosen)} specs of the manifest",)
            return Change(opened, after, settled, written, lines, notes, again=worked_out)

        change = await worked_out(None)
        return await carry_out(change, context, dry_run=dry_run, restart=restart, force_loaded=force_loaded)


def _changed_lines(before: OpenWorkspace, after: OpenWorkspace) -> tuple[Written, ...]:
    """The lines of the new manifest that the present one does not have: specs are written in their places."""
    old, new = (each.manifest_data.decode("utf-8", "replace").splitlines() for each in (before, after))
    present = set(old)
    path = after.manifest.path
    return tuple(Written(path, at, line.strip()) for at, line in enumerate(new, 1) if line not in present)


async def _pinned_anew(
    opened: OpenWorkspace, context: Context, chosen: Iterable[_Upgradable], pins: Pins | None
) -> tuple[ManifestEditor, LockFile | None]:
    """The manifest with new pins, and the lock that they are from: one table after the other, as Pixi goes."""
    editor = ManifestEditor(opened.manifest_data, opened.manifest.path)
    lock = opened.lock
    for where, found in itertools.groupby(chosen, lambda item: item.where):
        items = list(found)
        for item in items:
            _write(editor, item, None)
        now = replace(with_manifest(opened, editor.data), lock=lock)
        pairs = concerned(now.environments, (where,))
        if not pairs:
            continue
        names = frozenset(item.asked.key for item in items)
        lock = (await relock(now, context, Freedom(unlock=names, pairs=pairs, pinned=pins))).lock
        for item in items:
            _write(editor, item, item.asked.pin(lock, pairs, opened.config.pinning_strategy))
    return editor, lock


def _check_place(opened: OpenWorkspace, feature: str | None, environment: str | None) -> None:
    """The feature, or the environment with content of its own, that `upgrade` is limited to has to be there."""
    if feature is not None and feature not in opened.manifest.features:
        raise PixiError(
            f"could not find a feature named '{feature}'", help=near(feature, opened.manifest.features), code="unknown"
        )
    if environment is None:
        return
    opened_as = opened.manifest.environments.get(environment)
    if opened_as is None:
        raise PixiError(
            f"could not find an environment named '{environment}'",
            help=near(environment, opened.manifest.environments),
            code="unknown-environment",
        )
    if opened_as.inline is None:
        raise PixiError(
            f"the environment '{environment}' does not define any content inline",
            help="Its features are upgraded with --feature.",
            code="unknown",
        )


def near(name: str, known: Iterable[str]) -> str | None:
    """The question whether the nearest known name was meant; None if there is none near."""
    found = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f"did you mean '{found[0]}'?" if found else None


def all_specs(manifest: Manifest) -> list[tuple[Where, str, CondaSpec | PypiSpec]]:
    """Every version spec of the manifest with its place, table by table."""
    found: list[tuple[Where, str, CondaSpec | PypiSpec]] = []
    features: list[tuple[Feature, Where]] = [
        (f, Where(feature=None if f.name == DEFAULT else f.name)) for f in manifest.features.values()
    ]
    features += [(e.inline, Where(environment=e.name)) for e in manifest.environments.values() if e.inline is not None]
    for feature, where in features:
        for target in feature.targets:
            place = replace(where, platform=target.selector)
            found += [(place, name, spec) for name, spec in target.dependencies.items()]
            found += [(place, name, specs[0]) for name, specs in target.pypi_dependencies.items() if len(specs) == 1]
    return found


_Spec = tuple[Where, str, CondaSpec | PypiSpec]


def _asked_for(
    opened: OpenWorkspace,
    names: tuple[str, ...],
    feature: str | None,
    environment: str | None,
    exclude: tuple[str, ...],
) -> list[_Spec]:
    """The specs of the manifest that the arguments of `upgrade` speak of."""
    wanted = {k for n in names for k in (conda_name(n), pypi_name(n))}
    left_out = {k for n in exclude for k in (conda_name(n), pypi_name(n))}
    specs = all_specs(opened.manifest)
    known = {name for _, name, _ in specs}
    plain = {(where, name, type(spec)) for where, name, spec in specs if where.platform is None}
    for name in names:
        if conda_name(name) not in known and pypi_name(name) not in known:
            raise PixiError(f"could not find a package named '{name}'", help=near(name, known), code="unknown-package")
    return [
        (where, name, spec)
        for where, name, spec in specs
        if (feature is None or ((where.feature or DEFAULT) == feature and where.environment is None))
        and (environment is None or where.environment == environment)
        and (not wanted or name in wanted)
        and name not in left_out
        and (where.platform is None or (replace(where, platform=None), name, type(spec)) not in plain)
    ]


def _upgradable(opened: OpenWorkspace, specs: Iterable[_Spec], *, named: bool) -> list[_Upgradable]:
    """Those whose version stands in the manifest and may move.

    Of a package that was asked for by name (`named`) everything that ties it to one build may go, too, as with Pixi.
    """
    chosen = []
    for where, name, spec in specs:
        if isinstance(spec, CondaSpec):
            if spec.url or spec.path or spec.git or spec.workspace or not _is_written(opened, where, name):
                continue
            free = replace(spec, version=None)
            if named:
                build = spec.build if spec.build and "*" in spec.build else None
                free = replace(free, build=build, build_number=None, md5=None, sha256=None)
            chosen.append(_Upgradable(where, Asked(name, name, conda=free), spec.version))
        elif spec.is_registry:
            chosen.append(_Upgradable(where, Asked(name, name, pypi=replace(spec, version=None)), spec.version))
    return chosen


def _inherited(specs: Iterable[_Spec]) -> tuple[str, ...]:
    """The note on what `{ workspace = true }` keeps from being upgraded."""
    names = list(dict.fromkeys(name for _, name, spec in specs if isinstance(spec, CondaSpec) and spec.workspace))
    if not names:
        return ()
    return (
        f"Not upgraded, because they inherit from `[workspace.dependencies]`: {', '.join(names)}. Change them there.",
    )


def _is_written(opened: OpenWorkspace, where: Where, name: str) -> bool:
    """Whether the dependency stands in a table of its own (python of a pyproject.toml may come from elsewhere)."""
    editor = ManifestEditor(opened.manifest_data, opened.manifest.path)
    return any(place == where for place, table in editor.places(name) if not table.startswith("pypi"))


def _lost(opened: OpenWorkspace, chosen: list[_Upgradable]) -> list[str]:
    """What is told of specs that no environment uses: as in Pixi they are left without a bound."""
    return [
        f"No environment uses the feature {item.where.feature}, so `{item.asked.name}` could not be pinned anew: "
        f"its bound was {item.bound}"
        for item in chosen
        if item.bound not in (None, "*") and not concerned(opened.environments, (item.where,))
    ]


def _write(editor: ManifestEditor, item: _Upgradable, version: str | None) -> None:
    if item.asked.pypi is not None:
        editor.set_pypi(item.asked.name, replace(item.asked.pypi, version=version or "*"), item.where)
    elif item.asked.conda is not None:
        editor.set_conda(item.asked.name, replace(item.asked.conda, version=version), item.where)
