"""Turns what a launch link names into a folder that was looked at, and after consent into one below the server's root.

What is fetched stands in a private folder until then. What the user already has is never overwritten: a folder from
before is moved forward where that loses nothing, else stays, and is asked about as it is.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .jobs import Job, Jobs

if TYPE_CHECKING:
    from ..operations.sharing.launch import Launch
    from ..operations.sharing.launch_target import Rules, Target

MAX_STAGED = 6
AT_ONCE = 2
"""Fetches at the same time; others wait."""

VIEWS = ("lab/tree/", "doc/tree/", "notebooks/", "tree/")
"""The pages that open a file by its path below the root."""


@dataclass(frozen=True)
class Link:
    """What a link says."""

    repo: str
    ref: str | None = None
    subfolder: str | None = None
    urlpath: str | None = None


@dataclass
class Staged:
    """A repository that was fetched to be looked at, and what became of it."""

    id: str
    target: Target
    folder: Path  # private
    clone: Path  # what was fetched, in `folder`
    planned: Launch
    opened: str | None
    view: str = VIEWS[0]
    notes: list[str] = field(default_factory=list)
    job: Job | None = None
    done: Launch | None = None  # the launch at its final place
    answering: asyncio.Lock = field(default_factory=asyncio.Lock)  # a button is pressed twice easily

    @property
    def name(self) -> str:
        """The name of the folder below the server's root."""
        return re.sub(r"[^\w.-]+", "-", self.clone.name).strip(".-") or self.target.name


class Launches:
    """The launches of this server. `rules` says what may be fetched; used on the event loop, but for the fetching."""

    def __init__(self, jobs: Callable[[], Jobs], root: Callable[[], Path], rules: Callable[[], Rules]) -> None:
        self.jobs, self.root, self.rules = jobs, root, rules
        self.fetching: dict[str, tuple[Link, asyncio.Task[Staged]]] = {}
        self.staged: dict[str, Staged] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)

    def begin(self, link: Link) -> tuple[str, asyncio.Task[Staged]]:
        """Start to fetch what a link names; the same link is not fetched twice at once."""
        for id, (other, task) in self.fetching.items():
            if other == link and not task.done():
                return id, task
        for id in [id for id, (_, task) in self.fetching.items() if task.done()][: -MAX_STAGED or None]:
            del self.fetching[id]
        id = secrets.token_urlsafe(12)
        task = asyncio.ensure_future(self._fetch(id, link))
        task.add_done_callback(
            lambda done: done.cancelled() or done.exception()
        )  # told on the page, if it is still there
        self.fetching[id] = (link, task)
        return id, task

    async def _fetch(self, id: str, link: Link) -> Staged:
        async with self._turn:
            staged = await asyncio.to_thread(stage, id, link, self.rules())
        self.staged[id] = staged
        idle = [s for s in self.staged.values() if s.job is None]
        for old in idle[: max(0, len(idle) - MAX_STAGED)]:
            del self.staged[old.id]
            shutil.rmtree(old.folder, ignore_errors=True)
        return staged

    def close(self) -> None:
        """Remove what was only looked at."""
        for _, task in self.fetching.values():
            task.cancel()
        for staged in self.staged.values():
            shutil.rmtree(staged.folder, ignore_errors=True)


def rules_of(hosts: Sequence[str]) -> Rules:
    """The rules for links, by the administrator's list: hosts, `*.host`, and `http://host` for one without TLS."""
    from ..operations.sharing.launch_target import FOR_LINKS

    plain = tuple(h.removeprefix("http://").rstrip("/") for h in hosts if h.startswith("http://"))
    return replace(FOR_LINKS, hosts=tuple(h for h in hosts if "://" not in h), http_hosts=plain)


def stage(id: str, link: Link, rules: Rules) -> Staged:
    """Fetch what a link names, to be looked at. Blocking; raises PixiError."""
    from ..operations.context import Context
    from ..operations.sharing.launch import plan_launch
    from ..operations.sharing.launch_fetch import fetch
    from ..operations.sharing.launch_target import parse

    target = parse(link.repo, ref=link.ref, subfolder=link.subfolder, rules=rules)
    folder = Path(tempfile.mkdtemp(prefix="jupyter-pixi-launch-"))
    notes: list[str] = []
    try:
        clone = fetch(target, folder / target.name, notes.append, rules=rules)
        view, opened = _opened(link.urlpath, clone.name, target.subfolder)
        planned = plan_launch(clone, target.subfolder, Context(cwd=clone), (), opened)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Staged(id, target, folder, clone, planned, opened, view, notes)


def _opened(urlpath: str | None, name: str, subfolder: str) -> tuple[str, str | None]:
    """The page and the file that a link opens: `lab/tree/PATH` and the like, with or without the folder's name."""
    from ..operations.sharing.launch_target import check_path

    path = (urlpath or "").lstrip("/")
    for view in VIEWS:
        if path.startswith(view):
            inner = path.removeprefix(view).split("?")[0]
            inner = inner.removeprefix(f"{name}/").removeprefix(f"{subfolder}/" if subfolder else "")
            return view, check_path(inner) or None
    return VIEWS[0], None


def settle(launches: Launches, staged: Staged) -> tuple[Launch, bool]:
    """Put what was agreed to below the server's root. Blocking.

    Returns the launch there, and whether it is the one that was agreed to: where the user's own changes stay, it is
    not, and has to be asked about again. Raises PixiError.
    """
    from ..operations.context import Context
    from ..operations.sharing.launch import plan_launch
    from ..operations.sharing.launch_fetch import advance

    place = launches.root() / staged.name
    if not place.exists():
        shutil.move(staged.clone, place)
        same = True
    else:
        advance(staged.target, place, staged.clone, staged.notes.append)
        same = _deciding(staged.planned) == _deciding(_at(staged.planned, staged.clone, place))
    planned = plan_launch(place, staged.target.subfolder, Context(cwd=place), (), staged.opened)
    return planned, same


def _at(planned: Launch, old: Path, new: Path) -> Launch:
    manifest = new / planned.manifest.relative_to(old.resolve())
    return replace(planned, manifest=manifest, root=manifest.parent)


def _deciding(planned: Launch) -> list[bytes | None]:
    """The bytes that decide what is installed and run."""
    names = [planned.manifest.name, "pixi.lock", ".pixi/config.toml", *planned.scripts]
    files = [planned.root / name for name in names]
    return [f.read_bytes() if f.is_file() else None for f in files]
