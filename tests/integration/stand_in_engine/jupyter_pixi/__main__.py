"""Turns the engine's command line into events, output and files in the caller's prefix, as a test wants them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, TextIO

VERSION = "1.0"


def take(arguments: list[str], flag: str) -> str | None:
    """Takes a flag with its value out of the arguments."""
    if flag not in arguments:
        return None
    index = arguments.index(flag)
    value = arguments[index + 1]
    del arguments[index : index + 2]
    return value


class Engine:
    """One run of the stand-in."""

    def __init__(self, arguments: list[str]) -> None:
        events = take(arguments, "--events-fd")
        caller = take(arguments, "--caller-fd")
        self.manifest = take(arguments, "--manifest-path")
        self.events: TextIO = os.fdopen(int(events), "w", buffering=1) if events else io.StringIO()
        self.command, *self.words = arguments
        self.caller: dict[str, Any] = {}
        if caller:
            with os.fdopen(int(caller)) as stream:
                self.caller = json.load(stream)

    def say(self, event: str, **fields: Any) -> None:
        """Writes one event."""
        self.events.write(json.dumps({"event": event, "time": time.time(), **fields}) + "\n")

    def started(self) -> None:
        """The first event of an operation."""
        self.say("started", operation="op-1", command=[self.command, *self.words], manifest=self.manifest)

    def site(self) -> Path:
        """The caller's site-packages."""
        version = ".".join(self.caller["python"].split(".")[:2])
        return Path(self.caller["prefix"]) / "lib" / f"python{version}" / "site-packages"

    def phases(self, seconds: float = 0.6) -> None:
        """Reports work that takes a while."""
        self.say("phase", phase="solve", title="Solving 2 environments", total=2)
        for done in (1, 2):
            self.say("progress", phase="solve", done=done, total=2)
        self.say("phase", phase="link", title="Linking 100 packages", total=100)
        for done in range(1, 101):
            time.sleep(seconds / 100)
            self.say("progress", phase="link", done=done, total=100, item=f"package-{done}")

    def change(self, message: str, before: str | None, after: str | None, **more: Any) -> None:
        """The result of a change."""
        changes = [
            {"name": name, "before": before, "after": after, "type": "conda", "explicit": True} for name in self.words
        ]
        linked, unlinked = (self.words, []) if after else ([], self.words)
        data = {
            "kind": "change",
            "environment": "default",
            "changes": changes,
            "written": [{"file": self.manifest, "line": 7, "text": f'{self.words[0]} = "*"'}],
            "others": [],
            "install": {"prefix": self.caller["prefix"], "linked": linked, "unlinked": unlinked},
            "restart": [],
            "activation": {"set": {"STAND_IN": "yes", "SECRET": "hunter2"}, "unset": ["NOT_THERE"]},
            "message": message,
            **more,
        }
        self.say("result", data=data)

    def add(self) -> int:
        """Drops a module (and, for names that ask for it, a `.pth` file) into the caller's site-packages."""
        self.started()
        self.phases()
        for name in self.words:
            (self.site() / f"{name}.py").write_text(f"version = {VERSION!r}\n")
            info = self.site() / f"{name}-{VERSION}.dist-info"
            info.mkdir(exist_ok=True)
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSION}\n")
            (info / "RECORD").write_text(f"{name}.py,,\n{name}-{VERSION}.dist-info/METADATA,,\n")
            if name.startswith("editable"):
                source = self.site().parent / f"{name}_source"
                source.mkdir(exist_ok=True)
                (source / f"{name}_inside.py").write_text("here = True\n")
                (self.site() / f"{name}.pth").write_text(f"{source}\n")
        self.change("Added " + ", ".join(self.words), None, VERSION)
        return 0

    def remove(self) -> int:
        """Takes the module out again."""
        self.started()
        for name in self.words:
            (self.site() / f"{name}.py").unlink()
        self.change("Removed " + ", ".join(self.words), VERSION, None)
        return 0

    def already(self) -> int:
        """Nothing to do."""
        self.change(f"{self.words[0]} is already there", None, None, changes=[], written=[], install=None)
        return 0

    def fail(self) -> int:
        """Fails in the middle of its work."""
        self.started()
        self.say("phase", phase="solve", title="Solving", total=None)
        self.say("failed", code="solve", text="No <such> package", help="try another", file=self.manifest, line=3)
        return 1

    def usage(self) -> int:
        """Fails as an unknown command does."""
        self.say("failed", code="usage", text="unrecognized subcommand 'usage'", help=None)
        return 2

    def crash(self) -> int:
        """Ends without a last event."""
        raise RuntimeError("the engine is broken")

    def killed(self) -> int:
        """Ends as where memory runs out."""
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    def slow(self) -> int:
        """Works until it is interrupted, and then rolls back for a while."""
        marker = Path(self.words[0])

        def roll_back(number: int, frame: Any) -> None:
            time.sleep(0.5)
            marker.write_text("rolled back")
            self.say("failed", code="interrupted", text="Stopped: nothing was changed")
            self.events.flush()
            os._exit(130)

        signal.signal(signal.SIGINT, roll_back)
        self.started()
        self.say("phase", phase="solve", title="Solving for ever", total=None)
        print("working", flush=True)
        time.sleep(60)
        return 0

    def stubborn(self) -> int:
        """Does not listen to an interrupt."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print("working", flush=True)
        time.sleep(60)
        return 0

    def run(self) -> int:
        """Runs the words as a command of this interpreter's machine."""
        words = [sys.executable if word == "python" else word for word in self.words]
        return subprocess.run(words, check=False).returncode

    def echo(self) -> int:
        """Tells what it was given."""
        seen = {
            "words": self.words,
            "manifest": self.manifest,
            "caller": self.caller,
            "cwd": str(Path.cwd()),
            "environ": {name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "group": os.getpgid(0) == os.getpid(),
        }
        print(json.dumps(seen))
        return 0

    def restart(self) -> int:
        """Asks for a new start of the kernel."""
        target = self.words[0] if self.words else None
        self.say("result", data={"kind": "switch", "restart_requested": {"environment": target}})
        return 0


def main() -> int:
    """Runs the command that the arguments name."""
    engine = Engine(sys.argv[1:])
    with contextlib.suppress(BrokenPipeError):
        return int(getattr(engine, engine.command)())
    return 1


if __name__ == "__main__":
    sys.exit(main())
