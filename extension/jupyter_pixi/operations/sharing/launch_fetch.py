"""Turns a target into a folder: cloned, downloaded and unpacked, or as it is. Runs nothing of what it fetched.

A folder that is there from an earlier launch keeps what its user changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from ...errors import Refused
from . import launch_git
from .launch_archive import only_folder, unpack
from .launch_download import download
from .launch_record import archive_of
from .launch_target import FOR_PERSONS, Rules, Target

RECORD = Path(".pixi", "jupyter-pixi", "launched.json")
"""Where an unpacked archive's address is kept, in the folder that it was unpacked into."""

Tell = Callable[[str], None]


def fetch(
    target: Target, place: Path, tell: Tell, environ: Mapping[str, str] | None = None, rules: Rules = FOR_PERSONS
) -> Path:
    """Bring the target to `place` (a folder's own place is used as it is) and return where it is.

    Raises Refused, NetworkError or InstallError with a sentence. A new place is removed again if it fails.
    """
    if target.kind == "folder":
        return Path(target.address)
    environ = environ if environ is not None else os.environ
    if place.exists() and any(place.iterdir()):
        if target.kind == "git":
            launch_git.forward(target, place, tell, environ)
            return place
        return _kept(target, place, tell)
    try:
        if target.kind == "git":
            launch_git.clone(target, place, environ)
            return place
        return _unpacked(target, place, tell, rules)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise


def advance(target: Target, place: Path, fetched: Path, tell: Tell, environ: Mapping[str, str] | None = None) -> None:
    """Bring a folder of an earlier launch to what was fetched of the same target, where that loses nothing.

    A clone gets the commit of the other clone; an unpacked archive stays. Raises Refused if it is something else.
    """
    if target.kind == "git":
        launch_git.advance(target, place, fetched, tell, environ if environ is not None else os.environ)
    else:
        _kept(target, place, tell)


def _unpacked(target: Target, place: Path, tell: Tell, rules: Rules) -> Path:
    archive = archive_of(target, rules) if target.kind == "record" else target
    if "://" not in archive.address:
        _check_digest(Path(archive.address), archive.digest)
        unpack(Path(archive.address), place, tell)
    else:
        with tempfile.TemporaryDirectory(prefix="jupyter-pixi-download-") as folder:
            file = download(archive, Path(folder), rules)
            _check_digest(file, archive.digest)
            unpack(file, place, tell)
    where = only_folder(place)
    record = where / RECORD
    record.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    record.write_text(json.dumps({"address": target.shown}))
    return where


def _check_digest(file: Path, expected: str) -> None:
    """Raise Refused for an archive that has not the checksum that was asked for; "" asks for none."""
    if not expected:
        return
    name, _, wanted = expected.partition(":")
    with file.open("rb") as data:
        found = hashlib.file_digest(data, lambda: hashlib.new(name, usedforsecurity=False)).hexdigest()
    if found != wanted:
        raise Refused(
            f"{file.name} is not the archive that was asked for: its {name} is {found}, not {wanted}.",
            help="It was changed or damaged since; nothing of it was unpacked.",
            code="digest",
        )


def _kept(target: Target, place: Path, tell: Tell) -> Path:
    """The folder of an archive that was launched before; it stays as it is. Raises Refused if it is something else."""
    for where in (place, only_folder(place)):
        try:
            address = json.loads((where / RECORD).read_bytes()).get("address")
        except (OSError, ValueError, AttributeError):
            continue
        if address == target.shown:
            tell(f"{where} stays as it is: it was unpacked before. Move it away to have the archive anew.")
            return where
    raise Refused(
        f"{place} is not empty, and not unpacked from {target.shown}.",
        help="Name another place for it, or move it away.",
        code="not-empty",
    )
