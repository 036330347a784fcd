"""Turns the address of an archive into a file: from allowed hosts, through allowed redirects, of bounded size."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ...errors import NetworkError, Refused
from .launch_target import Rules, Target, check_redirect

MAX_BYTES = 2 << 30
SECONDS = 600.0
STALLED = 60.0
"""Seconds without a byte after which a download is given up."""


def download(target: Target, folder: Path, rules: Rules) -> Path:
    """Fetch the archive into `folder` and return the file. Raises Refused and NetworkError."""
    file = folder / unquote(Path(urlsplit(target.address).path).name).replace("/", "-")
    with opened(target, target.address, rules) as answer, file.open("wb") as out:
        _copy(answer, out, int(answer.headers.get("Content-Length") or 0))
    return file


@contextmanager
def opened(target: Target, address: str, rules: Rules) -> Iterator[Any]:
    """The answer of a server to what is asked for a target. Raises Refused and NetworkError, also while it is read."""
    opener = build_opener(_Redirects(rules))
    opener.addheaders = [("User-Agent", "jupyter-pixi")]
    try:
        with opener.open(Request(address), timeout=STALLED) as answer:  # noqa: S310
            yield answer
    except HTTPError as error:
        raise NetworkError(
            f"{target.shown} cannot be fetched: {error.code} {error.reason}.", help="Is the address right, and public?"
        ) from None
    except (URLError, TimeoutError, http.client.HTTPException, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise NetworkError(f"{target.shown} cannot be fetched: {reason}.") from None


def _copy(answer: IO[bytes], out: IO[bytes], size: int) -> None:
    deadline = time.monotonic() + SECONDS
    count = 0
    while chunk := answer.read(1 << 18) if size <= MAX_BYTES else b"x":
        count += len(chunk)
        if max(count, size) > MAX_BYTES:
            raise Refused(f"The archive is larger than {MAX_BYTES >> 30} GB.", code="archive")
        if time.monotonic() > deadline:
            raise NetworkError(f"The archive took longer than {SECONDS:.0f} s.")
        out.write(chunk)
    if count < size:
        raise NetworkError(f"The connection ended after {count} of {size} bytes of the archive.")


class _Redirects(HTTPRedirectHandler):
    """Follows a redirect only to where the first address could have gone."""

    max_redirections = 5

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> Request | None:
        """As in the standard library; raises Refused."""
        check_redirect(req.full_url, newurl, self.rules)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
