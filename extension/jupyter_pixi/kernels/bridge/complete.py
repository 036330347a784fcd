"""A line that is being written -> the sub-commands, flags and words that it may go on with."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Sequence

from .words import child_environ

if TYPE_CHECKING:
    from .context import Context

OFFER_SECONDS = 3.0
"""How long a completion waits for the engine."""

COMMANDS = {
    name: tuple(flags.split())
    for name, flags in {
        "add": "--pypi --feature --environment --platform --editable --no-install --dry-run --restart --json",
        "clean": "--environment --activation-cache --manifest-path",
        "config": "list set unset append prepend",
        "exec": "--spec --with --pypi --channel --platform --force-reinstall --list",
        "export": "binder dockerfile sagemaker",
        "import": "--format --platform --environment --feature --manifest-path",
        "info": "--extended --json --manifest-path",
        "init": "--channel --platform --import --format --scm --conda-pypi-map --script",
        "install": "--environment --all --locked --frozen --skip --only --repair --manifest-path",
        "kernels": "list install remove",
        "list": "--explicit --environment --platform --json --sort-by --fields --frozen --locked",
        "lock": "--check --dry-run --json --no-install --script --manifest-path",
        "reinstall": "--environment --all --locked --frozen --manifest-path",
        "remove": "--pypi --feature --environment --platform --no-install --dry-run --restart --manifest-path",
        "rescue": "python",
        "run": "--environment --locked --frozen --as-is --clean-env --skip-deps --executable --dry-run --templated",
        "search": "--channel --platform --limit --limit-packages --json --manifest-path",
        "shell-hook": "--shell --environment --json --locked --frozen --manifest-path",
        "status": "--environment --json --manifest-path",
        "task": "add remove alias list",
        "tree": "--invert --environment --platform --locked --frozen --script --manifest-path",
        "update": "--environment --platform --dry-run --json --no-install --restart --manifest-path",
        "upgrade": "--feature --dry-run --json --no-install --restart --exclude --manifest-path",
        "workspace": "channel platform environment feature name version description requires-pixi register export",
        **dict.fromkeys("completion diff history launch redo restore switch trust undo".split(), ""),  # noqa: SIM905
    }.items()
}
"""Sub-commands with their usual flags (or sub-commands of their own), for completion: the engine offers the rest."""


def complete(context: Context, line: str) -> list[str]:
    """What may stand at the end of `line`: sub-commands first, then flags, then what the engine offers."""
    words = line.lstrip("% ").split()
    begun = "" if line[-1:].isspace() else words.pop()
    if len(words) <= 1:
        return [name for name in COMMANDS if name.startswith(begun)] if words else []
    flag = begun.startswith("-")
    known = COMMANDS.get(words[1], ()) if flag or len(words) == 2 else ()
    if flag and words[1] in ("run", "exec") and line.lstrip().startswith("%%"):
        known = (*known, "--export", "--allow-pickle")
    found = [offer for offer in known if offer.startswith("-") == flag]
    found += offers(context, words[1:], begun)
    return [offer for offer in dict.fromkeys(found) if offer.startswith(begun)]


def offers(context: Context, words: Sequence[str], begun: str) -> list[str]:
    """What the engine offers for a word: environments, tasks, packages … Nothing when it takes too long."""
    named = ["--manifest-path", context.manifest] if context.manifest else []
    argv = [context.python, "-P", "-m", "jupyter_pixi", "complete", *named, "--", *words, begun]
    environ = child_environ(context, ["complete"], colour=False, columns=120)
    try:
        ended = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=OFFER_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return ended.stdout.split()
