"""Turns the TypeScript sources here into the prebuilt lab extension in the package, when they are newer than it.

hatch-jupyter-builder calls `build_frontend` before each wheel, sdist and editable install. A front end that is up to
date is left alone, so that an sdist (whose files all bear one time) installs without Node.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUTPUT = HERE.parent / "extension" / "jupyter_pixi" / "labextension"
SOURCES = ("package.json", "package-lock.json", "tsconfig.json", "src", "style", "schema")
BUILT = OUTPUT / "package.json"  # the last file that the builder writes
INSTALLED = HERE / "node_modules" / ".package-lock.json"  # npm's own record of what it installed


def build_frontend(target: str, version: str) -> None:
    """Builds the lab extension if it is missing or stale.

    `target` ("wheel", "sdist") and `version` ("standard", "editable") come from the hook; the work is the same.
    Raises RuntimeError if npm is needed and missing, CalledProcessError if a step of the build fails.
    """
    if not is_stale():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError(
            "The front end of jupyter-pixi has to be built, and npm was not found. Install Node.js 20.19 or newer "
            "(https://nodejs.org), or install a released wheel, which needs none."
        )
    if _newest(HERE / "package-lock.json") > _newest(INSTALLED):
        _run(npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    _run(npm, "run", "build")
    # Times are compared with this file: the builder leaves it alone when the extension's metadata did not change.
    os.utime(BUILT)


def is_stale() -> bool:
    """Whether the built front end is missing or older than what it is made from."""
    return not BUILT.exists() or max(_newest(HERE / name) for name in SOURCES) > _newest(BUILT)


def _newest(path: Path) -> float:
    """The newest modification time under a file or folder, in seconds; 0 if there is nothing."""
    return max((p.stat().st_mtime for p in _files(path)), default=0.0)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from (p for p in path.rglob("*") if p.is_file())


def _run(*command: str) -> None:
    subprocess.run(command, cwd=HERE, check=True)


if __name__ == "__main__":
    build_frontend("standard", "standard")
