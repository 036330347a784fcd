"""Turns PyPI packages that another tool installed into the requirements under which the manifest takes them over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from ...errors import PixiError
from ...manifest.model import PypiSpec
from ...manifest.specs_text import parse_pypi
from ...prefix.installed import Distribution, conda_records, distributions, normalise, site_packages
from ..context import Context
from ..installing.drifting import drift_of
from ..policy import refuse_credentials
from ..targets import prefix_of
from ..workspace import OpenWorkspace


@dataclass(frozen=True)
class Adopted:
    """One package: how it is called in sentences, its name and its spec."""

    text: str
    name: str
    spec: PypiSpec


def adopted(
    opened: OpenWorkspace, context: Context, texts: tuple[str, ...], written: Callable[[str], str]
) -> tuple[Adopted, ...]:
    """What is to be added for stray packages, named with or without extras and versions: what is there, exactly.

    A package from a URL, a folder or git is taken from there; `written` gives a path as the manifest has it. Raises
    PixiError for what is no stray package of the environment, or another version than the one that is there.
    """
    environment = context.caller.environment if context.caller is not None else opened.default_name(context)
    prefix = prefix_of(opened, environment)
    there = distributions(prefix, site_packages(prefix, conda_records(prefix)))
    strays = sorted(
        row.name
        for row in drift_of(opened, environment, context)
        if row.kind == "pypi" and row.name in there and (row.what == "unmanaged" or (row.what == "changed" and row.by))
    )
    found = []
    for text in texts:
        name, spec = parse_pypi(text)
        if normalise(name) not in strays:
            known = ", ".join(strays) or "none"
            raise PixiError(
                f"'{name}' is not a PyPI package that was installed into '{environment}' beside the lock file.",
                help=f"Such packages are: {known}. Without `--adopt`, `add --pypi {text}` adds it.",
                code="not-a-stray",
            )
        found.append(_adopted(text, spec, there[normalise(name)], written))
    return tuple(found)


def _adopted(text: str, spec: PypiSpec, there: Distribution, written: Callable[[str], str]) -> Adopted:
    if not spec.is_registry:
        return Adopted(text, there.name, spec)
    if spec.version not in (None, "*"):
        from ...lockfile.check.pep440 import admits

        if not admits(spec.version or "", there.version):
            raise PixiError(
                f"Of '{there.name}' version {there.version} is installed, which is not '{spec.version}'.",
                help=f"`add --adopt {there.name}` takes over what is there; without `--adopt` another is installed.",
                code="not-a-stray",
            )
        return Adopted(text, there.name, spec)
    if there.direct_url is None:
        return Adopted(f"{there.name}=={there.version}", there.name, replace(spec, version=f"=={there.version}"))
    source = _source(there.direct_url, written)
    refuse_credentials(b"", (source.get("git") or source.get("url") or "").encode())
    where = source.get("path") or source.get("url") or source.get("git")
    return Adopted(f"{there.name} @ {where}", there.name, replace(spec, version=None, **source))


def _source(data: Mapping[str, Any], written: Callable[[str], str]) -> dict[str, Any]:
    """The fields of a spec for what `direct_url.json` says (PyPA: "Recording the direct URL origin")."""
    url = str(data.get("url", ""))
    vcs, folder, subdirectory = data.get("vcs_info"), data.get("dir_info"), data.get("subdirectory")
    if isinstance(vcs, dict):
        return {"git": url, "rev": vcs.get("commit_id"), "subdirectory": subdirectory}
    if url.startswith("file:"):
        editable = True if isinstance(folder, dict) and folder.get("editable") else None
        return {"path": written(unquote(urlsplit(url).path)), "editable": editable}
    return {"url": url, "subdirectory": subdirectory}
