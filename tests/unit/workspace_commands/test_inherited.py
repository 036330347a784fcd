"""`{ workspace = true }`: dependencies that a table takes from the workspace's own."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli

POOL = '[workspace.dependencies]\nlib = "==1.0"\n'


@pytest.fixture
def inheriting(folder: Path, channel: str) -> Path:
    """A workspace that takes `lib` from its pool, in three places."""
    path = folder / "pixi.toml"
    path.write_text(
        f"""[workspace]
name = "ws"
channels = ["{channel}"]
platforms = ["linux-64"]
{POOL}
[dependencies]
lib.workspace = true
tool = "==1.0.0"

[target.linux-64.dependencies]
lib = {{ workspace = true }}

[feature.f.dependencies]
lib = {{ workspace = true }}

[environments]
e = ["f"]
"""
    )
    return path


def test_add_leaves_it_and_says_where_the_version_is(pixi, inheriting: Path) -> None:
    before = inheriting.read_bytes()
    for words in ((), ("-f", "f"), ("-p", "linux-64")):
        ran = pixi("add", "lib", *words, "--no-install")
        assert ran.status == 0
        assert "`lib` is already a dependency, and inherits from `[workspace.dependencies]`" in ran.err
    assert inheriting.read_bytes() == before


def test_add_of_a_version_takes_its_place(pixi, inheriting: Path) -> None:
    assert pixi("add", "lib==1.1", "-f", "f", "--frozen").status == 0
    after = tomli.loads(inheriting.read_text())
    assert after["feature"]["f"]["dependencies"]["lib"] == "==1.1"
    assert after["dependencies"]["lib"] == {"workspace": True}
    assert after["workspace"]["dependencies"]["lib"] == "==1.0"


def test_upgrade_leaves_it_and_says_so(pixi, inheriting: Path) -> None:
    ran = pixi("upgrade", "--no-install")
    assert ran.status == 0
    assert "inherit from `[workspace.dependencies]`: lib." in ran.err
    text = inheriting.read_text()
    assert "lib.workspace = true" in text
    assert text.count("lib = { workspace = true }") == 2
    assert POOL in text
    assert 'tool = ">=1.0.0,<2"' in text


def test_upgrade_says_nothing_of_it_beside_json_or_other_packages(pixi, inheriting: Path) -> None:
    ran = pixi("upgrade", "--json", "--no-install")
    assert ran.json["version"] == 1
    assert "[workspace.dependencies]" not in ran.err
    assert "[workspace.dependencies]" not in pixi("upgrade", "tool", "--no-install").err


def test_add_with_frozen_solves_nothing(pixi, inheriting: Path) -> None:
    inheriting.write_text(inheriting.read_text().replace('tool = "==1.0.0"', 'nowhere = "*"'))
    assert pixi("add", "lib", "--frozen").status == 0
    assert not (inheriting.parent / "pixi.lock").exists()
