"""Edits of TOML text: what changes changes, everything else stays byte for byte."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_pixi.manifest.document import Document
from jupyter_pixi.manifest.layout import scan
from jupyter_pixi.manifest.values import value_text

MANIFEST = """\
# A workspace
[workspace]
name    = "ws"   # its name
channels = [
  "tiny",  # ours
]
platforms = ["linux-64", "osx-arm64"]

[dependencies]
# keep me
tool = ">=0.9" # why not

lib = { version = "<2" }

# about tests
[feature.test.dependencies]
calver = "*"

[environments]
test = ["test"]
"""


def changed(text: str, *edits: tuple[str, ...]) -> str:
    document = Document(text)
    for verb, *arguments in edits:
        getattr(document, verb)(*arguments)
    return document.text


def test_a_new_key_stands_behind_the_last_one_and_above_the_next_tables_comment() -> None:
    text = changed(MANIFEST, ("set", ("dependencies", "app"), ">=1,<2"))
    assert text == MANIFEST.replace('lib = { version = "<2" }\n', 'lib = { version = "<2" }\napp = ">=1,<2"\n')


def test_a_present_key_is_changed_in_place_with_its_comment() -> None:
    text = changed(MANIFEST, ("set", ("dependencies", "tool"), ">=1"))
    assert text == MANIFEST.replace('tool = ">=0.9" # why not', 'tool = ">=1" # why not')


def test_a_new_feature_stands_behind_its_siblings() -> None:
    text = changed(MANIFEST, ("set", ("feature", "fresh", "dependencies", "app"), "*"))
    assert 'calver = "*"\n\n[feature.fresh.dependencies]\napp = "*"\n\n[environments]' in text


def test_a_table_without_relatives_stands_at_the_end() -> None:
    text = changed(MANIFEST, ("set", ("target", "linux-64", "dependencies", "app"), "*"))
    assert text == MANIFEST + '\n[target.linux-64.dependencies]\napp = "*"\n'


def test_a_table_of_pyproject_stays_with_the_tool_pixi_tables() -> None:
    text = "[tool.pixi.workspace]\nchannels = []\n\n[tool.ruff]\nline-length = 99\n"
    assert changed(text, ("set", ("tool", "pixi", "dependencies", "lib"), "*")) == (
        '[tool.pixi.workspace]\nchannels = []\n\n[tool.pixi.dependencies]\nlib = "*"\n\n[tool.ruff]\nline-length = 99\n'
    )


def test_dotted_keys_stay_dotted() -> None:
    text = '[tool.pixi]\ndependencies.a = "1"\nx = 1\n'
    assert changed(text, ("set", ("tool", "pixi", "dependencies", "b"), "2")) == (
        '[tool.pixi]\ndependencies.a = "1"\ndependencies.b = "2"\nx = 1\n'
    )


def test_inline_tables_stay_inline() -> None:
    text = 'environments = { test = ["a"], prod = { features = ["b"] } }\n'
    assert changed(text, ("set", ("environments", "prod", "solve-group"), "g")) == (
        'environments = { test = ["a"], prod = { features = ["b"], solve-group = "g" } }\n'
    )


def test_a_table_per_dependency_becomes_a_key() -> None:
    text = '[dependencies.lib]\nversion = "1"\nbuild = "h*"\n\n[tasks]\na = "b"\n'
    assert changed(text, ("set", ("dependencies", "lib"), "1.*")) == '[dependencies]\nlib = "1.*"\n\n[tasks]\na = "b"\n'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('p = ["a"]\n', 'p = ["a", "n"]\n'),
        ("p = []\n", 'p = ["n"]\n'),
        ('p = [\n  "a",  # first\n]\n', 'p = [\n  "a",  # first\n  "n",\n]\n'),
        ('p = [\n  "a"\n]\n', 'p = [\n  "a",\n  "n"\n]\n'),
        ('p = [ "a", ]\n', 'p = [ "a", "n", ]\n'),
    ],
)
def test_arrays_keep_their_layout_when_they_grow(before: str, after: str) -> None:
    assert changed(before, ("append", ("p",), "n")) == after


@pytest.mark.parametrize(
    ("before", "index", "after"),
    [
        ('p = ["a", "b", "c"]\n', 1, 'p = ["a", "c"]\n'),
        ('p = ["a", "b"]\n', 1, 'p = ["a"]\n'),
        ('p = ["a"]\n', 0, "p = []\n"),
        ('p = [\n  "a",\n  "b",\n]\n', 0, 'p = [\n  "b",\n]\n'),
        ('p = [\n  "a",\n  "b"\n]\n', 1, 'p = [\n  "a",\n]\n'),
    ],
)
def test_arrays_keep_their_layout_when_they_shrink(before: str, index: int, after: str) -> None:
    assert changed(before, ("remove_item", ("p",), index)) == after


def test_line_endings_stay() -> None:
    text = MANIFEST.replace("\n", "\r\n")
    edited = changed(text, ("set", ("dependencies", "app"), "*"), ("set", ("feature", "n", "dependencies", "b"), "*"))
    assert "\n" not in edited.replace("\r\n", "")


def test_an_emptied_table_stays_and_a_missing_key_is_an_error() -> None:
    text = '[dependencies]\n# the only one\ntool = "*"\n\n[tasks]\na = "b"\n'
    assert changed(text, ("remove", ("dependencies", "tool"))) == '[dependencies]\n# the only one\n\n[tasks]\na = "b"\n'
    with pytest.raises(KeyError):
        Document(text).remove(("dependencies", "none"))


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
VALUES = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12) | st.booleans() | st.integers(-9, 99),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)


@given(VALUES)
def test_values_read_back_as_what_was_written(value: object) -> None:
    assert tomllib.loads(f"x = {value_text(value)}\n")["x"] == value  # type: ignore[arg-type]


PATHS = st.sampled_from(
    [
        ("dependencies",),
        ("feature", "test", "dependencies"),
        ("feature", "other", "dependencies"),
        ("target", "linux-64", "dependencies"),
        ("environments", "new", "dependencies"),
    ]
)


@given(PATHS, NAMES, VALUES)
def test_what_is_set_is_there_and_nothing_else_moved(path: tuple[str, ...], name: str, value: object) -> None:
    document = Document(MANIFEST)
    document.set((*path, name), value)  # type: ignore[arg-type]
    data = tomllib.loads(document.text)
    here = data
    for part in path:
        here = here[part]
    assert here.pop(name) == value
    before = tomllib.loads(MANIFEST)
    for part in path:
        before = before.setdefault(part, {})
    before.pop(name, None)
    assert here == before
    for line in MANIFEST.splitlines():
        assert line in document.text or line.startswith(name)


@given(NAMES, VALUES)
def test_taking_away_what_was_added_restores_the_text(name: str, value: object) -> None:
    document = Document(MANIFEST)
    if document.has(("dependencies", name)):
        return
    document.set(("dependencies", name), value)  # type: ignore[arg-type]
    document.remove(("dependencies", name))
    assert document.text == MANIFEST


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=3), max_size=3))
def test_the_layout_finds_every_entry(tables: dict[str, dict[str, object]]) -> None:
    text = "".join(
        f"[{value_text(t)}] # c\n" + "".join(f"{value_text(k)} = {value_text(v)}  # x\n" for k, v in rows.items())  # type: ignore[arg-type]
        for t, rows in tables.items()
    )
    found = {
        s.path[0]: {e.path[0]: tomllib.loads(f"x = {text[e.value.start : e.value.end]}")["x"] for e in s.entries}
        for s in scan(text)
        if s.path
    }
    assert found == tables
