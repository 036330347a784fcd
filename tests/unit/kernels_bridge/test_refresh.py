"""What a finished change means for an interpreter: path, variables, modules that are gone; and the file itself."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import sysconfig
import types
from pathlib import Path

import pytest
from jupyter_pixi.kernels import bridge
from jupyter_pixi.kernels.bridge.caller import gone
from jupyter_pixi.kernels.bridge.context import Context
from jupyter_pixi.kernels.bridge.magic import Bridge
from jupyter_pixi.kernels.bridge.operation import Operation, tell_effects
from jupyter_pixi.kernels.bridge.refresh import Refresher
from jupyter_pixi.kernels.bridge.restart import Restarter


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site folder that this interpreter takes for its own; `sys.path` is put back."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(folder))
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder)])
    return folder


def test_only_new_pth_files_are_processed(site: Path, tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    (site / "old.pth").write_text(f"{tmp_path / 'old'}\nimport sys; sys.stand_in_old = 1\n")
    refresher = Refresher()
    (site / "new.pth").write_text(f"# why\n{tmp_path / 'new'}\n{tmp_path / 'missing'}\nimport sys; sys.stand_in = 1\n")
    assert refresher.refresh({}, {})["paths"] == [str(tmp_path / "new")]
    assert sys.stand_in == 1 and not hasattr(sys, "stand_in_old")
    del sys.stand_in
    assert refresher.refresh({}, {})["paths"] == []
    assert not hasattr(sys, "stand_in")


def test_a_broken_pth_file_is_told(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refresher = Refresher()
    (site / "broken.pth").write_text("import nothing_of_that_name\n")
    refresher.refresh({}, {})
    assert "nothing_of_that_name" in capsys.readouterr().err


def test_variables_of_the_user_stay(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"FROM_ACTIVATION": "1", "GONE": "1", "MINE": "1", "PATH": "/env/bin:/usr/bin"})
    refresher = Refresher()
    os.environ["MINE"] = "2"
    os.environ["PATH"] = "/mine:" + os.environ["PATH"]
    new = {"FROM_ACTIVATION": "2", "NEW": "1", "MINE": "3", "PATH": "/env/bin:/env/more:/usr/bin"}
    effects = refresher.refresh({"activation": {"set": new, "unset": ["GONE", "NEVER"]}}, {})
    assert os.environ == {
        "FROM_ACTIVATION": "2",
        "NEW": "1",
        "MINE": "2",
        "PATH": "/env/more:/mine:/env/bin:/usr/bin",
    }
    assert sorted(effects["variables"]) == ["FROM_ACTIVATION", "GONE", "NEW", "PATH"]
    assert effects["kept"] == ["MINE"] and effects["late"] == []
    again = refresher.refresh({"activation": {"set": new, "unset": ["GONE"]}}, {})
    assert (again["variables"], again["kept"]) == ([], ["MINE"])
    late = refresher.refresh({"activation": {"set": {"LD_LIBRARY_PATH": "/env/more", "PROJ_DATA": "/p"}}}, {})
    assert late["late"] == ["LD_LIBRARY_PATH"]
    operation = Operation()
    tell_effects(operation, late)
    assert operation.notes == [
        "LD_LIBRARY_PATH: seen by what starts from now on; by this kernel itself when it restarts."
    ]


def test_modules_that_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, lost = tmp_path / "kept.py", tmp_path / "lost" / "part.py"
    kept.touch()
    module = types.ModuleType("lost_one.part")
    module.__file__ = str(lost)
    monkeypatch.setitem(sys.modules, "lost_one.part", module)
    loaded = [{"name": "kept", "files": [str(kept)]}, {"name": "lost-one", "files": [str(lost)]}]
    assert gone({"loaded": loaded}) == [{"name": "lost-one", "modules": ["lost_one"]}]
    assert gone({}) == []


def test_what_the_front_end_calls(site: Path, tmp_path: Path) -> None:
    """`labextension/src/kernels.ts` writes these calls into the code that it sends to a kernel."""
    shell = types.SimpleNamespace(db={"rootmodules_cache": {}, "other": 1})
    made = Bridge(shell, Context(sys.executable, {}, prefix=str(tmp_path), environment="cuda"))
    assert json.loads(json.dumps(made.caller()))["environment"] == "cuda"
    (site / "new.pth").write_text(f"{tmp_path}\n")
    assert made.refresh({"activation": None})["paths"] == [str(tmp_path)]
    assert shell.db == {"other": 1}


def test_launcher_for_another_environment() -> None:
    launcher = ["python", "-m", "launch", "--environment", "default", "-f", "file"]
    restarter = Restarter(None, Context("python", {}, launcher=launcher))
    assert restarter.argv(None) == launcher
    assert restarter.argv("cuda")[4] == "cuda" and launcher[4] == "default"
    assert not restarter.possible, "nothing to schedule on"


FOLDER = Path(bridge.__file__).parent


@pytest.mark.parametrize("module", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_the_modules_are_for_python_3_8_and_need_nothing(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level < 2, "loaded by path, the package has nothing above it"
            imported |= set() if node.level else {str(node.module).split(".")[0]}
    assert imported <= {*sys.stdlib_module_names, "IPython"}


START = """
import json, os, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
path = sys.argv[1]
os.environ["JUPYTER_PIXI_BRIDGE"] = json.dumps({"python": sys.executable, "environ": {}})
shell.user_ns["__file__"] = path
modules, names, entries = set(sys.modules), dict(shell.user_ns), list(sys.path)
shell.safe_execfile(path, shell.user_ns, raise_exceptions=True)
new = [name for name in set(sys.modules) - modules if getattr(sys.modules[name], "__file__", path).startswith(
    os.path.dirname(path)) or "bridge" in name]
print(json.dumps([sorted(new), shell.user_ns == names, sys.path == entries]))
shell.run_cell("%pixi add 'x")
for name in new:
    del sys.modules[name]
shell.run_cell("%pixi list")
"""


def test_a_start_loads_little_and_leaves_nothing(tmp_path: Path) -> None:
    """And a kernel that has lost what it had loaded of us says what to do."""
    environ = {**os.environ, "IPYTHONDIR": str(tmp_path), "NO_COLOR": "1"}
    command = [sys.executable, "-c", START, str(FOLDER / "start.py")]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    new, same_names, same_path = json.loads(done.stdout.splitlines()[0])
    private = "_jupyter_pixi_bridge"
    assert new == [private, *(f"{private}.{name}" for name in ("context", "files", "magic", "refresh"))]
    assert same_names and same_path
    shown = done.stdout + done.stderr
    assert "error: the line cannot be split into words" in shown and "UsageError: %pixi cannot be loaded" in shown
    assert "Traceback" not in shown


def test_importing_the_package_does_not_load_the_bridge() -> None:
    code = "import sys, jupyter_pixi; print(hasattr(jupyter_pixi, 'load_ipython_extension'), len(sys.modules))"
    bare = subprocess.run([sys.executable, "-c", "import sys; print(len(sys.modules))"], capture_output=True, text=True)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    has, modules = done.stdout.split()
    assert has == "True" and int(modules) <= int(bare.stdout) + 2
