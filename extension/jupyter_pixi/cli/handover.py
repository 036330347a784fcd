"""Turns a command that this engine cannot do into the same command of Pixi itself, where that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence

from .. import policy
from ..errors import PixiError

CODE = "source-packages"
"""The code of errors that say that a source package has to be built."""

COMMANDS = frozenset({"add", "remove", "lock", "install", "reinstall", "update", "upgrade", "run", "list", "tree"})
_OURS = frozenset({"--restart", "--force-loaded", "--adopt", "--repair"})
_ALREADY = "JUPYTER_PIXI_HANDED_OVER"  # the `pixi` on PATH may be this program under another name


def can_hand_over(words: Sequence[str], error: PixiError, environ: Mapping[str, str]) -> str | None:
    """The `pixi` that can do what `error` says cannot be done here; None where there is none, or not its command.

    Nor where an administrator's policy holds: Pixi does not know it.
    """
    if error.code != CODE or not words or words[0] not in COMMANDS or _ALREADY in environ or policy.read(environ).rules:
        return None
    return shutil.which("pixi", path=environ.get("PATH"))


def hand_over(pixi: str, words: Sequence[str], *, quiet_output: bool) -> int:
    """Run the same command with `pixi` and return its exit status.

    Its words go to stderr as they come; with `quiet_output` its data does as well, since nobody reads stdout.
    """
    argv = [pixi, *(word for word in words if word not in _OURS)]
    done = subprocess.run(argv, env={**os.environ, _ALREADY: "1"}, stdout=2 if quiet_output else None, check=False)
    return done.returncode
