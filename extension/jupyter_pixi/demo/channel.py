"""Turns a recipe into a conda channel: a folder in the user's cache, made once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from ..events import Phase, Progress, Sink, silent
from . import convert, package, python_package, wheels
from .python_package import Interpreter
from .recipe import Recipe


def cache_folder() -> Path:
    """Where channels are kept: `$JUPYTER_PIXI_CACHE_DIR`, else `jupyter-pixi` in the user's cache folder."""
    if own := os.environ.get("JUPYTER_PIXI_CACHE_DIR"):
        return Path(own)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "jupyter-pixi"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jupyter-pixi"


def channel(content: Recipe, sink: Sink = silent, cache: Path | None = None) -> Path:
    """The folder of the channel with this content, made if the cache does not hold it.

    Takes the recipe, where to report, and the cache's folder if not the user's. Two processes that ask at the same
    time make it once. Not to be called in a running event loop. Raises NetworkError if wheels cannot be fetched.
    """
    host = python_package.interpreter()
    folder = (cache or cache_folder()) / "channels"
    target = folder / f"{content.name}-{host.subdir}-py{host.minor}-{_key(content, host)[:12]}"
    if target.is_dir():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / f".{target.name}.lock"):
        if not target.is_dir():
            with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as scratch:
                made = build(content, host, Path(scratch), sink)
                made.rename(target)
    return target


def build(content: Recipe, host: Interpreter, scratch: Path, sink: Sink) -> Path:
    """Makes the channel in `scratch / "channel"` and returns that. Wheels are unpacked beside it."""
    out = scratch / "channel"
    by_hand = (*python_package.python_packages(host), *content.made(host))
    packages = {(made.subdir, made.stem): made for made in by_hand}
    sink(Phase("channel-fetch", "Fetching wheels for the embedded channel", len(content.layers)))
    for number, layer in enumerate(content.layers):
        for dist in wheels.install(layer, scratch / f"layer-{number}", host):
            made = convert.convert(dist, host, content.more.get(convert.conda_name(dist.name), ()))
            packages.setdefault((made.subdir, made.stem), made)
        sink(Progress("channel-fetch", number + 1, len(content.layers)))
    sink(Phase("channel", f"Packing {len(packages)} conda packages", len(packages)))
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        jobs = {pool.submit(package.write, made, out): made.name for made in packages.values()}
        for done, job in enumerate(as_completed(jobs), 1):
            job.result()
            sink(Progress("channel", done, len(packages), item=jobs[job]))
    (out / "noarch").mkdir(exist_ok=True)
    asyncio.run(_index(out))
    return out


def forget(cache: Path | None = None) -> None:
    """Removes every kept channel."""
    shutil.rmtree((cache or cache_folder()) / "channels", ignore_errors=True)


async def _index(folder: Path) -> None:
    from rattler.index import index_fs

    await index_fs(folder, write_zst=True, write_shards=True)


def _key(content: Recipe, host: Interpreter) -> str:
    """A digest of everything the channel depends on: content, interpreter, and the code that makes packages."""
    digest = hashlib.sha256()
    for value in (content.layers, sorted(content.more.items()), content.made(host), host):
        digest.update(repr(value).encode())
    for module in (package, python_package, wheels, convert, sys.modules[__name__]):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    import fcntl

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
