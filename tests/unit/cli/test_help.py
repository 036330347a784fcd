"""What the command line says of itself: long and short help, `help COMMAND`, examples for where one is."""

from __future__ import annotations

import re
import shlex

import pytest
from jupyter_pixi.cli import help_text
from jupyter_pixi.cli.commands import build
from jupyter_pixi.cli.examples import examples
from jupyter_pixi.cli.main import main
from jupyter_pixi.cli.parser import Parser, parse, plainly
from jupyter_pixi.errors import UsageError
from jupyter_pixi.kernels.bridge.words import engine_arguments

HIDDEN = ("complete", "prepare")


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_the_short_help_is_shorter_and_help_is_the_long_one(capsys):
    long, short = said(capsys, "run", "--help"), said(capsys, "run", "-h")
    assert long.startswith("Usage: pixi run [OPTIONS] [TASK]...\n") and short.startswith("Usage: pixi run ")
    assert "jupyter pixi run -e cuda python train.py" in long and "train.py" not in short
    assert "--no-progress" in long and "--no-progress" not in short
    assert said(capsys, "help", "run") == long
    assert said(capsys, "help") == said(capsys, "--help")
    assert main(["help", "rnu"]) == 2


def test_in_a_notebook_the_examples_are_magics(capsys):
    parser = build(["run", "--events-fd", "5"]).subcommands()["run"]
    assert "  %pixi run test  " in parser.format_help() and "jupyter pixi run" not in parser.format_help()
    assert "  %%pixi run -e cuda  " in parser.format_help()
    assert plainly(["help", "--events-fd", "5", "--caller-fd", "6", "task", "add"]) == [
        *("task", "add", "--events-fd", "5", "--caller-fd", "6", "--help")
    ]


def every(parser: Parser) -> list[Parser]:
    return [parser, *(p for child in dict.fromkeys(parser.subcommands().values()) for p in every(child))]


def test_every_command_has_a_help():
    for parser in every(build()):
        assert parser.format_help().startswith("Usage: pixi") and help_text.short(parser).startswith("Usage: pixi")


def test_every_command_shows_examples_that_it_understands():
    whole = build()
    for parser in every(whole):
        words = parser.prog.removeprefix(help_text.TERMINAL).split()
        if not words or words[-1] in HIDDEN:
            continue
        shown = examples(parser.prog)
        assert shown, f"`{parser.prog}` has no example"
        for line in re.findall(r"jupyter pixi (.*?)(?:  | >|\)\"|$)", shown, re.MULTILINE):
            words = shlex.split(line)
            parse(whole, words)
            parse(whole, engine_arguments(words, "pixi.toml"))  # as a cell of a workspace's notebook gives it


def test_a_flag_says_what_it_does_to_this_command(capsys):
    assert "environment as it is installed" in said(capsys, "run", "--help")
    assert "change manifest and lock only" in said(capsys, "add", "--help")
    assert "--no-install" not in said(capsys, "list", "--help")
    assert "(default: all)" in " ".join(said(capsys, "status", "--help").split())


@pytest.mark.parametrize(
    ("words", "near"),
    [
        (("rnu",), "run"),
        (("run", "--exectuable"), "--executable"),
        (("task", "ad"), "add"),
        (("exec", "--wiht"), "--with"),
    ],
)
def test_what_is_unknown_names_the_nearest(words, near):
    with pytest.raises(UsageError) as raised:
        build(words).parse_args(list(words))
    assert f"'{near}'" in str(raised.value.help)
