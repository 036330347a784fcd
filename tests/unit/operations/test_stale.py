"""What a kernel runs that is not what its prefix holds now: exact, from its files, records and the package cache."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from jupyter_pixi.events import Warn
from jupyter_pixi.operations.context import Caller, ChangedFile, Context, Replaced
from jupyter_pixi.operations.installing.stale import stale_packages, tell_stale_packages

SITE = "lib/python3.11/site-packages"


class Prefix:
    """A prefix by hand, whose conda packages are records with files of one line."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / SITE).mkdir(parents=True)
        (root / "conda-meta").mkdir()
        self.changed: list[ChangedFile] = []
        self.replaced: list[Replaced] = []

    def conda(self, name: str, version: str, *files: str, build: str = "0") -> None:
        self.remove(name)
        paths = []
        for file in files:
            text = f"{name} {version} {build}"
            (self.root / file).parent.mkdir(parents=True, exist_ok=True)
            (self.root / file).write_text(text)
            paths.append({"_path": file, "sha256": hashlib.sha256(text.encode()).hexdigest()})
        record = {"name": name, "files": list(files), "paths_data": {"paths": paths}}
        (self.root / f"conda-meta/{name}-{version}-{build}.json").write_text(json.dumps(record))

    def cached(self, name: str, *files: str) -> None:
        """The package is unpacked in the cache (`name` with version and build)."""
        info = self.root / "cache/pkgs" / name / "info"
        info.mkdir(parents=True)
        (info / "paths.json").write_text(json.dumps({"paths": [{"_path": file} for file in files]}))

    def remove(self, name: str) -> None:
        for record in self.root.glob(f"conda-meta/{name}-*.json"):
            for file in json.loads(record.read_text())["files"]:
                (self.root / file).unlink(missing_ok=True)
            record.unlink()

    def imported(self, module: str, file: str, *, told: bool = False) -> None:
        self.changed.append(ChangedFile(str(self.root / file), module, "0", told))

    def context(self, *listing: str) -> Context:
        caller = Caller(
            "default",
            str(self.root / "pixi.toml"),
            str(self.root),
            modules=("x",),
            changed=tuple(self.changed),
            listings={"0": listing},
            replaced=tuple(self.replaced),
        )
        self.said: list[object] = []
        environ = {"RATTLER_CACHE_DIR": str(self.root / "cache")}
        return Context(cwd=self.root, environ=environ, caller=caller, sink=self.said.append)

    def sentences(self, *listing: str) -> list[str]:
        return [each.sentence() for each in stale_packages(self.context(*listing))]


@pytest.fixture
def prefix(tmp_path):
    made = Prefix(tmp_path)
    made.conda("python", "3.11.7", "bin/python3.11")
    return made


def test_another_version(prefix):
    prefix.conda("cowsay", "6.0", f"{SITE}/cowsay/__init__.py")
    prefix.conda("other", "2.0", f"{SITE}/other.py")
    prefix.imported("cowsay", f"{SITE}/cowsay/__init__.py")
    prefix.imported("cowsay.main", f"{SITE}/cowsay/main.py")  # which the new one has not
    listing = ("cowsay-6.1-0.json", "other-1.0-0.json")
    assert prefix.sentences(*listing) == ["cowsay 6.1 is loaded, 6.0 is installed"]


def test_another_name_and_another_build(prefix):
    prefix.conda("pyyaml", "6.0", f"{SITE}/yaml/__init__.py", build="1")
    prefix.imported("yaml", f"{SITE}/yaml/__init__.py")
    (told,) = prefix.sentences("pyyaml-6.0-0.json")
    assert told.startswith("pyyaml 6.0 is loaded, and files of it were exchanged or taken away since")


def test_what_is_gone_is_known_from_the_cache_or_by_its_name(prefix):
    prefix.cached("python-dateutil-2.9-py_0", "site-packages/dateutil/__init__.py")
    prefix.imported("dateutil", f"{SITE}/dateutil/__init__.py")
    prefix.imported("six", f"{SITE}/six.py")
    prefix.imported("nobodys", f"{SITE}/nobodys.py")
    listing = ("python-dateutil-2.9-py_0.json", "six-1.16.dist-info", "more-1.0-0.json")
    assert prefix.sentences(*listing) == [
        "nobodys is loaded, and no longer installed",
        "python-dateutil 2.9 is loaded, and no longer installed",
        "six 1.16 is loaded, and no longer installed",
    ]


def test_a_copy_of_pip_in_a_conda_packages_place(prefix):
    prefix.conda("cowsay", "6.1", f"{SITE}/cowsay/__init__.py", f"{SITE}/cowsay-6.1.dist-info/METADATA")
    (prefix.root / SITE / "cowsay-6.1.dist-info/METADATA").unlink()
    (prefix.root / SITE / "cowsay-6.1.dist-info").rmdir()
    info = prefix.root / SITE / "cowsay-5.0.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("cowsay/__init__.py,,\n")
    prefix.imported("cowsay", f"{SITE}/cowsay/__init__.py")
    listing = ("cowsay-6.1-0.json", "cowsay-6.1.dist-info")
    assert prefix.sentences(*listing) == ["cowsay 6.1 is loaded, 5.0 is installed"]


def test_the_same_files_anew_are_the_same_and_an_edited_one_is_not(prefix):
    prefix.conda("same", "1.0", f"{SITE}/same.py", f"{SITE}/same_too.py")
    prefix.imported("same", f"{SITE}/same.py")
    assert prefix.sentences("same-1.0-0.json") == []
    (prefix.root / SITE / "same.py").write_text("edited")
    (told,) = prefix.sentences("same-1.0-0.json")
    assert "files of it were exchanged" in told
    (prefix.root / SITE / "same.py").unlink()
    assert prefix.sentences("same-1.0-0.json") == [told]


def test_libraries(prefix):
    prefix.conda("blas", "2.0", "lib/blas.so.2", "lib/blas.so")
    prefix.cached("ssl-1.0-0", "lib/ssl.so")
    prefix.conda("lost", "1.0", "lib/lost.so")
    names = ("blas.so", "lost.so", "ssl.so", "what.so")
    prefix.replaced = [Replaced(str(prefix.root / "lib" / name)) for name in names]
    assert prefix.sentences("blas-1.0-0.json", "lost-1.0-0.json", "ssl-1.0-0.json") == [
        "blas 1.0 is loaded, 2.0 is installed",
        "lost 1.0 is loaded, and files of it were exchanged or taken away since (another build, an edit)",
        "ssl 1.0 is loaded, and no longer installed",
        "what.so is loaded, and no longer installed",
    ]


def test_a_kernel_is_warned_of_what_it_does_not_know(prefix):
    prefix.imported("one", f"{SITE}/one.py", told=True)
    context = prefix.context("one-1.0-0.json", "two-1.0-0.json")
    tell_stale_packages(context)
    assert prefix.said == []
    prefix.imported("two", f"{SITE}/two.py")
    tell_stale_packages(prefix.context("one-1.0-0.json", "two-1.0-0.json"))
    (warning,) = prefix.said
    assert isinstance(warning, Warn) and "two 1.0 is loaded, and no longer installed. Restart it" in warning.text
    assert "one" not in warning.text
