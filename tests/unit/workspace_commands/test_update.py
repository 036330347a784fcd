"""What `update` moves: the packages, environments and platforms that are named, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest


@pytest.fixture
def outdated(pixi, folder: Path, channel: str) -> Path:
    """A workspace of two platforms whose lock holds older versions than its manifest would allow now."""
    manifest = folder / "pixi.toml"
    text = f"""\
[workspace]
name = "ws"
channels = ["{channel}"]
platforms = ["linux-64", "win-64"]

[dependencies]
lib = "<2"

[feature.tools.dependencies]
tool = "*"

[feature.apps.dependencies]
app = "<2"

[environments]
tools = ["tools"]
apps = ["apps"]
"""
    manifest.write_text(text)
    assert pixi("lock").status == 0
    manifest.write_text(text.replace("<2", "*"))
    return manifest


@pytest.mark.parametrize(
    ("arguments", "moved"),
    [
        ([], {"default": ["lib"], "tools": ["lib"], "apps": ["app", "lib"]}),
        (["lib"], {"default": ["lib"], "tools": ["lib"]}),  # in `apps` the locked app holds it
        (["app"], {"apps": ["app", "lib"]}),  # the new app asks for a newer lib
        (["-e", "tools"], {"tools": ["lib"]}),
        (["-e", "apps", "-p", "win-64"], {"apps": ["app", "lib"]}),
        (["app", "lib", "-p", "win-64"], {"default": ["lib"], "tools": ["lib"], "apps": ["app", "lib"]}),
    ],
)
def test_only_what_is_named_moves(pixi, outdated: Path, arguments: list[str], moved: dict[str, list[str]]) -> None:
    ran = pixi("update", "--json", *arguments)
    assert ran.status == 0
    found = ran.json["environment"]
    assert {name: sorted({row["name"] for rows in of.values() for row in rows}) for name, of in found.items()} == moved
    platforms = {platform for of in found.values() for platform in of}
    assert platforms <= ({"win-64"} if "win-64" in arguments else {"linux-64", "win-64"})
    assert pixi("lock", "--check").status == 0


def test_a_check_without_writing_tells_what_would_change(pixi, outdated: Path) -> None:
    outdated.write_text(outdated.read_text() + '[feature.tools.dependencies.app]\nversion = "*"\n')
    before = (outdated.parent / "pixi.lock").read_bytes()
    ran = pixi("lock", "--check", "--dry-run", "--json")
    assert ran.status == 1
    assert {row["name"] for row in ran.json["environment"]["tools"]["win-64"]} == {"app", "lib"}
    said = pixi("lock", "--dry-run")
    assert said.status == 0 and "Dry-run: lock file would be updated (not written to disk)" in said.err
    assert (outdated.parent / "pixi.lock").read_bytes() == before


@pytest.mark.parametrize(
    "more",
    [
        "",
        '[system-requirements]\ncuda = "12"\n',
        '[feature.tools.system-requirements]\ncuda = "12"\n',
        '[feature.none]\n[environments.empty]\nfeatures = ["none"]\nno-default-feature = true\n',
    ],
)
def test_a_lock_of_version_6_becomes_the_one_that_would_be_written(pixi, outdated: Path, more: str) -> None:
    lock = outdated.parent / "pixi.lock"
    outdated.write_text(outdated.read_text() + more)
    assert pixi("update").status == 0
    written = lock.read_text()
    older = re.sub(r"version: 7\nplatforms:\n.*?\nenvironments:", "version: 6\nenvironments:", written, flags=re.DOTALL)
    for alias, subdir in re.findall(r"- name: (p\d)\n  subdir: (\S+)", written):  # packages are kept by subdir there
        older = older.replace(f"      {alias}:\n", f"      {subdir}:\n")
    lock.write_text(older)
    assert pixi("lock", "--check").status == 1
    assert lock.read_text() == older
    assert pixi("lock").status == 0
    assert lock.read_text() == written


def test_nothing_is_updated_before_anything_is_locked(pixi, outdated: Path) -> None:
    (outdated.parent / "pixi.lock").unlink()
    ran = pixi("update", "lib")
    assert ran.status == 1 and "could not find a package named 'lib'" in ran.err and "nothing is locked yet" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "could not find a package named 'nothing'"),
        (["app", "-e", "tools"], "could not find a package named 'app'"),
        (["lib", "-p", "osx-arm64"], "could not find a package named 'lib'"),
        (["-e", "none"], "unknown environment 'none'"),
    ],
)
def test_what_is_not_locked_there_cannot_be_updated(pixi, outdated: Path, arguments: list[str], message: str) -> None:
    before = (outdated.parent / "pixi.lock").read_bytes()
    ran = pixi("update", *arguments)
    assert ran.status == 1 and message in ran.err
    assert (outdated.parent / "pixi.lock").read_bytes() == before
