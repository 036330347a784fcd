"""Which names are looked for when a module is missing, and which of them may be told."""

from __future__ import annotations

import asyncio

import pytest
from jupyter_pixi.operations.context import Context
from jupyter_pixi.operations.looking import providers
from jupyter_pixi.operations.looking.imports import PROVIDERS, candidates


@pytest.mark.parametrize(
    ("module", "conda", "pypi"),
    [
        ("cv2", "opencv", "opencv-python"),
        ("sklearn.linear_model", "scikit-learn", "scikit-learn"),
        ("PIL.Image", "pillow", "pillow"),
        ("yaml", "pyyaml", "PyYAML"),
        ("bs4", "beautifulsoup4", "beautifulsoup4"),
        ("skimage", "scikit-image", "scikit-image"),
        ("osgeo.gdal", "gdal", "GDAL"),
        ("torch.nn", "pytorch", "torch"),
        ("google.protobuf", "protobuf", "protobuf"),
        ("google.cloud.storage", "google-cloud-storage", "google-cloud-storage"),
        ("ruamel.yaml", "ruamel.yaml", "ruamel.yaml"),
        ("polars", "polars", "polars"),
        ("Foo_Bar.part", "foo_bar", "Foo_Bar"),
    ],
)
def test_the_first_candidate(module, conda, pypi):
    found = candidates(module)
    assert (found.conda[0], found.pypi[0]) == (conda, pypi)
    assert found.known is (module.split(".")[0] in PROVIDERS or module in PROVIDERS)


@pytest.mark.parametrize("module", ["os", "json.decoder", "imp", "_tkinter", "google"])
def test_nothing_is_looked_for(module):
    found = candidates(module)
    assert not found.conda and not found.pypi


def test_a_shared_namespace_is_never_looked_for_by_its_own_name():
    found = candidates("acme.maps.tiles", shared=True)
    assert "acme" not in {*found.conda, *found.pypi} and found.conda[0] == "acme-maps-tiles"


@pytest.fixture
def told(workspace, monkeypatch):
    """`told(module)`: the sentence in a workspace of the test channel; PyPI has `iniconfig` and `pyyaml` only."""
    made = workspace()

    def project(opened, name, environ, *, seconds):
        return ["1.0"] if name.lower() in ("iniconfig", "pyyaml") else None

    monkeypatch.setattr("jupyter_pixi.operations.looking.pypi_index.project", project)

    def ask(module: str, **options) -> str:
        context = Context(cwd=made.root, environ=made.home.environ)
        return asyncio.run(providers.providers(context, module, **options)).sentence("%pixi")

    return ask


def test_only_packages_that_exist_are_named(told):
    assert told("zmq.asyncio") == "`zmq` is in the package pyzmq: %pixi add pyzmq"
    assert told("cowsay") == "`cowsay` is in the package cowsay: %pixi add cowsay"
    assert told("yaml") == "`yaml` is in the PyPI package PyYAML: %pixi add --pypi PyYAML"
    assert told("iniconfig").endswith("PyPI has a project of that name: %pixi add --pypi iniconfig")
    assert told("cv2") == "" and told("nowhere") == ""
    assert told("everywhere") == ""  # a package of that name, but none for Python
    assert told("google.cloud.storage") == ""


def test_without_a_channel_nothing_is_guessed(workspace):
    made = workspace(channel="http://127.0.0.1:9/no-channel")
    context = Context(cwd=made.root, environ=made.home.environ, offline=True)
    found = asyncio.run(providers.providers(context, "yaml"))
    assert found.sentence() == "" and not found.searched
