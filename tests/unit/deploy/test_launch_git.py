"""Clones: nothing of the repository runs, nothing stands outside, and what is the user's stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_pixi.errors import Refused
from jupyter_pixi.operations.sharing.launch_fetch import advance, fetch
from jupyter_pixi.operations.sharing.launch_target import Target
from support.git_server import git, publish


@pytest.fixture
def repository(tmp_path: Path):
    """`repository(a="1", b=None)`: commit and push a state of files (None deletes); gives the target and the commit."""
    source, bare = tmp_path / "source", tmp_path / "x.git"
    source.mkdir()

    def state(**files: str | None) -> Target:
        for name, text in files.items():
            path = source / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(text)
        publish(source, bare)
        return Target("git", str(bare))

    state.source = source
    return state


def test_a_clone_runs_no_hook_and_keeps_commits_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "template/hooks").mkdir(parents=True)
    hook = tmp_path / "template/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    (tmp_path / "gitconfig").write_text(f"[init]\n\ttemplateDir = {tmp_path}/template\n")
    source, bare, place = tmp_path / "source", tmp_path / "x.git", tmp_path / "place"
    source.mkdir()
    (source / "a").write_text("1")
    publish(source, bare)
    target = Target("git", str(bare))
    said: list[str] = []
    fetch(target, place, said.append)
    assert not (tmp_path / "ran").exists()
    (source / "a").write_text("2")
    publish(source, bare)
    fetch(target, tmp_path / "again", said.append)
    advance(target, place, tmp_path / "again", said.append)
    assert (place / "a").read_text() == "2"
    (place / "b").write_text("mine")
    git(place, "add", "b")
    git(place, "-c", "user.name=me", "-c", "user.email=me@example.org", "commit", "--quiet", "-m", "mine")
    (source / "a").write_text("3")
    publish(source, bare)
    fetch(target, place, said.append)
    assert "has commits of its own" in said[-1]
    assert (place / "b").read_text() == "mine"
    with pytest.raises(Refused, match="is a clone of"):
        fetch(Target("git", "https://h/other"), place, said.append)


def test_new_files_come_and_changed_ones_stay_the_users(repository, tmp_path: Path):
    names = {"tour.ipynb": "1", "data__a": "1", "old": "1", "mine": "1", "gone": "1"}
    place, said = tmp_path / "place", []
    fetch(repository(**names), place, said.append)
    (place / "tour.ipynb").write_text("my answer")
    (place / "mine").write_text("mine")
    (place / "gone").unlink()
    (place / "new").write_text("my own file")
    target = repository(**{"tour.ipynb": "2", "data__a": "2", "old": None, "new": "2", "lesson__2.ipynb": "2"})
    fetch(target, place, said.append)
    texts = {
        str(p.relative_to(place)): p.read_text() for p in place.rglob("*") if p.is_file() and ".git/" not in str(p)
    }
    assert texts == {
        "tour.ipynb": "my answer",
        "mine": "mine",
        "new": "my own file",
        "gone": "1",  # what was deleted comes back
        "data/a": "2",
        "lesson/2.ipynb": "2",
    }
    assert said[-2] == "Not brought up to date, because you changed it: new, tour.ipynb."
    assert git(place, "rev-parse", "HEAD") == git(tmp_path / "x.git", "rev-parse", "main")
    repository(**{"data__a": "3"})
    fetch(target, place, said.append)
    assert (place / "data/a").read_text() == "3", "and goes on to"
    assert (place / "tour.ipynb").read_text() == "my answer"


def test_a_manifest_and_its_lock_stay_together(repository, tmp_path: Path):
    place = tmp_path / "place"
    fetch(repository(**{"w__pixi.toml": "1", "w__pixi.lock": "1", "pixi.toml": "1", "pixi.lock": "1"}), place, print)
    (place / "w/pixi.toml").write_text("mine")
    fetch(repository(**{"w__pixi.lock": "2", "pixi.lock": "2"}), place, print)
    assert ((place / "w/pixi.lock").read_text(), (place / "pixi.lock").read_text()) == ("1", "2")


def test_files_and_folders_change_places(repository, tmp_path: Path):
    place, said = tmp_path / "place", []
    fetch(repository(a="1", b__c="1"), place, said.append)
    fetch(repository(a=None, a__x="2"), place, said.append)
    assert (place / "a/x").read_text() == "2"
    (place / "b/own").write_text("mine")
    (repository.source / "b/c").unlink()
    (repository.source / "b").rmdir()
    fetch(repository(b="2"), place, said.append)
    assert "Not brought up to date, because you changed it: b." in said
    assert (place / "b/own").read_text() == "mine"
    (place / "a/x").unlink()
    (place / "a/x").mkdir()
    fetch(repository(a__x="3"), place, said.append)
    assert "stays as it is" in said[-1]


def test_another_ref_leaves_the_branch_where_it_is(repository, tmp_path: Path):
    place = tmp_path / "place"
    target = repository(a="1")
    first = git(tmp_path / "x.git", "rev-parse", "main")
    repository(a="2")
    fetch(Target("git", target.address, "main"), place, print)
    git(tmp_path / "source", "checkout", "--quiet", "--orphan", "other")
    (tmp_path / "source/a").write_text("other")
    git(tmp_path / "source", "add", "a")
    git(tmp_path / "source", "commit", "--quiet", "-m", "other")
    git(tmp_path / "source", "push", "--quiet", "origin", "other")
    fetch(Target("git", target.address, "other"), place, print)
    assert (place / "a").read_text() == "other"
    assert git(place, "rev-parse", "main") != git(place, "rev-parse", "HEAD")
    assert first != git(place, "rev-parse", "main")


@pytest.mark.parametrize("link", ["/etc", "../../x", "sub/../../../x"])
def test_links_that_lead_out_are_not_checked_out(repository, tmp_path: Path, link: str):
    (repository.source / "sub").mkdir()
    (repository.source / "sub/l").symlink_to("../a")
    fetch(repository(a="1"), tmp_path / "good", print)
    assert (tmp_path / "good/sub/l").read_text() == "1"
    (repository.source / "sub/out").symlink_to(link)
    with pytest.raises(Refused, match="sub/out"):
        fetch(repository(a="2"), tmp_path / "place", print)
    assert not (tmp_path / "place").exists()
    with pytest.raises(Refused, match="sub/out"):
        fetch(Target("git", str(tmp_path / "x.git")), tmp_path / "good", print)
    assert (tmp_path / "good/a").read_text() == "1"


@pytest.mark.parametrize("name", [".pixi__envs__default__bin__python", "w__.pixi__jupyter-pixi__journal.json"])
def test_what_passes_for_an_installation_is_refused(repository, tmp_path: Path, name: str):
    with pytest.raises(Refused, match="passes for"):
        fetch(repository(**{name: "x"}), tmp_path / "place", print)
    fetch(repository(**{name: None, ".pixi__config.toml": ""}), tmp_path / "place", print)
    assert (tmp_path / "place/.pixi/config.toml").exists()


def test_a_link_for_the_folder_of_environments_is_refused(repository, tmp_path: Path):
    (repository.source / ".pixi").symlink_to("elsewhere")
    with pytest.raises(Refused, match="passes for"):
        fetch(repository(elsewhere__x="1"), tmp_path / "place", print)
