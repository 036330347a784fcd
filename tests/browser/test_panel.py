"""The environments panel against a real server, real kernels and the test channel."""

from __future__ import annotations

import re
from typing import Any

import pytest
from support.browser import REAL, load
from support.jupyter_server import TOKEN, Running
from support.panel import LONG, accessible, execute, offered, open_notebook, operation, show
from support.servers import Server
from support.workspaces import PLAIN


def test_install_add_and_import(page: Any, lab: Running, real: Any, picture: Any) -> None:
    workspace = real("rain")
    panel = show(page, "rain", "default")
    assert "not locked" in panel.get_by_role("option", name=re.compile("^default")).inner_text()
    panel.get_by_role("button", name="Install", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="I trust it").click()  # nobody has agreed to it before
    operation(panel, "running")
    picture("panel-installing")
    operation(panel, "done")
    panel.locator("[role=option][data-state=ready]").first.wait_for(timeout=20_000)
    panel.get_by_role("button", name="Close").click()

    open_notebook(page, lab, "rain", "default")
    execute(page, "print('is', 'there')", "is there")
    offered(panel, "cow", "cowsay").click()
    panel.get_by_text("The famous cowsay for GNU/Linux").wait_for(timeout=LONG)
    picture("panel-chosen")
    panel.get_by_role("button", name="Preview").click()
    plan = panel.get_by_role("region", name="Preview")
    plan.wait_for(timeout=LONG)
    assert plan.locator("[data-kind=added]", has_text="cowsay").count() == 1
    assert "To download: 26.5 kB" in plan.inner_text()
    assert 'cowsay = ">=6.1,<7"' in plan.inner_text()
    picture("panel-preview")
    accessible(page, ".jp-pixi-Panel")
    assert "cowsay" not in workspace.manifest.read_text()
    panel.get_by_role("button", name="Add", exact=True).click()
    assert "cowsay" in operation(panel, "done").inner_text()
    assert "cowsay" in workspace.manifest.read_text()
    execute(page, "import cowsay; print('version', cowsay.__version__)", "version 6.1")
    picture("panel-added")

    panel.get_by_role("button", name=re.compile("^Undo")).last.click()
    panel.locator(".jp-pixi-OperationCard-command", has_text="undo").wait_for(timeout=LONG)
    operation(panel, "done")
    assert "cowsay" not in workspace.manifest.read_text()


def test_a_missing_import_is_one_click(page: Any, lab: Running, real: Any, picture: Any) -> None:
    workspace = real("hail")
    workspace.do("install")
    open_notebook(page, lab, "hail", "default")
    execute(page, "import humanize\nhumanize.intcomma(12345)")
    offer = page.locator(".jp-pixi-Offer")
    offer.wait_for(timeout=20_000)
    assert "humanize is not in the environment default" in offer.inner_text()
    assert "It would be written to [dependencies] in pixi.toml (conda)." in offer.inner_text()
    picture("missing-import")
    accessible(page, ".jp-pixi-Offer")
    offer.get_by_role("button", name="Add humanize").click()
    offer.get_by_role("button", name="Run the cell again").click(timeout=LONG)
    page.locator(".jp-OutputArea-output", has_text="12,345").wait_for(timeout=20_000)


def test_switch_status_and_cuda(page: Any, lab: Running, real: Any, picture: Any) -> None:
    workspace = real("snow")
    workspace.do("install", "-e", "default", "-e", "tools")
    open_notebook(page, lab, "snow", "default")
    status = page.locator("#jp-main-statusbar .jp-pixi-Label-button")
    page.wait_for_function(
        "() => document.querySelector('#jp-main-statusbar .jp-pixi-Label-button')?.textContent === 'snow · default'",
        timeout=20_000,
    )
    assert page.locator(".jp-NotebookPanel-toolbar .jp-pixi-Label-button").inner_text() == "snow · default"
    status.click()
    page.get_by_role("menuitem", name="cuda (cannot run here)").wait_for(timeout=5_000)
    picture("environment-menu")
    page.get_by_role("menuitem", name="Show Environments").click()
    panel = page.locator(".jp-pixi-Panel")
    panel.get_by_role("option", name=re.compile("^cuda")).click()
    assert "__cuda >= 99" in panel.locator(".jp-pixi-Reason").inner_text()
    panel.get_by_role("button", name="Platforms").click()
    accessible(page, ".jp-pixi-Panel")
    picture("panel-cuda")
    panel.get_by_role("option", name=re.compile("^tools")).click()
    panel.get_by_role("button", name="Use in notebook").click()
    page.wait_for_function(
        "() => document.querySelector('#jp-main-statusbar .jp-pixi-Label-button')?.textContent === 'snow · tools'",
        timeout=LONG,
    )
    execute(page, "import threadpoolctl; print('this is', threadpoolctl.__name__)", "this is threadpoolctl")


def test_cancel_reload_and_a_terminal(page: Any, lab: Running, real: Any, channel_server: Server, picture: Any) -> None:
    workspace = real("fog", REAL.replace("threadpoolctl", "native"))  # a package that no other test has cached
    panel = show(page, "fog", "default")
    before = workspace.manifest.read_bytes()
    channel_server.stalled.clear()
    channel_server.release.clear()
    channel_server.stall = "native"
    try:
        # Somebody's terminal: the panel hears of it all the same.
        import subprocess
        import sys

        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "jupyter_pixi", "install", "-e", "tools"],
            cwd=workspace.root,
            env=lab.home.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        card = operation(panel, "running")
        assert "install -e tools" in card.inner_text()
        assert channel_server.stalled.wait(60)
        load(page, f"{lab.url}lab?token={TOKEN}")
        panel = show(page, "fog", "tools")
        card = operation(panel, "running")
        picture("panel-after-reload")
        card.get_by_role("button", name="Cancel").click()
        card = operation(panel, "interrupted")
        assert child.wait(30) == 130
        assert workspace.manifest.read_bytes() == before
    finally:
        channel_server.stall = None
        channel_server.release.set()


@pytest.mark.full
def test_a_notebook_hears_what_a_terminal_changed_under_it(page: Any, lab: Running, real: Any) -> None:
    workspace = real("mist", PLAIN + 'cowsay = "*"\n')
    workspace.do("install")
    open_notebook(page, lab, "mist", "default")
    execute(page, "import cowsay; print('have', cowsay.__version__)", "have 6.1")
    workspace.do("add", "cowsay=6.0")
    told = page.locator(".Toastify__toast", has_text="Changed by somebody else")
    told.wait_for(timeout=20_000)
    assert "in the environment default: cowsay 6.1" in told.inner_text()
    assert "Restart a.ipynb if it had imported that." in told.inner_text()


def test_a_first_start_shows_its_progress(
    page: Any, lab: Running, real: Any, channel_server: Server, picture: Any
) -> None:
    workspace = real("dusk", REAL.replace("threadpoolctl", "here-only"))  # a package that no other test has cached
    workspace.do("lock")
    channel_server.stalled.clear()
    channel_server.release.clear()
    channel_server.stall = "here-only"
    try:
        show(page, "dusk", "tools")
        open_notebook(page, lab, "dusk", "tools", wait=False)
        assert channel_server.stalled.wait(60)
        label = page.locator(".jp-NotebookPanel-toolbar .jp-pixi-Label-button")
        label.filter(has_text="dusk · tools: working …").wait_for(timeout=LONG)
        card = operation(page.locator(".jp-pixi-Panel"), "running")
        assert "Start of tools" in card.inner_text()
        card.get_by_role("progressbar").wait_for(timeout=LONG)
        picture("first-start")
        page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell') }")
    finally:
        channel_server.stall = None
        channel_server.release.set()
    # The cell that was run meanwhile waited for the kernel.
    page.locator(".jp-OutputArea-output", has_text="2").first.wait_for(timeout=LONG)
    label.filter(has_text=re.compile("^dusk · tools$")).wait_for(timeout=LONG)


def test_trust_dialog(page: Any, lab: Running, real: Any, picture: Any) -> None:
    workspace = real("storm")
    workspace.do("install")
    workspace.manifest.write_text(workspace.manifest.read_text() + '\n[activation.env]\nTOKEN = "$(cat </dev/null)"\n')
    panel = show(page, "storm", "default")
    panel.locator("[role=option][data-state=untrusted]").first.wait_for(timeout=20_000)
    open_notebook(page, lab, "storm", "default")
    execute(page, "print('it runs')", "EnvironmentNotReady")
    panel.get_by_role("button", name="Review and trust").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("TOKEN=$(cat </dev/null)").first.wait_for(timeout=20_000)
    picture("trust")
    accessible(page, ".jp-Dialog-content")
    rescue = page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id")
    dialog.get_by_role("button", name="I trust it: restart the kernel").click()
    panel.locator("[role=option][data-state=ready]").first.wait_for(timeout=20_000)
    panel.get_by_role("button", name="Review and trust").wait_for(state="detached", timeout=20_000)
    page.wait_for_function(
        "rescue => { const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session ?? {};"
        " return kernel?.status === 'idle' && kernel.id !== rescue }",
        arg=rescue,
        timeout=LONG,
    )
    execute(page, "print('it runs')", "it runs")


def test_lock_difference(page: Any, lab: Running, real: Any, picture: Any) -> None:
    workspace = real("sleet")
    workspace.do("lock")
    workspace.do("add", "cowsay", "--no-install")
    show(page, "sleet")
    page.evaluate("() => { window.jupyterapp.commands.execute('docmanager:open', {path: 'sleet/pixi.lock'}) }")
    view = page.locator(".jp-pixi-LockView")
    view.locator("tr[data-kind=added]", has_text="cowsay").first.wait_for(timeout=20_000)
    assert "before add cowsay" in view.locator("select").inner_text()
    accessible(page, ".jp-pixi-LockView")
    picture("lock-difference")


def test_dark_and_narrow(page: Any, lab: Running, real: Any, picture: Any) -> None:
    workspace = real("frost")
    workspace.do("install", "-e", "tools")
    page.set_viewport_size({"width": 700, "height": 800})
    theme = "async theme => { await window.jupyterapp.commands.execute('apputils:change-theme', {theme}) }"
    page.evaluate(theme, "JupyterLab Dark")
    try:
        page.wait_for_function("document.body.dataset.jpThemeLight === 'false'", timeout=10_000)
        panel = show(page, "frost", "tools")
        panel.get_by_role("button", name="All locked packages").click()
        panel.locator(".jp-pixi-PackageRow").first.wait_for(timeout=20_000)
        panel.locator(".jp-pixi-Dependency-head", has_text="threadpoolctl").click()
        accessible(page, ".jp-pixi-Panel")
        picture("panel-dark")
        assert panel.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
    finally:
        page.evaluate(theme, "JupyterLab Light")


def test_keyboard_only(page: Any, real: Any) -> None:
    real("breeze")
    panel = show(page, "breeze", "default")
    chosen = panel.locator("[role=option][aria-selected=true]").first
    chosen.focus()
    page.keyboard.press("ArrowDown")
    panel.locator("[role=option][aria-selected=true]", has_text="tools").wait_for(timeout=5_000)
    assert page.evaluate("document.activeElement.textContent").startswith("tools")
    page.wait_for_timeout(1_000)  # the environment's own form takes the place of the other's
    field = panel.get_by_role("combobox", name="Package to add")
    field.focus()
    page.keyboard.type("every")
    panel.get_by_role("option", name="everywhere").wait_for(timeout=LONG)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert field.input_value() == "everywhere"
    page.keyboard.press("Enter")
    panel.get_by_role("region", name="Preview").wait_for(timeout=LONG)
    page.keyboard.type("x")
    page.keyboard.press("Enter")  # before the names are there, which then must not lie over the answer
    panel.get_by_role("alert").wait_for(timeout=LONG)
    assert field.get_attribute("aria-expanded") == "false"
