"""What was changed behind the lock's back: seen, repaired, or taken over."""

from __future__ import annotations

import pytest


def by_hand(prefix, name: str, version: str, *, files: dict[str, str]) -> None:
    """What `pip install` leaves: files, and a dist-info that names them and pip."""
    site = next(prefix.glob("lib/python3*/site-packages"))
    info = f"{name}-{version}.dist-info"
    texts = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/INSTALLER": "pip\n",
    }
    record = "".join(f"{path},,\n" for path in [*texts, f"{info}/RECORD"])
    for path, text in {**texts, f"{info}/RECORD": record}.items():
        (site / path).parent.mkdir(parents=True, exist_ok=True)
        (site / path).unlink(missing_ok=True)  # it may be a hard link into the package cache
        (site / path).write_text(text)


@pytest.fixture
def drifted(installed):
    """A workspace with a stray package, a conda package that pip replaced, one that is damaged and one that is gone."""
    workspace = installed()
    workspace.do("add", "cowsay", "humanize", "everywhere", "six")
    prefix = workspace.prefix()
    site = next(prefix.glob("lib/python3*/site-packages"))
    by_hand(prefix, "straying", "1.5", files={"straying.py": "x = 1\n"})
    by_hand(prefix, "six", "1.17.0", files={"six.py": "__version__ = 'by hand'\n"})
    (site / "cowsay/main.py").unlink()
    next(prefix.glob("conda-meta/everywhere-*.json")).unlink()
    return workspace


def test_status_tells_and_repair_brings_back(drifted):
    prefix = drifted.prefix()
    site = next(prefix.glob("lib/python3*/site-packages"))
    next(prefix.glob("conda-meta/humanize-*.json")).unlink()
    (site / "unrecorded-0.1.dist-info").mkdir()
    (prefix / "bin/python3").unlink()
    (prefix / "bin/python3").symlink_to("nowhere")
    rows = {row["name"]: row for row in drifted.json("status")["drift"]["default"]}
    assert {name: row["what"] for name, row in rows.items()} == {
        "cowsay": "damaged",
        "everywhere": "missing",
        "humanize": "damaged",
        "python": "damaged",
        "six": "changed",
        "straying": "unmanaged",
        "unrecorded": "unmanaged",
    }
    assert rows["python"]["files"] == ["bin/python3"]
    assert rows["humanize"]["text"].endswith("is damaged: its record in conda-meta")
    text = drifted.do("status")
    assert "straying 1.5 is not in the lock file (installed by pip)" in text
    assert "cowsay 6.1 is damaged" in text and "`install --repair`" in text
    done = drifted.run("install", "--repair")
    assert done.returncode == 0, done.stderr
    assert "straying 1.5 is not in the lock file" in done.stderr and "interrupted" not in done.stderr
    assert drifted.json("status")["drift"] == {}
    assert not (site / "straying.py").exists() and not list(site.glob("straying-*"))
    assert (site / "cowsay/main.py").exists() and "by hand" not in (site / "six.py").read_text()
    assert list(prefix.glob("conda-meta/everywhere-*.json"))
    again = drifted.run("install", "--repair")
    assert again.returncode == 0 and "damaged" not in again.stderr


def test_a_stray_package_is_adopted(installed):
    workspace = installed()
    by_hand(workspace.prefix(), "iniconfig", "2.0.0", files={"iniconfig.py": "x = 1\n"})
    refused = workspace.run("add", "--adopt", "nothing-such")
    assert refused.returncode == 1
    assert (
        "'nothing-such' is not a PyPI package that was installed into 'default' beside the lock file" in refused.stderr
    )
    assert "iniconfig" in refused.stderr
    refused = workspace.run("add", "--adopt", "iniconfig>=2.1")
    assert refused.returncode == 1
    assert "Of 'iniconfig' version 2.0.0 is installed, which is not '>=2.1'." in refused.stderr
    workspace.do("add", "--adopt", "iniconfig")
    assert 'iniconfig = "==2.0.0"' in workspace.manifest.read_text()
    assert workspace.json("status")["drift"] == {}
    assert (next(workspace.prefix().rglob("iniconfig-2.0.0.dist-info")) / "INSTALLER").read_text() == "uv-pixi"


def test_a_record_that_cannot_be_read_is_no_dead_end(drifted):
    (record,) = drifted.prefix().glob("conda-meta/humanize-*.json")
    record.write_text("{")
    rows = {row["name"]: row for row in drifted.json("status")["drift"]["default"]}
    assert rows["humanize"]["what"] == "damaged" and rows["humanize"]["files"] == [f"conda-meta/{record.name}"]
    added = drifted.run("add", "native")  # the linker reads every record
    assert added.returncode == 0 and "What conda-meta said of humanize could not be read; linked anew" in added.stderr
    assert "humanize" not in {row["name"] for row in drifted.json("status")["drift"]["default"]}
