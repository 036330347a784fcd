"""Texts that come from uv or go to it: options, explanations, paths, git references, metadata of files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from jupyter_pixi.environments.cutoffs import Cutoffs
from jupyter_pixi.errors import NetworkError, SolveError
from jupyter_pixi.lockfile.model import Package
from jupyter_pixi.manifest.model import PypiOptions, PypiSpec
from jupyter_pixi.prefix.uv import Output
from jupyter_pixi.solve.metadata_files import Raw, directory, sdist
from jupyter_pixi.solve.pylock import git_location, relative, written_path
from jupyter_pixi.solve.pypi import explanation, failure, index_notes
from jupyter_pixi.solve.requirements import inputs, options_for_uv, preference_file, requirement
from jupyter_pixi.solve.stubs import Provided

ROOT = Path("/ws")


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (PypiSpec("*"), "x"),
        (PypiSpec(">=1, <2", extras=("a", "b")), "x[a,b] >=1, <2"),
        (PypiSpec("*", env_markers="sys_platform == 'win32'"), "x ; sys_platform == 'win32'"),
        (PypiSpec(path="./p q", editable=True), "x @ file:///ws/p%20q"),
        (PypiSpec(url="https://h.example/x.zip", subdirectory="s"), "x @ https://h.example/x.zip#subdirectory=s"),
        (PypiSpec(git="https://h.example/r", tag="v1"), "x @ git+https://h.example/r@v1"),
        (
            PypiSpec(git="git+https://h.example/r", branch="b", subdirectory="s", extras=("e",)),
            "x[e] @ git+https://h.example/r@b#subdirectory=s",
        ),
        (PypiSpec(git="git@h.example:o/r.git"), "x @ git+ssh://git@h.example/o/r.git"),
    ],
)
def test_requirements_in_the_words_of_pep_508(spec, text):
    assert requirement("x", spec, ROOT) == text


def test_options_of_pixi_in_the_words_of_uv():
    options = PypiOptions(
        index_url="https://a.example/simple", extra_index_urls=("https://b.example/simple",),
        find_links=(("path", "./links"), ("url", "https://c.example/l")), index_strategy="unsafe-best-match",
        prerelease_mode="allow", no_build=("n",), no_binary=True, no_build_isolation=("i",),
    )  # fmt: skip
    at = dt.datetime(2026, 5, 2, tzinfo=dt.UTC)
    cutoffs = Cutoffs(general=at, pypi_packages={"rich": at - dt.timedelta(days=1)})
    assert options_for_uv(options, "lowest-direct", ROOT, cutoffs) == [
        "--default-index", "https://a.example/simple", "--extra-index-url", "https://b.example/simple",
        "--find-links", "/ws/links", "--find-links", "https://c.example/l", "--index-strategy", "unsafe-best-match",
        "--prerelease", "allow", "--resolution", "lowest-direct", "--only-binary", "n", "--no-binary", ":all:",
        "--no-build-isolation-package", "i", "--exclude-newer", "2026-05-02T00:00:00Z",
        "--exclude-newer-package", "rich=2026-05-01T00:00:00Z",
    ]  # fmt: skip
    assert options_for_uv(PypiOptions(find_links=(("path", "l"),)), "highest", ROOT, Cutoffs()) == [
        "--find-links", "/ws/l", "--no-index",
    ]  # fmt: skip


def test_an_index_of_its_own_takes_the_form_that_can_say_so():
    rows = [("a", PypiSpec("*", index="https://own.example/simple")), ("b", PypiSpec(">=1"))]
    given = inputs(rows, PypiOptions(dependency_overrides={"c": PypiSpec("==2")}), ROOT, "", (), ())
    assert given.main == "pyproject.toml"
    assert '"a" = { index = "i0" }' in given.files["pyproject.toml"]
    assert 'url = "https://own.example/simple"\nexplicit = true' in given.files["pyproject.toml"]
    assert given.files["overrides.txt"] == "c ==2\n"
    assert given.options == ("--overrides", "overrides.txt")  # and no constraints, of which there are none


def test_what_conda_provides_is_a_constraint():
    given = inputs([("a", PypiSpec("*"))], PypiOptions(), ROOT, "numpy==2\n", (), ())
    assert given.files["conda.txt"] == "numpy==2\n"
    assert given.options == ("-c", "conda.txt")


def test_preferences_keep_versions_and_commits_but_not_directories():
    commit = "a" * 40
    text = preference_file(
        [
            Package("pypi", "https://f.example/x-1.0-py3-none-any.whl", {"name": "x", "version": "1.0"}),
            Package("pypi", f"git+https://h.example/r?branch=main&subdirectory=s#{commit}", {"name": "g"}),
            Package("pypi", "./dir", {"name": "dir"}),
        ]
    )
    assert 'name = "x"\nversion = "1.0"' in text
    assert f'type = "git", url = "https://h.example/r", requested-revision = "main", commit-id = "{commit}"' in text
    assert "dir" not in text.replace("subdirectory", "")
    assert preference_file([]) == ""


@pytest.mark.parametrize(
    ("text", "written"),
    [(".", "./"), ("sub/./p/", "./sub/p"), ("../x", "../x"), ("./x", "./x"), ("/abs/x", "/abs/x"), ("..", "..")],
)
def test_paths_are_written_as_pixi_writes_them(text, written):
    assert written_path(text) == written


def test_paths_that_nobody_wrote_count_from_the_root():
    assert relative(Path("/ws/a/b"), ROOT) == "./a/b"
    assert relative(Path("/other"), ROOT) == "../other"
    assert relative(ROOT, ROOT) == "./"


def test_git_references_take_the_manifests_word():
    vcs = {"url": "https://h.example/r", "requested-revision": "v1", "commit-id": "c0ffee", "subdirectory": "s"}
    assert git_location(vcs, None) == "git+https://h.example/r?rev=v1&subdirectory=s#c0ffee"
    tagged = PypiSpec(git="https://h.example/r", tag="v1")
    assert git_location(vcs, tagged) == "git+https://h.example/r?tag=v1&subdirectory=s#c0ffee"
    assert git_location({"url": "u", "commit-id": "c"}, None) == "git+u#c"


def test_explanations_lose_their_drawing_and_credentials():
    stderr = (
        "warning: something\nerror: No solution found when resolving dependencies\n"
        "  cause: Because only these are available:\n             a<=1\n             a>=2\n         we fail.\n\n"
        "hint: look at https://user:secret@h.example/simple\n"
    )
    assert explanation(stderr) == (
        "Because only these are available:\n    a<=1\n    a>=2\nwe fail.\n\nhint: look at https://h.example/simple"
    )


def test_an_unreachable_index_is_the_networks_fault_and_a_conflict_is_not():
    unreachable = "error: Request failed after 3 retries\n  cause: Failed to fetch: `http://127.0.0.1:9/simple/x/`\n"
    assert isinstance(failure(Output(2, "", unreachable), ()), NetworkError)
    cut = "error: Failed to download and build `x==1.0`\n  Caused by: error reading a body from connection\n"
    assert isinstance(failure(Output(2, "", cut), ()), NetworkError)
    torn = "error: Because x has an invalid package format, x cannot be used.\n\nhint: Failed to read from zip file\n"
    assert "cut short: run the command again" in str(failure(Output(1, "", torn), ()).help)
    conflict = "error: No solution found when resolving dependencies\n  cause: Because you require x<1 and x==2\n"
    error = failure(Output(1, "", conflict), [Provided("x", "2"), Provided("xy", "3")])
    assert isinstance(error, SolveError)
    assert (error.help or "").endswith("\nx==2")


def test_index_annotations():
    text = (
        "a==1.0 \\\n    --hash=x\n    # from https://i.example/simple\nb[e]==2 ; x\n    # from https://j.example/s/\n"
    )
    assert index_notes(text) == {"a": "https://i.example/simple", "b": "https://j.example/s/"}


def test_static_directories_are_read_and_dynamic_ones_are_not(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["a"]\n'
        '[project.optional-dependencies]\ne = ["b; os_name == \'nt\'", "c"]\n'
    )
    assert directory(tmp_path) == Raw("1", ("a", "b ; (os_name == 'nt') and extra == 'e'", "c ; extra == 'e'"), ">=3.9")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\ndynamic = ["version"]\n')
    assert directory(tmp_path) is None


def test_source_archives_count_only_when_nothing_is_dynamic(tmp_path):
    folder = tmp_path / "sdists-v9/pypi/x/1.0/abc/src"
    folder.mkdir(parents=True)
    info = folder / "PKG-INFO"
    info.write_text("Metadata-Version: 2.2\nName: x\nVersion: 1.0\nRequires-Dist: a\n")
    assert sdist(tmp_path, "x", "1.0") == Raw("1.0", ("a",), None)
    info.write_text("Metadata-Version: 2.2\nName: x\nVersion: 1.0\nDynamic: Requires-Dist\n")
    assert sdist(tmp_path, "x", "1.0") is None
    info.write_text("Metadata-Version: 2.1\nName: x\nVersion: 1.0\n")
    assert sdist(tmp_path, "x", "1.0") is None
