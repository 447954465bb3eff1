"""The list of what is armed: one line each, with its countdown and Disarm."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from racewatch.core.model import Target
from racewatch.ui import icons
from racewatch.ui.armed import Armed
from racewatch.ui.plain import ElidedLabel, PlainLabel
from racewatch.ui.theme import Look


class _Line(QFrame):
    def __init__(self, look: Look, armed: Armed, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("strip")
        self.setProperty("level", "warning")
        self._look = look
        self._icon = PlainLabel()
        self._icon.setFixedSize(20, 20)
        self.label = ElidedLabel()
        self.disarm = QPushButton("Disarm")
        self.disarm.setProperty("role", "quiet")
        self.disarm.setAutoDefault(False)
        self.disarm.setIconSize(QSize(16, 16))
        self.disarm.setAccessibleName(f"Disarm {armed.name}")
        self.disarm.setAccessibleDescription("Nothing is waited for any more; nothing is removed")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 4, 8, 4)
        layout.setSpacing(8)
        layout.addWidget(self._icon)
        layout.addWidget(self.label, 1)
        layout.addWidget(self.disarm)
        look.changed.connect(self._paint)
        self._paint()

    def _paint(self) -> None:
        colours = self._look.colours
        self._icon.setPixmap(icons.pixmap("hourglass", colours.stale, 18, self.devicePixelRatioF()))


class ArmedPanel(QWidget):
    """Hidden while nothing is armed."""

    #: Take this one back.
    disarm_wanted = Signal(object)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._lines: dict[Target, _Line] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self.setAccessibleName("Armed removals")
        self.hide()

    def show_armed(self, things: list[Armed]) -> None:
        """Exactly these, as they stand now."""
        wanted = {armed.target: armed for armed in things}
        for target in [target for target in self._lines if target not in wanted]:
            line = self._lines.pop(target)
            line.hide()
            self._layout.removeWidget(line)
            line.deleteLater()
        for target, armed in wanted.items():
            shown = self._lines.get(target)
            if shown is None:
                shown = self._lines[target] = _Line(self._look, armed, self)
                shown.disarm.clicked.connect(
                    lambda _checked=False, target=target: self.disarm_wanted.emit(target)
                )
                self._layout.addWidget(shown)
            shown.label.setText(armed.text())
            shown.setAccessibleName(armed.text())
        self.setVisible(bool(wanted))

    def button(self, target: Target) -> QPushButton | None:
        """The Disarm of this target."""
        line = self._lines.get(target)
        return line.disarm if line is not None else None
