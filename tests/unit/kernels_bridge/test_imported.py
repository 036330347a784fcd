"""Which modules of a kernel are not what is on disk any more: seen by their files, forgotten when they are reloaded."""

from __future__ import annotations

import importlib
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from jupyter_pixi.kernels.bridge.caller import replaced_files
from jupyter_pixi.kernels.bridge.imported import Imported


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A prefix with `probe_one` 1.0 and `probe_two` 1.0, whose site folder is this interpreter's."""
    site = tmp_path / "lib/site-packages"
    site.mkdir(parents=True)
    (tmp_path / "conda-meta").mkdir()
    folders = {"stdlib": str(tmp_path / "lib"), "platstdlib": str(tmp_path / "lib")}
    monkeypatch.setattr(sysconfig, "get_path", lambda name: folders.get(name, str(site)))
    monkeypatch.setattr(sys, "path", [*sys.path, str(site)])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    for name in ("probe_one", "probe_two"):
        install(tmp_path, name, "1.0")
    importlib.invalidate_caches()
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("probe_")]:
        del sys.modules[name]


def install(prefix: Path, name: str, version: str) -> None:
    site = prefix / "lib/site-packages"
    for old in site.glob(f"{name}-*.dist-info"):
        old.rmdir()
    (site / f"{name}-{version}.dist-info").mkdir()
    new = site / f"{name}.new"
    new.write_text(f"version = {version!r}\n")
    new.replace(site / f"{name}.py")


def changed(imported: Imported) -> dict[str, bool]:
    """Module -> whether the user was told of its change."""
    return {row["module"]: row["told"] for row in imported.document()["changed"]}


def test_only_what_was_imported_before_the_change_is_another(prefix: Path) -> None:
    imported = Imported(str(prefix))
    importlib.import_module("probe_one")
    imported.look()
    assert changed(imported) == {}
    install(prefix, "probe_one", "2.0")
    install(prefix, "probe_two", "2.0")
    importlib.import_module("probe_two")
    imported.look()
    document = imported.document()
    (row,) = document["changed"]
    assert row["module"] == "probe_one" and row["path"] == str(prefix / "lib/site-packages/probe_one.py")
    assert "probe_one-1.0.dist-info" in document["listings"][row["listing"]]


def test_it_is_told_once_and_again_when_it_changes_again(prefix: Path) -> None:
    imported = Imported(str(prefix))
    importlib.import_module("probe_one")
    imported.look()
    (prefix / "lib/site-packages/probe_one.py").unlink()
    assert changed(imported) == {"probe_one": False} and imported.come_back() == []
    imported.tell([])
    assert changed(imported) == {"probe_one": True}
    install(prefix, "probe_one", "3.0")
    assert changed(imported) == {"probe_one": False} and imported.come_back() == ["probe_one"]


@pytest.mark.parametrize("how", ["reload", "anew"])
def test_a_module_that_was_loaded_anew_is_what_is_on_disk(prefix: Path, how: str) -> None:
    imported = Imported(str(prefix))
    module = importlib.import_module("probe_one")
    imported.look()
    install(prefix, "probe_one", "2.0")
    assert changed(imported) == {"probe_one": False}
    if how == "reload":
        importlib.reload(module)
    else:
        del sys.modules["probe_one"]
        assert changed(imported) == {}
        importlib.import_module("probe_one")
    imported.look()
    assert changed(imported) == {} and sys.modules["probe_one"].version == "2.0"


def test_a_module_in_an_archive_is_as_its_archive(prefix: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = prefix / "lib/site-packages/probe.zip"
    for content in ("1", "2"):
        with zipfile.ZipFile(prefix / "new", "w") as file:
            file.writestr("probe_zip.py", content)
        (prefix / "new").replace(archive)
        if content == "1":
            monkeypatch.setattr(sys, "path", [*sys.path, str(archive)])
            importlib.import_module("probe_zip")
            imported = Imported(str(prefix))
            imported.look()
    (row,) = imported.document()["changed"]
    assert (row["module"], row["path"]) == ("probe_zip", str(archive))


def test_replaced_libraries(tmp_path: Path) -> None:
    kept, other = tmp_path / "kept.so", tmp_path / "other.so"
    for file in (kept, other):
        file.touch()
    maps = [
        f"7f00-7f01 r-xp 00000000 08:01 {kept.stat().st_ino} {kept} (deleted)\n",  # linked again from the cache
        f"7f01-7f02 r--p 00000000 08:01 1234567 {other} (deleted)\n",
        f"7f02-7f03 r--p 00000000 00:31 1234567 {kept}\n",  # some file systems have other numbers there
        f"7f03-7f04 r--p 00000000 08:01 12 {tmp_path}/gone.so (deleted)\n",
    ]
    assert replaced_files(str(tmp_path), maps) == [str(tmp_path / "gone.so"), str(other)]
