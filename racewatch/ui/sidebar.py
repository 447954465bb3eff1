"""The left side: which noun is looked at, and on which machine."""

from __future__ import annotations

import enum
import socket
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from racewatch.core.text import display_text
from racewatch.ui import icons
from racewatch.ui.plain import PlainLabel, tooltip
from racewatch.ui.theme import Look


class Page(enum.IntEnum):
    """The views by their place, in the list and in the window."""

    OVERVIEW = 0
    SOCKETS = 1
    LOCKS = 2
    CONTAINERS = 3
    HISTORY = 4


#: Icon and name of each page.
VIEWS: Final = (
    ("overview", "Overview"),
    ("sockets", "Sockets"),
    ("locks", "Locks"),
    ("containers", "Containers"),
    ("history", "History"),
)
_WIDTH: Final = 160
_ITEM_HEIGHT: Final = 36


class _Item(QStyledItemDelegate):
    """One view in the list: icon, name, and a ring where the keyboard is."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(80, _ITEM_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        colours = self._look.colours
        state = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect).adjusted(0.5, 1.5, -0.5, -1.5)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent_soft if selected else colours.hover))
            painter.drawRoundedRect(box, 6, 6)
        if selected and state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(colours.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 6, 6)
        colour = colours.accent if selected else colours.muted
        picture = icons.pixmap(VIEWS[index.row()][0], colour, 20, painter.device().devicePixelRatioF())
        painter.drawPixmap(option.rect.left() + 10, option.rect.center().y() - 9, picture)
        font = QFont(option.font)
        font.setWeight(QFont.Weight.DemiBold if selected else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(colours.text))
        where = option.rect.adjusted(40, 0, -6, 0)
        painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, str(index.data()))
        painter.restore()


class Sidebar(QFrame):
    """The list of views.  ``chosen`` carries the :class:`Page`."""

    chosen = Signal(object)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.setObjectName("sidebar")
        self.setFixedWidth(_WIDTH)
        picture = PlainLabel()
        picture.setPixmap(icons.application_icon().pixmap(QSize(30, 30), self.devicePixelRatioF()))
        picture.setFixedSize(32, 32)
        brand = PlainLabel("racewatch")
        brand.setObjectName("brand")
        font = QFont(brand.font())
        font.setPointSizeF(font.pointSizeF() * 1.15)
        font.setWeight(QFont.Weight.DemiBold)
        brand.setFont(font)
        name = display_text(socket.gethostname())
        host = PlainLabel(name)
        host.setObjectName("host")
        host.setText(host.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, _WIDTH - 70))
        host.setToolTip(tooltip(name))
        host.setAccessibleName(f"Machine {name}")
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(brand)
        texts.addWidget(host)
        head = QHBoxLayout()
        head.setContentsMargins(14, 12, 8, 8)
        head.setSpacing(9)
        head.addWidget(picture)
        head.addLayout(texts, 1)
        self.list = QListWidget()
        self.list.setObjectName("navigation")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setAccessibleName("Views")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for at, (_, text) in enumerate(VIEWS):
            item = QListWidgetItem(text)
            item.setToolTip(f"Ctrl+{at + 1}")
            self.list.addItem(item)
        self.list.setCurrentRow(Page.SOCKETS)
        self.list.currentRowChanged.connect(self._on_row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 1, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.list, 1)
        self.list.setItemDelegate(_Item(look, self.list))
        look.changed.connect(self.list.viewport().update)

    def _on_row(self, row: int) -> None:
        self.chosen.emit(Page(row))

    def choose(self, page: Page) -> None:
        """Select a view."""
        self.list.setCurrentRow(page)
