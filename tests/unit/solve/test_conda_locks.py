"""A manifest becomes a lock: conda packages from a channel on disk."""

from __future__ import annotations

import pytest
from jupyter_pixi.errors import NetworkError, SolveError, UnsupportedFeature
from jupyter_pixi.events import Phase, Progress, Warn
from jupyter_pixi.lockfile import packages as locked
from jupyter_pixi.lockfile import write_lock
from jupyter_pixi.lockfile.check import check

from .conftest import BUILT

DAY = 86_400_000


def test_every_platform_is_locked_with_its_rows(space, shown):
    lock = space.lock('[dependencies]\napp = "*"\n[target.linux-64.dependencies]\nlib = "<2"\n')
    assert shown(lock) == {"app": "1.0", "lib": "1.0"}
    assert [(p.name, p.virtual_packages[-1]) for p in lock.platforms] == [("linux-64", "__archspec=0=x86_64")]
    kinds = [type(e).__name__ for e in space.events]
    assert kinds == ["Phase", "Progress"]
    assert isinstance(space.events[0], Phase) and space.events[0].phase == "solve"


def test_locked_versions_are_preferred_until_they_are_unlocked(space, shown):
    before = space.lock('[dependencies]\nlib = "<2"\n')
    kept = space.lock('[dependencies]\nlib = "*"\n', previous=before)
    assert shown(kept) == {"lib": "1.0"}
    assert shown(space.lock('[dependencies]\nlib = "*"\n', previous=before, unlock=frozenset({"lib"}))) == {
        "lib": "2.0"
    }
    assert shown(space.lock('[dependencies]\nlib = "*"\n', previous=before, unlock_all=True)) == {"lib": "2.0"}
    elsewhere = frozenset({("other", "linux-64")})
    same = space.lock('[dependencies]\nlib = "*"\n', previous=before, unlock_all=True, unlock_in=elsewhere)
    assert shown(same) == {"lib": "1.0"}


def test_what_stays_is_written_back_byte_for_byte(space, channel):
    before = space.lock('[dependencies]\nlib = "<2"\n')
    channel.add("lib", "1.0", license="MIT")  # a patch of the metadata
    after = space.lock('[dependencies]\nlib = "*"\n', previous=before)
    assert write_lock(after) == write_lock(before)


def test_pinned_packages_do_not_move(space, shown):
    before = space.lock('[dependencies]\nlib = "1.0"\n')
    pinned = {("default", "linux-64"): before.environments["default"].packages["linux-64"]}
    assert shown(space.lock('[dependencies]\napp = "*"\n', pinned=pinned)) == {"app": "1.0", "lib": "1.0"}
    with pytest.raises(SolveError):
        space.lock('[dependencies]\nlib = ">=2"\n', pinned=pinned)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('exclude-newer = "2023-11-14"\n[dependencies]\nlib = "*"\n', "1.0"),
        ('exclude-newer = "2023-11-15"\n[dependencies]\nlib = "*"\n', "2.0"),
        ('[dependencies]\nlib = "*"\n[exclude-newer]\nlib = "2023-11-14"\n', "1.0"),
        ('exclude-newer = "2023-11-14"\n[dependencies]\nlib = "*"\n[exclude-newer]\nlib = "2024-01-01"\n', "2.0"),
    ],
)
def test_cut_offs_hide_newer_records(space, shown, text, version):
    assert shown(space.lock(text)) == {"lib": version}


def test_records_without_a_time_stamp_count(space, channel, shown):
    channel.add("old", "1.0", timestamp=None)
    assert shown(space.lock('exclude-newer = "2020-01-01"\n[dependencies]\nold = "*"\n')) == {"old": "1.0"}


def test_index_time_does_not_matter(space, channel, shown):
    channel.add("indexed", "1.0", indexed_timestamp=BUILT + 1000 * DAY)
    assert shown(space.lock('exclude-newer = "2023-12-01"\n[dependencies]\nindexed = "*"\n')) == {"indexed": "1.0"}


def test_strategy_and_priority_stand_in_the_lock(space, shown):
    channel, platforms = space.channel.url, '["linux-64"]'
    text = f'[workspace]\nname = "w"\nchannels = ["{channel}"]\nplatforms = {platforms}\n'
    text += 'solve-strategy = "lowest"\nchannel-priority = "disabled"\n[dependencies]\nlib = "*"\n'
    lock = space.lock(text)
    assert shown(lock) == {"lib": "1.0"}
    options = lock.environments["default"].options
    assert (options.strategy, options.channel_priority) == ("lowest-version", "disabled")


def test_a_group_is_solved_once_and_split(space, channel, shown):
    channel.add("tool", "1.0", "lib <2", subdir="noarch")
    lock = space.lock(
        '[dependencies]\nlib = "*"\n[feature.t.dependencies]\ntool = "*"\n[environments]\n'
        'default = {solve-group = "g"}\nt = {features = ["t"], solve-group = "g"}\nalone = []\n'
    )
    assert shown(lock) == {"lib": "1.0"}
    assert shown(lock, "t") == {"lib": "1.0", "tool": "1.0"}
    assert shown(lock, "alone") == {"lib": "2.0"}


@pytest.mark.parametrize(
    ("platforms", "features", "expected"),
    [
        (  # members with different platforms are solved on each, with the features that count there
            '["linux-64", "win-64"]',
            '[feature.a]\nplatforms = ["linux-64"]\n[feature.a.dependencies]\nlib = "<2"\n',
            {"a": {"linux-64": "1.0"}, "b": {"linux-64": "1.0", "win-64": "2.0"}},
        ),
        (
            '["linux-64", "win-64"]',
            '[feature.a]\nplatforms = ["linux-64"]\n[feature.a.dependencies]\nlib = "<2"\n'
            '[feature.b]\nplatforms = ["win-64"]\n',
            {"a": {"linux-64": "1.0"}, "b": {"win-64": "2.0"}},
        ),
        (  # composed of system requirements: a feature counts by the subdir
            '["linux-64"]',
            '[feature.a.dependencies]\nlib = "<2"\n[feature.a.system-requirements]\ncuda = "12"\n',
            {"a": {"linux-64-cuda-12": "1.0"}, "b": {"linux-64": "1.0"}},
        ),
    ],
)
def test_members_of_a_group_may_have_different_platforms(space, channel, shown, platforms, features, expected):
    channel.add("lib", "1.0", subdir="win-64")
    channel.add("lib", "2.0", subdir="win-64")
    text = (
        f'[workspace]\nname = "w"\nchannels = ["{channel.url}"]\nplatforms = {platforms}\n[feature.b.dependencies]\n'
        f'lib = "*"\n{features}[environments]\na = {{features = ["a"], solve-group = "g"}}\n'
        'b = {features = ["b"], solve-group = "g"}\n'
    )
    request = space.request(text)
    lock = space.lock(text)
    assert {
        name: {platform: shown(lock, name, platform)["lib"] for platform in lock.environments[name].packages}
        for name in "ab"
    } == expected
    assert check(request.manifest, request.environments, lock).up_to_date


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_of_versions_that_members_had_before_they_became_a_group_the_highest_is_preferred(space, channel, shown, names):
    channel.add("lib", "10.0")
    specs = dict(zip(names, ("<2", "<3"), strict=True))
    text = "".join(f'[feature.{name}.dependencies]\nlib = "{spec}"\n' for name, spec in sorted(specs.items()))
    before = space.lock(text + '[environments]\na = ["a"]\nb = ["b"]\n')
    open_ended = text.replace('"<2"', '"*"').replace('"<3"', '"*"')
    groups = '[environments]\na = {features = ["a"], solve-group = "g"}\nb = {features = ["b"], solve-group = "g"}\n'
    lock = space.lock(open_ended + groups, previous=before)
    assert [shown(lock, name) for name in "ab"] == [{"lib": "2.0"}] * 2


def test_what_one_member_may_not_lean_on_no_member_of_its_group_does(space, channel, shown):
    text = (
        '[feature.a]\n[feature.a.dependencies]\napp = "*"\n[feature.b.dependencies]\nlib = "<2"\n[environments]\n'
        'a = {features = ["a"], solve-group = "g"}\nb = {features = ["b"], solve-group = "g"}\n'
    )
    before = space.lock(text)
    assert shown(before, "a") == {"app": "1.0", "lib": "1.0"}
    changed = text.replace("[feature.a]", '[feature.a]\nchannel-priority = "flexible"').replace("<2", "*")
    request = space.request(changed)
    verdict = check(request.manifest, request.environments, before)
    assert verdict.environments["b"]["linux-64"].keep == "all"
    assert shown(space.lock(changed, previous=before, verdict=verdict), "b") == {"lib": "2.0"}


def test_environments_that_are_gone_disappear(space):
    both = space.lock('[dependencies]\nlib = "*"\n[environments]\nother = []\n')
    assert set(both.environments) == {"default", "other"}
    assert set(space.lock('[dependencies]\nlib = "*"\n', previous=both).environments) == {"default"}


def test_a_conflict_shows_the_solvers_own_tree(space, channel):
    channel.add("a", "1.0", "lib <2")
    channel.add("b", "1.0", "lib >=2")
    with pytest.raises(SolveError) as error:
        space.lock('[dependencies]\na = "*"\nb = "*"\n')
    text = error.value.text()
    assert text.startswith("failed to solve requirements of environment 'default' for platform 'linux-64'\n")
    assert "Cannot solve the request because of" in text and "└─ lib >=2" in text


def test_an_unknown_package_gets_near_names_and_a_known_one_its_versions(space):
    with pytest.raises(SolveError, match="No candidates were found for libb") as error:
        space.lock('[dependencies]\nlibb = "*"\n')
    assert "did you mean lib?" in (error.value.help or "")
    with pytest.raises(SolveError, match="No candidates were found for lib >=9") as error:
        space.lock('[dependencies]\nlib = ">=9"\n')
    assert "1.0, 2.0" in (error.value.help or "")


def test_what_a_cut_off_hides_is_told(space):
    with pytest.raises(SolveError, match="No candidates were found for lib") as error:
        space.lock('exclude-newer = "2020-01-01"\n[dependencies]\nlib = "*"\n')
    assert "1.0, 2.0, of which `exclude-newer` hides what was built after 2020-01-02 00:00 UTC" in str(error.value.help)


def test_a_virtual_package_that_is_not_declared_is_named(space, channel):
    channel.add("gpu", "1.0", "__cuda >=12")
    with pytest.raises(SolveError) as error:
        space.lock('[dependencies]\ngpu = "*"\n')
    assert "declares no __cuda" in (error.value.help or "")


def test_only_foreign_platforms_failing_offers_this_one(space, channel):
    text = f'[workspace]\nname = "w"\nchannels = ["{channel.url}"]\nplatforms = ["linux-64", "win-64"]\n'
    with pytest.raises(SolveError, match="for platform 'win-64'") as error:
        space.lock(text + '[dependencies]\nlib = "*"\n', here="linux-64")
    assert "`--platform linux-64`" in (error.value.help or "")
    assert "exists for linux-64, not for win-64" in (error.value.help or "")


def test_all_failing_platforms_are_listed_this_one_first(space, channel):
    text = f'[workspace]\nname = "w"\nchannels = ["{channel.url}"]\nplatforms = ["win-64", "linux-64"]\n'
    with pytest.raises(SolveError) as error:
        space.lock(text + '[dependencies]\nnothing = "*"\n', here="linux-64")
    assert error.value.message.startswith(
        "failed to solve requirements of environment 'default' for platform 'linux-64'"
    )
    assert "environment 'default' on platform 'win-64'" in error.value.message


def test_a_channel_that_is_not_there_is_named(space, tmp_path):
    text = f'[workspace]\nname = "w"\nchannels = ["{(tmp_path / "none").as_uri()}"]\nplatforms = ["linux-64"]\n'
    with pytest.raises(NetworkError) as error:
        space.lock(text + '[dependencies]\nlib = "*"\n')
    assert "does not exist or is no conda channel" in error.value.text()
    assert "'default' for platform 'linux-64'" in error.value.text()
    assert str(tmp_path / "none") in error.value.text()


def test_source_packages_are_refused_but_other_environments_are_locked(space, shown):
    text = (
        f'[workspace]\nname = "w"\nchannels = ["{space.channel.url}"]\nplatforms = ["linux-64"]\n'
        'preview = ["pixi-build"]\n[dependencies]\nlib = "*"\n'
        '[feature.src.dependencies]\nmine = { path = "mine" }\n[environments]\nsrc = ["src"]\n'
    )
    lock = space.lock(text)
    assert shown(lock) == {"lib": "2.0"}
    assert "src" not in lock.environments
    warnings = [e.text for e in space.events if isinstance(e, Warn)]
    assert len(warnings) == 1 and "'mine'" in warnings[0] and "`pixi`" in warnings[0]
    with pytest.raises(UnsupportedFeature, match="'mine'"):
        space.lock(text, required=frozenset({"src"}))


def test_extras_and_conditions_of_a_spec_pull_what_they_name(space, channel, shown):
    channel.add("extras", "1.0", extra_depends={"test": ["tester"]}, subdir="noarch")
    channel.add("tester", "1.0", subdir="noarch")
    assert shown(space.lock('[dependencies]\nextras = { version = "*", extras = ["test"] }\n')) == {
        "extras": "1.0",
        "tester": "1.0",
    }


def test_progress_counts_every_pair(space, channel):
    text = f'[workspace]\nname = "w"\nchannels = ["{channel.url}"]\nplatforms = ["linux-64", "osx-arm64"]\n'
    space.lock(text + "[environments]\nother = []\n")
    progress = [(e.done, e.total) for e in space.events if isinstance(e, Progress)]
    assert progress == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_location_is_what_the_channel_says(space, channel):
    lock = space.lock('[dependencies]\nlib = "*"\n')
    (package,) = lock.environments["default"].packages["linux-64"]
    assert package.location == str(channel.path / "linux-64" / "lib-2.0-0.conda")
    assert locked.sha256(package)
