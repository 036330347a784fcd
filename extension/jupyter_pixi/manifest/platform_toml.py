"""Turns a Platform into its entry of `workspace.platforms`, and its virtual packages into friendly texts.

Key order and spelling are those of Pixi's editor: a bare subdir is a string; anything else an inline table with `name`
(only where it differs from the derived one), `platform`, the friendly keys, then raw `__name` keys by name.
"""

from __future__ import annotations

from collections.abc import Iterable

from .model import Platform, VirtualPackage
from .platforms import derived_name, friendly_values
from .values import TomlValue, value_text


def platform_toml(platform: Platform) -> TomlValue:
    """The entry of a platform in the manifest."""
    keys = friendly(platform.declared)
    if platform.name == platform.subdir and not keys:
        return platform.name
    table: dict[str, TomlValue] = {}
    if platform.name != derived_name(platform.subdir, platform.declared):
        table["name"] = platform.name
    table["platform"] = platform.subdir
    return table | keys


def friendly(packages: Iterable[VirtualPackage]) -> dict[str, TomlValue]:
    """Virtual packages as the keys of a manifest: `cuda`, `glibc` … where there is one, else `__name`."""
    values, rest = friendly_values(packages)
    found: dict[str, TomlValue] = dict(values)
    arch = rest.get("__cuda_arch")
    if "cuda" in found and arch is not None and arch.build in (None, "0"):
        found["cuda"] = {"driver": found["cuda"], "arch": arch.version}
        del rest["__cuda_arch"]
    for name, package in sorted(rest.items()):
        found[name] = package.version if package.build in (None, "", "0") else f"{package.version}={package.build}"
    return found


def friendly_texts(packages: Iterable[VirtualPackage]) -> list[str]:
    """The same for people, as Pixi's `info` and `platform list` show it: `cuda=12`, `__archspec=1=m1`, `__unix`."""
    texts = []
    for key, value in friendly(packages).items():
        if isinstance(value, str):
            texts.append(key if key.startswith("__") and value == "0" else f"{key}={value}")
        else:
            texts.append(f"{key}={value_text(value)}")
    return texts
