"""Turns "add these packages" into a changed manifest, a lock that covers it everywhere, and an installed prefix.

The order is the transaction's (design, section 4) and the places, pins and sentences are Pixi's
(docs/reference/cli/pixi/add.md).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import PixiError, UsageError
from ...lockfile.model import LockFile
from ...manifest.edit import ManifestEditor, Where, Written, conda_name, pypi_name
from ...manifest.model import CondaSpec, PypiSpec
from ...manifest.specs_text import parse_conda, parse_pypi
from ..context import Context
from ..locking.relock import Freedom, Relocked, relock
from ..policy import refuse_credentials
from ..publishing.publication import workspace_lock
from ..result import Changed
from ..scripts import has_no_lock
from ..workspace import OpenWorkspace, open_workspace, with_manifest
from .change import carry_out
from .pinning import conda_pin, locked_versions, pypi_pin
from .place import Placement, concerned, declare_platforms, place, target_at
from .plan import Change, Pins


@dataclass(frozen=True)
class AddOptions:
    """What `add` was asked for; field names are its flags."""

    specs: tuple[str, ...]
    pypi: bool = False
    feature: str | None = None
    environment: str | None = None
    platforms: tuple[str, ...] = ()
    pinning_strategy: str | None = None
    editable: bool = False
    index: str | None = None
    path: str | None = None
    git: str | None = None
    branch: str | None = None
    tag: str | None = None
    rev: str | None = None
    subdirectory: str | None = None
    table: str = "dependencies"
    dry_run: bool = False
    restart: bool = False
    force_loaded: bool = False
    adopt: bool = False


@dataclass(frozen=True)
class Asked:
    """One requested package: how it was typed, and its spec."""

    text: str
    name: str
    conda: CondaSpec | None = None
    pypi: PypiSpec | None = None

    @property
    def key(self) -> str:
        """The name as it is compared."""
        return pypi_name(self.name) if self.pypi is not None else conda_name(self.name)

    @property
    def open(self) -> bool:
        """Whether no version (and no location) was given, so that the manifest gets a pin."""
        return self._is_from_a_channel_or_index and self._version is None

    @property
    def is_free(self) -> bool:
        """Whether any version will do: none was given, or `*`."""
        return self._is_from_a_channel_or_index and self._version in (None, "*")

    def pin(self, lock: LockFile, pairs: frozenset[tuple[str, str]], strategy: str | None) -> str | None:
        """The version spec that says what is locked of it in these pairs; None where nothing can be said."""
        if self.pypi is not None:
            return pypi_pin(locked_versions(lock, self.key, "pypi", pairs), strategy)
        return conda_pin(self.key, locked_versions(lock, self.key, "conda", pairs), strategy)

    @property
    def _version(self) -> str | None:
        spec = self.pypi or self.conda
        return spec.version if spec is not None else None

    @property
    def _is_from_a_channel_or_index(self) -> bool:
        if self.pypi is not None:
            return self.pypi.is_registry
        assert self.conda is not None
        return (self.conda.url or self.conda.path or self.conda.git) is None


async def add(context: Context, options: AddOptions) -> Changed:
    """Add packages to the manifest, lock and install. Raises PixiError; manifest and lock are then as before."""
    if not options.specs:
        raise UsageError("the following required arguments were not provided: <SPEC>...")
    opened = open_workspace(context)
    if options.path is not None:
        options = replace(options, path=_local(options.path, opened, context))
    asked = _adopted(opened, context, options) if options.adopt else tuple(_asked(t, options) for t in options.specs)
    placement = place(opened, context, options.feature, options.environment, options.platforms)
    if _nothing_to_write(opened, placement, asked):
        return await _already_there(opened, context, placement, asked, options)
    with workspace_lock(opened.root, context, writes=not options.dry_run):
        opened = open_workspace(context)
        return await _add(opened, context, placement, asked, options)


def _adopted(opened: OpenWorkspace, context: Context, options: AddOptions) -> tuple[Asked, ...]:
    from .adopting import adopted

    found = adopted(opened, context, options.specs, lambda path: _local(path, opened, context))
    return tuple(Asked(each.text, each.name, pypi=each.spec) for each in found)


def _local(path: str, opened: OpenWorkspace, context: Context) -> str:
    """A folder that was named from where the user is, as it is written: from the manifest on, with `/`.

    A manifest in it stands for the folder. Raises PixiError where there is nothing.
    """
    target = (context.cwd / Path(path).expanduser()).resolve()
    if not target.exists():
        raise PixiError(f"There is nothing at {target}.", help="`--path` takes the folder of the package.")
    if target.name in ("pyproject.toml", "pixi.toml"):
        target = target.parent
    below = Path(os.path.relpath(target, opened.root.resolve())).as_posix()
    return below if below.startswith("..") else f"./{below}" if below != "." else "."


def _asked(text: str, options: AddOptions) -> Asked:
    refuse_credentials(b"", " ".join((text, options.git or "", options.index or "")).encode())
    if options.pypi:
        name, pypi = parse_pypi(text)
        pypi = replace(pypi, editable=options.editable or pypi.editable, index=options.index or pypi.index)
        if options.path is not None:
            pypi = replace(pypi, path=options.path, version=None)
        if options.git is not None:
            pypi = replace(pypi, git=options.git, branch=options.branch, tag=options.tag, rev=options.rev)
            pypi = replace(pypi, subdirectory=options.subdirectory)
        return Asked(text, name, pypi=pypi)
    name, conda = parse_conda(text)
    if options.path is not None:
        conda = replace(conda, path=options.path, version=None)
    if options.git is not None:
        conda = replace(conda, git=options.git, branch=options.branch, tag=options.tag, rev=options.rev)
        conda = replace(conda, subdirectory=options.subdirectory)
    return Asked(text, name, conda=conda)


def _present(opened: OpenWorkspace, where: Where, item: Asked) -> CondaSpec | tuple[PypiSpec, ...] | None:
    """What the very table of a place says of the package already."""
    target = target_at(opened.manifest, where)
    if target is None:
        return None
    if item.pypi is not None:
        return target.pypi_dependencies.get(item.key)
    return target.dependencies.get(item.key)


def _is_there(opened: OpenWorkspace, where: Where, item: Asked) -> bool:
    """Whether the manifest needs no change for this package at this place."""
    present = _present(opened, where, item)
    if present is None:
        return False
    if item.is_free:
        plain = item.conda is None or not (item.conda.build or item.conda.build_number)
        return plain and (item.pypi is None or not (item.pypi.extras or item.pypi.env_markers))
    if isinstance(present, tuple):
        return present == (item.pypi,)
    return present == item.conda


def _nothing_to_write(opened: OpenWorkspace, placement: Placement, asked: Sequence[Asked]) -> bool:
    return all(_is_there(opened, where, item) for where in placement.wheres for item in asked)


async def _already_there(
    opened: OpenWorkspace, context: Context, placement: Placement, asked: Sequence[Asked], options: AddOptions
) -> Changed:
    """Step 0: the manifest says it already. Lock and prefix are brought up to date if they are not."""
    lines = tuple(_present_line(opened, placement.wheres[0], item) for item in asked)
    up_to_date = opened.lock is not None and opened.verdict.up_to_date
    only_told = context.locked and not up_to_date and not context.frozen
    change = Change(
        opened,
        opened,
        relocked=Relocked(opened.lock, None) if up_to_date and opened.lock else None,
        lock_stays=context.frozen or only_told,
    )
    result = await carry_out(change, context, dry_run=options.dry_run, restart=options.restart, install=not only_told)
    return replace(result, lines=lines + result.lines)


def _present_line(opened: OpenWorkspace, where: Where, item: Asked) -> str:
    present = _present(opened, where, item)
    if isinstance(present, CondaSpec) and present.workspace:
        return (
            f"`{item.name}` is already a dependency, and inherits from `[workspace.dependencies]`; change it there, or "
            "add it with a version to give this place its own"
        )
    return f"`{item.name}` is already a dependency; to move it to a newer version run `pixi upgrade {item.name}`"


async def _add(
    opened: OpenWorkspace, context: Context, placement: Placement, asked: Sequence[Asked], options: AddOptions
) -> Changed:
    provisional = with_manifest(opened, _edited(opened, placement, asked, options).data)
    pairs = concerned(provisional.environments, placement.wheres)
    if has_no_lock(opened):
        await relock(provisional, context, Freedom())
        return await _written_only(opened, provisional, context, placement, asked, options)
    if not pairs or context.frozen or context.locked:
        return await _written_only(opened, provisional, context, placement, asked, options)
    written = [item for item in asked if not _nothing_to_write(opened, placement, (item,))]
    freedom = Freedom(unlock=frozenset(item.key for item in written), pairs=pairs)

    async def worked_out(pins: Pins | None) -> Change:
        editor = _edited(opened, placement, asked, options)
        free = replace(freedom, pinned=pins)
        solved = await relock(provisional, context, free)
        lines, shown = _pin(editor, opened, solved.lock, placement, asked, options, pairs)
        final = with_manifest(opened, editor.data)
        settled = await settle(final, solved.lock, context, free)
        said = _lines(shown, placement, options)
        return Change(opened, final, settled, tuple(lines), said, again=worked_out, for_caller=_is_plain(options))

    return await carry_out(
        await worked_out(None),
        context,
        dry_run=options.dry_run,
        restart=options.restart,
        force_loaded=options.force_loaded,
        wanted=tuple(item.key for item in asked),
    )


def _is_plain(options: AddOptions) -> bool:
    """Whether nothing says that the packages are for somewhere else than the calling kernel's environment."""
    return not (options.feature or options.environment or options.platforms)


def _edited(opened: OpenWorkspace, placement: Placement, asked: Sequence[Asked], options: AddOptions) -> ManifestEditor:
    """The manifest with the requested packages, without pins."""
    editor = ManifestEditor(opened.manifest_data, opened.manifest.path)
    declare_platforms(editor, opened.manifest, placement.platforms)
    for where in placement.wheres:
        for item in asked:
            if not _is_there(opened, where, item):
                _write(editor, where, item, None, options)
    return editor


async def settle(final: OpenWorkspace, lock: LockFile, context: Context, freedom: Freedom) -> Relocked:
    """The lock of the pinned manifest: the solved one, or solved again where a pin does not hold everywhere."""
    from ...lockfile import write_lock
    from ...lockfile.check import check

    verdict = check(final.manifest, final.environments, lock)
    if verdict.up_to_date:
        data = write_lock(lock, final.platforms).encode()
        return Relocked(lock, None if data == final.lock_data else data)
    return await relock(replace(final, lock=lock), context, freedom)


async def _written_only(
    opened: OpenWorkspace,
    provisional: OpenWorkspace,
    context: Context,
    placement: Placement,
    asked: Sequence[Asked],
    options: AddOptions,
) -> Changed:
    """No environment is concerned, or the lock may not change: the manifest alone is written, unpinned."""
    lines = _lines([(item, None) for item in asked], placement, options)
    notes: tuple[str, ...] = ()
    if placement.feature is not None and not (context.frozen or context.locked):
        names = " ".join(item.name for item in asked)
        notes = (
            f"The feature {placement.feature} is not used in any environment, so the added dependencies were not "
            "resolved or pinned\n"
            f"  Add it to an environment with `pixi workspace environment add <environment> "
            f"--feature {placement.feature}`\n"
            f"  Then run `pixi upgrade --feature {placement.feature} {names}` to resolve and pin the dependencies",
        )
    change = Change(opened, provisional, relocked=None, lines=lines, notes=notes, lock_stays=True)
    return await carry_out(change, context, dry_run=options.dry_run, install=False)


def _write(editor: ManifestEditor, where: Where, item: Asked, pin: str | None, options: AddOptions) -> Written:
    """Write one spec, with the pin where it has no version."""
    if item.pypi is not None:
        spec = replace(item.pypi, version=pin or "*") if item.open else item.pypi
        return editor.set_pypi(item.name, spec, where)
    assert item.conda is not None
    conda = replace(item.conda, version=pin) if item.open else item.conda
    return editor.set_conda(item.name, conda, where, options.table)


def _pin(
    editor: ManifestEditor,
    opened: OpenWorkspace,
    lock: LockFile,
    placement: Placement,
    asked: Sequence[Asked],
    options: AddOptions,
    pairs: frozenset[tuple[str, str]],
) -> tuple[list[Written], list[tuple[Asked, str | None]]]:
    """Replace the provisional versions by pins. Returns the lines written and each package with its pin."""
    written: list[Written] = []
    shown: list[tuple[Asked, str | None]] = []
    for item in asked:
        pin = None
        if item.open:
            strategy = options.pinning_strategy or opened.config.pinning_strategy
            pin = item.pin(lock, pairs, strategy)
        for where in placement.wheres:
            if not _is_there(opened, where, item):
                written.append(_write(editor, where, item, pin, options))
        shown.append((item, pin))
    return written, shown


def _shown_name(item: Asked) -> str:
    """The name, with the channel that it was asked for from."""
    return f"{item.conda.channel}::{item.name}" if item.conda is not None and item.conda.channel else item.name


def _lines(shown: Sequence[tuple[Asked, str | None]], placement: Placement, options: AddOptions) -> tuple[str, ...]:
    lines = [f"Added {_shown_name(item)} {pin}" if pin else f"Added {item.text}" for item, pin in shown]
    lines += ["Added these as pypi-dependencies."] if options.pypi else []
    lines += [f"Added {line}" for line in placement.only()]
    lines += [placement.because] if placement.because else []
    return tuple(lines)
