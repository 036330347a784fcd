"""Configuration: what flags say above the files, which files count, and what is told of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def manifest(manifest: Path) -> Path:
    """A workspace of one environment, in which nothing bounds `lib`."""
    manifest.write_text(manifest.read_text().partition("\n[feature")[0])
    return manifest


def test_flags_stand_above_the_files(pixi, manifest: Path) -> None:
    local = manifest.parent / ".pixi/config.toml"
    local.parent.mkdir()
    local.write_text('pinning-strategy = "no-pin"\n')
    assert pixi("add", "lib", "--no-install").status == 0
    assert 'lib = "*"' in manifest.read_text()
    assert pixi("add", "app", "--no-install", "--pinning-strategy=exact-version").status == 0
    assert 'app = "==2.0"' in manifest.read_text()
    assert pixi("upgrade", "lib", "--no-install", "--pinning-strategy", "major").status == 0
    assert 'lib = ">=2.0,<3"' in manifest.read_text()


def test_pixis_rarer_flags_are_understood(pixi, manifest: Path) -> None:
    given = (
        "--concurrent-solves=1",
        "--concurrent-downloads=2",
        "--pypi-keyring-provider=disabled",
        "--run-post-link-scripts",
        "--tls-no-verify",
        "--use-environment-activation-cache",
        f"--auth-file={manifest.parent / 'auth.json'}",
        "--no-config",
    )
    assert pixi("lock", *given).status == 0
    wrong = pixi("lock", "--pypi-keyring-provider=always")
    assert (wrong.status, "--pypi-keyring-provider" in wrong.err) == (2, True)


def test_which_files_count(pixi, manifest: Path, tmp_path: Path) -> None:
    home = tmp_path / "home/.pixi/config.toml"
    home.parent.mkdir()
    home.write_text('pinning-strategy = "exact-version"\n')
    other = tmp_path / "other.toml"
    other.write_text('pinning-strategy = "no-pin"\n')
    for words, written in (
        ((), 'lib = "==2.0"'),
        (("--no-config",), 'lib = ">=2.0,<3"'),
        (("--config-file", str(other)), 'lib = "*"'),
    ):
        before = manifest.read_bytes()
        assert pixi("add", "lib", "--no-install", *words).status == 0
        assert written in manifest.read_text()
        manifest.write_bytes(before)


@pytest.mark.parametrize("here", [True, False])
def test_a_wrong_file_is_told(pixi, manifest: Path, tmp_path: Path, here: bool) -> None:
    if not here:
        manifest.unlink()
    home = tmp_path / "home/.pixi/config.toml"
    home.parent.mkdir()
    home.write_text("[broken")
    ran = pixi("info")
    assert (ran.status, ran.err.count("parse error")) == (0, 1)
    home.write_text("colour = true\n")
    ran = pixi("info")
    assert (ran.status, f"Ignoring 'colour' in {home}" in ran.err) == (0, True)


def test_what_means_nothing_in_the_manifest_is_told_once(pixi, manifest: Path) -> None:
    manifest.write_text(manifest.read_text() + '\n[target.zos-z.tasks]\nhi = "echo"\n')
    for words in (("lock",), ("list",), ("info",), ("task", "list"), ("workspace", "name", "get")):
        ran = pixi(*words)
        assert ran.status == 0
        if words != ("workspace", "name", "get"):
            assert ran.err.count("The target selector 'zos-z' does not match") == 1, words
            assert "`jupyter pixi workspace platform add zos-z` adds it" in ran.err
            assert "pixi.toml:" in ran.err
