"""The packages of a solve group to those of one member: what its own requirements reach, nothing else.

Pixi judges a lock with unreachable packages as out of date, so a member gets exactly its closure over conda
`depends` (with the extras asked for) and PyPI `requires_dist` (with markers and extras).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..environments.model import OnPlatform
from ..lockfile import packages as locked
from ..lockfile.model import Package
from ..lockfile.packages import normalize as pypi_name

Split = tuple[tuple[Package, ...], tuple[Package, ...]]
"""Conda packages and PyPI packages."""


def reachable(on: OnPlatform, conda: Sequence[Package], pypi: Sequence[Package], markers: Mapping[str, str]) -> Split:
    """The packages of the group that one member reaches on a platform, in the order given.

    `on` is what the member asks for; `markers` is the PEP 508 environment of platform and locked python.
    """
    return _Walk(conda, pypi, markers).run(on)


class _Walk:
    def __init__(self, conda: Sequence[Package], pypi: Sequence[Package], markers: Mapping[str, str]) -> None:
        self._conda = conda
        self._pypi = pypi
        self._conda_by_name = {locked.name(p): p for p in conda}
        self._pypi_by_name = {pypi_name(locked.name(p)): p for p in pypi}
        self._provided = {name: p for p in conda for name in locked.pypi_names(p) or ()}
        self._holds = marker_test(markers)
        self._seen: set[tuple[str, frozenset[str]]] = set()
        self._kept: set[Package] = set()
        self._queue: list[tuple[str, str, frozenset[str]]] = []

    def run(self, on: OnPlatform) -> Split:
        for name, spec in on.dependencies:
            self._queue.append(("conda", name, frozenset(spec.extras)))
        for name, requirement in on.pypi_dependencies:
            if self._holds(requirement.env_markers, ""):
                self._queue.append(("pypi", pypi_name(name), frozenset(map(pypi_name, requirement.extras))))
        while self._queue:
            kind, name, extras = self._queue.pop()
            if (f"{kind}:{name}", extras) in self._seen:
                continue
            self._seen.add((f"{kind}:{name}", extras))
            package = self._find(kind, name)
            if package is None:
                continue
            self._kept.add(package)
            self._queue.extend(self._needs(package, extras))
        return (
            tuple(p for p in self._conda if p in self._kept),
            tuple(p for p in self._pypi if p in self._kept),
        )

    def _find(self, kind: str, name: str) -> Package | None:
        if kind == "conda":
            return self._conda_by_name.get(name)
        return self._provided.get(name) or self._pypi_by_name.get(name)

    def _needs(self, package: Package, extras: frozenset[str]) -> Iterator[tuple[str, str, frozenset[str]]]:
        if package.kind == "pypi":
            for text in locked.requires_dist(package):
                name, wanted, marker = split_requirement(text)
                if any(self._holds(marker, extra) for extra in ("", *extras)):
                    yield "pypi", name, wanted
            return
        for spec in locked.depends(package):
            yield "conda", *split_match_spec(spec)
        more = locked.extra_depends(package)
        for extra in extras:
            for spec in more.get(extra, ()):
                yield "conda", *split_match_spec(spec)


def split_match_spec(text: str) -> tuple[str, frozenset[str]]:
    """The name and the extras of a match spec text."""
    bare = text.split("::", 1)[-1] if "::" in text.split("[", 1)[0] else text
    name = re.match(r"[\w.-]+", bare.strip())
    extras = re.search(r"extras=\[([^\]]*)\]", bare)
    wanted = frozenset(e.strip().strip("'\"") for e in extras[1].split(",")) if extras else frozenset()
    return (name[0].lower() if name else ""), wanted


def split_requirement(text: str) -> tuple[str, frozenset[str], str | None]:
    """Name, extras and marker text of a PEP 508 requirement as it stands in a lock file."""
    head, _, marker = text.partition(" ;") if " @ " in text else text.partition(";")
    found = re.match(r"\s*([\w.-]+)\s*(?:\[([^\]]*)\])?", head)
    if found is None:
        return "", frozenset(), None
    extras = frozenset(pypi_name(e.strip()) for e in (found[2] or "").split(",") if e.strip())
    return pypi_name(found[1]), extras, marker.strip() or None


def marker_test(markers: Mapping[str, str]) -> Callable[[str | None, str], bool]:
    """A function that says whether a marker text holds with a given extra ("" for none)."""
    from packaging.markers import InvalidMarker, Marker

    known: dict[tuple[str, str], bool] = {}

    def holds(text: str | None, extra: str) -> bool:
        if text is None:
            return True
        if (text, extra) not in known:
            try:
                known[text, extra] = Marker(text).evaluate({**markers, "extra": extra})
            except InvalidMarker:
                known[text, extra] = True
        return known[text, extra]

    return holds
