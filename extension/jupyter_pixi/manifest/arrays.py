"""Turns an array of a TOML document into the same array in another order."""

from __future__ import annotations

from collections.abc import Sequence

from .document import Document
from .layout import Path


def reorder(document: Document, path: Path, order: Sequence[int]) -> None:
    """Put the items of the array in another order: slot i takes what was item order[i]; what is between them stays."""
    array = document.array(path)
    if array is None or sorted(order) != list(range(len(array.items))):
        raise KeyError(path)
    texts = [document.text[item.start : item.end] for item in array.items]
    for slot in reversed(range(len(array.items))):
        item = array.items[slot]
        document.splice(item.start, item.end, texts[order[slot]])
