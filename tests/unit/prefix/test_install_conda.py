"""Real installs of conda packages into prefixes: links, markers, repair, failure, cancellation, offline."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from jupyter_pixi import system
from jupyter_pixi.errors import InstallError, NetworkError, UnsupportedFeature, UnsupportedPlatform
from jupyter_pixi.events import Event, Note, Phase, Progress, Warn, silent
from jupyter_pixi.lockfile.model import Package
from jupyter_pixi.manifest.model import VirtualPackage
from jupyter_pixi.prefix import Filters, InstallReport, InstallRequest, digests, install, markers, state, statefile
from jupyter_pixi.prefix.link import translate
from jupyter_pixi.prefix.lock import guard
from support.loopback import Quiet, loopback
from support.prefixes_by_hand import PLACEHOLDER, VIRTUAL, conda_package, request
from support.readonly import run_read_only
from support.servers import server as serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links are made as on unix")


def run(request: InstallRequest, events: list[Event] | None = None) -> InstallReport:
    return asyncio.run(install(request, events.append if events is not None else silent))


@pytest.fixture
def server(channel: Path) -> Iterator[str]:
    channel.mkdir(exist_ok=True)
    with serving(channel) as running:
        yield running.url


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.lstat().st_mtime_ns, path.lstat().st_ino)
        for path in sorted(folder.rglob("*"))
    }


def contents(folder: Path) -> dict[str, bytes]:
    """What the files of a folder hold."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_first_install_writes_everything_pixi_expects(channel: Path, root: Path, cache: Path) -> None:
    a, b = conda_package(channel, "a", depends=("__unix", "b")), conda_package(channel, "b")
    asked = request(root, (a, b), cache=cache, host=VIRTUAL)
    assert state(asked.prefix, asked.environment, asked.lock, asked.platform, root).state == "not-installed"
    events: list[Event] = []
    report = run(asked, events)
    assert sorted(report.linked) == ["a", "b"] and report.changed and not report.repaired
    prefix = asked.prefix
    assert (prefix / "share" / "a.txt").read_text() == "a 1.0\n"
    meta = prefix / "conda-meta"
    assert (meta / ".pixi-environment-fingerprint").read_bytes() == asked.wanted.fingerprint.encode()
    assert markers.read_marker(prefix) == asked.marker
    assert asked.marker.minimum == ("linux-64", ("__unix",))
    assert (meta / "pixi_env_prefix").read_text() == str(meta)
    assert (meta / "history").read_text().startswith("//")
    assert not (meta / "pixi").read_text().endswith("\n")
    assert (root / ".pixi" / ".gitignore").read_text() == "*\n!config.toml\n"
    assert (root / ".pixi" / ".condapackageignore").read_text() == ".pixi\n!.pixi/config.toml\n"
    assert any(isinstance(e, Phase) and e.phase == "link" and e.total == 2 for e in events)
    assert [e.done for e in events if isinstance(e, Progress) and e.phase == "link"] == [1, 2]
    assert state(prefix, asked.environment, asked.lock, asked.platform, root).state == "ready"
    data = statefile.read_state(prefix)
    assert data is not None and data["fingerprint"] == asked.wanted.fingerprint and data["kernels"] == {}


def test_conda_tools_still_read_the_prefix(channel: Path, root: Path, cache: Path) -> None:
    asked = request(root, (conda_package(channel, "a"),), cache=cache)
    run(asked)
    records = list((asked.prefix / "conda-meta").glob("*.json"))
    assert [json.loads(path.read_text())["name"] for path in records] == ["a"]


def test_nothing_to_do_writes_nothing(channel: Path, root: Path, cache: Path) -> None:
    asked = request(root, (conda_package(channel, "a"),), cache=cache)
    run(asked)
    before = snapshot(root)
    assert not run(asked).changed
    assert not run(replace(asked, quick=True)).changed
    assert snapshot(root) == before


def test_a_read_only_prefix_that_is_right_is_accepted(channel: Path, root: Path, cache: Path) -> None:
    asked = request(root, (conda_package(channel, "a"),), cache=cache)
    run(asked)
    (root.parent / "request").write_bytes(pickle.dumps(asked))
    code = (
        "import asyncio, pathlib, pickle; from jupyter_pixi.events import silent\n"
        "from jupyter_pixi.prefix import install\n"
        "asked = pickle.loads(pathlib.Path('../request').read_bytes())\n"
        "print(asyncio.run(install(asked, silent)).changed)\n"
        "from dataclasses import replace\n"
        "asyncio.run(install(replace(asked, reinstall='all'), silent))\n"
    )
    done = run_read_only(root, [sys.executable, "-c", code], dict(os.environ))
    assert done.stdout == "False\n"
    assert "InstallError: The environment 'default' cannot be changed: Read-only" in done.stderr or (
        "InstallError: The environment 'default' cannot be changed: Permission" in done.stderr
    )


def test_change_links_and_unlinks_only_what_moved(channel: Path, root: Path, cache: Path) -> None:
    a, b, b2 = (conda_package(channel, *what) for what in (("a",), ("b",), ("b", "2.0")))
    run(request(root, (a, b), cache=cache))
    asked = request(root, (b2,), cache=cache)
    found = state(asked.prefix, asked.environment, asked.lock, asked.platform, root)
    assert found.state == "out-of-date" and found.packages == 2 and "1 to be changed" in found.reason
    report = run(asked)
    assert report.linked == ("b",) and sorted(report.unlinked) == ["a", "b"]
    assert not (asked.prefix / "share" / "a.txt").exists()
    assert markers.read_fingerprint(asked.prefix) == asked.wanted.fingerprint


def test_missing_and_foreign_packages_are_repaired_though_the_fingerprint_fits(
    channel: Path, root: Path, cache: Path
) -> None:
    a, b, c = (conda_package(channel, name) for name in "abc")
    asked = request(root, (a, b), cache=cache)
    run(asked)
    other = request(root, (a, c), cache=cache)
    run(other)
    guarded = asked.prefix / "conda-meta" / ".pixi-environment-fingerprint"
    guarded.write_text(asked.wanted.fingerprint)
    assert state(asked.prefix, asked.environment, asked.lock, asked.platform, root).state == "out-of-date"
    events: list[Event] = []
    report = run(asked, events)
    assert report.linked == ("b",) and report.unlinked == ("c",)
    assert len(report.repaired) == 2
    assert {e.text for e in events if isinstance(e, Note)} == set(report.repaired)


def test_interrupted_install_is_redone_completely(channel: Path, root: Path, cache: Path) -> None:
    asked = request(root, (conda_package(channel, "a"),), cache=cache)
    run(asked)
    (asked.prefix / "share" / "a.txt").write_text("half")
    (asked.prefix / "conda-meta" / ".pixi-environment-fingerprint").write_text(markers.INSTALLING)
    report = run(replace(asked, quick=True))
    assert report.linked == ("a",) and "interrupted" in report.repaired[0]
    assert (asked.prefix / "share" / "a.txt").read_text() == "a 1.0\n"


def test_reinstall_names_and_all(channel: Path, root: Path, cache: Path) -> None:
    packages = (conda_package(channel, "a"), conda_package(channel, "b"))
    asked = request(root, packages, cache=cache)
    run(asked)
    (asked.prefix / "share" / "a.txt").unlink()
    assert run(replace(asked, reinstall=frozenset({"a"}))).linked == ("a",)
    assert (asked.prefix / "share" / "a.txt").exists()
    assert sorted(run(replace(asked, reinstall="all")).linked) == ["a", "b"]


def test_a_moved_workspace_links_anew_what_holds_its_path(channel: Path, root: Path, cache: Path) -> None:
    tool = conda_package(channel, "tool", files={"bin/tool": f"#!{PLACEHOLDER}/bin/sh\n".encode()})
    plain = conda_package(channel, "plain")
    run(request(root, (tool, plain), cache=cache))
    root.rename(root.with_name("moved"))
    asked = request(root.with_name("moved"), (tool, plain), cache=cache)
    assert "moved" in state(asked.prefix, asked.environment, asked.lock, asked.platform, root).reason
    report = run(replace(asked, quick=True))
    assert report.linked == ("tool",)
    assert (asked.prefix / "bin" / "tool").read_text() == f"#!{asked.prefix}/bin/sh\n"
    assert not markers.has_moved(asked.prefix)


def test_filters_leave_packages_out_and_say_so_in_the_marker(channel: Path, root: Path, cache: Path) -> None:
    app = conda_package(channel, "app", depends=("lib >=1", "data"))
    lib = conda_package(channel, "lib", depends=("base",))
    packages = (app, lib, conda_package(channel, "data"), conda_package(channel, "base"))
    for filters, expected in (
        (Filters(skip=frozenset({"lib", "nope"})), ["app", "base", "data"]),
        (Filters(skip_with_deps=frozenset({"lib"})), ["app", "data"]),
        (Filters(only=frozenset({"lib"})), ["base", "lib"]),
    ):
        shutil.rmtree(root, ignore_errors=True)
        asked = request(root, packages, cache=cache, filters=filters)
        events: list[Event] = []
        assert sorted(run(asked, events).linked) == expected
        assert any(isinstance(e, Warn) and "nope" in e.text for e in events) == ("nope" in filters.skip)
        marker = markers.read_marker(asked.prefix)
        assert marker is not None and marker.hash == markers.INVALID_HASH
        assert markers.read_fingerprint(asked.prefix) == request(root, packages, cache=cache).wanted.fingerprint


def test_by_accident_hashes_nothing(channel: Path, root: Path, cache: Path) -> None:
    asked = request(root, (conda_package(channel, "a"),), cache=cache, by_accident=True)
    run(asked)
    marker = markers.read_marker(asked.prefix)
    assert marker is not None and marker.hash == digests.NOTHING


def test_empty_environment(root: Path, cache: Path) -> None:
    asked = request(root, (), cache=cache)
    run(asked)
    assert markers.read_fingerprint(asked.prefix) == digests.NOTHING
    assert (asked.prefix / "CACHEDIR.TAG").exists()


def test_requirements_of_the_machine(channel: Path, root: Path, cache: Path) -> None:
    gpu = conda_package(channel, "gpu", depends=("__cuda >=12",))
    asked = request(root, (gpu,), cache=cache, host=VIRTUAL)
    with pytest.raises(UnsupportedPlatform, match=r"Virtual package '__cuda >=12' does not match any") as caught:
        run(asked)
    assert "gpu asks for it" in str(caught.value.help)
    assert not asked.prefix.exists()
    run(replace(asked, host=(*VIRTUAL, VirtualPackage("__cuda", "12.4"))))


def test_source_packages_are_handed_on(root: Path, cache: Path) -> None:
    source = Package("conda_source", "mine[1234abcd] @ ./mine", {})
    with pytest.raises(UnsupportedFeature, match="mine"):
        run(request(root, (source,), cache=cache))


def test_downloads_are_told_with_bytes_and_the_cache_serves_offline(
    channel: Path, root: Path, cache: Path, server: str
) -> None:
    a = conda_package(channel, "a", url=server, files={"big": os.urandom(300_000)})
    asked = request(root, (a,), cache=cache)
    with pytest.raises(NetworkError, match=r"offline.*a 1\.0"):
        run(replace(asked, offline=True))
    events: list[Event] = []
    run(asked, events)
    told = [e for e in events if isinstance(e, Progress) and e.phase == "download"]
    assert told[-1].item == "a" and told[-1].done == 1 and told[-1].bytes_done == int(a.fields["size"])
    shutil.rmtree(root)
    shutil.rmtree(channel)
    assert run(replace(request(root, (a,), cache=cache), offline=True)).linked == ("a",)


def failing(channel: Path, server: str) -> Iterator[tuple[str, Package, type[Exception], str]]:
    good = conda_package(channel, "a", url=server)
    yield "hash", Package("conda", good.location, {**good.fields, "sha256": "0" * 64}), InstallError, r"a 1\.0.*SHA-256"
    yield "gone", Package("conda", f"{server}/noarch/b-1.0-0.tar.bz2", {}), NetworkError, r"b 1\.0.*404"
    yield "refused", Package("conda", "http://127.0.0.1:9/noarch/c-1-0.tar.bz2", {}), NetworkError, r"^c 1 could not"
    (channel / "noarch" / "d-1-0.tar.bz2").write_bytes(b"no archive")
    yield "corrupt", Package("conda", f"{server}/noarch/d-1-0.tar.bz2", {}), InstallError, r"archive of d 1 cannot"
    yield (
        "local",
        Package("conda", (channel / "noarch" / "e-1-0.tar.bz2").as_uri(), {}),
        InstallError,
        r"e 1 is not there",
    )


def test_failures_name_the_package_and_leave_the_prefix_as_it_was(
    channel: Path, root: Path, cache: Path, server: str
) -> None:
    installed = conda_package(channel, "z")
    first = request(root, (installed,), cache=cache)
    run(first)
    before = contents(first.prefix)
    for _, package, kind, message in failing(channel, server):
        asked = request(root, (installed, package), cache=cache)
        with pytest.raises(kind, match=message):
            run(asked)
        assert contents(asked.prefix) == before
    assert not run(first).changed


def test_a_failure_after_the_first_link_leaves_a_repairable_prefix(channel: Path, root: Path, cache: Path) -> None:
    first = request(root, (conda_package(channel, "z"),), cache=cache)
    run(first)
    in_the_way = first.prefix / "share/b.txt"
    in_the_way.mkdir()  # a folder where a file has to go
    asked = request(root, (conda_package(channel, "b"),), cache=cache)
    with pytest.raises(InstallError):
        run(asked)
    marker = markers.read_marker(asked.prefix)
    assert marker is not None and marker.hash == markers.INVALID_HASH
    assert markers.read_fingerprint(asked.prefix) == markers.INSTALLING
    assert statefile.read_state(asked.prefix) is None
    in_the_way.rmdir()
    run(first)
    assert markers.read_marker(first.prefix) == first.marker


def test_a_local_archive_that_is_not_the_locked_one(channel: Path, root: Path, cache: Path) -> None:
    a = conda_package(channel, "a")
    conda_package(channel, "a", files={"other": b"x"})
    with pytest.raises(InstallError, match=r"a 1\.0 is not the one in the lock file") as caught:
        run(request(root, (a,), cache=cache))
    assert caught.value.code == "hash-mismatch"


def test_a_read_only_cache_without_every_package(channel: Path, root: Path, cache: Path) -> None:
    said = "failed to install\nCaused by: no eligible writable layers to cache package to"
    asked = request(root, (conda_package(channel, "a"),), cache=cache)
    error = translate(said, asked.wanted, asked.prefix)
    assert error.code == "cache-read-only" and "PIXI_CACHE_DIR" in (error.help or "")


def test_cancelling_a_download_leaves_the_prefix_as_it_was(channel: Path, root: Path, cache: Path) -> None:
    slow = threading.Event()

    class Stuck(Quiet):
        def do_GET(self) -> None:
            slow.wait(20)

    async def stop() -> None:
        task = asyncio.create_task(install(asked, silent))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with loopback(Stuck) as url:
        a = conda_package(channel, "a", url=url)
        asked = request(root, (a,), cache=cache)
        asyncio.run(stop())
        slow.set()
    assert state(asked.prefix, asked.environment, asked.lock, asked.platform, root).state == "not-installed"
    again = request(root, (conda_package(channel, "a"),), cache=cache)
    assert run(again).linked == ("a",)


def test_waits_for_another_install_and_says_so(channel: Path, root: Path, cache: Path) -> None:
    asked = request(root, (conda_package(channel, "a"),), cache=cache)
    events: list[Event] = []

    async def both() -> InstallReport:
        async with guard(asked.prefix, "default", silent):
            with pytest.raises(InstallError, match="another process"):
                await install(replace(asked, wait=False), silent)
            task = asyncio.create_task(install(asked, events.append))
            await asyncio.sleep(0.3)
            assert not task.done()
        return await task

    assert asyncio.run(both()).linked == ("a",)
    assert isinstance(events[0], Phase) and events[0].phase == "wait"


def test_a_file_system_without_locks_is_told(
    channel: Path, root: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_lock(fd: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(system, "_os_lock", no_lock)
    events: list[Event] = []
    asked = request(root, (conda_package(channel, "a"),), cache=cache)
    assert run(asked, events).linked == ("a",)
    assert any(isinstance(e, Warn) and e.code == "no-locks" for e in events)
    assert markers.read_fingerprint(asked.prefix) == asked.wanted.fingerprint


def test_detached_environments_get_a_link(channel: Path, root: Path, cache: Path, tmp_path: Path) -> None:
    from jupyter_pixi.prefix import paths

    folder = paths.environments_folder(root, "ws", tmp_path / "elsewhere", None)
    assert folder.parent.name.startswith("ws-") and folder.parent.name[3:].isdigit()
    asked = replace(request(root, (conda_package(channel, "a"),), cache=cache), prefix=folder / "default")
    run(asked)
    assert (root / ".pixi" / "envs").readlink() == folder
    assert (root / ".pixi" / "envs" / "default" / "share" / "a.txt").exists()


async def test_a_prefix_that_is_a_link_to_nothing_is_said_to_be_one(tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    prefix.symlink_to(tmp_path / "gone")
    with pytest.raises(InstallError, match=r"prefix is a link to .*gone, which is not there"):
        async with guard(prefix, "default", silent):
            pass
