"""Events -> the state of an operation, and the state -> what the front end gets of it.

What a cell shows: `application/vnd.jupyter-pixi.operation+json`, version 1
    version      1
    operation    id of the operation for REST and events, or null (it did not say)
    command      list of words as the user gave them: ["add", "polars"]
    manifest, environment, kernel    strings or null
    state        "running", "done", "failed" or "interrupted"
    started, ended    seconds since the epoch; `ended` is null while it runs
    phases       list of {phase, title, done, total, item, bytes_done, bytes_total, finished}, in order of
                 appearance; `total` and what follows it may be null
    current      index into `phases` of the one last heard of, or null
    notes        list of strings
    warnings     list of {text, code}
    result       null, or {kind, message (one line), environment, changes: [{name, before, after, type, explicit}],
                 written: [{file, line, text}], others: [as changes, with environment and platform], restart:
                 [names], install: {prefix, linked, unlinked} or null, dry_run, left_out: number of changes beyond
                 those listed}. `before` and `after` are versions or null; `kind` is "change", or "install", "lock",
                 "reinstall", "update", "upgrade", of which only `kind`, `message` and `changes` are certain
    error        null, or {code, text, help, file, line, column}
    effects      null, or what the change did to this kernel: {paths: [new sys.path entries], variables: [names
                 of changed variables], kept: [names the user has set, left alone], late: [variables that only what
                 starts from now on sees], gone: [{name, modules}]
                 loaded but no longer on disk, back: [modules that were gone, and of which others are on disk
                 now], restart: true if the kernel was asked to start again, kernel: the
                 name of the kernelspec to go on with, where it is another one}; the sentences
                 about it are among `notes` and `warnings`
    All strings are data, to be shown as text and never as HTML. `text/html` and `text/plain` say the same.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Sequence

MIME = "application/vnd.jupyter-pixi.operation+json"
MAX_ROWS = 200
CHANGES = frozenset(["change", "install", "lock", "reinstall", "update", "upgrade"])
RESULT_FIELDS = ("kind", "message", "environment", "written", "restart", "install", "dry_run")


@dataclass
class Operation:
    """What the events so far amount to; `update` takes them in, the rest reads it out."""

    command: Sequence[str] = ()
    started: float = field(default_factory=time.time)
    id: Optional[str] = None
    manifest: Optional[str] = None
    environment: Optional[str] = None
    kernel: Optional[str] = None
    state: str = "running"
    ended: Optional[float] = None
    phases: list[dict[str, Any]] = field(default_factory=list)
    current: Optional[int] = None
    notes: list[str] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    result: Optional[dict[str, Any]] = None
    error: Optional[dict[str, Any]] = None
    effects: Optional[dict[str, Any]] = None

    def update(self, event: Mapping[str, Any]) -> None:
        """Takes one event in; kinds and fields of a newer vocabulary are passed over."""
        handler = getattr(self, "_on_" + str(event.get("event")), None)
        if handler is not None:
            handler(event)

    def _on_started(self, event: Mapping[str, Any]) -> None:
        self.id = event.get("operation")
        for name in ("manifest", "environment", "kernel"):
            setattr(self, name, event.get(name) or getattr(self, name))

    def _on_phase(self, event: Mapping[str, Any]) -> None:
        phase = dict.fromkeys(("item", "bytes_done", "bytes_total"))
        phase.update(phase=str(event.get("phase")), title=str(event.get("title") or event.get("phase")))
        phase.update(done=0, total=event.get("total"), finished=False)
        if len(self.phases) < MAX_ROWS:
            self.phases.append(phase)
        self.current = len(self.phases) - 1

    def _on_progress(self, event: Mapping[str, Any]) -> None:
        named = [i for i, phase in enumerate(self.phases) if phase["phase"] == event.get("phase")]
        if not named:
            self._on_phase({"phase": event.get("phase")})
            named = [len(self.phases) - 1]
        self.current = named[-1]
        phase = self.phases[self.current]
        for name in ("done", "total", "item", "bytes_done", "bytes_total"):
            if event.get(name) is not None:
                phase[name] = event[name]
        phase["finished"] = bool(phase["total"]) and phase["done"] >= phase["total"]

    def _on_warning(self, event: Mapping[str, Any]) -> None:
        if len(self.warnings) < MAX_ROWS:
            self.warnings.append({"text": str(event.get("text", "")), "code": event.get("code")})

    def _on_note(self, event: Mapping[str, Any]) -> None:
        if len(self.notes) < MAX_ROWS:
            self.notes.append(str(event.get("text", "")))

    def _on_result(self, event: Mapping[str, Any]) -> None:
        data = event.get("data")
        self.result = dict(data) if isinstance(data, Mapping) else {}
        message, *more = str(self.result.get("message") or _summary(self.result)).split("\n")
        if self.telling:
            self.result["message"] = message
            self.notes = [*more, *self.notes]
        if "diff" in self.result:
            self.result.setdefault("changes", _flat(self.result["diff"]))
        if self.result.get("dry_run"):
            self.notes.append("A dry run: nothing was changed.")
        self.finish("done")

    def _on_failed(self, event: Mapping[str, Any]) -> None:
        self.error = {name: event.get(name) for name in ("code", "text", "help", "file", "line", "column")}
        self.finish("interrupted" if event.get("code") == "interrupted" else "failed")

    def finish(self, state: str) -> None:
        """The operation has ended; a success means that all its phases did."""
        self.state, self.ended = state, time.time()
        if state == "done":
            for phase in self.phases:
                phase["finished"] = True

    @property
    def telling(self) -> bool:
        """Whether the result is that of a change (not text or data to be printed)."""
        return self.result is not None and self.result.get("kind") in CHANGES

    @property
    def phase(self) -> Optional[dict[str, Any]]:
        """The phase last heard of."""
        return self.phases[self.current] if self.current is not None else None

    def to_json(self) -> dict[str, Any]:
        """The state for the front end. Values of variables stay out of it: a notebook is shared."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "id"}
        data.update(version=1, operation=self.id, command=list(self.command))
        data["result"] = None
        if self.result is not None and self.telling:
            data["result"] = {name: self.result[name] for name in RESULT_FIELDS if name in self.result}
            for name in ("changes", "others"):
                rows = [change for change in self.result.get(name) or () if isinstance(change, Mapping)]
                data["result"][name] = [
                    dict(row, before=version_of(row.get("before")), after=version_of(row.get("after")))
                    for row in rows[:MAX_ROWS]
                ]
            data["result"]["left_out"] = max(0, len(self.result.get("changes") or ()) - MAX_ROWS)
        return json.loads(json.dumps(data, default=str))  # type: ignore[no-any-return]


def _flat(diff: Any) -> list[dict[str, Any]]:
    """The changes in a lock file's difference as Pixi's `--json` has it, each once however many platforms share it."""
    found = {}  # type: dict[Any, dict[str, Any]]
    environments = diff.get("environment") if isinstance(diff, Mapping) else None
    for platforms in (environments or {}).values():
        for changes in platforms.values():
            for change in changes:
                key = (change.get("name"), version_of(change.get("before")), version_of(change.get("after")))
                found.setdefault(key, change)
    return list(found.values())


def _summary(result: Mapping[str, Any]) -> str:
    """A sentence for the results that bring none."""
    kind = result.get("kind")
    if kind == "install":
        return "Installed: " + ", ".join(map(str, result.get("environments") or ())) + "."
    if kind in ("lock", "update", "upgrade"):
        changed = result.get("changed", bool(_flat(result.get("diff"))))
        return "The lock file is updated." if changed else "The lock file was up to date."
    return ""


def version_of(value: Any) -> Optional[str]:
    """The version in one side of a change: Pixi's `--json` has a record there, the engine a text."""
    if isinstance(value, Mapping):
        value = value.get("version")
    return None if value is None else str(value)


def tell_effects(operation: Operation, effects: dict[str, Any]) -> None:
    """Adds what a change did to this kernel, as data and as sentences that every rendering shows."""
    operation.effects = effects
    for row in effects.get("gone") or ():
        text = f"{row['name']} is gone from disk; {', '.join(row['modules'])} stays loaded until the kernel restarts."
        operation.warnings.append({"text": text, "code": "gone"})
    if effects.get("back"):
        names = ", ".join(effects["back"])
        text = f"What this kernel uses as {names} is still what was loaded before; restart it to get what is installed."
        operation.warnings.append({"text": text, "code": "stale"})
    if effects.get("late"):
        names = ", ".join(effects["late"])
        operation.notes.append(f"{names}: seen by what starts from now on; by this kernel itself when it restarts.")
    if effects.get("kept"):
        operation.notes.append("Left as you have set them: " + ", ".join(effects["kept"]))
