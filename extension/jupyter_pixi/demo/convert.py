"""Turns an unpacked wheel into a conda package.

Pure wheels become `noarch: python`; wheels with compiled modules become packages of the host's platform, pinned to its
Python (or, with the stable ABI, to a lowest one, as conda enhancement proposal 20 has it). The dependency metadata is
translated with markers evaluated for the host, extras dropped. So a noarch package made here says what *this* kind of
machine needs.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

from .package import File, Package
from .python_package import Interpreter
from .wheels import Distribution

if TYPE_CHECKING:
    from packaging.requirements import Requirement

# Where conda-forge writes a name otherwise than PyPI's normal form.
CONDA_NAMES = {
    "ipython-pygments-lexers": "ipython_pygments_lexers",
    "jupyter-client": "jupyter_client",
    "jupyter-core": "jupyter_core",
    "pure-eval": "pure_eval",
    "stack-data": "stack_data",
    "typing-extensions": "typing_extensions",
}
PLACEHOLDER = "/opt/" + "prefix_of_the_environment_" * 5 + "p"


def conda_name(project: str) -> str:
    """The conda package's name for a PyPI project's name."""
    normal = re.sub(r"[-_.]+", "-", project).lower()
    return CONDA_NAMES.get(normal, normal)


def convert(dist: Distribution, host: Interpreter, more: tuple[str, ...] = ()) -> Package:
    """The conda package of an unpacked wheel.

    Takes the distribution, the interpreter it was installed for, and match specs to add to its dependencies.
    """
    tags = [tag.split("-") for tag in dist.wheel.get_all("Tag", [])]
    pure = all(tag[2] == "any" for tag in tags)
    bound = not pure and any(tag[1].startswith("cp") for tag in tags)
    depends = [*_python_depends(dist, host, tags, bound=bound), *_libc(tags), *_requirements(dist), *more]
    return Package(
        name=conda_name(dist.name),
        version=_version(dist.version),
        subdir="noarch" if pure else host.subdir,
        build="py_0" if pure else f"{host.abi if bound else 'abi3'}_0",
        depends=tuple(dict.fromkeys(depends)),
        noarch=None if bound else "python",
        license=_license(dist),
        summary=str(dist.metadata["Summary"] or ""),
        entry_points=() if bound else dist.entry_points,
        purls=(f"pkg:pypi/{re.sub(r'[-_.]+', '-', dist.name).lower()}",),
        files=_files(dist, host, bound=bound),
    )


def match_spec(requirement: Requirement) -> str:
    """A requirement's match spec: "jupyter-client>=8,!=8.1" becomes "jupyter_client >=8,!=8.1"."""
    parts = []
    for item in sorted(requirement.specifier, key=lambda item: (item.operator, item.version)):
        operator = "==" if item.operator == "===" else item.operator
        parts.append(f"{operator}{_version(item.version)}")
    return " ".join([conda_name(requirement.name), ",".join(parts)]).strip()


def _requirements(dist: Distribution) -> list[str]:
    from packaging.requirements import Requirement

    rows = [Requirement(text) for text in dist.metadata.get_all("Requires-Dist", [])]
    return [match_spec(row) for row in rows if row.marker is None or row.marker.evaluate({"extra": ""})]


def _python_depends(dist: Distribution, host: Interpreter, tags: list[list[str]], *, bound: bool) -> list[str]:
    if bound:
        return [host.pin, f"python_abi {host.minor}.* *_{host.abi}"]
    from packaging.requirements import Requirement

    lowest = [re.fullmatch(r"cp3(\d+)", part) for tag in tags for part in tag[0].split(".")]
    floor = f"python >=3.{max(int(m[1]) for m in lowest if m)}" if any(lowest) else None
    asked = str(dist.metadata["Requires-Python"] or "").strip()
    return [spec for spec in (floor, match_spec(Requirement(f"python {asked}"))) if spec]


def _libc(tags: list[list[str]]) -> list[str]:
    """What the wheel's platform tags say of the machine's C library or system: the lowest level named."""
    legacy = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
    linux, macos = [], []
    for platform in (part for tag in tags for part in tag[2].split(".")):
        if level := re.match(r"manylinux_(\d+)_(\d+)_", platform):
            linux.append((int(level[1]), int(level[2])))
        elif (old := platform.split("_")[0]) in legacy:
            linux.append(legacy[old])
        elif level := re.match(r"macosx_(\d+)_(\d+)_", platform):
            macos.append((int(level[1]), int(level[2])))
    if linux:
        return ["__glibc >={}.{},<3.0.a0".format(*min(linux))]
    return ["__osx >={}.{}".format(*min(macos))] if macos else []


def _version(text: str) -> str:
    """A PyPI version as conda writes it: no leading v, no dash."""
    return text.strip().removeprefix("v").replace("-", "_")


def _license(dist: Distribution) -> str | None:
    expression = dist.metadata["License-Expression"] or dist.metadata["License"]
    return str(expression).splitlines()[0][:100] if expression and str(expression).strip() else None


def _files(dist: Distribution, host: Interpreter, *, bound: bool) -> tuple[File, ...]:
    made = [_file(path, source, host, bound=bound) for path, source in dist.files]
    if bound:
        made += [_script(row) for row in dist.entry_points]
    info = f"{host.site_packages if bound else 'site-packages'}/{dist.info.name}"
    made.append(File(f"{info}/INSTALLER", b"conda\n"))
    made.append(File(f"{info}/RECORD", _record(made, info)))
    return tuple(made)


def _file(path: str, file: Path, host: Interpreter, *, bound: bool) -> File:
    executable = bool(file.stat().st_mode & 0o111)
    if path.startswith("bin/"):
        first, _, rest = file.read_bytes().partition(b"\n")
        if first.startswith(b"#!") and b"python" in first:
            return File(path, f"#!{PLACEHOLDER}/bin/python\n".encode() + rest, None, True, PLACEHOLDER)
        return File(path, file, executable=True)
    inside = path.removeprefix(f"{host.site_packages}/")
    if not bound and inside != path:
        path = f"site-packages/{inside}"
    return File(path, file, executable=executable)


def _script(entry_point: str) -> File:
    name, _, target = entry_point.partition(" = ")
    module, _, attribute = target.partition(":")
    text = (
        f"#!{PLACEHOLDER}/bin/python\n"
        "import sys\n\n"
        f"from {module} import {attribute.split('.')[0]}\n\n"
        'if __name__ == "__main__":\n'
        f"    sys.exit({attribute}())\n"
    )
    return File(f"bin/{name}", text.encode(), executable=True, placeholder=PLACEHOLDER)


def _record(files: list[File], info: str) -> bytes:
    """`RECORD` of what is in the package: paths relative to site-packages, without hashes (they may be left out)."""
    site = info.rpartition("/")[0]
    up = "../" * (site.count("/") + 1 if site != "site-packages" else 3)
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    for path in sorted([*(file.path for file in files), f"{info}/RECORD"]):
        inside = path.removeprefix(f"{site}/")
        rows.writerow([inside if inside != path else up + path, "", ""])
    return out.getvalue().encode()
