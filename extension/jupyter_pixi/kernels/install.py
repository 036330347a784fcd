"""Kernelspecs -> directories that every front end finds, and back: install, list, remove, prune.

For VS Code, papermill, nbconvert and quarto, which see only what lies in Jupyter's data folders. Several clones of a
workspace share their plain name: an install keeps the others' place in it and adds names of their own.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import system
from . import names
from .specs import METADATA, Spec

_PREPARED = ".pixi-"
"""What the names of folders begin with that are to become kernelspecs; the process's id follows."""


@dataclass(frozen=True)
class Installed:
    """A kernelspec of ours on disk. `manifests` are the workspaces it stands for, whether they still exist or not."""

    name: str
    folder: Path
    manifests: tuple[Path, ...]
    workspace: str
    environment: str
    kernel: str
    display_name: str

    @property
    def is_orphan(self) -> bool:
        """Whether none of its workspaces is left."""
        return not any(path.exists() for path in self.manifests)


def directory(*, prefix: Path | None = None, sys_prefix: bool = False) -> Path:
    """Where kernelspecs are installed: the user's folder, or below `prefix`, or below this interpreter's prefix."""
    if prefix is not None or sys_prefix:
        return (prefix if prefix is not None else Path(sys.prefix)) / "share" / "jupyter" / "kernels"
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "kernels"


def directories() -> tuple[Path, ...]:
    """Every folder in which Jupyter looks for kernelspecs on this machine."""
    from jupyter_core.paths import jupyter_path

    return tuple(dict.fromkeys(Path(path) for path in jupyter_path("kernels")))


def install(found: Iterable[Spec], target: Path) -> tuple[Path, ...]:
    """Writes the kernelspecs below `target`, each whole at once; returns their folders. Raises OSError."""
    target.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    present = {spec.name: spec for spec in installed([target])}
    written = []
    for spec in found:
        existing = present.get(spec.name)
        others = [path for path in _others(existing, spec) if path.exists()]
        if not others or existing is None:
            written.append(_write(spec, target))
            continue
        document = json.loads((existing.folder / "kernel.json").read_bytes())
        ours = Spec(_own_name(spec.document), _alone(spec.document, _manifests(spec.document)), spec.resources)
        theirs = [
            Spec(_own_name(_alone(document, [m])), _alone(document, [m]), _files(existing.folder)) for m in others
        ]
        # Their own names first: they borrow the logos of the plain one that is then replaced.
        written += [_write(other, target) for other in (*theirs, ours)]
        written.append(_write(Spec(spec.name, _shared(spec.document, others), spec.resources), target))
    return tuple(written)


def installed(where: Iterable[Path] | None = None) -> tuple[Installed, ...]:
    """Our kernelspecs below these folders (default: wherever Jupyter looks), by folder and name."""
    found = []
    for folder in directories() if where is None else where:
        for path in sorted(folder.glob("pixi.*/kernel.json")):
            spec = _read(path)
            if spec is not None:
                found.append(spec)
    return tuple(found)


def remove(
    manifest: Path | None, environments: Sequence[str] | None = None, where: Iterable[Path] | None = None
) -> tuple[Path, ...]:
    """Takes back the kernelspecs of a workspace (None: of all), maybe only those of some environments.

    From one that stands for other workspaces as well, only this workspace is taken out. Returns the folders touched.
    Raises OSError.
    """
    touched = []
    for spec in installed(where):
        if environments is not None and spec.environment not in environments:
            continue
        others = [path for path in spec.manifests if path != manifest and path.exists()] if manifest else []
        if manifest is not None and manifest not in spec.manifests:
            continue
        if others:
            _keep_only(spec, others)
        else:
            shutil.rmtree(spec.folder)
        touched.append(spec.folder)
    return tuple(touched)


def prune(where: Iterable[Path] | None = None) -> tuple[Path, ...]:
    """Removes kernelspecs whose workspaces are gone, as far as this user may; returns their folders."""
    gone = []
    for spec in installed(where):
        if not spec.is_orphan:
            continue
        try:
            shutil.rmtree(spec.folder)
        except OSError:  # installed for everybody by somebody else
            continue
        gone.append(spec.folder)
    return tuple(gone)


def _read(path: Path) -> Installed | None:
    try:
        document = json.loads(path.read_bytes())
        ours = document["metadata"][METADATA]
        return Installed(
            path.parent.name,
            path.parent,
            tuple(Path(manifest) for manifest in ours["manifests"]),
            str(ours["workspace"]),
            str(ours["environment"]),
            str(ours["kernel"]),
            str(document["display_name"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(spec: Spec, target: Path) -> Path:
    """The spec's folder. While its files are replaced, and if that is cut short, there is always a whole kernelspec."""
    prepared = Path(tempfile.mkdtemp(prefix=f"{_PREPARED}{os.getpid()}-", dir=target))
    try:
        for name, source in spec.resources.items():
            shutil.copyfile(source, prepared / name)
        text = json.dumps(spec.document, indent=1, ensure_ascii=False)
        (prepared / "kernel.json").write_text(text + "\n", encoding="utf-8")
        prepared.chmod(0o755)
        _exchange(prepared, target / spec.name)
    except BaseException:
        shutil.rmtree(prepared, ignore_errors=True)
        raise
    return target / spec.name


def _exchange(prepared: Path, place: Path) -> None:
    """Put a folder in another's place, file by file: two renamed folders would leave a moment without any."""
    if not place.exists():
        prepared.rename(place)
        return
    names = {path.name for path in prepared.iterdir()}
    for name in names:
        (prepared / name).replace(place / name)
    prepared.rmdir()
    for path in place.iterdir():
        if path.name not in names:
            path.unlink()


def _sweep(target: Path) -> None:
    """Remove what processes that are gone had prepared."""
    for folder in target.glob(f"{_PREPARED}*"):
        pid = folder.name.removeprefix(_PREPARED).partition("-")[0]
        if not pid.isdecimal() or not system.is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _keep_only(spec: Installed, manifests: Sequence[Path]) -> None:
    document = json.loads((spec.folder / "kernel.json").read_bytes())
    document = {**_alone(document, manifests), "display_name": spec.display_name}
    _write(Spec(spec.name, document, _files(spec.folder)), spec.folder.parent)


def _files(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in folder.iterdir() if path.name != "kernel.json"}


def _manifests(document: Mapping[str, Any]) -> list[Path]:
    return [Path(path) for path in document["metadata"][METADATA]["manifests"]]


def _others(existing: Installed | None, spec: Spec) -> list[Path]:
    ours = _manifests(spec.document)
    return [path for path in existing.manifests if path not in ours] if existing is not None else []


def _own_name(document: Mapping[str, Any]) -> str:
    ours = document["metadata"][METADATA]
    root = str(Path(ours["manifests"][0]).parent)
    return str(names.name(ours["workspace"], ours["environment"], ours["kernel"], root))


def _alone(document: Mapping[str, Any], manifests: Sequence[Path]) -> dict[str, Any]:
    """The kernel.json for these workspaces only; with the folder in its display name if it is a single one."""
    shown = document["display_name"]
    if len(manifests) == 1:
        shown = f"{shown} ({names.folder_shown(str(manifests[0].parent), None)})"
    return {**_for_manifests(document, manifests), "display_name": shown}


def _shared(document: Mapping[str, Any], others: Sequence[Path]) -> dict[str, Any]:
    return _for_manifests(document, [*_manifests(document), *others])


def _for_manifests(document: Mapping[str, Any], manifests: Sequence[Path]) -> dict[str, Any]:
    argv = list(document["argv"])
    while "--manifest" in argv:
        index = argv.index("--manifest")
        del argv[index : index + 2]
    index = argv.index("--environment")
    argv[index:index] = [word for path in manifests for word in ("--manifest", str(path))]
    metadata = document["metadata"]
    ours = {**metadata[METADATA], "manifests": [str(path) for path in manifests]}
    return {**document, "argv": argv, "metadata": {**metadata, METADATA: ours}}
