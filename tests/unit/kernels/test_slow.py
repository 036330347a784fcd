"""What a start does when the engine did not succeed: which installed environment may start, and what is told."""

from __future__ import annotations

import os

import pytest
from jupyter_pixi.kernels import request as asked
from jupyter_pixi.kernels import slow
from jupyter_pixi.kernels.current import Prefix
from jupyter_pixi.kernels.joined import Heard, Outcome
from jupyter_pixi.kernels.rescue_report import Told

STALE = Prefix("/p", {"version": 1}, "the lock file has changed")
MISSING = Prefix("/p", {}, "it is not installed")


def failed(code, *phases, **more):
    return Outcome("failed", Heard(phases=list(phases), failed={"code": code, "text": "What happened.", **more}))


@pytest.mark.parametrize(
    ("prefix", "outcome", "may"),
    [
        (STALE, failed("lock-out-of-date"), True),
        (STALE, failed("network", "solve"), True),
        (STALE, failed("network", "solve", "download"), False),
        (STALE, failed("install", "link"), False),
        (STALE, failed("solve", "solve"), False),
        (STALE, failed("manifest"), False),
        (STALE, Outcome("interrupted", Heard()), False),
        (STALE, Outcome("failed", Heard()), False),
        (MISSING, failed("network"), False),
        (Prefix("/p", {"version": 1}, "the installation was changed by somebody else"), failed("network"), False),
    ],
)
def test_when_the_installed_environment_may_start(prefix, outcome, may, tmp_path):
    assert slow.may_start_stale(prefix, outcome, str(tmp_path)) is may


@pytest.fixture
def request_(tmp_path):
    (tmp_path / "pixi.toml").write_text("")
    return asked.Request(["--manifest", str(tmp_path / "pixi.toml"), "--environment", "cuda", "-f", "c.json"])


@pytest.mark.parametrize(
    ("code", "prefix", "lock", "state"),
    [
        ("manifest", STALE, True, "broken"),
        ("cannot-run", MISSING, True, "cannot-run"),
        ("network", MISSING, False, "not-locked"),
        ("network", MISSING, True, "not-installed"),
        ("solve", STALE, True, "out-of-date"),
        ("lock-out-of-date", MISSING, True, "out-of-date"),
    ],
)
def test_states(request_, tmp_path, code, prefix, lock, state):
    if lock:
        (tmp_path / "pixi.lock").write_text("")
    assert slow.failure(prefix, failed(code), request_)["state"] == state


def test_a_failure_names_its_place_and_its_help(request_):
    told = slow.failure(MISSING, failed("manifest", file="/w/pixi.toml", line=3, column=7, help="Mend it."), request_)
    text = Told({"environment": "cuda", "report": told}).text()
    assert "What happened." in text and "/w/pixi.toml:3:7" in text and "help: Mend it." in text and "'cuda'" in text


def test_still_installing_says_how_far_it_is(request_):
    heard = Heard(title="Linking 40 packages", done=12, total=40)
    told = slow.failure(MISSING, Outcome("running", heard), request_)
    assert "12 of 40" in told["reason"] and "restart" in told["help"]


def test_the_launcher_goes_by_the_working_directory(tmp_path):
    for name in ("a", "b", "b/inner"):
        (tmp_path / name / "notebooks").mkdir(parents=True)
        (tmp_path / name / "pixi.toml").write_text("")
    manifests = [str(tmp_path / name / "pixi.toml") for name in ("a", "b", "b/inner")]
    assert asked.choose(manifests, str(tmp_path / "b/notebooks")) == manifests[1]
    assert asked.choose(manifests, str(tmp_path / "b/inner")) == manifests[2]
    assert asked.choose(manifests, "/") == manifests[0]
    (tmp_path / "a/pixi.toml").unlink()
    assert asked.choose(manifests, "/") == manifests[1]


def test_arguments_of_the_front_end_go_to_the_kernel(request_):
    request = asked.Request([*request_.arguments, "--debug", "--IPKernelApp.pylab=inline"])
    assert request.extra == ["--debug", "--IPKernelApp.pylab=inline"]
    assert request.argv()[1:4] == ["-P", "-m", "jupyter_pixi.kernels.launch"]


def test_who_is_a_server():
    parent = str(os.getppid())
    assert asked.started_by_server({"JUPYTER_PIXI_SERVER": parent})
    assert not asked.started_by_server({"JUPYTER_PIXI_SERVER": "1" + parent})
    assert not asked.started_by_server({"JPY_PARENT_PID": parent})
    assert asked.started_by_server({"JPY_SESSION_NAME": "/w/x.ipynb", "JPY_PARENT_PID": parent})
    # papermill run from a cell: the session's name was inherited
    assert not asked.started_by_server({"JPY_SESSION_NAME": "/w/x.ipynb", "JPY_PARENT_PID": "1" + parent})
