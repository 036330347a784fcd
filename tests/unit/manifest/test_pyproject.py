"""pyproject.toml: what the packaging tables add to `[tool.pixi]`."""

from __future__ import annotations

import pytest
from jupyter_pixi.manifest.model import CondaSpec, PypiSpec

PIXI = '[tool.pixi.workspace]\nchannels = ["c"]\nplatforms = ["linux-64"]\n'


@pytest.fixture
def project(read):
    def parse(text):
        return read(text, head=PIXI, name="pyproject.toml")

    return parse


def plain(manifest, feature="default"):
    return manifest.features[feature].targets[0]


def test_names_and_texts_come_from_the_project(project):
    manifest = project(
        '[project]\nname = "My_Proj"\nversion = "1.2"\ndescription = "d"\nauthors = [{name = "n", email = "e"}]\n'
    )
    w = manifest.workspace
    assert (w.name, w.version, w.description, w.authors) == ("My_Proj", "1.2", "d", ("n <e>",))


def test_the_tool_s_own_name_wins(read):
    text = '[project]\nname = "p"\n[tool.pixi.workspace]\nname = "w"\nchannels = []\n'
    assert read(text, head="", name="pyproject.toml").workspace.name == "w"


def test_without_a_project_the_directory_names_it(project):
    manifest = project('[tool.poetry]\nname = "poet"\nversion = "3"\n')
    assert (manifest.workspace.name, manifest.workspace.version) == ("space", "3")


@pytest.mark.parametrize(
    ("python", "spec"),
    [
        ("", "*"),
        ('requires-python = ">=3.11,<3.13"\n', ">=3.11,<3.13"),
        ('requires-python = ">= 3.11, < 4"\n', ">=3.11,<4"),
        ('requires-python = "==3.11.9"\n', "3.11.9"),
        ('requires-python = "~=3.11"\n', "~=3.11"),
    ],
)
def test_requires_python_becomes_a_conda_package(project, python, spec):
    assert plain(project(f'[project]\nname = "p"\n{python}')).dependencies == {"python": CondaSpec(version=spec)}


def test_a_conda_python_is_not_overridden(project):
    text = '[project]\nname = "p"\nrequires-python = ">=3.9"\n[tool.pixi.dependencies]\npython = "3.12.*"\n'
    assert plain(project(text)).dependencies["python"].version == "3.12.*"


def test_dependencies_join_those_of_the_tool(project):
    text = """
[project]
name = "p"
dependencies = ["A_b>=1", "c[x,y]~=2.0 ; python_version < '3.12'", "d @ https://x/d.whl", "e"]
[tool.pixi.pypi-dependencies]
a-b = "<5"
"""
    found = plain(project(text)).pypi_dependencies
    assert found["a-b"] == (PypiSpec(version="<5"), PypiSpec(version=">=1"))
    assert found["c"] == (PypiSpec(version="~=2.0", extras=("x", "y"), env_markers='python_version < "3.12"'),)
    assert found["d"] == (PypiSpec(url="https://x/d.whl"),)
    assert found["e"] == (PypiSpec(),)


@pytest.mark.parametrize(
    ("url", "spec"),
    [
        ("git+https://x/y.git@v1#subdirectory=s", PypiSpec(git="https://x/y.git", rev="v1", subdirectory="s")),
        ("git+ssh://git@host/y", PypiSpec(git="ssh://git@host/y")),
        ("https://x/y.git", PypiSpec(git="https://x/y.git")),
        ("file:///opt/y", PypiSpec(path="/opt/y")),
        ("https://x/y.tar.gz#subdirectory=s", PypiSpec(url="https://x/y.tar.gz", subdirectory="s")),
    ],
)
def test_requirements_at_a_url(project, url, spec):
    found = plain(project(f'[project]\nname = "p"\ndependencies = ["y @ {url}"]\n')).pypi_dependencies
    assert found == {"y": (spec,)}


def test_extras_and_groups_become_features(project):
    text = """
[project]
name = "My-Proj"
[project.optional-dependencies]
test = ["pytest", "my_proj[more]"]
more = ["rich"]
both = ["old"]
[dependency-groups]
dev = ["ruff", {include-group = "Lint"}]
lint = ["mypy"]
both = ["new"]
default = ["everywhere"]
[tool.pixi.feature.test.dependencies]
lib = "*"
[tool.pixi.environments]
test = ["test", "dev"]
"""
    manifest = project(text)
    assert list(plain(manifest, "test").pypi_dependencies) == ["pytest", "rich"]
    assert "lib" in plain(manifest, "test").dependencies
    assert list(plain(manifest, "dev").pypi_dependencies) == ["ruff", "mypy"]
    assert list(plain(manifest, "both").pypi_dependencies) == ["new"]
    assert "everywhere" in plain(manifest).pypi_dependencies
    assert manifest.warnings == ()
    assert manifest.environments["test"].features == ("test", "dev")


def test_uv_sources_say_what_is_editable(project):
    manifest = project('[tool.uv.sources]\nA_b = {path = ".", editable = true}\nc = {workspace = true}\n')
    assert manifest.editable == {"a-b": True}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[project]\nversion = "1"\n', "missing field 'name'"),
        ('[project]\nname = "p"\nnonsense = 1\n', "'nonsense' was not expected here"),
        ('[project]\nname = "p"\ndependencies = ["a b c"]\n', "not a valid PEP 508 requirement"),
        ('[project]\nname = "p"\nrequires-python = "three"\n', "Failed to parse version"),
        ('[dependency-groups]\na = [{include-group = "b"}]\n', "dependency group 'b' is not defined"),
        ('[dependency-groups]\na = [{include-group = "b"}]\nb = [{include-group = "a"}]\n', "includes itself"),
        ("[tool.pixi.nonsense]\n", "'nonsense' was not expected here"),
    ],
)
def test_wrong_packaging_tables(wrong, text, message):
    said, where, _ = wrong(text, head=PIXI, name="pyproject.toml")
    assert message in said and where is not None


def test_a_plain_pyproject_is_no_manifest(wrong):
    said, _, _ = wrong('[project]\nname = "p"\n', head="", name="pyproject.toml")
    assert "Missing table in manifest pyproject.toml" in said
