"""Every view and every dialog of the window, one after the other, with real things in them.

As a program (``python -m tests.ui.everywhere ROOT STATE PERCENT THEME [PICTURES]``) with letters of that size, in
the scale that ``QT_SCALE_FACTOR`` says; it prints what the rules say against each as JSON, and saves a picture of
each where it is told to.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from racewatch.config import Config, Theme
from racewatch.core.model import KindName, OutcomeWord, Target
from racewatch.ui.actions import Act
from racewatch.ui.bridge import Bridge
from racewatch.ui.holder import HolderDialog
from racewatch.ui.name_dialog import NameDialog
from racewatch.ui.pauses import CollectsHere
from racewatch.ui.purge import PurgeDialog
from racewatch.ui.remedy import RemedyDialog
from racewatch.ui.sheet import ShortcutSheet
from racewatch.ui.sidebar import Page
from racewatch.ui.status import HealthPopup
from racewatch.ui.strip import Level
from racewatch.ui.theme import Look
from racewatch.ui.window import MainWindow
from racewatch.verbs import Racewatch
from tests.ui import rules
from tests.ui.lockers import dead_pid
from tests.ui.sandbox import Sandbox
from tests.ui.support import done

#: What is looked at: its name, and the widget.
Each = Callable[[str, QWidget], None]
LONG = b"a-rather-long-folder-name/and-another-one-below-it/some-service.sock"


def furnish(sandbox: Sandbox) -> None:
    """Something for every view and dialog."""
    sandbox.dead(b"left-over.sock")
    sandbox.dead(LONG)
    sandbox.bind(b"live.sock")
    folder = Path(os.fsdecode(sandbox.folder))
    (folder / "website/.git").mkdir(parents=True)
    (folder / "website/.git/HEAD").write_text("ref: refs/heads/main\n")
    (folder / "website/.git/index.lock").write_text("")
    (folder / "archive/.hg/store").mkdir(parents=True)
    (folder / "archive/.hg/store/lock").symlink_to(f"elsewhere:{dead_pid()}")
    (folder / "deploy.pid").write_text(f"{dead_pid()}\n")


async def until(check: Callable[[], object], what: str) -> None:
    for _ in range(2000):
        if check():
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"waited in vain for {what}")


class Tour:
    """Goes through one window."""

    def __init__(self, window: MainWindow, sandbox: Sandbox, each: Each) -> None:
        self._window = window
        self._sandbox = sandbox
        self._each = each

    async def go(self) -> None:
        """All of it."""
        window = self._window
        await until(lambda: window.overview.isVisible() or window.all.model.total >= 5, "the first look")
        await self._views()
        await self._questions()
        await self._pages()
        await self._messages()

    async def _show(self, name: str, widget: QWidget | None = None) -> None:
        await asyncio.sleep(0.03)  # what was asked for is laid out and painted
        self._each(name, widget if widget is not None else self._window)

    async def _dialog(self, name: str, find: Callable[[], QWidget | None]) -> None:
        await until(lambda: (found := find()) is not None and rules.is_shown(found), name)
        dialog = find()
        assert dialog is not None
        await self._show(name, dialog)
        # Escape closes each, wherever in it the keyboard is.
        QTest.keyClick(rules.keyboard_in(dialog) or dialog, Qt.Key.Key_Escape)
        await until(lambda: not rules.is_shown(dialog), f"{name} to close")
        await until(lambda: not self._window.actor.busy and self._window.arming.dialog is None, "the end")

    async def _choose(self, name: bytes) -> None:
        window = self._window
        view = window.locks if name.endswith((b"lock", b".pid")) else window.sockets
        window.sidebar.choose(Page.LOCKS if view is window.locks else Page.SOCKETS)
        kind = KindName.LOCK if view is window.locks else KindName.SOCKET
        target = Target(kind, self._sandbox.path(name))
        await until(lambda: view.table.choose(target), f"the row of {name!r}")

    async def _views(self) -> None:
        window = self._window
        for page in Page:
            window.sidebar.choose(page)
            if page is Page.ALL:
                await until(lambda: window.all.model.total >= 5, "the rows")
            if page is Page.HISTORY:
                window.history.show_entries(
                    [done("a1", OutcomeWord.DONE), done("b2", OutcomeWord.REFUSED_LIVE)]
                )
                window.history.table.selectRow(0)
            await self._show(page.name.lower())
        await self._choose(b"live.sock")
        await self._show("a live socket")
        await self._choose(LONG)
        await self._show("a dead socket")
        await self._choose(b"archive/.hg/store/lock")
        await self._show("a lock")
        window.sockets.filters.ask("colour:red")
        window.sidebar.choose(Page.SOCKETS)
        await self._show("a filter that is not understood")
        window.sockets.filters.ask("nothing-like-this")
        await self._show("nothing matches")
        window.sockets.filters.reset()

    async def _questions(self) -> None:
        window = self._window
        await self._choose(LONG)
        window.wishes.remove()
        await self._dialog("confirm", lambda: window.actor.dialog)
        await self._choose(b"website/.git/index.lock")
        window.wishes.remove()
        await self._dialog("confirm a lock", lambda: window.actor.dialog)
        await self._choose(b"archive/.hg/store/lock")
        window.wishes.remove()
        await self._dialog("remedy", lambda: window.findChild(RemedyDialog))
        await self._choose(b"live.sock")
        window.actions_table[Act.CLEAN_UP].trigger()
        await self._dialog("review", lambda: window.actor.dialog)
        window.actions_table[Act.HOLDER].trigger()
        await self._dialog("holder", lambda: window.findChild(HolderDialog))
        window.actions_table[Act.PROTECT].trigger()
        await self._dialog("protect", lambda: window.protecting.dialog)
        window.actions_table[Act.ARM_DEATH].trigger()
        await self._dialog("arm", lambda: window.arming.dialog)
        window.actions_table[Act.ARM_DEATH].trigger()
        assert window.arming.dialog is not None
        window.arming.dialog.accept()
        await until(window.arming.panel.isVisible, "what is armed")
        await self._show("armed")
        window.arming.disarm_all("")
        await self._choose(b"live.sock")
        window.actions_table[Act.WAIT].trigger()
        await until(window.news.waits.panel.isVisible, "what is waited for")
        await self._show("waited for")
        window.news.waits.stop(Target(KindName.SOCKET, self._sandbox.path(b"live.sock")))
        purge = PurgeDialog(done("c3", OutcomeWord.DONE), window)
        purge.open()
        await self._dialog("free space", lambda: purge)
        window.all.filters.ask("kind:socket")
        window.sidebar.choose(Page.ALL)
        window.actions_table[Act.SAVE_FILTER].trigger()
        await self._dialog("name", lambda: window.findChild(NameDialog))
        window.actions_table[Act.OBSERVE].trigger()
        window.actions_table[Act.OBSERVE].trigger()
        await self._dialog("act again", lambda: window.observing.dialog)

    async def _pages(self) -> None:
        window = self._window
        window.actions_table[Act.KEYS].trigger()
        await self._dialog("shortcuts", lambda: window.findChild(ShortcutSheet))
        window.actions_table[Act.WELCOME].trigger()
        await self._dialog("welcome", lambda: window.help.welcome)
        window.actions_table[Act.ABOUT].trigger()
        await self._dialog("about", lambda: window.help.about)
        window.actions_table[Act.DRILL].trigger()
        await self._dialog("drill", lambda: window.help.drill)
        window.actions_table[Act.SETTINGS].trigger()
        await until(lambda: window.live_settings.dialog is not None, "the settings")
        await self._dialog("settings", lambda: window.live_settings.dialog)
        window.actions_table[Act.EXPORT_CSV].trigger()
        await self._dialog("export", lambda: window.exports.dialog)
        window.status.open_popup()
        await self._dialog("health", lambda: window.findChild(HealthPopup))
        for name, menu in (
            ("context menu", window.actions_table.context_menu(window)),
            ("columns", window.all.table.columns.menu()),
        ):
            menu.popup(window.mapToGlobal(window.rect().center()))
            await self._dialog(name, lambda menu=menu: menu)  # type: ignore[misc]  # bound now

    async def _messages(self) -> None:
        window = self._window
        for level in Level:
            for strip in window.strips.strips():
                strip.dismiss()
            said = f"What is said here is {level.value}, about /run/some/path/that/is/rather/long.sock."
            window.strips.show_message(
                level, said, details="more", undo=lambda: None, more=("Show", lambda: None)
            )
            await self._show(f"a message: {level.value}")


@contextmanager
def large_letters(app: QApplication, percent: int) -> Iterator[None]:
    """Letters of this size."""
    before = QFont(app.font())
    font = QFont(before)
    font.setPointSizeF(before.pointSizeF() * percent / 100)
    app.setFont(font)
    yield
    app.setFont(before)


def main() -> int:
    root, state, percent, theme, *pictures = sys.argv[1:]
    app = QApplication(["racewatch"])
    app.setQuitOnLastWindowClosed(False)
    said: dict[str, list[str]] = {}
    with large_letters(app, int(percent)), Sandbox(os.fsencode(root)) as sandbox:
        furnish(sandbox)
        look = Look(app, Theme(theme))
        bridge = Bridge(app)
        racewatch = Racewatch(Config(roots=(sandbox.folder,), only_named=True), state=os.fsencode(state))
        settings = QSettings(f"{state}.ini", QSettings.Format.IniFormat)
        window = MainWindow(bridge, racewatch, look, settings, roots=[sandbox.folder])
        window.resize(1280, 780)

        def each(name: str, widget: QWidget) -> None:
            said[name] = [] if isinstance(widget, QFileDialog) else rules.against(widget)
            for place in () if isinstance(widget, QFileDialog) else pictures:  # Qt's own
                assert widget.grab().save(f"{place}/{re.sub('[^a-z]+', '-', name)}.png")

        async def whole() -> None:
            window.show()
            window.begin()
            await Tour(window, sandbox, each).go()
            await window.shut_down()

        with CollectsHere():
            bridge.run(whole())
        bridge.close(wait=1)
        racewatch.close()
        window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    print(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
