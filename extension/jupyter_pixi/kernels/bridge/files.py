"""A path -> what is there, or nothing where it cannot be read."""

from __future__ import annotations

import os


def same_file(one: str, other: str) -> bool:
    """Whether two paths name the same existing file or folder."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.abspath(one) == os.path.abspath(other)


def read_text(folder: str, name: str) -> str:
    """The text of a file in a folder; empty if there is none."""
    try:
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def entries(folder: str) -> list[str]:
    """The names in a folder; none if it cannot be listed."""
    try:
        return os.listdir(folder)
    except OSError:
        return []
