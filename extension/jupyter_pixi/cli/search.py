"""Turns `search` into what it prints."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..operations.context import Context
from .output import Output
from .running import operation

if TYPE_CHECKING:
    import rattler

    from ..operations.looking.search import Found


def search(arguments: Namespace) -> int:
    """`search SPEC`: exit status 1 when nothing matches."""
    from ..operations.looking.search import search as work
    from ..operations.looking.search import where

    output: Output = arguments.output
    if arguments.module:
        return _importing(arguments)
    if arguments.json and (arguments.limit is not None or arguments.limit_packages is not None):
        raise UsageError("the argument '--json' cannot be used with '--limit' or '--limit-packages'")

    async def run(context: Context) -> Found:
        at = where(context, arguments.channel, arguments.platform)
        output.say("Using channels: " + ", ".join(c.text for c in at.channels))
        return await work(context, arguments.package, at)

    found = operation(arguments, run, record=False)
    if arguments.json:
        output.json(found.document())
    else:
        versions = _limit(arguments.limit)
        output.data(output.titled("\n".join(_text(found, versions, _limit(arguments.limit_packages)))))
    return 0


def _importing(arguments: Namespace) -> int:
    """`search --import MODULE`: exit status 1 when nothing provides it."""
    from ..operations.looking.providers import Providers, providers

    async def run(context: Context) -> Providers:
        return await providers(context, arguments.package, shared=arguments.shared)

    found = operation(arguments, run, record=False)
    output: Output = arguments.output
    if arguments.json:
        output.json({**found._asdict(), "text": found.sentence("%pixi")})
    else:
        output.data(found.sentence("jupyter pixi") or f"Nothing that provides `{found.module}` was found.")
    return 0 if found.sentence() else 1


def _limit(number: int | None) -> int | None:
    """How many to show: 5 unless said otherwise, all of them for a negative number."""
    return 5 if number is None else None if number < 0 else number


def _text(found: Found, versions: int | None, packages: int | None) -> Iterator[str]:
    by_name = found.by_name()
    if len(by_name) == 1:
        yield from _details(next(iter(by_name.values())), versions)
        return
    shown = list(by_name.items())[:packages]
    for index, (name, records) in enumerate(shown):
        if index:
            yield ""
        yield f"{name} ({_count(len(records), 'version')})"
        rows = list(reversed(records))[:versions]
        for record in rows:
            channel = next((c.text for c in found.channels if c.url.rstrip("/") == str(record.channel).rstrip("/")), "")
            yield f"  {record.version} {record.build} [{record.subdir}] {channel or record.channel}"
        older = len(records) - len(rows)
        if older:
            yield f"  ... and {older} more {_plural(older, 'version')} (use -l to show more)"
    rest = len(by_name) - len(shown)
    if rest:
        yield ""
        yield f"... and {rest} more {_plural(rest, 'package')} (use -n to show more)"


def _details(records: list[rattler.RepoDataRecord], limit: int | None) -> Iterator[str]:
    """The newest record in full, and the other versions, each with its newest build."""
    from .tables import size_text

    newest = records[-1]
    groups: dict[str, list[str]] = {}
    for record in reversed(records[:-1]):
        groups.setdefault(str(record.version), []).append(str(record.build))
    title = f"{newest.name.source}-{newest.version}-{newest.build}{_more(len(groups.pop(str(newest.version), [])))}"
    yield title
    yield "-" * len(title)
    yield ""
    fields = {
        "Name": newest.name.source,
        "Version": str(newest.version),
        "Build": newest.build,
        "Size": size_text(newest.size) if newest.size is not None else "Not found.",
        "License": newest.license,
        "Timestamp": newest.timestamp.strftime("%Y-%m-%d %H:%M:%S UTC") if newest.timestamp is not None else None,
        "Subdir": newest.subdir,
        "NoArch": "python" if newest.noarch.python else "generic" if newest.noarch.generic else None,
        "File Name": newest.file_name,
        "URL": newest.url,
        "MD5": newest.md5.hex() if newest.md5 else "Not available",
        "SHA256": newest.sha256.hex() if newest.sha256 else "Not available",
    }
    for label, value in fields.items():
        if value is not None:
            yield f"{label:19} {value}"
    if newest.track_features:
        yield from ("", "Track features:", *(f" - {f}" for f in newest.track_features))
    yield from ("", "Dependencies:", *(f" - {d}" for d in newest.depends))
    yield from ("", "Run exports: not available in repodata")
    if groups:
        yield from _others(groups, limit)


def _others(groups: dict[str, list[str]], limit: int | None) -> Iterator[str]:
    yield ""
    yield f"Other Versions ({len(groups)}):"
    width = max(len("Version"), *map(len, groups)) + 1
    yield f"{'Version':{width}} Build"
    for version, builds in list(groups.items())[:limit]:
        yield f"{version:{width}} {builds[0]}{_more(len(builds) - 1)}"
    if limit is not None and len(groups) > limit:
        yield f"... and {len(groups) - limit} more"


def _more(builds: int) -> str:
    return f" (+ {_count(builds, 'build')})" if builds else ""


def _count(number: int, word: str) -> str:
    return f"{number} {_plural(number, word)}"


def _plural(number: int, word: str) -> str:
    return word if number == 1 else word + "s"
