"""Opens the window and ends it: the loop, the signals, the last resort for errors.

Ending takes less than a second even when something hangs in the kernel: what cannot be waited for
is left to the end of the process (a journalled act is put right by the next start).
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from racewatch import __version__
from racewatch.config import Theme, config_path
from racewatch.single import First
from racewatch.ui import icons, language
from racewatch.ui.bridge import Bridge
from racewatch.ui.doorbell import Doorbell
from racewatch.ui.mistakes import Caught
from racewatch.ui.pauses import ShortPauses
from racewatch.ui.strip import Level
from racewatch.ui.theme import Look
from racewatch.ui.window import MainWindow
from racewatch.verbs import Racewatch

APP_ID: Final = "io.github.racewatch.racewatch"
_SHUT_DOWN_SECONDS: Final = 0.5
_TIDY_MS: Final = 600_000
_log: Final = logging.getLogger("racewatch.ui")


def run(
    racewatch: Racewatch,
    roots: Sequence[bytes] | None = None,
    *,
    title: str | None = None,
    note: str | None = None,
    problems: Sequence[str] = (),
    first: First | None = None,
    reverse: bool = False,
) -> int:
    """Open the window on these roots (None: the configured ones) until it is closed; the exit code.

    ``note`` is a calm remark for the status bar, ``problems`` are warnings; ``first``: where another start calls.
    ``reverse``: from right to left.
    The caller has made sure that there is a display and closes ``racewatch`` and ``first``.
    """
    app = _application()
    language.begin(app, racewatch.config.language, reverse=reverse)
    settings = _settings()
    look = Look(app, _theme(settings, racewatch.config.theme), dressed=False)
    bridge = Bridge(app)
    window = MainWindow(bridge, racewatch, look, settings, roots=roots, title=title, note=note)
    for problem in problems:
        window.strips.show_message(Level.WARNING, problem)
    look.dress()
    bell = Doorbell(first.door, window, lambda: window.tray.hidden) if first is not None else None
    if first is not None:  # a window of one's own, no sandbox
        QTimer.singleShot(0, window.help.welcome_once)
    QTimer.singleShot(0, window.live_settings.begin)
    try:
        with Caught(window.mistakes, window.closing.emit), ShortPauses() as pauses:
            tidying = QTimer(window)
            tidying.timeout.connect(lambda: _tidy_unseen(pauses))
            tidying.start(_TIDY_MS)
            bridge.run(_main(bridge, window))
    finally:
        if bell is not None:
            bell.close()
        bridge.close(wait=0.2)
        window.deleteLater()
    return 0


def _application() -> QApplication:
    QGuiApplication.setDesktopFileName(APP_ID)
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(["racewatch"])
    app.setApplicationName("racewatch")
    app.setApplicationDisplayName("racewatch")
    app.setApplicationVersion(__version__)
    app.setWindowIcon(icons.application_icon())
    # Qt would end the loop with the last window, a dialog included, under our tasks' feet.
    app.setQuitOnLastWindowClosed(False)
    return app


def _tidy_unseen(pauses: ShortPauses) -> None:
    """Only while another program has the keyboard: nobody feels it."""
    if QGuiApplication.applicationState() is not Qt.ApplicationState.ApplicationActive:
        pauses.tidy()


def _settings() -> QSettings:
    folder = os.path.dirname(config_path())
    return QSettings(os.fsdecode(os.path.join(folder, b"window.ini")), QSettings.Format.IniFormat)


def _theme(settings: QSettings, configured: Theme) -> Theme:
    try:
        return Theme(str(settings.value("window/theme", configured.value)))
    except ValueError:
        return configured


async def _main(bridge: Bridge, window: MainWindow) -> None:
    closing = asyncio.Event()
    window.closing.connect(closing.set)
    for number in (signal.SIGINT, signal.SIGTERM):
        bridge.loop.add_signal_handler(number, closing.set)
    window.show()
    window.begin()
    await closing.wait()
    try:
        await asyncio.wait_for(window.shut_down(), _SHUT_DOWN_SECONDS)
    except TimeoutError:
        _log.warning("something did not end in time and was left behind")
    bridge.cancel_all()
    for number in (signal.SIGINT, signal.SIGTERM):
        bridge.loop.remove_signal_handler(number)
