"""The window in German: nothing that has a German word stands there in English, and what is recorded stays English."""

from __future__ import annotations

import html
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, QModelIndex, Qt, QTranslator
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTableView,
    QWidget,
)

from racewatch.config import Language, config_path
from racewatch.ui import language, tr
from racewatch.ui.actions import Act
from racewatch.ui.drill_dialog import DrillDialog
from racewatch.ui.evidence_pane import FactGrid
from racewatch.ui.shown_rows import ShownHistory, ShownTargets
from racewatch.ui.sidebar import Page
from racewatch.ui.window import MainWindow
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox

TS = Path(__file__).resolve().parents[2] / "resources" / "translations" / "racewatch_de.ts"


def bare(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", text)).replace("&", "").strip()


@pytest.fixture(scope="module")
def english() -> set[str]:
    """Each text that is another one in German, without its mnemonic."""
    found = set()
    for message in ET.parse(TS).iter("message"):
        source, translation = message.findtext("source", ""), message.find("translation")
        assert translation is not None
        if message.get("numerus") != "yes" and translation.text != source:
            found.add(bare(source))
    return found


@pytest.fixture
def german(qapp: QApplication) -> Iterator[None]:
    before = qapp.findChildren(QTranslator)
    language.begin(qapp, Language.GERMAN)
    yield
    for made in set(qapp.findChildren(QTranslator)) - set(before):
        qapp.removeTranslator(made)
        made.deleteLater()
    tr.speak("en")
    qapp.setLayoutDirection(QLocale(QLocale.Language.English).textDirection())


def cells(view: QAbstractItemView) -> Iterator[str]:
    model, top = view.model(), QModelIndex()
    for row in range(min(model.rowCount(top), 40)):
        # (Of a list Qt keeps the number of columns to itself.)
        for column in range(model.columnCount(top) if isinstance(view, QTableView) else 1):
            index = model.index(row, column, top)
            yield str(index.data() or "")
            yield str(index.data(Qt.ItemDataRole.AccessibleTextRole) or "")
            yield str(index.data(Qt.ItemDataRole.ToolTipRole) or "")
    if isinstance(view, QTableView):
        for column in range(model.columnCount(top)):
            yield str(model.headerData(column, Qt.Orientation.Horizontal) or "")


def texts(widget: QWidget) -> Iterator[str]:
    yield from (
        widget.accessibleName(),
        widget.accessibleDescription(),
        widget.toolTip(),
        widget.windowTitle(),
    )
    for action in widget.actions():
        yield from (action.text(), action.toolTip())
    match widget:
        case QLabel() | QAbstractButton():
            yield widget.text()
        case QLineEdit():
            yield widget.placeholderText()
        case QPlainTextEdit():
            yield widget.placeholderText()
        case QComboBox():
            yield from (widget.itemText(at) for at in range(widget.count()))
        case QAbstractItemView() if widget.model() is not None:
            yield from cells(widget)
        case QMenu():
            yield widget.title()


def is_record(widget: QWidget) -> bool:
    """Facts as the kinds name them, and diagnostics."""
    return isinstance(widget.parent(), FactGrid) or widget.objectName() == "pathBox"


def left_in_english(top: QWidget, english: set[str]) -> set[str]:
    found = set()
    for widget in (top, *top.findChildren(QWidget)):
        if widget.objectName().startswith("qt_") or is_record(widget) or not widget.isVisibleTo(top):
            continue
        found |= {line for text in texts(widget) for line in (bare(text), *map(bare, text.split("\n")))}
    return found & english


def menus(window: MainWindow) -> Iterator[QMenu]:
    for menu in window.menuBar().findChildren(QMenu):
        if menu.actions():
            yield menu
    yield window.actions_table.context_menu(window)


def test_no_english_is_left_in_the_window(
    german: None, opened: Opened, sandbox: Sandbox, english: set[str]
) -> None:
    alive = sandbox.bind(b"alive.sock")
    window = opened.open()
    opened.choose(window, sandbox.dead(b"dead.sock"))
    opened.until(lambda: bool(window.status.buttons()), "the health")
    left = {}
    for page in Page:
        window.sidebar.choose(page)
        QApplication.processEvents()
        left[page.name] = left_in_english(window, english)
    window.sidebar.choose(Page.SOCKETS)
    opened.choose(window, alive)
    left["alive"] = left_in_english(window, english)
    for asked in ("colour:red nothing like it", "verdict:red age>x kind:"):
        window.sockets.filters.ask(asked)
        left[asked] = left_in_english(window, english)
    for menu in menus(window):
        left[menu.title()] = {bare(action.text()) for action in menu.actions()} & english
    assert {what: some for what, some in left.items() if some} == {}
    assert [bare(action.text()) for action in window.menuBar().actions()] == [
        "Datei",
        "Bearbeiten",
        "Auswahl",
        "Ansicht",
        "Hilfe",
    ]
    model = window.sockets.model
    titles = [
        model.headerData(at, Qt.Orientation.Horizontal) for at, _ in enumerate(window.sockets.shape.columns)
    ]
    assert titles[:4] == ["Zustand", "Pfad", "Typ", "Besitzer"]


def test_each_menu_has_each_letter_once(german: None, opened: Opened) -> None:
    window = opened.open(wait=False)
    for menu in (window.menuBar(), *menus(window)):
        letters = [found[1].lower() for one in menu.actions() if (found := re.search(r"&(\w)", one.text()))]
        assert len(letters) == len(set(letters)), [one.text() for one in menu.actions()]


def test_no_english_is_left_in_the_dialogs(
    german: None,
    opened: Opened,
    sandbox: Sandbox,
    english: set[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    dead, other, alive = sandbox.dead(b"dead.sock"), sandbox.dead(b"other.sock"), sandbox.bind(b"alive.sock")
    window = opened.open()
    opened.choose(window, other)
    left: dict[str, set[str]] = {}

    def look(what: str, dialog: QDialog | None) -> None:
        assert dialog is not None, what
        QApplication.processEvents()
        left[what] = left_in_english(dialog, english)
        dialog.reject()
        opened.until(lambda: not window.actor.busy, "the end of the question")

    def ask(act: Act, path: bytes, dialog: Callable[[], QDialog | None]) -> None:
        opened.choose(window, path)
        window.actions_table[act].trigger()
        opened.until(lambda: dialog() is not None, act.name)
        look(act.name, dialog())

    ask(Act.REMOVE, dead, lambda: window.actor.dialog)
    window.actions_table[Act.CLEAN_UP].trigger()
    look("review", window.actor.dialog)
    ask(Act.ARM_DEATH, alive, lambda: window.arming.dialog)
    ask(Act.PROTECT, dead, lambda: window.protecting.dialog)
    ask(Act.SETTINGS, dead, lambda: window.live_settings.dialog)
    for act in (Act.WELCOME, Act.DRILL, Act.ABOUT):
        window.actions_table[act].trigger()
    look("welcome", window.help.welcome)
    look("drill", window.help.drill)
    about = window.help.about
    assert about is not None
    opened.until(about.copy.isEnabled, "the diagnostics")
    look("about", about)
    opened.choose(window, alive)
    for act in (Act.KEYS, Act.HOLDER):
        window.actions_table[act].trigger()
        look(act.name, window.findChildren(QDialog)[-1])
    window.actions_table[Act.OBSERVE].trigger()
    window.actions_table[Act.OBSERVE].trigger()
    look("observing", window.observing.dialog)
    assert {what: some for what, some in left.items() if some} == {}
    assert isinstance(window.help.drill, DrillDialog)
    assert config_path().startswith(os.fsencode(tmp_path))


def test_an_act_is_told_in_german_and_recorded_in_english(
    german: None, opened: Opened, sandbox: Sandbox, english: set[str]
) -> None:
    dead = sandbox.dead(b"dead.sock")
    window = opened.open()
    opened.choose(window, dead)
    export = ShownTargets(window.sockets).table()()
    assert export[0][:3] == ["Verdict", "State", "Path"]
    assert export[1][0] == "stale"
    window.actions_table[Act.COPY_NOTE].trigger()
    note = QGuiApplication.clipboard().text()
    assert "**Verdict:** stale" in note
    assert "**Removing it:** Nobody uses it." in note
    window.actions_table[Act.REMOVE].trigger()
    opened.until(lambda: window.actor.dialog is not None, "the question")
    dialog = window.actor.dialog
    assert dialog is not None
    assert dialog.windowTitle() == "Socket „dead.sock“ entfernen?"
    opened.until(dialog.remove.isEnabled, "the beat")
    assert dialog.remove.text() == "Socket entfernen"
    dialog.remove.click()
    opened.until(lambda: window.history.model.rowCount() == 1, "the journal")
    window.sidebar.choose(Page.HISTORY)
    window.history.table.selectRow(0)
    QApplication.processEvents()
    assert left_in_english(window, english) == set()
    model = window.history.model
    assert [model.index(0, at).data() for at in (1, 3)] == ["entfernen", "erledigt"]
    row = ShownHistory(window.history).table()()[1]
    assert (row[2], row[5]) == ("remove", "done")
    # What is on screen is found, and the word that scripts know too.
    for word in ("erledigt", "done"):
        window.history.filters.search.setText(word)
        assert model.rowCount() == 1
    window.history.filters.search.setText("abgelehnt")
    assert model.rowCount() == 0
