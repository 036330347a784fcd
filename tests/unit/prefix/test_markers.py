"""Fingerprint, lock hash and marker text: the worked examples of Pixi's format, and reading back."""

from __future__ import annotations

from pathlib import Path

from jupyter_pixi.lockfile.model import Package
from jupyter_pixi.prefix import digests, markers

TOOL = Package(
    "conda",
    "https://conda.anaconda.org/tiny/noarch/tool-1.0.0-0.conda",
    {"sha256": "95232d9087cdcdb46d3a5c743fd411a9fa167c2d4545a2d355bc84228291fc3c"},
)
VIRTUAL = ("__unix=0=0", "__linux=4.18", "__glibc=2.28", "__archspec=0=x86_64")


def test_worked_example_of_one_package() -> None:
    assert digests.fingerprint([("tool", TOOL.fields["sha256"])]) == "4778bc9e67aad5ac"
    assert digests.lock_file_hash([TOOL], "linux-64", VIRTUAL) == "9372db19595389b3"


def test_worked_example_of_no_package() -> None:
    assert digests.fingerprint([]) == digests.NOTHING
    assert digests.lock_file_hash([], "linux-64", VIRTUAL) == "12729dbafa3e2072"


def test_order_of_records_and_of_virtual_packages_does_not_matter_but_that_of_packages_does() -> None:
    other = Package("pypi", "./mypkg", {})
    assert digests.fingerprint([("b", "00" * 32), ("a", None)]) == digests.fingerprint([("a", None), ("b", "00" * 32)])
    one = digests.lock_file_hash([TOOL, other], "linux-64", VIRTUAL)
    assert one == digests.lock_file_hash([TOOL, other], "linux-64", reversed(VIRTUAL))
    assert one != digests.lock_file_hash([other, TOOL], "linux-64", VIRTUAL)


def test_md5_stands_in_for_a_missing_sha256() -> None:
    with_md5 = Package("conda", "u", {"md5": "00" * 16})
    without = Package("conda", "u", {})
    assert digests.lock_file_hash([with_md5], "noarch", ()) != digests.lock_file_hash([without], "noarch", ())


def test_marker_text_is_pixis() -> None:
    marker = markers.Marker(
        "/w/pixi.toml", "default", "9372db19595389b3", ("linux-64", ("__unix=0=0",)), ("linux-64", ())
    )
    text = marker.to_json()
    assert text == (
        '{\n  "manifest_path": "/w/pixi.toml",\n  "environment_name": "default",\n'
        f'  "pixi_version": "{markers.PIXI_VERSION}",\n'
        '  "environment_lock_file_hash": "9372db19595389b3",\n  "resolved_platform": {\n    "subdir": "linux-64",\n'
        '    "virtual_packages": [\n      "__unix=0=0"\n    ]\n  },\n  "minimum_supported_platform": {\n'
        '    "subdir": "linux-64"\n  }\n}'
    )
    assert markers.parse_marker(text) == marker


def test_marker_of_an_older_pixi_is_read_and_nonsense_is_not() -> None:
    old = markers.parse_marker(
        '{"manifest_path": "m", "environment_name": "e", "pixi_version": "0.40.0", "environment_lock_file_hash": "a"}'
    )
    assert old is not None and old.platform is None and old.hash == "a"
    assert markers.parse_marker("[]") is None
    assert markers.parse_marker("{") is None


def test_files_in_a_prefix(tmp_path: Path) -> None:
    markers.meta_folder(tmp_path).mkdir()
    assert markers.read_fingerprint(tmp_path) is None
    assert markers.write_prefix_files(tmp_path)
    assert not markers.write_prefix_files(tmp_path), "a second time there is nothing to write"
    assert not markers.has_moved(tmp_path)
    assert (tmp_path / "conda-meta" / "history").read_text().startswith("//")
    marker = markers.Marker("m", "e", "abc", None, None)
    assert markers.write_marker(tmp_path, marker)
    assert not markers.write_marker(tmp_path, marker)
    markers.invalidate_marker(tmp_path)
    invalid = markers.read_marker(tmp_path)
    assert invalid is not None and invalid.hash == markers.INVALID_HASH and invalid.manifest == "m"


def test_a_moved_prefix_is_noticed(tmp_path: Path) -> None:
    first = tmp_path / "a"
    markers.meta_folder(first).mkdir(parents=True)
    markers.write_prefix_files(first)
    first.rename(tmp_path / "b")
    assert markers.has_moved(tmp_path / "b")


def test_requirements_are_sorted_and_single() -> None:
    depends = [["__glibc >=2.17", "python"], ["__cuda >=12", "__glibc >=2.17"]]
    assert markers.requirements(depends) == ("__cuda >=12", "__glibc >=2.17")
