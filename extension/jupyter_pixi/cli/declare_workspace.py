"""Declares `workspace …`, `import`, `list`, `tree`, `info`, `search`, `export`, `switch` and `completion`."""

from __future__ import annotations

import argparse

from .activation import declare_activation, declare_preview
from .parser import (
    AS_INSTALLED,
    Commands,
    Parser,
    environment_name,
    environment_option,
    json_option,
    later,
    loaded_options,
    lock_options,
    script_option,
    workspace_options,
)

SHELLS = ("bash", "elvish", "fish", "nushell", "powershell", "zsh")


def declare_look(commands: Commands) -> None:
    """The sub-commands that only look."""
    listing = commands.add("list", later("look", "list_packages"), "list the packages of an environment", "ls")
    listing.add_argument("regex", nargs="?", metavar="REGEX", help="only packages whose name matches")
    listing.add_argument("--explicit", "-x", action="store_true", help="only what the manifest asks for")
    listing.add_argument("--local", action="store_true", help="only packages of this machine's folders")
    listing.add_argument("--platform", metavar="PLATFORM", help="the platform (default: this machine's)")
    listing.add_argument("--sort-by", choices=("size", "name", "kind"), default="name", help="the order of the rows")
    listing.add_argument("--fields", metavar="FIELDS", action="append", help="the columns, separated by commas")
    tree = commands.add("tree", later("look", "tree"), "show what needs what, or with -i who needs it", "t")
    tree.add_argument("regex", nargs="?", metavar="REGEX", help="only packages whose name matches")
    tree.add_argument("--invert", "-i", action="store_true", help="show what needs the packages that match")
    tree.add_argument("--platform", "-p", metavar="PLATFORM", help="the platform (default: this machine's)")
    for parser in (listing, tree):
        environment_option(parser)
        lock_options(parser, no_install=None)
        workspace_options(parser)
        script_option(parser)
    json_option(listing)
    info = commands.add("info", later("look", "info"), "show this machine and workspace")
    info.add_argument("--extended", "-e", action="store_true", help="with sizes on disk")
    status = commands.add("status", later("look", "status"), "show the state of every environment, offline")
    environment_option(status, default="all")
    for parser in (info, status):
        workspace_options(parser)
        json_option(parser)
    search = commands.add("search", later("search", "search"), "find packages in the workspace's channels")
    search.add_argument("package", metavar="PACKAGE", help="a match spec or a pattern, such as `numpy>=2` or `*torch*`")
    search.add_argument(
        "--import", dest="module", action="store_true", help="PACKAGE is a module: tell what provides it"
    )
    search.add_argument("--shared", action="store_true", help="with --import: its first part is a shared namespace")
    search.add_argument("--channel", "-c", metavar="CHANNEL", action="append", default=[], help="look there instead")
    search.add_argument("--platform", "-p", metavar="PLATFORM", action="append", default=[], help="only for this one")
    search.add_argument("--limit", "-l", type=int, metavar="N", help="versions to show (default: 5; -1: all)")
    search.add_argument("--limit-packages", "-n", type=int, metavar="N", help="packages to show (default: 5; -1: all)")
    workspace_options(search)
    json_option(search)


def declare(commands: Commands) -> None:
    """The sub-commands that change or convert the workspace itself."""
    imported = commands.add("import", later("workspace", "import_file"), "take a file over into an environment")
    imported.add_argument("file", metavar="FILE", help="an environment.yml or a requirements.txt")
    imported.add_argument("--format", metavar="FORMAT", help="conda-env or pypi-txt (default: whichever fits)")
    imported.add_argument("--environment", "-e", metavar="ENVIRONMENT", help="the environment to make or extend")
    imported.add_argument(
        "--feature", "-f", metavar="FEATURE", help="put it into this feature, not into the environment"
    )
    imported.add_argument("--platform", "-p", metavar="PLATFORM", action="append", default=[], help="only for this one")
    lock_options(imported)
    workspace_options(imported)
    parser = commands.add("workspace", None, "change the workspace, and convert it", "project")
    workspace_options(parser)
    workspace = Commands(parser)
    _channel(_group(workspace, "channel", "the channels of the workspace"))
    _platform(_group(workspace, "platform", "the platforms of the workspace"))
    _environment(_group(workspace, "environment", "the environments of the workspace"))
    _feature(_group(workspace, "feature", "the features of the workspace"))
    declare_activation(_group(workspace, "activation", "the scripts and variables of an activation"))
    declare_preview(_group(workspace, "preview", "the preview features of the workspace"))
    _meta(workspace)
    _register(workspace)
    _exports(_group(workspace, "export", "write the workspace in another form"))


def declare_init(commands: Commands) -> None:
    """`init`."""
    init = commands.add("init", later("setup", "init"), "make a workspace in a folder, or a block in a script")
    init.add_argument("path", nargs="?", metavar="PATH", help="the folder (default: this one)")
    what = init.add_mutually_exclusive_group()
    what.add_argument("--format", choices=("pixi", "pyproject", "mojoproject"), help="which manifest to write")
    what.add_argument(
        "--import", "-i", dest="source", metavar="FILE", help="take over an environment.yml or a requirements.txt"
    )
    what.add_argument("--template", metavar="NAME|PATH", help="`notebook`, `r-notebook`, or another manifest")
    init.add_argument("--channel", "-c", metavar="CHANNEL", action="append", default=[], help="a channel (repeatable)")
    init.add_argument(
        "--platform", "-p", metavar="PLATFORM", action="append", default=[], help="a platform (repeatable)"
    )
    init.add_argument("--scm", "-s", choices=("github", "gitlab", "codeberg"), help="where the repository is kept")
    init.add_argument("--conda-pypi-map", metavar="CHANNEL=LOCATION", action="append", default=[], help="name mappings")
    script_option(init)


def declare_switch(commands: Commands) -> None:
    """`switch ENVIRONMENT`."""
    switch = commands.add("switch", later("switching", "switch"), "restart this notebook on another environment")
    switch.add_argument("environment", metavar="ENVIRONMENT", type=environment_name, help="an environment's name")
    lock_options(switch, AS_INSTALLED)
    workspace_options(switch)


def declare_completion(commands: Commands) -> None:
    """`completion`, and the hidden `complete` that the scripts and the notebook ask."""
    completion = commands.add("completion", later("completing", "completion"), "print a shell's completion script")
    completion.add_argument("--shell", "-s", required=True, choices=SHELLS, help="the shell")
    complete = commands.add("complete", later("completing", "complete"), None)
    workspace_options(complete)
    complete.add_argument("words", nargs=argparse.REMAINDER, metavar="WORD")


def declare_config(commands: Commands) -> None:
    """`config`."""
    config = Commands(commands.add("config", None, "look at and change Pixi's configuration"))
    listing = config.add("list", later("config", "listing"), "what is set, all files together", "ls")
    listing.add_argument("key", nargs="?", metavar="KEY", help="only this one")
    json_option(listing)
    edit = config.add("edit", later("config", "editing"), "open the file in an editor")
    edit.add_argument("editor", nargs="?", metavar="EDITOR", help="the editor (default: EDITOR, else nano or notepad)")
    texts = {
        "set": "give a key a value",
        "unset": "take a key away",
        "append": "put a value at the end of a list",
        "prepend": "put a value first into a list",
    }
    for action, text in texts.items():
        parser = config.add(action, later("config", "change"), text)
        parser.set_defaults(action=action)
        parser.add_argument("key", metavar="KEY", help="such as `pinning-strategy` or `shell.change-ps1`")
        if action != "unset":
            parser.add_argument("value", nargs="?" if action == "set" else None, metavar="VALUE", help="its value")
        _config_place(parser)
    for parser in (listing, edit):
        _config_place(parser)


def _config_place(parser: Parser) -> None:
    workspace_options(parser)
    where = parser.add_mutually_exclusive_group()
    for place, text in (
        ("local", "the workspace's .pixi/config.toml"),
        ("global", "the user's file"),
        ("system", "the machine's file"),
    ):
        where.add_argument(f"--{place}", f"-{place[0]}", dest="place", action="store_const", const=place, help=text)
    parser.set_defaults(place=None)


def _group(commands: Commands, name: str, help: str) -> Commands:
    parser = commands.add(name, None, help)
    workspace_options(parser)
    if name in ("channel", "platform"):
        script_option(parser)
    return Commands(parser)


def _places(parser: Parser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--feature", "-f", metavar="FEATURE", help="the feature to change")
    where.add_argument(
        "--environment", "-e", metavar="ENVIRONMENT", type=environment_name, help="the environment to change"
    )


def _channel(channel: Commands) -> None:
    listing = channel.add("list", later("workspace", "channel_list"), "list them by environment", "ls")
    listing.add_argument("--urls", action="store_true", help="as URLs")
    add = channel.add("add", later("workspace", "channel_add"), "add channels, and lock", "a")
    add.add_argument("--prepend", action="store_true", help="before the others")
    remove = channel.add("remove", later("workspace", "channel_remove"), "take channels away, and lock", "rm")
    for parser in (add, remove):
        parser.add_argument("channels", nargs="+", metavar="CHANNEL", help="a name, a URL or a folder")
        parser.add_argument("--priority", type=int, metavar="N", help="its priority (default: by order)")
        _places(parser)
        lock_options(parser)
        loaded_options(parser)
    for parser in (listing, add, remove):
        workspace_options(parser)
        script_option(parser)


def _platform(platform: Commands) -> None:
    listing = platform.add("list", later("workspace", "platform_list"), "list them, and what this machine is", "ls")
    listing.add_argument("--machine-readable", action="store_true", help=argparse.SUPPRESS)
    json_option(listing)
    add = platform.add("add", later("workspace", "platform_add"), "add platforms, and lock", "a")
    add.add_argument("platforms", nargs="*", metavar="PLATFORM", help="SUBDIR, NAME=SUBDIR or __NAME[=VERSION[=BUILD]]")
    add.add_argument(
        "--auto-detect", "--auto-detected", "--current", action="store_true", help="what this machine is, as the first"
    )
    edit = platform.add("edit", later("workspace", "platform_edit"), "change what a platform declares", "e")
    edit.add_argument("name", metavar="PLATFORM", help="the platform")
    edit.add_argument("packages", nargs="*", metavar="__NAME[=VERSION[=BUILD]]", help="virtual packages to declare")
    edit.add_argument("--subdir", metavar="SUBDIR", help="another conda subdir")
    edit.add_argument(
        "--remove-virtual-package",
        metavar="NAME",
        action="append",
        default=[],
        help="declare it no longer (repeatable)",
    )
    edit.add_argument("--clear-virtual-packages", action="store_true", help="declare none of the present ones")
    move = platform.add("move", later("workspace", "platform_move"), "change the order, which is the preference", "mv")
    move.add_argument("name", metavar="PLATFORM", help="the platform")
    anchor = move.add_mutually_exclusive_group(required=True)
    anchor.add_argument("--before", metavar="PLATFORM", help="directly before this one")
    anchor.add_argument("--after", metavar="PLATFORM", help="directly behind this one")
    anchor.add_argument("--to-top", action="store_true", help="to the top: taken first")
    anchor.add_argument("--to-bottom", action="store_true", help="to the bottom: taken last")
    remove = platform.add("remove", later("workspace", "platform_remove"), "take platforms away, and lock", "rm")
    remove.add_argument("platforms", nargs="+", metavar="PLATFORM", help="the platform's name")
    for parser in (add, remove):
        _places(parser)
    for parser in (add, edit):
        _virtual_packages(parser)
    for parser in (add, edit, move, remove):
        lock_options(parser)
        loaded_options(parser)
    for parser in (listing, add, edit, move, remove):
        workspace_options(parser)
        script_option(parser)


def _virtual_packages(parser: Parser) -> None:
    group = parser.add_argument_group("virtual packages that the platform declares")
    for flag, value, text in (
        ("--cuda", "VERSION", "the CUDA version that the driver supports"),
        ("--cuda-arch", "VERSION", "the GPU's compute capability, besides --cuda"),
        ("--archspec", "ARCH", "the CPU's microarchitecture, such as x86_64_v3"),
        ("--glibc", "VERSION", "of a linux subdir"),
        ("--linux", "VERSION", "the kernel of a linux subdir"),
        ("--macos", "VERSION", "of an osx subdir"),
        ("--windows", "VERSION", "of a win subdir"),
    ):
        names = [flag, "--osx"] if flag == "--macos" else [flag]
        group.add_argument(*names, dest=f"vp_{flag[2:].replace('-', '_')}", metavar=value, help=text)


def _environment(environment: Commands) -> None:
    listing = environment.add("list", later("workspace", "environment_list"), "list them with their features", "ls")
    listing.add_argument("--machine-readable", action="store_true", help=argparse.SUPPRESS)
    add = environment.add("add", later("workspace", "environment_add"), "add an environment", "a")
    add.add_argument("name", metavar="NEW_NAME", type=environment_name, help="its name")
    add.add_argument("--feature", "-f", metavar="FEATURE", action="append", default=[], help="it has (repeatable)")
    add.add_argument("--solve-group", metavar="GROUP", help="solve it together with the others of this group")
    add.add_argument("--no-default-feature", action="store_true", help="without what every environment has")
    add.add_argument("--force", action="store_true", help="in place of one of that name")
    remove = environment.add("remove", later("workspace", "environment_remove"), "take an environment away", "rm")
    remove.add_argument("name", metavar="ENVIRONMENT", help="its name")
    for parser in (listing, add, remove):
        workspace_options(parser)


def _feature(feature: Commands) -> None:
    listing = feature.add("list", later("workspace", "feature_list"), "list them with what they hold", "ls")
    listing.add_argument("--machine-readable", action="store_true", help=argparse.SUPPRESS)
    remove = feature.add("remove", later("workspace", "feature_remove"), "take a feature away", "rm")
    remove.add_argument("feature", metavar="FEATURE", help="its name")
    remove.add_argument("--yes", "-y", action="store_true", help="also when environments use it, without asking")
    for parser in (listing, remove):
        workspace_options(parser)


def _meta(workspace: Commands) -> None:
    for field, text in (
        ("name", "the workspace's name"),
        ("description", "the workspace's description"),
        ("version", "the workspace's version"),
        ("requires-pixi", "which Pixi the workspace needs"),
    ):
        group = _group(workspace, field, text)
        parsers = [group.add("get", later("workspace", "meta_get"), "print it")]
        parsers.append(group.add("set", later("workspace", "meta_set"), "set it"))
        parsers[-1].add_argument("value", metavar=field.upper(), help="the new value")
        parsers[-1].set_defaults(bump=None)
        if field == "version":
            for part in ("major", "minor", "patch"):
                parsers.append(group.add(part, later("workspace", "meta_set"), f"raise its {part} part"))
                parsers[-1].set_defaults(bump=part)
        if field == "requires-pixi":
            parsers.append(group.add("unset", later("workspace", "meta_set"), "take it away"))
            parsers[-1].set_defaults(value=None, bump=None)
            parsers.append(group.add("verify", later("workspace", "requires_verify"), "fail if it is not fulfilled"))
        for parser in parsers:
            parser.set_defaults(field=field)
            workspace_options(parser)


def _register(workspace: Commands) -> None:
    register = workspace.add("register", None, "name workspaces, for --workspace")
    register.add_argument("--name", "-n", metavar="NAME", help="the name (default: the workspace's own)")
    register.add_argument("--path", "-p", metavar="PATH", help="what to register (default: this workspace)")
    register.add_argument("--force", "-f", action="store_true", help="give the name to this one")
    workspace_options(register)
    group = Commands(register, required=False, default=later("workspace", "register"))
    listing = group.add("list", later("workspace", "register_list"), "list the registered workspaces", "ls")
    json_option(listing)
    remove = group.add("remove", later("workspace", "register_remove"), "forget a name", "rm")
    remove.add_argument("name", metavar="NAME", help="the name")
    group.add("prune", later("workspace", "register_prune"), "forget workspaces that are gone", "pr")


def _exports(export: Commands) -> None:
    conda_environment(export)
    explicit = export.add("conda-explicit-spec", later("exporting", "explicit_spec"), "as conda explicit specs")
    explicit.add_argument("directory", metavar="DIR", help="the folder to write into")
    explicit.add_argument("--platform", "-p", metavar="PLATFORM", action="append", default=[], help="only these")
    explicit.add_argument("--ignore-pypi-errors", action="store_true", help="leave PyPI packages out")
    explicit.add_argument("--ignore-source-errors", action="store_true", help="leave source packages out")
    environment_option(explicit, several=True, default="all")
    lock_options(explicit, no_install=None)
    workspace_options(explicit)
    script_option(explicit)


def conda_environment(export: Commands) -> None:
    """`conda-environment`, in `workspace export` and in `export`."""
    yml = export.add("conda-environment", later("exporting", "conda_environment"), "as an environment.yml")
    yml.add_argument("path", nargs="?", metavar="PATH", help="the file (default: stdout)")
    yml.add_argument("--name", "-n", metavar="NAME", help="the name in it")
    yml.add_argument("--platform", "-p", metavar="PLATFORM", help="for this platform")
    yml.add_argument("--from-lock-file", action="store_true", help="with the locked versions")
    yml.add_argument("--no-pypi", action="store_true", help="without PyPI packages")
    environment_option(yml)
    workspace_options(yml)
    script_option(yml)
