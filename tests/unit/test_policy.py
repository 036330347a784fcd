"""What the administrator says holds, from wherever it comes, and nobody else can say more than no."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_pixi import policy
from jupyter_pixi.config import load_config


def from_file(tmp_path: Path, text: str, *, may_give: bool = True, environ: dict[str, str] | None = None):
    path = tmp_path / "policy.toml"
    path.write_text(text)
    return policy.read(environ or {}, [(str(tmp_path / "missing.toml"), True), (str(path), may_give)])


def from_variable(*documents: object) -> policy.Policy:
    return policy.read({policy.VARIABLE: json.dumps(documents[0] if len(documents) == 1 else documents)}, [])


def test_without_a_policy_everything_is_the_users_word(tmp_path):
    none = policy.read({}, [(str(tmp_path / "missing.toml"), True)])
    assert none.rules == ()
    assert not none.trusts("/w") and none.forbids("/w") is None and none.freezes("/w") is None
    assert none.forbids_install_at_start is None and not none.fixes_configuration


def test_the_places_are_not_the_users_to_choose(tmp_path):
    """No variable moves the administrator's file: what a child process finds does not depend on any."""
    code = "from jupyter_pixi import policy; print([path for path, _ in policy._files()])"
    moved = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "PIXI_HOME", "PREFIX")}
    found = [
        subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True, text=True).stdout
        for env in (dict(os.environ), moved)
    ]
    assert found[0] == found[1]
    assert policy.SYSTEM_FILE == "/etc/jupyter-pixi/config.toml"
    assert policy.SYSTEM_FILE in found[0]


@pytest.mark.parametrize(
    ("text", "trusted", "forbidden"),
    [
        ('[trust]\nmode = "ask"\n', False, False),
        ('[trust]\nmode = "all"\n', True, False),
        ('[trust]\nmode = "none"\n', False, True),
        ('[trust]\nmode = "none"\nfolders = ["/srv"]\n', True, False),
        ('[trust]\nfolders = ["/srv/courses"]\n', True, False),
        ('[trust]\nmode = "none"\nfolders = ["/srv/other"]\n', False, True),
    ],
)
def test_trust(tmp_path, text, trusted, forbidden):
    found = from_file(tmp_path, text)
    assert found.trusts("/srv/courses/one") is trusted
    assert bool(found.forbids("/srv/courses/one")) is forbidden


@pytest.mark.parametrize("text", ['[trust]\nmode = "all"\n', '[trust]\nfolders = ["/"]\n'])
def test_what_a_user_can_write_gives_nothing(tmp_path, text):
    assert not from_file(tmp_path, text, may_give=False).trusts("/w")
    assert not from_variable({"trust": {"mode": "all", "folders": ["/"]}}).trusts("/w")


def test_a_variable_takes_away_what_a_file_gives(tmp_path):
    environ = {policy.VARIABLE: json.dumps({"trust": {"mode": "none", "folders": ["/srv"]}, "who": "the server"})}
    found = from_file(tmp_path, '[trust]\nmode = "all"\n', environ=environ)
    assert found.forbids("/home/w") == "the server"
    assert not found.trusts("/home/w") and found.trusts("/srv/w")


def test_a_variable_gives_nothing_back(tmp_path):
    environ = {policy.VARIABLE: json.dumps({"changes": {"frozen": False}, "start": {"install": True}})}
    found = from_file(tmp_path, "[changes]\nfrozen = true\n[start]\ninstall = false\n", environ=environ)
    assert found.freezes("/w") == ("/", str(tmp_path / "policy.toml"))
    assert found.forbids_install_at_start


def test_some_folders_are_frozen(tmp_path):
    (tmp_path / "exam").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "exam")
    found = from_file(tmp_path, f'[changes]\nfrozen = ["{tmp_path}/exam"]\n')
    assert found.freezes(str(tmp_path / "exam" / "one"))
    assert found.freezes(str(tmp_path / "link" / "one"))
    assert not found.freezes(str(tmp_path / "exam-2"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[trust", "which is wrong"),
        ("trust = 1\n", "which is wrong"),
        ('[trust]\nmode = "sometimes"\n', "one of ask, all and none"),
        ("[trust]\nfolders = 3\n", "trust.folders is a list of texts"),
        ('[trust]\nfolders = ["~/courses"]\n', "absolute paths"),
        ('[changes]\nfrozen = "yes"\n', "changes.frozen is a list"),
        ("[sources]\nchanels = []\n", "no chanels"),
        ("[source]\nchannels = []\n", "[source] is none of"),
        ('[start]\ninstall = "no"\n', "start.install is true or false"),
        ("\xff", "which is wrong"),
    ],
)
def test_a_policy_that_cannot_be_read_allows_nothing(tmp_path, text, said):
    (tmp_path / "policy.toml").write_bytes(text.encode("latin-1"))
    found = policy.read({}, [(str(tmp_path / "policy.toml"), True)])
    (rules,) = found.rules
    assert said in rules.who and str(tmp_path) in rules.who
    assert found.forbids("/w") and found.freezes("/w") and found.forbids_install_at_start
    assert rules.channels == () and rules.indexes == ()


@pytest.mark.parametrize("value", ["{", "3", '"x"', '{"trust": 1}', "[" * 100_000, '[{"sources": {"channels": 1}}]'])
def test_a_variable_that_cannot_be_read_allows_nothing(value):
    found = policy.read({policy.VARIABLE: value}, [])
    assert found.forbids("/w") and found.freezes("/w")


def test_rules_are_added_to_those_that_are_there():
    first = policy.with_rules({}, {"start": {"install": False}}, "the hub")
    both = policy.read({policy.VARIABLE: policy.with_rules({policy.VARIABLE: first}, {}, "the server")}, [])
    assert [r.who for r in both.rules] == ["the hub", "the server"]
    broken = policy.with_rules({policy.VARIABLE: "{"}, {}, "the server")
    assert policy.read({policy.VARIABLE: broken}, []).forbids("/w")


def test_the_systems_configuration_can_be_fixed(tmp_path, monkeypatch):
    """The user's layer wins, as in Pixi, unless the policy says that the system's does."""
    system, root = tmp_path / "etc" / "config.toml", tmp_path / "w"
    for path, mirror in ((system, "https://mirror.example"), (root / ".pixi" / "config.toml", "https://own.example")):
        path.parent.mkdir(parents=True)
        path.write_text(f'[mirrors]\n"https://conda.example" = ["{mirror}"]\n')
    monkeypatch.setattr("jupyter_pixi.config.system_path", lambda: system)
    environ = {"HOME": str(tmp_path)}
    assert load_config(root, environ).mirrors["https://conda.example"] == ("https://own.example",)
    assert load_config(root, environ).system.mirrors["https://conda.example"] == ("https://mirror.example",)
    environ[policy.VARIABLE] = json.dumps({"pixi": {"fixed": True}})
    fixed = load_config(root, environ)
    assert fixed.mirrors["https://conda.example"] == ("https://mirror.example",)
    assert fixed.layers[-1] == system.read_text()
