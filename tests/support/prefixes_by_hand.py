"""Small conda packages and wheels made on the spot, and the lock that names them."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from jupyter_pixi.environments.model import ActivationPlan, Environment, OnPlatform
from jupyter_pixi.lockfile.model import LockEnvironment, LockFile, LockPlatform, Package
from jupyter_pixi.manifest.model import (
    EnvironmentSpec,
    Feature,
    Manifest,
    Platform,
    PypiSpec,
    VirtualPackage,
    Workspace,
)
from jupyter_pixi.prefix.request import InstallRequest

PLACEHOLDER = "/opt/placeholder_placeholder_placeholder_placeholder_placeholder"
SUBDIR = "linux-64"
VIRTUAL = (
    VirtualPackage("__unix", "0", "0"),
    VirtualPackage("__linux", "4.18"),
    VirtualPackage("__glibc", "2.28"),
    VirtualPackage("__archspec", "0", "x86_64"),
)


def conda_package(
    channel: Path,
    name: str,
    version: str = "1.0",
    files: Mapping[str, bytes] | None = None,
    *,
    build: str = "0",
    subdir: str = "noarch",
    depends: tuple[str, ...] = (),
    links: Mapping[str, str] | None = None,
    url: str | None = None,
    noarch: str | None = "generic",
) -> Package:
    """Write a .tar.bz2 package into the channel; the locked package that names it (below `url` if one is given)."""
    content = dict(files if files is not None else {f"share/{name}.txt": f"{name} {version}\n".encode()})
    entries = []
    for path, data in content.items():
        entry = {
            "_path": path,
            "path_type": "hardlink",
            "sha256": hashlib.sha256(data).hexdigest(),
            "size_in_bytes": len(data),
        }
        if PLACEHOLDER.encode() in data:
            entry |= {"prefix_placeholder": PLACEHOLDER, "file_mode": "text"}
        entries.append(entry)
    entries += [{"_path": path, "path_type": "softlink"} for path in links or {}]
    index = {
        "name": name,
        "version": version,
        "build": build,
        "build_number": 0,
        "depends": list(depends),
        "subdir": subdir,
    }
    if subdir == "noarch":
        index["noarch"] = noarch
    content["info/index.json"] = json.dumps(index).encode()
    content["info/paths.json"] = json.dumps({"paths_version": 1, "paths": entries}).encode()
    archive = channel / subdir / f"{name}-{version}-{build}.tar.bz2"
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:bz2") as tar:
        for path, data in content.items():
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(data), 0o755 if path.startswith("bin/") else 0o644
            tar.addfile(info, io.BytesIO(data))
        for path, target in (links or {}).items():
            info = tarfile.TarInfo(path)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tar.addfile(info)
    raw = archive.read_bytes()
    fields = {"sha256": hashlib.sha256(raw).hexdigest(), "size": str(len(raw)), "depends": list(depends)}
    if noarch == "python" and subdir == "noarch":
        fields["noarch"] = "python"
    location = f"{url}/{subdir}/{archive.name}" if url else archive.as_uri()
    return Package("conda", location, fields)


def python_package(channel: Path) -> Package:
    """A `python` package that is this interpreter, by a link and a pyvenv.cfg."""
    base = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    major, minor = sys.version_info[:2]
    version = ".".join(map(str, sys.version_info[:3]))
    settings = f"home = {base.parent}\ninclude-system-site-packages = false\nversion = {version}\n"
    name = f"bin/python{major}.{minor}"
    return conda_package(
        channel,
        "python",
        version,
        {"pyvenv.cfg": settings.encode(), f"lib/python{major}.{minor}/site-packages/README": b"x"},
        build=f"0_cp{major}{minor}",
        subdir=SUBDIR,
        links={name: str(base), "bin/python": f"python{major}.{minor}"},
    )


def wheel(folder: Path, name: str, version: str = "1.0", requires: tuple[str, ...] = ()) -> Path:
    """Write a wheel with one module and one console script."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    files = {
        f"{module}.py": f"version = {version!r}\ndef main():\n    print(version)\n".encode(),
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: >=3.8\n"
            + "".join(f"Requires-Dist: {line}\n" for line in requires)
        ).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {module}:main\n".encode(),
    }
    rows = [f"{path},{record_hash(data)},{len(data)}" for path, data in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{module}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, data in files.items():
            archive.writestr(file, data)
    return path


def record_hash(data: bytes) -> str:
    """A digest as RECORD has it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def pypi(location: str, name: str, version: str | None = None, **fields: object) -> Package:
    """A locked PyPI package."""
    return Package("pypi", location, {"name": name, **({"version": version} if version else {}), **fields})


def locked_wheel(path: Path) -> Package:
    """A locked wheel of an index: absolute URL and digest."""
    name, version = path.name.split("-")[:2]
    return pypi(
        path.as_uri(),
        name.replace("_", "-"),
        version,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        index=path.parent.as_uri(),
    )


def request(
    root: Path,
    packages: tuple[Package, ...],
    *,
    cache: Path,
    activation: ActivationPlan | None = None,
    specs: tuple[tuple[str, PypiSpec], ...] = (),
    environment: str = "default",
    **options: object,
) -> InstallRequest:
    """An install of these packages into the workspace at `root`; manifest and lock files are there as bytes only."""
    root.mkdir(parents=True, exist_ok=True)
    platform = Platform(SUBDIR, SUBDIR)
    manifest = Manifest(
        root / "pixi.toml",
        "pixi",
        Workspace("ws", (), (platform,)),
        {"default": Feature("default")},
        {"default": EnvironmentSpec("default")},
    )
    manifest.path.touch()
    (root / "pixi.lock").touch()
    on = OnPlatform(platform, VIRTUAL, pypi_dependencies=specs, activation=activation or ActivationPlan())
    ordered = tuple(sorted(packages, key=lambda p: (p.kind, p.location)))
    lock = LockFile(
        7,
        (LockPlatform(SUBDIR, SUBDIR, tuple(str(v) for v in VIRTUAL)),),
        {environment: LockEnvironment((), {SUBDIR: ordered})},
    )
    return InstallRequest(
        manifest,
        Environment(environment, (), (), (platform,), on={SUBDIR: on}),
        platform,
        lock,
        root / ".pixi" / "envs" / environment,
        cache=cache,
        **options,  # type: ignore[arg-type]
    )
