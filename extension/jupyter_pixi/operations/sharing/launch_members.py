"""Says which paths and links a workspace that came from elsewhere may hold. Pure.

Nothing may stand or point outside the place that it is put into, and nothing may pass for what only an install or git
on this machine makes: a prefix, a journal, a repository's hooks.
"""

from __future__ import annotations

import posixpath

from ...errors import Refused


def member(name: str) -> str:
    """The path of an archive's member, normalised. Raises Refused for one that leads out."""
    normal = posixpath.normpath(name.replace("\\", "/"))
    if normal.startswith(("/", "../")) or normal == ".." or ":" in normal.split("/")[0] or "\0" in name:
        raise odd(name, "leads out of it")
    return normal


def is_made_here(path: str, *, is_file: bool = True) -> bool:
    """Whether a path is one that only this machine makes: anything of `.git`, and folders and links in `.pixi`.

    A file in `.pixi` itself (config.toml, .gitignore) is the author's.
    """
    parts = path.lower().split("/")
    if ".git" in parts:
        return True
    if ".pixi" not in parts:
        return False
    below = len(parts) - parts.index(".pixi") - 1
    return below > 1 or not is_file


def check_link(path: str, target: str) -> None:
    """Raise Refused for a symbolic link that leads out of the tree which `path` is relative to.

    The target goes up first and then down only: then what it reaches depends on no other link, as long as the link's
    own folder is a real one.
    """
    parts = [part for part in target.split("/") if part not in ("", ".")]
    up = next((n for n, part in enumerate(parts) if part != ".."), len(parts))
    if target.startswith("/") or "\\" in target or ".." in parts[up:] or up > path.count("/"):
        raise odd(path, f"is a link that leads out of it ({target})")


def odd(name: str, what: str, help: str | None = None) -> Refused:
    """The refusal of one member."""
    return Refused(f"'{name}' in what was fetched {what}; it is not taken.", help=help, code="archive")
