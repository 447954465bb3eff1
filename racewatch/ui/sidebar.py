"""The left side: which view and which filter is looked at, and on which machine."""

from __future__ import annotations

import enum
import socket
from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from racewatch.core.text import display_text
from racewatch.ui import bidi, icons
from racewatch.ui.measure import tall
from racewatch.ui.plain import PlainLabel, tooltip
from racewatch.ui.saved import NEEDS_ATTENTION, SavedFilter
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, number, tr


class Page(enum.IntEnum):
    """The views by their place, in the list and in the window."""

    OVERVIEW = 0
    ALL = 1
    SOCKETS = 2
    LOCKS = 3
    CONTAINERS = 4
    HISTORY = 5


#: Icon and name of each page.
VIEWS: Final = (
    ("overview", marked("Overview")),
    ("all", marked("All")),
    ("sockets", marked("Sockets")),
    ("locks", marked("Locks")),
    ("containers", marked("Containers")),
    ("history", marked("History")),
)
_WIDTH: Final = 204
_ITEM_HEIGHT: Final = 34
_HEADING_HEIGHT: Final = 40
#: Where the filters begin, below the views and their heading.
_FIRST: Final = len(VIEWS) + 1


class _Role(enum.IntEnum):
    """What stands in an item: its icon (none for the heading), its count, its page or the name of its filter."""

    ICON = Qt.ItemDataRole.UserRole + 1
    COUNT = Qt.ItemDataRole.UserRole + 2
    PAGE = Qt.ItemDataRole.UserRole + 3
    FILTER = Qt.ItemDataRole.UserRole + 4


class _Item(QStyledItemDelegate):
    """One entry of the list: icon, name, count, and a ring where the keyboard is; or the heading."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self._look = look

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        least = _ITEM_HEIGHT if index.data(_Role.ICON) else _HEADING_HEIGHT
        return QSize(80, tall(least, option.fontMetrics))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        colours = self._look.colours
        state = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        font = QFont(option.font)
        area = QRect(option.rect)
        painter.save()
        if not index.data(_Role.ICON):
            font.setWeight(QFont.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(QColor(colours.muted))
            area = bidi.mirrored(area, area.adjusted(10, 0, -6, -6))
            painter.drawText(area, Qt.AlignmentFlag.AlignBottom, str(index.data()))
            painter.restore()
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(area).adjusted(0.5, 1.5, -0.5, -1.5)
        if selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.accent_soft if selected else colours.hover))
            painter.drawRoundedRect(box, 6, 6)
        if selected and state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(colours.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 6, 6)
        colour = colours.accent if selected else colours.muted
        ratio = painter.device().devicePixelRatioF()
        picture = icons.pixmap(str(index.data(_Role.ICON)), colour, 20, ratio)
        whole = QRect(area)
        sign = QRect(area.left() + 10, area.center().y() - 9, 20, 20)
        painter.drawPixmap(bidi.mirrored(whole, sign), picture)
        area.adjust(40, 0, -10, 0)
        count = index.data(_Role.COUNT)
        if count is not None:
            painter.setFont(font)
            painter.setPen(QColor(colours.text if selected else colours.muted))
            text = number(count)
            right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(bidi.mirrored(whole, area), right, text)
            area.setRight(area.right() - painter.fontMetrics().horizontalAdvance(text) - 8)
        font.setWeight(QFont.Weight.DemiBold if selected else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(colours.text))
        name = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(
            bidi.mirrored(whole, area), Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, name
        )
        painter.restore()


class _List(QListWidget):
    """The list; Delete and F2 are about the filter that is chosen in it, not about a row of the table."""

    rename_wanted = Signal()
    delete_wanted = Signal()

    def event(self, event: QEvent, /) -> bool:
        if isinstance(event, QKeyEvent) and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_F2):
            if event.type() is QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() is QEvent.Type.KeyPress:
                wanted = self.delete_wanted if event.key() == Qt.Key.Key_Delete else self.rename_wanted
                wanted.emit()
                return True
        return super().event(event)


class Sidebar(QFrame):
    """The views, and below them the filters that are kept.  ``chosen`` carries the :class:`Page`,
    ``filter_chosen`` the name of a filter; so do the wishes to rename or delete one.
    """

    chosen = Signal(object)
    filter_chosen = Signal(str)
    rename_wanted = Signal(str)
    delete_wanted = Signal(str)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self.setObjectName("sidebar")
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        width = max(_WIDTH, QFontMetrics(bold).horizontalAdvance(NEEDS_ATTENTION.shown) + 110)
        self.setFixedWidth(width)
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
        host.setText(host.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, width - 70))
        host.setToolTip(tooltip(name))
        host.setAccessibleName(tr("Machine {name}").format(name=name))
        host.setAccessibleDescription(tr("The machine that is looked at"))
        texts = QVBoxLayout()
        texts.setSpacing(0)
        texts.addWidget(brand)
        texts.addWidget(host)
        head = QHBoxLayout()
        head.setContentsMargins(14, 12, 8, 8)
        head.setSpacing(9)
        head.addWidget(picture)
        head.addLayout(texts, 1)
        self.list = _List()
        self.list.setObjectName("navigation")
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setAccessibleName(tr("Views and filters"))
        self.list.setAccessibleDescription(
            tr("Choose what is shown; F2 renames a filter, Delete takes it away")
        )
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAcceptDrops(False)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        for page, (icon, text) in zip(Page, VIEWS, strict=True):
            item = QListWidgetItem(tr(text))
            item.setData(_Role.ICON, icon)
            item.setData(_Role.PAGE, page)
            item.setToolTip(_keys(f"Ctrl+{page + 1}"))
            self.list.addItem(item)
        heading = QListWidgetItem(tr("Filters"))
        heading.setFlags(Qt.ItemFlag.NoItemFlags)
        self.list.addItem(heading)
        self.list.currentItemChanged.connect(self._on_item)
        self.list.customContextMenuRequested.connect(self._on_menu)
        self.list.rename_wanted.connect(self._rename)
        self.list.delete_wanted.connect(self._delete)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 1, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self.list, 1)
        self.list.setItemDelegate(_Item(look, self.list))
        look.changed.connect(self.list.viewport().update)

    # --- the filters ------------------------------------------------------------------------

    def show_filters(self, filters: Sequence[SavedFilter]) -> None:
        """These stand below the views; the one that is chosen stays so."""
        chosen = self.filter
        with QSignalBlocker(self.list):
            while self.list.count() > _FIRST:
                self.list.takeItem(_FIRST)
            attention = _keys("Ctrl+0")
            for one in filters:
                item = QListWidgetItem(one.shown)
                item.setData(_Role.ICON, "attention" if one.built_in else "bookmark")
                item.setData(_Role.FILTER, one.name)
                keys = f"\n{attention}" if one.built_in else ""
                item.setToolTip(tooltip(f"{one.shown}\n{one.text}{keys}"))
                self.list.addItem(item)
        if chosen is not None:
            self.mark(chosen if self._place_of(chosen) is not None else Page.ALL)

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """How many things each filter lets through."""
        for at in range(_FIRST, self.list.count()):
            item = self.list.item(at)
            count = counts.get(item.data(_Role.FILTER))
            if item.data(_Role.COUNT) != count:
                item.setData(_Role.COUNT, count)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{item.text()}, {count or 0}")

    @property
    def filter(self) -> str | None:
        """The name of the filter that is chosen."""
        row = self.list.currentRow()
        name = self.list.item(row).data(_Role.FILTER) if row >= 0 else None
        return str(name) if name is not None else None

    def mark(self, what: Page | str) -> None:
        """Show this view, or the filter of this name, as the one that is on screen; it is not chosen anew."""
        place = what if isinstance(what, Page) else self._place_of(what)
        if place is not None:
            with QSignalBlocker(self.list):
                self.list.setCurrentRow(place)
            self.list.viewport().update()

    def _place_of(self, name: str) -> int | None:
        places = range(_FIRST, self.list.count())
        return next((at for at in places if self.list.item(at).data(_Role.FILTER) == name), None)

    def _on_menu(self, where: QPoint) -> None:
        item = self.list.itemAt(where)
        name = item.data(_Role.FILTER) if item is not None else None
        if name is None or name == NEEDS_ATTENTION.name:
            return
        menu = QMenu(self)
        menu.addAction(tr("Rename…"), lambda: self.rename_wanted.emit(name)).setShortcut(QKeySequence("F2"))
        menu.addAction(tr("Delete"), lambda: self.delete_wanted.emit(name)).setShortcut(QKeySequence("Del"))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.list.viewport().mapToGlobal(where))

    def _rename(self) -> None:
        if self.filter not in (None, NEEDS_ATTENTION.name):
            self.rename_wanted.emit(self.filter)

    def _delete(self) -> None:
        if self.filter not in (None, NEEDS_ATTENTION.name):
            self.delete_wanted.emit(self.filter)

    # --- what is chosen -----------------------------------------------------------------------

    def _on_item(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        page = item.data(_Role.PAGE)
        if page is not None:
            self.chosen.emit(Page(page))
        elif item.data(_Role.FILTER) is not None:
            self.filter_chosen.emit(item.data(_Role.FILTER))

    def choose(self, page: Page) -> None:
        """Select a view."""
        self.list.setCurrentRow(page)

    def choose_filter(self, name: str) -> None:
        """Select a filter; nothing happens when there is none of this name."""
        place = self._place_of(name)
        if place is not None:
            self.list.setCurrentRow(place)


def _keys(keys: str) -> str:
    """The keys as they are called on this keyboard, in the window's language."""
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
