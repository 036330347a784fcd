"""Turns the document of `info` into what people read, laid out as Pixi does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_RULE = "------------"


def info_text(document: dict[str, Any]) -> str:
    """`info` for people."""
    return "\n".join(_lines(document)).rstrip()


def _lines(document: dict[str, Any]) -> Iterator[str]:
    yield from ("System", _RULE)
    yield from _row("Pixi version", document["version"])
    yield from _row("TLS backend", document["tls_backend"])
    yield from _row("Platform", document["platform"])
    for index, package in enumerate(document["virtual_packages"]):
        yield from _row("Virtual packages" if not index else "", package)
    yield from _row("Cache dir", document["cache_dir"])
    yield from _row("Cache size", document["cache_size"])
    yield from _row("Auth storage", document["auth_dir"])
    yield from _row("Config locations", " ".join(document["config_locations"]) or "No config files found")
    yield from ("", "Global", _RULE)
    yield from _row("Bin dir", document["global_info"]["bin_dir"])
    yield from _row("Environment dir", document["global_info"]["env_dir"])
    yield from _row("Manifest dir", document["global_info"]["manifest"])
    project = document["project_info"]
    if project:
        yield from ("", "Workspace", _RULE)
        yield from _row("Name", project["name"])
        yield from _row("Version", project["version"])
        yield from _row("Manifest file", project["manifest_path"])
        yield from _row("Last updated", project["last_updated"])
        yield from _row("Pixi folder size", project["pixi_folder_size"])
        yield from ("", "Environments", _RULE)
        for environment in document["environments_info"]:
            yield from _environment(environment)


def _environment(environment: dict[str, Any]) -> Iterator[str]:
    yield from _row("Environment", environment["name"])
    yield from _row("Features", ", ".join(environment["features"]))
    yield from _row("Solve group", environment["solve_group"])
    yield from _row("Channels", ", ".join(environment["channels"]))
    for label, key in (("Dependency", "dependencies"), ("PyPI Dependency", "pypi_dependencies")):
        names = environment[key]
        if names:
            yield from _row(f"{label} count", len(names))
            yield from _row("PyPI Dependencies" if key.startswith("pypi") else "Dependencies", ", ".join(names))
    yield from _row("Target platforms", ", ".join(p["name"] for p in environment["platforms"]))
    yield from _row("Minimum platform", _platform(environment["minimum_supported_platform"]))
    yield from _row("Tasks", ", ".join(environment["tasks"]) or None)
    yield from _row("Environment size", environment["environment_size"])
    yield from _row("Prefix location", environment["prefix"])
    yield ""


def _platform(platform: dict[str, Any] | None) -> str:
    if platform is None:
        return "available after `pixi install`"
    return ", ".join((f"platform={platform['subdir']}", *platform["virtual_packages"]))


def _row(label: str, value: Any) -> Iterator[str]:
    if value is not None:
        yield f"{label:>19}: {value}"
