"""Turns a prefix and what it should hold into the differences, by names and small files: nothing is changed.

Cheaper than reading every record, and sharper than Pixi's fingerprint alone: packages that are missing or foreign are
noticed although the fingerprint fits, and so is a prefix that was moved or copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from . import markers
from .dists import Plan, Source, plan
from .installed import CondaRecord, conda_records, distributions, site_packages
from .wanted import Wanted, conda_identity

_EMBEDS = ("unix_python_entry_point", "windows_python_entry_point_script", "windows_python_entry_point_exe")


@dataclass(frozen=True)
class Differences:
    """What a prefix lacks to be what the lock says.

    `missing`, `foreign` and `changed` are conda names; `relink` are those to be linked anew though they seem right.
    `reasons` are sentences for people. `fits` tells whether the fingerprint is the wanted one, `everything` that all
    packages have to be made anew.
    """

    missing: tuple[str, ...]
    foreign: tuple[str, ...]
    changed: tuple[str, ...]
    relink: frozenset[str]
    pypi: Plan
    fits: bool
    reasons: tuple[str, ...] = ()
    everything: bool = False

    @property
    def conda(self) -> bool:
        """Whether the conda part needs work."""
        return bool(not self.fits or self.missing or self.foreign or self.changed or self.relink)


def compare(
    prefix: Path,
    wanted: Wanted,
    sources: Mapping[str, Source],
    *,
    reinstall: frozenset[str] | Literal["all"] = frozenset(),
    with_pypi: bool = True,
    everything: bool | None = None,
) -> Differences:
    """Look at a prefix. `reinstall` names packages to be made anew, "all" for every one.

    `everything` is given in the middle of an install, whose own mark would read as that of an interrupted one: what
    an earlier look said.
    """
    records = conda_records(prefix)
    identities = {n: conda_identity(p)[1:] for n, p in wanted.conda.items() if n not in wanted.ignored}
    missing = tuple(sorted(identities.keys() - records.keys()))
    foreign = tuple(sorted(records.keys() - identities.keys() - wanted.ignored))
    changed = tuple(sorted(n for n, r in records.items() if n in identities and (r.version, r.build) != identities[n]))
    fingerprint = markers.read_fingerprint(prefix)
    fits = fingerprint == wanted.fingerprint
    broken = fingerprint == markers.INSTALLING
    moved = markers.has_moved(prefix)
    relink = _relink(records, identities, reinstall, broken=broken, moved=moved)
    there = distributions(prefix, site_packages(prefix, records)) if with_pypi else {}
    if everything is None:
        everything = reinstall == "all" or broken or moved
    again = frozenset(wanted.pypi) if everything else frozenset(() if reinstall == "all" else reinstall)
    pypi = plan(wanted.pypi if with_pypi else {}, there, sources, reinstall=again, ignored=wanted.ignored)
    reasons = _reasons(prefix, fits and not broken, broken, moved, missing, foreign, changed)
    return Differences(missing, foreign, changed, relink, pypi, fits, reasons, everything)


def _relink(
    records: Mapping[str, CondaRecord],
    identities: Mapping[str, tuple[str, str]],
    reinstall: frozenset[str] | Literal["all"],
    *,
    broken: bool,
    moved: bool,
) -> frozenset[str]:
    if reinstall == "all" or broken:
        return frozenset(identities)
    again = {name for name in reinstall if name in identities}
    if moved:
        again |= {name for name, record in records.items() if name in identities and embeds_prefix(record)}
    return frozenset(again)


def embeds_prefix(record: CondaRecord) -> bool:
    """Whether a package linked files that hold the prefix's path, and so must be linked anew after a move."""
    data = record.data.get("paths_data")
    entries = data.get("paths") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        return True
    return any(
        entry.get("prefix_placeholder") or entry.get("path_type") in _EMBEDS
        for entry in entries
        if isinstance(entry, dict)
    )


def _reasons(
    prefix: Path,
    complete: bool,
    broken: bool,
    moved: bool,
    missing: tuple[str, ...],
    foreign: tuple[str, ...],
    changed: tuple[str, ...],
) -> tuple[str, ...]:
    """Why a repair is due where Pixi itself would not see a difference; nothing for an ordinary change."""
    found: list[str] = []
    if broken:
        found.append("An earlier install was interrupted; all packages are linked anew.")
    if moved:
        found.append(
            f"The environment was installed at {Path(markers.read_prefix_path(prefix) or '').parent} and has moved; "
            "what holds its path is linked anew."
        )
    if complete and missing:
        found.append(f"Packages of the lock file are gone from the environment: {_some(missing)}.")
    if complete and foreign:
        found.append(f"Packages that the lock file does not know are removed: {_some(foreign)}.")
    if complete and changed:
        found.append(f"Packages differ from the lock file: {_some(changed)}.")
    return tuple(found)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
