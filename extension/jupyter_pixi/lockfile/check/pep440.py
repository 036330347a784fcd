"""PEP 440 specifiers and versions -> whether a version is admitted.

Final releases and plain operators, nearly all there is in a lock, are compared here; anything else goes to
`packaging`, which is imported only then.
"""

from __future__ import annotations

import re
from functools import lru_cache

Release = tuple[int, ...]
_RELEASE = re.compile(r"v?(\d{1,9}(?:\.\d{1,9})*)")
_CLAUSE = re.compile(r"(===|==|!=|>=|<=|~=|<|>)\s*v?(\d{1,9}(?:\.\d{1,9})*)(\.\*)?")


@lru_cache(maxsize=50_000)
def admits(specifiers: str, version: str) -> bool:
    """Whether `version` is within all of the comma-separated `specifiers`; pre-releases are not set apart.

    False for text that is neither.
    """
    release = _release(version)
    clauses = split(specifiers)
    if release is not None:
        answers = [_clause(clause, release) for clause in clauses]
        if None not in answers:
            return all(answers)
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion, Version

    try:
        return bool(
            SpecifierSet(specifiers.replace("*,", "") if specifiers == "*" else specifiers).contains(
                Version(version), prereleases=True
            )
        )
    except (InvalidSpecifier, InvalidVersion):
        return False


def is_version(text: str) -> bool:
    """Whether the text is a version in the sense of PEP 440."""
    if _release(text) is not None:
        return True
    from packaging.version import InvalidVersion, Version

    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def split(specifiers: str) -> list[str]:
    """The clauses of a specifier set; none for `*` or nothing."""
    return [clause.strip() for clause in specifiers.split(",") if clause.strip() not in ("", "*")]


def same(left: str, right: str) -> bool:
    """Whether two version texts mean the same version."""
    one, two = _release(left), _release(right)
    if one is not None and two is not None:
        return _padded(one, two) == _padded(two, one)
    from packaging.version import InvalidVersion, Version

    try:
        return Version(left) == Version(right)
    except InvalidVersion:
        return left == right


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


def _release(text: str) -> Release | None:
    match = _RELEASE.fullmatch(text.strip())
    return tuple(map(int, match[1].split("."))) if match else None


def _padded(mine: Release, other: Release) -> Release:
    return mine + (0,) * (len(other) - len(mine))


def _clause(clause: str, release: Release) -> bool | None:
    """The answer of one clause for a final release; None if the clause is not a plain one."""
    match = _CLAUSE.fullmatch(clause)
    if match is None or match[1] == "===":
        return None
    operator, text, star = match.groups()
    limit = tuple(map(int, text.split(".")))
    if star or operator == "~=":
        return _prefixed(operator, limit, star is not None, release)
    one, two = _padded(release, limit), _padded(limit, release)
    return {
        "==": one == two, "!=": one != two, ">=": one >= two, "<=": one <= two, "<": one < two, ">": one > two
    }[operator]  # fmt: skip


def _prefixed(operator: str, limit: Release, starred: bool, release: Release) -> bool | None:
    if operator == "~=":
        if starred or len(limit) < 2:
            return None
        stem = limit[:-1]
        return _padded(release, limit) >= _padded(limit, release) and _padded(release, stem)[: len(stem)] == stem
    inside = _padded(release, limit)[: len(limit)] == limit
    return {"==": inside, "!=": not inside}.get(operator)
