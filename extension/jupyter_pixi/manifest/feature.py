"""The tables of a feature (root tables, `[feature.X]`, or the inline content of an environment) -> a Feature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .channels import read_feature_channels
from .conda_specs import read_constraints, read_dependencies, read_dev
from .legacy import read_system_requirements
from .model import (
    Activation,
    ChannelSpec,
    CondaSpec,
    Feature,
    PypiOptions,
    Target,
    VirtualPackage,
)
from .platforms import name_problem
from .pypi_options import one_of, read_pypi_options
from .pypi_specs import read_pypi_dependencies
from .targets import read_selector
from .tasks import read_tasks
from .toml import Table, Value

CHANNEL_PRIORITIES = ("strict", "flexible", "disabled")
SOLVE_STRATEGIES = ("highest", "lowest", "lowest-direct")


@dataclass(frozen=True)
class Context:
    """What reading a feature needs to know of the workspace."""

    sources: bool = False  # preview pixi-build: source packages are allowed
    pool: Mapping[str, CondaSpec] = field(default_factory=dict)  # workspace.dependencies


def read_root_feature(table: Table, context: Context) -> Feature:
    """The default feature of the root tables (all but channel-priority and solve-strategy, the workspace's)."""
    targets = _targets(table, context)
    return Feature(
        "default",
        targets,
        pypi_options=_pypi_options(table),
        system_requirements=_system_requirements(table),
    )


def read_feature(name: str, table: Table, context: Context) -> Feature:
    """The feature of one `[feature.X]` table."""
    platforms, channels, priority, strategy = _setting(table)
    feature = Feature(
        name,
        _targets(table, context),
        platforms,
        channels,
        priority,
        strategy,
        _pypi_options(table),
        _system_requirements(table),
    )
    table.close()
    return feature


INLINE_KEYS = (
    "dependencies",
    "pypi-dependencies",
    "dev",
    "tasks",
    "activation",
    "channels",
    "channel-priority",
    "solve-strategy",
    "platforms",
    "constraints",
    "target",
    "pypi-options",
)
"""What an environment may define for itself."""


def read_inline_feature(name: str, table: Table, context: Context) -> Feature | None:
    """The private feature of an environment's table, if it has content of its own. The caller closes the table."""
    platforms, channels, priority, strategy = _setting(table)
    feature = Feature(
        name,
        _targets(table, context, building=False),
        platforms,
        channels,
        priority,
        strategy,
        _pypi_options(table),
        is_inline=True,
    )
    return feature if any(table.has(key) for key in INLINE_KEYS) else None


def _setting(
    table: Table,
) -> tuple[tuple[str, ...] | None, tuple[ChannelSpec, ...] | None, str | None, str | None]:
    return (
        table.get("platforms", _platform_names),
        table.get("channels", read_feature_channels),
        table.get("channel-priority", lambda v: one_of(v, CHANNEL_PRIORITIES)),
        table.get("solve-strategy", lambda v: one_of(v, SOLVE_STRATEGIES)),
    )


def _targets(table: Table, context: Context, *, building: bool = True) -> tuple[Target, ...]:
    others: list[Target] = []
    selectors = table.table("target")
    plain = _target(None, table, context, building=building)
    if selectors is not None:
        for text, value in selectors.values():
            selector = read_selector(selectors, text)
            inner = value.table()
            others.append(_target(selector, inner, context, building=building))
            inner.close()
    return (plain, *others)


def _target(selector: str | None, table: Table, context: Context, *, building: bool) -> Target:
    def conda(key: str) -> dict[str, CondaSpec]:
        inner = table.table(key)
        if inner is None:
            return {}
        return read_dependencies(inner, pool=context.pool, sources=context.sources)

    pypi = table.table("pypi-dependencies")
    dependencies = conda("dependencies")
    host, build = ({}, {}) if not building else (_old(table, conda, context, k) for k in ("host", "build"))
    constraints = table.table("constraints")
    dev, tasks = table.table("dev"), table.table("tasks")
    return Target(
        selector,
        dependencies,
        host,
        build,
        read_pypi_dependencies(pypi) if pypi is not None else {},
        read_constraints(constraints, pool=context.pool) if constraints is not None else {},
        read_dev(dev) if dev is not None else {},
        table.get("activation", _activation),
        read_tasks(tasks) if tasks is not None else {},
    )


def _old(
    table: Table, conda: Callable[[str], dict[str, CondaSpec]], context: Context, kind: str
) -> dict[str, CondaSpec]:
    key = f"{kind}-dependencies"
    if table.has(key):
        if context.sources:
            raise table.key_error(
                key,
                f"[{key}] in features are not supported when `pixi-build` is enabled",
                help="Move them into the [package] table.",
            )
        table.doc.warn((*table.keys, key), f"The `{key}` field is deprecated. Use `dependencies` instead.", value=False)
    return conda(key)


def _activation(value: Value) -> Activation:
    table = value.table()
    scripts, env = table.strings("scripts"), table.table("env")
    table.close()
    return Activation(scripts, env.string_map() if env is not None else {})


def _platform_names(value: Value) -> tuple[str, ...]:
    names: list[str] = []
    for item in value.items():
        name = item.string()
        if name in names:
            raise item.error(f"duplicate key: `{name}`")
        problem = name_problem(name)
        if problem:
            raise item.error(f"'{name}' is not a valid platform name: {problem}")
        names.append(name)
    return tuple(names)


def _pypi_options(table: Table) -> PypiOptions:
    return table.get("pypi-options", read_pypi_options) or PypiOptions()


def _system_requirements(table: Table) -> tuple[VirtualPackage, ...]:
    value = table.ask("system-requirements")
    if value is None:
        return ()
    found = read_system_requirements(value)
    if found:
        value.doc.warn(
            value.keys,
            "the `[system-requirements]` table is deprecated in favor of virtual packages on `platforms`",
        )
    return found
