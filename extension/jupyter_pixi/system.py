"""The one module that talks to the operating system: file locks, durable replacement, processes, what machine this is.

Everything else asks here, so that what differs between Linux, macOS and Windows stands in one place and tests can
hand in a fake platform. Only light standard library modules are imported: the kernel launcher needs this at once.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from types import TracebackType

WINDOWS = os.name == "nt"
"""Whether this is Windows (batch files instead of bash, no process groups in the POSIX sense)."""

_NO_LOCKS = frozenset(
    {errno.ENOLCK, errno.ENOSYS, errno.EINVAL, getattr(errno, "ENOTSUP", 95), getattr(errno, "EOPNOTSUPP", 95)}
)


class LocksUnsupported(OSError):
    """The file system under a lock file cannot lock (some network file systems)."""


def _os_lock(fd: int) -> None:
    """Take an exclusive lock without waiting. Raises OSError: EAGAIN or EACCES where somebody else holds it."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(fd, 1 << 30, os.SEEK_SET)  # a byte past the content, which others may then still read
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _os_unlock(fd: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(fd, 1 << 30, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_UN)


class FileLock:
    """An exclusive lock on a file, between processes. The file is created if missing and never removed.

    The lock belongs to the open file, so it goes with the process that holds it, however that ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._fd is not None

    @property
    def fd(self) -> int:
        """The descriptor of the locked file, for those who keep their marker in it. Raises ValueError if not held."""
        if self._fd is None:
            raise ValueError("the lock is not held")
        return self._fd

    def try_acquire(self) -> bool:
        """Take the lock if nobody has it. Returns whether it was got.

        Raises LocksUnsupported where the file system cannot lock, OSError where the file cannot be opened.
        """
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        try:
            _os_lock(fd)
        except OSError as error:
            os.close(fd)
            if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                return False
            if error.errno in _NO_LOCKS:
                raise LocksUnsupported(error.errno, "this file system has no locks", str(self.path)) from error
            raise
        self._fd = fd
        return True

    def release(self) -> None:
        """Give the lock back; nothing happens if it is not held."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            try:
                _os_unlock(fd)
            except OSError:
                pass
            os.close(fd)

    def __enter__(self) -> FileLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def write_durably(fd: int, data: bytes) -> None:
    """Make `data` the whole content of an open file, and bring it to the disk."""
    write_whole(fd, data)
    os.fsync(fd)


def write_whole(fd: int, data: bytes) -> None:
    """Make `data` the whole content of an open file."""
    os.lseek(fd, 0, os.SEEK_SET)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    os.ftruncate(fd, len(data))


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries (a rename in it) to the disk; where that is impossible, nothing happens."""
    if WINDOWS:
        return
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(fd)
    except OSError:
        pass
    finally:
        os.close(fd)


def replace_file(
    path: Path, data: bytes, *, in_place: bool = False, mode: int | None = None, durable: bool = True
) -> None:
    """Replace a file's content at once: readers see the old bytes or the new ones.

    Links are followed (the new file stands beside the target, so a link stays a link); the old file's mode and
    group are kept. A new file gets `mode`, or what the umask leaves of 0666. With `in_place`, a folder that takes
    no new files (but whose file may be written) gets the bytes written into the file itself, which is not atomic:
    the caller keeps a journal. It is on the disk in the end, unless `durable` says that it need not be (syncing waits
    for whatever else writes to the disk). Raises OSError.
    """
    target = Path(os.path.realpath(path))
    try:
        staged = stage_file(target, data, mode=mode, durable=durable)
    except PermissionError:
        if not in_place or not target.exists():
            raise
        write_in_place(target, data)
        return
    try:
        staged.replace(target)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(target.parent)


def replace_if_changed(path: Path, data: bytes, *, durable: bool = True) -> bool:
    """Replace a file's content unless it is that already. Returns whether it was written. Raises OSError."""
    try:
        if path.read_bytes() == data:
            return False
    except OSError:
        pass
    replace_file(path, data, durable=durable)
    return True


def stage_file(target: Path, data: bytes, *, mode: int | None = None, durable: bool = True) -> Path:
    """Write the future content of `target` (links resolved) into a new file beside it, and return that.

    It has the mode and group that the target has, or `mode` (else what the umask leaves of 0666). Raises OSError.
    """
    import tempfile

    try:
        before: os.stat_result | None = target.stat()
    except FileNotFoundError:
        before = None
    fd, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".new")
    try:
        try:
            (write_durably if durable else write_whole)(fd, data)
            _like(fd, temporary, before, mode)
        finally:
            os.close(fd)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return Path(temporary)


def write_in_place(target: Path, data: bytes) -> None:
    """Write new content into the file itself, durably but not atomically. Raises OSError."""
    with target.open("r+b") as file:
        write_durably(file.fileno(), data)


def _like(fd: int, name: str, before: os.stat_result | None, mode: int | None) -> None:
    """Give a new file the mode and group of the one it replaces, or the mode that a plain new file would have."""
    if before is not None:
        if not WINDOWS and os.fstat(fd).st_gid != before.st_gid:
            try:
                os.fchown(fd, -1, before.st_gid)
            except OSError:  # not a member of that group: the folder's rule decides
                pass
        Path(name).chmod(before.st_mode & 0o7777)
        return
    if mode is None:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    Path(name).chmod(mode)


def own_session() -> dict[str, object]:
    """Keyword arguments for `subprocess.Popen` (or asyncio's) that make the child the head of a process group."""
    if WINDOWS:
        return {"creationflags": 0x200}  # CREATE_NEW_PROCESS_GROUP
    return {"start_new_session": True}


def signal_group(pid: int, number: int) -> None:
    """Send a signal to the process group that `pid` heads; nothing happens if it has ended."""
    import signal

    try:
        if sys.platform == "win32":
            os.kill(pid, signal.CTRL_BREAK_EVENT if number == signal.SIGINT else number)
        else:
            os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def interrupt(pid: int) -> bool:
    """Send SIGINT to a process: to its whole group where it leads one. Returns whether it was there."""
    import signal

    try:
        if sys.platform != "win32" and os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGINT)
        else:
            os.kill(pid, signal.SIGINT)
    except OSError:
        return False
    return True


def command_line(pid: int) -> bytes:
    """The program and arguments that a process was started with; empty where that cannot be told."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        import shutil
        import subprocess

        ps = shutil.which("ps")
        if ps is None:
            return b""
        return subprocess.run([ps, "-o", "command=", "-p", str(pid)], capture_output=True, check=False).stdout


def host_name() -> str:
    """The name of this machine in its network; empty where it has none."""
    if hasattr(os, "uname"):
        return os.uname().nodename
    import platform

    return platform.node()


def is_alive(pid: int) -> bool:
    """Whether a process of that id exists (it may be somebody else's)."""
    if pid <= 0:
        return False
    if sys.platform == "win32":
        import subprocess

        listed = subprocess.run(
            ["tasklist", "/FI", f"PID eq {pid}", "/NH"], capture_output=True, text=True, check=False
        )
        return str(pid) in listed.stdout.split()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def birth(pid: int) -> str | None:
    """What tells a process from a later one of the same id: when it began, as the system counts. None if unknown.

    Empty where there is no such process, or only its remains. (proc(5): `starttime` counts from the boot.)
    """
    if not Path("/proc/self/stat").exists():
        return None
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()  # the program's name before it may hold anything
    return "" if fields[0] in "ZX" else f"{boot}:{fields[19]}"


def still_runs(pid: int, born: str | None) -> bool:
    """Whether the process that had this id and birth is still there; without a birth, whether the id is in use."""
    now = birth(pid)
    if now is None:
        return is_alive(pid)
    return bool(now) and (born is None or born == now)


def kernel_release() -> str:
    """The operating system's release: "6.1.0-18-amd64" from uname, or the Windows version."""
    if sys.platform == "win32":
        version = sys.getwindowsversion()
        return f"{version.major}.{version.minor}.{version.build}"
    return os.uname().release


def glibc_version() -> str | None:
    """The C library's version where it is glibc ("2.36"), else None."""
    try:
        text = os.confstr("CS_GNU_LIBC_VERSION") if not WINDOWS else None
    except (ValueError, OSError, AttributeError):
        return None
    return text.split()[-1] if text else None
