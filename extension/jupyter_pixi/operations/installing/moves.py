"""Turns an installed prefix and a lock into what an install would exchange, in words; and refuses it under Jupyter.

(Design, section 2: Jupyter may live in the workspace itself.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import Refused
from ...lockfile import packages
from ...lockfile.model import LockFile, Package
from ...prefix.dists import same_version
from ...prefix.installed import (
    INSTALLER,
    CondaRecord,
    Distribution,
    conda_records,
    distributions,
    normalise,
    site_packages,
)
from .bystanders import SERVERS, in_use_by_us
from .loaded import Key

if TYPE_CHECKING:
    from ...prefix.drift import Row

_SHOWN = 10
"""How many packages a refusal names."""


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


def stray_moves(rows: Iterable[Row]) -> dict[Key, str]:
    """What becomes of distributions that another tool installed, when a repair brings a prefix back to its lock."""
    return {("pypi", normalise(row.name)): becomes(row.installed, row.locked) for row in rows if row.is_stray}


def _moves(prefix: Path, rows: Mapping[Key, Package]) -> Iterator[tuple[Key, str]]:
    records = conda_records(prefix)
    yield from _of_conda(records, rows)
    pypi = {normalise(name): packages.version(p) for (kind, name), p in rows.items() if kind == "pypi"}
    displacing = _displacing(records, rows)
    for each in distributions(prefix, site_packages(prefix, records)).values():
        key, by = ("pypi", each.name), each.installer or "another tool"
        conda = displacing.get(each.name)
        if each.name in pypi and by != "conda":
            if not _is_version(pypi[each.name], each.version):
                yield key, becomes(each.version, pypi[each.name])
        elif by == INSTALLER:
            yield key, becomes(each.version, None)
        elif by != "conda" and conda is not None and not _brought(records.get(packages.name(conda)), each):
            yield key, f"(installed by {by}) {becomes(each.version, packages.version(conda))}"


def _of_conda(records: Mapping[str, CondaRecord], rows: Mapping[Key, Package]) -> Iterator[tuple[Key, str]]:
    for record in records.values():
        wanted = rows.get(("conda", record.name))
        if wanted is None:
            yield ("conda", record.name), becomes(record.version, None)
        elif wanted.kind == "conda" and not _is_there(wanted, record):
            yield ("conda", record.name), becomes(record.version, packages.version(wanted))


def _displacing(records: Mapping[str, CondaRecord], rows: Mapping[Key, Package]) -> dict[str, Package]:
    """The conda packages that would be linked, by the names of the PyPI projects whose files they would write over."""
    return {
        project: package
        for (kind, name), package in rows.items()
        if kind == "conda" and not _is_there(package, records.get(name))
        for project in packages.pypi_names(package) or (normalise(name),)
    }


def _is_there(package: Package, record: CondaRecord | None) -> bool:
    return record is not None and (packages.version(package), packages.build(package)) == (record.version, record.build)


def _brought(record: CondaRecord | None, there: Distribution) -> bool:
    """Whether a conda package linked this distribution's metadata."""
    end = f"/{there.path.name}/METADATA"
    return record is not None and any(file.endswith(end) for file in record.files)


def _is_version(locked: str | None, installed: str) -> bool:
    return locked is None or same_version(locked, installed)


def moves_of_jupyter(prefix: Path, moves: Mapping[Key, str]) -> dict[Key, str]:
    """Of these moves in a prefix those of what this program and its server need, the servers themselves first."""
    if not moves:
        return {}
    needed = in_use_by_us(prefix) & moves.keys()
    return {key: moves[key] for key in sorted(needed, key=lambda key: (normalise(key[1]) not in SERVERS, key[1]))}


def jupyter_would_move(
    environment: str, needed: Mapping[Key, str], *, what: str, help: str, why: str | None = None
) -> Refused:
    """The refusal to move what Jupyter needs where it runs; `what` is "change" or "install".

    `why` is the solver's word, where it was asked to keep all that.
    """
    lines = [f"  {key[1]} {text}" for key, text in list(needed.items())[:_SHOWN]]
    if len(needed) > _SHOWN:
        lines.append(f"  and {len(needed) - _SHOWN} more")
    if why:
        lines += ["Kept as they are, there is no solution:", *(f"  {line}" for line in why.splitlines())]
    return Refused(
        f"Jupyter itself runs in the environment '{environment}', and the {what} would move what it needs:\n"
        + "\n".join(lines),
        help=help,
        code="loaded",
    )


def restart_jupyter(needed: Iterable[Key]) -> str:
    """What is said of a change that moves what Jupyter needs."""
    names = [name for _, name in needed]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    told = ", ".join(names[:_SHOWN]) + more
    return f"Jupyter itself needs what was changed ({told}): restart the Jupyter server and its kernels."
