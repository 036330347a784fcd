"""`tree`, `list`, `search`, `export` and completion over a small channel."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def locked(pixi, manifest: Path) -> Path:  # type: ignore[no-untyped-def]
    """The workspace with `app` in it, locked."""
    manifest.write_text(manifest.read_text().replace('tool = "*"', 'tool = "*"\napp = "<2"'))
    assert pixi("lock").status == 0
    return manifest


def test_tree(pixi, locked: Path) -> None:
    # `tool` is asked for as well: it was shown before, and what is below it is not shown again
    assert (
        pixi("tree", "-p", "linux-64").out
        == "├── app 1.0 \n│   ├── lib 1.1 \n│   └── tool 1.0.0 \n└── tool 1.0.0  (*)\n"
    )
    assert pixi("tree", "-p", "linux-64", "-i", "lib").out == "\nlib 1.1 \n└── app 1.0 \n"
    assert pixi("tree", "-p", "linux-64", "^lib$").out == " lib 1.1 \n"
    other = pixi("tree", "-p", "linux-64", "-e", "e")
    assert other.err == "Environment: e\n"
    assert pixi("tree", "-i").status == 2
    nothing = pixi("tree", "-p", "linux-64", "-i", "zzz")
    assert (nothing.status, "Nothing depends on the given regular expression" in nothing.err) == (1, True)
    assert pixi("tree", "-p", "linux-64", "zzz").status == 1
    assert pixi("tree", "-p", "linux-64", "(").status == 1
    painted = pixi("tree", "-p", "linux-64", "--color", "always").out
    assert "\x1b[1;32mapp\x1b[0m \x1b[33m1.0\x1b[0m" in painted


def test_list_fields(pixi, locked: Path) -> None:
    ran = pixi("list", "--platform", "osx-arm64", "--fields", "name,version", "--fields", "build-number,depends")
    assert ran.out.splitlines()[:2] == [
        "Name  Version  Build-Number  Depends",
        "app   1.0      0             lib >=1,<2, tool",
    ]
    assert pixi("list", "--platform", "linux-64", "--fields", "nothing").status == 2
    assert "app" in pixi("list", "--platform", "linux-64", "--local").out
    assert pixi("list", "--platform", "linux-64", "nothing-has-this-name").status == 1


def test_search(pixi, manifest: Path, channel: str) -> None:
    found = pixi("search", "lib", "--json").json
    assert [r["version"] for r in found["linux-64"]] == ["2.0", "1.1", "1.0"]
    assert sorted(found) == ["linux-64", "osx-arm64"]
    assert list(found["linux-64"][0])[-3:] == ["fn", "url", "channel"]
    text = pixi("search", "lib", "-p", "win-64", "--limit", "1")
    assert text.err == f"Using channels: {channel}\n"
    lines = text.out.splitlines()
    assert lines[0] == "lib-2.0-h0_0"
    assert "Subdir              win-64" in lines
    assert lines[-3:] == ["Version  Build", "1.1      h0_0", "... and 1 more"]
    several = pixi("search", "*", "-p", "win-64", "-n", "2", "-l", "1").out
    assert several.startswith("app (2 versions)\n  2.0 h0_0 [win-64]")
    assert several.endswith("... and 1 more package (use -n to show more)\n")
    assert [r["version"] for r in pixi("search", "lib<2", "-p", "win-64", "--json").json["win-64"]] == ["1.1", "1.0"]
    none = pixi("search", "tol")
    assert (none.status, "No packages found matching 'tol'" in none.err, "Did you mean tool?" in none.err) == (
        1,
        True,
        True,
    )
    assert pixi("search", "lib", "-p", "moon-64").status == 1
    assert pixi("search", "lib", "--json", "--limit", "3").status == 2
    assert pixi("search").status == 2


def test_search_outside_of_a_workspace(pixi, folder: Path, channel: str) -> None:
    assert pixi("search", "tool", "-c", channel, "-p", "linux-64").out.startswith("tool-1.0.0-h0_0\n")


def test_export_has_two_names(pixi, manifest: Path, channel: str) -> None:
    text = pixi("workspace", "export", "conda-environment", "-p", "linux-64", "-e", "e").out
    assert text == f"name: e\nchannels:\n- {channel}\n- nodefaults\ndependencies:\n- lib <2\n- tool *\n\n"
    assert pixi("export", "conda-environment", "-p", "linux-64", "-e", "e").out == text


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (("wor",), ["workspace"]),
        (("workspace", "platform", ""), ["list", "add", "edit", "move", "remove"]),
        (("list", "-e", ""), ["default", "e"]),
        (
            (
                "list",
                "--environment=d",
            ),
            ["--environment=default"],
        ),
        (("list", "--expl"), ["--explicit"]),
        (("list", "--sort-by", ""), ["size", "name", "kind"]),
        (("add", "-f", ""), ["f"]),
        (("remove", ""), ["lib", "tool"]),
        (("workspace", "platform", "remove", "os"), ["osx-arm64"]),
        (("run", ""), ["greet"]),
    ],
)
def test_completion(pixi, manifest: Path, words: tuple[str, ...], some: list[str]) -> None:
    manifest.write_text(manifest.read_text() + '\n[tasks]\ngreet = "echo hi"\n_hidden = "true"\n')
    ran = pixi("complete", "--", *words)
    assert ran.status == 0
    offers = ran.out.split()
    assert offers[: len(some)] == some
    assert "_hidden" not in offers


def test_completion_of_packages_asks_only_the_cache(pixi, manifest: Path) -> None:
    assert pixi("complete", "--", "add", "to").out in ("", "tool\n")
    pixi("lock")
    assert pixi("complete", "--", "add", "to").out == "tool\n"
    assert pixi("complete", "--", "add", "t").out == ""
    manifest.write_text("not toml [")
    assert (pixi("complete", "--", "add", "to").status, pixi("complete", "--", "list", "-e", "").out) == (
        0,
        "default\n",
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_ask_the_program(pixi, shell: str) -> None:
    text = pixi("completion", "--shell", shell).out
    assert "jupyter-pixi" in text
    assert "complete --" in text


def test_help_has_examples_and_names_the_nearest(pixi, capfd: pytest.CaptureFixture[str]) -> None:
    for words in (("tree", "--help"), ("workspace", "platform", "add", "--help")):
        with pytest.raises(SystemExit) as ended:
            pixi(*words)
        assert ended.value.code == 0
        assert "examples:\n  jupyter pixi " in capfd.readouterr().out
    assert "a similar subcommand exists: 'workspace'" in pixi("workspce").err
    assert "a similar subcommand exists: 'platform'" in pixi("workspace", "platfrom").err
    assert "a similar argument exists: '--explicit'" in pixi("list", "--explict").err


def test_options_may_stand_before_the_command(pixi, manifest: Path) -> None:
    assert pixi("--offline=maybe", "list").status == 2
    assert pixi("-v", "workspace", "name", "get").out == "ws\n"
    assert pixi("workspace", "--manifest-path", str(manifest), "name", "get").out == "ws\n"
    assert pixi("workspace", "name", "--manifest-path", str(manifest), "get").out == "ws\n"


def test_what_is_asked_for_stands_out_in_colour(pixi, locked: Path) -> None:
    rows = pixi("--color", "always", "list", "--platform", "linux-64").out.splitlines()
    assert rows[0].startswith("\x1b[1mName")
    assert [line.startswith("\x1b[1;32m") for line in rows[1:]] == [True, False, True]
    assert "\x1b[1;36mSystem\x1b[0m\n-----" in pixi("--color", "always", "info").out
    for words in (("list",), ("info",), ("tree",), ("search", "lib")):
        assert "\x1b[" not in pixi(words[0], *words[1:], "--color", "never").out


def test_a_platform_that_is_not_there_is_told_with_those_that_are(pixi, locked: Path) -> None:
    for words in (("list", "--platform", "win-64"), ("tree", "-p", "win-64")):
        ran = pixi(*words)
        assert (ran.status, "Its platforms are: linux-64, osx-arm64." in ran.err) == (1, True)


def test_changes_that_are_not_the_same_everywhere_name_their_platforms(pixi, manifest: Path) -> None:
    manifest.write_text(manifest.read_text() + '\n[target.osx-arm64.dependencies]\nlib = "==1.0"\n')
    assert pixi("lock").status == 0
    manifest.write_text(manifest.read_text().replace('lib = "==1.0"', 'lib = "*"\napp = "*"'))
    text = pixi("update", "--dry-run").err
    assert "  ~ (conda) lib  1.0 h0_0  ->  2.0 h0_0\n" in text
    assert pixi("upgrade", "--no-install").status == 0
    assert pixi("add", "lib", "--no-install").status == 0
    manifest.write_text(
        manifest.read_text().replace("[target.osx-arm64.dependencies]", "[target.linux-64.dependencies]")
    )
    text = pixi("lock").err
    assert "  + (conda) app  2.0 h0_0  [linux-64]\n" in text
    assert "  - (conda) app  2.0 h0_0  [osx-arm64]\n" in text
