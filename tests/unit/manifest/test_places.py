"""Every key and value of a document is found again where it stands."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_pixi.manifest.toml import parse

TEXT = dedent(
    '''\
    # a comment with [brackets] and "quotes"
    title = "x"
    [workspace]
    name = 'literal'
    "quoted key" = 1
    list = [1, # one
      [2, 3],
      {a = "in", b.c = true},
    ]
    multi = """
    first "" line
    second \\""" end"""
    [feature.a.dependencies]
    lib = {version = "1",
           build = "h*", # TOML 1.1
    }
    [[rows]]
    n = 1
    [[rows]]
    n = 2
    [rows.sub]
    k = 3
    dotted.key = 1979-05-27
    '''
)


def spot(keys, *, value=True):
    place = parse(TEXT, Path("pixi.toml")).place(keys, value=value)
    return TEXT.splitlines()[place.line - 1][place.column - 1 :]


@pytest.mark.parametrize(
    ("keys", "rest"),
    [
        (("title",), 'x"'),
        (("workspace",), "[workspace]"),
        (("workspace", "name"), "literal'"),
        (("workspace", "quoted key"), "1"),
        (("workspace", "list", 0), "1, # one"),
        (("workspace", "list", 1, 1), "3],"),
        (("workspace", "list", 2, "b", "c"), "true},"),
        (("feature", "a", "dependencies", "lib"), '{version = "1",'),
        (("feature", "a", "dependencies", "lib", "build"), 'h*", # TOML 1.1'),
        (("rows", 0, "n"), "1"),
        (("rows", 1, "n"), "2"),
        (("rows", 1, "sub", "k"), "3"),
        (("rows", 1, "sub", "dotted", "key"), "1979-05-27"),
    ],
)
def test_a_value_is_found(keys, rest):
    assert spot(keys) == rest


@pytest.mark.parametrize(
    ("keys", "rest"),
    [
        (("workspace",), "workspace]"),
        (("workspace", "quoted key"), 'quoted key" = 1'),
        (("feature", "a"), "a.dependencies]"),
        (("feature", "a", "dependencies", "lib", "build"), 'build = "h*", # TOML 1.1'),
        (("workspace", "list", 2, "b"), "b.c = true},"),
    ],
)
def test_a_key_is_found(keys, rest):
    assert spot(keys, value=False) == rest


def test_what_is_not_there_gives_the_nearest_thing_around_it():
    assert spot(("feature", "a", "dependencies", "lib", "nothing")) == '{version = "1",'


def test_a_file_without_the_key_gives_the_file_alone():
    assert parse("", Path("pixi.toml")).place(("workspace",)).line is None


names = st.text("abcxyz-_", min_size=1, max_size=4)
scalars = st.one_of(
    st.integers(),
    st.booleans(),
    st.text("ab \"'\\#[]{}=,\n\té", max_size=8),
)
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=3)),
    max_leaves=12,
)


def written(value):
    """TOML of a value on one line, with strings of every kind that can hold them."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        if "'" not in value and "\n" not in value:
            return f"'{value}'"
        if "'" not in value:
            return f"'''\n{value}'''"
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return f'"{escaped}"'
    if isinstance(value, list):
        return "[ " + " , ".join(map(written, value)) + " ]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {written(v)}" for k, v in value.items()) + " }"
    return str(value)


@given(st.dictionaries(names, st.dictionaries(names, trees, max_size=3), max_size=3))
def test_every_value_of_any_document_begins_where_it_is_said_to(tables):
    lines = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {written(value)}  # '" for key, value in table.items())]
    text = "\n".join(lines) + "\n"
    doc = parse(text, Path("x.toml"))
    assert doc.data == tables

    def check(keys, value):
        place = doc.place(keys)
        rest = "\n".join(text.split("\n")[place.line - 1 :])[place.column - 1 :]
        expected = written(value)
        if isinstance(value, str):
            expected = expected.removeprefix("'''").removeprefix("'" if expected[:3] != "'''" else "")
            expected = expected.removeprefix('"') if expected[:1] == '"' and not rest.startswith('"') else expected
        assert rest.startswith(expected)
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in items:
            check((*keys, key), inner)

    for name, table in tables.items():
        for key, value in table.items():
            check((name, key), value)
