"""Requirements of PyPI packages, of the manifest or of another package -> one form to compare with a lock."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from ..packages import normalize

if TYPE_CHECKING:
    from ...manifest.model import PypiSpec

_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[(?P<extras>[^\]]*)\])?\s*"
    r"(?:@\s*(?P<url>\S+)|\(?(?P<specifiers>[^;()@]*)\)?)\s*(?:;\s*(?P<marker>.*))?\s*",
    re.DOTALL,
)


@dataclass(frozen=True)
class Requirement:
    """A demand for a PyPI package. `from_manifest` tells a direct dependency from one of another package.

    At most one of `url`, `git` and `path` is set; `git` is the repository's URL.
    """

    name: str
    extras: tuple[str, ...] = ()
    specifiers: str = ""
    marker: str = ""
    url: str | None = None
    git: str | None = None
    reference: tuple[str, str] | None = None  # ("branch" | "tag" | "rev", text)
    subdirectory: str | None = None
    lfs: bool = False
    path: str | None = None
    editable: bool = False
    index: str | None = None
    from_manifest: bool = False

    def __str__(self) -> str:
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        location = self.url or self.git or self.path
        body = f" @ {location}" if location else self.specifiers.replace(" ", "")
        marker = f" ; {self.marker}" if self.marker else ""
        return f"{self.name}{extras}{body}{marker}"


@lru_cache(maxsize=50_000)
def of_text(text: str) -> Requirement | None:
    """A PEP 508 text as it stands in `requires_dist`; None if it is not one."""
    match = _REQUIREMENT.fullmatch(text)
    if match is None:
        return None
    named = Requirement(
        name=normalize(match["name"]),
        extras=tuple(normalize(extra.strip()) for extra in (match["extras"] or "").split(",") if extra.strip()),
        marker=(match["marker"] or "").strip(),
    )
    url = match["url"]
    if url is None:
        return replace(named, specifiers=(match["specifiers"] or "").strip())
    return _located(named, url)


def _located(requirement: Requirement, url: str) -> Requirement:
    """A direct reference: `git+…@ref#subdirectory=…`, `file:…`, or any other URL."""
    plain, _, fragment = url.partition("#")
    subdirectory = re.search(r"(?:^|&)subdirectory=([^&]*)", fragment)
    below = subdirectory[1] if subdirectory else None
    if plain.startswith("git+"):
        scheme, _, rest = plain.removeprefix("git+").partition("://")
        path, at, reference = rest.rpartition("@")
        if not at or "/" not in path:
            path, reference = rest, ""
        named = ("rev", reference) if reference else None
        return replace(requirement, git=f"{scheme}://{path}", reference=named, subdirectory=below)
    if plain.startswith("file:") or "://" not in plain:
        return replace(requirement, path=re.sub(r"^file:(//)?", "", plain))
    return replace(requirement, url=url, subdirectory=below)


def of_spec(name: str, spec: PypiSpec) -> Requirement:
    """A dependency of the manifest."""
    named = [(kind, text) for kind in ("branch", "tag", "rev") if (text := getattr(spec, kind)) is not None]
    return Requirement(
        name=normalize(name),
        extras=tuple(normalize(extra) for extra in spec.extras),
        specifiers="" if spec.version in (None, "*") else str(spec.version),
        marker=spec.env_markers or "",
        url=spec.url,
        git=spec.git,
        reference=named[0] if named else None,
        subdirectory=spec.subdirectory,
        lfs=bool(spec.lfs),
        path=spec.path,
        editable=bool(spec.editable),
        index=spec.index,
        from_manifest=True,
    )
