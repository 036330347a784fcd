"""What a task's templates and arguments become for the shell, and that no argument is ever evaluated by it."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_pixi.errors import PixiError
from jupyter_pixi.manifest.model import Task
from jupyter_pixi.operations.running.task_text import Arguments, Scope, command, render, with_variables

SCOPE = Scope("linux-64", "cuda", "/ws/pixi.toml", "0.77.0", "/home")


def typed(*extra: str, **values: str) -> Arguments:
    """Arguments as a user types them."""
    return Arguments(tuple(values.items()) or None, extra, frozenset(values.values()))


def said(task: Task, arguments: Arguments) -> str:
    script = command(task, SCOPE, arguments)
    assert script is not None
    done = subprocess.run(["/bin/sh", "-c", with_variables(script)], capture_output=True, check=False)
    assert not done.stderr
    return done.stdout.decode()


def test_templates_see_arguments_and_the_workspace():
    text = (
        "{{ who }} {{ pixi.platform }} {{ pixi.environment.name }} {{ pixi.is_unix }} {{ who == 'x' }} {{ who|upper }}"
    )
    assert render(text, SCOPE, typed(who="me")) == "me linux-64 cuda True False ME"


def test_what_is_not_defined_is_an_error_with_its_name():
    with pytest.raises(PixiError, match=r"placeholders: .*nobody"):
        render("hi {{ nobody }}", SCOPE, typed())
    assert render("hi {{ nobody | upper }}{{ who }}", SCOPE, typed(who="!")) == "hi !"
    with pytest.raises(PixiError, match=r"placeholders: .*nobody"):
        render("hi {{ nobody }} {{ who | upper }}", SCOPE, typed(who="me"))
    with pytest.raises(PixiError, match="syntax error"):
        render("hi {{ ", SCOPE, typed())


def test_text_without_a_template_is_left_alone():
    assert render("echo ${HOME} {x} %s", SCOPE, typed()) == "echo ${HOME} {x} %s"


def test_a_list_keeps_words_together_and_variables_alive():
    script = command(Task(cmd=("echo", "a b", "$HOME", "")), SCOPE, typed())
    assert script is not None and script.text.strip() == 'echo "a b" $HOME ""'


def test_variables_come_before_the_command():
    assert said(Task(cmd="echo $A-$B", env={"A": 'x "y"', "B": "$A!"}), typed()) == 'x "y"-x "y"!\n'


@pytest.mark.parametrize("word", ["it's", "$HOME", "`id`", "$(id)", "a;b", "", "a  b", "*", "x\ny", "\\", "-n", '"'])
def test_words_behind_a_task_are_literal(word):
    assert said(Task(cmd="printf '[%s]'"), typed(word)) == f"[{word}]"


@pytest.mark.parametrize(
    "place", ['"{{ it }}"', "'{{ it }}'", "x{{ it }}y", '"a {{ it }}_b"', "{{ it }}", '"$(echo {{ it }})"']
)
@pytest.mark.parametrize(
    "value", ["$(echo pwned >&2)", "`echo pwned >&2`", "a; echo pwned >&2", "'\"; echo pwned >&2 #", "a|cat>&2"]
)
def test_a_typed_argument_is_data_wherever_it_stands(place, value):
    out = said(Task(cmd=f"echo {place}"), typed(it=value))
    assert value.replace("*", "") in out


def test_what_the_manifest_says_is_shell_text():
    arguments = Arguments((("what", "a; echo b"), ("who", "me")), (), frozenset({"me"}))
    assert said(Task(cmd="echo {{ what }} {{ who }}"), arguments) == "a\nb me\n"


def test_blanks_in_an_argument_split_as_in_pixi():
    assert said(Task(cmd="printf '[%s]' {{ flags }}"), typed(flags="-x -v")) == "[-x][-v]"


def test_people_see_what_was_meant_and_not_how():
    script = command(Task(cmd="echo '{{ it }}'"), SCOPE, typed("b c", it="$(id)"))
    assert script is not None and script.shown == "echo '$(id)' b c"


@settings(deadline=None, max_examples=40)
@given(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0\r"), max_size=12))
def test_any_text_comes_through_in_double_quotes(value):
    value = value.replace("\ue000", "").replace("\ue001", "").rstrip("\n")
    task = Task(cmd="printf '%s' \"{{ it }}\" ")
    # the manifest's quotes around harmless text are the author's
    assert said(task, typed(it=value)) == value
