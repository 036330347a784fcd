"""When a task is skipped: nothing that it reads, writes or is has changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_pixi.manifest.model import Task
from jupyter_pixi.operations.running import task_cache
from jupyter_pixi.operations.running.task_text import Arguments, Scope

SCOPE = Scope("linux-64", "default", "/ws/pixi.toml", "0", "/")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "src/deep").mkdir(parents=True)
    for name in ("in.txt", "src/a.py", "src/b.rs", "src/deep/c.py", "src/in.txt"):
        (tmp_path / name).write_text(name)
    return tmp_path


def cached(root: Path, *inputs: str, outputs=("out.txt",), cmd="make", environment="h", **values: str):
    task = Task(cmd=cmd, inputs=inputs or None, outputs=outputs)
    found = task_cache.cached(task, "t", root, cmd, SCOPE, Arguments(tuple(values.items())), environment)
    assert found is not None
    return found


def test_a_task_without_patterns_is_not_cached(root):
    assert task_cache.cached(Task(cmd="x"), "t", root, "x", SCOPE, Arguments(), "h") is None


def test_it_is_skipped_until_something_changes(root):
    task = cached(root, "in.txt")
    assert not task_cache.can_skip(task)
    (root / "out.txt").write_text("made")
    assert task_cache.remember(task) == () and task_cache.can_skip(task)
    assert task.path.parent == root / ".pixi/task-cache-v0" and task.path.name.startswith("default-t-")
    assert not task_cache.can_skip(cached(root, "in.txt", cmd="make all"))
    assert not task_cache.can_skip(cached(root, "in.txt", environment="other"))
    (root / "out.txt").write_text("changed by hand")
    assert not task_cache.can_skip(task)
    task_cache.remember(task)
    (root / "in.txt").write_text("new")
    assert not task_cache.can_skip(task)
    (root / "in.txt").write_text("in.txt")
    assert task_cache.can_skip(task)
    (root / "out.txt").unlink()
    assert not task_cache.can_skip(task)


def test_arguments_have_caches_of_their_own(root):
    (root / "out.txt").write_text("")
    task_cache.remember(cached(root, "in.txt", who="a"))
    assert task_cache.can_skip(cached(root, "in.txt", who="a"))
    assert not task_cache.can_skip(cached(root, "in.txt", who="b"))


def test_patterns_without_files_are_told_and_nothing_is_kept(root):
    task = cached(root, "*.nothing")
    warnings = task_cache.remember(task)
    assert any("input globs for task 't': `*.nothing`" in w for w in warnings)
    assert any("output globs" in w for w in warnings)
    assert not task.path.exists()


def test_a_broken_cache_file_is_a_miss(root):
    task = cached(root, "in.txt", outputs=None)
    task_cache.remember(task)
    task.path.write_bytes(b"")
    assert not task_cache.can_skip(task)


@pytest.mark.parametrize(
    ("patterns", "files"),
    [
        (("in.txt",), {"in.txt"}),
        (("./in.txt",), {"in.txt"}),
        (("*.txt",), {"in.txt"}),
        (("src",), {"src/a.py", "src/b.rs", "src/deep/c.py", "src/in.txt"}),
        (("src/",), {"src/a.py", "src/b.rs", "src/deep/c.py", "src/in.txt"}),
        (("src/*.py",), {"src/a.py"}),
        (("**/*.py",), {"src/a.py", "src/deep/c.py"}),
        (("src/**/*.py",), {"src/a.py", "src/deep/c.py"}),
        (("src/*.{py,rs}",), {"src/a.py", "src/b.rs"}),
        (("src/[ab].*",), {"src/a.py", "src/b.rs"}),
        (("src/**", "!**/*.py"), {"src/b.rs", "src/in.txt"}),
        (("src/**", "!src/deep", "src/deep/c.py"), {"src/a.py", "src/b.rs", "src/in.txt", "src/deep/c.py"}),
        (("a.py",), set()),
    ],
)
def test_patterns(root, patterns, files):
    found = task_cache._files(root, patterns)
    assert {path.relative_to(root).as_posix() for path in found} == files


def test_prefixes_are_no_inputs(root):
    (root / ".pixi/envs/default").mkdir(parents=True)
    (root / ".pixi/envs/default/x.py").write_text("")
    assert root / ".pixi/envs/default/x.py" not in task_cache._files(root, ("**/*.py",))
