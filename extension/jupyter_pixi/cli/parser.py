"""Turns a command line into a namespace: every sub-command with Pixi's names and flags (Pixi's docs, reference/cli)."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ..config import PINNING_STRATEGIES
from ..errors import UsageError
from . import help_text

Handler = Callable[[argparse.Namespace], int]
_YES = ("y", "yes", "t", "true", "on", "1")
_NO = ("n", "no", "f", "false", "off", "0")
_ENVIRONMENT = re.compile(r"[a-z0-9-]+\Z")


class _Help(argparse.Action):
    """`-h` prints the short help, `--help` all of it."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        sys.stdout.write(help_text.short(parser) if option_string == "-h" else parser.format_help())
        sys.stdout.flush()
        parser.exit()


def later(module: str, function: str) -> Handler:
    """A handler whose module (beside this one) is imported only when the command is the one that was given."""

    def handler(arguments: argparse.Namespace) -> int:
        import importlib

        found = getattr(importlib.import_module(f"{__package__}.{module}"), function)
        status: int = found(arguments)
        return status

    return handler


class Parser(argparse.ArgumentParser):
    """An argument parser that raises UsageError, with the nearest name where something is unknown."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(
            *args, **{"formatter_class": help_text.Formatter, "add_help": False, "allow_abbrev": False, **options}
        )
        self.add_argument("-h", "--help", action=_Help, nargs=0, help="show this help (-h: without examples)")

    def error(self, message: str) -> NoReturn:
        """Raise UsageError in place of printing and leaving."""
        unknown = re.match(r"unrecognized arguments: (\S+)", message)
        if unknown:
            word = unknown.group(1)
            near = _nearest(word, self._flags())
            tip = f"a similar argument exists: '{near[0]}'" if near else None
            raise UsageError(f"unexpected argument '{word}' found", help=tip or self._usage_hint())
        choice = re.match(r"argument COMMAND: invalid choice: '([^']*)'", message)
        if choice:
            self._unknown_command(choice.group(1))
        required = re.match(r"the following arguments are required: (.*)", message)
        if required:
            raise UsageError(
                f"the following required arguments were not provided: {required.group(1)}", help=self._usage_hint()
            )
        raise UsageError(message, help=self._usage_hint())

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but what is unknown is an error of this very command, which knows the nearest flag."""
        words = list(sys.argv[1:] if args is None else args)
        namespace, unknown = super().parse_known_args(self._options_first(words), namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return namespace, unknown

    def _options_first(self, words: list[str]) -> list[str]:
        """The words with positionals behind options: argparse takes only one run of positionals, Pixi any.

        A parser whose last argument is the rest of the line (a task's words, a sub-command's) keeps them as they are.
        """
        if any(action.nargs in (argparse.REMAINDER, argparse.PARSER) for action in self._actions):
            return words
        options: list[str] = []
        positionals: list[str] = []
        fence: list[str] = []
        rest = deque(words)
        while rest:
            word = rest.popleft()
            if word == "--":
                fence = ["--"]
                positionals += rest
                break
            if not word.startswith("-") or word == "-":
                positionals.append(word)
                continue
            options.append(word)
            action = self._option_string_actions.get(word)
            if action is not None and action.nargs is None and rest:
                options.append(rest.popleft())
            while action is not None and action.nargs == argparse.ONE_OR_MORE and rest and not rest[0].startswith("-"):
                options.append(rest.popleft())
                fence = ["--"]
        return [*options, *fence, *positionals]

    def _unknown_command(self, word: str) -> NoReturn:
        near = _nearest(word, self.commands())
        tip = f"a similar subcommand exists: '{near[0]}'" if near else self._usage_hint()
        raise UsageError(f"unrecognized subcommand '{word}'", help=tip)

    def commands(self) -> list[str]:
        """The names of the sub-commands."""
        return [n for a in self._actions if isinstance(a, argparse._SubParsersAction) for n in a.choices]

    def subcommands(self) -> dict[str, Parser]:
        """The parsers of the sub-commands, by name and alias."""
        return {n: p for a in self._actions if isinstance(a, argparse._SubParsersAction) for n, p in a.choices.items()}

    def listed(self) -> list[str]:
        """The names of the sub-commands that the help shows."""
        groups = [a for a in self._actions if isinstance(a, argparse._SubParsersAction)]
        return [choice.dest for group in groups for choice in group._choices_actions]

    def format_help(self) -> str:
        """The help, with examples where there are some."""
        from .examples import examples

        self.epilog = examples(self.prog) or self.epilog
        self.usage = help_text.usage(self)
        return super().format_help()

    def _flags(self) -> list[str]:
        return [flag for action in self._actions for flag in action.option_strings]

    def _usage_hint(self) -> str:
        return f"See `{self.prog} --help`."


def _nearest(word: str, names: Sequence[str]) -> list[str]:
    import difflib

    return difflib.get_close_matches(word, names, n=1)


def environment_name(text: str) -> str:
    """An environment's name, as an argument type (Pixi: lower-case letters, digits and dashes)."""
    if not _ENVIRONMENT.match(text):
        raise argparse.ArgumentTypeError(
            f"Failed to parse environment name '{text}', please use only lowercase letters, numbers and dashes"
        )
    return text


def key_value(text: str) -> tuple[str, str]:
    """`KEY=VALUE`, as an argument type."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"invalid KEY=value: no `=` found in `{text}`")
    return name, value


def argument_name(text: str) -> str:
    """The name of a task's argument, as an argument type."""
    if "-" in text:
        raise argparse.ArgumentTypeError(f"'{text}' is not a valid argument name since it contains the character '-'")
    return text


class Commands:
    """A group of sub-commands being declared."""

    def __init__(self, parser: Parser, *, required: bool = True, default: Handler | None = None) -> None:
        self.parser = parser
        self._group = parser.add_subparsers(metavar="COMMAND", required=required, parser_class=Parser, prog=parser.prog)
        if default is not None:
            parser.set_defaults(run=default)

    def add(self, name: str, run: Handler | None, help: str | None, *aliases: str, **more: Any) -> Parser:
        """A sub-command with its handler; `help` None hides it from the listing."""
        shown: dict[str, Any] = {"help": help} if help is not None else {}
        parser: Parser = self._group.add_parser(
            name,
            aliases=aliases,
            description=help,
            **shown,
            **more,
        )
        if run is not None:
            parser.set_defaults(run=run)
        common_options(parser)
        return parser


def common_options(parser: Parser) -> None:
    """What every command understands."""
    group = parser.add_argument_group(help_text.GLOBAL)
    unset = argparse.SUPPRESS  # so that an option before the sub-command is not undone by the sub-command's default
    group.add_argument("-v", "--verbose", action="count", default=unset, help="say more (repeatable)")
    group.add_argument("-q", "--quiet", action="count", default=unset, help="say less")
    group.add_argument("--color", choices=("always", "never", "auto"), default=unset, help="whether to use colours")
    group.add_argument("--no-progress", action="store_true", default=unset, help="no progress bars")
    group.add_argument("--offline", action="store_true", default=unset, help="use only what the caches hold")
    group.add_argument("--no-offline", action="store_false", dest="offline", default=unset, help=argparse.SUPPRESS)
    group.add_argument("--events-fd", type=int, default=unset, help=argparse.SUPPRESS)
    group.add_argument("--caller-fd", type=int, default=unset, help=argparse.SUPPRESS)


def workspace_options(parser: Parser) -> None:
    """Which workspace."""
    parser.add_argument(
        "--manifest-path",
        "-m",
        metavar="PATH",
        default=argparse.SUPPRESS,
        help="the manifest, or the folder that holds it",
    )
    parser.add_argument(
        "--workspace", "-w", metavar="NAME", default=argparse.SUPPRESS, help="a workspace of the registry, by name"
    )


def script_option(parser: Parser) -> None:
    """A Python file with an inline block in a workspace's place."""
    flags = ["--script"] if "-s" in parser._option_string_actions else ["--script", "-s"]
    parser.add_argument(
        *flags, metavar="FILE", default=argparse.SUPPRESS, help="a Python file with an inline block (PEP 723)"
    )


CHANGES_ONLY = "change manifest and lock only"
AS_INSTALLED = "take the environment as it is installed"


def lock_options(parser: Parser, no_install: str | None = CHANGES_ONLY) -> None:
    """What may happen to the lock file and the prefix. `no_install`: what that means here; None hides it."""
    parser.add_argument("--no-install", action="store_true", help=no_install or argparse.SUPPRESS)
    parser.add_argument("--frozen", action="store_true", help="take the lock file as it is, without a check")
    parser.add_argument("--locked", action="store_true", help="fail if the lock file is not up to date")
    config_options(parser)


def loaded_options(parser: Parser) -> None:
    """What may happen to what the calling kernel has loaded."""
    parser.add_argument("--restart", action="store_true", help="change loaded packages too, and restart the kernel")
    parser.add_argument("--force-loaded", action="store_true", help="change loaded packages under the kernel")


def place_options(parser: Parser) -> None:
    """Where in the manifest."""
    parser.add_argument("--feature", "-f", metavar="FEATURE", help="the feature to change")
    parser.add_argument(
        "--environment", "-e", metavar="ENVIRONMENT", type=environment_name, help="the environment to change"
    )
    parser.add_argument(
        "--platform", "-p", metavar="PLATFORM", action="append", default=[], help="only for this platform (repeatable)"
    )


def environment_option(parser: Parser, *, several: bool = False, default: str | None = None) -> None:
    """Which environment to look at or act on. `default`: what is taken without it, where that is not the usual one."""
    help = f"the environment (default: {default or 'that of this kernel or shell, else `default`'})"
    if several:
        help = help.replace(" (default", "; repeatable (default")
        parser.add_argument(
            "--environment", "-e", metavar="ENVIRONMENT", type=environment_name, action="append", default=[], help=help
        )
    else:
        parser.add_argument("--environment", "-e", metavar="ENVIRONMENT", type=environment_name, help=help)


_SETTINGS: dict[str, tuple[str, Any]] = {
    "--auth-file": ("authentication-override-file", str),
    "--concurrent-downloads": ("concurrency.downloads", int),
    "--concurrent-solves": ("concurrency.solves", int),
    "--pinning-strategy": ("pinning-strategy", PINNING_STRATEGIES),
    "--pypi-keyring-provider": ("pypi-config.keyring-provider", ("disabled", "subprocess")),
    "--run-post-link-scripts": ("run-post-link-scripts", "insecure"),
    "--no-symbolic-links": ("allow-symbolic-links", False),
    "--no-hard-links": ("allow-hard-links", False),
    "--no-ref-links": ("allow-ref-links", False),
    "--tls-no-verify": ("tls-no-verify", True),
    "--tls-root-certs": ("tls-root-certs", ("webpki", "system", "all")),
    "--use-environment-activation-cache": ("experimental.use-environment-activation-cache", True),
}
"""Flag -> key of the configuration, and what it takes: a type, one of some words, or nothing but its fixed value."""


class _Setting(argparse.Action):
    """Keeps a flag as a line of configuration in `settings`, or as a variable where it says which files count."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option: str | None = None) -> None:
        if isinstance(self.const, str):
            namespace.variables = [*getattr(namespace, "variables", ()), (self.const, values or "true")]
            return
        key, fixed = self.const
        line = f"{key} = {json.dumps(values if fixed is None else fixed)}"
        namespace.settings = [*getattr(namespace, "settings", ()), line]


def config_options(parser: Parser) -> None:
    """Pixi's flags that stand above the configuration files; they are rare, and the help leaves them out."""
    flags: dict[str, dict[str, Any]] = {
        "--config-file": {"const": "PIXI_CONFIG_FILE"},
        "--no-config": {"const": "PIXI_NO_CONFIG", "nargs": 0},
    }
    for flag, (key, takes) in _SETTINGS.items():
        if isinstance(takes, tuple):
            flags[flag] = {"choices": takes, "const": (key, None)}
        elif isinstance(takes, type):
            flags[flag] = {"type": takes, "const": (key, None)}
        else:
            flags[flag] = {"nargs": 0, "const": (key, takes)}
    for flag, more in flags.items():
        if flag not in parser._option_string_actions:
            parser.add_argument(flag, action=_Setting, dest=argparse.SUPPRESS, help=argparse.SUPPRESS, **more)


def json_option(parser: Parser) -> None:
    """Machine-readable output."""
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def plainly(argv: Sequence[str]) -> list[str]:
    """The words as they mean the same without a command of its own: `help COMMAND` is `COMMAND --help`."""
    if list(argv[:1]) != ["help"]:
        return list(argv)
    ours: list[str] = []
    path: list[str] = []
    words = iter(argv[1:])
    for word in words:
        if word in ("--events-fd", "--caller-fd"):
            ours += [word, next(words, "")]
        else:
            path.append(word)
    return [*path, *ours, "--help"]


def parse(parser: Parser, argv: Sequence[str]) -> argparse.Namespace:
    """The namespace of a command line; `run` in it is the handler. Raises UsageError."""
    return parser.parse_args(_with_plain_switches(argv))


def _with_plain_switches(argv: Sequence[str]) -> list[str]:
    """`--offline=false` as `--no-offline`, and `--offline=true` as `--offline`, where they are this program's own.

    Behind `--`, and behind the command of `run` and `exec`, words belong to somebody else.
    """
    words: list[str] = []
    positional = 0
    for index, word in enumerate(argv):
        if word == "--" or (positional > 1 and words[0] in ("run", "exec", "r", "x")):
            return [*words, *argv[index:]]
        if word.startswith("--offline="):
            value = word.partition("=")[2].lower()
            if value not in (*_YES, *_NO):
                raise UsageError(f"invalid value '{value}' for '--offline[=<OFFLINE>]'", help="Use true or false.")
            word = "--offline" if value in _YES else "--no-offline"
        positional += not word.startswith("-")
        words.append(word)
    return words
