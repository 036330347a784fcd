"""The administrator's files -> what users of this machine may do, whatever they configure themselves.

    /etc/jupyter-pixi/config.toml              decides for everybody
    <sys.prefix>/etc/jupyter-pixi/config.toml  decides for this installation
    JUPYTER_PIXI_POLICY                        the same as JSON: what a Jupyter server's configuration adds

All of them hold: what one forbids is forbidden, so a variable can take away and never give. Only a file may give (the
trust in a workspace), and the second one only where its reader cannot write it. A policy that cannot be read allows
nothing. A kernel's start reads this, so TOML is imported only where an administrator wrote some.

    [trust]
    mode = "ask"                  # "ask" (the default), "all" or "none"
    folders = ["/srv/courses"]    # always trusted, whatever the mode

    [changes]
    frozen = true                 # or a list of folders: nothing declared or locked below them may change

    [start]
    install = false               # a kernel's start solves and installs nothing

    [sources]                     # each list that is there is complete: nothing else is fetched
    channels = ["conda-forge", "https://conda.example.org/team", "https://conda.example.org/free/*"]
    indexes = ["pypi", "https://pypi.example.org/simple"]
    urls = ["https://git.example.org/team/"]     # repositories, direct URLs, hosts of an index's files

    [pixi]
    fixed = true                  # users' and workspaces' Pixi configuration does not change what the system's says

    [cache]
    shared = ["/srv/pixi-cache"]  # package caches that are read, never written
"""

from __future__ import annotations

import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

VARIABLE = "JUPYTER_PIXI_POLICY"
SYSTEM_FILE = "/etc/jupyter-pixi/config.toml"

_KEYS = {
    "trust": ("mode", "folders"),
    "changes": ("frozen",),
    "start": ("install",),
    "sources": ("channels", "indexes", "urls"),
    "pixi": ("fixed",),
    "cache": ("shared",),
}
_MODES = ("ask", "all", "none")


class Rules:
    """What one source says. `who` names it for people; `frozen` are folders, "/" for all.

    One that may not give (`may_give`) trusts no workspace, and only keeps others from being trusted.
    `channels`, `indexes` and `urls` are None where the source does not limit them.
    """

    __slots__ = (
        "channels",
        "fixed",
        "folders",
        "frozen",
        "indexes",
        "install",
        "may_give",
        "mode",
        "shared",
        "urls",
        "who",
    )

    def __init__(self, who: str, document: Mapping[str, Any], *, may_give: bool = True) -> None:
        """Raises ValueError with what is wrong in the document."""
        _check(document)
        trust = document.get("trust", {})
        sources = document.get("sources", {})
        mode = trust.get("mode", "ask")
        if mode not in _MODES:
            raise ValueError("trust.mode is one of ask, all and none")
        frozen = document.get("changes", {}).get("frozen", False)
        self.who = who
        self.may_give = may_give
        self.mode = mode
        self.folders = _folders(trust.get("folders", []), "trust.folders")
        self.frozen = ("/",) if frozen is True else _folders(frozen or [], "changes.frozen")
        self.install = _truth(document.get("start", {}).get("install", True), "start.install")
        self.channels = _optional(sources, "channels")
        self.indexes = _optional(sources, "indexes")
        self.urls = _optional(sources, "urls") or ()
        self.shared = _folders(document.get("cache", {}).get("shared", []), "cache.shared")
        self.fixed = _truth(document.get("pixi", {}).get("fixed", False), "pixi.fixed")

    @classmethod
    def nothing(cls, who: str) -> Rules:
        """The rules of a source that cannot be read: nothing is allowed."""
        shut = {
            "trust": {"mode": "none"},
            "changes": {"frozen": True},
            "start": {"install": False},
            "sources": {"channels": [], "indexes": []},
            "pixi": {"fixed": True},
        }
        return cls(who, shut)

    def holds(self, root: str) -> bool:
        """Whether `root` (resolved) is below one of the folders that are trusted whatever the mode."""
        return any(below(root, folder) for folder in self.folders)


class Policy:
    """What all sources say together; without any, everything is as the user wants it."""

    __slots__ = ("rules",)

    def __init__(self, *rules: Rules) -> None:
        self.rules = rules

    def forbids(self, root: str) -> str | None:
        """Who forbids that the workspace at `root` runs anything, if somebody does."""
        root = os.path.realpath(root)
        return next((r.who for r in self.rules if r.mode == "none" and not r.holds(root)), None)

    def trusts(self, root: str) -> bool:
        """Whether nobody has to be asked about the workspace at `root`."""
        root = os.path.realpath(root)
        return self.forbids(root) is None and any(r.may_give and (r.mode == "all" or r.holds(root)) for r in self.rules)

    def freezes(self, folder: str) -> tuple[str, str] | None:
        """The folder ("/" for all) in which nothing may change and that holds `folder`, and who says so."""
        folder = os.path.realpath(folder)
        for rules in self.rules:
            for frozen in rules.frozen:
                if below(folder, frozen):
                    return frozen, rules.who
        return None

    @property
    def forbids_install_at_start(self) -> str | None:
        """Who forbids that a kernel's start solves and installs, if somebody does."""
        return next((r.who for r in self.rules if not r.install), None)

    @property
    def shared_caches(self) -> tuple[str, ...]:
        """Folders of packages that are not fetched again."""
        return tuple(dict.fromkeys(folder for r in self.rules for folder in r.shared))

    @property
    def fixes_configuration(self) -> bool:
        """Whether the system's configuration of Pixi stands above the user's."""
        return any(r.fixed for r in self.rules)


def read(environ: Mapping[str, str], files: Iterable[tuple[str, bool]] | None = None) -> Policy:
    """The policy that holds for a process with these variables. Never raises.

    `files` are paths, each with whether it may give (default: the places that are told above).
    """
    found = [_read_file(path, may_give) for path, may_give in (_files() if files is None else files)]
    given = environ.get(VARIABLE)
    if given:
        found += _read_variable(given)
    return Policy(*(rules for rules in found if rules is not None))


def with_rules(environ: Mapping[str, str], document: Mapping[str, Any], who: str) -> str:
    """The value of the variable that adds these rules to those which are in it already."""
    given = environ.get(VARIABLE)
    try:
        present = json.loads(given) if given else []
    except ValueError:
        present = [given]  # what cannot be read goes on to forbid everything
    return json.dumps([*(present if isinstance(present, list) else [present]), {**document, "who": who}])


def below(path: str, folder: str) -> bool:
    """Whether a path is a folder or stands below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _files() -> list[tuple[str, bool]]:
    files = [(SYSTEM_FILE, True)] if os.name == "posix" else []
    own = os.path.join(sys.prefix, "etc", "jupyter-pixi", "config.toml")
    if own != SYSTEM_FILE:
        # In an environment of the user's own, the user would be the administrator.
        files.append((own, not os.access(own, os.W_OK) and not os.access(os.path.dirname(own), os.W_OK)))
    return files


def _read_file(path: str, may_give: bool) -> Rules | None:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return Rules.nothing(f"{path}, which cannot be read: {error.strerror}")
    import tomllib

    try:
        return Rules(path, tomllib.loads(data.decode()), may_give=may_give)
    except ValueError as error:
        return Rules.nothing(f"{path}, which is wrong: {error}")


def _read_variable(text: str) -> list[Rules]:
    try:
        documents = json.loads(text)
        rows = documents if isinstance(documents, list) else [documents]
        found = []
        for row in rows:
            if not isinstance(row, dict):
                raise ValueError("a policy is a table")
            who = str(row.get("who") or VARIABLE)
            found.append(Rules(who, {k: v for k, v in row.items() if k != "who"}, may_give=False))
    except (ValueError, RecursionError) as error:
        return [Rules.nothing(f"{VARIABLE}, which is wrong: {error}")]
    return found


def _check(document: Mapping[str, Any]) -> None:
    """A key that is misspelt would allow what it was to forbid. Raises ValueError."""
    for table, content in document.items():
        if table not in _KEYS or not isinstance(content, dict):
            raise ValueError(f"[{table}] is none of {', '.join(f'[{name}]' for name in _KEYS)}")
        for key in content:
            if key not in _KEYS[table]:
                raise ValueError(f"[{table}] has {' and '.join(_KEYS[table])}, and no {key}")


def _folders(value: Any, name: str) -> tuple[str, ...]:
    """Absolute paths only: `~` would be what a user's variable says it is."""
    folders = _texts(value, name)
    if not all(map(os.path.isabs, folders)):
        raise ValueError(f"{name} has absolute paths")
    return tuple(map(os.path.realpath, folders))


def _optional(table: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    return _texts(table[key], f"sources.{key}") if key in table else None


def _texts(value: Any, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
        raise ValueError(f"{name} is a list of texts")
    return tuple(value)


def _truth(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{name} is true or false")
    return value
