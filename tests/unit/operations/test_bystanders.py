"""Who else runs on an environment: the server that lives in it, and kernels that others change under."""

from __future__ import annotations

import os
import sys
import time

from jupyter_pixi.events import Warn
from jupyter_pixi.lockfile.model import Package
from jupyter_pixi.operations import targets
from jupyter_pixi.operations.context import Caller, Context, Loaded
from jupyter_pixi.operations.installing import bystanders
from jupyter_pixi.operations.publishing import history
from jupyter_pixi.operations.publishing.history import Entry, Pair


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
    from pathlib import Path

    assert targets.runs_from(Path(sys.prefix))
    assert not targets.runs_from(Path(sys.prefix).parent)


def told(root, *, kernel="kernel-b.json", age=-60.0, environment="default", change="~ polars 1.0 0 → 1.1 0"):
    """What a kernel hears of a change that lies `age` seconds before its start."""
    started = bystanders._start_of(os.getpid()) or time.time()
    pair = Pair(None, None)
    entry = Entry("1", started - age, ("add", "x"), kernel, pair, pair, environment=environment, changes=(change,))
    history.record(root, entry.to_dict())
    said = []
    caller = Caller(
        "default",
        str(root / "pixi.toml"),
        str(root),
        kernel="kernel-a.json",
        pid=os.getpid(),
        loaded=(Loaded("polars", "1.0", ()),),
        modules=("polars",),
    )
    bystanders.tell_changes_by_others(Context(cwd=root, caller=caller, sink=said.append))
    return [event.text for event in said if isinstance(event, Warn)]


def test_a_kernel_hears_what_others_changed(tmp_path):
    (text,) = told(tmp_path)
    assert "polars 1.0 0 → 1.1 0" in text and "restart" in text


def test_its_own_changes_older_ones_and_other_environments_are_no_news(tmp_path):
    for number, given in enumerate(
        (
            {"kernel": "kernel-a.json"},
            {"age": 60.0},
            {"environment": "cuda"},
            {"change": "+ polars 1.1 0"},
            {"change": "- other 1 0"},
        )
    ):
        root = tmp_path / str(number)
        root.mkdir()
        assert told(root, **given) == []
