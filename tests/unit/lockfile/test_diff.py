"""What changed between two locks."""

from __future__ import annotations

from pathlib import Path

from jupyter_pixi.config import Config
from jupyter_pixi.environments import compose
from jupyter_pixi.lockfile import LockEnvironment, LockFile, LockPlatform, Package
from jupyter_pixi.lockfile.diff import diff
from jupyter_pixi.manifest import parse_manifest

MANIFEST = b"""\
[workspace]
name = "ws"
channels = ["tiny"]
platforms = [{ platform = "linux-64", cuda = "12" }]
[dependencies]
lib = "*"
python = "*"
[pypi-dependencies]
my_dep = "*"
"""
BASE = "https://conda.anaconda.org/tiny/linux-64/"
parsed = parse_manifest(MANIFEST, Path("/nowhere/pixi.toml"))
ENVIRONMENTS = compose(parsed, Config())


def conda(name: str, **fields: object) -> Package:
    return Package("conda", f"{BASE}{name}.conda", fields)


def lock(*packages: Package, environment: str = "default") -> LockFile:
    row = LockPlatform("p1", "linux-64", ("__cuda=12",))
    return LockFile(7, (row,), {environment: LockEnvironment((), {"p1": packages})})


def test_rows_for_people() -> None:
    before = lock(
        conda("lib-1.2-0"), conda("gone-1-0"), conda("same-1-0"), conda("back-2-0"), conda("again-1-0"),
        Package("pypi", "https://files.test/a-1.whl", {"name": "my-dep", "version": "1.9"}),
    )  # fmt: skip
    after = lock(
        conda("lib-1.10-0"), conda("new-1-h_0"), conda("same-1-0", size="1"), conda("back-1-0"), conda("again-1-1"),
        Package("pypi", "./local", {"name": "my-dep"}),
    )  # fmt: skip
    rows = diff(before, after, ENVIRONMENTS).rows()
    told = [(row.name, row.kind, row.before, row.after, row.type, row.explicit) for row in rows]
    assert told == [
        ("again", "rebuilt", "1 0", "1 1", "conda", False),
        ("back", "down", "2 0", "1 0", "conda", False),
        ("gone", "removed", "1 0", None, "conda", False),
        ("lib", "up", "1.2 0", "1.10 0", "conda", True),
        ("my-dep", "rebuilt", "1.9", "./local", "pypi", True),
        ("new", "added", None, "1 h_0", "conda", False),
    ]
    assert {(row.environment, row.platform) for row in rows} == {("default", "linux-64-cuda-12")}


def test_the_json_document() -> None:
    before = lock(conda("lib-1-0", sha256="a", depends=["x"], license="MIT", size="5"))
    after = lock(
        conda("lib-2-0", sha256="b", license="MIT", size="6", purls=[]),
        Package("pypi", "./d", {"name": "my-dep", "requires_dist": ["y"]}),
    )
    assert diff(before, after, ENVIRONMENTS).to_json() == {
        "version": 1,
        "environment": {
            "default": {
                "linux-64-cuda-12": [
                    {
                        "name": "lib",
                        "before": {"conda": f"{BASE}lib-1-0.conda", "sha256": "a", "depends": ["x"], "size": 5},
                        "after": {
                            "conda": f"{BASE}lib-2-0.conda", "sha256": "b", "depends": None, "size": 6, "purls": []
                        },
                        "type": "conda",
                        "explicit": True,
                    },
                    {
                        "name": "my_dep",
                        "before": None,
                        "after": {"pypi": "./d", "name": "my-dep", "requires_dist": ["y"]},
                        "type": "pypi",
                        "explicit": True,
                    },
                ]
            }
        },
    }  # fmt: skip


def test_nothing_changed() -> None:
    same = lock(conda("lib-1-0"))
    found = diff(same, same, ENVIRONMENTS)
    assert not found
    assert found.to_json() == {"version": 1, "environment": {}}


def test_environments_that_came_and_went() -> None:
    rows = diff(lock(conda("lib-1-0"), environment="old"), lock(conda("lib-1-0")), ENVIRONMENTS).rows()
    assert [(row.environment, row.kind) for row in rows] == [("default", "added"), ("old", "removed")]
    assert [row.kind for row in diff(None, lock(conda("lib-1-0")), ENVIRONMENTS).rows()] == ["added"]
