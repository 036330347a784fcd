"""What may be launched, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_pixi.errors import PixiError, Refused
from jupyter_pixi.operations.sharing.launch_target import FOR_LINKS, Rules, check_redirect, host_allowed, inside, parse


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
    ("text", "address", "ref", "folder"),
    [
        ("https://github.com/me/x/tree/main/a/b", "https://github.com/me/x", "main", "a/b"),
        ("https://github.com/me/x/tree/v1.2", "https://github.com/me/x", "v1.2", ""),
        ("https://gitlab.com/g/s/x/-/tree/main/a/", "https://gitlab.com/g/s/x", "main", "a"),
    ],
)
def test_the_page_of_a_folder_is_the_folder(text: str, address: str, ref: str, folder: str):
    found = parse(text, rules=FOR_LINKS)
    assert (found.address, found.ref, found.subfolder) == (address, ref, folder)
    assert parse(text, subfolder="c").subfolder == f"{folder}/c".lstrip("/")
    slash = parse("https://github.com/me/x/tree/feature/y/a", ref="feature/y")
    assert (slash.ref, slash.subfolder) == ("feature/y", "a")
    with pytest.raises(Refused, match="not a page at"):
        parse(text, ref="other")
    for odd in ("https://github.com/me/x/tree/main/../../y", "https://github.com/me/x/tree/--upload-pack=x"):
        with pytest.raises(Refused):
            parse(odd)


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


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://github.com/me/weather/archive/refs/heads/main.zip", "main"),
        ("https://gitlab.com/me/weather/-/archive/main/weather-main.tar.gz", "weather-main"),
        ("https://zenodo.org/records/1/files/weather.tar.xz?download=1", "weather"),
        ("http://127.0.0.1:8000/Weather.TAR.GZ", "Weather.TAR.GZ"),
    ],
)
def test_archives_behind_an_address(text: str, name: str):
    found = parse(text, subfolder="a", rules=Rules(hosts=("github.com", "gitlab.com", "zenodo.org"), local=False))
    assert (found.kind, found.address, found.name, found.subfolder) == ("archive", text, name, "a")
    assert "?" not in found.shown


@pytest.mark.parametrize(
    "text",
    [
        *("http://example.org/x.zip", "file:///x.zip", "ssh://example.org/x.zip", "ftp://example.org/x.zip"),
        *("https://u:p@example.org/x.zip", "https://example.org/x.zip#y", "https://-h/x.zip", "https:///x.zip"),
    ],
)
def test_archives_that_are_not_fetched(text: str):
    with pytest.raises(Refused):
        parse(text)


def test_an_archive_has_no_ref():
    with pytest.raises(Refused, match="belongs to a git repository"):
        parse("https://example.org/x.zip", ref="main")


def test_where_an_archives_server_may_send_on():
    old = "https://github.com/me/x/archive/main.zip"
    check_redirect(old, "https://codeload.github.com/me/x/zip/refs/heads/main", FOR_LINKS)
    check_redirect(old, "https://example.org/x?key=1", Rules())
    for new in ("https://example.org/x", "http://github.com/x", "file:///etc/passwd", "https://u:p@github.com/x"):
        with pytest.raises(Refused):
            check_redirect(old, new, FOR_LINKS)
    with pytest.raises(Refused, match="not encrypted"):
        check_redirect(old, "http://127.0.0.1/x", Rules())
    with pytest.raises(Refused, match="codeload"):
        parse("https://codeload.github.com/me/x.zip", rules=FOR_LINKS)


SHA = "0123456789ABCDEF" * 4


def test_a_checksum_stands_behind_the_address():
    found = parse(f"https://example.org/x.zip?key=1#sha256={SHA}")
    assert (found.address, found.digest) == ("https://example.org/x.zip?key=1", f"sha256:{SHA.lower()}")
    assert parse(f"doi:10.5281/zenodo.7#md5={SHA[:32]}").digest == f"md5:{SHA[:32].lower()}"


@pytest.mark.parametrize("hashed", ["sha256=", f"sha256={SHA[1:]}", f"sha256={SHA[1:]}x", f"crc32={SHA}", "egg=x"])
def test_checksums_that_are_none(hashed: str):
    with pytest.raises(Refused, match="not the checksum"):
        parse(f"https://example.org/x.zip#{hashed}")


def test_a_checksum_is_not_for_a_repository(tmp_path: Path):
    with pytest.raises(Refused, match="belongs to an archive"):
        parse(f"https://example.org/x#sha256={SHA}")
    odd = tmp_path / "a#b"
    odd.mkdir()
    assert parse(str(odd)).address == str(odd)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "10.5281/zenodo.123",
            "doi:10.5281/zenodo.123",
            "https://doi.org/10.5281/zenodo.123",
            "DOI:10.5281/Zenodo.123",
        ),
        *("https://zenodo.org/records/123", "https://zenodo.org/record/123/"),
    ],
)
def test_a_record_of_zenodo(text: str):
    found = parse(text, subfolder="a", rules=FOR_LINKS)
    assert (found.kind, found.address) == ("record", "https://zenodo.org/records/123")
    assert (found.name, found.subfolder, found.digest) == ("record-123", "a", "")


@pytest.mark.parametrize("text", ["10.1000/182", "doi:10.5281/zenodo.x", "https://doi.org/10.6084/m9.figshare.1"])
def test_dois_that_are_not_understood(text: str):
    with pytest.raises(Refused, match="no DOI of Zenodo"):
        parse(text)


def test_a_record_comes_from_allowed_hosts_only():
    with pytest.raises(Refused, match="not fetched from"):
        parse("10.5281/zenodo.1", rules=Rules(hosts=("github.com",), local=False))
    with pytest.raises(Refused):
        parse("http://127.0.0.1:9/records/1", rules=FOR_LINKS)
    with pytest.raises(Refused, match="belongs to a git repository"):
        parse("10.5281/zenodo.1", ref="main")
