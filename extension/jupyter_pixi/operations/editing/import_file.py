"""Turns a conda environment file or a requirements file into an environment of the workspace at hand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import PixiError, UsageError
from ...manifest.edit import ManifestEditor, Where
from ..changing.edits import Said, edit_manifest
from ..changing.place import declare_platforms, feature_at
from ..context import Context
from ..result import Changed
from ..workspace import OpenWorkspace
from .foreign import Foreign, environment_yml, read_text, requirements_txt
from .workspace_edit import environment_toml

FORMATS = ("conda-env", "pypi-txt")
_NAME = re.compile(r"[a-z0-9-]+\Z")
_MISSING = "Missing name: provide --feature or --environment, or set `name:` in input file for the conda-env format."


@dataclass(frozen=True)
class ImportOptions:
    """What `import` was asked for; field names are its flags."""

    file: Path
    format: str | None = None
    feature: str | None = None
    environment: str | None = None
    platforms: tuple[str, ...] = ()


async def import_file(context: Context, options: ImportOptions) -> Changed:
    """Take the file over; the lock file stays as it is, as with Pixi. Raises PixiError, with nothing changed."""
    foreign = _read(options)
    environment = options.environment or options.feature or foreign.name
    if environment is None:
        raise PixiError(_MISSING)
    if not _NAME.match(environment):
        raise PixiError(
            f"Failed to parse environment name '{environment}', please use only lowercase letters, numbers and dashes",
            help="Give another one with --environment.",
        )

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        _take_over(opened, editor, foreign, environment, options)
        return Said((f"Imported to {opened.manifest.path}",), foreign.notes)

    return await edit_manifest(context, edit, lock=False)


def _read(options: ImportOptions) -> Foreign:
    text = read_text(options.file)
    if options.format == "conda-env":
        return environment_yml(text, options.file)
    if options.format == "pypi-txt":
        return requirements_txt(text, options.file)
    problems = []
    for read in (environment_yml, requirements_txt):
        try:
            found = read(text, options.file)
            if read is requirements_txt and not (options.feature or options.environment):
                raise PixiError(_MISSING)
            if read is environment_yml and not (found.name or options.feature or options.environment):
                raise PixiError(_MISSING)
            return found
        except PixiError as error:
            problems.append(error.message)
    raise PixiError(
        "Tried all formats for input file, but none were successful. Pass a `format` argument to see the specific "
        "error for that format.",
        help=f"As {FORMATS[0]}: {problems[0]}; as {FORMATS[1]}: {problems[1]}",
    )


def _take_over(
    opened: OpenWorkspace, editor: ManifestEditor, foreign: Foreign, environment: str, options: ImportOptions
) -> None:
    where = Where(feature=options.feature) if options.feature else Where(environment=environment)
    keys = (*editor.root, "environments", environment)
    is_new = not editor.document.has(keys)
    if where.environment is not None and is_new:
        editor.document.set((*keys, "no-default-feature"), True)
    editor.open_environment(where)
    declare_platforms(editor, opened.manifest, options.platforms)
    feature = feature_at(opened.manifest, where)
    _extend(editor, (*_base(editor, where), "platforms"), options.platforms, feature.platforms if feature else None)
    channels = tuple(c.channel for c in feature.channels or ()) if feature else None
    wanted = foreign.all_channels(opened.config.channel_alias) or (("conda-forge",) if foreign.conda else ())
    _extend(editor, (*_base(editor, where), "channels"), wanted, channels)
    targets: Sequence[str | None] = options.platforms or (None,)
    for platform in targets:
        there = replace(where, platform=platform)
        for name, conda in foreign.conda:
            editor.set_conda(name, conda, there)
        for name, pypi in foreign.pypi:
            editor.set_pypi(name, pypi, there)
    if options.feature is not None:
        _enlist(opened, editor, options.feature, environment)


def _base(editor: ManifestEditor, where: Where) -> tuple[str, ...]:
    return editor.table(where, "")[:-1]


def _extend(editor: ManifestEditor, keys: tuple[str, ...], names: Sequence[str], present: Sequence[str] | None) -> None:
    for name in names:
        if name not in (present or ()):
            editor.document.append(keys, name)


def _enlist(opened: OpenWorkspace, editor: ManifestEditor, feature: str, environment: str) -> None:
    """Name the feature in the environment, which is made without the default feature if there is none."""
    keys = (*editor.root, "environments", environment)
    spec = opened.manifest.environments.get(environment)
    if not editor.document.has(keys) or spec is None:
        editor.document.set(keys, environment_toml([feature], None, True))
    elif feature not in spec.features:
        array = keys if editor.document.array(keys) is not None else (*keys, "features")
        editor.document.append(array, feature)


def check_format(text: str | None) -> str | None:
    """The format as Pixi spells it, whatever case it was typed in. Raises UsageError for another."""
    if text is None or text.lower() in FORMATS:
        return text.lower() if text else None
    raise UsageError(f"invalid value '{text}' for '--format <FORMAT>'", help=f"Possible values: {', '.join(FORMATS)}.")
