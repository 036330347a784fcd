"""`run --script URL` and `run --script -`: scripts that are run once and leave nothing behind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import pytest
from jupyter_pixi.errors import PixiError
from jupyter_pixi.operations import transient
from jupyter_pixi.operations.context import Context
from jupyter_pixi.operations.transient import LARGEST, raw_address
from support.loopback import Quiet, loopback

BLOCK = """\
# /// script
# requires-python = ">=3.8"
# dependencies = []
#
# [tool.pixi.workspace]
# channels = ["{channel}"]
#
# [tool.pixi.dependencies]
# cowsay = "==6.0"
# ///
"""
TELL = """\
import cowsay, json, os, sys
print(json.dumps([sys.argv, os.getcwd(), globals().get("__file__"), cowsay.__version__, sys.stdin.read()]))
"""


@pytest.fixture
def site():
    """A server on loopback: `pages` by path, a text or an address to go to; `asked` are the paths that were asked."""

    class Site(Quiet):
        url = ""
        pages: ClassVar[dict[str, str]] = {}
        asked: ClassVar[list[str]] = []

        def do_GET(self) -> None:
            self.asked.append(self.path)
            page = self.pages.get(self.path)
            if page is None or page.startswith(("http:", "file:")):
                self.send_response(404 if page is None else 302)
                self.send_header("Location", page or "")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(page.encode())

    with loopback(Site) as Site.url:
        yield Site


def test_a_script_from_an_address(engine, site, test_channel, tmp_path):
    site.pages.update({"/here": f"{site.url}/it%27s%20a%20plot", "/it%27s%20a%20plot": BLOCK + TELL})
    site.pages["/it%27s%20a%20plot"] = (BLOCK + TELL).replace("{channel}", test_channel)
    done = engine("run", "--script", f"{site.url}/here", "first", "--second")
    assert done.returncode == 0, done.stderr
    argv, cwd, file, version, _ = json.loads(done.stdout)
    assert (argv[1:], cwd, version) == (["first", "--second"], str(tmp_path), "6.0")
    assert Path(file).name == "here.py" and not Path(file).exists()
    assert site.asked == ["/here", "/it%27s%20a%20plot"]
    assert not list(tmp_path.iterdir())


def test_a_script_from_standard_input(test_channel, isolated_home, tmp_path):
    def run(text: str, *flags: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-P", "-m", "jupyter_pixi", *flags, "run", "--script", "-", "a b"]
        return subprocess.run(argv, input=text, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    environ = {**isolated_home.environ, "PIXI_CACHE_EXEC_ENVIRONMENTS_DIR": str(tmp_path / "kept")}
    text = (BLOCK + TELL).replace("{channel}", test_channel)
    done = run(text)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [["-c", "a b"], str(tmp_path), None, "6.0", ""]
    assert run(text.replace("import cowsay", "# another body\nimport cowsay")).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert len(list((tmp_path / "kept").iterdir())) == 1  # its block is what an environment is kept under

    wrong = run("# /// script\n# dependencies = [\n# ///\n")
    assert wrong.returncode == 1 and "<stdin>" in wrong.stderr
    assert "stdin does not contain a PEP 723 metadata block" in run("print(1)\n").stderr
    assert "larger than" in run("#" * 200_000).stderr


def test_what_a_dry_run_shows(engine, isolated_home, tmp_path):
    argv = [sys.executable, "-P", "-m", "jupyter_pixi", "run", "-n", "--script", "-", "x"]
    text = "# /// script\n# dependencies = []\n# ///\nprint('a secret')\n"
    done = subprocess.run(
        argv, input=text, cwd=tmp_path, env=isolated_home.environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "" and "python -c <stdin> x\n" in done.stderr and "secret" not in done.stderr


def test_what_is_refused(engine, site):
    site.pages.update({"/local": "file:///etc/passwd", "/large": "#" * (LARGEST + 1)})
    missing = engine("run", "--script", f"{site.url}/missing")
    assert missing.returncode == 1 and f"server returned 404 for {site.url}/missing" in missing.stderr
    for flag in ("--locked", "--frozen"):
        locked = engine("run", flag, "--script", f"{site.url}/x")
        assert locked.returncode == 1 and f"cannot be run with `{flag}`" in locked.stderr
    offline = engine("run", "--offline", "--script", f"{site.url}/x")
    assert offline.returncode == 1 and "this is offline" in offline.stderr
    assert site.asked == ["/missing"]
    assert engine("run", "--script", f"{site.url}/local").returncode == 1
    assert "larger than" in engine("run", "--script", f"{site.url}/large").stderr
    assert engine("run", "--script", "ftp://127.0.0.1/x").returncode == 2
    assert engine("lock", "--script", f"{site.url}/x").returncode == 2


ID, REVISION = "0123456789abcdef" * 2, "0123456789" * 4
GIST = "https://gist.github.com"


@pytest.mark.parametrize(
    ("address", "raw"),
    [
        (f"{GIST}/me/{ID}", f"{GIST}/me/{ID}/raw"),
        (f"{GIST}/me/{ID}/", f"{GIST}/me/{ID}/raw"),
        (f"{GIST}/{ID}", f"{GIST}/{ID}/raw"),
        (f"{GIST}/me/1234567", f"{GIST}/me/1234567/raw"),
        (f"{GIST}/me/{ID}/{REVISION}", f"{GIST}/me/{ID}/raw/{REVISION}"),
        (f"{GIST}/{ID}/{REVISION}", f"{GIST}/{ID}/raw/{REVISION}"),
        (f"{GIST}/me/{ID}#", f"{GIST}/me/{ID}/raw"),
        *((page, page) for page in (f"{GIST}/me", f"{GIST}/me/{ID}/raw", f"{GIST}/me/{ID}/raw/{REVISION}/plot.py")),
        *(
            (page, page)
            for page in (
                f"https://gist.githubusercontent.com/me/{ID}/raw/{REVISION}/plot.py",
                f"https://example.org/?{GIST}/me/{ID}",
            )
        ),
    ],
)
def test_the_page_of_a_gist_is_its_first_file(address, raw):
    assert raw_address(address) == raw


def test_a_file_on_the_page_of_a_gist_is_asked_for_by_its_own_address():
    with pytest.raises(PixiError, match="does not say the name of the file"):
        raw_address(f"{GIST}/me/{ID}#file-plot-py")


def test_a_gist_is_fetched_from_where_its_server_sends_on(site, tmp_path, monkeypatch):
    monkeypatch.setattr(transient, "_GIST", re.compile(transient._GIST.pattern.replace(re.escape(GIST), site.url)))
    pages = {f"/me/{ID}/raw": f"{site.url}/me/{ID}/raw/{REVISION}/plot.py", f"/me/{ID}/raw/{REVISION}/plot.py": "x = 1"}
    site.pages.update(pages)
    found = transient.read(f"{site.url}/me/{ID}", Context(cwd=tmp_path, environ={}))
    assert (found.data, found.source) == (b"x = 1", f"{site.url}/me/{ID}")
