"""Small parts: file locks and replacement, kernels, machine checks, filters, the state file."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_pixi import system
from jupyter_pixi.lockfile.model import Package
from jupyter_pixi.manifest.model import VirtualPackage
from jupyter_pixi.prefix import Filters, host, markers, statefile
from jupyter_pixi.prefix.kernels import expected, kernels
from jupyter_pixi.prefix.wanted import select

UNIX = pytest.mark.skipif(sys.platform == "win32", reason="modes and links of unix")


def test_a_lock_is_held_by_one_process_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys; from pathlib import Path; from jupyter_pixi import system\n"
        "lock = system.FileLock(Path(sys.argv[1])); print(lock.try_acquire(), flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None and child.stdout is not None
    assert child.stdout.readline() == "True\n"
    with system.FileLock(path) as lock:
        assert not lock.try_acquire() and not lock.held
        child.stdin.close()
        child.wait()
        child.stdout.close()
        assert lock.try_acquire() and lock.held
    assert not lock.held


@UNIX
def test_replacing_keeps_links_and_modes(tmp_path: Path) -> None:
    target = tmp_path / "there" / "real"
    target.parent.mkdir()
    target.write_bytes(b"old")
    target.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(target)
    inode = target.stat().st_ino
    system.replace_file(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640 and target.stat().st_ino != inode
    assert [path.name for path in target.parent.iterdir()] == ["real"]
    system.replace_file(tmp_path / "secret", b"x", mode=0o600)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


@UNIX
def test_writing_in_place_where_the_folder_takes_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"long old content")

    def refuse(**options: object) -> None:
        raise PermissionError(13, "no")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(PermissionError):
        system.replace_file(path, b"new")
    system.replace_file(path, b"new", in_place=True)
    assert path.read_bytes() == b"new"


def test_processes() -> None:
    assert system.is_alive(os.getpid())
    assert not system.is_alive(0)
    assert system.kernel_release()


def test_kernels_expected_from_names() -> None:
    assert [(k.name, k.language, k.plain) for k in expected(["python", "ipykernel", "r-irkernel"])] == [
        ("python3", "python", False),
        ("ir", "R", False),
    ]
    assert [(k.name, k.plain) for k in expected(["python", "numpy"])] == [("python3", True)]
    assert [k.name for k in expected(["python", "xeus-python"])] == ["xpython"]
    assert expected(["numpy"]) == ()


def test_kernels_installed(tmp_path: Path) -> None:
    folder = tmp_path / "share" / "jupyter" / "kernels"
    for name, argv in {
        "ir": ["R", "--slave"],
        "broken": None,
        "python3": ["python", "-m", "ipykernel_launcher"],
    }.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "kernel.json").write_text(
            json.dumps({"argv": argv, "language": name.removesuffix("3"), "display_name": name, "env": {"A": 1}})
        )
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    first, second = kernels(tmp_path)
    assert first.name == "python3" and first.argv[0] == str(tmp_path / "bin" / "python") and first.env == {"A": "1"}
    assert second.name == "ir" and second.argv == ("R", "--slave") and second.dir == str(folder / "ir")


HOST = (VirtualPackage("__glibc", "2.36"), VirtualPackage("__linux", "6.1"))


@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        ("__glibc >=2.17,<3.0.a0", True),
        ("__glibc >=2.39", False),
        ("__cuda", False),
        ("__unix", True),
        ("__archspec 1.* x86_64_v3", True),
        ("__linux", True),
    ],
)
def test_requirements_that_count(spec: str, fits: bool) -> None:
    assert host.missing([spec], HOST) == (() if fits else (spec,))


@pytest.mark.parametrize(
    ("tags", "subdir", "fits"),
    [
        ("manylinux_2_17_x86_64.manylinux2014_x86_64", "linux-64", True),
        ("manylinux_2_39_x86_64", "linux-64", False),
        ("manylinux1_x86_64", "linux-64", True),
        ("musllinux_1_2_x86_64", "linux-64", False),
        ("manylinux_2_17_aarch64", "linux-64", False),
        ("linux_x86_64", "linux-64", True),
        ("any", "win-64", True),
        ("win_amd64", "win-64", True),
        ("win32", "win-64", False),
        ("macosx_11_0_arm64", "osx-arm64", True),
        ("macosx_14_0_arm64", "osx-arm64", False),
        ("macosx_10_9_universal2", "osx-arm64", True),
        ("macosx_10_9_x86_64", "osx-arm64", False),
    ],
)
def test_wheels_that_fit(tags: str, subdir: str, fits: bool) -> None:
    wheel = Package("pypi", f"https://h/a-1.0-cp311-cp311-{tags}.whl", {"name": "a", "version": "1.0"})
    has = (*HOST, VirtualPackage("__osx", "13.0"))
    assert (host.wheel_misfit(wheel, subdir, has) is None) == fits


def test_filters_walk_the_graph() -> None:
    graph = {"app": ("lib", "data"), "lib": ("base",), "data": (), "base": (), "x": ("y",), "y": ("x",)}
    assert select(graph, Filters(skip=frozenset({"x"})))[0] == {"app", "lib", "data", "base", "y"}
    assert select(graph, Filters(skip_with_deps=frozenset({"lib"})))[0] == {"app", "data", "x", "y"}
    assert select(graph, Filters(only=frozenset({"lib"}), skip=frozenset({"base"})))[0] == {"lib"}
    assert select(graph, Filters(only=frozenset({"z"}))) == (frozenset(), ("z",))


def test_the_state_file_is_trusted_only_while_everything_is_as_it_was(tmp_path: Path) -> None:
    prefix = tmp_path / "p"
    markers.meta_folder(prefix).mkdir(parents=True)
    manifest, lock, config = (tmp_path / name for name in ("pixi.toml", "pixi.lock", "config.toml"))
    for path in (manifest, lock, config):
        path.write_text(path.name)
    (prefix / "conda-meta" / ".pixi-environment-fingerprint").write_text("0" * 16)
    markers.write_marker(prefix, markers.Marker("m", "e", "abc", None, None))
    environ = {"CONDA_OVERRIDE_CUDA": "12", "OTHER": "x"}

    def fresh() -> dict[str, object]:
        return {
            "prefix": str(prefix),
            "manifest": {"sha256": statefile.sha256_file(manifest)},
            "lock": {"sha256": statefile.sha256_file(lock)},
            "config_sha256": statefile.config_digest([config]),
            "host": statefile.host_facts(environ),
            "fingerprint": "0" * 16,
            "hash": "abc",
        }

    def why() -> str | None:
        data = statefile.read_state(prefix)
        assert data is not None
        return statefile.why_stale(
            data, prefix, manifest=manifest, lock=lock, config_layers=[config, tmp_path / "none"], environ=environ
        )

    assert statefile.write_state(prefix, fresh())
    assert not statefile.write_state(prefix, fresh())
    assert why() is None
    environ["CONDA_OVERRIDE_CUDA"] = ""
    assert why() == "host"
    statefile.write_state(prefix, fresh())
    for path in (manifest, lock, config):
        path.write_text("other")
        assert why() == path.stem.replace("pixi", path.suffix[1:]).replace("toml", "manifest")
        statefile.write_state(prefix, fresh())
    markers.invalidate_marker(prefix)
    assert why() == "marker"
    (prefix / "conda-meta" / ".pixi-environment-fingerprint").write_text(markers.INSTALLING)
    assert why() == "fingerprint"
    statefile.remove_state(prefix)
    assert statefile.read_state(prefix) is None
