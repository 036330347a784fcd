"""The sample workspace: what is written, and that what the user made of it stays."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib

import nbformat
from jupyter_pixi.demo import sample
from jupyter_pixi.demo.sample import Content

EMBEDDED = Content("file:///nowhere/channels/demo-linux-64-py3.11-0123456789ab", "linux-64")
CONDA_FORGE = Content("conda-forge", "osx-arm64", ("linux-64", "osx-arm64", "win-64"), gpu="pytorch-gpu")


def test_the_manifest_has_what_a_newcomer_looks_for():
    data = tomllib.loads(sample.manifest(EMBEDDED))
    assert data["workspace"]["name"] == "weather"
    assert data["workspace"]["platforms"] == [
        "linux-64",
        {"name": "linux-64-cuda", "platform": "linux-64", "cuda": "12"},
    ]
    assert data["environments"] == {"cpu": ["cpu"], "cuda": ["cuda"]}
    assert data["feature"]["cuda"]["platforms"] == ["linux-64-cuda"]
    assert data["tasks"]["forecast"]["cmd"] == "python forecast.py"
    assert "polars" not in data["dependencies"]


def test_conda_forge_serves_more_platforms_and_a_real_gpu_package():
    data = tomllib.loads(sample.manifest(CONDA_FORGE))
    names = [row if isinstance(row, str) else row["name"] for row in data["workspace"]["platforms"]]
    assert names == ["osx-arm64", "linux-64", "win-64", "linux-64-cuda"]
    assert data["feature"]["cpu"]["platforms"] == ["osx-arm64", "linux-64", "win-64"]
    assert data["feature"]["cuda"]["dependencies"]["pytorch-gpu"] == "*"


def test_the_notebook_is_valid_and_names_its_kernel(tmp_path):
    sample.write(tmp_path, EMBEDDED)
    notebook = nbformat.read(tmp_path / "weather.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec == {
        "name": "pixi.weather.cpu",
        "display_name": "weather · cpu",
        "language": "python",
    }
    adding = next(cell.source for cell in notebook.cells if "%pixi add polars" in cell.source)
    assert adding.splitlines()[1] == "import polars as pl"


def test_the_task_runs(tmp_path):
    sample.write(tmp_path, EMBEDDED)
    done = subprocess.run(
        [sys.executable, "forecast.py"],
        cwd=tmp_path,
        env={"WEATHER_STATION": "Zugspitze", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("Zugspitze, 20") and done.stdout.endswith("°C\n")


def test_what_is_there_stays(tmp_path):
    assert len(sample.write(tmp_path, CONDA_FORGE)) == 4
    (tmp_path / "weather.ipynb").write_text(json.dumps({"mine": True}))
    (tmp_path / "pixi.toml").write_text((tmp_path / "pixi.toml").read_text() + "# mine\n")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert sample.write(tmp_path, EMBEDDED) == ()
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_channel_that_left_the_cache_is_replaced(tmp_path):
    sample.write(tmp_path, EMBEDDED)
    present = tmp_path / "channels/demo-linux-64-py3.11-ba9876543210"
    present.mkdir(parents=True)
    done = sample.write(tmp_path, Content(present.as_uri(), "linux-64"))
    assert len(done) == 1 and present.as_uri() in done[0]
    assert tomllib.loads((tmp_path / "pixi.toml").read_text())["workspace"]["channels"] == [present.as_uri()]
    assert sample.write(tmp_path, EMBEDDED) == ()  # that one exists: nobody touches it
