"""A Python environment without ipykernel -> a folder with one that fits its packages, outside the prefix.

uv finds out what is missing, with every distribution of the environment held at its version; only that goes into the
folder, which the kernel puts at the *end* of `sys.path`. Folders are shared between environments with the same ABI
and the same missing packages; a small record per prefix says which one fits it, and for which installation.
"""

from __future__ import annotations

import json
import os
import sys

from .. import folders
from ..digests import digest, text_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Any

REQUIREMENT = "ipykernel>=6"


def known(prefix: str, state: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    """The overlay that fits the prefix as it is installed now, if one was made. Reads one small file."""
    try:
        with open(record_path(prefix, environ), "rb") as file:
            record = json.load(file)
        place = record["overlay"]
        fits = record["installation"] == installation(state) and os.path.isdir(place)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(place) if fits else None


def installation(state: Mapping[str, Any]) -> str:
    """What changes whenever the packages of a prefix do: Pixi's two digests of it, and its Python."""
    python = state.get("python") or {}
    return f"{state.get('fingerprint')} {state.get('hash')} {python.get('version')}"


def python_of(prefix: str, state: Mapping[str, Any]) -> str:
    """The environment's interpreter."""
    python = state.get("python") or {}
    return str(python.get("executable") or os.path.join(prefix, "bin", "python"))


def record_path(prefix: str, environ: Mapping[str, str]) -> str:
    """Where it is noted which overlay fits a prefix."""
    return os.path.join(folders.cache(environ), "overlays", "prefixes", text_digest(prefix)[:32] + ".json")


def command(prefix: str, state: Mapping[str, Any]) -> list[str]:
    """The command that makes the overlay of a prefix (it takes `--events-fd N`, as the engine does)."""
    abi = str((state.get("python") or {}).get("abi") or "python")
    words = [prefix, python_of(prefix, state), abi, installation(state)]
    return [sys.executable, "-P", "-m", "jupyter_pixi.kernels.overlay", *words]


def distributions(site_packages: Path) -> dict[str, str]:
    """Name and version of every distribution in a folder, from the names of their metadata folders."""
    found = {}
    for pattern in ("*.dist-info", "*.egg-info"):
        for path in site_packages.glob(pattern):
            name, separator, version = path.stem.partition("-")
            if separator:
                found[name.lower().replace("_", "-")] = version.partition("-py")[0]
    return found


def make(prefix: str, python: str, abi: str, stamp: str, environ: Mapping[str, str]) -> str:
    """Makes (or finds) the overlay that fits the prefix and notes it; returns its folder.

    Raises PixiError with uv's explanation if nothing fits or nothing could be fetched, and where the administrator
    does not allow it.
    """
    from pathlib import Path

    from ..operations.policy import refuse_install_at_start

    refuse_install_at_start(environ)
    base = Path(folders.private(folders.cache(environ))) / "overlays"
    (base / "prefixes").mkdir(parents=True, exist_ok=True)
    wanted = missing(prefix, python, environ)
    place = base / f"{abi}-{digest(chr(10).join(wanted).encode())[:20]}"
    if not place.is_dir():
        working = base / f".{place.name}.{os.getpid()}"
        _uv("install", "--no-deps", "--target", str(working), "--python", python, *wanted, environ=environ)
        try:
            working.replace(place)
        except OSError:  # another start was quicker
            import shutil

            shutil.rmtree(working, ignore_errors=True)
    record = Path(record_path(prefix, environ))
    temporary = record.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps({"prefix": prefix, "installation": stamp, "overlay": str(place)}))
    temporary.replace(record)
    return str(place)


def missing(prefix: str, python: str, environ: Mapping[str, str]) -> list[str]:
    """What an ipykernel needs besides the environment's packages, as exact requirements, sorted.

    Raises PixiError if the environment's versions do not allow one.
    """
    import tempfile
    from pathlib import Path

    constraints = [
        f"{name}=={version}"
        for folder in sorted(Path(prefix).glob("lib/python3*/site-packages"))
        for name, version in sorted(distributions(folder).items())
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(constraints))
        file.flush()
        words = ["install", "--dry-run", "--break-system-packages", "--python", python, "-c", file.name, REQUIREMENT]
        text = _uv(*words, environ=environ)
    # A dry run tells its plan line by line: " + name==version" is what would be added.
    lines = [line.strip() for line in text.splitlines()]
    return sorted(line[2:].strip() for line in lines if line.startswith("+ "))


def _uv(*words: str, environ: Mapping[str, str]) -> str:
    import subprocess

    from uv import find_uv_bin

    from ..environments.allowed import allowed
    from ..errors import InstallError
    from ..prefix.uv import uv_environ

    permitted = allowed(environ)
    index: list[str] = []
    if permitted.indexes:  # then a user's settings of uv do not count
        environ = uv_environ(environ)
        index = ["--no-config", "--default-index", permitted.index()]

    offline = environ.get("PIXI_OFFLINE", "").strip().lower() in ("1", "true", "yes", "on")
    done = subprocess.run(
        [find_uv_bin(), "pip", *words, "--color", "never", *index, *(["--offline"] if offline else [])],
        env={**environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise InstallError(done.stderr.strip() or f"uv ended with status {done.returncode}")
    return done.stderr


def main(arguments: Sequence[str]) -> int:
    """`PREFIX PYTHON ABI STAMP --events-fd N`: makes the overlay and tells it as events. Returns the exit status."""
    from .. import events
    from ..errors import PixiError

    prefix, python, abi, stamp, _, fd = arguments
    with os.fdopen(int(fd), "w", encoding="utf-8") as stream:

        def send(event: events.Event) -> None:
            stream.write(events.to_line(event))
            stream.flush()

        send(events.Phase("resolve-pypi", "Finding an ipykernel that fits the environment"))
        try:
            place = make(prefix, python, abi, stamp, os.environ)
        except (PixiError, OSError) as error:
            send(events.Failed("install", str(error)))
            return 1
        send(events.Result({"kind": "overlay", "overlay": place}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
