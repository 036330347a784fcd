"""A workspace's folder -> whether the user agreed to what starting it would run.

What would run is a list of files: manifest, lock file, workspace configuration, activation scripts and the build
files of local sources. Trusting a workspace keeps their digests in a record of the user's own, outside the workspace,
one per root (so a copy that came by mail is asked about again). Checking reads that record and hashes those files:
it needs neither TOML nor YAML, because another list of files would need another manifest or lock file.

An administrator may decide for everybody (see `policy`).
"""

from __future__ import annotations

import json
import os
import time

from . import folders, policy
from .digests import file_digest, text_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeAlias

    from .lockfile.model import LockFile
    from .manifest.model import Manifest

    Digest: TypeAlias = Callable[[str], str | None]

BUILD_FILES = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "pixi.toml",
    "recipe.yaml",
    "recipe.yml",
    "meson.build",
    "CMakeLists.txt",
    "Cargo.toml",
    "build.rs",
    "hatch_build.py",
    "build.py",
)
"""Files of a local source that steer its build; the source itself may change without a new question."""


class Verdict:
    """Whether a workspace may run, and why not: `changed` are files that differ from what was agreed to.

    `forbidden` means that the administrator does not leave it to the user.
    """

    __slots__ = ("changed", "forbidden", "reason", "trusted")

    def __init__(self, trusted: bool, reason: str = "", changed: tuple[str, ...] = (), forbidden: bool = False) -> None:
        self.trusted = trusted
        self.reason = reason
        self.changed = changed
        self.forbidden = forbidden


def check(
    root: str,
    environ: Mapping[str, str],
    *,
    digest: Digest = file_digest,
    rules: policy.Policy | None = None,
) -> Verdict:
    """Whether the workspace at `root` may run now. Reads files only; never raises.

    `digest` gives the SHA-256 of a file or None if it is missing (a caller that has some already passes its own).
    """
    root = os.path.realpath(root)
    rules = rules if rules is not None else policy.read(environ)
    who = rules.forbids(root)
    if who is not None:
        return Verdict(False, f"the administrator does not allow this workspace to run ({who})", forbidden=True)
    if rules.trusts(root):
        return Verdict(True, "the administrator trusts it")
    record = _read(record_path(root, environ))
    files = record.get("files")
    if record.get("root") != root or not isinstance(files, dict) or not files:
        return Verdict(False, "you have not said yet that you trust this workspace")
    upcoming = record.get("upcoming") or {}
    changed = tuple(
        path
        for path, agreed in files.items()
        if digest(os.path.join(root, path)) not in (agreed, upcoming.get(path, agreed))
    )
    if changed:
        return Verdict(False, "what would run has changed since you trusted this workspace", changed)
    return Verdict(True)


def record(
    root: str, files: Iterable[str], environ: Mapping[str, str], upcoming: Mapping[str, str | None] | None = None
) -> str:
    """Trusts the workspace at `root` as its `files` (absolute paths) are now; returns the record's path.

    A file that is missing is recorded as missing, so that its coming is a change. `upcoming` are the digests that some
    of them are about to get (None: to go) by the user's own command: if that is cut short, the workspace is trusted
    all the same. Raises OSError.
    """
    root = os.path.realpath(root)

    def name_of(path: str) -> str:
        return os.path.relpath(os.path.realpath(os.path.join(root, path)), root)

    names = sorted({name_of(path) for path in files})
    document = {
        "version": 1,
        "root": root,
        "time": time.time(),
        "files": {name: file_digest(os.path.join(root, name)) for name in names},
    }
    if upcoming:
        document["upcoming"] = {name_of(path): digest for path, digest in upcoming.items()}
    path = record_path(root, environ)
    folders.private(os.path.dirname(path))
    temporary = f"{path}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)
    os.replace(temporary, path)
    return path


def forget(root: str, environ: Mapping[str, str]) -> bool:
    """Takes the word back; returns whether there was one."""
    try:
        os.unlink(record_path(os.path.realpath(root), environ))
    except FileNotFoundError:
        return False
    return True


def record_path(root: str, environ: Mapping[str, str]) -> str:
    """Where the record of the workspace at `root` (a resolved path) is kept."""
    return os.path.join(folders.data(environ), "trust", text_digest(root)[:32] + ".json")


def what_runs(manifest: Manifest, lock: LockFile | None) -> tuple[str, ...]:
    """Every file of the workspace that decides what a start installs and runs, as absolute paths.

    All platforms and environments count: one answer covers the workspace.
    """
    root = str(manifest.root)
    files = [str(manifest.path), os.path.join(root, "pixi.lock"), os.path.join(root, ".pixi", "config.toml")]
    sources = set()
    for feature in manifest.features.values():
        for target in feature.targets:
            files += _scripts(root, target.activation)
            specs = [*target.dependencies.values(), *target.host_dependencies.values()]
            specs += [*target.build_dependencies.values(), *target.dev.values()]
            sources |= {spec.path for spec in specs if spec.path and spec.is_source}
            pypi = (spec for several in target.pypi_dependencies.values() for spec in several)
            sources |= {spec.path for spec in pypi if spec.path and not _is_archive(spec.path)}
    for environment in lock.environments.values() if lock is not None else ():
        for packages in environment.packages.values():
            sources |= {p.location for p in packages if _is_local_source(p.location)}
    for source in sources:
        folder = os.path.join(root, source)
        files += [os.path.join(folder, name) for name in BUILD_FILES]
    return tuple(dict.fromkeys(os.path.normpath(file) for file in files))


def _scripts(root: str, activation: Any) -> list[str]:
    return [os.path.join(root, script) for script in (activation.scripts or ())] if activation else []


def _is_archive(path: str) -> bool:
    return path.endswith((".whl", ".conda", ".tar.bz2"))


def _is_local_source(location: str) -> bool:
    return "://" not in location and not _is_archive(location)


def _read(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
