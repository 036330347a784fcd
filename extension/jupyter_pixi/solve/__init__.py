"""Environments to locked packages: conda solves, PyPI resolutions and the lock file that comes of them."""

from __future__ import annotations

from .request import LockRequest, Pair
from .update import update_lock

__all__ = ["LockRequest", "Pair", "update_lock"]
