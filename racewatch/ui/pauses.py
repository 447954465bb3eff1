"""Keeps the pauses short that Python itself makes: collecting garbage, and handing its lock to the next thread.

A full collection looks at everything there is: with 10,000 rows that stood the window still for 120 to 350 ms,
again and again while rows came and went.  What one collection has found in use is therefore left out of the
next ones (rows are values without cycles: they go when nobody refers to them, collected or not).  What gets into
a cycle later is found by :meth:`ShortPauses.tidy`, while nobody is looking.
"""

from __future__ import annotations

import gc
import sys
from types import TracebackType
from typing import Final, Self

#: How long a busy thread of the monitor may keep the window's waiting for Python's lock (seconds; 5 ms else).
_SWITCH: Final = 0.0002
_FULL: Final = 2


class ShortPauses:
    """While it is entered; for the whole process, so there should be one."""

    def __init__(self) -> None:
        self._switch = 0.0

    def __enter__(self) -> Self:
        self._switch = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH)
        gc.callbacks.append(self._on_collection)
        gc.freeze()  # what the program itself is made of stays: the first collection need not look at it, either
        gc.enable()  # it was off while the window was built
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gc.callbacks.remove(self._on_collection)
        gc.unfreeze()
        sys.setswitchinterval(self._switch)

    @staticmethod
    def _on_collection(phase: str, info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == _FULL:
            gc.freeze()

    @staticmethod
    def tidy() -> None:
        """Look at everything once more; takes as long as it takes."""
        gc.unfreeze()
        gc.collect()
