"""Turns a `%pixi` line in a running kernel into an engine process, and its events into what the cell shows.

This one file is loaded by path into the *user's* kernel, whose environment need not know this package. So it
uses the standard library and the IPython that is there, nothing else; it keeps to what Python 3.8 understands;
and it leaves neither a name in the user's namespace nor an entry on `sys.path`. Its parts, in order: where
the kernel stands (`Context`), the command line, what the kernel has loaded (`caller_document`), the state of an
operation (`Operation`) and its three renderings, the engine as a child process (`Child`), what a change means
for this interpreter (`Refresher`), starting over (`Restarter`), and the magic (`Bridge`).

How the launcher hands over
    `JUPYTER_PIXI_BRIDGE` in the kernel's environment is a JSON object, or the number of an inherited descriptor
    from which the object is read (the better way: no child of the kernel inherits the host's variables, and no
    limit on a variable's length applies). The bridge takes the variable away. Keys, all but the first optional:
    `python` (host interpreter), `environ` (the host's variables before activation), `manifest`, `environment`,
    `prefix`, `connection_file`, `launcher` (argv that starts this kernel again), `server` (true: a front end
    restarts kernels when an operation asks for it), `rescue` (true in the rescue kernel), `warning` (text that
    the first cell shows, once).

What a cell shows: `application/vnd.jupyter-pixi.operation+json`, version 1
    version      1
    operation    id of the operation for REST and events, or null (it did not say)
    command      list of words as the user gave them: ["add", "polars"]
    manifest, environment, kernel    strings or null
    state        "running", "done", "failed" or "interrupted"
    started, ended    seconds since the epoch; `ended` is null while it runs
    phases       list of {phase, title, done, total, item, bytes_done, bytes_total, finished}, in order of
                 appearance; `total` and what follows it may be null
    current      index into `phases` of the one last heard of, or null
    notes        list of strings
    warnings     list of {text, code}
    result       null, or {kind, message (one line), environment, changes: [{name, before, after, type, explicit}],
                 written: [{file, line, text}], others: [as changes, with environment and platform], restart:
                 [names], install: {prefix, linked, unlinked} or null, dry_run, left_out: number of changes beyond
                 those listed}. `before` and `after` are versions or null; `kind` is "change", or "install", "lock",
                 "reinstall", "update", "upgrade", of which only `kind`, `message` and `changes` are certain
    error        null, or {code, text, help, file, line, column}
    effects      null, or what the change did to this kernel: {paths: [new sys.path entries], variables: [names
                 of changed variables], kept: [names the user has set, left alone], gone: [{name, modules}]
                 loaded but no longer on disk, restart: true if the kernel was asked to start again}; the sentences
                 about it are among `notes` and `warnings`
    All strings are data, to be shown as text and never as HTML. `text/html` and `text/plain` say the same.
"""

from __future__ import annotations

if __name__ == "__main__":
    # exec_files runs this text in the user's namespace: load it as a module of its own, and put back what the
    # execution itself has touched (IPython's docstring of __main__ reads like this in every version).
    __doc__ = "Automatically created module for IPython interactive environment"
    del annotations

    def _jupyter_pixi_load(path: str) -> None:
        import importlib.util
        import sys

        spec = importlib.util.spec_from_file_location("_jupyter_pixi_bridge", path)
        assert spec is not None and spec.loader is not None
        sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.start()

    try:
        _jupyter_pixi_load(__file__)
    finally:
        del _jupyter_pixi_load
    raise SystemExit(0)  # not an error: IPython ends the execution of the file without a word

import codecs
import html
import importlib
import json
import os
import re
import selectors
import shlex
import shutil
import signal
import site
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import IO, Any, Callable, Iterable, Iterator, Mapping, Optional, Sequence

MIME = "application/vnd.jupyter-pixi.operation+json"
HANDOVER = "JUPYTER_PIXI_BRIDGE"
UPDATES_PER_SECOND = 6
OUTPUT_HEAD = 1_000_000  # characters of a stream that go straight to the cell
OUTPUT_TAIL = 60_000  # and those kept of what follows, shown at its end
MAX_ROWS = 200
AFTER_END = 0.5  # seconds for the output of a command that has ended
GRACE = (30.0, 10.0)  # seconds after an interrupt until SIGTERM, and from there until SIGKILL

HELP = """\
%pixi changes and shows the environment of this notebook: manifest, lock file and installed packages.

  %pixi add polars "numpy>=2"      add packages from conda channels; import them on the next line
  %pixi add --pypi requests        add a package from PyPI
  %pixi remove polars              take it out again
  %pixi list                       what is installed          (also: tree, info, search)
  %pixi status                     this kernel's environment and its state
  %pixi undo                       take the last change back
  %pixi run test                   run a task or a command in the environment
  %%pixi run -e cuda               run the text of the cell in another environment
  %pixi switch cuda                restart this notebook on another environment

The commands and flags are those of the pixi command line: %pixi COMMAND --help tells more."""


# --- errors the user sees -------------------------------------------------------------------------------------


class PixiError(Exception):
    """A command failed. IPython shows `_render_traceback_` instead of a traceback; queues and runs stop."""

    def __init__(self, text: str, help: Optional[str] = None, place: Optional[str] = None, status: int = 1) -> None:
        super().__init__(text)
        self.text, self.help, self.place, self.status = text, help, place, status

    def _render_traceback_(self) -> list[str]:
        lines = [_painted("31", "error:") + " " + self.text]
        if self.place:
            lines.append("  at " + self.place)
        if self.help:
            lines.append(_painted("32", "help:") + " " + self.help)
        return "\n".join(lines).split("\n")


def _painted(code: str, text: str) -> str:
    return text if os.environ.get("NO_COLOR") else f"\x1b[{code}m{text}\x1b[0m"


class PixiInterrupted(KeyboardInterrupt):
    """The user stopped a command; one sentence instead of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class KernelRestarts(Exception):
    """This kernel starts again: what follows in the queue would run without the variables it expects."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


# --- where this kernel stands ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Context:
    """Which engine to run, with which variables, for which workspace and environment."""

    python: str
    environ: Mapping[str, str]
    manifest: Optional[str] = None
    environment: Optional[str] = None
    prefix: Optional[str] = None
    connection_file: Optional[str] = None
    launcher: Sequence[str] = ()
    server: bool = False
    rescue: bool = False
    warning: Optional[str] = None

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Context:
        """The context of a hand-over (see above); a newer launcher's further keys are passed over.

        Raises KeyError where `python` is missing.
        """
        known = {name: document[name] for name in cls.__dataclass_fields__ if document.get(name) is not None}
        known.setdefault("environ", dict(os.environ))
        known["python"] = document["python"]
        return cls(**known)

    @classmethod
    def handed_over(cls, environ: Any = os.environ) -> Optional[Context]:
        """What the launcher gave, taken out of `environ`; None if this kernel was not started by it."""
        value = environ.pop(HANDOVER, None)
        if not value:
            return None
        if value.isdigit():
            with os.fdopen(int(value), encoding="utf-8") as stream:
                value = stream.read()
        return cls.from_document(json.loads(value))

    @classmethod
    def of_this_process(cls) -> Context:
        """For `%load_ext jupyter_pixi`: this interpreter has the engine.

        The prefix that holds the interpreter says which workspace it belongs to; an activated environment says it
        too (`PIXI_*`). Otherwise the engine looks for one from the working directory upwards, each time.
        """
        environ = {name: value for name, value in os.environ.items() if name != HANDOVER}
        manifest, environment = _workspace_of(sys.prefix)
        prefix = sys.prefix if manifest else None  # type: Optional[str]
        if manifest is None and environ.get("PIXI_IN_SHELL"):
            manifest, environment = environ.get("PIXI_PROJECT_MANIFEST"), environ.get("PIXI_ENVIRONMENT_NAME")
            prefix = environ.get("CONDA_PREFIX")
        return cls(
            python=sys.executable,
            environ=environ,
            manifest=manifest,
            environment=environment,
            prefix=prefix,
            connection_file=_connection_file(),
            server=bool(environ.get("JPY_SESSION_NAME")),
        )

    @property
    def owns_interpreter(self) -> bool:
        """Whether this interpreter is the one of the environment's prefix (the rescue kernel's is not)."""
        return bool(self.prefix) and same_file(str(self.prefix), sys.prefix)


def same_file(one: str, other: str) -> bool:
    """Whether two paths name the same existing file or folder."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.abspath(one) == os.path.abspath(other)


def _workspace_of(prefix: str) -> tuple[Optional[str], Optional[str]]:
    """The manifest and the environment's name for which Pixi made a prefix, from its `conda-meta/pixi`."""
    try:
        marker = json.loads(_text(os.path.join(prefix, "conda-meta"), "pixi"))
        if os.path.isfile(marker["manifest_path"]):
            return str(marker["manifest_path"]), str(marker["environment_name"])
    except (ValueError, KeyError, TypeError):
        pass
    return None, None


def _connection_file() -> Optional[str]:
    app_class = getattr(sys.modules.get("ipykernel.kernelapp"), "IPKernelApp", None)
    if app_class is None or not app_class.initialized():
        return None
    path = app_class.instance().abs_connection_file
    return str(path) if path else None


# --- the command line -----------------------------------------------------------------------------------------

OFFER_SECONDS = 3.0
"""How long a completion waits for the engine."""

COMMANDS = {
    name: tuple(flags.split())
    for name, flags in {
        "add": "--pypi --feature --environment --platform --editable --index --git --branch --tag --rev "
        "--subdirectory --pinning-strategy --no-install --dry-run --restart --force-loaded --manifest-path --json",
        "completion": "--shell",
        "clean": "--environment --activation-cache --manifest-path",
        "diff": "--environment --platform --json --manifest-path",
        "exec": "--spec --with --pypi --channel --platform --force-reinstall --list",
        "export": "binder dockerfile sagemaker",
        "history": "--json --manifest-path",
        "import": "--format --platform --environment --feature --manifest-path",
        "info": "--extended --json --manifest-path",
        "init": "--channel --platform --import --format --scm --conda-pypi-map --script",
        "install": "--environment --all --locked --frozen --skip --only --repair --manifest-path",
        "kernels": "list install remove",
        "launch": "",
        "list": "--explicit --environment --platform --json --sort-by --fields --no-install --frozen --locked "
        "--manifest-path",
        "lock": "--check --dry-run --json --no-install --script --manifest-path",
        "redo": "--manifest-path",
        "reinstall": "--environment --all --locked --frozen --manifest-path",
        "remove": "--pypi --feature --environment --platform --no-install --dry-run --restart --manifest-path",
        "rescue": "python",
        "restore": "--manifest-path",
        "run": "--environment --locked --frozen --as-is --clean-env --skip-deps --executable --dry-run --templated",
        "search": "--channel --platform --limit --limit-packages --json --manifest-path",
        "shell-hook": "--shell --environment --json --locked --frozen --manifest-path",
        "status": "--environment --json --manifest-path",
        "switch": "",
        "task": "add remove alias list",
        "tree": "--invert --environment --platform --locked --frozen --script --manifest-path",
        "trust": "",
        "undo": "--manifest-path",
        "update": "--environment --platform --dry-run --json --no-install --restart --manifest-path",
        "upgrade": "--feature --dry-run --json --no-install --restart --exclude --manifest-path",
        "workspace": "channel platform environment feature name version description requires-pixi register export",
    }.items()
}
"""Sub-commands with their flags (or sub-commands of their own), for completion only: the engine has the word."""

WITHOUT_WORKSPACE = frozenset(["demo", "exec", "help", "init", "launch"])
VALUE_FLAGS = """
-e --environment -m --manifest-path -w --workspace -p --platform -s --spec --with -c --channel -f --feature --pypi
--auth-file --concurrent-solves --concurrent-downloads --pypi-keyring-provider --pinning-strategy --color
""".split()  # noqa: SIM905
DEPTHS = {"export": 2, "kernels": 2, "task": 2, "workspace": 3}
CELL_LISTS = frozenset(["a", "add", "remove", "rm", "update", "upgrade"])


def split_line(line: str) -> list[str]:
    """The words of a magic's line as a POSIX shell splits them: quotes, backslashes and a comment, no more.

    Nothing is evaluated: no glob, no variable, no substitution. Raises PixiError for an open quote.
    """
    quote, bare = "", True  # `bare`: a `#` here begins a comment
    position = 0
    while position < len(line):
        char = line[position]
        if char == "\\" and quote != "'":
            position += 1
            bare = False
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote, bare = char, False
        elif char == "#" and bare:
            line = line[:position]
        else:
            bare = char.isspace()
        position += 1
    try:
        return shlex.split(line)
    except ValueError as error:
        raise PixiError(f"the line cannot be split into words: {str(error).lower()}", status=2) from None


def leading_options(words: Sequence[str]) -> int:
    """How many of `words` (after the sub-command) belong to the command itself and not to what it runs."""
    index = 0
    while index < len(words) and words[index].startswith("-") and words[index] != "--":
        index += 2 if words[index] in VALUE_FLAGS else 1
    return min(index, len(words))


def command_path(words: Sequence[str]) -> int:
    """How many of the words name the command: 1, or more for groups such as `workspace channel add`."""
    depth = DEPTHS.get(words[0], 1)
    options = [index for index, word in enumerate(words) if word.startswith("-")]
    return min([depth, len(words), *options])


def engine_arguments(words: Sequence[str], manifest: Optional[str], extra: Sequence[str] = ()) -> list[str]:
    """The engine's arguments for the user's words: our own options stand directly behind the command's name,
    where they cannot be taken for arguments of a task. A manifest that the user names wins."""
    path = command_path(words)
    name, rest = list(words[:path]), list(words[path:])
    if not name:
        return [*rest, *extra]
    own = rest[: leading_options(rest)] if name[0] in ("run", "exec") else rest
    if "--" in own:
        own = own[: own.index("--")]
    named = any(re.match(r"(--manifest-path|--workspace)(=|$)|-[mw]", word) for word in own)
    ours = list(extra)
    if manifest and not named and name[0] not in WITHOUT_WORKSPACE:
        ours += ["--manifest-path", manifest]
    return [*name, *ours, *rest]


def cell_commands(words: Sequence[str], cell: str) -> list[tuple[list[str], Optional[str]]]:
    """What `%%pixi WORDS` with a cell below it means: commands, each with the text for its standard input.

    Without words every line of the cell is a command. `add` and its like take one argument per line, so that a
    spec needs no quotes. `run` and `exec` feed the cell to the command, and to `python -` if none is named.
    """
    lines = [line.strip() for line in cell.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not words:
        return [(split_line(line), None) for line in lines]
    if words[0] in CELL_LISTS:
        return [([*words, *lines], None)]
    if words[0] in ("run", "exec"):
        options = leading_options(words[1:])
        program = [] if len(words) > 1 + options else ["python", "-"]
        return [([*words, *program], cell if cell.endswith("\n") else cell + "\n")]
    raise PixiError(f"`%%pixi {words[0]}` takes no text below it", help=f"write `%pixi {words[0]} …`", status=2)


def child_environ(context: Context, words: Sequence[str], *, colour: bool, columns: int) -> dict[str, str]:
    """The host's variables, told which environment is meant when the user names none (Pixi's own rule)."""
    environ = {k: v for k, v in context.environ.items() if k != HANDOVER}
    if context.manifest:
        environ["PIXI_IN_SHELL"] = "1"
        environ["PIXI_PROJECT_ROOT"] = os.path.dirname(context.manifest)
        environ["PIXI_PROJECT_MANIFEST"] = context.manifest
        if context.environment:
            environ["PIXI_ENVIRONMENT_NAME"] = context.environment
    for name in ("PIXI_LOCKED", "PIXI_FROZEN", "PIXI_OFFLINE", "NO_COLOR"):
        if name in os.environ:  # set from a cell
            environ[name] = os.environ[name]
    if colour and not environ.get("NO_COLOR"):
        environ.setdefault("FORCE_COLOR", "1")
        environ.setdefault("CLICOLOR_FORCE", "1")
    environ["COLUMNS"] = str(columns)
    if words[0] in ("run", "exec"):
        environ["PYTHONUNBUFFERED"] = "1"  # a task's lines appear as it prints them, though this is no terminal
    return environ


# --- what this kernel has loaded ------------------------------------------------------------------------------


def module_files(modules: Mapping[str, Any]) -> dict[str, str]:
    """Module name to file, for every module that has one; nothing that a module defines is called.

    Lazy and hostile modules run code on attribute access, so the dictionary is read past their class.
    """
    found = {}
    for name, module in list(modules.items()):
        try:
            path = object.__getattribute__(module, "__dict__").get("__file__")
        except Exception:  # noqa: S112 - anything can stand in sys.modules
            continue
        if type(name) is str and type(path) is str and path:
            plain = path[0] == os.sep and "/." not in path and "//" not in path
            found[name] = path if plain else os.path.abspath(path)
    return found


@dataclass
class _Distribution:
    name: str
    version: str
    record: frozenset[str]  # files relative to its site folder; empty if unknown
    tops: frozenset[str]  # top-level modules, where there is no record
    source: Optional[str]  # folder of an editable install


_distributions = {}  # type: dict[tuple[str, float], Optional[_Distribution]]


def _distribution(folder: str) -> Optional[_Distribution]:
    """What a `.dist-info` or `.egg-info` folder says, remembered until the folder changes; None if unreadable."""
    try:
        key = (folder, os.stat(folder).st_mtime)
        if key not in _distributions:
            _distributions[key] = _read_distribution(folder)
        return _distributions[key]
    except (OSError, ValueError):
        return None


def _read_distribution(folder: str) -> Optional[_Distribution]:
    name, _, version = os.path.splitext(os.path.basename(folder))[0].partition("-")
    record = _text(folder, "RECORD")
    if folder.endswith(".egg-info"):  # may be named for a Python version besides
        found = re.findall(r"^(?:Name|Version):\s*(\S+)", _text(folder, "PKG-INFO"), re.MULTILINE)
        name, version = found[:2] if len(found) >= 2 else ("", "")
    if not name or not version:
        return None
    files = frozenset(line[: line.find(",")] for line in record.splitlines() if ".dist-info/" not in line)
    tops = () if files else _text(folder, "top_level.txt").split() or [re.sub(r"[-.]+", "_", name).lower()]
    return _Distribution(name, version, files, frozenset(tops), _editable(folder))


def _text(folder: str, name: str) -> str:
    try:
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def _editable(folder: str) -> Optional[str]:
    try:
        origin = json.loads(_text(folder, "direct_url.json"))
        if origin["dir_info"]["editable"] and origin["url"].startswith("file://"):
            from urllib.parse import unquote, urlparse

            return os.path.join(unquote(urlparse(origin["url"]).path), "")
    except (ValueError, KeyError, TypeError):
        pass
    return None


def loaded_distributions(files: Mapping[str, str], folders: Iterable[str]) -> list[dict[str, Any]]:
    """The distributions in `folders` (site folders) of which a module is loaded, as the protocol wants them.

    `files` maps module names to files. A distribution's own record decides, so that two that share a namespace
    package are told apart; top-level names decide where there is no record, the source folder where it is an
    editable install.
    """
    loaded = []
    everything = set(files.values())
    for folder in folders:
        inside = {path[len(folder) + 1 :]: path for path in everything if path.startswith(folder + os.sep)}
        for entry in _entries(folder):
            if not entry.endswith((".dist-info", ".egg-info")):
                continue
            distribution = _distribution(os.path.join(folder, entry))
            if distribution is None:
                continue
            if distribution.source is not None:
                own = [path for path in everything if path.startswith(distribution.source)]
            elif distribution.record:
                own = [inside[path] for path in distribution.record.intersection(inside)]
            else:
                own = [
                    inside[path] for path in inside if path.partition(os.sep)[0].partition(".")[0] in distribution.tops
                ]
            if own:
                row = {"name": distribution.name, "version": distribution.version, "files": sorted(own)}
                loaded.append(row)
    return loaded


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def site_folders() -> list[str]:
    """The folders of this interpreter that hold distributions: those on `sys.path` apart from the library's."""
    library = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), os.getcwd()}
    folders = dict.fromkeys(os.path.abspath(path) for path in sys.path if type(path) is str and path)
    return [folder for folder in folders if folder not in library and os.path.isdir(folder)]


def mapped_files(prefix: str, maps: Iterable[str]) -> list[str]:
    """The files under `prefix` in the lines of a `/proc/<pid>/maps`."""
    roots = tuple({os.path.join(root, "") for root in (prefix, os.path.realpath(prefix))})
    found = set()
    for line in maps:
        path = line.rstrip("\n").split(None, 5)[5:]
        if path and path[0].startswith(roots):
            found.add(path[0][: -len(" (deleted)")] if path[0].endswith(" (deleted)") else path[0])
    return sorted(found)


def _maps() -> list[str]:
    """The lines of /proc/self/maps; on macOS the loader's list of images in the same form; else nothing."""
    try:
        if sys.platform == "darwin":
            import ctypes

            dyld = ctypes.CDLL(None)
            dyld._dyld_get_image_name.restype = ctypes.c_char_p
            names = [dyld._dyld_get_image_name(index) for index in range(dyld._dyld_image_count())]
            return [f"0-0 r 0 0:0 0 {os.fsdecode(name)}" for name in names if name]
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as stream:
            return stream.readlines()
    except (OSError, AttributeError):
        return []


def caller_document(context: Context) -> dict[str, Any]:
    """What the engine must know of this kernel before it changes files under it (the protocol's document).

    A rescue kernel's interpreter is not the environment's own: it has nothing of it loaded. Where this kernel
    belongs to no workspace the document is empty: nothing that the engine does concerns it.
    """
    if not context.prefix:
        return {}
    own = context.owns_interpreter
    files = module_files(sys.modules) if own else {}
    names = {str(name).partition(".")[0] for name in list(sys.modules)} if own else set()
    return {
        "kernel": os.path.basename(context.connection_file) if context.connection_file else None,
        "pid": os.getpid(),
        "environment": context.environment or "default",
        "manifest": context.manifest or "",
        "prefix": context.prefix,
        "loaded": loaded_distributions(files, site_folders()) if own else [],
        "mapped": mapped_files(context.prefix, _maps()),
        "modules": sorted(name for name in names if name.isidentifier()),
        "python": "{}.{}.{}".format(*sys.version_info[:3]),
    }


# --- the state of an operation --------------------------------------------------------------------------------


@dataclass
class Operation:
    """What the events so far amount to; `update` takes them in, the rest reads it out."""

    command: Sequence[str] = ()
    started: float = field(default_factory=time.time)
    id: Optional[str] = None
    manifest: Optional[str] = None
    environment: Optional[str] = None
    kernel: Optional[str] = None
    state: str = "running"
    ended: Optional[float] = None
    phases: list[dict[str, Any]] = field(default_factory=list)
    current: Optional[int] = None
    notes: list[str] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    result: Optional[dict[str, Any]] = None
    error: Optional[dict[str, Any]] = None
    effects: Optional[dict[str, Any]] = None

    def update(self, event: Mapping[str, Any]) -> None:
        """Takes one event in; kinds and fields of a newer vocabulary are passed over."""
        handler = getattr(self, "_on_" + str(event.get("event")), None)
        if handler is not None:
            handler(event)

    def _on_started(self, event: Mapping[str, Any]) -> None:
        self.id = event.get("operation")
        for name in ("manifest", "environment", "kernel"):
            setattr(self, name, event.get(name) or getattr(self, name))

    def _on_phase(self, event: Mapping[str, Any]) -> None:
        phase = dict.fromkeys(("item", "bytes_done", "bytes_total"))
        phase.update(phase=str(event.get("phase")), title=str(event.get("title") or event.get("phase")))
        phase.update(done=0, total=event.get("total"), finished=False)
        if len(self.phases) < MAX_ROWS:
            self.phases.append(phase)
        self.current = len(self.phases) - 1

    def _on_progress(self, event: Mapping[str, Any]) -> None:
        named = [i for i, phase in enumerate(self.phases) if phase["phase"] == event.get("phase")]
        if not named:
            self._on_phase({"phase": event.get("phase")})
            named = [len(self.phases) - 1]
        self.current = named[-1]
        phase = self.phases[self.current]
        for name in ("done", "total", "item", "bytes_done", "bytes_total"):
            if event.get(name) is not None:
                phase[name] = event[name]
        phase["finished"] = bool(phase["total"]) and phase["done"] >= phase["total"]

    def _on_warning(self, event: Mapping[str, Any]) -> None:
        if len(self.warnings) < MAX_ROWS:
            self.warnings.append({"text": str(event.get("text", "")), "code": event.get("code")})

    def _on_note(self, event: Mapping[str, Any]) -> None:
        if len(self.notes) < MAX_ROWS:
            self.notes.append(str(event.get("text", "")))

    def _on_result(self, event: Mapping[str, Any]) -> None:
        data = event.get("data")
        self.result = dict(data) if isinstance(data, Mapping) else {}
        message, *more = str(self.result.get("message") or _summary(self.result)).split("\n")
        if self.telling:
            self.result["message"] = message
            self.notes = [*more, *self.notes]
        if "diff" in self.result:
            self.result.setdefault("changes", _flat(self.result["diff"]))
        if self.result.get("dry_run"):
            self.notes.append("A dry run: nothing was changed.")
        self.finish("done")

    def _on_failed(self, event: Mapping[str, Any]) -> None:
        self.error = {name: event.get(name) for name in ("code", "text", "help", "file", "line", "column")}
        self.finish("interrupted" if event.get("code") == "interrupted" else "failed")

    def finish(self, state: str) -> None:
        """The operation has ended; a success means that all its phases did."""
        self.state, self.ended = state, time.time()
        if state == "done":
            for phase in self.phases:
                phase["finished"] = True

    @property
    def telling(self) -> bool:
        """Whether the result is that of a change (not text or data to be printed)."""
        return self.result is not None and self.result.get("kind") in CHANGES

    @property
    def phase(self) -> Optional[dict[str, Any]]:
        """The phase last heard of."""
        return self.phases[self.current] if self.current is not None else None

    def to_json(self) -> dict[str, Any]:
        """The state for the front end. Values of variables stay out of it: a notebook is shared."""
        data = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "id"}
        data.update(version=1, operation=self.id, command=list(self.command))
        data["result"] = None
        if self.result is not None and self.telling:
            data["result"] = {name: self.result[name] for name in RESULT_FIELDS if name in self.result}
            for name in ("changes", "others"):
                rows = [change for change in self.result.get(name) or () if isinstance(change, Mapping)]
                data["result"][name] = [
                    dict(row, before=_version(row.get("before")), after=_version(row.get("after")))
                    for row in rows[:MAX_ROWS]
                ]
            data["result"]["left_out"] = max(0, len(self.result.get("changes") or ()) - MAX_ROWS)
        return json.loads(json.dumps(data, default=str))  # type: ignore[no-any-return]


CHANGES = frozenset(["change", "install", "lock", "reinstall", "update", "upgrade"])
RESULT_FIELDS = ("kind", "message", "environment", "written", "restart", "install", "dry_run")


def _flat(diff: Any) -> list[dict[str, Any]]:
    """The changes in a lock file's difference as Pixi's `--json` has it, each once however many platforms share it."""
    found = {}  # type: dict[Any, dict[str, Any]]
    environments = diff.get("environment") if isinstance(diff, Mapping) else None
    for platforms in (environments or {}).values():
        for changes in platforms.values():
            for change in changes:
                key = (change.get("name"), _version(change.get("before")), _version(change.get("after")))
                found.setdefault(key, change)
    return list(found.values())


def _summary(result: Mapping[str, Any]) -> str:
    """A sentence for the results that bring none."""
    kind = result.get("kind")
    if kind == "install":
        return "Installed: " + ", ".join(map(str, result.get("environments") or ())) + "."
    if kind in ("lock", "update", "upgrade"):
        changed = result.get("changed", bool(_flat(result.get("diff"))))
        return "The lock file is updated." if changed else "The lock file was up to date."
    return ""


def rows(operation: Operation) -> list[tuple[str, str, str, str]]:
    """The table of a change: package, old version, new version, source; what the user asked for comes first."""
    changes = [c for c in (operation.result or {}).get("changes") or () if isinstance(c, Mapping)]
    changes.sort(key=lambda change: not change.get("explicit"))
    sources = {"pypi": "PyPI", "conda": "conda"}
    return [
        (
            str(change.get("name")),
            _version(change.get("before")) or "—",
            _version(change.get("after")) or "—",
            sources.get(str(change.get("type")), str(change.get("type") or "")),
        )
        for change in changes[:MAX_ROWS]
    ]


def _version(value: Any) -> Optional[str]:
    if isinstance(value, Mapping):
        value = value.get("version")
    return None if value is None else str(value)


def headline(operation: Operation) -> str:
    """One line that says where the operation stands."""
    command = "pixi " + shlex_join(operation.command)
    if operation.state == "running":
        return (operation.phase or {}).get("title") or command
    if operation.state == "done":
        return str((operation.result or {}).get("message") or command + ": done")
    return f"{command} {'was stopped' if operation.state == 'interrupted' else 'failed'}"


def shlex_join(words: Sequence[str]) -> str:
    """The words as one line that splits into them again."""
    return " ".join(shlex.quote(word) for word in words)


def count(phase: Mapping[str, Any]) -> str:
    """How far a phase is: "3/12 · 4.1 of 9.8 MB · polars"."""
    parts = []
    if phase["total"]:
        parts.append(f"{phase['done']}/{phase['total']}")
    if phase["bytes_total"]:
        done, total = (phase["bytes_done"] or 0) / 1e6, phase["bytes_total"] / 1e6
        parts.append(f"{done:.1f} of {total:.1f} MB")
    elif phase["bytes_done"]:
        parts.append(f"{phase['bytes_done'] / 1e6:.1f} MB")
    if phase["item"]:
        parts.append(str(phase["item"]))
    return " · ".join(parts)


def aftermath(operation: Operation) -> list[str]:
    """The lines below the table: what was written where, and what it means for this kernel."""
    change = operation.result or {}
    lines = [str(note) for note in operation.notes]
    for written in change.get("written") or ():
        lines.append(f"{_place(written)}  {written.get('text') or ''}".rstrip())
    left_out = len(change.get("changes") or ()) - MAX_ROWS
    if left_out > 0:
        lines.append(f"and {left_out} more packages")
    others = len(change.get("others") or ())
    if others:
        lines.append(f"{others} {'change' if others == 1 else 'changes'} for other environments or platforms")
    if change.get("restart"):
        lines.append("Restart the kernel to use the new " + ", ".join(map(str, change["restart"])))
    return lines


def tell_effects(operation: Operation, effects: dict[str, Any]) -> None:
    """Adds what a change did to this kernel, as data and as sentences that every rendering shows."""
    operation.effects = effects
    for row in effects.get("gone") or ():
        text = f"{row['name']} is gone from disk; {', '.join(row['modules'])} stays loaded until the kernel restarts."
        operation.warnings.append({"text": text, "code": "gone"})
    if effects.get("kept"):
        operation.notes.append("Left as you have set them: " + ", ".join(effects["kept"]))


def _place(place: Mapping[str, Any]) -> str:
    path = str(place.get("file") or "")
    if os.path.isabs(path):
        near = os.path.relpath(path)
        path = near if not near.startswith("..") else path
    return ":".join(str(part) for part in (path, place.get("line"), place.get("column")) if part)


# --- three renderings -----------------------------------------------------------------------------------------


def to_text(operation: Operation) -> str:
    """The operation as plain text: a line while it runs, a table and its consequences at the end."""
    lines = [headline(operation)]
    if operation.state == "running":
        if operation.phase:
            lines[0] = f"{lines[0]}  {count(operation.phase)}".rstrip()
        return lines[0]
    table = [("package", "old", "new", "source"), *rows(operation)]
    if len(table) > 1:
        widths = [max(len(row[column]) for row in table) for column in range(4)]
        for row in table:
            lines.append("  " + "  ".join(cell.ljust(widths[i]) for i, cell in enumerate(row)).rstrip())
    lines += aftermath(operation)
    lines += ["warning: " + warning["text"] for warning in operation.warnings]
    return "\n".join(lines)


def to_html(operation: Operation) -> str:
    """The operation as HTML that survives a sanitizer and fits any theme: no colours, no script, all escaped."""
    phase = operation.phase
    parts = [f"<div><b>{html.escape(headline(operation))}</b>"]
    if operation.state == "running":
        if phase and phase["total"]:
            parts.append(f' <progress value="{_number(phase["done"])}" max="{_number(phase["total"])}"></progress>')
        elif phase and phase["bytes_total"]:
            done, total = _number(phase["bytes_done"]), _number(phase["bytes_total"])
            parts.append(f' <progress value="{done}" max="{total}"></progress>')
        else:
            parts.append(" <progress></progress>")
        if phase:
            parts.append(f" <small>{html.escape(count(phase))}</small>")
    parts.append("</div>")
    table = rows(operation) if operation.state == "done" else []
    if table:
        heads = "".join(f"<th>{name}</th>" for name in ("package", "old", "new", "source"))
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in table)
        parts.append(f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>")
    if operation.state != "running":
        lines = aftermath(operation) + ["Warning: " + warning["text"] for warning in operation.warnings]
        parts += [f"<div><small>{html.escape(line)}</small></div>" for line in lines]
    return "".join(parts)


def _number(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0


class Display:
    """Shows an operation, at most `UPDATES_PER_SECOND` times a second; the first and the last state always."""

    def __init__(self) -> None:
        self.open = False
        self._shown = 0.0

    def tick(self, operation: Operation, *, final: bool = False) -> None:
        """Shows the present state if something is to be shown and the time has come."""
        if not (self.open or operation.phases or (final and operation.telling)):
            return
        now = time.monotonic()
        if final or now - self._shown >= 1 / UPDATES_PER_SECOND:
            self._shown = now
            self.show(operation, final)
            self.open = True

    def show(self, operation: Operation, final: bool) -> None:
        """Draws the state."""
        raise NotImplementedError


class CellDisplay(Display):
    """One display in the cell's output, updated in place."""

    def __init__(self) -> None:
        super().__init__()
        self._handle = None  # type: Any

    def show(self, operation: Operation, final: bool) -> None:
        """Publishes or updates the MIME bundle."""
        bundle = {
            MIME: operation.to_json(),
            "text/html": to_html(operation),
            "text/plain": to_text(operation),
        }
        if self._handle is None:
            from IPython.display import display

            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)


class TerminalDisplay(Display):
    """One line of a terminal, rewritten in place, and the final text below it."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        self._stream = stream

    def show(self, operation: Operation, final: bool) -> None:
        """Rewrites the line; it is gone when the operation is over."""
        text = to_text(operation)
        if not final:
            text = text.replace("\n", " ")[: shutil.get_terminal_size().columns - 1]
        self._stream.write("\r\x1b[2K" + text + ("\n" if final else ""))
        self._stream.flush()


class LineDisplay(Display):
    """For logs and pipes: one line for each phase, and the final text."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        self._stream = stream
        self._phases = 0

    def tick(self, operation: Operation, *, final: bool = False) -> None:
        """Writes the phases that have begun since the last call."""
        for phase in operation.phases[self._phases :]:
            self._stream.write(phase["title"] + "\n")
        self._phases = len(operation.phases)
        if final and (self._phases or operation.telling):
            self.open = True
            self._stream.write(to_text(operation) + "\n")
        self._stream.flush()


def choose_display(shell: Any) -> Display:
    """The rendering for this IPython: a cell, a terminal, or neither."""
    if hasattr(shell, "kernel") or any(c.__name__ == "ZMQInteractiveShell" for c in type(shell).__mro__):
        return CellDisplay()
    return TerminalDisplay(sys.stderr) if sys.stderr.isatty() else LineDisplay(sys.stderr)


# --- the engine as a child process ----------------------------------------------------------------------------


class Output:
    """Passes a stream's text on as it comes; of a flood it keeps the head and, shown at the end, the tail."""

    def __init__(self, write: Callable[[str], Any], head: int = OUTPUT_HEAD, tail: int = OUTPUT_TAIL) -> None:
        self._write, self._head, self._limit = write, head, tail
        self._tail = deque()  # type: deque[str]
        self._kept = self._dropped = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes, *, final: bool = False) -> None:
        """Takes bytes in; a character split between two reads is put together."""
        text = self._decoder.decode(data, final)
        if self._head > 0 and text:
            self._write(text[: self._head])
            text, self._head = text[self._head :], self._head - len(text)
        if text:
            self._tail.append(text)
            self._kept += len(text)
            while self._kept - len(self._tail[0]) >= self._limit:
                dropped = len(self._tail.popleft())
                self._kept -= dropped
                self._dropped += dropped

    def close(self) -> None:
        """Shows the tail, and how much was left out before it."""
        self.feed(b"", final=True)
        if self._dropped:
            self._write(f"\n[… {self._dropped:,} characters left out …]\n")
        self._write("".join(self._tail))
        self._tail.clear()


class Child:
    """An engine process in a session of its own, its output, its events and the kernel's document for it."""

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], stdin: Optional[str]) -> None:
        """Starts it. `argv` may hold `{events}` and `{caller}`, which become the descriptors' numbers.

        The child waits for the caller's document: `send` it. Raises OSError if the program is not there.
        """
        self._caller = memoryview(b"")
        self._lines = b""
        self.channels = {}  # type: dict[int, str]
        events_here, events_there = os.pipe()
        caller_there, self._caller_here = os.pipe()
        numbers = {"{events}": str(events_there), "{caller}": str(caller_there)}
        try:
            with _input(stdin) as source:
                self.process = subprocess.Popen(
                    [numbers.get(word, word) for word in argv],
                    stdin=source,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env=dict(environ),
                    pass_fds=(events_there, caller_there),
                    start_new_session=True,
                    bufsize=0,
                )
        except BaseException:
            os.close(events_here)
            os.close(self._caller_here)
            raise
        finally:
            os.close(events_there)
            os.close(caller_there)
        assert self.process.stdout is not None and self.process.stderr is not None
        self._selector = selectors.DefaultSelector()
        for fd, name in (
            (os.dup(self.process.stdout.fileno()), "stdout"),
            (os.dup(self.process.stderr.fileno()), "stderr"),
            (events_here, "events"),
        ):
            self._selector.register(fd, selectors.EVENT_READ, name)
            self.channels[fd] = name
        self.process.stdout.close()
        self.process.stderr.close()
        self.channels[self._caller_here] = "caller"

    def send(self, document: Mapping[str, Any]) -> None:
        """Gives the child the caller's document, as fast as it reads it."""
        self._caller = memoryview(json.dumps(document).encode("utf-8"))
        os.set_blocking(self._caller_here, False)
        self._selector.register(self._caller_here, selectors.EVENT_WRITE, "caller")

    def pump(self, timeout: float) -> Iterator[tuple[str, bytes]]:
        """Waits for at most `timeout` seconds and gives what has come: channel and bytes (empty at its end)."""
        for key, _ in self._selector.select(timeout):
            if key.data == "caller":
                self._send()
                continue
            data = os.read(key.fd, 65536)
            if not data:
                self._close(key.fd)
            yield key.data, data

    def _send(self) -> None:
        try:
            self._caller = self._caller[os.write(self._caller_here, self._caller[:65536]) :]
        except BlockingIOError:
            return
        except OSError:  # the engine does not read it: a command that needs no document
            self._caller = self._caller[:0]
        if not self._caller:
            self._close(self._caller_here)

    def _close(self, fd: int) -> None:
        if self.channels.pop(fd, None):
            if fd in self._selector.get_map():
                self._selector.unregister(fd)
            os.close(fd)

    def events(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The events in the next bytes of the events channel; lines that are none are passed over."""
        *lines, self._lines = (self._lines + data).split(b"\n")
        for line in lines:
            try:
                event = json.loads(line.decode("utf-8"))
            except ValueError:
                continue
            if isinstance(event, dict):
                yield event

    @property
    def reading(self) -> bool:
        """Whether a channel is still open for reading."""
        return any(name != "caller" for name in self.channels.values())

    def signal(self, number: int) -> None:
        """Sends a signal to the child and everything it has started."""
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def close(self) -> int:
        """Ends the child if it still runs, and gives its exit status (128 + number for a signal)."""
        for number, seconds in ((signal.SIGINT, 5.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, None)):
            if self.process.poll() is not None:
                break
            self.signal(number)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
        for fd in list(self.channels):
            self._close(fd)
        self._selector.close()
        status = self.process.wait()
        return status if status >= 0 else 128 - status


def _input(text: Optional[str]) -> IO[bytes]:
    """A file to read `text` from, without a name on disk; nothing to read for None."""
    if text is None:
        return open(os.devnull, "rb")
    stream = tempfile.TemporaryFile()  # noqa: SIM115
    stream.write(text.encode("utf-8"))
    stream.seek(0)
    return stream


class Interrupts:
    """While it is entered, the kernel's stop button reaches the child: each press is firmer than the last.

    The first asks the engine to roll back (SIGINT), and after `GRACE` or at the next press comes SIGTERM, then
    SIGKILL. Only the main thread gets signals; elsewhere (a subshell) nothing is done.
    """

    def __init__(self, child: Child, say: Callable[[str], Any]) -> None:
        self._child, self._say = child, say
        self._pending = 0
        self._next = 0  # index of the next signal
        self._deadline = float("inf")
        self._saved = None  # type: Any
        self._main = threading.current_thread() is threading.main_thread()

    @property
    def pressed(self) -> bool:
        """Whether the user has asked to stop."""
        return self._next > 0

    def __enter__(self) -> Interrupts:
        if self._main:
            self._saved = signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, *_: object) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._saved)

    def _press(self, number: int, frame: Any) -> None:
        self._pending += 1

    def tick(self) -> None:
        """Passes on what was pressed since the last call, or what the patience has run out for."""
        if not self._pending and time.monotonic() < self._deadline:
            return
        self._pending = 0
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
        if self._next < len(numbers):
            self._child.signal(numbers[self._next])
            if self._next == 0:
                self._say("Stopping. Stop again to end it at once.\n")
            wait = GRACE[self._next] if self._next < len(GRACE) else float("inf")
            self._deadline = time.monotonic() + wait
            self._next += 1


# --- what a change means for this interpreter -----------------------------------------------------------------


class Refresher:
    """Lets a running interpreter see a changed prefix: import caches, new `.pth` files, activation variables."""

    def __init__(self) -> None:
        self._pth = self._pth_files()
        self._environ = dict(os.environ)  # what activation gave; a variable that differs is the user's own

    @staticmethod
    def _folders() -> list[str]:
        return list(dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib")))

    def _pth_files(self) -> dict[str, tuple[int, int]]:
        found = {}
        for folder in self._folders():
            for entry in _entries(folder):
                if entry.endswith(".pth"):
                    path = os.path.join(folder, entry)
                    try:
                        status = os.stat(path)
                    except OSError:
                        continue
                    found[path] = (status.st_mtime_ns, status.st_size)
        return found

    def refresh(self, change: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """Takes a finished change in; `before` is the document from before it. Gives the MIME type's `effects`."""
        importlib.invalidate_caches()
        paths = self._new_pth()
        activation = change.get("activation") or {}
        variables, kept = self._activate(activation.get("set") or {}, activation.get("unset") or ())
        return {"paths": paths, "variables": variables, "kept": kept, "gone": gone(before), "restart": False}

    def _new_pth(self) -> list[str]:
        """Processes `.pth` files that are new or changed, as a start of Python would; gives new path entries."""
        seen, self._pth = self._pth, self._pth_files()
        had = list(sys.path)
        for path in sorted(self._pth):
            if self._pth[path] == seen.get(path):
                continue
            try:
                site.addpackage(os.path.dirname(path), os.path.basename(path), set(sys.path))
            except Exception as error:
                print(f"{path}: {error}", file=sys.stderr)
        if sys.path != had:
            importlib.invalidate_caches()
        return [path for path in sys.path if path not in had]

    def _activate(self, new: Mapping[str, str], unset: Iterable[str]) -> tuple[list[str], list[str]]:
        """Takes variables over, but for those the user has changed since; PATH gets what it lacks in front."""
        changed, kept = [], []
        wanted = dict(new)  # type: dict[str, Optional[str]]
        wanted.update(dict.fromkeys(unset))
        for name, value in wanted.items():
            present = os.environ.get(name)
            if present == value:
                pass
            elif present == self._environ.get(name) or present is None:
                _set(name, value)
                changed.append(name)
            elif name == "PATH" and value is not None:
                have = present.split(os.pathsep)
                missing = [entry for entry in value.split(os.pathsep) if entry not in have]
                _set(name, os.pathsep.join([*missing, *have]))
                changed += [name] * bool(missing)
            else:
                kept.append(name)
            if value is None:
                self._environ.pop(name, None)
            else:
                self._environ[name] = value
        return changed, kept


def _set(name: str, value: Optional[str]) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def gone(before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Distributions of a caller's document whose loaded files are no longer on disk, with their modules."""
    lost = []
    for row in before.get("loaded") or ():
        files = [path for path in row["files"] if not os.path.exists(path)]
        if files:
            loaded = module_files(sys.modules)
            missing = set(files)
            names = sorted({name.partition(".")[0] for name, path in loaded.items() if path in missing})
            if names:
                lost.append({"name": row["name"], "modules": names})
    return lost


# --- starting over --------------------------------------------------------------------------------------------


class Restarter:
    """Replaces the kernel's process by a new start of its launcher, on the same connection file.

    The process id, the ports and the client stay; the variables go. For kernels without a server's front end:
    there the operation's event asks, and the front end restarts.
    """

    DELAY = 0.3  # seconds for the cell's reply and the aborted queue to leave the process

    def __init__(self, shell: Any, context: Context) -> None:
        self._shell, self._context = shell, context

    @property
    def possible(self) -> bool:
        """Whether this is an ipykernel that its launcher can start again."""
        return bool(self._context.launcher) and hasattr(self._io_loop, "call_later")

    @property
    def _io_loop(self) -> Any:
        return getattr(getattr(self._shell, "kernel", None), "io_loop", None)

    def schedule(self, environment: Optional[str]) -> None:
        """Starts over once the present cell has been answered."""

        def after_cell(*_: Any) -> None:
            self._shell.events.unregister("post_run_cell", after_cell)
            loop = self._io_loop
            loop.add_callback(loop.call_later, self.DELAY, self.start_over, environment)

        self._shell.events.register("post_run_cell", after_cell)

    def start_over(self, environment: Optional[str]) -> None:
        """Becomes the launcher. Does not return."""
        argv = self.argv(environment)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for fd, stream in ((1, sys.stdout), (2, sys.stderr)):
            # ipykernel has put pipes to threads of its own in these places
            original = getattr(stream, "_original_stdstream_copy", None)
            if original is not None:
                os.dup2(original, fd)
        environ = {name: value for name, value in self._context.environ.items() if name != HANDOVER}
        os.execve(argv[0], argv, environ)  # noqa: S606 - no shell is what we want

    def argv(self, environment: Optional[str]) -> list[str]:
        """The launcher's command line, for another environment if one is given."""
        argv = list(self._context.launcher)
        if environment is not None and "--environment" in argv[:-1]:
            argv[argv.index("--environment") + 1] = environment
        return argv


# --- the magic ------------------------------------------------------------------------------------------------


class Bridge:
    """`%pixi` and `%%pixi` of one IPython."""

    def __init__(self, shell: Any, context: Context) -> None:
        self.shell, self.context = shell, context
        self.refresher = Refresher()
        self.restarter = Restarter(shell, context)
        self.completers = [self.offers]  # type: list[Callable[[Sequence[str], str], Iterable[str]]]
        """Further sources of completions: called with the words before and the one begun."""

    def magic(self, line: str, cell: Optional[str] = None) -> None:
        """Change or show the environment of this notebook. `%pixi` alone tells how."""
        words = split_line(line)
        if cell is not None:
            for command, text in cell_commands(words, cell):
                self.run(command, text)
        elif words:
            self.run(words)
        else:
            print(HELP)

    def run(self, words: Sequence[str], stdin: Optional[str] = None) -> None:
        """Runs one command to its end. Raises PixiError if it fails, PixiInterrupted if the user stops it."""
        if os.name == "nt":  # descriptors are not inherited there, and pipes cannot be selected
            raise PixiError("%pixi needs Linux or macOS", help="run `jupyter pixi` in a terminal")
        operation = Operation(command=words, environment=self.context.environment)
        display = choose_display(self.shell)
        try:
            child = self._start(words, stdin, display)
        except OSError as error:
            raise PixiError(f"the engine cannot be started: {error}", help="restart the kernel") from None
        try:
            with Interrupts(child, sys.stderr.write) as interrupts:
                document = caller_document(self.context)  # while the engine starts
                child.send(document)
                self._follow(child, operation, display, interrupts)
                status = child.close()
        finally:
            child.close()
        self._end(operation, display, document, status, interrupts.pressed)

    def _start(self, words: Sequence[str], stdin: Optional[str], display: Display) -> Child:
        width = shutil.get_terminal_size().columns if isinstance(display, TerminalDisplay) else 120
        colour = not isinstance(display, LineDisplay)
        environ = child_environ(self.context, words, colour=colour, columns=int(os.environ.get("COLUMNS") or width))
        channels = ["--events-fd", "{events}", "--caller-fd", "{caller}"]
        arguments = engine_arguments(words, self.context.manifest, channels)
        argv = [self.context.python, "-P", "-m", "jupyter_pixi", *arguments]
        return Child(argv, environ, stdin)

    @staticmethod
    def _follow(child: Child, operation: Operation, display: Display, interrupts: Interrupts) -> None:
        """Passes on what the child says until it has ended."""
        outputs = {"stdout": Output(sys.stdout.write), "stderr": Output(sys.stderr.write)}
        patience = AFTER_END
        while child.reading and patience > 0:
            began = time.monotonic()
            for channel, data in child.pump(0.1):
                if channel == "events":
                    for event in child.events(data):
                        operation.update(event)
                else:
                    outputs[channel].feed(data)
            interrupts.tick()
            if operation.state == "running":
                display.tick(operation)
            if child.process.poll() is not None:
                # A task may leave something running that holds the pipes, or writes on: that is not waited for.
                patience -= time.monotonic() - began
        for output in outputs.values():
            output.close()
        while child.process.poll() is None:
            interrupts.tick()
            time.sleep(0.02)

    def _end(
        self, operation: Operation, display: Display, document: Mapping[str, Any], status: int, stopped: bool
    ) -> None:
        """Brings the kernel up to date, shows the final state, and raises if there is something to raise."""
        if operation.state == "running":  # no last event: a task, or the engine is gone
            operation.finish("done" if status == 0 else "interrupted" if stopped else "failed")
        result = operation.result or {}
        if self._concerns_us(result):
            tell_effects(operation, self.refresher.refresh(result, document))
            self._forget_completions()
        request = result.get("restart_requested")
        if request and (self.context.server or self.restarter.possible):
            operation.effects = dict(operation.effects or {}, restart=True)
        display.tick(operation, final=True)
        if not display.open:
            if result.get("message") and operation.state == "done" and "--json" not in operation.command:
                print(result["message"])
            for line in [*operation.notes, *("warning: " + w["text"] for w in operation.warnings)]:
                print(line, file=sys.stderr)
        self._raise(operation, status, stopped)
        if request:
            self._restart(request)

    @staticmethod
    def _concerns_us(result: Mapping[str, Any]) -> bool:
        """Whether the prefix of this interpreter was installed into."""
        environments = result.get("environments")
        installs = [result.get("install"), *(environments.values() if isinstance(environments, Mapping) else ())]
        prefixes = [install.get("prefix") for install in installs if isinstance(install, Mapping)]
        return any(isinstance(prefix, str) and same_file(prefix, sys.prefix) for prefix in prefixes)

    def _forget_completions(self) -> None:
        """IPython keeps the names of importable modules on disk: drop them, so that new ones are offered."""
        try:
            self.shell.db.pop("rootmodules_cache", None)
        except Exception:  # noqa: S110 - a convenience; the database may be missing or broken
            pass

    @staticmethod
    def _raise(operation: Operation, status: int, stopped: bool) -> None:
        error = operation.error or {}
        command = "pixi " + shlex_join(operation.command)
        if operation.state == "interrupted" or (stopped and status != 0):
            raise PixiInterrupted(error.get("text") or f"`{command}` was stopped") from None
        if operation.state == "failed" or status != 0:
            place = _place(error) if error.get("file") else None
            text = error.get("text") or f"`{command}` ended with exit status {status}"
            raise PixiError(text, error.get("help"), place, status)

    def _restart(self, request: Any) -> None:
        target = request.get("environment") if isinstance(request, Mapping) else None
        where = f" on the environment `{target}`" if target else ""
        if self.context.server:
            raise KernelRestarts(f"This kernel starts again{where}: its variables are gone, run the cells again.")
        if self.restarter.possible:
            self.restarter.schedule(target)
            choose = "" if target is None else " To stay there, choose its kernel in the notebook."
            raise KernelRestarts(f"This kernel starts again{where}: run the cells again.{choose}")
        raise PixiError(f"restart the kernel by hand{where}: this one cannot start itself again")

    # completion

    def complete(self, shell: Any, event: Any) -> list[str]:
        """IPython's `complete_command` hook: sub-commands first, then flags, then what `completers` offer."""
        line = event.text_until_cursor if hasattr(event, "text_until_cursor") else event.line
        words = line.lstrip("% ").split()
        begun = "" if line[-1:].isspace() else words.pop()
        if len(words) <= 1:
            return [name for name in COMMANDS if name.startswith(begun)] if words else []
        offers = [offer for offer in COMMANDS.get(words[1], ()) if offer.startswith("-") == begun.startswith("-")]
        for completer in self.completers:
            offers += completer(words[1:], begun)
        return [offer for offer in dict.fromkeys(offers) if offer.startswith(begun)]

    def offers(self, words: Sequence[str], begun: str) -> list[str]:
        """What the engine offers for a word: environments, tasks, packages … Nothing when it takes too long."""
        named = ["--manifest-path", self.context.manifest] if self.context.manifest else []
        argv = [self.context.python, "-P", "-m", "jupyter_pixi", "complete", *named, "--", *words, begun]
        environ = child_environ(self.context, ["complete"], colour=False, columns=120)
        try:
            ended = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=OFFER_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            return []
        return ended.stdout.split()


def register(shell: Any, context: Context) -> Bridge:
    """Gives an IPython the magic `%pixi` for `context`; a later call replaces an earlier one."""
    bridge = Bridge(shell, context)

    def pixi(line: str, cell: Optional[str] = None) -> None:
        bridge.magic(line, cell)

    pixi.__doc__ = HELP
    pixi.bridge = bridge  # type: ignore[attr-defined]
    shell.register_magic_function(pixi, magic_kind="line_cell", magic_name="pixi")
    for key in ("%pixi", "%%pixi"):
        shell.set_hook("complete_command", bridge.complete, str_key=key)
    if context.warning:
        warn_once(shell, context.warning)
    return bridge


def warn_once(shell: Any, text: str) -> None:
    """Shows a text with the first cell that a person runs (front ends also run silent ones of their own)."""

    def before_cell(info: Any = None) -> None:
        if not getattr(info, "silent", False):
            shell.events.unregister("pre_run_cell", before_cell)
            print(text, file=sys.stderr)

    shell.events.register("pre_run_cell", before_cell)


def registered(shell: Any) -> Optional[Bridge]:
    """The bridge of this IPython, if it has one."""
    magic = shell.magics_manager.magics["line"].get("pixi")
    return getattr(magic, "bridge", None)


def load(shell: Any) -> None:
    """`%load_ext jupyter_pixi`: registers the magic, unless the launcher has done so with what only it knows."""
    if registered(shell) is None:
        register(shell, Context.handed_over() or Context.of_this_process())


def start() -> None:
    """What happens when a kernel runs this file from exec_files. Without a hand-over nothing does."""
    from IPython import get_ipython

    shell = get_ipython()
    context = Context.handed_over()
    if shell is not None and context is not None:
        register(shell, context)
