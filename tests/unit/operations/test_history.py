"""The history keeps pairs: bounded, without credentials, in the order in which things happened."""

from __future__ import annotations

import dataclasses
import os
import stat

import pytest
from jupyter_pixi.operations.publishing import history
from jupyter_pixi.operations.publishing.history import Entry, Pair


def entry(root, number: int, kind="change", of=None, *, before=b"old", after=b"new", time=0.0) -> Entry:
    old, _ = history.keep(root, before)
    new, struck = history.keep(root, after)
    made = Entry(str(number), time, ("add", "x"), None, Pair(old, old), Pair(new, new), kind, of, redacted=struck)
    history.record(root, made.to_dict())
    return made


def test_an_entry_comes_back_with_its_contents(tmp_path):
    made = entry(tmp_path, 1)
    assert history.entries(tmp_path) == (made,)
    assert history.content(tmp_path, made.before.manifest) == b"old"
    assert history.content(tmp_path, made.after.lock) == b"new"
    folder = tmp_path / ".pixi/jupyter-pixi"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in (folder / "history").iterdir())
    assert (tmp_path / ".pixi/.gitignore").read_text().startswith("*\n")


def test_a_clock_that_jumps_changes_no_order(tmp_path):
    for number, time in enumerate((2e9, 1e9, 1.5e9), 1):
        assert history.next_id(tmp_path) == str(number)
        entry(tmp_path, number, time=time)
    assert [e.id for e in history.entries(tmp_path)] == ["1", "2", "3"]
    assert [e.id for e in history.positions(history.entries(tmp_path))[0]] == ["1", "2", "3"]


def test_at_most_fifty_changes_are_kept(tmp_path):
    for number in range(1, 56):
        entry(tmp_path, number, before=f"{number}".encode(), after=f"{number + 1}".encode())
    kept = history.entries(tmp_path)
    assert [kept[0].id, kept[-1].id, len(kept)] == ["6", "55", 50]
    assert len(list((tmp_path / ".pixi/jupyter-pixi/history").glob("*.z"))) == 51
    assert history.next_id(tmp_path) == "56"


def test_every_kept_change_can_be_taken_back_and_made_again(tmp_path):
    for number in range(1, 61):
        entry(tmp_path, number)
    for kind, last in (("undo", 110), ("redo", 160)):
        while (number := int(history.next_id(tmp_path))) <= last:
            can_go, can_come = history.positions(history.entries(tmp_path))
            entry(tmp_path, number, kind, (can_go if kind == "undo" else can_come)[-1].id)
    can_go, can_come = history.positions(history.entries(tmp_path))
    assert [e.id for e in can_go] == [str(n) for n in range(11, 61)] and can_come == []
    for number in range(161, 400):  # to and fro is bounded, too
        entry(tmp_path, number, "undo" if number % 2 else "redo", "60")
    assert len(history.entries(tmp_path)) == history.MAX_ENTRIES


def test_at_most_so_many_bytes_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "MAX_BYTES", 10_000)
    for number in range(1, 8):
        entry(tmp_path, number, before=os.urandom(3000), after=os.urandom(3000))
    folder = tmp_path / ".pixi/jupyter-pixi/history"
    assert sum(p.stat().st_size for p in folder.glob("*.z")) <= 10_000
    assert [e.id for e in history.entries(tmp_path)] == ["7"]


def test_credentials_are_struck_out(tmp_path):
    made = entry(tmp_path, 1, after=b'index = "https://me:secret@host.example/simple"\n')
    assert made.redacted
    assert history.content(tmp_path, made.after.manifest) == b'index = "https://***@host.example/simple"\n'
    assert b"secret" not in b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())


def test_a_content_that_is_damaged_is_not_given_out(tmp_path):
    made = entry(tmp_path, 1)
    path = tmp_path / f".pixi/jupyter-pixi/history/{made.after.manifest}.z"
    path.write_bytes(path.read_bytes()[:-3])
    assert history.content(tmp_path, made.after.manifest) is None


@pytest.mark.parametrize(
    ("kinds", "done", "undone"),
    [
        ([("change", None), ("change", None), ("undo", "2")], ["1"], ["2"]),
        ([("change", None), ("change", None), ("undo", "2"), ("undo", "1")], [], ["2", "1"]),
        ([("change", None), ("undo", "1"), ("redo", "1")], ["1"], []),
        ([("change", None), ("undo", "1"), ("change", None)], ["3"], []),
        ([("undo", "0"), ("change", None)], ["2"], []),
    ],
)
def test_what_can_be_undone_and_redone(tmp_path, kinds, done, undone):
    for number, (kind, of) in enumerate(kinds, 1):
        entry(tmp_path, number, kind, of)
    found = history.positions(history.entries(tmp_path))
    assert [[e.id for e in each] for each in found] == [done, undone]


def test_that_a_lock_came_to_be_is_nothing_to_take_back(tmp_path):
    made = entry(tmp_path, 1, before=b"same", after=b"same")
    came = dataclasses.replace(made, before=Pair(made.before.manifest, None))
    assert history.positions([came]) == ([], [])
    assert history.taken_back([came]) == set()


def test_what_was_taken_back_stays_so_after_another_change(tmp_path):
    kinds = [("change", None), ("change", None), ("undo", "2"), ("undo", "1"), ("redo", "1"), ("change", None)]
    assert history.taken_back([entry(tmp_path, n, *kind) for n, kind in enumerate(kinds, 1)]) == {"2"}
