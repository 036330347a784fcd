"""The spec that the manifest gets for what was locked, strategy by strategy."""

from __future__ import annotations

import pytest
from jupyter_pixi.operations.changing.pinning import conda_pin, pypi_pin


@pytest.mark.parametrize(
    ("versions", "strategy", "pin"),
    [
        (["1.2.3"], None, ">=1.2.3,<2"),
        (["0.1.0"], "semver", ">=0.1.0,<0.2"),
        (["0.0"], "semver", ">=0.0,<0.1"),
        (["1!2.0"], "semver", ">=1!2.0,<1!3"),
        (["2.1.0rc1"], "minor", ">=2.1.0rc1,<2.2"),
        (["1"], "minor", ">=1,<1.1"),
        (["0.4.2"], "major", ">=0.4.2,<1"),
        (["2.0", "1.0", "2.0"], "semver", ">=1.0,<3"),
        (["2.0", "1.0", "2.0"], "latest-up", ">=1.0"),
        (["2.0", "1.0", "2.0"], "exact-version", "==2.0|==1.0"),
        (["1.0"], "no-pin", "*"),
        ([], "no-pin", None),
    ],
)
def test_a_conda_pin_says_what_was_locked(versions: list[str], strategy: str | None, pin: str | None) -> None:
    assert conda_pin("lib", versions, strategy) == pin


@pytest.mark.parametrize(
    ("versions", "strategy", "pin"),
    [
        (["1.17.0"], None, ">=1.17.0, <2"),
        (["1.17.0"], "minor", ">=1.17.0, <1.18"),
        (["1.17.0"], "exact-version", "==1.17.0"),
        (["1.17.0"], "latest-up", ">=1.17.0"),
        (["1.17.0"], "no-pin", None),
        (["1.0", "2.0"], "exact-version", None),
        (["1.0+cu12"], None, None),
    ],
)
def test_a_pypi_pin_follows_the_same_strategies(versions: list[str], strategy: str | None, pin: str | None) -> None:
    assert pypi_pin(versions, strategy) == pin


def test_packages_that_break_with_minor_versions_are_pinned_to_them() -> None:
    assert conda_pin("python", ["3.13.1"], None) == ">=3.13.1,<3.14"
    assert conda_pin("python", ["3.13.1"], "semver") == ">=3.13.1,<4"
