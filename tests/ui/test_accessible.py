"""Everything has a name, can be reached by keyboard, and is plain text."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QCheckBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QScrollBar,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from racewatch.config import Theme
from racewatch.core.model import Verdict
from racewatch.monitor.timeline import State
from racewatch.ui import icons, resources, timeline_paint
from racewatch.ui.actions import TABLE, Act
from racewatch.ui.plain import PathBox, PlainLabel, action_text, tooltip
from racewatch.ui.strip import Level
from racewatch.ui.theme import DARK, LIGHT, Look
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox

_CONTROLS = (QAbstractButton, QLineEdit, QPlainTextEdit, QAbstractItemView)


def _name(widget: QWidget) -> str:
    return widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")


def test_every_control_has_an_accessible_name(opened: Opened, sandbox: Sandbox) -> None:
    window = opened.open()
    opened.choose(window, sandbox.dead(b"dead.sock"))
    nameless = [
        widget
        for kind in _CONTROLS
        for widget in window.findChildren(kind)
        if not _name(widget)
        and not widget.objectName().startswith("qt_")
        and not (isinstance(widget, QHeaderView) and widget.isHidden())
        and type(widget) is not QAbstractButton  # the corner of a table, which is not shown
    ]
    assert nameless == []


def test_tab_reaches_every_visible_control(opened: Opened, sandbox: Sandbox) -> None:
    window = opened.open()
    opened.choose(window, sandbox.dead(b"dead.sock"))
    window.activateWindow()
    reached: set[QWidget] = set()
    here: QWidget | None = window
    for _ in range(2000):
        here = here.nextInFocusChain() if here is not None else None
        if here is None or here in reached:
            break
        if here.focusPolicy() & Qt.FocusPolicy.TabFocus:
            reached.add(here)
    controls = {
        widget
        for kind in _CONTROLS
        for widget in window.findChildren(kind)
        if widget.isVisibleTo(window) and widget.isEnabled() and not isinstance(widget, QScrollBar)
    }
    internal = {
        widget
        for widget in controls
        if widget.objectName().startswith("qt_")
        or type(widget).__name__ in {"SortHeader", "QHeaderView", "QTableCornerButton"}
        # The icons inside the search line: the placeholder and Escape do the same by keyboard.
        or (isinstance(widget, QAbstractButton) and isinstance(widget.parent(), QLineEdit))
    }
    # PySide gives Qt's own classes their nearest public type: the corner of a table is a bare button.
    internal |= {w for w in controls if type(w) is QAbstractButton}
    assert controls - internal - reached == set()


def test_the_shortcuts_of_the_table_are_unique_and_on_the_actions(opened: Opened) -> None:
    window = opened.open(wait=False)
    keys = [key for entry in TABLE for key in entry.keys]
    assert len(keys) == len(set(keys))
    for entry in TABLE:
        given = [one.toString() for one in window.actions_table[entry.act].shortcuts()]
        assert given == list(entry.keys)
        assert not window.actions_table[entry.act].autoRepeat()
    assert {entry.act for entry in TABLE} == set(Act)


def test_labels_refuse_markup_and_show_hidden_characters(qapp: QApplication) -> None:
    label = PlainLabel("<b>x</b>\u202e\x1b[31m")
    assert label.textFormat() is Qt.TextFormat.PlainText
    assert label.text() == "<b>x</b>\\u202e\\x1b[31m"
    try:
        label.setTextFormat(Qt.TextFormat.RichText)
    except ValueError:
        return
    raise AssertionError("a label took markup")


def test_tooltips_and_actions_show_exactly_the_text() -> None:
    assert "&lt;b&gt;&amp;" in tooltip("<b>&")
    assert tooltip("") == ""
    assert action_text("a & b") == "a && b"


def _contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


#: What is written on what: by the style sheet, by the palette, and by what is painted (cells, charts, lists).
_VERDICTS = ("stale", "live", "unknown", "idle")
_SOFT = ("accent_soft", "danger_soft", *(f"{verdict}_soft" for verdict in _VERDICTS))
_WRITTEN: dict[str, tuple[str, ...]] = {
    "text": ("base", "window", "raised", "hover", "fresh", *_SOFT),  # tool tips and menus are raised
    "muted": (
        "base",
        "window",
        "raised",
        "hover",
        "fresh",
        "selection",
        "accent_soft",
    ),  # placeholders, gone rows
    **{
        verdict: ("base", "window", "fresh", "hover", "selection", f"{verdict}_soft") for verdict in _VERDICTS
    },
    "accent": ("base", "window", "raised", "hover", *_SOFT),  # links, buttons in messages of every level
    "danger": ("base", "window", "selection", "danger_soft"),
    "selection_text": ("selection",),
    "danger_text": ("danger",),
    "accent_text": ("accent",),
}


def test_text_has_the_contrast_that_wcag_asks_for() -> None:
    for colours in (LIGHT, DARK):
        low = {
            (text, ground): round(_contrast(getattr(colours, text), getattr(colours, ground)), 2)
            for text, grounds in _WRITTEN.items()
            for ground in grounds
            if _contrast(getattr(colours, text), getattr(colours, ground)) < 4.5
        }
        assert low == {}
        # What is off is exempt in WCAG, and is to look off; it can still be read.
        for ground in ("base", "window", "raised"):
            assert _contrast(colours.faint, getattr(colours, ground)) >= 3.0


def test_what_is_off_is_all_that_is_written_faintly(qapp: QApplication, look: Look) -> None:
    sheet = resources.path("styles/window.qss").read_text(encoding="utf-8")
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL))
    faint = [where.strip() for where, what in rules if re.search(r"(?<![-\w])color: @faint", what)]
    assert faint
    assert [where for where in faint if ":disabled" not in where] == []
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    for theme in (Theme.LIGHT, Theme.DARK):
        look.choose(theme)
        palette = qapp.palette()
        faint_now = QColor(look.colours.faint)
        for one in (
            role.Text,
            role.WindowText,
            role.ButtonText,
            role.PlaceholderText,
            role.Link,
            role.ToolTipText,
        ):
            assert palette.color(group.Active, one) != faint_now
            assert palette.color(group.Inactive, one) != faint_now
        for one in (role.Text, role.WindowText, role.ButtonText):
            assert palette.color(group.Disabled, one) == faint_now


def _focusable() -> dict[str, QWidget]:
    """One of each kind of control, as the window has them."""
    quiet, chip, danger = QPushButton("Copy"), QPushButton("Stale"), QPushButton("Remove")
    for button, role in ((quiet, "quiet"), (chip, "chip"), (danger, "danger")):
        button.setProperty("role", role)
    table = QTableWidget(1, 1)
    table.setItem(0, 0, QTableWidgetItem("x"))
    path = PathBox()
    path.set_text("/run/x")
    scroll = QScrollArea()
    scroll.setWidget(QWidget())
    choice = QComboBox()
    choice.addItem("x")
    return {
        "button": QPushButton("Cancel"),
        "quiet button": quiet,
        "chip": chip,
        "danger": danger,
        "tick": QCheckBox("On"),
        "choice of one": QRadioButton("Only this"),
        "line": QLineEdit("x"),
        "lines": QPlainTextEdit("x"),
        "path": path,
        "choice": choice,
        "table": table,
        "scrolled": scroll,
    }


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
def test_where_the_keyboard_is_can_be_seen(qtbot: QtBot, look: Look, theme: Theme) -> None:
    look.choose(theme)
    top = QWidget()
    qtbot.addWidget(top)
    column = QVBoxLayout(top)
    elsewhere = QPushButton("elsewhere")
    column.addWidget(elsewhere)
    controls = _focusable()
    for control in controls.values():
        if isinstance(control, (QLineEdit, QPlainTextEdit)):
            control.setCursorWidth(0) if isinstance(control, QPlainTextEdit) else control.setReadOnly(True)
        column.addWidget(control)
    with qtbot.waitActive(top):
        top.show()
        top.activateWindow()
    unseen = []
    for name, control in controls.items():
        elsewhere.setFocus()
        before = control.grab().toImage()
        control.setFocus(Qt.FocusReason.TabFocusReason)
        assert control.hasFocus(), name
        if control.grab().toImage() == before:
            unseen.append(name)
    look.choose(Theme.LIGHT)
    assert unseen == []


def test_no_two_states_are_told_by_colour_alone(look: Look) -> None:
    icons_of = {verdict: icons.pixmap(verdict.value, "#000000", 16, 1.0).toImage() for verdict in Verdict}
    assert all(icons_of[one] != icons_of[other] for one in Verdict for other in Verdict if one is not other)
    levels = {level: icons.pixmap(level.value, "#000000", 20, 1.0).toImage() for level in Level}
    assert all(levels[one] != levels[other] for one in Level for other in Level if one is not other)
    assert len(set(timeline_paint.HEIGHT.values())) == len(timeline_paint.HEIGHT) == len(State)


def test_the_style_sheet_has_no_name_left(qapp: QApplication, look: Look) -> None:
    assert "@" not in qapp.styleSheet()
