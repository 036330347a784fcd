"""A PyPI requirement and a locked package of that name -> whether the one fulfils the other, by kind of location."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from .. import packages as of
from ..model import Package
from . import pep440
from .requirements import Requirement
from .verdict import Unsatisfied

NO_VERSION = "0a0.dev0"
"""What stands for the version of a package that has none in the lock."""


@dataclass(frozen=True)
class Indexes:
    """Where an environment's packages may come from: its indexes and the URLs of its find-links (none: anywhere).

    `implied` is the index of a package that names none; None before version 7, which recorded none.
    """

    allowed: tuple[str, ...] = ()
    implied: str | None = None


def check_package(requirement: Requirement, package: Package, root: Path, indexes: Indexes) -> None:
    """Compare a requirement with the package locked for it. Raises `Unsatisfied`."""
    if requirement.path is not None:
        _path(requirement, package, root)
    elif requirement.git is not None:
        _git(requirement, package)
    elif requirement.url is not None:
        _url(requirement, package)
    else:
        _registry(requirement, package, indexes)


def absolute(path: str, root: Path) -> str:
    """A path of the lock or of the manifest without `.` and `..`, from the root of the workspace."""
    return os.path.normpath(root / Path(path).expanduser())


def _registry(requirement: Requirement, package: Package, indexes: Indexes) -> None:
    if not requirement.from_manifest and not of.is_url(package):
        return
    version = of.version(package) or NO_VERSION
    if not pep440.admits(requirement.specifiers, version):
        specifiers = ", ".join(pep440.split(requirement.specifiers))
        raise Unsatisfied(
            f"'{requirement.name}' with specifiers '{specifiers}' does not match the locked version '{version}'"
        )
    locked = of.index(package) or indexes.implied
    if locked is None or not requirement.from_manifest or not of.is_distribution(package):
        return
    if requirement.index is not None:
        if canonical_index(requirement.index) != canonical_index(locked):
            raise _wrong_index(requirement.name, requirement.index, locked)
    elif indexes.allowed and locked.rstrip("/") not in [index.rstrip("/") for index in indexes.allowed]:
        raise _wrong_index(requirement.name, ", ".join(indexes.allowed), locked)


def canonical_index(url: str) -> str:
    """A URL as parsers print it: with a slash where there is only a host. Any other trailing slash counts."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}://{rest}/" if separator and "/" not in rest else url


def _wrong_index(name: str, wanted: str, locked: str) -> Unsatisfied:
    return Unsatisfied(f"'{name}' requires index {wanted} but the lock file has {locked}")


def _url(requirement: Requirement, package: Package) -> None:
    name, wanted = requirement.name, requirement.url or ""
    if not of.is_url(package):
        raise Unsatisfied(f"the spec for '{name}' required a direct url but it was not locked as such")
    if not of.is_direct(package):
        raise Unsatisfied(f"the direct url should start with `direct+` or `git+` but found '{package.location}'")
    locked = package.location.removeprefix("direct+")
    if _anonymous(wanted) != _anonymous(locked):
        raise Unsatisfied(f"'{name}' has mismatching url: '{wanted} != {locked}'")


def _anonymous(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))


def _path(requirement: Requirement, package: Package, root: Path) -> None:
    name = requirement.name
    if of.is_url(package):
        raise Unsatisfied(f"'{name}' expected a path but the lock file has a url")
    wanted, locked = absolute(requirement.path or "", root), absolute(package.location, root)
    if wanted != locked and os.path.realpath(wanted) != os.path.realpath(locked):
        raise Unsatisfied(f"'{name}' absolute required path is {wanted} but currently locked at {locked}")


def _git(requirement: Requirement, package: Package) -> None:
    name, wanted = requirement.name, requirement.git or ""
    if not of.is_git(package):
        raise Unsatisfied(f"'{name}' expected a git url but the lock file has: '{package.location}'")
    locked = urlsplit(package.location.removeprefix("git+"))
    query = dict(parse_qsl(locked.query))
    plain = urlunsplit(locked._replace(query="", fragment=""))
    path, at, in_path = plain.rpartition("@")
    in_path_reference = ("rev", in_path) if at and "/" in path.partition("://")[2] else None
    repository = path if in_path_reference else plain
    if _repository(wanted) != _repository(repository):
        raise Unsatisfied(f"'{name}' has mismatching git url: '{wanted} != {repository}'")
    has_lfs = query.get("lfs", "").lower() == "true"
    if requirement.from_manifest and requirement.lfs != has_lfs:
        raise Unsatisfied(
            f"'{name}' has mismatching git lfs preference: '{str(requirement.lfs).lower()} != {str(has_lfs).lower()}'"
        )
    reference = next(((kind, query[kind]) for kind in ("tag", "branch", "rev") if kind in query), in_path_reference)
    if requirement.reference is None:
        if reference is not None:
            raise _wrong_reference(name, "HEAD", reference[1])
        return
    want, have = _folder(requirement.subdirectory), _folder(query.get("subdirectory"))
    if want != have:
        raise Unsatisfied(f"'{name}' has mismatching git subdirectory: '{want or ''} != {have or ''}'")
    if reference is None:
        return  # locks before version 7 kept only the commit
    same_kind = requirement.from_manifest is False or requirement.reference[0] == reference[0]
    if requirement.reference[1] != reference[1] or not same_kind:
        raise _wrong_reference(name, requirement.reference[1], reference[1])


def _wrong_reference(name: str, wanted: str, locked: str) -> Unsatisfied:
    return Unsatisfied(f"'{name}' has mismatching git ref: '{wanted} != {locked}'")


def _folder(text: str | None) -> str | None:
    return str(PurePosixPath(os.path.normpath(text))) if text else None


def _repository(url: str) -> str:
    """A repository's URL as spellings of it compare: no credentials but the ssh user, no `.git`, lower-case host."""
    text = re.sub(r"^([\w.-]+@[\w.-]+):(?!//)", r"ssh://\1/", url.removeprefix("git+"))
    parts = urlsplit(text)
    user, _, host = parts.netloc.rpartition("@")
    keep = f"{user.partition(':')[0]}@" if user and parts.scheme == "ssh" else ""
    path = parts.path.rstrip("/").removesuffix(".git")
    if host.lower() == "github.com":
        path = path.lower()
    return f"{parts.scheme}://{keep}{host.lower()}{path}"
