"""Turns an environment's prefix into the packages that this program and its server need, while they run in it."""

from __future__ import annotations

import re
from pathlib import Path

from ...prefix.installed import CondaRecord, Distribution, conda_records, distributions, normalise, site_packages
from .loaded import PYTHON, Key

SERVERS = ("jupyter-pixi", "jupyterlab", "jupyter-server", "notebook", "jupyterhub")
"""What runs for a whole session: if the environment is this program's own, these and what they need are in use."""

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def in_use_by_us(prefix: Path) -> set[Key]:
    """What this program and the server of its environment need, among what is installed there; its Python, always."""
    installed = _installed(prefix)
    by_name: dict[str, set[Key]] = {}
    for key in installed:
        by_name.setdefault(normalise(key[1]), set()).add(key)
    todo = [name for name in SERVERS if name in by_name]
    found = {PYTHON} & installed.keys()
    while todo:
        for key in by_name.get(todo.pop(), set()) - found:
            found.add(key)
            todo += _needs(installed[key])
    return found


def _installed(prefix: Path) -> dict[Key, CondaRecord | Distribution]:
    records = conda_records(prefix)
    found: dict[Key, CondaRecord | Distribution] = {("conda", name): record for name, record in records.items()}
    for name, there in distributions(prefix, site_packages(prefix, records)).items():
        if there.installer != "conda":
            found["pypi", name] = there
    return found


def _needs(package: CondaRecord | Distribution) -> list[str]:
    """The names of what a package depends on."""
    texts = package.requires if isinstance(package, Distribution) else package.data.get("depends") or ()
    return [normalise(match.group()) for text in texts if (match := _REQUIREMENT.match(text))]
