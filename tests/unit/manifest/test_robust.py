"""Whatever a file holds, reading it gives a manifest or a ManifestError: no traceback, no hang."""

from __future__ import annotations

import copy
import json
import time
from datetime import date
from pathlib import Path

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_pixi.config import Config
from jupyter_pixi.environments import compose, host, lock_platforms, solve_units
from jupyter_pixi.environments.pick import choose_platform
from jupyter_pixi.errors import ManifestError
from jupyter_pixi.manifest import parse_manifest

RICH = """
[workspace]
name = "w"
version = "1.0"
channels = ["a", {channel = "b", priority = 1, exclude-newer = "7d"}]
channel-priority = "strict"
platforms = ["linux-64", "osx-arm64", {name = "gpu", platform = "linux-64", cuda = {driver = "12", arch = "8.6"}}]
authors = ["me"]
license = "MIT"
homepage = "https://x"
conda-pypi-map = {a = {mapping = {x = ["y"]}, mapping-mode = "replace"}}
preview = ["pixi-build"]
requires-pixi = ">=0.1"
exclude-newer = "2024-01-01"
build-variants = {python = ["3.12"]}
s3-options = {b = {endpoint-url = "https://e", region = "r", force-path-style = true}}
pypi-options = {index-url = "https://i", find-links = [{path = "x"}], no-build = ["a"]}
dependencies = {pool = "1.*"}
[dependencies]
lib = {version = ">=1", build = "h*", build-number = ">=1", when = {all = ["a", {package = "b", version = "1"}]}}
pool = {workspace = true}
src = {git = "https://x/y", tag = "v1"}
[constraints]
c = "<2"
[dev]
d = {path = "."}
[pypi-dependencies]
p = {version = "~=1.0", extras = ["e"], env-markers = "sys_platform == 'linux'"}
q = {git = "https://x/y", branch = "m", subdirectory = "s"}
[pypi-options]
extra-index-urls = ["https://j"]
dependency-overrides = {n = "*"}
[exclude-newer]
lib = "1d"
[target.unix.dependencies]
u = "*"
[target."g*".activation]
scripts = ["x.sh"]
env = {A = "1"}
[tasks]
t = {cmd = ["a", "b"], depends-on = [{task = "u", args = ["x"]}], args = [{arg = "n", default = "1"}], env = {A = "b"}}
[feature.f]
platforms = ["gpu"]
channels = ["c"]
solve-strategy = "lowest"
[feature.f.target.linux-64.tasks]
v = "x"
[environments]
one = ["f"]
two = {features = ["f"], solve-group = "g", dependencies = {z = "*"}}
three = {solve-group = "g", no-default-feature = true}
[tool.jupyter-pixi]
kernels = ["*"]
"""
LEGACY = """
[project]
name = "w"
channels = ["a"]
platforms = ["linux-64", "osx-64", "win-64"]
[system-requirements]
linux = "5.1"
libc = {family = "glibc", version = "2.30"}
cuda = "12"
macos = "14"
[feature.f.system-requirements]
cuda = "11"
[environments]
e = {features = ["f"], solve-group = "g"}
d = {features = ["f"], solve-group = "g"}
"""
PYTHON = """
[project]
name = "p"
version = "1.0"
authors = [{name = "n", email = "e"}]
requires-python = ">=3.9"
dependencies = ["a>=1", "b[x] ; os_name == 'nt'", "c @ https://x/c.whl"]
optional-dependencies = {test = ["p[more]"], more = ["d"]}
[dependency-groups]
g = ["e", {include-group = "h"}]
h = ["f"]
[tool.uv.sources]
a = {path = ".", editable = true}
[tool.poetry]
version = "2"
[tool.pixi.workspace]
channels = ["a"]
platforms = ["linux-64"]
[tool.pixi.environments]
t = ["test", "g"]
"""
DOCUMENTS = [("pixi.toml", RICH), ("mojoproject.toml", LEGACY), ("pyproject.toml", PYTHON)]

scalars = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.booleans(),
    st.just(date(2020, 1, 1)),
    st.sampled_from(
        ["", "*", "a", "linux-64", "https://", "git+x", "[", "{{", "^x(", "1" * 3000, "7d", ">=1,<", "gpu"]
    ),
    st.text(max_size=5),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)


def digest(name, data):
    """What a command does with a manifest before anything is solved."""
    try:
        manifest = parse_manifest(data, Path("/w") / name)
        environments = compose(manifest, Config())
        lock_platforms(manifest, environments)
        machine = host({})
        for environment in environments.values():
            choose_platform(environment, machine)
        solve_units(environments)
    except ManifestError as error:
        assert error.text()


def places(tree, at=()):
    yield at
    children = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in children:
        yield from places(value, (*at, key))


def toml(value):
    """TOML of a value, tables inline below the first level."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value).replace("\x7f", "\\u007f")
    if isinstance(value, float):
        return {"inf": "inf", "-inf": "-inf", "nan": "nan"}.get(repr(value), repr(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def document(tree):
    lines = []
    for key, value in tree.items():
        if key == "tool" and isinstance(value, dict):
            for inner, table in value.items():
                if isinstance(table, dict) and isinstance(table.get("workspace"), dict):
                    rows = [f"{json.dumps(k)} = {toml(v)}" for k, v in table.items() if k != "workspace"]
                    lines += [f"[{key}.{json.dumps(inner)}]", *rows]
                    lines += [f"[{key}.{inner}.workspace]"]
                    lines += [f"{json.dumps(k)} = {toml(v)}" for k, v in table["workspace"].items()]
                else:
                    lines.insert(0, f"{json.dumps(key)}.{json.dumps(inner)} = {toml(table)}")
        elif isinstance(value, dict):
            lines += [f"[{key}]" if key.isalpha() else f"[{json.dumps(key)}]"]
            lines += [f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()]
        else:
            lines.insert(0, f"{json.dumps(key)} = {toml(value)}")
    return "\n".join(lines).encode("utf-8", "replace")


@pytest.mark.parametrize(("name", "text"), DOCUMENTS)
def test_the_documents_are_right_before_they_are_spoilt(name, text):
    tree = tomli.loads(text)
    for data in (text.encode(), document(tree)):
        manifest = parse_manifest(data, Path("/w") / name)
        solve_units(compose(manifest, Config()))


@settings(max_examples=400)
@given(st.sampled_from(DOCUMENTS), st.lists(st.tuples(st.integers(0, 10**6), values), min_size=1, max_size=3))
def test_a_wrong_value_anywhere(chosen, changes):
    name, text = chosen
    tree = tomli.loads(text)
    for number, value in changes:
        found = [at for at in places(tree) if at]
        at = found[number % len(found)]
        parent = tree
        for key in at[:-1]:
            parent = parent[key]
        parent[at[-1]] = copy.deepcopy(value)
    digest(name, document(tree))


@settings(max_examples=200)
@given(st.sampled_from(DOCUMENTS), st.integers(0, 3000), st.binary(max_size=4), st.integers(0, 3000))
def test_torn_files(chosen, cut, inserted, rest):
    name, text = chosen
    data = text.encode()
    digest(name, data[:cut] + inserted + data[rest:])


HEAD = '[workspace]\nchannels = []\nplatforms = ["linux-64"]\n'


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "x = " + "[" * 100_000,
        HEAD + "[dependencies]\n" + ".".join(["a"] * 50_000) + " = 1\n",
        HEAD + "[dependencies]\nx = " + "{a = " * 399 + "1" + "}" * 399,
        HEAD + '[dependencies]\nx = "' + "1." * 300_000 + '"\n',
        HEAD + '[pypi-dependencies]\nx = "' + ">=1," * 100_000 + '"\n',
        HEAD + '[pypi-dependencies]\nx = {env-markers = "' + "(" * 3000 + '"}\n',
        HEAD + '[dependencies]\nx = {version = "*", when = ' + "{all = [" * 190 + '"a"' + "]}" * 190 + "}\n",
        HEAD.replace("channels", f'license = "{"(" * 3000}"\nchannels'),
        HEAD.replace("[]", "[" + ",".join(f'"c{i}"' for i in range(5000)) + "]"),
        HEAD.replace("channels", f'exclude-newer = "{"1d" * 100_000}"\nchannels'),
        HEAD + "[dependencies]\nx = " + "9" * 5000,
        "#" * (5 * 1024 * 1024),
    ],
    ids=lambda text: f"{len(text)} characters",
)
def test_documents_made_to_hurt(text):
    begin = time.process_time()
    digest("pixi.toml", text.encode())
    assert time.process_time() - begin < 5


def test_groups_that_include_each_other_many_times_over():
    rows = "".join(f'g{i} = [{{include-group = "g{i + 1}"}}, {{include-group = "g{i + 1}"}}]\n' for i in range(60))
    extras = "".join(f'e{i} = ["p[e{i + 1}]", "p[e{i + 1}]"]\n' for i in range(60))
    text = '[project]\nname = "p"\n[tool.pixi.workspace]\nchannels = []\n'
    data = f'{text}[project.optional-dependencies]\n{extras}e60 = ["a"]\n[dependency-groups]\n{rows}g60 = ["b"]\n'
    manifest = parse_manifest(data.encode(), Path("/w/pyproject.toml"))
    assert list(manifest.features["g0"].targets[0].pypi_dependencies) == ["b"]
    assert list(manifest.features["e0"].targets[0].pypi_dependencies) == ["a"]
