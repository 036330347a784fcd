"""Words of a magic's line, cells below it, and what the engine is started with."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_pixi.kernels.bridge.complete import COMMANDS
from jupyter_pixi.kernels.bridge.context import Context
from jupyter_pixi.kernels.bridge.errors import PixiError
from jupyter_pixi.kernels.bridge.words import DEPTHS, cell_commands, child_environ, engine_arguments, split_line


@pytest.mark.parametrize(
    "line, words",
    [
        ("add polars 'numpy >=2'", ["add", "polars", "numpy >=2"]),
        ('add "a b"\\ c', ["add", "a b c"]),
        ("add x  # because", ["add", "x"]),
        ("# add x", []),
        ("run echo \"# no comment\" '#' \\# a#b", ["run", "echo", "# no comment", "#", "#", "a#b"]),
        ("add 'git+https://host/x#egg=y'", ["add", "git+https://host/x#egg=y"]),
        ("run $(id) `id` ~ * ; x && y > z", ["run", "$(id)", "`id`", "~", "*", ";", "x", "&&", "y", ">", "z"]),
        ("add don\\'t", ["add", "don't"]),
    ],
)
def test_a_line_is_split_and_not_evaluated(line: str, words: list[str]) -> None:
    assert split_line(line) == words


@pytest.mark.parametrize("line", ["add 'x", 'add "x', "add \\"])
def test_an_open_quote_is_told(line: str) -> None:
    with pytest.raises(PixiError, match="cannot be split"):
        split_line(line)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)))
def test_quoted_words_come_back(words: list[str]) -> None:
    assert split_line(" ".join(shlex.quote(word) for word in words)) == words


def test_own_options_stand_behind_the_name() -> None:
    def arguments(line: str) -> str:
        return " ".join(engine_arguments(line.split(), "/w/pixi.toml", ["--events-fd", "5"]))

    ours = "--events-fd 5 --manifest-path /w/pixi.toml"
    assert arguments("add polars") == f"add {ours} polars"
    assert arguments("run -e cuda python -m pytest") == f"run {ours} -e cuda python -m pytest"
    assert arguments("workspace channel add x") == f"workspace channel add {ours} x"
    assert arguments("workspace channel --help") == f"workspace channel {ours} --help"
    assert arguments("task list") == f"task list {ours}"
    assert arguments("init x") == "init --events-fd 5 x"
    assert arguments("--version") == "--version --events-fd 5"


@pytest.mark.parametrize("flag", ["-m x", "-mx", "--manifest-path=x", "--manifest-path x", "-w x", "--workspace x"])
def test_a_manifest_that_the_user_names_wins(flag: str) -> None:
    assert "/w/pixi.toml" not in engine_arguments(["add", *flag.split(), "y"], "/w/pixi.toml")
    assert "/w/pixi.toml" not in engine_arguments(["run", "-e", "a", *flag.split(), "y"], "/w/pixi.toml")
    assert "/w/pixi.toml" in engine_arguments(["run", "-e", "a", "y", *flag.split()], "/w/pixi.toml")
    assert "/w/pixi.toml" in engine_arguments(["add", "--", *flag.split()], "/w/pixi.toml")


def test_cells() -> None:
    assert cell_commands([], "add x 'y z'\n# no\n\n list ") == [(["add", "x", "y z"], None), (["list"], None)]
    assert cell_commands(["add", "-f", "a"], "numpy >=2\npolars\n") == [
        (["add", "-f", "a", "numpy >=2", "polars"], None)
    ]
    assert cell_commands(["run"], "print(1)") == [(["run", "python", "-"], "print(1)\n")]
    assert cell_commands(["run", "-e", "cuda"], "x\n") == [(["run", "-e", "cuda", "python", "-"], "x\n")]
    assert cell_commands(["run", "-e", "r", "Rscript", "-"], "x\n") == [(["run", "-e", "r", "Rscript", "-"], "x\n")]
    assert cell_commands(["exec", "-s", "polars"], "x\n") == [(["exec", "-s", "polars", "python", "-"], "x\n")]
    assert cell_commands(["run", "--script", "-", "a"], "x\n") == [(["run", "--script", "-", "a"], "x\n")]
    assert cell_commands(["run", "--script", "-"], "x\n") == [(["run", "--script", "-"], "x\n")]
    with pytest.raises(PixiError, match="takes no text"):
        cell_commands(["list"], "x")


def test_the_engine_gets_the_hosts_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/of/the/kernel")
    monkeypatch.setenv("PIXI_FROZEN", "true")
    monkeypatch.delenv("NO_COLOR", raising=False)
    host = {"HOME": "/home/u", "JUPYTER_PIXI_BRIDGE": "7"}
    context = Context("python", host, manifest="/w/pixi.toml", environment="cuda")
    environ = child_environ(context, ["add"], colour=False, columns=90)
    assert environ == {
        "HOME": "/home/u",
        "COLUMNS": "90",
        "PIXI_IN_SHELL": "1",
        "PIXI_PROJECT_ROOT": "/w",
        "PIXI_PROJECT_MANIFEST": "/w/pixi.toml",
        "PIXI_ENVIRONMENT_NAME": "cuda",
        "PIXI_FROZEN": "true",
    }
    assert host == {"HOME": "/home/u", "JUPYTER_PIXI_BRIDGE": "7"}
    assert child_environ(context, ["run"], colour=True, columns=90)["FORCE_COLOR"] == "1"
    monkeypatch.setenv("NO_COLOR", "1")
    assert "FORCE_COLOR" not in child_environ(context, ["run"], colour=True, columns=90)


def test_completion_offers_every_command_of_the_engine() -> None:
    from jupyter_pixi.cli.commands import build

    actions = build()._subparsers._group_actions[0]._choices_actions
    assert {action.dest for action in actions} - {"demo", "shell"} <= set(COMMANDS)
    assert set(DEPTHS) <= set(COMMANDS)
