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
    """`activation script add` and `prepend`: paths relative to the workspace.

    One that is there stays where it is, or moves to the front. One that is no file (yet) is told.
    """

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        editor.open_environment(where)
        present = list(_present(opened, where).scripts or ())
        keys = (*editor.table(where, "activation"), "scripts")
        wanted = list(dict.fromkeys(scripts))
        there = [script for script in wanted if script in present]
        new = [script for script in wanted if script not in present]
        if prepend:
            for script in there:
                editor.document.remove_item(keys, present.index(script))
                present.remove(script)
            for script in reversed(wanted):
                editor.document.append(keys, script, first=True)
            moved = tuple(f"Moved activation script {script} to the front{_at(where)}" for script in there)
        else:
            for script in new:
                editor.document.append(keys, script)
            moved = tuple(f"{script} is there already" for script in there)
        missing = tuple(
            f"the activation script '{script}' does not exist yet. Its path counts from {opened.root}."
            for script in wanted
            if not (opened.root / script).is_file()
        )
        return Said((*(f"Added activation script {script}{_at(where)}" for script in new), *moved), missing)

    return edit


def remove_scripts(scripts: Sequence[str], where: Where) -> Edit:
    """`activation script remove`. The edit raises PixiError for one that is not in that table.

    With the last of them goes the table, unless it holds variables.
    """

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        present = list(_present(opened, where).scripts or ())
        keys = (*editor.table(where, "activation"), "scripts")
        for script in scripts:
            if script not in present:
                raise _missing(f"the activation script '{script}'", present, where)
            editor.document.remove_item(keys, present.index(script))
            present.remove(script)
        if not present:
            editor.document.remove(keys)
            editor.prune(where, "activation", declared=_is_used(opened, where))
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
    """`activation env remove`. The edit raises PixiError for one that is not in that table.

    With the last of them goes the table, unless it holds scripts.
    """

    def edit(opened: OpenWorkspace, editor: ManifestEditor) -> Said:
        present = list(_present(opened, where).env)
        keys = (*editor.table(where, "activation"), "env")
        for name in names:
            if name not in present:
                raise _missing(f"the activation variable '{name}'", present, where)
            editor.document.remove((*keys, name))
            present.remove(name)
        if not present:
            if editor.document.has(keys):
                editor.document.remove(keys)
            editor.prune(where, "activation", declared=_is_used(opened, where))
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


def _is_used(opened: OpenWorkspace, where: Where) -> bool:
    """Whether an environment refers to the feature, which then has to stay declared."""
    return any(where.feature in spec.features for spec in opened.manifest.environments.values())


def _missing(what: str, present: Iterable[str], where: Where) -> PixiError:
    known = ", ".join(present) or "none"
    return PixiError(f"{what} does not exist{_at(where)}", help=f"There are: {known}.", code="activation")


def _at(where: Where) -> str:
    """Where in the manifest, for a sentence; nothing for the workspace's own table."""
    place = f" for environment {where.environment}" if where.environment else ""
    place += f" for feature {where.feature}" if where.feature not in (None, DEFAULT) else ""
    return place + (f" on {where.platform}" if where.platform else "")
