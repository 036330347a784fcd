"""The `[environments]` table -> what each environment is made of, checked against the features that there are."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ManifestError
from .feature import Context, read_inline_feature
from .legacy import libc_conflict
from .model import DEFAULT, EnvironmentSpec, Feature
from .pypi_options import union
from .tasks import environment_name
from .toml import Table, Value


def read_environments(
    table: Table | None, features: Mapping[str, Feature], context: Context
) -> dict[str, EnvironmentSpec]:
    """The environments in the order written; `default` comes first if the table does not redefine it.

    Raises ManifestError for a wrong name, an undefined or repeated feature, or features that contradict each other.
    """
    found: dict[str, EnvironmentSpec] = {}
    entries = list(table.values()) if table is not None else []
    if all(name != DEFAULT for name, _ in entries):
        found[DEFAULT] = EnvironmentSpec(DEFAULT)
    for name, value in entries:
        assert table is not None
        try:
            environment_name(Value(table.doc, value.keys, name))
        except ManifestError as error:
            raise table.key_error(name, str(error)) from None
        spec = _read(name, value, context)
        _check(spec, value, features)
        found[name] = spec
    return found


def _read(name: str, value: Value, context: Context) -> EnvironmentSpec:
    if isinstance(value.raw, list):
        return EnvironmentSpec(name, value.strings())
    if not isinstance(value.raw, dict):
        raise value.wanted("either a map or a sequence")
    table = value.table()
    features, group = table.strings("features"), table.string("solve-group")
    without_default = table.boolean("no-default-feature") or False
    inline = read_inline_feature(name, table, context)
    table.close()
    if inline is None and features is None and group is None:
        raise table.error("missing field 'features' in table")
    return EnvironmentSpec(name, features or (), group, without_default, inline)


def _check(spec: EnvironmentSpec, value: Value, features: Mapping[str, Feature]) -> None:
    listed = value if isinstance(value.raw, list) else value.table().ask("features") or value
    for index, name in enumerate(spec.features):
        item = listed.items()[index]
        if name not in features:
            raise item.error(
                f"The feature '{name}' is not defined in the manifest", help="Add the feature to the manifest"
            )
        if name in spec.features[:index]:
            raise item.error(
                f"The feature '{name}' is included more than once.",
                help="Since the order of the features matters, a duplicate feature is ambiguous",
            )
    used = ordered_features(spec, features)
    conflict = libc_conflict(used)
    if conflict is not None:
        raise listed.error(f"two different libc families were specified: '{conflict[0]}' and '{conflict[1]}'")
    try:
        union(feature.pypi_options for feature in used)
    except ValueError as error:
        raise listed.error(str(error)) from None


def ordered_features(spec: EnvironmentSpec, features: Mapping[str, Feature]) -> tuple[Feature, ...]:
    """The features of an environment in Pixi's order: inline content first, `default` last."""
    own = [] if spec.inline is None else [spec.inline]
    own += [features[name] for name in spec.features if name in features]
    if not spec.no_default_feature and DEFAULT not in spec.features:
        own.append(features[DEFAULT])
    return tuple(own)
