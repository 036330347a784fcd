"""Turns a workspace into the state of each of its environments: read-only, offline, and with a reason for people.

States are `ready`, `not-installed`, `out-of-date`, `not-locked`, `cannot-run`, `broken` and `untrusted` (design,
section 3). The server and the kernels use the same words.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ... import trust
from ...environments import PlatformChoice, choose_platform, host
from ...environments.model import Environment
from ...environments.pick import asked_of
from ...errors import PixiError
from ...manifest.model import Platform
from ...prefix.kernels import Kernel, offered
from ...prefix.readiness import state as prefix_state
from ..context import Context
from ..targets import locked_requirements, prefix_of
from ..workspace import OpenWorkspace, locate, open_workspace
from .drifting import HINT
from .settling import is_interrupted

_DRIFT_SHOWN = 20
"""How many differing packages `status` lists for people."""


@dataclass(frozen=True)
class Reason:
    """Why an environment is not ready: a stable word, a sentence, and a place where there is one."""

    code: str
    text: str
    file: str | None = None
    line: int | None = None
    column: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As `status --json` has it."""
        return {"code": self.code, "text": self.text, "file": self.file, "line": self.line, "column": self.column}


@dataclass(frozen=True)
class EnvironmentState:
    """The state of one environment on this machine."""

    name: str
    state: str
    reason: Reason | None
    prefix: Path
    platform: Platform | None
    kernels: tuple[Kernel, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As `status --json` has it."""
        return {
            "name": self.name,
            "state": self.state,
            "reason": self.reason.to_json() if self.reason else None,
            "prefix": str(self.prefix),
            "platform": self.platform.name if self.platform else None,
            "kernels": [{"name": k.name, "language": k.language, "display_name": k.display_name} for k in self.kernels],
        }


def states(opened: OpenWorkspace, context: Context) -> tuple[EnvironmentState, ...]:
    """The state of every environment of an opened workspace."""
    return tuple(state_of(opened, environment, context) for environment in opened.environments.values())


def state_of(opened: OpenWorkspace, environment: Environment, context: Context) -> EnvironmentState:
    """The state of one environment: what is wrong first is what is told."""
    prefix = prefix_of(opened, environment.name)
    choice = choose_platform(environment, host(context.environ), locked_requirements(opened.lock, environment.name))
    state, reason = _judged(opened, environment, choice, prefix, context)
    found = offered(environment, opened.lock, prefix)
    return EnvironmentState(environment.name, state, reason, prefix, choice.platform, found)


def _judged(
    opened: OpenWorkspace, environment: Environment, choice: PlatformChoice, prefix: Path, context: Context
) -> tuple[str, Reason | None]:
    if choice.platform is None:
        return "cannot-run", Reason("cannot-run", cannot_run(environment, choice))
    if opened.lock_error is not None:
        return "broken", _reason_of(opened.lock_error)
    lock = opened.lock
    if lock is None or environment.name not in lock.environments:
        return "not-locked", Reason("not-locked", "It is not in the lock file yet; a start will solve it.")
    verdict = opened.verdict.environments.get(environment.name, {}).get(choice.platform.name)
    if verdict is not None and not verdict.up_to_date:
        return "out-of-date", Reason("lock", verdict.reason or "The lock file does not fulfil the manifest.")
    installed = prefix_state(prefix, environment, lock, choice.platform, opened.root)
    if installed.state != "ready":
        return installed.state, Reason(installed.state, installed.reason or "Its prefix has to be installed.")
    trusted = trust.check(str(opened.root), context.environ)
    if not trusted.trusted:
        text = trusted.reason or "Nobody has agreed yet to what a start of it runs"
        text = f"{text[0].upper()}{text[1:].rstrip('.')}."
        agree = "Agree with `jupyter pixi trust` (in a notebook: `%pixi trust`)."
        return "untrusted", Reason("untrusted", text if trusted.forbidden else f"{text} {agree}")
    return "ready", None


def cannot_run(environment: Environment, choice: PlatformChoice) -> str:
    """One sentence: what is missing, or that no platform fits."""
    if choice.missing:
        gaps = ", ".join(map(asked_of, choice.missing))
        return f"This machine does not have {gaps}."
    if not environment.platforms:
        return "It has no platform: its features have none in common."
    return "None of its platforms is this machine: " + "; ".join(choice.reasons) + "."


def status(context: Context, only: str | None = None) -> dict[str, Any]:
    """The document of `status --json`. A broken manifest is a state, not an error; no manifest at all is one."""
    path = locate(context)
    try:
        opened = open_workspace(context, tolerate_lock=True)
        if only is not None:
            opened.environment(only)
        found = [s for s in states(opened, context) if only is None or s.name == only]
    except PixiError as error:
        if error.code == "unknown-environment":
            raise
        return _broken(path, error)
    return {
        "workspace": opened.manifest.workspace.name,
        "manifest": str(opened.manifest.path),
        "lock": _lock_document(opened),
        "interrupted": is_interrupted(opened.root),
        "environments": [s.to_json() for s in found],
        "drift": _drift(opened, context, only),
    }


def _drift(opened: OpenWorkspace, context: Context, only: str | None) -> dict[str, Any]:
    """What differs from the lock in the environment that the command is about, by its name."""
    from .drifting import drift_of

    name = only or (context.caller.environment if context.caller is not None else opened.default_name(context))
    if opened.lock_error is not None:
        return {}
    rows = drift_of(opened, name, context)
    return {name: [row.to_dict() for row in rows]} if rows else {}


def _lock_document(opened: OpenWorkspace) -> dict[str, Any]:
    if opened.lock_error is not None:
        return {"up_to_date": False, "reason": opened.lock_error.message, "version": None, "environments": {}}
    if opened.lock is None:
        nothing = {"up_to_date": False, "reason": "there is no lock file"}
        return {
            **nothing,
            "version": None,
            "environments": {e.name: {p.name: nothing for p in e.platforms} for e in opened.environments.values()},
        }
    verdict = opened.verdict
    return {
        "up_to_date": verdict.up_to_date,
        "reason": verdict.reason,
        "version": opened.lock.version,
        "environments": {
            name: {p: {"up_to_date": v.up_to_date, "reason": v.reason} for p, v in rows.items()}
            for name, rows in verdict.environments.items()
        },
    }


def _reason_of(error: PixiError) -> Reason:
    place = error.place
    return Reason(
        error.code,
        error.message,
        str(place.file) if place else None,
        place.line if place else None,
        place.column if place else None,
    )


def _broken(path: Path, error: PixiError) -> dict[str, Any]:
    reason = _reason_of(error).to_json()
    row: dict[str, Any] = {
        "name": "default",
        "state": "broken",
        "reason": reason,
        "prefix": None,
        "platform": None,
        "kernels": [],
    }
    lock = {"up_to_date": False, "reason": error.message, "version": None, "environments": {}}
    return {"workspace": None, "manifest": str(path), "lock": lock, "environments": [row]}


def status_text(document: dict[str, Any]) -> str:
    """`status` for people."""
    lock = document["lock"]
    lines = [f"{document['workspace'] or 'workspace'}  ({document['manifest']})"]
    lines.append("lock file: " + ("up to date" if lock["up_to_date"] else f"not up to date: {lock['reason']}"))
    if document.get("interrupted"):
        lines.append("a change was cut short here: the next command that changes something, or a start, finishes it")
    width = max((len(e["name"]) for e in document["environments"]), default=0)
    for row in document["environments"]:
        kernels = ", ".join(k["display_name"] for k in row["kernels"])
        tail = f"  [{kernels}]" if kernels else ""
        lines.append(f"  {row['name'].ljust(width)}  {row['state']}{tail}")
        if row["reason"]:
            where = f" ({row['reason']['file']}:{row['reason']['line']})" if row["reason"]["line"] else ""
            lines.append(f"  {' ' * width}  {row['reason']['text']}{where}")
    if document.get("stale"):
        lines.append("this kernel runs what is not installed (any more); restart it to be sure:")
        lines += [f"  {row['text']}" for row in document["stale"][:_DRIFT_SHOWN]]
        if len(document["stale"]) > _DRIFT_SHOWN:
            lines.append(f"  and {len(document['stale']) - _DRIFT_SHOWN} more")
    for name, rows in document.get("drift", {}).items():
        lines.append(f"{name} differs from the lock file:")
        lines += [f"  {row['text']}" for row in rows[:_DRIFT_SHOWN]]
        if len(rows) > _DRIFT_SHOWN:
            lines.append(f"  and {len(rows) - _DRIFT_SHOWN} more")
        lines.append(f"  {HINT}")
    return "\n".join(lines)
