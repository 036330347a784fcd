"""Turns a link such as `/jupyter-pixi/launch?repo=…&ref=…&urlpath=…` into an open workspace, after one question.

The repository is fetched into a private folder and only looked at. The page says what would be installed and would run;
the answer is for exactly that commit. What the user already has below the server's root is never overwritten: a clone
from before is moved forward where that loses nothing, else stays, and is asked about as it is.
"""

from __future__ import annotations

import asyncio
import html
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from tornado import web

from ..operations.launch_target import HOSTS
from .jobs import Job, Jobs, Refusal

if TYPE_CHECKING:
    from ..operations.launch import Launch
    from ..operations.launch_target import Rules, Target

__all__ = ["HOSTS", "Launches", "routes", "rules_of"]

PATH = "/jupyter-pixi/launch"
MAX_STAGED = 6

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#212121;"
    "background:#fff}pre{background:#f5f5f5;padding:1rem;overflow:auto;white-space:pre-wrap}button{font:inherit;"
    "padding:.4rem 1.2rem;background:#1565c0;color:#fff;border:0;border-radius:3px;cursor:pointer}"
    ".error{border-left:4px solid #c62828;padding-left:1rem;white-space:pre-wrap}a{color:#1565c0}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}pre{background:#222}a{color:#90caf9}}"
)


@dataclass
class Staged:
    """A repository that was fetched to be looked at, and what became of it."""

    id: str
    target: Target
    folder: Path  # private
    clone: Path  # what was fetched, in `folder`
    planned: Launch
    opened: str | None
    notes: list[str] = field(default_factory=list)
    job: Job | None = None
    done: Launch | None = None  # the launch at its final place

    @property
    def name(self) -> str:
        """The name of the folder below the server's root."""
        return re.sub(r"[^\w.-]+", "-", self.clone.name).strip(".-") or self.target.name


class Launches:
    """The launches of this server. `rules` says what may be fetched; used on the event loop, but for the fetching."""

    def __init__(self, jobs: Callable[[], Jobs], root: Callable[[], Path], rules: Callable[[], Rules]) -> None:
        self.jobs, self.root, self.rules = jobs, root, rules
        self.staged: dict[str, Staged] = {}
        self.turn = asyncio.Semaphore(2)

    def keep(self, staged: Staged) -> None:
        """Remember it, and drop the oldest that nobody agreed to."""
        self.staged[staged.id] = staged
        idle = [s for s in self.staged.values() if s.job is None]
        for old in idle[: max(0, len(idle) - MAX_STAGED)]:
            del self.staged[old.id]
            shutil.rmtree(old.folder, ignore_errors=True)

    def close(self) -> None:
        """Remove what was only looked at."""
        for staged in self.staged.values():
            shutil.rmtree(staged.folder, ignore_errors=True)


def rules_of(hosts: Sequence[str]) -> Rules:
    """The rules for links, by the administrator's list: hosts, `*.host`, and `http://host` for one without TLS."""
    from ..operations.launch_target import FOR_LINKS

    plain = tuple(h.removeprefix("http://").rstrip("/") for h in hosts if h.startswith("http://"))
    return replace(FOR_LINKS, hosts=tuple(h for h in hosts if "://" not in h), http_hosts=plain)


def stage(launches: Launches, repo: str, ref: str | None, subfolder: str | None, urlpath: str | None) -> Staged:
    """Fetch a repository to be looked at. Blocking; raises PixiError."""
    from ..operations.context import Context
    from ..operations.launch import plan_launch
    from ..operations.launch_fetch import fetch
    from ..operations.launch_target import parse

    target = parse(repo, ref=ref, subfolder=subfolder, rules=launches.rules())
    folder = Path(tempfile.mkdtemp(prefix="jupyter-pixi-launch-"))
    notes: list[str] = []
    try:
        place = fetch(target, folder / target.name, notes.append, rules=launches.rules())
        opened = _opened(urlpath, place.name, target.subfolder)
        planned = plan_launch(place, target.subfolder, Context(cwd=place), (), opened)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Staged(secrets.token_urlsafe(12), target, folder, place, planned, opened, notes)


def _opened(urlpath: str | None, name: str, subfolder: str) -> str | None:
    """The file that a link opens: `lab/tree/PATH` or `tree/PATH`, with or without the repository's folder before it."""
    from ..operations.launch_target import check_path

    path = (urlpath or "").lstrip("/")
    for prefix in ("lab/tree/", "tree/", "notebooks/", "doc/tree/"):
        if path.startswith(prefix):
            inner = path.removeprefix(prefix).split("?")[0]
            inner = inner.removeprefix(f"{name}/").removeprefix(f"{subfolder}/" if subfolder else "")
            return check_path(inner) or None
    return None


def settle(launches: Launches, staged: Staged) -> tuple[Launch, bool]:
    """Put what was agreed to below the server's root. Blocking.

    Returns the launch there, and whether it is the one that was agreed to: where the user's own changes stay, it is
    not, and has to be asked about again. Raises PixiError.
    """
    from ..operations.context import Context
    from ..operations.launch import plan_launch
    from ..operations.launch_fetch import advance

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


class LaunchHandler(JupyterHandler):
    """`GET`: fetch and ask. `POST`: the answer."""

    auth_resource = "jupyter-pixi"

    def initialize(self, launches: Launches) -> None:
        """`launches` are this server's."""
        self.launches = launches

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Show what a link would do."""
        from ..errors import PixiError

        repo = self.get_query_argument("repo")
        given = [self.get_query_argument(name, None) or None for name in ("ref", "subfolder", "urlpath")]
        try:
            async with self.launches.turn:
                staged = await asyncio.to_thread(stage, self.launches, repo, *given)
        except PixiError as error:
            self.page("This cannot be opened", _error(error.text()), 400)
            return
        self.launches.keep(staged)
        self._ask(staged, staged.planned)

    def _ask(self, staged: Staged, planned: Launch) -> None:
        from ..operations.launch import told

        place = self.launches.root() / staged.name
        shown = told(replace(planned, root=place / staged.target.subfolder))
        at = f" at <b>{html.escape(staged.target.ref)}</b>" if staged.target.ref else ""
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in staged.notes)
        body = (
            f"<p>From <b>{html.escape(staged.target.shown)}</b>{at}. Nothing of it was installed or run.</p>{notes}"
            f"<pre>{html.escape(shown)}</pre><form method=post action='{self._url()}'>{self.xsrf_form_html()}"
            f"<input type=hidden name=id value='{staged.id}'><button id=agree>Install and open</button></form>"
        )
        self.page("Open this workspace?", body)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Install what was agreed to, and show how it goes."""
        from ..errors import PixiError

        staged = self.launches.staged.get(self.get_body_argument("id"))
        if staged is None:
            self.page("This page is too old", _error("Open the link again."), 404)
            return
        if staged.job is None:
            try:
                done, same = staged.done, True
                if done is None:
                    settled = await asyncio.to_thread(settle, self.launches, staged)
                    staged.done = done = settled[0]
                    same = settled[1]
                if not same:
                    self._ask(staged, done)
                    return
                names = [f"--environment={install.environment}" for install in done.environments]
                self.log.info("jupyter-pixi: launches %s", staged.target.shown)
                staged.job = await self.launches.jobs().start(["install", *names], done.manifest)
            except PixiError as error:
                self.page("This cannot be opened", _error(error.text()), 400)
                return
            except Refusal as refusal:
                self.page("The installation failed", _error(str(refusal)), 400)
                return
        self.redirect(self._url("/progress") + "?" + urlencode({"id": staged.id}), status=303)

    def page(self, title: str, body: str, status: int = 200, refresh: bool = False) -> None:
        """Finish with a page that no other page may frame and no cache keeps."""
        self.set_status(status)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "same-origin")  # without it a form has no Origin, and is refused
        again = "<meta http-equiv=refresh content=1>" if refresh else ""
        self.finish(
            f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{html.escape(title)}</title>{again}"
            f"<style>{_STYLE}</style></head><body><main><h1>{html.escape(title)}</h1>{body}</main></body></html>"
        )

    @property
    def content_security_policy(self) -> str:
        """No script runs on these pages, and forms go to this server only."""
        return (
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )

    def _url(self, more: str = "") -> str:
        return quote(self.base_url.rstrip("/") + PATH + more)


class ProgressHandler(LaunchHandler):
    """`GET progress?id=`: how the installation goes; at its end, the workspace."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Show the last lines, or go to the workspace."""
        staged = self.launches.staged.get(self.get_query_argument("id"))
        if staged is None or staged.job is None or staged.done is None:
            self.page("This page is too old", _error("Open the link again."), 404)
        elif not staged.job.ended.is_set():
            lines = await asyncio.to_thread(_lines, staged.done.root, staged.job.id)
            self.page(f"Installing {staged.done.name}", f"<pre id=progress>{html.escape(lines)}</pre>", refresh=True)
        elif staged.job.failed is not None:
            text = str(staged.job.failed.get("text") or "It failed.")
            self.page("The installation failed", _error(text) + self._anyway(staged.done), 500)
        else:
            self.redirect(self._lab(staged.done))

    async def post(self) -> None:
        """Not here."""
        raise web.HTTPError(405)

    def _lab(self, launch: Launch) -> str:
        path = (launch.root / launch.opened).resolve().relative_to(self.launches.root().resolve()).as_posix()
        return self.base_url.rstrip("/") + "/lab/tree/" + quote(path)

    def _anyway(self, launch: Launch) -> str:
        return f"<p><a href='{html.escape(self._lab(launch))}'>Open the folder anyway</a></p>"


def _lines(root: Path, id: str | None) -> str:
    """The last things an operation said."""
    from .operation_log import FOLDER, events

    found: list[str] = []
    for event in events(root / FOLDER / f"{id}.jsonl") if id else ():
        if event.get("event") == "phase":
            found.append(str(event.get("title")))
        elif event.get("event") == "progress" and event.get("total"):
            count = f"{event.get('phase')}: {event.get('done')} of {event.get('total')} {event.get('item') or ''}"
            if found and found[-1].startswith(f"{event.get('phase')}: "):
                found.pop()
            found.append(count)
    return "\n".join(found[-12:]) or "Starting …"


def _error(text: str) -> str:
    return f"<p class=error role=alert>{html.escape(text)}</p>"


def routes(launches: Launches) -> list[tuple[str, Any, dict[str, Any]]]:
    """The routes, without the server's base URL."""
    return [
        (PATH, LaunchHandler, {"launches": launches}),
        (f"{PATH}/progress", ProgressHandler, {"launches": launches}),
    ]
