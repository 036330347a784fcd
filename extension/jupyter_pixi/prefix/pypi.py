"""Turns a plan for PyPI packages into installed distributions that carry Pixi's marks, by uv.

The lock's exact files go to `uv pip install` as a pylock.toml, what a user gave as URL or path as requirement lines;
then INSTALLER and RECORD of just those packages say `uv-pixi`, which is how Pixi knows its own.
"""

from __future__ import annotations

import base64
import json
import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .. import digests, system
from ..environments.model import Environment
from ..errors import InstallError
from ..events import Phase, Progress, Sink
from ..lockfile import packages
from ..lockfile.model import Package
from . import pypi_orphans, uv
from .dists import Plan, Source
from .installed import INSTALLER, Distribution, distributions, other_site_packages
from .installed import Python as Interpreter
from .markers import meta_folder
from .strays import remove_empty
from .wanted import pypi_identity


@dataclass(frozen=True)
class PypiStep:
    """All that installing PyPI packages into one prefix needs.

    `environ` is uv's environment (with the activation's variables where something has to be built), `options` are
    flags for builds and indexes, `keep` the descriptors of the prefix's lock.
    """

    prefix: Path
    environment: str
    interpreter: Interpreter
    site_packages: Path | None
    wanted: Mapping[str, Package]
    sources: Mapping[str, Source]
    environ: Mapping[str, str]
    options: tuple[str, ...] = ()
    offline: bool = False
    keep: tuple[int, ...] = ()


def build_options(environment: Environment, root: Path) -> tuple[str, ...]:
    """uv's flags for the environment's pypi-options: what may be built, how, and where build requirements are."""
    asked = environment.pypi_options
    flags: list[str] = []
    if asked.index_url:
        flags += ["--default-index", asked.index_url]
    for url in asked.extra_index_urls:
        flags += ["--extra-index-url", url]
    for kind, text in asked.find_links:
        flags += ["--find-links", str(root / text) if kind == "path" else text]
    if asked.index_strategy:
        flags += ["--index-strategy", asked.index_strategy]
    flags += _switch(asked.no_build, "--no-build", "--no-build-package")
    flags += _switch(asked.no_binary, "--no-binary", "--no-binary-package")
    flags += _switch(asked.no_build_isolation, "--no-build-isolation", "--no-build-isolation-package")
    return tuple(flags)


def _switch(value: bool | Sequence[str] | None, flag: str, each: str) -> list[str]:
    if flag == "--no-binary" or flag == "--no-build":  # `uv pip` takes names, or :all:
        names = [":all:"] if value is True else list(value or ())
        option = "--no-binary" if flag == "--no-binary" else "--only-binary"
        return [word for name in names for word in (option, name)]
    if value is True:
        return [flag]
    return [word for name in (value or ()) for word in (each, name)]


async def apply(step: PypiStep, plan: Plan, sink: Sink) -> None:
    """Remove and install what the plan says. Raises InstallError or NetworkError; then some of it may be done."""
    pypi_orphans.note(step.prefix, (*plan.remove, *plan.install), distributions(step.prefix, step.site_packages))
    if plan.remove:
        sink(Phase(phase="pypi", title=f"Removing {_count(len(plan.remove))}", total=len(plan.remove)))
        await _uv(step, ["uninstall", *_common(step), *plan.remove], lambda line: None)
    if not plan.install:
        return
    sink(Phase(phase="pypi", title=f"Installing {_count(len(plan.install))}", total=len(plan.install)))
    done: list[str] = []

    def on_line(line: str) -> None:
        match = re.match(r"\s*[+~] ([^=\s]+)", line)
        if match:
            done.append(match[1])
            sink(Progress(phase="pypi", done=len(done), total=len(plan.install), item=match[1]))
            return
        match = re.match(r"\s*(?:Downloading|Downloaded|Building|Built) (\S+)", line)
        if match:
            sink(Progress(phase="pypi", done=len(done), total=len(plan.install), item=match[1]))

    # In conda-meta, where the next install sweeps away what a crash leaves.
    with tempfile.TemporaryDirectory(dir=meta_folder(step.prefix), prefix=".uv.", suffix=".new") as folder:
        for arguments in _calls(step, plan, Path(folder)):
            await _uv(step, ["install", "--no-deps", *_common(step), *step.options, *arguments], on_line)
    found = distributions(step.prefix, step.site_packages)
    missing = [name for name in plan.install if name not in found]
    if missing:
        raise InstallError(f"uv ended without an error, but did not install {', '.join(missing)}.")
    for name in plan.install:
        mark(found[name], keep_direct_url=step.sources[name].kind not in ("wheel", "sdist"))


def remove_left_overs(prefix: Path, site: Path | None) -> tuple[str, ...]:
    """Remove what the lock owned in the site-packages of an earlier Python, scripts included. Returns the names.

    Only files that RECORD names are removed, and only inside the prefix; not those that a distribution of the present
    site-packages has too (scripts). Raises OSError.
    """
    others = other_site_packages(prefix, site)
    if not others:
        return ()
    removed: list[str] = []
    present = {
        Path(os.path.normpath(there.path.parent / file))
        for there in distributions(prefix, site).values()
        for file in there.files
        if file.startswith("..")
    }
    for folder in others:
        for there in distributions(prefix, folder).values():
            if there.installer != INSTALLER:
                continue
            removed.append(there.name)
            for file in there.files:
                path = Path(os.path.normpath(folder / file))
                if path.is_relative_to(prefix) and path not in present:
                    path.unlink(missing_ok=True)
                    remove_empty(path.parent, folder)
    return tuple(removed)


def _count(number: int) -> str:
    return "1 PyPI package" if number == 1 else f"{number} PyPI packages"


def _common(step: PypiStep) -> list[str]:
    return [
        *("--break-system-packages", "--no-config", "--no-python-downloads", "--color", "never"),
        *("--preview-features", "pylock", "--python", str(step.interpreter.executable)),
    ]


async def _uv(step: PypiStep, arguments: Sequence[str], on_line: Callable[[str], None]) -> None:
    """Run `uv pip`, from the cache first: that asks no server when everything is there."""
    run = partial(uv.run, environ=step.environ, cwd=step.prefix, on_line=on_line, keep=step.keep)
    output = await run(["pip", *arguments, "--offline"])
    if uv.needs_network(output) and not step.offline:
        output = await run(["pip", *arguments])
    if output.status != 0:
        raise uv.translate(output, step.environment, step.offline)


def _calls(step: PypiStep, plan: Plan, folder: Path) -> list[list[str]]:
    """The argument lists of the one or two calls: files the lock has a digest of, and the others."""
    entries: list[str] = []
    lines: list[str] = []
    replace: tuple[list[str], list[str]] = ([], [])
    for name in plan.install:
        package, origin = step.wanted[name], step.sources[name]
        entry = pylock_entry(name, package, origin)
        if entry is not None:
            entries.append(entry)
        else:
            lines.append(f"{name} @ {origin.url}")
        if name in plan.replace:
            replace[entry is None].extend(("--reinstall-package", name))
    calls: list[list[str]] = []
    if entries:
        path = folder / "pylock.toml"
        path.write_text('lock-version = "1.0"\ncreated-by = "jupyter-pixi"\n\n' + "\n".join(entries), "utf-8")
        calls.append([*replace[0], "-r", str(path)])
    if lines:
        path = folder / "requirements.txt"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        calls.append([*replace[1], "-r", str(path)])
    return calls


def pylock_entry(name: str, package: Package, origin: Source) -> str | None:
    """The `[[packages]]` table (PEP 751) of a locked package; None for a file without a digest."""
    version = pypi_identity(package)[1]
    head = f"[[packages]]\nname = {_toml(name)}\n"
    if origin.kind == "directory":
        return head + f"directory = {{ path = {_toml(str(origin.path))}, editable = {str(origin.editable).lower()} }}\n"
    if origin.kind == "git":
        keys = {
            "type": "git",
            "url": origin.url,
            "requested-revision": origin.revision,
            "commit-id": origin.commit,
            "subdirectory": origin.subdirectory,
        }
        given = ", ".join(f"{key} = {_toml(value)}" for key, value in keys.items() if value)
        return head + f"vcs = {{ {given} }}\n"
    sha256 = packages.sha256(package) or (digests.file_digest(str(origin.path)) if origin.path else None)
    if origin.kind not in ("wheel", "sdist") or sha256 is None:
        return None
    where = f"name = {_toml(_file_name(origin.url))}, url = {_toml(origin.url)}"
    file = f"{{ {where}, hashes = {{ sha256 = {_toml(sha256)} }} }}"
    if version is not None:
        head += f"version = {_toml(version)}\n"
    return head + (f"wheels = [{file}]\n" if origin.kind == "wheel" else f"sdist = {file}\n")


def _file_name(url: str) -> str:
    from urllib.parse import unquote

    return unquote(url.split("#")[0].split("?")[0].rsplit("/", 1)[-1])


def _toml(text: str) -> str:
    """A TOML basic string (JSON's escapes are among TOML's)."""
    return json.dumps(text, ensure_ascii=False)


def mark(distribution: Distribution, *, keep_direct_url: bool) -> None:
    """Make INSTALLER of a distribution that uv wrote read `uv-pixi`, and its RECORD agree.

    Without `keep_direct_url`, direct_url.json goes: it is for what a user gave as URL or path. Files are replaced, not
    written through: they may be hard links into uv's cache.
    """
    for staged in distribution.path.glob(".*.new"):  # of an install that was killed right here
        staged.unlink(missing_ok=True)
    record = distribution.path / "RECORD"
    installer = distribution.path / "INSTALLER"
    lines = record.read_bytes().splitlines(keepends=True)
    content = INSTALLER.encode()
    row = f"{distribution.path.name}/INSTALLER,{_record_hash(content)},{len(content)}".encode()
    changed = [_replaced(line, distribution.path.name, row, keep_direct_url) for line in lines]
    if installer.read_bytes() != content:
        system.replace_file(installer, content)
    if changed != lines:
        system.replace_file(record, b"".join(changed))
    if not keep_direct_url:
        (distribution.path / "direct_url.json").unlink(missing_ok=True)


def _replaced(line: bytes, folder: str, row: bytes, keep_direct_url: bool) -> bytes:
    end = line[len(line.rstrip(b"\r\n")) :]
    if line.startswith(f"{folder}/INSTALLER,".encode()):
        return row + end
    if not keep_direct_url and line.startswith(f"{folder}/direct_url.json,".encode()):
        return b""
    return line


def _record_hash(content: bytes) -> str:
    """A digest as RECORD has it (PEP 376): URL-safe base64 without padding."""
    raw = bytes.fromhex(digests.digest(content))
    return "sha256=" + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def needs_build(plan: Plan, sources: Mapping[str, Source]) -> bool:
    """Whether anything of the plan may have to be built from source."""
    return any(
        sources[name].kind in ("sdist", "git", "directory") or not sources[name].url.split("#")[0].endswith(".whl")
        for name in plan.install
    )
