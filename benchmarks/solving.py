"""Turns four environments for four platforms into a `pixi.lock`, and the same requests into bare py-rattler solves."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

SLICE = Path(__file__).resolve().parents[2] / "shared/data/conda-forge-slice"
PLATFORMS = ("linux-64", "linux-aarch64", "osx-arm64", "win-64")
ENVIRONMENTS = {
    "notebook": ("python 3.12.*", "ipykernel"),
    "frames": ("python 3.12.*", "polars", "pandas", "pyarrow"),
    "models": ("python 3.12.*", "scikit-learn", "matplotlib-base"),
    "torch": ("python 3.12.*", "pytorch", "ipykernel"),
}
VIRTUAL = {
    "linux": {"__unix": "0", "__linux": "4.18", "__glibc": "2.28", "__archspec": "0"},
    "osx": {"__unix": "0", "__osx": "13.0", "__archspec": "0"},
    "win": {"__win": "10.0", "__archspec": "0"},
}


def channel(folder: Path) -> str:
    """Unpacks the metadata slice (a file:// channel needs plain repodata.json). Returns the channel's URL."""
    from backports import zstd

    for packed in SLICE.glob("*/repodata.json.zst"):
        target = folder / packed.parent.name
        target.mkdir(parents=True)
        (target / "repodata.json").write_bytes(zstd.decompress(packed.read_bytes()))
    return folder.as_uri()


def manifest(url: str) -> str:
    """A workspace with a feature and an environment for each of ENVIRONMENTS."""
    lines = ["[workspace]", 'name = "bench"', f'channels = ["{url}"]', f"platforms = {json.dumps(PLATFORMS)}"]
    for name, specs in ENVIRONMENTS.items():
        lines.append(f"[feature.{name}.dependencies]")
        pairs = [(*spec.split(" ", 1), "*")[:2] for spec in specs]
        lines += [f'{package} = "{version}"' for package, version in pairs]
    lines += [
        "[environments]",
        *(f'{name} = {{ features = ["{name}"], no-default-feature = true }}' for name in ENVIRONMENTS),
    ]
    return "\n".join(lines) + "\n"


async def bare(url: str) -> None:
    """The sixteen solves with py-rattler alone, all at once, one gateway."""
    from rattler import Channel, Gateway, GenericVirtualPackage, MatchSpec, PackageName, Subdir, Version, solve
    from rattler.package.build_string import BuildString

    gateway = Gateway()

    def request(specs: tuple[str, ...], platform: str):
        family = VIRTUAL[platform.split("-")[0]].items()
        return solve(
            sources=[Channel(url)],
            specs=[MatchSpec(spec) for spec in specs],
            gateway=gateway,
            platforms=[Subdir(platform), Subdir("noarch")],
            virtual_packages=[GenericVirtualPackage(PackageName(n), Version(v), BuildString("0")) for n, v in family],
        )

    await asyncio.gather(*(request(specs, name) for specs in ENVIRONMENTS.values() for name in PLATFORMS))


if __name__ == "__main__":
    asyncio.run(bare(sys.argv[1]))
