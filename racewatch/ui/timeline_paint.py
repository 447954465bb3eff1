"""How a timeline is drawn: one step line of states, told apart by height and pattern as well as colour."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QBrush, QColor, QPainter

from racewatch.monitor.timeline import Piece, State
from racewatch.ui.theme import Colours, Look

#: Shares of the height.  What needs attention stands out; what is at rest is low; gone is a line.
HEIGHT: Final = {
    State.STALE: 1.0,
    State.UNKNOWN: 0.75,
    State.LIVE: 0.45,
    State.IDLE: 0.2,
    State.GONE: 0.0,
}
#: The strong edge on the soft ground of a state; what is narrower than this has no ground.
_EDGE: Final = 2
_NARROW: Final = 3


def pixel_milliseconds(width: int, scale: float) -> int:
    """How long a picture of so many seconds takes to move by one pixel of its width; at least a second."""
    return round(1000 * max(scale / max(width, 1), 1.0))


def place(at: float, now: float, scale: float, area: QRect) -> int:
    """Where a moment is drawn."""
    return area.left() + round((at - now + scale) / scale * area.width())


def draw(
    painter: QPainter, area: QRect, pieces: Iterable[Piece], now: float, scale: float, look: Look
) -> None:
    """Draw the last ``scale`` seconds into the area; what is not known stays empty."""
    for piece in pieces:
        left = min(place(piece.begun, now, scale, area), area.right())
        # However short it was, it is seen.
        width = max(place(piece.ended, now, scale, area) - left, 1)
        height = max(round(HEIGHT[piece.state] * area.height()), 1)
        box = QRect(left, area.bottom() + 1 - height, width, height)
        ink = _ink(piece.state, look.colours)
        if width <= _NARROW or height <= _EDGE:
            painter.fillRect(box, ink)
            continue
        painter.fillRect(box, _ground(piece.state, look.colours))
        painter.fillRect(box.left(), box.top(), width, _EDGE, ink)
        painter.fillRect(box.left(), box.top(), 1, height, ink)


@lru_cache(maxsize=64)
def _ink(state: State, colours: Colours) -> QColor:
    return QColor(colours.faint if state is State.GONE else getattr(colours, state.value))


@lru_cache(maxsize=64)
def _ground(state: State, colours: Colours) -> QBrush:
    if state is State.UNKNOWN:
        return QBrush(_ink(state, colours), Qt.BrushStyle.Dense5Pattern)
    return QBrush(QColor(getattr(colours, f"{state.value}_soft")))
