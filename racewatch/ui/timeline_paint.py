"""How a timeline is drawn: one step line of states, told apart by height and pattern as well as colour."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QBrush, QColor, QPainter

from racewatch.monitor.timeline import WINDOW, Piece, State
from racewatch.ui.theme import Look

#: Shares of the height.  What needs attention stands out; what is at rest is low; gone is a line.
HEIGHT: Final = {
    State.STALE: 1.0,
    State.UNKNOWN: 0.75,
    State.LIVE: 0.45,
    State.IDLE: 0.2,
    State.GONE: 0.0,
}


def pixel_seconds(width: int) -> float:
    """How long it takes a timeline of this width to move by one pixel, at least a second."""
    return max(WINDOW / max(width, 1), 1.0)


def place(at: float, now: float, area: QRect) -> int:
    """Where a moment is drawn."""
    return area.left() + round((at - now + WINDOW) / WINDOW * area.width())


def draw(painter: QPainter, area: QRect, pieces: Iterable[Piece], now: float, look: Look) -> None:
    """Draw the window before ``now`` into the area; what is not known stays empty."""
    for piece in pieces:
        left = place(piece.begun, now, area)
        # However short it was, it is seen.
        width = max(place(piece.ended, now, area) - left, 1)
        height = max(round(HEIGHT[piece.state] * area.height()), 1)
        box = QRect(min(left, area.right()), area.bottom() + 1 - height, width, height)
        painter.fillRect(box, brush(piece.state, look))


def brush(state: State, look: Look) -> QBrush:
    """The colour and pattern of a state."""
    if state is State.GONE:
        return QBrush(QColor(look.colours.faint))
    colour = QColor(getattr(look.colours, state.value))
    pattern = Qt.BrushStyle.Dense4Pattern if state is State.UNKNOWN else Qt.BrushStyle.SolidPattern
    return QBrush(colour, pattern)
