"""Reading lock files of every version, as Pixi writes them and as people damage them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from jupyter_pixi.errors import LockFileError
from jupyter_pixi.lockfile import LockTooNew, load, packages, read_lock, write_lock, yaml_general, yaml_subset

LOCK = """\
version: 7
platforms:
- name: linux-64
  virtual-packages:
  - __unix=0=0
- name: p1
  subdir: linux-64
  virtual-packages:
  - __cuda=12
environments:
  default:
    channels:
    - url: https://conda.anaconda.org/tiny/
    indexes:
    - https://index.test/simple
    find-links:
    - path: ./links
    options:
      strategy: lowest-version
      channel-priority: flexible
      pypi-prerelease-mode: allow
    packages:
      linux-64:
      - conda: https://conda.anaconda.org/tiny/linux-64/app-1.0.0-h1_3.conda
      - conda_source: native[1234abcd] @ ./native
      - pypi: ./local
      - pypi: https://files.test/idna-3.10-py3-none-any.whl
      p1: []
packages:
- conda: https://conda.anaconda.org/tiny/linux-64/app-1.0.0-h1_3.conda
  sha256: a2b0ed9a88d0c4e41436f058720b204dbec35833a11c75dab676a37dc20d97e9
  depends:
  - lib >=1,<2
  - '>=odd'
  extra_depends:
    gpu:
    - cudart
  purls: []
  run_exports:
    weak:
    - app >=1
  size: 979
- conda: https://conda.anaconda.org/tiny/noarch/tool-1.0.0-py_0.conda
- conda_source: native[1234abcd] @ ./native
  version: '1.0'
  variants:
    python: 3.10.*
    count: 3
    text: '3'
  build_packages:
  - conda: https://conda.anaconda.org/tiny/noarch/tool-1.0.0-py_0.conda
- pypi: ./local
  name: local
  requires_dist:
  - numpy
- pypi: https://files.test/idna-3.10-py3-none-any.whl
  name: idna
  version: '3.10'
  requires_python: '>=3.6'
"""
PATH = Path("/somewhere/pixi.lock")


def test_a_lock_file_says_what_it_says() -> None:
    lock = read_lock(LOCK.encode(), PATH)
    environment = lock.environments["default"]
    assert lock.version == 7
    assert [(row.name, row.subdir, row.virtual_packages) for row in lock.platforms] == [
        ("linux-64", "linux-64", ("__unix=0=0",)),
        ("p1", "linux-64", ("__cuda=12",)),
    ]
    assert environment.channels == ("https://conda.anaconda.org/tiny/",)
    assert environment.indexes == ("https://index.test/simple",)
    assert environment.find_links == (("path", "./links"),)
    assert environment.options.strategy == "lowest-version"
    app, native, local, idna = environment.packages["linux-64"]
    assert (packages.name(app), packages.version(app), packages.build(app)) == ("app", "1.0.0", "h1_3")
    assert (packages.build_number(app), packages.subdir(app), packages.size(app)) == (3, "linux-64", 979)
    assert packages.channel(app) == "https://conda.anaconda.org/tiny"
    assert packages.depends(app) == ("lib >=1,<2", ">=odd")
    assert packages.extra_depends(app) == {"gpu": ("cudart",)}
    assert packages.purls(app) == ()
    assert packages.name(native) == "native"
    assert packages.source_location(native) == "./native"
    assert [packages.noarch(item) for item in native.fields["build_packages"]] == ["python"]
    assert packages.is_directory(local)
    assert packages.version(local) is None
    assert packages.is_wheel(idna)
    assert packages.version(idna) == "3.10"
    assert packages.file_name(idna) == "idna-3.10-py3-none-any.whl"


def test_both_readers_agree() -> None:
    def plain(value: object) -> object:
        if isinstance(value, tuple):
            return {value[0]: value[1]}
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    assert plain(yaml_subset.parse(LOCK)) == yaml_general.parse(LOCK)


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: "# a comment\n" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("  - __cuda=12", "  - __cuda=12  # the GPU nodes"),
        lambda text: text.replace("- __unix=0=0", '- "__unix=0=0"'),
        lambda text: text.replace("  virtual-packages:\n  - __cuda=12", "  virtual-packages: [__cuda=12]"),
        lambda text: "---\n" + text,
        lambda text: text.rstrip("\n"),
    ],
)
def test_hand_edits_do_not_change_the_meaning(edit) -> None:
    assert read_lock(edit(LOCK).encode(), PATH) == read_lock(LOCK.encode(), PATH)


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("", "it is empty", None),
        ("version: 7\nplatforms:\n- name: linux", "missing field `environments`", 1),
        ("hello", "missing field `version`", 1),
        ("version: seven", "`version` is not a number", 1),
        ("version: '7'\nenvironments: {}\npackages: []", "`version` is not a number", 1),
        ("\ufeffversion: 7\nenvironments: {}\npackages: []", "byte order mark", 1),
        ("version: 7\nenvironments: []\npackages: []", "expected a mapping, found a list", 2),
        ("version: 7\nenvironments: {}\npackages: {}", "expected a list, found a mapping", 3),
        ("version: 7\nenvironments: {}\npackages:\n- name: x\n", "missing field `conda`, `conda_source` or `pypi`", 4),
        ("version: 7\nenvironments: {}\npackages:\n- pypi: ./x\n", "missing field `name`", 4),
        ("version: 7\nenvironments: {}\npackages:\n- pypi: ./x\n  name:\n    y: z\n", "expected a string", 5),
        ("version: 7\nenvironments: {}\npackages: []\nversion: 6\n", "the key 'version' stands twice", 4),
        ("version: 7\nenvironments:\n  a: b: c\n", "mapping values are not allowed", 3),
        ("version: 7\nplatforms: []\nenvironments:\n  d:\n    channels: []\n    packages:\n      l:\n      - conda: x\n"
         "packages: []",
         "the package 'x' is missing in `packages`", 8),
        ("version: 7\nplatforms: []\nenvironments:\n  d:\n    channels: []\n    packages:\n      l: []\npackages: []",
         "the platform 'l' is missing in `platforms`", 7),
        ("version: 6\n<<<<<<< HEAD\n", "conflict markers", 2),
        ("version: 7\na: " + "[" * 100_000, "nested too deeply", 2),
        ("version: 7\na: " + "- " * 100_000 + "x", "not allowed", 2),
        ("version: 7\na: &a [*a]\n", "has no anchor before it", 2),
        ("version: 7\n" + "".join(f"k{i}: &k{i} [{','.join([f'*k{i - 1}'] * 10) if i else 'x'}]\n" for i in range(12)),
         "too large", 8),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(text: str, reason: str, line: int | None) -> None:
    with pytest.raises(LockFileError) as caught:
        read_lock(text.encode(), PATH)
    assert reason in caught.value.message
    assert "Failed to load lock file" in caught.value.message
    assert caught.value.place is not None
    assert caught.value.place.line == line
    assert caught.value.help


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("version: 7", "version: 6", "'p1' is not a known subdir"),
        ("subdir: linux-64", "subdir: linux-65", "'linux-65' is not a known subdir"),
        (
            "platforms:\n- name: linux-64\n  virtual-packages:\n  - __unix=0=0\n",
            "platforms:\n",
            "'linux-64' is missing",
        ),
        ("strategy: lowest-version", "strategy: lowest", "unknown strategy 'lowest'"),
        ("channel-priority: flexible", "channel-priority: loose", "unknown channel-priority 'loose'"),
        ("pypi-prerelease-mode: allow", "pypi-prerelease-mode: never", "unknown pypi-prerelease-mode 'never'"),
        ("    channels:\n    - url: https://conda.anaconda.org/tiny/\n", "", "missing field `channels`"),
        ("- url: https://conda", "- https://conda", "expected a mapping, found a string"),
        ("  depends:\n  - lib >=1,<2\n  - '>=odd'\n", "  depends: lib\n", "expected a list, found a string"),
        ("  depends:\n  - lib >=1,<2\n  - '>=odd'\n", "  depends:\n", "expected a list, found nothing"),
        ("  purls: []", "  purls:\n  - app", "expected a package URL"),
        ("  purls: []", "  noarch: sometimes", "expected `python` or `generic`"),
        ("  purls: []", "  file_name: app", "expected the name of a conda archive"),
        ("  purls: []", "  channel: tiny", "expected a URL"),
        ("https://conda.anaconda.org/tiny/linux-64/app", "./app", "missing field `subdir`"),
        ("'>=3.6'", "'3.6'", "expected version specifiers"),
        ("version: '3.10'", "version: latest", "'latest' is not a version"),
        ("name: idna", "name: id na", "'id na' is not the name of a PyPI package"),
    ],
)
def test_what_rattler_does_not_read_is_refused(old: str, new: str, reason: str) -> None:
    changed = LOCK.replace(old, new)
    assert changed != LOCK
    with pytest.raises(LockFileError) as caught:
        read_lock(changed.encode(), PATH)
    assert reason in caught.value.message


@pytest.mark.parametrize(
    ("stated", "written"),
    [
        *((line, "") for line in ("name: app", "version: 1.0.0", "build: h1_3", "build_number: 3", "subdir: linux-64")),
        ("channel: https://conda.anaconda.org/tiny/", ""),
        ("file_name: app-1.0.0-h1_3.conda", ""),
        ("noarch: false", ""),
        ("noarch: generic", "noarch: generic"),
        ("build_number: 4", "build_number: 4"),
        ("md5: C2C1BAC70BE0B826CF8B46CF6D034CF9", "md5: c2c1bac70be0b826cf8b46cf6d034cf9"),
        ("timestamp: 1700000000", "timestamp: 1700000000000"),
        ("unknown: thing", ""),
    ],
)
def test_fields_of_a_hand_are_written_as_rattler_writes_them(stated: str, written: str) -> None:
    def with_line(line: str) -> str:
        return LOCK.replace("  depends:\n  - lib", f"  {line}\n  depends:\n  - lib" if line else "  depends:\n  - lib")

    assert write_lock(read_lock(with_line(stated).encode(), PATH)) == write_lock(
        read_lock(with_line(written).encode(), PATH)
    )
    if written:
        assert f"\n  {written}\n" in write_lock(read_lock(with_line(stated).encode(), PATH))


def test_a_noarch_folder_may_hold_a_package_of_no_kind() -> None:
    text = LOCK.replace(
        "tool-1.0.0-py_0.conda\n- conda_source", "tool-1.0.0-py_0.conda\n  noarch: false\n- conda_source"
    )
    assert "py_0.conda\n  noarch: false\n" in write_lock(read_lock(text.encode(), PATH))


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(LockFileError, match="not UTF-8"):
        read_lock(b"version: 7\n\xff\xfe", PATH)


def test_every_truncation_is_a_sentence() -> None:
    for end in range(0, len(LOCK), 7):
        try:
            read_lock(LOCK[:end].encode(), PATH)
        except LockFileError as error:
            assert error.message.startswith("Failed to load lock file")


def test_a_newer_version_is_never_taken_for_a_lock() -> None:
    with pytest.raises(LockTooNew) as caught:
        read_lock(b"version: 99\n", PATH)
    assert caught.value.version == 99
    assert "newer than supported" in caught.value.message


def test_no_file_is_no_lock(tmp_path: Path) -> None:
    assert load(tmp_path / "pixi.lock") is None
    with pytest.raises(LockFileError):
        load(tmp_path)


def test_version_6_selectors_tell_source_packages_apart() -> None:
    text = """\
version: 6
environments:
  default:
    channels:
    - url: https://conda.anaconda.org/tiny/
    packages:
      linux-64:
      - conda: .
        build: h2_0
packages:
- conda: .
  name: mine
  version: '1'
  build: h1_0
  subdir: linux-64
- conda: .
  name: mine
  version: '1'
  build: h2_0
  subdir: linux-64
"""
    lock = read_lock(text.encode(), PATH)
    (package,) = lock.environments["default"].packages["linux-64"]
    assert package.kind == "conda_source"
    assert packages.build(package) == "h2_0"
    assert packages.name(package) == "mine"
    assert [row.name for row in lock.platforms] == ["linux-64"]


def test_version_4_packages_become_those_of_version_7() -> None:
    text = """\
version: 4
environments:
  default:
    channels:
    - url: https://conda.anaconda.org/tiny/
    packages:
      win-64:
      - conda: https://conda.anaconda.org/tiny/win-64/bzip2-1.0.8-hcfcfb64_5.conda
      - pypi: has-extras
packages:
- kind: conda
  name: bzip2
  version: 1.0.8
  build: hcfcfb64_5
  build_number: 5
  arch: x86_64
  platform: win
  subdir: win-64
  url: https://conda.anaconda.org/tiny/win-64/bzip2-1.0.8-hcfcfb64_5.conda
  md5: 26eb8ca6ea332b675e11704cce84a3be
  timestamp: 1699280668
  purls:
  - pkg:pypi/c
  - pkg:pypi/b
- kind: pypi
  name: has-extras
  version: 0.1.0
  path: has-extras
  requires_dist:
  - a[x] <3, >=2.1 ; extra == 'all'
  - b >=1
  - c @ https://files.test/c-1.0.tar.gz
  requires_python: <4,>=3.8
"""
    bzip2, extras = read_lock(text.encode(), PATH).environments["default"].packages["win-64"]
    assert bzip2.fields == {
        "md5": "26eb8ca6ea332b675e11704cce84a3be",
        "purls": ["pkg:pypi/b", "pkg:pypi/c"],
        "timestamp": "1699280668000",
    }
    assert packages.is_directory(extras)
    assert packages.requires_dist(extras) == (
        "a[x]>=2.1,<3 ; extra == 'all'",
        "b>=1",
        "c @ https://files.test/c-1.0.tar.gz",
    )
    assert packages.requires_python(extras) == ">=3.8,<4"


AWKWARD = ["null", "[]", "{}", "''", "'", '"x', "1", ">=1", "- x", "[a, b]", "{a: b}", "x: y", "&a b", "*a", "|", "\t",
           "é", "9" * 30, "git+https://x/y", "http://[::1", "foo[", 'foo[when="']  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_damage_never_ends_in_a_traceback(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        lines = LOCK.split("\n")
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(lines))
            line, value = lines[at], chance.choice(AWKWARD)
            indent = line[: len(line) - len(line.lstrip())]
            key = line.split(": ")[0]
            lines[at] = chance.choice([f"{key}: {value}", f"{indent}- {value}", f" {line}", "", line + value])
        try:
            lock = read_lock("\n".join(lines).encode(), PATH)
        except LockFileError:
            continue
        text = write_lock(lock)
        assert write_lock(read_lock(text.encode(), PATH)) == text
