"""Opens the window as a program of its own and makes every kind of mistake in it: ``python -m ... ROOT STATE``.

One JSON object on standard output: for each kind what the strip said, what "Copy details" gave, and whether the
window still worked afterwards (a click on another row showed its evidence).
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Never

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QMetaObject,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    Qt,
    QTimer,
)
from PySide6.QtGui import QGuiApplication, QPaintEvent, QShowEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListView, QPushButton, QWidget

from racewatch.config import Config
from racewatch.core.model import ActRequest, KindName, Observation, Outcome, Target
from racewatch.monitor.engine import Monitor
from racewatch.ui import app
from racewatch.ui.sidebar import Page
from racewatch.ui.strip import Strip
from racewatch.ui.window import MainWindow
from racewatch.verbs import Racewatch
from tests.ui.sandbox import Sandbox


class Mistake(Exception):
    """What is raised; its text tells where."""


def fail(where: str) -> Never:
    raise Mistake(f"made in {where}")


class Careless(Racewatch):
    """A racewatch whose act makes a mistake of its own, and when it is told to, its looks as well."""

    blind = False

    def observe(self, target: Target) -> Observation | None:
        if self.blind:
            fail("the question's look")
        return super().observe(target)

    def remove(self, request: ActRequest, **_: Any) -> Outcome:
        fail("the act")


class Painter(QWidget):
    """Cannot be painted."""

    painted = 0

    def paintEvent(self, event: QPaintEvent, /) -> None:
        Painter.painted += 1
        fail("paintEvent")


class Shown(QWidget):
    """Cannot be shown: what a function of Python's own raises is no object yet when PySide gets it."""

    def showEvent(self, event: QShowEvent, /) -> None:
        int("made in showEvent")


class Model(QAbstractListModel):
    """Has rows and no data."""

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008 - the signature is Qt's
        return 3

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = 0) -> object:
        fail("data")


class Filter(QObject):
    """Looks at every event, badly."""

    def eventFilter(self, watched: QObject, event: QEvent, /) -> bool:
        if event.type() is QEvent.Type.User:
            fail("eventFilter")
        return False


class Finaliser:
    def __del__(self) -> None:
        fail("a finaliser")


class Maker:
    """Makes the mistakes of one window, each once (painting: again and again)."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.bridge = window._bridge
        self.kept: list[object] = []

    def kinds(self) -> dict[str, Callable[[], object]]:
        return {
            "a slot": self.slot,
            "a QTimer": lambda: QTimer.singleShot(0, lambda: fail("a QTimer")),
            "paintEvent": self.paint,
            "showEvent": self.show,
            "data": self.model,
            "eventFilter": self.filter,
            "a finaliser": self.finaliser,
            "a task": lambda: self.bridge.spawn(self.task("a task"), "working"),
            "a task of nobody": self.task_of_nobody,
            "a callback": lambda: self.bridge.loop.call_soon(lambda: fail("a callback")),
            "a late callback": self.late,
            "a reader": self.reader,
            "a wake-up": lambda: self.bridge.post(lambda: fail("a wake-up")),
            "a job": lambda: self.bridge.spawn(self.bridge.offload(lambda: fail("a job")), "counting"),
            "a thread": lambda: threading.Thread(target=fail, args=("a thread",), name="helper").start(),
            "the monitor": self.monitor,
            "a look": self.look,
            "the monitor's wake": self.wake,
            "the question's look": self.question,
            "the act": self.act,
        }

    @staticmethod
    async def task(where: str) -> None:
        await asyncio.sleep(0)
        fail(where)

    @staticmethod
    async def lost_task() -> None:
        await asyncio.sleep(0)
        fail("a task of nobody")

    def late(self) -> None:
        self.bridge.loop.call_later(0.01, lambda: fail("a late callback"))

    def slot(self) -> None:
        button = QPushButton("x", self.window)
        button.clicked.connect(lambda: fail("a slot"))
        QMetaObject.invokeMethod(button, "click", Qt.ConnectionType.QueuedConnection)

    def paint(self) -> None:
        bad = Painter(self.window)
        bad.resize(20, 20)
        bad.show()
        again = QTimer(bad)
        again.timeout.connect(bad.update)
        again.start(2)
        QTimer.singleShot(1500, bad.deleteLater)

    def show(self) -> None:
        bad = Shown(self.window)
        QTimer.singleShot(0, lambda: bad.show())  # noqa: PLW0108 - called from Python, which is what crashed
        QTimer.singleShot(400, bad.deleteLater)

    def model(self) -> None:
        view = QListView(self.window)
        view.setModel(Model(view))
        # Not from here: what a method that Qt calls raises is raised again in whoever called Qt.
        QMetaObject.invokeMethod(view, "show", Qt.ConnectionType.QueuedConnection)
        QTimer.singleShot(400, view.deleteLater)

    def filter(self) -> None:
        bad = Filter(self.window)
        self.window.installEventFilter(bad)
        QApplication.postEvent(self.window, QEvent(QEvent.Type.User))

    @staticmethod
    def finaliser() -> None:
        Finaliser()

    def task_of_nobody(self) -> None:
        asyncio.ensure_future(self.lost_task())  # noqa: RUF006 - that nobody keeps it is the mistake
        QTimer.singleShot(200, gc.collect)

    def reader(self) -> None:
        read, write = os.pipe()
        self.kept += [read, write]

        def ready() -> None:
            self.bridge.loop.remove_reader(read)
            fail("a reader")

        self.bridge.loop.add_reader(read, ready)
        os.write(write, b"x")

    def running(self) -> Monitor:
        monitor = self.window.watching.monitor
        assert monitor is not None
        return monitor

    def monitor(self) -> None:
        worker = self.running()._worker
        right = worker._turn

        def wrong() -> None:
            worker._turn = right  # type: ignore[method-assign]  # the mistake is made once
            fail("the monitor")

        worker._turn = wrong  # type: ignore[method-assign]  # as if a line of it were wrong
        self.running().sweep_now()

    def look(self) -> None:
        kind = self.running()._worker._looks._kinds[KindName.SOCKET]
        right = kind.look

        def wrong(_: object) -> Never:
            kind.look = right  # type: ignore[method-assign]  # the mistake is made once
            fail("a look")

        kind.look = wrong  # type: ignore[method-assign, assignment]  # as if a line of it were wrong
        target = self.window.sockets.model.row_at(0)
        assert target is not None
        self.running().look_again((target.observation.target,))

    def wake(self) -> None:
        feed = self.window.watching.feed
        assert feed is not None
        assert feed._subscription is not None
        right, feed._subscription._wake = feed._subscription._wake, lambda: fail("the monitor's wake")
        sandbox = Sandbox(os.fsencode(sys.argv[1]))
        left = iter(range(8))
        again = QTimer(self.window)

        def once_more() -> None:  # whoever was woken already is not woken again
            number = next(left, None)
            if number is not None:
                sandbox.dead(f"new-{number}.sock".encode())
            elif feed._subscription is not None:
                feed._subscription._wake = right
                again.stop()

        again.timeout.connect(once_more)
        again.start(120)

    def question(self) -> None:
        Careless.blind = True
        self.window.wishes.remove()

        async def withdrawn() -> None:
            await until(lambda: self.window.actor.dialog is None, "the question to go")
            Careless.blind = False

        self.bridge.spawn(withdrawn(), "waiting")

    def act(self) -> None:
        async def agree() -> None:
            # The question before, whose looks failed, may be told of before it has gone.
            await until(
                lambda: not (self.window.actor.busy or Careless.blind), "the end of the last question"
            )
            self.window.wishes.remove()
            dialog = self.window.actor.dialog
            assert dialog is not None
            # What a look of the question shows may turn the button off, for a beat, right before the click.
            while not dialog.agreed:
                await until(dialog.remove.isEnabled, "the button")
                QTest.mouseClick(dialog.remove, Qt.MouseButton.LeftButton)

        self.bridge.spawn(agree(), "agreeing")


async def until(check: Callable[[], object], what: str) -> Any:
    for _ in range(1500):
        found = check()
        if found:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


def strip_that_says(window: MainWindow, text: str) -> Strip | None:
    return next((one for one in window.strips.strips() if text in one.text or text in one.details), None)


def is_counted(strip: Strip) -> bool:
    return "times" in strip.text


async def works(window: MainWindow) -> bool:
    """Whether a click on the row that is not chosen shows what speaks for it."""
    view = window.sockets
    chosen = view.table.target
    row = next(
        row
        for number in range(view.model.rowCount())
        if (row := view.model.row_at(number)) is not None and row.observation.target != chosen
    )
    place = view.model.place_of(row.observation.target)
    assert place is not None
    middle = view.table.visualRect(view.model.index(place, 1)).center()
    QTest.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(middle))
    shown = os.fsdecode(row.observation.path or b"")
    await until(lambda: view.pane.path.toPlainText() == shown, f"the evidence of {shown}")
    return True


async def make_all(window: MainWindow, told: dict[str, Any]) -> None:
    window.sidebar.choose(Page.SOCKETS)
    await until(lambda: window.sockets.model.total >= 2, "the rows")
    await works(window)
    maker = Maker(window)
    for name, make in maker.kinds().items():
        one = told[name] = {"said": "", "copied": "", "works": False}
        try:
            make()
            strip = await until(partial(strip_that_says, window, f"made in {name}"), f"{name} to be told")
            if name == "paintEvent":
                await until(partial(is_counted, strip), "the count")
                one["painted"] = Painter.painted
                one["strips"] = len(window.strips.strips())
            one["said"] = strip.text
            strip.copy_button.click()
            one["copied"] = QGuiApplication.clipboard().text()
            for strip in window.strips.strips():
                strip.dismiss()
            one["works"] = await works(window)
        except Exception as error:  # noqa: BLE001 - the next kind has its turn
            one["missing"] = repr(error)


def main() -> int:
    root, state = sys.argv[1:]
    racewatch = Careless(Config(roots=(os.fsencode(root),)), state=os.fsencode(state))
    told: dict[str, Any] = {}

    def begin() -> None:
        window = next(one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow))

        async def whole() -> None:
            await make_all(window, told)
            os.kill(os.getpid(), signal.SIGTERM)

        window._bridge.spawn(whole(), "making mistakes")

    app._application()
    QTimer.singleShot(300, begin)
    code = app.run(racewatch, [os.fsencode(root)])
    racewatch.close()
    print(json.dumps(told))
    return code


if __name__ == "__main__":
    sys.exit(main())
