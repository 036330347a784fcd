"""Turns this checkout into measurements side by side: `python benchmarks/run.py [--rounds N] [--write]`.

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

import kernel_start
import solving
from measure import HEADER, Pair, alternate, process

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests"))

from jupyter_pixi.demo import sample  # noqa: E402
from jupyter_pixi.demo.channel import channel  # noqa: E402
from jupyter_pixi.demo.python_package import interpreter  # noqa: E402
from jupyter_pixi.demo.recipe import DEMO  # noqa: E402
from support.homes import Home, make_home  # noqa: E402

ENGINE = (sys.executable, "-P", "-m", "jupyter_pixi")
COMMANDS = (("status",), ("lock", "--check"), ("install", "--environment", "cpu"))


def commands(home: Home, workspace: Path, rounds: int) -> Iterator[Pair]:
    """Commands that find nothing to do, as processes, beside importing py-rattler."""
    time = functools.partial(process, cwd=workspace, environ=home.environ)
    for argv in COMMANDS:
        ours, reference = alternate(
            lambda argv=argv: time([*ENGINE, *argv]), lambda: time([sys.executable, "-c", "import rattler"]), rounds
        )
        what = f"`{' '.join(argv)}`, nothing to do"
        yield Pair(what, '`python -c "import rattler"`', ours, reference, "at most 200 ms", ours <= 0.2)


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


def measure(folder: Path, rounds: int) -> list[Pair]:
    """Makes the sample workspace in `folder` and measures everything."""
    home = make_home(folder / "home", folder / "packages")
    workspace = folder / "weather"
    url = channel(DEMO).as_uri()
    sample.write(workspace, sample.Content(url, interpreter().subdir))
    for argv in (("install", "--environment", "cpu"), ("kernels", "install", "--prefix", str(home.kernels))):
        subprocess.run([*ENGINE, *argv], cwd=workspace, env=home.environ, check=True, stdout=subprocess.DEVNULL)
    return [
        *kernels(home, workspace, rounds),
        *commands(home, workspace, rounds),
        *runs(home, workspace, url, rounds),
        *solves(home, folder, max(3, rounds // 3)),
    ]


def document(pairs: list[Pair], rounds: int) -> str:
    """docs/benchmarks.md."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return "\n".join(
        [
            "# Measurements",
            "",
            f"Written by `python benchmarks/run.py --write` ({machine}; medians of {rounds} rounds in which the two",
            "sides take turns, whole processes from start to end or to a kernel's first answer). Run it yourself: the",
            "ratios say more than the times.",
            "",
            HEADER,
            *(pair.row() for pair in pairs),
            "",
        ]
    )


def main() -> int:
    """Parses the command line, measures, prints; exit status 1 if an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        pairs = measure(Path(folder).resolve(), options.rounds)
    text = document(pairs, options.rounds)
    print(text)
    if options.write:
        (REPOSITORY / "docs").mkdir(exist_ok=True)
        (REPOSITORY / "docs/benchmarks.md").write_text(text)
    return 0 if all(pair.kept for pair in pairs) else 1


if __name__ == "__main__":
    sys.exit(main())
