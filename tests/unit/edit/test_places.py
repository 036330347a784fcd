"""Which table or array of which manifest a PyPI dependency goes to, and what its removal leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_pixi.manifest.edit import ManifestEditor, Where
from jupyter_pixi.manifest.specs_text import parse_pypi

PYPROJECT = """\
[project]
name = "p"
dependencies = ["six"]

[dependency-groups]
dev = ["zipp"]
used = ["toml"]

[tool.pixi.environments]
e = ["used"]
"""


def edited(text: str, name: str = "pyproject.toml") -> ManifestEditor:
    return ManifestEditor(text.encode(), Path("/w") / name)


@pytest.mark.parametrize(
    ("requirement", "line"),
    [
        ("Toml.X==1.0", 'toml-x = "==1.0"'),
        ("a; python_version <= '3.9'", 'a = { version = "*", env-markers = "python_full_version < \'3.10\'" }'),
        ("a; python_version == '3.9'", 'a = { version = "*", env-markers = "python_full_version == \'3.9.*\'" }'),
        ("a[y,x]>=1,<2", 'a = { version = ">=1, <2", extras = ["y", "x"] }'),
    ],
)
def test_a_requirement_is_written_as_pixi_writes_it(requirement: str, line: str) -> None:
    editor = edited("[pypi-dependencies]\n", "pixi.toml")
    editor.set_pypi(*parse_pypi(requirement), Where())
    assert editor.data.decode() == f"[pypi-dependencies]\n{line}\n"


def test_what_needs_a_table_is_not_in_the_array_as_well() -> None:
    editor = edited(PYPROJECT)
    name, spec = parse_pypi("six @ file:///w/six")
    from dataclasses import replace

    editor.set_pypi(name, replace(spec, editable=True), Where())
    text = editor.data.decode()
    assert 'six = { path = "/w/six", editable = true }' in text
    assert "dependencies = [" not in text.partition("[dependency-groups]")[0]


def test_an_emptied_array_goes_unless_an_environment_names_it() -> None:
    editor = edited(PYPROJECT)
    for name, feature in (("six", None), ("zipp", "dev"), ("toml", "used")):
        editor.remove(name, Where(feature=feature), pypi=True)
    assert editor.data.decode().partition("[tool")[0] == '[project]\nname = "p"\n\n[dependency-groups]\nused = []\n\n'
