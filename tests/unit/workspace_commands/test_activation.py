"""`workspace activation` and `workspace preview`: tables of the manifest that are edited without a solve."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli


def activation(manifest: Path, *keys: str) -> dict:
    """The activation table below some keys."""
    data = tomli.loads(manifest.read_text())
    for key in keys:
        data = data[key]
    return data["activation"]


@pytest.fixture
def scripts(folder: Path) -> None:
    """Three scripts in the workspace."""
    for name in ("a.sh", "b.sh", "c.sh"):
        (folder / name).write_text("export X=1\n")


def test_scripts_keep_their_order(pixi, manifest: Path, scripts: None) -> None:
    assert pixi("workspace", "activation", "script", "add", "b.sh", "c.sh").status == 0
    assert pixi("workspace", "activation", "script", "prepend", "a.sh").status == 0
    assert activation(manifest) == {"scripts": ["a.sh", "b.sh", "c.sh"]}
    again = pixi("workspace", "activation", "script", "add", "a.sh")
    assert (again.status, "a.sh is there already" in again.err) == (0, True)
    assert pixi("workspace", "activation", "script", "remove", "b.sh").status == 0
    assert activation(manifest) == {"scripts": ["a.sh", "c.sh"]}
    before = manifest.read_bytes()
    ran = pixi("workspace", "activation", "script", "remove", "b.sh")
    assert (ran.status, "does not exist" in ran.err) == (1, True)
    assert manifest.read_bytes() == before
    ran = pixi("workspace", "activation", "script", "prepend", "later.sh", "c.sh")
    assert (ran.status, "'later.sh' does not exist yet" in ran.err) == (0, True)
    assert "Moved activation script c.sh to the front" in ran.err
    assert activation(manifest) == {"scripts": ["later.sh", "c.sh", "a.sh"]}


@pytest.mark.parametrize(
    ("before", "words", "after"),
    [
        ('[activation]\nscripts = ["a.sh", "b.sh"]\n', "script remove a.sh b.sh", ""),
        (
            '[activation]\nscripts = ["a.sh"]\n\n[activation.env]\nA = "1"\n',
            "script remove a.sh",
            '[activation]\n\n[activation.env]\nA = "1"\n',
        ),
        ('[activation]\nenv = { A = "1" }\nscripts = ["a.sh"]\n', "env remove A", '[activation]\nscripts = ["a.sh"]\n'),
        ('[target.unix.activation.env]\nA = "1"\nB = "2"\n', "env remove B A -t unix", ""),
        ('[feature.g.activation]\nscripts = ["a.sh"]\n', "script remove a.sh -f g", ""),
        ('[environments.own.activation.env]\nA = "1"\n', "env remove A -e own", None),
    ],
)
def test_what_is_emptied_goes(pixi, manifest: Path, before: str, words: str, after: str | None) -> None:
    start = manifest.read_text()
    manifest.write_text(f"{start}\n{before}")
    assert pixi("workspace", "activation", *words.split()).status == 0
    if after is None:
        assert tomli.loads(manifest.read_text())["environments"]["own"] == []
    else:
        assert manifest.read_text() == start + (f"\n{after}" if after else "")


def test_a_feature_in_use_stays_declared(pixi, manifest: Path) -> None:
    manifest.write_text(f'{manifest.read_text()}\n[feature.g.activation.env]\nX = "1"\n')
    assert pixi("workspace", "environment", "add", "uses", "-f", "g").status == 0
    assert pixi("workspace", "activation", "env", "remove", "X", "-f", "g").status == 0
    assert tomli.loads(manifest.read_text())["feature"]["g"] == {}


def test_variables_in_every_place(pixi, manifest: Path) -> None:
    places = {
        (): (),
        ("-f", "f"): ("feature", "f"),
        ("-e", "e"): ("environments", "e"),
        ("-t", "unix"): ("target", "unix"),
        ("-f", "f", "-t", "linux-64"): ("feature", "f", "target", "linux-64"),
    }
    for words, keys in places.items():
        assert pixi("workspace", "activation", "env", "set", "X=1=2", "Y=", *words).status == 0
        assert activation(manifest, *keys) == {"env": {"X": "1=2", "Y": ""}}
        assert pixi("workspace", "activation", "env", "set", "X=$HOME/x", *words).status == 0
        assert pixi("workspace", "activation", "env", "remove", "Y", *words).status == 0
        assert activation(manifest, *keys) == {"env": {"X": "$HOME/x"}}
    assert tomli.loads(manifest.read_text())["environments"]["e"]["features"] == ["f"]
    assert "# keep me" in manifest.read_text()
    wrong = pixi("workspace", "activation", "env", "set", "X")
    assert (wrong.status, "no `=` found in `X`" in wrong.err) == (2, True)


def test_the_listing(pixi, manifest: Path, scripts: None) -> None:
    assert pixi("workspace", "activation", "list").out == ""
    assert pixi("workspace", "activation", "script", "add", "a.sh").status == 0
    assert pixi("workspace", "activation", "env", "set", "X=1", "-f", "f").status == 0
    assert pixi("workspace", "activation", "env", "set", "Z=1", "-e", "e", "-t", "win").status == 0
    assert pixi("workspace", "activation", "list").out == (
        "default:\n    a.sh\nf:\n    X = 1\nenvironment e (win):\n    Z = 1\n"
    )
    assert pixi("workspace", "activation", "env", "list", "-f", "f").out == "f:\n    X = 1\n"
    assert pixi("workspace", "activation", "script", "list").out == "default:\n    a.sh\n"
    assert pixi("workspace", "activation", "list", "-e", "e", "-t", "win").out == "environment e (win):\n    Z = 1\n"
    assert pixi("workspace", "activation", "list", "-f", "nope").status == 1
    assert pixi("workspace", "activation", "list", "-e", "nope").status == 1


def test_preview_features(pixi, manifest: Path) -> None:
    assert pixi("workspace", "preview", "list").out == ""
    assert pixi("workspace", "preview", "add", "pixi-build").status == 0
    assert tomli.loads(manifest.read_text())["workspace"]["preview"] == ["pixi-build"]
    assert pixi("workspace", "preview", "list").out == "pixi-build\n"
    assert "pixi-build is on already" in pixi("workspace", "preview", "add", "pixi-build").err
    assert pixi("workspace", "preview", "remove", "pixi-build").status == 0
    assert tomli.loads(manifest.read_text())["workspace"]["preview"] == []
    assert pixi("workspace", "preview", "add", "other").status == 2
