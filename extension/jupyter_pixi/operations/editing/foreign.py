"""Turns an environment.yml or a requirements.txt into specs of the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...errors import PixiError, Place
from ...manifest.model import CondaSpec, PypiSpec
from ...manifest.specs_text import parse_conda, parse_pypi

_FILE_OPTION = re.compile(r"(?P<name>-r|-c|--requirement|--constraint)(?:\s+|=|(?<=-[rc]))(?P<file>\S.*)")
_DEFAULTS = ("main", "r", "msys2")


@dataclass(frozen=True)
class Foreign:
    """What such a file asks for. `channels` are as written, `notes` tell what was left out."""

    name: str | None = None
    channels: tuple[str, ...] = ()
    conda: tuple[tuple[str, CondaSpec], ...] = ()
    pypi: tuple[tuple[str, PypiSpec], ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def all_channels(self, alias: str) -> tuple[str, ...]:
        """The channels as Pixi takes them over: `defaults` spelt out, then the URLs of those that only specs name."""
        found: list[str] = []
        for channel in self.channels:
            found += _DEFAULTS if channel == "defaults" else [channel]
        return tuple(dict.fromkeys([*found, *self.spec_channels(alias)]))

    def spec_channels(self, alias: str) -> list[str]:
        """The URLs of channels that only specs name (`tiny::tool`)."""
        found = dict.fromkeys(s.channel for _, s in self.conda if s.channel)
        return [c if "://" in c else f"{alias.rstrip('/')}/{c}" for c in found]


def read_text(path: Path) -> str:
    """The file's text. Raises PixiError when it cannot be read or is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PixiError(f"Cannot read {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}.") from None


def read_foreign(path: Path) -> Foreign:
    """Read a conda environment file (.yml, .yaml) or a requirements file. Raises PixiError with the line."""
    text = read_text(path)
    if path.suffix in (".yml", ".yaml"):
        return environment_yml(text, path)
    return requirements_txt(text, path)


def environment_yml(text: str, path: Path) -> Foreign:
    """A conda environment file. (conda's docs, manage-environments.) Raises PixiError."""
    import yaml

    try:
        data: Any = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - builds texts, lists and mappings only
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)
        raise PixiError(f"{path.name} is not valid YAML: {getattr(error, 'problem', error)}.", place=place) from None
    if not isinstance(data, dict):
        raise PixiError(f"{path.name} is not a conda environment file: it is no mapping.", place=Place(path))
    conda: list[tuple[str, CondaSpec]] = []
    from_pip = Foreign()
    for entry in _list(data, "dependencies", path):
        if isinstance(entry, dict):
            for line in _list(entry, "pip", path):
                from_pip = _with_line(from_pip, str(line), path, (), skip_options=True)
        else:
            conda.append(parse_conda(str(entry)))
    variables = data.get("variables") or {}
    if not isinstance(variables, dict):
        raise PixiError(f"`variables` of {path.name} is no mapping.", place=Place(path))
    if from_pip.pypi and not any(name == "pip" for name, _ in conda):
        conda.append(("pip", CondaSpec(version="*")))
    return Foreign(
        name=str(data["name"]) if data.get("name") else None,
        channels=tuple(map(str, _list(data, "channels", path))),
        conda=tuple(conda),
        pypi=from_pip.pypi,
        notes=from_pip.notes,
        variables={str(k): str(v) for k, v in variables.items()},
    )


def requirements_txt(text: str, path: Path) -> Foreign:
    """A pip requirements file: its requirement lines, and those of the files that it names with `-r`.

    Constraints (`-c`) are left out with a note; other options are refused with their line.
    """
    return _lines_of(text, path, ())


def _with_line(
    found: Foreign, line: str, path: Path, above: tuple[Path, ...], *, skip_options: bool = False
) -> Foreign:
    """What was found, and what one more line of a requirements file asks for.

    Options other than `-r` are refused, or left out with a note where `skip_options` says so (as Pixi does with the
    files that an environment.yml names).
    """
    option = _FILE_OPTION.fullmatch(line.partition(" #")[0].strip())
    if option is None and skip_options and line.strip().startswith("-"):
        return replace(found, notes=(*found.notes, f"`{line.strip()}` in {path.name} is left out"))
    if option is None:
        return replace(found, pypi=(*found.pypi, *_requirement(line)))
    other = path.parent / option["file"]
    if option["name"] in ("-c", "--constraint"):
        note = f"Constraints detected in {path.name}, and left out: put the bounds of {option['file']} on the packages"
        return replace(found, notes=(*found.notes, note))
    inner = _included(other, path, above, skip_options)
    return replace(found, pypi=(*found.pypi, *inner.pypi), notes=(*found.notes, *inner.notes))


def _included(other: Path, path: Path, above: tuple[Path, ...], skip_options: bool) -> Foreign:
    """The requirements of a file that another one names. Raises PixiError for files that name each other."""
    chain = (*above, path.resolve())
    if other.resolve() in chain:
        raise PixiError(f"{other.name} and {path.name} include each other.", place=Place(path))
    return _lines_of(read_text(other), other, chain, skip_options)


def _lines_of(text: str, path: Path, above: tuple[Path, ...], skip_options: bool = False) -> Foreign:
    found = Foreign()
    for number, line in enumerate(text.replace("\\\n", "").splitlines(), 1):
        try:
            found = _with_line(found, line, path, above, skip_options=skip_options)
        except PixiError as error:
            error.place = error.place or Place(path, number)
            raise
    return found


def _requirement(line: str) -> list[tuple[str, PypiSpec]]:
    line = line.partition(" #")[0].strip()
    if not line or line.startswith("#"):
        return []
    if line.startswith("-"):
        raise PixiError(
            f"the option `{line.split()[0]}` of a requirements file cannot be taken over",
            help="Write it under [pypi-options] of the manifest by hand.",
        )
    return [parse_pypi(line)]


def _list(data: Mapping[str, Any], key: str, path: Path) -> list[Any]:
    value = data.get(key) or []
    if not isinstance(value, list):
        raise PixiError(f"`{key}` of {path.name} is no list.", place=Place(path))
    return value
