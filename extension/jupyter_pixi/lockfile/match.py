"""Match specs of locked packages and manifests -> whether a locked package (or virtual package) fits them.

Plain specs (`name version build`) are answered here; any other form is handed to rattler, which is imported only then.
Conditions (`when`) and extras are read here, because a lock check has to follow them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..manifest import versions
from ..manifest.versions import Predicate

_PLAIN = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.\-]*)(?:\s+(\S+)(?:\s+(\S+))?)?")
_GLUED = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.\-]*?)\s*([<>=!~].*)")
_ENDS_OPEN = re.compile(r"[<>=!~,|]$|(?:^|[,|])[<>=!~]+(?=[,|]|$)")
_BRACKET = re.compile(r"(.*?)\[(.*)\]\s*", re.DOTALL)
_PART = re.compile(r"""\s*([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|'[^']*'|\[[^\]]*\]|[^,\[\]]+)\s*(?:,|$)""")
_GLOB = re.compile(r"[A-Za-z0-9_.*+\-]+")
Test = Callable[[str], bool]


@dataclass(frozen=True)
class Candidate:
    """What a spec is compared with: a locked record or a virtual package."""

    name: str
    version: str | None
    build: str | None


@dataclass(frozen=True)
class Spec:
    """A match spec. `text` is what it was read from, without condition and extras.

    Where `version` and `build` are None there is no demand; `by_rattler` is set where the form is beyond them.
    """

    text: str
    name: str
    version: Predicate | None = None
    build: Test | None = None
    extras: tuple[str, ...] = ()
    when: str | None = None
    by_rattler: bool = False


@lru_cache(maxsize=50_000)
def parse(text: str) -> Spec:
    """Read a match spec as it stands in `depends`. Never fails: what is not understood goes to rattler."""
    body, extras, when = text.strip(), (), None
    bracket = _BRACKET.fullmatch(body) if body.endswith("]") else None
    if bracket is not None:
        parts = _parts(bracket[2])
        if parts is None or parts.keys() - {"extras", "when"}:
            return Spec(text, _name(text), by_rattler=True, **_followed(parts or {}))
        body = bracket[1].strip()
        followed = _followed(parts)
        extras, when = followed["extras"], followed["when"]
    spec = _plain(body)
    if spec is None:
        return Spec(body, _name(body), extras=extras, when=when, by_rattler=True)
    return Spec(body, spec.name, spec.version, spec.build, extras, when)


def _parts(text: str) -> dict[str, str] | None:
    parts: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None or match.end() == at:
            return None
        parts[match[1]] = match[2].strip()
        at = match.end()
    return parts


def _followed(parts: dict[str, str]) -> dict[str, Any]:
    when = parts.get("when")
    extras = parts.get("extras", "").strip("[]")
    return {
        "when": re.sub(r"\\(.)", r"\1", when.strip("\"'")) if when else None,
        "extras": tuple(word for word in (item.strip(" \"'") for item in extras.split(",")) if word),
    }


def _name(text: str) -> str:
    match = re.match(r"(?:[^\s\[]*::)?([A-Za-z0-9_][A-Za-z0-9_.\-]*)", text.strip())
    return match[1].lower() if match else ""


def _plain(body: str) -> Spec | None:
    """`name`, `name version`, `name version build`, `name>=1`; None for every other form."""
    match = _PLAIN.fullmatch(body)
    if match is None:
        match = _GLUED.fullmatch(body)
        if match is None or len(match[2].split()) > 1:
            return None
        name, version, build = match[1], match[2], None
    else:
        name, version, build = match.groups()
    if version is None:
        return Spec(body, name.lower())
    test = None if version == "*" else versions.predicate(version)
    if version != "*" and (test is None or _ENDS_OPEN.search(version)):
        return None
    if build is None:
        return Spec(body, name.lower(), test)
    fits = _build(build)
    return None if fits is None else Spec(body, name.lower(), test, fits)


def _build(text: str) -> Test | None:
    if not _GLOB.fullmatch(text):
        return None
    if "*" not in text:
        return lambda build: build == text
    pattern = re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)
    return lambda build: pattern.fullmatch(build) is not None


@lru_cache(maxsize=200_000)
def fits(text: str, candidate: Candidate) -> bool:
    """Whether the candidate fulfils the spec (its condition and extras aside)."""
    spec = parse(text)
    if spec.by_rattler:
        return _asked(spec, candidate)
    if spec.name != candidate.name:
        return False
    if spec.version is not None:
        version = versions.parse(candidate.version) if candidate.version is not None else None
        if version is None:
            return _asked(spec, candidate)
        if not spec.version(version):
            return False
    return spec.build is None or spec.build(candidate.build or "")


def _asked(spec: Spec, candidate: Candidate) -> bool:
    """What rattler says; a spec or version that it cannot read fits nothing."""
    from rattler import MatchSpec, PackageRecord
    from rattler.package import BuildString

    if candidate.version is None:
        return spec.name == candidate.name
    try:
        match = MatchSpec(spec.text)
        build = BuildString(candidate.build or "0")
        record = PackageRecord(candidate.name, candidate.version, build, 0, "noarch")
    except Exception:
        return False
    return bool(match.matches(record))


def display(text: str) -> str:
    """The spec as Pixi prints it (`libgcc 0.1` becomes `libgcc ==0.1`)."""
    try:
        from rattler import MatchSpec

        return str(MatchSpec(text))
    except Exception:
        return text


def condition(text: str, holds: Callable[[str], bool]) -> bool:
    """The value of a `when` condition: specs joined by `and` and `or` (which binds less), parentheses; `holds` decides
    each spec."""
    tokens = [token for token in re.split(r"(\(|\)|\s+and\s+|\s+or\s+)", text) if token.strip()]
    value, at = _either(tokens, 0, holds)
    return value if at >= len(tokens) else holds(text)


def _either(tokens: list[str], at: int, holds: Callable[[str], bool]) -> tuple[bool, int]:
    value, at = _both(tokens, at, holds)
    while at < len(tokens) and tokens[at].strip() == "or":
        other, at = _both(tokens, at + 1, holds)
        value = value or other
    return value, at


def _both(tokens: list[str], at: int, holds: Callable[[str], bool]) -> tuple[bool, int]:
    value, at = _one(tokens, at, holds)
    while at < len(tokens) and tokens[at].strip() == "and":
        other, at = _one(tokens, at + 1, holds)
        value = value and other
    return value, at


def _one(tokens: list[str], at: int, holds: Callable[[str], bool]) -> tuple[bool, int]:
    if at >= len(tokens):
        return False, at
    if tokens[at].strip() == "(":
        value, at = _either(tokens, at + 1, holds)
        return value, at + 1 if at < len(tokens) and tokens[at].strip() == ")" else at
    return holds(tokens[at].strip()), at + 1
