"""“Protect this…”: adds to the list of what may never be acted on, with a reason, at once and for good."""

from __future__ import annotations

import os
from functools import partial
from typing import Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QWidget,
)

from racewatch.config import config_path
from racewatch.core.model import Observation
from racewatch.core.protected import Protected, Protection
from racewatch.core.text import display, display_text
from racewatch.ui.bridge import Bridge
from racewatch.ui.dialog import column, dressed, row
from racewatch.ui.plain import PlainLabel, WrapLabel, fixed_font, heading
from racewatch.ui.steady import SteadyButton
from racewatch.ui.strip import Level, StripArea
from racewatch.ui.tr import marked, tr
from racewatch.verbs import Racewatch

_SAID: Final = marked(
    "What this pattern matches is never removed by the window, the command line or the agent, "
    "however dead it is, and the reason is shown to whoever tries. It is written to the "
    "configuration file."
)


class ProtectDialog(QDialog):
    """Asks for the pattern and the reason.  ``rule`` is the answer; None when there is none (yet)."""

    def __init__(self, path: bytes, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path = path
        self.rule: Protection | None = None
        name = display(os.path.basename(path) or path)
        title = tr("Protect “{name}”?").format(name=name)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setMinimumWidth(560)
        head = heading(title)
        self.only = QRadioButton(tr("Only this one"))
        self.folder = QRadioButton(tr("Everything in its folder"))
        self.only.setChecked(True)
        group = QButtonGroup(self)
        choice = QHBoxLayout()
        for button in (self.only, self.folder):
            button.setAccessibleName(button.text())
            button.setAccessibleDescription(tr("What the pattern below is to match"))
            group.addButton(button)
            choice.addWidget(button)
        choice.addStretch(1)
        self.only.toggled.connect(self._suggest)
        self.pattern = QLineEdit()
        self.pattern.setFont(fixed_font(self.pattern.font()))
        self.pattern.setAccessibleName(tr("Pattern"))
        self.pattern.setAccessibleDescription(tr("A shell pattern over whole paths; * stands for anything"))
        self.reason = QLineEdit()
        self.reason.setAccessibleName(tr("Reason"))
        self.reason.setAccessibleDescription(tr("Why it is protected; shown to whoever tries to remove it"))
        self.reason.setPlaceholderText(tr("for example: ask the database team first"))
        for line in (self.pattern, self.reason):
            line.textChanged.connect(self._check)
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        for text, field in ((tr("Pattern"), self.pattern), (tr("Reason"), self.reason)):
            form.addRow(PlainLabel(text), field)
        self.problem = WrapLabel()
        self.problem.setObjectName("muted")
        said = tr("Close this; nothing is changed")
        self.cancel = dressed(SteadyButton(tr("Cancel")), self.reject, said)
        said = tr("Write this rule to the configuration; it holds at once")
        self.protect = dressed(SteadyButton(tr("Protect")), self._on_protect, said, default=True)
        layout = column(self, 12)
        layout.addWidget(head)
        layout.addWidget(WrapLabel(tr(_SAID)))
        layout.addLayout(choice)
        layout.addLayout(form)
        layout.addWidget(self.problem)
        layout.addLayout(row([self.cancel, self.protect]))
        self._suggest()
        self.reason.setFocus()

    def _suggest(self) -> None:
        # Only now: what edits the file is large, and most windows never protect anything.
        from racewatch.config_edit import everything_in, exactly

        whole = self.only.isChecked()
        self.pattern.setText(exactly(self._path) if whole else everything_in(os.path.dirname(self._path)))

    def _check(self) -> None:
        problem = self._problem()
        self.problem.setText(problem or tr("Written to {file}.").format(file=display(config_path())))
        self.protect.setEnabled(not problem)

    def _problem(self) -> str:
        pattern = self.pattern.text()
        if not pattern.startswith(("/", "*")):
            return tr("The pattern is over whole paths: it begins with / or *.")
        if Protected((Protection(os.fsencode(pattern), ""),)).reason(self._path) is None:
            return tr("The pattern does not match this one.")
        return "" if self.reason.text().strip() else tr("Say why: the reason is shown to whoever tries.")

    def _on_protect(self) -> None:
        if not self._problem():
            self.rule = Protection(os.fsencode(self.pattern.text()), display_text(self.reason.text().strip()))
            self.accept()


class Protecting(QObject):
    """Asks, and does it.  ``changed`` when something is protected that was not."""

    changed = Signal()

    def __init__(self, bridge: Bridge, racewatch: Racewatch, strips: StripArea, window: QWidget) -> None:
        super().__init__(window)
        self._bridge = bridge
        self._racewatch = racewatch
        self._strips = strips
        self._window = window
        self.dialog: ProtectDialog | None = None

    def can(self, seen: Observation | None) -> str:
        """Why this cannot be protected; empty when it can."""
        if seen is None or seen.target.place is None:
            return tr("Select something that has a path first.")
        reason = self._racewatch.protection(seen.target)
        return tr("It is protected already: {reason}").format(reason=reason) if reason is not None else ""

    def start(self, seen: Observation | None) -> None:
        """Ask about this one."""
        if seen is None or seen.target.place is None or self.can(seen) or self.dialog is not None:
            return
        self.dialog = ProtectDialog(os.path.join(*seen.target.place), self._window)
        self.dialog.finished.connect(self._answered)
        self.dialog.open()

    def _answered(self) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is None:
            return
        dialog.deleteLater()
        if dialog.rule is not None:
            # Here it holds at once, whatever becomes of the file.
            self._racewatch.protect(dialog.rule)
            self.changed.emit()
            self._bridge.spawn(self._write(dialog.rule), "writing the protected list")

    async def _write(self, rule: Protection) -> None:
        from racewatch.config_edit import EditError, protect

        pattern = os.fsdecode(rule.pattern)
        try:
            await self._bridge.offload(partial(protect, config_path(), pattern, rule.reason))
        except EditError as error:
            self._strips.show_message(
                Level.WARNING,
                tr("{pattern} is protected until this window closes, but not for good: {error}.").format(
                    pattern=display_text(pattern), error=error
                ),
            )
            return
        self._strips.show_message(
            Level.SUCCESS,
            tr("Protected: {pattern} ({reason})").format(pattern=display_text(pattern), reason=rule.reason),
        )
