"""What is installed: the wheel and the sdist have the front end, the server's configuration and the resources."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import jupyter_pixi
import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def build(source: Path, target: str, into: Path, **env: str) -> Path:
    """Build with what is installed here, nothing downloaded."""
    pytest.importorskip("hatchling")
    pytest.importorskip("hatch_jupyter_builder")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", f"--{target}", "--outdir", str(into), str(source)],
        env={**os.environ, **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = into.iterdir()
    return made


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist of this checkout."""
    return build(REPOSITORY, "sdist", tmp_path_factory.mktemp("sdist"))


def names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_a_wheel_is_built_from_the_sdist_without_node(sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    wheel = build(source, "wheel", tmp_path / "wheel", PATH="/nowhere")
    data = f"jupyter_pixi-{jupyter_pixi.__version__}.data/data"
    found = names(wheel)
    extension = [n for n in found if n.startswith(f"{data}/share/jupyter/labextensions/jupyter-pixi/")]
    assert any(Path(n).name.startswith("remoteEntry") for n in extension)
    assert f"{data}/share/jupyter/labextensions/jupyter-pixi/install.json" in extension
    assert f"{data}/etc/jupyter/jupyter_server_config.d/jupyter-pixi.json" in found
    assert any(n.startswith(f"{data}/share/jupyter-pixi/kernels/python/") for n in found)
    assert not [n for n in found if n.startswith("jupyter_pixi/labextension")], "the front end is shipped once"
    with zipfile.ZipFile(wheel) as archive:
        entry = archive.read(f"jupyter_pixi-{jupyter_pixi.__version__}.dist-info/entry_points.txt").decode()
        server = json.loads(archive.read(f"{data}/etc/jupyter/jupyter_server_config.d/jupyter-pixi.json"))
    assert "jupyter-pixi = jupyter_pixi.cli.main:entry" in entry
    assert "pixi-jupyter = jupyter_pixi.cli.main:entry" in entry
    assert server == {"ServerApp": {"jpserver_extensions": {"jupyter_pixi": True}}}


def test_a_missing_front_end_is_an_error(sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        members = [m for m in archive.getmembers() if "/jupyter_pixi/labextension/" not in m.name]
        archive.extractall(tmp_path, members=members, filter="data")
    (source,) = tmp_path.iterdir()
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(tmp_path / "out"), str(source)],
        env={**os.environ, "PATH": "/nowhere"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "npm was not found" in done.stdout + done.stderr


def test_one_version_everywhere() -> None:
    package = json.loads((REPOSITORY / "labextension/package.json").read_text())
    lock = json.loads((REPOSITORY / "labextension/package-lock.json").read_text())
    assert package["version"] == lock["version"] == jupyter_pixi.__version__


def test_the_lock_names_no_registry() -> None:
    lock = (REPOSITORY / "labextension/package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 100


def test_the_front_end_is_built_when_its_sources_are_newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(REPOSITORY))
    from labextension import build as hook

    source, built = tmp_path / "src" / "index.ts", tmp_path / "built.json"
    source.parent.mkdir()
    source.write_text("")
    monkeypatch.setattr(hook, "HERE", tmp_path)
    monkeypatch.setattr(hook, "BUILT", built)
    assert hook.is_stale()
    built.write_text("{}")
    os.utime(source, (1000, 1000))
    os.utime(built, (2000, 2000))
    assert not hook.is_stale()
    os.utime(source, (3000, 3000))
    assert hook.is_stale()
