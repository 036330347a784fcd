"""Targets that uv has no word for are told by an interpreter in disguise."""

from __future__ import annotations

import asyncio
import subprocess

import pytest
from jupyter_pixi.manifest.model import VirtualPackage
from jupyter_pixi.solve.disguise import Target, interpreter, target


@pytest.mark.parametrize(
    ("subdir", "glibc", "free", "wanted"),
    [
        ("linux-64", "2.28", False, None),
        ("linux-64", "2.17", False, None),
        ("osx-arm64", None, False, None),
        ("win-64", None, True, Target(free_threaded=True)),
        ("linux-64", "2.28", True, Target(free_threaded=True)),
        ("linux-64", "2.27", False, Target("x86_64", "2.27")),
        ("linux-aarch64", "2.41", True, Target("aarch64", "2.41", True)),
        ("linux-ppc64le", "2.28", False, Target("ppc64le", "2.28")),
    ],
)
def test_only_what_uv_cannot_be_told_needs_a_disguise(subdir, glibc, free, wanted):
    packages = (VirtualPackage("__glibc", glibc),) if glibc else ()
    assert target(subdir, packages, free_threaded=free) == wanted


def test_it_answers_for_the_target_to_uv_alone(tmp_path):
    path = asyncio.run(interpreter(Target("ppc64le", "2.30"), tmp_path))
    assert asyncio.run(interpreter(Target("ppc64le", "2.30"), tmp_path)) == path
    (tmp_path / "get_interpreter_info.py").write_text(
        "import os, platform; print(platform.machine(), os.confstr('CS_GNU_LIBC_VERSION'))"
    )
    ask = [path, str(tmp_path / "get_interpreter_info.py")]
    assert subprocess.run(ask, capture_output=True, text=True, check=True).stdout.split() == [
        "ppc64le",
        "glibc",
        "2.30",
    ]
    plain = [path, "-c", "import platform; print(platform.machine())"]
    assert "ppc64le" not in subprocess.run(plain, capture_output=True, text=True, check=True).stdout
