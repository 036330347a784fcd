"""Every view: readable in every theme, drawn from what strangers wrote as text only, quick with thousands of rows."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import pytest
from support.jupyter_server import BUILT, Running
from support.panel import LONG, accessible, offered, show

EVIL = "<img src=x onerror='window.evil=1'><b>bold</b>"
BUDGET = 200_000  # bytes of all JavaScript, compressed


def answer(page: Any, path: str, document: Any) -> None:
    """Every request for a path of the REST interface gets this document."""
    pattern = re.compile(rf"/jupyter-pixi/api/{path}(\?|$)")
    page.route(pattern, lambda route: route.fulfill(status=200, json=document))


def theme(page: Any, name: str) -> None:
    page.evaluate("async theme => { await window.jupyterapp.commands.execute('apputils:change-theme', {theme}) }", name)
    page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name, timeout=20_000)


def test_the_javascript_keeps_to_its_budget() -> None:
    total = sum(len(gzip.compress(path.read_bytes())) for path in (BUILT / "static").glob("*.js"))
    assert 10_000 < total <= BUDGET


@pytest.mark.parametrize(
    "name",
    ["JupyterLab Light", pytest.param("JupyterLab Dark", marks=pytest.mark.full), "JupyterLab Dark High Contrast"],
)
def test_every_view_is_accessible(page: Any, lab: Running, real: Any, picture: Any, name: str) -> None:
    workspace = real("haze")
    workspace.do("lock")
    workspace.do("add", "cowsay", "--no-install")
    theme(page, name)
    short = name.removeprefix("JupyterLab ").replace(" ", "-").lower()
    try:
        panel = show(page, "haze", "tools")
        for section in ("Add a package", "Dependencies", "All locked packages", "Platforms", "Disk use"):
            fold = panel.get_by_role("button", name=re.compile(f"^.? ?{section}"))
            if fold.get_attribute("aria-expanded") == "false":
                fold.click()
        panel.locator(".jp-pixi-Dependency-head", has_text="threadpoolctl").click()
        panel.locator(".jp-pixi-Matrix").nth(1).wait_for(timeout=LONG)
        panel.locator(".jp-pixi-PackageRow").first.wait_for(timeout=LONG)
        panel.get_by_text("Measuring").wait_for(state="detached", timeout=LONG)
        offered(panel, "every", "everywhere")
        accessible(page, ".jp-pixi-Panel")
        picture(f"views-{short}")
        page.keyboard.press("Escape")
        path = {"path": "haze/pixi.lock"}
        page.evaluate("args => { window.jupyterapp.commands.execute('docmanager:open', args) }", path)
        page.locator(".jp-pixi-LockView tr[data-kind=added]", has_text="cowsay").first.wait_for(timeout=LONG)
        accessible(page, ".jp-pixi-LockView")
        page.evaluate("() => { window.jupyterapp.commands.execute('jupyter-pixi:trust') }")
        page.locator(".jp-pixi-Trust").wait_for(timeout=LONG)
        accessible(page, ".jp-Dialog-content")
        picture(f"lock-{short}")
        page.keyboard.press("Escape")
    finally:
        theme(page, "JupyterLab Light")


def test_strangers_texts_never_become_markup(page: Any, lab: Running, real: Any) -> None:
    real("murk").do("lock")
    row = {"name": EVIL, "type": "conda", "before": EVIL, "after": EVIL, "kind": "up", "explicit": True}
    place = {"environment": "default", "platform": EVIL}
    change = {**place, "changes": [row], "others": [{**row, "environment": EVIL, "platform": EVIL}]}
    told = {
        "written": [{"file": EVIL, "line": 1, "text": EVIL}],
        "message": f"x\n{EVIL}",
        "preview": {"loaded": [EVIL]},
    }
    answer(page, "preview", {"result": {**change, **told}})
    answer(page, "search", {"names": [f"x{EVIL}"]})
    answer(page, "search/[^?]*", {"found": True, "versions": [{"version": EVIL, "subdirs": [EVIL]}]})
    answer(page, "about/[^?]*", {"summary": EVIL, "license": EVIL, "home": EVIL, "size": 1, "version": EVIL})
    answer(page, "drift", {"rows": [{"name": EVIL, "kind": "conda", "what": "changed", "text": EVIL}]})
    diff = {"against": "head", "present": True, "total": 1, "rows": [{**row, **place}]}
    answer(page, "diff", diff)
    answer(page, "history", {"head": True, "history": [{"id": "a", "time": 1, "command": EVIL, "kind": "x"}]})
    start = {"solve": False, "packages": 1, "bytes": 1, "sources": [EVIL], "builds": [EVIL], "scripts": [EVIL]}
    start = {**start, "name": EVIL, "variables": {EVIL: EVIL}}
    trust = {"manifest": EVIL, "trusted": False, "reason": EVIL, "forbidden": False, "changed": [EVIL]}
    answer(page, "trust", {**trust, "files": [EVIL], "environments": [start]})
    package = {"name": EVIL, "version": EVIL, "build": EVIL, "type": "conda", "size": 1, "requested": EVIL}
    answer(page, "packages", {"packages": [{**package, "source": EVIL}]})

    panel = show(page, "murk", "default")
    panel.get_by_role("button", name=re.compile("All locked packages")).click()
    panel.locator(".jp-pixi-PackageRow", has_text=EVIL).wait_for(timeout=LONG)
    offered(panel, "x", f"x{EVIL}").click()
    panel.locator(".jp-pixi-About", has_text=EVIL).wait_for(timeout=LONG)
    panel.get_by_role("button", name="Preview").click()
    panel.get_by_role("region", name="Preview").locator("li", has_text=EVIL).first.wait_for(timeout=LONG)
    page.evaluate("() => { window.jupyterapp.commands.execute('docmanager:open', {path: 'murk/pixi.lock'}) }")
    page.locator(".jp-pixi-LockView tr", has_text=EVIL).first.wait_for(timeout=LONG)
    page.evaluate("() => { window.jupyterapp.commands.execute('jupyter-pixi:trust') }")
    page.locator(".jp-pixi-Trust", has_text=EVIL).wait_for(timeout=LONG)
    assert page.evaluate("window.evil") is None
    assert page.locator(":is(.jp-pixi-Panel, .jp-pixi-LockView, .jp-pixi-Trust) :is(img, b)").count() == 0
    page.keyboard.press("Escape")


def test_a_notebooks_metadata_never_becomes_markup(page: Any, lab: Running, real: Any) -> None:
    workspace = real("gloom")
    kernel = {"name": EVIL, "display_name": EVIL}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": []}
    (workspace.root / "b.ipynb").write_text(json.dumps(document))
    page.evaluate("() => { window.jupyterapp.commands.execute('docmanager:open', {path: 'gloom/b.ipynb'}) }")
    page.locator(".jp-NotebookPanel").wait_for(timeout=LONG)
    page.locator(".jp-Dialog").get_by_role("button", name="No Kernel").click(timeout=LONG)
    show(page, "gloom")
    assert page.evaluate("window.evil") is None


def test_thousands_of_packages_scroll(page: Any, lab: Running, real: Any) -> None:
    real("drizzle").do("lock")
    rows = [
        {"name": f"package-{i:04}", "version": "1.0", "build": "0", "type": "conda", "size": 1, "requested": None}
        for i in range(4_000)
    ]
    answer(page, "packages", {"packages": [{**row, "source": "x"} for row in rows]})
    panel = show(page, "drizzle", "default")
    panel.get_by_role("button", name=re.compile("All locked packages")).click()
    shown = panel.get_by_role("list", name="Locked packages")
    shown.get_by_text("package-0000").wait_for(timeout=LONG)
    assert shown.get_by_role("listitem").count() < 60
    shown.evaluate("node => { node.scrollTop = node.scrollHeight }")
    shown.get_by_text("package-3999").wait_for(timeout=LONG)
    assert shown.get_by_role("listitem").count() < 60
    assert shown.get_by_text("package-3999").get_attribute("aria-posinset") is None  # the row has it, not its name
    assert shown.get_by_role("listitem").last.get_attribute("aria-posinset") == "4000"
    panel.get_by_role("searchbox", name="Filter packages").fill("package-1234")
    shown.get_by_text("package-1234").wait_for(timeout=LONG)
    assert shown.get_by_role("listitem").count() == 1


def test_settings_take_effect(page: Any, lab: Running, real: Any) -> None:
    aside = lab.home.path / "aside"
    aside.mkdir()
    (aside / "pixi.toml").write_text('[workspace]\nname = "aside"\nchannels = []\nplatforms = ["linux-64"]\n')
    real("squall")
    panel = show(page, "squall", "default")
    sent: list[dict[str, Any]] = []
    page.on("request", lambda r: sent.append(r.post_data_json) if r.url.endswith("/api/preview") else None)
    save = """async text => {
        const settings = window.jupyterapp.serviceManager.settings;
        await settings.save('jupyter-pixi:plugin', text);
    }"""
    try:
        page.evaluate(save, json.dumps({"discoveryRoots": ["~/aside"], "offline": True, "loadedPackages": "restart"}))
        page.reload()
        page.wait_for_function("window.jupyterapp !== undefined", timeout=LONG)
        page.evaluate("async () => { await window.jupyterapp.restored }")
        panel = show(page, "squall", "default")
        page.locator(".jp-pixi-Chooser option[value$='/aside/pixi.toml']").wait_for(state="attached", timeout=LONG)
        page.on("request", lambda r: sent.append(r.post_data_json) if "/api/preview" in r.url else None)
        panel.get_by_role("combobox", name="Package to add").fill("no-such-package")
        panel.get_by_role("button", name="Preview").click()
        panel.get_by_role("alert").wait_for(timeout=LONG)
        assert sent[-1]["offline"] is True
    finally:
        page.evaluate(save, "{}")
        page.evaluate(
            """async () => {
                const { serverSettings } = window.jupyterapp.serviceManager;
                const init = {method: 'PUT', body: '{}', headers: {Authorization: `token ${serverSettings.token}`}};
                await fetch(`${serverSettings.baseUrl}jupyter-pixi/api/discovery`, init);
            }"""
        )
