"""Turns a folder into a workspace: from nothing, an environment.yml, a requirements.txt or a pyproject.toml.

Texts are those of `pixi init` (docs/reference/cli/pixi/init.md), so that both begin alike.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ... import system
from ...config import Config, load_config
from ...environments.host import current_subdir
from ...errors import ManifestError, PixiError
from ...manifest.document import Document
from ...manifest.edit import pypi_name
from ...manifest.read import parse_manifest
from ...manifest.specs_text import conda_toml, pypi_toml
from ...manifest.values import TomlValue, key_text, value_text
from ..context import Context
from ..policy import refuse_if_frozen_folder

_IGNORE = "# pixi environments\n.pixi/*\n!.pixi/config.toml\n"
_ATTRIBUTES = {
    "github": "# SCM syntax highlighting & preventing 3-way merges\n"
    "pixi.lock merge=binary linguist-language=YAML linguist-generated=true -diff\n",
    "gitlab": "# GitLab syntax highlighting & preventing 3-way merges\n"
    "pixi.lock merge=binary gitlab-language=yaml gitlab-generated=true -diff\n",
}
FORMATS = ("pixi", "pyproject", "mojoproject")
_FILES = {"pixi": "pixi.toml", "pyproject": "pyproject.toml", "mojoproject": "mojoproject.toml"}


@dataclass(frozen=True)
class InitOptions:
    """What `init` was asked for; field names are its flags. `source` is the file of --import.

    `template` is a name (template.BUILT_IN), or the path of a manifest or of a folder that has one.
    """

    path: Path | None = None
    format: str | None = None
    source: Path | None = None
    template: str | None = None
    channels: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    scm: str | None = None
    mapping: tuple[str, ...] = ()


@dataclass(frozen=True)
class Initialised:
    """The manifest that was made or extended, and the sentences to say."""

    manifest: Path
    lines: tuple[str, ...]


def init(context: Context, options: InitOptions) -> Initialised:
    """Make a workspace. Raises PixiError, with nothing changed, when there is one or the source cannot be read."""
    folder = (context.cwd / options.path if options.path else context.cwd).absolute()
    refuse_if_frozen_folder(folder, context.environ)
    config = load_config(None, context.environ, context.settings)
    kind = options.format or "pixi"
    name, template = _FILES[kind], None
    if options.template is not None:
        name, template = _from_template(options.template, folder, options, config, context)
    target = folder / name
    if _is_home_of_pixi(folder, context):
        raise PixiError(
            f"a workspace in {folder}, the parent folder of your PIXI_HOME, is not allowed: its `.pixi` is Pixi's own.",
            help="Make it in a folder of its own: `pixi init my_workspace`.",
        )
    if kind == "pyproject" and target.exists():
        lines = _extend_pyproject(target, options, config)
    elif target.exists():
        raise PixiError(f"{target.name} already exists", help=f"The workspace at {folder} can be used as it is.")
    else:
        text = template or (
            _from_source(folder, options, config, context) if options.source else _fresh(folder, kind, options, config)
        )
        _check(text, target)
        folder.mkdir(parents=True, exist_ok=True)
        _write(target, text)
        if kind == "pyproject":
            package = folder / "src" / _module(folder.name.strip("-_.") or "workspace") / "__init__.py"
            package.parent.mkdir(parents=True, exist_ok=True)
            if not package.exists():
                package.touch()
        lines = (f"Created {target}",)
    _append_block(folder / ".gitignore", _IGNORE)
    _append_block(folder / ".gitattributes", _ATTRIBUTES.get(options.scm or "github", _ATTRIBUTES["github"]))
    return Initialised(target, lines)


def _from_template(
    template: str, folder: Path, options: InitOptions, config: Config, context: Context
) -> tuple[str, str]:
    """The name and text of a manifest that a template gives."""
    from .template import BUILT_IN, from_manifest

    if template in BUILT_IN:
        text = _fresh(folder, "pixi", options, config)
        return _FILES["pixi"], text + "".join(f'{name} = "*"\n' for name in BUILT_IN[template])
    return from_manifest(context.cwd / Path(template).expanduser(), folder, options.channels, options.platforms)


def _is_home_of_pixi(folder: Path, context: Context) -> bool:
    home = context.environ.get("PIXI_HOME")
    own = (Path(home) if home else Path.home() / ".pixi").parent
    return folder.resolve() == own.resolve()


def _check(text: str, target: Path) -> None:
    """Refuse a manifest that no command could read, before anything is written: a wrong platform, for example."""
    try:
        parse_manifest(text.encode(), target, check_version=False)
    except ManifestError as error:
        error.place = None  # the file is not there
        raise


def _write(path: Path, text: str) -> None:
    system.replace_file(path, text.encode())


def _append_block(path: Path, block: str) -> None:
    """Add a block of lines to a file, once; other lines stay."""
    present = path.read_text() if path.exists() else ""
    if block.splitlines()[-1] in present.splitlines():
        return
    gap = "" if not present or present.endswith("\n") else "\n"
    _write(path, present + gap + block)


def _channels(options: InitOptions, config: Config) -> list[TomlValue]:
    return list(options.channels or config.default_channels or ("conda-forge",))


def _platforms(options: InitOptions) -> list[TomlValue]:
    if options.platforms:
        return list(options.platforms)
    return [current_subdir()]


def _lines(values: dict[str, TomlValue]) -> str:
    return "".join(f"{key_text(key)} = {value_text(value)}\n" for key, value in values.items())


def _author() -> list[TomlValue]:
    """The author that git is configured with, as `Name <mail>`; nothing where it is not."""
    found = []
    for key in ("user.name", "user.email"):
        try:
            done = subprocess.run(["git", "config", "--get", key], capture_output=True, text=True, timeout=5)
        except (OSError, subprocess.TimeoutExpired):
            return []
        found.append(done.stdout.strip())
    return [f"{found[0]} <{found[1]}>"] if all(found) else []


def _fresh(folder: Path, kind: str, options: InitOptions, config: Config) -> str:
    if kind == "pyproject":
        return _fresh_pyproject(folder, options, config)
    author = _author()
    workspace: dict[str, TomlValue] = {"authors": author} if author else {}
    workspace |= {"channels": _channels(options, config), "name": folder.name, "platforms": _platforms(options)}
    workspace["version"] = "0.1.0"
    return f"[workspace]\n{_lines(workspace)}{_extras('', options, config)}\n[tasks]\n\n[dependencies]\n"


def _extras(prefix: str, options: InitOptions, config: Config) -> str:
    """What the configuration and the flags add to a new manifest: PyPI indexes, name mappings."""
    text = ""
    indexes: dict[str, TomlValue] = {}
    if config.pypi.index_url:
        indexes["index-url"] = config.pypi.index_url
    if config.pypi.extra_index_urls:
        indexes["extra-index-urls"] = list(config.pypi.extra_index_urls)
    if indexes:
        text += f"\n[{prefix}pypi-options]\n{_lines(indexes)}"
    if options.mapping:
        pairs = [m.partition("=") for m in options.mapping]
        wrong = next((m for m, equals, _ in pairs if not equals), None)
        if wrong is not None:
            raise PixiError(f"'{wrong}' is no mapping of a channel", help="Write it as `conda-forge=mapping.json`.")
        text += f"\n[{prefix}workspace.conda-pypi-map]\n"
        text += _lines({channel: location for channel, _, location in pairs})
    return text


def _fresh_pyproject(folder: Path, options: InitOptions, config: Config) -> str:
    name = folder.name.strip("-_.") or "workspace"
    project: dict[str, TomlValue] = {}
    authors = [re.match(r"(.*) <(.*)>", str(a)) for a in _author()]
    if authors and authors[0]:
        project["authors"] = [{"name": authors[0].group(1), "email": authors[0].group(2)}]
    project |= {"dependencies": [], "name": name, "requires-python": ">= 3.11", "version": "0.1.0"}
    workspace: dict[str, TomlValue] = {"channels": _channels(options, config), "platforms": _platforms(options)}
    build: dict[str, TomlValue] = {"build-backend": "hatchling.build", "requires": ["hatchling"]}
    own: dict[str, TomlValue] = {_module(name): {"path": ".", "editable": True}}
    return (
        f"[project]\n{_lines(project)}\n[build-system]\n{_lines(build)}\n[tool.pixi.workspace]\n{_lines(workspace)}\n"
        f"{_extras('tool.pixi.', options, config).removeprefix(chr(10))}"
        f"[tool.pixi.pypi-dependencies]\n{_lines(own)}\n[tool.pixi.tasks]\n"
    )


def _module(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name)


def _extend_pyproject(path: Path, options: InitOptions, config: Config) -> tuple[str, ...]:
    """Give an existing pyproject.toml its tool.pixi tables: workspace, the project itself, an environment per extra."""
    import tomllib

    text = path.read_bytes().decode()
    data = tomllib.loads(text)
    if "workspace" in data.get("tool", {}).get("pixi", {}):
        return (f"Nothing to do here: '{path.name}' already contains a '[tool.pixi.workspace]' section.",)
    document = Document(text)
    root = ("tool", "pixi")
    document.set((*root, "workspace", "channels"), _channels(options, config))
    document.set((*root, "workspace", "platforms"), _platforms(options))
    project = data.get("project", {})
    lines: list[str] = []
    if name := project.get("name"):
        document.set((*root, "pypi-dependencies", _module(name)), {"path": ".", "editable": True})
        lines.append(f"Added package '{name}' as an editable dependency.")
    groups = [*project.get("optional-dependencies", {}), *data.get("dependency-groups", {})]
    environments = list(dict.fromkeys(_slug(g) for g in groups))
    if environments:
        document.set((*root, "environments", "default"), {"solve-group": "default"})
        for group in dict.fromkeys(groups):
            value: dict[str, TomlValue] = {"features": [group], "solve-group": "default"}
            document.set((*root, "environments", _slug(group)), value)
        shown = ", ".join(f"'{e}'" for e in environments)
        plural = "s" if len(environments) > 1 else ""
        lines.append(f"Added environment{plural} {shown} from optional dependencies or dependency groups.")
    document.ensure_table((*root, "tasks"))
    _write(path, document.text)
    return tuple(lines)


def _slug(group: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", group.lower()).strip("-")


def _from_source(folder: Path, options: InitOptions, config: Config, context: Context) -> str:
    """A manifest made from an environment.yml (or a requirements.txt)."""
    from .foreign import read_foreign

    assert options.source is not None
    found = read_foreign(options.source)
    for note in found.notes:
        context.warn(note)
    channels: list[TomlValue] = list(dict.fromkeys((*options.channels, *found.all_channels(config.channel_alias))))
    workspace: dict[str, TomlValue] = {
        "channels": channels or _channels(options, config),
        "name": found.name or folder.name,
        "platforms": _platforms(options),
        "version": "0.1.0",
    }
    conda = _lines({name: conda_toml(spec) for name, spec in found.conda})
    text = f"[workspace]\n{_lines(workspace)}\n[tasks]\n\n[dependencies]\n{conda}"
    if found.variables:
        text += f"\n[activation]\n{_lines({'env': dict(found.variables)})}"
    if found.pypi:
        text += f"\n[pypi-dependencies]\n{_lines({pypi_name(name): pypi_toml(spec) for name, spec in found.pypi})}"
    return text
