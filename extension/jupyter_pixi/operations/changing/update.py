"""Turns "forget what is locked" into a newer lock (`update`), or into newer specs as well (`upgrade`)."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import PixiError
from ...lockfile import packages
from ...lockfile.model import LockFile
from ...manifest.edit import ManifestEditor, Where, conda_name, pypi_name
from ...manifest.model import DEFAULT, CondaSpec, Feature, Manifest, PypiSpec
from ..context import Context
from ..locking.relock import Freedom, relock
from ..publishing.publication import Pair, publish, workspace_lock
from ..result import Changed
from ..trusting import remember
from ..workspace import OpenWorkspace, open_workspace, with_manifest
from .add import Asked, locked_versions
from .change import carry_out
from .pinning import conda_pin, pypi_pin
from .plan import Change, Pins

if TYPE_CHECKING:
    from ...lockfile.diff import LockDiff


async def update(
    context: Context,
    names: tuple[str, ...] = (),
    *,
    environments: tuple[str, ...] = (),
    platforms: tuple[str, ...] = (),
    dry_run: bool = False,
) -> LockDiff:
    """Solve again without the locked versions of the named packages (or of all), within what the manifest allows.

    Only the lock file changes. Raises PixiError for a package that is not locked, with near names.
    """
    from ...lockfile.diff import diff

    opened = open_workspace(context)
    for name in environments:
        opened.environment(name)
    with workspace_lock(opened.root, context, writes=not dry_run):
        opened = open_workspace(context)
        _known(opened, names)
        pairs = _pairs(opened, environments, platforms)
        keys = frozenset(key for n in names for key in (conda_name(n), pypi_name(n)))
        freedom = Freedom(unlock=keys, unlock_all=not names, pairs=pairs)
        relocked = await relock(replace(opened), context, freedom)
        if not dry_run and relocked.data is not None:
            publish(opened, Pair(lock=relocked.data), context)
            remember(replace(opened, lock=relocked.lock, lock_data=relocked.data), context)
        return diff(opened.lock, relocked.lock, opened.environments)


def _pairs(
    opened: OpenWorkspace, environments: Iterable[str], platforms: Iterable[str]
) -> frozenset[tuple[str, str]] | None:
    wanted, only = set(environments), set(platforms)
    if not wanted and not only:
        return None
    return frozenset(
        (e.name, p.name)
        for e in opened.environments.values()
        for p in e.platforms
        if (not wanted or e.name in wanted) and (not only or p.name in only)
    )


def _known(opened: OpenWorkspace, names: Iterable[str]) -> None:
    """Each name has to be a package of the lock file, or of the manifest where there is no lock yet."""
    known: set[str] = set()
    if opened.lock is not None:
        for environment in opened.lock.environments.values():
            known.update(packages.name(p) for rows in environment.packages.values() for p in rows)
    else:
        known.update(name for _, name, _ in _all_specs(opened.manifest))
    for name in names:
        if conda_name(name) not in known and pypi_name(name) not in known:
            raise PixiError(f"could not find a package named '{name}'", help=_near(name, known), code="unknown-package")


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
        environments = _using(opened)
        for line in _lost(chosen, environments):
            context.warn(line)

        async def worked_out(pins: Pins | None) -> Change:
            freedom = Freedom(unlock=frozenset(item.asked.key for item in chosen), pinned=pins)
            editor = ManifestEditor(opened.manifest_data, opened.manifest.path)
            for item in chosen:
                _write(editor, item, "*")
            relocked = await relock(with_manifest(opened, editor.data), context, freedom)
            for item in chosen:
                _write(editor, item, _pin(opened, item, relocked.lock, environments(item.where)))
            after = with_manifest(opened, editor.data)
            from .add import _settle

            settled = await _settle(after, relocked, context, freedom)
            return Change(opened, after, settled, notes=notes, again=worked_out)

        change = await worked_out(None)
        return await carry_out(change, context, dry_run=dry_run, restart=restart, force_loaded=force_loaded)


def _check_place(opened: OpenWorkspace, feature: str | None, environment: str | None) -> None:
    """The feature, or the environment with content of its own, that `upgrade` is limited to has to be there."""
    if feature is not None and feature not in opened.manifest.features:
        raise PixiError(
            f"could not find a feature named '{feature}'", help=_near(feature, opened.manifest.features), code="unknown"
        )
    if environment is None:
        return
    opened_as = opened.manifest.environments.get(environment)
    if opened_as is None:
        raise PixiError(
            f"could not find an environment named '{environment}'",
            help=_near(environment, opened.manifest.environments),
            code="unknown-environment",
        )
    if opened_as.inline is None:
        raise PixiError(
            f"the environment '{environment}' does not define any content inline",
            help="Its features are upgraded with --feature.",
            code="unknown",
        )


def _near(name: str, known: Iterable[str]) -> str | None:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f"did you mean '{near[0]}'?" if near else None


def _all_specs(manifest: Manifest) -> list[tuple[Where, str, CondaSpec | PypiSpec]]:
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
    specs = _all_specs(opened.manifest)
    known = {name for _, name, _ in specs}
    for name in names:
        if conda_name(name) not in known and pypi_name(name) not in known:
            raise PixiError(f"could not find a package named '{name}'", help=_near(name, known), code="unknown-package")
    return [
        (where, name, spec)
        for where, name, spec in specs
        if (feature is None or ((where.feature or DEFAULT) == feature and where.environment is None))
        and (environment is None or where.environment == environment)
        and (not wanted or name in wanted)
        and name not in left_out
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


def _using(opened: OpenWorkspace) -> Callable[[Where], list[str]]:
    """A function from a place to the names of the environments that it concerns."""

    def environments(where: Where) -> list[str]:
        if where.environment is not None:
            return [where.environment]
        name = where.feature or DEFAULT
        return [
            e.name for e in opened.environments.values() if any(f.name == name and not f.is_inline for f in e.features)
        ]

    return environments


def _lost(chosen: list[_Upgradable], environments: Callable[[Where], list[str]]) -> list[str]:
    """What is told of specs that no environment uses: as in Pixi they are left without a bound."""
    return [
        f"No environment uses the feature {item.where.feature}, so `{item.asked.name}` could not be pinned anew: "
        f"its bound was {item.bound}"
        for item in chosen
        if not environments(item.where) and item.bound not in (None, "*")
    ]


def _write(editor: ManifestEditor, item: _Upgradable, version: str) -> None:
    if item.asked.pypi is not None:
        editor.set_pypi(item.asked.name, replace(item.asked.pypi, version=version), item.where)
    elif item.asked.conda is not None:
        editor.set_conda(item.asked.name, replace(item.asked.conda, version=version), item.where)


def _pin(opened: OpenWorkspace, item: _Upgradable, lock: LockFile, environments: list[str]) -> str:
    found = locked_versions(lock, item.asked, environments)
    if item.asked.pypi is not None:
        return pypi_pin(found)
    return conda_pin(item.asked.key, found, opened.config.pinning_strategy)
