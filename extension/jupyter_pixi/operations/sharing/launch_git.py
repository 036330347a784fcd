"""Turns a repository's address into a clone, and moves a clone from before forward. Runs nothing of the repository.

git is kept from asking, from helpers that run commands, from hooks, and from submodules. What came is looked at before
it is checked out. A clone that is there already keeps what its user changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from ...errors import NetworkError, PixiError, Refused
from .launch_members import check_link, is_made_here, odd
from .launch_target import Target

SECONDS = 600.0
LAUNCHED = "refs/jupyter-pixi/launched"
"""The commit that the last launch put into a clone."""

_ERRORS = "surrogateescape"  # names in a repository are bytes

Tell = Callable[[str], None]


class _Git:
    """git in one folder, with nothing in it that runs commands of the repository."""

    def __init__(self, folder: Path, environ: Mapping[str, str], *, protocols: str) -> None:
        """`protocols` are those that git may use, redirects included (GIT_ALLOW_PROTOCOL)."""
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
            "GIT_ALLOW_PROTOCOL": protocols,
            "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ProxyCommand=none",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_ASKPASS": "true",
            "LC_ALL": "C",
        }

    def run(self, *argv: str, check: bool = True, input: str = "") -> subprocess.CompletedProcess[str]:
        """`git ARGV…`. Raises NetworkError with what git said."""
        safe = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "protocol.ext.allow=never", "core.symlinks=true")
        command = ["git", "-C", str(self.folder), *(word for s in safe for word in ("-c", s)), *argv]
        try:
            done = subprocess.run(
                command, env=self.environ, capture_output=True, encoding="utf-8", errors=_ERRORS,
                timeout=SECONDS, input=input, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise NetworkError(f"git took longer than {SECONDS:.0f} s.") from None
        if check and done.returncode:
            said = "\n".join(line for line in done.stderr.strip().splitlines()[-4:])
            raise NetworkError(f"git could not fetch the repository:\n{said}", help="Is the address right, and public?")
        return done


def clone(target: Target, place: Path, environ: Mapping[str, str]) -> None:
    """Make a shallow clone in `place`. Raises NetworkError and Refused."""
    git = _git(target, place, environ)
    place.mkdir(parents=True, exist_ok=True)
    git.run("init", "--quiet", "--template=")
    git.run("remote", "add", "--", "origin", target.address)
    git.run(
        "fetch", "--quiet", "--depth=1", "--no-recurse-submodules", "--no-tags", "--", "origin", target.ref or "HEAD"
    )
    _check_tree(git)
    if target.ref is None or _is_commit(target.ref):
        git.run("checkout", "--quiet", "--detach", "FETCH_HEAD")
    else:
        git.run("checkout", "--quiet", "-B", target.ref, "FETCH_HEAD")
    git.run("update-ref", LAUNCHED, "HEAD")


def forward(target: Target, place: Path, tell: Tell, environ: Mapping[str, str]) -> None:
    """Bring a clone from before up to date where that loses nothing. Raises Refused if it is something else."""
    git = _git(target, place, environ)
    _require_clone(git, target)
    git.run("fetch", "--quiet", "--no-recurse-submodules", "--no-tags", "--", "origin", target.ref or "HEAD")
    _forward(git, tell)


def advance(target: Target, place: Path, other: Path, tell: Tell, environ: Mapping[str, str]) -> None:
    """Bring a clone from before to exactly the commit of another clone of the same target, where that loses nothing.

    Raises Refused if the folder is something else.
    """
    _require_clone(_git(target, place, environ), target)
    git = _Git(place, environ, protocols="file")
    git.run("fetch", "--quiet", "--no-recurse-submodules", "--no-tags", "--update-shallow", "--", str(other), "HEAD")
    _forward(git, tell)


def _git(target: Target, place: Path, environ: Mapping[str, str]) -> _Git:
    if Path(target.address).is_absolute():
        protocols = "file"
    else:
        scheme = target.address.partition("://")[0].lower() if "://" in target.address else "ssh"
        protocols = "http:https" if scheme == "http" else scheme  # what is encrypted stays encrypted
    return _Git(place, environ, protocols=protocols)


def _check_tree(git: _Git) -> None:
    """Raise Refused for what a repository may not hold, before any of it is on disk."""
    links = {}
    for row in git.run("ls-tree", "-r", "-z", "--full-tree", "FETCH_HEAD").stdout.split("\0"):
        head, _, path = row.partition("\t")
        if not path:
            continue
        mode, _, name = head.split(" ")
        if is_made_here(path, is_file=mode != "120000"):
            help_ = "Its author should take `.pixi` out of git, all but `.pixi/config.toml`."
            raise odd(path, "passes for what an install makes", help_)
        if mode == "120000":
            links[path] = name
    for path, target in zip(links, _blobs(git, list(links.values())), strict=True):
        check_link(path, target)


def _blobs(git: _Git, names: list[str]) -> list[str]:
    """The contents of objects, of which each comes behind a line `name type size`."""
    if not names:
        return []
    rest = git.run("cat-file", "--batch", input="".join(f"{n}\n" for n in names)).stdout.encode(errors=_ERRORS)
    found = []
    for _ in names:
        head, _, rest = rest.partition(b"\n")
        size = int(head.split()[2])
        found.append(rest[:size].decode(errors=_ERRORS))
        rest = rest[size + 1 :]
    return found


def _require_clone(git: _Git, target: Target) -> None:
    address = git.run("config", "--local", "--get", "remote.origin.url", check=False).stdout.strip()
    if address != target.address:
        what = f"a clone of {address}" if address else "not empty, and no clone"
        raise Refused(f"{git.folder} is {what}.", help="Name another place for it, or move it away.", code="not-empty")


def _forward(git: _Git, tell: Tell) -> None:
    """Move to FETCH_HEAD, keeping every file that the user changed. What the user deleted comes back."""
    _check_tree(git)
    theirs = _names(git, "diff", "--name-only", "--no-renames", "HEAD", "FETCH_HEAD")
    if theirs and _is_own(git):
        tell(f"{git.folder} stays as it is: it has commits of its own.")
        return
    deleted = _names(git, "diff", "--name-only", "--no-renames", "--diff-filter=D", "HEAD")
    kept = _kept(git, theirs, deleted)
    gone = _names(git, "diff", "--name-only", "--no-renames", "--diff-filter=D", "HEAD", "FETCH_HEAD") - kept
    new = (theirs | deleted) - kept - gone
    if any(_in_the_way(git, path, gone) for path in new):
        tell(f"{git.folder} stays as it is: a file of yours stands where the repository has a folder, or the reverse.")
        return
    if theirs:
        _move_head(git)
    for path in gone:
        _remove(git.folder, path)
    if new:
        git.run("checkout-index", "--quiet", "--force", "-z", "--stdin", input="".join(f"{path}\0" for path in new))
    if kept:
        tell(f"Not brought up to date, because you changed it: {_some(kept)}.")
    if new or gone:
        tell(f"Brought {git.folder} up to date.")


def _kept(git: _Git, theirs: set[str], deleted: set[str]) -> set[str]:
    """The files of a new commit that the user changed, or has where the commit brings them."""
    mine = _names(git, "diff", "--name-only", "--no-renames", "HEAD") - deleted
    mine |= {path for path in theirs - _names(git, "ls-files") if os.path.lexists(git.folder / path)}
    kept = theirs & mine
    for pair in _pairs(theirs | mine):
        kept |= theirs & pair if mine & pair else set()
    return kept


def _move_head(git: _Git) -> None:
    """Make FETCH_HEAD the commit that is checked out, without touching a file."""
    if git.run("merge-base", "--is-ancestor", "HEAD", "FETCH_HEAD", check=False).returncode:
        git.run("update-ref", "--no-deref", "HEAD", "FETCH_HEAD")  # another line: the user's branch stays where it is
    git.run("reset", "--quiet", "--mixed", "FETCH_HEAD")
    git.run("update-ref", LAUNCHED, "HEAD")


def _remove(folder: Path, path: str) -> None:
    """Delete a file, and the folders that are empty then."""
    place = folder / path
    place.unlink(missing_ok=True)
    with suppress(OSError):
        while (place := place.parent) != folder:
            place.rmdir()


def _names(git: _Git, *argv: str) -> set[str]:
    return {name for name in git.run(*argv, "-z").stdout.split("\0") if name}


def _pairs(paths: set[str]) -> list[set[str]]:
    """A manifest and its lock belong together: of both or neither the user's is kept."""
    folders = {path.rpartition("/")[0] for path in paths if path.rpartition("/")[2] == "pixi.lock"}
    names = ("pixi.toml", "pyproject.toml", "mojoproject.toml", "pixi.lock")
    return [{f"{folder}/{name}" if folder else name for name in names} for folder in folders]


def _in_the_way(git: _Git, path: str, gone: set[str]) -> bool:
    """Whether a file that stays stands where a folder has to be, a folder where a file, or a link on the way."""
    place = git.folder / path
    if place.is_dir() and not place.is_symlink():
        return True
    above = [path.rsplit("/", n)[0] for n in range(1, path.count("/") + 1)]
    return any((git.folder / p).is_symlink() or (git.folder / p).is_file() for p in above if p not in gone)


def _some(names: set[str]) -> str:
    return ", ".join(sorted(names)[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _is_own(git: _Git) -> bool:
    """Whether HEAD is no commit that a launch put there: then it is the user's."""
    head = git.run("rev-parse", "HEAD").stdout
    return head != git.run("rev-parse", "--verify", "--quiet", LAUNCHED, check=False).stdout


def _is_commit(ref: str) -> bool:
    return len(ref) >= 7 and not set(ref.lower()) - set("0123456789abcdef")
