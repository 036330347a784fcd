"""`python -m jupyter_pixi.lockfile FILE`: print a lock file as this package would write it."""

from __future__ import annotations

import sys
from pathlib import Path

from ..errors import PixiError
from .read import load
from .write import write_lock


def main(arguments: list[str]) -> int:
    """Print the lock file named by the only argument; exit status 2 for a wrong call, 1 for an unreadable file."""
    if len(arguments) != 1:
        print("usage: python -m jupyter_pixi.lockfile FILE", file=sys.stderr)
        return 2
    path = Path(arguments[0])
    try:
        lock = load(path)
        if lock is None:
            raise PixiError(f"there is no file {path}")
    except PixiError as error:
        print(error.text(), file=sys.stderr)
        return 1
    sys.stdout.buffer.write(write_lock(lock).encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
