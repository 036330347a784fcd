"""The administrator's lists of channels, indexes and URLs -> whether an environment or a locked package may be fetched.

What is compared is where something would really be fetched from: names become URLs, URLs lose what does not change
their meaning (case, ports, credentials, dots), and a mirror that a user configured has to be allowed as well.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit

from ..errors import Refused
from ..lockfile import packages as locked
from ..lockfile.location import derive
from ..lockfile.model import Package
from ..manifest.model import PypiSpec
from ..policy import Policy, Rules
from ..policy import read as read_policy
from .channels import DEFAULT_ALIAS, channel_url
from .model import Channel, Environment

PYPI = "pypi"
"""The word for the default package index, and for the host of its files, in the administrator's lists."""

_PYPI_FILES = "files.pythonhosted.org"
_PORTS = {"http": 80, "https": 443, "ssh": 22}
_TOKEN = re.compile(r"/t/[^/]+(?=/)")
_HIDDEN = re.compile(r"%(2f|5c)", re.IGNORECASE)  # a slash that only some servers take for one
_SCP = re.compile(r"(?:[^/@\s]+@)?([^/:\s]+):(?!//)(.+)")  # git@host:path


class Layer(Protocol):
    """What has to be known of a configuration of Pixi."""

    @property
    def mirrors(self) -> Mapping[str, tuple[str, ...]]:
        """Where else to fetch what begins with a URL."""

    @property
    def s3_options(self) -> Mapping[str, Mapping[str, object]]:
        """How buckets are reached."""


class Settings(Layer, Protocol):
    """The whole configuration, and the administrator's layer of it (None: there is none)."""

    @property
    def system(self) -> Layer:
        """The system's layer alone."""


def canonical(url: str) -> str:
    """A URL as it is compared: without credentials, query, dots and slash at the end, its host in lower case.

    Backslashes count as slashes, as they do for whoever fetches. What is no URL comes back as "".
    """
    text = "".join(c for c in url.strip() if c.isprintable()).replace("\\", "/").removeprefix("git+")
    if "://" not in text and (match := _SCP.fullmatch(text)):
        text = f"ssh://{match[1]}/{match[2]}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return ""
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if not scheme or (not host and scheme != "file") or _HIDDEN.search(parts.path):
        return ""
    if port is not None and port != _PORTS.get(scheme):
        host += f":{port}"
    path = _TOKEN.sub("", unquote(parts.path), count=1)
    path = posixpath.normpath("/" + path.lstrip("/"))
    if scheme == "file":
        path = os.path.realpath(path)
    return f"{scheme}://{host}{quote(path, safe='/+:@!$&()*,;=~')}".rstrip("/")


@dataclass(frozen=True)
class Listed:
    """One administrator's list: the words as written, for people, and the URLs that they stand for.

    `exact` URLs are channels or indexes; what begins with one of `above` (which end in a slash) is allowed as well.
    """

    who: str
    words: tuple[str, ...]
    exact: frozenset[str]
    above: tuple[str, ...]

    def has(self, url: str) -> bool:
        """Whether a canonical URL is on the list."""
        return url in self.exact or any(f"{url}/".startswith(prefix) for prefix in self.above)

    def named(self) -> str:
        """The list for people."""
        return ", ".join(self.words) if self.words else "nowhere"


@dataclass(frozen=True)
class Allowed:
    """Where this machine's administrator lets packages be fetched from; without lists, from everywhere.

    `mirrors` and `buckets` (S3) are those that the user or the workspace configured, and not the administrator.
    """

    channels: tuple[Listed, ...] = ()
    indexes: tuple[Listed, ...] = ()
    files: tuple[Listed, ...] = ()  # of the indexes, and direct URLs and repositories
    mirrors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by canonical URL
    buckets: frozenset[str] = frozenset()

    @property
    def is_everything(self) -> bool:
        """Whether nothing is limited."""
        return not (self.channels or self.indexes)

    def refuse_channels(self, channels: Iterable[Channel], whose: str = "") -> None:
        """Raises Refused for a channel that is not allowed. `whose` begins the sentence's second half."""
        for channel in channels if self.channels else ():
            self._refuse_conda(channel.url, f"{whose or 'this'} asks for the channel '{channel.text}'")

    def refuse_index(self, url: str | None, whose: str) -> None:
        """Raises Refused for a package index that is not allowed; None is PyPI."""
        for listed in self.indexes:
            if not listed.has(canonical(url) if url is not None else _pypi_index()):
                shown = f"the package index {_shown(url)}" if url is not None else "PyPI"
                raise _refused("indexes", listed, f"{whose} asks for {shown}")

    def index(self) -> str:
        """A package index that every list allows, the first one first. Raises Refused where there is none."""
        first = self.indexes[0]
        for word in first.words:
            url = _pypi_index() if word == PYPI else word
            if all(listed.has(canonical(url)) for listed in self.indexes):
                return url
        raise _refused("indexes", first, "packages are needed from one")

    def refuse_environment(self, environment: Environment, root: Path) -> None:
        """Raises Refused if the environment asks for anything from where nothing may be fetched."""
        if self.is_everything:
            return
        whose = f"the environment '{environment.name}'"
        self.refuse_channels(environment.channels, whose)
        for on in environment.on.values():
            for name, spec in (*on.dependencies, *on.constraints, *on.dev):
                if spec.channel is not None:
                    self.refuse_channels([Channel(channel_url(spec.channel, root=root), spec.channel)], whose)
                if place := _elsewhere(spec.git, spec.url, spec.path, root):
                    self._refuse_conda(place, f"{whose} asks for '{name}' from {_shown(place)}")
            for name, pypi in on.pypi_dependencies:
                self._refuse_pypi_spec(name, pypi, root, whose)
        if environment.has_pypi:
            self.refuse_indexes(environment, root)

    def refuse_packages(self, packages: Iterable[Package], root: Path) -> None:
        """Raises Refused for a locked package that would be fetched from elsewhere. Source folders are the user's."""
        if self.is_everything:
            return
        for package in packages:
            what = f"the lock file has '{locked.name(package)}' from {_shown(package.location)}"
            if package.kind == "pypi":
                place = _archive(package, root)
                if place is not None:
                    self._refuse_file(place, what)
                if (index := locked.index(package)) is not None:
                    self.refuse_index(index, "the lock file")
            elif package.kind == "conda":
                self._refuse_conda(_channel_of(package, root), what)

    def _refuse_pypi_spec(self, name: str, spec: PypiSpec, root: Path, whose: str) -> None:
        if spec.index is not None:
            self.refuse_index(spec.index, whose)
        if place := _elsewhere(spec.git, spec.url, spec.path, root):
            self._refuse_file(place, f"{whose} asks for '{name}' from {_shown(place)}")

    def refuse_indexes(self, environment: Environment, root: Path) -> None:
        """Raises Refused for an index or a place of links that the environment would ask, also for what builds need."""
        options, whose = environment.pypi_options, f"the environment '{environment.name}'"
        if options.index_url or options.extra_index_urls or not options.find_links:
            self.refuse_index(options.index_url, whose)
        for url in options.extra_index_urls:
            self.refuse_index(url, whose)
        for kind, text in options.find_links:
            place = (root / text).as_uri() if kind == "path" else text
            self._refuse_file(place, f"{whose} asks for the links at {_shown(text)}")
        for name, spec in options.dependency_overrides.items():
            self._refuse_pypi_spec(name, spec, root, whose)

    def _refuse_conda(self, url: str, what: str) -> None:
        bucket = urlsplit(url).hostname if self.channels and url.startswith("s3:") else None
        if bucket in self.buckets:
            what += f", for which the user or the workspace has S3 options ('{bucket}')"
            raise _refused("channels", self.channels[0], what)
        for listed in self.channels:
            for place in (url, *self._mirrors_of(url)):
                if not listed.has(canonical(place)):
                    said = what if place == url else f"{what}, for which a mirror at {_shown(place)} is configured"
                    raise _refused("channels", listed, said)

    def _refuse_file(self, url: str, what: str) -> None:
        for listed in self.files:
            if not listed.has(canonical(url)):
                raise _refused("indexes", listed, what)

    def _mirrors_of(self, url: str) -> Iterator[str]:
        """Where a user's configuration would fetch something from this URL instead."""
        whole = canonical(url)
        for prefix, mirrors in self.mirrors.items():
            if f"{whole}/".startswith(f"{prefix}/"):
                yield from (mirror.rstrip("/") + whole[len(prefix) :] for mirror in mirrors)
            elif prefix.startswith(f"{whole}/"):
                yield from (mirror.rstrip("/").removesuffix(prefix[len(whole) :]) for mirror in mirrors)


def allowed(
    environ: Mapping[str, str],
    config: Settings | None = None,
    s3_options: Mapping[str, object] | None = None,
    policy: Policy | None = None,
) -> Allowed:
    """What the administrator allows a process with these variables and this configuration of Pixi.

    `s3_options` are the manifest's.
    """
    rules = (policy or read_policy(environ)).rules
    system = config.system if config is not None else None
    own: dict[str, tuple[str, ...]] = {}
    buckets = set(s3_options or ())
    if config is not None and system is not None:
        own = {canonical(p): tuple(urls) for p, urls in config.mirrors.items() if system.mirrors.get(p) != urls}
        buckets |= {name for name, o in config.s3_options.items() if system.s3_options.get(name) != o}
    return Allowed(
        tuple(_channels(r, r.channels) for r in rules if r.channels is not None),
        tuple(_indexes(r, r.indexes) for r in rules if r.indexes is not None),
        tuple(_files(r, r.indexes) for r in rules if r.indexes is not None),
        own,
        frozenset(buckets),
    )


def _channels(rules: Rules, words: tuple[str, ...]) -> Listed:
    """An entry that ends in `/*` allows every channel below it."""
    urls = [w for w in words if not w.endswith("/*")]
    above = [w.removesuffix("/*") for w in words if w.endswith("/*")]
    exact = [channel_url(w, alias=DEFAULT_ALIAS, root=Path("/")) for w in urls]
    wide = [channel_url(w, alias=DEFAULT_ALIAS, root=Path("/")) for w in above]
    return Listed(rules.who, words, _set(exact), _prefixes([*wide, *rules.urls]))


def _indexes(rules: Rules, words: tuple[str, ...]) -> Listed:
    return Listed(rules.who, words, _set(_pypi_index() if w == PYPI else w for w in words), ())


def _files(rules: Rules, words: tuple[str, ...]) -> Listed:
    """An index's files are beside the folder of its pages (`…/simple`), PyPI's on a host of their own."""
    places = [f"https://{_PYPI_FILES}" if w == PYPI else canonical(w).removesuffix("/+simple") for w in words]
    places = [place.removesuffix("/simple") for place in places]
    return Listed(rules.who, (*words, *rules.urls), frozenset(), _prefixes([*places, *rules.urls]))


def _set(urls: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(None, map(canonical, urls)))


def _prefixes(urls: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{url}/" for url in map(canonical, urls) if url)


def _pypi_index() -> str:
    import pypi_simple

    return canonical(pypi_simple.PYPI_SIMPLE_ENDPOINT)


def _channel_of(package: Package, root: Path) -> str:
    """The channel of a locked conda package; of one that was given as URL or path, that."""
    place = _absolute(package.location, root)  # packages of a channel in a folder are locked as paths
    found = derive(place)
    return found.channel if found.channel and found.subdir else place


def _elsewhere(git: str | None, url: str | None, path: str | None, root: Path) -> str | None:
    """Where a spec fetches from, if neither a channel nor an index is asked, and it is no folder of the user's."""
    if git is not None or url is not None:
        return git or url
    return _absolute(path, root) if path is not None and not (root / path).is_dir() else None


def _archive(package: Package, root: Path) -> str | None:
    """Where a locked PyPI package is fetched from; None for a folder on this machine."""
    location = package.location.removeprefix("direct+")
    if "://" in location:
        return location
    return None if locked.is_directory(package) else _absolute(location, root)


def _absolute(location: str, root: Path) -> str:
    return location if "://" in location else (root.absolute() / Path(location).expanduser()).as_uri()


def _shown(url: str) -> str:
    """A URL for people: without credentials."""
    return re.sub(r"(?<=://)[^/@\s]+@", "", _TOKEN.sub("/t/***", url.removeprefix("direct+")))


def _refused(key: str, listed: Listed, what: str) -> Refused:
    of = {"channels": "channels", "indexes": "package indexes"}[key]
    return Refused(
        f"The administrator allows packages from these {of} only: {listed.named()}; and {what}.",
        help=f"The list is `[sources] {key}` of {listed.who}. Ask for an entry, or take them from there.",
        code="policy",
    )
