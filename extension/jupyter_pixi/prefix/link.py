"""Turns locked conda packages and a prefix into a linked prefix, telling events as archives arrive and files link.

py-rattler does the work (its Transaction compares conda-meta with the records). What it says when it fails becomes a
sentence that names the package.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .. import digests
from ..errors import InstallError, NetworkError, PixiError
from ..events import Note, Phase, Progress, Sink
from ..lockfile import packages
from ..lockfile.location import local_path
from ..lockfile.records import to_record
from .host import describe
from .installed import forget_unreadable
from .shared_cache import SharedCache, links
from .wanted import Wanted

if TYPE_CHECKING:
    from rattler import Config, PackageCache, RepoDataRecord

_DAMAGED_RECORD = "damaged-record"
"""The `code` of the error about a record of the prefix that is no JSON: what it linked is not known any more."""

_EVERY = 0.1
"""Seconds between two byte counts of the downloads."""


@dataclass(frozen=True)
class Linked:
    """What a link step did: names of packages linked (new or changed) and of those unlinked."""

    linked: tuple[str, ...] = ()
    unlinked: tuple[str, ...] = ()


@dataclass(frozen=True)
class LinkRequest:
    """What to link where: the prefix is to hold exactly the wanted conda packages (ignored ones stay as they are).

    `shared` are caches that packages are taken from and that are never written to. `installed` is name -> (version,
    build) of what the prefix has, to know what has to be fetched. `touch` is called, by any thread, before each package
    that is linked or removed.
    """

    prefix: Path
    wanted: Wanted
    package_cache: Path
    shared: Sequence[SharedCache] = ()
    config: Config | None = None
    reinstall: frozenset[str] = frozenset()
    installed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    touch: Callable[[], None] = lambda: None
    offline: bool = False


async def link(request: LinkRequest, sink: Sink) -> Linked:
    """Do it, and tell about it. Raises InstallError or NetworkError; the prefix may then be half made.

    A record that a crash of the machine left unreadable is forgotten, and its package linked anew.
    """
    try:
        return await _link(request, sink)
    except InstallError as error:
        lost = forget_unreadable(request.prefix) if error.code == _DAMAGED_RECORD else frozenset()
        if not lost:
            raise
        request.touch()
        sink(Note(text=f"What conda-meta said of {', '.join(sorted(lost))} could not be read; linked anew."))
        return await _link(replace(request, reinstall=request.reinstall | lost), sink)


async def _link(request: LinkRequest, sink: Sink) -> Linked:
    import rattler
    from rattler.exceptions import InstallerError, IoError

    wanted, reinstall = request.wanted, request.reinstall
    records = {name: to_record(package) for name, package in wanted.conda.items() if name not in wanted.ignored}
    missing = await _not_cached(request, records)
    settings = request.config if request.config is not None else rattler.Config()
    try:
        with links(request.shared, missing) as (layer, held):
            missing = {name: record for name, record in missing.items() if name not in held}
            _check_local(missing, wanted)
            if request.offline:
                _check_offline(missing, wanted)
            reporter = Reporter(sink, {n: packages.size(wanted.conda[n]) or 0 for n in missing}, request.touch)
            await rattler.install(
                list(records.values()),
                request.prefix,
                package_cache=_package_cache([request.package_cache, layer], strict=bool(reinstall)),
                reinstall_packages=set(reinstall & records.keys()) or None,
                ignored_packages=set(wanted.ignored) or None,
                platform=rattler.Subdir(wanted.subdir),
                execute_link_scripts=settings.run_post_link_scripts == "insecure",
                show_progress=False,
                client=rattler.Client.from_config(settings, user_agent="jupyter-pixi"),
                config=settings,
                reporter=reporter,
            )
    except (OSError, InstallerError, IoError) as error:
        raise translate(str(error), wanted, request.prefix) from error
    return Linked(tuple(reporter.linked), tuple(reporter.unlinked))


async def _not_cached(request: LinkRequest, records: Mapping[str, RepoDataRecord]) -> dict[str, RepoDataRecord]:
    """The packages that have to be linked and are not in the package cache yet."""
    import rattler

    request.package_cache.mkdir(parents=True, exist_ok=True)
    index = await rattler.PackageCache(request.package_cache).index()
    return {
        name: record
        for name, record in records.items()
        if (name in request.reinstall or request.installed.get(name) != (str(record.version), str(record.build)))
        and not index.contains_record(record)
    }


def _package_cache(folders: Iterable[Path | None], *, strict: bool) -> PackageCache:
    """The caches, the first of them written to; strict ones compare every file with its digest and fetch again.

    Files of a prefix are often hard links into the cache: what was written into one damaged the cache with it.
    """
    import rattler

    layers = [rattler.PackageCacheLayer(folder) for folder in folders if folder is not None]
    if strict:
        layers = [layer.with_validation_mode(rattler.ValidationMode.full()) for layer in layers]
    return rattler.PackageCache.from_layers(layers)


def _check_local(records: Mapping[str, RepoDataRecord], wanted: Wanted) -> None:
    """Compare archives on this machine with the lock's digests; the linker does that only for downloads."""
    for name in records:
        package = wanted.conda[name]
        path = local_path(package.location)
        if path is None:
            continue
        found, said = digests.file_digest(str(path)), packages.sha256(package)
        if found is None:
            raise InstallError(
                f"The archive of {describe(package)} is not there: {path}",
                help="Solve again (`lock`) if the channel has changed.",
            )
        if said and found != said:
            raise _mismatch(describe(package), said, found)


def _check_offline(records: Mapping[str, RepoDataRecord], wanted: Wanted) -> None:
    names = [name for name in sorted(records) if local_path(wanted.conda[name].location) is None]
    if names:
        said = ", ".join(describe(wanted.conda[name]) for name in names[:5])
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        raise NetworkError(
            f"This is offline, and the package cache does not have {said}{more}.",
            help="Install once with a connection; the cache keeps what it has seen.",
        )


def _mismatch(what: str, said: str, found: str) -> InstallError:
    return InstallError(
        f"The archive of {what} is not the one in the lock file: its SHA-256 is {found}, the lock says {said}.",
        help="If the channel replaced the file, update the package; else the download was damaged or tampered with.",
        code="hash-mismatch",
    )


def translate(text: str, wanted: Wanted, prefix: Path) -> PixiError:
    """The error for what the linker said: which package, what failed, whether the network or the disk is to blame."""
    match = re.match(r"failed to (fetch|link|unlink) (\S+)", text)
    what = _named(match[2], wanted) if match else "the environment"
    causes = [line.removeprefix("Caused by: ") for line in text.splitlines()[1:]] or [text]
    if "Failed to parse JSON" in text and not match:
        return InstallError(f"A record in {prefix / 'conda-meta'} cannot be read.", code=_DAMAGED_RECORD)
    hashes = re.search(r"hash mismatch.*expected ([0-9a-f]+), got ([0-9a-f]+)", text)
    if hashes:
        return _mismatch(what, hashes[1], hashes[2])
    if "os error 28" in text or "No space left" in text:
        return InstallError(f"The disk is full: {what} could not be written ({prefix}).", code="disk-full")
    if "no eligible writable layers" in text:
        return InstallError(
            "The package cache is read-only here, and does not have every package of this environment.",
            help="Name another with PIXI_CACHE_DIR; an administrator can share this one (`[cache] shared`).",
            code="cache-read-only",
        )
    status = re.search(r"HTTP status \w+ error \((\d+)[^)]*\) for url \(([^)]+)\)", text)
    if status:
        gone = status[1] in ("404", "410")
        return NetworkError(
            f"{what} could not be downloaded: the server answered {status[1]} for {_safe(status[2])}",
            help="The package is gone from the channel: solve again (`update`)." if gone else None,
        )
    sending = re.search(r"(?:error sending request|error decoding response body|request or response body).*", text)
    if sending or "timed out" in text:
        url = re.search(r"for url \(([^)]+)\)", text)
        place = f" from {_safe(url[1])}" if url else ""
        return NetworkError(f"{what} could not be downloaded{place}: {causes[-1]}")
    if "os error 13" in text or "os error 30" in text:
        return InstallError(f"{what} could not be written: {causes[-1]}", help=f"Check who may write to {prefix}.")
    if match and match[1] == "fetch":
        return InstallError(
            f"The archive of {what} cannot be unpacked: {causes[-1]}",
            help="The file may be damaged; `clean` the package from the cache and install again.",
        )
    verb = {"link": "linked", "unlink": "removed"}.get(match[1] if match else "", "installed")
    return InstallError(f"{what} could not be {verb}: {': '.join(causes[-2:])}")


def _named(archive: str, wanted: Wanted) -> str:
    for package in wanted.conda.values():
        if package.location.endswith("/" + archive):
            return describe(package)
    return archive


def _safe(url: str) -> str:
    """A URL for people: without credentials."""
    return re.sub(r"(?<=://)[^/@]+@", "", re.sub(r"/t/[^/]+/", "/t/***/", url))


def _counted(packages: int) -> str:
    return "1 package" if packages == 1 else f"{packages} packages"


@dataclass
class Reporter:
    """What the linker calls while it works, from threads of its own; becomes events for one sink."""

    sink: Sink
    sizes: Mapping[str, int]  # bytes to be downloaded, by package
    touch: Callable[[], None]  # called before a package is linked or removed
    linked: list[str] = field(default_factory=list)
    unlinked: list[str] = field(default_factory=list)
    _mutex: threading.Lock = field(default_factory=threading.Lock)
    _names: list[str] = field(default_factory=list)  # by the tokens given out
    _bytes: dict[int, int] = field(default_factory=dict)
    _fetched: int = 0
    _ended: int = 0
    _total: int = 0
    _told: float = 0.0
    _downloading: bool = False

    def _token(self, name: str) -> int:
        self._names.append(name)
        return len(self._names) - 1

    def on_transaction_start(self, total_operations: int) -> None:
        """The number of packages that will move is known."""
        with self._mutex:
            self._total = total_operations
            if total_operations:
                self.sink(Phase(phase="link", title=f"Linking {_counted(total_operations)}", total=total_operations))

    def on_transaction_operation_start(self, operation: int) -> None:
        """A package begins."""

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        """A package is looked for in the cache."""
        with self._mutex:
            return self._token(package_name)

    def on_validate_start(self, cache_entry: int) -> int:
        """A cached package is checked."""
        return cache_entry

    def on_validate_complete(self, validate_idx: int) -> None:
        """A cached package was checked."""

    def on_download_start(self, cache_entry: int) -> int:
        """A download begins; its index is the token of its package."""
        with self._mutex:
            self._bytes[cache_entry] = 0
            if not self._downloading:
                self._downloading = True
                title = f"Downloading {_counted(len(self.sizes) or 1)}"
                self.sink(Phase(phase="download", title=title, total=len(self.sizes) or None))
        return cache_entry

    def on_download_progress(self, download_idx: int, progress: int, total: int | None) -> None:
        """Bytes arrived."""
        with self._mutex:
            self._bytes[download_idx] = progress
            if time.monotonic() - self._told >= _EVERY:
                self._tell(self._names[download_idx])

    def on_download_completed(self, download_idx: int) -> None:
        """A download ended."""
        with self._mutex:
            self._fetched += 1
            name = self._names[download_idx]
            self._bytes[download_idx] = max(self._bytes[download_idx], self.sizes.get(name, 0))
            self._tell(name)

    def _tell(self, name: str) -> None:
        self._told = time.monotonic()
        self.sink(
            Progress(
                phase="download",
                done=self._fetched,
                total=len(self.sizes) or None,
                item=name,
                bytes_done=sum(self._bytes.values()),
                bytes_total=sum(self.sizes.values()) or None,
            )
        )

    def on_populate_cache_complete(self, cache_entry: int) -> None:
        """A package is in the cache."""

    def on_unlink_start(self, operation: int, package_name: str) -> int:
        """A package is being removed."""
        self.touch()
        with self._mutex:
            self.unlinked.append(package_name)
            return self._token(package_name)

    def on_unlink_complete(self, index: int) -> None:
        """A package was removed."""

    def on_link_start(self, operation: int, package_name: str) -> int:
        """A package is being linked."""
        self.touch()
        with self._mutex:
            self.linked.append(package_name)
            return self._token(package_name)

    def on_link_complete(self, index: int) -> None:
        """A package was linked."""

    def on_transaction_operation_complete(self, operation: int) -> None:
        """A package is done."""
        with self._mutex:
            self._ended += 1
            self.sink(Progress(phase="link", done=self._ended, total=self._total or None))

    def on_transaction_complete(self) -> None:
        """All packages are done."""

    def on_post_link_start(self, package_name: str, script_path: str) -> int:
        """A post-link script runs."""
        with self._mutex:
            self.sink(Phase(phase="script", title=f"Running the post-link script of {package_name}"))
        return 0

    def on_post_link_complete(self, index: int, success: bool) -> None:
        """A post-link script ended."""

    def on_pre_unlink_start(self, package_name: str, script_path: str) -> int:
        """A pre-unlink script runs."""
        self.touch()
        return 0

    def on_pre_unlink_complete(self, index: int, success: bool) -> None:
        """A pre-unlink script ended."""
