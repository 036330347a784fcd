"""`workspace channel|environment|feature|name|version|requires-pixi|register`, `import` and `init`."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest


def read(path: Path):  # type: ignore[no-untyped-def]
    """The manifest as data."""
    return tomllib.loads(path.read_text())


def test_channels_are_added_and_removed_in_place(pixi, manifest: Path, channel: str, tmp_path: Path) -> None:
    other, third = (tmp_path / "other").as_uri(), (tmp_path / "third").as_uri()
    for name in ("other", "third"):
        (tmp_path / name / "noarch").mkdir(parents=True)
        (tmp_path / name / "noarch/repodata.json").write_text('{"packages": {}, "packages.conda": {}}')
    assert pixi("workspace", "channel", "add", other, "--no-install").status == 0
    assert pixi("workspace", "channel", "add", "--prepend", third, "--no-install").status == 0
    assert f'channels = ["{third}", "{channel}", "{other}"] # where from' in manifest.read_text()
    assert pixi("workspace", "channel", "add", "--priority", "5", other, "--no-install").status == 0
    assert f'{{ channel = "{other}", priority = 5 }}' in manifest.read_text()
    assert pixi("workspace", "channel", "remove", third, "--no-install").status == 0
    assert f'channels = [ "{channel}", {{' in manifest.read_text()
    listed = pixi("workspace", "channel", "list").out
    assert listed.startswith(f"Environment: default\n- {other}\n- {channel}\nEnvironment: e\n")
    ran = pixi("workspace", "channel", "remove", "nothing")
    assert (ran.status, "channel nothing does not exist" in ran.err) == (1, True)


def test_a_channel_that_does_not_answer_is_not_kept(pixi, manifest: Path, tmp_path: Path) -> None:
    pixi("lock")
    before, lock = manifest.read_bytes(), (manifest.parent / "pixi.lock").read_bytes()
    assert pixi("workspace", "channel", "add", (tmp_path / "nowhere").as_uri()).status == 1
    assert (manifest.read_bytes(), (manifest.parent / "pixi.lock").read_bytes()) == (before, lock)


def test_channel_of_a_feature_and_of_an_environment(pixi, manifest: Path, channel: str) -> None:
    assert pixi("workspace", "channel", "add", "-f", "new", channel, "--no-install").status == 0
    assert pixi("workspace", "channel", "add", "-e", "e", channel, "--no-install").status == 0
    data = read(manifest)
    assert data["feature"]["new"]["channels"] == [channel]
    assert data["environments"]["e"] == {"features": ["f"], "channels": [channel]}
    assert pixi("workspace", "channel", "add", "-f", "a", "-e", "e", channel).status == 2


def test_environments(pixi, manifest: Path) -> None:
    assert pixi("workspace", "environment", "add", "plain").status == 0
    added = pixi("workspace", "environment", "add", "g", "-f", "f", "--solve-group", "s", "--no-default-feature")
    assert "✔ Added environment g" in added.err
    assert 'g = { features = ["f"], solve-group = "s", no-default-feature = true }' in manifest.read_text()
    assert not (manifest.parent / "pixi.lock").exists()
    again = pixi("workspace", "environment", "add", "g")
    assert (again.status, "the environment 'g' already exists" in again.err) == (1, True)
    assert pixi("workspace", "environment", "add", "g", "--force").status == 0
    assert read(manifest)["environments"]["g"] == []
    unknown = pixi("workspace", "environment", "add", "h", "-f", "ff")
    assert (unknown.status, "the feature 'ff' is not defined" in unknown.err, "'f'" in unknown.err) == (1, True, True)
    assert pixi("workspace", "environment", "add", "Bad_Name").status == 2
    assert "- e:\n    features: f, default" in pixi("workspace", "environment", "list").out
    assert pixi("workspace", "environment", "remove", "g").status == 0
    assert "g" not in read(manifest)["environments"]
    gone = pixi("workspace", "environment", "remove", "nothing")
    assert (gone.status, "Environment nothing not found" in gone.err) == (1, True)


def test_features(pixi, manifest: Path) -> None:
    assert pixi("workspace", "feature", "list").out == (
        "Features:\n- default:\n    dependencies: tool\n- f:\n    dependencies: lib\n"
    )
    asked = pixi("workspace", "feature", "remove", "f")
    assert (asked.status, "not a terminal" in asked.err) == (1, True)
    assert pixi("workspace", "feature", "remove", "f", "--yes").status == 0
    data = read(manifest)
    assert (data.get("feature", {}), data["environments"]) == ({}, {"e": []})
    missing = pixi("workspace", "feature", "remove", "f")
    assert (missing.status, "Feature `f` doesn't exist" in missing.err) == (0, True)
    assert pixi("workspace", "feature", "remove", "default").status == 1


def test_meta_goes_where_the_format_has_it(pixi, folder: Path) -> None:
    path = folder / "pyproject.toml"
    path.write_text(
        '[project]\nname = "p"\nversion = "0.1.0"\n\n[tool.pixi.workspace]\nchannels = []\nplatforms = []\n'
    )
    assert pixi("workspace", "name", "get").out == "p\n"
    assert pixi("workspace", "version", "minor").status == 0
    assert pixi("workspace", "description", "set", "words").status == 0
    assert pixi("workspace", "requires-pixi", "set", ">=99").status == 0
    data = read(path)
    assert data["project"] == {"name": "p", "version": "0.2.0", "description": "words"}
    assert data["tool"]["pixi"]["workspace"]["requires-pixi"] == ">=99"
    assert pixi("workspace", "requires-pixi", "verify").status == 1
    assert pixi("workspace", "requires-pixi", "get").out == ">=99\n"
    assert pixi("workspace", "requires-pixi", "unset").status == 0
    assert pixi("workspace", "requires-pixi", "verify").status == 0
    wrong = pixi("workspace", "version", "set", "bad version")
    assert (wrong.status, "could not convert version" in wrong.err) == (1, True)
    assert pixi("workspace", "requires-pixi", "set", "=>1").status == 1


def test_registry(pixi, manifest: Path, tmp_path: Path) -> None:
    assert pixi("workspace", "register").status == 0
    assert pixi("workspace", "register", "--name", "ws").status == 1
    assert pixi("workspace", "register", "--name", "a b", "--path", str(tmp_path / "channel")).status == 0
    listed = pixi("workspace", "register", "list", "--json").json
    assert listed == {"ws": str(manifest.parent), "a b": str(tmp_path / "channel")}
    assert pixi("workspace", "name", "get", "--workspace", "ws").out == "ws\n"
    (tmp_path / "channel").rename(tmp_path / "moved")
    assert "removed workspace a b" in pixi("workspace", "register", "prune").err
    assert pixi("workspace", "register", "remove", "ws").status == 0
    assert pixi("workspace", "register", "remove", "ws").status == 1


ENVIRONMENT = "name: sci\nchannels:\n  - {channel}\ndependencies:\n  - lib>=1\n  - pip:\n    - six==1.16\n"


def test_import_a_conda_environment(pixi, manifest: Path, channel: str) -> None:
    (manifest.parent / "environment.yml").write_text(ENVIRONMENT.format(channel=channel))
    ran = pixi("import", "environment.yml")
    assert (ran.status, ran.err) == (0, f"✔ Imported to {manifest}\n")
    data = read(manifest)["environments"]["sci"]
    assert data["no-default-feature"] is True
    assert data["channels"] == [channel]
    assert data["dependencies"] == {"lib": ">=1", "pip": "*"}
    assert data["pypi-dependencies"] == {"six": "==1.16"}
    once = manifest.read_text()
    assert pixi("import", "environment.yml").status == 0
    assert manifest.read_text() == once
    assert pixi("import", "environment.yml", "--format", "conda-env", "-f", "imp", "-p", "linux-64").status == 0
    data = read(manifest)
    assert data["environments"]["imp"] == {"features": ["imp"], "no-default-feature": True}
    assert data["feature"]["imp"]["platforms"] == ["linux-64"]
    assert data["feature"]["imp"]["target"]["linux-64"]["dependencies"]["lib"] == ">=1"


def test_import_requirements(pixi, manifest: Path) -> None:
    (manifest.parent / "requirements.txt").write_text("six==1.16\n# c\nrich[jupyter]>=13 ; python_version > '3.8'\n")
    nameless = pixi("import", "requirements.txt", "--format", "pypi-txt")
    assert (nameless.status, "Missing name" in nameless.err) == (1, True)
    guessed = pixi("import", "requirements.txt")
    assert (guessed.status, "Tried all formats" in guessed.err) == (1, True)
    assert pixi("import", "requirements.txt", "-f", "req").status == 0
    assert read(manifest)["feature"]["req"]["pypi-dependencies"] == {
        "six": "==1.16",
        "rich": {"version": ">=13", "extras": ["jupyter"], "env-markers": "python_full_version >= '3.9'"},
    }
    assert pixi("import", "requirements.txt", "-f", "r", "--format", "tar").status == 2
    assert pixi("import", "nothing.txt", "-f", "r").status == 1
    before = manifest.read_bytes()
    (manifest.parent / "bad.txt").write_text("six==1.16\n-e .\n")
    assert pixi("import", "bad.txt", "-f", "r", "--format", "pypi-txt").status == 1
    assert manifest.read_bytes() == before


def test_init_from_files_and_in_formats(pixi, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "requirements.txt").write_text("six>=1\n")
    assert pixi("init", "one", "--import", "requirements.txt").status == 0
    assert read(folder / "one/pixi.toml")["pypi-dependencies"] == {"six": ">=1"}
    assert pixi("init", "one").status == 1
    assert pixi("init", "my-Pkg", "--format", "pyproject", "--scm", "gitlab").status == 0
    data = read(folder / "my-Pkg/pyproject.toml")
    assert data["tool"]["pixi"]["pypi-dependencies"] == {"my_Pkg": {"path": ".", "editable": True}}
    assert "gitlab-generated=true" in (folder / "my-Pkg/.gitattributes").read_text()
    assert pixi("init", "my-Pkg", "--format", "pyproject").status == 0
    (folder / "two").mkdir()
    (folder / "two/pyproject.toml").write_text('[project]\nname = "two"\nversion = "1"\n')
    assert pixi("init", "two").status == 1
    assert pixi("init", "two", "--format", "pixi").status == 0
    assert pixi("init", "three", "--format", "pixi", "--import", "requirements.txt").status == 2
    monkeypatch.setenv("PIXI_HOME", str(folder / ".pixi"))
    home = pixi("init")
    assert (home.status, "parent folder of your PIXI_HOME" in home.err) == (1, True)
    assert (pixi("init", str(folder)).status, pixi("init", "four").status) == (1, 0)


def test_a_change_that_breaks_the_manifest_is_not_written(pixi, manifest: Path) -> None:
    manifest.write_text(manifest.read_text() + '\n[feature.g]\nplatforms = ["gpu"]\n')
    manifest.write_text(
        manifest.read_text().replace('"osx-arm64"]', '{ name = "gpu", platform = "linux-64", cuda = "12" }]')
    )
    before = manifest.read_bytes()
    ran = pixi("workspace", "platform", "remove", "gpu", "--no-install")
    assert ran.status == 1
    assert manifest.read_bytes() == before


def test_import_of_requirements_that_name_other_files(pixi, manifest: Path, folder: Path) -> None:
    (folder / "more.txt").write_text("--requirement=deep/last.txt\nsix>=1\n")
    (folder / "deep").mkdir()
    (folder / "deep/last.txt").write_text("rich\n")
    (folder / "requirements.txt").write_text("-c bounds.txt\nattrs==25.1\n-r more.txt  # more\n")
    ran = pixi("import", "requirements.txt", "--feature", "req")
    assert ran.status == 0
    assert "Constraints detected in requirements.txt" in ran.err
    wanted = read(manifest)["feature"]["req"]["pypi-dependencies"]
    assert wanted == {"attrs": "==25.1", "rich": "*", "six": ">=1"}
    (folder / "deep/last.txt").write_text("-r ../more.txt\n")
    before = manifest.read_bytes()
    ran = pixi("import", "requirements.txt", "--feature", "again", "--format", "pypi-txt")
    assert (ran.status, "more.txt and last.txt include each other" in ran.err) == (1, True)
    (folder / "deep/last.txt").write_text("--index-url https://example.org\n")
    ran = pixi("import", "requirements.txt", "--feature", "again", "--format", "pypi-txt")
    assert (ran.status, "last.txt:1" in ran.err) == (1, True)
    assert manifest.read_bytes() == before


def test_dry_runs_write_nothing_at_all(pixi, manifest: Path, folder: Path) -> None:
    assert pixi("lock").status == 0
    shutil.rmtree(folder / ".pixi", ignore_errors=True)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for words in (("upgrade",), ("update",), ("add", "lib"), ("remove", "tool"), ("lock",)):
        assert pixi(*words, "--dry-run").status == 0
        assert {path: path.read_bytes() for path in folder.iterdir()} == before, words


def test_a_spec_may_stand_for_a_name(pixi, manifest: Path, channel: str) -> None:
    manifest.write_text(manifest.read_text().partition("\n[feature")[0])
    ran = pixi("add", f"{channel}::lib", "--no-install")
    assert (ran.status, f"Added {channel}::lib >=2.0,<3" in ran.err) == (0, True)
    assert read(manifest)["dependencies"]["lib"] == {"version": ">=2.0,<3", "channel": channel}
    ran = pixi("remove", f"{channel}::lib", "--no-install")
    assert (ran.status, f"Removed {channel}::lib" in ran.err) == (0, True)
    assert "lib" not in read(manifest)["dependencies"]


def test_upgrade_of_a_named_package_frees_its_build(pixi, manifest: Path, channel: str) -> None:
    text = manifest.read_text().partition("\n[feature")[0]
    pinned = f'lib = {{ version = "==1.0", build = "h0_0", build-number = "==0", channel = "{channel}" }}'
    manifest.write_text(text.replace('tool = "*"', pinned))
    assert pixi("upgrade", "--no-install").status == 0
    kept = read(manifest)["dependencies"]["lib"]
    assert kept == {"version": ">=2.0,<3", "build": "h0_0", "build-number": "==0", "channel": channel}
    assert pixi("upgrade", "lib", "--no-install").status == 0
    assert read(manifest)["dependencies"]["lib"] == {"version": ">=2.0,<3", "channel": channel}
    near = pixi("upgrade", "library_like")
    assert (near.status, "did you mean 'lib'?" in near.err) == (1, False)
    assert "did you mean 'lib'?" in pixi("upgrade", "libs_x").err


def test_an_alias_may_be_written_as_a_task_without_a_command(pixi, manifest: Path) -> None:
    assert pixi("task", "add", "one", "echo 1").status == 0
    assert pixi("task", "add", "both", "", "--depends-on", "one").status == 0
    assert read(manifest)["tasks"]["both"] == [{"task": "one"}]
    assert "Tasks: one, both" in pixi("info").out


def test_a_workspace_without_platforms_runs_what_is_there(pixi, manifest: Path) -> None:
    manifest.write_text('[workspace]\nname = "ws"\nchannels = []\nplatforms = []\n')
    ran = pixi("run", "no-such-program-anywhere")
    assert (ran.status, "pixi workspace platform add" in ran.err) == (127, True)
    manifest.write_text(manifest.read_text() + '[dependencies]\ntool = "*"\n')
    assert pixi("run", "true").status == 1


def test_a_local_folder_is_written_from_the_manifest_on(
    pixi, manifest: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "deep/lib").mkdir(parents=True)
    (folder / "deep/lib/pyproject.toml").write_text('[project]\nname = "lib"\nversion = "1"\n')
    monkeypatch.chdir(folder / "deep")
    assert pixi("add", "--pypi", "lib", "--path", "lib/pyproject.toml", "--editable", "--frozen").status == 0
    assert read(manifest)["pypi-dependencies"]["lib"] == {"path": "./deep/lib", "editable": True}
    before = manifest.read_bytes()
    assert pixi("add", "--pypi", "x", "--path", "nowhere", "--frozen").status == 1
    source = pixi("add", "x", "--path", "lib", "--frozen")
    assert (source.status, "pixi-build" in source.err) == (1, True)
    assert manifest.read_bytes() == before


def test_init_from_a_template(pixi, folder: Path) -> None:
    assert pixi("init", "one", "--template", "notebook", "-c", "other").status == 0
    made = read(folder / "one/pixi.toml")
    assert made["dependencies"] == {"python": "*", "ipykernel": "*"}
    assert (made["workspace"]["name"], made["workspace"]["channels"]) == ("one", ["other"])
    (folder / "one/pixi.toml").write_text('[workspace]\nname = "one" # mine\nchannels = ["x"]\n[tasks]\nhi = "echo"\n')
    assert pixi("init", "two", "--template", "one", "-p", "linux-64").status == 0
    text = (folder / "two/pixi.toml").read_text()
    assert text.startswith('[workspace]\nname = "two" # mine\nchannels = ["x"]\nplatforms = ["linux-64"]\n')
    assert (folder / "two/.gitignore").is_file()
    assert pixi("init", "two", "--template", "one/pixi.toml").status == 1
    (folder / "py").mkdir()
    (folder / "py/pyproject.toml").write_text(
        '[project]\nname = "py"\nversion = "1"\n[tool.pixi.workspace]\nchannels = []\n'
    )
    assert pixi("init", "three", "--template", "py").status == 0
    assert read(folder / "three/pyproject.toml")["project"]["name"] == "three"
    ran = pixi("init", "four", "--template", "nowhere")
    assert (ran.status, "There is no template at" in ran.err, (folder / "four").exists()) == (1, True, False)
    (folder / "one/pixi.toml").write_text('[workspace]\nreadme = "README"\nchannels = []\n')
    assert (pixi("init", "four", "--template", "one").status, (folder / "four").exists()) == (1, False)
    assert pixi("init", "five", "--template", "one", "--format", "pixi").status == 2


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("e", "--force"), "e = [] # why"),
        (("e", "--force", "--solve-group", "s"), 'e = { solve-group = "s" } # why'),
        (("n", "--no-default-feature"), "n = { features = [], no-default-feature = true }"),
        (("n", "-f", "f", "--solve-group", "s"), 'n = { features = ["f"], solve-group = "s" }'),
    ],
)
def test_an_environment_is_written_in_its_place(pixi, manifest: Path, words: tuple[str, ...], line: str) -> None:
    manifest.write_text(manifest.read_text().replace('e = ["f"]', 'e = ["f"] # why\no = []'))
    assert pixi("workspace", "environment", "add", *words).status == 0
    assert line in manifest.read_text().splitlines()
    assert manifest.read_text().index("\ne = ") < manifest.read_text().index("\no = ")


@pytest.mark.parametrize(
    "words",
    [
        ("lib", "--branch", "b"),
        ("lib", "--subdirectory", "d"),
        ("lib", "--editable"),
        ("lib", "--index", "https://example.org/simple"),
        ("lib", "--pypi", "--host"),
        ("lib", "--pypi", "--git", "https://example.org/r", "--path", "."),
    ],
)
def test_flags_of_add_that_mean_nothing_alone(pixi, manifest: Path, words: tuple[str, ...]) -> None:
    before = manifest.read_bytes()
    assert (pixi("add", "--frozen", *words).status, manifest.read_bytes()) == (2, before)


def test_remove_from_several_platforms_needs_one_that_has_it(pixi, manifest: Path) -> None:
    manifest.write_text(manifest.read_text() + '\n[target.linux-64.dependencies]\napp = "*"\n')
    both = ("-p", "osx-arm64", "-p", "linux-64", "--frozen")
    assert pixi("remove", "tool", *both).status == 1
    assert (pixi("remove", "app", *both).status, "app" in manifest.read_text()) == (0, False)


@pytest.mark.parametrize("platforms", [("nope-64",), ("linux-64", "linux-64")])
def test_init_writes_nothing_that_cannot_be_read(pixi, folder: Path, platforms: tuple[str, ...]) -> None:
    ran = pixi("init", "new", *(word for platform in platforms for word in ("-p", platform)))
    assert (ran.status, platforms[0] in ran.err, (folder / "new").exists()) == (1, True, False)


def test_an_environment_yml_may_name_requirements_files_and_the_default_channels(pixi, folder: Path) -> None:
    (folder / "reqs.txt").write_text("# comment\n--extra-index-url https://index.test\nsix==1.16\n-r more.txt\n")
    (folder / "more.txt").write_text("idna\n")
    (folder / "environment.yml").write_text(
        "channels: [defaults]\ndependencies:\n- python\n- pip\n- pip:\n  - toml\n  - -r reqs.txt\n  - zipp\n"
    )
    ran = pixi("init", "--import", "environment.yml")
    assert ran.status == 0 and "--extra-index-url" in ran.err
    made = read(folder / "pixi.toml")
    assert made["workspace"]["channels"] == ["main", "r", "msys2"]
    assert made["pypi-dependencies"] == {"toml": "*", "six": "==1.16", "idna": "*", "zipp": "*"}


def test_init_takes_a_package_that_an_environment_yml_names_twice_once(pixi, folder: Path) -> None:
    (folder / "e.yml").write_text("name: e\ndependencies: [lib, lib>=1, {pip: [Foo_Bar, foo-bar==1]}]\n")
    assert pixi("init", "new", "--import", "e.yml").status == 0
    found = read(folder / "new/pixi.toml")
    assert (found["dependencies"], found["pypi-dependencies"]) == ({"lib": ">=1", "pip": "*"}, {"foo-bar": "==1"})
