"""The address of the default PyPI index, as a lock file records it."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_CONSTANT = re.compile(r"^PYPI_SIMPLE_ENDPOINT[^=\n]*=\s*[\"'](\S+?)/*[\"']", re.MULTILINE)


@cache
def default_index() -> str:
    """The URL of PyPI's simple index, without a trailing slash.

    `pypi_simple` states it. Its source is read, because importing it costs more time (requests and all) than a whole
    lock check may take.
    """
    spec = find_spec("pypi_simple")
    if spec is not None and spec.origin is not None:
        try:
            found = _CONSTANT.search(Path(spec.origin).read_text(encoding="utf-8"))
        except OSError:
            found = None
        if found is not None:
            return found[1]
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    return PYPI_SIMPLE_ENDPOINT.rstrip("/")
