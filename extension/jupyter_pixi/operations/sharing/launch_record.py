"""Turns a record of Zenodo into the one archive in it, with the checksum that the record gives.

(Zenodo's REST API, developers.zenodo.org: `records/ID` answers with `files`, of which each has a `key`, a `size` and a
`checksum`. What a DOI of all versions names leads to the newest.) The archive's address is made from the record's own
and the file's name, never taken from the answer.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from ...errors import NetworkError, Refused
from .launch_download import opened
from .launch_target import ARCHIVES, Rules, Target, digest_of

MAX_BYTES = 5_000_000
"""Of a record's description."""


def archive_of(record: Target, rules: Rules) -> Target:
    """The archive to fetch. Raises NetworkError, and Refused for a record without exactly one archive."""
    server, _, number = record.address.rpartition("/records/")
    with opened(record, f"{server}/api/records/{number}", rules) as answer:
        text = answer.read(MAX_BYTES + 1)
        number = answer.url.rstrip("/").rpartition("/")[2]  # of the newest version, where it leads there
    try:
        files = [(str(file["key"]), str(file.get("checksum", ""))) for file in _files(text)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NetworkError(f"{record.address} does not answer as a record of Zenodo does.") from None
    archives = [(key, sum_) for key, sum_ in files if key.lower().endswith(ARCHIVES) and "/" not in key]
    if len(archives) != 1:
        held = ", ".join(key for key, _ in archives) or "no file that is one"
        raise Refused(
            f"{record.address} does not hold one archive of a workspace, but {held}.",
            help=f"Name the file: {server}/records/{number}/files/NAME. Archives end in {', '.join(ARCHIVES)}.",
            code="record",
        )
    key, checksum = archives[0]
    address = f"{server}/records/{number}/files/{quote(key, safe='')}?download=1"
    return replace(record, kind="archive", address=address, digest=record.digest or digest_of(checksum, ":"))


def _files(text: bytes) -> list[Any]:
    if len(text) > MAX_BYTES:
        raise ValueError
    files = json.loads(text).get("files", [])  # none where they are not public
    if not isinstance(files, list):
        raise TypeError
    return files
