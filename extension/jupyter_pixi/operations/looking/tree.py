"""Turns the lock of one environment on one platform into its tree of dependencies, or into who needs a package.

The drawing is Pixi's (`pixi tree`): direct dependencies at the top, by name; a package that was shown before has `(*)`
and is not unfolded again. A dependency that only an extra brings says which.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...environments.model import Environment
from ...errors import PixiError
from ...lockfile import packages
from ...lockfile.check import markers, requirements
from ...lockfile.model import LockFile, Package
from ...manifest.edit import pypi_name
from ...manifest.model import Platform

_NAME = re.compile(r"[^\s\[=<>!~;]+")


@dataclass(frozen=True)
class Node:
    """A package of the tree. `needs` maps names to the extras by which they are needed (none: always)."""

    name: str
    version: str
    kind: str
    needs: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Tree:
    """The packages by name, and the names that the manifest asks for."""

    nodes: Mapping[str, Node]
    direct: frozenset[str]


@dataclass(frozen=True)
class Line:
    """A line of the drawing, in parts so that a renderer can paint them."""

    lead: str
    name: str
    version: str
    kind: str
    direct: bool
    extras: tuple[str, ...] = ()
    again: bool = False

    def __str__(self) -> str:
        extras = f"(extra: {', '.join(self.extras)})" if self.extras else ""
        return f"{self.lead}{self.name} {self.version} {extras}{' (*)' if self.again else ''}"


def build(lock: LockFile, environment: Environment, platform: Platform) -> Tree:
    """The tree of an environment on a platform."""
    locked = lock.environments.get(environment.name)
    found = locked.packages.get(platform.name, ()) if locked is not None else ()
    conda = [p for p in found if p.kind != "pypi"]
    pypi = {shown_name(p): p for p in found if p.kind == "pypi"}
    nodes = {n.name: n for n in map(_conda_node, conda)}
    on = environment.on.get(platform.name)
    asked = on.pypi_dependencies if on is not None else ()
    if pypi:
        python = next((packages.version(p) for p in conda if packages.name(p) == "python"), None)
        known = markers.variables(platform.subdir, python) if python else None
        extras = _extras(pypi, [(pypi_name(n).replace("-", "_"), s.extras) for n, s in asked], known)
        nodes.update((name, _pypi_node(name, p, extras.get(name, ()), known)) for name, p in pypi.items())
    direct = {name for name, _ in (on.dependencies if on is not None else ()) if nodes.get(name, _NONE).kind == "conda"}
    direct |= {
        n for n in (pypi_name(name).replace("-", "_") for name, _ in asked) if nodes.get(n, _NONE).kind == "pypi"
    }
    return Tree(nodes, frozenset(direct))


_NONE = Node("", "", "", {})


def shown_name(package: Package) -> str:
    """The name as Pixi shows it: that of a PyPI package with underscores."""
    return packages.name(package).replace("-", "_") if package.kind == "pypi" else packages.name(package)


def _conda_node(package: Package) -> Node:
    names = (
        match[0].lower()
        for spec in packages.depends(package)
        if (match := _NAME.match(spec.partition("::")[2] or spec))
    )
    return Node(
        packages.name(package),
        packages.version(package) or "",
        "conda",
        {name: () for name in names if not name.startswith("__")},
    )


def _pypi_node(name: str, package: Package, extras: tuple[str, ...], known: markers.Variables | None) -> Node:
    needs: dict[str, tuple[str, ...]] = {}
    for text in packages.requires_dist(package):
        item = requirements.of_text(text)
        if item is None or not _applies(item.marker, known, extras):
            continue
        target = item.name.replace("-", "_")
        always = _applies(item.marker, known, ())
        by = () if always else tuple(e for e in extras if _applies(item.marker, known, (e,)))
        present = needs.get(target)
        needs[target] = () if always or present == () else tuple(dict.fromkeys((*(present or ()), *by)))
    return Node(name, packages.version(package) or "", "pypi", needs)


def _applies(marker: str, known: markers.Variables | None, extras: tuple[str, ...]) -> bool:
    if not marker:
        return True
    return known is not None and markers.holds(marker, known, extras)


def _extras(
    pypi: Mapping[str, Package], asked: list[tuple[str, tuple[str, ...]]], known: markers.Variables | None
) -> dict[str, tuple[str, ...]]:
    """The extras that are switched on, spread through requirements until nothing is added."""
    active: dict[str, tuple[str, ...]] = {}
    queue: list[str] = list(pypi)

    def switch(name: str, extras: tuple[str, ...]) -> None:
        have = active.get(name, ())
        new = tuple(dict.fromkeys((*have, *(packages.normalize(e) for e in extras))))
        if new != have:
            active[name] = new
            if name in pypi:
                queue.append(name)

    for name, extras in asked:
        switch(name, extras)
    while queue:
        name = queue.pop()
        for text in packages.requires_dist(pypi[name]):
            item = requirements.of_text(text)
            if item is not None and item.extras and _applies(item.marker, known, active.get(name, ())):
                switch(item.name.replace("-", "_"), tuple(item.extras))
    return active


# -- drawing ------------------------------------------------------------------------------------------------------


def lines(tree: Tree, pattern: str | None = None) -> Iterator[Line]:
    """The tree from the direct dependencies (or those that match) downwards. Raises PixiError when nothing matches."""
    tops, transitive = sorted(tree.direct), False
    if pattern is not None:
        expression = _compiled(pattern)
        tops = [n for n in tops if expression.search(n)]
        if not tops:
            tops, transitive = sorted(n for n in tree.nodes if expression.search(n)), True
        if not tops:
            raise PixiError(
                "Couldn't print the dependency tree\n  No dependencies matched the given regular expression"
            )
    needs = {name: tuple(node.needs.items()) for name, node in tree.nodes.items()}
    seen: set[str] = set()
    for index, name in enumerate(tops):
        last = index == len(tops) - 1
        symbol = "" if transitive else "└──" if last else "├──"
        again = name in seen
        seen.add(name)
        yield _line(tree, f"{symbol} ", name, again=again)
        if not again:
            yield from _below(tree, needs, name, "    " if last else "│   ", seen)


def inverted(tree: Tree, pattern: str) -> Iterator[Line]:
    """Who needs the packages that match, up to the direct dependencies. Raises PixiError when nothing matches."""
    expression = _compiled(pattern)
    needed: dict[str, list[tuple[str, tuple[str, ...]]]] = {name: [] for name in tree.nodes}
    for name in sorted(tree.nodes):
        for target in tree.nodes[name].needs:
            if target in needed:
                needed[target].append((name, ()))
    tops = sorted(n for n in tree.nodes if expression.search(n))
    if not tops:
        raise PixiError(
            "Couldn't print the inverted dependency tree\n  Nothing depends on the given regular expression"
        )
    seen: set[str] = set()
    for name in tops:
        again = name in seen
        seen.add(name)
        yield _line(tree, "\n", name, again=again)
        if not again:
            yield from _below(tree, needed, name, "", seen)


def _below(
    tree: Tree,
    edges: Mapping[str, Sequence[tuple[str, tuple[str, ...]]]],
    top: str,
    prefix: str,
    seen: set[str],
) -> Iterator[Line]:
    """What hangs below a name, depth first; a stack instead of recursion, so that no chain is too long."""
    stack = [(prefix, iter(tuple(edges.get(top, ()))), len(edges.get(top, ())))]
    counts = [0]
    while stack:
        lead, children, total = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
            counts.pop()
            continue
        counts[-1] += 1
        name, extras = child
        last = counts[-1] == total
        again = name in seen
        seen.add(name)
        yield _line(tree, f"{lead}{'└──' if last else '├──'} ", name, extras=extras, again=again)
        below = edges.get(name, ())
        if not again and below:
            stack.append((lead + ("    " if last else "│   "), iter(tuple(below)), len(below)))
            counts.append(0)


def _line(tree: Tree, lead: str, name: str, *, extras: tuple[str, ...] = (), again: bool = False) -> Line:
    node = tree.nodes.get(name)
    version, kind = (node.version, node.kind) if node is not None else ("", "conda")
    return Line(lead, name, version, kind, name in tree.direct, extras, again)


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise PixiError(f"Invalid regular expression: '{pattern}': {error}") from None
