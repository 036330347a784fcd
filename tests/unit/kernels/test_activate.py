"""The launcher activates exactly as the prefix stage does, with fewer imports and without a temporary file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from jupyter_pixi.kernels import activate, handoff
from jupyter_pixi.prefix import activation as reference

OUTSIDE = {"PATH": "/usr/bin:/bin", "HOME": "/h", "FOO": "outside", "UNTOUCHED": "1"}


def table(**more):
    return {"path": ["/p/bin"], "variables": {}, "needs_shell": False, "scripts": [], "env": {}, **more}


def script(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def same_as_reference(data, tmp_path):
    static = reference.Static.from_dict(data)
    assert static.needs_shell == data["needs_shell"], "the test's own data"
    theirs = reference.evaluate(static, OUTSIDE, cwd=tmp_path).environ()
    ours = activate.activated(data, data["variables"]["CONDA_PREFIX"], OUTSIDE)
    assert ours == theirs
    return ours


def test_files_alone_need_no_shell(tmp_path):
    data = table(
        variables={"CONDA_PREFIX": "/p", "PIXI_IN_SHELL": "1", "FOO": "package's"}, env={"BAR": "it's `plain`"}
    )
    ours = same_as_reference(data, tmp_path)
    assert ours["PATH"] == "/p/bin:/usr/bin:/bin"
    assert ours["BAR"] == "it's `plain`"
    assert ours["CONDA_ENV_SHLVL_1_FOO"] == "outside"


def test_scripts_and_values_that_expand(tmp_path):
    first = script(tmp_path, "first.sh", 'echo noise; export A="from $CONDA_PREFIX"; export MULTI="a\nb"; unset FOO')
    second = script(tmp_path, "a b's.sh", "export B=$A-more; false")
    data = table(
        variables={"CONDA_PREFIX": "/p"},
        needs_shell=True,
        scripts=[first, second],
        env={"C": '$B and "quotes" $(echo evaluated)', "D": "single 'quoted'", "E": "$C!"},
    )
    ours = same_as_reference(data, tmp_path)
    assert ours["MULTI"] == "a\nb"
    assert ours["C"] == 'from /p-more and "quotes" evaluated'
    assert ours["E"] == ours["C"] + "!"
    assert ours["FOO"] == "outside"  # what a script unsets stays set


def test_a_package_variable_expands_before_scripts(tmp_path):
    data = table(
        variables={"CONDA_PREFIX": "/p", "DATA": "$CONDA_PREFIX/share"},
        needs_shell=True,
        scripts=[script(tmp_path, "s.sh", "export SEEN=$DATA")],
    )
    assert same_as_reference(data, tmp_path)["SEEN"] == "/p/share"


def test_a_script_that_ends_the_shell(tmp_path):
    data = table(needs_shell=True, scripts=[script(tmp_path, "bad.sh", "exit 3")])
    with pytest.raises(activate.ActivationFailed, match=r"status 3.*bad\.sh"):
        activate.activated(data, "/p", OUTSIDE)
    quiet = table(needs_shell=True, scripts=[script(tmp_path, "quiet.sh", "exit 0")])
    with pytest.raises(activate.ActivationFailed):
        activate.activated(quiet, "/p", OUTSIDE)


def test_no_bash(tmp_path, monkeypatch):
    monkeypatch.setattr(activate, "which", lambda program, path: None)
    with pytest.raises(activate.ActivationFailed, match="bash"):
        activate.activated(table(needs_shell=True), "/p", OUTSIDE)


def test_an_inherited_activation_does_not_count():
    outside = {
        **OUTSIDE,
        "CONDA_PREFIX": "/other",
        "CONDA_SHLVL": "2",
        "PIXI_PROJECT_ROOT": "/other",
        "CONDA_OVERRIDE_CUDA": "12",
        "PIXI_FROZEN": "true",
    }
    ours = activate.activated(table(), "/p", outside)
    assert ours["CONDA_PREFIX"] == "/p" and ours["CONDA_SHLVL"] == "1"
    assert "PIXI_PROJECT_ROOT" not in ours and "CONDA_ENV_SHLVL_1_CONDA_PREFIX" not in ours
    assert ours["CONDA_OVERRIDE_CUDA"] == "12" and ours["PIXI_FROZEN"] == "true"


def test_the_hand_over_is_read_once_and_has_no_name():
    environ = {handoff.VARIABLE: handoff.pass_on({"python": "/p", "environ": {"SECRET": "ü"}}, os.environ)}
    descriptor = int(environ[handoff.VARIABLE])
    assert os.get_inheritable(descriptor)
    if Path("/proc/self/fd").exists():
        assert "memfd" in str(Path(f"/proc/self/fd/{descriptor}").readlink())
    assert handoff.taken(environ) == {"python": "/p", "environ": {"SECRET": "ü"}}
    assert environ == {} and handoff.taken(environ) is None
    with pytest.raises(OSError):
        os.fstat(descriptor)


def test_without_memfd_the_file_is_private_and_gone(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "memfd_create", raising=False)
    value = handoff.pass_on({"a": 1}, {"XDG_RUNTIME_DIR": str(tmp_path)})
    assert list((tmp_path / "jupyter-pixi").iterdir()) == []
    assert stat.S_IMODE(os.fstat(int(value)).st_mode) == 0o600
    assert handoff.taken({handoff.VARIABLE: value}) == {"a": 1}
