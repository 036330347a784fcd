"""Turns a target into a folder: cloned, unpacked, or as it is. Runs nothing of what it fetched.

git is kept from asking, from helpers that run commands, from hooks, and from submodules. An archive may hold files and
folders only, below one place and of bounded size. A folder that is there already keeps what its user changed.
"""

from __future__ import annotations

import os
import posixpath
import shutil
import stat
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import InstallError, NetworkError, PixiError, Refused
from .launch_target import Target

MAX_BYTES = 4 << 30
MAX_FILES = 200_000
SECONDS = 600.0
LAUNCHED = "refs/jupyter-pixi/launched"
"""The commit that the last launch put into a clone."""

Tell = Callable[[str], None]


def fetch(target: Target, place: Path, tell: Tell, environ: Mapping[str, str] | None = None) -> Path:
    """Bring the target to `place` (a folder's own place is used as it is) and return where it is.

    Raises Refused, NetworkError or InstallError with a sentence. A new place is removed again if it fails.
    """
    if target.kind == "folder":
        return Path(target.address)
    there = place.exists() and any(place.iterdir())
    try:
        if target.kind == "archive":
            if there:
                raise Refused(f"{place} is not empty.", help="Name another folder with --path.", code="not-empty")
            unpack(Path(target.address), place)
            return _only_folder(place)
        git = _Git(place, environ if environ is not None else os.environ, local=Path(target.address).is_absolute())
        if there:
            _refresh(git, target, tell)
        else:
            _clone(git, target, tell)
        return place
    except BaseException:
        if not there:
            shutil.rmtree(place, ignore_errors=True)
        raise


# -- git ------------------------------------------------------------------------------------------------------


class _Git:
    """git in one folder, with nothing in it that runs commands of the repository."""

    def __init__(self, folder: Path, environ: Mapping[str, str], *, local: bool) -> None:
        if shutil.which("git", path=environ.get("PATH")) is None:
            raise PixiError("git was not found.", help="Install git, or download the repository as an archive.")
        self.folder = folder
        dropped = (
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_SSH_COMMAND",
            "GIT_EXTERNAL_DIFF",
            "GIT_CONFIG_COUNT",
        )
        self.environ = {k: v for k, v in environ.items() if k not in dropped} | {
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "file" if local else "https:ssh:http",
            "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ProxyCommand=none",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_ASKPASS": "true",
            "LC_ALL": "C",
        }

    def run(self, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`git ARGV…`. Raises NetworkError with what git said."""
        safe = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "protocol.ext.allow=never", "core.symlinks=true")
        command = ["git", "-C", str(self.folder), *(word for s in safe for word in ("-c", s)), *argv]
        try:
            done = subprocess.run(
                command, env=self.environ, capture_output=True, text=True, errors="replace", timeout=SECONDS,
                stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise NetworkError(f"git took longer than {SECONDS:.0f} s.") from None
        if check and done.returncode:
            said = "\n".join(line for line in done.stderr.strip().splitlines()[-4:])
            raise NetworkError(f"git could not fetch the repository:\n{said}", help="Is the address right, and public?")
        return done


def _clone(git: _Git, target: Target, tell: Tell) -> None:
    git.folder.mkdir(parents=True, exist_ok=True)
    tell(f"Fetching {target.address}" + (f" at {target.ref}" if target.ref else ""))
    git.run("init", "--quiet", "--template=")
    git.run("remote", "add", "--", "origin", target.address)
    git.run(
        "fetch", "--quiet", "--depth=1", "--no-recurse-submodules", "--no-tags", "--", "origin", target.ref or "HEAD"
    )
    if target.ref is None or _is_commit(target.ref):
        git.run("checkout", "--quiet", "--detach", "FETCH_HEAD")
    else:
        git.run("checkout", "--quiet", "-B", target.ref, "FETCH_HEAD")
    git.run("update-ref", LAUNCHED, "HEAD")


def _refresh(git: _Git, target: Target, tell: Tell) -> None:
    """A clone from before: brought up to date where that loses nothing, else left as it is."""
    _require_clone(git, target)
    git.run("fetch", "--quiet", "--no-recurse-submodules", "--no-tags", "--", "origin", target.ref or "HEAD")
    _forward(git, tell)


def advance(place: Path, clone: Path, target: Target, tell: Tell, environ: Mapping[str, str] | None = None) -> None:
    """Bring a clone from before to exactly the commit of another clone of the same target, where that loses nothing.

    Raises Refused if the folder is something else.
    """
    environ = environ if environ is not None else os.environ
    _require_clone(_Git(place, environ, local=False), target)
    git = _Git(place, environ, local=True)
    git.run("fetch", "--quiet", "--no-recurse-submodules", "--no-tags", "--update-shallow", "--", str(clone), "HEAD")
    _forward(git, tell)


def _require_clone(git: _Git, target: Target) -> None:
    address = git.run("config", "--local", "--get", "remote.origin.url", check=False).stdout.strip()
    if address != target.address:
        what = f"a clone of {address}" if address else "not empty, and no clone"
        raise Refused(f"{git.folder} is {what}.", help="Name another place for it, or move it away.", code="not-empty")


def _forward(git: _Git, tell: Tell) -> None:
    """Move to FETCH_HEAD if no commit and no file of the user's is lost by it."""
    if git.run("diff", "--quiet", "HEAD", "FETCH_HEAD", "--", check=False).returncode == 0:
        return
    changed = git.run("status", "--porcelain", "--untracked-files=no").stdout.splitlines()
    if changed:
        files = ", ".join(line[3:] for line in changed[:3])
        tell(f"{git.folder} stays as it is: you changed {files}{' and more' if len(changed) > 3 else ''}.")
    elif _is_own(git):
        tell(f"{git.folder} stays as it is: it has commits of its own.")
    elif git.run("merge", "--quiet", "--ff-only", "FETCH_HEAD", check=False).returncode == 0 or (
        git.run("checkout", "--quiet", "-B", "launched", "FETCH_HEAD", check=False).returncode == 0
    ):
        git.run("update-ref", LAUNCHED, "HEAD")
        tell(f"Brought {git.folder} up to date.")
    else:
        tell(f"{git.folder} stays as it is: files of yours are in the way of the repository's.")


def _is_own(git: _Git) -> bool:
    """Whether HEAD is no commit that a launch put there: then it is the user's."""
    head = git.run("rev-parse", "HEAD").stdout
    return head != git.run("rev-parse", "--verify", "--quiet", LAUNCHED, check=False).stdout


def _is_commit(ref: str) -> bool:
    return len(ref) >= 7 and not set(ref.lower()) - set("0123456789abcdef")


# -- archives -------------------------------------------------------------------------------------------------


def unpack(archive: Path, place: Path) -> None:
    """Unpack an archive of files and folders into `place`. Raises Refused for anything else in it."""
    place.mkdir(parents=True, exist_ok=True)
    try:
        if archive.name.endswith(".zip"):
            with zipfile.ZipFile(archive) as packed:
                _unpack_zip(packed, place)
        else:
            with tarfile.open(archive) as tar:
                _unpack_tar(tar, place)
    except (zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise InstallError(f"{archive} cannot be unpacked: {error}.") from None


def _unpack_zip(packed: zipfile.ZipFile, place: Path) -> None:
    rows = packed.infolist()
    _check_size(len(rows), sum(info.file_size for info in rows))
    for info in rows:
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _odd(info.filename, "is a link or a device")
        path = place / _member(info.filename)
        if info.is_dir():
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with packed.open(info) as source, path.open("xb") as out:
            _copy(source.read, out.write, info.file_size)
        if mode & stat.S_IXUSR:
            path.chmod(0o755)


def _unpack_tar(tar: tarfile.TarFile, place: Path) -> None:
    count = total = 0
    for info in tar:
        count, total = count + 1, total + info.size
        _check_size(count, total)
        path = place / _member(info.name)
        if info.isdir():
            path.mkdir(parents=True, exist_ok=True)
            continue
        source = tar.extractfile(info) if info.isreg() else None
        if source is None:
            raise _odd(info.name, "is a link or a device")
        path.parent.mkdir(parents=True, exist_ok=True)
        with source, path.open("xb") as out:
            _copy(source.read, out.write, info.size)
        if info.mode & stat.S_IXUSR:
            path.chmod(0o755)


def _copy(read: Callable[[int], bytes], write: Callable[[bytes], object], size: int) -> None:
    """Copy no more than an entry says it has: what it says was counted."""
    left = size
    while left > 0 and (chunk := read(min(left, 1 << 20))):
        write(chunk)
        left -= len(chunk)


def _member(name: str) -> str:
    normal = posixpath.normpath(name.replace("\\", "/"))
    if normal.startswith(("/", "../")) or normal == ".." or ":" in normal.split("/")[0]:
        raise _odd(name, "leads out of the archive")
    return normal


def _odd(name: str, what: str) -> Refused:
    return Refused(f"'{name}' in the archive {what}; it is not unpacked.", code="archive")


def _check_size(count: int, total: int) -> None:
    if count > MAX_FILES or total > MAX_BYTES:
        raise Refused(f"The archive holds more than {MAX_FILES} files or {MAX_BYTES >> 30} GB.", code="archive")


def _only_folder(place: Path) -> Path:
    """The one folder in an archive (as servers pack repositories), else the place itself."""
    found = list(place.iterdir())
    return found[0] if len(found) == 1 and found[0].is_dir() else place
