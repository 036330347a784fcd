"""Turns requirements into unpacked wheels: what uv chose and installed, distribution by distribution.

uv resolves, downloads and unpacks (its configuration, mirrors, certificates and cache apply), only ready-made wheels,
each set of requirements into a throw-away virtual environment. `RECORD` tells which file belongs to whom.
"""

from __future__ import annotations

import csv
import email.message
import email.parser
import os
import subprocess
from configparser import ConfigParser
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import NetworkError
from .python_package import Interpreter

# The manylinux level of Pixi's default for linux platforms: newer wheels would not fit the platform that is declared.
_UV_PLATFORMS = {"linux-64": "x86_64-manylinux_2_28", "linux-aarch64": "aarch64-manylinux_2_28"}
_UVS_OWN = {"REQUESTED", "INSTALLER", "RECORD", "uv_cache.json", "direct_url.json"}


@dataclass(frozen=True)
class Distribution:
    """An installed wheel: its `.dist-info` folder and the environment it stands in."""

    environment: Path
    info: Path

    @cached_property
    def metadata(self) -> email.message.Message:
        """`METADATA`, the core metadata."""
        return email.parser.Parser().parsestr((self.info / "METADATA").read_text("utf-8"))

    @cached_property
    def wheel(self) -> email.message.Message:
        """`WHEEL`, the wheel's tags."""
        return email.parser.Parser().parsestr((self.info / "WHEEL").read_text("utf-8"))

    @property
    def name(self) -> str:
        """The project's name as it writes it."""
        return str(self.metadata["Name"])

    @property
    def version(self) -> str:
        """The version as the project writes it."""
        return str(self.metadata["Version"])

    @cached_property
    def entry_points(self) -> tuple[str, ...]:
        """The console scripts, as "name = module:attribute"."""
        parser = ConfigParser(delimiters=("=",), interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read(self.info / "entry_points.txt", "utf-8")
        sections = [parser[s] for s in ("console_scripts", "gui_scripts") if parser.has_section(s)]
        return tuple(f"{name} = {value.split('[')[0].strip()}" for rows in sections for name, value in rows.items())

    @cached_property
    def files(self) -> tuple[tuple[str, Path], ...]:
        """Path relative to the environment, and file, for each that came with the wheel.

        Left out: what uv wrote (its marks and the scripts of entry points) and byte code.
        """
        scripts = {f"bin/{row.partition(' = ')[0]}" for row in self.entry_points}
        found = []
        with (self.info / "RECORD").open(encoding="utf-8", newline="") as rows:
            for row in csv.reader(rows):
                file = Path(os.path.normpath(self.info.parent / row[0]))
                relative = file.relative_to(self.environment).as_posix()
                own = file.parent == self.info and file.name in _UVS_OWN
                if not own and relative not in scripts and file.suffix != ".pyc":
                    found.append((relative, file))
        return tuple(sorted(found))


def install(requirements: tuple[str, ...], environment: Path, host: Interpreter) -> tuple[Distribution, ...]:
    """Resolves `requirements` for `host` and installs what they need into the new virtual environment `environment`.

    Returns every distribution, dependencies included. Raises NetworkError with uv's words if that cannot be done.
    """
    _uv("venv", "--python", str(host.executable), "--no-project", str(environment))
    python = str(environment / "bin" / "python")
    target = _UV_PLATFORMS.get(host.subdir)
    platform = ("--python-platform", target) if target else ()
    _uv("pip", "install", "--python", python, "--only-binary", ":all:", *platform, *requirements)
    site = environment / host.site_packages
    return tuple(Distribution(environment, info) for info in sorted(site.glob("*.dist-info")))


def _uv(*arguments: str) -> None:
    from uv import find_uv_bin

    ours = {"UV_NO_PROGRESS": "1", "UV_COMPILE_BYTECODE": "0", "NO_COLOR": "1"}
    settings = {key: value for key, value in os.environ.items() if key != "UV_PROJECT_ENVIRONMENT"}
    done = subprocess.run(
        [os.fsdecode(find_uv_bin()), *arguments], env=settings | ours, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NetworkError(
            f"The wheels of the embedded channel could not be fetched:\n{done.stderr.strip()}",
            help="The embedded channel is made of wheels from PyPI; check that PyPI (or your mirror of it) answers.",
        )
