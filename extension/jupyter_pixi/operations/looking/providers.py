"""Turns a module that cannot be imported into the packages to add for it: only such as really exist.

The names to look for come from a table, from the packages that the caches have unpacked (`unpacked`), and last from
the module's own name. Conda packages are looked for in the channels of the kernel's environment, and must be there for
this machine; one that merely has the module's name must be a package for Python. PyPI is asked where the channels have
nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ...config import cache_folder
from ...environments.allowed import allowed
from ...environments.host import current_subdir
from ...errors import PixiError
from ...prefix.uv import uv_environ
from ..context import Context
from ..workspace import OpenWorkspace, open_workspace
from .imports import Candidates, candidates, is_open
from .unpacked import Unpacked, conda_packages, wheels

if TYPE_CHECKING:
    import rattler

SECONDS = 8.0
"""How long an answer of the package index is waited for: somebody sits before the cell."""


class Providers(NamedTuple):
    """The packages that provide a module, None where there is none.

    `known` tells that the package has the module; else it merely has the module's name. `searched` is
    False where the channels could not be asked.
    """

    module: str
    conda: str | None = None
    pypi: str | None = None
    known: bool = False
    searched: bool = True

    def sentence(self, command: str = "pixi") -> str:
        """What is said below the error; empty if nothing provides the module. `command` is how a user calls this."""
        if self.conda is not None:
            return f"`{self.module}` is in the package {self.conda}: {command} add {self.conda}"
        if self.pypi is not None and self.known:
            return f"`{self.module}` is in the PyPI package {self.pypi}: {command} add --pypi {self.pypi}"
        if self.pypi is not None:
            return (
                f"No conda package of the workspace's channels provides `{self.module}`. PyPI has a project of that "
                f"name: {command} add --pypi {self.pypi}"
            )
        return ""


async def providers(context: Context, module: str, *, shared: bool = False) -> Providers:
    """What to add for `import module` (`shared` as for `imports.candidates`). Raises PixiError without a workspace."""
    names = candidates(module, shared=shared)
    if not names.conda and not names.pypi and not is_open(module):
        return Providers(names.module)
    opened = open_workspace(context, tolerate_lock=True)
    cache = cache_folder(context.environ)
    try:
        for each in _in_turn(names, lambda: conda_packages(cache / "pkgs", module)):
            conda = await _conda(opened, each, context)
            if conda is not None:
                return Providers(each.module, conda=conda, known=each.known)
    except PixiError:  # no network: then nothing is guessed
        return Providers(names.module, searched=False)
    folder = Path(uv_environ(context.environ, cache / "uv-cache")["UV_CACHE_DIR"])
    for each in _in_turn(names, lambda: wheels(folder, module)):
        pypi = await _pypi(opened, each, context)
        if pypi is not None:
            return Providers(each.module, pypi=pypi, known=each.known)
    return Providers(names.module)


def _in_turn(names: Candidates, look: Callable[[], Unpacked]) -> Iterator[Candidates]:
    """The table's names first, then those of packages that have the module, then the module's own."""
    if names.known:
        yield names
    there = look()
    yield Candidates(there.module, there.names, there.names, True)
    if not names.known:
        yield names


async def _conda(opened: OpenWorkspace, names: Candidates, context: Context) -> str | None:
    import rattler
    from rattler.exceptions import GatewayError

    from ...solve.gateway import network, network_error

    if not names.conda:
        return None
    channels = opened.environment(opened.default_name(context)).channels
    allowed(context.environ, opened.config, opened.manifest.workspace.s3_options).refuse_channels(list(channels))
    connected = network(
        opened.config,
        context.environ,
        offline=context.offline,
        s3_options=opened.manifest.workspace.s3_options or None,
    )
    subdirs = cast("Any", [current_subdir(), "noarch"])
    try:
        answers = await connected.gateway.query(
            [rattler.Channel(c.url) for c in channels],
            subdirs,
            list(names.conda),
            recursive=False,
            channel_relations="disabled",
        )
    except GatewayError as error:
        raise network_error(error, channels, offline=context.offline) from error
    there = [record for rows in answers for record in rows]
    return next((name for name in names.conda if _provides(name, there, names.known)), None)


def _provides(name: str, records: Sequence[rattler.RepoDataRecord], known: bool) -> bool:
    """Whether a channel has the package, and one for Python if only its name speaks for it (`git`, `curl` …)."""
    own = [record for record in records if record.name.normalized == name]
    if known:
        return bool(own)
    return any(r.noarch.python or any(d.split(" ", 1)[0] == "python" for d in r.depends) for r in own)


async def _pypi(opened: OpenWorkspace, names: Candidates, context: Context) -> str | None:
    from .pypi_index import project

    if context.offline:
        return None
    for name in names.pypi:
        try:
            versions = await asyncio.to_thread(project, opened, name, context.environ, seconds=SECONDS)
        except PixiError:
            return None
        if versions:
            return name
    return None
