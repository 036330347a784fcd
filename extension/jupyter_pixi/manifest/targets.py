"""A target selector (`[target.<selector>]`) -> which platforms it means."""

from __future__ import annotations

import re

from .model import Feature, Platform, Target
from .platforms import name_problem
from .subdirs import FAMILIES, belongs, is_subdir
from .toml import Table


def read_selector(table: Table, text: str) -> str:
    """A selector: a family, a subdir, a platform name or a glob with `*`. Raises ManifestError for another text."""
    if text in FAMILIES or (text and not text.replace("*", "")):
        return text
    problem = name_problem(text.replace("*", "x"))
    if problem:
        raise table.key_error(
            text,
            f"'{text}' is not a valid target selector: {problem}",
            help="Use unix, linux, win, osx, a subdir such as linux-64, the name of a platform, or a glob over names.",
        )
    return text


def matches(selector: str, platform: Platform) -> bool:
    """Whether the target of that selector holds on a platform."""
    if selector in FAMILIES:
        return belongs(platform.subdir, FAMILIES[selector])
    if "*" in selector:
        pattern = ".*".join(re.escape(part) for part in selector.split("*"))
        return re.fullmatch(pattern, platform.name) is not None
    if is_subdir(selector):
        return platform.subdir == selector
    return platform.name == selector


def targets_on(feature: Feature, platform: Platform) -> list[Target]:
    """The targets of a feature that hold on a platform: the plain one, then the others in declaration order."""
    return [t for t in feature.targets if t.selector is None or matches(t.selector, platform)]
