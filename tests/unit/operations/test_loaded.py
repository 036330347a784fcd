"""Which packages a kernel has loaded: by imported files, by mapped libraries, by names where there is no more."""

from __future__ import annotations

import json

import pytest
from jupyter_pixi.operations.context import Caller, Loaded
from jupyter_pixi.operations.installing.loaded import loaded_keys

SITE = "lib/python3.11/site-packages"


@pytest.fixture
def prefix(tmp_path):
    (tmp_path / SITE).mkdir(parents=True)
    (tmp_path / "conda-meta").mkdir()

    def package(name: str, *files: str, version: str = "1.0") -> None:
        for file in files:
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).touch()
        record = {"name": name, "files": list(files)}
        (tmp_path / f"conda-meta/{name}-{version}-0.json").write_text(json.dumps(record))

    package("python", "bin/python3.11", version="3.11.7")
    package("numpy", f"{SITE}/numpy/__init__.py", f"{SITE}/numpy-1.0.dist-info/METADATA")
    package("ns-one", f"{SITE}/ns/one.py", f"{SITE}/ns_one-1.0.dist-info/METADATA")
    package("ns-two", f"{SITE}/ns/two.py", f"{SITE}/ns_two-1.0.dist-info/METADATA")
    package("libblas", "lib/libblas.so.3.1")
    package("plain", f"{SITE}/plain.py")
    package("data", "share/data.txt")
    (tmp_path / "lib/libblas.so.3").symlink_to("libblas.so.3.1")
    return tmp_path


def keys(prefix, **told):
    names = ("python", "numpy", "ns-one", "ns-two", "libblas", "plain", "data")
    caller = Caller("default", "pixi.toml", str(prefix), **told)
    return {name for _, name in loaded_keys(caller, {("conda", n) for n in names} | {("pypi", "numpy")})}


def loaded(prefix, name: str, *files: str) -> Loaded:
    return Loaded(name, "1.0", tuple(str(prefix / SITE / file) for file in files))


def test_nothing_is_loaded_in_a_rescue_kernel(prefix):
    assert keys(prefix) == set()


def test_imported_files_tell_their_package(prefix):
    assert keys(prefix, modules=("numpy",), loaded=(loaded(prefix, "numpy", "numpy/__init__.py"),)) == {
        "python",
        "numpy",
    }


def test_namespace_packages_are_told_apart(prefix):
    told = keys(prefix, modules=("ns",), loaded=(loaded(prefix, "ns-one", "ns/one.py"),))
    assert "ns-one" in told and "ns-two" not in told


def test_mapped_libraries_are_loaded_by_whatever_name(prefix):
    assert "libblas" in keys(prefix, modules=("x",), mapped=(str(prefix / "lib/libblas.so.3"),))
    assert "libblas" in keys(prefix, modules=("x",), mapped=(str(prefix / "lib/libblas.so.3.1"),))


def test_modules_without_a_distribution_are_known_by_name(prefix):
    assert keys(prefix, modules=("plain",)) == {"python", "plain"}


def test_a_prefix_behind_a_link(prefix, tmp_path_factory):
    link = tmp_path_factory.mktemp("links") / "näme mit Leerzeichen"
    link.symlink_to(prefix)
    files = (str(prefix / SITE / "numpy/__init__.py"),)
    caller = Caller("default", "pixi.toml", str(link), modules=("numpy",), loaded=(Loaded("numpy", "1.0", files),))
    assert loaded_keys(caller, {("conda", "numpy")}) == {("conda", "numpy")}


def test_pypi_packages_are_known_by_their_distribution(prefix):
    caller = Caller("default", "pixi.toml", str(prefix), modules=("x",), loaded=(Loaded("Some.Thing", "1", ()),))
    assert loaded_keys(caller, {("pypi", "some-thing"), ("pypi", "other")}) == {("pypi", "some-thing")}
