"""Turns a project's name into the versions that a workspace's package index has of it."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...environments.allowed import allowed
from ...errors import NetworkError

if TYPE_CHECKING:
    from ..workspace import OpenWorkspace

ACCEPT = "application/vnd.pypi.simple.v1+json"
SECONDS = 20.0  # for one answer of a package index


def project(
    opened: OpenWorkspace, name: str, environ: Mapping[str, str], *, seconds: float = SECONDS
) -> list[str] | None:
    """The versions of a project on the default environment's index, newest first; None if there is none of that name.

    An index that is a folder is not searched. Raises NetworkError, and Refused for an index that is not allowed.
    """
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    from ...lockfile.packages import normalize

    options = opened.environments["default"].pypi_options
    allowed(environ, opened.config).refuse_index(options.index_url, "this workspace")
    index = (options.index_url or PYPI_SIMPLE_ENDPOINT).rstrip("/")
    if not index.startswith(("https://", "http://")):
        return None
    url = f"{index}/{urllib.parse.quote(normalize(name), safe='')}/"
    request = urllib.request.Request(url, headers={"Accept": ACCEPT, "User-Agent": "jupyter-pixi"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310 - the index the manifest names
            document = json.load(answer)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise NetworkError(f"The package index answered with {error.code}.") from None
    except (OSError, ValueError) as error:
        raise NetworkError(f"The package index could not be asked: {error}") from None
    return list(reversed(document.get("versions", [])))
