"""Turns command lines into running child processes of the engine, and what they report into results.

An operation outlives the server: it runs in a session of its own and writes its own file, so that a restarted server
learns of its end from there. The pipe tells more while the server lives: what activation computed is never on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import system
from ..kernels import handoff

KEPT = 50
"""How many ended operations are remembered with what only the pipe told."""

_LINE = 64 * 1024 * 1024  # an event holds at most the rows of all environments and platforms
_STDERR = 4_000


class Refusal(Exception):
    """An operation that ended before it began: the document of its failure."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(str(document.get("text") or ""))
        self.document = document


@dataclass
class Job:
    """A child process of the engine. `id` is None until the operation has begun, and for good in a dry run."""

    process: asyncio.subprocess.Process
    id: str | None = None
    result: dict[str, Any] | None = None
    failed: dict[str, Any] | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)  # also set at the end
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def cancel(self) -> None:
        """Ask it to stop and to take back what it has begun."""
        if not self.ended.is_set():
            system.interrupt(self.process.pid)


class Jobs:
    """The operations that this server has started. To be used on the event loop only."""

    def __init__(
        self, environ: Mapping[str, str], warn: Callable[..., Any], ended: Callable[[Job], Any] = lambda _: None
    ) -> None:
        """`ended` is called with each operation's job at its end, on the event loop."""
        self._ended = ended
        self._environ = {**handoff.without_activation(environ), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
        self._warn = warn
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def get(self, id: str) -> Job | None:
        """The job of an operation, if this server started it and still remembers."""
        return self._jobs.get(id)

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of those that have not ended."""
        return tuple(id for id, job in self._jobs.items() if not job.ended.is_set())

    async def start(self, argv: Sequence[str], manifest: Path, caller: Mapping[str, Any] | None = None) -> Job:
        """Start a command; returns once the operation has begun (or ended, without ever having been one).

        Raises Refusal when it failed before that.
        """
        job = await self._spawn(argv, manifest, caller)
        await job.begun.wait()
        if job.id is not None:
            self._remember(job.id, job)
        elif job.failed is not None:
            raise Refusal(job.failed)
        return job

    async def ask(self, argv: Sequence[str], manifest: Path, caller: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The result of a command that only looks. Cancelled together with whoever waits for it. Raises Refusal."""
        job = await self._spawn(argv, manifest, caller)
        try:
            await job.ended.wait()
        finally:
            job.cancel()
        if job.result is None:
            raise Refusal(job.failed or {})
        return job.result

    async def _spawn(self, argv: Sequence[str], manifest: Path, caller: Mapping[str, Any] | None) -> Job:
        events_here, events_there = os.pipe()
        caller_there, caller_here = os.pipe()
        # Right behind the command's own words: what a client named comes last.
        # The manifest is found from its own folder, so that the recorded command reads as a person would give it.
        given = [f"--events-fd={events_there}", f"--caller-fd={caller_there}"]
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "jupyter_pixi", argv[0], *given, *argv[1:]),
                cwd=manifest.parent,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(events_there, caller_there),
                start_new_session=True,
            )
        except OSError as error:
            os.close(events_here)
            os.close(caller_here)
            raise Refusal({"code": "system", "text": f"The engine cannot be started: {error.strerror}."}) from None
        finally:
            os.close(events_there)
            os.close(caller_there)
        job = Job(process)
        self._keep(asyncio.to_thread(_hand_over, caller_here, caller))
        self._keep(self._follow(job, events_here))
        return job

    async def _follow(self, job: Job, events: int) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=_LINE)
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(events, "rb", buffering=0)
        )
        assert job.process.stderr is not None
        said = asyncio.create_task(_tail(job.process.stderr))
        try:
            while line := await reader.readline():
                _take(job, line)
            status = await job.process.wait()
        finally:
            transport.close()
        if job.result is None and job.failed is None:
            text = (await said).strip()
            self._warn("jupyter-pixi: the engine ended with status %s and said nothing more: %s", status, text)
            last = text.splitlines()[-1] if text else f"it ended with exit status {status}"
            job.failed = {"code": "engine", "text": f"The engine could not do it: {last}"}
        said.cancel()
        job.ended.set()
        job.begun.set()
        if job.id is not None:
            self._ended(job)

    def _remember(self, id: str, job: Job) -> None:
        self._jobs[id] = job
        ended = [key for key, one in self._jobs.items() if one.ended.is_set()]
        for key in ended[: max(0, len(self._jobs) - KEPT)]:
            del self._jobs[key]

    def _keep(self, work: Any) -> None:
        """Run something beside; a task that nobody holds would be collected."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def without_activation(events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events as they may be told to everybody: what activation scripts computed may hold secrets."""

    def told(event: dict[str, Any]) -> dict[str, Any]:
        data = event.get("data")
        return {**event, "data": {**data, "activation": None}} if isinstance(data, dict) else event

    return [told(event) for event in events]


def is_engine(pid: int) -> bool:
    """Whether a process is one of the engine's: process ids are used again."""
    words = system.command_line(pid)
    return b"jupyter_pixi" in words or b"jupyter-pixi" in words or b"pixi-jupyter" in words


def _take(job: Job, line: bytes) -> None:
    try:
        event = json.loads(line)
    except ValueError:
        return
    kind = event.get("event") if isinstance(event, dict) else None
    if kind in ("started", "result", "failed", "note", "warning"):
        job.events.append(event)
    if kind == "started":
        job.id = str(event.get("operation"))
        job.begun.set()
    elif kind == "result":
        job.result = event.get("data") or {}
    elif kind == "failed":
        job.failed = event


def _hand_over(fd: int, caller: Mapping[str, Any] | None) -> None:
    with contextlib.suppress(OSError), os.fdopen(fd, "wb") as pipe:
        pipe.write(json.dumps(caller or {}).encode())


async def _tail(stream: asyncio.StreamReader) -> str:
    kept = b""
    while data := await stream.read(4096):
        kept = (kept + data)[-_STDERR:]
    return kept.decode("utf-8", errors="replace")
