"""This process's modules and mapped files -> what the engine is told of the kernel that calls it."""

from __future__ import annotations

import json
import os
import re
import sys
import sysconfig
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterable, Mapping, Optional

from .files import entries, read_text

if TYPE_CHECKING:
    from .context import Context
    from .imported import Imported


def module_files(modules: Mapping[str, Any]) -> dict[str, str]:
    """Module name to file, for every module that has one; nothing that a module defines is called.

    Lazy and hostile modules run code on attribute access, so the dictionary is read past their class.
    """
    found = {}
    for name, module in list(modules.items()):
        try:
            path = object.__getattribute__(module, "__dict__").get("__file__")
        except Exception:  # noqa: S112 - anything can stand in sys.modules
            continue
        if type(name) is str and type(path) is str and path:
            plain = path[0] == os.sep and not any(part in path for part in ("//", "/./", "/../"))
            found[name] = path if plain else os.path.abspath(path)
    return found


@dataclass
class _Distribution:
    name: str
    version: str
    record: frozenset[str]  # files relative to its site folder; empty if unknown
    tops: frozenset[str]  # top-level modules, where there is no record
    source: Optional[str]  # folder of an editable install


_distributions = {}  # type: dict[tuple[str, float], Optional[_Distribution]]


def _distribution(folder: str) -> Optional[_Distribution]:
    """What a `.dist-info` or `.egg-info` folder says, remembered until the folder changes; None if unreadable."""
    try:
        key = (folder, os.stat(folder).st_mtime)
        if key not in _distributions:
            _distributions[key] = _read_distribution(folder)
        return _distributions[key]
    except (OSError, ValueError):
        return None


def _read_distribution(folder: str) -> Optional[_Distribution]:
    name, _, version = os.path.splitext(os.path.basename(folder))[0].partition("-")
    record = read_text(folder, "RECORD")
    if folder.endswith(".egg-info"):  # may be named for a Python version besides
        found = re.findall(r"^(?:Name|Version):\s*(\S+)", read_text(folder, "PKG-INFO"), re.MULTILINE)
        name, version = found[:2] if len(found) >= 2 else ("", "")
    if not name or not version:
        return None
    files = frozenset(line[: line.find(",")] for line in record.splitlines() if ".dist-info/" not in line)
    tops = () if files else read_text(folder, "top_level.txt").split() or [re.sub(r"[-.]+", "_", name).lower()]
    return _Distribution(name, version, files, frozenset(tops), _editable(folder))


def _editable(folder: str) -> Optional[str]:
    try:
        origin = json.loads(read_text(folder, "direct_url.json"))
        if origin["dir_info"]["editable"] and origin["url"].startswith("file://"):
            from urllib.parse import unquote, urlparse

            return os.path.join(unquote(urlparse(origin["url"]).path), "")
    except (ValueError, KeyError, TypeError):
        pass
    return None


def loaded_distributions(files: Mapping[str, str], folders: Iterable[str]) -> list[dict[str, Any]]:
    """The distributions in `folders` (site folders) of which a module is loaded, as the protocol wants them.

    `files` maps module names to files. A distribution's own record decides, so that two that share a namespace
    package are told apart; top-level names decide where there is no record, the source folder where it is an
    editable install.
    """
    loaded = []
    everything = set(files.values())
    for folder in folders:
        inside = {path[len(folder) + 1 :]: path for path in everything if path.startswith(folder + os.sep)}
        for entry in entries(folder):
            if not entry.endswith((".dist-info", ".egg-info")):
                continue
            distribution = _distribution(os.path.join(folder, entry))
            if distribution is None:
                continue
            if distribution.source is not None:
                own = [path for path in everything if path.startswith(distribution.source)]
            elif distribution.record:
                own = [inside[path] for path in distribution.record.intersection(inside)]
            else:
                own = [
                    inside[path] for path in inside if path.partition(os.sep)[0].partition(".")[0] in distribution.tops
                ]
            if own:
                row = {"name": distribution.name, "version": distribution.version, "files": sorted(own)}
                loaded.append(row)
    return loaded


def site_folders() -> list[str]:
    """The folders of this interpreter that hold distributions: those on `sys.path` apart from the library's."""
    library = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), os.getcwd()}
    folders = dict.fromkeys(os.path.abspath(path) for path in sys.path if type(path) is str and path)
    return [folder for folder in folders if folder not in library and os.path.isdir(folder)]


_DELETED = " (deleted)"


def mapped_files(prefix: str, maps: Iterable[str]) -> list[str]:
    """The files under `prefix` in the lines of a `/proc/<pid>/maps`."""
    return sorted(path[: -len(_DELETED)] if path.endswith(_DELETED) else path for path, _ in _mapped(prefix, maps))


def replaced_files(prefix: str, maps: Iterable[str]) -> list[str]:
    """Those of them that are no longer on disk, or of which another file is in the place now."""
    found = []
    for path, inode in _mapped(prefix, maps):
        if path.endswith(_DELETED):
            path = path[: -len(_DELETED)]
            try:
                if os.stat(path).st_ino == inode:  # taken away, and put there again
                    continue
            except OSError:
                pass
            found.append(path)
    return sorted(found)


def _mapped(prefix: str, maps: Iterable[str]) -> set[tuple[str, int]]:
    roots = tuple({os.path.join(root, "") for root in (prefix, os.path.realpath(prefix))})
    found = set()
    for line in maps:
        fields = line.rstrip("\n").split(None, 5)
        if len(fields) == 6 and fields[5].startswith(roots):
            found.add((fields[5], int(fields[4])))
    return found


def _maps(pid: str = "self") -> list[str]:
    """The lines of /proc/<pid>/maps; on macOS the loader's list of images in the same form; else nothing."""
    try:
        if sys.platform == "darwin" and pid == "self":
            import ctypes

            dyld = ctypes.CDLL(None)
            dyld._dyld_get_image_name.restype = ctypes.c_char_p
            names = [dyld._dyld_get_image_name(index) for index in range(dyld._dyld_image_count())]
            return [f"0-0 r 0 0:0 0 {os.fsdecode(name)}" for name in names if name]
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as stream:
            return stream.readlines()
    except (OSError, AttributeError):
        return []


def _descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have; none where the system does not tell."""
    found = []
    for task in entries(f"/proc/{pid}/task"):
        for child in read_text(f"/proc/{pid}/task/{task}", "children").split():
            found += [int(child), *_descendants(int(child))]
    return found


def _all_maps() -> list[str]:
    """What this process and the workers that it has started map (`multiprocessing`, joblib).

    What has a session of its own, as an engine has, is none of its workers.
    """
    lines = _maps()
    for child in _descendants(os.getpid()):
        try:
            if os.getsid(child) == os.getsid(0):
                lines += _maps(str(child))
        except OSError:
            continue
    return lines


def replaced_libraries(context: Context) -> list[str]:
    """The files of the prefix that this process and its workers map, and that are not those on disk."""
    return replaced_files(str(context.prefix), _all_maps())


def caller_document(context: Context, imported: Optional[Imported] = None) -> dict[str, Any]:
    """What the engine must know of this kernel before it changes files under it (the protocol's document).

    A rescue kernel's interpreter is not the environment's own: it has nothing of it loaded. Where this kernel
    belongs to no workspace the document is empty: nothing that the engine does concerns it. `imported` is what
    its modules looked like when they came.
    """
    if not context.prefix:
        return {}
    own = context.owns_interpreter
    files = module_files(sys.modules) if own else {}
    maps = _all_maps()
    replaced = replaced_files(context.prefix, maps)
    names = {str(name).partition(".")[0] for name in list(sys.modules)} if own else set()
    return {
        "kernel": os.path.basename(context.connection_file) if context.connection_file else None,
        "pid": os.getpid(),
        "environment": context.environment or "default",
        "manifest": context.manifest or "",
        "prefix": context.prefix,
        "loaded": loaded_distributions(files, site_folders()) if own else [],
        "mapped": mapped_files(context.prefix, maps),
        **({**imported.document(), "replaced": imported.libraries(replaced)} if imported is not None and own else {}),
        "modules": sorted(name for name in names if name.isidentifier()),
        "python": "{}.{}.{}".format(*sys.version_info[:3]),
    }


def gone(before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Distributions of a caller's document whose loaded files are no longer on disk, with their modules."""
    lost = []
    for row in before.get("loaded") or ():
        files = [path for path in row["files"] if not os.path.exists(path)]
        if files:
            loaded = module_files(sys.modules)
            missing = set(files)
            names = sorted({name.partition(".")[0] for name, path in loaded.items() if path in missing})
            if names:
                lost.append({"name": row["name"], "modules": names})
    return lost
