"""Three-way merges of manifests: both changes, or the place where they collide."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_pixi.operations.undoing.merge import merge
from jupyter_pixi.operations.undoing.merge_keys import merge_keys

BASE = '[workspace]\nname = "w"\n\n[dependencies]\na = "1"\nb = "2"\n'
TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n"]), max_size=8).map("".join)


def test_changes_at_different_places_both_hold():
    mine = BASE.replace('"w"', '"mine"')
    theirs = BASE.replace('b = "2"\n', "")
    merged = merge(BASE, mine, theirs)
    assert not merged.conflicts
    assert merged.text == '[workspace]\nname = "mine"\n\n[dependencies]\na = "1"\n'


def test_the_same_change_on_both_sides_is_none():
    both = BASE + "# end\n"
    assert merge(BASE, both, both).text == both


def test_a_collision_is_told_with_its_line():
    merged = merge(BASE, BASE.replace('b = "2"', 'b = "3"'), BASE.replace('b = "2"', 'b = "4"'))
    (conflict,) = merged.conflicts
    assert (conflict.line, conflict.mine, conflict.theirs) == (6, ('b = "3"\n',), ('b = "4"\n',))
    assert merged.text == BASE.replace('b = "2"', 'b = "3"')


@given(TEXTS, TEXTS)
def test_a_side_that_did_nothing_takes_the_other(base, other):
    assert merge(base, other, base).text == other
    assert merge(base, base, other).text == other
    assert not merge(base, base, other).conflicts


@given(TEXTS, TEXTS, TEXTS)
def test_what_merges_does_so_from_both_sides(base, one, two):
    left, right = merge(base, one, two), merge(base, two, one)
    assert bool(left.conflicts) == bool(right.conflicts)
    if not left.conflicts:
        assert left.text == right.text


def test_keys_are_merged_where_lines_cannot_tell():
    with_dependency = BASE + 'c = "3"\n'
    mine = BASE + '\n[tasks]\nhi = "echo hi"\n'
    assert merge(BASE, mine, with_dependency).conflicts
    merged = merge_keys(BASE, mine, with_dependency)
    assert merged is not None
    assert tomllib.loads(merged)["dependencies"] == {"a": "1", "b": "2", "c": "3"}
    assert merged.endswith('\n[tasks]\nhi = "echo hi"\n')
    assert merge_keys(with_dependency, merged, BASE) == mine


@pytest.mark.parametrize("theirs", ['b = "4"', 'b = { version = "4" }'])
def test_one_key_changed_on_both_sides_is_not_merged(theirs):
    assert merge_keys(BASE, BASE.replace('b = "2"', 'b = "3"'), BASE.replace('b = "2"', theirs)) is None


def test_what_is_not_toml_is_not_merged():
    assert merge_keys(BASE, BASE + "[[", BASE + 'c = "3"\n') is None
