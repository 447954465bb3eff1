"""The header row: a click sorts, an arrow of our own shows by what."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHeaderView, QWidget

from racewatch.ui import bidi, icons
from racewatch.ui.theme import Look
from racewatch.ui.tr import tr


class SortHeader(QHeaderView):
    """A horizontal header with the sort arrow right of the title, in the colours of the look."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._look = look
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setSortIndicatorShown(True)
        self.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setAccessibleName(tr("Columns"))
        self.setAccessibleDescription(tr("Click a column to sort by it; its menu chooses which are shown"))

    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int, /) -> None:
        painter.save()
        super().paintSection(painter, rect, logicalIndex)
        painter.restore()
        if self.sortIndicatorSection() == logicalIndex:
            up = self.sortIndicatorOrder() is Qt.SortOrder.AscendingOrder
            picture = icons.pixmap(
                "sort-up" if up else "sort-down",
                self._look.colours.accent,
                14,
                painter.device().devicePixelRatioF(),
            )
            place = QRect(rect.right() - 20, rect.center().y() - 6, 14, 14)
            painter.drawPixmap(bidi.mirrored(rect, place), picture)
