"""Features become environments: order, inheritance, targets, channels, options."""

from __future__ import annotations

import pytest
from jupyter_pixi.config import Config
from jupyter_pixi.environments import default_environment, environment_named, solve_units
from jupyter_pixi.errors import ManifestError, PixiError


def names(rows):
    return [(name, spec.version) for name, spec in rows]


def on(environment, platform="linux-64"):
    return environment.on[platform]


def test_features_stand_before_the_default_one(composed):
    text = """
[dependencies]
a = "1.*"
b = "*"
[tasks]
t = "default"
d = "default"
[activation]
scripts = ["default.sh"]
env = {X = "default", D = "default"}
[feature.f.dependencies]
a = ">=1.2"
c = "*"
[feature.f.tasks]
t = "f"
[feature.f.activation]
scripts = ["f.sh"]
env = {X = "f"}
[environments]
e = {features = ["f"], dependencies = {own = "*"}, tasks = {t = "own"}}
n = {features = ["f"], no-default-feature = true}
"""
    environments = composed(text)
    e = environments["e"]
    assert [(f.name, f.is_inline) for f in e.features] == [("e", True), ("f", False), ("default", False)]
    assert names(on(e).dependencies) == [("own", "*"), ("a", ">=1.2"), ("a", "1.*"), ("c", "*"), ("b", "*")]
    assert {n: t.cmd for n, t in on(e).tasks.items()} == {"t": "own", "d": "default"}
    assert on(e).activation.scripts == ("f.sh", "default.sh")
    assert on(e).activation.env == {"X": "f", "D": "default"}
    assert not e.no_default_feature and environments["n"].no_default_feature
    assert names(on(environments["n"]).dependencies) == [("a", ">=1.2"), ("c", "*")]


def test_the_same_requirement_twice_is_one(composed):
    text = '[dependencies]\na = "*"\n[feature.f.dependencies]\na = "*"\n[environments]\ne = ["f"]\n'
    assert names(on(composed(text)["e"]).dependencies) == [("a", "*")]


def test_build_over_host_over_run(composed):
    text = '[dependencies]\na = "1.*"\nb = "1.*"\n[host-dependencies]\na = "2.*"\nb = "2.*"\n'
    text += '[build-dependencies]\nb = "3.*"\n'
    assert names(on(composed(text)["default"]).dependencies) == [("a", "2.*"), ("b", "3.*")]


def test_the_later_target_wins(composed):
    text = """
[dependencies]
lib = "2.*"
[target.linux-64.dependencies]
lib = "1.0.*"
[target.unix.dependencies]
lib = "1.1.*"
[target.win.dependencies]
only = "*"
[target.linux.activation]
scripts = ["linux.sh"]
[activation]
scripts = ["plain.sh"]
env = {B = "plain", C = "plain"}
[target.linux-64.activation.env]
A = "64"
B = "64"
"""
    environment = composed(text, platforms='["linux-64", "win-64"]')["default"]
    assert names(on(environment).dependencies) == [("lib", "1.1.*")]
    assert names(on(environment, "win-64").dependencies) == [("lib", "2.*"), ("only", "*")]
    assert on(environment).activation.scripts == ("linux.sh",)
    assert list(on(environment).activation.env.items()) == [("A", "64"), ("B", "64"), ("C", "plain")]
    assert on(environment, "win-64").activation.scripts == ("plain.sh",)


def test_pypi_requirements_of_all_features_hold(composed):
    text = """
[pypi-dependencies]
a = ">=1"
[feature.f.pypi-dependencies]
a = "<2"
[feature.t.target.linux.pypi-dependencies]
b = "*"
[environments]
e = ["f"]
t = {features = ["t"], no-default-feature = true}
"""
    environments = composed(text)
    assert names(on(environments["e"]).pypi_dependencies) == [("a", "<2"), ("a", ">=1")]
    assert environments["e"].has_plain_pypi and environments["e"].has_pypi
    assert environments["t"].has_pypi and not environments["t"].has_plain_pypi


def test_channels_by_priority_then_feature_order(composed):
    text = """
[feature.f]
channels = ["f", {channel = "high", priority = 5}, "base"]
[feature.g]
channels = [{channel = "low", priority = -1}]
[environments]
f = ["f"]
g = {features = ["g"], no-default-feature = true}
"""
    environments = composed(text)
    assert [c.text for c in environments["f"].channels] == ["high", "f", "base"]
    assert [c.url for c in environments["g"].channels] == ["https://conda.anaconda.org/low/"]


def test_channel_urls(composed):
    channels = '["https://x/a", "https://x/b/", "./local", "/abs/../chan nel", "file:///c", "a/label/dev"]'
    text = f"[feature.f]\nchannels = {channels}\n"
    text += '[environments]\nf = {features = ["f"], no-default-feature = true}\n'
    found = composed(text, config=Config(channel_alias="https://alias/"))["f"].channels
    assert [c.url for c in found] == [
        "https://x/a/",
        "https://x/b/",
        "file:///srv/space/local/",
        "file:///chan%20nel/",
        "file:///c/",
        "https://alias/a/label/dev/",
    ]


def test_settings_of_the_first_feature_that_has_them(composed):
    text = """
[feature.f]
solve-strategy = "lowest"
channel-priority = "flexible"
[feature.g]
[environments]
f = {features = ["f", "g"], no-default-feature = true}
n = {features = ["g"], no-default-feature = true}
d = ["f"]
"""
    environments = composed(text, workspace='solve-strategy = "lowest-direct"\nchannel-priority = "flexible"')
    assert (environments["f"].solve_strategy, environments["f"].channel_priority) == ("lowest", "flexible")
    assert (environments["n"].solve_strategy, environments["n"].channel_priority) == ("highest", "strict")
    assert (environments["d"].solve_strategy, environments["d"].channel_priority) == ("lowest", "flexible")
    assert environments["default"].solve_strategy == "lowest-direct"


def test_two_channel_priorities_fail_when_something_is_solved(composed):
    text = '[feature.f]\nchannel-priority = "disabled"\n[environments]\nf = ["f"]\n'
    environments = composed(text, workspace='channel-priority = "flexible"')
    with pytest.raises(ManifestError, match="Multiple channel priorities are not allowed in a single environment"):
        solve_units(environments)


def test_pypi_options(composed):
    text = """
[pypi-options]
extra-index-urls = ["https://d"]
no-binary = ["a"]
[feature.f.pypi-options]
index-url = "https://f"
extra-index-urls = ["https://f2", "https://d"]
no-binary = ["b"]
dependency-overrides = {x = "1.*"}
[environments]
f = ["f"]
n = {features = ["f"], no-default-feature = true}
"""
    text = text.replace('"1.*"', '"==1.*"')
    workspace = '[workspace.pypi-options]\nindex-url = "https://w"\nprerelease-mode = "allow"\nextra-index-urls = ["https://w2"]'
    environments = composed(text, workspace=workspace)
    f = environments["f"].pypi_options
    assert (f.index_url, f.prerelease_mode, f.no_binary) == ("https://f", "allow", ("b", "a"))
    assert f.extra_index_urls == ("https://w2", "https://f2", "https://d")
    assert f.dependency_overrides["x"].version == "==1.*"
    assert environments["default"].pypi_options.index_url == "https://w"
    assert environments["n"].pypi_options.prerelease_mode == "allow"


def test_no_build_for_all_is_more_than_names(composed):
    text = '[pypi-options]\nno-build = true\n[feature.f.pypi-options]\nno-build = ["a"]\n[environments]\nf = ["f"]\n'
    assert composed(text)["f"].pypi_options.no_build is True


def test_a_solve_group_counts_when_it_is_shared(composed):
    text = """
[feature.a.dependencies]
a = "*"
[feature.b.dependencies]
b = "*"
[feature.b]
channels = ["extra"]
[environments]
one = {features = ["a"], solve-group = "g"}
alone = {features = ["a"], solve-group = "h"}
two = {features = ["b"], solve-group = "g"}
"""
    units = solve_units(composed(text))
    assert [(u.name, [m.name for m in u.members]) for u in units] == [
        ("default", ["default"]),
        ("g", ["one", "two"]),
        ("alone", ["alone"]),
    ]
    combined = units[1].combined
    assert [f.name for f in combined.features] == ["a", "default", "b"]
    assert names(on(combined).dependencies) == [("a", "*"), ("b", "*")]
    assert [c.text for c in combined.channels] == ["base", "extra"]
    assert units[2].combined.name == "alone"


def test_an_environment_and_a_group_of_one_name_are_two(composed):
    text = '[environments]\ng = []\na = {solve-group = "g"}\nb = {solve-group = "g"}\n'
    assert [u.name for u in solve_units(composed(text))] == ["default", "g", "g"]


def test_the_environment_a_command_means(manifest):
    m = manifest("[environments]\ncuda = []\n")
    active = {"PIXI_IN_SHELL": "1", "PIXI_PROJECT_ROOT": "/srv/space", "PIXI_ENVIRONMENT_NAME": "cuda"}
    assert default_environment(m, active) == "cuda"
    assert default_environment(m, {**active, "PIXI_PROJECT_ROOT": "/elsewhere"}) == "default"
    assert default_environment(m, {k: v for k, v in active.items() if k != "PIXI_IN_SHELL"}) == "default"
    assert default_environment(m, {k: v for k, v in active.items() if k != "PIXI_PROJECT_ROOT"}) == "cuda"
    assert default_environment(m, {}) == "default"
    with pytest.raises(PixiError, match="unknown environment 'gone'"):
        default_environment(m, {**active, "PIXI_ENVIRONMENT_NAME": "gone"})
    with pytest.raises(PixiError, match="unknown environment 'x'"):
        environment_named("x", m.environments)
