"""Turns an address or standard input into a script that is run once, and leaves no file behind.

(Pixi's docs/python/scripts.md: such scripts can only be run; they have no lock file of their own.) A script that has
no file has a path all the same, `<stdin>` or `<NAME>` in the working directory, for messages and for its environment.
"""

from __future__ import annotations

import re
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit

from ..errors import NetworkError, PixiError
from .context import Context
from .scripts import STDIN

LARGEST = 10_000_000
"""Bytes of a script that is fetched."""
LONGEST_ARGUMENT = 100_000
"""Bytes of a script that is read from standard input: Python gets it as an argument."""
PATIENCE = 30
"""Seconds that a server may keep silent."""

_GIST = re.compile(
    r"(?P<gist>https://gist\.github\.com/(?:[0-9a-f]{20,}|[\w-]+/[0-9a-f]+))"
    r"(?:/(?P<revision>[0-9a-f]{40}))?/?(?:#(?P<file>.*))?"
)
"""The page of a gist: `/USER/ID` or `/ID`, perhaps at a revision, perhaps at one of its files."""


@dataclass(frozen=True)
class Transient:
    """A script without a file: where it came from, and its bytes."""

    source: str
    data: bytes

    @property
    def is_stdin(self) -> bool:
        """Whether it came from standard input."""
        return self.source == STDIN

    @property
    def name(self) -> str:
        """What it is called in messages: `<stdin>`, or the name that its address ends with."""
        return "<stdin>" if self.is_stdin else f"<{_stem(self.source)}.py>"

    @property
    def shown(self) -> str:
        """How its command is shown to people."""
        return f"python -c {self.name}" if self.is_stdin else f"python {self.source}"

    @contextmanager
    def words(self) -> Iterator[tuple[str, ...]]:
        """The command that runs it. What is put on disk for that is gone afterwards."""
        if self.is_stdin:
            yield ("python", "-c", self.data.decode())
            return
        with TemporaryDirectory(prefix="jupyter-pixi-script-") as folder:
            path = Path(folder) / f"{_stem(self.source)}.py"
            path.write_bytes(self.data)
            yield ("python", str(path))


def read(source: str, context: Context) -> Transient:
    """The script. Raises PixiError for lock flags and a script that is too large or no text, NetworkError."""
    flag = "--frozen" if context.frozen else "--locked" if context.locked else None
    if flag is not None:
        raise PixiError(
            f"transient scripts cannot be run with `{flag}`: they do not have an adjacent lock file",
            help="Save the script to a file, and lock it with `lock --script FILE`.",
        )
    data = _standard_input() if source == STDIN else _fetched(source, context)
    try:
        data.decode()
    except UnicodeDecodeError:
        raise PixiError(f"{'stdin' if source == STDIN else source} is no Python script: it is not UTF-8 text") from None
    return Transient(source, data)


def _standard_input() -> bytes:
    data = sys.stdin.buffer.read(LONGEST_ARGUMENT + 1)
    if len(data) > LONGEST_ARGUMENT:
        raise PixiError(
            f"the script on stdin is larger than {LONGEST_ARGUMENT:,} bytes",
            help="Save it to a file, and run that with `--script FILE`.",
        )
    return data


def raw_address(address: str) -> str:
    """Where the text of a script is: a gist's page is no script, its first file is. Raises PixiError."""
    gist = _GIST.fullmatch(address)
    if gist is None:
        return address
    if gist["file"]:
        raise PixiError(
            f"{address} is a page, which does not say the name of the file",
            help="Open the file by its Raw button there, and give that address.",
        )
    return f"{gist['gist']}/raw" + (f"/{gist['revision']}" if gist["revision"] else "")


def _fetched(address: str, context: Context) -> bytes:
    if context.offline:
        raise NetworkError(f"{address} cannot be fetched: this is offline", code="offline")
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(request.getproxies()),
        request.HTTPHandler(),
        request.HTTPSHandler(context=ssl.create_default_context()),
        _Redirects(),
        request.HTTPErrorProcessor(),
        request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    where = raw_address(address)
    try:
        asked = request.Request(where, headers={"User-Agent": "jupyter-pixi"})  # noqa: S310 - only these handlers
        with opener.open(asked, timeout=PATIENCE) as answer:
            data: bytes = answer.read(LARGEST + 1)
    except HTTPError as error:
        raise NetworkError(f"the script cannot be fetched: server returned {error.code} for {error.url}") from None
    except (URLError, OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise NetworkError(f"the script cannot be fetched from {address}: {reason}") from None
    if len(data) > LARGEST:
        raise PixiError(f"{address} is no script: it is larger than {LARGEST:,} bytes")
    return data


class _Redirects(request.HTTPRedirectHandler):
    """Follows a server to another address, but not from an encrypted one to a plain one, and to nothing else."""

    def redirect_request(
        self, req: request.Request, fp: object, code: int, msg: str, headers: object, newurl: str
    ) -> request.Request | None:
        """The request for the new address."""
        old, new = urlsplit(req.full_url).scheme.lower(), urlsplit(newurl).scheme.lower()
        if new not in ("http", "https") or (old, new) == ("https", "http"):
            raise URLError(f"the server sends us on to {newurl}, which is not encrypted")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _stem(address: str) -> str:
    """The name of a script by its address: letters that every system has in file names."""
    last = PurePosixPath(unquote(urlsplit(address).path)).name.removesuffix(".py")
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", last).strip("-.")[:60] or "script"
