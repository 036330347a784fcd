"""Tags and uv's platform words come from what a platform declares."""

from __future__ import annotations

import pytest
from jupyter_pixi.errors import UnsupportedFeature
from jupyter_pixi.manifest.model import VirtualPackage
from jupyter_pixi.solve.tags import best_wheel, macos_target, ranks, uv_platform, wheel_rank
from packaging import tags as reference


def glibc(version):
    return (VirtualPackage("__glibc", version),)


@pytest.mark.parametrize(
    ("subdir", "packages", "word"),
    [
        ("linux-64", (), "x86_64-manylinux_2_28"),
        ("linux-64", glibc("2.17"), "x86_64-manylinux_2_17"),
        ("linux-64", glibc("2.27"), "x86_64-manylinux_2_17"),
        ("linux-64", glibc("2.35"), "x86_64-manylinux_2_35"),
        ("linux-64", glibc("2.99"), "x86_64-manylinux_2_40"),
        ("linux-aarch64", (), "aarch64-manylinux_2_28"),
        ("linux-64", (VirtualPackage("__musl", "1.2"),), "x86_64-unknown-linux-musl"),
        ("osx-arm64", (), "aarch64-apple-darwin"),
        ("osx-64", (), "x86_64-apple-darwin"),
        ("win-64", (), "x86_64-pc-windows-msvc"),
        ("win-arm64", (), "aarch64-pc-windows-msvc"),
    ],
)
def test_uv_is_told_the_platform_in_its_words(subdir, packages, word):
    assert uv_platform(subdir, packages) == word


def test_a_platform_uv_does_not_know_is_a_sentence():
    with pytest.raises(UnsupportedFeature, match="linux-s390x"):
        uv_platform("linux-s390x", ())


def test_macos_version_goes_by_variable():
    assert macos_target("osx-arm64", ()) == "13.0"
    assert macos_target("osx-64", (VirtualPackage("__osx", "10.15"),)) == "10.15"
    assert macos_target("linux-64", ()) is None


@pytest.mark.parametrize(
    ("subdir", "packages", "platforms"),
    [
        ("osx-arm64", (), list(reference.mac_platforms((13, 0), "arm64"))),
        ("osx-64", (VirtualPackage("__osx", "10.15"),), list(reference.mac_platforms((10, 15), "x86_64"))),
        ("osx-64", (VirtualPackage("__osx", "14.5"),), list(reference.mac_platforms((14, 5), "x86_64"))),
        ("win-64", (), ["win_amd64"]),
    ],
)
def test_order_of_tags_is_that_of_the_packaging_library(subdir, packages, platforms):
    wanted = [
        *reference.cpython_tags((3, 12), ["cp312"], platforms),
        *reference.compatible_tags((3, 12), "cp312", platforms),
    ]
    ours = list(ranks(subdir, packages, "3.12.13"))
    shared = [str(tag) for tag in wanted if str(tag) in set(ours)]
    assert [tag for tag in ours if tag in set(shared)] == shared
    assert set(ours) <= {str(tag) for tag in wanted}
    assert len(shared) > 40


def test_linux_tags_end_where_the_machine_does():
    x86 = ranks("linux-64", glibc("2.28"), "3.12.1")
    arm = ranks("linux-aarch64", glibc("2.28"), "3.12.1")
    assert "cp312-cp312-manylinux1_x86_64" in x86
    assert "cp312-cp312-manylinux_2_28_x86_64" in x86
    assert "cp312-cp312-manylinux_2_29_x86_64" not in x86
    assert "cp312-cp312-manylinux2014_aarch64" in arm
    assert "cp312-cp312-manylinux_2_5_aarch64" not in arm


def test_best_wheel_is_the_most_specific_then_the_higher_build():
    ranked = ranks("linux-64", (), "3.12.1")
    abi3, own = "a-1-cp38-abi3-manylinux_2_17_x86_64.whl", "a-1-cp312-cp312-manylinux_2_17_x86_64.whl"
    assert best_wheel(["a-1-py3-none-any.whl", abi3, own], ranked) == own
    assert best_wheel(["a-1-2-py3-none-any.whl", "a-1-10-py3-none-any.whl"], ranked) == "a-1-10-py3-none-any.whl"
    assert best_wheel(["a-1-cp313-cp313-manylinux_2_17_x86_64.whl", "a-1-py3-none-win_amd64.whl"], ranked) is None
    assert wheel_rank("a-1.tar.gz", ranked) is None


def test_free_threaded_python_takes_only_its_own_abi():
    ranked = ranks("linux-64", (), "3.13.1", free_threaded=True)
    assert "cp313-cp313t-manylinux_2_28_x86_64" in ranked
    assert not any("abi3" in tag for tag in ranked)
