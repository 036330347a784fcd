"""Workspaces, environments and kernels -> the names of their kernelspecs, and back; and what people read.

Notebooks store a kernelspec's name and carry it to other machines, so it is made of names alone:
`pixi.<workspace>.<environment>`, with `.<kernel>` behind it for others than Python. Where several workspaces on one
machine have the same name, all of them share the plain name (the launcher goes by the working directory), and each
has one of its own with six hex digits of its path behind it.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PREFIX = "pixi"
PYTHON = "python3"
"""The kernel that needs no mention in a name."""

_HEX = re.compile(r"[0-9a-f]{6}")


@dataclass(frozen=True)
class Name:
    """The parts of a kernelspec's name, as slugs. `clone` is the path's six digits, None in the plain name."""

    workspace: str
    environment: str
    kernel: str = PYTHON
    clone: str | None = None

    def __str__(self) -> str:
        kernel = () if self.kernel == PYTHON else (self.kernel,)
        clone = () if self.clone is None else (self.clone,)
        return ".".join((PREFIX, self.workspace, self.environment, *kernel, *clone))


@dataclass(frozen=True)
class Wanted:
    """A kernel that wants a name: the workspace's root and name, the environment, the kernel, and its title.

    `title` is what people call the kernel ("R"); it is only shown for others than Python.
    """

    root: str
    workspace: str
    environment: str
    kernel: str = PYTHON
    title: str = ""


@dataclass(frozen=True)
class Named:
    """A kernelspec to make: its name, and the kernels it stands for, the preferred one first.

    A clone's own spec stands for one kernel, and `folder` is what distinguishes it for people.
    """

    name: str
    stands_for: tuple[Wanted, ...]
    folder: str | None = None


def slug(text: str) -> str:
    """A part of a name: lower-case ASCII letters and digits, every other run of characters a `-`.

    Accents go. A text of which nothing is left becomes six hex digits of its own digest behind an `x`, which are
    the same on every machine.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    part = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    return part or "x" + hashlib.sha256(text.encode()).hexdigest()[:6]


def name(workspace: str, environment: str, kernel: str = PYTHON, root: str | None = None) -> Name:
    """The name of a kernel; with `root` the one that only the workspace in that folder has."""
    part = PYTHON if kernel == PYTHON else slug(kernel)
    if _HEX.fullmatch(part):
        part += "-kernel"  # else it could not be told from a clone's digits
    return Name(slug(workspace), slug(environment), part, None if root is None else clone_digits(root))


def clone_digits(root: str) -> str:
    """Six hex digits of a workspace's path."""
    return hashlib.sha256(os.fsencode(root)).hexdigest()[:6]


def parse(text: str) -> Name | None:
    """The parts of a kernelspec's name, or None if it is none of ours."""
    first, *parts = text.split(".")
    if first != PREFIX or not 2 <= len(parts) <= 4 or not all(re.fullmatch(r"[a-z0-9-]+", part) for part in parts):
        return None
    clone = parts.pop() if len(parts) > 2 and _HEX.fullmatch(parts[-1]) else None
    if len(parts) > 3:
        return None
    return Name(parts[0], parts[1], parts[2] if len(parts) == 3 else PYTHON, clone)


def assign(wanted: Iterable[Wanted], base: str | None = None) -> tuple[Named, ...]:
    """The kernelspecs for these kernels, in their order: plain names first come first preferred, then the clones' own.

    `base` is the folder from which a clone's relative path is told (the server's root).
    """
    groups: dict[str, list[Wanted]] = {}
    for kernel in wanted:
        groups.setdefault(str(name(kernel.workspace, kernel.environment, kernel.kernel)), []).append(kernel)
    found = []
    for plain, kernels in groups.items():
        found.append(Named(plain, tuple(kernels)))
        if len({kernel.root for kernel in kernels}) == 1:
            continue
        for kernel in kernels:
            own = str(name(kernel.workspace, kernel.environment, kernel.kernel, kernel.root))
            found.append(Named(own, (kernel,), folder_shown(kernel.root, base)))
    return tuple(found)


def folder_shown(root: str, base: str | None) -> str:
    """A workspace's folder as people know it: relative to `base` if it lies below, else from the home folder."""
    if base is not None:
        relative = os.path.relpath(root, base)
        if relative != os.curdir and not relative.startswith(os.pardir):
            return relative.replace(os.sep, "/")
    home = os.path.expanduser("~")  # noqa: PTH111
    return "~" + root[len(home) :] if root.startswith(home + os.sep) else root


def display_name(kernel: Wanted, *, unavailable: bool = False, folder: str | None = None) -> str:
    """What people read: `weather · cuda`, the kernel's title for others than Python, the folder of a clone.

    It is stored in notebooks, so nothing about this machine is in it but that it cannot run here.
    """
    title = () if kernel.kernel == PYTHON else (kernel.title or kernel.kernel,)
    text = " · ".join((kernel.workspace, kernel.environment, *title))
    if folder is not None:
        text += f" ({folder})"
    return text + " (unavailable)" if unavailable else text


def listed(names: Sequence[str], patterns: Sequence[str]) -> tuple[str, ...]:
    """The environments that are shown, in order, for `[tool.jupyter-pixi] kernels = [globs]`.

    Patterns show and order; one with `!` before it hides. Without a pattern that shows, everything is shown.
    """
    from fnmatch import fnmatchcase

    hiding = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    showing = [pattern for pattern in patterns if not pattern.startswith("!")] or ["*"]
    order = [found for pattern in showing for found in names if fnmatchcase(found, pattern)]
    return tuple(found for found in dict.fromkeys(order) if not any(fnmatchcase(found, pattern) for pattern in hiding))
