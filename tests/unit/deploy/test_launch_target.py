"""What may be launched, and what is refused; archives that try to get out; clones that keep what is the user's."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest
from jupyter_pixi.errors import PixiError, Refused
from jupyter_pixi.operations import launch_fetch
from jupyter_pixi.operations.launch_fetch import advance, fetch, unpack
from jupyter_pixi.operations.launch_target import FOR_LINKS, Rules, Target, host_allowed, inside, parse
from support.git_server import git, publish


@pytest.mark.parametrize(
    ("text", "address", "name"),
    [
        ("https://github.com/me/weather.git", "https://github.com/me/weather.git", "weather"),
        ("gh:me/weather", "https://github.com/me/weather", "weather"),
        ("git@github.com:me/weather.git", "git@github.com:me/weather.git", "weather"),
        ("ssh://git@example.org:22/me/weather", "ssh://git@example.org:22/me/weather", "weather"),
        ("http://127.0.0.1:8000/x%20y", "http://127.0.0.1:8000/x%20y", "x-y"),
    ],
)
def test_addresses_that_are_fetched(text: str, address: str, name: str):
    found = parse(text, ref="feature/x-1", subfolder="a/./b")
    assert (found.kind, found.address, found.name) == ("git", address, name)
    assert (found.ref, found.subfolder) == ("feature/x-1", "a/b")


@pytest.mark.parametrize(
    "text",
    [
        *("", "-x", "--upload-pack=x", "ext::sh -c x", "fd::17/x", "file:///etc", "git://h/x", "ftp://h/x"),
        *("http://example.org/x", "https:///x", "https://h", "https://-h/x", "https://u:p@h/x", "https://token@h/x"),
        *("https://h/x?y=z", "https://h/x#y", "https://h/-x", "https://h:99999/x", "https://h/a\nb", "https://h/a b"),
        *("ssh://-oProxyCommand=x/y", "-oProxyCommand=x:y", "a@-h:x", "https://[::1/x", "/does/not/exist"),
        "ssh://-u@h/x",
    ],
)
def test_addresses_that_are_refused(text: str):
    with pytest.raises(Refused):
        parse(text)


@pytest.mark.parametrize("ref", ["-x", "a..b", "a b", "a~1", "x.lock", "a//b", "@{u}", "x:y", "a/", ".x", "a/.b", "^x"])
def test_refs_that_are_refused(ref: str):
    with pytest.raises(Refused):
        parse("https://h/x", ref=ref)


@pytest.mark.parametrize("path", ["..", "a/../../b", "/etc", "-x", ".git", "a/.git/hooks", "a\\b", "C:/x", "a\0b"])
def test_paths_that_lead_out(path: str):
    with pytest.raises(Refused):
        parse("https://h/x", subfolder=path)


def test_links_may_name_less():
    assert parse("https://github.com/a/b", rules=FOR_LINKS).address
    for text in ("https://example.org/a/b", "http://127.0.0.1/a", "/tmp", "https://github.com.example.org/a/b"):
        with pytest.raises(Refused):
            parse(text, rules=FOR_LINKS)
    assert host_allowed("git.example.org", ["*.example.org"])
    assert not host_allowed("example.org.evil", ["*.example.org", "example.org"])
    assert not host_allowed("notexample.org", ["*.example.org"])
    with pytest.raises(Refused, match=r"not fetched from example\.org here"):
        parse("https://example.org/a/b", rules=Rules(hosts=("github.com",)))


def test_a_link_in_the_target_does_not_lead_out(tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/out").symlink_to(tmp_path)
    with pytest.raises(Refused, match="leads out"):
        inside(tmp_path / "in", "out")
    with pytest.raises(PixiError, match="There is no"):
        inside(tmp_path / "in", "missing")


def tar_of(path: Path, *members: tuple[str, bytes, str]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, kind, link in members:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, link, 1 if kind == tarfile.REGTYPE else 0
            tar.addfile(info, io.BytesIO(b"x"))
    return path


@pytest.mark.parametrize(
    "member",
    [
        *(("../x", tarfile.REGTYPE, ""), ("/etc/x", tarfile.REGTYPE, ""), ("a/../../x", tarfile.REGTYPE, "")),
        *(("x", tarfile.SYMTYPE, "/etc"), ("x", tarfile.LNKTYPE, "y"), ("x", tarfile.FIFOTYPE, "")),
        ("x", tarfile.CHRTYPE, ""),
    ],
)
def test_hostile_tars(tmp_path: Path, member):
    archive = tar_of(tmp_path / "a.tar", ("good", tarfile.REGTYPE, ""), member)
    with pytest.raises(Refused):
        unpack(archive, tmp_path / "in/there")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a.tar", "good", "in", "there"]


def test_hostile_zips(tmp_path: Path):
    for name, mode in (("../x", 0), ("x", 0o120777)):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            packed.writestr(info, "/etc")
        with pytest.raises(Refused):
            unpack(tmp_path / "a.zip", tmp_path / "in")
    (tmp_path / "b.zip").write_bytes(b"no archive")
    with pytest.raises(PixiError, match="cannot be unpacked"):
        unpack(tmp_path / "b.zip", tmp_path / "in")


def test_an_archive_of_one_folder_is_that_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    archive = tar_of(tmp_path / "a.tar", ("top", tarfile.DIRTYPE, ""), ("top/x", tarfile.REGTYPE, ""))
    place = fetch(Target("archive", str(archive)), tmp_path / "in", print)
    assert place == tmp_path / "in/top"
    monkeypatch.setattr(launch_fetch, "MAX_FILES", 1)
    with pytest.raises(Refused, match="more than"):
        fetch(Target("archive", str(archive)), tmp_path / "other", print)
    assert not (tmp_path / "other").exists(), "what failed leaves nothing"


def test_a_clone_runs_no_hook_and_keeps_commits_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    (tmp_path / "template/hooks").mkdir(parents=True)
    hook = tmp_path / "template/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    (tmp_path / "gitconfig").write_text(f"[init]\n\ttemplateDir = {tmp_path}/template\n")
    source, bare, place = tmp_path / "source", tmp_path / "x.git", tmp_path / "place"
    source.mkdir()
    (source / "a").write_text("1")
    publish(source, bare)
    target = Target("git", str(bare))
    said: list[str] = []
    fetch(target, place, said.append)
    assert not (tmp_path / "ran").exists()
    (source / "a").write_text("2")
    publish(source, bare)
    fetch(target, tmp_path / "again", said.append)
    advance(place, tmp_path / "again", target, said.append)
    assert (place / "a").read_text() == "2"
    (place / "b").write_text("mine")
    git(place, "add", "b")
    git(place, "-c", "user.name=me", "-c", "user.email=me@example.org", "commit", "--quiet", "-m", "mine")
    (source / "a").write_text("3")
    publish(source, bare)
    fetch(target, place, said.append)
    assert "has commits of its own" in said[-1]
    assert (place / "b").read_text() == "mine"
    with pytest.raises(Refused, match="is a clone of"):
        fetch(Target("git", "https://h/other"), place, said.append)
