"""Fixtures of the window's tests: real sockets, the real racewatch, the real monitor, one event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from qasync import QEventLoop

from racewatch.config import Config, Notify, Theme
from racewatch.core.model import HistoryEntry, Target
from racewatch.core.protected import Protected
from racewatch.kinds.containers.roots import StateRoot
from racewatch.ui.bridge import Bridge
from racewatch.ui.pauses import CollectsHere
from racewatch.ui.sidebar import Page
from racewatch.ui.theme import Look
from racewatch.ui.window import MainWindow
from racewatch.verbs import Racewatch
from tests.ui.desktop import Desktop, missing, wait_for
from tests.ui.driving import Folders, Program
from tests.ui.sandbox import Sandbox

WAIT_MS = 60_000


@pytest.fixture(autouse=True)
def collected_here(qapp: QApplication) -> Iterator[None]:
    """As in the program: no widget of a test is destroyed by the thread of a monitor."""
    with CollectsHere() as here:
        yield
        here.look()


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    folder = os.fsencode(tmp_path / "run")
    os.mkdir(folder)
    with Sandbox(folder) as made:
        yield made


@pytest.fixture
def look(qapp: QApplication) -> Look:
    return Look(qapp, Theme.LIGHT, qapp)


@pytest.fixture(scope="session")
def whole_loop(qapp: QApplication) -> Iterator[asyncio.AbstractEventLoop]:
    """One loop for the session: ending one means QApplication.exit(), after which no waiting works."""
    qapp.setQuitOnLastWindowClosed(False)
    loop = QEventLoop(qapp, already_running=True)
    asyncio.events._set_running_loop(None)
    yield loop
    loop.stop()
    loop.close()


@pytest.fixture
def loop(whole_loop: asyncio.AbstractEventLoop) -> Iterator[asyncio.AbstractEventLoop]:
    asyncio.events._set_running_loop(whole_loop)
    yield whole_loop
    asyncio.events._set_running_loop(None)


@pytest.fixture
def bridge(qapp: QApplication, loop: asyncio.AbstractEventLoop) -> Iterator[Bridge]:
    made = Bridge(qapp, loop)
    errors: list[tuple[str, BaseException]] = []
    made.on_error = lambda name, error: errors.append((name, error))
    yield made
    made.cancel_all()
    qapp.processEvents()
    made.close(wait=5)
    assert not errors, errors


class Opened:
    """One open window with what is behind it."""

    def __init__(self, qtbot: QtBot, bridge: Bridge, look: Look, sandbox: Sandbox, place: Path) -> None:
        self.qtbot = qtbot
        self.bridge = bridge
        self.sandbox = sandbox
        self._look = look
        self._place = place
        self._windows: list[MainWindow] = []
        self._opened: list[Racewatch] = []

    def open(
        self,
        *,
        protected: Protected | None = None,
        recovered: tuple[HistoryEntry, ...] = (),
        state_roots: tuple[StateRoot, ...] = (),
        observe: bool = False,
        notify: Notify | None = None,
        wait: bool = True,
        page: Page | None = Page.SOCKETS,
    ) -> MainWindow:
        """``page``: what somebody turns to at once; None leaves it at what the window opens on."""
        config = Config(
            roots=(self.sandbox.folder,),
            state_roots=state_roots,
            protected=protected or Protected(),
            observe=observe,
            notify=notify or Notify(),
        )
        racewatch = Racewatch(config, state=os.fsencode(self._place / "state"))
        racewatch.recovered += recovered
        settings = QSettings(str(self._place / "window.ini"), QSettings.Format.IniFormat)
        window = MainWindow(self.bridge, racewatch, self._look, settings)
        self._opened.append(racewatch)
        self._windows.append(window)
        window.show()
        if page is not None:
            window.sidebar.choose(page)
        window.begin()
        if wait:
            self.until(lambda: window.sockets.model.tinting, "the first look")
        return window

    def until(self, check: object, what: str) -> None:
        assert callable(check)

        def holds() -> None:
            assert check(), what

        self.qtbot.waitUntil(holds, timeout=WAIT_MS)

    def choose(self, window: MainWindow, path: bytes) -> Target:
        """Select the row of this path."""
        view = window.sockets
        self.until(lambda: self.place(window, path) is not None, f"a row for {path!r}")
        row = view.model.row_at(self.place(window, path) or 0)
        assert row is not None
        assert view.table.choose(row.observation.target)
        return row.observation.target

    @staticmethod
    def place(window: MainWindow, path: bytes) -> int | None:
        """The number of the row of this path."""
        model = window.sockets.model
        for number in range(model.rowCount()):
            row = model.row_at(number)
            if row is not None and row.observation.path == path:
                return number
        return None

    def close(self) -> None:
        for window in self._windows:
            done = self.bridge.spawn(window.shut_down(), "shutting down")
            self.until(done.done, "the end")
            window.close()
            window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        for racewatch in self._opened:
            racewatch.close()


@pytest.fixture
def opened(
    qtbot: QtBot,
    bridge: Bridge,
    look: Look,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Opened]:
    # A window whose settings name no roots any more looks at the usual ones: not at those of this machine.
    monkeypatch.setattr("racewatch.config._USUAL_ROOTS", (sandbox.folder,))
    made = Opened(qtbot, bridge, look, sandbox, tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="session")
def desktop() -> Iterator[Desktop]:
    """A real display with a window manager, for all tests that drive a real window."""
    if missing():
        pytest.skip(f"not installed: {', '.join(missing())}")
    with Desktop() as made:
        wait_for(lambda: made.xdotool("getdisplaygeometry"), "the display")
        yield made


@pytest.fixture(scope="module")
def shared_program(desktop: Desktop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One window for the tests of one file; it must end well, with nothing on standard error."""
    folders = Folders(tmp_path_factory.mktemp("desk"))
    folders.welcomed()
    made = Program(desktop, folders, "gui")
    yield made
    made.end()


@pytest.fixture
def program(shared_program: Program) -> Program:
    """That window, with nothing standing open before it."""
    shared_program.calm()
    return shared_program


@pytest.fixture
def watched(shared_program: Program) -> Iterator[Sandbox]:
    """Sockets in a folder that this window looks at; gone afterwards, so that each test has its own."""
    with Sandbox(os.fsencode(shared_program.folders.looked_at)) as made:
        yield made
    for name in os.listdir(made.folder):
        os.unlink(made.path(name))


@pytest.fixture(autouse=True)
def no_key_held(request: pytest.FixtureRequest) -> Iterator[None]:
    """Qt takes Ctrl for held after QTest's Ctrl+E, until another key says otherwise: the next test selects less then."""
    yield
    if "qapp" in request.fixturenames and QGuiApplication.keyboardModifiers():
        somewhere = QWidget()
        QTest.keyClick(somewhere, Qt.Key.Key_Escape)
        somewhere.deleteLater()
        assert not QGuiApplication.keyboardModifiers()
