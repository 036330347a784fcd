"""What a dry run tells is not what was done."""

from __future__ import annotations

from argparse import Namespace

import pytest
from jupyter_pixi.cli.change import told
from jupyter_pixi.cli.output import Output
from jupyter_pixi.lockfile.diff import LockDiff
from jupyter_pixi.operations.result import Changed


@pytest.mark.parametrize("dry_run", [True, False])
def test_only_what_was_done_has_a_check_mark(capsys: pytest.CaptureFixture[str], dry_run: bool):
    changed = Changed(environment="default", lines=("Took back `add x`",), diff=LockDiff(()), dry_run=dry_run)
    assert told(Namespace(output=Output.plain(), json=False), changed) == 0
    said = capsys.readouterr().err
    assert "Took back `add x`" in said
    assert ("✔" in said, "nothing was changed" in said) == (not dry_run, dry_run)
