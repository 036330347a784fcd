"""Turns "add this dependency there" into a change of the manifest's text, in the place that Pixi gives it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import ManifestError, PixiError, Place
from .document import Document
from .layout import Path as Keys
from .model import DEFAULT, CondaSpec, PypiSpec
from .script import find_block, with_block
from .specs_text import conda_toml, parse_pypi, pep508, pypi_toml


@dataclass(frozen=True)
class Where:
    """Which table a change goes to: a feature (None: the default one), an environment's inline content, a platform."""

    feature: str | None = None
    environment: str | None = None
    platform: str | None = None


@dataclass(frozen=True)
class Written:
    """A line of the manifest that a change wrote or took away (`text` is the line as it stands, stripped)."""

    path: Path
    line: int | None
    text: str


class ManifestEditor:
    """A manifest under change. Nothing is written to disk; `data` gives the bytes to publish."""

    def __init__(self, data: bytes, path: Path) -> None:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise ManifestError(f"{path.name} is not UTF-8 text.", place=Place(path)) from None
        self.path = path
        self.is_pyproject = path.name == "pyproject.toml"
        self.is_script = path.suffix in (".py", ".pyw")
        self.root: Keys = ("tool", "pixi") if self.is_pyproject or self.is_script else ()
        block = find_block(text, path) if self.is_script else None
        self._script = text
        self.document = Document(block.text if block is not None else "" if self.is_script else text)

    @property
    def data(self) -> bytes:
        """The manifest's bytes as they are now."""
        text = self.document.text
        return (with_block(self._script, self.path, text) if self.is_script else text).encode("utf-8")

    def workspace(self) -> Keys:
        """The path of the workspace table: `[workspace]`, or `[project]` where the old spelling is used."""
        if not self.is_pyproject and not self.document.has(("workspace",)) and self.document.has(("project",)):
            return ("project",)
        new, old = (*self.root, "workspace"), (*self.root, "project")
        return old if self.is_pyproject and not self.document.has(new) and self.document.has(old) else new

    def table(self, where: Where, table: str) -> Keys:
        """The path of a feature's or environment's table."""
        keys = self.root
        if where.environment is not None:
            keys = (*keys, "environments", where.environment)
        elif where.feature is not None and where.feature != DEFAULT:
            keys = (*keys, "feature", where.feature)
        if where.platform is not None:
            keys = (*keys, "target", where.platform)
        return (*keys, table)

    # -- dependencies -----------------------------------------------------------------------------------------

    def set_conda(self, name: str, spec: CondaSpec, where: Where, table: str = "dependencies") -> Written:
        """Write a conda spec; an entry of that name is replaced in place. Returns the line."""
        self.open_environment(where)
        keys = self.table(where, table)
        key = self._key(keys, name, conda_name)
        self.document.set((*keys, key), conda_toml(spec))
        return self._written((*keys, key))

    def set_pypi(self, name: str, spec: PypiSpec, where: Where) -> Written:
        """Write a PyPI spec where Pixi does: in pyproject.toml as PEP 508 text where that can say it."""
        self.open_environment(where)
        array = self._pypi_array(where, spec)
        if array is not None:
            text = pep508(pypi_name(name), spec)
            index = self._requirement_index(array, name)
            if index is None:
                self.document.append(array, text)
            else:
                self.document.set_item(array, index, text)
            return Written(self.path, self.document.line_of(array), value_line(self.document, array))
        keys = self.table(where, "pypi-dependencies")
        key = self._key(keys, pypi_name(name), pypi_name)
        self.document.set((*keys, key), pypi_toml(spec))
        if self.is_pyproject and where in (Where(), Where(feature=DEFAULT)):  # not twice in one feature
            self._drop_requirement(("project", "dependencies"), name)
        return self._written((*keys, key))

    def remove(self, name: str, where: Where, *, pypi: bool, tables: tuple[str, ...] = ("dependencies",)) -> Written:
        """Take a dependency out of the table that `where` names. Raises PixiError when it is not in it."""
        normal = pypi_name if pypi else conda_name
        for table in ("pypi-dependencies",) if pypi else tables:
            keys = self.table(where, table)
            for key in self.document.keys(keys):
                if normal(key) == normal(name):
                    written = self._written((*keys, key))
                    self.document.remove((*keys, key))
                    if self.is_script:  # nothing else refers to a table there, so that an empty one can go
                        self.document.drop_empty_header(keys)
                    return written
        if pypi and (self.is_pyproject or self.is_script) and where.platform is None:
            for array in self._arrays(where):
                index = self._requirement_index(array, name)
                if index is not None:
                    line = Written(self.path, self.document.line_of(array), self.document.items(array)[index])
                    self._drop_requirement(array, name)
                    return line
        table = "pypi-dependencies" if pypi else tables[0]
        raise PixiError(f"dependency `{name}` was not found in {table}", code="not-a-dependency")

    def places(self, name: str) -> tuple[tuple[Where, str], ...]:
        """Every table of the manifest that has the dependency, for a hint where it really is."""
        found = []
        for where in self._all_places():
            for table in ("dependencies", "host-dependencies", "build-dependencies", "pypi-dependencies"):
                normal = pypi_name if table.startswith("pypi") else conda_name
                if any(normal(key) == normal(name) for key in self.document.keys(self.table(where, table))):
                    found.append((where, table))
        return tuple(found)

    def _all_places(self) -> list[Where]:
        features = (None, *self.document.keys((*self.root, "feature")))
        environments = self.document.keys((*self.root, "environments"))
        bases = [Where(feature=f) for f in features] + [Where(environment=e) for e in environments]
        out = []
        for base in bases:
            targets = self.document.keys(self.table(base, "target"))
            out += [base, *(replace(base, platform=t) for t in targets)]
        return out

    def drop_empty_environment(self, name: str) -> None:
        """Take away an environment whose entry holds nothing but empty tables: it stood for its content alone."""
        keys = (*self.root, "environments", name)
        if self.document.has(keys) and self._is_empty(keys):
            self.document.remove(keys)

    def prune(self, where: Where, table: str, *, declared: bool = True) -> None:
        """Take away a feature's or environment's table if it holds nothing, and the `target` tables left empty by that.

        An environment stays, also with nothing in it, and so does a feature that has to stay `declared`.
        """
        keys, anchor = self.table(where, table), self.table(replace(where, platform=None), table)[:-1]
        while len(keys) > len(anchor) and self._holds_nothing(keys):
            if self.document.has(keys):
                self.document.remove(keys)
            keys = keys[:-1]
        if where.environment is not None and set(self.document.keys(anchor)) <= {"no-default-feature"}:
            if self.document.has(anchor):
                self.document.set((*anchor, "features"), [])
            else:
                self.document.set(anchor, [])
        elif where.environment is None and declared and anchor != self.root:
            self.document.ensure_table(anchor)

    # -- how --------------------------------------------------------------------------------------------------

    def _holds_nothing(self, keys: Keys) -> bool:
        value = self.document.value(keys)
        return (value is None or value.startswith("{")) and not self.document.keys(keys)

    def _key(self, keys: Keys, name: str, normal: Callable[[str], str]) -> str:
        """The key under which the table has the name already (in the user's spelling), else the name."""
        for key in self.document.keys(keys):
            if normal(key) == normal(name):
                return key
        return name

    def _is_empty(self, keys: Keys) -> bool:
        """Whether a table holds nothing, or only tables that hold nothing."""
        value = self.document.value(keys)
        below = self.document.keys(keys)
        return (value is None or value.startswith("{")) and all(self._is_empty((*keys, key)) for key in below)

    def _written(self, path: Keys) -> Written:
        return Written(self.path, self.document.line_of(path), value_line(self.document, path))

    def open_environment(self, where: Where) -> None:
        """`test = ["a"]` under [environments] becomes `[environments.test]`, so that it can hold content of its own."""
        if where.environment is None:
            return
        keys = (*self.root, "environments", where.environment)
        if self.document.value(keys) is not None:
            self.document.open_table(keys, "features")

    def _arrays(self, where: Where) -> tuple[Keys, ...]:
        if where.environment is not None:
            return ()
        if self.is_script:
            return (("dependencies",),)
        if where.feature is None or where.feature == DEFAULT:
            return (("project", "dependencies"),)
        return (("dependency-groups", where.feature), ("project", "optional-dependencies", where.feature))

    def _pypi_array(self, where: Where, spec: PypiSpec) -> Keys | None:
        """The PEP 508 array of a pyproject.toml that takes this spec, or None when a tool.pixi table has to."""
        if self.is_script and where == Where() and not (spec.editable or spec.index):
            return ("dependencies",)
        if not self.is_pyproject or where.platform is not None or where.environment is not None:
            return None
        if spec.editable or spec.index or not self.document.has(("project",)):
            return None
        if where.feature is None or where.feature == DEFAULT:
            return ("project", "dependencies")
        if self.document.has(self.table(where, "pypi-dependencies")):
            return None
        for array in self._arrays(where):
            if self.document.has(array):
                return array
        return ("dependency-groups", where.feature)

    def _drop_requirement(self, array: Keys, name: str) -> None:
        """Take a requirement out of a PEP 508 array; an emptied one goes, as in Pixi, if no environment names it."""
        index = self._requirement_index(array, name)
        if index is None:
            return
        self.document.remove_item(array, index)
        if self.is_pyproject and not self.document.items(array) and not self._is_listed(array[-1]):
            self.document.remove(array)

    def _is_listed(self, feature: str) -> bool:
        """Whether an environment lists the feature."""
        keys = (*self.root, "environments")
        lists = [path for e in self.document.keys(keys) for path in ((*keys, e), (*keys, e, "features"))]
        return any(unquoted(item) == feature for path in lists for item in self.document.items(path))

    def _requirement_index(self, array: Keys, name: str) -> int | None:
        for index, item in enumerate(self.document.items(array)):
            if not item.startswith(("'", '"')):
                continue
            try:
                other = parse_pypi(unquoted(item))[0]
            except PixiError:
                continue
            if pypi_name(other) == pypi_name(name):
                return index
        return None


def conda_name(name: str) -> str:
    """A conda name as names are compared: lower case."""
    return name.lower()


def pypi_name(name: str) -> str:
    """A PyPI name as names are compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def unquoted(item: str) -> str:
    """The text of a TOML string literal."""
    import tomllib

    value = tomllib.loads(f"x = {item}")["x"]
    return value if isinstance(value, str) else str(value)


def value_line(document: Document, path: Keys) -> str:
    """The line of the manifest on which the path stands, stripped."""
    line = document.line_of(path)
    if line is None:
        return ""
    lines = document.text.split("\n")
    return lines[line - 1].strip() if line <= len(lines) else ""
