"""Writing version 7: order, elision, quoting, aliases; and that reading it back says the same."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jupyter_pixi.lockfile import (
    LockEnvironment,
    LockFile,
    LockPlatform,
    Package,
    read_lock,
    with_platform_names,
    write_lock,
    yaml_subset,
)
from jupyter_pixi.lockfile.__main__ import main
from jupyter_pixi.lockfile.platforms import default_virtual_packages
from jupyter_pixi.lockfile.quoting import quote
from jupyter_pixi.manifest.model import Platform, VirtualPackage

BASE = "https://conda.anaconda.org/tiny/linux-64/"
CUDA = Platform("linux-64-cuda-12", "linux-64", (VirtualPackage("__cuda", "12"),))
BARE = Platform("linux-64", "linux-64")
PLATFORMS = (Platform("box", "osx-arm64", (VirtualPackage("__osx", "14.0"),)), BARE, CUDA)


def conda(name: str, **fields: object) -> Package:
    return Package("conda", f"{BASE}{name}-1.0-0.conda", fields)


def row(platform: Platform) -> LockPlatform:
    declared = tuple(map(str, platform.declared))
    return LockPlatform(platform.name, platform.subdir, declared + default_virtual_packages(platform.subdir))


def test_the_layout_of_version_7() -> None:
    b = conda("b", depends=["a >=1", ">2"], constrains=[], purls=[], size="10", license="1.0")
    lock = LockFile(
        7,
        (row(CUDA), row(BARE)),
        {
            "gpu": LockEnvironment(("https://conda.anaconda.org/tiny/",), {CUDA.name: (b, conda("a"))}),
            "default": LockEnvironment(
                ("https://conda.anaconda.org/tiny/",),
                {
                    CUDA.name: (
                        Package(
                            "pypi", "./local", {"name": "local", "version": "1", "sha256": "x", "editable": "true"}
                        ),
                        b,
                    ),
                    BARE.name: (),
                },
                indexes=("https://index.test/simple",),
                find_links=(("path", "./links"),),
            ),
        },
    )
    assert (
        write_lock(lock, PLATFORMS)
        == """\
version: 7
platforms:
- name: linux-64
  virtual-packages:
  - __unix=0=0
  - __linux=4.18
  - __glibc=2.28
  - __archspec=0=x86_64
- name: p2
  subdir: linux-64
  virtual-packages:
  - __cuda=12
  - __unix=0=0
  - __linux=4.18
  - __glibc=2.28
  - __archspec=0=x86_64
environments:
  default:
    channels:
    - url: https://conda.anaconda.org/tiny/
    indexes:
    - https://index.test/simple
    find-links:
    - path: ./links
    packages:
      p2:
      - conda: https://conda.anaconda.org/tiny/linux-64/b-1.0-0.conda
      - pypi: ./local
  gpu:
    channels:
    - url: https://conda.anaconda.org/tiny/
    packages:
      p2:
      - conda: https://conda.anaconda.org/tiny/linux-64/a-1.0-0.conda
      - conda: https://conda.anaconda.org/tiny/linux-64/b-1.0-0.conda
packages:
- conda: https://conda.anaconda.org/tiny/linux-64/a-1.0-0.conda
- conda: https://conda.anaconda.org/tiny/linux-64/b-1.0-0.conda
  depends:
  - a >=1
  - '>2'
  license: '1.0'
  purls: []
  size: 10
- pypi: ./local
  name: local
"""
    )


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_what_one_environment_knows_of_a_package_is_written(order: tuple[str, str]) -> None:
    location = "https://conda.anaconda.org/tiny/noarch/tool-1.0-0.conda"
    fields: dict[str, dict[str, object]] = {"a": {"license": "MIT"}, "b": {"license": "MIT", "purls": []}}
    environments = {
        name: LockEnvironment((), {"linux-64": (Package("conda", location, fields[name]),)}) for name in order
    }
    text = write_lock(LockFile(7, (LockPlatform("linux-64", "linux-64"),), environments))
    assert text.endswith(f"packages:\n- conda: {location}\n  license: MIT\n  purls: []\n")


def test_an_empty_lock() -> None:
    assert write_lock(LockFile(7, (), {})) == "version: 7\nplatforms: []\nenvironments: {}\npackages: []\n"


def test_aliases_become_names_and_aliases_again() -> None:
    lock = LockFile(7, (row(CUDA), row(BARE)), {"default": LockEnvironment((), {CUDA.name: (conda("a"),)})})
    text = write_lock(lock, PLATFORMS)
    assert "p2:" in text
    read = read_lock(text.encode(), Path("pixi.lock"))
    assert {item.name for item in read.platforms} == {"linux-64", "p2"}
    named = with_platform_names(read, PLATFORMS)
    assert {item.name for item in named.platforms} == {"linux-64", CUDA.name}
    assert write_lock(named, PLATFORMS) == text


def test_a_renamed_platform_is_found_by_what_it_is() -> None:
    lock = LockFile(7, (row(CUDA),), {})
    renamed = Platform("gpu-box", "linux-64", CUDA.declared)
    assert [item.name for item in with_platform_names(lock, (renamed,)).platforms] == ["gpu-box"]
    other = Platform("gpu-box", "linux-64", (VirtualPackage("__cuda", "12.0"),))
    assert [item.name for item in with_platform_names(lock, (other,)).platforms] == [CUDA.name]


def test_a_stale_row_does_not_take_the_alias_of_another() -> None:
    stale = LockPlatform("p2", "linux-64", ("__cuda=11",))
    text = write_lock(LockFile(7, (stale, row(CUDA)), {}), PLATFORMS)
    assert [line for line in text.splitlines() if line.startswith("- name")] == ["- name: p2", "- name: p3"]
    assert text.index("__cuda=12") < text.index("__cuda=11")


QUOTED = ["", "1.0", "0.1", "1e5", "0x1f", "0123", ".5", "+1", "true", "null", "~", "12e34567", ">=1", "*", "&a", "!x",
          "|", "%a", "@a", "`a", "[a", "]a", "{a", "}a", "'a", '"a', "#a", ",a", "- a", "? a", ": a", "a: b", "a #b",
          "a:", "a ", " a", "-", "?", ":"]  # fmt: skip
PLAIN = ["y", "n", "yes", "no", "on", "off", "2024-01-01", "1_000", "1:30", "=1", "?x", "1.2.3", "a,b", "-x", ":x",
         "__glibc >=2.17,<3.0.a0", "a'b", "tcl/tk", "~=1", "<2", "MIT AND (Apache-2.0)", "a#b"]  # fmt: skip


@pytest.mark.parametrize("text", QUOTED)
def test_quoted(text: str) -> None:
    assert quote(text) == "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize("text", PLAIN)
def test_plain(text: str) -> None:
    assert quote(text) == text


def test_control_characters_are_escaped() -> None:
    assert quote("a\tb\n") == '"a\\tb\\n"'


MEANT_OTHERWISE = re.compile(r"=|<<|[-+.]?[0-9](?=.*_)[0-9a-fxoA-F_.+-]*")
"""Strings that ruamel takes for YAML 1.1's special keys or numbers with underscores, and serde_yaml does not."""


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
def test_a_yaml_1_2_reader_gets_the_string_back(text: str) -> None:
    assume(not MEANT_OTHERWISE.fullmatch(text))
    ruamel = pytest.importorskip("ruamel.yaml")
    reader = ruamel.YAML(typ="safe", pure=True)
    assert reader.load(io.StringIO(f"key: {quote(text)}\n")) == {"key": text}
    assert reader.load(io.StringIO(f"- {quote(text)}\n")) == [text]


@settings(deadline=None)
@given(st.text("-+.:#'\"0123456789abefinotxyANTF~_ =<>*&!|%@`[]{},?", max_size=8))
def test_awkward_strings_come_back(text: str) -> None:
    assume(not MEANT_OTHERWISE.fullmatch(text))
    ruamel = pytest.importorskip("ruamel.yaml")
    reader = ruamel.YAML(typ="safe", pure=True)
    assert reader.load(io.StringIO(f"key: {quote(text)}\n")) == {"key": text}
    assert yaml_subset.scalar(quote(text)) == text


def test_the_module_prints_a_lock_as_we_write_it(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    path = tmp_path / "pixi.lock"
    path.write_text("version: 6\nenvironments:\n  default:\n    channels: []\n    packages: {}\npackages: []\n")
    assert main([str(path)]) == 0
    assert capsysbinary.readouterr().out == (
        b"version: 7\nplatforms: []\nenvironments:\n  default:\n    channels: []\n    packages: {}\npackages: []\n"
    )
    assert main([str(tmp_path / "none")]) == 1
    assert main([]) == 2
