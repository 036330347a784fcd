"""Activation: files into variables, what the shell adds, priorities, and the texts for other shells."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_pixi.errors import ActivationError, UsageError
from jupyter_pixi.prefix import activation as act
from jupyter_pixi.prefix import hook

OUTSIDE = {"PATH": "/usr/bin:/bin", "HOME": "/home/u"}
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="bash runs the scripts here")


def project(root: Path, environment: str = "default") -> act.Project:
    return act.Project(
        str(root), "ws", str(root / "pixi.toml"), environment, ("linux-64", "osx-arm64"), exe="/bin/pixi"
    )


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    path = tmp_path / ".pixi" / "envs" / "default"
    (path / "etc" / "conda" / "env_vars.d").mkdir(parents=True)
    (path / "etc" / "conda" / "activate.d").mkdir()
    (path / "etc" / "conda" / "env_vars.d" / "act.json").write_text('{"ACT_FROM_JSON": "yes", "N": 1}')
    return path


def package_script(prefix: Path, text: str, name: str = "act.sh") -> None:
    (prefix / "etc" / "conda" / "activate.d" / name).write_text(text)


def test_files_alone_need_no_shell(prefix: Path, tmp_path: Path) -> None:
    static = act.static(prefix, project(tmp_path), env={"Y": "plain `date`"})
    assert not static.needs_shell
    found = act.evaluate(static, OUTSIDE)
    assert found.variables == {
        "PATH": f"{prefix}/bin:/usr/bin:/bin",
        "CONDA_SHLVL": "1",
        "CONDA_PREFIX": str(prefix),
        "ACT_FROM_JSON": "yes",
        "PIXI_PROJECT_ROOT": str(tmp_path),
        "PIXI_PROJECT_NAME": "ws",
        "PIXI_PROJECT_MANIFEST": str(tmp_path / "pixi.toml"),
        "PIXI_PROJECT_VERSION": "NO_VERSION_SPECIFIED",
        "PIXI_IN_SHELL": "1",
        "PIXI_EXE": "/bin/pixi",
        "CONDA_DEFAULT_ENV": "ws",
        "PIXI_ENVIRONMENT_NAME": "default",
        "PIXI_ENVIRONMENT_PLATFORMS": "linux-64,osx-arm64",
        "PIXI_PROMPT": "(ws) ",
        "Y": "plain `date`",
    }
    assert found.environ()["HOME"] == "/home/u"


def test_scripts_and_expansion_in_pixis_order(prefix: Path, tmp_path: Path) -> None:
    package_script(prefix, 'export FROM_PACKAGE="$CONDA_PREFIX/act"\nexport BOTH=package\necho noise\n')
    (tmp_path / "setup.sh").write_text('export FROM_SETUP="$FROM_PACKAGE:${X:-unset}"\nexport BOTH=manifest\nfalse\n')
    found = act.activation(
        prefix,
        project(tmp_path),
        OUTSIDE,
        ["setup.sh", "missing.sh"],
        {"X": "$CONDA_PREFIX/x", "LATER": "$Z-", "Z": "1", "Q": '$HOME "q"', "S": "$(printf 'a\\nb')"},
    )
    assert found.variables["FROM_PACKAGE"] == f"{prefix}/act"
    assert found.variables["FROM_SETUP"] == f"{prefix}/act:unset", "scripts do not see activation.env"
    assert found.variables["BOTH"] == "manifest"
    assert found.variables["X"] == f"{prefix}/x"
    assert found.variables["LATER"] == "-", "a name defined later is still empty"
    assert found.variables["Q"] == '/home/u "q"'
    assert found.variables["S"] == "a\nb"
    assert found.scripts == (str(tmp_path / "setup.sh"),)
    assert found.warnings == (f"Could not find activation scripts: {tmp_path / 'missing.sh'}",)
    assert not {"SHLVL", "_", "PWD", "OLDPWD"} & found.variables.keys()


def test_activation_env_wins_over_scripts_and_package_variables(prefix: Path, tmp_path: Path) -> None:
    package_script(prefix, "export ACT_FROM_JSON=script V=script\n")
    found = act.activation(prefix, project(tmp_path), {**OUTSIDE, "V": "outside"}, env={"V": "env"})
    assert found.variables["ACT_FROM_JSON"] == "script"
    assert found.variables["V"] == "env"
    assert found.variables["CONDA_ENV_SHLVL_1_V"] == "outside"


def test_outside_values_are_kept_under_the_new_level(prefix: Path, tmp_path: Path) -> None:
    outside = {**OUTSIDE, "CONDA_SHLVL": "2", "CONDA_PREFIX": "/other", "ACT_FROM_JSON": "mine"}
    found = act.activation(prefix, project(tmp_path), outside, env={"PATH": "/only"})
    assert found.variables["CONDA_SHLVL"] == "3"
    assert found.variables["CONDA_ENV_SHLVL_3_CONDA_PREFIX"] == "/other"
    assert found.variables["CONDA_ENV_SHLVL_3_ACT_FROM_JSON"] == "mine"
    assert found.variables["CONDA_ENV_SHLVL_3_PATH"] == "/usr/bin:/bin"
    assert found.variables["PATH"] == "/only"


def test_what_a_script_unsets_is_named_but_stays_in_the_environment(prefix: Path, tmp_path: Path) -> None:
    package_script(prefix, "unset HOME\n")
    found = act.activation(prefix, project(tmp_path), OUTSIDE)
    assert found.unset == ("HOME",)
    assert "HOME" not in found.variables
    assert found.environ()["HOME"] == "/home/u"


@pytest.mark.parametrize("text", ["echo broken >&2\nexit 3\n", "exit 0\n"])
def test_a_script_that_ends_the_shell_fails_the_activation(prefix: Path, tmp_path: Path, text: str) -> None:
    package_script(prefix, text)
    with pytest.raises(ActivationError, match="Failed to run activation script") as caught:
        act.activation(prefix, project(tmp_path), OUTSIDE)
    assert ("broken" in caught.value.message) == ("broken" in text)


def test_scripts_run_where_the_user_is_and_see_an_odd_environment(prefix: Path, tmp_path: Path) -> None:
    package_script(prefix, 'export WHERE="$(pwd)"\n')
    where = tmp_path / "a b"
    where.mkdir()
    outside = {**OUTSIDE, "ODD": "two\nlines = 'x'", "BASH_ENV": "/nonexistent", "not-a-name": "v"}
    found = act.evaluate(act.static(prefix, project(tmp_path)), outside, cwd=where)
    assert found.variables["WHERE"] == str(where)
    assert not {"ODD", "BASH_ENV", "not-a-name"} & (found.variables.keys() | set(found.unset))


def test_clean_environment(prefix: Path, tmp_path: Path) -> None:
    package_script(prefix, 'export SEEN="${SECRET:-none}"\n')
    outside = {**OUTSIDE, "SECRET": "s", "LC_ALL": "C", "CONDA_SHLVL": "4", "LANG": "C"}
    found = act.activation(prefix, project(tmp_path), outside, clean=True)
    assert found.environ().keys() >= {"HOME", "LC_ALL"}
    assert not found.environ().keys() & {"SECRET", "LANG"}
    assert found.variables["PATH"] == f"{prefix}/bin"
    assert found.variables["CONDA_SHLVL"] == "1"
    assert found.variables["SEEN"] == "none"
    assert set(act.clean_environ({"TMPDIR": "x"}, "darwin")) == {"TMPDIR"}


def test_package_values_with_a_dollar_are_expanded_but_folder_names_are_not(prefix: Path, tmp_path: Path) -> None:
    (prefix / "etc" / "conda" / "env_vars.d" / "z.json").write_text('{"LIBRARY": "$CONDA_PREFIX/lib"}')
    odd = act.Project("/w/$HOME", "ws", "/w/$HOME/pixi.toml", "default", ())
    found = act.activation(prefix, odd, OUTSIDE)
    assert found.variables["LIBRARY"] == f"{prefix}/lib"
    assert found.variables["PIXI_PROJECT_ROOT"] == "/w/$HOME"


def test_state_file_form_survives_json(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "s.sh").write_text("")
    static = act.static(prefix, project(tmp_path), ["s.sh"], {"A": "$B"})
    again = act.Static.from_dict(json.loads(json.dumps(static.to_dict())))
    assert again == static
    assert static.to_dict()["needs_shell"] is True


def test_a_script_of_another_kind_is_sourced_with_a_warning(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "s.bat").write_text("export ODD=1\n")
    found = act.activation(prefix, project(tmp_path), OUTSIDE, ["s.bat"])
    assert found.variables["ODD"] == "1"
    assert "s.bat" in found.warnings[0]


def test_broken_package_variables_are_an_error(prefix: Path, tmp_path: Path) -> None:
    (prefix / "etc" / "conda" / "env_vars.d" / "b.json").write_text("[1]")
    with pytest.raises(ActivationError, match=r"b\.json"):
        act.static(prefix, project(tmp_path))


def test_windows_paths_and_batch_file(tmp_path: Path) -> None:
    from jupyter_pixi.prefix.shell import cmd_script

    assert len(act.path_entries(Path("/p"), windows=True)) == 6
    static = act.Static(("p",), {}, ("a.bat",), ("a.bat",), {"X": "%CONDA_PREFIX%\\x"})
    text = cmd_script(static, {"X": "old"}, 1, "out.txt")
    assert text.splitlines() == [
        "@ECHO OFF",
        'CALL "a.bat" || EXIT /B 1',
        'SET "CONDA_ENV_SHLVL_1_X=old"',
        'SET "X=%CONDA_PREFIX%\\x"',
        'SET > "out.txt"',
    ]


def test_hook_text_in_bash_gives_what_the_evaluation_gives(prefix: Path, tmp_path: Path) -> None:
    package_script(prefix, "export FROM_PACKAGE=1\n")
    static = act.static(prefix, project(tmp_path, "f"), env={"X": "$CONDA_PREFIX/x y", "Y": "it's"})
    text = hook.hook_text(static, OUTSIDE, "bash")
    assert text.splitlines()[0] == f'export PATH="{prefix}/bin:/usr/bin:/bin"'
    assert text.splitlines()[-1] == 'export PS1="(ws:f) ${PS1:-}"'
    assert f". {prefix}/etc/conda/activate.d/act.sh" in text
    shown = subprocess.run(
        ["bash", "--norc", "-c", text + "\nenv -0"], env=OUTSIDE, capture_output=True, check=True
    ).stdout.decode()
    got = dict(item.split("=", 1) for item in shown.split("\0") if "=" in item)
    expected = act.evaluate(static, OUTSIDE).variables
    assert {key: got.get(key) for key in expected} == expected
    assert "PS1" not in hook.hook_text(static, OUTSIDE, "bash", change_prompt=False)


def test_hook_json_is_pixis(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "s.sh").write_text("export Q=1")
    text = hook.hook_json(act.activation(prefix, project(tmp_path), OUTSIDE, ["s.sh"]))
    assert "\n" not in text
    data = json.loads(text)
    assert data["activation_scripts"] == [str(tmp_path / "s.sh")]
    assert data["environment_variables"]["Q"] == "1"


def test_other_dialects(prefix: Path, tmp_path: Path) -> None:
    static = act.static(prefix, project(tmp_path), env={"X": 'a"b'})
    lines = {name: hook.hook_text(static, OUTSIDE, name).splitlines() for name in hook.DIALECTS}
    assert lines["fish"][0] == f'set -gx PATH "{prefix}/bin:/usr/bin:/bin"'
    assert 'set -gx X "a\\"b"' in lines["fish"]
    assert '$X = "a\\"b"' in lines["xonsh"]
    assert '@SET "CONDA_SHLVL=1"' in lines["cmd"]
    assert '${Env:X} = "a`"b"' in lines["powershell"]
    assert lines["nushell"][0] == f'$env.PATH = ["{prefix}/bin", "/usr/bin", "/bin"]'
    assert hook.dialect_name(None, {"SHELL": "/usr/bin/fish"}) == "fish"
    assert hook.dialect_name("pwsh", {}) == "powershell"
    with pytest.raises(UsageError, match="tcsh"):
        hook.dialect_name("tcsh", {})


def test_activation_imports_nothing_heavy() -> None:
    code = (
        "import sys; import jupyter_pixi.prefix.activation, jupyter_pixi.prefix.shell, jupyter_pixi.prefix.statefile;"
        "bad = {'rattler', 'tomli', 'yaml', 'packaging', 'asyncio', 'xxhash', 'importlib.metadata'} & set(sys.modules);"
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
