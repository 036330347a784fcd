"""Turns a Python script with an inline block (PEP 723) into a workspace of one environment, kept in Pixi's cache.

(Pixi's docs/python/scripts.md.) Its lock is the file beside it, `tool.py.pixi.lock`, where somebody made one; nothing
else is written beside a script.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .. import system
from ..config import cached_environments
from ..digests import text_digest
from ..environments.host import host
from ..errors import LockOutOfDate, PixiError, UsageError
from ..manifest.model import Manifest, Platform, VirtualPackage
from ..manifest.script import CLOSE, OPEN, find_block, with_platforms
from ..manifest.subdirs import is_subdir
from ..manifest.values import value_text

if TYPE_CHECKING:
    from .context import Context
    from .publishing.publication import Pair
    from .workspace import OpenWorkspace

SUFFIXES = (".py", ".pyw")
STDIN = "-"


def is_transient(text: str) -> bool:
    """Whether `--script` names no file but an address or standard input."""
    return text == STDIN or text.lower().startswith(("http://", "https://"))


def has_no_file(path: Path) -> bool:
    """Whether a script stands nowhere, but came from standard input or a network (operations/transient.py)."""
    return path.name.startswith("<")


def refuse_options(command: str, options: Mapping[str, object], reason: str = ".") -> None:
    """Raise PixiError for options that mean nothing to a script: by their flags, those that were given."""
    given = [flag for flag, value in options.items() if value]
    if given:
        raise PixiError(
            f"`pixi {command} --script` does not support {', '.join(given)}",
            help=f"A PEP 723 script has one implicit default run environment{reason}",
        )


def lock_path(script: Path) -> Path:
    """Where the lock file of a script is, if it has one."""
    return script.with_name(script.name + ".pixi.lock")


def script_path(context: Context) -> Path | None:
    """The script that a command works on, absolute. Raises PixiError for a file that can be none."""
    if context.script is None:
        return None
    path = Path(os.path.normpath(context.cwd / context.script))
    if path.suffix not in SUFFIXES and not has_no_file(path):
        raise UsageError(f"'{context.script}' is no Python script", help="Inline blocks are read from .py files.")
    return path


def for_machine(manifest: Manifest, lock_data: bytes | None) -> Manifest:
    """A script that says nothing of platforms: it has those of its lock, or else this machine's, with its CUDA."""
    if manifest.kind != "script" or manifest.explicit_platforms:
        return manifest
    found: tuple[Platform, ...] = ()
    if lock_data is not None:
        from ..lockfile import read_lock

        rows = read_lock(lock_data, lock_path(manifest.path)).platforms
        found = tuple(_platform(row.subdir, row.virtual_packages) for row in rows if is_subdir(row.subdir))
    if not found:
        machine = host(os.environ)
        found = (_platform(machine.subdir, map(str, machine.virtual_packages)),)
    return with_platforms(manifest, found)


def _platform(subdir: str, virtual_packages: Iterable[str]) -> Platform:
    """A subdir with what no subdir has by itself, of the virtual packages given (`__cuda=12=0`)."""
    parts = (text.split("=") for text in virtual_packages)
    cuda = tuple(VirtualPackage(*part[:2]) for part in parts if part[0] in ("__cuda", "__cuda_arch"))
    if not cuda:
        return Platform(subdir, subdir)
    from ..manifest.platforms import derived_name

    return Platform(derived_name(subdir, cuda), subdir, cuda, cuda)


def has_no_lock(opened: OpenWorkspace) -> bool:
    """Whether this is a script that nobody locked: then its block is all that a command writes."""
    return opened.manifest.kind == "script" and opened.lock_data is None


def require_lock(opened: OpenWorkspace, context: Context) -> None:
    """`--locked` and `--frozen` of a script ask for the lock beside it. Raises LockOutOfDate without one."""
    if opened.manifest.kind == "script" and opened.lock is None and (context.frozen or context.locked):
        flag = "--frozen" if context.frozen else "--locked"
        raise LockOutOfDate(
            f"{flag} needs a lock file, and '{opened.lock_path.name}' does not exist",
            help=f"Make it with `lock --script {opened.manifest.path.name}`.",
        )


def prefix_folder(manifest: Manifest, environ: Mapping[str, str]) -> Path:
    """The folder of a script's environments in the cache; the key is its place, if it has one, and its block."""
    block = find_block(manifest.data.decode(), manifest.path)
    place = "" if has_no_file(manifest.path) else str(manifest.path.resolve())
    text = f"{place}\0{block.text if block is not None else ''}"
    key = text_digest(text)[:16]
    return cached_environments(environ) / f"{manifest.path.stem.strip('<>')}-{key}" / "envs"


def write(opened: OpenWorkspace, pair: Pair) -> None:
    """Put a script's new text and its new lock on disk, each at once. Raises PixiError where that is not allowed."""
    try:
        if pair.manifest is not None:
            system.replace_file(opened.manifest.path, pair.manifest)
        if pair.lock is not None:
            system.replace_file(opened.lock_path, pair.lock)
        elif pair.remove_lock:
            opened.lock_path.unlink(missing_ok=True)
    except OSError as error:
        raise PixiError(f"Cannot write {error.filename or opened.manifest.path}: {error.strerror}.") from None


def new_block(text: str, channels: tuple[str, ...] = (), platforms: tuple[str, ...] = ()) -> str:
    """A script's text with an empty block in front, behind a shebang and an encoding line if there are any."""
    lines = [OPEN, '# requires-python = ">=3.11"', "# dependencies = []"]
    lines += ["#", "# [tool.pixi.workspace]"] if channels or platforms else []
    lines += [f"# channels = {value_text(list(channels))}"] if channels else []
    lines += [f"# platforms = {value_text(list(platforms))}"] if platforms else []
    lines.append(CLOSE)
    at = 0
    rows = text.splitlines(keepends=True)
    while at < min(2, len(rows)) and (rows[at].startswith("#!") or (rows[at].startswith("#") and "coding" in rows[at])):
        at += 1
    head, rest = "".join(rows[:at]), "".join(rows[at:])
    head += "#\n" if head else ""
    gap = "\n" if rest.strip() and not rest.startswith("\n") else ""
    return head + "\n".join(lines) + "\n" + gap + rest


def init_script(path: Path, channels: tuple[str, ...], platforms: tuple[str, ...] = ()) -> None:
    """Give a script (made if need be) an inline block. Raises PixiError when it has one."""
    if path.suffix not in SUFFIXES:
        raise UsageError(f"'{path.name}' is no Python script", help="Name a .py file.")
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise PixiError(f"Cannot read {path}: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}.") from None
    if find_block(text, path) is not None:
        raise PixiError(
            f"'{path}' is already a PEP 723 script", help="Change it with `add --script` and `remove --script`."
        )
    executable = path.exists() and bool(path.stat().st_mode & stat.S_IXUSR)
    system.replace_file(path, new_block(text, channels, platforms).encode())
    if executable:
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
