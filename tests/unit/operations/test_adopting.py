"""What the manifest gets for a package that another tool installed: what is there, from where it came."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jupyter_pixi.errors import PixiError
from jupyter_pixi.manifest.model import PypiSpec
from jupyter_pixi.manifest.specs_text import parse_pypi
from jupyter_pixi.operations.changing.adopting import _adopted
from jupyter_pixi.prefix.installed import Distribution


def adopted(folder: Path, text: str, direct_url: object = None) -> PypiSpec:
    info = folder / "proj-1.5.dist-info"
    info.mkdir()
    if direct_url is not None:
        (info / "direct_url.json").write_text(json.dumps(direct_url))
    _, spec = parse_pypi(text)
    return _adopted(text, spec, Distribution("proj", "1.5", info), lambda path: f"from:{path}").spec


def test_from_an_index_it_is_this_version(tmp_path: Path) -> None:
    assert adopted(tmp_path, "proj[fast]") == PypiSpec(version="==1.5", extras=("fast",))


def test_a_range_is_kept_if_it_holds_what_is_there(tmp_path: Path) -> None:
    assert adopted(tmp_path, "proj>=1") == PypiSpec(version=">=1")
    (tmp_path / "proj-1.5.dist-info").rmdir()
    with pytest.raises(PixiError, match=r"version 1\.5 is installed, which is not '>=2'"):
        adopted(tmp_path, "proj>=2")


@pytest.mark.parametrize(
    "data, spec",
    [
        ({"url": "file:///a%20b/proj", "dir_info": {"editable": True}}, {"path": "from:/a b/proj", "editable": True}),
        ({"url": "file:///proj", "dir_info": {}}, {"path": "from:/proj"}),
        ({"url": "file:///x/proj-1.5.whl", "archive_info": {}}, {"path": "from:/x/proj-1.5.whl"}),
        ({"url": "https://host.example/p-1.5.whl", "archive_info": {}}, {"url": "https://host.example/p-1.5.whl"}),
        (
            {"url": "https://host.example/p.git", "vcs_info": {"vcs": "git", "commit_id": "ab"}, "subdirectory": "py"},
            {"git": "https://host.example/p.git", "rev": "ab", "subdirectory": "py"},
        ),
    ],
)
def test_what_came_from_elsewhere_is_taken_from_there(tmp_path: Path, data: object, spec: dict[str, object]) -> None:
    assert adopted(tmp_path, "proj", data) == PypiSpec(**spec)


def test_credentials_do_not_come_along(tmp_path: Path) -> None:
    with pytest.raises(PixiError, match="credentials"):
        adopted(tmp_path, "proj", {"url": "https://me:secret@host.example/p-1.5.whl", "archive_info": {}})
