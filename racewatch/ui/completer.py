"""The list below a filter line, of what could stand there; nothing is put in unless it is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, QStringListModel, Qt
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView

from racewatch.ui.query import Key
from racewatch.ui.query_complete import Offer, offer
from racewatch.ui.tr import tr


class QueryCompleter(QObject):
    """Offers keys and values while somebody types; ``present`` tells which values there are just now."""

    def __init__(self, line: QLineEdit, present: Callable[[Key], Iterable[str]]) -> None:
        super().__init__(line)
        self._line = line
        self._present = present
        self._offer: Offer | None = None
        self._pieces = QStringListModel(self)
        self.completer = QCompleter(self._pieces, self)
        self.completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self.completer.setMaxVisibleItems(12)
        self.completer.setWidget(line)
        popup = self.popup = QListView()
        self.completer.setPopup(popup)
        popup.setObjectName("suggestions")
        popup.setAccessibleName(tr("Suggestions"))
        popup.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.completer.activated.connect(self._put)
        line.textEdited.connect(self._edited)

    def _edited(self, text: str) -> None:
        self._offer = offer(text, self._line.cursorPosition(), self._present)
        if self._offer is None:
            self.popup.hide()
            return
        self._pieces.setStringList(list(self._offer.pieces))
        self.completer.complete()

    def _put(self, piece: str) -> None:
        if self._offer is None:
            return
        text = self._line.text()
        # A value is complete; a key waits for one.
        more = "" if piece.endswith((":", ">")) else " "
        rest = text[self._offer.end :].lstrip()
        before = text[: self._offer.start] + piece + more
        self._line.setText(before + rest)
        self._line.setCursorPosition(len(before))
        if not more:
            self._edited(self._line.text())
