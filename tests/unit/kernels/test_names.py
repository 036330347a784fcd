"""Names of kernelspecs travel between machines, and say which workspace, environment and kernel is meant."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_pixi.kernels import names
from jupyter_pixi.kernels.names import Wanted


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("weather", "weather"),
        ("Météo du Jour", "meteo-du-jour"),
        ("py_38", "py-38"),
        ("--a..b--", "a-b"),
        ("C++17", "c-17"),
    ],
)
def test_slugs(text, part):
    assert names.slug(text) == part


def test_a_name_without_latin_letters_is_still_a_name_and_the_same_everywhere():
    assert re.fullmatch("x[0-9a-f]{6}", names.slug("天气"))
    assert names.slug("天气") == names.slug("天气") != names.slug("气候")


def test_python_needs_no_mention():
    assert str(names.name("weather", "cuda")) == "pixi.weather.cuda"
    assert str(names.name("weather", "cuda", "ir")) == "pixi.weather.cuda.ir"


@given(st.text(min_size=1), st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True), st.text(min_size=1), st.booleans())
def test_every_name_is_valid_for_jupyter_and_can_be_taken_apart(workspace, environment, kernel, clone):
    made = names.name(workspace, environment, kernel, "/somewhere" if clone else None)
    assert re.fullmatch(r"[a-z0-9._-]+", str(made))
    assert names.parse(str(made)) == made


def test_a_kernel_called_like_six_digits_is_no_clone():
    assert names.parse(str(names.name("w", "e", "facade"))).clone is None


@pytest.mark.parametrize("text", ["python3", "pixi.weather", "pixi.a.b.c.d.e", "pixi..b", "conda.a.b"])
def test_names_of_others(text):
    assert names.parse(text) is None


def test_one_workspace_gets_the_plain_name_only():
    (named,) = names.assign([Wanted("/a", "weather", "default")])
    assert named.name == "pixi.weather.default" and named.folder is None


def test_clones_share_the_plain_name_and_have_one_each():
    one, two = Wanted("/srv/a", "weather", "default"), Wanted("/srv/course/b", "weather", "default")
    plain, first, second = names.assign([one, two], base="/srv")
    assert plain.name == "pixi.weather.default" and plain.stands_for == (one, two)
    assert first.name != second.name
    assert {first.name.rsplit(".", 1)[0], second.name.rsplit(".", 1)[0]} == {plain.name}
    assert (first.folder, second.folder) == ("a", "course/b")
    assert names.parse(second.name).clone == names.clone_digits("/srv/course/b")


def test_display_names():
    python = Wanted("/w", "weather", "cuda")
    assert names.display_name(python) == "weather · cuda"
    assert names.display_name(python, unavailable=True) == "weather · cuda (unavailable)"
    assert names.display_name(Wanted("/w", "weather", "cuda", "ir", "R")) == "weather · cuda · R"
    assert names.display_name(python, folder="copies/b") == "weather · cuda (copies/b)"


@pytest.mark.parametrize(
    ("patterns", "shown"),
    [
        ([], ["default", "cuda", "test-a", "test-b"]),
        (["cuda", "*"], ["cuda", "default", "test-a", "test-b"]),
        (["!test-*"], ["default", "cuda"]),
        (["test-*", "!test-b"], ["test-a"]),
    ],
)
def test_patterns_hide_and_order(patterns, shown):
    assert list(names.listed(["default", "cuda", "test-a", "test-b"], patterns)) == shown
