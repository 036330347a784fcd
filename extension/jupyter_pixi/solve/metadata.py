"""Resolved PyPI packages to the metadata that the lock records: requirements, python range, version.

Looked for where it is cheapest and already Pixi's text: the previous lock, uv's cache (filled by the resolution), then
static files, then the index or a download. What comes from files is normalised by uv itself.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import SolveError
from ..lockfile import packages as locked
from ..lockfile.model import Package
from .gateway import Network
from .metadata_files import Raw, directory, git_checkout, sdist, unpacked_wheel, wheel_file
from .metadata_uv import Metadata, any_wheel, built, cached_wheel, normalised
from .pylock import Resolved
from .uv import Uv


@dataclass(frozen=True)
class MetadataReader:
    """Where metadata is looked for: the previous lock's packages by location, uv and its cache, the network."""

    uv: Uv
    network: Network
    previous: Mapping[str, Package]
    python: str
    platform: str | None

    async def read(self, packages: Sequence[Resolved]) -> list[Metadata]:
        """The metadata of each package, in order. Raises SolveError if some cannot be had."""
        found: list[Metadata | None] = [self._known(package) for package in packages]
        found = list(await asyncio.gather(*map(self._from_cache, packages, found)))
        raw = {number: await self._raw(package) for number, package in enumerate(packages) if found[number] is None}
        if raw:
            for number, metadata in zip(raw, await normalised(list(raw.values()), self.uv), strict=True):
                found[number] = metadata
        return [metadata for metadata in found if metadata is not None]

    def _known(self, package: Resolved) -> Metadata | None:
        """What the previous lock says of the same file or commit; what lies on this disk may have changed since."""
        entry = self.previous.get(package.location)
        if entry is None or "://" not in package.location:
            return None
        return Metadata(locked.version(entry), locked.requires_dist(entry), locked.requires_python(entry))

    async def _from_cache(self, package: Resolved, found: Metadata | None) -> Metadata | None:
        return found or await asyncio.to_thread(self._cached, package)

    def _cached(self, package: Resolved) -> Metadata | None:
        folder, name, version = self.uv.folder, package.name, package.version
        if package.source.endswith(".whl") and package.kind in ("registry", "url"):
            return cached_wheel(folder, name, version, package.source)
        found = built(folder, package)
        if found is None and package.kind == "registry" and version is not None and not self._raw_sdist(package):
            found = any_wheel(folder, name, version)
        return found

    def _raw_sdist(self, package: Resolved) -> Raw | None:
        return sdist(self.uv.folder, package.name, package.version or "")

    async def _raw(self, package: Resolved) -> Raw:
        """Metadata as files have it. The order is by cost: local files, the index, a download or build."""
        local = await asyncio.to_thread(self._from_files, package)
        if local is not None:
            return local
        if package.kind in ("registry", "url") and package.source.endswith(".whl") and not self.network.offline:
            text = await self._beside(package.source + ".metadata")
            if text is not None:
                return Raw.from_metadata(text)
        return await self._install(package)

    def _from_files(self, package: Resolved) -> Raw | None:
        folder = self.uv.folder
        if package.kind == "directory":
            return directory(Path(package.source))
        if package.kind == "git":
            return git_checkout(folder, package.commit or "", package.subdirectory)
        if package.source.endswith(".whl"):
            path = Path(package.source)
            if "://" not in package.source:
                return wheel_file(path)
            return unpacked_wheel(folder, package.source.rsplit("/", 1)[-1])
        return self._raw_sdist(package)

    async def _beside(self, url: str) -> str | None:
        """The metadata file that many indexes serve beside a wheel (PEP 658); None where there is none."""
        from rattler.package_streaming import download_bytes

        try:
            return bytes(await download_bytes(self.network.client, url)).decode()
        except RuntimeError:
            return None

    async def _install(self, package: Resolved) -> Raw:
        """The last way: uv fetches (and builds) the package into a folder that is thrown away."""
        with tempfile.TemporaryDirectory(prefix="jupyter-pixi-") as folder:
            target = Path(folder) / "target"
            arguments = ["pip", "install", "-q", "--no-deps", "--no-config", "--no-python-downloads"]
            arguments += ["--target", str(target), "--python", self.uv.python]
            arguments += ["--python-platform", self.platform] if self.platform else []
            arguments += ["--python-version", ".".join(self.python.split(".")[:2]), _direct(package)]
            ran = await self.uv.run(arguments, Path(folder))
            infos = sorted(target.glob("*.dist-info/METADATA"))
            if ran.status != 0 or not infos:
                raise SolveError(
                    f"the metadata of the PyPI package '{package.name}' cannot be read\n{ran.stderr.strip()}",
                    help="building it may need the environment's own python: install the conda packages first",
                )
            return Raw.from_metadata(await asyncio.to_thread(infos[0].read_text, encoding="utf-8"))


def _direct(package: Resolved) -> str:
    if package.kind == "git":
        where = re.sub(r"\?[^#]*", "", package.location).replace("#", "@")
        where += f"#subdirectory={package.subdirectory}" if package.subdirectory else ""
    else:
        where = package.source if "://" in package.source else Path(package.source).as_uri()
    return f"{package.name} @ {where}"
