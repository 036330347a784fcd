"""Files of packages that an install had only begun go, whatever else is in the prefix stays."""

from __future__ import annotations

import json

import pytest
from jupyter_pixi.prefix import orphans

BEGUN = ("begun", "1.0", "0")


@pytest.fixture
def prefix(tmp_path):
    """A prefix with a complete package, and a cache with one of which some files had been linked."""
    made = tmp_path / "env"
    files = ["lib/python3.12/site-packages/whole.py", "share/both.txt"]
    (made / "conda-meta").mkdir(parents=True)
    (made / "conda-meta/whole-1.0-0.json").write_text(json.dumps({"files": files}))
    (made / "conda-meta/python-3.12.4-0.json").write_text(json.dumps({"files": []}))
    info = tmp_path / "cache/begun-1.0-0/info"
    info.mkdir(parents=True)
    names = ["site-packages/begun/__init__.py", "share/both.txt", "bin/tool", "../outside.txt", "share/deep/er/x"]
    (info / "paths.json").write_text(json.dumps({"paths": [{"_path": name} for name in names]}))
    (info / "link.json").write_text(json.dumps({"noarch": {"entry_points": ["begin = begun:main"]}}))
    site = "lib/python3.12/site-packages"
    compiled = f"{site}/begun/__pycache__/__init__.cpython-312.pyc"
    there = [
        *files,
        f"{site}/begun/__init__.py",
        compiled,
        f"{site}/mine.py",
        "bin/tool",
        "bin/begin",
        "share/deep/er/x",
    ]
    for name in [*there, "../outside.txt"]:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text("x")
    return made


def left(prefix):
    return {str(p.relative_to(prefix)) for p in prefix.rglob("*") if p.is_file() and p.parent.name != "conda-meta"}


def test_what_was_begun_goes_and_all_else_stays(prefix, tmp_path):
    orphans.note(prefix, [BEGUN, ("whole", "1.0", "0")])
    orphans.sweep(prefix, tmp_path / "cache")
    site = "lib/python3.12/site-packages"
    assert left(prefix) == {f"{site}/whole.py", f"{site}/mine.py", "share/both.txt"}
    assert not (prefix / "share/deep").exists() and (tmp_path / "outside.txt").exists()
    orphans.forget(prefix)
    assert not (prefix / "conda-meta" / orphans.FILE).exists()


def test_without_a_note_or_a_cache_nothing_goes(prefix, tmp_path):
    before = left(prefix)
    orphans.sweep(prefix, tmp_path / "cache")
    orphans.note(prefix, [BEGUN])
    orphans.sweep(prefix, tmp_path / "no-cache")
    (prefix / "conda-meta" / orphans.FILE).write_text("{")
    orphans.sweep(prefix, tmp_path / "cache")
    assert left(prefix) == before


def test_a_second_install_adds_to_the_note(prefix, tmp_path):
    orphans.note(prefix, [BEGUN])
    orphans.note(prefix, [("other", "2.0", "1")])
    orphans.sweep(prefix, tmp_path / "cache")
    assert "bin/tool" not in left(prefix)
