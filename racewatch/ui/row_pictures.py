"""Rows as they were painted last: while things change, nearly all of a screen looks as it did before.

A table is painted many times a second then, and a cell painted anew costs ten times what it costs to show it again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QImage, QPainter

from racewatch.core.model import Observation
from racewatch.monitor.timeline import Timeline
from racewatch.ui.table_row import Row

#: Pictures are kept of so many times the rows that are on screen: of those that come back soon.
_KEPT: Final = 1.5


class Laid(NamedTuple):
    """How a table lies on the screen: another one, and no picture holds any more.

    ``columns`` are those on screen, each with its left edge and its width; ``ratio`` is that of the screen's pixels.
    """

    columns: tuple[tuple[int, int, int], ...]
    width: int
    height: int
    rows: int
    ratio: float
    colours: object
    direction: Qt.LayoutDirection


class _Picture(NamedTuple):
    """One row, of what it was painted, and the painting.

    What was seen is told apart by identity: to compare two observations takes longer than to paint them.
    """

    seen: Observation
    timeline: Timeline | None
    state: tuple[object, ...]
    image: QImage


class RowPictures:
    """The pictures of one table; each is dropped when the table lies otherwise, or the row says otherwise."""

    def __init__(self) -> None:
        self._laid: Laid | None = None
        self._by_row: dict[Row, _Picture] = {}

    def of(
        self,
        row: Row,
        state: tuple[object, ...],
        laid: Laid,
        ground: QBrush,
        paint: Callable[[QPainter], None],
    ) -> QImage:
        """The picture of a row in this state, painted when there is none."""
        if laid != self._laid:
            self._by_row.clear()
            self._laid = laid
        known = self._by_row.pop(row, None)
        if (
            known is None
            or known.seen is not row.observation
            or known.timeline is not row.timeline
            or known.state != state
        ):
            # Opaque: on nothing, text would lose the smoothing that the screen's kind of pixels allows.
            width, height = round(laid.width * laid.ratio), round(laid.height * laid.ratio)
            image = QImage(width, height, QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(laid.ratio)
            painter = QPainter(image)
            try:
                painter.setLayoutDirection(laid.direction)
                painter.fillRect(0, 0, laid.width, laid.height, ground)
                paint(painter)
            finally:
                painter.end()  # an image that goes while it is being painted takes the program with it
            known = _Picture(row.observation, row.timeline, state, image)
        self._by_row[row] = known
        if len(self._by_row) > laid.rows * _KEPT:
            del self._by_row[next(iter(self._by_row))]  # the one that was not shown for longest
        return known.image

    def forget(self) -> None:
        """Keep none: nobody looks at the table."""
        self._by_row.clear()
        self._laid = None
