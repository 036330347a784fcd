"""`config`: which file is changed, what it says afterwards, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_the_workspaces_file_is_changed_in_place(pixi, manifest: Path, folder: Path) -> None:
    file = folder / ".pixi" / "config.toml"
    file.parent.mkdir()
    file.write_text(
        "# mine\nshell.change-ps1 = true # why\n\n[experimental]\nuse-environment-activation-cache = false\n"
    )
    key = "experimental.use-environment-activation-cache"
    ran = pixi("config", "set", "--manifest-path", str(manifest), "--local", key, "true")
    assert (ran.status, f"Updated config at {file}" in ran.err) == (0, True)
    assert pixi("config", "set", "shell.change-ps1", "false").status == 0
    assert pixi("config", "append", "default-channels", "conda-forge").status == 0
    assert pixi("config", "prepend", "default-channels", "mine").status == 0
    assert pixi("config", "set", "concurrency.solves", "2").status == 0
    assert file.read_text() == (
        '# mine\nshell.change-ps1 = false # why\ndefault-channels = ["mine", "conda-forge"]\n\n'
        "[experimental]\nuse-environment-activation-cache = true\n\n[concurrency]\nsolves = 2\n"
    )
    assert pixi("config", "list", "--json").json["shell"] == {"change-ps1": False}
    assert pixi("config", "list", "default-channels").out == 'default-channels = ["mine", "conda-forge"]\n'
    assert pixi("config", "unset", "concurrency.solves").status == 0
    assert "solves" not in file.read_text()


def test_the_users_file_where_there_is_no_workspace(pixi, folder: Path) -> None:
    assert pixi("config", "set", "pinning-strategy", "no-pin").status == 0
    assert (folder.parent / "home/.pixi/config.toml").read_text() == 'pinning-strategy = "no-pin"\n'
    assert pixi("config", "list", "--global").out == 'pinning-strategy = "no-pin"\n'
    assert pixi("config", "set", "--local", "pinning-strategy", "no-pin").status == 1
    assert pixi("config", "list", "nothing").out == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("set", "pining-strategy", "x"), "did you mean `pinning-strategy`?"),
        (("set", "pinning-strategy", "loose"), "pinning-strategy is one of"),
        (("set", "tls-no-verify", "yes"), "true or false"),
        (("set", "concurrency.solves", "many"), "a number"),
        (("set", "default-channels", "conda-forge"), "a list"),
        (("append", "tls-no-verify", "x"), "is no list"),
        (("set", "detached-environments", "here"), "absolute path"),
    ],
)
def test_a_wrong_value_writes_nothing(pixi, manifest: Path, folder: Path, words, said: str) -> None:
    ran = pixi("config", *words)
    assert ran.status == 1 and said in ran.err
    assert not (folder / ".pixi").exists()
