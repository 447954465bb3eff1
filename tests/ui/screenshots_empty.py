"""Pictures of windows in which no row is shown, each for another reason; tests/ui/screenshots.py takes them."""

from __future__ import annotations

import ctypes
import importlib
import os
import shutil
import tempfile
import traceback
from pathlib import Path

from tests.ui.pictures import save_screen

#: Windows in which no row is shown, each for another reason.
STATES = ("nothing-there", "cannot-see", "degraded")
#: Who may see less than root: the pictures of what cannot be seen are taken as this user.
NOBODY = 65534


def become_nobody(whole: Path) -> None:
    """A user who may not see everything; root, to whom all is open, would have no such pictures."""
    if os.geteuid() == 0:
        for late in ("importlib.readers", "racewatch.cli.app", "encodings.ascii", "encodings.latin_1"):
            importlib.import_module(late)  # Python itself may lie where only root can read
        os.chown(whole, NOBODY, NOBODY)
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def use_up_watches() -> list[int]:
    """No inotify instance is left for this user; the descriptors that hold them."""
    libc = ctypes.CDLL(None, use_errno=True)
    held: list[int] = []
    while (descriptor := libc.inotify_init1(os.O_CLOEXEC)) >= 0:
        held.append(descriptor)
    return held


def inside_empty(theme: str, target: Path, state: str) -> None:
    """In the display: one window that has no row to show, and says why."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from racewatch.config import Config, Theme
    from racewatch.ui import app
    from racewatch.ui.sidebar import Page
    from racewatch.ui.window import MainWindow
    from racewatch.verbs import Racewatch

    whole = Path("/tmp/demo")
    whole.mkdir()
    pictures = Path(tempfile.mkdtemp(prefix="rw-"))
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        for picture in pictures.iterdir():
            shutil.move(picture, target / picture.name)
        shutil.rmtree(whole)
        shutil.rmtree(pictures)
        assert status == 0, state
        return
    try:
        (whole / "run").mkdir()
        if state == "cannot-see":
            (whole / "run" / "secret").mkdir(mode=0o700)
            (whole / "run" / "daemons").mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(whole / "run" / "daemons", 1, 1)
        os.chmod(pictures, 0o777)
        become_nobody(whole)
        os.environ["HOME"] = os.environ["XDG_CONFIG_HOME"] = str(whole)
        held = use_up_watches() if state == "degraded" else []
        config = Config(roots=(os.fsencode(whole / "run"),), only_named=True, theme=Theme(theme))
        racewatch = Racewatch(config, state=os.fsencode(whole / "state"))

        def begin() -> None:
            window = next(one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow))
            window.showMaximized()
            window.sidebar.choose(Page.SOCKETS)

            def grab() -> None:
                save_screen(pictures / f"{state}-{theme}.png", theme)
                window.close_by_wish()

            QTimer.singleShot(4000, grab)

        app._application()
        QTimer.singleShot(800, begin)
        app.run(racewatch, config.roots)  # named, so that well-known places of this machine are left out
        racewatch.close()
        for descriptor in held:
            os.close(descriptor)
    except BaseException:  # noqa: BLE001 - a forked child that says what went wrong and ends
        traceback.print_exc()
        os._exit(1)
    os._exit(0)
