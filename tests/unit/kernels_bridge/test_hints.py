"""What is said below a cell that could not import something, or that installed past the manifest."""

from __future__ import annotations

import linecache
import sys
import types
from pathlib import Path

import pytest
from jupyter_pixi.kernels.bridge import hints


def failing(code: str, tmp_path: Path) -> BaseException:
    file = tmp_path / "cell.py"
    file.write_text(code)
    linecache.clearcache()
    with pytest.raises(ImportError) as caught:
        exec(compile(code, str(file), "exec"), {})
    return caught.value


@pytest.fixture
def namespace(monkeypatch, tmp_path):
    """A package `shared` without an `__init__`, in a folder that is not the working directory."""
    (tmp_path / "site/shared/part").mkdir(parents=True)
    (tmp_path / "work/mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.syspath_prepend(str(tmp_path / "work"))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in ("shared", "mine")]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import no_such_module_", ("no_such_module_", False)),
        ("import no_such_.inner.part as x, os", ("no_such_.inner.part", False)),
        ("from no_such_ import thing, other", ("no_such_.thing", False)),
        ("from no_such_.inner import (\n  thing)", ("no_such_.inner", False)),
        ("import os, no_such_", ("no_such_", False)),
        ("import shared.part.missing", ("shared.part.missing", True)),
        ("import shared.missing.inner", ("shared.missing.inner", True)),
        ("from shared.part import missing", ("shared.part.missing", True)),
        ("import mine.helpers", None),
        ("from mine import helpers", None),
        ("import json.no_such", None),
        ("from json import no_such", None),
        ("import os.no_such", None),
    ],
)
def test_which_module_is_missing(code, found, namespace, tmp_path):
    assert hints.missing_module(failing(code, tmp_path)) == found


def test_other_errors_and_the_standard_library_get_no_hint(tmp_path, monkeypatch):
    assert hints.missing_module(ValueError("No module named 'x'")) is None
    assert hints.missing_module(ModuleNotFoundError("No module named '_tkinter'", name="_tkinter")) is None
    assert hints.missing_module(ImportError("libfoo.so.1: cannot open shared object file")) is None
    monkeypatch.chdir(tmp_path)
    (tmp_path / "helpers.py").write_text("")
    assert hints.missing_module(ModuleNotFoundError("No module named 'helpers'", name="helpers")) is None


def test_a_hostile_module_is_only_looked_at(namespace, monkeypatch):
    lazy = types.ModuleType("shared")
    monkeypatch.setitem(sys.modules, "shared", lazy)
    assert hints.missing_module(ModuleNotFoundError("No module named 'shared.x'", name="shared.x")) == (
        "shared.x",
        True,
    )


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("%pip install requests", ("pip", ["requests"])),
        ("x = 1\n  !pip install -U 'numpy<3' pandas  # now", ("pip", ["numpy<3", "pandas"])),
        ("!{sys.executable} -m pip install -q requests | tail -1", ("pip", ["requests"])),
        ("!python -m pip install -r requirements.txt", ("pip", [])),
        ("!uv pip install polars", ("pip", ["polars"])),
        ("%conda install -c conda-forge -y gdal", ("conda", ["gdal"])),
        ("!mamba install gdal && echo done", ("conda", ["gdal"])),
        ("%pip install --help", None),
        ("!pip install --dry-run x", None),
        ("%pip list", None),
        ("print('pip install x')", None),
        ("%pixi install", None),
        ("!npm install x", None),
    ],
)
def test_what_a_cell_installs_past_the_manifest(cell, found):
    assert hints.installed_past_us(cell) == found


def test_the_hint_names_the_command_and_a_pip_of_another_python(tmp_path, monkeypatch):
    text = hints.install_hint("conda", ["gdal>3"], is_any_pip=False)
    assert "`%pixi add 'gdal>3'` writes it to both" in text and "--adopt" not in text
    assert "--adopt NAME" in hints.install_hint("pip", [], is_any_pip=False)
    (tmp_path / "pip").write_text("#!/bin/sh\n")
    (tmp_path / "pip").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    other = hints.install_hint("pip", ["requests"], is_any_pip=True)
    assert str(tmp_path / "pip") in other and "another Python" in other and "`%pixi add --pypi requests`" in other
