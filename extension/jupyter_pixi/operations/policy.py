"""Turns a change that must not be made into a refusal: a frozen workspace, and credentials on their way to a file."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from ..errors import Refused
from ..manifest.model import Manifest

_CREDENTIALS = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.]*)://(?P<user>[^/\s@\"':]+)(?P<rest>:[^/\s@\"']+)?@(?P<host>[^/\s\"']+)"
    r"|://(?P<channel>[^/\s\"']+)/t/(?P<token>[A-Za-z0-9-]{8,})/"
)
_SSH = ("ssh", "git+ssh")


def refuse_if_frozen(manifest: Manifest) -> None:
    """Refuse changes where `[tool.jupyter-pixi] frozen = true` or the administrator says so. Raises Refused."""
    if manifest.settings.get("frozen") is True:
        raise Refused(
            "This workspace is frozen: `[tool.jupyter-pixi] frozen = true` stands in its manifest, so nothing that "
            "is declared or locked may change.",
            help="What is locked can be installed and used. Ask whoever gave you the workspace for a change.",
            code="frozen",
        )
    folder = _frozen_folder(manifest.root)
    if folder is not None:
        raise Refused(
            f"The administrator has frozen the workspaces in {folder}: nothing that is declared or locked may change.",
            help="What is locked can be installed and used.",
            code="frozen",
        )


def policy_files() -> tuple[Path, ...]:
    """Where an administrator decides for everybody: the system's folder, and that of an installation of the system."""
    places = [Path("/etc/jupyter-pixi")] if os.name == "posix" else []
    own = Path(sys.prefix) / "etc" / "jupyter-pixi"
    if own.is_dir() and not os.access(own, os.W_OK):  # else the user would be the administrator
        places.append(own)
    return tuple(place / "config.toml" for place in places)


def _frozen_folder(root: Path, files: Iterable[Path] | None = None) -> str | None:
    """The folder below which `[changes] frozen` of the policy forbids changes: true (all) or a list of folders."""
    for file in policy_files() if files is None else files:
        try:
            data = file.read_bytes()
        except OSError:
            continue
        import tomllib

        try:
            frozen = tomllib.loads(data.decode()).get("changes", {}).get("frozen", False)
        except (ValueError, AttributeError):
            return "/"  # a policy that cannot be read allows nothing
        if frozen is True:
            return "/"
        for folder in frozen if isinstance(frozen, list) else ():
            if Path(os.path.realpath(root)).is_relative_to(os.path.realpath(str(folder))):
                return str(folder)
        return None
    return None


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
