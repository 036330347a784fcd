"""Turns a fetched folder into what a launch would do: which environments are installed from where, what would run.

Only reads. The answer is shown before anything is installed; `environments` and `opened` are then what is done.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ... import trust
from ...environments.allowed import allowed
from ...errors import ManifestNotFound, UnsupportedPlatform
from ...lockfile import packages
from ...manifest.model import DEFAULT
from ...prefix.kernels import offered
from ..context import Context
from ..looking.origins import DEFAULT_INDEX, asked, is_built
from ..policy import refuse_if_forbidden
from ..targets import choice, prefix_of
from ..workspace import OpenWorkspace, open_workspace
from .launch_target import inside

MANIFESTS = ("pixi.toml", "pyproject.toml", "mojoproject.toml")
MAX_CONFIGURATION = 8000  # bytes of it that are shown
_README = re.compile(r"(readme|index)\.(ipynb|md)\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Install:
    """One environment that would be installed. `bytes` is the size of what is fetched where the lock says it."""

    environment: str
    packages: int
    bytes: int
    sources: tuple[str, ...]  # hosts of channels, indexes and repositories
    builds: tuple[str, ...]  # packages that are built from source, which runs their build


@dataclass(frozen=True)
class Launch:
    """A launch as it would be. `root` is the workspace, `opened` a path relative to it, "" for the file browser.

    `scripts` are activation scripts that each start of a kernel runs, `expressions` variables that a shell evaluates.
    `configuration` is the text of the workspace's own `.pixi/config.toml`, which may say from where packages come.
    """

    manifest: Path
    root: Path
    name: str
    environments: tuple[Install, ...]
    left_out: tuple[tuple[str, str], ...]
    locked: bool
    scripts: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    configuration: str = ""
    opened: str = ""

    def to_json(self) -> dict[str, Any]:
        """The launch as JSON data."""
        return {**asdict(self), "manifest": str(self.manifest), "root": str(self.root)}


def plan_launch(
    place: Path, subfolder: str, context: Context, names: Sequence[str] = (), opened: str | None = None
) -> Launch:
    """What a launch of the folder would do. Raises PixiError: no workspace in it, none of it runs
    here, or the administrator does not allow it."""
    from dataclasses import replace

    folder = inside(place, subfolder)
    manifest = _manifest(place, folder)
    workspace = open_workspace(replace(context, manifest_path=manifest))
    refuse_if_forbidden(workspace.root, context.environ)
    chosen, left_out = _environments(workspace, context, names, opened)
    _refuse_sources(workspace, chosen, context)
    return Launch(
        manifest=manifest,
        root=manifest.parent,
        name=workspace.manifest.workspace.name,
        environments=tuple(_install(workspace, name, context) for name in chosen),
        left_out=tuple(left_out),
        locked=workspace.lock is not None and workspace.verdict.up_to_date,
        scripts=_scripts(workspace),
        expressions=_expressions(workspace),
        configuration=_configuration(workspace.root),
        opened=_file(manifest.parent, opened),
    )


def _refuse_sources(workspace: OpenWorkspace, names: Sequence[str], context: Context) -> None:
    """Raises Refused before anybody is asked, where the administrator does not allow what would be fetched."""
    permitted = allowed(context.environ, workspace.config, workspace.manifest.workspace.s3_options)
    for name in names:
        permitted.refuse_environment(workspace.environments[name], workspace.root)
        locked = workspace.lock.environments.get(name) if workspace.lock is not None else None
        for rows in locked.packages.values() if locked is not None else ():
            permitted.refuse_packages(rows, workspace.root)


def _manifest(place: Path, folder: Path) -> Path:
    """The manifest in the folder or above it, as far as what was fetched goes. Raises ManifestNotFound."""
    top = place.resolve()
    for candidate in (folder, *folder.parents):
        for name in MANIFESTS:
            path = candidate / name
            if path.is_file() and (name != "pyproject.toml" or "[tool.pixi" in path.read_text("utf-8", "replace")):
                if not path.resolve().is_relative_to(top):
                    raise ManifestNotFound(f"{name} is a link that leads out of what was fetched.")
                return path
        if candidate == top:
            break
    raise ManifestNotFound(
        f"There is no Pixi workspace in {folder}.",
        help="It needs a pixi.toml or a pyproject.toml with [tool.pixi]; --subfolder says where in the repository.",
    )


def _environments(
    workspace: OpenWorkspace, context: Context, names: Sequence[str], opened: str | None
) -> tuple[list[str], list[tuple[str, str]]]:
    """The environments to install: those named, else the one of the notebook that is opened, else one with a kernel."""
    able: list[str] = []
    left_out: list[tuple[str, str]] = []
    for name in names:
        workspace.environment(name)
    for name, environment in workspace.environments.items():
        found = choice(workspace, environment, context, workspace.lock)
        if found.platform is None:
            if name in names:
                raise UnsupportedPlatform(f"The environment '{name}' cannot run here: {'; '.join(found.reasons)}.")
            left_out.append((name, "cannot run here: " + "; ".join(found.reasons)))
        else:
            able.append(name)
    if names:
        return list(dict.fromkeys(names)), left_out
    if not able:
        raise UnsupportedPlatform(
            "No environment of this workspace can run here: " + "; ".join(f"{n} {r}" for n, r in left_out) + "."
        )
    own = any(t.dependencies or t.pypi_dependencies for t in workspace.manifest.features[DEFAULT].targets)
    kernels = [
        name
        for name in able
        if (name != DEFAULT or own or len(workspace.environments) == 1)
        and offered(workspace.environments[name], workspace.lock, prefix_of(workspace, name))
    ]
    wanted = _of_notebook(workspace, _file(workspace.root, opened))
    first = next((n for n in (wanted, *[k for k in kernels if k != DEFAULT], *kernels, *able) if n in able), able[0])
    return [first], left_out


def _of_notebook(workspace: OpenWorkspace, opened: str) -> str | None:
    """The environment whose kernel a notebook names (`pixi.<workspace>.<environment>`)."""
    if not opened.endswith(".ipynb"):
        return None
    try:
        name = json.loads((workspace.root / opened).read_bytes())["metadata"]["kernelspec"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    parts = str(name).split(".")
    return parts[2] if len(parts) >= 3 and parts[0] == "pixi" else None


def _install(workspace: OpenWorkspace, name: str, context: Context) -> Install:
    environment = workspace.environments[name]
    platform = choice(workspace, environment, context, workspace.lock).platform
    locked = workspace.lock.environments.get(name) if workspace.lock is not None else None
    rows = locked.packages.get(platform.name, ()) if locked is not None and platform is not None else ()
    hosts = dict.fromkeys(_host(c.url) for c in environment.channels)
    hosts |= dict.fromkeys(_host(p.location) for p in rows if "://" in p.location)
    builds = dict.fromkeys(packages.name(p) for p in rows if is_built(p))
    if platform is not None and not (workspace.lock is not None and workspace.verdict.up_to_date):
        more = asked(environment, platform.name)
        hosts |= dict.fromkeys(map(_host, more.sources))
        builds |= dict.fromkeys(more.builds)
    return Install(name, len(rows), sum(packages.size(p) or 0 for p in rows), tuple(hosts), tuple(builds))


def _host(location: str) -> str:
    if location == DEFAULT_INDEX:
        return location
    parts = urlsplit(location.removeprefix("git+").removeprefix("direct+"))
    return parts.hostname or "this machine"


def _scripts(workspace: OpenWorkspace) -> tuple[str, ...]:
    """The activation scripts of all environments, and local files that steer builds: what trust is about."""
    root = workspace.root
    files = [os.path.relpath(f, root) for f in trust.what_runs(workspace.manifest, workspace.lock)]
    kept = {workspace.manifest.path.name, "pixi.lock", str(Path(".pixi", "config.toml"))}
    return tuple(f for f in files if f not in kept and (root / f).is_file())


def _configuration(root: Path) -> str:
    try:
        with (root / ".pixi" / "config.toml").open("rb") as file:
            return file.read(MAX_CONFIGURATION).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _expressions(workspace: OpenWorkspace) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for environment in workspace.environments.values():
        for on in environment.on.values():
            found |= {f"{k}={v}": None for k, v in on.activation.env.items() if "$(" in v or "`" in v}
    return tuple(found)


def _file(root: Path, opened: str | None) -> str:
    """What to open: the file that is named, else a README or index, else the only notebook. Raises PixiError."""
    if opened:
        inside(root, opened)
        return opened
    names = sorted(p.name for p in root.iterdir() if p.is_file())
    notebooks = [n for n in names if n.endswith(".ipynb")]
    readme = [n for n in names if _README.match(n)]
    first = sorted(readme, key=lambda n: not n.endswith(".ipynb"))
    if first and first[0].endswith(".ipynb"):
        return first[0]
    if len(notebooks) == 1:
        return notebooks[0]
    return first[0] if first else (notebooks[0] if notebooks else "")


def told(launch: Launch) -> str:
    """The launch as a person is asked about it."""
    lines = [f"{launch.name}, in {launch.root}", "", "Would be installed:"]
    for install in launch.environments:
        size = f", {install.bytes / 1e6:.0f} MB" if install.bytes else ""
        count = (
            f"{install.packages} packages{size}"
            if launch.locked
            else "what a new solve gives (its lock is not up to date)"
        )
        lines.append(f"  {install.environment}: {count}, from {', '.join(install.sources) or 'nowhere'}")
        lines += [f"    built from source, which runs its build: {name}" for name in install.builds]
    lines += [f"  not {name}: {reason}" for name, reason in launch.left_out]
    lines += ["", "Would run at each start of a kernel:"]
    runs = [*(f"  {s}" for s in launch.scripts), *(f"  {e}" for e in launch.expressions)]
    lines += runs or ["  nothing but the packages' own activation"]
    if launch.configuration:
        lines += ["", "Its own configuration (.pixi/config.toml):"]
        lines += [f"  {line}" for line in launch.configuration.splitlines()]
    if launch.opened:
        lines += ["", f"Would be opened: {launch.opened}"]
    return "\n".join(lines)
