"""The drill in the window: choose a folder, watch both cleaners, read what it means."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from racewatch.core.text import NotDisplayed, display, undisplay
from racewatch.drill.contest import ContestName, Drill, Standing
from racewatch.drill.crowd import DrillError
from racewatch.drill.report import verdict
from racewatch.drill.run import SECONDS, drill
from racewatch.ui import words
from racewatch.ui.bridge import Bridge
from racewatch.ui.drill_chart import DrillChart, race
from racewatch.ui.evidence_pane import Note
from racewatch.ui.measure import roomy
from racewatch.ui.plain import PlainLabel, WrapLabel
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, tr

_ABOUT: Final = marked(
    "Two cleaners race the same things, which go and come back all the time: one looks, looks again "
    "and deletes, as careful scripts do; the other is racewatch. Everything lies in a new folder "
    "below the one named here, with a journal of its own, and is removed at the end. Nothing else is "
    "touched."
)


class DrillDialog(QDialog):
    """Holds one drill at a time.  Closing it stops the drill."""

    def __init__(
        self, look: Look, bridge: Bridge, parent: QWidget | None = None, *, seconds: float = SECONDS
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._seconds = seconds
        self._stop: threading.Event | None = None
        self._task: asyncio.Task[None] | None = None
        self.result_text = ""
        self.setWindowTitle(tr("Race drill"))
        self.setAccessibleName(tr("Race drill"))
        heading = PlainLabel(tr("Race drill"))
        heading.setObjectName("paneTitle")
        self.folder = QLineEdit(display(os.fsencode(tempfile.gettempdir())))
        self.folder.setAccessibleName(tr("Folder"))
        self.folder.setAccessibleDescription(tr("On the file system that is to be tried"))
        name = PlainLabel(tr("&Folder"))
        name.setBuddy(self.folder)
        self.choose = QPushButton(tr("Choose…"))
        self.choose.setAccessibleName(tr("Choose a folder"))
        self.choose.setAccessibleDescription(tr("Choose the folder in which the drill makes its own"))
        self.choose.setAutoDefault(False)
        self.choose.clicked.connect(self._on_choose)
        self.start = QPushButton(tr("Start"))
        self.start.setAccessibleName(tr("Start the drill"))
        self.start.setAccessibleDescription(tr("Let both cleaners race over throw-away things, or stop that"))
        self.start.setDefault(True)
        self.start.clicked.connect(self._on_start)
        where = QHBoxLayout()
        where.setSpacing(8)
        where.addWidget(name)
        where.addWidget(self.folder, 1)
        where.addWidget(self.choose)
        where.addWidget(self.start)
        self.chart = DrillChart(look, seconds)
        scroll = QScrollArea()
        scroll.setWidget(self.chart)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName(tr("Losses"))
        takes = round(2 * len(ContestName) * seconds)
        said = tr("It takes about %n second(s), and two processors while it runs.", "", takes)
        self.said = Note(look, "idle", "info", said)
        self.copy = QPushButton(tr("Copy result"))
        self.copy.setAccessibleName(tr("Copy result"))
        self.copy.setAccessibleDescription(tr("Copy what came of it as text"))
        self.copy.setAutoDefault(False)
        self.copy.setEnabled(False)
        self.copy.clicked.connect(self._on_copy)
        close = QPushButton(tr("Close"))
        close.setAccessibleName(tr("Close"))
        close.setAccessibleDescription(tr("Close this page; a drill that runs is stopped and cleans up"))
        close.setAutoDefault(False)
        close.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy)
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(heading)
        layout.addWidget(WrapLabel(tr(_ABOUT)))
        layout.addLayout(where)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.said)
        layout.addLayout(buttons)
        self.resize(roomy(self, 760, 620))

    @property
    def running(self) -> bool:
        """Whether a drill is being held."""
        return self._stop is not None

    def stop(self) -> None:
        """Let the drill end soon, if there is one."""
        if self._stop is not None:
            self._stop.set()
            self.start.setEnabled(False)

    def done(self, result: int, /) -> None:
        self.stop()
        super().done(result)

    def _on_choose(self) -> None:
        dialog = QFileDialog(self, tr("A folder on the file system to try"), self.folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_chosen)
        dialog.open()

    def _on_chosen(self, path: str) -> None:
        self.folder.setText(display(os.fsencode(path)))

    def _on_start(self) -> None:
        if self._stop is not None:
            self.stop()
            return
        text = os.path.expanduser(self.folder.text().strip())
        try:
            folder = undisplay(text)
        except NotDisplayed:
            folder = os.fsencode(text)
        if not folder.startswith(b"/"):
            self.said.say("stale", "warning", tr("Name a folder by its whole path, from the root on."))
            return
        self._stop = threading.Event()
        self.chart.clear()
        self.result_text = ""
        self.copy.setEnabled(False)
        self.folder.setEnabled(False)
        self.choose.setEnabled(False)
        self.start.setText(tr("Stop"))
        self.start.setAccessibleName(tr("Stop the drill"))
        self.said.say("idle", "hourglass", tr("The drill begins."))
        self._task = self._bridge.spawn(self._hold(folder, self._stop), "the drill")

    async def ended(self) -> None:
        """Wait until no drill is held any more."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _hold(self, folder: bytes, stop: threading.Event) -> None:
        def told(how: Standing) -> bool:
            self._bridge.post(lambda: self._on_told(how))
            return not stop.is_set()

        try:
            held = await self._bridge.offload(lambda: drill(folder, self._seconds, told=told))
        except DrillError as error:
            self._ended("stale", "warning", tr("There was no drill: {error}.").format(error=error))
        else:
            self._show(held, stopped=stop.is_set())

    def _on_told(self, how: Standing) -> None:
        self.chart.add(how)
        said = tr("{race}, against racewatch…") if how.ours else tr("{race}, against check, then delete…")
        self.said.say("idle", "hourglass", said.format(race=words.capital(race(how.name))))

    def _show(self, held: Drill, *, stopped: bool) -> None:
        count = len(held.contests)
        if stopped and count < len(ContestName):
            said = (
                tr("Stopped after {count} of {all} races; racewatch lost {lost}.")
                if count
                else tr("Stopped after {count} of {all} races; none was held to its end.")
            )
            text = said.format(count=count, all=len(ContestName), lost=held.lost)
            self._ended("stale" if not held.lost else "danger", "warning", text)
            return
        bad = bool(held.lost or held.problem)
        self._ended("danger" if bad else "live", "error" if bad else "success", verdict(held))

    def _ended(self, level: str, icon: str, text: str) -> None:
        self._stop = None
        self.said.say(level, icon, text)
        self.result_text = "\n".join([text, *self.chart.lines()])
        self.copy.setEnabled(True)
        self.folder.setEnabled(True)
        self.choose.setEnabled(True)
        self.start.setEnabled(True)
        self.start.setText(tr("Start again"))
        self.start.setAccessibleName(tr("Start the drill again"))

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.result_text)
