"""Turns a commit's name and a file's path into the content that the commit has; runs nothing of the repository's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ...errors import PixiError

HEAD = "HEAD"
_SECONDS = 30
_POINTER = b"version https://git-lfs.github.com/spec/"


def committed(path: Path, commit: str = HEAD) -> bytes | None:
    """A file's content in a commit; None where it does not have it (or there is no commit yet).

    Raises PixiError without git or repository, and where only a pointer of git LFS was committed.
    """
    real = path.parent.resolve() / path.name
    found = _git(real.parent, "cat-file", "blob", f"{commit}:./{real.name}")
    if found.returncode == 0:
        if found.stdout.startswith(_POINTER):
            raise PixiError(
                f"git's {commit} has only a pointer to {path.name}: its content is stored by git LFS.",
                help=f"`git lfs pull`, and then `git checkout -- {path.name}`, bring it back; and it is better not to "
                "store it there. Nothing was changed.",
                code="git-lfs",
            )
        return found.stdout
    if _git(real.parent, "rev-parse", "--git-dir").returncode != 0:
        raise PixiError(
            f"{real.parent} is not in a git repository.",
            help="`undo` takes back what was changed here, with or without git.",
            code="no-git",
        )
    return None


def commit_of(folder: Path, name: str) -> str | None:
    """The abbreviated id of the commit that a name (`HEAD~1`, a branch, a tag, an id) means; None if it means none."""
    if name.startswith("-") or not name.isprintable():
        return None
    found = _git(folder.resolve(), "rev-parse", "--verify", "--quiet", "--short", f"{name}^{{commit}}")
    return found.stdout.decode("ascii", "replace").strip() if found.returncode == 0 else None


def staged(paths: tuple[Path, ...]) -> tuple[str, ...]:
    """The names of those files (of one folder) of which git's index has something else than HEAD."""
    folder = paths[0].parent.resolve()
    found = _git(folder, "diff", "--cached", "--no-ext-diff", "--name-only", "--relative", "-z", "--", *_names(paths))
    return tuple(dict.fromkeys(name for name in found.stdout.decode("utf-8", "replace").split("\0") if name))


def _names(paths: tuple[Path, ...]) -> list[str]:
    return [f":(literal){path.name}" for path in paths]


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-C", str(folder), "-c", "core.fsmonitor=false", "--no-optional-locks", *words]
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        raise PixiError("git is not to be found on this machine.", code="no-git") from None
