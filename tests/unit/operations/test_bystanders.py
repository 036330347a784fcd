"""What the server that lives in an environment needs of it."""

from __future__ import annotations

import sys
from pathlib import Path

from jupyter_pixi.lockfile.model import Package
from jupyter_pixi.operations import targets
from jupyter_pixi.operations.installing import bystanders


def conda(name: str, *depends: str):
    location = f"https://host.example/conda/noarch/{name}-1.0-0.conda"
    return ("conda", name), Package("conda", location, {"depends": list(depends)})


def pypi(name: str, *requires: str):
    location = f"https://host.example/{name}-1.0-py3-none-any.whl"
    return ("pypi", name), Package("pypi", location, {"name": name, "version": "1.0", "requires_dist": list(requires)})


def test_what_the_server_needs_is_in_use():
    rows = dict(
        [
            conda("jupyterlab", "jupyter_server >=2", "python"),
            conda("jupyter_server", "tornado >=6"),
            conda("tornado", "python >=3.9"),
            conda("python"),
            conda("polars"),
            pypi("jupyter-pixi", "py-rattler>=0.28", "thing ; extra == 'demo'"),
            pypi("py-rattler"),
            pypi("thing"),
        ]
    )
    found = {name for _, name in bystanders.in_use_by_us(rows)}
    assert found == {"jupyterlab", "jupyter_server", "tornado", "python", "jupyter-pixi", "py-rattler"}


def test_own_prefix():
    assert targets.runs_from(Path(sys.prefix))
    assert not targets.runs_from(Path(sys.prefix).parent)
