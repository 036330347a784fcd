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
from .dockerignore import ignores
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


def check(
    plan: Plan | None,
    why: str,
    options: Options,
    present: Present,
    *,
    kernels: Sequence[str],
    tracked: Sequence[str],
    up_to_date: bool,
    lock_ignored: bool,
) -> tuple[Said, ...]:
    """The lines of `export binder --check`, errors last.

    `plan` is None where there is no lock, `why` then says so. `tracked` are the repository's files as git has them,
    `lock_ignored` whether git ignores pixi.lock.
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
    if lock_ignored:
        found.append(Said("error", "git ignores pixi.lock, so Binder does not get it."))
    ignore = present.text(".dockerignore") or ""
    found += [
        Said("error", f".dockerignore keeps {path} out of the image.")
        for path in (posixpath.join(options.subfolder, name) for name in ("pixi.lock", plan.manifest))
        if ignores(ignore, path)
    ]
    found += _environments(plan, options, present, kernels)
    found += [
        Said("error", f"{path} looks like a secret, and is in the repository.")
        for path in tracked
        if _SECRET_FILES.search(path)
    ]
    found += [
        Said("error", f"{path} holds what looks like a password or a key.")
        for path, text in present.files
        if _SECRET_TEXT.search(text)
    ]
    return tuple(sorted(found, key=lambda said: ("ok", "warning", "error").index(said.level)))


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
            kernel = "" if target.environment in kernels else "; not installed, as no kernel of it is listed"
            found.append(Said("ok", f"{target.environment}: runs ({len(target.packages)} packages{kernel})."))
    found += [Said("warning", f"{name}: left out, {reason}.") for name, reason in choice.left_out]
    return found
