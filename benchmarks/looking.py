"""Turns a number of packages into a workspace that is locked with so many: for the commands that look at a lock."""

from __future__ import annotations

from pathlib import Path

CHANNEL = "https://conda.example.org/channel"
_MANIFEST = f"""\
[workspace]
name = "large"
channels = ["{CHANNEL}"]
platforms = ["linux-64"]

[dependencies]
package-0 = "*"
"""
_HEAD = f"""\
version: 7
platforms:
- name: linux-64
  virtual-packages:
  - __unix=0=0
  - __linux=4.18
  - __glibc=2.28
  - __archspec=0=x86_64
environments:
  default:
    channels:
    - url: {CHANNEL}/
    packages:
      linux-64:
"""


def workspace(folder: Path, packages: int) -> None:
    """Writes manifest and lock: every package needs three others, and from the first one all are reached."""
    folder.mkdir()
    (folder / "pixi.toml").write_text(_MANIFEST)
    rows = sorted(f"{CHANNEL}/linux-64/package-{number}-1.0-h0_0.conda" for number in range(packages))
    wanted = "".join(f"      - conda: {row}\n" for row in rows)
    (folder / "pixi.lock").write_text(f"{_HEAD}{wanted}packages:\n{''.join(_package(row, packages) for row in rows)}")


def _package(row: str, packages: int) -> str:
    number = int(row.rsplit("/package-", 1)[1].split("-", 1)[0])
    needs = [n for n in (2 * number + 1, 2 * number + 2, 3 * number + 5) if n < packages]
    depends = "".join(f"  - package-{n} >=1.0,<2\n" for n in sorted(set(needs)))
    return (
        f"- conda: {row}\n  sha256: {'ab' * 28}{number:08x}\n  md5: {'ab' * 12}{number:08x}\n"
        + (f"  depends:\n{depends}" if needs else "")
        + f"  license: BSD-3-Clause\n  size: {1000 + number}\n  timestamp: 1700000000000\n"
    )
