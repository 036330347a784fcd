"""Turns the name of a package into what its maintainers say of it: a process of its own, as `index` is.

`python -P -m jupyter_pixi.server.about MANIFEST NAME conda|pypi` prints one JSON document: `summary`, `license`,
`home`, `size` (bytes) and `version`, each null where it is not told. They are a stranger's texts: nothing but text.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import urllib.parse
import urllib.request
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..environments.allowed import allowed
from ..operations.looking.pypi_index import ACCEPT, SECONDS
from .index import channels_of

if TYPE_CHECKING:
    from packaging.version import Version

_TEXT = 1_000  # characters of a text that are told
_METADATA = 1_000_000  # bytes of a wheel's metadata that are read


async def conda(manifest: Path, name: str) -> dict[str, Any]:
    """What the archive of the newest build says, of which only that one file is fetched. Raises PixiError."""
    import rattler

    from ..environments.host import current_subdir
    from ..solve.gateway import network
    from .describe import opened

    found = opened(manifest)
    net = network(found.config, os.environ)
    channels = [rattler.Channel(channel.url) for channel in channels_of(found)]
    subdirs = {p.subdir for p in found.platforms}
    here = current_subdir()
    asked: Any = [here if here in subdirs else min(subdirs, default=here), "noarch"]
    records = [one for rows in await net.gateway.query(channels, asked, [name], recursive=False) for one in rows]
    if not records:
        return _told()
    newest = max(records, key=lambda record: (record.version, record.build_number))
    client = rattler.Client.from_config(found.config.rattler(), user_agent="jupyter-pixi")
    try:
        about = await asyncio.wait_for(rattler.AboutJson.from_remote_url(client, newest.url), SECONDS)
    except Exception:  # an archive of an old kind, or a server without range requests: the rest is told
        about = None
    return _told(
        summary=about.summary if about is not None else None,
        home=next(iter(about.home), None) if about is not None else None,
        license=newest.license,
        size=newest.size,
        version=str(newest.version),
    )


def pypi(manifest: Path, name: str) -> dict[str, Any]:
    """What the metadata beside the newest wheel says (PEP 658). Raises OSError and ValueError."""
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    from ..lockfile.packages import normalize
    from .describe import opened

    found = opened(manifest)
    options = found.environments["default"].pypi_options
    allowed(os.environ, found.config).refuse_index(options.index_url, "this workspace")
    url = f"{(options.index_url or PYPI_SIMPLE_ENDPOINT).rstrip('/')}/{urllib.parse.quote(normalize(name), safe='')}/"
    document = json.loads(_fetched(url, ACCEPT))
    wheels = [(version, file) for file in document.get("files", ()) if (version := _version(file)) is not None]
    if not wheels:
        return _told()
    version, file = max(wheels, key=lambda each: (not each[0].is_prerelease, each[0]))
    metadata = HeaderParser().parsestr(_metadata(urllib.parse.urljoin(url, str(file["url"]).partition("#")[0]), file))
    return _told(
        summary=metadata.get("Summary"),
        home=metadata.get("Home-page"),
        license=metadata.get("License-Expression") or metadata.get("License"),
        size=file.get("size"),
        version=str(version),
    )


def _version(file: dict[str, Any]) -> Version | None:
    """The version of a wheel; None of any other file."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        return parse_wheel_filename(str(file.get("filename")))[1]
    except InvalidWheelFilename:
        return None


def _metadata(url: str, file: dict[str, Any]) -> str:
    """The wheel's METADATA, where the index serves it beside the wheel."""
    if not (file.get("core-metadata") or file.get("dist-info-metadata")):
        return ""
    try:
        return _fetched(f"{url}.metadata").decode("utf-8", "replace")
    except OSError:
        return ""


def _fetched(url: str, accept: str = "*/*") -> bytes:
    if not url.startswith(("https://", "http://")):
        raise ValueError("no index that can be asked")
    request = urllib.request.Request(url, headers={"Accept": accept, "User-Agent": "jupyter-pixi"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - the index the manifest names
        data: bytes = answer.read() if accept == ACCEPT else answer.read(_METADATA)
    return data


def _told(
    summary: Any = None, home: Any = None, license: Any = None, size: Any = None, version: str | None = None
) -> dict[str, Any]:
    texts = {"summary": summary, "home": home, "license": license, "version": version}
    told: dict[str, Any] = {
        k: v.strip()[:_TEXT] if isinstance(v, str) and v.strip() else None for k, v in texts.items()
    }
    return {**told, "size": size if isinstance(size, int) else None}


def main(arguments: list[str]) -> int:
    """The process: prints the document; what cannot be found out is null."""
    from ..errors import PixiError

    manifest, name, kind = Path(arguments[0]), arguments[1], arguments[2]
    try:
        document = pypi(manifest, name) if kind == "pypi" else asyncio.run(conda(manifest, name))
    except (PixiError, OSError, ValueError):
        document = _told()
    print(json.dumps(document))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
