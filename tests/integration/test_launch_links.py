"""Launches: from a terminal and from a link, with consent before anything runs, and nothing of the user's lost."""

from __future__ import annotations

import http.cookiejar
import json
import re
import shutil
import sys
import tarfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest
from jupyter_pixi.system import FileLock
from support.git_server import git, git_server, publish
from support.homes import make_home
from support.jupyter_server import TOKEN, Running, jupyter_server
from support.loopback import Quiet, loopback
from support.servers import server
from support.workspaces import Workspace

MANIFEST = """\
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}"]

[dependencies]
python = "*"
ipykernel = "*"

[activation]
scripts = ["mark.sh"]
"""
NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def source(workspace, tmp_path: Path):
    """A repository that would leave a file behind if anything of it ran."""
    made = workspace(MANIFEST, name="shared")
    (made.root / "mark.sh").write_text(f"touch {tmp_path}/it-ran\n")
    (made.root / "tour.ipynb").write_text(json.dumps(NOTEBOOK))
    made.do("lock")
    (made.root / ".gitignore").write_text(".pixi\n")
    shutil.rmtree(made.root / ".pixi", ignore_errors=True)
    return made


def test_a_bare_repository_is_opened_after_consent(source, engine, tmp_path: Path):
    publish(source.root, tmp_path / "repositories/shared.git")
    target = str(tmp_path / "repositories/shared.git")
    place = tmp_path / "place"
    asked = engine("launch", target, "--path", str(place), "--no-lab")
    assert asked.returncode == 1
    assert "without consent" in asked.stderr
    assert "mark.sh" in asked.stderr, "what would run is shown"
    assert "default: 3" in asked.stderr, "and how much would be installed"
    assert not (tmp_path / "it-ran").exists()
    assert not (place / ".pixi").exists()
    agreed = engine("launch", target, "--path", str(place), "--no-lab", "--yes", "--json")
    assert agreed.returncode == 0, agreed.stderr
    document = json.loads(agreed.stdout)
    assert document["opened"] == "tour.ipynb"
    assert (place / ".pixi/envs/default/bin/python").exists()


def test_a_ref_a_subfolder_and_what_the_user_changed(source, engine, tmp_path: Path):
    bare = tmp_path / "repositories/shared.git"
    first = publish(source.root, bare)
    (source.root / "tour.ipynb").write_text(json.dumps(NOTEBOOK | {"nbformat_minor": 4}))
    publish(source.root, bare)
    place = tmp_path / "place"
    done = engine("launch", str(bare), "--ref", first, "--path", str(place), "--no-lab")
    assert "without consent" in done.stderr
    assert git(place, "rev-parse", "HEAD") == first
    engine("launch", str(bare), "--path", str(place), "--no-lab")
    assert git(place, "rev-parse", "HEAD") != first, "a clean clone moves forward"
    (place / "tour.ipynb").write_text("mine")
    (source.root / "other.txt").write_text("new")
    publish(source.root, bare)
    done = engine("launch", str(bare), "--path", str(place), "--no-lab")
    assert "because you changed it" not in done.stderr, "the new commit has nothing where you changed"
    assert (place / "other.txt").read_text() == "new"
    (source.root / "tour.ipynb").write_text("theirs")
    publish(source.root, bare)
    done = engine("launch", str(bare), "--path", str(place), "--no-lab")
    assert "because you changed it: tour.ipynb" in done.stderr
    assert (place / "tour.ipynb").read_text() == "mine"
    assert engine("launch", str(bare), "--subfolder", "../..", "--no-lab").returncode == 1


def test_an_archive_is_unpacked_and_a_hostile_one_is_not(source, engine, tmp_path: Path):
    archive = tmp_path / "shared.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(source.root, "shared-main", filter=lambda i: None if "/.git" in i.name else i)
    done = engine("launch", str(archive), "--path", str(tmp_path / "a"), "--no-lab")
    assert "without consent" in done.stderr
    assert (tmp_path / "a/shared-main/pixi.toml").is_file()
    with tarfile.open(archive, "w:gz") as tar:
        link = tarfile.TarInfo("out")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(link)
    done = engine("launch", str(archive), "--path", str(tmp_path / "b"), "--no-lab")
    assert done.returncode == 1
    assert "is a link" in done.stderr
    assert not (tmp_path / "b").exists()


def test_what_cannot_be_launched_leaves_no_temporary_folder(engine, tmp_path: Path, isolated_home):
    (tmp_path / "temporary").mkdir()
    (tmp_path / "empty").mkdir()
    isolated_home.environ["TMPDIR"] = str(tmp_path / "temporary")
    shutil.make_archive(str(tmp_path / "x"), "zip", tmp_path / "empty")
    for target, said in ((tmp_path / "x.zip", "no Pixi workspace"), ("http://127.0.0.1:9/x.zip", "cannot be fetched")):
        done = engine("launch", str(target))
        assert done.returncode == 1
        assert said in done.stderr
    assert not list((tmp_path / "temporary").glob("jupyter-pixi-*"))
    assert engine("launch", str(tmp_path / "empty")).returncode == 1
    assert (tmp_path / "empty").is_dir(), "a folder of the user's is not ours to remove"


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c touch% /tmp/x",
        "--upload-pack=touch /tmp/x",
        "file:///etc",
        "https://user:secret@example.org/x",
        "ssh://-oProxyCommand=x/y",
        "git://example.org/x",
    ],
)
def test_hostile_targets_are_refused(engine, tmp_path: Path, address: str):
    done = engine("launch", "--no-lab", "--yes", "--", address)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stdout


def test_a_terminal_is_asked_and_no_means_no(source, isolated_home):
    command = ["-P", "-m", "jupyter_pixi", "launch", str(source.root), "--no-lab"]
    asked = pexpect.spawn(sys.executable, command, env=isolated_home.environ, timeout=60, encoding="utf-8")
    asked.expect("mark.sh")
    asked.expect(r"\[y/N\]")
    asked.sendline("n")
    asked.expect("Nothing was installed")
    asked.wait()
    assert asked.exitstatus == 1
    assert not source.prefix().exists()


class Client:
    """A browser without a screen: keeps cookies, follows redirects, submits the one form of a page."""

    def __init__(self, url: str) -> None:
        self.url = url
        jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self.get(f"api/status?token={TOKEN}")

    def get(self, path: str) -> tuple[int, str, str]:
        return self._open(urllib.request.Request(urllib.parse.urljoin(self.url, path)))

    def launch(self, repo: str, **more: str) -> tuple[int, str, str]:
        """Opens a launch link, and waits with the page that says what is fetched."""
        found = self.get(link(repo, **more))
        while "<h1>Fetching</h1>" in found[2]:
            time.sleep(0.1)
            found = self.get(found[1])
        return found

    def submit(self, page: str) -> tuple[int, str, str]:
        fields = dict(re.findall(r"<input type=\"?hidden\"? name=\"?(\w+)\"? value=[\"']([^\"']*)[\"']", page))
        action = re.search(r"action='([^']+)'", page)[1]
        data = urllib.parse.urlencode(fields).encode()
        return self._open(urllib.request.Request(urllib.parse.urljoin(self.url, action), data=data))

    def _open(self, request: urllib.request.Request) -> tuple[int, str, str]:
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.status, answer.geturl(), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.geturl(), error.read().decode()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, package_cache: Path):
    """A Jupyter server that may fetch from a git server on this machine; that one's URL and its folder."""
    repositories = tmp_path_factory.mktemp("repositories")
    root = tmp_path_factory.mktemp("server")
    home = make_home(tmp_path_factory.mktemp("home"), package_cache)
    with git_server(repositories) as url:
        allowed = "--JupyterPixi.launch_hosts=http://127.0.0.1"
        base_url = "/user/alice%40example.org/"  # as JupyterHub writes it for such a name
        with jupyter_server(root, home, allowed, app=("jupyter_server",), base_url=base_url) as running:
            yield running, url, repositories


@dataclass(frozen=True)
class Hub:
    """The server, a repository that nobody has launched yet, its bare folder and source, and where it would be put."""

    running: Running
    repo: str
    bare: Path
    source: Workspace
    place: Path


@pytest.fixture
def hub(served, source, tmp_path: Path) -> Hub:
    """A repository of this test's own on the server, so that tests do not meet."""
    running, url, repositories = served
    bare = repositories / f"{tmp_path.name.removeprefix('test_').replace('_', '-')}.git"
    publish(source.root, bare)
    return Hub(running, f"{url}/{bare.name}", bare, source, running.root / bare.stem)


def follow(client: Client, status: int, url: str, page: str) -> str:
    """Waits on the progress page; returns where it leads."""
    deadline = time.monotonic() + 120
    while "/progress" in url and time.monotonic() < deadline:
        assert status == 200, page
        time.sleep(0.3)
        status, url, page = client.get(url)
    return url


def link(repo: str, **more: str) -> str:
    return "jupyter-pixi/launch?" + urllib.parse.urlencode({"repo": repo, **more})


def test_a_link_asks_once_installs_and_opens(hub, tmp_path: Path):
    client = Client(hub.running.url)
    status, _, page = client.launch(hub.repo, ref="main", urlpath=f"lab/tree/{hub.place.name}/tour.ipynb")
    assert status == 200, page
    assert "mark.sh" in page
    assert f"<details><summary>mark.sh</summary><pre>touch {tmp_path}/it-ran" in page
    assert "Would be installed" in page
    assert not hub.place.exists(), "nothing is there before consent"
    assert not (tmp_path / "it-ran").exists()
    status, url, page = client.submit(page)
    url = follow(client, status, url, page)
    assert url.endswith(f"/lab/tree/{hub.place.name}/tour.ipynb")
    assert (hub.place / ".pixi/envs/default/bin/python").exists()


def test_a_second_link_keeps_what_the_user_changed_and_asks_about_it(hub):
    client = Client(hub.running.url)
    client.submit(client.launch(hub.repo)[2])
    assert hub.place.exists()
    (hub.place / "mark.sh").write_text("# mine\n")
    (hub.source.root / "mark.sh").write_text("echo theirs\n")
    publish(hub.source.root, hub.bare)
    _, _, page = client.launch(hub.repo)
    _, _, page = client.submit(page)
    assert "because you changed it: mark.sh" in page, page
    assert "id=agree" in page, "what would run is not what was agreed to, so it is asked about again"
    assert (hub.place / "mark.sh").read_text() == "# mine\n"


def test_a_link_to_an_archive(hub, tmp_path: Path):
    served = tmp_path / "served"
    shutil.make_archive(str(served / "course-1"), "xztar", hub.source.root.parent, "shared")
    place = hub.running.root / "shared"  # the archive's only folder
    client = Client(hub.running.url)
    with server(served) as archives:
        status, _, page = client.launch(f"{archives.url}/course-1.tar.xz", urlpath="lab/tree/tour.ipynb")
        assert status == 200, page
        assert "mark.sh" in page
        assert not place.exists(), "nothing is there before consent"
        client.submit(page)
        assert (place / "tour.ipynb").is_file()
        assert not (place / ".git").exists()
        (place / "mark.sh").write_text("# mine\n")
        _, _, page = client.submit(client.launch(f"{archives.url}/course-1.tar.xz")[2])
        assert "stays as it is" in page
        assert "id=agree" in page, "what would run is not what was agreed to"
        assert (place / "mark.sh").read_text() == "# mine\n"


def test_a_button_that_is_pressed_twice_installs_once(hub):
    client = Client(hub.running.url)
    page = client.launch(hub.repo)[2]
    answers: list[tuple[int, str, str]] = []
    presses = [threading.Thread(target=lambda: answers.append(client.submit(page))) for _ in range(2)]
    for press in presses:
        press.start()
    for press in presses:
        press.join()
    assert {status for status, _, _ in answers} <= {200, 404}, answers  # this server has no page for the notebook
    assert follow(client, *answers[0]).endswith(f"/lab/tree/{hub.place.name}/tour.ipynb")
    done = (hub.place / ".pixi/jupyter-pixi/operations").glob("*.jsonl")
    assert len(list(done)) == 1


class Slow(Quiet):
    """Answers once it may."""

    may: threading.Event

    def do_GET(self) -> None:
        """No archive, after a while."""
        self.may.wait(60)
        self.send_error(404)


def test_a_link_to_a_slow_server_waits_with_the_user(hub):
    may = threading.Event()
    client = Client(hub.running.url)
    with loopback(Slow, may=may) as slow:
        status, url, page = client.get(link(f"{slow}/x.zip?key=secret"))
        assert status == 200
        assert "/fetching?id=" in url
        assert "Fetching" in page
        assert "secret" not in page
        may.set()
        deadline = time.monotonic() + 30
        while status == 200 and time.monotonic() < deadline:
            time.sleep(0.1)
            status, _, page = client.get(url)
        assert status == 400
        assert "404" in page


def test_an_installation_can_be_cancelled(hub):
    client = Client(hub.running.url)
    page = client.launch(hub.repo)[2]
    follow(client, *client.submit(page))
    shutil.rmtree(hub.place / ".pixi/envs")
    held = FileLock(hub.place / ".pixi/jupyter-pixi/workspace.lock")
    assert held.try_acquire(), "the installation waits for it"
    _, url, page = client.submit(client.launch(hub.repo)[2])
    deadline = time.monotonic() + 60
    while "id=cancel" in page and time.monotonic() < deadline:
        client.submit(page)
        time.sleep(0.2)
        _, _, page = client.get(url)
    held.release()
    assert "The installation failed" in page, page
    assert not (hub.place / ".pixi/envs/default/bin").exists()


HOSTILE = (
    ("https://evil.example/x", {}, "not fetched from evil.example"),
    ("http://127.0.0.1.evil.example/x", {}, "not fetched from"),
    ("ext::sh -c id", {}, "is not the address"),
    ("/etc", {}, "is not the address"),
    ("file:///etc", {}, "not fetched from"),
    ("--upload-pack=id", {}, "is not the address"),
    ("OK", {"ref": "--upload-pack=id"}, "is not the name of a branch"),
    ("OK", {"subfolder": "../.."}, "leads out"),
    ("OK", {"urlpath": "lab/tree/../../x"}, "leads out"),
    ("OK", {"ref": "nowhere"}, "git could not fetch"),
    ("https://evil.example/x.zip", {}, "not fetched from evil.example"),
    ("file:///etc/x.zip", {}, "not fetched from"),
    ("/etc/x.zip", {}, "is not the address"),
    ("OK/x.zip", {"ref": "main"}, "belongs to a git repository"),
    ("OK/x.zip", {}, "cannot be fetched"),
    ("<script>alert(1)</script>", {}, "&lt;script&gt;"),
)


def test_hostile_links_are_refused(hub):
    client = Client(hub.running.url)
    for repo, more, said in HOSTILE:
        status, _, page = client.launch(repo.replace("OK", hub.repo), **more)
        assert status == 400, (repo, more)
        assert said in page, page
        assert "<script" not in page
    assert not hub.place.exists()


def test_a_link_in_a_picture_or_a_frame_fetches_nothing(hub):
    client = Client(hub.running.url)
    request = urllib.request.Request(hub.running.url + link(hub.repo))
    for what, status in (("image", 403), ("iframe", 403), ("empty", 403), ("document", 200)):
        request.add_header("Sec-Fetch-Dest", what)
        assert client._open(request)[0] == status


def test_only_who_is_logged_in_may_launch(hub):
    request = urllib.request.Request(hub.running.url + link(hub.repo))
    opener = urllib.request.build_opener()
    with opener.open(request, timeout=30) as answer:
        assert "/login" in answer.geturl()
    assert hub.running.status("jupyter-pixi/launch", token=None, method="POST") in (403, 405)
    assert not hub.place.exists()
