"""How a command that a message names is called where the message is read."""

from __future__ import annotations

import os
from argparse import Namespace

import pytest
from jupyter_pixi.cli.help_text import NOTEBOOK, TERMINAL, called
from jupyter_pixi.cli.output import Output
from jupyter_pixi.errors import PixiError
from jupyter_pixi.events import Failed, Note, Warn


@pytest.mark.parametrize(
    ("text", "terminal", "notebook"),
    [
        ("run `pixi lock`", "run `jupyter pixi lock`", "run `%pixi lock`"),
        ("Run `jupyter pixi lock -e x`.", "Run `jupyter pixi lock -e x`.", "Run `%pixi lock -e x`."),
        ("Add it with 'pixi workspace …'", "Add it with 'jupyter pixi workspace …'", "Add it with '%pixi workspace …'"),
        ("terminal: `jupyter pixi shell`", "terminal: `jupyter pixi shell`", "terminal: `jupyter pixi shell`"),
        *(
            (same, same, same)
            for same in ("`pixi auth login h`", "Pixi itself", "a pixi run", "`pixi`", "`%pixi undo`")
        ),
    ],
)
def test_a_message_names_the_command_that_the_reader_has(text: str, terminal: str, notebook: str):
    assert called(text, TERMINAL) == terminal
    assert called(text, NOTEBOOK) == notebook


def test_the_terminal_and_the_notebook_are_told_so(capsys: pytest.CaptureFixture[str]):
    def tell(output: Output) -> None:
        for event in (Note(text="`pixi add x`"), Warn(text="`pixi list`")):
            output.sink(event)
        output.failed(
            Failed(code="x", text="`pixi lock` failed", help="`pixi undo`"),
            PixiError("`pixi lock` failed", help="`pixi undo`"),
        )

    tell(Output.plain())
    said = capsys.readouterr().err
    assert all(f"`jupyter pixi {name}" in said for name in ("add x", "list", "undo"))
    assert "`pixi lock` failed" in said
    read, write = os.pipe()
    output = Output.of(Namespace(events_fd=write), [])
    tell(output)
    output.close()
    with os.fdopen(read) as events:
        heard = events.read()
    assert all(f"`%pixi {name}" in heard for name in ("add x", "list", "undo"))
