"""Turns a channel into the sample workspace: manifest, task and notebook in a folder."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

MANIFEST = """\
# A sample: one notebook, two environments, and the machines they are for.
[workspace]
name = "weather"
version = "0.1.0"
channels = ["{channel}"]
platforms = [
{platforms}
]

[tasks]
# Run it with `jupyter pixi run forecast`, or `%pixi run forecast` in a notebook.
forecast = {{ cmd = "python forecast.py", description = "Say what tomorrow will be like" }}

# What every environment has. `%pixi add polars` writes its line here.
[dependencies]
python = ">=3.11"
ipykernel = "*"

[activation.env]
WEATHER_STATION = "Zugspitze"

# For any machine: keeps numerical libraries from using more threads than you want.
[feature.cpu]
platforms = [{cpu}]

[feature.cpu.dependencies]
threadpoolctl = "*"

# For machines with a CUDA 12 driver. It can be locked everywhere and starts only there.
[feature.cuda]
platforms = [{cuda}]

[feature.cuda.dependencies]
cuda-version = "12.*"
nvidia-ml-py = "*"
{gpu}
[environments]
cpu = ["cpu"]
cuda = ["cuda"]

# Which of them Jupyter lists as kernels, in this order. Without it: all that have a kernel.
[tool.jupyter-pixi]
kernels = ["cpu", "cuda"]
"""

FORECAST = '''\
"""Says what tomorrow will be like: like today, which is right more often than one would think."""

import datetime
import math
import os

today = datetime.date.today()
season = math.cos(2 * math.pi * (today.timetuple().tm_yday - 200) / 365)
print(f"{os.environ['WEATHER_STATION']}, {today + datetime.timedelta(days=1)}: {-4 + 8 * season:.0f} °C")
'''

CELLS = (
    (
        "markdown",
        "# Weather\n\nThis notebook runs in the environment `cpu` of the workspace in this folder "
        "(see `pixi.toml`). Nothing but Python and a kernel is in it yet.",
    ),
    ("code", 'import os\nimport sys\n\nprint(sys.prefix)\nprint("Station:", os.environ["WEATHER_STATION"])'),
    (
        "markdown",
        "`%pixi add` changes manifest and lock file for all environments and platforms, installs here, and the next "
        "line can import it. No restart.",
    ),
    ("code", "%pixi add polars\nimport polars as pl\n\npl.__version__"),
    ("markdown", "A year of daily temperatures, made from a sine and a reproducible wobble, by month:"),
    (
        "code",
        """\
from datetime import date

pl.Config.set_tbl_rows(12)
days = pl.date_range(date(2025, 1, 1), date(2025, 12, 31), eager=True).alias("day")
weather = days.to_frame().with_columns(
    celsius=-4.0
    + 8.0 * ((pl.col("day").dt.ordinal_day() - 200) * 2 * 3.141592653589793 / 365).cos()
    + (pl.col("day").dt.ordinal_day() * 7919 % 13 - 6) / 3
)
(
    weather.group_by(pl.col("day").dt.month().alias("month"))
    .agg(
        mean=pl.col("celsius").mean().round(1),
        coldest=pl.col("celsius").min().round(1),
        warmest=pl.col("celsius").max().round(1),
        frost_days=(pl.col("celsius") < 0).sum(),
    )
    .sort("month")
)""",
    ),
    ("markdown", "The line that was written:"),
    ("code", 'print(*(line for line in open("pixi.toml") if line.startswith("polars")))'),
)


@dataclass(frozen=True)
class Content:
    """What differs between the sample on conda-forge and on the embedded channel."""

    channel: str
    subdir: str  # this machine's
    others: tuple[str, ...] = ()  # further platforms the channel can serve
    gpu: str = ""  # a package that uses the GPU for real


def manifest(content: Content) -> str:
    """The text of `pixi.toml`."""
    subdirs = (content.subdir, *(name for name in content.others if name != content.subdir))
    # macOS has no CUDA: there, the environment is for a Linux machine elsewhere.
    linux = content.subdir if content.subdir.startswith("linux-") else "linux-64"
    rich = f'  {{ name = "{linux}-cuda", platform = "{linux}", cuda = "12" }},'
    quoted = [f'"{name}"' for name in subdirs]
    return MANIFEST.format(
        channel=content.channel,
        platforms="\n".join([*(f"  {name}," for name in quoted), rich]),
        cpu=", ".join(quoted),
        cuda=f'"{linux}-cuda"',
        gpu=f'{content.gpu} = "*"\n' if content.gpu else "",
    )


def notebook() -> dict[str, Any]:
    """The notebook as data (nbformat 4.5), without outputs."""
    cells = []
    for number, (kind, source) in enumerate(CELLS):
        code: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
        lines = source.splitlines(keepends=True)
        cells.append({"cell_type": kind, "id": f"weather-{number}", "metadata": {}, "source": lines} | code)
    kernel = {"display_name": "weather · cpu", "language": "python", "name": "pixi.weather.cpu"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def write(folder: Path, content: Content) -> tuple[str, ...]:
    """Makes the sample in `folder`, which may be there already; what is in it stays as it is.

    One exception: a channel of this machine's cache that the manifest names and that is gone is replaced by the
    present one. Returns what was done, a sentence each.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "pixi.toml": manifest(content),
        "forecast.py": FORECAST,
        "weather.ipynb": json.dumps(notebook(), indent=1, ensure_ascii=False) + "\n",
        ".gitignore": ".pixi/*\n!.pixi/config.toml\n.ipynb_checkpoints/\n",
    }
    done = []
    for name, text in texts.items():
        if not (folder / name).exists():
            (folder / name).write_text(text, "utf-8")
            done.append(f"Wrote {folder / name}")
    if gone := _gone_channel(folder / "pixi.toml"):
        file = folder / "pixi.toml"
        file.write_bytes(file.read_bytes().replace(gone.encode(), content.channel.encode()))
        done.append(f"The channel that {file} named is no longer in the cache; it now names {content.channel}")
    return tuple(done)


def _gone_channel(file: Path) -> str | None:
    """The first channel of the manifest that is one of ours and does not exist any more."""
    try:
        channels = tomllib.loads(file.read_text("utf-8"))["workspace"]["channels"]
    except (tomllib.TOMLDecodeError, KeyError, TypeError):
        return None
    for url in channels:
        path = unquote(urlsplit(str(url)).path)
        if str(url).startswith("file:") and re.search(r"/channels/demo-[^/]+/?$", path) and not Path(path).is_dir():
            return str(url)
    return None
