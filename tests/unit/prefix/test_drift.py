"""What was changed behind the lock's back: missing, foreign, changed, damaged and unmanaged packages."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from jupyter_pixi.events import silent
from jupyter_pixi.lockfile.model import Package
from jupyter_pixi.prefix import InstallRequest, install
from jupyter_pixi.prefix.drift import Row, drift
from jupyter_pixi.prefix.installed import distributions
from support.prefixes_by_hand import PLACEHOLDER, conda_package, locked_wheel, python_package, request, wheel

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the python package is a link")
SITE = f"lib/python3.{sys.version_info[1]}/site-packages"


def installed(tmp_path: Path, *packages: Package) -> InstallRequest:
    asked = request(tmp_path / "ws", packages, cache=tmp_path / "cache")
    asyncio.run(install(asked, silent))
    return asked


def rows(asked: InstallRequest, contents: bool = False) -> dict[str, Row]:
    found = drift(asked.prefix, asked.lock, asked.environment, asked.platform, asked.root, contents=contents)
    return {row.name: row for row in found}


def test_a_fresh_prefix_has_none(tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    tool = conda_package(channel, "tool", files={"bin/tool": f"#!{PLACEHOLDER}/sh\n".encode(), "x": b"1"})
    asked = installed(tmp_path, python_package(channel), tool, locked_wheel(wheel(channel, "a")))
    assert rows(asked, contents=True) == {}


def test_damage_is_found_by_size_and_by_content(tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    files = {"share/one": b"12345", "share/two": b"12345", "lib/x.pyc": b"c"}
    asked = installed(
        tmp_path, python_package(channel), conda_package(channel, "t", files=files), locked_wheel(wheel(channel, "a"))
    )
    (asked.prefix / "lib" / "x.pyc").unlink()
    assert rows(asked) == {}
    (asked.prefix / "share" / "one").unlink()
    two = asked.prefix / "share" / "two"
    two.unlink()
    two.write_bytes(b"abcde")
    (asked.prefix / SITE / "a.py").unlink()
    found = rows(asked)
    assert found["t"].what == "damaged" and found["t"].files == ("share/one",)
    assert found["a"].what == "damaged" and "a.py" in found["a"].sentence()
    assert rows(asked, contents=True)["t"].files == ("share/one", "share/two")


def test_what_other_tools_did(tmp_path: Path) -> None:
    channel = tmp_path / "channel"
    numpy_files = {f"{SITE}/numpy.py": b"x", f"{SITE}/numpy-1.0.dist-info/METADATA": b"Name: numpy\n"}
    numpy = conda_package(channel, "numpy", files=numpy_files)
    asked = installed(
        tmp_path, python_package(channel), numpy, conda_package(channel, "gone"), locked_wheel(wheel(channel, "a"))
    )
    assert "numpy" in distributions(asked.prefix) and rows(asked) == {}
    site = asked.prefix / SITE
    (site / "numpy-1.0.dist-info" / "METADATA").unlink()
    (site / "numpy-1.0.dist-info").rmdir()
    for name, version in (("numpy", "2.0"), ("rich", "13.0")):
        (site / f"{name}-{version}.dist-info").mkdir()
        (site / f"{name}-{version}.dist-info" / "INSTALLER").write_text("pip\n")
    (site / "a-1.0.dist-info" / "INSTALLER").write_text("pip")
    meta = asked.prefix / "conda-meta"
    (meta / "gone-1.0-0.json").rename(meta / "extra-3.0-0.json")
    found = rows(asked)
    assert {name: (row.what, row.installed, row.locked, row.by) for name, row in found.items()} == {
        "a": ("changed", "1.0", "1.0", "pip"),
        "extra": ("foreign", "3.0", None, None),
        "gone": ("missing", None, "1.0", None),
        "numpy": ("changed", "2.0", "1.0", "pip"),
        "rich": ("unmanaged", "13.0", None, "pip"),
    }
    assert found["rich"].sentence() == "rich 13.0 is not in the lock file (installed by pip)"
    assert found["a"].sentence() == "a 1.0 is not as locked: installed by pip"
    assert found["numpy"].to_dict()["text"] == "numpy is 2.0, installed by pip; the lock file says 1.0"
