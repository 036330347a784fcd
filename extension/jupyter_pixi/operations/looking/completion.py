"""Turns a kind of word (an environment, a task, a package …) into the words that a workspace offers for it.

Quick and quiet: the manifest is read as plain TOML, nothing is asked of a network, and what cannot be read offers
nothing.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import PixiError
from ...manifest.subdirs import SUBDIRS
from ..context import Context
from ..workspace import locate

LIMIT = 200
"""How many package names are offered at most."""


@dataclass(frozen=True)
class Known:
    """A workspace's manifest as plain tables; empty where there is none."""

    root: Path | None
    tables: Mapping[str, Any]
    context: Context

    @classmethod
    def of(cls, context: Context) -> Known:
        """What stands on disk. Never raises."""
        import tomllib

        try:
            path = locate(context)
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (PixiError, OSError, ValueError):
            return cls(None, {}, context)
        tables = _table(_table(data, "tool"), "pixi") if path.name == "pyproject.toml" else data
        return cls(path.parent, tables, context)


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def environments(known: Known) -> list[str]:
    """The names of the environments."""
    return list(dict.fromkeys(("default", *_table(known.tables, "environments"))))


def features(known: Known) -> list[str]:
    """The names of the features."""
    return list(_table(known.tables, "feature"))


def platforms(known: Known) -> list[str]:
    """The names of the platforms, then the subdirs that are none of them."""
    entries = _table(known.tables, "workspace").get("platforms") or _table(known.tables, "project").get("platforms")
    found = []
    for entry in entries if isinstance(entries, list) else ():
        name = entry if isinstance(entry, str) else entry.get("name") or entry.get("platform") if entry else None
        found += [name] if isinstance(name, str) else []
    return list(dict.fromkeys((*found, *SUBDIRS)))


def channels(known: Known) -> list[str]:
    """The channels that the manifest names."""
    entries = _table(known.tables, "workspace").get("channels")
    found = [e if isinstance(e, str) else e.get("channel") for e in (entries if isinstance(entries, list) else ()) if e]
    return [name for name in found if isinstance(name, str)]


def tasks(known: Known) -> list[str]:
    """The tasks that listings show."""
    found = (name for table in _holders(known) for name in _table(table, "tasks"))
    return sorted({name for name in found if not name.startswith("_")})


def dependencies(known: Known) -> list[str]:
    """The packages that the manifest asks for."""
    found = {name for table in _holders(known) for kind in _KINDS for name in _table(table, kind)}
    return sorted(found)


_KINDS = ("dependencies", "pypi-dependencies", "host-dependencies", "build-dependencies")


def _holders(known: Known) -> Iterable[Mapping[str, Any]]:
    """Every table that can hold tasks and dependencies."""
    tops = [known.tables]
    for group in ("feature", "environments"):
        tops += [t for t in _table(known.tables, group).values() if isinstance(t, Mapping)]
    for top in tops:
        yield top
        yield from (t for t in _table(top, "target").values() if isinstance(t, Mapping))


def installed(known: Known) -> list[str]:
    """The packages in the prefix of the environment at hand, else in that of `default`."""
    if known.root is None:
        return []
    name = known.context.environ.get("PIXI_ENVIRONMENT_NAME") or "default"
    meta = known.root / ".pixi" / "envs" / name / "conda-meta"
    found = set()
    for path in meta.glob("*.json"):
        match = re.match(r"(.+)-[^-]+-[^-]+\.json\Z", path.name)
        if match:
            found.add(match[1])
    for path in meta.parent.glob("lib/python3*/site-packages/*.dist-info"):
        found.add(path.name.partition("-")[0].lower().replace("_", "-"))
    return sorted(found | set(dependencies(known)))


def offered(known: Known, begun: str) -> list[str]:
    """The names in the cached index of the workspace's channels that begin so; nothing before two letters."""
    name = re.match(r"(?:[^:]*::)?([A-Za-z0-9._-]+)\Z", begun)
    if name is None or len(name[1]) < 2:
        return []
    try:
        names = asyncio.run(_index(known))
    except Exception:  # a completion that fails is one that offers nothing
        return []
    prefix = begun[: name.start(1)]
    return [prefix + n for n in sorted(n for n in names if n.startswith(name[1].lower()))[:LIMIT]]


async def _index(known: Known) -> frozenset[str]:
    from ...config import load_config
    from ...environments.channels import channel_url
    from ...environments.host import current_subdir
    from ...environments.model import Channel
    from ...solve.gateway import network, package_names

    config = load_config(known.root, known.context.environ)
    texts = channels(known) or list(config.default_channels)
    root = known.root or known.context.cwd
    sources = [Channel(channel_url(t, alias=config.channel_alias, root=root), t) for t in texts]
    return await package_names(network(config, known.context.environ, offline=True), sources, current_subdir())


KINDS: dict[str, Callable[[Known], list[str]]] = {
    "ENVIRONMENT": environments,
    "FEATURE": features,
    "PLATFORM": platforms,
    "SUBDIR": lambda known: list(SUBDIRS),
    "CHANNEL": channels,
    "TASK": tasks,
    "NAME": dependencies,
    "REGEX": installed,
}
"""What is offered for an argument, by the name that its help gives it."""
