"""The first-run page: what racewatch looks at, what it never does, and a sandbox to try it on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from racewatch.core.text import display
from racewatch.ui import icons
from racewatch.ui.measure import roomy
from racewatch.ui.plain import PlainLabel, WrapLabel
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, tr

_LOOKS: Final = (
    ("sockets", marked("Unix sockets below the folders named here, and who is bound to them.")),
    ("locks", marked("Lock files of more than a hundred programs, there and in their usual places.")),
    (
        "containers",
        marked("Containers of Podman, Docker, runc, crun and youki, and the bundles nobody uses."),
    ),
)
_NEVER: Final = (
    marked("It never removes anything by itself: each removal is asked for, by name."),
    marked("It never removes what is in use. What could not be seen counts as in use; there is no force."),
    marked("It never trusts an old look: each thing is held and looked at once more right before it goes."),
    (
        marked(
            "It never ends a process, and never writes into what it looks at. One exception: a container "
            "that was made and not started goes with its waiting process, when you say so."
        )
    ),
    marked("It never sends anything anywhere."),
)
_KEEPS: Final = marked(
    "What is removed is in the History, and can be put back while its name is free, if nothing else is said."
)


class WelcomeDialog(QDialog):
    """Shown at the first start, and by the Help menu."""

    def __init__(
        self,
        look: Look,
        roots: Sequence[bytes],
        start_demo: Callable[[], None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._look = look
        self.setWindowTitle(tr("Welcome to racewatch"))
        self.setAccessibleName(tr("Welcome to racewatch"))
        picture = PlainLabel()
        picture.setPixmap(icons.application_icon().pixmap(48, 48))
        picture.setFixedSize(52, 52)
        heading = PlainLabel(tr("Welcome to racewatch"))
        heading.setObjectName("paneTitle")
        font = heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.3)
        heading.setFont(font)
        head = QHBoxLayout()
        head.setSpacing(14)
        head.addWidget(picture)
        head.addWidget(heading, 1)
        body = QWidget()
        body.setObjectName("paneBody")
        self._rows = QVBoxLayout(body)
        self._rows.setContentsMargins(16, 12, 16, 14)
        self._rows.setSpacing(7)
        self._section(tr("What it looks at"))
        for icon, text in _LOOKS:
            self._row(icon, look.colours.accent, tr(text))
        folders = ", ".join(map(display, roots)) or tr("none")
        self._row("folder", look.colours.muted, tr("Folders: {folders}.").format(folders=folders))
        self._section(tr("What it never does"))
        for text in _NEVER:
            self._row("refused", look.colours.idle, tr(text))
        self._section(tr("And afterwards"))
        self._row("undo", look.colours.muted, tr(_KEEPS))
        self._rows.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName(tr("What racewatch does"))
        self.demo = QPushButton(tr("Try it on a sandbox"))
        self.demo.setAccessibleName(tr("Try it on a sandbox"))
        self.demo.setAccessibleDescription(
            tr("Opens a second window on throw-away things, which go with it; nothing of yours is touched")
        )
        self.demo.setToolTip(self.demo.accessibleDescription())
        self.demo.setAutoDefault(False)
        self.demo.clicked.connect(start_demo)
        self.close_button = QPushButton(tr("Begin"))
        self.close_button.setAccessibleName(tr("Begin"))
        self.close_button.setAccessibleDescription(tr("Close this page and look at this machine"))
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.addWidget(self.demo)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addWidget(scroll, 1)
        layout.addLayout(buttons)
        self.resize(roomy(self, 640, 600))
        self.close_button.setFocus()

    def _section(self, text: str) -> None:
        label = PlainLabel(text)
        label.setObjectName("section")
        label.setContentsMargins(0, 6, 0, 0)
        self._rows.addWidget(label)

    def _row(self, icon: str, colour: str, text: str) -> None:
        picture = PlainLabel()
        picture.setPixmap(icons.pixmap(icon, colour, 18, self.devicePixelRatioF()))
        picture.setFixedSize(20, 20)
        line = QHBoxLayout()
        line.setSpacing(9)
        line.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(WrapLabel(text), 1, Qt.AlignmentFlag.AlignVCenter)
        self._rows.addLayout(line)
