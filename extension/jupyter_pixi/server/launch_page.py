"""Turns a link such as `/jupyter-pixi/launch?repo=…&ref=…&urlpath=…` into an open workspace, after one question.

The page says what would be installed and would run; the answer is for exactly what was fetched. Four pages: fetching,
the question, the progress, and what went wrong. None of them runs a script.
"""

from __future__ import annotations

import asyncio
import html
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from tornado import web

from ..operations.sharing.launch_target import HOSTS
from .jobs import Refusal
from .launch_staging import Launches, Link, Staged, rules_of, settle

if TYPE_CHECKING:
    from ..operations.sharing.launch import Launch

__all__ = ["HOSTS", "Launches", "routes", "rules_of"]

PATH = "/jupyter-pixi/launch"
MAX_TEXTS, MAX_BYTES = 20, 20_000
"""Of how many scripts, and how much of each, the page shows."""

PATIENCE = 3.0
"""Seconds that a link waits for its repository before it shows a page that waits."""

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#212121;"
    "background:#fff}pre{background:#f5f5f5;padding:1rem;overflow:auto;white-space:pre-wrap}button{font:inherit;"
    "padding:.4rem 1.2rem;background:#1565c0;color:#fff;border:0;border-radius:3px;cursor:pointer}"
    ".error{border-left:4px solid #c62828;padding-left:1rem;white-space:pre-wrap}a{color:#1565c0}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}pre{background:#222}a{color:#90caf9}}"
)


class LaunchHandler(JupyterHandler):
    """`GET`: fetch and ask. `POST`: the answer."""

    auth_resource = "jupyter-pixi"

    def initialize(self, launches: Launches) -> None:
        """`launches` are this server's."""
        self.launches = launches

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Begin to fetch what a link names, and show what it would do."""
        if self.request.headers.get("Sec-Fetch-Dest", "document") != "document":
            raise web.HTTPError(403, "A launch link is opened by a person, and not from within another page.")
        repo = self.get_query_argument("repo")
        given = [self.get_query_argument(name, None) or None for name in ("ref", "subfolder", "urlpath")]
        id, task = self.launches.begin(Link(repo, *given))
        await asyncio.wait([task], timeout=PATIENCE)
        if task.done():
            await self._fetched(task)
        else:
            self.redirect(self._url("/fetching") + "?" + urlencode({"id": id}))

    async def _fetched(self, task: asyncio.Task[Staged]) -> None:
        from ..errors import PixiError

        try:
            staged = await task
        except PixiError as error:
            self.page("This cannot be opened", _error(error.text()), 400)
        else:
            self._ask(staged, staged.planned)

    def _ask(self, staged: Staged, planned: Launch) -> None:
        from ..operations.sharing.launch import told

        place = self.launches.root() / staged.name
        shown = told(replace(planned, root=place / staged.target.subfolder))
        at = f" at <b>{html.escape(staged.target.ref)}</b>" if staged.target.ref else ""
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in staged.notes)
        body = (
            f"<p>From <b>{html.escape(staged.target.shown)}</b>{at}. Nothing of it was installed or run.</p>{notes}"
            f"<pre>{html.escape(shown)}</pre>{_texts(planned)}"
            f"<form method=post action='{self._url()}'>{self.xsrf_form_html()}"
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
        try:
            async with staged.answering:
                agreed = staged.job is not None or await self._install(staged)
        except PixiError as error:
            self.page("This cannot be opened", _error(error.text()), 400)
        except Refusal as refusal:
            self.page("The installation failed", _error(str(refusal)), 400)
        else:
            if agreed or staged.done is None:
                self.redirect(self._url("/progress") + "?" + urlencode({"id": staged.id}), status=303)
            else:
                self._ask(staged, staged.done)

    async def _install(self, staged: Staged) -> bool:
        """Put it in its place and begin to install; False where what is there is not what was agreed to."""
        settled = (staged.done, True) if staged.done else await asyncio.to_thread(settle, self.launches, staged)
        staged.done = done = settled[0]
        if settled[1]:
            names = [f"--environment={install.environment}" for install in done.environments]
            self.log.info("jupyter-pixi: launches %s", staged.target.shown)
            staged.job = await self.launches.jobs().start(["install", *names], done.manifest)
        return settled[1]

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
        return str(self.base_url.rstrip("/")) + PATH + more  # the base URL is escaped already


class FetchingHandler(LaunchHandler):
    """`GET fetching?id=`: waits for what is fetched; at its end, the question."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Show that it is fetched, or the question."""
        link, task = self.launches.fetching.get(self.get_query_argument("id"), (None, None))
        if link is None or task is None:
            self.page("This page is too old", _error("Open the link again."), 404)
        elif task.done():
            await self._fetched(task)
        else:
            shown = html.escape(link.repo.partition("?")[0])
            self.page("Fetching", f"<p id=progress>From <b>{shown}</b> …</p>", refresh=True)

    async def post(self) -> None:
        """Not here."""
        raise web.HTTPError(405)


class ProgressHandler(LaunchHandler):
    """`GET progress?id=`: how the installation goes; at its end, the workspace. `POST`: end it."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Show the last lines, or go to the workspace."""
        staged = self.launches.staged.get(self.get_query_argument("id"))
        if staged is None or staged.job is None or staged.done is None:
            self.page("This page is too old", _error("Open the link again."), 404)
        elif not staged.job.ended.is_set():
            lines = await asyncio.to_thread(_lines, staged.done.root, staged.job.id)
            body = f"<pre id=progress>{html.escape(lines)}</pre>{self._cancel(staged)}"
            self.page(f"Installing {staged.done.name}", body, refresh=True)
        elif staged.job.failed is not None:
            text = str(staged.job.failed.get("text") or "It failed.")
            self.page("The installation failed", _error(text) + self._anyway(staged.done), 500)
        else:
            self.redirect(self._opened(staged.view, staged.done))

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """End the installation; what it has begun is taken back."""
        staged = self.launches.staged.get(self.get_body_argument("id"))
        if staged is not None and staged.job is not None:
            staged.job.cancel()
        self.redirect(self._url("/progress") + "?" + urlencode({"id": self.get_body_argument("id")}), status=303)

    def _cancel(self, staged: Staged) -> str:
        return (
            f"<form method=post action='{self._url('/progress')}'>{self.xsrf_form_html()}"
            f"<input type=hidden name=id value='{staged.id}'><button id=cancel>Cancel</button></form>"
        )

    def _opened(self, view: str, launch: Launch) -> str:
        path = (launch.root / launch.opened).resolve().relative_to(self.launches.root().resolve()).as_posix()
        return f"{self.base_url.rstrip('/')}/{view}{quote(path)}"

    def _anyway(self, launch: Launch) -> str:
        return f"<p><a href='{html.escape(self._opened('lab/tree/', launch))}'>Open the folder anyway</a></p>"


def _texts(launch: Launch) -> str:
    """The texts of what would run, folded."""
    found = []
    for name in launch.scripts[:MAX_TEXTS]:
        with (launch.root / name).open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        more = "\n…" if len(text) > MAX_BYTES else ""
        shown = html.escape(text[:MAX_BYTES].decode("utf-8", "replace") + more)
        found.append(f"<details><summary>{html.escape(name)}</summary><pre>{shown}</pre></details>")
    return "".join(found)


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
        (f"{PATH}/fetching", FetchingHandler, {"launches": launches}),
        (f"{PATH}/progress", ProgressHandler, {"launches": launches}),
    ]
