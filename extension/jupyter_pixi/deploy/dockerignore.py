"""Says which paths a .dockerignore keeps out of a build's context, as Docker reads it (moby's patternmatcher)."""

from __future__ import annotations

import functools
import posixpath
import re


def ignores(dockerignore: str, path: str) -> bool:
    """Whether a path of the context is kept out: it or a folder above it fits, and the last line that fits decides."""
    above = [path.rsplit("/", n)[0] for n in range(path.count("/") + 1)]
    found = False
    for line in dockerignore.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        kept = pattern.startswith("!")
        rule = _regex(posixpath.normpath("/" + pattern.lstrip("!").strip()).lstrip("/"))
        if any(rule.fullmatch(name) for name in above):
            found = not kept
    return found


@functools.cache
def _regex(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression: `*` and `?` stay in one folder, `**` goes over any number of them."""
    out = []
    for part in re.split(r"(\*\*/?|\*|\?|\[[^\]]+\])", pattern):
        if part.startswith("**"):
            out.append("(?:.*/)?" if part.endswith("/") else ".*")
        elif part in ("*", "?"):
            out.append("[^/]" + ("*" if part == "*" else ""))
        else:
            out.append(part if part.startswith("[") else re.escape(part))
    return re.compile("".join(out))
