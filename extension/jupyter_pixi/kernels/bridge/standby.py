"""A kernel that runs `%pixi` -> an engine that has loaded its libraries beforehand and waits for one command.

Most of a short command is the engine's start. So a kernel keeps one engine that has started already
(`jupyter_pixi/cli/standby.py` is its side). It runs one command and ends, as any other engine does: it gets its
arguments, variables, working directory and streams with the command, over a socket that nobody else has. An engine
that does not answer is ended, and the command gets a new one. Nothing is kept ready in a rescue kernel, where
`JUPYTER_PIXI_STANDBY` is 0 (about 25 MB of memory are its price), or where memory is scarce.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Iterator, Mapping, NamedTuple, Optional, Sequence

from .child import Ends, starter
from .context import HANDOVER
from .files import read_text

if TYPE_CHECKING:
    from .context import Context

SETTING = "JUPYTER_PIXI_STANDBY"
AFTER_COMMAND = 0.1  # seconds in which the cell goes on undisturbed
PATIENCE = 30.0  # seconds for the engine to take a command: one that still loads is nearer to it than a new one
SPARE = 512 << 20  # bytes of memory that must be free for an engine to be kept


class _Waiting(NamedTuple):
    process: subprocess.Popen[bytes]
    socket: socket.socket


class Standby:
    """At most one engine that waits for its command."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._wanted = not context.rescue and os.name != "nt" and _switched_on(context)
        self._kept = False  # whether a thread starts or watches an engine
        self._waiting = None  # type: Optional[_Waiting]
        self._owner = os.getpid()
        atexit.register(self.close)

    @property
    def pid(self) -> Optional[int]:
        """The process id of the engine that waits; None if there is none."""
        waiting = self._waiting
        return waiting.process.pid if waiting is not None else None

    def prepare(self) -> None:
        """Gets an engine ready in the background, unless there is one or none is to be kept."""
        if self._wanted and not self._kept:
            threading.Thread(target=self.keep, args=(AFTER_COMMAND,), name="pixi-standby", daemon=True).start()

    def keep(self, delay: float = 0.0) -> None:
        """Starts an engine after `delay` seconds and watches it until it is used or ends. For a thread of its own."""
        with self._lock:
            if self._kept or not self._wanted or self._owner != os.getpid():
                return
            self._kept = True
        time.sleep(delay)
        waiting = _launch(self._context) if memory_left() >= SPARE else None
        with self._lock:
            kept = self._kept = waiting is not None and self._wanted
            self._waiting = waiting if kept else None
        if waiting is None:
            return
        if kept:
            with contextlib.suppress(OSError):  # taken, and closed meanwhile
                waiting.socket.recv(1, socket.MSG_PEEK)
            if self._take(waiting) is None:
                return
        if _end(waiting) > 0:  # it could not even load: nor will another
            self._wanted = False

    def start(self, arguments: Sequence[str], environ: Mapping[str, str], ends: Ends) -> subprocess.Popen[bytes]:
        """The engine that runs this command (`child.Start`): the one that waits, or a new one."""
        waiting = self._take() if self._owner == os.getpid() else None
        if waiting is not None:
            with contextlib.suppress(OSError), _ended_unless_used(waiting):
                return _hand_over(waiting, arguments, environ, ends)
        return starter(self._context.python)(arguments, environ, ends)

    def _take(self, which: Optional[_Waiting] = None) -> Optional[_Waiting]:
        """Takes the waiting engine (or this one, if it still waits) out of here."""
        with self._lock:
            waiting = self._waiting
            if waiting is None or which not in (None, waiting):
                return None
            self._waiting, self._kept = None, False
            return waiting

    def close(self) -> None:
        """Ends the engine that waits, and keeps none from now on."""
        self._wanted = False
        waiting = self._take() if self._owner == os.getpid() else None
        if waiting is not None:
            _end(waiting)


def _switched_on(context: Context) -> bool:
    value = os.environ.get(SETTING, context.environ.get(SETTING, ""))
    return value.strip().lower() not in ("0", "false", "no", "off")


def _launch(context: Context) -> Optional[_Waiting]:
    """An engine that loads its libraries and waits; None where it cannot be started."""
    ours, theirs = socket.socketpair()
    environ = {name: value for name, value in context.environ.items() if name != HANDOVER}
    try:
        process = subprocess.Popen(
            [context.python, "-P", "-m", "jupyter_pixi.cli.standby", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(environ, PYTHONUNBUFFERED="1"),  # as for a task, whose lines appear as they are printed
            pass_fds=(theirs.fileno(),),
            cwd=os.sep,  # no folder is held
            start_new_session=True,
        )
    except OSError:
        ours.close()
        return None
    finally:
        theirs.close()
    return _Waiting(process, ours)


def _hand_over(
    waiting: _Waiting, arguments: Sequence[str], environ: Mapping[str, str], ends: Ends
) -> subprocess.Popen[bytes]:
    """Gives the engine its command. Raises OSError if it does not take it."""
    command = {"arguments": list(arguments), "environ": dict(environ), "cwd": os.getcwd(), "umask": _umask()}
    data = json.dumps(command).encode("ascii")
    waiting.socket.settimeout(PATIENCE)
    rights = array.array("i", ends)
    sent = waiting.socket.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    waiting.socket.sendall(data[sent:])
    waiting.socket.shutdown(socket.SHUT_WR)
    if not waiting.socket.recv(1):
        raise ConnectionError("the engine has ended")
    return waiting.process


@contextlib.contextmanager
def _ended_unless_used(waiting: _Waiting) -> Iterator[None]:
    """Ends the engine if the block raises: nobody is to run the command a second time."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(waiting.process.pid, signal.SIGKILL)
        waiting.process.wait()
        raise
    finally:
        waiting.socket.close()


def _end(waiting: _Waiting) -> int:
    """Ends an engine without a command, and waits for it: no zombie stays. Returns its status."""
    waiting.socket.close()
    try:
        return waiting.process.wait(1)
    except subprocess.TimeoutExpired:
        waiting.process.kill()
        waiting.process.wait()
        return 0


def _umask() -> int:
    """The mask of new files, read without changing it where the system tells it: other threads make files, too."""
    for line in read_text("/proc/self", "status").splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def memory_left() -> float:
    """The bytes of memory that this process and its children may still take; infinite where that cannot be told."""
    found = [float("inf")]
    for line in read_text("/proc", "meminfo").splitlines():
        if line.startswith("MemAvailable:"):
            found.append(int(line.split()[1]) * 1024.0)
    limit, used = read_text("/sys/fs/cgroup", "memory.max").strip(), read_text("/sys/fs/cgroup", "memory.current")
    if limit.isdigit() and used.strip().isdigit():
        cache = [line for line in read_text("/sys/fs/cgroup", "memory.stat").splitlines() if "inactive_file" in line]
        found.append(float(limit) - float(used) + sum(float(line.split()[1]) for line in cache[:1]))
    return min(found)
