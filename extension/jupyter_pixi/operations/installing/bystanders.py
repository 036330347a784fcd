"""Turns an environment's locked packages into those that this program and its server need, while they run in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ...lockfile import packages
from ...lockfile.model import Package
from .loaded import Key

SERVERS = ("jupyter-pixi", "jupyterlab", "jupyter_server", "jupyter-server", "notebook", "jupyterhub")
"""What runs for a whole session: if the environment is this program's own, these and what they need are in use."""

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def in_use_by_us(rows: Mapping[Key, Package]) -> set[Key]:
    """What this program and the server of its environment need, among an environment's locked packages."""
    by_name: dict[str, set[Key]] = {}
    for key in rows:
        by_name.setdefault(_plain(key[1]), set()).add(key)
    todo = [_plain(name) for name in SERVERS if _plain(name) in by_name]
    found: set[Key] = set()
    while todo:
        for key in by_name.get(todo.pop(), ()):
            if key not in found:
                found.add(key)
                todo += [_plain(name) for name in _needs(rows[key])]
    return found


def _needs(package: Package) -> Iterable[str]:
    texts = packages.requires_dist(package) if package.kind == "pypi" else packages.depends(package)
    for text in texts:
        match = _REQUIREMENT.match(text)
        if match and "extra ==" not in text:
            yield match.group()


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
