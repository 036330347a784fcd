"""Requirements of a manifest to match specs and virtual packages as the solver reads them.

The rules are Pixi's (docs/reference/pixi_manifest.md, "The dependencies table"): a bare version means exactly that
version, and a channel has to be one of the environment's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..environments.model import Channel
from ..errors import ManifestError, SolveError
from ..lockfile.location import split_archive
from ..manifest.archspec import as_detected
from ..manifest.model import CondaSpec, VirtualPackage

if TYPE_CHECKING:
    import rattler

KNOWN_VIRTUAL_PACKAGES = frozenset(
    ("__unix", "__linux", "__glibc", "__musl", "__eglibc", "__win", "__osx", "__cuda", "__cuda_arch", "__archspec")
)
"""The only virtual packages that take part in a solve; Pixi keeps others in the lock and ignores them."""


def spec_text(name: str, spec: CondaSpec, channels: Sequence[Channel] = (), root: Path = Path()) -> str:
    """The requirement in match spec syntax, every field in brackets: `numpy[version=">=1,<2",build="py*"]`.

    `channels` are the environment's: the spec's channel is written as the URL of the one it names. `root` is the
    folder that a relative path counts from. Raises SolveError for a channel that the environment does not have, and
    for the archive of another package.
    """
    fields: list[tuple[str, str]] = []
    plain = {
        "version": spec.version,
        "build": spec.build,
        "build_number": spec.build_number,
        "license": spec.license,
        "license_family": spec.license_family,
        "md5": spec.md5,
        "sha256": spec.sha256,
        "when": spec.when,
    }
    fields += [(key, _quoted(value)) for key, value in plain.items() if value is not None]
    if spec.track_features:
        fields.append(("track_features", _quoted(" ".join(spec.track_features))))
    for key, values in (("extras", spec.extras), ("flags", spec.flags)):
        if values:
            fields.append((key, f"[{','.join(values)}]"))
    if spec.channel is not None:
        fields.append(("channel", _quoted(_channel_url(name, spec.channel, channels))))
    location = spec.url or (None if spec.path is None else _file_url(spec.path, root))
    if location is not None:
        _check_name(name, location)
        fields.append(("url", _quoted(location)))
    return name + (f"[{','.join(f'{key}={value}' for key, value in fields)}]" if fields else "")


def match_spec(name: str, spec: CondaSpec, channels: Sequence[Channel] = (), root: Path = Path()) -> rattler.MatchSpec:
    """The requirement as the solver takes it. Raises ManifestError if it cannot be read, SolveError as `spec_text`."""
    import rattler
    from rattler.exceptions import InvalidMatchSpecError

    text = spec_text(name, spec, channels, root)
    try:
        return rattler.MatchSpec(text)
    except InvalidMatchSpecError as error:
        raise ManifestError(f"the requirement of '{name}' cannot be read: {error}") from error


def virtual_packages(declared: Iterable[VirtualPackage]) -> list[rattler.GenericVirtualPackage]:
    """The declared virtual packages (defaults included) for the solver; build "0" where none is given."""
    import rattler

    return [
        rattler.GenericVirtualPackage(
            rattler.PackageName(package.name),
            rattler.Version(package.version),
            rattler.BuildString(package.build or "0"),
        )
        for package in map(as_detected, declared)
        if package.name in KNOWN_VIRTUAL_PACKAGES
    ]


def _quoted(text: str) -> str:
    quote = "'" if '"' in text else '"'
    return f"{quote}{text}{quote}"


def _channel_url(name: str, wanted: str, channels: Sequence[Channel]) -> str:
    for channel in channels:
        bare = channel.url.rstrip("/")
        if wanted.rstrip("/") in (channel.text.rstrip("/"), bare) or bare.endswith("/" + wanted.strip("/")):
            return channel.url
    listed = ", ".join(f"'{c.text}'" for c in channels) or "none"
    raise SolveError(
        f"the package '{name}' requested unavailable channel '{wanted}'",
        help=f"add the channel to the environment (it has {listed}), or drop `channel` from the requirement",
    )


def _check_name(name: str, location: str) -> None:
    """An archive has to be that of the package that asks for it; what is no archive's name is left to the solver."""
    parts = split_archive(location.partition("#")[0].rpartition("/")[2])
    if parts is not None and parts[0].lower() != name.lower():
        raise SolveError(
            f"the archive {location} is one of '{parts[0]}', not of '{name}'",
            help=f"call the dependency '{parts[0]}', or give it another archive",
        )


def _file_url(path: str, root: Path) -> str:
    return (root / Path(path).expanduser()).resolve().as_uri()
