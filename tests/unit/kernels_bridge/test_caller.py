"""What the engine is told of a kernel: loaded distributions, mapped files, modules; and where it stands."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import types
from pathlib import Path
from subprocess import PIPE

import pytest
from jupyter_pixi.kernels.bridge.caller import caller_document, loaded_distributions, mapped_files, module_files
from jupyter_pixi.kernels.bridge.context import Context


def _distribution(site: Path, name: str, *files: str, editable: Path | None = None, top: str | None = None) -> None:
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    if top is None:
        (info / "RECORD").write_text("".join(f"{file},sha256=x,1\n" for file in (*files, f"{info.name}/METADATA")))
    else:
        (info / "top_level.txt").write_text(top)
    if editable is not None:
        (info / "direct_url.json").write_text(json.dumps({"url": editable.as_uri(), "dir_info": {"editable": True}}))
    for file in files:
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        (site / file).touch()


def _loaded(site: Path, *files: str) -> dict[str, list[str]]:
    found = loaded_distributions({file: str(site / file) for file in files}, [str(site)])
    assert all(row["version"] == "1.0" for row in found)
    return {row["name"]: [os.path.relpath(path, site) for path in row["files"]] for row in found}


def test_the_record_tells_distributions_of_a_namespace_apart(tmp_path: Path) -> None:
    _distribution(tmp_path, "google_storage", "google/storage/__init__.py", "google/storage/io.py")
    _distribution(tmp_path, "google_query", "google/query/__init__.py")
    _distribution(tmp_path, "unused", "unused.py")
    assert _loaded(tmp_path, "google/query/__init__.py") == {"google_query": ["google/query/__init__.py"]}


def test_without_a_record_top_level_names_decide(tmp_path: Path) -> None:
    _distribution(tmp_path, "Some_Thing", top="thing\n_thing\n")
    assert _loaded(tmp_path, "thing/__init__.py", "_thing.cpython-311.so", "other.py") == {
        "Some_Thing": ["_thing.cpython-311.so", "thing/__init__.py"]
    }


def test_an_egg_is_read_too(tmp_path: Path) -> None:
    egg = tmp_path / "old_one-1.0-py3.11.egg-info"
    egg.mkdir()
    (egg / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: old-one\nVersion: 1.0\n")
    assert _loaded(tmp_path, "old_one/x.py") == {"old-one": ["old_one/x.py"]}


def test_an_editable_install_is_known_by_its_source(tmp_path: Path) -> None:
    site, source = tmp_path / "site", tmp_path / "my source"
    _distribution(site, "mine", editable=source)
    found = loaded_distributions({"mine": str(source / "src/mine/__init__.py")}, [str(site)])
    assert [(row["name"], row["files"]) for row in found] == [("mine", [str(source / "src/mine/__init__.py")])]


def test_a_new_version_is_seen(tmp_path: Path) -> None:
    _distribution(tmp_path, "a", "a.py")
    assert list(_loaded(tmp_path, "a.py")) == ["a"]
    (tmp_path / "a-1.0.dist-info").rename(tmp_path / "b-1.0.dist-info")
    assert list(_loaded(tmp_path, "a.py")) == ["b"]


def test_hostile_modules_run_nothing() -> None:
    class Hostile(types.ModuleType):
        def __getattribute__(self, name: str) -> object:
            raise RuntimeError(name)

    class Odd:
        __slots__ = ()

    class Text(str):
        __slots__ = ()

    lazy = Hostile("lazy")
    types.ModuleType.__getattribute__(lazy, "__dict__")["__file__"] = "/x/lazy.py"
    modules = {"lazy": lazy, "odd": Odd(), "none": None, 3: sys, "text": types.ModuleType("text")}
    modules["text"].__file__ = Text("/x/text.py")  # type: ignore[union-attr]
    namespace = types.ModuleType("namespace")
    namespace.__path__ = ["/x"]  # type: ignore[attr-defined]
    assert module_files({**modules, "namespace": namespace, "json": json}) == {  # type: ignore[dict-item]
        "lazy": "/x/lazy.py",
        "json": json.__file__,
    }


def test_lazy_modules_stay_lazy(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.find_spec("sndhdr" if sys.version_info < (3, 13) else "this")
    assert spec is not None and spec.loader is not None
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module_files({"lazy": module})
    assert type(module).__name__ == "_LazyModule"


def test_mapped_files(tmp_path: Path) -> None:
    prefix, link = tmp_path / "prefix", tmp_path / "link"
    prefix.mkdir()
    link.symlink_to(prefix)
    maps = [
        f"7f00-7f01 r-xp 00000000 08:01 1234   {prefix}/lib/libblas.so.3\n",
        f"7f01-7f02 r--p 00000000 08:01 1234   {prefix}/lib/libblas.so.3\n",
        f"7f02-7f03 r--p 00000000 08:01 99     {prefix}/lib/a name.so (deleted)\n",
        f"7f02-7f03 r--p 00000000 08:01 99     {prefix}-other/lib/x.so\n",
        "7f03-7f04 rw-p 00000000 00:00 0 \n",
        "7ffd-7ffe rw-p 00000000 00:00 0      [stack]\n",
    ]
    expected = [f"{prefix}/lib/a name.so", f"{prefix}/lib/libblas.so.3"]
    assert mapped_files(str(prefix), maps) == expected
    assert mapped_files(str(link), maps) == expected


def test_the_document_of_this_process() -> None:
    context = Context(sys.executable, {}, manifest="/w/pixi.toml", environment="cuda", prefix=sys.prefix)
    document = caller_document(context)
    assert document["environment"] == "cuda" and document["prefix"] == sys.prefix
    assert {"pytest", "hypothesis"} <= {row["name"] for row in document["loaded"]}
    assert {"pytest", "json"} <= set(document["modules"])


WORKER = """
import mmap, sys
with open(sys.argv[1]) as file:
    mapping = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
print("mapped", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="what processes map is told by /proc alone")
@pytest.mark.parametrize("apart", [False, True])
def test_what_a_worker_maps_is_mapped_and_what_a_process_of_its_own_session_does_is_not(tmp_path, apart) -> None:
    library = tmp_path / "library.so"
    library.write_text("x")
    argv = [sys.executable, "-c", WORKER, str(library)]
    with subprocess.Popen(argv, stdin=PIPE, stdout=PIPE, text=True, start_new_session=apart) as worker:
        assert worker.stdout is not None and worker.stdout.readline() == "mapped\n"
        document = caller_document(Context(sys.executable, {}, prefix=str(tmp_path)))
        worker.kill()
    assert document["mapped"] == ([] if apart else [str(library)])


def test_an_interpreter_of_another_prefix_has_nothing_loaded(tmp_path: Path) -> None:
    document = caller_document(Context(sys.executable, {}, prefix=str(tmp_path)))
    assert (document["loaded"], document["mapped"], document["modules"]) == ([], [], [])
    assert caller_document(Context(sys.executable, {})) == {}


def test_hand_over_by_descriptor_and_by_text(tmp_path: Path) -> None:
    text = json.dumps({"python": "/p", "environ": {"A": "1"}, "prefix": "/x", "rescue": True, "of": "a newer launcher"})
    path = tmp_path / "document"
    path.write_text(text)
    descriptor = os.open(path, os.O_RDONLY)
    for value in (str(descriptor), text):
        environ = {"JUPYTER_PIXI_BRIDGE": value, "B": "2"}
        context = Context.handed_over(environ)
        assert context == Context("/p", {"A": "1"}, prefix="/x", rescue=True)
        assert environ == {"B": "2"}
    with pytest.raises(OSError):
        os.fstat(descriptor)
    assert Context.handed_over({}) is None


def test_load_ext_finds_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIXI_IN_SHELL", "PIXI_PROJECT_MANIFEST", "PIXI_ENVIRONMENT_NAME", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    plain = Context.of_this_process()
    assert (plain.python, plain.manifest, plain.prefix) == (sys.executable, None, None)
    monkeypatch.setenv("PIXI_IN_SHELL", "1")
    monkeypatch.setenv("PIXI_PROJECT_MANIFEST", "/w/pixi.toml")
    monkeypatch.setenv("PIXI_ENVIRONMENT_NAME", "cuda")
    monkeypatch.setenv("CONDA_PREFIX", "/w/.pixi/envs/cuda")
    active = Context.of_this_process()
    assert (active.manifest, active.environment, active.prefix) == ("/w/pixi.toml", "cuda", "/w/.pixi/envs/cuda")
    assert not active.owns_interpreter

    manifest = tmp_path / "pixi.toml"
    manifest.touch()
    marker = tmp_path / ".pixi/envs/default/conda-meta/pixi"
    marker.parent.mkdir(parents=True)
    marker.write_text(json.dumps({"manifest_path": str(manifest), "environment_name": "default"}))
    monkeypatch.setattr(sys, "prefix", str(marker.parents[1]))
    inside = Context.of_this_process()
    assert (inside.manifest, inside.environment, inside.prefix) == (str(manifest), "default", str(marker.parents[1]))
    assert inside.owns_interpreter
