"""Turns a long piece of work on a thread into one that does not make the garbage collector stop all the others."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection() -> Iterator[None]:
    """Keeps the garbage collector from running meanwhile, and from looking through what was made meanwhile.

    A thousand workspaces, or one large lock file, are some hundred thousand objects, all alive: a collection over
    them stops every thread, the server's event loop too, for a tenth of a second and more, and finds nothing. What
    is there at the end counts as old, as if it had been looked through (freezing and thawing does just that).
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            if gc.get_freeze_count() == 0:  # else somebody else wants something to stay frozen
                gc.freeze()
                gc.unfreeze()
            gc.enable()
