"""An environment as the manifest has it and as the lock has it -> the first difference that concerns it as a whole.

(Pixi's checks and their order; channels, platforms, PyPI indexes and options, solve options, cut-offs.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from .. import packages as of
from ..model import LockEnvironment, LockFile, LockPlatform, Package
from ..platforms import customised
from . import tags
from .pypi import canonical_index
from .verdict import Unsatisfied

if TYPE_CHECKING:
    from pathlib import Path

    from ...environments.cutoffs import Cutoffs
    from ...environments.model import Environment
    from ...manifest.model import PypiOptions, PypiSpec

_STRATEGIES = {"lowest": "lowest-version", "lowest-direct": "lowest-version-direct"}
_DEFAULT_PRERELEASES = "if-necessary-or-explicit"


def check_environment(
    environment: Environment, group: Environment, lock: LockFile, cutoffs: Cutoffs, root: Path
) -> None:
    """Compare an environment (and the solve group it belongs to) with its entry in the lock.

    Raises `Unsatisfied` with the first difference. `root` is the workspace's folder.
    """
    locked = lock.environments[environment.name]
    _channels(group, locked)
    _extra_platforms(environment, locked, lock)
    for platform in environment.platforms:
        row = lock.platform(platform.name)
        if row is not None:
            _definition(platform.name, platform.subdir, map(str, platform.declared), row)
    if environment.has_plain_pypi:
        _indexes(group.pypi_options, locked, lock.version)
        _no_build(environment, group.pypi_options, locked, root)
        _wheel_tags(environment, locked, lock)
    _options(environment, group, locked)
    _cutoffs(locked, cutoffs)


def _channels(group: Environment, locked: LockEnvironment) -> None:
    wanted = [channel.url.rstrip("/") for channel in group.channels]
    have = [channel.rstrip("/") for channel in locked.channels]
    if wanted == have:
        return
    if wanted[: len(have)] == have:
        raise Unsatisfied("channels were extended with additional lower-priority channels")
    raise Unsatisfied("the channels in the lock file do not match the environments channels", keep="nothing")


def _extra_platforms(environment: Environment, locked: LockEnvironment, lock: LockFile) -> None:
    names = {platform.name for platform in environment.platforms}
    subdirs = {platform.subdir for platform in environment.platforms}
    extra = [
        name
        for name, packages in locked.packages.items()
        if packages and name not in names and (row := lock.platform(name)) is not None and row.subdir not in subdirs
    ]
    if extra:
        raise _present_only_in_lock(extra)


def check_nothing_left(environment: Environment, lock: LockFile) -> None:
    """Find rich platforms that are locked for an environment that has them no more.

    Pixi does not notice one that is gone while another has its subdir. To be asked last: where anything else is amiss,
    that is what Pixi tells. Raises `Unsatisfied`.
    """
    names = {platform.name for platform in environment.platforms}
    rich = {row.name for row in lock.platforms if row.name != row.subdir}
    left = rich & {name for name, packages in lock.environments[environment.name].packages.items() if packages} - names
    if left:
        raise _present_only_in_lock(left)


def _present_only_in_lock(names: Iterable[str]) -> Unsatisfied:
    return Unsatisfied(f"platform(s) '{', '.join(sorted(names))}' present in the lock file but not in the environment")


def _definition(name: str, subdir: str, declared: Iterable[str], row: LockPlatform) -> None:
    if row.subdir != subdir:
        raise Unsatisfied(
            f"the workspace platform '{name}' uses subdir '{subdir}' but the lock-file was solved with subdir "
            f"'{row.subdir}'",
            keep="nothing",
        )
    wanted, have = customised(subdir, declared), customised(subdir, row.virtual_packages)
    if wanted != have:
        raise Unsatisfied(
            f"the workspace platform '{name}' declares virtual packages [{', '.join(sorted(wanted))}] but the "
            f"lock-file was solved with [{', '.join(sorted(have))}]",
            keep="nothing",
        )


def wanted_indexes(options: PypiOptions) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The PyPI indexes and find-links that a lock of these options records."""
    from ..simple_index import default_index

    first = options.index_url or default_index()
    return (first, *options.extra_index_urls), tuple(options.find_links)


def _indexes(options: PypiOptions, locked: LockEnvironment, version: int) -> None:
    if locked.indexes is None:
        if version >= 5 and any(True for _ in _pypi(locked)):
            raise Unsatisfied("the indexes used to previously solve to lock file are missing", keep="conda")
        return
    indexes, links = wanted_indexes(options)
    same_indexes = [canonical_index(url) for url in locked.indexes] == [canonical_index(url) for url in indexes]
    same_links = [(kind, canonical_index(url)) for kind, url in locked.find_links] == [
        (kind, canonical_index(url)) for kind, url in links
    ]
    if not (same_indexes and same_links):
        have = [*locked.indexes, *(link for _, link in locked.find_links)]
        want = [*indexes, *(link for _, link in links)]
        raise Unsatisfied(
            "the indexes used to previously solve to lock file do not match the environments indexes.\n "
            f"Expected: {', '.join(want)}\n Found: {', '.join(have)}",
            keep="conda",
        )


def _pypi(locked: LockEnvironment) -> Iterator[Package]:
    return (item for packages in locked.packages.values() for item in packages if item.kind == "pypi")


def plain_pypi(environment: Environment) -> Mapping[str, PypiSpec]:
    """The PyPI dependencies of tables without a target, by normalised name (the last spec of each)."""
    return {
        of.normalize(name): specs[-1]
        for feature in environment.features
        for name, specs in feature.targets[0].pypi_dependencies.items()
        if specs
    }


def _no_build(environment: Environment, options: PypiOptions, locked: LockEnvironment, root: Path) -> None:
    forbidden = options.no_build
    if not forbidden:
        return
    names = None if isinstance(forbidden, bool) else {of.normalize(name) for name in forbidden}
    declared = plain_pypi(environment)
    for package in _pypi(locked):
        name = of.normalize(of.name(package))
        spec = declared.get(name)
        editable = spec is not None and spec.path is not None and bool(spec.editable)
        if of.is_wheel(package) or (editable and not of.is_url(package)):
            continue
        if names is None or name in names:
            raise Unsatisfied(
                f"the lock file contains non-binary package: '{name}', but the pypi-option `no-build` is set",
                keep="conda",
            )


def _wheel_tags(environment: Environment, locked: LockEnvironment, lock: LockFile) -> None:
    for name, packages in locked.packages.items():
        row = lock.platform(name)
        python = next((item for item in packages if item.kind == "conda" and of.name(item) == "python"), None)
        if row is None or python is None:
            continue
        platform = environment.platform(name) or next(
            (item for item in environment.platforms if item.subdir == row.subdir), None
        )
        on = environment.on.get(platform.name) if platform is not None else None
        declared = {item.name: item.version for item in on.virtual_packages} if on is not None else {}
        target = tags.target(row.subdir, declared, python)
        if target is None:
            continue
        for package in packages:
            if of.is_wheel(package) and not tags.fits(of.file_name(package) or "", target):
                raise Unsatisfied(
                    "the lock file was solved with system requirements incompatible with the tags on wheel "
                    f"({of.name(package)})",
                    keep="conda",
                )


def _options(environment: Environment, group: Environment, locked: LockEnvironment) -> None:
    strategy = _STRATEGIES.get(environment.solve_strategy, environment.solve_strategy)
    _same("strategy", locked.options.strategy or "highest", strategy, "nothing")
    _same("channel priority", locked.options.channel_priority or "strict", environment.channel_priority, "nothing")
    mode = group.pypi_options.prerelease_mode or _DEFAULT_PRERELEASES
    _same("PyPI prerelease mode", locked.options.pypi_prerelease_mode or _DEFAULT_PRERELEASES, mode, "conda")


def _same(what: str, have: str, want: str, keep: str) -> None:
    if have != want:
        raise Unsatisfied(
            f"the lock file was solved with a different {what} ({have}) than the one selected ({want})",
            keep="conda" if keep == "conda" else "nothing",
        )


def _cutoffs(locked: LockEnvironment, cutoffs: Cutoffs) -> None:
    if cutoffs.is_empty:
        return
    for packages in locked.packages.values():
        for package in packages:
            built = of.timestamp(package) if package.kind != "pypi" else None
            if built is None:
                continue
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=built)
            limit = cutoffs.for_conda(of.name(package).lower(), of.channel(package))
            if limit is not None and at > limit:
                raise Unsatisfied(
                    f"the locked package '{of.name(package)}' has timestamp {_instant(at)}, which is newer than the "
                    f"environment's exclude-newer cutoff {_instant(limit)}",
                    keep="nothing",
                )


def _instant(at: datetime) -> str:
    text = at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return text.rstrip("Z").rstrip("0") + "Z" if "." in text else text
