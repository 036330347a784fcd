"""Turns a command and some specs into a throw-away environment in the cache, made once and used again.

It stands where Pixi keeps its own (`cached-envs-v0` in the cache folder), is keyed by everything that decides what is
in it, and is solved for this very machine: with its virtual packages, not those that a platform declares.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ... import system
from ...config import Config, cache_folder, cached_environments, load_config
from ...digests import text_digest
from ...environments import channel_url, compose, host
from ...environments.allowed import allowed
from ...environments.model import Channel, Environment
from ...errors import PixiError, SolveError
from ...manifest import parse_manifest
from ...manifest.model import CondaSpec, Manifest, Platform, PypiSpec, VirtualPackage
from ...prefix import activation, markers
from ..context import Context
from ..policy import refuse_if_frozen_folder

_MARK = "jupyter-pixi-exec"  # in conda-meta, without `.json`: conda tools take every such file for a record
_KEYED = ("__glibc", "__musl", "__osx", "__win", "__cuda", "__cuda_arch")
"""The virtual packages that are part of the key; the kernel's release would make a new environment each month."""

_MANIFEST = b'[workspace]\nname = "exec"\nchannels = []\nplatforms = []\n'


@dataclass(frozen=True)
class ExecOptions:
    """What `exec` was asked for; field names are its flags. `words` are the command and its arguments."""

    words: tuple[str, ...]
    specs: tuple[str, ...] = ()
    with_: tuple[str, ...] = ()
    pypi: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    platform: str | None = None
    force_reinstall: bool = False

    @property
    def guesses(self) -> bool:
        """Whether the command's name is taken for a package's too."""
        return bool(self.with_) or not (self.specs or self.pypi)

    @property
    def guess(self) -> str:
        """The package that the command's name stands for."""
        return re.sub(r"[^A-Za-z0-9._-]", "-", self.words[0]).lower()

    @property
    def named(self) -> tuple[str, ...]:
        """The names of the packages that were asked for, sorted."""
        texts = (*self.specs, *self.with_, *self.pypi)
        return tuple(sorted({_name(text) for text in texts}))


@dataclass(frozen=True)
class Wanted:
    """The environment that the options stand for, and where it is kept."""

    prefix: Path
    channels: tuple[Channel, ...]
    platform: Platform
    specs: tuple[str, ...]
    pypi: tuple[str, ...]
    config: Config

    @property
    def is_ready(self) -> bool:
        """Whether it was made completely, at this place."""
        try:
            mark = json.loads((self.prefix / "conda-meta" / _MARK).read_bytes())
        except (OSError, ValueError):
            return False
        complete = markers.read_fingerprint(self.prefix) not in (None, markers.INSTALLING)
        return complete and bool(mark.get("prefix") == str(self.prefix))


def _name(spec: str) -> str:
    """The package's name in a spec, without a parser: before a version, extras, build or URL."""
    text = spec.strip().rsplit("::", 1)[-1]
    return re.split(r"[\s<>=!~\[;@]", text, maxsplit=1)[0].lower()


def wanted(options: ExecOptions, context: Context) -> Wanted:
    """Which environment is meant. Reads only the configuration. Raises PixiError without a command."""
    if not options.words:
        raise PixiError(
            "missing required command to execute",
            help="i.e when specifying specs explicitly use a command at the end: `pixi exec -s python==3.12 python`",
        )
    config = load_config(None, context.environ, context.settings)
    channels = tuple(
        Channel(channel_url(text, alias=config.channel_alias, root=context.cwd), text)
        for text in options.channels or config.default_channels
    )
    machine = host(context.environ)
    subdir = options.platform or machine.subdir
    offered = machine.virtual_packages if subdir == machine.subdir else ()
    specs = (*options.specs, *options.with_)
    specs = (*specs, options.guess) if options.guesses else specs
    key: dict[str, Any] = {
        "specs": sorted(specs),
        "pypi": sorted(options.pypi),
        "channels": [channel.url for channel in channels],
        "platform": subdir,
        "machine": sorted(str(package) for package in offered if package.name in _KEYED),
    }
    name = re.sub(r"[^A-Za-z0-9._-]", "-", options.guess if options.guesses else options.named[0]) or "env"
    folder = cached_environments(context.environ)
    platform = Platform(subdir, subdir, tuple(offered))
    want = Wanted(_prefix(folder, name, key), channels, platform, specs, options.pypi, config)
    if not (context.offline or config.offline) or want.is_ready:
        return want
    # What is solved offline may be older, and nobody with a network should be given it.
    return replace(want, prefix=_prefix(folder, name, {**key, "offline": True}))


def _prefix(folder: Path, name: str, key: Mapping[str, Any]) -> Path:
    return (folder / f"{name[:40]}-{text_digest(json.dumps(key))[:16]}").absolute()


async def make(want: Wanted, options: ExecOptions, context: Context) -> None:
    """Solve and install the environment. Raises SolveError, NetworkError, InstallError, Refused.

    With `--with`, a command that is no package of its name comes from the other packages.
    """
    import asyncio

    allowed(context.environ, want.config).refuse_channels(want.channels)
    if want.is_ready and not options.force_reinstall:
        return
    refuse_if_frozen_folder(context.cwd, context.environ)
    want.prefix.parent.mkdir(parents=True, exist_ok=True)
    lock = system.FileLock(want.prefix.with_name(want.prefix.name + ".lock"))
    while not lock.try_acquire():
        await asyncio.sleep(0.05)
    try:
        if want.is_ready and not options.force_reinstall:
            return
        (want.prefix / "conda-meta" / _MARK).unlink(missing_ok=True)
        try:
            await _make(want, want.specs, options, context)
        except SolveError:
            if not (options.guesses and options.with_):
                raise
            await _make(want, want.specs[:-1], options, context)
    finally:
        lock.release()


async def _make(want: Wanted, specs: Sequence[str], options: ExecOptions, context: Context) -> None:
    from ...prefix.installation import install as install_prefix
    from ...prefix.request import InstallRequest
    from ...solve import LockRequest, update_lock

    manifest, environment = _environment(want, specs, context)
    request = LockRequest(
        manifest=manifest,
        environments={environment.name: environment},
        config=want.config,
        offline=context.offline,
        environ=context.environ,
        required=frozenset({environment.name}),
    )
    try:
        lock = await update_lock(request, context.sink)
    except SolveError as error:
        detail = error.message.split("\n", 1)[-1] if error.message.startswith("failed to solve") else error.message
        raise SolveError(f"failed to solve environment\n{detail}", help=error.help) from None
    here = host(context.environ)
    await install_prefix(
        InstallRequest(
            manifest=manifest,
            environment=environment,
            platform=want.platform,
            lock=lock,
            prefix=want.prefix,
            config=want.config,
            host=here.virtual_packages if want.platform.subdir == here.subdir and not here.pretended else None,
            foreign=want.platform.subdir != here.subdir,
            reinstall="all" if options.force_reinstall else frozenset(),
            offline=context.offline,
            cache=cache_folder(context.environ),
            environ=context.environ,
        ),
        context.sink,
    )
    mark: dict[str, Any] = {"prefix": str(want.prefix), "specs": list(specs), "pypi": list(want.pypi)}
    system.replace_file(want.prefix / "conda-meta" / _MARK, json.dumps(mark).encode())
    markers.sweep(want.prefix, _MARK)


def _environment(want: Wanted, specs: Sequence[str], context: Context) -> tuple[Manifest, Environment]:
    """The environment as the solver and the installer take it: what a manifest with these specs would compose to."""
    from ...manifest.specs_text import parse_conda, parse_pypi

    manifest = parse_manifest(_MANIFEST, want.prefix / "pixi.toml")
    conda: list[tuple[str, CondaSpec]] = [_parsed(parse_conda(text), context) for text in specs]
    pypi: list[tuple[str, PypiSpec]] = [parse_pypi(text) for text in want.pypi]
    if pypi and not any(name == "python" for name, _ in conda):
        conda.append(("python", CondaSpec(version="*")))
    manifest = replace(manifest, workspace=replace(manifest.workspace, platforms=(want.platform,)))
    environment = compose(manifest, want.config)["default"]
    platform = environment.platforms[0]
    on = replace(
        environment.on[platform.name],
        virtual_packages=_virtual_packages(want, environment.on[platform.name].virtual_packages),
        dependencies=tuple(conda),
        pypi_dependencies=tuple(pypi),
    )
    return manifest, replace(
        environment, channels=want.channels, on={platform.name: on}, has_plain_pypi=bool(pypi), combine=None
    )


def _parsed(spec: tuple[str, CondaSpec], context: Context) -> tuple[str, CondaSpec]:
    name, conda = spec
    if conda.path is not None:
        conda = replace(conda, path=str(context.cwd / conda.path))
    return name.lower(), conda


def _virtual_packages(want: Wanted, declared: Sequence[VirtualPackage]) -> tuple[VirtualPackage, ...]:
    """This machine's own; for another platform those that it is supposed to have."""
    if not want.platform.declared:
        return tuple(declared)
    archspec = [p for p in declared if p.name == "__archspec"]
    return (*want.platform.declared, *(p for p in archspec if p.name not in {d.name for d in want.platform.declared}))


def variables(want: Wanted, options: ExecOptions, environ: Mapping[str, str], *, prompt: bool = True) -> dict[str, str]:
    """The environment of the command: the prefix activated, but nothing of a workspace. Raises ActivationError."""
    nobody = activation.Project(str(want.prefix), "exec", "", "default", ())
    found = activation.static(want.prefix, nobody)
    own = {k: v for k, v in found.variables.items() if not k.startswith("PIXI_") and k != "CONDA_DEFAULT_ENV"}
    result = activation.evaluate(replace(found, variables=own), environ).environ()
    if options.named:
        title = f"temp:{','.join(options.named)}"
        result["PIXI_ENVIRONMENT_NAME"] = title
        if prompt:
            result["PS1"] = f"(pixi:{title}) [\\w] \\$"
    return result


def packages(want: Wanted, pattern: str) -> tuple[tuple[str, str, str, str], ...]:
    """Name, version, build and kind of what is installed, sorted, where the name matches. Raises PixiError."""
    from ...prefix.installed import conda_records, distributions

    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise PixiError(f"'{pattern}' is not a regular expression: {error}.") from None
    rows = [(r.name, r.version, r.build, "conda") for r in conda_records(want.prefix).values()]
    if want.pypi:
        known = {row[0] for row in rows}
        for name, found in distributions(want.prefix).items():
            if name not in known:
                rows.append((name, found.version, "", "pypi"))
    return tuple(sorted(row for row in rows if regex.search(row[0])))
