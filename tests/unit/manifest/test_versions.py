"""The order of versions and what specs admit, against rattler's answers."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_pixi.manifest import versions
from rattler import MatchSpec, PackageRecord, Version
from rattler.package import BuildString

WORDS = ["a", "b", "rc", "dev", "post", "alpha", "g", "_", "Z"]
number = st.integers(0, 30).map(str)
segment = st.lists(st.one_of(number, st.sampled_from(WORDS)), min_size=1, max_size=3).map("".join)
main = st.tuples(number, st.lists(segment, max_size=3), st.sampled_from([".", ".", ".", "_", "-"])).map(
    lambda parts: parts[2].join([parts[0], *parts[1]])
)
version = st.tuples(
    st.sampled_from(["", "", "", "1!"]), main, st.one_of(st.just(""), st.just(""), main.map(lambda text: "+" + text))
).map("".join)
constraint = st.tuples(
    st.sampled_from(["", "=", "==", "!=", ">=", "<=", ">", "<", "~="]), version, st.sampled_from(["", "", ".*", "*"])
).map("".join)
spec = st.recursive(
    constraint, lambda inner: st.tuples(inner, st.sampled_from([",", "|"]), inner).map("".join), max_leaves=4
)


def rattler_says(spec: str, version: str) -> bool | None:
    try:
        match = MatchSpec(f"x {spec}")
        record = PackageRecord("x", version, BuildString("0"), 0, "noarch")
    except Exception:
        return None
    return match.matches(record)


@settings(max_examples=150, deadline=None)
@given(version, version)
def test_the_order_is_rattlers(left: str, right: str) -> None:
    mine, other = versions.parse(left), versions.parse(right)
    if mine is None or other is None:
        return
    one, two = Version(left), Version(right)
    expected = -1 if one < two else (1 if one > two else 0)
    assert versions.compare(mine, other) == expected


@settings(max_examples=200, deadline=None)
@given(spec, version)
def test_specs_admit_what_rattlers_do(spec: str, version: str) -> None:
    test, parsed = versions.predicate(spec), versions.parse(version)
    expected = rattler_says(spec, version)
    if test is None or parsed is None or expected is None:
        return
    assert test(parsed) is expected


@settings(max_examples=150, deadline=None)
@given(main, st.sampled_from(["", "=", "!="]), st.sampled_from(["", ".0", ".1", "a1", ".dev1", "_1", "+1", "0"]))
def test_prefixes_are_rattlers(stem: str, operator: str, more: str) -> None:
    spec, version = f"{operator}{stem}.*", stem + more
    test, parsed = versions.predicate(spec), versions.parse(version)
    expected = rattler_says(spec, version)
    if test is not None and parsed is not None and expected is not None:
        assert test(parsed) is expected
