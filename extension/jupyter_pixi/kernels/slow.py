"""An environment that is not current, or not trusted -> it is made so and started, or the rescue kernel tells why.

The engine does the work in a process that outlives this one. A Jupyter server waits as long as it takes (cells stay
queued meanwhile); other clients give up after 60 seconds, so for them the rescue kernel answers after 45.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from . import command, current, handoff, overlay
from .become import start
from .joined import Outcome, meeting_place, run_or_join
from .request import started_by_server
from .rescue_start import NO_KERNEL, REPAIR, START_FAILED, Report, become_rescue, report

if TYPE_CHECKING:
    from ..trust import Verdict
    from .request import Request

PATIENCE = 45.0
"""Seconds that a client other than a Jupyter server is kept waiting."""

_STATES = {
    "manifest": "broken",
    "no-manifest": "broken",
    "lock-file": "broken",
    "lock-too-new": "broken",
    "cannot-run": "cannot-run",
    "unsupported": "cannot-run",
    "source-packages": "cannot-run",
    "lock-out-of-date": "out-of-date",
}
_INSTALLING = frozenset(["download", "fetch", "link", "unlink", "pypi"])
_STALE = frozenset(["the manifest has changed", "the lock file has changed", "the configuration has changed"])


def slow(request: Request, prefix: current.Prefix, verdict: Verdict) -> NoReturn:
    """Makes the environment ready and becomes its kernel, or becomes the rescue kernel. Does not return."""
    become_rescue(request, _try(request, prefix, verdict))


def _try(request: Request, prefix: current.Prefix, verdict: Verdict) -> Report:
    """Becomes the kernel, or returns what the rescue kernel has to tell. Raises ActivationFailed, OSError."""
    if not verdict.trusted:
        unreadable = _unreadable(request)
        if unreadable is not None:
            return unreadable
        help = "ask your administrator" if verdict.forbidden else "%pixi trust"
        return report("untrusted", _sentence(verdict.reason), help, changed=list(verdict.changed))
    warning = None
    if prefix.reason is not None:
        outcome = run_or_join(
            engine(request),
            meeting_place(request.manifest, request.environment, "prepare", os.environ),
            handoff.without_activation(os.environ),
            request.root if Path(request.root).is_dir() else os.sep,
            None if started_by_server(os.environ) else PATIENCE,
        )
        if outcome.end == "done":
            prefix = current.assess(request.manifest, request.environment, os.environ)
            if not prefix.installed:
                return report("not-installed", "The environment was installed, and yet its state file is missing.")
        elif may_start_stale(prefix, outcome, request.root):
            warning = f"This is the environment as it was installed before: {_told(outcome)}"
            print(f"jupyter-pixi: {warning}", file=sys.stderr)
        else:
            return failure(prefix, outcome, request)
    elif request.failed:
        return report("broken", f"Its kernel could not start: {request.failed}", REPAIR, code=START_FAILED)
    start(request, prefix, warning)
    return _without_kernel(request, prefix, warning)


def _unreadable(request: Request) -> Report | None:
    """What is wrong with a manifest or lock that nobody can agree to: it is missing, or it is none; else None."""
    from ..errors import PixiError
    from ..operations.context import Context
    from ..operations.workspace import open_workspace

    path = Path(request.manifest)
    if not path.exists():
        text = f"There is no manifest any more at {path}: it was moved, renamed or deleted."
        return report("broken", text, "bring it back (`%pixi restore` takes git's), or choose another kernel")
    try:
        open_workspace(Context(cwd=path.parent, manifest_path=path))
    except PixiError as error:
        where = f"\n  at {error.place}" if error.place else ""
        help = error.help or "correct the file, then restart the kernel"
        return report("broken", error.message + where, help, code=error.code)
    except OSError as error:
        return report(
            "broken", f"{path} cannot be read: {error.strerror}.", "make it readable, then restart the kernel"
        )
    return None


def engine(request: Request) -> list[str]:
    """The engine's command that makes an environment ready to start."""
    where = ["--manifest-path", request.manifest, "--environment", request.environment]
    return [sys.executable, "-P", "-m", "jupyter_pixi", "kernels", "prepare", *where]


def may_start_stale(prefix: current.Prefix, outcome: Outcome, root: str) -> bool:
    """Whether the installed environment may start although it is not what the manifest asks for now.

    So it is where the lock may not or cannot be brought up to date (`--locked`, no network, a folder that cannot be
    written); not where installing failed, nor where the prefix is damaged or of another machine.
    """
    if prefix.reason not in _STALE or outcome.end != "failed" or outcome.heard.failed is None:
        return False
    if _INSTALLING & set(outcome.heard.phases):
        return False
    code = outcome.heard.failed.get("code")
    if code in ("lock-out-of-date", "network", "install-at-start"):
        return True
    return code not in _STATES and not os.access(root, os.W_OK)


def failure(prefix: current.Prefix, outcome: Outcome, request: Request) -> Report:
    """What the rescue kernel tells of an engine that did not succeed."""
    state = "out-of-date" if prefix.installed else "not-installed"
    if not (Path(request.root) / "pixi.lock").exists():
        state = "not-locked"
    if outcome.end == "running":
        text = f"The environment is still being installed ({outcome.heard.where()})."
        return report(state, text, "restart the kernel when it is done", running=True)
    if outcome.end == "interrupted":
        return report(state, "The start was interrupted, and nothing is half done.", "restart the kernel to go on")
    failed = outcome.heard.failed or {}
    state = _STATES.get(str(failed.get("code")), state)
    return report(state, _told(outcome), str(failed.get("help") or ""), code=failed.get("code"))


def _told(outcome: Outcome) -> str:
    failed = outcome.heard.failed
    if failed is None:
        return "The engine ended without a word." + (f" Its last lines:\n{outcome.log}" if outcome.log else "")
    text = str(failed.get("text"))
    if failed.get("file"):
        place = ":".join(str(failed[key]) for key in ("file", "line", "column") if failed.get(key) is not None)
        text += f"\n  at {place}"
    return text


def _without_kernel(request: Request, prefix: current.Prefix, warning: str | None) -> Report:
    """The environment is ready and has no such kernel: an ipykernel is laid over it, or that is told."""
    state = prefix.state
    kernel = command.described(request.kernel, prefix.path, state)
    python = overlay.python_of(prefix.path, state)
    if kernel is not None or (state.get("python") and not Path(python).exists()):
        gone = kernel["argv"][0] if kernel is not None else python
        return report("broken", f"The program of its kernel is missing: {gone}", REPAIR, code=START_FAILED)
    if request.kernel != command.DEFAULT_KERNEL:
        text = f"The environment has no kernel {request.kernel!r} any more."
        return report("broken", text, "%pixi list shows what it has; choose another kernel", code=NO_KERNEL)
    if not state.get("python"):
        text = "The environment has no kernel: neither Python nor a package that brings another one."
        return report("broken", text, "%pixi add ipykernel", code=NO_KERNEL)
    outcome = run_or_join(
        overlay.command(prefix.path, state),
        meeting_place(request.manifest, request.environment, "overlay", os.environ),
        handoff.without_activation(os.environ),
        request.root,
        None if started_by_server(os.environ) else PATIENCE,
    )
    if outcome.end == "done":
        start(request, prefix, warning)
    if outcome.end in ("running", "interrupted"):
        return failure(prefix, outcome, request)
    why = str((outcome.heard.failed or {}).get("text") or outcome.log)
    text = "The environment has Python and no ipykernel, and none could be found that fits its packages."
    return report("broken", f"{text}\n{why}".strip(), "%pixi add ipykernel", code=NO_KERNEL)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
