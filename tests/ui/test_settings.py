"""The settings dialog: the reader of the file looks on, what is saved is in force, comments stay."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
)
from pytestqt.qtbot import QtBot

from racewatch.config import config_path, load
from racewatch.config_edit import protect, rules_in
from racewatch.ui.actions import Act
from racewatch.ui.bridge import Bridge
from racewatch.ui.settings_dialog import SettingsDialog
from racewatch.ui.settings_fields import FIELDS, Form, value_of
from racewatch.ui.window import MainWindow
from tests.ui.conftest import Opened
from tests.ui.sandbox import Sandbox

WRITTEN = """# my settings
exclude = ["*/.cache/*"] # noise
keep_days = 5 # a week nearly

[sockets]
min_age = 1.5 # young

[[protected]]
glob = "/run/db/*" # theirs
reason = "ask them"
"""


@pytest.fixture
def file() -> Path:
    path = Path(os.fsdecode(config_path()))
    path.parent.mkdir(parents=True)
    path.write_text(WRITTEN)
    return path


@pytest.fixture
def dialog(qtbot: QtBot, bridge: Bridge, file: Path) -> SettingsDialog:
    made = SettingsDialog(bridge, os.fsencode(file), file.read_text())
    qtbot.addWidget(made)
    made.show()
    return made


def line(dialog: SettingsDialog, key: str) -> QLineEdit:
    control = dialog.controls[key]
    assert isinstance(control, QLineEdit)
    return control


def lines(dialog: SettingsDialog, key: str) -> QPlainTextEdit:
    control = dialog.controls[key]
    assert isinstance(control, QPlainTextEdit)
    return control


def test_it_shows_what_stands_in_the_file_and_everything_has_a_name(dialog: SettingsDialog) -> None:
    assert line(dialog, "keep_days").text() == "5"
    assert lines(dialog, "exclude").toPlainText() == "*/.cache/*"
    assert line(dialog, "max_entries").placeholderText() == "1000000"
    assert dialog.rules.item(0, 0).text() == "/run/db/*"  # type: ignore[union-attr]  # there is a first row
    for kind in (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, QAbstractItemView):
        for control in dialog.findChildren(kind):
            assert control.accessibleName() or type(control) is QAbstractButton, control
    assert not dialog.save.isEnabled()
    assert "comments stay" in dialog.said.text()


@pytest.mark.parametrize(
    ("key", "typed", "said"),
    [
        ("keep_days", "-1", "Wanted a whole number of at least 0."),
        ("keep_days", "many", "Wanted a whole number"),
        ("sockets.min_age", "x", "Wanted a number of seconds, 0 or more."),
        ("terminal", "'", "Wanted a list of texts."),
    ],
)
def test_a_mistake_is_said_beside_it_as_it_is_typed(
    dialog: SettingsDialog, key: str, typed: str, said: str
) -> None:
    line(dialog, key).setText(typed)
    assert said in dialog.problems[key].text()
    assert dialog.problems[key].isVisibleTo(dialog)
    assert not dialog.save.isEnabled()
    line(dialog, key).setText("3" if key != "terminal" else "xterm -e '{folder}'")
    assert not dialog.problems[key].isVisibleTo(dialog)
    assert dialog.save.isEnabled()


def test_lists_and_rules_are_checked_too(dialog: SettingsDialog) -> None:
    lines(dialog, "containers.state_roots").setPlainText("podman:/x")
    assert "wanted RUNTIME:/path" in dialog.problems["containers.state_roots"].text()
    lines(dialog, "containers.state_roots").setPlainText("crun:/x\n\n")
    lines(dialog, "roots").setPlainText("somewhere")
    assert "is not an absolute path" in dialog.problems["roots"].text()
    lines(dialog, "roots").setPlainText("")
    dialog._on_add()
    dialog.rules.item(1, 0).setText("no path")  # type: ignore[union-attr]  # it was added a line ago
    assert "Wanted a pattern of whole paths" in dialog.problems["protected"].text()
    assert not dialog.save.isEnabled()
    dialog.rules.selectRow(1)
    dialog._on_take_out()
    assert not dialog.problems["protected"].isVisibleTo(dialog)
    assert dialog.save.isEnabled()


def test_what_is_saved_is_what_is_read_and_comments_stay(
    qtbot: QtBot, dialog: SettingsDialog, file: Path
) -> None:
    line(dialog, "keep_days").setText("9")
    line(dialog, "sockets.min_age").setText("")
    line(dialog, "terminal").setText("kitty --directory '{folder}'")
    lines(dialog, "exclude").setPlainText("*/.cache/*\n/proc/*")
    switch, theme = dialog.controls["observe"], dialog.controls["theme"]
    assert isinstance(switch, QCheckBox)
    assert isinstance(theme, QComboBox)
    switch.setChecked(True)
    theme.setCurrentText("dark")
    dialog.rules.item(0, 1).setText("ask the others")  # type: ignore[union-attr]  # there is a first row
    # Somebody else saves in between: nothing of theirs is lost.
    file.write_text(file.read_text().replace("# my settings", "# my settings, and yours\nmax_entries = 7"))
    with qtbot.waitSignal(dialog.saved):
        dialog.save.click()
    config, problems = load(os.fsencode(file))
    assert problems == ()
    assert (config.keep_days, config.observe, config.theme.value, config.max_entries) == (9, True, "dark", 7)
    assert config.sockets.min_age == 0.0
    assert config.terminal == ("kitty", "--directory", "{folder}")
    assert config.exclude == (b"*/.cache/*", b"/proc/*")
    assert [rule.reason for rule in config.protected.rules] == ["ask the others"]
    text = file.read_text()
    for comment in ("# my settings, and yours", "# noise", "# a week nearly"):
        assert comment in text


def test_the_window_opens_it_and_goes_on_with_what_was_saved(opened: Opened, sandbox: Sandbox) -> None:
    window = opened.open(wait=False)
    window.live_settings.begin()
    shown = edited(opened, window)
    line(shown, "keep_days").setText("2")
    lines(shown, "roots").setPlainText(os.fsdecode(sandbox.folder))
    shown.save.click()
    opened.until(lambda: "2 days" in window.history.filters.kept.text(), "the new settings")
    opened.until(lambda: window.live_settings.dialog is None, "the dialog to go")
    Path(os.fsdecode(config_path())).write_text("theme = ")
    window.actions_table[Act.SETTINGS].trigger()
    opened.until(
        lambda: any("put right" in strip.text for strip in window.strips.strips()), "that it cannot be edited"
    )


def test_what_is_protected_while_the_settings_stand_open_stays_so_and_saving_nothing_is_no_mistake(
    opened: Opened, sandbox: Sandbox
) -> None:
    path = Path(os.fsdecode(config_path()))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("keep_days = 2\n")
    window = opened.open(wait=False)
    window.live_settings.begin()
    shown = edited(opened, window)
    shown._on_add()
    pattern = shown.rules.item(0, 0)
    assert pattern is not None
    pattern.setText("/run/here/*")
    protect(config_path(), "/run/meanwhile/*", "mine")
    shown.save.click()
    opened.until(lambda: window.live_settings.dialog is None, "the dialog to go")
    assert rules_in(path.read_text()) == [("/run/meanwhile/*", "mine"), ("/run/here/*", "")]
    shown = edited(opened, window)
    line(shown, "keep_days").setText("")
    shown.rules.selectAll()
    shown._on_take_out()
    shown.save.click()
    opened.until(lambda: window.live_settings.dialog is None, "the dialog to go")
    assert not path.read_text().strip()
    opened.until(lambda: "7 days" in window.history.filters.kept.text(), "the defaults")
    assert all("gone, or empty" not in strip.text for strip in window.strips.strips())


def edited(opened: Opened, window: MainWindow) -> SettingsDialog:
    window.actions_table[Act.SETTINGS].trigger()
    opened.until(lambda: window.live_settings.dialog is not None, "the dialog")
    dialog = window.live_settings.dialog
    assert dialog is not None
    return dialog


def test_every_setting_of_the_sample_can_be_edited() -> None:
    sample = Path(__file__).resolve().parents[2] / "resources" / "config.sample.toml"
    keys, table = set(), ""
    for row in sample.read_text().splitlines():
        text = row.removeprefix("# ")
        if text.startswith("["):
            table = text.strip("[]") + "."
        name, equals, _ = text.partition(" = ")
        if equals and name.isidentifier():
            keys.add(table + name)
    assert {field.key for field in FIELDS} | {"protected.glob", "protected.reason"} == keys


def test_an_empty_field_means_the_default() -> None:
    assert all(value_of(field, "  ") is None for field in FIELDS)
    number = next(field for field in FIELDS if field.form is Form.NUMBER)
    assert (value_of(number, "7"), value_of(number, "1.5"), value_of(number, "x")) == (7, 1.5, "x")
