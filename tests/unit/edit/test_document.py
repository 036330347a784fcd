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
        ('p = [\n  "a",  # first\n]\n', 'p = [\n  "a", # first\n  "n",\n]\n'),
        ('p = [\n  "a"\n]\n', 'p = [\n  "a",\n  "n",\n]\n'),
        ('p = [\n  "a" # first\n  # more\n]\n', 'p = [\n  "a", # first\n  # more\n  "n",\n]\n'),
        ("p = [\n]\n", 'p = [\n    "n",\n]\n'),
        ('p = [\r\n  "a",\r\n]\r\n', 'p = [\r\n  "a",\r\n  "n",\r\n]\r\n'),
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
        ('p = [\n  "a",\n  "b"\n]\n', 1, 'p = [\n  "a"\n]\n'),
        ('p = ["a", "b"]\n', 0, 'p = [ "b"]\n'),
        ('p = [\n  "a",\n]\n', 0, "p = []\n"),
        ('p = [\n  "a", # one\n  "b",\n]\n', 0, 'p = [\n  "b",\n]\n'),
        ('p = [\n  "a", # one\n  # two\n  "b", # gone\n]\n', 1, 'p = [\n  "a", # one\n  # two\n]\n'),
    ],
)
def test_arrays_keep_their_layout_when_they_shrink(before: str, index: int, after: str) -> None:
    assert changed(before, ("remove_item", ("p",), index)) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('t = { a = "1" }\n', 't = { a = "1", n = "*" }\n'),
        ('t = {a = "1"}\n', 't = {a = "1", n = "*" }\n'),
        ("t = {}\n", 't = { n = "*" }\n'),
        ('t = {\n  a = "1", # why\n}\n', 't = {\n  a = "1", # why\n  n = "*",\n}\n'),
        ('t = {\n    a = "1"\n}\n', 't = {\n    a = "1",\n    n = "*",\n}\n'),
    ],
)
def test_inline_tables_keep_their_layout_when_they_grow(before: str, after: str) -> None:
    assert changed(before, ("set", ("t", "n"), "*")) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('t = { a = "1", b = "2" }\n', 't = { a = "1"}\n'),
        ('t = {\n  a = "1",\n  # two\n  b = "2", # gone\n}\n', 't = {\n  a = "1",\n  # two\n}\n'),
        ('t = {\n  b = "2",\n}\n', "t = {}\n"),
    ],
)
def test_inline_tables_keep_their_layout_when_they_shrink(before: str, after: str) -> None:
    assert changed(before, ("remove", ("t", "b"))) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('p = ["a"]\n', 'p = ["n", "a"]\n'),
        ('p = [ "a" ]\n', 'p = [ "n", "a" ]\n'),
        ('p = [ # ours\n  # first\n  "a",\n]\n', 'p = [ # ours\n  "n",\n  # first\n  "a",\n]\n'),
    ],
)
def test_a_new_first_item_leaves_comments_with_what_they_are_about(before: str, after: str) -> None:
    document = Document(before)
    document.append(("p",), "n", first=True)
    assert document.text == after


@pytest.mark.parametrize(
    "before",
    [
        '[environments]\ntest = ["a"] # why\n',
        '[environments]\nother = []\ntest = ["a"] # why\n\n[tasks]\n',
        '[environments]\ntest = { features = ["a"], solve-group = "g" }\n',
    ],
)
def test_a_value_becomes_a_table_in_its_place(before: str) -> None:
    text = changed(before, ("open_table", ("environments", "test"), "features"))
    group = '\nsolve-group = "g"' if "solve-group" in before else ""
    why = " # why" if "# why" in before else ""
    assert f'[environments.test]\nfeatures = ["a"]{why}{group}\n' in text
    assert ("[environments]\nother = []\n\n" in text) == ("other" in before)
    assert ("[tasks]" in text) == text.endswith("\n\n[tasks]\n")


def test_a_new_table_stands_above_the_comments_at_the_end_and_behind_the_last_kind_of_table() -> None:
    text = '[workspace]\nname = "w"\n\n[feature.a]\n[environments]\n[feature.b]\n\n# the end\n'
    edited = changed(text, ("set", ("tasks", "t"), "x"), ("set", ("feature", "a", "tasks", "t"), "y"))
    assert [line for line in edited.splitlines() if line.startswith(("[", "#"))] == [
        "[workspace]",
        "[feature.a]",
        "[feature.a.tasks]",
        "[environments]",
        "[tasks]",
        "[feature.b]",
        "# the end",
    ]


def test_blank_lines_above_a_key_go_with_it_and_comments_do_not() -> None:
    text = "[d]\na = 1\n\nb = 2\n# c\n\nc = 3\n"
    assert changed(text, ("remove", ("d", "b")), ("remove", ("d", "c"))) == "[d]\na = 1\n# c\n\n"


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
