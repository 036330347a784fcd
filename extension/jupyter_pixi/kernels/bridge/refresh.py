"""A change of this interpreter's prefix -> import caches, new `.pth` entries and activation variables."""

from __future__ import annotations

import importlib
import os
import site
import sys
import sysconfig
from typing import Any, Iterable, Mapping, Optional

from .files import entries

_READ_AT_START = ("LD_", "DYLD_", "PYTHON", "OMP_", "MKL_NUM_", "OPENBLAS_NUM_")
"""How variables begin that a process, or a library when it is loaded, reads once and never again."""


class Refresher:
    """Lets a running interpreter see a changed prefix: import caches, new `.pth` files, activation variables."""

    def __init__(self) -> None:
        self._pth = self._pth_files()
        self._environ = dict(os.environ)  # what activation gave; a variable that differs is the user's own

    @staticmethod
    def _folders() -> list[str]:
        return list(dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib")))

    def _pth_files(self) -> dict[str, tuple[int, int]]:
        found = {}
        for folder in self._folders():
            for entry in entries(folder):
                if entry.endswith(".pth"):
                    path = os.path.join(folder, entry)
                    try:
                        status = os.stat(path)
                    except OSError:
                        continue
                    found[path] = (status.st_mtime_ns, status.st_size)
        return found

    def refresh(self, change: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """Takes a finished change in; `before` is the document from before it. Gives the MIME type's `effects`."""
        from .caller import gone

        importlib.invalidate_caches()
        paths = self._new_pth()
        activation = change.get("activation") or {}
        variables, kept = self._activate(activation.get("set") or {}, activation.get("unset") or ())
        late = [name for name in variables if name.startswith(_READ_AT_START)]
        effects = {"paths": paths, "variables": variables, "kept": kept, "late": late, "gone": gone(before)}
        return {**effects, "restart": False}

    def _new_pth(self) -> list[str]:
        """Processes `.pth` files that are new or changed, as a start of Python would; gives new path entries."""
        seen, self._pth = self._pth, self._pth_files()
        had = list(sys.path)
        for path in sorted(self._pth):
            if self._pth[path] == seen.get(path):
                continue
            try:
                site.addpackage(os.path.dirname(path), os.path.basename(path), set(sys.path))
            except Exception as error:
                print(f"{path}: {error}", file=sys.stderr)
        if sys.path != had:
            importlib.invalidate_caches()
        return [path for path in sys.path if path not in had]

    def _activate(self, new: Mapping[str, str], unset: Iterable[str]) -> tuple[list[str], list[str]]:
        """Takes variables over, but for those the user has changed since; PATH gets what it lacks in front."""
        changed, kept = [], []
        wanted = dict(new)  # type: dict[str, Optional[str]]
        wanted.update(dict.fromkeys(unset))
        for name, value in wanted.items():
            present = os.environ.get(name)
            if present == value:
                pass
            elif present == self._environ.get(name) or present is None:
                _set(name, value)
                changed.append(name)
            elif name == "PATH" and value is not None:
                have = present.split(os.pathsep)
                missing = [entry for entry in value.split(os.pathsep) if entry not in have]
                _set(name, os.pathsep.join([*missing, *have]))
                changed += [name] * bool(missing)
            else:
                kept.append(name)
            if value is None:
                self._environ.pop(name, None)
            else:
                self._environ[name] = value
        return changed, kept


def _set(name: str, value: Optional[str]) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
