"""The mark of a half made prefix is taken back only where nothing was touched, and never leaves a wrong one behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from jupyter_pixi.prefix import markers
from jupyter_pixi.prefix.lock import PrefixGuard, guard
from jupyter_pixi.prefix.unfinished import Unfinished

GOOD = "0123456789abcdef"
MARKER = '{"environment_lock_file_hash": "abc"}'


def within(prefix: Path, act: Callable[[Unfinished, PrefixGuard], None]) -> str:
    """Act on a good prefix whose lock is held. Returns its fingerprint afterwards."""
    markers.meta_folder(prefix).mkdir(parents=True)
    markers.marker_path(prefix).write_text(MARKER)

    async def run() -> str:
        async with guard(prefix, "default", lambda event: None) as held:
            held.write(GOOD)
            act(Unfinished(prefix, held), held)
            return held.read()

    return asyncio.run(run())


def test_what_was_not_touched_is_as_it_was(tmp_path: Path) -> None:
    def act(unfinished: Unfinished, held: PrefixGuard) -> None:
        unfinished.begin()
        assert held.read() == markers.INSTALLING
        unfinished.withdraw()

    assert within(tmp_path, act) == GOOD
    assert markers.marker_path(tmp_path).read_text() == MARKER


def test_a_link_after_the_mark_was_taken_back_sets_it_again(tmp_path: Path) -> None:
    def act(unfinished: Unfinished, held: PrefixGuard) -> None:
        unfinished.begin()
        unfinished.withdraw()
        unfinished.touch()
        unfinished.withdraw()  # too late

    assert within(tmp_path, act) == markers.INSTALLING
    assert markers.INVALID_HASH in markers.marker_path(tmp_path).read_text()


def test_a_mark_that_cannot_be_set_again_leaves_no_marker_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(prefix: Path) -> None:
        raise OSError(28, "No space left on device")

    def act(unfinished: Unfinished, held: PrefixGuard) -> None:
        unfinished.begin()
        unfinished.withdraw()
        monkeypatch.setattr(markers, "invalidate_marker", full)
        unfinished.touch()

    within(tmp_path, act)
    assert not markers.marker_path(tmp_path).exists()
