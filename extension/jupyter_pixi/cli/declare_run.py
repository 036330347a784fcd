"""Turns the commands that run programs into parsers: `run`, `task`, `exec`, `shell-hook`, `shell`, `clean`."""

from __future__ import annotations

import argparse
from typing import Any

from .parser import (
    AS_INSTALLED,
    Commands,
    Parser,
    argument_name,
    config_options,
    environment_name,
    environment_option,
    json_option,
    key_value,
    later,
    lock_options,
    script_option,
    workspace_options,
)


def declare(commands: Commands) -> None:
    """Add the sub-commands."""
    _run(commands)
    _task(commands)
    _exec(commands)
    _shell(commands)
    _clean(commands)


def _run(commands: Commands) -> None:
    run = commands.add(
        "run",
        later("run", "run"),
        "run a task or a command in an environment",
        "r",
    )
    run.add_argument("--executable", "-x", action="store_true", help="a command, even if a task has its name")
    environment_option(run)
    run.add_argument("--clean-env", action="store_true", help="without the variables of your shell")
    run.add_argument("--skip-deps", action="store_true", help="without the tasks it depends on")
    run.add_argument("--dry-run", "-n", action="store_true", help="only say what would run")
    run.add_argument("--templated", action="store_true", help="replace {{ … }} in the command too")
    run.add_argument("--as-is", action="store_true", help="neither lock nor install: --frozen --no-install")
    run.add_argument("--force-activate", action="store_true", help="do not take the activation from a cache")
    run.add_argument("--revalidate", action="store_true", help="check the whole environment, and repair it")
    lock_options(run, AS_INSTALLED)
    workspace_options(run)
    script_option(run)
    run.add_argument(
        "words", nargs=argparse.REMAINDER, metavar="TASK", help="the task or command, and what belongs to it"
    )


def _task(commands: Commands) -> None:
    task = Commands(commands.add("task", None, "look at and change the tasks of the workspace"))
    add = task.add("add", later("task", "add"), "add a task", "a")
    add.add_argument("--depends-on", metavar="TASK", nargs="+", action="extend", default=[], help="run before it")
    _place(add)
    add.add_argument("--cwd", metavar="DIR", help="where it runs, from the workspace's folder on")
    add.add_argument("--env", metavar="KEY=VALUE", action="append", default=[], type=key_value, help="(repeatable)")
    add.add_argument("--default-environment", metavar="ENVIRONMENT", type=environment_name, help="where it runs")
    add.add_argument("--description", metavar="TEXT", help="what it does")
    add.add_argument("--clean-env", action="store_true", help="without the variables of your shell")
    add.add_argument(
        "--arg",
        dest="args",
        metavar="NAME",
        action="append",
        default=[],
        type=argument_name,
        help="takes it (repeatable)",
    )
    workspace_options(add)
    add.add_argument("name", metavar="NAME", help="the task's name")
    add.add_argument("command", nargs="+", metavar="COMMAND", help="what it runs")

    alias = task.add("alias", later("task", "alias"), "name several tasks together", "@")
    alias.add_argument("name", metavar="ALIAS", help="the new name")
    alias.add_argument("depends_on", nargs="+", metavar="TASK", help="the tasks it stands for")
    _place(alias)
    alias.add_argument("--description", metavar="TEXT", help="what it does")
    remove = task.add("remove", later("task", "remove"), "remove tasks", "rm")
    remove.add_argument("names", nargs="+", metavar="TASK", help="the tasks' names")
    _place(remove)
    listing = task.add("list", later("task", "list_tasks"), "list the tasks", "ls")
    listing.add_argument("--summary", "-s", action="store_true", help="one line per environment")
    listing.add_argument("--machine-readable", action="store_true", help="names on one line")
    environment_option(listing, default="all")
    json_option(listing)
    for parser in (alias, remove, listing):
        workspace_options(parser)


def _place(parser: Parser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--feature", "-f", metavar="FEATURE", help="the feature whose task it is")
    where.add_argument("--environment", "-e", metavar="ENVIRONMENT", type=environment_name, help="the environment")
    parser.add_argument("--platform", "-p", metavar="PLATFORM", help="only for this platform")


def _exec(commands: Commands) -> None:
    run = commands.add(
        "exec",
        later("exec", "exec_"),
        "run a command in a throw-away environment",
        "x",
    )
    repeated: list[tuple[tuple[str, ...], str, str]] = [
        (("--spec", "-s"), "SPEC", "a package of the environment (default: the command's name; repeatable)"),
        (("--with", "-w"), "SPEC", "a package besides the command's own (repeatable)"),
        (("--pypi",), "SPEC", "a package from PyPI, as PEP 508 text (repeatable)"),
        (("--channel", "-c"), "CHANNEL", "a channel (repeatable)"),
    ]
    for flags, metavar, text in repeated:
        name = {"--spec": "specs", "--with": "with_", "--pypi": "pypi", "--channel": "channels"}[flags[0]]
        run.add_argument(*flags, dest=name, metavar=metavar, action="append", default=[], help=text)
    run.add_argument("--platform", "-p", metavar="PLATFORM", help="packages of this subdir (default: this machine's)")
    run.add_argument("--force-reinstall", action="store_true", help="solve and install again")
    run.add_argument(
        "--list", nargs="?", const="", metavar="REGEX", help="list its packages first (--list=REGEX: some of them)"
    )
    _only_with_equals(run, "--list")
    run.add_argument("--no-modify-ps1", action="store_true", help="leave the prompt alone")
    config_options(run)
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND", help="the command and its arguments")


def _only_with_equals(parser: Parser, flag: str) -> None:
    """Let a flag take a value behind `=` only: the next word is the command, which argparse would take for it."""
    parse = parser.parse_known_args

    def parse_known_args(args: Any = None, namespace: Any = None) -> Any:
        words = list(args or ())
        at = 0
        while at < len(words) and words[at].startswith("-") and words[at] != "--":
            action = parser._option_string_actions.get(words[at])
            if words[at] == flag:
                words[at] = f"{flag}="
            elif action is not None and action.nargs is None:
                at += 1  # its value
            at += 1
        return parse(words, namespace)

    parser.parse_known_args = parse_known_args  # type: ignore[method-assign]


def _shell(commands: Commands) -> None:
    hook = commands.add("shell-hook", later("shell", "shell_hook"), "print the activation for a shell or a program")
    hook.add_argument("--shell", "-s", metavar="SHELL", help="bash, zsh, fish, xonsh, cmd, powershell or nushell")
    json_option(hook)
    shell = commands.add("shell", later("shell", "shell"), "start a shell in an environment (not in a notebook)", "s")
    for parser in (hook, shell):
        environment_option(parser)
        parser.add_argument("--change-ps1", choices=("true", "false"), help="whether the prompt names the environment")
        parser.add_argument("--as-is", action="store_true", help="neither lock nor install: --frozen --no-install")
        parser.add_argument("--force-activate", action="store_true", help=argparse.SUPPRESS)
        lock_options(parser, AS_INSTALLED)
        workspace_options(parser)


def _clean(commands: Commands) -> None:
    clean = commands.add("clean", later("clean", "clean"), "remove installed environments, or caches")
    clean.add_argument("what", nargs="?", choices=("cache",), help="`cache`: what all workspaces share")
    clean.add_argument("--environment", "-e", metavar="ENVIRONMENT", type=environment_name, help="only this one")
    clean.add_argument("--activation-cache", action="store_true", help="only the cache of activations")
    caches = clean.add_argument_group("caches", "which parts of the cache (default: all)")
    parts = {
        "conda": "conda packages",
        "pypi": "PyPI packages (uv's cache)",
        "repodata": "what the channels' indexes said",
        "mapping": "names of conda packages on PyPI",
        "exec": "the environments of `exec`",
    }
    for name, text in parts.items():
        caches.add_argument(f"--{name}", action="store_true", help=text)
    caches.add_argument("--yes", "-y", "--assume-yes", action="store_true", help="do not ask")
    workspace_options(clean)
