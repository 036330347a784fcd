"""Turns what a kernel says of its modules' files into the packages that it runs in another version than is installed.

The kernel tells which files are not those that it imported, and which packages were there when it did. To whom such a
file belongs is told by the records of the prefix, and for a conda package that is gone by its folder in the cache.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ...config import cache_folder
from ...prefix.ownership import Ownership, Versions, version_in, versions_in
from ..context import Caller, Context

_TOLD = 5
"""How many packages a warning names."""


@dataclass(frozen=True)
class Stale:
    """A package of which the kernel runs something else than what is on disk.

    `loaded` is the version that was there at the import (None: not known, as for mapped libraries), `installed` the
    one that is there now (None: none). `told` says that the kernel's user knows.
    """

    name: str
    loaded: str | None
    installed: str | None
    modules: tuple[str, ...] = ()
    told: bool = False

    def sentence(self) -> str:
        """`numpy 2.1.0 is loaded, 2.2.0 is installed`."""
        name = f"{self.name} {self.loaded}" if self.loaded else self.name
        if self.installed is None:
            return f"{name} is loaded, and no longer installed"
        if self.loaded is None:
            return f"{name} is loaded as it was before {self.installed} was installed"
        if self.installed == self.loaded:
            return f"{name} is loaded, and files of it were exchanged or taken away since (another build, an edit)"
        return f"{name} is loaded, {self.installed} is installed"

    def to_json(self) -> dict[str, object]:
        """As `status --json` has it."""
        return {
            "name": self.name,
            "loaded": self.loaded,
            "installed": self.installed,
            "modules": list(self.modules),
            "text": self.sentence(),
        }


def stale_packages(context: Context) -> tuple[Stale, ...]:
    """What the calling kernel runs that is not what its prefix holds now, by name."""
    caller = context.caller
    if caller is None or not (caller.changed or caller.replaced):
        return ()
    place = Ownership(Path(caller.prefix), cache_folder(context.environ) / "pkgs")
    listings = {number: versions_in(entries) for number, entries in caller.listings.items()}
    found: dict[str, Stale] = {}
    for each in (*_of_modules(caller, place, listings), *_of_libraries(caller, place, listings)):
        other = found.get(each.name)
        if other is None:
            found[each.name] = each
        else:
            modules = tuple(sorted({*other.modules, *each.modules}))
            found[each.name] = replace(other, modules=modules, told=other.told and each.told)
    return tuple(found[name] for name in sorted(found))


def tell_stale_packages(context: Context) -> None:
    """Warn a kernel of what others changed under it, once: of what it did by itself it was told then."""
    found = [each.sentence() for each in stale_packages(context) if not each.told]
    if found:
        more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
        context.warn(
            f"Changed outside of this kernel: {'; '.join(found[:_TOLD])}{more}. Restart it to be sure of what it "
            "computes.",
            "stale",
        )


def _of_modules(caller: Caller, place: Ownership, listings: Mapping[str, Versions]) -> Iterator[Stale]:
    for each in caller.changed:
        then = listings.get(each.listing, {})
        top = each.module.partition(".")[0]
        owner = place.moved(each.path, then, top)
        if owner is not None:
            yield Stale(owner[1], version_in(then, owner), version_in(place.now, owner), (top,), each.told)
        elif (name := place.edited(each.path, then)) is not None:
            yield Stale(name[1], version_in(then, name), version_in(place.now, name), (top,), each.told)
        elif not os.path.lexists(each.path):
            yield Stale(top, None, None, (top,), each.told)


def _of_libraries(caller: Caller, place: Ownership, listings: Mapping[str, Versions]) -> Iterator[Stale]:
    """Mapped files that are not those on disk; when they were mapped nobody knows."""
    first = next(iter(listings.values()), {})
    for path, told in ((each.path, each.told) for each in caller.replaced):
        owner = place.moved(path, first, "")
        if owner is not None:
            yield Stale(owner[1], version_in(first, owner), version_in(place.now, owner), told=told)
        elif (name := place.owner(path)) is not None:
            yield Stale(name[1], version_in(first, name), version_in(place.now, name), told=told)
        else:
            yield Stale(Path(path).name, None, None, told=told)
