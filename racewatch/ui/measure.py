"""Sizes that follow the font: whoever needs large letters has them everywhere, and nothing of them is cut off.

The numbers given are those of the usual font; with a larger one there is more room, with a smaller one no less.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QWidget

#: How high a line of the usual font is at most, and how high it is where the widths were drawn.
_LINE: Final = 18
_DRAWN: Final = 15
#: What a window manager puts around a dialog, at most.
_FRAME: Final = QSize(24, 60)


def tall(least: int, metrics: QFontMetrics) -> int:
    """The height of something that holds one line of text."""
    return max(least, metrics.height() + least - _LINE)


def wide(least: int, metrics: QFontMetrics) -> int:
    """The width of something that holds a few words."""
    return max(least, round(least * metrics.height() / _DRAWN))


def roomy(dialog: QWidget, width: int, height: int) -> QSize:
    """The size of a dialog: larger with larger letters, but never more than the screen has."""
    metrics = dialog.fontMetrics()
    return QSize(wide(width, metrics), wide(height, metrics)).boundedTo(
        dialog.screen().availableSize() - _FRAME
    )
