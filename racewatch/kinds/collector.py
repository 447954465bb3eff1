"""The cyclic garbage collector, held back while a scan makes many values that all live on.

Nothing that a scan makes is part of a cycle, so the collector would look through ever more of it, and
through the whole program again and again, to find nothing: a tenth of the time of a scan.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_mutex = threading.Lock()
_depth = 0
_was_enabled = False


@contextmanager
def held_back() -> Iterator[None]:
    """No collection meanwhile, in any thread.  Nests, and leaves one that was switched off as it was."""
    global _depth, _was_enabled
    with _mutex:
        if _depth == 0:
            _was_enabled = gc.isenabled()
            gc.disable()
        _depth += 1
    try:
        yield
    finally:
        with _mutex:
            _depth -= 1
            if _depth == 0 and _was_enabled:
                _take_as_old()
                gc.enable()


def _take_as_old() -> None:
    """What was made meanwhile is old: as new things it would be looked through at once, a thirtieth of the scan."""
    if gc.get_freeze_count() == 0:  # who keeps things away from the collector goes on doing so
        gc.freeze()
        gc.unfreeze()


def is_held_back() -> bool:
    """Whether a scan makes values just now, in whichever thread."""
    return _depth > 0
