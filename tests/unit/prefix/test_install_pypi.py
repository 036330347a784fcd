"""Real installs of PyPI packages by uv from local files: Pixi's marks, repair, removal, failure."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jupyter_pixi import system
from jupyter_pixi.errors import InstallError, NetworkError, UnsupportedPlatform
from jupyter_pixi.events import Event, Progress, silent
from jupyter_pixi.lockfile.model import Package
from jupyter_pixi.manifest.model import PypiOptions, PypiSpec
from jupyter_pixi.prefix import InstallReport, InstallRequest, install, markers, state, uv
from jupyter_pixi.prefix.dists import misfit, plan, source
from jupyter_pixi.prefix.installed import Distribution, distributions, python
from jupyter_pixi.prefix.kernels import kernels
from support.prefixes_by_hand import (
    VIRTUAL,
    conda_package,
    locked_wheel,
    pypi,
    python_package,
    record_hash,
    request,
    wheel,
)
from support.projects import project

A_WHEEL = "a-1.0-py3-none-any.whl"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the python package is a link")


def run(request: InstallRequest, events: list[Event] | None = None) -> InstallReport:
    return asyncio.run(install(request, events.append if events is not None else silent))


def test_wheels_carry_pixis_marks_and_a_second_install_writes_nothing(channel: Path, root: Path, cache: Path) -> None:
    first = locked_wheel(wheel(channel, "first-one"))
    asked = request(root, (python_package(channel), first), cache=cache)
    events: list[Event] = []
    report = run(asked, events)
    assert report.pypi_installed == ("first-one",)
    assert any(isinstance(e, Progress) and e.phase == "pypi" and e.done == 1 for e in events)
    found = distributions(asked.prefix)["first-one"]
    assert (found.path / "INSTALLER").read_bytes() == b"uv-pixi"
    assert (found.path / "REQUESTED").exists()
    assert found.direct_url is None
    rows = dict(line.split(",", 1) for line in (found.path / "RECORD").read_text().splitlines())
    assert rows[f"{found.path.name}/INSTALLER"] == f"{record_hash(b'uv-pixi')},7"
    assert not any(name.endswith("direct_url.json") for name in rows)
    script = asked.prefix / "bin" / "first-one"
    assert subprocess.run([script], capture_output=True, text=True, check=True).stdout == "1.0\n"
    times = {path: path.lstat().st_mtime_ns for path in root.rglob("*")}
    assert not run(asked).changed
    assert times == {path: path.lstat().st_mtime_ns for path in root.rglob("*")}
    assert state(asked.prefix, asked.environment, asked.lock, asked.platform, root).state == "ready"


def test_versions_change_extraneous_ones_go_and_other_tools_ones_stay(channel: Path, root: Path, cache: Path) -> None:
    conda = python_package(channel)
    one, two, gone = (locked_wheel(wheel(channel, *what)) for what in (("a",), ("a", "2.0"), ("gone",)))
    run(request(root, (conda, one, gone), cache=cache))
    asked = request(root, (conda, two), cache=cache)
    mine = wheel(channel, "mine")
    interpreter = python(asked.prefix)
    assert interpreter is not None and interpreter.abi == f"cp3{sys.version_info[1]}"
    site = distributions(asked.prefix)["a"].path.parent
    (site / "mine-1.0.dist-info").mkdir()
    (site / "mine-1.0.dist-info" / "INSTALLER").write_text("pip")
    report = run(asked)
    assert report.pypi_installed == ("a",) and report.pypi_removed == ("gone",)
    assert {name: d.version for name, d in distributions(asked.prefix).items()} == {"a": "2.0", "mine": "1.0"}
    owned = request(root, (conda, two, locked_wheel(mine)), cache=cache)
    assert run(owned).pypi_installed == ("mine",)
    assert distributions(asked.prefix)["mine"].installer == "uv-pixi"


def test_what_is_given_as_path_url_or_directory_keeps_its_direct_url(channel: Path, root: Path, cache: Path) -> None:
    conda = python_package(channel)
    project(root / "local")
    project(root / "edit", "edit-me")
    by_path = wheel(root / "wheels", "by-path")
    packages = (
        conda,
        pypi("./wheels/" + by_path.name, "by-path", "1.0"),
        pypi("direct+" + wheel(channel, "by-url").as_uri(), "by-url", "1.0"),
        pypi("./local", "local-dir"),
        pypi("./edit", "edit-me"),
    )
    asked = request(root, packages, cache=cache, specs=(("edit-me", PypiSpec(path="edit", editable=True)),))
    run(asked)
    found = distributions(asked.prefix)
    assert found["local-dir"].direct_url == {"url": (root / "local").as_uri(), "dir_info": {"editable": False}}
    assert found["edit-me"].direct_url == {"url": (root / "edit").as_uri(), "dir_info": {"editable": True}}
    assert found["by-path"].direct_url == {"url": by_path.as_uri(), "archive_info": {}}
    assert found["by-url"].direct_url is not None and "archive_info" in found["by-url"].direct_url
    assert {d.installer for d in found.values()} == {"uv-pixi"}
    assert not run(asked).changed
    project(root / "local")
    assert run(asked).pypi_installed == ("local-dir",), "a changed project file means a new build"
    plain = request(root, packages, cache=cache)
    assert run(plain).pypi_installed == ("edit-me",)


def test_wrong_digest_and_missing_file_are_sentences_and_repairable(channel: Path, root: Path, cache: Path) -> None:
    conda = python_package(channel)
    good = locked_wheel(wheel(channel, "a"))
    bad = Package("pypi", good.location, {**good.fields, "sha256": "0" * 64})
    asked = request(root, (conda, bad), cache=cache)
    with pytest.raises(InstallError, match="not the one in the lock file") as caught:
        run(asked)
    assert caught.value.code == "hash-mismatch"
    assert markers.read_fingerprint(asked.prefix) == markers.INSTALLING
    remote = pypi("http://127.0.0.1:9/b-1.0-py3-none-any.whl", "b", "1.0", sha256="0" * 64)
    with pytest.raises(NetworkError, match="failed to install pypi packages"):
        run(request(root, (conda, remote), cache=cache))
    with pytest.raises(NetworkError, match="This is offline"):
        run(replace(request(root, (conda, remote), cache=cache), offline=True))
    report = run(request(root, (conda, good), cache=cache))
    assert report.pypi_installed == ("a",) and report.repaired


def test_python_is_needed_for_pypi_packages(channel: Path, root: Path, cache: Path) -> None:
    with pytest.raises(InstallError, match="no conda package 'python'"):
        run(request(root, (conda_package(channel, "x"), locked_wheel(wheel(channel, "a"))), cache=cache))


def test_wheels_of_another_machine_are_refused_before_anything_is_written(root: Path, cache: Path) -> None:
    foreign = pypi("http://h/a-1.0-cp311-cp311-manylinux_2_39_x86_64.whl", "a", "1.0", sha256="0" * 64)
    asked = request(root, (foreign,), cache=cache, host=VIRTUAL)
    with pytest.raises(UnsupportedPlatform, match="doesn't match this systems virtual capabilities for tags"):
        run(asked)
    assert not asked.prefix.exists()


def test_an_unpacked_broken_build_is_told(channel: Path, root: Path, cache: Path) -> None:
    folder = project(root / "bad")
    (folder / "backend.py").write_text("raise RuntimeError('no compiler here')\n")
    asked = request(root, (python_package(channel), pypi("./bad", "local-dir")), cache=cache)
    with pytest.raises(InstallError, match="no compiler here"):
        run(asked)


def test_uv_is_not_misled_by_the_users_settings(
    channel: Path, root: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_NO_BINARY", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    monkeypatch.setenv("PYTHONHOME", "/nonexistent")
    asked = request(root, (python_package(channel), locked_wheel(wheel(channel, "a"))), cache=cache)
    assert run(asked).pypi_installed == ("a",)


def test_moving_the_workspace_makes_scripts_anew(channel: Path, root: Path, cache: Path) -> None:
    packages = (python_package(channel), locked_wheel(wheel(channel, "tool")))
    run(request(root, packages, cache=cache))
    root.rename(root.with_name("moved"))
    asked = request(root.with_name("moved"), packages, cache=cache)
    assert run(asked).pypi_installed == ("tool",)
    assert str(root) + "/" not in (asked.prefix / "bin" / "tool").read_text()


def test_what_an_earlier_python_had_goes_with_it(channel: Path, root: Path, cache: Path) -> None:
    conda = python_package(channel)
    run(request(root, (conda, locked_wheel(wheel(channel, "a"))), cache=cache))
    asked = request(root, (conda, conda_package(channel, "new"), locked_wheel(channel / A_WHEEL)), cache=cache)
    site = distributions(asked.prefix)["a"].path.parent
    old = asked.prefix / "lib" / "python3.99" / "site-packages"
    shutil.copytree(site, old)
    (old / "users").mkdir()
    (old / "b-1.dist-info").mkdir()
    report = run(asked)
    assert report.linked == ("new",) and report.pypi_installed == (), "what is right is not made again"
    assert sorted(path.name for path in old.iterdir()) == ["README", "b-1.dist-info", "users"]
    assert distributions(asked.prefix)["a"].path.parent == site
    assert (asked.prefix / "bin" / "a").exists(), "its script belongs to both"


@pytest.mark.parametrize("cut", ["install", "uninstall"])
def test_what_uv_had_half_done_goes(
    cut: str, channel: Path, root: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uv is killed among the files of a package, and the package is not wanted when the prefix is repaired."""
    conda, other, some = python_package(channel), locked_wheel(wheel(channel, "b")), locked_wheel(wheel(channel, "a"))
    without, with_it = request(root, (conda, other), cache=cache), request(root, (conda, other, some), cache=cache)
    run(without if cut == "install" else with_it)
    site = distributions(without.prefix)["b"].path.parent
    (site / "mine.py").write_text("")
    real = uv.run

    async def killed(arguments: list[str], environ: Mapping[str, str], **options: Any) -> uv.Output:
        if cut == "install":
            await real(arguments, environ, **options)
        there = distributions(without.prefix)["a"].path
        for name in ("RECORD", "INSTALLER"):
            (there / name).unlink()
        (there.parent / ".tmpaB3dE6").write_text("")  # a file that it was copying
        return uv.Output(-9, "", "killed")

    with monkeypatch.context() as patched, pytest.raises(InstallError):
        patched.setattr(uv, "run", killed)
        run(with_it if cut == "install" else without)
    run(without)
    left = {path.name for path in site.iterdir() if path.name != "__pycache__"}
    assert left == {"README", "b.py", "b-1.0.dist-info", "mine.py"}
    assert not any(path.name.startswith("jupyter-pixi-") for path in (without.prefix / "conda-meta").iterdir())
    assert [path.name for path in (without.prefix / "bin").iterdir() if path.name in ("a", "b")] == ["b"]
    run(with_it)
    assert subprocess.run([with_it.prefix / "bin/a"], capture_output=True, text=True, check=True).stdout == "1.0\n"


def test_cancelling_a_build_ends_its_processes(channel: Path, root: Path, cache: Path) -> None:
    folder = project(root / "slow")
    told = root / "pid"
    (folder / "backend.py").write_text(
        f"import os, time\nopen({str(told)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    )
    asked = request(root, (python_package(channel), pypi("./slow", "local-dir")), cache=cache)

    async def stop() -> None:
        task = asyncio.create_task(install(asked, silent))
        for _ in range(200):
            await asyncio.sleep(0.05)
            if told.exists() and told.read_text():
                break
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stop())
    for _ in range(100):
        if not system.is_alive(int(told.read_text())):
            break
        time.sleep(0.05)
    assert not system.is_alive(int(told.read_text()))
    assert markers.read_fingerprint(asked.prefix) == markers.INSTALLING


def test_a_plain_python_is_a_kernel_that_needs_help(channel: Path, root: Path, cache: Path) -> None:
    asked = request(root, (python_package(channel),), cache=cache)
    run(asked)
    (kernel,) = kernels(asked.prefix)
    assert kernel.plain and kernel.language == "python" and kernel.argv == ()


def test_options_become_flags() -> None:
    from jupyter_pixi.environments.model import Environment
    from jupyter_pixi.prefix.pypi import build_options

    options = PypiOptions(
        index_url="https://index.example/simple",
        extra_index_urls=("https://extra.example/simple",),
        find_links=(("path", "links"), ("url", "https://l.example")),
        no_build=True,
        no_binary=("a", "b"),
        no_build_isolation=("c",),
    )
    flags = build_options(Environment("e", (), (), (), pypi_options=options), Path("/w"))
    assert " ".join(flags) == (
        "--default-index https://index.example/simple --extra-index-url https://extra.example/simple "
        "--find-links /w/links --find-links https://l.example --only-binary :all: --no-binary a --no-binary b "
        "--no-build-isolation-package c"
    )


def test_locations_of_the_lock(tmp_path: Path) -> None:
    commit = "2d4ad799442f4592db8ad53b179bfb33db8c69ac"
    git = source(pypi(f"git+https://h/r.git?rev=main&subdirectory=s#{commit}", "g", "1"), tmp_path)
    assert (git.kind, git.url, git.commit, git.revision, git.subdirectory) == (
        "git",
        "https://h/r.git",
        commit,
        "main",
        "s",
    )
    assert source(pypi("./links/x-1-py3-none-any.whl", "x", "1", index="file:///l"), tmp_path).kind == "wheel"
    assert source(pypi("./x-1.tar.gz", "x", "1"), tmp_path).kind == "path"
    assert source(pypi("https://h/x-1.tar.gz", "x", "1", sha256="0"), tmp_path).kind == "sdist"
    assert source(pypi("./sub/../p", "x"), tmp_path).path == tmp_path / "p"


@pytest.mark.parametrize(
    "said", ["!=3.0.*,!=3.1.*, <4, >=2.7", "<4,>=2.7.0,!=3.1.*,!=3.0.*", ">=2.7.*,<4", "", "not a specifier"]
)
def test_a_distribution_may_write_its_pythons_in_another_order(tmp_path: Path, said: str) -> None:
    folder = tmp_path / "a-1.0.dist-info"
    folder.mkdir()
    for name, text in {"INSTALLER": "uv-pixi", "RECORD": "", "METADATA": f"Name: a\nRequires-Python: {said}\n"}.items():
        (folder / name).write_text(text)
    locked = pypi("https://h/a-1.0-py3-none-any.whl", "a", "1.0", requires_python=">=2.7,!=3.0.*,!=3.1.*,<4")
    assert misfit(locked, Distribution("a", "1.0", folder), source(locked, tmp_path)) is None


def test_what_counts_as_the_locked_distribution(tmp_path: Path) -> None:
    folder = tmp_path / "a-1.0.dist-info"
    folder.mkdir()
    for name, text in {
        "INSTALLER": "uv-pixi",
        "RECORD": "",
        "METADATA": "Name: a\nRequires-Python: >=3.8, <4\n",
    }.items():
        (folder / name).write_text(text)
    there = Distribution("a", "1.0", folder)
    url = "https://h/a-1.0.0-py3-none-any.whl"
    locked = pypi(url, "a", "1.0.0", requires_python=">=3.8,<4")
    origin = source(locked, tmp_path)
    assert misfit(locked, there, origin) is None
    assert misfit(pypi(url, "a", "1.1"), there, origin) == "version 1.0"
    assert "requires-python" in str(misfit(pypi(url, "a", "1.0", requires_python=">=3.9"), there, origin))
    assert misfit(pypi(url, "a", "1.0", requires_python="<4,>=3.8.0"), there, origin) is None
    (folder / "direct_url.json").write_text(json.dumps({"url": url, "archive_info": {}}))
    assert misfit(locked, Distribution("a", "1.0", folder), origin) == "installed from a URL"
    direct = pypi("direct+" + url, "a", "1.0")
    assert misfit(direct, Distribution("a", "1.0", folder), source(direct, tmp_path)) is None
    assert not plan({"a": direct}, {"a": Distribution("a", "1.0", folder)}, {"a": source(direct, tmp_path)})


def test_digest_of_the_mark_is_uvs() -> None:
    assert record_hash(b"uv-pixi") == "sha256=LO0H8daPWMHZiOKJDg6F-RtEXo3Rkxvwh5Y9P0mQuRU"
    assert len(hashlib.sha256(b"").hexdigest()) == 64
