"""The words of one command -> the engine's run to its end, shown as it goes, and a kernel that knows its outcome."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

from .child import Child
from .display import Display, LineDisplay, TerminalDisplay, choose_display
from .draw import place_of
from .errors import KernelRestarts, PixiError, PixiInterrupted
from .files import same_file
from .interrupts import Interrupts
from .operation import Operation, tell_effects
from .output import Output
from .restart import Restarter
from .words import child_environ, engine_arguments, shlex_join

if TYPE_CHECKING:
    from .magic import Bridge

AFTER_END = 0.5  # seconds for the output of a command that has ended


_THEIR_OWN = ("run", "exec")
"""Commands whose exit status is that of the program they run."""


def run(bridge: Bridge, words: Sequence[str], stdin: Optional[str] = None) -> None:
    """Runs one command to its end. Raises PixiError if it fails, PixiInterrupted if the user stops it."""
    if os.name == "nt":  # descriptors are not inherited there, and pipes cannot be selected
        raise PixiError("%pixi needs Linux or macOS", help="run `jupyter pixi` in a terminal")
    operation = Operation(command=words, environment=bridge.context.environment)
    display = choose_display(bridge.shell)
    with Interrupts(sys.stderr.write) as interrupts:
        try:
            child = interrupts.child = _start(bridge, words, stdin, display)
        except OSError as error:
            raise PixiError(f"the engine cannot be started: {error}", help="restart the kernel") from None
        try:
            document = bridge.caller()  # while the engine starts
            child.send(document)
            _follow(child, operation, display, interrupts)
        finally:
            status = child.close()
            bridge.standby.prepare()
        interrupts.ended()
        if operation.state == "running":  # no last event: a task, or the engine is gone
            operation.finish("done" if status == 0 else "interrupted" if interrupts.pressed else "failed")
        _settle(bridge, operation, display, document)
    _raise(operation, status, interrupts.pressed)
    request = (operation.result or {}).get("restart_requested")
    if request:
        _restart(bridge, request)


def _start(bridge: Bridge, words: Sequence[str], stdin: Optional[str], display: Display) -> Child:
    context = bridge.context
    width = shutil.get_terminal_size().columns if isinstance(display, TerminalDisplay) else 120
    colour = not isinstance(display, LineDisplay)
    environ = child_environ(context, words, colour=colour, columns=int(os.environ.get("COLUMNS") or width))
    channels = ["--events-fd", "{events}", "--caller-fd", "{caller}"]
    arguments = engine_arguments(words, context.manifest, channels)
    return Child(bridge.standby.start, arguments, environ, stdin)


def _follow(child: Child, operation: Operation, display: Display, interrupts: Interrupts) -> None:
    """Passes on what the child says until it has ended."""
    outputs = {"stdout": Output(sys.stdout.write), "stderr": Output(sys.stderr.write)}
    patience = AFTER_END
    while child.reading and patience > 0:
        began = time.monotonic()
        for channel, data in child.pump(0.1):
            if channel == "events":
                for event in child.events(data):
                    operation.update(event)
            else:
                outputs[channel].feed(data)
        interrupts.tick()
        if operation.state == "running":
            display.tick(operation)
        if child.process.poll() is not None:
            # A task may leave something running that holds the pipes, or writes on: that is not waited for.
            patience -= time.monotonic() - began
    for output in outputs.values():
        output.close()
    while child.process.poll() is None:
        interrupts.tick()
        time.sleep(0.02)


def _settle(bridge: Bridge, operation: Operation, display: Display, document: Mapping[str, Any]) -> None:
    """Brings the kernel up to date with what the operation did, and shows the final state."""
    result = operation.result or {}
    if _concerns_us(result):
        tell_effects(operation, bridge.refresh(result, document))
    elif operation.command[:1] == ["status"] or any(w["code"] == "stale" for w in operation.warnings):
        bridge.told()  # what others changed
    request = result.get("restart_requested")
    if request and (bridge.context.server or _restarter(bridge).possible):
        # An engine of another version, updated under this kernel, may not name it.
        kernel = {"kernel": request["kernel"]} if isinstance(request, Mapping) and request.get("kernel") else {}
        operation.effects = dict(operation.effects or {}, restart=True, **kernel)
    display.tick(operation, final=True)
    if not display.open:
        if result.get("message") and operation.state == "done" and "--json" not in operation.command:
            print(result["message"])
        for line in [*operation.notes, *("warning: " + w["text"] for w in operation.warnings)]:
            print(line, file=sys.stderr)


def _concerns_us(result: Mapping[str, Any]) -> bool:
    """Whether the prefix of this interpreter was installed into."""
    environments = result.get("environments")
    installs = [result.get("install"), *(environments.values() if isinstance(environments, Mapping) else ())]
    prefixes = [install.get("prefix") for install in installs if isinstance(install, Mapping)]
    return any(isinstance(prefix, str) and same_file(prefix, sys.prefix) for prefix in prefixes)


def _raise(operation: Operation, status: int, stopped: bool) -> None:
    error = operation.error or {}
    command = "pixi " + shlex_join(operation.command)
    if operation.state == "interrupted" or (stopped and status != 0):
        raise PixiInterrupted(error.get("text") or f"`{command}` was stopped") from None
    if operation.state == "failed" or status != 0:
        place = place_of(error) if error.get("file") else None
        text, help = error.get("text"), error.get("help")
        if not text and status > 128 and operation.command[0] not in _THEIR_OWN:
            text = f"`{command}` was killed before its end (signal {status - 128})"
            help = "what had been decided is finished by the next %pixi command or kernel start, all else is as it was"
        raise PixiError(text or f"`{command}` ended with exit status {status}", help, place, status)


def _restarter(bridge: Bridge) -> Restarter:
    return Restarter(bridge.shell, bridge.context)


def _restart(bridge: Bridge, request: Any) -> None:
    """Starts the kernel again, or says who must. Raises what ends the queue in any case."""
    target = request.get("environment") if isinstance(request, Mapping) else None
    where = f" on the environment `{target}`" if target else ""
    if bridge.context.server:
        raise KernelRestarts(f"This kernel starts again{where}: its variables are gone, run the cells again.")
    restarter = _restarter(bridge)
    if restarter.possible:
        bridge.standby.close()
        restarter.schedule(target)
        choose = "" if target is None else " To stay there, choose its kernel in the notebook."
        raise KernelRestarts(f"This kernel starts again{where}: run the cells again.{choose}")
    raise PixiError(f"restart the kernel by hand{where}: this one cannot start itself again")
