"""Every marker and fingerprint that the real Pixi left beside a recorded lock, computed again from that lock."""

from __future__ import annotations

import tarfile
from pathlib import Path, PurePosixPath

import pytest
from jupyter_pixi.lockfile import read_lock
from jupyter_pixi.prefix import digests, markers
from jupyter_pixi.prefix.wanted import wanted

from . import recordings

CASES = recordings.GOLDEN / "cases.tar.xz"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the recordings are not beside the checkout")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Every recorded lock, marker and fingerprint by its path in the archive."""
    found: dict[str, bytes] = {}
    with tarfile.open(CASES) as archive:
        for member in archive:
            if member.isfile() and ("/conda-meta/" in member.name or member.name.endswith("/pixi.lock")):
                file = archive.extractfile(member)
                assert file is not None
                found[member.name] = file.read()
    return found


def test_markers_and_fingerprints_are_reproduced(files: dict[str, bytes]) -> None:
    wrong: list[str] = []
    hashes = fingerprints = 0
    for name, content in files.items():
        path = PurePosixPath(name)
        if path.name != "pixi" or path.parent.name != "conda-meta":
            continue
        marker = markers.parse_marker(content.decode())
        assert marker is not None and marker.platform is not None
        assert marker.to_json().encode() == content, f"{name}: the text is written otherwise"
        state = path.parents[4]
        lock = read_lock(files[f"{state}/pixi.lock"], Path("pixi.lock"))
        subdir, virtual = marker.platform
        row = next(p for p in lock.platforms if p.subdir == subdir and set(p.virtual_packages) == set(virtual))
        if marker.environment not in lock.environments:
            continue  # removed from the manifest since
        want = wanted(lock, marker.environment, row.name, subdir, virtual)
        fingerprint = files.get(f"{path.parent}/{markers.FINGERPRINT_FILE}")
        installed = bytes.fromhex(fingerprint.decode()).decode() if fingerprint else None
        if installed is not None:
            if installed != want.fingerprint and not _is_behind(files, path):
                wrong.append(f"{name}: fingerprint {want.fingerprint}, recorded {installed}")
            fingerprints += 1
        if marker.hash in (markers.INVALID_HASH, digests.NOTHING):
            continue
        if marker.hash != want.hash and not _is_behind(files, path):
            wrong.append(f"{name}: hash {want.hash}, recorded {marker.hash}")
        elif marker.hash == want.hash:
            hashes += 1
            assert marker.minimum == (subdir, want.requirements), name
    assert not wrong, "\n".join(wrong)
    assert hashes > 80 and fingerprints > 80


def _is_behind(files: dict[str, bytes], marker: PurePosixPath) -> bool:
    """Whether the step only changed the lock: the prefix stayed as an earlier step had left it."""
    state = marker.parents[4]
    before = state.parent / str(int(state.name) - 1)
    same = files.get(f"{before}/{marker.relative_to(state)}") == files[str(marker)]
    return same and files.get(f"{before}/pixi.lock") is not None
