"""Turns what must not be done into a refusal: by the administrator's word, for a frozen workspace, for credentials."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from .. import policy
from ..errors import Refused
from ..manifest.model import Manifest

_CREDENTIALS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.]*)://(?P<user>[^/\s@\"':]+)(?P<rest>:[^/\s@\"']+)?@(?P<host>[^/\s\"']+)"
    r"|://(?P<channel>[^/\s\"']+)/t/(?P<token>[A-Za-z0-9-]{8,})/"
)
_SSH = ("ssh", "git+ssh")


INSTALL_AT_START = "install-at-start"
"""The code of the refusal to install at a kernel's start."""


def refuse_if_frozen(manifest: Manifest, environ: Mapping[str, str]) -> None:
    """Refuse changes where `[tool.jupyter-pixi] frozen = true` or the administrator says so. Raises Refused."""
    if manifest.settings.get("frozen") is True:
        raise Refused(
            "This workspace is frozen: `[tool.jupyter-pixi] frozen = true` stands in its manifest, so nothing that "
            "is declared or locked may change.",
            help="What is locked can be installed and used. Ask whoever gave you the workspace for a change.",
            code="frozen",
        )
    refuse_if_frozen_folder(manifest.root, environ)


def refuse_if_frozen_folder(folder: Path, environ: Mapping[str, str]) -> None:
    """Refuse changes, and new environments, below a folder that the administrator has frozen. Raises Refused."""
    found = policy.read(environ).freezes(str(folder))
    if found is not None:
        frozen, who = found
        where = "here" if frozen == os.sep else f"in {frozen}"
        raise Refused(
            f"The administrator has frozen the workspaces {where} ({who}): nothing that is declared or locked may "
            "change.",
            help="What is locked can be installed and used.",
            code="frozen",
        )


def refuse_if_forbidden(root: Path, environ: Mapping[str, str]) -> None:
    """Refuse what installs or runs a workspace that the administrator does not let anybody trust. Raises Refused."""
    who = policy.read(environ).forbids(str(root))
    if who is not None:
        raise Refused(
            f"The administrator does not allow the workspace in {root} to be installed or run ({who}).",
            help="Ask for its folder to be trusted.",
            code="policy",
        )


def refuse_install_at_start(environ: Mapping[str, str]) -> None:
    """Refuse that a kernel's start solves or installs, where the administrator says so. Raises Refused."""
    who = policy.read(environ).forbids_install_at_start
    if who is not None:
        raise Refused(
            f"The administrator does not let a kernel's start install anything ({who}).",
            help="%pixi install",
            code=INSTALL_AT_START,
        )


def refuse_credentials(before: bytes, after: bytes) -> None:
    """Refuse a change that would write a URL with a password or token into the manifest. Raises Refused."""
    known = {match.group(0) for match in _found(before)}
    for match in _found(after):
        if match.group(0) in known:
            continue
        host = match["host"] or match["channel"]
        raise Refused(
            f"The URL for {host} holds credentials: they would stand in the manifest and in the lock file, for "
            "everybody who gets a copy.",
            help=f"Store them for this user, and give the URL without: for channels `pixi auth login {host} …` (or "
            "`RATTLER_AUTH_FILE`), for PyPI indexes and git a `~/.netrc` line for this host.",
            code="credentials",
        )


def _found(data: bytes) -> Iterable[re.Match[str]]:
    for match in _CREDENTIALS.finditer(data.decode("utf-8", errors="replace")):
        if "${" in match.group(0) or (match["scheme"] in _SSH and not match["rest"]):
            continue  # a variable is no secret; `git@` in an ssh address is a name
        yield match
