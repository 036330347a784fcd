"""Turns a manifest's path into what the environments panel shows of its workspace: read-only, offline, on a thread."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..environments.host import Host
    from ..environments.model import Environment
    from ..manifest.model import Feature, Platform
    from ..operations.context import Context
    from ..operations.looking.listing import Row
    from ..operations.workspace import OpenWorkspace


def opened(manifest: Path, environ: Mapping[str, str] = os.environ) -> OpenWorkspace:
    """The workspace as it is on disk; the same object again while its files stay as they are. Raises PixiError."""
    return _opened(manifest, _stamp(manifest), _Variables(environ))


def workspace(manifest: Path, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The workspace's features, and its environments with what they ask for and what is locked where.

    Per environment: `platforms` (the matrix's cells: locked, up to date, runs here or why not) and `dependencies`
    (each with `requested` and `locked` by platform). Raises PixiError.
    """
    from .. import policy
    from ..environments import host
    from ..operations.publishing.history import entries, positions

    found = opened(manifest, environ)
    context = _context(manifest, environ)
    machine = host(environ)
    done, undone = positions(entries(found.root))
    return {
        "manifest": str(manifest),
        "name": found.manifest.workspace.name,
        "channels": [c.text for c in found.environments["default"].channels],
        "platforms": [_platform(p) for p in found.platforms],
        "machine": {"subdir": machine.subdir, "virtual_packages": [str(v) for v in machine.virtual_packages]},
        "lock": _lock(found),
        "features": [_feature(f) for f in found.manifest.features.values()],
        "environments": [_environment(found, e, machine, context) for e in found.environments.values()],
        "undo": shown(done[-1].command) if done else None,
        "redo": shown(undone[-1].command) if undone else None,
        "frozen": found.manifest.settings.get("frozen") is True
        or policy.read(environ).freezes(str(found.root)) is not None,
    }


def packages(
    manifest: Path, environment: str, platform: str | None, environ: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """All locked packages of an environment on a platform (default: this machine's). Raises PixiError."""
    from ..operations.looking.look import platform_to_show

    found = opened(manifest, environ)
    one = found.environment(environment)
    on = platform_to_show(found, one, platform, _context(manifest, environ))
    rows = _rows(found, one, on)
    return {
        "environment": environment,
        "platform": on.name,
        "packages": [
            {
                "name": row.name,
                "version": row.version,
                "build": row.build,
                "type": row.kind,
                "size": row.size,
                "requested": row.requested,
                "source": row.source,
            }
            for row in rows
        ],
    }


def trust(manifest: Path, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """What the start of a kernel of this workspace would do, and whether the user has agreed to that.

    Per environment that runs here: what `operations/starting` says. Raises PixiError.
    """
    from .. import policy
    from .. import trust as record
    from ..operations.looking.starting import starts

    found = opened(manifest, environ)
    context = _context(manifest, environ)
    verdict = record.check(str(found.root), environ)
    return {
        "manifest": str(manifest),
        "trusted": verdict.trusted,
        "reason": verdict.reason or None,
        "forbidden": verdict.forbidden,
        "changed": list(verdict.changed),
        "files": [
            name
            for file in record.what_runs(found.manifest, found.lock)
            if Path(file).exists() and not (name := os.path.relpath(file, found.root)).startswith("..")
        ],
        "install_at_start": policy.read(environ).forbids_install_at_start is None,
        "environments": [start.to_json() for start in starts(found, context)],
    }


def agree(manifest: Path, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Record the user's word, as `jupyter pixi trust` does. Raises PixiError, Refused where it is not the user's."""
    from ..operations.policy import refuse_if_forbidden
    from ..operations.trusting import remember

    found = opened(manifest, environ)
    refuse_if_forbidden(found.root, environ)
    remember(found, _context(manifest, environ))
    return trust(manifest, environ)


def drift(manifest: Path, environment: str, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """What an installed environment has that its lock does not say, by another tool's hand. Raises PixiError."""
    from ..operations.installing.drifting import drift_of

    found = opened(manifest, environ)
    found.environment(environment)
    rows = drift_of(found, environment, _context(manifest, environ)) if found.lock_error is None else ()
    return {"environment": environment, "rows": [row.to_dict() for row in rows]}


def disk(manifest: Path, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """How many bytes each installed environment takes; files with several names count once each. Raises PixiError."""
    from ..operations.targets import prefix_of

    found = opened(manifest, environ)
    sizes = {name: _size(prefix_of(found, name)) for name in found.environments}
    return {"manifest": str(manifest), "environments": sizes, "total": sum(size or 0 for size in sizes.values())}


def shown(command: Sequence[str]) -> str:
    """A command as people know it: without the manifest, which they are looking at, and how it was carried out."""
    words = iter(command)
    kept = []
    for word in words:
        if word in ("--manifest-path", "-m"):
            next(words, None)
        elif not word.startswith("--manifest-path=") and word not in ("--restart", "--offline"):
            kept.append(word)
    return " ".join(kept)


def _context(manifest: Path, environ: Mapping[str, str]) -> Context:
    from ..operations.context import Context

    return Context(cwd=manifest.parent, environ=environ, manifest_path=manifest)


class _Variables(dict[str, str]):
    """Variables that can be the key of a cache: by what they are."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


def _stamp(manifest: Path) -> tuple[tuple[int, int] | None, ...]:
    def one(path: Path) -> tuple[int, int] | None:
        try:
            found = path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    root = manifest.parent
    return tuple(map(one, (manifest, root / "pixi.lock", root / ".pixi" / "config.toml")))


@functools.lru_cache(maxsize=8)
def _opened(manifest: Path, stamp: Any, environ: _Variables) -> OpenWorkspace:
    from ..operations.workspace import open_workspace

    return open_workspace(_context(manifest, environ), tolerate_lock=True)


def _platform(platform: Platform) -> dict[str, Any]:
    return {"name": platform.name, "subdir": platform.subdir}


def _lock(found: OpenWorkspace) -> dict[str, Any]:
    if found.lock_error is not None:
        return {"exists": True, "up_to_date": False, "reason": found.lock_error.message}
    if found.lock is None:
        return {"exists": False, "up_to_date": False, "reason": None}
    return {"exists": True, "up_to_date": found.verdict.up_to_date, "reason": found.verdict.reason}


def _feature(feature: Feature) -> dict[str, Any]:
    from ..operations.looking.listing import conda_text, pypi_text

    return {
        "name": feature.name,
        "inline": feature.is_inline,
        "targets": [
            {
                "selector": target.selector,
                "conda": {name: conda_text(spec) for name, spec in target.dependencies.items()},
                "pypi": {name: pypi_text(specs[0]) for name, specs in target.pypi_dependencies.items() if specs},
            }
            for target in feature.targets
        ],
    }


def _environment(found: OpenWorkspace, one: Environment, machine: Host, context: Context) -> dict[str, Any]:
    from ..environments import choose_platform
    from ..operations.targets import locked_requirements

    choice = choose_platform(one, machine, locked_requirements(found.lock, one.name))
    return {
        "name": one.name,
        "features": [f.name for f in one.features],
        "solve_group": one.solve_group,
        "platform": choice.platform.name if choice.platform else None,
        "platforms": [_cell(found, one, p, machine) for p in one.platforms],
        "dependencies": _dependencies(found, one),
    }


def _cell(found: OpenWorkspace, one: Environment, platform: Platform, machine: Host) -> dict[str, Any]:
    from ..environments.pick import asked_of, missing_packages

    locked = found.lock.environments.get(one.name) if found.lock is not None else None
    verdict = None
    if found.lock is not None and found.lock_error is None:
        verdict = found.verdict.environments.get(one.name, {}).get(platform.name)
    why = None
    if platform.subdir != machine.subdir:
        why = f"It is for {platform.subdir}, and this machine is {machine.subdir}."
    elif missing := missing_packages(platform, machine):
        why = "This machine does not have " + ", ".join(map(asked_of, missing)) + "."
    return {
        **_platform(platform),
        "locked": len(locked.packages[platform.name]) if locked and platform.name in locked.packages else None,
        "up_to_date": verdict.up_to_date if verdict is not None else False,
        "reason": verdict.reason if verdict is not None else None,
        "why_not_here": why,
    }


def _dependencies(found: OpenWorkspace, one: Environment) -> list[dict[str, Any]]:
    """What the environment asks for, in any platform, in the order of the names."""
    from ..operations.looking.listing import conda_text, pypi_text

    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for platform in one.platforms:
        on = one.on.get(platform.name)
        if on is None:
            continue
        versions = {(row.kind, _same(row.name)): row.version for row in _rows(found, one, platform)}
        conda = [("conda", name, conda_text(spec)) for name, spec in on.dependencies]
        pypi = [("pypi", name, pypi_text(spec)) for name, spec in on.pypi_dependencies]
        for kind, name, text in (*conda, *pypi):
            row = rows.setdefault(
                (kind, name),
                {"name": name, "type": kind, "feature": _home(one, kind, name), "requested": {}, "locked": {}},
            )
            row["requested"].setdefault(platform.name, text)
            row["locked"][platform.name] = versions.get((kind, _same(name)))
    return sorted(rows.values(), key=lambda row: (row["name"], row["type"]))


def _rows(found: OpenWorkspace, one: Environment, platform: Platform) -> tuple[Row, ...]:
    from ..operations.looking.listing import rows

    return rows(found, found.lock, one, platform) if found.lock is not None else ()


def _home(one: Environment, kind: str, name: str) -> str | None:
    """The first of the environment's features that asks for a package."""
    for feature in one.features:
        for target in feature.targets:
            if name in (target.dependencies if kind == "conda" else target.pypi_dependencies):
                return feature.name
    return None


def _same(name: str) -> str:
    return name.replace("_", "-").lower()


def _size(prefix: Path) -> int | None:
    """The bytes of a prefix's files, links not followed; None if it is not installed."""
    if not prefix.is_dir():
        return None
    total = 0
    for base, _, files in os.walk(prefix):
        for name in files:
            try:
                total += os.lstat(os.path.join(base, name)).st_size  # noqa: PTH118 - a hundred thousand of them
            except OSError:
                continue
    return total
