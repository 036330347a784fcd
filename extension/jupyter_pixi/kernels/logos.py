"""A kernel's logo and an environment's name -> the logo with the environment's badge, as SVG.

The logo is the kernel's own where it brings one, else a plain one from `share/jupyter-pixi/kernels`. The badge shows
the first letters of the environment in a colour made from its name, so that it is the same on every machine.
"""

from __future__ import annotations

import base64
import colorsys
import hashlib
import site
import sys
from collections.abc import Iterable
from html import escape
from pathlib import Path

LOGO = "logo-svg.svg"
_OWN = ("logo-svg.svg", "logo.svg", "logo-64x64.png")
_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
_LETTERS = 4


def logo(kernel_folder: str | None, language: str) -> Path | None:
    """The file to put the badge on: the kernel's own logo, else ours for its language; None if there is neither."""
    own = [Path(kernel_folder) / name for name in _OWN] if kernel_folder else []
    ours = [base / kind / LOGO for base in resource_folders() for kind in (language.lower(), "other")]
    return next((path for path in (*own, *ours) if path.is_file()), None)


def resource_folders() -> Iterable[Path]:
    """Where this distribution's kernel resources may lie: installed, for the user, in a source tree."""
    yield Path(sys.prefix) / "share/jupyter-pixi/kernels"
    if site.ENABLE_USER_SITE:
        yield Path(site.getuserbase()) / "share/jupyter-pixi/kernels"
    yield Path(__file__).parents[3] / "kernels"


def badged(source: Path, environment: str) -> str:
    """The SVG of a logo (SVG or PNG) with the badge of an environment. Raises OSError."""
    data = base64.b64encode(source.read_bytes()).decode()
    picture = f'<image href="data:{_TYPES[source.suffix]};base64,{data}" width="64" height="64"/>'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">'
        f"{picture}{badge(environment)}</svg>\n"
    )


def badge(environment: str) -> str:
    """The badge as SVG elements for a field of 64 by 64; a plain dot for the default environment."""
    ring = 'stroke="#fff" stroke-width="2"'
    if environment == "default":
        return f'<circle cx="54" cy="54" r="7" fill="{colour(environment)}" {ring}/>'
    label = environment[:_LETTERS]
    width = 8 + 8 * len(label)
    return (
        f'<rect x="{63 - width}" y="43" width="{width}" height="20" rx="6" fill="{colour(environment)}" {ring}/>'
        f'<text x="{63 - width / 2:g}" y="57.5" text-anchor="middle" font-family="system-ui, sans-serif" '
        f'font-weight="700" font-size="13" fill="#fff" textLength="{width - 8}" lengthAdjust="spacingAndGlyphs">'
        f"{escape(label)}</text>"
    )


def colour(text: str) -> str:
    """A colour on which white letters can be read (contrast above 4.5:1), made from a text."""
    hue = int(hashlib.sha256(text.encode()).hexdigest()[:4], 16) / 0x10000
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, 0.27, 0.62))
    return f"#{red:02x}{green:02x}{blue:02x}"


def write(kernel_folder: str | None, language: str, environment: str, folder: Path) -> Path | None:
    """The logo with its badge as a file in `folder` (named by its content); None if there is no logo.

    Raises OSError.
    """
    source = logo(kernel_folder, language)
    if source is None:
        return None
    text = badged(source, environment)
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:20]}.svg"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return path
