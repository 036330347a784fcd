"""Turns a folder into one that cannot be written to, for a command: also where the tests run as root."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .homes import Home

_MOUNT = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && cd "$1" && shift && exec "$@"'


def run_read_only(folder: Path, argv: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs argv in `folder`, which nobody can write to meanwhile. Skips the test where that cannot be had."""
    if os.geteuid():
        command = argv
        _allow(folder, writable=False)
    elif shutil.which("unshare") and _run(["unshare", "--mount", "true"], folder, environ).returncode == 0:
        command = ["unshare", "--mount", "sh", "-c", _MOUNT, "sh", str(folder), *argv]
    else:
        pytest.skip("root without mount namespaces: nothing is read-only")
    try:
        return _run(command, folder, environ)
    finally:
        if os.geteuid():
            _allow(folder, writable=True)


def without_privileges(folder: Path, argv: list[str], home: Home) -> subprocess.CompletedProcess[str]:
    """Runs argv in `folder` as somebody for whom modes of files count. Skips the test where root cannot be that."""
    if os.geteuid():
        return _run(argv, folder, home.environ)
    dropped = [f"--{kind}=-dac_override,-dac_read_search" for kind in ("bounding-set", "inh-caps")]
    if shutil.which("setpriv") is None:
        pytest.skip("root without setpriv: no file is write-protected")
    return _run(["setpriv", *dropped, *argv], folder, home.environ)


def _run(argv: list[str], folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv,
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=120,
    )


def _allow(folder: Path, *, writable: bool) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | 0o200 if writable else mode & ~0o222)
