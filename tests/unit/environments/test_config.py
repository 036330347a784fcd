"""Pixi's configuration layers."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_pixi.config import Config, cache_folder, config_paths, digest, load_config


@pytest.fixture
def home(tmp_path):
    """A home with a PIXI_HOME, an XDG folder and a workspace; writes configuration there."""

    class Home:
        def __init__(self):
            self.root = tmp_path / "ws"
            self.environ = {
                "HOME": str(tmp_path),
                "XDG_CONFIG_HOME": str(tmp_path / "xdg"),
                "PIXI_HOME": str(tmp_path / "pixihome"),
            }

        def write(self, where, text):
            path = {
                "xdg": tmp_path / "xdg/pixi",
                "pixi": tmp_path / "pixihome",
                "workspace": self.root / ".pixi",
            }[where]
            path.mkdir(parents=True, exist_ok=True)
            (path / "config.toml").write_text(text)

        def load(self):
            return load_config(self.root, self.environ)

    return Home()


def test_without_files_everything_is_pixis_default(home):
    config = home.load()
    assert config == Config()
    assert config.default_channels == ("conda-forge",)
    assert config.channel_alias == "https://conda.anaconda.org"


def test_the_workspace_s_layer_is_the_highest(home):
    home.write(
        "xdg", 'default-channels = ["x"]\npinning-strategy = "major"\n[pypi-config]\nextra-index-urls = ["https://x"]\n'
    )
    home.write("pixi", 'default-channels = []\n[mirrors]\n"https://a" = ["https://b"]\n"https://c" = ["https://d"]\n')
    home.write(
        "workspace",
        'pinning-strategy = "no-pin"\nrun-post-link-scripts = "insecure"\ndetached-environments = "~/envs"\n'
        '[mirrors]\n"https://a" = ["https://z", "https://b"]\n'
        '[pypi-config]\nindex-url = "https://i"\nextra-index-urls = ["https://y"]\nkeyring-provider = "subprocess"\n'
        "[concurrency]\nsolves = 3\n[shell]\nchange-ps1 = false\n",
    )
    config = home.load()
    assert config.default_channels == ("x",)
    assert config.pinning_strategy == "no-pin" and config.run_post_link_scripts
    assert config.mirrors == {"https://a": ("https://z", "https://b"), "https://c": ("https://d",)}
    assert config.detached_environments == Path("~/envs").expanduser()
    assert config.pypi.index_url == "https://i" and config.pypi.keyring_provider == "subprocess"
    assert config.pypi.extra_index_urls == ("https://x", "https://y")
    assert config.concurrent_solves == 3 and config.change_ps1 is False
    assert config.warnings == () and len(config.files) == 3
    assert config.files == config_paths(home.root, home.environ)[1:]


@pytest.mark.parametrize(
    "text",
    [
        "mirrors = 1",
        "default-channels = 'x'",
        "pinning-strategy = 'tight'",
        "detached-environments = 'relative'",
        "proxy-config = 1",
        "[concurrency]\nsolves = 'x'",
        "[broken",
        "pypi-config = {index-url = 1}",
    ],
)
def test_a_wrong_layer_is_left_out_with_a_warning(home, text):
    home.write("pixi", "default-channels = ['kept']")
    home.write("workspace", text)
    config = home.load()
    assert config.default_channels == ("kept",)
    (warning,) = config.warnings
    assert "ws/.pixi/config.toml is not a valid configuration" in warning


def test_rattler_gets_what_it_knows(home):
    home.write(
        "pixi",
        '[mirrors]\n"https://conda.anaconda.org/x" = ["http://127.0.0.1:1/x"]\n[shell]\nforce-activate = true\n'
        '[s3-options.b]\nendpoint-url = "https://e"\nregion = "r"\nforce-path-style = true\n'
        "[repodata-config]\ndisable-zstd = true\n[concurrency]\ndownloads = 7\n",
    )
    settings = home.load().rattler({"m": {"endpoint-url": "https://f", "region": "s", "force-path-style": False}})
    assert settings.mirrors == {"https://conda.anaconda.org/x": ["http://127.0.0.1:1/x"]}
    assert settings.concurrency_downloads == 7
    assert 'addressing-style = "path"' in settings.to_toml() and 'region = "s"' in settings.to_toml()


def test_the_digest_follows_every_byte(home):
    empty = digest(home.root, home.environ)
    assert empty == hashlib.sha256().hexdigest()
    home.write("workspace", "a = 1")
    first = digest(home.root, home.environ)
    home.write("workspace", "a = 2")
    second = digest(home.root, home.environ)
    home.write("xdg", "a = 2")
    assert len({empty, first, second, digest(home.root, home.environ)}) == 4


def test_the_digest_needs_no_toml():
    code = (
        "import sys; from jupyter_pixi.config import digest; digest(None, {})\n"
        "assert not {'tomli', 'rattler', 'jupyter_pixi.manifest'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_where_the_cache_is(tmp_path):
    environ = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "c")}
    if sys.platform == "linux":
        assert cache_folder(environ) == tmp_path / "c/rattler/cache"
        assert cache_folder({"HOME": str(tmp_path)}) == tmp_path / ".cache/rattler/cache"
    (tmp_path / "c/pixi").mkdir(parents=True)
    assert cache_folder(environ) == tmp_path / "c/pixi"
    assert cache_folder({**environ, "RATTLER_CACHE_DIR": "/r"}) == Path("/r")
    assert cache_folder({**environ, "RATTLER_CACHE_DIR": "/r", "PIXI_CACHE_DIR": "/p"}) == Path("/p")


@pytest.mark.parametrize(
    ("text", "offline"), [("1", True), ("true", True), ("", False), ("0", False), ("false", False)]
)
def test_offline(text, offline):
    assert load_config(None, {"HOME": "/nowhere", "PIXI_OFFLINE": text}).offline is offline
