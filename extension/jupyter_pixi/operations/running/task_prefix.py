"""Turns the environments that `run`, `shell` and `shell-hook` need into current ones, and into their variables.

Where nothing has changed this reads the manifest and compares digests: no solver, no lock file, no py-rattler.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import system
from ...config import load_config
from ...digests import digest, file_digest
from ...environments import Host, compose, host
from ...environments.model import Environment
from ...environments.pick import choose_platform, missing_packages, unsupported
from ...errors import LockFileError, PixiError
from ...manifest import parse_manifest
from ...manifest.model import Platform
from ...prefix import activation, paths, statefile
from ...prefix.digests import NOTHING
from ..context import Context
from ..policy import refuse_if_forbidden
from ..program import executable
from ..scripts import has_no_file
from ..targets import locked_requirements, prefix_of
from ..workspace import OpenWorkspace, locate, open_workspace, told

if TYPE_CHECKING:
    from ..installing.install import Installed

_SATISFIED = "satisfied.json"


@dataclass(frozen=True)
class Session:
    """A workspace while commands run in it. `opened` has its lock file only once that was needed (`locked`)."""

    context: Context
    opened: OpenWorkspace
    locked: bool = False

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        return self.opened.root

    @property
    def installs(self) -> bool:
        """Whether prefixes may be changed."""
        return not self.context.no_install

    @cached_property
    def machine(self) -> Host:
        """This machine."""
        return host(self.context.environ)

    @property
    def is_script(self) -> bool:
        """Whether this is a Python script with an inline block, in a workspace's place."""
        return self.opened.manifest.kind == "script"

    @property
    def own_folder(self) -> Path:
        """Where notes about this workspace are kept; those about a script stand beside its prefix in the cache."""
        if self.is_script:
            return self.prefix("default").parent.parent
        return paths.state_folder(self.root)

    @property
    def lock_path(self) -> Path:
        """The lock file; for a script without one beside it, the one that an earlier run left in the cache."""
        beside = self.opened.lock_path
        return self.own_folder / "pixi.lock" if self.is_script and not beside.exists() else beside

    def prefix(self, name: str) -> Path:
        """The prefix of an environment."""
        return prefix_of(self.opened, name)

    def platform(self, environment: Environment) -> Platform | None:
        """The platform an environment has on this machine; if none runs here, the first of this machine's kind."""
        return self.running(environment) or next(
            (p for p in environment.platforms if p.subdir == self.machine.subdir), None
        )

    def running(self, environment: Environment) -> Platform | None:
        """The platform of an environment that runs on this machine."""
        needs = locked_requirements(self.opened.lock, environment.name) if self.locked else None
        found = choose_platform(environment, self.machine, needs).platform
        if found is None and not self.locked:
            state = statefile.read_state(self.prefix(environment.name)) or {}
            found = environment.platform(str((state.get("platform") or {}).get("name")))
        return found


def begin(context: Context) -> Session:
    """Read the manifest, not the lock file. Raises ManifestError."""
    if context.script is not None:
        return Session(context, open_workspace(context))
    path = locate(context)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PixiError(f"Cannot read {path}: {error.strerror}.", code="manifest") from None
    manifest = parse_manifest(data, path)
    config = load_config(manifest.root, context.environ, context.settings)
    if context.caller is None:
        told(context, manifest, config)
    return Session(context, OpenWorkspace(manifest, data, compose(manifest, config), config, None, None))


def of_script(context: Context, data: bytes) -> Session:
    """A session for a script that has no file: `context.script` is its name. Raises ManifestError."""
    from ...manifest.script import parse_script
    from ..scripts import for_machine

    assert context.script is not None
    manifest = for_machine(parse_script(data, context.cwd / context.script), None)
    config = load_config(manifest.root, context.environ)
    return Session(context, OpenWorkspace(manifest, data, compose(manifest, config), config, None, None))


def is_satisfied(session: Session) -> bool:
    """Whether the lock file is known to fulfil this manifest: an earlier check of the very same bytes said so."""
    try:
        known = json.loads((session.own_folder / _SATISFIED).read_bytes())
    except (OSError, ValueError):
        return False
    return bool(known == _digests(session))


def _digests(session: Session) -> dict[str, Any]:
    return {
        "version": 1,
        "manifest": digest(session.opened.manifest_data),
        "lock": file_digest(str(session.lock_path)),
        "config": statefile.config_digest(session.opened.config.files),
    }


async def lock(session: Session) -> Session:
    """Bring the lock file up to date (with `--frozen`: take it as it is), and note that it is.

    Raises LockOutOfDate, SolveError, NetworkError.
    """
    from ..locking.locked import locked
    from ..trusting import remember

    context = session.context
    if session.is_script:
        return await _lock_script(session)
    opened = await locked(open_workspace(context), context)
    if context.frozen:
        return replace(session, opened=opened, locked=True)
    remember(opened, context)
    session = replace(session, opened=opened, locked=True)
    _note(session)
    return session


async def _lock_script(session: Session) -> Session:
    """The same for a script: without a lock file beside it, its lock is kept in the cache and solved only once."""
    from ...lockfile import read_lock, with_platform_names
    from ..locking.relock import relock
    from ..publishing.publication import Pair, publish
    from ..scripts import require_lock

    context, opened, path = session.context, session.opened, session.lock_path
    require_lock(opened, context)
    if opened.lock is None and path.exists():
        try:
            data = path.read_bytes()
            opened = replace(opened, lock=with_platform_names(read_lock(data, path), opened.platforms), lock_data=data)
        except (OSError, LockFileError):
            pass  # solved anew
    relocked = await relock(opened, context)
    if relocked.data is not None and path == opened.lock_path:
        publish(opened, Pair(lock=relocked.data))
    elif relocked.data is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        system.replace_file(path, relocked.data)
    opened = replace(opened, lock=relocked.lock, lock_data=relocked.data or opened.lock_data)
    session = replace(session, opened=opened, locked=True)
    if not context.frozen:
        _note(session)
    return session


def _note(session: Session) -> None:
    """Note that the lock fulfils the manifest, where that depends on their bytes alone: no package of local source."""
    assert session.opened.lock is not None
    for environment in session.opened.lock.environments.values():
        for locked in environment.packages.values():
            if any(_is_local(p.kind, p.location) for p in locked):
                return
    try:
        if not session.is_script:
            paths.prepare_pixi_folder(session.root)
        folder = session.own_folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        system.replace_file(folder / _SATISFIED, json.dumps(_digests(session)).encode(), mode=0o600)
    except OSError:
        pass


def _is_local(kind: str, location: str) -> bool:
    return kind == "conda_source" or (kind == "pypi" and "://" not in location)


def needs_prefix(environment: Environment, platform: Platform | None) -> bool:
    """Whether anything is installed for an environment: one without dependencies runs in the system as it is.

    Without a platform (none of this machine's kind) those of all its platforms count.
    """
    if not environment.platforms:
        targets = [target for feature in environment.features for target in feature.targets]
        return any(target.dependencies or target.pypi_dependencies or target.dev for target in targets)
    places = [environment.on[platform.name]] if platform is not None else list(environment.on.values())
    return any(on.dependencies or on.pypi_dependencies or on.dev for on in places)


def is_current(session: Session, name: str) -> bool:
    """Whether the prefix is as its last install left it, for these very files. Reads a few small files."""
    prefix = session.prefix(name)
    state = statefile.read_state(prefix)
    if state is None or state.get("environment") != name or state.get("hash") == NOTHING:
        return False  # an `install` where the platform fits by accident, which `run` marks anew
    return not statefile.why_stale(
        state,
        prefix,
        manifest=session.opened.manifest.path,
        lock=session.root / "pixi.lock" if session.is_script else session.opened.lock_path,
        config_layers=session.opened.config.files,
        environ=session.context.environ,
    )


async def install(session: Session, name: str, *, as_run: bool = True, quick: bool = True) -> Installed:
    """Install an environment; with `quick` as a start does: not at all if its marker fits. Raises InstallError …

    With `as_run` the marker says what the lock holds even where the platform fits by accident only, as Pixi's does.
    Raises Refused where the calling kernel, or Jupyter itself, has loaded what that would move.
    """
    from ..installing.guard_install import RUN, guard_install
    from ..installing.install import Installed, InstallOptions, activated, install_environment
    from ..installing.refresh import changes
    from ..locking.relock import require_frozen

    opened, context = session.opened, session.context
    if context.frozen:
        require_frozen(opened, name)
    guard_install(opened, name, context, wording=RUN)
    before = activated(opened, (name,), context)
    report = await install_environment(opened, name, context, InstallOptions(quick=quick, as_run=as_run))
    return Installed({name: report}, activation=changes(before, activated(opened, (name,), context)))


def refuse_unsupported(session: Session, environment: Environment) -> None:
    """Raise UnsupportedPlatform where this machine cannot run the environment; warn once where it can by accident."""
    platform = session.running(environment)
    if platform is None:
        if needs_prefix(environment, None):
            needs = locked_requirements(session.opened.lock, environment.name) if session.locked else None
            raise unsupported(environment, session.machine, choose_platform(environment, session.machine, needs))
        if not environment.platforms:
            session.context.warn(
                f"The environment '{environment.name}' has no platform, so nothing can be installed for it: add this "
                f"machine's with `pixi workspace platform add {session.machine.subdir}`"
            )
        return
    missing = [] if session.machine.pretended else missing_packages(platform, session.machine)
    if not missing or not needs_prefix(environment, platform):
        return
    folder = session.own_folder if session.is_script else paths.pixi_folder(session.root)
    told = folder / "one-time-messages" / f"runs-by-accident-{environment.name}"
    if told.exists():
        return
    wanted = ", ".join(f"{p.name.removeprefix('__')} >={p.version}" for p in missing)
    names = ", ".join(f"'{p.name}'" for p in missing)
    session.context.warn(
        f"Environment '{environment.name}' requires {wanted}, but this machine does not provide {names}. The currently "
        "installed packages don't actually need it, so the environment still runs, but the next re-resolve (e.g. 'pixi "
        "update' or a change to the manifest) may install packages that do, which would no longer run on this machine."
    )
    try:
        told.parent.mkdir(parents=True, exist_ok=True)
        told.touch()
    except OSError:
        pass


def static(session: Session, name: str) -> activation.Static:
    """The activation of an environment, from files alone. Raises ActivationError, and Refused by the administrator."""
    opened = session.opened
    refuse_if_forbidden(opened.root, session.context.environ)
    environment = opened.environment(name)
    platform = session.platform(environment) or next(iter(environment.platforms), None)
    on = environment.on.get(platform.name) if platform is not None else None
    project = activation.Project(
        root=str(opened.root),
        name=opened.manifest.workspace.name,
        manifest=opened.manifest.path.name if has_no_file(opened.manifest.path) else str(opened.manifest.path),
        environment=name,
        platforms=tuple(p.name for p in environment.platforms),
        version=opened.manifest.workspace.version,
        exe=executable(),
    )
    scripts, env = (on.activation.scripts, on.activation.env) if on is not None else ((), {})
    found = activation.static(session.prefix(name), project, scripts, env)
    for warning in found.warnings:
        session.context.warn(warning)
    return found


def outside(context: Context) -> dict[str, str]:
    """The variables that a command starts from. What a kernel's magic added for us alone does not count."""
    if context.caller is None:
        return dict(context.environ)
    ours = ("PIXI_IN_SHELL", "PIXI_PROJECT_ROOT", "PIXI_PROJECT_MANIFEST", "PIXI_ENVIRONMENT_NAME")
    return {name: value for name, value in context.environ.items() if name not in ours}


def variables(session: Session, name: str, *, clean: bool = False, anew: bool = False) -> dict[str, str]:
    """The whole environment of a command in an activated environment. Raises ActivationError.

    Scripts run for it, unless the configuration lets them be kept and `anew` is not asked for.
    """
    environ: Mapping[str, str] = outside(session.context)
    parts, config, cwd = static(session, name), session.opened.config, session.context.cwd
    if config.activation_cache and not (clean or anew or config.force_activate or session.is_script):
        from ...prefix import activation_cache

        path = paths.pixi_folder(session.root) / activation_cache.FOLDER / f"activation_{name}.json"
        found = activation_cache.cached(path, parts, environ, cwd)
    else:
        found = activation.evaluate(parts, environ, clean=clean, cwd=cwd)
    return {**found.environ(), "INIT_CWD": str(cwd)}
