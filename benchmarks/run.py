"""Turns this checkout into measurements side by side: `python benchmarks/run.py [--rounds N] [--write] [--note TEXT]`.

`--write` puts the table into docs/benchmarks.md. Everything happens in a folder that is removed at the end.
"""

from __future__ import annotations

import argparse
import functools
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import adding
import kernel_start
import lab
import looking
import scanning
import solving
from measure import HEADER, Pair, alternate, call, process

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests"))

from jupyter_pixi.demo import sample  # noqa: E402
from jupyter_pixi.demo.channel import channel  # noqa: E402
from jupyter_pixi.demo.python_package import interpreter  # noqa: E402
from jupyter_pixi.demo.recipe import DEMO  # noqa: E402
from support.homes import Home, make_home  # noqa: E402
from support.kernels import kernel  # noqa: E402

ENGINE = (sys.executable, "-P", "-m", "jupyter_pixi")
COMMANDS = (("status",), ("lock", "--check"), ("install", "--environment", "cpu"))
LOOKS = (("list",), ("tree",), ("tree", "--invert", "package-999"))
IMPORT = '`python -c "import rattler"`'


def commands(home: Home, workspace: Path, rounds: int) -> Iterator[Pair]:
    """Commands that find nothing to do, as processes, beside importing py-rattler."""
    time = functools.partial(process, cwd=workspace, environ=home.environ)
    for argv in COMMANDS:
        ours, reference = alternate(
            lambda argv=argv: time([*ENGINE, *argv]), lambda: time([sys.executable, "-c", "import rattler"]), rounds
        )
        what = f"`{' '.join(argv)}`, nothing to do"
        yield Pair(what, IMPORT, ours, reference, "at most 200 ms", ours <= 0.2)


def runs(home: Home, workspace: Path, url: str, rounds: int) -> Iterator[Pair]:
    """A command through `run` and through `exec`, with nothing to lock or install, beside the command alone."""
    time = functools.partial(process, cwd=workspace, environ=home.environ)
    bare = [str(workspace / ".pixi/envs/cpu/bin/python"), "-c", "pass"]
    words = ("python", "-c", "pass")
    run = [*ENGINE, "run", "--environment", "cpu", *words]
    ours, reference = alternate(lambda: time(run), lambda: time(bare), rounds)
    yield Pair(
        "`run python -c pass`, current", "the command", ours, reference, "at most 250 ms more", ours - reference <= 0.25
    )
    throw_away = [*ENGINE, "exec", "--channel", url, "--spec", "python", *words]
    ours, reference = alternate(lambda: time(throw_away), lambda: time(bare), rounds)
    yield Pair("`exec -s python python -c pass`, cached", "the command", ours, reference, "under 500 ms", ours < 0.5)


def kernels(home: Home, workspace: Path, rounds: int) -> Iterator[Pair]:
    """A kernel through the launcher beside the same prefix's ipykernel, from start to first answer."""
    argv, env = kernel_start.spec(home.kernels, "pixi.weather.cpu")
    prefix = workspace / ".pixi/envs/cpu"
    bare = [str(prefix / "bin/python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    time = functools.partial(kernel_start.seconds_to_answer, cwd=workspace, folder=home.path)
    ours, reference = alternate(
        lambda: time(argv, environ=home.environ | env),
        lambda: time(bare, environ=home.environ),
        rounds,
    )
    kept = ours - reference <= 0.06
    yield Pair("kernel start", "ipykernel in the same prefix", ours, reference, "at most 60 ms more", kept)


def adds(home: Home, workspace: Path, url: str, rounds: int) -> Iterator[Pair]:
    """`%pixi add` and import in a real kernel, beside solving and installing the same records with py-rattler alone."""
    cache = Path(home.environ["PIXI_CACHE_DIR"])
    prefix = workspace / ".pixi/envs/cpu"
    for ready, what in ((True, "an engine is ready"), (False, "none is")):
        environ = {} if ready else {"JUPYTER_PIXI_STANDBY": "0"}
        with kernel("pixi.weather.cpu", home, workspace, env=environ) as running:
            ours, reference = alternate(
                lambda running=running, ready=ready: adding.in_kernel(running, ready=ready),
                lambda: adding.beside(url, prefix, home.path, cache),
                rounds,
            )
        what = f"`%pixi add cowsay`, Enter to imported, warm cache, {what}"
        yield Pair(
            what, "py-rattler's solve and install", ours, reference, "at most 300 ms more", ours - reference <= 0.3
        )


def looks(home: Home, folder: Path, rounds: int) -> Iterator[Pair]:
    """`list` and `tree` on a lock with a thousand packages."""
    looking.workspace(folder / "large", 1000)
    time = functools.partial(process, cwd=folder / "large", environ=home.environ)
    for argv in LOOKS:
        ours, reference = alternate(
            lambda argv=argv: time([*ENGINE, *argv]), lambda: time([sys.executable, "-c", "import rattler"]), rounds
        )
        yield Pair(f"`{' '.join(argv)}`, 1,000 packages", IMPORT, ours, reference, "under 300 ms", ours < 0.3)


def locks(folder: Path, rounds: int) -> Iterator[Pair]:
    """Reading a large lock file, beside py-rattler, in this process. What is remembered of the last is forgotten."""
    from jupyter_pixi.lockfile import load, read_lock
    from rattler import LockFile

    looking.workspace(folder / "larger", 5000)
    path = folder / "larger" / "pixi.lock"

    def ours() -> float:
        read_lock.cache_clear()
        return call(lambda: load(path))

    took, reference = alternate(ours, lambda: call(lambda: LockFile.from_path(path)), rounds)
    name = "py-rattler's reader"
    yield Pair("reading a lock of 5,000 packages", name, took, reference, "at most twice", took <= 2 * reference)


def servers(home: Home, folder: Path, workspace: Path, rounds: int) -> Iterator[Pair]:
    """JupyterLab's start with and without the extension, and how long its event loop stands still during a scan."""
    time = functools.partial(lab.seconds_to_page, workspace, home.environ, home.path)
    ours, reference = alternate(lambda: time(extension=True), lambda: time(extension=False), rounds)
    what = "JupyterLab, start to first page"
    yield Pair(what, "without the extension", ours, reference, "not slower", ours <= 1.05 * reference)
    scanning.make(folder / "many", 1000, 30_000)
    pauses = scanning.measure(folder / "many", home.environ)
    what = "longest pause of the server's event loop while it finds 1,000 workspaces, one with a lock of 10 MB"
    kept = pauses.scanning <= scanning.LIMIT
    yield Pair(what, "while it waits", pauses.scanning, pauses.idle, "under 50 ms", kept)


def solves(home: Home, folder: Path, rounds: int) -> Iterator[Pair]:
    """`lock` from nothing, four environments on four platforms, beside bare solves."""
    if not solving.SLICE.is_dir():
        return
    url = solving.channel(folder / "slice")
    workspace = folder / "bench"
    workspace.mkdir()
    (workspace / "pixi.toml").write_text(solving.manifest(url))

    def lock() -> float:
        (workspace / "pixi.lock").unlink(missing_ok=True)
        return process([*ENGINE, "lock"], workspace, home.environ)

    def bare() -> float:
        return process([sys.executable, solving.__file__, url], workspace, home.environ)

    ours, reference = alternate(lock, bare, rounds)
    what = "`lock` from nothing: 4 environments × 4 platforms, conda-forge's metadata"
    yield Pair(
        what, "the 16 solves with py-rattler alone", ours, reference, "at most 1.5 times", ours <= 1.5 * reference
    )


def measure(folder: Path, rounds: int) -> tuple[list[Pair], float | None]:
    """Makes the sample workspace in `folder` and measures everything. Returns the pairs and the waiting engine's MB."""
    home = make_home(folder / "home", folder / "packages")
    workspace = folder / "weather"
    url = channel(DEMO).as_uri()
    sample.write(workspace, sample.Content(url, interpreter().subdir))
    for argv in (("install", "--environment", "cpu"), ("kernels", "install", "--prefix", str(home.kernels))):
        subprocess.run([*ENGINE, *argv], cwd=workspace, env=home.environ, check=True, stdout=subprocess.DEVNULL)
    with kernel("pixi.weather.cpu", home, workspace) as running:
        memory = adding.memory(running)
    pairs = [
        *kernels(home, workspace, rounds),
        *adds(home, workspace, url, rounds),
        *commands(home, workspace, rounds),
        *looks(home, folder, max(3, rounds // 3)),
        *locks(folder, max(3, rounds // 3)),
        *runs(home, workspace, url, rounds),
        *servers(home, folder, workspace, max(3, rounds // 2)),
        *solves(home, folder, max(3, rounds // 3)),
    ]
    return pairs, memory


def document(pairs: list[Pair], rounds: int, memory: float | None, note: str) -> str:
    """docs/benchmarks.md."""
    takes = f"has {memory:.0f} MB of memory to itself" if memory is not None else "takes some memory"
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return "\n".join(
        [
            "# Measurements",
            "",
            f"Written by `python benchmarks/run.py --write` ({machine}; medians of {rounds} rounds in which the two",
            "sides take turns, whole processes from start to end or to a kernel's first answer). Run it yourself: the",
            "ratios say more than the times. Both sides have their modules compiled, as an installed package has.",
            *([note] if note else []),
            "",
            HEADER,
            *(pair.row() for pair in pairs),
            "",
            "The real `pixi add cowsay` takes 250 to 350 ms on such a machine. The engine that a kernel keeps ready",
            f"{takes} while it waits (`JUPYTER_PIXI_STANDBY=0` turns it off).",
            "",
        ]
    )


def main() -> int:
    """Parses the command line, measures, prints; exit status 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--note", default="", help="a sentence about the machine, for the document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        pairs, memory = measure(Path(folder).resolve(), options.rounds)
    text = document(pairs, options.rounds, memory, options.note)
    print(text)
    if options.write:
        (REPOSITORY / "docs").mkdir(exist_ok=True)
        (REPOSITORY / "docs/benchmarks.md").write_text(text)
    return 0 if all(pair.kept for pair in pairs) else 1


if __name__ == "__main__":
    sys.exit(main())
