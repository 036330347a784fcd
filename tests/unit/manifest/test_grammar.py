"""Texts inside a manifest: what is a version, a specification, a URL, a date."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_pixi.manifest import grammar

PIECES = ["1", "2.0", "10", ".", "*", "=", "==", ">=", "<", "~=", "!=", "|", ",", "a", "rc1", "_", "-", "+", "!", " "]


@given(st.lists(st.sampled_from(PIECES), max_size=7).map("".join))
def test_a_specification_is_judged_as_rattler_judges_it(text):
    from rattler import VersionSpec
    from rattler.exceptions import InvalidVersionSpecError

    try:
        VersionSpec(text)
        valid = True
    except InvalidVersionSpecError:
        valid = False
    assert (grammar.version_spec_problem(text) is None) == valid


@given(st.lists(st.sampled_from([*PIECES, "===", ">", "1.0.post1", "b2", ".dev3"]), max_size=6).map("".join))
def test_pep440_specifiers_are_judged_as_packaging_judges_them(text):
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(text)
        valid = not text.strip() or all(part.strip() for part in text.split(","))
    except InvalidSpecifier:
        valid = False
    assert (grammar.pep440_problem(text) is None) == valid


@given(st.lists(st.integers(0, 20), min_size=1, max_size=3), st.lists(st.integers(0, 20), min_size=1, max_size=3))
def test_plain_versions_compare_as_rattler_compares_them(left, right):
    from rattler import Version

    a, b = ".".join(map(str, left)), ".".join(map(str, right))
    assert grammar.compare_versions(a, b) == (Version(a) > Version(b)) - (Version(a) < Version(b))


@pytest.mark.parametrize(
    ("version", "spec", "matches"),
    [
        ("12.4", ">=12", True),
        ("12.4", ">=12,<12.4", False),
        ("2.36", ">=2.17,<3.0.a0", True),
        ("12", "==12.0", True),
        ("0.77.0", ">=99", False),
        ("1.5", "1.*", True),
    ],
)
def test_a_version_matches(version, spec, matches):
    assert grammar.version_matches(version, spec) is matches


def test_usual_texts_need_no_library():
    """Reading a manifest has to be quick: the libraries are for what is out of the ordinary."""
    code = (
        "import sys; from jupyter_pixi.manifest import grammar as g\n"
        "for t in ('*', '3.12.*', '>=1.2,<2', '>=1.2, <2', '==1.0', '1.2|1.3', '~=1.4', '>=2024a'):"
        " assert g.version_spec_problem(t) is None, t\n"
        "for t in ('>=1.17.0, <2', '==2.*', '~=1.4', ''): assert g.pep440_problem(t) is None, t\n"
        "assert g.marker_problem(\"sys_platform == 'win32'\") is None and g.version_problem('1.2.3') is None\n"
        "assert g.version_matches('0.77.0', '>=0.40') and g.strict_spec_problem('>=0.40,<1') is None\n"
        "assert 'rattler' not in sys.modules and 'packaging' not in sys.modules, 'a library was imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("7d", timedelta(days=7)),
        ("1h30m", timedelta(minutes=90)),
        ("2 weeks", timedelta(weeks=2)),
        ("1day 12h", timedelta(hours=36)),
        ("2023-11-14", datetime(2023, 11, 15, tzinfo=UTC)),
        ("2023-12-31", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2023-11-15T01:30:00Z", datetime(2023, 11, 15, 1, 30, tzinfo=UTC)),
        ("2023-11-15T01:30:00+01:00", datetime(2023, 11, 15, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_cut_off_is_an_instant_or_a_time_to_count_back(text, meaning):
    assert grammar.parse_cutoff(text) == meaning


@pytest.mark.parametrize(
    "text", ["yesterday", "", "2023-02-30", "7", "d", "2023-11-15T01:30:00", "1x", "99999999999999y"]
)
def test_other_cut_offs_are_refused(text):
    with pytest.raises(ValueError, match="neither a valid duration"):
        grammar.parse_cutoff(text)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("https://example.org", True),
        ("https://user:pass@example.org:8080/x?y#z", True),
        ("file:///a/b", True),
        ("git+ssh://git@host/x", True),
        ("https://[::1]/x", True),
        ("https://", False),
        ("https:///x", True),  # the URL standard skips the extra slash
        ("example.org", False),
        ("https://exa mple.org", False),
        ("https://example.org:99999", False),
    ],
)
def test_a_url(text, valid):
    assert (grammar.url_problem(text) is None) is valid


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("MIT", True),
        ("MIT OR Apache-2.0", True),
        ("(MIT) AND BSD-3-Clause", True),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("My Licence", False),
        ("mit", False),
        ("", False),
    ],
)
def test_a_licence_is_an_spdx_expression(text, valid):
    assert (grammar.license_problem(text) is None) is valid
