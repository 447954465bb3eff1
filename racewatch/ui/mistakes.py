"""Mistakes of our own: each is told in the strip and kept in the crash log, and the window goes on.

Wherever one is made: in a slot, in a method that Qt calls, in a task, in a thread of ours or of a library, in
the monitor.  One that is made again and again (in painting, say) is told once, with how often.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Final, Self, TextIO

import shiboken6
from PySide6.QtCore import QObject, QTimer

from racewatch import crashlog
from racewatch.core.text import one_line
from racewatch.ui.bridge import Bridge
from racewatch.ui.strip import Level, Strip, StripArea
from racewatch.ui.tr import tr

#: What was not made for so long is told anew, though its message was closed; until then it is only counted.
_FORGOTTEN_SECONDS: Final = 60.0
#: How often the count in a message is brought up to date.
_COUNT_MS: Final = 500
_LOGGER: Final = "racewatch"
#: So many of the innermost lines tell two mistakes apart.
_LINES: Final = 12
_Place = tuple[str | tuple[str, int], ...]


def details_of(error: BaseException) -> str:
    """The whole traceback, for the clipboard: what is needed to mend it."""
    return "".join(traceback.format_exception(error)).rstrip()


@dataclass(slots=True)
class _Known:
    """One mistake, however often it is made."""

    said: str
    details: str
    strip: Strip
    count: int = 0
    at: float = 0.0


class Mistakes(QObject):
    """Tells of mistakes.  :meth:`tell` belongs to the GUI thread, :meth:`tell_soon` to any."""

    def __init__(
        self,
        bridge: Bridge,
        strips: StripArea,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._strips = strips
        self._clock = clock
        self._known: dict[_Place, _Known] = {}
        # Not at once: the message may itself be what cannot be painted.
        self._recount = QTimer(self)
        self._recount.setSingleShot(True)
        self._recount.setInterval(_COUNT_MS)
        self._recount.timeout.connect(self._show_counts)

    def tell(self, doing: str, error: BaseException) -> None:
        """Somebody was doing this, and it failed as it never should."""
        key, now = _place(error, doing), self._clock()
        known = self._known.get(key)
        if known is None or (not _stands(known.strip) and now - known.at >= _FORGOTTEN_SECONDS):
            kept = crashlog.record(error, doing)
            said = tr("Something went wrong inside racewatch ({doing}): {error}. It goes on; {kept}.").format(
                doing=doing, error=_short(error), kept=kept
            )
            details = details_of(error)
            strip = self._strips.show_message(Level.ERROR, said, details=details)
            known = self._known[key] = _Known(said, details, strip)
        known.count += 1
        known.at = now
        if known.count > 1:
            if _is_round(known.count):  # the log of a storm has a line for 10, 100, 1000…
                crashlog.record(error, f"{doing}, {known.count} times")
            if not self._recount.isActive():
                self._recount.start()

    def tell_soon(self, doing: str, error: BaseException) -> None:
        """The same from any thread."""
        self._bridge.post(partial(self.tell, doing, error))

    def _show_counts(self) -> None:
        for known in self._known.values():
            if known.count > 1 and _stands(known.strip):
                often = tr("This happened %n time(s).", "", known.count)
                # For whoever mends it: English, as the traceback.
                details = f"{known.count:,} times, first:\n{known.details}"
                known.strip.say(f"{known.said} {often}", details)


class Caught:
    """While this is entered, whatever nobody else caught is told: in this thread, in others, by our loggers."""

    def __init__(self, mistakes: Mistakes, interrupted: Callable[[], None]) -> None:
        """``interrupted``: what Ctrl-C does."""
        self._mistakes = mistakes
        self._interrupted = interrupted
        self._ear = _Ear(mistakes)

    def __enter__(self) -> Self:
        self._before = sys.excepthook, threading.excepthook, sys.unraisablehook
        sys.excepthook = self._in_this_thread
        threading.excepthook = self._in_a_thread
        sys.unraisablehook = self._nowhere
        logging.getLogger(_LOGGER).addHandler(self._ear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        logging.getLogger(_LOGGER).removeHandler(self._ear)
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._before

    def _in_this_thread(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._interrupted()
            return
        # Never now: this may be called in the middle of painting, where nothing may be shown or made.
        self._mistakes.tell_soon("in the window", error.with_traceback(trace))

    def _in_a_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            name = args.thread.name if args.thread is not None else "unknown"
            self._mistakes.tell_soon(f"in the thread {name}", args.exc_value)

    def _nowhere(self, args: sys.UnraisableHookArgs) -> None:
        # From a finaliser: the thread may be any.
        if args.exc_value is not None:
            self._mistakes.tell_soon("putting something away", args.exc_value)


class _Ear(logging.StreamHandler[TextIO]):
    """Hears what our loggers tell of mistakes that were caught where they were made; warnings go to the terminal."""

    def __init__(self, mistakes: Mistakes) -> None:
        super().__init__()
        self.setLevel(logging.WARNING)
        self._mistakes = mistakes

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and record.levelno >= logging.ERROR:
            self._mistakes.tell_soon(record.getMessage(), error)
        else:
            super().emit(record)


def _stands(strip: Strip) -> bool:
    """Whether a message is still on screen."""
    return shiboken6.isValid(strip) and not strip.dismissed


def _short(error: BaseException) -> str:
    return one_line(str(error))[:200] or type(error).__name__


def _place(error: BaseException, doing: str) -> _Place:
    """What makes a mistake the same one: its kind, and the lines that led to it."""
    lines = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    return type(error).__name__, *(lines[-_LINES:] or [(doing, 0)])


def _is_round(count: int) -> bool:
    return str(count).strip("0") == "1"
