"""Which manifests a scan finds, and where it does not go."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_pixi.server.scan import Limits, above, registered, scan

WORKSPACE = '[workspace]\nname = "w"\nchannels = []\nplatforms = []\n'


def put(path: Path, text: str = WORKSPACE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found(root: Path, **limits: object) -> list[str]:
    return [str(m.relative_to(root)) for m in scan([root], Limits(**limits)).manifests]  # type: ignore[arg-type]


def test_breadth_first_and_bounded_in_depth(tmp_path: Path) -> None:
    for folder in ("a/b/c/d/e", "a", "z"):
        put(tmp_path / folder / "pixi.toml")
    put(tmp_path / "pixi.toml")
    assert found(tmp_path) == ["pixi.toml", "a/pixi.toml", "z/pixi.toml"]
    assert found(tmp_path, depth=0) == ["pixi.toml"]
    assert "a/b/c/d/e/pixi.toml" in found(tmp_path, depth=5)


@pytest.mark.parametrize("folder", [".pixi/envs/x", "node_modules/p", ".git/m", ".hidden", "x/site-packages/y"])
def test_does_not_enter(tmp_path: Path, folder: str) -> None:
    put(tmp_path / folder / "pixi.toml")
    assert found(tmp_path) == []


def test_git_ignored_and_hidden_by_configuration(tmp_path: Path) -> None:
    put(tmp_path / "repo" / ".gitignore", "out/\n/only\n")
    for folder in ("repo/out", "repo/sub/out", "repo/only", "repo/sub/only", "archive/old", "archive/new"):
        put(tmp_path / folder / "pixi.toml")
    assert found(tmp_path) == ["archive/new/pixi.toml", "archive/old/pixi.toml", "repo/sub/only/pixi.toml"]
    assert found(tmp_path, hidden=("archive/o*",)) == ["archive/new/pixi.toml", "repo/sub/only/pixi.toml"]
    assert found(tmp_path, hidden=("archive", "only")) == []


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    put(tmp_path / "real" / "pixi.toml")
    (tmp_path / "real" / "loop").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "real")
    assert found(tmp_path) == ["real/pixi.toml"]


def test_first_manifest_of_a_folder_counts(tmp_path: Path) -> None:
    put(tmp_path / "both" / "pyproject.toml", "[tool.pixi.workspace]\n")
    put(tmp_path / "both" / "pixi.toml")
    put(tmp_path / "project" / "pyproject.toml", "[project]\nname='x'\n[tool.pixi.workspace]\n")
    put(tmp_path / "plain" / "pyproject.toml", "[project]\nname='x'\n")
    put(tmp_path / "mojo" / "mojoproject.toml")
    put(tmp_path / "package" / "pixi.toml", "[package]\nname='x'\n")
    put(tmp_path / "python-package" / "pyproject.toml", "[project]\nname='x'\n[tool.pixi.package]\n")
    assert found(tmp_path) == ["both/pixi.toml", "mojo/mojoproject.toml", "project/pyproject.toml"]


def test_a_broken_manifest_is_found(tmp_path: Path) -> None:
    put(tmp_path / "pixi.toml", "this is no TOML [[[")
    assert found(tmp_path) == ["pixi.toml"]


def test_bound_on_folders_is_told(tmp_path: Path) -> None:
    for i in range(30):
        put(tmp_path / f"w{i:02}" / "pixi.toml")
    result = scan([tmp_path], Limits(folders=10))
    assert len(result.manifests) == 9
    assert result.truncated == "more than 10 folders"
    assert scan([tmp_path], Limits()).truncated is None


def test_above(tmp_path: Path) -> None:
    manifest = put(tmp_path / "w" / "pixi.toml")
    put(tmp_path / "w" / "pkg" / "pixi.toml", "[package]\nname='x'\n")
    (tmp_path / "w" / "pkg" / "notebooks").mkdir()
    assert above(tmp_path / "w" / "pkg" / "notebooks") == manifest
    assert above(tmp_path / "w") == manifest
    assert above(tmp_path) is None


def test_registry_of_named_workspaces(tmp_path: Path) -> None:
    workspace = put(tmp_path / "far" / "pixi.toml").parent
    registry = put(
        tmp_path / "home" / "workspaces.toml",
        f'[named-workspaces]\nfar = "{workspace}"\ngone = "{tmp_path}/gone"\n',
    )
    assert registered({"PIXI_HOME": str(registry.parent)}) == (workspace,)
    assert registered({"HOME": str(tmp_path / "nobody")}) == ()
    registry.write_text("named-workspaces = [")
    assert registered({"PIXI_HOME": str(registry.parent)}) == ()
