"""Archives are the same whenever they are made, and say of themselves what installers need."""

from __future__ import annotations

import pytest
from jupyter_pixi.demo.convert import conda_name, match_spec
from jupyter_pixi.demo.package import File, Package, write
from packaging.requirements import Requirement
from rattler import IndexJson, PathsJson
from rattler.package_streaming import extract


@pytest.fixture
def package() -> Package:
    script = File("bin/hello", b"#!/placeholder/bin/python\n", executable=True, placeholder="/placeholder")
    return Package("hello", "1.0", "linux-64", depends=("python >=3.11",), files=(script, File("bin/hi", link="hello")))


def test_the_same_package_gives_the_same_bytes(package, tmp_path):
    first, second = (write(package, tmp_path / name).read_bytes() for name in ("a", "b"))
    assert first == second


def test_rattler_reads_what_was_written(package, tmp_path):
    archive = write(package, tmp_path)
    assert archive == tmp_path / "linux-64/hello-1.0-0.conda"
    extract(archive, tmp_path / "out")
    index = IndexJson.from_package_directory(tmp_path / "out")
    assert (index.name.normalized, str(index.version), index.depends) == ("hello", "1.0", ["python >=3.11"])
    paths = {str(entry.relative_path): entry for entry in PathsJson.from_package_directory(tmp_path / "out").paths}
    assert paths["bin/hello"].prefix_placeholder.placeholder == "/placeholder"
    assert paths["bin/hi"].path_type.softlink
    assert (tmp_path / "out/bin/hello").stat().st_mode & 0o111
    assert (tmp_path / "out/bin/hi").readlink().name == "hello"


@pytest.mark.parametrize(
    ("requirement", "spec"),
    [
        ("Jupyter.Client>=8,!=8.1", "jupyter_client !=8.1,>=8"),
        ("polars-runtime-32==2.1.0", "polars-runtime-32 ==2.1.0"),
        ("stack_data[tests]", "stack_data"),
        ("six ~= 1.16", "six ~=1.16"),
        ("odd===1.0-1", "odd ==1.0_1"),
        ("wild==1.2.*", "wild ==1.2.*"),
    ],
)
def test_requirements_become_match_specs(requirement, spec):
    from rattler import MatchSpec

    assert match_spec(Requirement(requirement)) == spec
    MatchSpec(spec)  # the solver reads it


def test_names_follow_conda_forge():
    assert conda_name("Typing.Extensions") == "typing_extensions"
    assert conda_name("Markup_Safe") == "markup-safe"
