"""Generated manifests: what is locked is up to date, re-emits itself, and what is added can be taken away again."""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jupyter_pixi.config import Config
from jupyter_pixi.environments import compose, lock_platforms
from jupyter_pixi.errors import PixiError
from jupyter_pixi.lockfile import LockFile, read_lock, with_platform_names, write_lock
from jupyter_pixi.lockfile.check import check
from jupyter_pixi.manifest import parse_manifest
from jupyter_pixi.operations.changing.add import AddOptions, add
from jupyter_pixi.operations.changing.remove import RemoveOptions, remove
from jupyter_pixi.operations.context import Context
from jupyter_pixi.solve import LockRequest, update_lock
from support.channel_folder import ChannelFolder

PACKAGES = ("app", "lib", "tool", "gpu")
SPECS = st.sampled_from(["*", ">=1", "<2", "1.*", ">=1,<3", "==1.0"])
TABLE = st.dictionaries(st.sampled_from(PACKAGES), SPECS, max_size=3)
NAMES = {'{ platform = "linux-64", cuda = "12" }': '"linux-64-cuda-12"'}
PLATFORMS = st.lists(
    st.sampled_from(['"linux-64"', '"osx-arm64"', '"win-64"', *NAMES]),
    min_size=1,
    max_size=4,
    unique=True,
)
FEATURES = st.dictionaries(st.sampled_from(["one", "two", "three"]), TABLE, max_size=3)
ENVIRONMENTS = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.sets(st.sampled_from(["one", "two", "three"]), max_size=2)), max_size=3
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> ChannelFolder:
    """A channel on which most generated manifests have a solution."""
    made = ChannelFolder(tmp_path_factory.mktemp("channel"))
    for subdir in ("linux-64", "osx-arm64", "win-64"):
        made.add("lib", "1.0", subdir=subdir)
        made.add("lib", "1.5", subdir=subdir)
        made.add("lib", "2.0", subdir=subdir)
        made.add("tool", "1.0", "lib <2", subdir=subdir)
        made.add("tool", "2.1", "lib >=1", subdir=subdir)
    made.add("app", "1.0", "lib >=1.5", "tool", subdir="noarch")
    made.add("gpu", "1.0", "__cuda >=11", build="cuda")
    made.add("gpu", "1.0", build="cpu")
    return made


def table(name: str, rows: dict[str, str]) -> str:
    return f"\n[{name}]\n" + "".join(f'{key} = "{value}"\n' for key, value in rows.items())


@st.composite
def manifests(draw: st.DrawFn) -> str:
    """The text of a manifest behind its channel line."""
    features, platforms = draw(FEATURES), draw(PLATFORMS)
    text = f"platforms = [{', '.join(platforms)}]\n" + table("dependencies", draw(TABLE))
    for name, rows in features.items():
        if draw(st.booleans()):  # so that members of a group differ in their platforms
            chosen = draw(st.lists(st.sampled_from([NAMES.get(p, p) for p in platforms]), min_size=1, unique=True))
            text += f"\n[feature.{name}]\nplatforms = [{', '.join(chosen)}]\n"
        text += table(f"feature.{name}.dependencies", rows)
    if draw(st.booleans()):
        text += table("target.linux.dependencies", draw(TABLE))
    text += "\n[environments]\n"
    for index, (grouped, bare, used) in enumerate(draw(ENVIRONMENTS)):
        names = ", ".join(f'"{name}"' for name in sorted(used & set(features)))
        group = ', solve-group = "g"' if grouped else ""
        text += f"e{index} = {{ features = [{names}]{group}, no-default-feature = {str(bare).lower()} }}\n"
    return text


def space(folder: ChannelFolder) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as root:
        yield Path(root).resolve()


def locked(root: Path, folder: ChannelFolder, text: str) -> tuple[object, object, LockFile, str]:
    data = f'[workspace]\nname = "w"\nchannels = ["{folder.url}"]\n{text}'.encode()
    manifest = parse_manifest(data, root / "pixi.toml")
    environments = compose(manifest, Config())
    environ = {"PIXI_CACHE_DIR": str(folder.path.parent / "cache"), "HOME": str(root), "PATH": "/usr/bin:/bin"}
    try:
        lock = asyncio.run(update_lock(LockRequest(manifest, environments, Config(), environ=environ)))
    except PixiError as error:
        assert error.code == "solve", error
        assume(False)
    return manifest, environments, lock, write_lock(lock, lock_platforms(manifest, environments))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=manifests())
def test_what_is_locked_is_up_to_date_and_reads_back(folder: ChannelFolder, text: str) -> None:
    for root in space(folder):
        manifest, environments, lock, written = locked(root, folder, text)
        platforms = lock_platforms(manifest, environments)
        read = with_platform_names(read_lock(written.encode(), root / "pixi.lock"), platforms)
        assert check(manifest, environments, lock).reasons == ()
        assert check(manifest, environments, read).reasons == ()
        assert write_lock(read, platforms) == written


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=manifests(), name=st.sampled_from(PACKAGES), spec=st.sampled_from(["", ">=1", "<3"]))
def test_taking_away_what_was_added_restores_manifest_and_lock(
    folder: ChannelFolder, text: str, name: str, spec: str
) -> None:
    for root in space(folder):
        manifest, _, _, written = locked(root, folder, text)
        assume(name not in manifest.features["default"].targets[0].dependencies)
        path, lock_path = root / "pixi.toml", root / "pixi.lock"
        path.write_bytes(before := f'[workspace]\nname = "w"\nchannels = ["{folder.url}"]\n{text}'.encode())
        lock_path.write_text(written)
        context = dataclasses.replace(
            Context(cwd=root),
            environ={"PIXI_CACHE_DIR": str(folder.path.parent / "cache"), "HOME": str(root), "PATH": "/usr/bin:/bin"},
            no_install=True,
        )
        try:
            asyncio.run(add(context, AddOptions((name + spec,))))
        except PixiError as error:
            assert error.code == "solve", error
            assert (path.read_bytes(), lock_path.read_text()) == (before, written)
            continue
        assert path.read_bytes() != before
        asyncio.run(remove(context, RemoveOptions((name,))))
        assert path.read_bytes() == before
        manifest = parse_manifest(before, path)
        environments = compose(manifest, Config())
        lock = with_platform_names(read_lock(lock_path.read_bytes(), lock_path), lock_platforms(manifest, environments))
        assert check(manifest, environments, lock).up_to_date
