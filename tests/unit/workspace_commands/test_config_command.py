"""`config`: which file is changed, what it says afterwards, and what is refused."""

from __future__ import annotations

import os
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


def test_edit_opens_the_file_in_the_users_editor(pixi, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "my editor"
    program.write_text('#!/bin/sh\nprintf "%s" "$1" > "$2"\n')
    program.chmod(0o755)
    file = folder.parent / "home/.pixi/config.toml"
    monkeypatch.setenv("EDITOR", f"'{program}' 'tls-no-verify = true'")
    assert pixi("config", "edit").status == 0 and file.read_text() == "tls-no-verify = true"
    ran = pixi("config", "edit", f"'{program}' 'pinning-strategy = 3'")
    assert ran.status == 1 and f"{file} is not a valid configuration now" in ran.err
    assert file.read_text() == "pinning-strategy = 3"
    ran = pixi("config", "edit", "no-such-editor")
    assert ran.status == 1 and "There is no editor 'no-such-editor'" in ran.err and str(file) in ran.err


def test_edit_is_refused_in_a_notebook(pixi) -> None:
    read, write = os.pipe()
    assert pixi("config", "edit", "cat", "--events-fd", str(write)).status == 1
    with os.fdopen(read) as events:
        assert "An editor needs a terminal" in events.read()


def test_a_notebook_is_told_what_was_set(pixi) -> None:
    read, write = os.pipe()
    assert pixi("config", "set", "pinning-strategy", "no-pin", "--events-fd", str(write)).status == 0
    with os.fdopen(read) as events:
        assert "Updated config at" in events.read()
