"""Turns a prefix and what the manifest asks for into the variables of an activated environment.

In two steps. `static` reads files only: PATH entries, CONDA_*, PIXI_*, package variables, the scripts there are. Its
result may be stored. `evaluate` adds what depends on the caller's environment, and runs bash (cmd on Windows) once
where there are scripts or values with a `$`; nothing that it returns may be stored, it can hold secrets.
(rattler_shell, activation.rs; pixi_core, activation.rs.) Light: the kernel launcher imports this.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import system
from ..errors import ActivationError

NO_VERSION = "NO_VERSION_SPECIFIED"
_UNIX_SCRIPTS = (".sh", ".bash")
_WINDOWS_SCRIPTS = (".bat",)
_KEPT_WHEN_CLEAN = frozenset({"DISPLAY", "SHELL", "USER", "USERNAME", "LOGNAME", "HOME", "HOSTNAME"})
_KEPT_ON_MACOS = ("TMPDIR", "XPC_SERVICE_NAME", "XPC_FLAGS")
_KEPT_ON_WINDOWS = frozenset(
    {"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERPROFILE"}
)
_OURS = ("CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PIXI_")


@dataclass(frozen=True)
class Project:
    """What the PIXI_* variables say about the workspace. Plain data, so that it comes from a manifest or a file.

    `platforms` are the names of the environment's platforms; `exe` is the program that PIXI_EXE names.
    """

    root: str
    name: str
    manifest: str
    environment: str
    platforms: tuple[str, ...]
    version: str | None = None
    exe: str = ""

    @property
    def title(self) -> str:
        """`name`, or `name:environment` for others than the default one."""
        return self.name if self.environment == "default" else f"{self.name}:{self.environment}"

    def variables(self) -> dict[str, str]:
        """The PIXI_* variables and CONDA_DEFAULT_ENV."""
        return {
            "PIXI_PROJECT_ROOT": self.root,
            "PIXI_PROJECT_NAME": self.name,
            "PIXI_PROJECT_MANIFEST": self.manifest,
            "PIXI_PROJECT_VERSION": self.version or NO_VERSION,
            "PIXI_IN_SHELL": "1",
            "PIXI_EXE": self.exe,
            "CONDA_DEFAULT_ENV": self.title,
            "PIXI_ENVIRONMENT_NAME": self.environment,
            "PIXI_ENVIRONMENT_PLATFORMS": ",".join(self.platforms),
            "PIXI_PROMPT": f"({self.title}) ",
        }


@dataclass(frozen=True)
class Static:
    """The part of an activation that comes from files alone. `to_dict` and `from_dict` are the stored form.

    `path` goes before PATH. `variables` are in the order they are set, as written (a package's value may hold a `$`).
    `scripts` are absolute and sourced in this order, `of_manifest` of them come from the manifest. `env` is the raw
    text of `activation.env`.
    """

    path: tuple[str, ...]
    variables: Mapping[str, str]
    scripts: tuple[str, ...] = ()
    of_manifest: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def needs_shell(self) -> bool:
        """Whether a shell has to run: there are scripts, or values that a shell expands."""
        return bool(self.scripts) or any("$" in v for v in self.env.values()) or bool(self.expanded())

    def expanded(self) -> dict[str, str]:
        """Package variables that the shell expands. Our own are paths and names, taken literally."""
        return {k: v for k, v in self.variables.items() if "$" in v and not k.startswith(_OURS)}

    def to_dict(self) -> dict[str, Any]:
        """The activation as JSON data, for the state file."""
        return {
            "path": list(self.path),
            "variables": dict(self.variables),
            "needs_shell": self.needs_shell,
            "scripts": list(self.scripts),
            "of_manifest": list(self.of_manifest),
            "env": dict(self.env),
        }

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Static:
        """The activation of JSON data. Raises KeyError or TypeError for something else."""
        return Static(
            tuple(data["path"]),
            dict(data["variables"]),
            tuple(data["scripts"]),
            tuple(data.get("of_manifest", ())),
            dict(data["env"]),
        )


@dataclass(frozen=True)
class Activated:
    """The result: variables that differ from the caller's, names that scripts unset, the manifest's scripts.

    `base` is what the child's environment starts from: the caller's, or its clean part.
    """

    variables: Mapping[str, str]
    unset: tuple[str, ...]
    scripts: tuple[str, ...]
    warnings: tuple[str, ...]
    base: Mapping[str, str]

    def environ(self) -> dict[str, str]:
        """The whole environment for a child. What scripts unset stays set if the caller had it, as in `pixi run`."""
        return {**self.base, **self.variables}


def static(
    prefix: Path,
    project: Project,
    scripts: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    *,
    windows: bool = system.WINDOWS,
) -> Static:
    """Read the activation of a prefix. `scripts` are the manifest's, relative to the root; `env` its raw variables.

    A missing script, and one of a kind that this system does not source, is a warning. Raises ActivationError for a
    broken JSON file of a package.
    """
    variables = {"CONDA_PREFIX": str(prefix), **_package_variables(prefix), **project.variables()}
    of_packages = _package_scripts(prefix, windows)
    of_manifest, warnings = _manifest_scripts(Path(project.root), scripts, windows)
    return Static(
        path_entries(prefix, windows),
        variables,
        (*of_packages, *of_manifest),
        of_manifest,
        dict(env or {}),
        warnings,
    )


def path_entries(prefix: Path, windows: bool = system.WINDOWS) -> tuple[str, ...]:
    """The folders that an activation puts before PATH."""
    if not windows:
        return (str(prefix / "bin"),)
    below = ("Library/mingw-w64/bin", "Library/usr/bin", "Library/bin", "Scripts", "bin")
    return (str(prefix), *(str(prefix.joinpath(*part.split("/"))) for part in below))


def _package_variables(prefix: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    folder = prefix / "etc" / "conda" / "env_vars.d"
    for path in sorted(folder.glob("*")) if folder.is_dir() else ():
        if path.is_file():
            found.update(_texts(_json(path)))
    state = prefix / "conda-meta" / "state"
    if state.is_file():
        found.update({key.upper(): value for key, value in _texts(_json(state).get("env_vars") or {}).items()})
    return found


def _json(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ActivationError(f"The package variables in {path} cannot be read: {error}") from error
    if not isinstance(data, dict):
        raise ActivationError(f"The package variables in {path} are not a JSON object.")
    return data


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): value for key, value in data.items() if isinstance(value, str)}


def _package_scripts(prefix: Path, windows: bool) -> tuple[str, ...]:
    folder = prefix / "etc" / "conda" / "activate.d"
    suffix = ".bat" if windows else ".sh"
    return tuple(str(p) for p in sorted(folder.glob(f"*{suffix}")) if p.is_file()) if folder.is_dir() else ()


def _manifest_scripts(root: Path, scripts: Iterable[str], windows: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The scripts that exist, and warnings: missing ones in one sentence, and those of another system's kind."""
    found: list[str] = []
    missing: list[str] = []
    warnings: list[str] = []
    fitting = _WINDOWS_SCRIPTS if windows else _UNIX_SCRIPTS
    for script in scripts:
        path = root / script
        if not path.exists():
            missing.append(str(path))
            continue
        if path.suffix not in fitting:
            warnings.append(
                f"The activation script '{path}' does not end in {' or '.join(fitting)}, which this system sources."
            )
        found.append(str(path))
    if missing:
        warnings.insert(0, f"Could not find activation scripts: {', '.join(missing)}")
    return tuple(found), tuple(warnings)


def clean_environ(environ: Mapping[str, str], platform: str | None = None) -> dict[str, str]:
    """What `--clean-env` keeps of an environment: the user's identity, locale and display."""
    import sys

    name = platform or sys.platform
    more: frozenset[str] = frozenset(_KEPT_ON_MACOS) if name == "darwin" else frozenset()
    if name == "win32":
        more = _KEPT_ON_WINDOWS
    keep = _KEPT_WHEN_CLEAN | more
    return {key: value for key, value in environ.items() if key in keep or key.startswith("LC_")}


def evaluate(
    activation: Static, environ: Mapping[str, str], *, clean: bool = False, cwd: Path | None = None
) -> Activated:
    """The activation for a caller with this environment. Scripts run in `cwd`, else in the caller's folder.

    Raises ActivationError if a script ends with an error, or if the shell for it is missing.
    """
    base = clean_environ(environ) if clean else dict(environ)
    level = next_level(base)
    before = opening(activation, base, level)
    if activation.needs_shell:
        from .shell import run

        variables, unset = run(activation, base, before, level, cwd)
    else:
        variables, unset = {**before, **closing(activation, base, level)}, ()
    changed = {key: value for key, value in variables.items() if base.get(key) != value}
    return Activated(changed, unset, activation.of_manifest, activation.warnings, base)


def next_level(environ: Mapping[str, str]) -> int:
    """The value of CONDA_SHLVL inside: one more than outside."""
    try:
        return max(int(environ.get("CONDA_SHLVL", "0")), 0) + 1
    except ValueError:
        return 1


def opening(activation: Static, environ: Mapping[str, str], level: int) -> dict[str, str]:
    """The variables that are set before scripts run, outside values that they cover saved under their level."""
    path = os.pathsep.join((*activation.path, *((environ["PATH"],) if environ.get("PATH") else ())))
    found = {"PATH": path, "CONDA_SHLVL": str(level)}
    for key, value in activation.variables.items():
        if key in environ:
            found[f"CONDA_ENV_SHLVL_{level}_{key}"] = environ[key]
        found[key] = value
    return found


def closing(activation: Static, environ: Mapping[str, str], level: int) -> dict[str, str]:
    """The variables of `activation.env` as written, outside values that they cover saved under their level."""
    found: dict[str, str] = {}
    for key, value in activation.env.items():
        if key in environ:
            found[f"CONDA_ENV_SHLVL_{level}_{key}"] = environ[key]
        found[key] = value
    return found


def activation(
    prefix: Path,
    project: Project,
    environ: Mapping[str, str],
    scripts: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    *,
    clean: bool = False,
    cwd: Path | None = None,
) -> Activated:
    """Both steps at once: the variables of the activated prefix for a caller with this environment.

    Raises ActivationError.
    """
    return evaluate(static(prefix, project, scripts, env), environ, clean=clean, cwd=cwd)
