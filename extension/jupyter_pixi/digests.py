"""Bytes, text and files -> their SHA-256 in hex, with the smallest import that this Python offers.

`hashlib` loads OpenSSL, a tenth of what a kernel's start may cost; the interpreter has the function built in.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha256
else:
    try:
        from _sha2 import sha256  # CPython 3.12 and newer
    except ImportError:
        try:
            from _sha256 import sha256  # CPython 3.11
        except ImportError:
            from hashlib import sha256


def digest(data: bytes) -> str:
    """The SHA-256 of `data` in hex."""
    return sha256(data).hexdigest()


def text_digest(text: str) -> str:
    """The SHA-256 of a text (a path: with its undecodable bytes) in hex."""
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def file_digest(path: str) -> str | None:
    """The SHA-256 of a file's bytes in hex, or None if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return sha256(file.read()).hexdigest()
    except OSError:
        return None
