"""The left side: which noun is looked at, and on which machine."""

from __future__ import annotations

import socket
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QFrame, QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from racewatch.core.text import display_text
from racewatch.ui import icons
from racewatch.ui.plain import PlainLabel, tooltip
from racewatch.ui.theme import Look

VIEWS: Final = (
    ("sockets", "Sockets"),
    ("locks", "Locks"),
    ("containers", "Containers"),
    ("history", "History"),
)
_WIDTH: Final = 172


class Sidebar(QFrame):
    """The list of views.  ``chosen`` carries the number of the view."""

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
        self.list.setIconSize(QSize(20, 20))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for at, (_, text) in enumerate(VIEWS):
            item = QListWidgetItem(text)
            item.setToolTip(f"Ctrl+{at + 1}")
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.currentRowChanged.connect(self._on_row)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.list, 1)
        look.changed.connect(self._paint)
        self._paint()

    def _on_row(self, row: int) -> None:
        self.chosen.emit(row)

    def choose(self, row: int) -> None:
        """Select a view."""
        self.list.setCurrentRow(row)

    def _paint(self) -> None:
        for at, (icon, _) in enumerate(VIEWS):
            self.list.item(at).setIcon(icons.icon(icon, self._look.colours.accent))
