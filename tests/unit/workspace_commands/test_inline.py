"""Environments with content of their own: what can be changed there, and what is said where it cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli


def content(manifest: Path) -> dict:
    """The manifest as data."""
    return tomli.loads(manifest.read_text())


@pytest.fixture
def inline(manifest: Path) -> Path:
    """A workspace whose environment `dev` asks for a package itself."""
    manifest.write_text(manifest.read_text() + '\n[environments.dev.dependencies]\nlib = "==1.0"\n')
    return manifest


def test_tasks_of_an_environment_come_and_go(pixi, manifest: Path) -> None:
    assert pixi("task", "add", "-e", "dev", "hi", "echo hi").status == 0
    assert pixi("task", "alias", "-e", "dev", "both", "hi").status == 0
    assert content(manifest)["environments"]["dev"]["tasks"] == {"hi": "echo hi", "both": [{"task": "hi"}]}
    assert pixi("task", "remove", "-e", "dev", "hi").status == 0
    assert content(manifest)["environments"]["dev"]["tasks"] == {"both": [{"task": "hi"}]}
    assert pixi("task", "remove", "-e", "dev", "both").status == 0
    assert "dev" not in content(manifest)["environments"]  # it stood for its tasks alone


def test_an_environment_with_other_content_outlives_its_last_task(pixi, inline: Path) -> None:
    assert pixi("task", "add", "-e", "dev", "hi", "echo hi").status == 0
    assert pixi("task", "remove", "-e", "dev", "hi").status == 0
    assert content(inline)["environments"]["dev"]["dependencies"] == {"lib": "==1.0"}


def test_a_task_of_a_feature_is_not_the_environments(pixi, inline: Path) -> None:
    assert pixi("task", "add", "hi", "echo hi").status == 0
    before = inline.read_bytes()
    ran = pixi("task", "remove", "-e", "dev", "hi")
    assert ran.status == 0
    assert "Task `hi` does not exist for environment 'dev'" in ran.err
    assert inline.read_bytes() == before


def test_the_default_environment_may_have_content_of_its_own(pixi, inline: Path) -> None:
    assert pixi("add", "-e", "default", "lib", "--no-install").status == 0
    assert "lib" in content(inline)["environments"]["default"]["dependencies"]
    assert pixi("upgrade", "-e", "default", "lib", "--no-install").status == 0


def test_upgrade_of_one_environment(pixi, inline: Path) -> None:
    assert pixi("upgrade", "-e", "dev", "--no-install").status == 0
    after = content(inline)
    assert after["environments"]["dev"]["dependencies"]["lib"] == ">=2.0,<3"
    assert after["dependencies"]["tool"] == "*"
    assert after["feature"]["f"]["dependencies"]["lib"] == "<2"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("-e", "nope"), "could not find an environment named 'nope'"),
        (("-e", "e"), "the environment 'e' does not define any content inline"),
        (("-e", "default"), "the environment 'default' does not define any content inline"),
        (("-f", "dev"), "could not find a feature named 'dev'"),
    ],
)
def test_upgrade_knows_its_places(pixi, inline: Path, words: tuple[str, ...], text: str) -> None:
    before = inline.read_bytes()
    ran = pixi("upgrade", *words)
    assert (ran.status, text in ran.err) == (1, True), ran.err
    assert inline.read_bytes() == before


def test_info_lists_features_only(pixi, inline: Path) -> None:
    environments = {e["name"]: e for e in pixi("info", "--json").json["environments_info"]}
    assert environments["dev"]["features"] == ["default"]
    assert environments["dev"]["dependencies"] == ["lib", "tool"]
    assert environments["e"]["features"] == ["f", "default"]
