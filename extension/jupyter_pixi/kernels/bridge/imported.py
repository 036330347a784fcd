"""This process's modules, looked at again and again -> which of their files are other ones now than when they came.

After each cell, and before each `%pixi`, the file of every module that is new is remembered as it is then, with the
names of the packages that were installed at that moment. A module that was reloaded or imported anew counts as new.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from typing import Any, Iterable, NamedTuple, Optional

from .files import entries

_META = ("conda-meta", ".json")
_DISTRIBUTIONS = (".dist-info", ".egg-info")


class _Seen(NamedTuple):
    spec: Any  # by which a reload is known: it makes a new one
    path: Optional[str]  # the file, or the archive that holds it; None for what lies elsewhere
    state: Optional[tuple[int, ...]]
    listing: int  # the number of the list of packages


class Imported:
    """What the modules that lie in a prefix looked like when this process imported them."""

    def __init__(self, prefix: str) -> None:
        """`prefix` is this interpreter's own. Nothing is looked at yet."""
        self._roots = tuple({os.path.join(root, "") for root in (prefix, os.path.realpath(prefix))})
        self._library = tuple(
            {os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib")},
        )
        self._meta = os.path.join(prefix, "conda-meta")
        self._sites = list(dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib")))
        self._seen = {}  # type: dict[str, _Seen]
        self._listings = []  # type: list[list[str]]
        self._stamp = None  # type: Any
        self._told = {}  # type: dict[str, Optional[tuple[int, ...]]]

    def look(self) -> None:
        """Remembers what is new since the last look. (About half a millisecond for a thousand known modules.)"""
        listing = None
        for name, module in list(sys.modules.items()):
            try:
                table = object.__getattribute__(module, "__dict__")
                spec = table.get("__spec__")
                seen = self._seen.get(name)
                if seen is not None and seen.spec is spec:
                    continue
                path = table.get("__file__")
            except Exception:  # noqa: S112 - anything can stand in sys.modules
                continue
            if listing is None:
                listing = self._listing()
            if type(path) is str and self._is_ours(path):
                path, state = _state(path)
            else:
                path = state = None
            self._seen[name] = _Seen(spec, path, state, listing)

    def _is_ours(self, path: str) -> bool:
        """Whether it belongs to a package of the prefix: the library is Python's, which does not change."""
        if not path.startswith(self._roots):
            return False
        return any(path.startswith(os.path.join(site, "")) for site in self._sites) or not path.startswith(
            self._library
        )

    def _listing(self) -> int:
        """The number of the list of the packages that are installed now; a new one if it has changed."""
        stamp = [_modified(folder) for folder in (self._meta, *self._sites)]
        if stamp != self._stamp or not self._listings:
            self._stamp = stamp
            found = [name for name in entries(self._meta) if name.endswith(_META[1])]
            for site in self._sites:
                found += [name for name in entries(site) if name.endswith(_DISTRIBUTIONS)]
            self._listings.append(sorted(found))
        return len(self._listings) - 1

    def document(self) -> dict[str, Any]:
        """What the engine is told: `changed` files (path, module, number of a listing, and whether it was told of it
        before), and the `listings` that are concerned, by number; the first one always, for libraries."""
        changed, listings = [], {str(number): names for number, names in enumerate(self._listings[:1])}
        for name, seen in list(self._seen.items()):
            if seen.path is None or name not in sys.modules:
                continue
            now = _state(seen.path)[1]
            if now == seen.state:
                continue
            told = seen.path in self._told and self._told[seen.path] == now
            changed.append({"path": seen.path, "module": name, "listing": str(seen.listing), "told": told})
            listings[str(seen.listing)] = self._listings[seen.listing]
        return {"changed": changed, "listings": listings}

    def libraries(self, paths: Iterable[str]) -> list[dict[str, Any]]:
        """Mapped files that are not those on disk, as the engine is told of them."""
        return [{"path": path, "told": path in self._told} for path in paths]

    def come_back(self) -> list[str]:
        """Top-level modules that stay loaded, told as gone before, of which the disk now has files again."""
        rows = [row for row in self.document()["changed"] if not row["told"]]
        return sorted({row["module"].partition(".")[0] for row in rows if self._told.get(row["path"], 0) is None})

    def tell(self, libraries: Iterable[str]) -> None:
        """What has changed until now is known to the user, mapped libraries among it."""
        self._told = {row["path"]: _state(row["path"])[1] for row in self.document()["changed"]}
        self._told.update((path, ()) for path in libraries if path not in self._told)


def _state(path: str) -> tuple[str, Optional[tuple[int, ...]]]:
    """What tells a file from another in its place; with it its path, or that of the archive which holds it."""
    place = path
    while place:
        try:
            found = os.stat(place)
        except NotADirectoryError:
            place = os.path.dirname(place)
            continue
        except OSError:
            return path, None
        return place, (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size)
    return path, None


def _modified(folder: str) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0
