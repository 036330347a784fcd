"""Which names are looked for when a module is missing, and which of them may be told."""

from __future__ import annotations

import asyncio
import json

import pytest
from jupyter_pixi.operations.context import Context
from jupyter_pixi.operations.looking import providers, unpacked
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


@pytest.fixture
def cache(tmp_path):
    """A package cache in which some have been unpacked."""

    def package(name: str, *files: str) -> None:
        info = tmp_path / "cache/pkgs" / name / "info"
        info.mkdir(parents=True)
        (info / "paths.json").write_text(json.dumps({"paths": [{"_path": file} for file in files]}))

    library = "lib/python3.12/site-packages"
    package("py-opencv-4.9-h1_0", f"{library}/cv2/__init__.py", f"{library}/cv2/cv2.abi3.so", f"{library}/cv2/data.py")
    package("legacy-one-1-0", "site-packages/legacy/__init__.py", "site-packages/legacy/one/__init__.py")
    package("legacy-two-1-0", "site-packages/legacy/__init__.py", "site-packages/legacy/two/__init__.py")
    package("google-cloud-storage-2.0-py_0", "site-packages/google/cloud/storage/__init__.py")
    package("protobuf-5.0-py_0", "site-packages/google/protobuf/__init__.py", "site-packages/google/_upb/_message.so")
    package("vendor-1.0-py_0", "site-packages/vendor/_vendor/requests/__init__.py")
    package("greenlet-3-h0_0", f"{library}/greenlet/__init__.py")
    package("fork-of-six-1-0", "site-packages/six.py")
    package("six-1.16-0", "site-packages/six.py")
    package("fast-1-0", f"{library}/_fast.cpython-312-x86_64-linux-gnu.so")
    for wheel, name in (("Unusual_Name-1.0", "odd_module"), ("shared_part-1.0", "shared/part")):
        folder = tmp_path / "cache/uv-cache/archive-v0" / wheel[:3]
        (folder / f"{wheel}.dist-info").mkdir(parents=True)
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").touch()
    return tmp_path / "cache"


@pytest.mark.parametrize(
    ("module", "found"),
    [
        ("cv2.aruco", ("cv2", ("py-opencv",))),
        ("google.cloud.storage.blob", ("google.cloud.storage", ("google-cloud-storage",))),
        ("google.cloud.vision", ("google.cloud.vision", ())),  # the namespace proves nothing
        ("google", ("google", ())),
        ("requests", ("requests", ())),
        ("six.moves", ("six", ("six", "fork-of-six"))),
        ("cv2.data", ("cv2", ("py-opencv",))),  # and not the part that is a module of its own
        ("legacy.one.x", ("legacy.one", ("legacy-one",))),  # whose namespace has a file in both
        ("_fast", ("_fast", ("fast",))),
        ("green", ("green", ())),
    ],
)
def test_what_unpacked_packages_have_is_known(cache, module, found):
    assert unpacked.conda_packages(cache / "pkgs", module) == found


def test_what_unpacked_wheels_have_is_known(cache):
    assert unpacked.wheels(cache / "uv-cache", "odd_module.x") == ("odd_module", ("Unusual_Name",))
    assert unpacked.wheels(cache / "uv-cache", "shared.part") == ("shared.part", ("shared_part",))
    assert unpacked.wheels(cache / "uv-cache", "shared.other") == ("shared.other", ())


def test_a_package_of_another_name_is_found_by_its_files(told, cache, isolated_home):
    """And only where the channel has it: of the two here, `ipykernel` is in the test channel."""
    for name in ("ipykernel", "elsewhere"):
        info = cache / f"pkgs/{name}-6.0-py_0/info"
        info.mkdir(parents=True)
        (info / "paths.json").write_text(json.dumps({"paths": [{"_path": f"site-packages/{name}_inside.py"}]}))
    isolated_home.environ.update(PIXI_CACHE_DIR=str(cache), RATTLER_CACHE_DIR=str(cache))
    assert told("ipykernel_inside") == "`ipykernel_inside` is in the package ipykernel: %pixi add ipykernel"
    assert told("elsewhere_inside") == ""
