"""Turns the list of sub-commands into one parser; each handler's module is imported when its command runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from .. import PIXI_VERSION, __version__
from ..config import PINNING_STRATEGIES
from . import declare_deploy, declare_history, declare_run, declare_workspace, help_text
from .parser import (
    Commands,
    Parser,
    common_options,
    config_options,
    environment_name,
    environment_option,
    json_option,
    later,
    loaded_options,
    lock_options,
    place_options,
    script_option,
    workspace_options,
)

_DESCRIPTION = """Pixi workspaces in Jupyter: declare, lock and change a notebook's environment.

examples:
  jupyter pixi init                 make a workspace in this folder
  jupyter pixi add polars           add a package, lock it for every platform, install it
  jupyter pixi kernels install      publish one kernel per environment
  %pixi add polars                  the same in a notebook cell"""


def build(arguments: Sequence[str] = ()) -> Parser:
    """The command line. With `arguments`, only as much of it as these need: a parser for every command takes longer
    than many a command.
    """
    prog = help_text.NOTEBOOK if "--events-fd" in arguments else help_text.TERMINAL
    parser = Parser(prog=prog, description=_DESCRIPTION)
    version = f"jupyter-pixi {__version__} (Pixi {PIXI_VERSION})"
    parser.add_argument("--version", "-V", action="version", version=version)
    common_options(parser)
    commands = Commands(parser)
    groups = _groups()
    known = groups.get(arguments[0]) if arguments else None
    for declare in [known] if known is not None else dict.fromkeys(groups.values()):
        declare(commands)
    return parser


def _groups() -> dict[str, Callable[[Commands], None]]:
    """What declares each command, by the command's name, for those that are asked for often."""
    return {
        **dict.fromkeys(("init", "add", "a", "remove", "rm", "upgrade", "update"), _change),
        **dict.fromkeys(("lock", "install", "i"), _lock),
        **dict.fromkeys(("list", "ls", "tree", "t", "info", "status", "search"), declare_workspace.declare_look),
        **dict.fromkeys(("workspace", "import"), declare_workspace.declare),
        **dict.fromkeys(("switch",), declare_workspace.declare_switch),
        **dict.fromkeys(("config",), declare_workspace.declare_config),
        **dict.fromkeys(("completion", "complete"), declare_workspace.declare_completion),
        **dict.fromkeys(("kernels", "trust", "demo"), _jupyter),
        **dict.fromkeys(("export", "launch"), declare_deploy.declare),
        **dict.fromkeys(("run",), declare_run.declare),
        **dict.fromkeys(("undo", "redo", "history"), declare_history.declare),
    }


def _change(commands: Commands) -> None:
    declare_workspace.declare_init(commands)
    add = commands.add("add", later("change", "add"), "add packages to the manifest, lock and install them", "a")
    add.add_argument("specs", nargs="+", metavar="SPEC", help="such as `polars`, `numpy>=2`, or PEP 508 with --pypi")
    add.add_argument("--pypi", action="store_true", help="from PyPI")
    add.add_argument("--editable", action="store_true", help="install a local PyPI package as editable")
    add.add_argument("--index", metavar="URL", help="the PyPI index to take it from")
    add.add_argument("--path", metavar="PATH", help="a local folder to take it from")
    add.add_argument("--git", "-g", metavar="URL", help="a git repository to take it from")
    ref = add.add_mutually_exclusive_group()
    ref.add_argument("--branch", metavar="BRANCH", help="of the git repository")
    ref.add_argument("--tag", metavar="TAG", help="of the git repository")
    ref.add_argument("--rev", metavar="REV", help="of the git repository")
    add.add_argument("--subdirectory", "-s", "--subdir", metavar="PATH", help="in the git repository")
    add.add_argument("--adopt", action="store_true", help="take over PyPI packages that were installed by hand")
    add.add_argument(
        "--pinning-strategy", choices=PINNING_STRATEGIES, help="how the version is bounded in the manifest"
    )
    _dependency_tables(add)
    remove = commands.add("remove", later("change", "remove"), "take packages out of the manifest", "rm")
    remove.add_argument("specs", nargs="+", metavar="NAME", help="the package's name")
    remove.add_argument("--pypi", action="store_true", help="a PyPI dependency")
    _dependency_tables(remove)
    for parser in (add, remove):
        script_option(parser)
        place_options(parser)
        lock_options(parser)
        workspace_options(parser)
        json_option(parser)
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
        loaded_options(parser)

    upgrade = commands.add("upgrade", later("change", "upgrade"), "move specs of the manifest to newer versions")
    upgrade.add_argument("specs", nargs="*", metavar="NAME", help="the packages (default: all)")
    upgrade.add_argument("--feature", "-f", metavar="FEATURE", help="only this feature")
    upgrade.add_argument("--environment", "-e", type=environment_name, help="only this environment's own content")
    upgrade.add_argument("--exclude", metavar="NAME", action="append", default=[], help="all but this (repeatable)")
    loaded_options(upgrade)
    update = commands.add("update", later("change", "update"), "move locked versions within the manifest's specs")
    update.add_argument("specs", nargs="*", metavar="NAME", help="the packages (default: all)")
    environment_option(update, several=True, default="all")
    script_option(update)
    update.add_argument("--platform", "-p", metavar="PLATFORM", action="append", default=[], help="only there")
    for parser in (upgrade, update):
        parser.add_argument("--dry-run", "-n", action="store_true", help="say what would change, and change nothing")
        lock_options(parser)
        workspace_options(parser)
        json_option(parser)


def _dependency_tables(parser: Parser) -> None:
    tables = parser.add_mutually_exclusive_group()
    tables.add_argument("--host", dest="table", action="store_const", const="host-dependencies", help=argparse.SUPPRESS)
    tables.add_argument(
        "--build", dest="table", action="store_const", const="build-dependencies", help=argparse.SUPPRESS
    )
    parser.set_defaults(table="dependencies")


def _lock(commands: Commands) -> None:
    lock = commands.add("lock", later("change", "lock"), "bring pixi.lock up to date")
    lock.add_argument("--check", action="store_true", help="exit with 1 if it is not up to date; writes nothing")
    lock.add_argument("--dry-run", "-n", action="store_true", help="work it out, and write nothing")
    lock.add_argument("--no-install", action="store_true", help=argparse.SUPPRESS)
    config_options(lock)
    script_option(lock)
    install = commands.add("install", later("change", "install"), "install environments from the lock", "i")
    environment_option(install, several=True)
    install.add_argument("--all", "-a", action="store_true", help="every environment")
    install.add_argument("--platform", "-p", metavar="PLATFORM", help="for this platform, even if it cannot run here")
    loaded_options(install)
    install.add_argument("--repair", action="store_true", help="check every package, and link again what is damaged")
    for name, text in (("skip", "without this package"), ("skip-with-deps", "without it and what only it needs")):
        install.add_argument(f"--{name}", metavar="NAME", action="append", default=[], help=text)
    install.add_argument("--only", metavar="NAME", action="append", default=[], help="only it and what it needs")
    reinstall = commands.add("reinstall", later("change", "reinstall"), "link packages again")
    reinstall.add_argument("specs", nargs="*", metavar="NAME", help="the packages (default: all)")
    environment_option(reinstall, several=True)
    reinstall.add_argument("--all", "-a", action="store_true", help="every environment")
    for parser in (install, reinstall):
        lock_options(parser, no_install=None)
    for parser in (lock, install, reinstall):
        workspace_options(parser)
        json_option(parser)


def _jupyter(commands: Commands) -> None:
    kernels = Commands(commands.add("kernels", None, "the Jupyter kernels of the workspace's environments"))
    listing = kernels.add("list", later("jupyter", "kernels_list"), "list them, with their state", "ls")
    install = kernels.add("install", later("jupyter", "kernels_install"), "write kernelspecs for other front ends")
    remove = kernels.add("remove", later("jupyter", "kernels_remove"), "take the written kernelspecs back")
    for parser in (install, remove):
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--user", action="store_true", help="for this user (the default)")
        where.add_argument("--sys-prefix", action="store_true", help="in the environment of this interpreter")
        where.add_argument("--prefix", metavar="DIR", help="below DIR/share/jupyter/kernels")
        environment_option(parser, several=True, default="all that have a kernel")
    prepare = kernels.add("prepare", later("jupyter", "kernels_prepare"), None)
    environment_option(prepare)
    lock_options(prepare)
    trust = commands.add("trust", later("jupyter", "trust"), "trust what this workspace runs when a kernel starts")
    trust.add_argument("--forget", action="store_true", help="trust it no longer")
    trust.add_argument("--show", action="store_true", help="only show what would run")
    for parser in (listing, install, remove, prepare, trust):
        workspace_options(parser)
    for parser in (listing, install, trust):
        json_option(parser)
    demo = commands.add("demo", later("jupyter", "demo"), "open the sample workspace in JupyterLab")
    demo.add_argument("directory", nargs="?", metavar="DIR", help="where to put it (default: jupyter-pixi-demo)")
    demo.add_argument("--check", action="store_true", help="execute the sample notebook instead of opening it")
    demo.add_argument("--no-browser", action="store_true", help="print the address only")
    demo.add_argument("--port", type=int, metavar="PORT", help="the server's port")
    demo.add_argument("--channel", choices=("conda-forge", "embedded"), help="where packages come from")
