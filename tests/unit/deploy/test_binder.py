"""Binder: where the files go, what is merged and what is refused, the check, the links."""

from __future__ import annotations

import dataclasses

import pytest
from jupyter_pixi.deploy import binder, binder_check
from jupyter_pixi.deploy.binder import Options, Present
from jupyter_pixi.deploy.binder_check import Git
from jupyter_pixi.deploy.links import links
from jupyter_pixi.deploy.model import Source
from jupyter_pixi.errors import PixiError

from .plans import CUDA, JOB, PLAN


def test_where_it_goes():
    assert binder.folder(Present(), None) == ".binder"
    assert binder.folder(Present(("binder",)), None) == "binder"
    with pytest.raises(PixiError, match="both"):
        binder.folder(Present(("binder", ".binder")), None)
    with pytest.raises(PixiError, match="both"):
        binder.folder(Present(("binder",)), ".binder")
    with pytest.raises(PixiError, match="looks into"):
        binder.folder(Present(), "docs")


@pytest.mark.parametrize("name", ["environment.yml", "requirements.txt", "install.R"])
def test_a_configuration_that_would_be_hidden_is_a_conflict(name: str):
    for present in (Present((), ((name, "x"),)), Present(("binder",), ((f"binder/{name}", "x"),))):
        with pytest.raises(PixiError, match="out of use"):
            binder.binder(PLAN, Options(), present, ["prod"])
        assert binder.binder(PLAN, Options(force=True), present, ["prod"])


def test_what_a_dockerfile_can_keep_is_merged():
    present = Present((".binder",), ((".binder/apt.txt", "graphviz\nffmpeg # for films"), (".binder/postBuild", "")))
    text = binder.binder(PLAN, Options(), present, ["prod"])[0].text
    assert "--no-install-recommends ffmpeg graphviz " in text
    assert 'RUN "${HOME}/.binder/postBuild"' in text
    with pytest.raises(PixiError, match="not the name of a Debian package"):
        binder.binder(PLAN, Options(), Present((), (("apt.txt", "x;rm\n"),)), ["prod"])


def test_what_is_at_the_root_is_merged_each_time():
    root = (("apt.txt", "graphviz\n"), ("Dockerfile", "FROM x"))
    first = binder.binder(PLAN, Options(), Present((), root), ["prod"])
    there = Present((".binder",), (*root, *((f.path, f.text) for f in first)))
    assert "graphviz" in first[0].text
    assert binder.binder(PLAN, Options(), there, ["prod"]) == first
    assert binder.out_of_use(there) == ("Dockerfile",)
    late = Present((".binder",), (*there.files, ("environment.yml", "name: x")))
    with pytest.raises(PixiError, match="out of use"):
        binder.binder(PLAN, Options(), late, ["prod"])


def test_environments_that_cannot_run_there():
    text = binder.binder(PLAN, Options(), Present(), ["prod", "cuda"])[0].text
    assert "Not in it: cuda (it needs CUDA 12.4" in text
    assert "Not in it: mac" in text
    with pytest.raises(PixiError, match="no GPU"):
        binder.binder(PLAN, Options(environments=("cuda",)), Present(), ["cuda"])
    with pytest.raises(PixiError, match="No environment"):
        binder.binder(dataclasses.replace(PLAN, targets=(CUDA,)), Options(), Present(), ["cuda"])


NOTHING = Present()


def test_a_source_beside_the_workspace_may_be_in_the_repository():
    plan = dataclasses.replace(PLAN, sources=(Source("lib", "../lib"),))
    with pytest.raises(PixiError, match="outside it: lib from"):
        binder.binder(plan, Options(), Present(), ["prod"])
    assert binder.binder(plan, Options(subfolder="work"), Present(), ["prod"])


def check(plan=PLAN, present: Present = NOTHING, **more):
    given = {"kernels": ["prod"], "up_to_date": True} | more
    return [(s.level, s.text) for s in binder_check.check(plan, "There is no pixi.lock", Options(), present, **given)]


def git(*more: str, changed: tuple[str, ...] = ()) -> Git:
    return Git(frozenset({"pixi.toml", "pixi.lock", *more}), frozenset(changed))


def test_the_check_warns_of_what_may_fail():
    stale = Present(
        ("binder",), (("binder/Dockerfile", "FROM x\nRUN jupyter pixi install --locked -e gone\nUSER 1000\n"),)
    )
    cases = {
        "pixi.lock differs from the last commit": check(git=git(changed=("pixi.lock",))),
        "binder/Dockerfile is not committed": check(present=stale, git=git()),
        "binder/Dockerfile:2: PX14 The environment 'gone'": check(present=stale),
        "come from channels.example.org": check(dataclasses.replace(PLAN, hosts=("channels.example.org",))),
        "cuda: left out, it needs CUDA 12.4": check(),
        "repo2docker builds from Dockerfile, and ignores": check(present=Present((), (("Dockerfile", "FROM x"),))),
    }
    for said, rows in cases.items():
        assert any(level == "warning" and said in text for level, text in rows), (said, rows)
    assert all(row[0] != "error" for rows in cases.values() for row in rows)


def test_what_goes_out_of_use_is_told():
    assert binder.out_of_use(Present((), (("Dockerfile", "FROM x"), ("setup.py", "")))) == ("Dockerfile", "setup.py")
    assert binder.out_of_use(Present((".binder",), (("Dockerfile", ""), (".binder/start", "x")))) == ()


def test_the_check_says_what_would_fail():
    assert not [row for row in check() if row[0] == "error"]
    assert check(None) == [("error", "There is no pixi.lock")]
    outside = dataclasses.replace(JOB, environment="prod", sources=(Source("lib", "../lib", editable=True),))
    cases = {
        "not up to date": check(up_to_date=False),
        "git ignores pixi.lock": check(git=Git(lock_ignored=True)),
        ".dockerignore keeps pixi.lock out": check(present=Present((), ((".dockerignore", "*.lock\n"),))),
        ".env looks like a secret": check(git=git(".env")),
        "keys/id_ed25519 looks like a secret": check(git=git("keys/id_ed25519")),
        "what looks like a password": check(present=Present((), (("postBuild", "AKIA" + "A" * 16),))),
        "outside it: lib from ../lib": check(dataclasses.replace(PLAN, targets=(outside,))),
        "No environment": check(dataclasses.replace(PLAN, targets=(CUDA,)), kernels=["cuda"]),
        "out of use": check(present=Present((), (("requirements.txt", "x"),))),
        "pixi.lock is not in git yet": check(git=Git(frozenset({"pixi.toml"}))),
        "pixi.toml holds what looks": check(texts=[("pixi.toml", "https://example.org/t/ab-0123456789abcdef0123/x")]),
        "from this machine (127.0.0.1)": check(dataclasses.replace(PLAN, hosts=("127.0.0.1",))),
        "repo2docker refuses": check(present=Present(("binder", ".binder"))),
    }
    for said, rows in cases.items():
        assert any(level == "error" and said in text for level, text in rows), (said, rows)


@pytest.mark.parametrize(
    ("repository", "ref", "spec"),
    [
        ("https://github.com/me/weather.git", "main", "gh/me/weather/main"),
        ("git@github.com:me/weather.git", "a/b", "gh/me/weather/a%2Fb"),
        ("https://gitlab.com/group/sub/weather", "v1", "gl/group%2Fsub%2Fweather/v1"),
        ("https://gist.github.com/me/abc123.git", "HEAD", "gist/me/abc123/HEAD"),
        ("https://git.example.org:8443/x/y", "main", "git/https%3A%2F%2Fgit.example.org%3A8443%2Fx%2Fy/main"),
        ("https://doi.org/10.5281/zenodo.3242074", "main", "zenodo/10.5281/zenodo.3242074/"),
    ],
)
def test_links(repository: str, ref: str, spec: str):
    found = links(repository, ref, "a b/tour.ipynb")
    assert found.url == f"https://mybinder.org/v2/{spec}?urlpath=lab%2Ftree%2Fa%2520b%2Ftour.ipynb"
    assert found.markdown.startswith("[![Binder](https://mybinder.org/badge_logo.svg)](https://mybinder.org/v2/")


@pytest.mark.parametrize(
    "repository", ["/home/me/weather", "file:///x", "https://github.com/", "https://gist.github.com/abc123.git"]
)
def test_no_link_to_what_binder_cannot_reach(repository: str):
    with pytest.raises(PixiError):
        links(repository)
