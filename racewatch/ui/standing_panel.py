"""The list of what stands until something happens: one line each, with how it is and a button that takes it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from racewatch.core.model import Target
from racewatch.ui import icons
from racewatch.ui.plain import ElidedLabel, PlainLabel
from racewatch.ui.strip import Level, level_colour
from racewatch.ui.theme import Look

#: More lines than these are scrolled.
_MOST: Final = 5


class Standing(Protocol):
    """What a line tells of."""

    target: Target
    name: str

    def text(self) -> str:
        """How it stands, in a sentence."""
        ...


@dataclass(frozen=True, slots=True)
class Manner:
    """How one such list looks.  ``button`` takes a line back, ``button_help`` says what that means."""

    title: str
    icon: str
    level: Level
    button: str
    button_help: str


class _Line(QFrame):
    def __init__(self, look: Look, manner: Manner, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self.setProperty("level", manner.level.value)
        self._look = look
        self._manner = manner
        self._icon = PlainLabel()
        self._icon.setFixedSize(20, 20)
        self.label = ElidedLabel()
        self.take_back = QPushButton(manner.button)
        self.take_back.setProperty("role", "quiet")
        self.take_back.setAutoDefault(False)
        self.take_back.setIconSize(QSize(16, 16))
        self.take_back.setAccessibleName(f"{manner.button}: {name}")
        self.take_back.setAccessibleDescription(manner.button_help)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 4, 8, 4)
        layout.setSpacing(8)
        layout.addWidget(self._icon)
        layout.addWidget(self.label, 1)
        layout.addWidget(self.take_back)
        look.changed.connect(self._paint)
        self._paint()

    def _paint(self) -> None:
        colour = level_colour(self._look, self._manner.level)
        self._icon.setPixmap(icons.pixmap(self._manner.icon, colour, 18, self.devicePixelRatioF()))


class StandingPanel(QWidget):
    """Hidden while there is nothing to list."""

    #: Take this one back.
    back_wanted = Signal(object)

    def __init__(self, look: Look, manner: Manner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._manner = manner
        self._lines: dict[Target, _Line] = {}
        inside = QWidget()
        inside.installEventFilter(self)
        self._layout = QVBoxLayout(inside)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._scroll = QScrollArea()
        self._scroll.setObjectName("standing")
        self._scroll.setWidget(inside)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # its buttons have it, and are scrolled to
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._scroll)
        self.setAccessibleName(manner.title)
        self.hide()

    def show_all(self, things: Sequence[Standing]) -> None:
        """Exactly these, as they stand now."""
        wanted = {thing.target: thing for thing in things}
        for target in [target for target in self._lines if target not in wanted]:
            line = self._lines.pop(target)
            line.hide()
            self._layout.removeWidget(line)
            line.deleteLater()
        for target, thing in wanted.items():
            shown = self._lines.get(target)
            if shown is None:
                shown = self._lines[target] = _Line(self._look, self._manner, thing.name, self)
                shown.take_back.clicked.connect(
                    lambda _checked=False, target=target: self.back_wanted.emit(target)
                )
                self._layout.addWidget(shown)
            shown.label.setText(thing.text())
            shown.setAccessibleName(thing.text())
        self._fit()
        self.setVisible(bool(wanted))

    def eventFilter(self, watched: QObject, event: QEvent, /) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:  # a line has its height only once it was styled
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        """As high as its lines; whatever stands here leaves room for what is below."""
        heights = [line.sizeHint().height() for line in self._lines.values()]
        more = heights[_MOST] // 2 if len(heights) > _MOST else 0
        self.setFixedHeight(sum(heights[:_MOST]) + more)

    def button(self, target: Target) -> QPushButton | None:
        """What takes this one back."""
        line = self._lines.get(target)
        return line.take_back if line is not None else None
