"""What base images exist and hold: the tags of Pixi's image by release, and the C library of common bases.

(pixi-docker, .github/workflows/build.yml: `<X.Y.Z>-<base>`, CUDA variants as `<codename>-cuda-<version>`.) A tag that
is not in the table is never guessed: CUDA variants change from release to release.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import PixiError
from .plan import numbers

PIXI_IMAGE = "ghcr.io/prefix-dev/pixi"
FIRST_WITH_LOCK_7 = "0.68.0"

_PLAIN = (
    "trixie-slim trixie bookworm-slim bookworm bullseye-slim bullseye plucky noble jammy focal".split()  # noqa: SIM905
)
_CUDA: dict[str, dict[str, tuple[str, ...]]] = {
    # from this release on: CUDA version -> codenames
    "0.29.0": {"12.1.1": ("jammy",)},
    "0.76.1": {"12.9.1": ("noble", "jammy", "focal"), "13.0.0": ("noble", "jammy")},
}
_UP_TO = {"0.29.0": "0.29.0"}  # a row is good up to this release; others, until the next row

GLIBC = {
    "ubuntu:20.04": "2.31",
    "ubuntu:focal": "2.31",
    "ubuntu:22.04": "2.35",
    "ubuntu:jammy": "2.35",
    "ubuntu:24.04": "2.39",
    "ubuntu:noble": "2.39",
    "debian:bullseye": "2.31",
    "debian:11": "2.31",
    "debian:bookworm": "2.36",
    "debian:12": "2.36",
    "debian:trixie": "2.41",
    "debian:13": "2.41",
}
"""Image -> the version of its C library; `-slim` variants have the same."""

_CODENAMES = {"focal": "2.31", "jammy": "2.35", "noble": "2.39", "plucky": "2.41"} | {
    "bullseye": "2.31",
    "bookworm": "2.36",
    "trixie": "2.41",
    "ubuntu20.04": "2.31",
    "ubuntu22.04": "2.35",
    "ubuntu24.04": "2.39",
}


@dataclass(frozen=True)
class Builder:
    """The image of the build stage, and why it is this one."""

    image: str
    reason: str


def cuda_variants(pixi: str) -> dict[str, tuple[str, ...]]:
    """CUDA version -> codenames of the images that this Pixi release was published with; empty where not known."""
    found: dict[str, tuple[str, ...]] = {}
    for first, variants in _CUDA.items():
        if numbers(pixi) >= numbers(first):
            last = _UP_TO.get(first)
            found = dict(variants) if last is None or numbers(pixi) <= numbers(last) else {}
    return found


def builder(pixi: str, cuda: str | None, lock_version: int) -> Builder:
    """The image that installs: Pixi's own, pinned to a release, with CUDA where the environment asks for it.

    Raises PixiError for a release that cannot read the lock.
    """
    if not re.fullmatch(r"\d+\.\d+\.\d+", pixi):
        raise PixiError(f"'{pixi}' is no release of Pixi; a full version such as 0.77.0 is needed.", code="image")
    if lock_version >= 7 and numbers(pixi) < numbers(FIRST_WITH_LOCK_7):
        raise PixiError(
            f"Pixi {pixi} cannot read this lock file: version {lock_version} came with {FIRST_WITH_LOCK_7}.",
            help="Leave --pixi-version out, or name a newer release.",
            code="image",
        )
    if cuda is None:
        return Builder(f"{PIXI_IMAGE}:{pixi}-noble", "Ubuntu 24.04")
    fitting = [
        (version, names)
        for version, names in cuda_variants(pixi).items()
        if numbers(version)[:1] == numbers(cuda)[:1] and numbers(version) >= numbers(cuda)
    ]
    for version, names in sorted(fitting, key=lambda row: numbers(row[0])):
        if "noble" in names:
            return Builder(f"{PIXI_IMAGE}:{pixi}-noble-cuda-{version}", f"Ubuntu 24.04 with CUDA {version}")
    return Builder(f"{PIXI_IMAGE}:{pixi}-noble", f"no image of Pixi {pixi} is known to come with CUDA {cuda}")


def glibc_of(image: str) -> str | None:
    """The C library's version of an image by its name and tag; None where it is not known."""
    name = image.split("@")[0].removeprefix("docker.io/").removeprefix("library/")
    known = GLIBC.get(name) or GLIBC.get(name.removesuffix("-slim"))
    if known:
        return known
    tag = name.rpartition(":")[2] if ":" in name.rpartition("/")[2] else ""
    return next((v for code, v in _CODENAMES.items() if code in re.split(r"[-_]", tag)), None)


def is_musl(image: str) -> bool:
    """Whether an image is made with musl, on which conda packages never run."""
    return "alpine" in image.rpartition("/")[2].split("@")[0]


def check_base(image: str, glibc: str | None) -> str | None:
    """A warning where the base's C library is not known. Raises PixiError for a base on which packages cannot run."""
    if is_musl(image):
        raise PixiError(
            f"{image} is made with musl, and conda packages need glibc.",
            help="Take a Debian or Ubuntu base, such as debian:bookworm-slim.",
            code="image",
        )
    has = glibc_of(image)
    if has is None:
        return f"Which glibc {image} has is not known here; it must be at least {glibc or '2.28'}."
    if glibc is not None and numbers(has) < numbers(glibc):
        raise PixiError(
            f"{image} has glibc {has}, and the locked packages need {glibc}.",
            help="Take a newer base, such as ubuntu:24.04 (2.39) or debian:trixie-slim (2.41).",
            code="image",
        )
    return None
