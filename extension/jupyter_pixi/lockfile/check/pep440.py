"""PEP 440 specifiers and versions -> whether a version is admitted.

Final releases and plain operators, nearly all there is in a lock, are compared here; anything else goes to
`packaging`, which is imported only then.
"""

from __future__ import annotations

import re
from functools import lru_cache

Release = tuple[int, ...]
_RELEASE = re.compile(r"v?(\d{1,9}(?:\.\d{1,9})*)(\.post\d+)?")
_VERSION = re.compile(
    r"v?(\d+!)?\d+(\.\d+)*([-_.]?(a|b|c|rc|alpha|beta|pre|preview)[-_.]?\d*)?"
    r"(-\d+|[-_.]?(post|rev|r)[-_.]?\d*)?([-_.]?dev[-_.]?\d*)?(\+[a-z0-9]+([-_.][a-z0-9]+)*)?",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"(===|==|!=|>=|<=|~=|<|>)\s*v?(\d{1,9}(?:\.\d{1,9})*)(\.\*)?")


@lru_cache(maxsize=50_000)
def admits(specifiers: str, version: str) -> bool:
    """Whether `version` is within all of the comma-separated `specifiers`; pre-releases are not set apart.

    False for text that is neither.
    """
    found = _release(version)
    clauses = split(specifiers)
    if found is not None:
        release, is_post = found
        answers = [_clause(clause, release, is_post) for clause in clauses]
        if None not in answers:
            return all(answers)
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        return bool(SpecifierSet(",".join(clauses)).contains(Version(version), prereleases=True))
    except (InvalidSpecifier, InvalidVersion):
        return False


def is_version(text: str) -> bool:
    """Whether the text is a version in the sense of PEP 440."""
    return _VERSION.fullmatch(text.strip()) is not None


def split(specifiers: str) -> list[str]:
    """The clauses of a specifier set; none for `*` or nothing."""
    return [clause.strip() for clause in specifiers.split(",") if clause.strip() not in ("", "*")]


def same(left: str, right: str) -> bool:
    """Whether two version texts mean the same version."""
    one, two = _release(left), _release(right)
    if one is not None and two is not None and not (one[1] or two[1]):
        return _padded(one[0], two[0]) == _padded(two[0], one[0])
    from packaging.version import InvalidVersion, Version

    try:
        return Version(left) == Version(right)
    except InvalidVersion:
        return left == right


@lru_cache(maxsize=20_000)
def above_lower_bound(specifiers: str, version: str) -> bool:
    """Whether a Python version reaches what `requires-python` asks for at least.

    Only lower bounds count, of releases, as with uv and Pixi: `<3.12` never refuses an interpreter that is there.
    """
    have = _numbers(version)
    for clause in split(specifiers):
        match = re.match(r"(===|==|!=|>=|<=|~=|<|>)\s*v?(?:\d+!)?(\d[\d.]*)", clause)
        if match is None or match[1] in ("!=", "<", "<="):
            continue
        need = _numbers(match[2])
        one, two = _padded(have, need), _padded(need, have)
        if one < two or (match[1] == ">" and one == two):
            return False
    return True


def _numbers(text: str) -> Release:
    match = re.match(r"v?(\d+(?:\.\d+)*)", text)
    return tuple(map(int, match[1].split("."))) if match else (0,)


def _release(text: str) -> tuple[Release, bool] | None:
    """The numbers of a final or post release, and whether it is a post release; None for any other version."""
    match = _RELEASE.fullmatch(text.strip())
    return (tuple(map(int, match[1].split("."))), match[2] is not None) if match else None


def _padded(mine: Release, other: Release) -> Release:
    return mine + (0,) * (len(other) - len(mine))


def _clause(clause: str, release: Release, is_post: bool) -> bool | None:
    """The answer of one clause for a final or post release; None if the clause is not a plain one.

    A post release comes after its release, but `>1.0` does not admit 1.0.post1.
    """
    match = _CLAUSE.fullmatch(clause)
    if match is None or match[1] == "===":
        return None
    operator, text, star = match.groups()
    limit = tuple(map(int, text.split(".")))
    if star or operator == "~=":
        return _prefixed(operator, limit, star is not None, release)
    one, two = _padded(release, limit), _padded(limit, release)
    return {
        "==": one == two and not is_post,
        "!=": one != two or is_post,
        ">=": one >= two,
        "<=": one < two or (one == two and not is_post),
        "<": one < two,
        ">": one > two,
    }[operator]


def _prefixed(operator: str, limit: Release, starred: bool, release: Release) -> bool | None:
    if operator == "~=":
        if starred or len(limit) < 2:
            return None
        stem = limit[:-1]
        return _padded(release, limit) >= _padded(limit, release) and _padded(release, stem)[: len(stem)] == stem
    inside = _padded(release, limit)[: len(limit)] == limit
    return {"==": inside, "!=": not inside}.get(operator)
