"""Archives: what is unpacked, what tries to get out, what passes for an installation, and how they are fetched."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from jupyter_pixi.errors import InstallError, NetworkError, PixiError, Refused
from jupyter_pixi.operations.sharing import launch_archive, launch_download
from jupyter_pixi.operations.sharing.launch_archive import unpack
from jupyter_pixi.operations.sharing.launch_fetch import advance, fetch
from jupyter_pixi.operations.sharing.launch_members import check_link, is_made_here
from jupyter_pixi.operations.sharing.launch_target import Rules, Target, parse
from support.loopback import Quiet, loopback


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
    monkeypatch.setattr(launch_archive, "MAX_FILES", 1)
    with pytest.raises(Refused, match="more than"):
        fetch(Target("archive", str(archive)), tmp_path / "other", print)
    assert not (tmp_path / "other").exists(), "what failed leaves nothing"


@pytest.mark.parametrize("form", ["w", "w:gz", "w:bz2", "w:xz"])
def test_every_form_of_tar(tmp_path: Path, form: str):
    with tarfile.open(tmp_path / "a.tar", form) as tar:
        for name, mode in (("top/run.sh", 0o4755), ("top/data", 0o666)):
            info = tarfile.TarInfo(name)
            info.size, info.mode = 100_000, mode
            tar.addfile(info, io.BytesIO(b"x" * 100_000))
    unpack(tmp_path / "a.tar", tmp_path / "in")
    assert (tmp_path / "in/top/data").stat().st_size == 100_000
    assert stat.S_IMODE((tmp_path / "in/top/run.sh").stat().st_mode) == 0o755, "no set-user-id"


def zip_of(path: Path, **members: tuple[str, int]) -> Path:
    with zipfile.ZipFile(path, "w") as packed:
        for name, (text, mode) in members.items():
            info = zipfile.ZipInfo(name.replace("__", "/"))
            info.external_attr = mode << 16
            packed.writestr(info, text)
    return path


def test_links_inside_are_kept_and_nothing_is_written_through_one(tmp_path: Path):
    link = stat.S_IFLNK | 0o777
    archive = zip_of(tmp_path / "a.zip", latest=("data", link), data__x=("1", 0), data__back=("../data/x", link))
    unpack(archive, tmp_path / "in")
    assert (tmp_path / "in/latest/back").read_text() == "1"
    for odd in ({"d": ("sub", link), "d__x": ("1", 0)}, {"d": ("sub", link), "d__l": ("x", link)}):
        with pytest.raises(PixiError):
            unpack(zip_of(tmp_path / "b.zip", sub__y=("1", 0), **odd), tmp_path / "out")


@pytest.mark.parametrize(
    ("path", "target"),
    [("a", "/etc"), ("a", ".."), ("a/b", "../.."), ("a/b", "c/../../d"), ("a", "b/../../x"), ("a", "..\\..\\x")],
)
def test_links_that_lead_out(path: str, target: str):
    with pytest.raises(Refused, match="leads out"):
        check_link(path, target)
    check_link("a/b/c", "../../x")
    check_link("a", "./b/c")


def test_what_only_this_machine_makes_is_left_out(tmp_path: Path):
    members = {".pixi__envs__default__bin__python": "x", ".pixi__config.toml": "y", "w__.PIXI__jupyter-pixi__j": "x"}
    members |= {".git__config": "x", "pixi.toml": "z", "w__.git__hooks__post-checkout": "x"}
    said: list[str] = []
    unpack(zip_of(tmp_path / "a.zip", **{k: (v, 0) for k, v in members.items()}), tmp_path / "in", said.append)
    found = {str(p.relative_to(tmp_path / "in")) for p in (tmp_path / "in").rglob("*") if p.is_file()}
    assert found == {"pixi.toml", ".pixi/config.toml"}
    assert said == ["Left out of what was unpacked: what is below .PIXI and .git and .pixi."]
    assert is_made_here("a/.pixi", is_file=False)
    assert not is_made_here("a/.pixi/config.toml")


def test_what_is_larger_than_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(launch_archive, "MAX_BYTES", 1000)
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        info = tarfile.TarInfo("x")
        info.size = 2000
        tar.addfile(info, io.BytesIO(b"0" * 2000))
    with pytest.raises(Refused, match="more than"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "in")
    monkeypatch.setattr(launch_archive, "MAX_READ", 1000)
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz", pax_headers={"comment": "0" * 5000}) as tar:
        tar.addfile(tarfile.TarInfo("x"))
    with pytest.raises(Refused, match="more than"):
        unpack(tmp_path / "b.tar.gz", tmp_path / "in")


@pytest.mark.parametrize("cut", [10, 200])
def test_an_archive_that_is_cut(tmp_path: Path, cut: int):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        tar.add(__file__, "x")
    (tmp_path / "b.tar.gz").write_bytes((tmp_path / "a.tar.gz").read_bytes()[:cut])
    with pytest.raises(InstallError, match=r"b\.tar\.gz cannot be unpacked"):
        unpack(tmp_path / "b.tar.gz", tmp_path / "in")


class Archives(Quiet):
    """Serves one archive, redirects, and what is not one."""

    content = b""

    def do_GET(self) -> None:
        """By the first part of the path."""
        kind = self.path.strip("/").split("/")[0]
        if kind == "missing":
            self.send_error(404)
            return
        self.send_response(302 if kind in ("away", "on", "loop") else 200)
        if kind in ("away", "on", "loop"):
            where = {"away": "http://evil.example/x.zip", "on": "/good/x.zip", "loop": "/loop/x.zip"}
            self.send_header("Location", where[kind])
            self.end_headers()
            return
        length = {"long": 1 << 40, "cut": len(self.content) + 10}.get(kind, len(self.content))
        if kind != "endless":
            self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(self.content if kind != "endless" else self.content * 50)


@pytest.fixture
def archives(tmp_path: Path) -> Iterator[str]:
    content = zip_of(tmp_path / "s.zip", **{"top__pixi.toml": ("x", 0)}).read_bytes()
    with loopback(Archives, content=content) as url:
        yield url


def test_an_archive_behind_an_address(archives: str, tmp_path: Path):
    said: list[str] = []
    for kind in ("good", "on"):
        target = parse(f"{archives}/{kind}/x.zip?key=secret")
        place = fetch(target, tmp_path / kind, said.append)
        assert (place / "pixi.toml").read_text() == "x"
    (place / "pixi.toml").write_text("mine")
    assert fetch(target, tmp_path / "on", said.append) == place
    advance(target, place, tmp_path / "good", said.append)
    assert (place / "pixi.toml").read_text() == "mine", "what is there stays"
    assert "stays as it is" in said[-1]
    assert "secret" not in "".join(said)
    with pytest.raises(Refused, match="not unpacked from"):
        fetch(parse(f"{archives}/good/x.zip"), tmp_path / "on", said.append)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "404"),
        ("away", "evil.example|not fetched from"),
        ("loop", "cannot be fetched"),
        ("long", "larger than"),
        ("endless", "larger than"),
        ("cut", "connection ended after"),
    ],
)
def test_an_archive_that_is_not_fetched(
    archives: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, said: str
):
    monkeypatch.setattr(launch_download, "MAX_BYTES", 2000)
    rules = Rules(hosts=("example.org",))
    with pytest.raises((Refused, NetworkError, InstallError), match=said) as caught:
        fetch(parse(f"{archives}/{kind}/x.zip", rules=rules), tmp_path / "in", print, rules=rules)
    assert str(tmp_path) not in caught.value.text()
    assert not (tmp_path / "in").exists()


def test_nobody_answers(tmp_path: Path):
    with pytest.raises(NetworkError, match="cannot be fetched"):
        fetch(Target("archive", "http://127.0.0.1:9/x.zip"), tmp_path / "in", print)


def test_an_archive_has_the_checksum_of_its_address(archives: str, tmp_path: Path):
    local = tmp_path / "s.zip"
    right = hashlib.sha256(local.read_bytes()).hexdigest()
    for number, address in enumerate((str(local), f"{archives}/good/x.zip")):
        where = fetch(parse(f"{address}#sha256={right}"), tmp_path / f"right-{number}", print)
        assert (where / "pixi.toml").read_text() == "x"
        with pytest.raises(Refused, match=rf"its sha256 is {right}, not {'0' * 64}"):
            fetch(parse(f"{address}#sha256={'0' * 64}"), tmp_path / f"wrong-{number}", print)
        assert not (tmp_path / f"wrong-{number}").exists()


class Records(Quiet):
    """A stand-in for Zenodo: record 1 leads to 2, its newest version, which has an archive among its files."""

    content = b""
    files: list[dict[str, object]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        """The API, and the files."""
        if self.path == "/api/records/1":
            self.send_response(301)
            self.send_header("Location", "/api/records/2")
            self.end_headers()
            return
        known = {"/api/records/2": json.dumps({"files": self.files}).encode(), "/api/records/3": b"<html>"}
        body = known.get(self.path, self.content if self.path.startswith("/records/2/files/") else None)
        self.send_response(200 if body is not None else 404)
        self.end_headers()
        self.wfile.write(body or b"")


def record(tmp_path: Path, *files: dict[str, object]) -> AbstractContextManager[str]:
    content = zip_of(tmp_path / "s.zip", **{"top__pixi.toml": ("x", 0)}).read_bytes()
    return loopback(Records, content=content, files=list(files))


def test_a_record_is_its_one_archive_with_its_checksum(tmp_path: Path):
    files = [{"key": "README.md", "checksum": "md5:0"}, {"key": "we ather.zip", "checksum": "md5:" + "0" * 32}]
    with record(tmp_path, *files) as url:
        with pytest.raises(Refused, match="its md5 is"):
            fetch(parse(f"{url}/records/1"), tmp_path / "in", print)
        assert not (tmp_path / "in").exists()
        files[1]["checksum"] = "md5:" + hashlib.md5((tmp_path / "s.zip").read_bytes()).hexdigest()
    with record(tmp_path, *files) as url:
        target = parse(f"{url}/records/1")
        where = fetch(target, tmp_path / "in", print)
        assert (where / "pixi.toml").read_text() == "x"
        assert fetch(target, tmp_path / "in", print) == where, "it stays as it is"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ([], "no file that is one"),
        ([{"key": "a.zip"}, {"key": "b.tar.gz"}], r"but a\.zip, b\.tar\.gz"),
        ([{"key": "../../x.zip"}], "no file that is one"),
        ([{"name": "x.zip"}], "does not answer as a record"),
        (["x.zip"], "does not answer as a record"),
    ],
)
def test_a_record_without_one_archive(tmp_path: Path, files: list[Any], said: str):
    with record(tmp_path, *files) as url, pytest.raises((Refused, NetworkError), match=said):
        fetch(parse(f"{url}/records/2"), tmp_path / "in", print)


def test_what_is_no_record(tmp_path: Path):
    with record(tmp_path) as url:
        for number, said in ((3, "does not answer as a record"), (4, "404")):
            with pytest.raises(NetworkError, match=said):
                fetch(parse(f"{url}/records/{number}"), tmp_path / "in", print)
