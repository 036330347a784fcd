"""`workspace platform`: what it writes, what it refuses, and what it lists."""

from __future__ import annotations

from pathlib import Path

import pytest


def platforms(manifest: Path) -> str:
    """The line of the manifest that declares the platforms."""
    return next(line for line in manifest.read_text().splitlines() if line.startswith("platforms"))


def test_add_locks_for_the_new_platform(pixi, manifest: Path) -> None:
    ran = pixi("workspace", "platform", "add", "win-64", "--no-install")
    assert (ran.status, ran.out) == (0, "")
    assert "✔ Added win-64" in ran.err
    assert platforms(manifest) == 'platforms = ["linux-64", "osx-arm64", "win-64"]'
    assert "- name: win-64" in (manifest.parent / "pixi.lock").read_text()
    again = pixi("workspace", "platform", "add", "win-64", "--no-install")
    assert again.status == 0
    assert "Platform win-64 is already present; nothing to do" in again.err


@pytest.mark.parametrize(
    ("words", "entry"),
    [
        (("gpu=linux-64", "--cuda", "12"), '{ name = "gpu", platform = "linux-64", cuda = "12" }'),
        (
            ("gpu=linux-64", "--cuda", "12", "--cuda-arch", "8.6"),
            '{ name = "gpu", platform = "linux-64", cuda = { driver = "12", arch = "8.6" } }',
        ),
        (
            ("fast=linux-64", "--archspec", "x86_64_v3"),
            '{ name = "fast", platform = "linux-64", archspec = "x86_64_v3" }',
        ),
        (("x=win-64", "__foo=1=bar"), '{ name = "x", platform = "win-64", __foo = "1=bar" }'),
        (("linux-64-glibc-2-31=linux-64", "--glibc", "2.31"), '{ platform = "linux-64", glibc = "2.31" }'),
        (("plain=linux-64",), '{ name = "plain", platform = "linux-64" }'),
    ],
)
def test_add_writes_rich_platforms_as_pixi_does(pixi, manifest: Path, words: tuple[str, ...], entry: str) -> None:
    assert pixi("workspace", "platform", "add", *words, "--no-install").status == 0
    assert platforms(manifest) == f'platforms = ["linux-64", "osx-arm64", {entry}]'


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "at least one platform argument is required"),
        (("nope-1",), "'nope-1' is not a valid conda subdir"),
        (("linux-64", "--cuda", "12"), "virtual packages require a custom platform name"),
        (("a=linux-64", "b=win-64", "--cuda", "12"), "require exactly one platform argument; got 2"),
        (("win-64", "win-64"), "'win-64' was specified more than once"),
        (("m=osx-64", "--glibc", "2.31"), "--glibc only applies to linux subdirs"),
        (("g=linux-64", "--cuda", "12", "__cuda=11"), "'__cuda' was specified more than once"),
        (("g=linux-64", "--cuda-arch", "8.6"), "`__cuda_arch` requires `__cuda`"),
        (("g=linux-64", "--cuda", "twelve!"), "--cuda: 'twelve!' is not a valid version"),
        (("f=linux-64", "--archspec", "x86_64_v33"), "'x86_64_v33' is not a known microarchitecture"),
        (("-bad=linux-64",), "unexpected argument"),
        (("9bad=linux-64",), "invalid platform name '9bad'"),
        (("a=win-64", "b=win-64", "--auto-detect"), "accepts at most one platform name"),
        (("a=win-64", "--auto-detect"), "pass a bare `<name>`"),
    ],
)
def test_add_refuses_and_changes_nothing(pixi, manifest: Path, words: tuple[str, ...], text: str) -> None:
    before = manifest.read_bytes()
    ran = pixi("workspace", "platform", "add", *words, "--no-install")
    assert ran.status in (1, 2)
    assert text in ran.err
    assert manifest.read_bytes() == before
    assert not (manifest.parent / "pixi.lock").exists()


def test_add_to_a_feature_and_to_an_environment(pixi, manifest: Path) -> None:
    assert pixi("workspace", "platform", "add", "-f", "f", "linux-64", "--no-install").status == 0
    assert '[feature.f]\nplatforms = ["linux-64"]' in manifest.read_text()
    ran = pixi("workspace", "platform", "add", "-e", "e", "linux-64", "--no-install")
    assert "Added linux-64 to environment 'e'" in ran.err
    assert '[environments.e]\nfeatures = ["f"]\nplatforms = ["linux-64"]' in manifest.read_text()
    wrong = pixi("workspace", "platform", "remove", "-f", "f", "osx-arm64")
    assert (wrong.status, "feature 'f' does not declare platform(s): osx-arm64" in wrong.err) == (1, True)
    assert pixi("workspace", "platform", "remove", "-f", "f", "linux-64", "--no-install").status == 0
    assert "[feature.f]\nplatforms = []" in manifest.read_text()


def test_detected_platform_comes_first(pixi, manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "12.4")
    assert pixi("workspace", "platform", "add", "--auto-detect", "here", "--no-install").status == 0
    line = platforms(manifest)
    assert line.startswith('platforms = [{ name = "here", platform = ')
    assert 'cuda = "12.4"' in line
    again = pixi("workspace", "platform", "add", "--current", "--no-install")
    assert "already matches this machine" in again.err
    assert platforms(manifest) == line


def test_edit_renames_what_was_named_by_its_content(pixi, manifest: Path) -> None:
    pixi("workspace", "platform", "add", "-f", "f", "linux-64", "--no-install")
    assert pixi("workspace", "platform", "edit", "linux-64", "--glibc", "2.31", "--no-install").status == 0
    assert platforms(manifest) == 'platforms = [{ platform = "linux-64", glibc = "2.31" }, "osx-arm64"]'
    assert '[feature.f]\nplatforms = ["linux-64-glibc-2-31"]' in manifest.read_text()
    edited = pixi("workspace", "platform", "edit", "linux-64-glibc-2-31", "--clear-virtual-packages", "--no-install")
    assert edited.status == 0
    assert platforms(manifest) == 'platforms = ["linux-64", "osx-arm64"]'
    assert '[feature.f]\nplatforms = ["linux-64"]' in manifest.read_text()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("nothing", "--cuda", "1"), "workspace does not define a platform named 'nothing'"),
        (("linux-64",), "nothing to do: pass at least one of --subdir"),
        (("linux-64", "--clear-virtual-packages"), "special subdir platform"),
        (("linux-64", "--glibc", "2.28"), "special subdir platform"),
    ],
)
def test_edit_refuses(pixi, manifest: Path, words: tuple[str, ...], text: str) -> None:
    before = manifest.read_bytes()
    ran = pixi("workspace", "platform", "edit", *words)
    assert (ran.status, text in ran.err) == (1, True)
    assert manifest.read_bytes() == before


def test_edit_writes_out_legacy_requirements(pixi, manifest: Path) -> None:
    manifest.write_text(manifest.read_text() + '\n[system-requirements]\ncuda = "12"\n')
    assert pixi("workspace", "platform", "add", "g=linux-aarch64", "--cuda", "13", "--no-install").status == 0
    assert "system-requirements" not in manifest.read_text()
    assert '{ platform = "linux-64", cuda = "12" }' in platforms(manifest)
    assert '{ name = "g", platform = "linux-aarch64", cuda = "13" }' in platforms(manifest)


def test_move(pixi, manifest: Path) -> None:
    pixi("workspace", "platform", "add", "win-64", "--no-install")
    for words, order in (
        (("win-64", "--to-top"), ("win-64", "linux-64", "osx-arm64")),
        (("win-64", "--after", "linux-64"), ("linux-64", "win-64", "osx-arm64")),
        (("linux-64", "--to-bottom"), ("win-64", "osx-arm64", "linux-64")),
        (("linux-64", "--before", "osx-arm64"), ("win-64", "linux-64", "osx-arm64")),
    ):
        assert pixi("workspace", "platform", "move", *words, "--no-install").status == 0
        assert platforms(manifest) == "platforms = [" + ", ".join(f'"{n}"' for n in order) + "]"
    assert pixi("workspace", "platform", "move", "win-64").status == 2
    assert pixi("workspace", "platform", "move", "win-64", "--before", "win-64").status == 1
    assert pixi("workspace", "platform", "move", "win-64", "--before", "zos-z").status == 1


def test_remove_keeps_the_other_lines(pixi, manifest: Path) -> None:
    text = manifest.read_text().replace('["linux-64", "osx-arm64"]', '[\n  "linux-64", # mine\n  "osx-arm64",\n]')
    manifest.write_text(text)
    assert pixi("workspace", "platform", "remove", "osx-arm64", "--no-install").status == 0
    assert manifest.read_text() == text.replace('  "osx-arm64",\n', "")
    ran = pixi("workspace", "platform", "remove", "osx-64")
    assert (ran.status, "workspace does not define a platform named 'osx-64'" in ran.err) == (1, True)


def test_list(pixi, manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "12.4")
    pixi("workspace", "platform", "add", "gpu=linux-64", "--cuda", "12", "--no-install")
    text = pixi("workspace", "platform", "list").out
    assert text.startswith("Your current machine was detected as:\n    platform=")
    assert "\ngpu: platform=linux-64, cuda=12" in text
    assert "    Used in environments: default, e" in text
    rows = pixi("workspace", "platform", "list", "--json").json["platforms"]
    assert [row["name"] for row in rows] == ["current", "linux-64", "osx-arm64", "gpu"]
    assert rows[0]["is_autodetected"] is True
    assert rows[3]["virtual_packages"] == ["cuda=12"]
    assert rows[2]["detected_virtual_packages"] == ["macos=13.0", "__archspec=1=m1", "__unix"]
    assert pixi("workspace", "platform", "list", "--machine-readable").out == "linux-64 osx-arm64 gpu\n"


def test_names_that_cannot_run_here_are_dim(pixi, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIXI_OVERRIDE_PLATFORM", "linux-64")
    (folder / "pixi.toml").write_text(
        """[workspace]
name = "ws"
channels = []
platforms = ["linux-64", "osx-arm64"]
[feature.mac]
platforms = ["osx-arm64"]
[feature.both]
platforms = ["linux-64", "osx-arm64"]
[environments]
m = ["mac"]
b = ["both"]
"""
    )
    painted = pixi("--color", "always", "workspace", "platform", "list").out
    assert "environments: default, \x1b[2mm\x1b[0m, b" in painted
    assert "features    : \x1b[2mmac\x1b[0m, both" in painted
    assert "\x1b[" not in pixi("--color", "never", "workspace", "platform", "list").out


@pytest.mark.parametrize("command", ["list", "tree"])
def test_an_old_lock_of_subdirs_is_read_for_rich_platforms(
    pixi, folder: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Before version 7 a lock knew subdirs only; what `[system-requirements]` make of one has another name."""
    (folder / "pixi.toml").write_text(
        """[workspace]
name = "ws"
channels = ["https://example.org/stuff"]
platforms = ["linux-64", "osx-arm64"]
[dependencies]
old = "*"
[system-requirements]
macos = "12.0"
"""
    )
    package = "conda: https://example.org/stuff/osx-arm64/old-1.0-h0.conda"
    (folder / "pixi.lock").write_text(
        f"""version: 6
environments:
  default:
    channels:
    - url: https://example.org/stuff/
    packages:
      osx-arm64:
      - {package}
packages:
- {package}
  sha256: {"a" * 64}
"""
    )
    named = pixi(command, "--frozen", "--platform", "osx-arm64-macos-12-0")
    assert (named.status, "old" in named.out) == (0, True), named.err
    monkeypatch.setenv("PIXI_OVERRIDE_PLATFORM", "osx-arm64")
    monkeypatch.setenv("CONDA_OVERRIDE_OSX", "12.0")
    here = pixi(command, "--frozen")
    assert (here.status, here.out) == (0, named.out), here.err


def test_a_rich_platform_that_is_gone_is_noticed_and_leaves_the_lock(pixi, manifest: Path) -> None:
    before = manifest.read_text()
    assert pixi("workspace", "platform", "add", "gpu=linux-64", "--cuda", "12", "--no-install").status == 0
    manifest.write_text(before)
    checked = pixi("lock", "--check")
    assert checked.status == 1
    assert "present in the lock file but not in the environment" in checked.err
    assert pixi("lock").status == 0
    assert "cuda" not in (manifest.parent / "pixi.lock").read_text()
    assert pixi("lock", "--check").status == 0
