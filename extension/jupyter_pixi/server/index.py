"""Turns a workspace's channels into the names they offer, and a name into its versions: a process of its own.

`python -P -m jupyter_pixi.server.index MANIFEST [NAME [pypi]]` prints one JSON document. Repodata of large channels
takes memory that a server should not keep.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..environments.allowed import allowed

if TYPE_CHECKING:
    from ..environments.model import Channel
    from ..operations.workspace import OpenWorkspace

PYPI_JSON = "application/vnd.pypi.simple.v1+json"
VERSIONS = 200
"""How many of the newest versions are told."""

SECONDS = 20  # for one answer of a package index


async def names(manifest: Path) -> list[str]:
    """Every package name that the workspace's channels offer for any of its platforms, sorted. Raises PixiError."""
    from ..solve.gateway import network, package_names
    from .describe import opened

    found = opened(manifest)
    net = network(found.config, os.environ)
    channels = _channels(found)
    subdirs = {p.subdir for p in found.platforms}
    known = [await package_names(net, channels, subdir) for subdir in sorted(subdirs)]
    return sorted(set().union(*known))


async def conda(manifest: Path, name: str) -> dict[str, Any]:
    """The versions of a conda package, newest first, and for which subdirs each is there. Raises PixiError."""
    from ..solve.gateway import network, versions_of
    from .describe import opened

    found = opened(manifest)
    net = network(found.config, os.environ)
    channels = _channels(found)
    where: dict[str, list[str]] = {}
    for subdir in sorted({p.subdir for p in found.platforms}):
        for version in reversed(await versions_of(net, channels, subdir, name)):
            where.setdefault(version, []).append(subdir)
    newest = [{"version": version, "subdirs": subdirs} for version, subdirs in where.items()]
    return {"name": name, "type": "conda", "found": bool(where), "versions": newest[:VERSIONS]}


def _channels(found: OpenWorkspace) -> list[Channel]:
    """The channels of all environments. Raises Refused for one that the administrator does not allow."""
    channels = list({c.url: c for e in found.environments.values() for c in e.channels}.values())
    allowed(os.environ, found.config, found.manifest.workspace.s3_options).refuse_channels(channels)
    return channels


def pypi(manifest: Path, name: str) -> dict[str, Any]:
    """The versions of a PyPI project on the workspace's index, newest first. Raises PixiError."""
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    from ..errors import NetworkError
    from ..lockfile.packages import normalize
    from .describe import opened

    found = opened(manifest)
    options = found.environments["default"].pypi_options
    allowed(os.environ, found.config).refuse_index(options.index_url, "this workspace")
    index = (options.index_url or PYPI_SIMPLE_ENDPOINT).rstrip("/")
    if not index.startswith(("https://", "http://")):
        return {"name": name, "type": "pypi", "found": False, "versions": []}
    url = f"{index}/{urllib.parse.quote(normalize(name), safe='')}/"
    request = urllib.request.Request(url, headers={"Accept": PYPI_JSON, "User-Agent": "jupyter-pixi"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - the index the manifest names
            document = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return {"name": name, "type": "pypi", "found": False, "versions": []}
        raise NetworkError(f"The package index answered with {error.code}.") from None
    except (OSError, ValueError) as error:
        raise NetworkError(f"The package index could not be asked: {error}") from None
    versions = [{"version": v, "subdirs": []} for v in reversed(document.get("versions", []))]
    return {"name": name, "type": "pypi", "found": True, "versions": versions[:VERSIONS]}


def main(arguments: list[str]) -> int:
    """The process: prints the document, or one with `error`."""
    from ..errors import PixiError

    manifest = Path(arguments[0])
    try:
        if len(arguments) == 1:
            document: Any = {"names": asyncio.run(names(manifest))}
        elif len(arguments) == 3:
            document = pypi(manifest, arguments[1])
        else:
            document = asyncio.run(conda(manifest, arguments[1]))
    except PixiError as error:
        document = {"error": {"code": error.code, "text": error.message, "help": error.help}}
    print(json.dumps(document))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
