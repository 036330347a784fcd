"""The journal: what a crash leaves is finished, taken back, or left alone because somebody edited it."""

from __future__ import annotations

import stat

import pytest
from jupyter_pixi.operations.context import Context
from jupyter_pixi.operations.publishing import journal
from jupyter_pixi.operations.publishing.journal import Journal, Planned, digest
from jupyter_pixi.operations.publishing.recovery import recover


@pytest.fixture
def root(tmp_path):
    (tmp_path / "pixi.toml").write_bytes(b"old manifest")
    (tmp_path / "pixi.lock").write_bytes(b"old lock")
    return tmp_path


@pytest.fixture
def decided(root):
    """A journal of both files with their new contents staged."""
    folder = journal.state_folder(root)
    plans = (
        journal.plan(root / "pixi.toml", b"old manifest", b"new manifest", folder),
        journal.plan(root / "pixi.lock", b"old lock", b"new lock", folder),
    )
    made = Journal("publish", plans, "default")
    journal.write(root, made)
    return made


def recovered(root):
    said = []
    found = recover(root, Context(cwd=root, sink=lambda event: said.append(event.text)))
    assert not journal.path_of(root).exists()
    assert list(root.glob(".*.new")) == []
    return found, said


@pytest.mark.parametrize("committed", [0, 1, 2])
def test_what_was_decided_is_finished(root, decided, committed):
    for planned in decided.files[:committed]:
        journal.commit(planned)
    found, said = recovered(root)
    assert found.environment == "default" and len(said) == 1
    assert ((root / "pixi.toml").read_bytes(), (root / "pixi.lock").read_bytes()) == (b"new manifest", b"new lock")


@pytest.mark.parametrize("edited", ["pixi.toml", "pixi.lock"])
def test_what_was_edited_since_is_left(root, decided, edited):
    (root / edited).write_bytes(b"by hand")
    found, _ = recovered(root)
    assert f"{edited} was edited since" in found.sentence and found.environment is None
    other = "pixi.lock" if edited == "pixi.toml" else "pixi.toml"
    assert (root / edited).read_bytes() == b"by hand" and (root / other).read_bytes().startswith(b"old")


def test_nothing_is_nothing(root):
    assert recover(root, Context(cwd=root)) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 99}', '{"version": 1, "phase": "publish"}'])
def test_an_unreadable_journal_decides_nothing(root, text):
    journal.state_folder(root)
    journal.path_of(root).write_text(text)
    found, _ = recovered(root)
    assert found is None and (root / "pixi.toml").read_bytes() == b"old manifest"


def test_links_modes_and_foreign_folders_are_kept(root):
    elsewhere = root / "shared"
    elsewhere.mkdir()
    (root / "pixi.toml").rename(elsewhere / "real.toml")
    (elsewhere / "real.toml").chmod(0o664)
    (root / "pixi.toml").symlink_to("shared/real.toml")
    planned = journal.plan(root / "pixi.toml", b"old manifest", b"new", journal.state_folder(root))
    journal.commit(planned)
    assert (root / "pixi.toml").is_symlink()
    assert (elsewhere / "real.toml").read_bytes() == b"new"
    assert stat.S_IMODE((elsewhere / "real.toml").stat().st_mode) == 0o664


def in_place(root, new: bytes) -> Planned:
    """A plan for a folder that takes no new files (the tests may run as root, for whom every folder does)."""
    folder = journal.state_folder(root)
    (folder / "staged").write_bytes(new)
    (folder / "saved").write_bytes(b"old manifest")
    path = str(root / "pixi.toml")
    return Planned(path, digest(b"old manifest"), digest(new), str(folder / "staged"), str(folder / "saved"))


@pytest.mark.parametrize("new", [b"a new and longer manifest", b"short", b"old but otherwise"])
@pytest.mark.parametrize("written", [0, 1, 4, 5, 12, 13, 99])
def test_a_file_torn_in_place_is_finished(root, new, written):
    planned = in_place(root, new)
    journal.write(root, Journal("publish", (planned,)))
    torn = new[:written] + b"old manifest"[written:]
    (root / "pixi.toml").write_bytes(torn)
    inode = (root / "pixi.toml").stat().st_ino
    found, _ = recovered(root)
    assert (root / "pixi.toml").read_bytes() == new, found
    assert (root / "pixi.toml").stat().st_ino == inode


def test_an_edit_is_not_taken_for_a_torn_file(root):
    planned = in_place(root, b"a new and longer manifest")
    journal.write(root, Journal("publish", (planned,)))
    (root / "pixi.toml").write_bytes(b"a new thing")
    recovered(root)
    assert (root / "pixi.toml").read_bytes() == b"a new thing"


def test_a_trial_is_taken_back(root):
    trial = b"trial"
    (root / "pixi.toml").write_bytes(trial)
    back = journal.plan(root / "pixi.toml", trial, b"old manifest", journal.state_folder(root))
    journal.write(root, Journal("tentative", (back,)))
    # the plan's `old` is the content to go back to, its `new` what stands there on trial
    journal.write(
        root, Journal("tentative", (Planned(back.path, digest(b"old manifest"), digest(trial), back.staged),))
    )
    recovered(root)
    assert (root / "pixi.toml").read_bytes() == b"old manifest"


def test_without_locks_a_living_writer_is_left_alone(root, decided, monkeypatch):
    from jupyter_pixi import system
    from jupyter_pixi.operations.installing import settling
    from jupyter_pixi.operations.publishing import publication

    def none(fd: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(system, "_os_lock", none)
    assert not settling.is_interrupted(root)
    with publication.workspace_lock(root, Context(cwd=root)) as recovered:
        assert recovered is None and (root / "pixi.toml").read_bytes() == b"old manifest"
    monkeypatch.setattr(system, "is_alive", lambda pid: False)
    assert settling.is_interrupted(root)
    with publication.workspace_lock(root, Context(cwd=root)) as recovered:
        assert recovered is not None and (root / "pixi.toml").read_bytes() == b"new manifest"
