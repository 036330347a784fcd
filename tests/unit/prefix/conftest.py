"""The folders of the tests that install into prefixes: channel, workspace, package cache; none of them is made yet."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def channel(tmp_path: Path) -> Path:
    return tmp_path / "channel"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "ws"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"
