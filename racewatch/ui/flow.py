"""A row that goes on below where it has no room: with large letters, or in a narrow window, nothing is squeezed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QSize
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget


class FlowRow(QWidget):
    """What was added, from the start of the line to its end, each as wide as it wants to be; as many lines as it takes.

    (A widget, not a layout: a layout of Python's crashes now and then, over who owns its items.)
    """

    def __init__(self, spacing: int = 6, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._spacing = spacing
        self._row: list[QWidget] = []
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def add(self, widget: QWidget) -> None:
        """One more at the end."""
        widget.setParent(self)
        self._row.append(widget)
        self.updateGeometry()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int, /) -> int:
        return self._arrange(width, move=False)

    def sizeHint(self) -> QSize:
        """All in one line."""
        sizes = [_wanted(widget) for widget in self._shown()]
        wide = sum(size.width() for size in sizes) + self._spacing * max(len(sizes) - 1, 0)
        return QSize(wide, max((size.height() for size in sizes), default=0))

    def minimumSizeHint(self) -> QSize:
        sizes = [_wanted(widget) for widget in self._shown()]
        return QSize(
            max((size.width() for size in sizes), default=0),
            max((size.height() for size in sizes), default=0),
        )

    def resizeEvent(self, event: QResizeEvent, /) -> None:
        super().resizeEvent(event)
        self._settle()

    def showEvent(self, event: QShowEvent, /) -> None:
        super().showEvent(event)
        self._settle()  # what changed while nobody saw it asked for no layout

    def event(self, event: QEvent, /) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:  # one of them wants another size
            self.updateGeometry()
            self._settle()
        return super().event(event)

    def _settle(self) -> None:
        # Layouts do not always ask for the height for a width.
        wanted = self._arrange(self.width(), move=True)
        if self.minimumHeight() != wanted:
            self.setMinimumHeight(wanted)

    def _shown(self) -> list[QWidget]:
        return [widget for widget in self._row if not widget.isHidden()]

    def _arrange(self, width: int, *, move: bool) -> int:
        """The height it takes; with ``move`` they go where they belong."""
        x = y = high = 0
        for widget in self._shown():
            size = _wanted(widget)
            if x and x + size.width() > width:
                x, y, high = 0, y + high + self._spacing, 0
            if move:
                left = width - x - size.width() if self.isRightToLeft() else x
                widget.setGeometry(QRect(QPoint(left, y), size))
            x += size.width() + self._spacing
            high = max(high, size.height())
        return y + high


def _wanted(widget: QWidget) -> QSize:
    return widget.sizeHint().expandedTo(widget.minimumSize())
