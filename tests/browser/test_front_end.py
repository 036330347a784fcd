"""What people see in JupyterLab: cards of the environments, greyed where they cannot run, and operations in cells."""

from __future__ import annotations

import json
from typing import Any

from support.jupyter_server import Running

MIME = "application/vnd.jupyter-pixi.operation+json"


def cards(page: Any, name: str) -> Any:
    return page.locator(f".jp-LauncherCard[title^='{name}']")


def test_launcher_shows_environments(page: Any, picture: Any) -> None:
    cpu, cuda = cards(page, "weather · cpu").first, cards(page, "weather · cuda (unavailable)").first
    cpu.wait_for(timeout=20_000)
    cuda.wait_for(timeout=20_000)
    page.wait_for_selector(".jp-LauncherCard.jp-pixi-mod-unavailable", timeout=10_000)
    assert "__cuda >= 99" in cuda.get_attribute("title")
    assert "__cuda >= 99" in cuda.get_attribute("aria-description")
    assert float(cuda.evaluate("node => getComputedStyle(node).opacity")) < 0.6
    assert float(cpu.evaluate("node => getComputedStyle(node).opacity")) == 1
    assert "mod-unavailable" not in cpu.get_attribute("class")
    assert cpu.locator("img").count() == 1
    picture("launcher")


def test_a_new_workspace_reaches_an_open_launcher(page: Any, lab: Running) -> None:
    cards(page, "weather · cpu").first.wait_for(timeout=20_000)
    folder = lab.root / "tides"
    folder.mkdir()
    manifest = folder / "pixi.toml"
    manifest.write_text((lab.root / "weather" / "pixi.toml").read_text().replace('"weather"', '"tides"'))
    # JupyterLab's own poll takes 61 seconds.
    cards(page, "tides · cpu").first.wait_for(timeout=10_000)
    page.wait_for_selector(".jp-LauncherCard.jp-pixi-mod-unavailable[title^='tides · cuda']", timeout=5_000)

    manifest.write_text(manifest.read_text().replace('"99"', '"11"'))
    cards(page, "tides · cuda").first.wait_for(timeout=10_000)
    page.wait_for_function(
        "() => !document.querySelector(`.jp-pixi-mod-unavailable[title^='tides · cuda']`)", timeout=10_000
    )
    manifest.unlink()
    page.wait_for_function("() => !document.querySelector(`[title^='tides · cpu']`)", timeout=10_000)


def notebook(*documents: dict[str, Any]) -> str:
    """A notebook that shows operations as a kernel left them."""
    outputs = [
        {
            "output_type": "display_data",
            "metadata": {},
            "data": {MIME: document, "text/html": "<b>stands in</b>", "text/plain": "stands in"},
        }
        for document in documents
    ]
    cell = {"cell_type": "code", "id": "a", "execution_count": 1, "metadata": {}, "source": "%pixi add polars"}
    kernelspec = {"name": "python3", "display_name": "Python 3"}
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": kernelspec},
            "cells": [{**cell, "outputs": outputs}],
        }
    )


BASE = {
    "version": 1,
    "operation": "20261101T000000-ab12cd34",
    "command": ["add", "polars"],
    "manifest": "/w/pixi.toml",
    "environment": "cpu",
    "kernel": None,
    "started": 1.0,
    "ended": None,
    "phases": [],
    "current": None,
    "notes": [],
    "warnings": [],
    "result": None,
    "error": None,
    "effects": None,
}
RUNNING = BASE | {
    "state": "running",
    "phases": [{"phase": "download", "title": "Downloading", "done": 3, "total": 12, "item": "polars",
                "bytes_done": 12_000_000, "bytes_total": 48_000_000, "finished": False}],
    "current": 0,
}  # fmt: skip
DONE = BASE | {
    "state": "done",
    "result": {
        "kind": "change",
        "message": "Added polars >=1.35,<2",
        "environment": "cpu",
        "changes": [
            {"name": "polars", "before": None, "after": "1.35.1", "type": "conda", "explicit": True},
            {"name": "numpy", "before": "2.3.1", "after": "2.3.4", "type": "conda", "explicit": False},
            {"name": "old", "before": "1.0", "after": None, "type": "pypi", "explicit": False},
        ],
        "written": [{"file": "pixi.toml", "line": 9, "text": 'polars = ">=1.35,<2"'}],
        "others": [],
        "restart": ["numpy"],
        "install": None,
        "left_out": 0,
    },
    "warnings": [{"text": "<img src=x onerror=window.evil=1>", "code": None}],
}
FAILED = BASE | {
    "state": "failed",
    "error": {"code": "solve", "text": "Cannot solve the request because of:\n  polars >=99: no candidates",
              "help": "Ask for another version.", "file": "pixi.toml", "line": 9, "column": None},
}  # fmt: skip


def test_operations_in_a_cell(page: Any, lab: Running, picture: Any) -> None:
    (lab.root / "operations.ipynb").write_text(notebook(RUNNING, DONE, FAILED))
    page.evaluate("() => { window.jupyterapp.commands.execute('docmanager:open', {path: 'operations.ipynb'}) }")
    page.wait_for_selector(".jp-pixi-Operation", timeout=20_000)
    running, done, failed = (page.locator(".jp-pixi-Operation").nth(i) for i in range(3))
    bar = running.get_by_role("progressbar")
    assert bar.get_attribute("aria-valuenow") == "25"
    assert bar.get_attribute("aria-label") == "Downloading"
    assert "3 of 12 · 12.0 MB / 48.0 MB · polars" in running.inner_text()
    assert done.get_by_role("status").inner_text() == "Added polars >=1.35,<2"
    assert done.get_by_role("progressbar").count() == 0
    rows = done.locator("tbody tr").all_inner_texts()
    assert [row.split("\t")[0] for row in rows] == ["polars", "numpy", "old"]
    assert 'pixi.toml:9 polars = ">=1.35,<2"' in done.inner_text()
    assert "no candidates" in failed.inner_text()
    assert "Ask for another version." in failed.inner_text()
    assert "stands in" not in page.locator(".jp-OutputArea").first.inner_text()
    assert page.evaluate("window.evil") is None
    picture("operations")


def test_dark_theme(page: Any, lab: Running, picture: Any) -> None:
    (lab.root / "dark.ipynb").write_text(notebook(RUNNING, DONE, FAILED))
    page.evaluate(
        "async () => { await window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'});"
        " window.jupyterapp.commands.execute('docmanager:open', {path: 'dark.ipynb'}) }"
    )
    page.wait_for_selector(".jp-pixi-Operation", timeout=20_000)
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'", timeout=10_000)
    text, ground = page.locator(".jp-pixi-Operation").nth(1).evaluate(
        "node => [node, document.querySelector('.jp-Notebook')].map("
        "(one, i) => getComputedStyle(one)[i ? 'backgroundColor' : 'color'])"
    )  # fmt: skip
    assert text != ground
    picture("operations-dark")
    page.evaluate(
        "async () => { await window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'}) }"
    )


def record(lab: Running, id: str, *events: Any) -> str:
    """Writes what an operation on the workspace `weather` said; returns the manifest."""
    from jupyter_pixi.events import to_line

    folder = lab.root / "weather" / ".pixi" / "jupyter-pixi" / "operations"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{id}.jsonl").open("a") as file:
        file.writelines(map(to_line, events))
    return str(lab.root / "weather" / "pixi.toml")


def test_an_output_goes_on_after_a_reload(page: Any, lab: Running) -> None:
    import os

    from jupyter_pixi.events import Phase, Result, Started

    manifest = str(lab.root / "weather" / "pixi.toml")
    ids = ["20261101T000001-aaaaaaaa", "20261101T000002-bbbbbbbb"]
    for id in ids:
        record(lab, id, Started(id, ("add", "polars"), manifest=manifest, environment="cpu", pid=os.getpid()))
    record(lab, ids[0], Result({"kind": "change", "message": "Added polars while nobody looked"}))
    record(lab, ids[1], Phase("link", "Linking 12 packages", 12))
    left = [RUNNING | {"operation": id, "manifest": manifest} for id in ids]
    (lab.root / "left.ipynb").write_text(notebook(*left))
    page.evaluate("() => { window.jupyterapp.commands.execute('docmanager:open', {path: 'left.ipynb'}) }")
    outputs = page.locator(".jp-OutputArea .jp-pixi-Operation")
    outputs.filter(has_text="Added polars while nobody looked").wait_for(timeout=20_000)
    outputs.filter(has_text="Linking 12 packages").wait_for(timeout=20_000)
    page.wait_for_timeout(3_000)  # until the new folder is watched
    record(lab, ids[1], Result({"kind": "change", "message": "Added it before your eyes"}))
    outputs.filter(has_text="Added it before your eyes").wait_for(timeout=10_000)


def test_hostile_texts_are_texts(page: Any, lab: Running) -> None:
    """Names, specs, reasons and results that would be markup."""
    import os
    import shutil

    from jupyter_pixi.events import Result, Started, Warn

    evil = "<img src=x onerror='window.evil=1'>"
    id = "20261101T000003-cccccccc"
    manifest = str(lab.root / "weather" / "pixi.toml")
    change = {"name": evil, "before": evil, "after": evil, "type": evil, "explicit": True}
    written = {"file": evil, "line": 1, "text": evil}
    data = {"kind": "change", "message": evil, "changes": [change], "written": [written], "restart": [evil]}
    folder = lab.root / "hostile"
    folder.mkdir()
    (folder / "pixi.toml").write_text(
        f'[workspace]\nname = "{evil}"\nchannels = []\nplatforms = ["linux-64"]\n'
        f'[dependencies]\npython = {{ version = "*", build = "{evil}" }}\n[activation.env]\nX = "{evil}"\n'
    )
    try:
        page.evaluate("() => { window.jupyterapp.commands.execute('jupyter-pixi:open') }")
        option = page.locator("option[value$='/hostile/pixi.toml']")
        option.wait_for(state="attached", timeout=20_000)
        panel = page.locator(".jp-pixi-Panel")
        panel.get_by_role("combobox", name="Workspace").select_option(value=option.get_attribute("value"))
        panel.locator(".jp-pixi-Dependency", has_text="python").wait_for(timeout=20_000)
        started = Started(id, ("add", evil), manifest=manifest, environment=evil, pid=os.getpid())
        record(lab, id, started, Warn(evil), Result(data))
        page.locator("option[value$='/weather/pixi.toml']").wait_for(state="attached", timeout=20_000)
        panel.get_by_role("combobox", name="Workspace").select_option(value=manifest)
        panel.locator(".jp-pixi-OperationCard", has_text=evil).wait_for(timeout=20_000)
        assert page.evaluate("window.evil") is None
        assert page.locator(".jp-pixi-Panel img").count() == 0
    finally:
        shutil.rmtree(folder)
