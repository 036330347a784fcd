"""Declares `workspace activation` and `workspace preview`, and turns them into edits and listings."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from .parser import Commands, Parser, environment_name, key_value, later, workspace_options

if TYPE_CHECKING:
    from ..manifest.edit import Where


def declare_activation(activation: Commands) -> None:
    """The scripts and variables of `[activation]`."""
    parsers = [activation.add("list", later("activation", "listing"), "list scripts and variables", "ls")]
    parsers[0].set_defaults(only=None)
    script = Commands(_group(activation, "script", "the scripts that are sourced"))
    for action, text in (("add", "as the last"), ("prepend", "as the first"), ("remove", "take scripts away")):
        parser = script.add(action, later("activation", f"script_{action}"), text)
        parser.add_argument("scripts", nargs="+", metavar="SCRIPT", help="its path, from the workspace's folder on")
        parsers.append(parser)
    env = Commands(_group(activation, "env", "the variables that are set"))
    parser = env.add("set", later("activation", "env_set"), "set variables")
    parser.add_argument("variables", nargs="+", metavar="KEY=VALUE", type=key_value, help="a variable and its value")
    parsers.append(parser)
    parser = env.add("remove", later("activation", "env_remove"), "take variables away", "rm")
    parser.add_argument("names", nargs="+", metavar="KEY", help="the variable's name")
    parsers.append(parser)
    for group, only in ((script, "scripts"), (env, "variables")):
        parser = group.add("list", later("activation", "listing"), f"list the {only}", "ls")
        parser.set_defaults(only=only)
        parsers.append(parser)
    for parser in parsers:
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--feature", "-f", metavar="FEATURE", help="of this feature")
        where.add_argument("--environment", "-e", metavar="ENVIRONMENT", type=environment_name, help="of this one")
        parser.add_argument("--target", "-t", metavar="TARGET", help="of this target, such as `linux-64` or `unix`")
        workspace_options(parser)


def _group(commands: Commands, name: str, help: str) -> Parser:
    parser = commands.add(name, None, help)
    workspace_options(parser)
    return parser


def declare_preview(preview: Commands) -> None:
    """The preview features of the workspace."""
    parsers = [preview.add("list", later("activation", "preview_list"), "list those that are on", "ls")]
    for action in ("add", "remove"):
        parser = preview.add(action, later("activation", f"preview_{action}"), f"{action} preview features")
        parser.add_argument(
            "features", nargs="+", metavar="PREVIEW_FEATURE", choices=("pixi-build",), help="`pixi-build`"
        )
        parsers.append(parser)
    for parser in parsers:
        workspace_options(parser)


def _where(arguments: Namespace) -> Where:
    from ..manifest.edit import Where

    feature = arguments.feature if arguments.feature != "default" else None
    return Where(feature, arguments.environment, arguments.target)


def script_add(arguments: Namespace) -> int:
    """`workspace activation script add`."""
    from ..operations.editing.activation_edit import add_scripts
    from .workspace import edited

    return edited(arguments, add_scripts(arguments.scripts, _where(arguments)), lock=False)


def script_prepend(arguments: Namespace) -> int:
    """`workspace activation script prepend`."""
    from ..operations.editing.activation_edit import add_scripts
    from .workspace import edited

    return edited(arguments, add_scripts(arguments.scripts, _where(arguments), prepend=True), lock=False)


def script_remove(arguments: Namespace) -> int:
    """`workspace activation script remove`."""
    from ..operations.editing.activation_edit import remove_scripts
    from .workspace import edited

    return edited(arguments, remove_scripts(arguments.scripts, _where(arguments)), lock=False)


def env_set(arguments: Namespace) -> int:
    """`workspace activation env set`."""
    from ..operations.editing.activation_edit import set_variables
    from .workspace import edited

    return edited(arguments, set_variables(dict(arguments.variables), _where(arguments)), lock=False)


def env_remove(arguments: Namespace) -> int:
    """`workspace activation env remove`."""
    from ..operations.editing.activation_edit import remove_variables
    from .workspace import edited

    return edited(arguments, remove_variables(arguments.names, _where(arguments)), lock=False)


def listing(arguments: Namespace) -> int:
    """`workspace activation list`, `script list`, `env list`."""
    from ..operations.editing.activation_edit import lines
    from .workspace import listed, opened

    only = arguments.only
    found = lines(opened(arguments), _where(arguments), scripts=only != "variables", variables=only != "scripts")
    return listed(arguments, list(found), [])


def preview_list(arguments: Namespace) -> int:
    """`workspace preview list`."""
    from ..operations.editing.workspace_edit import preview_names
    from .workspace import listed, opened

    return listed(arguments, list(preview_names(opened(arguments).manifest)), [])


def preview_add(arguments: Namespace) -> int:
    """`workspace preview add`."""
    from ..operations.editing.workspace_edit import change_preview
    from .workspace import edited

    return edited(arguments, change_preview(arguments.features, on=True), lock=False)


def preview_remove(arguments: Namespace) -> int:
    """`workspace preview remove`."""
    from ..operations.editing.workspace_edit import change_preview
    from .workspace import edited

    return edited(arguments, change_preview(arguments.features, on=False), lock=False)
