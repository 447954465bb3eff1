"""Freeing what is kept for undo: the question, the progress, and the way to stop it."""

from __future__ import annotations

import threading
from typing import Final

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from racewatch.core.model import HistoryEntry
from racewatch.core.text import display, size_text
from racewatch.ui.plain import PathBox, WrapLabel, heading
from racewatch.ui.question import BEAT_MS
from racewatch.ui.steady import SteadyButton, SteadyDialog
from racewatch.ui.tr import tr

_WHOLE: Final = 1000


class PurgeDialog(SteadyDialog):
    """Asks, then shows how far it is.  ``wanted`` when it was agreed to; the owner ends it.

    :meth:`progress` may be called from any thread.
    """

    wanted = Signal()
    _told = Signal(object)

    def __init__(self, entry: HistoryEntry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.entry = entry
        self._stop = threading.Event()
        self._counted = threading.Event()
        self._running = False
        title = tr("Free the space of what is kept?")
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setMinimumWidth(520)
        head = heading(title)
        path = PathBox()
        path.setAccessibleName(tr("Path"))
        path.set_text(display(entry.path or entry.target.locator))
        self.said = WrapLabel(
            tr(
                "It was taken away and is kept whole beside its old place, so that undo can bring it "
                "back. Freeing its space removes it for good: this cannot be undone. It stops at "
                "whatever is mounted inside."
            )
        )
        self.space = WrapLabel(tr("What that frees is not yet known: it is being counted."))
        self.space.setAccessibleName(tr("Space"))
        self.bar = QProgressBar()
        self.bar.setRange(0, _WHOLE)
        self.bar.setTextVisible(True)
        self.bar.setAccessibleName(tr("Progress"))
        self.bar.hide()
        self.cancel = SteadyButton(tr("Cancel"))
        self.cancel.setAccessibleDescription(
            tr("Close this, or stop what has begun; what is left stays kept")
        )
        self.cancel.setDefault(True)
        self.cancel.clicked.connect(self.reject)
        self.free = SteadyButton(tr("Free for good"))
        self.free.setAccessibleDescription(tr("Remove what is kept; this cannot be undone"))
        self.free.setProperty("role", "danger")
        self.free.setAutoDefault(False)
        self.free.setEnabled(False)
        self.free.clicked.connect(self._begin)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.free)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.setSpacing(12)
        for widget in (head, path, self.said, self.space, self.bar):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        self._beat = QTimer(self)
        self._beat.setSingleShot(True)
        self._beat.setInterval(BEAT_MS)
        self._beat.timeout.connect(lambda: self.free.setEnabled(not self._running))
        self._told.connect(self._show_progress)

    def showEvent(self, event: QShowEvent, /) -> None:
        super().showEvent(event)
        self.cancel.setFocus()
        self._beat.start()

    def is_counted_no_more(self) -> bool:
        """Whether nobody needs to count any more what it would free.  From any thread."""
        return self._counted.is_set()

    def show_space(self, text: str) -> None:
        """What it would free, in a sentence; nothing when that cannot be told."""
        self.space.setText(text)
        self.space.setVisible(bool(text) and not self._running)

    def _begin(self) -> None:
        self._running = True
        self._counted.set()
        self.space.hide()
        self.free.setEnabled(False)
        self.bar.show()
        self.said.setText(tr("It is being removed. Stopped now, what is left stays kept."))
        self.cancel.setText(tr("Stop"))
        self.wanted.emit()

    def progress(self, done: int, whole: int) -> bool:
        """How far it is; False when the person wants it to stop."""
        self._told.emit((done, whole))
        return not self._stop.is_set()

    def _show_progress(self, told: tuple[int, int]) -> None:
        done, whole = told
        self.bar.setValue(_WHOLE if whole == 0 else done * _WHOLE // whole)
        self.bar.setFormat(tr("{done} of {whole}").format(done=size_text(done), whole=size_text(whole)))

    def reject(self) -> None:
        """Before it began: close.  Afterwards: ask it to stop; the owner closes."""
        self._counted.set()
        if not self._running:
            super().reject()
            return
        self._stop.set()
        self.cancel.setEnabled(False)

    def closeEvent(self, event: QCloseEvent, /) -> None:
        if self._running:
            event.ignore()
            self.reject()
            return
        super().closeEvent(event)

    def ended(self) -> None:
        """It is over, however it ended."""
        self._running = False
        self.accept()
