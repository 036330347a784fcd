"""Turns a prefix, or a lock that is not installed yet, into the Jupyter kernels that it has or will have.

(Jupyter's kernelspec layout: share/jupyter/kernels/<name>/kernel.json.) Light: standard library only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .installed import conda_records, distributions, python

if TYPE_CHECKING:
    from ..environments.model import Environment
    from ..lockfile.model import LockFile

PYTHON_KERNEL = "python3"
"""The name that ipykernel gives its kernelspec; also the name of the kernel of a plain Python."""


@dataclass(frozen=True)
class Kernel:
    """A kernel: name, language, display name, and where it is installed its argv, metadata, environment and folder.

    `plain` means that the environment has Python but no ipykernel: such a kernel runs with one from outside.
    """

    name: str
    language: str
    display_name: str
    argv: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    interrupt_mode: str | None = None
    dir: str | None = None
    plain: bool = False


_KNOWN: tuple[tuple[str, str, str, str], ...] = (
    # package, kernel, language, display name (as those packages' own kernel.json say)
    ("ipykernel", PYTHON_KERNEL, "python", "Python 3"),
    ("xeus-python", "xpython", "python", "Python (XPython)"),
    ("r-irkernel", "ir", "R", "R"),
    ("xeus-r", "xr", "R", "R (xr)"),
    ("xeus-cling", "xcpp17", "C++17", "C++17"),
    ("xeus-cpp", "xcpp17", "C++", "C++17"),
    ("xeus-lua", "xlua", "lua", "Lua (XLua)"),
    ("xeus-sql", "xsql", "sql", "xsql"),
    ("xeus-sqlite", "xsqlite", "sqlite", "xsqlite"),
    ("xeus-octave", "xoctave", "octave", "Octave (xoctave)"),
    ("xeus-nelson", "xnelson", "nelson", "Nelson"),
    ("xeus-javascript", "xjavascript", "javascript", "JavaScript"),
    ("xeus-haskell", "xhaskell", "haskell", "Haskell"),
    ("bash_kernel", "bash", "bash", "Bash"),
    ("bash-kernel", "bash", "bash", "Bash"),
    ("evcxr", "rust", "rust", "Rust"),
    ("octave_kernel", "octave", "octave", "Octave"),
    ("sos-notebook", "sos", "sos", "SoS"),
    ("nodejs-ijavascript", "javascript", "javascript", "Javascript (Node.js)"),
)


def expected(names: Iterable[str]) -> tuple[Kernel, ...]:
    """The kernels that an environment with packages of these names (conda and PyPI) will have.

    A Python without a Python kernel counts as a plain one; kernels of packages that nobody knows here are found
    only once they are installed.
    """
    have = {name.lower() for name in names}
    found = {kernel: Kernel(kernel, language, title) for name, kernel, language, title in _KNOWN if name in have}
    if "python" in have and not any(kernel.language == "python" for kernel in found.values()):
        found[PYTHON_KERNEL] = Kernel(PYTHON_KERNEL, "python", "Python 3", plain=True)
    return _ordered(found.values())


def kernels(prefix: Path) -> tuple[Kernel, ...]:
    """The kernels installed in a prefix: every readable kernel.json, ipykernel without one, or a plain Python."""
    found = {kernel.name: kernel for kernel in _specs(prefix)}
    records = conda_records(prefix)
    interpreter = python(prefix, records)
    if interpreter is not None and not any(k.language.lower() == "python" for k in found.values()):
        has = "ipykernel" in records or "ipykernel" in distributions(prefix)
        argv = (str(interpreter.executable), "-m", "ipykernel_launcher", "-f", "{connection_file}")
        found[PYTHON_KERNEL] = Kernel(
            PYTHON_KERNEL,
            "python",
            "Python 3",
            argv if has else (),
            {"debugger": True} if has else {},
            plain=not has,
        )
    return _ordered(found.values())


def offered(environment: Environment, lock: LockFile | None, prefix: Path) -> tuple[Kernel, ...]:
    """The kernels in a prefix; if there is none, those that the lock will bring, or else the manifest's wishes."""
    if (prefix / "conda-meta").is_dir() and (found := kernels(prefix)):
        return found
    from ..lockfile import packages

    locked = lock.environments.get(environment.name) if lock is not None else None
    rows = locked.packages.values() if locked is not None else ()
    if any(rows):
        return expected({packages.name(package) for row in rows for package in row})
    # PyPI packages run in a Python that the solver is asked for besides.
    return expected({name for on in environment.on.values() for name, _ in (*on.dependencies, *on.pypi_dependencies)})


def _specs(prefix: Path) -> Iterable[Kernel]:
    for path in sorted((prefix / "share" / "jupyter" / "kernels").glob("*/kernel.json")):
        try:
            data = json.loads(path.read_bytes())
            argv = tuple(str(word) for word in data["argv"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        name = path.parent.name.lower()
        if not argv or not re.fullmatch(r"[a-z0-9._-]+", name):
            continue
        yield Kernel(
            name,
            str(data.get("language") or ""),
            str(data.get("display_name") or name),
            (_program(argv[0], prefix), *argv[1:]),
            dict(data.get("metadata") or {}),
            {str(key): str(value) for key, value in (data.get("env") or {}).items()},
            data.get("interrupt_mode"),
            str(path.parent),
        )


def _program(word: str, prefix: Path) -> str:
    """The kernel's program as a path in this prefix where it names one of its programs, else as it stands.

    A bare `python` (ipykernel's wheel writes that) must be the prefix's own, whatever PATH says.
    """
    if Path(word).is_absolute():
        return word
    for folder in (prefix / "bin", prefix, prefix / "Scripts", prefix / "Library" / "bin"):
        for name in (word, f"{word}.exe"):
            if (folder / name).is_file():
                return str(folder / name)
    return word


def _ordered(kernels: Iterable[Kernel]) -> tuple[Kernel, ...]:
    """Python's own kernel first, the others by name."""
    return tuple(sorted(kernels, key=lambda kernel: (kernel.name != PYTHON_KERNEL, kernel.name)))
