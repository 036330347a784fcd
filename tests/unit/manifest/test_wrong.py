"""Whatever is wrong in a manifest is said in one sentence that points at the line and column."""

from __future__ import annotations

import pytest

BARE = "[workspace]\nchannels = []\n"

CASES = [
    # root and workspace
    ("[dependecies]\n", "'dependecies' was not expected here", "dependecies]"),
    ("[project]\n", "'project' was not expected here", "project]"),
    ("tool = 1\n", "'tool' was not expected here", "tool = 1"),
    ('[dependencies]\n"li b" = "*"\n', "'li b' is not a valid package name", 'li b" = "*"'),
    ('[dependencies]\nlib = "*"\nLib = "*"\n', "duplicate key: `Lib`", 'Lib = "*"'),
    # conda requirements
    ("[dependencies]\nlib = 1\n", "expected a string or a table, found integer", "1"),
    ('[dependencies]\nlib = ">=1,,"\n', "is not a valid version specification", '>=1,,"'),
    ('[dependencies]\nlib = "./x"\n', "trying to add a path dependency", './x"'),
    ('[dependencies]\nlib = "https://github.com/x/y"\n', "trying to add a git dependency", 'https://github.com/x/y"'),
    ('[dependencies]\nlib = "https://host/y"\n', "trying to add a url dependency", 'https://host/y"'),
    ('[dependencies]\nlib = "1.2 py_0"\n', "looks like a matchspec", '1.2 py_0"'),
    ("[dependencies]\nlib = {}\n", "must be specified", "{}"),
    ('[dependencies]\nlib = {versoin = "1"}\n', "'versoin' was not expected here", 'versoin = "1"}'),
    ('[dependencies]\nlib = {branch = "m"}\n', "only valid when `git` is specified", '{branch = "m"}'),
    (
        '[dependencies]\nlib = {git = "https://x/y", rev = "a", tag = "b"}\n',
        "only one of `branch`, `rev`, or `tag`",
        None,
    ),
    ('[dependencies]\nlib = {git = "https://x/y", path = "."}\n', "only one of `url`, `path`, or `git`", None),
    ('[dependencies]\nlib = {git = "https://x/y"}\n', "'pixi-build' preview flag", '{git = "https://x/y"}'),
    ('[dependencies]\nlib = {path = "dir"}\n', "'pixi-build' preview flag", None),
    ('[dependencies]\nlib = {path = "a.conda", version = "1"}\n', "`version` cannot be used with `path`", None),
    (
        '[dependencies]\nlib = {path = "a.conda", sha256 = "' + "a" * 64 + '"}\n',
        "`sha256` cannot be used with `path`",
        None,
    ),
    ('[dependencies]\nlib = {url = "https://x/a.conda", channel = "c"}\n', "`channel` cannot be used with `url`", None),
    ('[dependencies]\nlib = {version = "*", md5 = "xyz"}\n', "is not a valid md5", 'xyz"}'),
    ('[dependencies]\nlib = {version = "*", build-number = 1}\n', "expected a string, found integer", "1}"),
    ('[dependencies]\nlib = {version = "*", build-number = "many"}\n', "build number", 'many"}'),
    ('[dependencies]\nlib = {version = "*", subdirectory = "x"}\n', "`subdirectory` is only valid with", None),
    ('[dependencies]\nlib = {version = "*", extras = "a"}\n', "expected an array, found string", 'a"}'),
    ('[dependencies]\nlib = {version = "*", when = ["a"]}\n', "top-level arrays are not allowed", '["a"]}'),
    ('[dependencies]\nlib = {version = "*", when = "a[x=1]"}\n', "`when` strings", 'a[x=1]"}'),
    ('[dependencies]\nlib = {version = "*", when = {all = ["a"], any = ["b"]}}\n', "exactly one of", None),
    ("[dependencies]\nlib = {workspace = true}\n", "define `lib` in `[workspace.dependencies]`", "{workspace = true}"),
    (
        '[workspace.dependencies]\nlib = "*"\n[dependencies]\nlib = {workspace = true, version = "1"}\n',
        "`version` is mutually exclusive with `workspace`",
        None,
    ),
    ('[constraints]\nlib = {git = "https://x/y"}\n', "binary distribution was expected", None),
    ('[dev]\nlib = "*"\n', "expected a table, found string", '*"'),
    ("[dev]\nlib = {}\n", "must specify one of", "{}"),
    # PyPI requirements
    ('[pypi-dependencies]\nx = "hello"\n', "Failed to parse version", 'hello"'),
    ('[pypi-dependencies]\nx = "1"\n', "Failed to parse version", '1"'),
    ('[pypi-dependencies]\nx = "./x"\n', "trying to add a path dependency", './x"'),
    ('[pypi-dependencies]\n"-x" = "*"\n', "not a valid package name", '-x" = "*"'),
    ('[pypi-dependencies]\nx = {git = "https://x/y", branch = "a", tag = "b"}\n', "Only one of", None),
    ('[pypi-dependencies]\nx = {version = ">=1", path = "."}\n', "`version` cannot be used with `path`", None),
    ('[pypi-dependencies]\nx = {path = ".", index = "https://i"}\n', "Exactly one of", None),
    ('[pypi-dependencies]\nx = {version = "*", tag = "b"}\n', "only valid when `git` is specified", None),
    ('[pypi-dependencies]\nx = {version = "*", extras = "a"}\n', "expected an array, found string", 'a"}'),
    ('[pypi-dependencies]\nx = {version = "*", extras = ["a b"]}\n', "not a valid extra name", 'a b"]}'),
    ('[pypi-dependencies]\nx = {version = "*", env-markers = "nope == 1"}\n', "environment marker", 'nope == 1"}'),
    ('[pypi-dependencies]\nx = {verson = "*"}\n', "'verson' was not expected here", 'verson = "*"}'),
    ('[pypi-options]\nindex-url = "nowhere"\n', "not a valid URL", 'nowhere"'),
    ('[pypi-options]\nindex-strategy = "best"\n', "Expected one of 'first-index'", 'best"'),
    ("[pypi-options]\nfind-links = [{}]\n", "expected exactly one of 'path' and 'url'", "{}]"),
    ('[pypi-options]\nno-build = "x"\n', "expected a boolean or an array", 'x"'),
    # features and environments
    ("[feature.default]\n", "The feature 'default' is reserved", "default]"),
    ("[feature.t]\ndeps = {}\n", "'deps' was not expected here", "deps = {}"),
    ('[feature.t]\nplatforms = ["linux-65"]\n', "which is not declared in the workspace", None),
    ('[feature.t]\nchannel-priority = "loose"\n', "Expected one of 'strict', 'flexible', 'disabled'", 'loose"'),
    ('[feature.t]\nsolve-strategy = "best"\n', "Expected one of 'highest'", 'best"'),
    ('[target.linux-64.channels]\nx = "*"\n', "'channels' was not expected here", "channels]"),
    ('[target."if(x)".tasks]\n', "not a valid target selector", 'if(x)".tasks]'),
    ("[environments]\nMy_Env = []\n", "Failed to parse environment name 'My_Env'", "My_Env = []"),
    ('[environments]\na = "x"\n', "expected either a map or a sequence, found string", 'x"'),
    ("[environments]\na = {no-default-feature = true}\n", "missing field 'features'", "{no-default-feature = true}"),
    ("[environments]\na = {system-requirements = {}}\n", "'system-requirements' was not expected here", None),
    ("[environments]\na = {host-dependencies = {}}\n", "'host-dependencies' was not expected here", None),
    ('[environments]\na = ["t"]\n', "The feature 't' is not defined in the manifest", 't"]'),
    (
        '[feature.t]\n[environments]\na = {features = ["t", "t"]}\n',
        "The feature 't' is included more than once",
        't"]}',
    ),
    (
        '[feature.a.pypi-options]\nindex-url = "https://a"\n[feature.b.pypi-options]\nindex-url = "https://b"\n'
        '[environments]\nab = ["a", "b"]\n',
        "multiple primary pypi indexes are not supported, found both https://a and https://b",
        '["a", "b"]',
    ),
    (
        '[system-requirements]\nlibc = "2.28"\n'
        '[feature.m.system-requirements]\nlibc = {family = "musl", version = "1"}\n'
        '[environments]\nm = ["m"]\n',
        "two different libc families were specified: 'musl' and 'glibc'",
        '["m"]',
    ),
    ("[system-requirements]\ncuda = 12\n", "expected a string, found integer", "12"),
    ('[system-requirements]\ncudda = "12"\n', "'cudda' was not expected here", 'cudda = "12"'),
    ('[system-requirements]\nlibc = {family = "glibc"}\n', "missing field 'version'", None),
    # tasks and activation
    ("[tasks]\na = 3\n", "expected string or table, found integer", "3"),
    ('[tasks]\na = {cmnd = "x"}\n', "'cmnd' was not expected here", 'cmnd = "x"}'),
    ('[tasks]\na = ["b"]\n', "expected table, found string", 'b"]'),
    ('[tasks]\na = {cmd = "x", args = ["a-b"]}\n', "not a valid argument name", 'a-b"]}'),
    ('[tasks]\na = {cmd = "x", args = [{arg = "p", default = "1"}, "q"]}\n', "default value required after", None),
    (
        '[tasks]\na = {cmd = "x", args = [{arg = "p", default = "1", choices = ["2"]}]}\n',
        "not one of its choices",
        '1", choices',
    ),
    (
        '[tasks]\na = {cmd = "x", depends-on = [{task = "b", environment = "A_"}]}\n',
        "Failed to parse environment name",
        None,
    ),
    ('[tasks]\na = {cmd = "x", env = {A = 1}}\n', "expected a string, found integer", "1}}"),
    ("[activation]\nscript = []\n", "'script' was not expected here", "script = []"),
    ("[activation.env]\nA = 1\n", "expected a string, found integer", "1"),
    # the rest
    ('[exclude-newer]\nlib = "soon"\n', "neither a valid duration", 'soon"'),
    ('[package]\nname = "x"\n', "missing field 'build' in table", "[package]"),
    (
        '[package]\n[package.build.backend]\nname = "x"\n',
        "[package] section is only allowed when the `pixi-build` feature is enabled",
        "[package]",
    ),
    ("[dependencies\n", "the file is not valid TOML", None),
    ("[tool.x]\na = 1\na = 2\n", "the file is not valid TOML", None),
]


@pytest.mark.parametrize(("text", "message", "spot"), CASES, ids=[c[0].replace("\n", " ")[:60] for c in CASES])
def test_what_is_wrong_is_said_and_pointed_at(wrong, text, message, spot):
    said, where, _ = wrong(text) if text[:4] != "tool" else wrong("", head=text + BARE)
    if text[:4] == "tool":
        message, spot = "expected a table, found integer", "1"
    assert message in said
    assert "\n" not in said
    if spot is not None:
        assert where.startswith(spot)


WORKSPACE = [
    ("name = 1\n", "expected a string, found integer"),
    ('version = "a b"\n', "is not a valid version"),
    ('authors = "me"\n', "expected an array, found string"),
    ('channel-priority = "loose"\n', "Expected one of 'strict', 'flexible', 'disabled'"),
    ('solve-strategy = "best"\n', "Expected one of 'highest', 'lowest', 'lowest-direct'"),
    ('license = "My Licence"\n', "'license' is not a valid SPDX expression"),
    ('readme = "no-such-file"\n', "'no-such-file' does not exist"),
    ('license-file = "no-such-file"\n', "'no-such-file' does not exist"),
    ('build-variants-files = ["none.yml"]\n', "'none.yml' does not exist"),
    ('homepage = "example.org"\n', "relative URL without a base"),
    ("conda-pypi-map = true\n", "`conda-pypi-map = true` is not supported"),
    ("conda-pypi-map = {x = {}}\n", "expected at least one of `location`"),
    ("conda-pypi-map = {x = true}\n", "`true` is not supported"),
    ("preview = 3\n", "expected bool or list of features"),
    ('requires-pixi = "abc"\n', "invalid version specifier in 'requires-pixi'"),
    ('requires-pixi = ">=99"\n', "this project requires pixi '>=99', but you have pixi 0.77.0"),
    ('exclude-newer = "yesterday"\n', "`yesterday` is neither a valid duration"),
    ("chanels = []\n", "'chanels' was not expected here"),
    ('platforms = ["linux-65"]\n', "'linux-65' is not a known platform"),
    ('platforms = ["linux-64", "linux-64"]\n', "duplicate key: `linux-64`"),
    ("platforms = [{}]\n", "must set at least one of 'name' or 'platform'"),
    ('platforms = [{name = "mine"}]\n', "'mine' is not a conda subdir"),
    ('platforms = [{platform = "linux-64", cuda = "12", __cuda = "12"}]\n', "'__cuda' is declared more than once"),
    ('platforms = [{platform = "osx-64", osx = "13", macos = "13"}]\n', "'osx' is an alias for 'macos'"),
    ('platforms = [{platform = "linux-64", cuda = {arch = "8"}}]\n', "`cuda.arch` requires `cuda.driver`"),
    ('platforms = [{platform = "linux-64", cuda = {}}]\n', "`cuda` table must set `driver`"),
    ('platforms = [{platform = "linux-64", cuda = "x y"}]\n', "is not a valid version"),
    ('platforms = [{platform = "linux-64", archspec = "x86_64_v9"}]\n', "'x86_64_v9' is not a known microarchitecture"),
    ('platforms = [{platform = "linux-64", glibc = "2.28"}]\n', "platform entry rejected"),
    ('platforms = [{name = "linux-64", platform = "linux-64", cuda = "12"}]\n', "platform entry rejected"),
    ('platforms = [{name = "linux", platform = "linux-64", cuda = "12"}]\n', "reserved platform name"),
    ('platforms = [{name = "1a", platform = "linux-64", cuda = "12"}]\n', "not a valid platform name"),
    ('platforms = [{name = "a-", platform = "linux-64", cuda = "12"}]\n', "not a valid platform name"),
    ('platforms = [{name = "' + "a" * 65 + '", platform = "linux-64", cuda = "12"}]\n', "not be longer than 64 bytes"),
    ('platforms = [{platform = "linux-64", gpu = "12"}]\n', "'gpu' was not expected here"),
    ('s3-options = {b = {region = "r"}}\n', "missing field 'endpoint-url'"),
]


@pytest.mark.parametrize(("line", "message"), WORKSPACE, ids=[c[0].strip()[:60] for c in WORKSPACE])
def test_what_is_wrong_in_the_workspace_table(wrong, line, message):
    said, where, _ = wrong(line, head=BARE)
    assert message in said
    assert where is not None and line.strip().endswith(where)


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ("", "missing field 'channels' in table"),
        ('channels = "x"', "expected an array, found string"),
        ('channels = ["a", "a"]', "duplicate key: `a`"),
        ("channels = [{priority = 1}]", "missing field 'channel'"),
        ('channels = [{channel = "a", priority = "high"}]', "expected an integer, found string"),
        ('channels = [{channel = "a", exclude-newer = "x"}]', "neither a valid duration"),
        ('channels = [""]', "a channel can not be empty"),
        ("channels = [true]", "expected a string or a table, found boolean"),
    ],
)
def test_wrong_channels(wrong, channels, message):
    assert message in wrong(f"{channels}\n", head="[workspace]\n")[0]


def test_a_near_word_is_suggested(wrong):
    assert wrong("[dependecies]\n")[2] == "Did you mean 'dependencies'?"
    said = wrong('platforms = [{platform = "linux-64", archspec = "x86_64_v9"}]\n', head=BARE)[0]
    assert "did you mean 'x86_64_v" in said
    assert wrong("[feature.t]\nzzzz = 1\n")[2] is None


def test_rich_platforms_and_system_requirements_do_not_go_together(wrong):
    head = '[workspace]\nchannels = []\nplatforms = [{platform = "linux-64", cuda = "12"}]\n'
    assert "uses `[system-requirements]`" in wrong('[system-requirements]\ncuda = "12"\n', head=head)[0]
    said = wrong('[feature.f]\nplatforms = ["linux-64"]\n', head=head)[0]
    assert "references platform 'linux-64' which is not declared in the workspace" in said


@pytest.mark.parametrize("name", ["pixi.toml", "mojoproject.toml"])
@pytest.mark.parametrize("text", ["", "[dependencies]\n", "# [workspace]\n", "workspace = {channels = []}\n"])
def test_a_manifest_without_its_tables(wrong, name, text):
    said, _, _ = wrong(text, head="", name=name)
    assert f"Missing table in manifest {name}" in said


def test_a_byte_order_mark(wrong):
    assert "byte order mark" in wrong("[dependencies]\n", head="\ufeff[workspace]\nchannels = []\n[workspace.x]\n")[0]
    assert "byte order mark" in wrong("", head="\ufeff[workspace]\nchannels = []\n")[0]


def test_bytes_that_are_not_utf8():
    from pathlib import Path

    from jupyter_pixi.errors import ManifestError
    from jupyter_pixi.manifest import parse_manifest

    with pytest.raises(ManifestError, match="did not contain valid UTF-8") as caught:
        parse_manifest(b"[workspace]\nname = '\xff'\n", Path("pixi.toml"))
    assert caught.value.place.line == 2


def test_a_long_text_is_shortened_in_the_message(wrong):
    said, _, _ = wrong('[dependencies]\nlib = "' + "!" * 50_000 + '"\n')
    assert len(said) < 3000


def test_a_requirement_of_pixi_can_be_looked_at_although_it_is_not_fulfilled(wrong):
    from pathlib import Path

    from jupyter_pixi.manifest import parse_manifest

    text = BARE + 'requires-pixi = ">=99"\n'
    assert "use a newer jupyter-pixi" in wrong("", head=text)[2]
    assert parse_manifest(text.encode(), Path("pixi.toml"), check_version=False).workspace.requires_pixi == ">=99"
