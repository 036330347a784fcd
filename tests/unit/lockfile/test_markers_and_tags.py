"""PEP 440 specifiers, PEP 508 markers and wheel tags, against the answers of `packaging`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_pixi.lockfile.check import markers, pep440, requirements, tags
from jupyter_pixi.lockfile.model import Package
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

release = st.lists(st.integers(0, 20).map(str), min_size=1, max_size=4).map(".".join)
clause = st.tuples(st.sampled_from(["==", "!=", ">=", "<=", ">", "<", "~="]), release, st.sampled_from(["", ".*"])).map(
    "".join
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(clause, max_size=3).map(",".join),
    st.tuples(release, st.sampled_from(["", "", ".post0", ".post3", "rc1", ".dev2", "+local"])).map("".join),
)
def test_specifiers_are_packagings(specifiers: str, version: str) -> None:
    try:
        expected = SpecifierSet(specifiers).contains(version, prereleases=True)
    except ValueError:
        return
    assert pep440.admits(specifiers, version) is expected


@given(st.from_regex(r"v?([0-9]!)?[0-9](\.[0-9]+){0,3}[-_.]?(a|rc|post|dev|x|)[-_.]?[0-9]?(\+a[.-]1)?", fullmatch=True))
def test_what_is_a_version(text: str) -> None:
    try:
        Version(text)
    except InvalidVersion:
        assert not pep440.is_version(text)
    else:
        assert pep440.is_version(text)


def test_versions_beyond_plain_releases() -> None:
    assert not pep440.same("1.0", "1.0.post1")
    assert pep440.admits(">=1.0a1", "1.0rc1")
    assert not pep440.admits(">=1.0", "1.0rc1")
    assert pep440.admits("==1.0", "1.0+local")
    assert not pep440.admits("nonsense", "1.0")
    assert pep440.same("1.0", "1.0.0")


@pytest.mark.parametrize(
    ("specifiers", "version", "expected"),
    [
        (">=3.8", "3.8.1", True), (">=3.9", "3.8.1", False), ("<3.8", "3.12.1", True), ("==3.11.*", "3.12.0", True),
        ("==3.13.*", "3.12.0", False), ("!=3.12.0", "3.12.0", True), (">3.8", "3.8", False), ("~=3.9", "3.12", True),
        ("", "3.8", True), (">=2.7,!=3.0.*,<4", "3.12.1", True),
    ],
)  # fmt: skip
def test_only_lower_bounds_refuse_a_python(specifiers: str, version: str, expected: bool) -> None:
    assert pep440.above_lower_bound(specifiers, version) is expected


KNOWN = markers.variables("linux-64", "3.12.3")
comparison = st.one_of(
    st.tuples(
        st.sampled_from(["python_version", "python_full_version"]), st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
        st.sampled_from(["3.8", "3.12", "3.12.3", "3.13"]),
    ),
    st.tuples(
        st.sampled_from(["sys_platform", "platform_system", "os_name", "platform_machine"]),
        st.sampled_from(["==", "!="]),
        st.sampled_from(["linux", "Linux", "win32", "posix", "x86_64"]),
    ),
    st.tuples(st.just("extra"), st.just("=="), st.sampled_from(["dev", "Test"])),
).map(lambda parts: f"{parts[0]} {parts[1]} '{parts[2]}'")  # fmt: skip
marker = st.recursive(
    comparison,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join), inner.map(lambda text: f"({text})")
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(marker, st.sampled_from([(), ("dev",), ("test",)]))
def test_markers_are_packagings(text: str, extras: tuple[str, ...]) -> None:
    expected = Marker(text).evaluate({**dict(KNOWN or ()), "extra": extras[0] if extras else ""})
    assert markers.holds(text, KNOWN, extras) is expected


def test_markers_that_only_packaging_reads() -> None:
    assert markers.holds("'linux' in sys_platform", KNOWN, ())
    assert markers.holds("sys_platform not in 'win32 darwin'", KNOWN, ())
    assert markers.holds("no marker at all", KNOWN, ())
    assert markers.variables("wasi-wasm32", "3.12.0") is None


@pytest.mark.parametrize(
    "text",
    ["idna>=3,<4", "Foo_Bar[b,A] ; extra == 'x'", "a", "a==1.0 ; python_version < '3.8' and extra == 'b'", "a (>=1)",
     "a @ https://files.test/a-1-py3-none-any.whl",
     "a[x] @ git+https://git.test/a@v1#subdirectory=s ; os_name == 'nt'"],
)  # fmt: skip
def test_requirements_are_packagings(text: str) -> None:
    mine, expected = requirements.of_text(text), Requirement(text)
    assert mine is not None
    assert mine.name == expected.name.lower().replace("_", "-")
    assert set(mine.extras) == {extra.lower() for extra in expected.extras}
    assert SpecifierSet(mine.specifiers.strip("()")) == expected.specifier
    assert bool(mine.marker) == bool(expected.marker)


def test_a_git_requirement_is_taken_apart() -> None:
    item = requirements.of_text("a @ git+ssh://git@git.test/x/a.git@v1#subdirectory=s&egg=a")
    assert item is not None
    assert (item.git, item.reference, item.subdirectory) == ("ssh://git@git.test/x/a.git", ("rev", "v1"), "s")


def python(version: str, abi: str = "") -> Package:
    depends = [f"python_abi {version[:4]}.* *_{abi}"] if abi else []
    return Package("conda", f"https://c.test/x/linux-64/python-{version}-0_cpython.conda", {"depends": depends})


@pytest.mark.parametrize(
    ("subdir", "declared", "wheel", "expected"),
    [
        ("linux-64", {}, "a-1-py3-none-any.whl", True),
        ("linux-64", {}, "a-1-py2.py3-none-any.whl", True),
        ("linux-64", {}, "a-1-py2-none-any.whl", False),
        ("linux-64", {}, "a-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", True),
        ("linux-64", {}, "a-1-cp311-cp311-manylinux2014_x86_64.whl", False),
        ("linux-64", {}, "a-1-cp39-abi3-manylinux2014_x86_64.whl", True),
        ("linux-64", {}, "a-1-cp313-abi3-manylinux2014_x86_64.whl", False),
        ("linux-64", {}, "a-1-cp312-cp312-manylinux_2_31_x86_64.whl", False),
        ("linux-64", {"__glibc": "2.35"}, "a-1-cp312-cp312-manylinux_2_31_x86_64.whl", True),
        ("linux-64", {"__musl": "1.2"}, "a-1-cp312-cp312-musllinux_1_2_x86_64.whl", True),
        ("linux-64", {}, "a-1-cp312-cp312-musllinux_1_2_x86_64.whl", False),
        ("linux-aarch64", {}, "a-1-cp312-cp312-manylinux_2_17_aarch64.whl", True),
        ("linux-64", {}, "a-1-py3-none-linux_x86_64.whl", True),
        ("osx-arm64", {}, "a-1-cp312-cp312-macosx_11_0_arm64.whl", True),
        ("osx-arm64", {}, "a-1-cp312-cp312-macosx_14_0_arm64.whl", False),
        ("osx-arm64", {"__osx": "14.0"}, "a-1-cp312-cp312-macosx_14_0_arm64.whl", True),
        ("osx-arm64", {}, "a-1-cp312-cp312-macosx_10_9_universal2.whl", True),
        ("osx-64", {}, "a-1-cp312-cp312-macosx_10_9_x86_64.whl", True),
        ("osx-64", {}, "a-1-cp312-cp312-macosx_11_0_arm64.whl", False),
        ("win-64", {}, "a-1-cp312-cp312-win_amd64.whl", True),
        ("win-64", {}, "a-1-cp312-cp312-win32.whl", False),
        ("win-64", {}, "a-1-1-cp312-none-win_amd64.whl", True),
        ("linux-64", {}, "not a wheel", True),
    ],
)  # fmt: skip
def test_wheels(subdir: str, declared: dict[str, str], wheel: str, expected: bool) -> None:
    where = tags.target(subdir, declared, python("3.12.3"))
    assert where is not None
    assert tags.fits(wheel, where) is expected


def test_free_threaded_python() -> None:
    where = tags.target("linux-64", {}, python("3.13.1", "cp313t"))
    assert where is not None
    assert where.free_threaded
    assert tags.fits("a-1-cp313-cp313t-manylinux2014_x86_64.whl", where)
    assert not tags.fits("a-1-cp313-cp313-manylinux2014_x86_64.whl", where)
    assert not tags.fits("a-1-cp39-abi3-manylinux2014_x86_64.whl", where)
    assert tags.target("wasi-wasm32", {}, python("3.12.3")) is None
