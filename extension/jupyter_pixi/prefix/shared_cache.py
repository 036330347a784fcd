"""Package caches that several users share, read-only -> a layer of links that an install can take packages from.

py-rattler has layers, but wants to write a lock file beside each package, also where the layer is read-only. So the
layer is a folder of links to the shared packages, with lock files of its own, for as long as one install takes.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .. import policy

if TYPE_CHECKING:
    from rattler import CacheIndex, RepoDataRecord


@dataclass(frozen=True)
class SharedCache:
    """A folder of unpacked packages, and what is in it."""

    folder: Path
    index: CacheIndex


async def shared_caches(environ: Mapping[str, str]) -> tuple[SharedCache, ...]:
    """The shared caches that the administrator names and that can be read, in order.

    Each is a folder of packages, or a cache folder of Pixi, which has them in `pkgs`.
    """
    import rattler
    from rattler.exceptions import IoError

    found = []
    for name in policy.read(environ).shared_caches:
        folder = Path(name) / "pkgs" if (Path(name) / "pkgs").is_dir() else Path(name)
        try:
            if folder.is_dir():
                found.append(SharedCache(folder, await rattler.PackageCache(folder).index()))
        except (OSError, IoError):
            continue
    return tuple(found)


@contextmanager
def links(
    caches: Sequence[SharedCache], records: Mapping[str, RepoDataRecord]
) -> Iterator[tuple[Path | None, set[str]]]:
    """A cache of links to those of the records (by name) that shared caches hold, and the names of these.

    None where there are none. The folder is there until left. Raises OSError.
    """
    held = {
        name: cache.folder
        for name, record in records.items()
        if (cache := next((c for c in caches if c.index.contains_record(record)), None)) is not None
    }
    if not held:
        yield None, set()
        return
    with tempfile.TemporaryDirectory(prefix="jupyter-pixi-packages-") as temporary:
        folder = Path(temporary)
        linked = {name for name, place in held.items() if _link(folder, place, records[name])}
        yield folder, linked


def _link(folder: Path, shared: Path, record: RepoDataRecord) -> bool:
    name = record.file_name.removesuffix(".conda").removesuffix(".tar.bz2")
    try:
        (folder / name).symlink_to(shared / name, target_is_directory=True)
        shutil.copyfile(shared / f"{name}.lock", folder / f"{name}.lock")
    except OSError:
        return False
    return True
