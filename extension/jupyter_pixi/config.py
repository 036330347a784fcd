"""Pixi's configuration files and variables -> one Config, and py-rattler's own when something is fetched.

Layers from low to high: the system's, the user's ($XDG_CONFIG_HOME/pixi, then $PIXI_HOME or ~/.pixi), the workspace's
`.pixi/config.toml`, the command line (Pixi's docs/reference/pixi_configuration.md). As in Pixi, a layer that is wrong
is left out with a warning. Nothing heavy is imported until it is needed: the kernel launcher asks for the digest.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import digests, policy

if TYPE_CHECKING:
    from rattler import Config as RattlerConfig

FILE = "config.toml"
DEFAULT_ALIAS = "https://conda.anaconda.org"
DEFAULT_CHANNELS = ("conda-forge",)
_YES = ("1", "true", "yes", "on")
PINNING_STRATEGIES = ("semver", "minor", "major", "latest-up", "exact-version", "no-pin")


KEYS = frozenset(
    """
    default-channels authentication-override-file tls-no-verify tls-root-certs mirrors pinning-strategy
    detached-environments pypi-config s3-options repodata-config concurrency experimental run-post-link-scripts
    tool-platform shell change-ps1 force-activate proxy-config build index-config cache allow-symbolic-links
    allow-hard-links allow-ref-links offline
    """.split()  # noqa: SIM905
)
"""The keys of Pixi's configuration, also those that mean nothing here."""


@dataclass(frozen=True)
class PypiConfig:
    """`[pypi-config]`: what `init` writes into new manifests, and how indexes are reached."""

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    keyring_provider: str | None = None
    allow_insecure_host: tuple[str, ...] = ()


@dataclass(frozen=True)
class Config:
    """Pixi's configuration, merged. `detached_environments` is a folder, True for the cache's, or False.

    `files` are the layers that were read, lowest first; `warnings` tell of those that could not be.
    """

    channel_alias: str = DEFAULT_ALIAS
    default_channels: tuple[str, ...] = DEFAULT_CHANNELS
    mirrors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pinning_strategy: str | None = None
    detached_environments: bool | Path = False
    pypi: PypiConfig = PypiConfig()
    run_post_link_scripts: bool = False
    concurrent_solves: int | None = None
    concurrent_downloads: int | None = None
    tls_no_verify: bool = False
    change_ps1: bool = True
    force_activate: bool = False
    activation_cache: bool = False
    source_completions: bool = True
    authentication_file: Path | None = None
    s3_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    offline: bool = False
    files: tuple[Path, ...] = ()
    warnings: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()  # the text of each file in `files`
    system_layer: Config | None = None

    @property
    def system(self) -> Config:
        """What the system's layer says alone: the administrator's part."""
        return self.system_layer or Config()

    def rattler(self, s3_options: Mapping[str, Mapping[str, Any]] | None = None) -> RattlerConfig:
        """The same for py-rattler's gateway, client and installer; keys that it does not know are dropped.

        `s3_options` are those of the manifest, which win over the configuration's. Imports py-rattler.
        """
        from rattler import Config as RattlerConfig

        merged = RattlerConfig.from_toml("")
        for text in (*self.layers, _s3_layer({**self.s3_options, **(s3_options or {})})):
            merged = merged.merge(RattlerConfig.from_toml(text))
        return merged


def load_config(root: Path | None, environ: Mapping[str, str], settings: str = "") -> Config:
    """The configuration for a workspace (None: for none). Never raises: a wrong layer becomes a warning.

    `settings` is the TOML of a layer above the files: what flags of the command line say. Where the administrator's
    policy says so, the system's layer stands above all others, too.
    """
    layers: list[_Layer] = []
    warnings: list[str] = []
    for path in config_paths(root, environ):
        layer = _read(path, warnings)
        if layer is not None:
            layers.append(layer)
    if settings:
        try:
            layers.append(_parsed(None, settings))
        except ValueError as error:
            warnings.append(f"what the flags say is no valid configuration and is left out: {error}")
    system = [layer for layer in layers if layer.path == system_path()]
    if policy.read(environ).fixes_configuration:
        layers = [*(layer for layer in layers if layer not in system), *system]
    return replace(_merge(layers, warnings, environ), system_layer=_merge(system, [], {}) if system else None)


def system_path() -> Path:
    """Where the administrator configures Pixi for everybody."""
    return Path("C:/ProgramData/pixi" if sys.platform == "win32" else "/etc/pixi") / FILE


def config_paths(root: Path | None, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where configuration is looked for, lowest first; the files need not exist.

    PIXI_CONFIG_FILE names the one file that stands for system and user, PIXI_NO_CONFIG leaves them out. What an
    administrator fixed stays.
    """
    home = _home(environ)
    own = [root / ".pixi" / FILE] if root is not None else []
    fixed = [system_path()] if policy.read(environ).fixes_configuration else []
    if environ.get("PIXI_CONFIG_FILE"):
        return tuple(dict.fromkeys([*fixed, Path(environ["PIXI_CONFIG_FILE"]).absolute(), *own]))
    if environ.get("PIXI_NO_CONFIG", "").strip().lower() in _YES:
        return (*fixed, *own)
    paths = [system_path()]
    xdg = environ.get("XDG_CONFIG_HOME")
    if sys.platform == "darwin":
        paths += [Path(xdg) / "pixi" / FILE] if xdg else []
        paths.append(home / "Library" / "Application Support" / "pixi" / FILE)
    elif sys.platform == "win32":
        paths.append(Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / "pixi" / FILE)
    else:
        paths.append((Path(xdg) if xdg else home / ".config") / "pixi" / FILE)
    paths.append(Path(environ.get("PIXI_HOME") or home / ".pixi") / FILE)
    return tuple(dict.fromkeys([*paths, *own]))


def digest_paths(root: Path | None, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files whose bytes `digest` covers: every layer, and `~/.pixi` also where PIXI_HOME names another folder."""
    return tuple(sorted({*config_paths(root, environ), _home(environ) / ".pixi" / FILE}))


def digest(root: Path | None, environ: Mapping[str, str]) -> str:
    """A sha256 over the paths and bytes of the layers that exist: it changes when the configuration does."""
    found = b""
    for path in digest_paths(root, environ):
        try:
            data = path.read_bytes()
        except OSError:
            continue
        found += os.fsencode(path) + b"\0" + len(data).to_bytes(8, "little") + data
    return digests.digest(found)


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Pixi's cache: PIXI_CACHE_DIR, RATTLER_CACHE_DIR, an existing `pixi` in the user's cache, or rattler's own."""
    for name in ("PIXI_CACHE_DIR", "RATTLER_CACHE_DIR"):
        if environ.get(name):
            return Path(environ[name])
    home = _home(environ)
    xdg = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
    if (xdg / "pixi").is_dir():
        return xdg / "pixi"
    if sys.platform == "darwin":
        xdg = home / "Library" / "Caches"
    elif sys.platform == "win32":
        xdg = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    return xdg / "rattler" / "cache"


def cached_environments(environ: Mapping[str, str]) -> Path:
    """Where environments of `exec` and of scripts are kept, each in a folder of its own."""
    named = environ.get("PIXI_CACHE_EXEC_ENVIRONMENTS_DIR")
    return Path(named) if named else cache_folder(environ) / "cached-envs-v0"


def is_offline(environ: Mapping[str, str]) -> bool:
    """Whether PIXI_OFFLINE is set to something that means yes."""
    return environ.get("PIXI_OFFLINE", "").strip().lower() in _YES


@dataclass(frozen=True)
class _Layer:
    """One configuration file, or (`path` None) what the flags say."""

    path: Path | None
    text: str
    data: Mapping[str, Any]


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def _read(path: Path, warnings: list[str]) -> _Layer | None:
    try:
        raw = path.read_bytes()
    except OSError as error:
        if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
            warnings.append(f"{path} cannot be read and is left out: {error.strerror}")
        return None
    try:
        layer = _parsed(path, raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        warnings.append(f"{path} is not a valid configuration and is left out: {error}")
        return None
    unknown = ", ".join(f"'{key}'" for key in layer.data if key not in KEYS)
    if unknown:
        warnings.append(f"Ignoring {unknown} in {path}: the configuration has no such key")
    return layer


def problem(path: Path, text: str) -> str | None:
    """Why a text would be no valid configuration at `path`; None if it is one."""
    try:
        _parsed(path, text)
    except (ValueError, RecursionError) as error:
        return str(error)
    return None


def _parsed(path: Path | None, text: str) -> _Layer:
    """The layer of a file's text. Raises ValueError."""
    import tomli

    try:
        layer = _Layer(path, text, tomli.loads(text))
    except tomli.TOMLDecodeError as error:
        raise ValueError(f"parse error: {error}") from None
    _typed(layer.data)
    wrong = _rattler_problem(layer)
    if wrong is not None:
        raise ValueError(wrong)
    return layer


_SHARED = (
    "mirrors",
    "proxy-config",
    "concurrency",
    "repodata-config",
    "tls-root-certs",
    "index-config",
    "build",
    "run-post-link-scripts",
    "s3-options",
)


def _rattler_problem(layer: _Layer) -> str | None:
    """Why py-rattler refuses the layer, asked only when it holds something that is not plainly right."""
    if not any(key in layer.data for key in _SHARED if key != "mirrors"):
        return None
    from rattler import Config as RattlerConfig

    try:
        RattlerConfig.from_toml(layer.text)
    except Exception as error:
        return str(error).strip().splitlines()[-1]
    return None


def _typed(data: Mapping[str, Any]) -> None:
    """Raises ValueError for a value of the wrong type under a key that is read here."""
    _strings(data.get("default-channels", ()), "default-channels")
    for name, urls in _table(data.get("mirrors", {}), "mirrors").items():
        _strings(urls, f"mirrors.{name}")
    strategy = data.get("pinning-strategy")
    if strategy is not None and strategy not in PINNING_STRATEGIES:
        raise ValueError(f"pinning-strategy is one of {', '.join(PINNING_STRATEGIES)}")
    detached = data.get("detached-environments")
    if detached is not None and not isinstance(detached, bool):
        if not isinstance(detached, str):
            raise ValueError("detached-environments is a truth value or a path")
        if not Path(detached).expanduser().is_absolute():
            raise ValueError(f"The `detached-environments` path must be an absolute path: {detached}")
    pypi = _table(data.get("pypi-config", {}), "pypi-config")
    for key in ("extra-index-urls", "allow-insecure-host"):
        _strings(pypi.get(key, ()), f"pypi-config.{key}")
    for key in ("index-url", "keyring-provider"):
        if not isinstance(pypi.get(key, ""), str):
            raise ValueError(f"pypi-config.{key} is a text")
    for key in ("shell", "s3-options", "concurrency", "experimental"):
        _table(data.get(key, {}), key)


def _merge(layers: list[_Layer], warnings: list[str], environ: Mapping[str, str]) -> Config:
    tables = [layer.data for layer in layers]
    mirrors: dict[str, tuple[str, ...]] = {}
    s3: dict[str, Mapping[str, Any]] = {}
    for table in tables:
        mirrors |= {name: tuple(urls) for name, urls in table.get("mirrors", {}).items()}
        s3 |= {n: o for n, o in table.get("s3-options", {}).items() if isinstance(o, dict)}
    channels = [tuple(t["default-channels"]) for t in tables if t.get("default-channels")]
    detached = _last(tables, "detached-environments", False)
    authentication = environ.get("RATTLER_AUTH_FILE") or _last(tables, "authentication-override-file", None)
    shells = [{**{k: t[k] for k in ("change-ps1", "force-activate") if k in t}, **t.get("shell", {})} for t in tables]
    concurrency = [t.get("concurrency", {}) for t in tables]
    return Config(
        default_channels=channels[-1] if channels else DEFAULT_CHANNELS,
        mirrors=mirrors,
        pinning_strategy=_last(tables, "pinning-strategy", None),
        detached_environments=Path(detached).expanduser() if isinstance(detached, str) else detached,
        pypi=_pypi([t.get("pypi-config", {}) for t in tables]),
        run_post_link_scripts=_last(tables, "run-post-link-scripts", "false") == "insecure",
        concurrent_solves=_last(concurrency, "solves", None),
        concurrent_downloads=_last(concurrency, "downloads", None),
        tls_no_verify=_last(tables, "tls-no-verify", False) is True,
        change_ps1=_last(shells, "change-ps1", True) is not False,
        force_activate=_last(shells, "force-activate", False) is True,
        source_completions=_last(shells, "source-completion-scripts", True) is not False,
        activation_cache=_last([t.get("experimental", {}) for t in tables], "use-environment-activation-cache", False)
        is True,
        authentication_file=Path(authentication) if isinstance(authentication, str) else None,
        s3_options=s3,
        offline=is_offline(environ),
        files=tuple(layer.path for layer in layers if layer.path is not None),
        warnings=tuple(warnings),
        layers=tuple(layer.text for layer in layers),
    )


def _pypi(tables: Iterable[Mapping[str, Any]]) -> PypiConfig:
    rows = list(tables)
    return PypiConfig(
        _last(rows, "index-url", None),
        tuple(url for row in rows for url in row.get("extra-index-urls", ())),
        _last(rows, "keyring-provider", None),
        tuple(name for row in rows for name in row.get("allow-insecure-host", ())),
    )


def _last(tables: Iterable[Mapping[str, Any]], key: str, default: Any) -> Any:
    found = default
    for table in tables:
        found = table.get(key, found)
    return found


def _strings(value: Any, name: str) -> None:
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name} is a list of texts")


def _table(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is a table")
    return value


def _s3_layer(options: Mapping[str, Mapping[str, Any]]) -> str:
    """Pixi's `force-path-style` in the words of py-rattler, which knows an `addressing-style`."""
    import json

    lines = []
    for bucket, values in options.items():
        lines.append(f"[s3-options.{json.dumps(bucket)}]")
        lines += [f"{key} = {json.dumps(values[key])}" for key in ("endpoint-url", "region") if key in values]
        style = "path" if values.get("force-path-style") else "virtual-host"
        lines.append(f"addressing-style = {json.dumps(values.get('addressing-style', style))}")
    return "\n".join(lines)
