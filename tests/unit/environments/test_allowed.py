"""Channels, indexes and URLs are compared by where something would really be fetched from."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from jupyter_pixi.config import Config
from jupyter_pixi.environments import compose
from jupyter_pixi.environments.allowed import allowed, canonical
from jupyter_pixi.environments.model import Channel
from jupyter_pixi.errors import Refused
from jupyter_pixi.lockfile.model import Package
from jupyter_pixi.manifest import parse_manifest
from jupyter_pixi.policy import VARIABLE

FORGE = "https://conda.anaconda.org/conda-forge"
FILES = "https://files.pythonhosted.org"


def gate(config=None, s3_options=None, **sources):
    return allowed({VARIABLE: json.dumps({"sources": sources, "who": "the test"})}, config, s3_options)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        ("HTTPS://Conda.Anaconda.org:443/conda-forge/", FORGE),
        ("https://me:secret@conda.anaconda.org/conda-forge", FORGE),
        ("https://conda.anaconda.org/t/abc-123/conda-forge", FORGE),
        ("https://conda.anaconda.org/evil/../conda-forge", FORGE),
        ("https://conda.anaconda.org/%63onda-forge", FORGE),
        ("https://conda.anaconda.org//conda-forge?x#y", FORGE),
        ("https://conda.anaconda.org/conda-forge/../evil", "https://conda.anaconda.org/evil"),
        ("https://conda.anaconda.org/conda-forge/%2e%2e/evil", "https://conda.anaconda.org/evil"),
        ("https://conda.anaconda.org\\..\\evil", "https://conda.anaconda.org/evil"),
        (
            "https://evil.example\\@conda.anaconda.org/conda-forge",
            "https://evil.example/@conda.anaconda.org/conda-forge",
        ),
        ("https://conda.anaconda.org@evil.example/conda-forge", "https://evil.example/conda-forge"),
        ("https://conda.anaconda.org:8443/conda-forge", "https://conda.anaconda.org:8443/conda-forge"),
        ("http://conda.anaconda.org/conda-forge", "http://conda.anaconda.org/conda-forge"),
        ("https://conda.anaconda.org/evil%2f..%2fconda-forge", ""),
        ("git+ssh://git@git.example.org/team/x.git", "ssh://git.example.org/team/x.git"),
        ("git@git.example.org:team/x.git", "ssh://git.example.org/team/x.git"),
        ("https://host:port/x", ""),
        ("no url", ""),
        ("", ""),
    ],
)
def test_canonical(url, same):
    assert canonical(url) == same


@pytest.mark.parametrize(
    ("channel", "fine"),
    [
        ("conda-forge", True),
        (FORGE, True),
        ("https://Conda.Anaconda.org/conda-forge/", True),
        ("https://conda.anaconda.org/t/some-token/conda-forge", True),
        ("conda-forge/label/rc", False),
        ("conda-forge-2", False),
        ("bioconda", False),
        ("https://conda.example.org/free/one", True),
        ("https://conda.example.org/free", True),
        ("https://conda.example.org/freedom", False),
        ("https://conda.example.org/free/../paid", False),
        ("https://conda.example.org/team", True),
        ("https://conda.example.org.evil.example/team", False),
        ("./local", False),
        ("/srv/channel", True),
    ],
)
def test_channels(tmp_path, channel, fine):
    from jupyter_pixi.environments.channels import channel_url

    here = gate(
        channels=["conda-forge", "https://conda.example.org/team", "https://conda.example.org/free/*", "/srv/channel"]
    )
    asked = [Channel(channel_url(channel, root=tmp_path), channel)]
    if fine:
        here.refuse_channels(asked)
    else:
        with pytest.raises(Refused) as refused:
            here.refuse_channels(asked, "the environment 'cpu'")
        assert f"the environment 'cpu' asks for the channel '{channel}'" in refused.value.message
        assert "of the test" in refused.value.text() and refused.value.code == "policy"


@dataclass
class Settings:
    mirrors: dict = field(default_factory=dict)
    s3_options: dict = field(default_factory=dict)
    system: Config = field(default_factory=Config)


MIRROR = {"https://conda.anaconda.org": ("https://mirror.example.org/all",)}


@pytest.mark.parametrize(
    ("settings", "sources", "fine"),
    [
        (Settings(MIRROR), [], False),
        (Settings(MIRROR, system=Config(mirrors=MIRROR)), [], True),
        (Settings(MIRROR, system=Config(mirrors={"https://conda.anaconda.org": ("https://x.example",)})), [], False),
        (Settings(MIRROR), ["https://mirror.example.org/all/conda-forge"], True),
        (Settings({"https://conda.anaconda.org/": (FORGE.removesuffix("/conda-forge"),)}), [], True),
        (Settings({"https://conda.anaconda.org/bioconda": ("https://x.example",)}), [], True),
        (Settings({f"{FORGE}/linux-64": ("https://x.example/linux-64",)}), [], False),
    ],
)
def test_a_users_mirror_has_to_be_allowed_too(settings, sources, fine):
    here = gate(settings, channels=["conda-forge", *sources])
    package = Package("conda", f"{FORGE}/linux-64/numpy-2.0-0.conda")
    for refuse in (
        lambda: here.refuse_channels([Channel(f"{FORGE}/", "conda-forge")]),
        lambda: here.refuse_packages([package], Path("/w")),
    ):
        if fine:
            refuse()
        else:
            with pytest.raises(Refused, match="mirror"):
                refuse()


def test_a_bucket_that_somebody_pointed_elsewhere():
    channel = [Channel("s3://team/conda/", "s3://team/conda")]
    gate(channels=["s3://team/conda"]).refuse_channels(channel)
    system = Config(s3_options={"team": {"endpoint-url": "https://s3.example.org"}})
    gate(Settings(s3_options=system.s3_options, system=system), channels=["s3://team/conda"]).refuse_channels(channel)
    with pytest.raises(Refused, match="S3 options"):
        gate(Settings(s3_options={"team": {}}, system=system), channels=["s3://team/conda"]).refuse_channels(channel)
    with pytest.raises(Refused, match="S3 options"):
        gate(s3_options={"team": {}}, channels=["s3://team/conda"]).refuse_channels(channel)


HEAD = """\
[workspace]
name = "w"
channels = ["conda-forge"]
platforms = ["linux-64", "win-64"]
preview = ["pixi-build"]
"""


def refuse(text, tmp_path, **sources):
    manifest = parse_manifest((HEAD + text).encode(), tmp_path / "pixi.toml")
    for environment in compose(manifest, Config()).values():
        gate(**sources).refuse_environment(environment, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        '[dependencies]\nx = { version = "*", channel = "bioconda" }\n',
        '[target.win-64.dependencies]\nx = { version = "*", channel = "https://evil.example/c" }\n',
        '[dependencies]\nx = { url = "https://evil.example/x-1-0.conda" }\n',
        '[dependencies]\nx = { git = "https://evil.example/x.git" }\n',
        '[dependencies]\nx = { path = "x-1-0.conda" }\n',
        '[feature.a]\nchannels = ["bioconda"]\n[environments]\na = ["a"]\n',
    ],
)
def test_conda_specs_from_elsewhere(tmp_path, text):
    with pytest.raises(Refused, match="channels only"):
        refuse(text, tmp_path, channels=["conda-forge"])
    refuse(text, tmp_path, indexes=[])


@pytest.mark.parametrize(
    "text",
    [
        '[pypi-dependencies]\nx = { version = "*", index = "https://evil.example/simple" }\n',
        '[pypi-dependencies]\nx = { url = "https://evil.example/x-1-py3-none-any.whl" }\n',
        '[pypi-dependencies]\nx = { git = "https://git.example.org/other/x.git" }\n',
        '[pypi-dependencies]\nx = { git = "ssh://git@evil.example/team/x.git" }\n',
        '[pypi-dependencies]\nx = { path = "x-1-py3-none-any.whl" }\n',
        '[pypi-options]\nindex-url = "https://evil.example/simple"\n[pypi-dependencies]\nx = "*"\n',
        '[pypi-options]\nextra-index-urls = ["https://evil.example/simple"]\n[pypi-dependencies]\nx = "*"\n',
        '[pypi-options]\nfind-links = [{ url = "https://evil.example/links" }]\n[pypi-dependencies]\nx = "*"\n',
        '[pypi-options]\nfind-links = [{ path = "links" }]\n[pypi-dependencies]\nx = "*"\n',
        '[pypi-options.dependency-overrides]\ny = { url = "https://evil.example/y-1-py3-none-any.whl" }\n'
        '[pypi-dependencies]\nx = "*"\n',
        '[target.win-64.pypi-dependencies]\nx = { url = "https://evil.example/x-1-py3-none-any.whl" }\n',
    ],
)
def test_pypi_specs_from_elsewhere(tmp_path, text):
    with pytest.raises(Refused, match="package indexes only"):
        refuse(text, tmp_path, indexes=["pypi"], urls=["https://git.example.org/team/"])
    refuse(text, tmp_path, channels=["conda-forge"])


@pytest.mark.parametrize(
    "text",
    [
        '[pypi-dependencies]\nx = "*"\n',
        '[pypi-dependencies]\nx = { git = "https://git.example.org/team/x.git" }\n',
        '[pypi-dependencies]\nx = { path = ".", editable = true }\n',
        '[pypi-options]\nextra-index-urls = ["https://pypi.example.org/team/simple/"]\n[pypi-dependencies]\nx = "*"\n',
        f'[pypi-dependencies]\nx = {{ url = "{FILES}/x-1-py3-none-any.whl" }}\n',
    ],
)
def test_what_is_allowed(tmp_path, text):
    indexes = ["pypi", "https://pypi.example.org/team/simple"]
    refuse(text, tmp_path, channels=["conda-forge"], indexes=indexes, urls=["https://git.example.org/team/"])


def test_indexes_count_for_builds_too(tmp_path):
    """A lock may hold PyPI packages that the manifest does not ask for."""
    manifest = parse_manifest(HEAD.encode(), tmp_path / "pixi.toml")
    environment = compose(manifest, Config())["default"]
    with pytest.raises(Refused, match="asks for PyPI"):
        gate(indexes=[]).refuse_indexes(environment, tmp_path)
    gate(indexes=["pypi"]).refuse_indexes(environment, tmp_path)
    gate(channels=[]).refuse_indexes(environment, tmp_path)


def test_pypi_has_to_be_on_the_list(tmp_path):
    own = ["https://pypi.example.org/simple"]
    with pytest.raises(Refused, match="asks for PyPI"):
        refuse('[pypi-dependencies]\nx = "*"\n', tmp_path, indexes=own)
    refuse(f'[pypi-options]\nindex-url = "{own[0]}"\n[pypi-dependencies]\nx = "*"\n', tmp_path, indexes=own)
    refuse('[dependencies]\nx = "*"\n', tmp_path, indexes=own)


@pytest.mark.parametrize(
    ("kind", "location", "fine"),
    [
        ("conda", f"{FORGE}/linux-64/numpy-2.0-0.conda", True),
        ("conda", f"{FORGE}/noarch/../../evil/noarch/numpy-2.0-0.conda", False),
        ("conda", "https://evil.example/conda-forge/linux-64/numpy-2.0-0.conda", False),
        ("conda", "https://conda.anaconda.org/numpy-2.0-0.conda", False),
        ("conda", "./numpy-2.0-0.conda", False),
        ("pypi", f"{FILES}/packages/ab/x-1-py3-none-any.whl", True),
        ("pypi", "https://evil.example/packages/ab/x-1-py3-none-any.whl", False),
        ("pypi", "https://pypi.example.org/team/files/x-1-py3-none-any.whl", True),
        ("pypi", "https://pypi.example.org/other/files/x-1-py3-none-any.whl", False),
        ("pypi", "direct+https://evil.example/x-1-py3-none-any.whl", False),
        ("pypi", "git+https://evil.example/x.git?rev=1#0123", False),
        ("pypi", "git+https://git.example.org/team/x.git?rev=1#0123", True),
        ("pypi", "./x-1-py3-none-any.whl", False),
        ("pypi", "./mine", True),
    ],
)
def test_packages_of_a_lock(tmp_path, kind, location, fine):
    here = gate(
        channels=["conda-forge"],
        indexes=["pypi", "https://pypi.example.org/team/simple"],
        urls=["https://git.example.org/team/"],
    )
    package = Package(kind, location, {"name": "x"} if kind == "pypi" else {})
    if fine:
        here.refuse_packages([package], tmp_path)
    else:
        with pytest.raises(Refused, match="the lock file has '"):
            here.refuse_packages([package], tmp_path)


def test_a_package_with_an_index_of_its_own(tmp_path):
    fields = {"name": "x", "index": "https://evil.example/simple"}
    with pytest.raises(Refused, match="evil"):
        gate(indexes=["pypi"]).refuse_packages([Package("pypi", f"{FILES}/x-1-py3-none-any.whl", fields)], tmp_path)


def test_no_credentials_are_told(tmp_path):
    with pytest.raises(Refused) as refused:
        refuse(
            '[pypi-dependencies]\nx = { url = "https://me:secret@evil.example/x-1-py3-none-any.whl" }\n',
            tmp_path,
            indexes=[],
        )
    assert "secret" not in refused.value.text() and "nowhere" in refused.value.text()


def test_every_list_has_to_allow():
    both = {
        VARIABLE: json.dumps(
            [
                {"sources": {"indexes": ["https://a.example/simple", "pypi"]}, "who": "one"},
                {"sources": {"indexes": ["pypi"]}, "who": "other"},
            ]
        )
    }
    here = allowed(both)
    here.refuse_index(None, "this")
    assert here.index().startswith("https://pypi.org")
    with pytest.raises(Refused, match="only: pypi;"):
        here.refuse_index("https://a.example/simple", "this")
    with pytest.raises(Refused):
        gate(indexes=[]).index()
