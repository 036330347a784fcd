"""Turns `workspace activation …` into edits of `[activation]` tables, and into the listing of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ...errors import PixiError
from ...manifest.edit import ManifestEditor, Where
from ...manifest.model import DEFAULT, Activation, Feature
from ..changing.edits import Edit, Said
from ..changing.place import target_at
from ..workspace import OpenWorkspace


def add_scripts(scripts: Sequence[str], where: Where, *, prepend: bool = False) -> Edit:
    """`activation script add` and `prepend`: paths relative to the workspace. One that is there stays where it is.

    The edit raises PixiError for a file that does not exist.
    """

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        editor.open_environment(where)
        present = _present(opened, where).scripts or ()
        new = [script for script in dict.fromkeys(scripts) if script not in present]
        for script in new:
            if not (opened.root / script).is_file():
                raise PixiError(
                    f"the activation script '{script}' does not exist",
                    help=f"Its path counts from {opened.root}.",
                    code="activation",
                )
        for script in reversed(new) if prepend else new:
            editor.document.append((*editor.table(where, "activation"), "scripts"), script, first=prepend)
        there = tuple(f"{script} is there already" for script in scripts if script in present)
        return Said((*(f"Added activation script {script}{_at(where)}" for script in new), *there))

    return edit


def remove_scripts(scripts: Sequence[str], where: Where) -> Edit:
    """`activation script remove`. The edit raises PixiError for one that is not in that table."""

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        present = list(_present(opened, where).scripts or ())
        for script in scripts:
            if script not in present:
                raise _missing(f"the activation script '{script}'", present, where)
            editor.document.remove_item((*editor.table(where, "activation"), "scripts"), present.index(script))
            present.remove(script)
        return Said(tuple(f"Removed activation script {script}{_at(where)}" for script in scripts))

    return edit


def set_variables(variables: Mapping[str, str], where: Where) -> Edit:
    """`activation env set`: new variables, or new values of those that are there."""

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        editor.open_environment(where)
        for name, value in variables.items():
            editor.document.set((*editor.table(where, "activation"), "env", name), value)
        return Said(tuple(f"Set {name}{_at(where)}" for name in variables))

    return edit


def remove_variables(names: Sequence[str], where: Where) -> Edit:
    """`activation env remove`. The edit raises PixiError for one that is not in that table."""

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        present = _present(opened, where).env
        for name in names:
            if name not in present:
                raise _missing(f"the activation variable '{name}'", present, where)
            editor.document.remove((*editor.table(where, "activation"), "env", name))
        return Said(tuple(f"Removed {name}{_at(where)}" for name in names))

    return edit


def lines(opened: OpenWorkspace, where: Where, *, scripts: bool = True, variables: bool = True) -> Iterator[str]:
    """`activation list`: every table that says something, or those of one feature, environment or target.

    An environment's are those of its features, in their order. Raises PixiError for one that is not there.
    """
    for feature, name in _features(opened, where):
        for target in feature.targets:
            if where.platform is not None and target.selector != where.platform:
                continue
            said = target.activation or Activation()
            found = [f"    {script}" for script in said.scripts or () if scripts]
            found += [f"    {key} = {value}" for key, value in said.env.items() if variables]
            if found:
                yield f"{name} ({target.selector}):" if target.selector else f"{name}:"
                yield from found


def _features(opened: OpenWorkspace, where: Where) -> list[tuple[Feature, str]]:
    if where.environment is not None:
        return [(f, _name(f, where.environment)) for f in opened.environment(where.environment).features]
    if where.feature is not None:
        if where.feature not in opened.manifest.features:
            raise PixiError(f"could not find a feature named '{where.feature}'", code="unknown")
        return [(opened.manifest.features[where.feature], where.feature)]
    found = [(feature, name) for name, feature in opened.manifest.features.items()]
    inline = [(spec.inline, _name(spec.inline, n)) for n, spec in opened.manifest.environments.items() if spec.inline]
    return [*found, *inline]


def _name(feature: Feature, environment: str) -> str:
    return f"environment {environment}" if feature.is_inline else feature.name


def _present(opened: OpenWorkspace, where: Where) -> Activation:
    target = target_at(opened.manifest, where)
    return (target.activation if target is not None else None) or Activation()


def _missing(what: str, present: Iterable[str], where: Where) -> PixiError:
    known = ", ".join(present) or "none"
    return PixiError(f"{what} does not exist{_at(where)}", help=f"There are: {known}.", code="activation")


def _at(where: Where) -> str:
    """Where in the manifest, for a sentence; nothing for the workspace's own table."""
    place = f" for environment {where.environment}" if where.environment else ""
    place += f" for feature {where.feature}" if where.feature not in (None, DEFAULT) else ""
    return place + (f" on {where.platform}" if where.platform else "")
