"""history, diff, undo, redo and restore, from the command line."""

from __future__ import annotations

import json
import subprocess
from datetime import datetime

import pytest
from support.killing import SMALL, wrong


@pytest.fixture
def committed(workspace):
    """A workspace with one change, committed, and another on top of that."""
    made = workspace(SMALL)
    made.do("install")
    made.do("add", "native")
    identity = ["-c", "user.name=Test", "-c", "user.email=test@host.example"]
    for words in (["init", "-q"], ["add", "pixi.toml", "pixi.lock"], [*identity, "commit", "-qm", "locked"]):
        subprocess.run(["git", *words], cwd=made.root, env=made.home.environ, check=True)
    made.do("add", "greeter", "--no-install")
    made.do("install")
    return made


def linked(made):
    names = {
        json.loads(path.read_text())["name"] for path in made.prefix().glob("conda-meta/*.json") if "-" in path.stem
    }
    return names - {None}


def test_undo_and_redo_bring_manifest_lock_and_prefix(committed):
    with_greeter = committed.state()
    committed.do("undo")
    without = committed.state()
    assert linked(committed) == {"everywhere", "native"} and wrong(committed) == []
    committed.do("undo")
    assert linked(committed) == {"everywhere"} and wrong(committed) == []
    nothing = committed.run("undo")
    assert nothing.returncode == 1 and "There is no change to take back." in nothing.stderr
    committed.do("redo")
    assert committed.state() == without
    committed.do("redo")
    assert committed.state() == with_greeter and wrong(committed) == []
    assert committed.run("redo").returncode == 1


def test_undo_keeps_what_was_edited_by_hand(committed):
    text = committed.manifest.read_text()
    committed.manifest.write_text(text.replace("# kept, too", "# edited") + '\n[tasks]\nhi = "echo hi"\n')
    committed.do("undo")
    text = committed.manifest.read_text()
    assert "greeter" not in text and "# edited" in text and 'hi = "echo hi"' in text
    assert wrong(committed) == [] and linked(committed) == {"everywhere", "native"}


def test_undo_says_where_an_edit_is_in_its_way(committed):
    text = committed.manifest.read_text()
    committed.manifest.write_text(text.replace('greeter = ">=1.0,<2"', 'greeter = "1.0.*"'))
    before = committed.state()
    refused = committed.run("undo")
    assert refused.returncode == 1
    assert "`add greeter --no-install` cannot be taken back" in refused.stderr
    assert 'now:   greeter = "1.0.*"' in refused.stderr and "would: (nothing)" in refused.stderr
    assert "pixi.toml:" in refused.stderr and "Nothing was changed." in refused.stderr
    assert committed.state() == before


def test_history_and_diff_tell_what_happened(committed):
    rows = committed.json("history")
    assert [row["command"] for row in rows] == [["install"], ["add", "native"], ["add", "greeter", "--no-install"]]
    assert all(row["time"] for row in rows)
    table = committed.do("history")
    assert "add native" in table and "+ native 1.1 0" in table

    last = committed.json("diff")
    assert {row["name"] for rows in last["environment"]["default"].values() for row in rows} == {"greeter"}
    assert len(last["environment"]["default"]) == 2  # platforms
    between = committed.json("diff", "1", "2")
    assert {row["name"] for rows in between["environment"]["default"].values() for row in rows} == {"native"}
    assert '+native = ">=1.0,<2"' in between["manifest"]
    assert committed.json("diff", "--git")["environment"] == last["environment"]
    text = committed.do("diff", "--git")
    assert "greeter" in text and "added" in text and "git HEAD" in text
    unknown = committed.run("diff", "77")
    assert unknown.returncode == 1 and "There is no change '77' in the history." in unknown.stderr
    unknown = committed.run("diff", "no-such-branch")
    assert "There is no state 'no-such-branch'" in unknown.stderr and "a branch or a tag" in unknown.stderr


def test_diff_takes_dates_and_commits(committed):
    last = committed.json("diff", "--git")
    for words in (["tag", "v1"], ["branch", "other"], ["branch", "7"]):
        subprocess.run(["git", *words], cwd=committed.root, env=committed.home.environ, check=True)
    for name in ("v1", "other", "HEAD", "refs/heads/7", "git"):
        assert committed.json("diff", name)["environment"] == last["environment"], name
    assert committed.json("diff", "other", "v1")["environment"] == {}
    today = committed.json("history")[0]["time"]
    since = committed.json("diff", datetime.fromtimestamp(today - 86_400).isoformat())  # before there was a lock
    assert {r["name"] for r in since["environment"]["default"]["linux-64"]} == {"everywhere", "native", "greeter"}
    assert "before change 1" in since["from"]
    assert committed.json("diff", datetime.fromtimestamp(today + 86_400).isoformat())["environment"] == {}


def test_undo_of_what_is_gone_already_goes_on(committed):
    text = committed.manifest.read_text()
    committed.manifest.write_text("".join(x for x in text.splitlines(True) if not x.startswith("greeter")))
    committed.do("lock")
    before = committed.state()
    nothing = committed.run("undo")
    assert nothing.returncode == 0 and "What `add greeter --no-install` did is gone already" in nothing.stderr
    assert committed.state() == before
    assert "Took back `add native`" in committed.run("undo").stderr
    assert "native" not in committed.manifest.read_text()


def test_restore_goes_back_to_git_in_one_command(committed):
    head = {
        name: subprocess.run(
            ["git", "show", f"HEAD:{name}"], cwd=committed.root, env=committed.home.environ, capture_output=True
        ).stdout
        for name in ("pixi.toml", "pixi.lock")
    }
    conflict = "<<<<<<< HEAD\n=======\n>>>>>>> other\n"
    committed.manifest.write_text(committed.manifest.read_text() + conflict)
    committed.lock.write_text(committed.lock.read_text() + conflict)
    told = committed.run("status").stderr + committed.run("add", "humanize").stderr
    assert "it holds conflict markers of git" in told and "pixi.toml" in told
    subprocess.run(["git", "add", "pixi.toml"], cwd=committed.root, env=committed.home.environ, check=True)
    done = committed.run("restore")
    assert "git's index still has changes of pixi.toml; `git restore --staged pixi.toml`" in done.stderr, done.stderr
    assert committed.state() == head
    assert linked(committed) == {"everywhere", "native"} and wrong(committed) == []
    committed.do("restore")  # again: nothing to do


def test_restore_brings_a_manifest_that_is_gone(committed):
    committed.manifest.unlink()
    committed.do("restore", "--manifest-path", str(committed.manifest))  # as a kernel asks for it
    assert committed.manifest.is_file() and linked(committed) == {"everywhere", "native"} and wrong(committed) == []


@pytest.mark.parametrize(
    "name, text, said",
    [
        ("pixi.toml", "[workspace]\nname = \n", "What git's HEAD has cannot be used: the file is not valid TOML"),
        ("pixi.lock", "version: 99\n", "What git's HEAD has cannot be used: Lock-file version 99 is newer"),
        (
            "pixi.lock",
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
            "git's HEAD has only a pointer to pixi.lock: its content is stored by git LFS",
        ),
    ],
)
def test_restore_touches_nothing_where_head_is_no_good(committed, name, text, said):
    before = committed.state()
    identity = ["-c", "user.name=Test", "-c", "user.email=test@host.example"]
    (committed.root / name).write_text(text)
    subprocess.run(
        ["git", *identity, "commit", "-qam", "bad"], cwd=committed.root, env=committed.home.environ, check=True
    )
    for path, data in before.items():
        (committed.root / path).write_bytes(data)
    refused = committed.run("restore")
    assert refused.returncode == 1 and said in refused.stderr and "Nothing was changed" in refused.stderr
    assert committed.state() == before


def test_restore_without_git(workspace):
    made = workspace(SMALL)
    done = made.run("restore")
    assert done.returncode == 1 and "is not in a git repository" in done.stderr


def test_the_history_is_never_committed(committed):
    told = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=all"],
        cwd=committed.root,
        env=committed.home.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ".pixi" not in told.stdout
