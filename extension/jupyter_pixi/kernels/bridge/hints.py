"""A cell that could not import something, or installed past the manifest -> a line below it that says what to do.

Nothing is intercepted: the error and the command stay as they are. What provides a module is asked of the engine,
which names only packages that exist.
"""

from __future__ import annotations

import json
import linecache
import os
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Optional, Sequence

from .files import same_file
from .words import child_environ

if TYPE_CHECKING:
    from .context import Context

SECONDS = 12.0
"""How long the engine may look for a package."""

_FROM_NAMESPACE = re.compile(r"cannot import name '(\w+)' from '([\w.]+)' \(unknown location\)")
_INSTALL = re.compile(
    r"^\s*(?:[%!]\s*)?(?:[^\s\"']*/)?(?:\S+\s+-m\s+)?(?:uv\s+)?(pip|pip3|conda|mamba|micromamba)\s+install\s+(.+)$"
)
_ANY_PIP = re.compile(r"^\s*!\s*pip3?\s", re.MULTILINE)
_ASKING = frozenset(["--help", "-h", "--dry-run"])
_ENDS = frozenset(["|", "||", "&&", "&", ";", ">", ">>", "2>&1"])
_TAKE_A_VALUE = """
-c --channel -r --requirement -e --editable -i --index-url --extra-index-url -f --find-links -n --name -p --prefix
-t --target --constraint --platform --python --file
""".split()  # noqa: SIM905
_STANDARD = getattr(sys, "stdlib_module_names", frozenset(sys.builtin_module_names))


def missing_module(error: BaseException) -> Optional[tuple[str, bool]]:
    """The full name of the module that could not be found, and whether it lies in a namespace that packages share.

    None where no package would help: a name of the standard library, a part that its own package does not have, a
    file of the user's.
    """
    if isinstance(error, ModuleNotFoundError) and error.name:
        name = error.name
    else:
        match = _FROM_NAMESPACE.match(str(error)) if isinstance(error, ImportError) else None
        if match is None:
            return None
        name = match[2] + "." + match[1]
    top, _, _ = name.partition(".")
    parent = sys.modules.get(name.rpartition(".")[0])
    if parent is not None and (getattr(parent, "__file__", None) or _is_own(parent)):
        return None
    if top in _STANDARD or os.path.exists(top + ".py") or (parent is None and "." in name):
        return None
    return _asked_for(error, name), parent is not None


def _is_own(namespace: Any) -> bool:
    """Whether a package without an `__init__` is a folder of the user's: below the working directory."""
    here = os.path.join(os.getcwd(), "")
    prefix = os.path.join(sys.prefix, "")
    paths = [os.path.abspath(path) for path in getattr(namespace, "__path__", ())]
    return any(path.startswith(here) and not path.startswith(prefix) for path in paths)


def _asked_for(error: BaseException, name: str) -> str:
    """The whole dotted name in the line that failed: an error about `google` may be for `google.cloud.storage`."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return name
    line = linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
    found = [name]
    for match in re.finditer(r"\bfrom\s+([\w.]+)(?:\s+import\s+\(?\s*(\w+))?", line):
        found.append(match[1] + ("." + match[2] if match[2] else ""))
    for match in re.finditer(r"\bimport\s+([\w.]+)|,\s*([\w.]+)", line):
        found.append(match[1] or match[2])
    return max((each for each in found if each == name or each.startswith(name + ".")), key=len)


def provider(context: Context, module: str, shared: bool) -> dict[str, Any]:
    """What the engine knows of the package that provides a module (`search --import --json`); empty if it cannot tell.

    Its `text` is a sentence, or empty where there is no such package.
    """
    words = ["search", "--import", *(["--shared"] if shared else []), "--json"]
    where = ["--manifest-path", str(context.manifest)]
    argv = [context.python, "-P", "-m", "jupyter_pixi", *words, *where, "--", module]
    environ = child_environ(context, words, colour=False, columns=120)
    try:
        ended = subprocess.run(
            argv, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS
        )
        return dict(json.loads(ended.stdout))
    except (OSError, ValueError, TypeError, subprocess.TimeoutExpired):
        return {}


def installed_past_us(cell: str) -> Optional[tuple[str, list[str]]]:
    """The tool by which a cell installs packages without the manifest's knowing, and their names; None if none does."""
    for line in cell.splitlines():
        match = _INSTALL.match(line) if line.lstrip()[:1] in ("%", "!") else None
        if match is None:
            continue
        words = match[2].split()
        try:
            words = shlex.split(match[2], comments=True)
        except ValueError:
            pass
        if not _ASKING.intersection(words):
            return ("pip" if match[1].startswith("pip") else "conda"), _names(words)
    return None


def _names(words: Sequence[str]) -> list[str]:
    """What is to be installed, among the words of an install command: no options, and nothing behind a pipe."""
    found = []
    before = ""
    for word in words:
        if word in _ENDS:
            break
        if re.match(r"[A-Za-z0-9]", word) and before not in _TAKE_A_VALUE:
            found.append(word)
        before = word
    return found


def install_hint(tool: str, names: Sequence[str], is_any_pip: bool) -> str:
    """What is said once in a kernel after such an install; `is_any_pip` if it was the first pip on the PATH."""
    flag = "--pypi " if tool == "pip" else ""
    add = "%pixi add " + flag + (" ".join(shlex.quote(name) for name in names) or "NAME")
    own = shutil.which("pip") if is_any_pip else None
    if own is not None and not same_file(os.path.dirname(own), os.path.join(sys.prefix, "bin")):
        return f"This was {own}: it installs for another Python, not for this kernel. Here it is `{add}`."
    kept = ""
    if tool == "pip":
        kept = " `%pixi status` lists what pip has installed, `%pixi add --adopt NAME` takes it into the manifest."
    return (
        f"Hint: what {tool} installs here is in no manifest and no lock file, so nobody else gets it, and a repair "
        f"removes it. `{add}` writes it to both, and can be undone.{kept}"
    )


def after_cell(context: Context, cell: str, error: Optional[BaseException], told: set[str]) -> dict[str, Any]:
    """Prints what helps with a cell that has ended; `told` remembers what is said only once in a kernel.

    Gives what is known of the package that it lacks (as `provider`), for a front end that offers to add it.
    """
    found = None if "install" in told else installed_past_us(cell)
    if found is not None:
        told.add("install")
        print(install_hint(*found, is_any_pip=bool(_ANY_PIP.search(cell))), file=sys.stderr)
    module = missing_module(error) if error is not None else None
    found_package = provider(context, *module) if module is not None else {}
    if found_package.get("text"):
        print(found_package["text"], file=sys.stderr)
    return found_package
