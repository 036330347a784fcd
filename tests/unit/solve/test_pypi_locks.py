"""PyPI requirements become locked packages beside conda ones: local wheels, directories and archives, no index."""

from __future__ import annotations

import asyncio
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
from jupyter_pixi.errors import SolveError
from jupyter_pixi.events import Phase, Warn
from jupyter_pixi.lockfile import packages as locked
from jupyter_pixi.lockfile import write_lock
from jupyter_pixi.lockfile.check.verdict import PlatformVerdict, Verdict
from jupyter_pixi.solve import update_lock
from jupyter_pixi.solve.stubs import Provided, constraints, stub

LINKS = '[pypi-options]\nfind-links = [{path = "./links"}]\n'
START = '[dependencies]\npython = "*"\n'


def wheel(folder: Path, name: str, version: str, *requires: str, tag: str = "py3-none-any", extras=()) -> Path:
    """Makes a wheel that needs `requires`."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-{tag}.whl"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "Requires-Python: >=3.8"]
    lines += [f"Provides-Extra: {extra}" for extra in extras] + [f"Requires-Dist: {text}" for text in requires]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{stem}.dist-info/METADATA", "\n".join(lines) + "\n")
        archive.writestr(f"{stem}.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return path


@pytest.fixture
def links(space, channel):
    """A folder of wheels that is the only place to look; conda has python and, for whom wants it, `base`."""
    channel.add("python", "3.12.4", build="h_cpython")
    channel.add("base", "1.5", "python", subdir="noarch", build="pyh_0")
    folder = space.root / "links"
    wheel(folder, "base", "1.0")
    wheel(folder, "base", "2.0")
    wheel(folder, "top", "1.0", "base>=1", "win-only; sys_platform == 'win32'", 'more; extra == "x"', extras=["x"])
    wheel(folder, "more", "1.0")
    return folder


def pypi(lock, environment="default", platform="linux-64"):
    return [p for p in lock.environments[environment].packages[platform] if p.kind == "pypi"]


def mapped(text: str, space) -> str:
    """A manifest in whose channel `base` provides the PyPI package of that name."""
    return (
        (
            f'[workspace]\nname = "w"\nchannels = ["{space.channel.url}"]\nplatforms = ["linux-64"]\n'
            f'conda-pypi-map = {{ "{space.channel.url}" = {{ mapping = {{ base = "base", python = false }}, '
            'mapping-mode = "replace" } }\n' + text
        )
        .replace("python = false, ", "")
        .replace(", python = false", "")
    )


def test_packages_metadata_and_links_are_locked_as_pixi_does(space, links, shown):
    lock = space.lock(START + LINKS + '[pypi-dependencies]\ntop = { version = "*", extras = ["x"] }\n')
    assert shown(lock) == {"python": "3.12.4", "top": "1.0", "base": "2.0", "more": "1.0"}
    top = next(p for p in pypi(lock) if locked.name(p) == "top")
    assert top.location == "./links/top-1.0-py3-none-any.whl"
    assert dict(top.fields) == {
        "name": "top",
        "version": "1.0",
        "index": links.as_uri(),
        "requires_dist": ["base>=1", "win-only ; sys_platform == 'win32'", "more ; extra == 'x'"],
        "requires_python": ">=3.8",
    }
    environment = lock.environments["default"]
    assert environment.find_links == (("path", "./links"),)
    assert environment.indexes is not None and len(environment.indexes) == 1
    phases = [e.phase for e in space.events if isinstance(e, Phase)]
    assert phases == ["solve", "resolve-pypi"]


def test_conda_packages_count_as_installed(space, links, shown):
    text = mapped('[dependencies]\npython = "*"\nbase = "*"\n' + LINKS + '[pypi-dependencies]\ntop = "*"\n', space)
    lock = space.lock(text)
    assert shown(lock) == {"python": "3.12.4", "base": "1.5", "top": "1.0"}
    (package,) = (p for p in lock.environments["default"].packages["linux-64"] if locked.name(p) == "base")
    assert locked.purls(package) == ("pkg:pypi/base?source=project-defined-mapping",)


def test_a_conflict_with_conda_is_explained(space, links):
    text = mapped('[dependencies]\npython = "*"\nbase = "*"\n' + LINKS + '[pypi-dependencies]\nbase = ">=2"\n', space)
    with pytest.raises(SolveError) as error:
        space.lock(text)
    assert error.value.message.startswith(
        "failed to solve the pypi requirements of environment 'default' for platform 'linux-64'\n"
        "failed to resolve pypi dependencies\nBecause you require base>=2 and base==1.5,"
    )
    assert "pinned by the conda solve" in (error.value.help or "") and "base==1.5" in (error.value.help or "")


def test_a_location_for_what_conda_provides_is_refused(space, links):
    text = mapped('[dependencies]\npython = "*"\nbase = "*"\n[pypi-dependencies]\nbase = { path = "./b" }\n', space)
    with pytest.raises(SolveError, match="already provided by a conda package"):
        space.lock(text)


def test_extras_of_what_conda_provides_are_warned_of(space, links):
    text = mapped('[dependencies]\npython = "*"\nbase = "*"\n' + LINKS, space)
    space.lock(text + '[pypi-dependencies]\nbase = { version = "*", extras = ["fast"] }\n')
    assert [e.text for e in space.events if isinstance(e, Warn)] == [
        "The package `base==1.5` does not have an extra named `fast`"
    ]


def test_without_python_there_is_no_resolution(space, links):
    with pytest.raises(SolveError, match="No Python interpreter found in the dependencies"):
        space.lock(LINKS + '[pypi-dependencies]\ntop = "*"\n')


def test_free_threaded_python_gets_wheels_of_its_own_abi(space, links, channel, shown):
    channel.add("python", "3.13.1", build="h_cp313t")
    for tag in ("cp313-cp313-manylinux_2_17_x86_64", "cp313-cp313t-manylinux_2_17_x86_64", "cp38-abi3-linux_x86_64"):
        wheel(links, "native", "1.0", tag=tag)
    text = '[dependencies]\npython = "{}"\n' + LINKS + '[pypi-dependencies]\nnative = "*"\n'
    (package,) = pypi(space.lock(text.replace("{}", "3.13.*")))
    assert package.location == "./links/native-1.0-cp313-cp313t-manylinux_2_17_x86_64.whl"


def test_a_glibc_that_uv_has_no_word_for_is_exact(space, links):
    for version, glibc in (("1.0", 17), ("1.1", 27), ("1.2", 28)):
        wheel(links, "native", version, tag=f"py3-none-manylinux_2_{glibc}_x86_64")
    text = (
        f'[workspace]\nname = "w"\nchannels = ["{space.channel.url}"]\n'
        'platforms = [{ platform = "linux-64", glibc = "2.27" }]\n'
    )
    lock = space.lock(text + START + LINKS + '[pypi-dependencies]\nnative = "*"\n')
    (package,) = pypi(lock, platform="linux-64-glibc-2-27")
    assert locked.version(package) == "1.1"


def test_locked_versions_are_preferred_until_they_are_unlocked(space, links, shown):
    before = space.lock(START + LINKS + '[pypi-dependencies]\nbase = "<2"\n')
    assert shown(before)["base"] == "1.0"
    text = START + LINKS + '[pypi-dependencies]\nbase = "*"\n'
    assert shown(space.lock(text, previous=before))["base"] == "1.0"
    assert shown(space.lock(text, previous=before, unlock=frozenset({"base"})))["base"] == "2.0"


def test_pinned_packages_do_not_move(space, links, shown):
    before = space.lock(START + LINKS + '[pypi-dependencies]\nbase = "<2"\n')
    pinned = {("default", "linux-64"): before.environments["default"].packages["linux-64"]}
    text = START + LINKS + '[pypi-dependencies]\nbase = "*"\n'
    assert shown(space.lock(text, pinned=pinned))["base"] == "1.0"
    with pytest.raises(SolveError):
        space.lock(START + LINKS + '[pypi-dependencies]\nbase = ">=2"\n', pinned=pinned)


def test_a_failure_of_pypi_alone_leaves_the_conda_packages(space, links, channel, shown):
    before = space.lock(START + LINKS + '[pypi-dependencies]\nbase = "*"\n')
    channel.add("python", "3.12.9", build="h_cpython")
    verdict = Verdict({"default": {"linux-64": PlatformVerdict(False, "x", pypi_only=True)}}, ("x",))
    text = START + LINKS + '[pypi-dependencies]\nbase = "*"\nmore = "*"\n'
    space.events.clear()
    after = space.lock(text, previous=before, verdict=verdict)
    assert shown(after) == {"python": "3.12.4", "base": "2.0", "more": "1.0"}
    assert [e.phase for e in space.events if isinstance(e, Phase)] == ["resolve-pypi"]


def test_what_is_up_to_date_is_not_touched(space, links):
    before = space.lock(START + LINKS + '[pypi-dependencies]\nbase = "*"\n')
    verdict = Verdict({"default": {"linux-64": PlatformVerdict(True)}})
    space.events.clear()
    after = space.lock(START + LINKS + '[pypi-dependencies]\nbase = "*"\n', previous=before, verdict=verdict)
    assert write_lock(after) == write_lock(before)
    assert space.events == []


def test_local_directories_have_neither_version_nor_hash(space, links):
    package = space.root / "mine"
    package.mkdir()
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "nothing"\n'
        '[project]\nname = "mine"\nversion = "3"\nrequires-python = ">= 3.9"\n'
        "dependencies = [\"base >= 1; python_version >= '3.8'\"]\n"
        '[project.optional-dependencies]\ntest = ["more"]\n'
    )
    lock = space.lock(START + LINKS + '[pypi-dependencies]\nmine = { path = "./sub/../mine", editable = true }\n')
    mine = next(p for p in pypi(lock) if locked.name(p) == "mine")
    assert mine.location == "./mine"
    assert dict(mine.fields) == {
        "name": "mine",
        "requires_dist": ["base>=1 ; python_full_version >= '3.8'", "more ; extra == 'test'"],
        "requires_python": ">=3.9",
    }


def test_wheels_by_path_have_a_version_and_no_hash(space, links):
    wheel(space.root / "wheels", "solo", "4.0", "base")
    lock = space.lock(START + LINKS + '[pypi-dependencies]\nsolo = { path = "wheels/solo-4.0-py3-none-any.whl" }\n')
    solo = next(p for p in pypi(lock) if locked.name(p) == "solo")
    assert solo.location == "./wheels/solo-4.0-py3-none-any.whl"
    assert dict(solo.fields) == {
        "name": "solo", "version": "4.0", "requires_dist": ["base"], "requires_python": ">=3.8",
    }  # fmt: skip


def test_git_repositories_are_locked_to_a_commit(space, links, tmp_path):
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "pyproject.toml").write_text(
        '[project]\nname = "fromgit"\nversion = "0.1"\ndependencies = ["base"]\n'
        '[build-system]\nrequires = []\nbuild-backend = "nothing"\n'
    )
    git = ["git", "-C", str(repository), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*git, *arguments], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    text = START + LINKS + f'[pypi-dependencies]\nfromgit = {{ git = "{repository.as_uri()}", branch = "main" }}\n'
    lock = space.lock(text)
    found = next(p for p in pypi(lock) if locked.name(p) == "fromgit")
    assert found.location == f"git+{repository.as_uri()}?branch=main#{commit}"
    assert (locked.version(found), locked.requires_dist(found), locked.sha256(found)) == ("0.1", ("base",), None)
    (repository / "new").write_text("x")
    for arguments in (["add", "."], ["commit", "-q", "-m", "second"]):
        subprocess.run([*git, *arguments], check=True)
    assert write_lock(space.lock(text, previous=lock)) == write_lock(lock)
    moved = next(p for p in pypi(space.lock(text, previous=lock, unlock_all=True)) if locked.name(p) == "fromgit")
    assert moved.location != found.location


def test_no_build_refuses_directories_that_are_not_editable(space, links):
    package = space.root / "mine"
    package.mkdir()
    (package / "pyproject.toml").write_text('[project]\nname = "mine"\nversion = "3"\n')
    options = LINKS + "no-build = true\n"
    assert space.lock(START + options + '[pypi-dependencies]\nmine = { path = "mine", editable = true }\n')
    with pytest.raises(SolveError, match="`no-build`"):
        space.lock(START + options + '[pypi-dependencies]\nmine = { path = "mine" }\n')


def test_members_of_a_group_get_their_share(space, links, shown):
    lock = space.lock(
        START + LINKS + '[feature.t.pypi-dependencies]\ntop = "*"\n[feature.m.pypi-dependencies]\nmore = "*"\n'
        '[environments]\nt = {features = ["t"], solve-group = "g"}\nm = {features = ["m"], solve-group = "g"}\n'
        'plain = {features = [], solve-group = "g"}\n'
    )
    assert shown(lock, "t") == {"python": "3.12.4", "top": "1.0", "base": "2.0"}
    assert shown(lock, "m") == {"python": "3.12.4", "more": "1.0"}
    assert shown(lock, "plain") == {"python": "3.12.4"}
    assert lock.environments["plain"].indexes is None
    assert lock.environments["m"].indexes is not None


def test_a_cancelled_lock_leaves_no_uv_behind(space, links, tmp_path):
    slow = space.root / "slow"
    slow.mkdir()
    (slow / "backend.py").write_text(
        "import os, pathlib, time\n"
        f"pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid()))\ntime.sleep(60)\n"
    )
    (slow / "pyproject.toml").write_text(
        '[project]\nname = "slow"\ndynamic = ["version"]\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )

    async def run():
        task = asyncio.create_task(
            update_lock(space.request(START + LINKS + '[pypi-dependencies]\nslow = { path = "slow" }\n'))
        )
        for _ in range(200):
            await asyncio.sleep(0.05)
            if (tmp_path / "pid").exists() and (tmp_path / "pid").read_text():
                break
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    pid = (tmp_path / "pid").read_text()
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_stub_says_name_and_version_and_nothing_else(tmp_path):
    provided = Provided("ruamel-yaml", "0.18.5")
    path = stub(provided, tmp_path)
    assert path.name == "ruamel_yaml-0.18.5-py3-none-any.whl"
    with zipfile.ZipFile(path) as archive:
        metadata = archive.read("ruamel_yaml-0.18.5.dist-info/METADATA").decode()
    assert metadata == "Metadata-Version: 2.1\nName: ruamel-yaml\nVersion: 0.18.5\n"
    assert constraints([provided], tmp_path) == f"ruamel-yaml @ {path.as_uri()}\nruamel-yaml==0.18.5\n"
    assert stub(provided, tmp_path).stat().st_mtime == path.stat().st_mtime
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
