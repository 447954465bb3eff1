"""Everything in the configuration file, edited with the file's own reader looking on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from racewatch.config import ConfigProblem, parse
from racewatch.config_edit import EditError, edit, rules_in, with_protected_changed, with_settings
from racewatch.core.text import display
from racewatch.ui import settings_fields, words
from racewatch.ui.bridge import Bridge
from racewatch.ui.measure import roomy
from racewatch.ui.plain import PlainLabel, WrapLabel, fixed_font
from racewatch.ui.settings_fields import FIELDS, Field, Form
from racewatch.ui.tr import tr

_PROTECTED: Final = "protected"
_OWN: Final = frozenset({field.key for field in FIELDS} | {_PROTECTED, "protected.glob", "protected.reason"})
_LINES_HIGH: Final = 3

Get = Callable[[], str]


class SettingsDialog(QDialog):
    """``saved`` after the file was written."""

    saved = Signal()

    def __init__(self, bridge: Bridge, file: bytes, text: str, parent: QWidget | None = None) -> None:
        """``text``: what stands in the file now; it must be TOML."""
        super().__init__(parent)
        self._bridge = bridge
        self._file = file
        self._text = text
        self._before = settings_fields.shown_of(text)
        self._rules_before = rules_in(text)
        self.setWindowTitle(tr("Settings"))
        self.setAccessibleName(tr("Settings"))
        self.controls: dict[str, QWidget] = {}
        self.problems: dict[str, WrapLabel] = {}
        self.helps: dict[str, WrapLabel] = {}
        self._get: dict[str, Get] = {}
        body = QWidget()
        body.setObjectName("paneBody")
        self._grid = QGridLayout(body)
        self._grid.setContentsMargins(16, 10, 16, 14)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        section = ""
        for field in FIELDS:
            if field.section != section:
                section = field.section
                self._section(tr(section))
            self._add(field)
        self._section(tr("Never act on"))
        self._add_rules()
        self._grid.setRowStretch(self._grid.rowCount(), 1)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName(tr("All settings"))
        self.said = WrapLabel()
        self.said.setObjectName("muted")
        self.save = QPushButton(tr("Save"))
        self.save.setAccessibleName(tr("Save"))
        self.save.setAccessibleDescription(
            tr("Write what was changed to the configuration file; it holds at once")
        )
        self.save.setDefault(True)
        self.save.clicked.connect(self._on_save)
        cancel = QPushButton(tr("Cancel"))
        cancel.setAccessibleName(tr("Cancel"))
        cancel.setAccessibleDescription(tr("Close this; nothing is written"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.said, 1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(scroll, 1)
        layout.addLayout(buttons)
        self.resize(roomy(self, 720, 680))
        self._check()

    # --- putting it together ----------------------------------------------------------------

    def _section(self, text: str) -> None:
        label = PlainLabel(text)
        label.setObjectName("section")
        label.setContentsMargins(0, 10, 0, 2)
        self._grid.addWidget(label, self._grid.rowCount(), 0, 1, 2)

    def _add(self, field: Field) -> None:
        row = self._grid.rowCount()
        name = PlainLabel(tr(field.title))
        name.setContentsMargins(0, 5, 0, 0)
        control = self._control(field, self._before[field.key])
        control.setAccessibleName(tr(field.title))
        control.setAccessibleDescription(
            tr("{help}. Left empty: {default}").format(help=tr(field.help), default=tr(field.default))
        )
        name.setBuddy(control)
        self.controls[field.key] = control
        under = WrapLabel(tr(field.help))
        under.setObjectName("muted")
        self.helps[field.key] = under
        self._grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(control, row, 1)
        self._grid.addWidget(under, row + 1, 1)
        self._problem_at(field.key, row + 2)

    def _problem_at(self, key: str, row: int) -> None:
        problem = WrapLabel()
        problem.setObjectName("fieldProblem")
        problem.hide()
        self.problems[key] = problem
        self._grid.addWidget(problem, row, 1)

    def _control(self, field: Field, shown: str) -> QWidget:
        if field.form is Form.LINES:
            lines = QPlainTextEdit(shown)
            lines.setFont(fixed_font(lines.font()))
            lines.setTabChangesFocus(True)
            lines.setPlaceholderText(tr(field.default))
            lines.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
            lines.setFixedHeight(lines.fontMetrics().lineSpacing() * _LINES_HIGH + 16)
            lines.textChanged.connect(self._check)
            self._get[field.key] = lines.toPlainText
            return lines
        if field.form is Form.SWITCH:
            switch = QCheckBox(tr("On"))
            switch.setChecked(bool(shown))
            switch.toggled.connect(self._check)
            self._get[field.key] = lambda: "true" if switch.isChecked() else ""
            return switch
        if field.form is Form.CHOICE:
            choice = QComboBox()
            for value, name in field.choices:
                choice.addItem(tr(name), value)
            choice.view().setAccessibleName(tr(field.title))
            choice.setCurrentIndex(max(choice.findData(shown or field.default), 0))
            choice.currentIndexChanged.connect(self._check)
            self._get[field.key] = lambda: (
                "" if not shown and choice.currentData() == field.default else str(choice.currentData())
            )
            return choice
        line = QLineEdit(shown)
        line.setPlaceholderText(tr(field.default))
        line.textChanged.connect(self._check)
        self._get[field.key] = line.text
        return line

    def _add_rules(self) -> None:
        self.rules = QTableWidget(0, 2)
        self.rules.setHorizontalHeaderLabels([tr("Pattern over whole paths"), tr("Why")])
        for column in range(2):
            title = self.rules.horizontalHeaderItem(column)
            if title is not None:  # narrower than its title, it still says it
                title.setToolTip(title.text())
        self.rules.setAccessibleName(tr("Protected"))
        self.rules.setAccessibleDescription(
            tr("What these patterns match is never acted on; the reason is shown")
        )
        self.rules.verticalHeader().hide()
        self.rules.verticalHeader().setAccessibleName(tr("Rows"))
        self.rules.horizontalHeader().setStretchLastSection(True)
        self.rules.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.rules.horizontalHeader().resizeSection(0, 300)
        self.rules.horizontalHeader().setAccessibleName(tr("Columns"))
        self.rules.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.rules.setTabKeyNavigation(False)
        self.rules.setMinimumHeight(130)
        for pattern, reason in self._rules_before:
            self._add_rule(pattern, reason)
        self.rules.itemChanged.connect(self._check)
        self.controls[_PROTECTED] = self.rules
        row = self._grid.rowCount()
        self._grid.addWidget(self.rules, row, 0, 1, 2)
        add, remove = QPushButton(tr("Add")), QPushButton(tr("Take out"))
        add.setAccessibleName(tr("Add a rule"))
        remove.setAccessibleName(tr("Take the selected rules out"))
        add.setAccessibleDescription(tr("One more line for what is never acted on"))
        remove.setAccessibleDescription(tr("What they match may be acted on again"))
        add.clicked.connect(self._on_add)
        remove.clicked.connect(self._on_take_out)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (add, remove):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._grid.addLayout(buttons, row + 1, 0, 1, 2)
        self._problem_at(_PROTECTED, row + 2)

    def _add_rule(self, pattern: str, reason: str) -> None:
        row = self.rules.rowCount()
        self.rules.insertRow(row)
        for column, text in enumerate((pattern, reason)):
            self.rules.setItem(row, column, QTableWidgetItem(text))

    def _on_add(self) -> None:
        self._add_rule("/", "")
        row = self.rules.rowCount() - 1
        self.rules.setCurrentCell(row, 0)
        self.rules.edit(self.rules.model().index(row, 0))

    def _on_take_out(self) -> None:
        for row in sorted({index.row() for index in self.rules.selectedIndexes()}, reverse=True):
            self.rules.removeRow(row)
        self._check()

    def remark(self, key: str, text: str) -> None:
        """Say below a setting what is to be known of it here."""
        label = self.helps[key]
        label.setText(f"{label.text()}\n{text}")
        control = self.controls[key]
        control.setAccessibleDescription(f"{control.accessibleDescription()}. {text}")

    # --- what is wanted ---------------------------------------------------------------------

    def _rules_now(self) -> list[tuple[str, str]]:
        items = ((self.rules.item(row, 0), self.rules.item(row, 1)) for row in range(self.rules.rowCount()))
        return [(glob.text() if glob else "", why.text() if why else "") for glob, why in items]

    def _change(self) -> Callable[[str], str] | None:
        """What is to be done to the text of the file, whatever it is by then; None for nothing."""
        shown = {key: get() for key, get in self._get.items()}
        changes = settings_fields.changes(self._before, shown)
        rules = self._rules_now()
        if not changes and rules == self._rules_before:
            return None

        def change(text: str) -> str:
            after = with_settings(text, changes) if changes else text
            # Not "exactly these": what was protected while this stood open stays so.
            return with_protected_changed(after, self._rules_before, rules)

        return change

    def _check(self) -> None:
        """Have the file's reader read what would be written."""
        change = self._change()
        try:
            text = change(self._text) if change is not None else self._text
            _, problems = parse(text.encode("utf-8", "surrogatepass"), self._file)
            said = ""
            possible = True
        except (EditError, ValueError) as error:
            problems, said = (), tr("It cannot be written: {error}.").format(error=error)
            possible = False
        mine: dict[str, list[ConfigProblem]] = {}
        for problem in problems:
            if problem.key in _OWN:
                key = _PROTECTED if problem.key.startswith(_PROTECTED) else problem.key
                mine.setdefault(key, []).append(problem)
        for key, label in self.problems.items():
            label.setText("\n".join(_plainly(problem) for problem in mine.get(key, ())))
            label.setVisible(key in mine)
        others = [problem for problem in problems if problem.key not in _OWN]
        if mine:
            said = said or tr("Put right what is marked first.")
        elif others:
            said = said or tr("Beside what is here: {problem}").format(problem=others[0].wrong_where)
        self.said.setText(said or tr("Written to {file}; comments stay.").format(file=display(self._file)))
        self.save.setEnabled(change is not None and not mine and possible)

    def _on_save(self) -> None:
        change = self._change()
        if change is not None and self.save.isEnabled():
            self.save.setEnabled(False)
            self._bridge.spawn(self._write(change), "writing the settings")

    async def _write(self, change: Callable[[str], str]) -> None:
        try:
            await self._bridge.offload(partial(edit, self._file, change))
        except EditError as error:
            self.said.setText(tr("Nothing was written: {error}.").format(error=error))
            self.save.setEnabled(True)
            return
        self.saved.emit()
        self.accept()


def _plainly(problem: ConfigProblem) -> str:
    return f"{words.capital(problem.wrong)}."
