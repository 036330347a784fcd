"""Turns a workspace's channels into the names they offer, and a name into its versions: a process of its own.

`python -P -m jupyter_pixi.server.index MANIFEST [NAME [pypi | import]]` prints one JSON document. Repodata of large
channels takes memory that a server should not keep.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..environments.allowed import allowed

if TYPE_CHECKING:
    from ..environments.model import Channel
    from ..operations.workspace import OpenWorkspace

VERSIONS = 200
"""How many of the newest versions are told."""


async def names(manifest: Path) -> list[str]:
    """Every package name that the workspace's channels offer for any of its platforms, sorted. Raises PixiError."""
    from ..solve.gateway import network, package_names
    from .describe import opened

    found = opened(manifest)
    net = network(found.config, os.environ)
    channels = channels_of(found)
    subdirs = {p.subdir for p in found.platforms}
    known = [await package_names(net, channels, subdir) for subdir in sorted(subdirs)]
    return sorted(set().union(*known))


async def conda(manifest: Path, name: str) -> dict[str, Any]:
    """The versions of a conda package, newest first, and for which subdirs each is there. Raises PixiError."""
    from ..solve.gateway import network, versions_of
    from .describe import opened

    found = opened(manifest)
    net = network(found.config, os.environ)
    channels = channels_of(found)
    where: dict[str, list[str]] = {}
    for subdir in sorted({p.subdir for p in found.platforms}):
        for version in reversed(await versions_of(net, channels, subdir, name)):
            where.setdefault(version, []).append(subdir)
    newest = [{"version": version, "subdirs": subdirs} for version, subdirs in where.items()]
    return {"name": name, "type": "conda", "found": bool(where), "versions": newest[:VERSIONS]}


def channels_of(found: OpenWorkspace) -> list[Channel]:
    """The channels of all environments. Raises Refused for one that the administrator does not allow."""
    channels = list({c.url: c for e in found.environments.values() for c in e.channels}.values())
    allowed(os.environ, found.config, found.manifest.workspace.s3_options).refuse_channels(channels)
    return channels


def pypi(manifest: Path, name: str) -> dict[str, Any]:
    """The versions of a PyPI project on the workspace's index, newest first. Raises PixiError."""
    from ..operations.looking.pypi_index import project
    from .describe import opened

    found = opened(manifest)
    versions = project(found, name, os.environ)
    rows = [{"version": v, "subdirs": []} for v in (versions or ())[:VERSIONS]]
    return {"name": name, "type": "pypi", "found": versions is not None, "versions": rows}


def importing(manifest: Path, module: str) -> dict[str, Any]:
    """The packages that provide a module, each None where there is none. Raises PixiError."""
    from ..operations.context import Context
    from ..operations.looking.providers import providers

    found = asyncio.run(providers(Context(cwd=manifest.parent, manifest_path=manifest), module))
    return {"module": module, "conda": found.conda, "pypi": found.pypi, "searched": found.searched}


def main(arguments: list[str]) -> int:
    """The process: prints the document, or one with `error`."""
    from ..errors import PixiError

    manifest = Path(arguments[0])
    try:
        if len(arguments) == 1:
            document: Any = {"names": asyncio.run(names(manifest))}
        elif arguments[2:] == ["import"]:
            document = importing(manifest, arguments[1])
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
