"""Turns the commands that change something into operations, and tells their results."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Coroutine
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import UsageError
from ..operations.context import Context
from .output import Output
from .running import operation

if TYPE_CHECKING:
    from ..lockfile.diff import LockDiff
    from ..operations.changing.add import AddOptions
    from ..operations.changing.remove import RemoveOptions
    from ..operations.installing.install import Installed
    from ..operations.result import Changed

    _Options = TypeVar("_Options", AddOptions, RemoveOptions)


def add(arguments: Namespace) -> int:
    """`add SPEC…`."""
    from ..operations.changing.add import AddOptions
    from ..operations.changing.add import add as work

    _refuse_places_of_a_script(arguments, "add")
    _refuse_flags_without_their_own(arguments)
    return _made(arguments, work, _asked(AddOptions, arguments, specs=tuple(arguments.specs)))


def remove(arguments: Namespace) -> int:
    """`remove NAME…`."""
    from ..operations.changing.remove import RemoveOptions
    from ..operations.changing.remove import remove as work

    _refuse_places_of_a_script(arguments, "remove")
    return _made(arguments, work, _asked(RemoveOptions, arguments, names=tuple(arguments.specs)))


_NEEDS = {"branch": "git", "tag": "git", "rev": "git", "subdirectory": "git", "editable": "pypi", "index": "pypi"}
_EXCLUDES = {"path": ("git",), "index": ("git", "path")}


def _refuse_flags_without_their_own(arguments: Namespace) -> None:
    """Flags of `add` that mean nothing by themselves, or contradict each other. UsageError."""
    for flag, needed in _NEEDS.items():
        if getattr(arguments, flag) and not getattr(arguments, needed):
            raise UsageError(f"--{flag} needs --{needed}")
    for flag, others in _EXCLUDES.items():
        for other in others:
            if getattr(arguments, flag) and getattr(arguments, other):
                raise UsageError(f"the argument '--{flag}' cannot be used with '--{other}'")
    if arguments.pypi and arguments.table != "dependencies":
        raise UsageError(f"the argument '--pypi' cannot be used with '--{arguments.table.partition('-')[0]}'")


def _refuse_places_of_a_script(arguments: Namespace, command: str) -> None:
    if getattr(arguments, "script", None):
        from ..operations.scripts import refuse_options

        refuse_options(command, {"--feature": arguments.feature, "--environment": arguments.environment})


def _asked(options: type[_Options], arguments: Namespace, **given: Any) -> _Options:
    """The options of a change; those that are not given are the flags of their names."""
    names = [field.name for field in fields(options) if field.name not in ("platforms", *given)]
    flags = {name: getattr(arguments, name) for name in names}
    return options(**flags, **given, platforms=tuple(arguments.platform))


def _made(
    arguments: Namespace, work: Callable[[Context, _Options], Coroutine[Any, Any, Changed]], options: _Options
) -> int:
    return told(arguments, operation(arguments, lambda c: work(c, options), record=not arguments.dry_run))


def upgrade(arguments: Namespace) -> int:
    """`upgrade [NAME…]`: prints what moved, as Pixi does."""
    from ..operations.changing.upgrade import upgrade as work

    async def run(context: Context) -> Changed:
        return await work(
            context,
            tuple(arguments.specs),
            feature=arguments.feature,
            environment=arguments.environment,
            exclude=tuple(arguments.exclude),
            dry_run=arguments.dry_run,
            restart=arguments.restart,
            force_loaded=arguments.force_loaded,
        )

    changed = operation(arguments, run, record=not arguments.dry_run)
    output: Output = arguments.output
    if arguments.json and changed.diff is not None:
        output.json(changed.diff.to_json())
    elif changed.diff is not None and changed.diff.rows():
        _say_diff(output, changed.diff)
    else:
        output.success(changed.lines[0])
    for note in changed.notes if not arguments.json else ():
        output.warn(note)
    output.result(changed.data())
    return 0


def update(arguments: Namespace) -> int:
    """`update [NAME…]`: the lock only."""
    from ..operations.changing.update import update as work

    async def run(context: Context) -> LockDiff:
        return await work(
            context,
            tuple(arguments.specs),
            environments=tuple(arguments.environment),
            platforms=tuple(arguments.platform),
            dry_run=arguments.dry_run,
        )

    diff = operation(arguments, run, record=not arguments.dry_run)
    output: Output = arguments.output
    changed = bool(diff.rows())
    if arguments.json:
        output.json(diff.to_json())
    elif not changed:
        output.success("Lock-file was already up-to-date")
    else:
        if not arguments.dry_run:
            output.success("Updated lock file")
        _say_diff(output, diff)
    output.result({"kind": "update", "diff": diff.to_json(), "dry_run": arguments.dry_run})
    return 0


_DRY_RUN = {True: "be updated (not written to disk)", False: "not change"}


def lock(arguments: Namespace) -> int:
    """`lock`, `lock --check`: exit status 1 if the check fails."""
    from ..operations.locking.lock import lock as work

    quiet = arguments.check or arguments.dry_run
    locked = operation(arguments, lambda c: work(c, check=arguments.check, dry_run=arguments.dry_run), record=not quiet)
    output: Output = arguments.output
    if arguments.json:
        output.json(locked.diff.to_json())
    elif arguments.dry_run:
        output.say(f"Dry-run: lock file would {_DRY_RUN[locked.changed]}")
        _say_diff(output, locked.diff)
    elif not locked.changed:
        output.success("Lock-file was already up-to-date")
    elif arguments.check:
        output.say(f"The lock file is not up to date: {locked.reason}" if locked.reason else "It is not up to date.")
        _say_diff(output, locked.diff)
    else:
        output.success("Updated lock file")
        _say_diff(output, locked.diff)
    output.result({"kind": "lock", "changed": locked.changed, "reason": locked.reason, "check": arguments.check})
    return 1 if arguments.check and locked.changed else 0


def install(arguments: Namespace) -> int:
    """`install [-e ENV…]`."""
    from ..operations.installing.install import InstallOptions
    from ..operations.installing.install import install as work

    options = InstallOptions(
        environments=tuple(arguments.environment),
        all=arguments.all,
        platform=arguments.platform,
        repair=arguments.repair,
        skip=tuple(arguments.skip),
        skip_with_deps=tuple(arguments.skip_with_deps),
        only=tuple(arguments.only),
        restart=arguments.restart,
        force_loaded=arguments.force_loaded,
    )
    done = operation(arguments, lambda c: work(c, options))
    return _told_install(arguments, done)


def reinstall(arguments: Namespace) -> int:
    """`reinstall [NAME…]`."""
    from ..operations.installing.install import InstallOptions
    from ..operations.installing.install import install as work

    names = frozenset(arguments.specs)
    options = InstallOptions(environments=tuple(arguments.environment), all=arguments.all, reinstall=names or "all")
    done = operation(arguments, lambda c: work(c, options))
    return _told_install(arguments, done, "re-installed")


def _told_install(arguments: Namespace, done: Installed, word: str = "installed") -> int:
    output: Output = arguments.output
    if len(done.environments) == 1:
        output.success(f"The {done.environments[0]} environment has been {word}.")
    else:
        output.success(f"The following environments have been {word}: {', '.join(done.environments)}.")
    if arguments.json:
        output.json(done.data())
    output.result({**done.data(), "activation": done.activation})
    return 0


_DONE = ("Added ", "Removed ", "Took back ", "Did again ", "Manifest and lock file are ")


def told(arguments: Namespace, changed: Changed) -> int:
    """Tell a change that was made: sentences, the diff of a dry run, the document. Returns the exit status."""
    output: Output = arguments.output
    for line in changed.lines:
        done = line.startswith(_DONE) and not line.startswith(("Added these", "Removed these"))
        if done and not changed.dry_run:
            output.success(line)
        else:
            output.say(line)
    for note in changed.notes:
        output.warn(note)
    if changed.dry_run:
        if changed.diff is not None:
            _say_diff(output, changed.diff)
        output.say("This is what would be done; nothing was changed.")
    if arguments.json:
        output.json(changed.diff.to_json() if changed.diff is not None else {"version": 1, "environment": {}})
    output.result(changed.data())
    return 0


def _say_diff(output: Output, diff: LockDiff) -> None:
    from .tables import diff_text

    text = diff_text(diff)
    if text:
        output.say(text)
