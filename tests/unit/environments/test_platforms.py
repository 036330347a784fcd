"""Which platforms an environment has, under which virtual packages, and how a lock numbers them."""

from __future__ import annotations

import pytest
from jupyter_pixi.config import Config
from jupyter_pixi.environments import compose, lock_platforms, virtual_packages
from jupyter_pixi.manifest.model import Platform


def shown(environment):
    return {p.name: [str(v) for v in environment.on[p.name].virtual_packages] for p in environment.platforms}


@pytest.mark.parametrize(
    ("subdir", "packages"),
    [
        ("linux-64", ["__unix=0=0", "__linux=4.18", "__glibc=2.28", "__archspec=0=x86_64"]),
        ("linux-aarch64", ["__unix=0=0", "__linux=4.18", "__glibc=2.28", "__archspec=0=aarch64"]),
        ("osx-64", ["__unix=0=0", "__osx=13.0", "__archspec=0=x86_64"]),
        ("osx-arm64", ["__unix=0=0", "__osx=13.0", "__archspec=0=m1"]),
        ("win-64", ["__win=10.0", "__archspec=0=x86_64"]),
        ("win-arm64", ["__win=10.0", "__archspec=0=aarch64"]),
        ("noarch", []),
        ("emscripten-wasm32", ["__unix=0=0"]),
    ],
)
def test_what_is_assumed_of_a_subdir(subdir, packages):
    assert [str(p) for p in virtual_packages(Platform(subdir, subdir))] == packages


def test_what_was_written_comes_first_defaults_after_it(composed):
    written = '{name = "x", platform = "linux-64", glibc = "2.28", cuda = "12"}'
    platforms = f'[{written}, {{name = "m", platform = "linux-64", __musl = "1.2"}}]'
    found = shown(composed(platforms=platforms)["default"])
    assert found["x"] == ["__cuda=12", "__glibc=2.28", "__unix=0=0", "__linux=4.18", "__archspec=0=x86_64"]
    assert found["m"] == ["__musl=1.2", "__unix=0=0", "__linux=4.18", "__archspec=0=x86_64"]


def test_an_environment_has_what_all_its_features_support(composed):
    text = """
[feature.a]
platforms = ["win-64", "linux-64"]
[feature.b]
platforms = ["osx-64", "linux-64"]
[environments]
ab = ["a", "b"]
a = ["a"]
"""
    environments = composed(text, platforms='["linux-64", "osx-64", "win-64"]')
    assert [p.name for p in environments["ab"].platforms] == ["linux-64"]
    assert [p.name for p in environments["a"].platforms] == ["linux-64", "win-64"]


def test_nothing_in_common_is_no_error(composed):
    text = (
        '[feature.a]\nplatforms = ["linux-64"]\n[feature.b]\nplatforms = ["win-64"]\n[environments]\nab = ["a", "b"]\n'
    )
    assert composed(text, platforms='["linux-64", "win-64"]')["ab"].platforms == ()


def test_an_undeclared_subdir_of_a_feature_is_added_to_the_workspace(composed):
    environments = composed('[feature.a]\nplatforms = ["osx-64"]\n[environments]\na = ["a"]\n')
    assert [p.name for p in environments["default"].platforms] == ["linux-64", "osx-64"]
    assert [p.name for p in environments["a"].platforms] == ["osx-64"]


RICH = '["linux-64", {name = "gpu", platform = "linux-64", cuda = "12"}, "win-64"]'


def test_a_bare_subdir_in_a_feature_means_that_platform_alone(composed):
    text = """
[feature.cpu]
platforms = ["linux-64"]
[feature.cuda]
platforms = ["gpu", "win-64"]
[feature.both]
platforms = ["gpu", "linux-64"]
[environments]
cpu = ["cpu"]
cuda = ["cuda"]
both = ["both"]
mixed = ["both", "cuda"]
"""
    environments = composed(text, platforms=RICH)
    assert [p.name for p in environments["default"].platforms] == ["linux-64", "gpu", "win-64"]
    assert [p.name for p in environments["cpu"].platforms] == ["linux-64"]
    assert [p.name for p in environments["cuda"].platforms] == ["gpu", "win-64"]
    assert [p.name for p in environments["both"].platforms] == ["linux-64", "gpu"]
    assert [p.name for p in environments["mixed"].platforms] == ["gpu"]


def test_targets_by_family_subdir_name_and_glob(composed):
    text = "".join(
        f'[target."{s}".dependencies]\n{n} = "*"\n'
        for s, n in (("linux", "family"), ("linux-64", "subdir"), ("gpu", "name"), ("*pu", "glob"), ("G*", "case"))
    )
    environment = composed(text, platforms=RICH)["default"]
    assert [n for n, _ in environment.on["gpu"].dependencies] == ["family", "subdir", "name", "glob"]
    assert [n for n, _ in environment.on["linux-64"].dependencies] == ["family", "subdir"]
    assert environment.on["win-64"].dependencies == ()


def test_system_requirements_become_platforms(composed):
    text = """
[system-requirements]
linux = "5.4"
cuda = "12"
macos = "14"
"""
    found = shown(composed(text, platforms='["linux-64", "osx-64", "win-64"]')["default"])
    assert list(found) == ["linux-64-cuda-12-linux-5-4", "osx-64-macos-14", "win-64-cuda-12"]
    assert found["linux-64-cuda-12-linux-5-4"][:2] == ["__linux=5.4", "__cuda=12"]


def test_requirements_equal_to_the_default_change_nothing(composed):
    assert list(shown(composed('[system-requirements]\nlinux = "4.18"\n')["default"])) == ["linux-64"]


def test_the_highest_requirement_of_an_environment_s_features_holds(composed):
    text = """
[system-requirements]
libc = "2.17"
[feature.old.system-requirements]
cuda = "11.8"
[feature.new.system-requirements]
cuda = "12"
libc = "2.35"
[feature.bare]
platforms = ["linux-64"]
[environments]
both = ["old", "new"]
old = ["old"]
bare = ["bare"]
none = {features = ["bare"], no-default-feature = true}
"""
    environments = composed(text)
    assert list(shown(environments["default"])) == ["linux-64-glibc-2-17"]
    assert list(shown(environments["both"])) == ["linux-64-cuda-12-glibc-2-35"]
    assert shown(environments["both"])["linux-64-cuda-12-glibc-2-35"][:2] == ["__cuda=12", "__glibc=2.35"]
    assert list(shown(environments["old"])) == ["linux-64-cuda-11-8-glibc-2-17"]
    assert list(shown(environments["bare"])) == ["linux-64-glibc-2-17"]
    assert list(shown(environments["none"])) == ["linux-64"]


def test_features_with_requirements_count_on_composed_platforms(composed):
    text = """
[feature.cuda]
platforms = ["linux-64"]
system-requirements = {cuda = "12"}
[feature.cuda.dependencies]
gpu = "*"
[feature.libc.system-requirements]
libc = "2.34"
[environments]
e = ["cuda", "libc"]
"""
    environment = composed(text, platforms='["linux-64", "osx-64"]')["e"]
    assert [p.name for p in environment.platforms] == ["linux-64-cuda-12-glibc-2-34"]
    assert [n for n, _ in environment.on["linux-64-cuda-12-glibc-2-34"].dependencies] == ["gpu"]


def test_a_lock_counts_platforms_in_the_order_in_which_they_were_registered(manifest):
    text = """
[feature.a.system-requirements]
cuda = "11"
[feature.b.system-requirements]
cuda = "12"
libc = "2.34"
[environments]
b = {features = ["b"], solve-group = "g"}
a = {features = ["a"], solve-group = "g"}
"""
    m = manifest(text, platforms='["linux-64", "osx-64"]')
    assert [p.name for p in lock_platforms(m, compose(m, Config()))] == [
        "linux-64-cuda-11",
        "osx-64",
        "linux-64-cuda-12-glibc-2-34",
        "linux-64",
    ]


def test_without_requirements_a_lock_counts_as_written(manifest):
    assert [p.name for p in lock_platforms(manifest(platforms=RICH))] == ["linux-64", "gpu", "win-64"]
