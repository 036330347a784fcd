"""Turns the description of a conda package into a `.conda` archive.

The format: conda enhancement proposal 2 of the archive (a zip of two zstd tarballs) and the `info/` files
that conda, rattler and Pixi read: `index.json`, `paths.json`, `files`, `about.json`, `link.json`.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any

LEVEL = 1  # zstd; the usual 19 to 22 takes minutes for the wheels of large libraries
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class File:
    """One path of a package: a file with its content, or a symbolic link.

    `content` is bytes, or a file to read. `link` is a link's target, and then there is no content.
    `placeholder` is the text in the content that the installer replaces with the prefix.
    """

    path: str
    content: bytes | Path = b""
    link: str | None = None
    executable: bool = False
    placeholder: str | None = None

    @cached_property
    def data(self) -> bytes:
        """The file's bytes."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()

    def entry(self) -> dict[str, Any]:
        """The file's entry in `paths.json`."""
        row: dict[str, Any] = {"_path": self.path, "path_type": "softlink" if self.link else "hardlink"}
        row["sha256"] = hashlib.sha256(b"" if self.link else self.data).hexdigest()
        row["size_in_bytes"] = 0 if self.link else len(self.data)
        if self.placeholder is not None:
            row |= {"file_mode": "text", "prefix_placeholder": self.placeholder}
        return row

    def member(self) -> tarfile.TarInfo:
        """The file's header in the tarball, the same whenever and by whomever it is made."""
        info = tarfile.TarInfo(self.path)
        if self.link:
            info.type, info.linkname, info.mode = tarfile.SYMTYPE, self.link, 0o777
        else:
            info.size, info.mode = len(self.data), 0o755 if self.executable else 0o644
        return info


@dataclass(frozen=True)
class Package:
    """A conda package before it is packed: the fields of `index.json` and its files.

    `noarch` is None, "generic" or "python"; `entry_points` ("name = module:attribute") are for "python" only,
    where the installer writes the scripts. `extra` is merged into `index.json`.
    """

    name: str
    version: str
    subdir: str
    build: str = "0"
    build_number: int = 0
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    noarch: str | None = None
    license: str | None = None
    summary: str = ""
    entry_points: tuple[str, ...] = ()
    purls: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """The archive's name without `.conda`."""
        return f"{self.name}-{self.version}-{self.build}"

    def index(self) -> dict[str, Any]:
        """`info/index.json`."""
        row: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": self.build_number,
            "subdir": self.subdir,
            "depends": list(self.depends),
            "constrains": list(self.constrains),
        }
        if self.subdir != "noarch":
            row["platform"], _, row["arch"] = self.subdir.partition("-")
        if self.noarch:
            row["noarch"] = self.noarch
        if self.license:
            row["license"] = self.license
        if self.purls:
            row["purls"] = list(self.purls)
        return row | self.extra


def write(package: Package, channel: Path) -> Path:
    """Packs `package` into `channel/<subdir>/`.

    Takes the package and the channel's folder (the subdir is made). Returns the archive's path.
    """
    folder = channel / package.subdir
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{package.stem}.conda"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("metadata.json", EPOCH), b'{"conda_pkg_format_version": 2}')
        for part, files in (("pkg", package.files), ("info", _info(package))):
            name = zipfile.ZipInfo(f"{part}-{package.stem}.tar.zst", EPOCH)
            with archive.open(name, "w", force_zip64=True) as out:
                _tarball(files, out)
    return target


def _info(package: Package) -> tuple[File, ...]:
    files = sorted(package.files, key=lambda file: file.path)
    paths = {"paths": [file.entry() for file in files], "paths_version": 1}
    about = {"summary": package.summary, "license": package.license or ""}
    documents: dict[str, Any] = {"index.json": package.index(), "paths.json": paths, "about.json": about}
    if package.noarch == "python":
        noarch = {"type": "python", "entry_points": list(package.entry_points)}
        documents["link.json"] = {"noarch": noarch, "package_metadata_version": 1}
    listing = "".join(f"{file.path}\n" for file in files)
    return (
        *(File(f"info/{name}", json.dumps(data, indent=1).encode()) for name, data in documents.items()),
        File("info/files", listing.encode()),
    )


def _tarball(files: tuple[File, ...], out: IO[bytes]) -> None:
    with _compressor(out) as stream, tarfile.open(fileobj=stream, mode="w|") as tar:
        for file in files:
            tar.addfile(file.member(), None if file.link else io.BytesIO(file.data))


def _compressor(out: IO[bytes]) -> IO[bytes]:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        from backports import zstd
    stream: IO[bytes] = zstd.ZstdFile(out, "w", level=LEVEL)
    return stream
