"""`task add`, `alias` and `remove`: the line that each form leaves in the manifest, as Pixi writes it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("t", "echo", "a b", "c"), """t = 'echo "a b" c'"""),
        (("t", "echo", "it's", "x[0]", "$A"), """t = "echo it's \\"x[0]\\" $A\""""),
        (("t", "echo", "", 'say "x"'), """t = 'echo "" "say \\"x\\""'"""),
        (("t", "echo t", "--depends-on", "a", "b"), 't = { cmd = "echo t", depends-on = ["a", "b"] }'),
        (
            ("t", "--arg", "x", "--depends-on", "a", "--", "echo {{ x }}"),
            't = { cmd = "echo {{ x }}", args = ["x"], depends-on = ["a"] }',
        ),
        (("t", " ", "--depends-on", "a", "b"), 't = [{ task = "a" }, { task = "b" }]'),
        (("t", "", "--depends-on", "a", "--arg", "x"), 't = { args = ["x"], depends-on = [{ task = "a" }] }'),
        (
            ("t", "", "--depends-on", "a", "--description", "D"),
            't = { depends-on = [{ task = "a" }], description = "D" }',
        ),
        (
            ("t", "run", "--cwd", "d", "--env", "A=b=c", "--default-environment", "e", "--description", "D"),
            't = { cmd = "run", cwd = "d", env = { A = "b=c" }, default-environment = "e", description = "D" }',
        ),
    ],
)
def test_a_task_is_written_as_pixi_writes_it(pixi, manifest: Path, words: tuple[str, ...], line: str) -> None:
    ran = pixi("task", "add", *words)
    assert (ran.status, line in manifest.read_text().splitlines()) == (0, True), manifest.read_text()


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("add", "t", "echo", "--arg", "bad-name"), 2, "contains the character '-'"),
        (("add", "t", "--depends-on", "a", "echo"), 2, "COMMAND"),
        (("add", "hi", "echo", "-p", "linux-64"), 1, "task hi already exists"),
        (("alias", "hi", "a"), 1, "task hi already exists"),
        (("remove", "hi", "-f", "nowhere"), 1, "nowhere"),
        (("remove", "nothing", "none"), 0, "does not exist"),
    ],
)
def test_what_no_task_is_made_of(pixi, manifest: Path, words: tuple[str, ...], status: int, said: str) -> None:
    pixi("task", "add", "hi", "echo")
    before = manifest.read_bytes()
    ran = pixi("task", *words)
    assert (ran.status, said in ran.err, manifest.read_bytes()) == (status, True, before)
