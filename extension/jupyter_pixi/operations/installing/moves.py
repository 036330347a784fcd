"""Turns an installed prefix and a lock into what an install would exchange, in words; and refuses it under Jupyter.

(Design, section 2: Jupyter may live in the workspace itself.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ...errors import Refused
from ...lockfile import packages
from ...lockfile.model import LockFile, Package
from ...prefix.installed import INSTALLER, conda_records, distributions, normalise, site_packages
from .bystanders import in_use_by_us
from .loaded import Key


def becomes(before: str | None, after: str | None) -> str:
    """What happens to a package of one version that gets another (None before: a local source; None after: gone)."""
    if after is None:
        return "would be removed"
    if before == after:
        return "would be replaced by another build"
    return f"would move from {before or 'a local source'} to {after}"


def keyed(rows: Iterable[Package]) -> dict[Key, Package]:
    """Locked packages by what they are called where."""
    return {("pypi" if p.kind == "pypi" else "conda", packages.name(p)): p for p in rows}


def locked_rows(lock: LockFile | None, environment: str, platform: str) -> dict[Key, Package]:
    """The packages that a lock has for an environment and a platform; none where it does not know them."""
    locked = lock.environments.get(environment) if lock is not None else None
    return keyed(locked.packages.get(platform, ()) if locked is not None else ())


def install_moves(prefix: Path, rows: Mapping[Key, Package]) -> dict[Key, str]:
    """What is installed and would not stay if these locked packages were, and what would become of it."""
    return dict(_moves(prefix, rows))


def _moves(prefix: Path, rows: Mapping[Key, Package]) -> Iterator[tuple[Key, str]]:
    records = conda_records(prefix)
    for record in records.values():
        wanted = rows.get(("conda", record.name))
        if wanted is None:
            yield ("conda", record.name), becomes(record.version, None)
        elif wanted.kind == "conda" and (packages.version(wanted), packages.build(wanted)) != (
            record.version,
            record.build,
        ):
            yield ("conda", record.name), becomes(record.version, packages.version(wanted))
    pypi = {normalise(name): packages.version(p) for (kind, name), p in rows.items() if kind == "pypi"}
    for each in distributions(prefix, site_packages(prefix, records)).values():
        if each.installer != INSTALLER:
            continue
        if each.name not in pypi:
            yield ("pypi", each.name), becomes(each.version, None)
        elif pypi[each.name] not in (None, each.version):
            yield ("pypi", each.name), becomes(each.version, pypi[each.name])


def refuse_under_us(
    environment: str, rows: Mapping[Key, Package], moves: Mapping[Key, str], *, what: str, help: str
) -> None:
    """Where Jupyter runs in an environment, what it needs does not move unless the user says so.

    `rows` are the environment's locked packages, `moves` what would become of some, `what` is "change" or "install".
    Raises Refused.
    """
    found = sorted(in_use_by_us(rows) & moves.keys())
    if found:
        lines = "".join(f"\n  {key[1]} {moves[key]}" for key in found[:20])
        raise Refused(
            f"Jupyter itself runs in the environment '{environment}', and the {what} would move what it needs:{lines}",
            help=help,
            code="loaded",
        )
