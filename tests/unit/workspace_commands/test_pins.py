"""What `add` and `upgrade` write and free: the named packages, in the environments and platforms that they are for."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest


def tables(manifest: Path) -> dict[str, Any]:
    """The manifest as data."""
    return tomllib.loads(manifest.read_text())


def locked(manifest: Path, package: str) -> set[str]:
    """The versions of a package in the lock file."""
    lines = (manifest.parent / "pixi.lock").read_text().splitlines()
    return {
        line.split(f"/{package}-")[1].split("-")[0]
        for line in lines
        if line.startswith("- conda:") and f"/{package}-" in line
    }


@pytest.mark.parametrize(
    ("words", "spec"),
    [
        (("lib",), ">=1.1,<3"),
        (("lib *",), "*"),
        (("lib=*",), "*"),
        (("lib * h0*",), {"version": "*", "build": "h0*"}),
        (("lib[build='h0*']",), {"version": ">=1.1,<3", "build": "h0*"}),
        (("lib[build='h0*']", "--frozen"), {"build": "h0*"}),
        (("lib", "--pinning-strategy", "minor"), ">=1.1,<2.1"),
    ],
)
def test_what_add_writes(pixi, manifest: Path, words: tuple[str, ...], spec: object) -> None:  # type: ignore[no-untyped-def]
    assert pixi("add", "--no-install", *words).status == 0
    assert tables(manifest)["dependencies"]["lib"] == spec


def test_add_frees_a_package_only_where_it_is_added(pixi, manifest: Path) -> None:  # type: ignore[no-untyped-def]
    text = manifest.read_text()
    manifest.write_text(text.replace('lib = "<2"', 'app = "<2"').replace('tool = "*"', 'app = "<2"\ntool = "*"'))
    assert pixi("lock").status == 0
    manifest.write_text(
        manifest.read_text().replace('app = "<2"\ntool', 'app = "*"\ntool').replace('app = "<2"', 'app = "*"')
    )
    assert pixi("lock").status == 0
    assert locked(manifest, "app") == {"1.0"}
    assert pixi("add", "app>=1", "--environment", "e", "--no-install").status == 0
    assert locked(manifest, "app") == {"1.0", "2.0"}


def test_upgrade_goes_table_by_table(pixi, manifest: Path) -> None:  # type: ignore[no-untyped-def]
    manifest.write_text(
        manifest.read_text()
        + '\n[target.linux-64.dependencies]\napp = "<2"\ntool = "==1.0.0"\n'
        + '\n[feature.unused.dependencies]\nlib = { version = "<2", build = "h0*" }\n'
    )
    assert pixi("upgrade", "--no-install").status == 0
    found = tables(manifest)
    assert found["dependencies"] == {"tool": ">=1.0.0,<2"}
    assert found["target"]["linux-64"]["dependencies"] == {"app": ">=1.0,<3", "tool": "==1.0.0"}
    assert found["feature"]["f"]["dependencies"] == {"lib": ">=2.0,<3"}
    assert found["feature"]["unused"]["dependencies"] == {"lib": {"build": "h0*"}}
