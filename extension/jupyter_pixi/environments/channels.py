"""A channel as written (name, URL or path) -> the URL it stands for."""

from __future__ import annotations

import re
from pathlib import Path

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")

DEFAULT_ALIAS = "https://conda.anaconda.org"


def channel_url(text: str, *, alias: str = DEFAULT_ALIAS, root: Path) -> str:
    """The URL of a channel, with a trailing slash.

    A name is looked for under the alias; a path counts from `root` (the workspace's directory).
    """
    if _SCHEME.match(text):
        return text.rstrip("/") + "/"
    if text.startswith(("./", "../", "/", "~", "\\\\", ".\\", "..\\")) or text in (".", "..") or _DRIVE.match(text):
        path = Path(text).expanduser() if text.startswith("~") else root / text
        return Path(_normal(path)).as_uri().rstrip("/") + "/"
    return f"{alias.rstrip('/')}/{text.strip('/')}/"


def _normal(path: Path) -> str:
    """The path without `.` and `..`; links stay, because the channel is recorded as written."""
    import os.path

    return os.path.abspath(path)  # noqa: PTH100
