"""The rescue kernel lets only those cells through that need no environment, and its text is complete."""

from __future__ import annotations

import os

import pytest

pytest.importorskip("ipykernel")
from jupyter_pixi.kernels.rescue import EnvironmentNotReady, may_run
from jupyter_pixi.kernels.rescue_report import Told
from support.prefixes import Workspace


@pytest.mark.parametrize(
    ("cell", "yes"),
    [
        ("%pixi install", True),
        ("  %pixi", True),
        ("%%pixi run\nimport os", True),
        ("!ls\n# comment\n\n%pixi status\n", True),
        ("%pixi add \\\n  polars", True),
        ("", True),
        ("1 + 1", False),
        ("%pixi install\nimport numpy", False),
        ("%pixies", False),
        ("%%pixies\nx", False),
        ("x = !ls", False),
        ("%time 1", False),
        ("%%bash\nls", False),
        ("%pixi add x \\\n  y\nprint(1)", False),
    ],
)
def test_what_may_run(cell, yes):
    assert may_run(cell) is yes


def test_the_error_shows_its_text_and_no_traceback():
    lines = EnvironmentNotReady("first\nsecond")._render_traceback_()
    assert len(lines) == 2 and "first" in lines[0]


@pytest.fixture
def made(tmp_path, monkeypatch):
    environment = tmp_path / "environment"
    environment.mkdir()
    workspace = Workspace(tmp_path, environment)
    for name, value in workspace.environ.items():
        monkeypatch.setenv(name, value)
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "PIXI_HOME"):
        monkeypatch.delenv(name, raising=False)
    return workspace


def told(made, environment="default", **report):
    prefix = str(made.root / ".pixi/envs" / environment)
    document = {"manifest": str(made.manifest), "environment": environment, "prefix": prefix, "report": report}
    return Told(document)


LOCK = """\
version: 7
platforms:
- name: linux-64
  subdir: linux-64
  virtual-packages: []
environments:
  default:
    channels:
    - url: https://channels.example/tiny/
    packages:
      linux-64:
      - conda: https://channels.example/tiny/noarch/tool-1.0.0-0.conda
      - conda: https://channels.example/tiny/noarch/other-2.0.0-0.conda
packages:
- conda: https://channels.example/tiny/noarch/other-2.0.0-0.conda
  sha256: 95232d9087cdcdb46d3a5c743fd411a9fa167c2d4545a2d355bc84228291fc3c
  size: 2500000
- conda: https://channels.example/tiny/noarch/tool-1.0.0-0.conda
  sha256: 95232d9087cdcdb46d3a5c743fd411a9fa167c2d4545a2d355bc84228291fc3c
  size: 1000000
"""


def test_the_size_of_what_is_missing(made):
    made.lock.write_text(LOCK)
    text = told(made, state="not-installed", reason="The network is down.").text()
    assert "2 packages, 3.5 MB" in text and "%pixi install" in text
    made.install()
    (made.prefix / "conda-meta/tool-1.0.0-0.json").write_text("{}")
    assert "1 package, 2.5 MB" in told(made, state="not-installed", reason="x").text()


def test_an_untrusted_workspace_lists_what_would_run(made):
    (made.root / "hello.sh").write_text("")
    made.manifest.write_text(made.manifest.read_text() + '\n[activation]\nscripts = ["hello.sh"]\n')
    text = told(made, state="untrusted", reason="Not yet.", changed=["pixi.lock"]).text()
    assert "from: https://channels.example/tiny/" in text
    assert str(made.root / "hello.sh") in text and "changed since you trusted it: pixi.lock" in text
    assert "%pixi trust" in text


def test_a_sibling_that_runs_here_is_named(made):
    made.install()
    text = told(made, "cuda", state="cannot-run", reason="No GPU.").text()
    assert "weather · default" in text


def test_a_broken_manifest_still_has_its_reason(made):
    made.manifest.write_text("[workspace")
    text = told(made, state="broken", reason="The manifest is wrong.").text()
    assert "The manifest is wrong." in text


def test_what_is_said_after_a_repair(made):
    rescue = told(made, state="not-installed", reason="x")
    assert rescue.after_repair() == ""
    made.install()
    assert rescue.after_repair() == ""  # installed, and not trusted
    made.trust()
    assert "restart" in rescue.after_repair()


def test_progress_is_that_of_now(made):
    from jupyter_pixi.kernels.joined import meeting_place

    rescue = told(made, state="not-installed", reason="Still being installed (1 of 4).", running=True)
    place = meeting_place(str(made.manifest), "default", "prepare", os.environ)
    place.write_text(
        '{"event": "phase", "phase": "link", "title": "Linking", "total": 4}\n'
        '{"event": "progress", "phase": "link", "done": 3}\n'
    )
    assert "now: Linking, 3 of 4" in rescue.text()
    place.write_text('{"event": "failed", "code": "network", "text": "No route."}\n')
    assert "failed meanwhile: No route." in rescue.text()


def test_the_text_changes_once_the_environment_is_ready(made):
    made.install()
    made.trust()
    text = told(made, state="not-installed", reason="The network was down.").text()
    assert "restart the kernel" in text and "%pixi install" not in text
