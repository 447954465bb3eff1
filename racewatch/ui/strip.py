"""Messages at the top of the window: outcomes, errors, standing warnings.  Never a modal box."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from racewatch.core.model import Outcome, OutcomeWord
from racewatch.ui import icons
from racewatch.ui.announce import announce
from racewatch.ui.plain import PlainLabel, WrapLabel
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, tr

_MOST: Final = 3


class Level(enum.StrEnum):
    """How a message looks.  A refusal is the tool doing its job: neutral, not red."""

    INFO = "info"
    SUCCESS = "success"
    REFUSED = "refused"
    WARNING = "warning"
    ERROR = "error"


_LEVELS: Final = {
    Level.INFO: marked("info"),
    Level.SUCCESS: marked("success"),
    Level.REFUSED: marked("refused"),
    Level.WARNING: marked("warning"),
    Level.ERROR: marked("error"),
}


def level_of(outcome: Outcome) -> Level:
    """How an outcome looks."""
    if outcome.word is OutcomeWord.FAILED:
        return Level.ERROR
    return Level.REFUSED if outcome.word.is_refusal else Level.SUCCESS


def level_colour(look: Look, level: Level) -> str:
    """The colour of its icon, which has a shape of its own too."""
    colours = look.colours
    return {
        Level.INFO: colours.accent,
        Level.SUCCESS: colours.live,
        Level.REFUSED: colours.idle,
        Level.WARNING: colours.stale,
        Level.ERROR: colours.danger,
    }[level]


class Strip(QFrame):
    """One message with what can be done about it."""

    def __init__(
        self,
        look: Look,
        level: Level,
        text: str,
        *,
        details: str = "",
        undo: Callable[[], None] | None = None,
        more: tuple[str, Callable[[], None]] | None = None,
        closable: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.level = level
        self.text = text
        self.details = details
        self.setObjectName("strip")
        self.setProperty("level", level.value)
        self.setAccessibleName(f"{tr(_LEVELS[level])}: {text}")
        self._look = look
        self._undo = undo
        self.dismissed = False
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 6, 8, 6)
        layout.setSpacing(8)
        self._icon = PlainLabel()
        self._icon.setFixedSize(20, 20)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        self.label = WrapLabel(text)
        layout.addWidget(self.label, 1, Qt.AlignmentFlag.AlignVCenter)
        self.undo_button = self._button(tr("Undo"), "undo", tr("Put back what was removed"), self._on_undo)
        self.undo_button.setVisible(undo is not None)
        self.more_button = self._button(more[0] if more else "", "history", tr("Go to it"), self._on_more)
        self.more_button.setVisible(more is not None)
        self._more = more
        self.copy_button = self._button(
            tr("Copy details"),
            "copy",
            tr("Copy this message with its details to the clipboard"),
            self._on_copy,
        )
        self.close_button = self._button("", "clear", tr("Close this message"), self.dismiss)
        self.close_button.setVisible(closable)
        for button in (self.undo_button, self.more_button, self.copy_button, self.close_button):
            layout.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        look.changed.connect(self._paint)
        self._paint()

    def _button(self, text: str, icon: str, name: str, slot: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("role", "quiet")
        button.setProperty("iconName", icon)
        button.setAccessibleName(text or name)
        button.setAccessibleDescription(name)
        button.setToolTip(name)
        button.setIconSize(QSize(16, 16))
        button.setAutoDefault(False)
        button.clicked.connect(slot)
        return button

    def _paint(self) -> None:
        colours = self._look.colours
        colour = level_colour(self._look, self.level)
        self._icon.setPixmap(icons.pixmap(self.level.value, colour, 20, self.devicePixelRatioF()))
        for button in (self.undo_button, self.more_button, self.copy_button, self.close_button):
            button.setIcon(icons.icon(str(button.property("iconName")), colours.accent, colours.faint))

    def _on_undo(self) -> None:
        if self._undo is not None:
            self.undo_button.setEnabled(False)  # until it is told how that went
            self._undo()

    def offer_undo(self, offered: bool) -> None:
        """Whether what this message tells of can be taken back just now."""
        self.undo_button.setEnabled(offered)

    def _on_more(self) -> None:
        if self._more is not None:
            self._more[1]()

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(f"{self.text}\n{self.details}".strip())

    def say(self, text: str, details: str) -> None:
        """The same message, brought up to date; nobody is interrupted for it."""
        self.text, self.details = text, details
        self.label.setText(text)
        self.setAccessibleName(f"{tr(_LEVELS[self.level])}: {text}")

    def dismiss(self) -> None:
        """Take the message away."""
        self.dismissed = True
        self.hide()
        above = self.parentWidget()
        layout = above.layout() if above is not None else None
        if layout is not None:
            layout.removeWidget(self)
        # Its parent stays its owner until Qt deletes it.  Without a parent it would be Python's too, which
        # frees it as soon as nobody refers to it: then the event that is to delete it kills the program.
        self.deleteLater()


class StripArea(QWidget):
    """The newest messages, standing warnings first; older ones make room."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self.setAccessibleName(tr("Messages"))
        self.installEventFilter(self)
        self.hide()

    def strips(self) -> list[Strip]:
        """The messages on screen, top to bottom."""
        items = (self._layout.itemAt(at) for at in range(self._layout.count()))
        found = (item.widget() for item in items if item is not None)
        return [widget for widget in found if isinstance(widget, Strip)]

    def show_message(
        self,
        level: Level,
        text: str,
        *,
        details: str = "",
        undo: Callable[[], None] | None = None,
        more: tuple[str, Callable[[], None]] | None = None,
        standing: bool = False,
    ) -> Strip:
        """Add a message; a ``standing`` one cannot be closed and stays on top.

        ``more``: a button with this text, and where it leads.
        """
        passing = [strip for strip in self.strips() if not strip.close_button.isHidden()]
        for old in passing:
            if old.text == text or len(passing) >= _MOST - 1:
                passing.remove(old)
                old.dismiss()
                break
        strip = Strip(
            self._look, level, text, details=details, undo=undo, more=more, closable=not standing, parent=self
        )
        self._layout.insertWidget(0 if standing else self._layout.count(), strip)
        self.show()
        announce(strip, strip.accessibleName(), urgent=level in (Level.WARNING, Level.ERROR))
        return strip

    def eventFilter(self, watched: QObject, event: QEvent, /) -> bool:
        if event.type() is QEvent.Type.ChildRemoved and not self.strips():
            self.hide()
        return super().eventFilter(watched, event)
