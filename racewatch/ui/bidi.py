"""Paths in the order of their parts, whatever script they and the window are written in.

What a screen does with letters that run from right to left is right for sentences and wrong for paths: between two
such names a ``/`` runs backwards too, so that ``/a/b`` of Hebrew letters is shown as ``/b/a``: another path.  And in a
window from right to left the first ``/`` of any path lands at its end.  Here each part is isolated from the others, and
the whole from the sentence around it.  (Whatever steers this within a name itself is spelled out by
:mod:`racewatch.core.text`.)

These marks are for painting only: what is copied or compared does not have them.
"""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QStyle

#: From left to right until the end of the isolate, which what stands around cannot change.
_FROM_LEFT: Final = "\u2066"
_END: Final = "\u2069"
#: Letters that run from right to left, and their digits.
_LEFTWARD: Final = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
#: A path within a sentence, up to what can end one there.
_QUOTES: Final = r"\"\u201c\u201d\u201e\u2018\u2019"
_PATH: Final = re.compile(rf"(?<![\w/.…])(?:~|\.{{1,2}}|…)?/[^\s{_QUOTES}|,;]*[^\s{_QUOTES}|,;:.!?)\]]")

#: Asked at every cell that is painted, and Qt takes a microsecond to say; None before there is an application.
_reversed: bool | None = None


def path(text: str) -> str:
    """A path, a part of one, or a locator, as it is to be painted."""
    leftward = not text.isascii() and _LEFTWARD.search(text) is not None
    if not leftward and not is_reversed():
        return text
    parts = text.split("/") if leftward else [text]
    return _isolated("/".join(_isolated(part) if leftward else part for part in parts))


def sentence(text: str) -> str:
    """Lines that may have paths in them, as they are to be painted.

    In a reversed window what has no letter of its script is isolated as a whole: evidence, numbers with their units.
    """
    if is_reversed():
        return "\n".join(map(_line, text.split("\n")))
    if "/" not in text or text.isascii() or _LEFTWARD.search(text) is None:
        return text
    # Where a path ends in a sentence cannot be told (names have spaces and quotes), and need not be: it runs the same way.
    lines = (map(_isolated, line.split("/")) for line in text.split("\n"))
    return "\n".join("/".join(line) for line in lines)


def _line(text: str) -> str:
    if text.isascii() or _LEFTWARD.search(text) is None:
        return _isolated(text)
    return _PATH.sub(lambda found: path(found[0]), text)


def without_marks(text: str) -> str:
    """What was painted, as it was before."""
    return text.replace(_FROM_LEFT, "").replace(_END, "")


def _isolated(text: str) -> str:
    return f"{_FROM_LEFT}{text}{_END}" if text else ""


def is_reversed() -> bool:
    """Whether the window runs from right to left."""
    if _reversed is None:
        app = QGuiApplication.instance()
        if not isinstance(app, QGuiApplication):
            return False
        app.layoutDirectionChanged.connect(_on_direction)
        _on_direction(app.layoutDirection())
    return bool(_reversed)


def _on_direction(direction: Qt.LayoutDirection) -> None:
    global _reversed
    _reversed = direction is Qt.LayoutDirection.RightToLeft


def mirrored(whole: QRect, part: QRect) -> QRect:
    """Where a part of something painted by hand stands: at the other side where the window is reversed."""
    return QStyle.visualRect(Qt.LayoutDirection.RightToLeft, whole, part) if is_reversed() else part
