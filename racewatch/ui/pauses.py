"""Keeps the pauses short that Python itself makes (collecting garbage, handing its lock to the next thread), and
collects only where it may.

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

from PySide6.QtCore import QTimer

from racewatch.kinds.collector import is_held_back

#: How long a busy thread of the monitor may keep the window's waiting for Python's lock (seconds; 5 ms else).
_SWITCH: Final = 0.0002
_FULL: Final = 2
#: How often it is looked whether there is enough to collect.
_LOOK_MS: Final = 100


class CollectsHere:
    """While it is entered, garbage is collected in this thread alone, which is the one of the widgets.

    Closes a crash: Python collects in whichever thread happens to make the next object.  A closed dialog that refers
    to itself by a slot is garbage of that kind, and the monitor's thread ran its destructor.  Left open: what is in no
    cycle goes with its last reference, in the thread that drops it; so no widget without a parent is handed to one.
    """

    def __init__(self) -> None:
        self._by_itself = gc.isenabled()
        #: Made since the last collection of the middle generation, and since the last of all.
        self._middle = self._all = 0
        self._timer = QTimer()
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self.look)

    def __enter__(self) -> Self:
        self._by_itself = gc.isenabled()
        gc.disable()
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.stop()
        if self._by_itself:
            gc.enable()

    def look(self) -> None:
        """Collect as much as Python would by itself: by the number of things that were made since."""
        if is_held_back():
            return  # as Python would not, either: nothing that a scan makes is garbage
        gc.disable()  # should somebody have switched it on meanwhile
        young, middle, old = gc.get_threshold()
        made = gc.get_count()[0]
        if made <= young:
            return
        self._middle += made
        self._all += made
        if self._all > young * middle * old:
            self._middle = self._all = 0
            gc.collect(_FULL)
        elif self._middle > young * middle:
            self._middle = 0
            gc.collect(1)
        else:
            gc.collect(0)


class ShortPauses:
    """While it is entered; for the whole process, so there should be one."""

    def __init__(self) -> None:
        self._switch = 0.0
        self._here = CollectsHere()

    def __enter__(self) -> Self:
        self._switch = sys.getswitchinterval()
        sys.setswitchinterval(_SWITCH)
        gc.callbacks.append(self._on_collection)
        gc.freeze()  # what the program itself is made of stays: the first collection need not look at it, either
        self._here.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._here.__exit__(kind, error, trace)
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
