"""What git says of the repository that a workspace stands in: its top, its remote, its files. Asks git where it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

SECONDS = 20.0


def top(folder: Path) -> Path:
    """The folder at the top of the repository; the folder itself where there is none."""
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists():
            return candidate
    return folder


def remote(root: Path) -> str | None:
    """The address of `origin`, without a password in it; None where there is none."""
    found = _git(root, "config", "--get", "remote.origin.url")
    return _without_password(found) if found else None


def branch(root: Path) -> str | None:
    """The branch that is checked out."""
    return _git(root, "symbolic-ref", "--short", "--quiet", "HEAD")


def tracked(root: Path) -> tuple[str, ...] | None:
    """The files that git has; None where there is no repository, or no git."""
    found = _git(root, "ls-files", "-z", ok=True)
    return None if found is None else _names(root, "ls-files", "-z")


def changed(root: Path) -> tuple[str, ...]:
    """The files that differ from the last commit."""
    return _names(root, "diff", "--name-only", "-z", "HEAD")


def _names(root: Path, *argv: str) -> tuple[str, ...]:
    return tuple(name for name in (_git(root, *argv) or "").split("\0") if name)


def is_ignored(root: Path, path: Path) -> bool:
    """Whether git ignores a file."""
    return _git(root, "check-ignore", "--quiet", str(path), ok=True) is not None


def _without_password(address: str) -> str:
    from urllib.parse import urlsplit, urlunsplit

    if "://" not in address:
        return address
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _git(root: Path, *argv: str, ok: bool = False) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *argv], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode:
        return None
    return "" if ok else done.stdout.strip() or None
