"""About racewatch: what it is made of, and what to send along with a report."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from racewatch import __version__
from racewatch.cli.machine import Machine
from racewatch.ui import diagnostics, icons
from racewatch.ui.bridge import Bridge
from racewatch.ui.dialog import column, dressed, row
from racewatch.ui.measure import roomy
from racewatch.ui.plain import PlainLabel, WrapLabel, fixed_font
from racewatch.ui.tr import marked, tr
from racewatch.verbs import Racewatch

_SAYS = marked(
    "Shows Unix sockets, lock files and containers live, with the evidence, and removes left-overs "
    "without racing the live system. MIT licence."
)


class AboutDialog(QDialog):
    """Versions at once; what the machine allows as soon as that is found out."""

    def __init__(self, bridge: Bridge, racewatch: Racewatch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._racewatch = racewatch
        self.setWindowTitle(tr("About racewatch"))
        self.setAccessibleName(tr("About racewatch"))
        picture = PlainLabel()
        picture.setPixmap(icons.application_icon().pixmap(48, 48))
        picture.setFixedSize(52, 52)
        heading = PlainLabel(f"racewatch {__version__}")
        heading.setObjectName("paneTitle")
        texts = QVBoxLayout()
        texts.setSpacing(4)
        texts.addWidget(heading)
        texts.addWidget(WrapLabel(tr(_SAYS)))
        head = QHBoxLayout()
        head.setSpacing(14)
        head.addWidget(picture)
        head.addLayout(texts, 1)
        section = PlainLabel(tr("Diagnostics"))
        section.setObjectName("section")
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setObjectName("pathBox")
        self.text.setFont(fixed_font(self.text.font()))
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(tr("Diagnostics"))
        self.text.setAccessibleDescription(tr("Versions, and what this machine allows; nothing secret"))
        said = tr("Copy exactly what is shown here")
        self.copy = dressed(QPushButton(tr("Copy diagnostics")), self._on_copy, said)
        close = dressed(QPushButton(tr("Close")), self.accept, tr("Close this page"), default=True)
        layout = column(self, 10)
        layout.addLayout(head)
        layout.addWidget(section)
        layout.addWidget(self.text, 1)
        layout.addLayout(row([close], [self.copy]))
        self.resize(roomy(self, 720, 560))
        close.setFocus()

    def look(self) -> None:
        """Find out afresh."""
        made_of = diagnostics.versions()
        said = diagnostics.report(made_of, ())
        self.text.setPlainText("\n".join((said, tr("looking at this machine…"))))
        self.copy.setEnabled(False)
        self._bridge.spawn(self._look(made_of), "looking at this machine")

    async def _look(self, made_of: list[tuple[str, str]]) -> None:
        machine = Machine(self._racewatch, self._racewatch.config, ())
        found = await self._bridge.offload(lambda: diagnostics.checks(machine))
        self.text.setPlainText(diagnostics.report(made_of, found))
        self.copy.setEnabled(True)

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
