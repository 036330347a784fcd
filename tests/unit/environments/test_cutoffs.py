"""exclude-newer as instants: package before channel before workspace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from jupyter_pixi.config import Config
from jupyter_pixi.environments import compose
from jupyter_pixi.environments.cutoffs import Cutoffs, cutoffs

NOW = datetime(2026, 1, 10, tzinfo=UTC)


def test_package_before_channel_before_workspace(manifest):
    text = """
[feature.f]
channels = [{channel = "other", exclude-newer = "2d"}, "base"]
[environments]
f = ["f"]
[exclude-newer]
lib = "2024-01-01"
[pypi-exclude-newer]
Foo_Bar = "1d"
"""
    m = manifest(text, workspace='exclude-newer = "7d"')
    environment = compose(m, Config())["f"]
    found = cutoffs(m, environment.channels, NOW)
    week = NOW - timedelta(days=7)
    assert found.general == week
    assert found.for_conda("lib", "https://conda.anaconda.org/other/") == datetime(2024, 1, 2, tzinfo=UTC)
    assert found.for_conda("x", "https://conda.anaconda.org/other") == NOW - timedelta(days=2)
    assert found.for_conda("x", "https://conda.anaconda.org/base/") == week
    assert found.for_conda("x", None) == week
    assert found.pypi_packages == {"foo-bar": NOW - timedelta(days=1)}
    assert not found.is_empty


def test_nothing_is_excluded_where_nothing_is_said(manifest):
    m = manifest()
    found = cutoffs(m, compose(m, Config())["default"].channels)
    assert found == Cutoffs() and found.is_empty
    assert found.for_conda("x", None) is None


def test_a_time_before_all_time(manifest):
    m = manifest(workspace='exclude-newer = "9999years"')
    assert cutoffs(m, (), NOW).general.year == 1
