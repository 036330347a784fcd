"""Who else runs on an environment: this program, and the server that lives in it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from jupyter_pixi.operations import targets
from jupyter_pixi.operations.installing import bystanders, moves

SITE = "lib/python3.11/site-packages"


def conda(prefix, name: str, *depends: str, version: str = "1.0"):
    (prefix / "conda-meta").mkdir(exist_ok=True)
    (prefix / f"conda-meta/{name}-{version}-0.json").write_text(json.dumps({"name": name, "depends": depends}))


def pypi(prefix, name: str, *requires: str, installer: str = "uv-pixi", version: str = "1.0"):
    info = prefix / SITE / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "INSTALLER").write_text(installer)
    (info / "METADATA").write_text("".join(f"Requires-Dist: {text}\n" for text in requires) + "\nRequires-Dist: no\n")


def test_what_the_server_needs_is_in_use(tmp_path):
    conda(tmp_path, "jupyterlab", "jupyter_server >=2", "python")
    conda(tmp_path, "jupyter_server", "tornado >=6")
    conda(tmp_path, "tornado", "python >=3.9")
    conda(tmp_path, "python", version="3.11.7")
    conda(tmp_path, "polars")
    pypi(tmp_path, "jupyter-pixi", "py-rattler>=0.28", "thing ; extra == 'demo'")
    pypi(tmp_path, "py-rattler")
    pypi(tmp_path, "thing")
    pypi(tmp_path, "tornado", installer="conda")
    assert bystanders.in_use_by_us(tmp_path) == {
        *(("conda", name) for name in ("jupyterlab", "jupyter_server", "tornado", "python")),
        *(("pypi", name) for name in ("jupyter-pixi", "py-rattler")),
    }


def test_its_python_is_in_use_whoever_asks_for_it(tmp_path):
    conda(tmp_path, "python", version="3.11.7")
    (tmp_path / SITE).mkdir(parents=True)
    assert bystanders.in_use_by_us(tmp_path) == {("conda", "python")}


def test_a_long_list_says_how_long_and_names_the_server_first(tmp_path):
    names = ("jupyterlab", *(f"a{n:02}" for n in range(15)))
    conda(tmp_path, "jupyterlab", *names[1:])
    for name in names[1:]:
        conda(tmp_path, name)
    needed = moves.moves_of_jupyter(tmp_path, {("conda", name): "would be removed" for name in (*names, "other")})
    lines = moves.jupyter_would_move("lab", needed, what="change", help="").message.splitlines()
    assert lines[1:3] == ["  jupyterlab would be removed", "  a00 would be removed"]
    assert lines[-1] == "  and 6 more"
    assert moves.restart_jupyter(needed).startswith("Jupyter itself needs what was changed (jupyterlab, a00, ")


def test_own_prefix():
    assert targets.runs_from(Path(sys.prefix))
    assert not targets.runs_from(Path(sys.prefix).parent)
