"""Why a kernel could not start -> the text that the rescue kernel shows, with what a person needs to repair it.

The reason comes from the launcher. What takes longer to find out is looked up when it is first shown: how much is
missing, what would run, and which sibling environment runs here. A lookup that fails leaves its line out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import trust
from . import command, current, names
from .rescue_start import NO_KERNEL, START_FAILED

if TYPE_CHECKING:
    from ..environments.model import Environment
    from ..lockfile.model import Package
    from ..operations.workspace import OpenWorkspace

_REPAIRS = {
    "not-installed": "%pixi install",
    "out-of-date": "%pixi install",
    "not-locked": "%pixi install",
    "untrusted": "%pixi trust",
}
_UNSOLVABLE = "change what cannot be solved together (`%pixi remove NAME`, or in the manifest), then restart the kernel"

_SHOWN = 5  # packages that are named


class Told:
    """What the launcher found, for people. `document` is what it handed over; `report` in it holds the reason."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.report: Mapping[str, Any] = document.get("report") or {}
        self.manifest = str(document.get("manifest") or "")
        self.environment = str(document.get("environment") or "default")

    @property
    def state(self) -> str:
        """The state's word."""
        return str(self.report.get("state") or "broken")

    def brief(self) -> str:
        """The reason and what to do, without anything that has to be looked up."""
        return "\n".join([*self._reason(), *self._help()])

    def text(self) -> str:
        """Everything: reason, what would be installed or run, what to do, and a sibling that runs here."""
        repaired = self.after_repair()
        if repaired:
            return "\n".join([*self._reason(), f"  {repaired}"])
        return "\n".join([*self._reason(), *self._progress(), *self._details, *self._help(), *self._ways_out])

    def _reason(self) -> list[str]:
        reason = self.report.get("reason") or "This kernel was started without a word about its environment."
        return [f"The environment '{self.environment}' is not ready ({self.state}).", str(reason)]

    def _progress(self) -> list[str]:
        """How far an operation has come that was still running when the launcher gave up waiting for it."""
        if not self.report.get("running"):
            return []
        from .joined import heard_at, meeting_place

        try:
            heard = heard_at(meeting_place(self.manifest, self.environment, "prepare", os.environ))
        except OSError:
            return []
        if heard.failed is not None:
            return [f"  It failed meanwhile: {heard.failed.get('text')}"]
        return [f"  now: {heard.where()}"]

    def after_repair(self) -> str:
        """What to say after a command of `%pixi`: that the environment is ready now, if it is."""
        root = os.path.dirname(self.manifest)  # noqa: PTH120
        if not self.manifest or not trust.check(root, os.environ).trusted:
            return ""
        prefix = current.assess(self.manifest, self.environment, os.environ)
        if prefix.reason is None:
            if self.report.get("code") in (NO_KERNEL, START_FAILED) and not kernel_begins(self._kernel, prefix):
                return ""  # it was current before, and that was not enough
            return "The environment is ready: restart the kernel to use it."
        return "Restart the kernel: it installs what is missing." if self.state == "untrusted" else ""

    def _help(self) -> list[str]:
        usual = _UNSOLVABLE if self.report.get("code") == "solve" else _REPAIRS.get(self.state)
        help = str(self.report.get("help") or usual or "%pixi status")
        if not help.startswith("%pixi"):
            return [f"  help: {help}"]
        return [f"  help: run {help} in a cell, then restart the kernel"]

    @cached_property
    def _workspace(self) -> OpenWorkspace | None:
        try:
            from ..operations.context import Context
            from ..operations.workspace import open_workspace

            context = Context(cwd=Path(self.manifest).parent, manifest_path=Path(self.manifest))
            return open_workspace(context, tolerate_lock=True)
        except Exception:  # the reason already says that the workspace cannot be read
            return None

    @cached_property
    def _details(self) -> tuple[str, ...]:
        return tuple(self._looked_up(self._find_details))

    @cached_property
    def _ways_out(self) -> tuple[str, ...]:
        return tuple(self._looked_up(self._find_sibling))

    def _looked_up(self, find: Any) -> list[str]:
        if not self.manifest or self._workspace is None:
            return []
        try:
            return list(find(self._workspace))
        except Exception:  # a lookup for convenience must not hide the reason
            return []

    def _find_details(self, workspace: OpenWorkspace) -> Iterator[str]:
        packages = self._packages(workspace)
        if self.report.get("code") == START_FAILED:
            yield from self._damages(workspace)
        missing = [p for p in packages if not _is_installed(p, Path(str(self.document.get("prefix"))))]
        if missing and self.state != "broken":
            yield f"  to install: {_amount(missing)}"
        if self.state != "untrusted":
            return
        environment = workspace.environments.get(self.environment)
        if environment is not None:
            yield "  from: " + ", ".join(channel.url for channel in environment.channels)
        known = {str(workspace.manifest.path), str(workspace.lock_path)}
        for path in trust.what_runs(workspace.manifest, workspace.lock):
            if path not in known and os.path.exists(path):  # noqa: PTH110
                yield f"  would run or decide what runs: {path}"
        for name in self.report.get("changed") or ():
            yield f"  changed since you trusted it: {name}"

    def _damages(self, workspace: OpenWorkspace) -> Iterator[str]:
        from ..operations.context import Context
        from ..operations.installing.drifting import drift_of

        context = Context(cwd=workspace.root, manifest_path=workspace.manifest.path)
        rows = drift_of(workspace, self.environment, context) or drift_of(
            workspace, self.environment, context, contents=True
        )
        yield from (f"  {row.sentence()}" for row in rows[:_SHOWN])
        if len(rows) > _SHOWN:
            yield f"  and {len(rows) - _SHOWN} more packages that are not what the lock file says"

    @property
    def _kernel(self) -> str:
        return str(self.document.get("kernel") or command.DEFAULT_KERNEL)

    def _packages(self, workspace: OpenWorkspace) -> tuple[Package, ...]:
        locked = workspace.lock.environments.get(self.environment) if workspace.lock is not None else None
        environment = workspace.environments.get(self.environment)
        if locked is None or environment is None:
            return ()
        platform = _platform_here(environment)
        return locked.packages.get(platform, ()) if platform else ()

    def _find_sibling(self, workspace: OpenWorkspace) -> Iterator[str]:
        installed = []
        runnable = []
        for name, environment in workspace.environments.items():
            if name == self.environment:
                continue
            if current.assess(self.manifest, name, os.environ).reason is None:
                installed.append(name)
            elif self.state == "cannot-run" and _platform_here(environment):
                runnable.append(name)
        for name in [*installed, *runnable][:1]:
            shown = names.display_name(names.Wanted("", workspace.manifest.workspace.name, name))
            yield f"  or choose the kernel '{shown}', which runs here"


def kernel_begins(name: str, prefix: current.Prefix) -> bool:
    """Whether the environment's kernel is there and, if it is an ipykernel, can be imported. Takes about half a second.

    Where there is no kernel but Python, an ipykernel would be laid over it: then Python has to be there.
    """
    import subprocess

    kernel = command.described(name, prefix.path, prefix.state)
    if kernel is None:
        python = (prefix.state.get("python") or {}).get("executable")
        return name == command.DEFAULT_KERNEL and bool(python) and Path(str(python)).exists()
    argv, _ = command.arguments(kernel, prefix.path, "")
    program = command.program(argv[0], prefix.path, os.environ)
    if program is None or command.CONFIG not in argv[-1]:
        return program is not None
    try:
        tried = subprocess.run([program, "-I", "-c", "import ipykernel.kernelapp"], capture_output=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0


def _platform_here(environment: Environment) -> str | None:
    from ..environments import choose_platform, host

    platform = choose_platform(environment, host(os.environ)).platform
    return None if platform is None else platform.name


def _is_installed(package: Package, prefix: Path) -> bool:
    from ..lockfile import packages

    if package.kind == "pypi":
        return False
    name, version, build = packages.name(package), packages.version(package), packages.build(package)
    return (prefix / "conda-meta" / f"{name}-{version}-{build}.json").exists()


def _amount(missing: list[Package]) -> str:
    from ..lockfile import packages

    sizes = [packages.size(package) for package in missing]
    known = sum(size for size in sizes if size)
    more = ", and some of unknown size" if known and not all(sizes) else ""
    counted = f"{len(missing)} package" + ("" if len(missing) == 1 else "s")
    return counted + (f", {known / 1e6:.1f} MB{more}" if known else "")
