"""Everything has a name, can be reached by keyboard, and is plain text."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QWidget,
)

from racewatch.ui.actions import TABLE, Act
from racewatch.ui.plain import PlainLabel, action_text, tooltip
from racewatch.ui.theme import DARK, LIGHT, Colours, Look
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


def test_text_has_the_contrast_that_wcag_asks_for() -> None:
    def pairs(colours: Colours) -> list[tuple[str, str]]:
        return [
            (colours.text, colours.base),
            (colours.text, colours.window),
            (colours.muted, colours.base),
            (colours.muted, colours.window),
            (colours.selection_text, colours.selection),
            (colours.danger_text, colours.danger),
            (colours.accent, colours.window),
            (colours.danger, colours.base),
            *(
                (getattr(colours, name), ground)
                for name in ("stale", "live", "unknown", "idle")
                for ground in (colours.base, colours.selection, getattr(colours, f"{name}_soft"))
                # On a selected row the word's icon and the label repeat it; there 3:1 is enough.
                if ground != colours.selection
            ),
        ]

    for colours in (LIGHT, DARK):
        for text, ground in pairs(colours):
            assert _contrast(text, ground) >= 4.5, (text, ground)
        for name in ("stale", "live", "unknown", "idle"):
            assert _contrast(getattr(colours, name), colours.selection) >= 3.0, name


def test_the_style_sheet_has_no_name_left(qapp: QApplication, look: Look) -> None:
    assert "@" not in qapp.styleSheet()
