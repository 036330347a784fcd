"""Turns an array of a TOML document into the same array with items taken out or in another order.

On one line an item goes with the blanks around it and nothing else, as Pixi's editor does it, so that both tools leave
the same text behind; an array over several lines keeps its layout and its comments.
"""

from __future__ import annotations

from collections.abc import Sequence

from .document import Document
from .layout import Path


def drop_item(document: Document, path: Path, index: int) -> None:
    """Take item `index` out of the array at the path. KeyError if there is no such array or item."""
    array = document.array(path)
    if array is None or index >= len(array.items):
        raise KeyError(path)
    if "\n" in document.text[array.start : array.end]:
        document.remove_item(path, index)
        return
    item = array.items[index]
    if len(array.items) == 1:
        document.splice(array.start + 1, array.end - 1, "")
    elif index == 0:
        document.splice(array.start + 1, document.text.index(",", item.end) + 1, "")
    else:
        comma = document.text.index(",", array.items[index - 1].end)
        end = item.end
        while document.text[end] == " ":
            end += 1
        document.splice(comma, end, "")


def reorder(document: Document, path: Path, order: Sequence[int]) -> None:
    """Put the items of the array in another order: slot i takes what was item order[i]; what is between them stays."""
    array = document.array(path)
    if array is None or sorted(order) != list(range(len(array.items))):
        raise KeyError(path)
    texts = [document.text[item.start : item.end] for item in array.items]
    for slot in reversed(range(len(array.items))):
        item = array.items[slot]
        document.splice(item.start, item.end, texts[order[slot]])
