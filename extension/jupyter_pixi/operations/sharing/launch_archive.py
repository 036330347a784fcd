"""Turns an archive into a folder: files, folders and links inside it only, of bounded size, without what runs here."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO, Literal, cast

from ...errors import InstallError, Refused
from .launch_members import check_link, is_made_here, member, odd

MAX_BYTES = 4 << 30
MAX_FILES = 200_000
MAX_READ = 64 << 20
"""The most that is read at once: a header that says it is longer is no workspace's."""

_BROKEN = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, RuntimeError, OSError)


@dataclass(frozen=True)
class _Entry:
    """One member: `link` is where a link points, `open` reads a file's content."""

    name: str
    kind: Literal["file", "folder", "link", "other"]
    size: int = 0
    executable: bool = False
    link: str = ""
    open: Callable[[], IO[bytes] | None] = lambda: None


def unpack(archive: Path, place: Path, tell: Callable[[str], None] = lambda text: None) -> None:
    """Unpack an archive into `place`, an empty folder or none. Raises Refused for what may not be in one."""
    place.mkdir(parents=True, exist_ok=True)
    try:
        with _entries(archive) as entries:
            _write(entries, place, tell)
    except _BROKEN as error:
        raise InstallError(f"{archive.name} cannot be unpacked: {error}.") from None


def only_folder(place: Path) -> Path:
    """The one folder in an unpacked archive (as servers pack repositories), else the place itself."""
    found = list(place.iterdir())
    return found[0] if len(found) == 1 and found[0].is_dir() and not found[0].is_symlink() else place


def _write(entries: Iterator[_Entry], place: Path, tell: Callable[[str], None]) -> None:
    """Files first; links at the end, so that nothing is ever written through one."""
    links: dict[str, str] = {}
    left_out: set[str] = set()
    paths: set[str] = set()
    count = total = 0
    for entry in entries:
        count += 1
        path = member(entry.name)
        if path == ".":
            continue
        is_ours = is_made_here(path, is_file=entry.kind == "file")
        total += 0 if is_ours else entry.size
        if count > MAX_FILES or total > MAX_BYTES:
            raise Refused(f"It holds more than {MAX_FILES} files or {MAX_BYTES >> 30} GB.", code="archive")
        if is_ours:
            left_out.add(next(part for part in path.split("/") if part.lower() in (".git", ".pixi")))
        elif entry.kind == "link":
            check_link(path, entry.link)
            links[path] = entry.link
        else:
            paths.add(path)
            _put(entry, place / path)
    for path, link in links.items():
        _link(path, link, place, links, paths)
    if left_out:
        tell(f"Left out of what was unpacked: what is below {' and '.join(sorted(left_out))}.")


def _put(entry: _Entry, path: Path) -> None:
    if entry.kind == "folder":
        path.mkdir(parents=True, exist_ok=True)
        return
    source = entry.open() if entry.kind == "file" else None
    if source is None:
        raise odd(entry.name, "is a hard link or a device")
    path.parent.mkdir(parents=True, exist_ok=True)
    with source, path.open("xb") as out:
        left = entry.size  # no more than was counted
        while left > 0 and (chunk := source.read(min(left, 1 << 20))):
            out.write(chunk)
            left -= len(chunk)
    if entry.executable:
        path.chmod(0o755)


def _link(path: str, target: str, place: Path, links: dict[str, str], paths: set[str]) -> None:
    parents = {path.rsplit("/", n)[0] for n in range(1, path.count("/") + 1)}
    if parents & links.keys() or path in paths:
        raise odd(path, "is there twice")
    (place / path).parent.mkdir(parents=True, exist_ok=True)
    (place / path).symlink_to(target)


@contextmanager
def _entries(archive: Path) -> Iterator[Iterator[_Entry]]:
    """The members of a .zip or a tar of any compression."""
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as packed:
            yield _of_zip(packed)
    else:
        with _opened(archive) as stream, tarfile.open(fileobj=_Bounded(stream), mode="r:") as tar:
            yield _of_tar(tar)


def _of_zip(packed: zipfile.ZipFile) -> Iterator[_Entry]:
    for info in packed.infolist():
        mode = info.external_attr >> 16
        kind = stat.S_IFMT(mode)
        if info.is_dir():
            yield _Entry(info.filename, "folder")
        elif kind == stat.S_IFLNK:
            with packed.open(info) as source:
                yield _Entry(info.filename, "link", link=source.read(4096).decode("utf-8", "replace"))
        elif kind in (0, stat.S_IFREG):
            run = bool(mode & stat.S_IXUSR)
            yield _Entry(info.filename, "file", info.file_size, run, open=partial(packed.open, info))
        else:
            yield _Entry(info.filename, "other")


def _of_tar(tar: tarfile.TarFile) -> Iterator[_Entry]:
    for info in tar:
        if info.isdir():
            yield _Entry(info.name, "folder")
        elif info.issym():
            yield _Entry(info.name, "link", link=info.linkname)
        elif info.isreg():
            run = bool(info.mode & stat.S_IXUSR)
            yield _Entry(info.name, "file", info.size, run, open=partial(tar.extractfile, info))
        else:
            yield _Entry(info.name, "other")


def _opened(archive: Path) -> BinaryIO:
    """The tar itself, whatever it is packed with; told by its first bytes."""
    with archive.open("rb") as file:
        head = file.read(6)
    if head.startswith(b"\x1f\x8b"):
        return cast(BinaryIO, gzip.open(archive))
    if head.startswith(b"BZh"):
        return cast(BinaryIO, bz2.open(archive))
    return cast(BinaryIO, lzma.open(archive)) if head == b"\xfd7zXZ\0" else archive.open("rb")


class _Bounded(io.RawIOBase):
    """A stream of which no more than MAX_READ is read at once, and no more than MAX_BYTES (with headers) at all."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream

    def read(self, size: int = -1) -> bytes:
        """As a file's."""
        if size > MAX_READ or size < 0 or self.stream.tell() > MAX_BYTES + (MAX_FILES << 10):
            raise Refused(f"It holds more than {MAX_BYTES >> 30} GB.", code="archive")
        return self.stream.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As a file's."""
        return self.stream.seek(offset, whence)

    def tell(self) -> int:
        """As a file's."""
        return self.stream.tell()
