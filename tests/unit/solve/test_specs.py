"""Requirements reach the solver as Pixi reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_pixi.environments.model import Channel
from jupyter_pixi.errors import ManifestError, SolveError
from jupyter_pixi.manifest.model import CondaSpec, VirtualPackage
from jupyter_pixi.solve.specs import match_spec, spec_text, virtual_packages
from rattler import PackageRecord
from rattler.package import BuildString

CHANNELS = (
    Channel("https://conda.anaconda.org/conda-forge/", "conda-forge"),
    Channel("https://channels.example/team/tools/", "https://channels.example/team/tools"),
)


def record(version: str) -> PackageRecord:
    return PackageRecord("x", version, BuildString("h1_0"), 0, "linux-64")


@pytest.mark.parametrize(
    ("version", "fits", "does_not"),
    [
        ("3.11", ["3.11", "3.11.0"], ["3.11.4"]),
        ("3.11.*", ["3.11", "3.11.4"], ["3.12"]),
        ("=3.11", ["3.11.4"], ["3.12"]),
        ("~=1.4", ["1.4", "1.9"], ["2.0"]),
        ("1.2|1.3", ["1.2", "1.3"], ["1.2.1"]),
        (">=1,<2", ["1.5"], ["2.0"]),
        ("*", ["0.1"], []),
        ("2024a", ["2024a"], ["2024b"]),
    ],
)
def test_versions_mean_what_they_mean_to_pixi(version, fits, does_not):
    spec = match_spec("x", CondaSpec(version=version))
    assert [v for v in fits + does_not if spec.matches(record(v))] == fits


def test_every_field_is_written():
    spec = CondaSpec(
        version=">=1", build="py*", build_number=">=2", extras=("a", "b"), flags=("cuda",), license="MIT",
        track_features=("f", "g"), md5="0" * 32, sha256="0" * 64, when='python[version=">=3.10"]',
    )  # fmt: skip
    text = spec_text("x", spec)
    assert text.startswith("x[") and "when='python[version=\">=3.10\"]'" in text
    read = match_spec("x", spec)
    assert (read.version, read.build, read.build_number, read.extras) == (">=1", "py*", ">=2", ["a", "b"])
    assert (read.sha256, read.md5) == (bytes(32), bytes(16))
    assert "python" in (read.condition or "")


@pytest.mark.parametrize("name", ["conda-forge", "https://conda.anaconda.org/conda-forge"])
def test_a_channel_is_one_of_the_environment(name):
    assert 'channel="https://conda.anaconda.org/conda-forge/"' in spec_text("x", CondaSpec(channel=name), CHANNELS)


def test_another_channel_is_an_error_that_lists_the_ones_there_are():
    with pytest.raises(SolveError, match="requested unavailable channel 'bioconda'") as error:
        spec_text("x", CondaSpec(channel="bioconda"), CHANNELS)
    assert "conda-forge" in (error.value.help or "")


def test_an_archive_beside_the_manifest_becomes_a_file_url():
    assert spec_text("x", CondaSpec(path="./x-1-0.conda"), (), Path("/ws")) == 'x[url="file:///ws/x-1-0.conda"]'


def test_the_archive_of_another_package_is_named():
    spec = CondaSpec(url="https://channel.test/linux-64/other-1.0-0.conda")
    with pytest.raises(SolveError, match="is one of 'other', not of 'x'"):
        match_spec("x", spec)


def test_nonsense_is_an_error_of_the_manifest():
    with pytest.raises(ManifestError, match="'x'"):
        match_spec("x", CondaSpec(version=">="))


def test_only_known_virtual_packages_reach_the_solver():
    declared = [VirtualPackage("__cuda", "12"), VirtualPackage("__mine", "1"), VirtualPackage("__archspec", "0", "m1")]
    made = virtual_packages(declared)
    assert [(v.name.normalized, str(v.version)) for v in made] == [("__cuda", "12"), ("__archspec", "1")]
    assert [str(v).rsplit("=", 1)[-1] for v in made] == ["0", "m1"]
