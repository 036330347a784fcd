"""Which manifest a directory, `--manifest-path` or the environment means."""

from __future__ import annotations

import pytest
from jupyter_pixi.errors import ManifestError, ManifestNotFound
from jupyter_pixi.manifest import find_manifest
from jupyter_pixi.manifest.discover import discover

WORKSPACE = "[workspace]\nchannels = []\n"
PACKAGE = '[package]\nname = "p"\n'


@pytest.fixture
def tree(tmp_path):
    """Writes files; gives the folder."""

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_toml", ".toml")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def test_the_first_at_or_above_the_directory(tree):
    root = tree(pixi_toml=WORKSPACE, a__b__x="")
    assert find_manifest(root / "a/b", environ={}) == root / "pixi.toml"


def test_pixi_before_pyproject_before_mojoproject(tree):
    root = tree(mojoproject_toml=WORKSPACE, pyproject_toml="[tool.pixi.workspace]\nchannels = []\n")
    assert find_manifest(root, environ={}).name == "pyproject.toml"
    tree(pixi_toml=WORKSPACE)
    assert find_manifest(root, environ={}).name == "pixi.toml"


def test_a_plain_pyproject_is_passed_by(tree):
    root = tree(pixi_toml=WORKSPACE, sub__pyproject_toml='[project]\nname = "x"\n')
    assert find_manifest(root / "sub", environ={}) == root / "pixi.toml"


def test_a_useless_manifest_hides_what_is_beside_and_above_it(tree):
    root = tree(pixi_toml=WORKSPACE, sub__pixi_toml="", sub__pyproject_toml="[tool.pixi.workspace]\n")
    with pytest.raises(ManifestError, match=r"Missing table in manifest pixi\.toml"):
        find_manifest(root / "sub", environ={})


def test_a_pyproject_with_other_pixi_tables_ends_the_search(tree):
    root = tree(pixi_toml=WORKSPACE, sub__pyproject_toml="[tool.pixi.tasks]\n")
    with pytest.raises(ManifestError, match=r"Missing table in manifest pyproject\.toml"):
        find_manifest(root / "sub", environ={})


def test_a_package_belongs_to_the_workspace_above(tree):
    root = tree(pixi_toml=WORKSPACE, sub__pixi_toml=PACKAGE)
    found = discover(root / "sub", environ={})
    assert (found.path, found.package) == (root / "pixi.toml", root / "sub/pixi.toml")
    assert find_manifest(root, explicit=root / "sub/pixi.toml", environ={}) == root / "pixi.toml"


def test_explicit(tree, tmp_path):
    root = tree(a__pixi_toml=WORKSPACE, b__pyproject_toml="[tool.pixi.project]\n", c__x="", d_txt="")
    assert find_manifest(root, explicit=root / "a", environ={}) == root / "a/pixi.toml"
    assert find_manifest(root / "a", explicit=root / "b/pyproject.toml", environ={}) == root / "b/pyproject.toml"
    assert find_manifest(root, explicit=type(root)("a/pixi.toml"), environ={}) == root / "a/pixi.toml"
    for wrong in ("c", "d_txt"):
        with pytest.raises(ManifestError, match="unrecognized manifest file format"):
            find_manifest(root, explicit=root / wrong, environ={})
    with pytest.raises(ManifestNotFound, match=r"unable to canonicalize 'nope\.toml'"):
        find_manifest(root, explicit=type(root)("nope.toml"), environ={})


def test_the_variable_is_for_where_nothing_is_found(tree):
    root = tree(a__pixi_toml=WORKSPACE, b__pixi_toml=WORKSPACE, c__x="")
    environ = {"PIXI_PROJECT_MANIFEST": str(root / "a/pixi.toml"), "PIXI_IN_SHELL": "1"}
    assert find_manifest(root / "c", environ=environ) == root / "a/pixi.toml"
    found = discover(root / "b", environ=environ)
    assert found.path == root / "b/pixi.toml"
    assert "Using local manifest" in found.warning
    assert discover(root / "a", environ=environ).warning is None


def test_nothing(tree):
    root = tree(a__x="")
    with pytest.raises(
        ManifestNotFound, match=r"could not find pixi\.toml or pyproject\.toml with tool\.pixi at directory"
    ):
        find_manifest(root / "a", environ={})
    tree(a__pyproject_toml='[project]\nname = "x"\n')
    with pytest.raises(ManifestNotFound) as caught:
        find_manifest(root / "a", environ={})
    assert "Run 'pixi init'" in caught.value.help
    with pytest.raises(ManifestNotFound):
        find_manifest(root / "none", environ={})


def test_links_are_followed(tree):
    root = tree(real__pixi_toml=WORKSPACE)
    (root / "link").symlink_to(root / "real")
    assert find_manifest(root / "link", environ={}) == root / "real/pixi.toml"
