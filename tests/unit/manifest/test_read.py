"""Every form that a manifest may have becomes the model's data."""

from __future__ import annotations

from pathlib import Path

from jupyter_pixi.manifest import place_of
from jupyter_pixi.manifest.model import (
    Activation,
    ChannelSpec,
    CondaSpec,
    Platform,
    PypiOptions,
    PypiSpec,
    Task,
    TaskArg,
    TaskDependency,
    VirtualPackage,
)

FOLDER = {"head": "", "name": "pixi.toml"}


def test_the_smallest_manifest_is_named_after_its_directory(read):
    manifest = read("[workspace]\nchannels = []\n", **FOLDER)
    assert manifest.workspace.name == "space"
    assert manifest.workspace.platforms == ()
    assert list(manifest.environments) == ["default"]
    assert manifest.root == Path("/srv/space")
    assert manifest.warnings == ()


def test_a_package_names_the_workspace(read):
    text = '[workspace]\nchannels = []\npreview = ["pixi-build"]\n[package]\nname = "pkg"\nversion = "1.0"\n'
    manifest = read(text + '[package.build]\nbackend = {name = "pixi-build-python", version = "*"}\n', **FOLDER)
    assert manifest.workspace.name == "pkg"
    assert manifest.package["version"] == "1.0"


def test_workspace(read):
    manifest = read(
        """
[workspace]
name = "w"
version = "1.2.3"
description = "text"
authors = ["A <a@b.c>"]
channels = ["conda-forge", {channel = "https://prefix.dev/x", priority = 2, exclude-newer = "7d"}, "./local"]
channel-priority = "flexible"
solve-strategy = "lowest-direct"
platforms = ["linux-64"]
license = "MIT"
homepage = "https://example.org"
conda-pypi-map = {conda-forge = {mapping = {a = "b", c = false}, same-name-heuristic = false}, other = "x.json"}
preview = ["pixi-build"]
requires-pixi = ">=0.40,<2"
exclude-newer = "2024-01-01"
build-variants = {python = ["3.12.*"]}
[workspace.target.linux.build-variants]
python = ["3.11.*"]
[workspace.s3-options.bucket]
endpoint-url = "https://s3"
region = "r"
force-path-style = true
[workspace.pypi-options]
index-url = "https://index/simple"
""",
        **FOLDER,
    )
    w = manifest.workspace
    assert (w.version, w.description, w.authors) == ("1.2.3", "text", ("A <a@b.c>",))
    assert w.channels == (
        ChannelSpec("conda-forge"),
        ChannelSpec("https://prefix.dev/x", 2, "7d"),
        ChannelSpec("./local"),
    )
    assert (w.channel_priority, w.solve_strategy) == ("flexible", "lowest-direct")
    assert w.conda_pypi_map == {
        "conda-forge": {"mapping": {"a": ("b",), "c": ()}, "mapping-mode": "overlay", "same-name-heuristic": False},
        "other": "x.json",
    }
    assert (w.preview, w.requires_pixi, w.exclude_newer) == (("pixi-build",), ">=0.40,<2", "2024-01-01")
    assert w.s3_options["bucket"]["force-path-style"] is True
    assert w.extra == {"license": "MIT", "homepage": "https://example.org"}
    assert w.pypi_options.index_url == "https://index/simple"
    assert manifest.features["default"].channel_priority == "flexible"


def test_conda_dependencies(read):
    text = """
[dependencies]
Plain = ">=1,<2"
table = {version = "1.*", build = "h*_0", build-number = ">=3", channel = "c", subdir = "linux-64", md5 = "MD5"}
extras = {version = "*", extras = ["a"], flags = ["f"], license = "MIT", license-family = "BSD", track-features = ["t"]}
archive = {url = "https://x/lib-1.0-0.conda", sha256 = "SHA256"}
local = {path = "./lib-1.0-0.tar.bz2"}
cuda = {version = "*", when = "__cuda>=12"}
both = {version = "*", when = {all = ["a", {any = ["b >=1", {package = "c", version = "<2", build = "x*"}]}]}}
[host-dependencies]
table = "2.*"
[build-dependencies]
tool = "*"
[constraints]
limit = "<3"
"""
    text = text.replace("MD5", "a" * 32).replace("SHA256", "b" * 64)
    target = read(text).features["default"].targets[0]
    found = target.dependencies
    assert next(iter(found)) == "plain" and found["plain"] == CondaSpec(version=">=1,<2")
    assert found["table"].build_number == ">=3" and found["table"].md5 == "a" * 32
    assert (found["extras"].extras, found["extras"].flags, found["extras"].track_features) == (("a",), ("f",), ("t",))
    assert not found["archive"].is_source and not found["local"].is_source
    assert found["cuda"].when == "__cuda>=12"
    assert found["both"].when == '(a and (b >=1 or c[version="<2", build="x*"]))'
    assert target.host_dependencies == {"table": CondaSpec(version="2.*")}
    assert target.build_dependencies == {"tool": CondaSpec(version="*")}
    assert target.constraints == {"limit": CondaSpec(version="<3")}


def test_source_dependencies_with_the_preview(read):
    head = '[workspace]\nchannels = []\npreview = ["pixi-build"]\n'
    text = """
[dependencies]
a = {git = "https://x/y", tag = "v1", subdirectory = "sub", version = "1.*"}
b = {path = "../b"}
[dev]
me = {path = "."}
"""
    target = read(text, head=head).features["default"].targets[0]
    assert target.dependencies["a"] == CondaSpec(version="1.*", git="https://x/y", tag="v1", subdirectory="sub")
    assert target.dependencies["b"].is_source
    assert target.dev == {"me": CondaSpec(path=".")}


def test_dependencies_of_the_workspace_are_inherited_with_filters(read):
    text = """
[workspace.dependencies]
lib = {version = "1.*", build = "a*"}
[dependencies]
lib = {workspace = true, build = "b*"}
"""
    spec = read(text).features["default"].targets[0].dependencies["lib"]
    assert spec == CondaSpec(version="1.*", build="b*", workspace=True)


def test_pypi_dependencies(read):
    text = """
[pypi-dependencies]
Foo_Bar = ">=1.0"
foo-bar = "~=2.1"
any = "*"
empty = {}
index = {version = "==1.0", extras = ["a", "b"], index = "https://i/simple", env-markers = "sys_platform == 'win32'"}
repo = {git = "https://x/y.git", rev = "abc", subdirectory = "s"}
here = {path = ".", editable = true}
wheel = {url = "https://x/y.whl"}
[pypi-options]
extra-index-urls = ["https://e/simple"]
find-links = [{path = "./wheels"}, {url = "https://l"}]
no-build-isolation = ["A_b"]
no-build = true
dependency-overrides = {Numpy = ">=2"}
"""
    feature = read(text).features["default"]
    found = feature.targets[0].pypi_dependencies
    assert found["foo-bar"] == (PypiSpec(version="~=2.1"),)
    assert found["any"] == (PypiSpec(version="*"),) and found["empty"] == (PypiSpec(),)
    assert found["index"][0].extras == ("a", "b") and found["index"][0].env_markers == "sys_platform == 'win32'"
    assert found["repo"][0].rev == "abc" and found["here"][0].editable is True and found["wheel"][0].url
    assert feature.pypi_options == PypiOptions(
        extra_index_urls=("https://e/simple",),
        find_links=(("path", "./wheels"), ("url", "https://l")),
        no_build_isolation=("a-b",),
        no_build=True,
        dependency_overrides={"numpy": PypiSpec(version=">=2")},
    )


def test_targets_keep_their_order(read):
    text = '[target.linux-64.dependencies]\na = "*"\n[target.unix.tasks]\nt = "x"\n'
    text += '[target."*-64".activation]\nscripts = ["a.sh"]\n'
    targets = read(text).features["default"].targets
    assert [t.selector for t in targets] == [None, "linux-64", "unix", "*-64"]
    assert targets[3].activation == Activation(("a.sh",))


def test_features_and_environments(read):
    text = """
[feature.Test_1]
platforms = ["linux-64"]
channels = ["x", "x"]
channel-priority = "disabled"
solve-strategy = "lowest"
[feature.Test_1.dependencies]
pytest = "*"
[feature.lint.dependencies]
ruff = "*"
[environments]
test = ["Test_1"]
group = {features = ["lint"], solve-group = "g", no-default-feature = true}
inline = {dependencies = {lib = "1.*"}, tasks = {t = "x"}, platforms = ["linux-64"]}
"""
    manifest = read(text)
    feature = manifest.features["Test_1"]
    assert (feature.platforms, feature.channels) == (("linux-64",), (ChannelSpec("x"),))
    assert (feature.channel_priority, feature.solve_strategy) == ("disabled", "lowest")
    assert list(manifest.environments) == ["default", "test", "group", "inline"]
    group = manifest.environments["group"]
    assert (group.features, group.solve_group, group.no_default_feature) == (("lint",), "g", True)
    inline = manifest.environments["inline"].inline
    assert inline.is_inline and inline.targets[0].dependencies == {"lib": CondaSpec(version="1.*")}


def test_the_default_environment_can_be_redefined_in_its_place(read):
    text = '[feature.a]\n[environments]\nother = []\ndefault = {features = ["a"], tasks = {t = "x"}}\n'
    manifest = read(text)
    assert list(manifest.environments) == ["other", "default"]
    assert manifest.environments["default"].inline.targets[0].tasks == {"t": Task(cmd="x")}


def test_tasks(read):
    text = """
[tasks]
plain = "echo hi"
alias = [{task = "plain", args = ["a", {name = "b"}], environment = "default"}]
old = {cmd = "x", depends_on = ["plain"]}
[tasks.full]
cmd = ["python", "x.py"]
depends-on = ["plain", {task = "alias"}]
inputs = ["*.py"]
outputs = ["out"]
cwd = "sub"
env = {A = "1"}
default-environment = "default"
description = "does it"
clean-env = true
args = ["first", {arg = "second", default = "b", choices = ["a", "b"]}]
"""
    manifest = read(text)
    tasks = manifest.features["default"].targets[0].tasks
    assert tasks["plain"] == Task(cmd="echo hi")
    assert tasks["alias"] == Task(depends_on=(TaskDependency("plain", ("a", ("name", "b")), "default"),))
    assert tasks["old"].depends_on == (TaskDependency("plain"),)
    assert tasks["full"] == Task(
        cmd=("python", "x.py"),
        depends_on=(TaskDependency("plain"), TaskDependency("alias")),
        inputs=("*.py",),
        outputs=("out",),
        cwd="sub",
        env={"A": "1"},
        default_environment="default",
        description="does it",
        clean_env=True,
        args=(TaskArg("first"), TaskArg("second", "b", ("a", "b"))),
    )
    assert [w.text for w in manifest.warnings] == ["The `depends_on` field is deprecated. Use `depends-on` instead."]


def test_system_requirements(read):
    text = (
        '[system-requirements]\nlinux = "5.4"\ncuda = "12"\nlibc = {family = "musl", version = "1.2"}\narchspec = "x"\n'
    )
    manifest = read(text)
    assert manifest.uses_system_requirements
    assert manifest.features["default"].system_requirements == (
        VirtualPackage("__linux", "5.4"),
        VirtualPackage("__cuda", "12"),
        VirtualPackage("__musl", "1.2"),
    )


def test_cut_offs_of_packages(read):
    manifest = read('[exclude-newer]\nNumpy = "7d"\n[pypi-exclude-newer]\nFoo_Bar = "2024-01-01"\n')
    assert manifest.exclude_newer == {"numpy": "7d"}
    assert manifest.pypi_exclude_newer == {"foo-bar": "2024-01-01"}


def test_other_tools_and_own_settings_are_left_in_peace(read):
    manifest = read('[tool.x]\ny = 1\n[tool.jupyter-pixi]\nkernels = ["py*"]\n')
    assert manifest.settings == {"kernels": ["py*"]}


def test_toml_1_1(read):
    text = '[dependencies]\nlib = {\n  version = "1.*", # comment\n  build = "a*",\n}\n'
    assert read(text).features["default"].targets[0].dependencies["lib"].build == "a*"


def test_the_old_spelling_of_workspace_is_warned_of(read):
    manifest = read('[project]\nname = "p"\nchannels = []\n', **FOLDER)
    (warning,) = manifest.warnings
    assert manifest.workspace.name == "p"
    assert "`project` field is deprecated" in warning.text and warning.place.line == 1


def test_warnings_tell_where(read):
    text = """
[dependencies]
python = "3.12"
[host-dependencies]
a = "*"
[target.win.dependencies]
b = "*"
[feature.unused]
"""
    found = {w.text.split(".")[0]: w.place.line for w in read(text).warnings}
    assert [line for text, line in found.items() if "ambiguous version specifier" in text] == [7]
    assert [line for text, line in found.items() if "`host-dependencies` field is deprecated" in text] == [8]
    assert [line for text, line in found.items() if "'win' does not match any of the platforms" in text] == [10]
    assert [line for text, line in found.items() if "'unused' is defined but not used" in text] == [12]


def test_rich_platforms(read):
    platforms = """[
      "win-64",
      {platform = "linux-64", cuda = "12.0"},
      {name = "gpu", platform = "linux-64", cuda = {driver = "12", arch = "8.6"}, glibc = "2.28"},
      {platform = "linux-64", archspec = "x86_64_v3", linux = "5.4", __special = "3=abc"},
      {platform = "osx-arm64", osx = "14"},
      {name = "osx-64"},
    ]"""
    manifest = read(f"[workspace]\nchannels = []\nplatforms = {platforms}\n", **FOLDER)
    found = {p.name: p for p in manifest.workspace.platforms}
    assert list(found) == [
        "win-64",
        "linux-64-cuda-12-0",
        "gpu",
        "linux-64-archspec-x86-64-v3-linux-5-4-special-3-abc",
        "osx-arm64-macos-14",
        "osx-64",
    ]
    assert found["osx-64"] == Platform("osx-64", "osx-64") and found["osx-64"].is_bare
    gpu = found["gpu"]
    assert [str(p) for p in gpu.declared] == ["__cuda=12", "__cuda_arch=8.6"]
    assert [str(p) for p in gpu.written] == ["__cuda=12", "__cuda_arch=8.6", "__glibc=2.28"]


def test_a_place_can_be_asked_for_later(read):
    manifest = read('[dependencies]\nlib = "*"\n')
    assert place_of(manifest, "dependencies", "lib").line == 6
    project = read(
        '[project]\nname = "p"\n[tool.pixi.workspace]\nchannels = []\n[tool.pixi.dependencies]\nlib = "*"\n',
        head="",
        name="pyproject.toml",
    )
    assert place_of(project, "dependencies", "lib").line == 6
