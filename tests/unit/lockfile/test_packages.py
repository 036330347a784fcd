"""What a location implies, and what of a package is written out."""

from __future__ import annotations

import pytest
from jupyter_pixi.lockfile import Package, location, packages
from jupyter_pixi.lockfile.records import from_record, to_record
from jupyter_pixi.lockfile.simple_index import default_index
from jupyter_pixi.manifest.subdirs import SUBDIRS
from pypi_simple import PYPI_SIMPLE_ENDPOINT
from rattler import PackageRecord, RepoDataRecord
from rattler.package import BuildString

URL = "https://conda.anaconda.org/tiny/noarch/x264-1!164.3095-pyh57fd34a_2.conda"


def test_a_url_implies_nearly_everything() -> None:
    package = Package("conda", URL)
    assert packages.name(package) == "x264"
    assert packages.version(package) == "1!164.3095"
    assert packages.build(package) == "pyh57fd34a_2"
    assert packages.build_number(package) == 2
    assert packages.subdir(package) == "noarch"
    assert packages.noarch(package) == "python"
    assert packages.channel(package) == "https://conda.anaconda.org/tiny"
    assert packages.file_name(package) == "x264-1!164.3095-pyh57fd34a_2.conda"
    assert packages.purls(package) is None
    assert packages.pypi_names(package) is None


@pytest.mark.parametrize(
    ("build", "number"), [("2", 2), ("h_10", 10), ("foobar", 0), ("1.2.3-4", 4), ("123_", 0), ("9" * 40, 0)]
)
def test_build_numbers_are_the_last_digits(build: str, number: int) -> None:
    assert location.implied_build_number(build) == number


def test_a_path_implies_no_subdir_and_no_channel() -> None:
    derived = location.derive("/channel/linux-64/a-1-0.tar.bz2")
    assert (derived.name, derived.subdir, derived.channel) == ("a", None, None)
    assert not location.is_archive("./source")


def test_the_subdirs_are_those_of_the_manifest() -> None:
    assert set(SUBDIRS) == location.SUBDIRS


@pytest.mark.parametrize(
    ("place", "kinds"),
    [
        ("https://files.test/a-1-py3-none-any.whl", {"wheel"}),
        ("direct+https://files.test/a-1.tar.gz#sha256=0", {"sdist", "direct"}),
        ("git+https://git.test/a?rev=b#0123", {"git"}),
        ("./links/a-1.zip", {"sdist"}),
        ("./", {"directory"}),
        ("../else/where", {"directory"}),
    ],
)
def test_kinds_of_pypi_packages(place: str, kinds: set[str]) -> None:
    package = Package("pypi", place, {"name": "a"})
    tests = {
        "wheel": packages.is_wheel, "sdist": packages.is_sdist, "git": packages.is_git,
        "directory": packages.is_directory, "direct": packages.is_direct,
    }  # fmt: skip
    assert {kind for kind, test in tests.items() if test(package)} == kinds


def test_purls_name_pypi_packages() -> None:
    package = Package("conda", URL, {"purls": ["pkg:pypi/Foo_Bar@1.2?source=hash-mapping", "pkg:conda/x"]})
    assert packages.pypi_names(package) == ("foo-bar",)
    assert packages.pypi_names(Package("conda", URL, {"purls": []})) == ()


def record(**values: object) -> RepoDataRecord:
    made = PackageRecord("a", "1.0", BuildString("py_3"), values.pop("build_number", 3), "noarch", **values)
    return RepoDataRecord(made, "a-1.0-py_3.conda", "https://c.test/x/noarch/a-1.0-py_3.conda", "https://c.test/x/")


def test_a_record_keeps_what_its_url_does_not_imply() -> None:
    plain = from_record(record(noarch="python"))
    assert plain == Package("conda", "https://c.test/x/noarch/a-1.0-py_3.conda")
    assert plain.fields == {}
    odd = from_record(
        record(noarch="generic", build_number=7, depends=["b >=1"], size=5, sha256=b"\x01" * 32), purls=["pkg:pypi/a"]
    )
    assert list(odd.fields.items()) == [
        ("build_number", "7"),
        ("noarch", "generic"),
        ("sha256", "01" * 32),
        ("depends", ["b >=1"]),
        ("purls", ["pkg:pypi/a"]),
        ("size", "5"),
    ]
    assert from_record(to_record(odd), purls=["pkg:pypi/a"]).fields == odd.fields
    assert from_record(record(noarch="python"), purls=[], named_by_url=True).fields == {"channel": None, "purls": []}


def test_records_of_file_channels_are_located_by_path() -> None:
    made = PackageRecord("a", "1.0", BuildString("0"), 0, "linux-64")
    found = from_record(RepoDataRecord(made, "a-1.0-0.conda", "file:///ch/linux-64/a-1.0-0.conda", "file:///ch/"))
    assert found.location == "/ch/linux-64/a-1.0-0.conda"
    assert found.fields == {"subdir": "linux-64", "channel": "file:///ch"}
    back = to_record(found)
    assert back.url == "file:///ch/linux-64/a-1.0-0.conda"


def test_only_built_conda_packages_have_records() -> None:
    with pytest.raises(ValueError, match="not a built conda package"):
        to_record(Package("conda_source", "a[12345678] @ ."))


def test_the_default_index_is_that_of_pypi_simple() -> None:
    assert default_index() == PYPI_SIMPLE_ENDPOINT.rstrip("/")
