"""Turns a workspace and this machine into what `list`, `info` and `export` show of them."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ... import PIXI_VERSION
from ...environments import Host, choose_platform, host
from ...environments.host import current_subdir
from ...environments.model import Environment
from ...errors import PixiError
from ...manifest.model import Platform, VirtualPackage
from ...manifest.platform_toml import friendly_texts
from ...manifest.platforms import derived_name
from ..context import Context
from ..locking.locked import locked
from ..workspace import OpenWorkspace, open_workspace


async def locked_workspace(context: Context) -> OpenWorkspace:
    """The workspace with an up-to-date lock, which is written if it had to be solved. Nothing is installed."""
    opened = open_workspace(context)
    return await locked(opened, context, [opened.default_name(context)])


def platform_to_show(opened: OpenWorkspace, environment: Environment, name: str | None, context: Context) -> Platform:
    """The platform a listing is for: the named one, else the one that this machine is. Raises PixiError."""
    if name is not None:
        platform = environment.platform(name)
        if platform is None:
            from .listing import no_packages

            raise no_packages(environment.name, name, environment.platforms)
        return platform
    choice = choose_platform(environment, host(context.environ))
    if choice.platform is None or choice.by_accident:
        raise PixiError(
            f"no platform supported by environment '{environment.name}' matches the current system",
            help="Name one with --platform: " + ", ".join(p.name for p in environment.platforms) + ".",
            code="cannot-run",
        )
    return choice.platform


def info(context: Context, *, extended: bool = False) -> dict[str, Any]:
    """The document of `info --json` (Pixi's keys)."""
    from ...config import cache_folder

    home = Path(context.environ.get("PIXI_HOME") or Path.home() / ".pixi")
    auth = context.environ.get("RATTLER_AUTH_FILE") or str(Path.home() / ".rattler" / "credentials.json")
    opened = _opened(context)
    detected = host(context.environ, archspec=True)
    return {
        "platform": current_subdir(),
        "virtual_packages": [f"{v.name}={v.version}={v.build or '0'}" for v in detected.virtual_packages],
        "version": PIXI_VERSION,
        "tls_backend": "rustls",
        "cache_dir": str(cache_folder(context.environ)),
        "cache_size": _size_text(cache_folder(context.environ)) if extended else None,
        "auth_dir": auth,
        "global_info": {
            "bin_dir": str(home / "bin"),
            "env_dir": str(home / "envs"),
            "manifest": str(home / "manifests" / "pixi-global.toml"),
        },
        "project_info": _project(opened, extended) if opened else None,
        "environments_info": [_environment(opened, e, detected, extended) for e in opened.environments.values()]
        if opened
        else [],
        "config_locations": [str(p) for p in opened.config.files] if opened else _config_files(context),
    }


def _opened(context: Context) -> OpenWorkspace | None:
    try:
        return open_workspace(context, tolerate_lock=True)
    except PixiError:
        return None


def _config_files(context: Context) -> list[str]:
    from ...config import load_config

    config = load_config(None, context.environ, context.settings)
    for text in config.warnings:
        context.warn(text)
    return [str(p) for p in config.files]


def _project(opened: OpenWorkspace, extended: bool) -> dict[str, Any]:
    lock = opened.lock_path
    changed = time.strftime("%d-%m-%Y %H:%M:%S", time.localtime(lock.stat().st_mtime)) if lock.exists() else None
    return {
        "name": opened.manifest.workspace.name,
        "manifest_path": str(opened.manifest.path),
        "last_updated": changed,
        "pixi_folder_size": _size_text(opened.root / ".pixi") if extended else None,
        "version": opened.manifest.workspace.version,
    }


def _environment(opened: OpenWorkspace, environment: Environment, machine: Host, extended: bool) -> dict[str, Any]:
    from ...prefix.markers import read_marker
    from ..running.tasks import visible
    from ..targets import prefix_of

    prefix = prefix_of(opened, environment.name)
    marker = read_marker(prefix)
    resolved = minimum = None
    if marker is not None:
        if marker.platform is not None:
            resolved = _shown_platform(marker.platform[0], map(_virtual, marker.platform[1]))
        if marker.minimum is not None:
            subdir, needs = marker.minimum
            minimum = _shown_platform(subdir, [p for p in map(_required, needs) if p is not None])
    pypi = _unique(name for on in environment.on.values() for name, _ in on.pypi_dependencies)
    return {
        "name": environment.name,
        "features": [f.name for f in environment.features if not f.is_inline],
        "solve_group": environment.solve_group,
        "environment_size": _size_text(prefix) if extended and prefix.exists() else None,
        "dependencies": _unique(name for on in environment.on.values() for name, _ in on.dependencies),
        "pypi_dependencies": pypi,
        "platforms": [
            {"name": p.name, "subdir": p.subdir, "virtual_packages": friendly_texts(p.declared)}
            for p in environment.platforms
        ],
        "resolved_platform": resolved,
        "minimum_supported_platform": minimum,
        "tasks": list(visible(environment, choose_platform(environment, machine).platform)),
        "channels": [c.text for c in environment.channels],
        "prefix": str(prefix),
    }


def _shown_platform(subdir: str, packages: Iterable[VirtualPackage]) -> dict[str, Any]:
    """A platform as `info --json` shows it: with the name that it would get in a manifest."""
    own = tuple(packages)
    return {"name": derived_name(subdir, own), "subdir": subdir, "virtual_packages": friendly_texts(own)}


def _virtual(text: str) -> VirtualPackage:
    name, version, build = [*text.split("=", 2), None, None][:3]
    return VirtualPackage(str(name), version or "0", build)


def _required(spec: str) -> VirtualPackage | None:
    """What a locked package asks of the machine (`__cuda >=12`) as the least that fulfils it; None for `__unix`."""
    name, _, version = spec.partition(" ")
    if name in ("__unix", "__archspec"):
        return None
    found = re.search(r"(?:>=|==|=|~=)?\s*([0-9][0-9A-Za-z.]*)", version)
    return VirtualPackage(name, found[1] if found else "0")


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _size_text(folder: Path) -> str:
    """The disk space of a folder, as `12.5 MiB`."""
    size = 0
    for base, _, files in os.walk(folder):
        for name in files:
            try:
                size += (Path(base) / name).lstat().st_size
            except OSError:
                continue
    return f"{size / 2**20:.2f} MiB"
