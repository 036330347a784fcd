"""Turns a plan and the files there are into what Binder would do with a repository, and why it would fail."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import PixiError
from . import binder
from .binder import Options, Present
from .dockerfile import PUBLIC_HOSTS
from .dockerignore import ignores
from .lint import lint
from .model import Plan

_SECRET_FILES = re.compile(
    r"(^|/)(\.env(\..+)?|\.netrc|\.pypirc|id_(rsa|dsa|ecdsa|ed25519)|.*\.pem|.*\.p12|credentials\.json|rattler_auth.*|\.aws/credentials)$"
)
_SECRET_TEXT = re.compile(
    r"(AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|glpat-[\w-]{20}|/t/[a-z]{2}-[0-9a-f-]{20,}/"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----)"
)

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Said:
    """One line of the check."""

    level: Level
    text: str


@dataclass(frozen=True)
class Git:
    """What git says: the files it has, those that differ from the last commit, and whether it ignores pixi.lock."""

    tracked: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    lock_ignored: bool = False


def check(
    plan: Plan | None,
    why: str,
    options: Options,
    present: Present,
    *,
    kernels: Sequence[str],
    up_to_date: bool,
    git: Git | None = None,
    texts: Sequence[tuple[str, str]] = (),
) -> tuple[Said, ...]:
    """The lines of `export binder --check`, errors last.

    `plan` is None where there is no lock, `why` then says so. `git` is None where there is no repository. `texts` are
    further files (path, text) that are looked into for secrets.
    """
    if plan is None:
        return (Said("error", why),)
    found: list[Said] = [_buildpack(present)]
    if not up_to_date:
        found.append(
            Said(
                "error", "pixi.lock is not up to date with the manifest, so `--locked` fails: run `jupyter pixi lock`."
            )
        )
    found += _committed(plan, options, present, git) if git is not None else []
    ignore = present.text(".dockerignore") or ""
    found += [
        Said("error", f".dockerignore keeps {path} out of the image.")
        for path in (posixpath.join(options.subfolder, name) for name in ("pixi.lock", plan.manifest))
        if ignores(ignore, path)
    ]
    found += _environments(plan, options, present, kernels)
    found += _hosts(plan)
    found += _own_lint(plan, present)
    found += [
        Said("error", f"{path} looks like a secret, and is in the repository.")
        for path in (git.tracked if git is not None else ())
        if _SECRET_FILES.search(path)
    ]
    found += [
        Said("error", f"{path} holds what looks like a password or a key.")
        for path, text in (*present.files, *texts)
        if _SECRET_TEXT.search(text)
    ]
    return tuple(sorted(found, key=lambda said: ("ok", "warning", "error").index(said.level)))


def _committed(plan: Plan, options: Options, present: Present, git: Git) -> list[Said]:
    """Binder gets what was committed and pushed, and nothing else."""
    lock = posixpath.join(options.subfolder, "pixi.lock")
    if git.lock_ignored:
        return [Said("error", "git ignores pixi.lock, so Binder does not get it.")]
    found = []
    for path in (posixpath.join(options.subfolder, plan.manifest), lock):
        if path not in git.tracked:
            found.append(Said("error", f"{path} is not in git yet, so Binder does not get it: commit and push it."))
        elif path in git.changed:
            found.append(Said("warning", f"{path} differs from the last commit, which is what Binder gets."))
    for folder in present.folders:
        path = f"{folder}/Dockerfile"
        if present.text(path) is not None and (path not in git.tracked or path in git.changed):
            found.append(Said("warning", f"{path} is not committed as it is here: Binder gets it once it is pushed."))
    return found


def _hosts(plan: Plan) -> list[Said]:
    here = [host for host in plan.hosts if host in ("127.0.0.1", "localhost", "::1", "file:")]
    private = [host for host in plan.hosts if host not in PUBLIC_HOSTS and host not in here]
    found = []
    if here:
        found.append(Said("error", f"Packages come from this machine ({', '.join(here)}), which Binder cannot reach."))
    if private:
        told = f"Packages come from {', '.join(private)}. If that needs a password, Binder cannot install them."
        found.append(Said("warning", told))
    return found


def _own_lint(plan: Plan, present: Present) -> list[Said]:
    """What the lint finds in a Dockerfile that is there: an environment that has gone, for one."""
    found = []
    for folder in present.folders:
        path = f"{folder}/Dockerfile"
        text = present.text(path)
        for finding in lint(text, plan=plan) if text is not None else ():
            found.append(Said("warning", f"{path}:{finding.line}: {finding.rule} {finding.text}"))
    return found


def _buildpack(present: Present) -> Said:
    """What repo2docker would do with the repository as it is."""
    if len(present.folders) > 1:
        return Said("error", "There are binder/ and .binder/: repo2docker refuses that.")
    here = f"{present.folders[0]}/" if present.folders else ""
    for name in binder.ROOT_FILES:
        if present.text(here + name) is not None:
            exact = name == "Dockerfile" and "jupyter pixi" in (present.text(here + name) or "")
            text = f"repo2docker builds from {here}{name}" + ("." if exact else ", and ignores pixi.lock.")
            return Said("ok" if exact else "warning", text)
    return Said("warning", "repo2docker knows nothing of Pixi: as it is, Binder would give a plain Python.")


def _environments(plan: Plan, options: Options, present: Present, kernels: Sequence[str]) -> list[Said]:
    found = []
    try:
        choice = binder.choose(plan, options.environments)
        binder.binder(plan, options, present, kernels)
    except PixiError as error:
        found.append(Said("error", error.message))
        try:
            choice = binder.choose(plan, None)
        except PixiError:
            return found
    for target in choice.targets:
        if not binder.beyond(options.subfolder, target.sources):
            does = (
                "runs"
                if target.environment in kernels
                else "could run, and is not installed: no kernel of it is listed"
            )
            found.append(Said("ok", f"{target.environment}: {does} ({len(target.packages)} packages)."))
    found += [Said("warning", f"{name}: left out, {reason}.") for name, reason in choice.left_out]
    return found
