"""Which task runs where and in which order: dependencies, arguments, environments, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_pixi.config import Config
from jupyter_pixi.environments import compose
from jupyter_pixi.errors import PixiError
from jupyter_pixi.manifest import parse_manifest
from jupyter_pixi.operations.running.task_graph import Candidate, Place, Tasks, steps
from jupyter_pixi.operations.running.task_text import Scope

HEAD = '[workspace]\nname = "ws"\nchannels = []\nplatforms = ["linux-64", "win-64"]\n'


def tasks(text: str, explicit: str | None = None, runs: dict[str, bool] | None = None, choose=None) -> Tasks:
    """The tasks of a manifest on linux-64."""
    manifest = parse_manifest((HEAD + text).encode(), Path("/ws/pixi.toml"))
    places = {
        name: Place(name, environment.on["linux-64"].tasks, (runs or {}).get(name, True))
        for name, environment in compose(manifest, Config()).items()
    }
    more = {"choose": choose} if choose else {}
    return Tasks(places, explicit, lambda e: Scope("linux-64", e, "/ws/pixi.toml", "0", "/"), **more)


def planned(text: str, *words: str, **options) -> list[str]:
    explicit = options.pop("explicit", None)
    found = steps(tasks(text, explicit), words, **options)
    return [f"{s.name}@{s.environment}({s.arguments.shown()})" for s in found]


CHAIN = """
[tasks]
a = "echo a"
b = { cmd = "echo b", depends-on = ["a"] }
c = { cmd = "echo c", depends-on = ["a", "b"] }
all = [{ task = "c" }, { task = "b" }]
"""


def test_dependencies_come_first_and_once():
    assert planned(CHAIN, "c", "x") == ["a@default()", "b@default()", "c@default(x)"]
    assert planned(CHAIN, "all") == ["a@default()", "b@default()", "c@default()", "all@default()"]
    assert planned(CHAIN, "c", skip_deps=True) == ["c@default()"]


def test_options_behind_a_task_are_its_own():
    assert planned(CHAIN, "a", "-e", "x", "--", "y") == ["a@default(-e, x, --, y)"]
    assert planned(CHAIN, "a", "--", "y") == ["a@default(y)"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('a = {cmd = "x", depends-on = ["a"]}', "a -> a"),
        ('a = {cmd = "x", depends-on = ["b"]}\nb = {cmd = "y", depends-on = ["c"]}\nc = [{task = "b"}]', "b -> c -> b"),
    ],
)
def test_a_cycle_is_an_error_that_shows_it(text, shown):
    with pytest.raises(PixiError, match="depends on itself: " + shown):
        steps(tasks("[tasks]\n" + text), ["a"])


def test_a_cycle_with_ever_new_arguments_ends_too():
    text = '[tasks]\na = {cmd = "x", args = ["n"], depends-on = [{task = "a", args = ["{{ n }}1"]}]}'
    with pytest.raises(PixiError, match="more than 200 tasks"):
        steps(tasks(text), ["a", "1"])


ARGS = """
[tasks]
greet = { cmd = "echo {{ who }}", args = ["who", { arg = "times", default = "1", choices = ["1", "2"] }] }
both = { cmd = "x", args = ["name"], depends-on = [{ task = "greet", args = ["{{ name }}!", { times = "2" }] }] }
plain = "echo"
more = { cmd = "x", depends-on = [{ task = "plain", args = ["a b"] }] }
"""


def test_arguments_by_place_and_by_name():
    assert planned(ARGS, "greet", "me") == ["greet@default(me, 1)"]
    assert planned(ARGS, "greet", "--times=2", "--who=you") == ["greet@default(you, 2)"]
    assert planned(ARGS, "greet", "me", "--", "-x") == ["greet@default(me, 1, -x)"]
    assert planned(ARGS, "both", "Jo") == ["greet@default(Jo!, 2)", "both@default(Jo)"]
    assert planned(ARGS, "more") == ["plain@default(a b)", "more@default()"]


def test_what_a_user_typed_is_known_as_that_in_dependencies_too():
    first, last = steps(tasks(ARGS), ["both", "$(id)"])
    assert first.arguments.typed == {"$(id)!"} and last.arguments.typed == {"$(id)"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["greet"], "no value provided for argument 'who' of task 'greet'"),
        (["greet", "me", "3"], "got '3' for argument 'times' of task 'greet', choose from: 1, 2"),
        (["greet", "a", "1", "c"], "task 'greet' received more arguments than expected"),
        (["greet", "--times=1", "me"], "Positional argument 'me' found after named argument"),
    ],
)
def test_wrong_arguments_are_told(words, message):
    with pytest.raises(PixiError) as raised:
        steps(tasks(ARGS), words)
    assert message in raised.value.message


def test_missing_dependencies_are_told():
    with pytest.raises(PixiError, match="could not find the task 'nope'"):
        steps(tasks('[tasks]\na = { cmd = "x", depends-on = ["nope"] }'), ["a"])
    with pytest.raises(PixiError, match="unknown environment 'nowhere'"):
        steps(tasks('[tasks]\nb="y"\na = { cmd = "x", depends-on = [{task = "b", environment = "nowhere"}] }'), ["a"])


ENVIRONMENTS = """
[tasks]
shared = "echo shared"
test = "echo plain"
here = { cmd = "echo here", default-environment = "g" }
all = [{ task = "test", environment = "f" }, { task = "test", environment = "g" }]
[feature.f.tasks]
only = "echo only"
test = "echo f"
amb = "echo f"
[feature.g.tasks]
amb = "echo g"
[environments]
f = ["f"]
g = ["g"]
"""


def test_the_environment_follows_from_who_defines_the_task():
    assert planned(ENVIRONMENTS, "shared") == ["shared@default()"]
    assert planned(ENVIRONMENTS, "only") == ["only@f()"]
    assert planned(ENVIRONMENTS, "here") == ["here@g()"]
    assert planned(ENVIRONMENTS, "shared", explicit="f") == ["shared@f()"]
    assert planned(ENVIRONMENTS, "all") == ["test@f()", "test@g()", "all@default()"]
    assert planned(ENVIRONMENTS, "python", "x", explicit="g") == ["None@g()"]


def test_two_meanings_are_ambiguous_unless_somebody_chooses():
    for name, shown in (("amb", "f, g"), ("test", "default, f, g")):
        with pytest.raises(PixiError, match=f"the task '{name}' is ambiguous") as raised:
            steps(tasks(ENVIRONMENTS), [name])
        assert shown in (raised.value.help or "")
    asked = []

    def choose(name: str, candidates: list[Candidate]) -> Candidate:
        asked.append(name)
        return candidates[1]

    assert steps(tasks(ENVIRONMENTS, choose=choose), ["amb"])[0].environment == "g" and asked == ["amb"]


def test_an_environment_that_cannot_run_here_makes_nothing_ambiguous():
    text = '[tasks]\nt = "x"\n[feature.f.tasks]\nt = "y"\n[environments]\nf = ["f"]'
    assert steps(tasks(text, runs={"f": False}), ["t"])[0].environment == "default"
    with pytest.raises(PixiError, match="ambiguous"):
        steps(tasks(text), ["t"])


def test_words_are_literal_and_one_lone_word_is_shell_text():
    (step,) = steps(tasks(CHAIN), ["echo", "$HOME", "a;b"])
    assert step.literal == ("echo", "$HOME", "a;b") and step.text is None
    (step,) = steps(tasks(CHAIN), ["echo $HOME; echo 'b c'"])
    assert step.text == "echo $HOME; echo 'b c'"
    (step,) = steps(tasks(CHAIN), ["python --version"])
    assert step.literal == ("python", "--version")
    (step,) = steps(tasks(CHAIN), ["a 'b c'"])
    assert step.name == "a" and step.arguments.extra == ("b c",)
    (step,) = steps(tasks(CHAIN), ["a", "x"], executable=True)
    assert step.literal == ("a", "x")
    with pytest.raises(PixiError, match="could not split"):
        steps(tasks(CHAIN), ["it's"])


@pytest.mark.parametrize(
    ("word", "value"),
    [('"a b"', "a b"), ("'$x'", "$x"), ('"', '"'), ('"a" "b"', '"a" "b"'), ('say "a"', 'say "a"'), ("''", "")],
)
def test_quotes_around_all_of_an_argument_are_the_shells(word, value):
    text = '[tasks]\nt = { cmd = "echo {{ it }}", args = ["it"] }\n'
    (step,) = steps(tasks(text), ("t", word))
    assert step.arguments.values == (("it", value),)
