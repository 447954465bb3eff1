"""The configuration file while the window is open: what is written there is in force a moment later.

A file that cannot be understood costs nothing: the last good settings stay, and the strip says so.  One thing
fails closed: whatever such a file says of what is protected, or of observing, is added to what held before.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from racewatch.config import Config, ConfigProblem, load, read_plain
from racewatch.core.protected import Protected
from racewatch.core.text import display
from racewatch.ui.bridge import Bridge
from racewatch.ui.strip import Level, Strip, StripArea
from racewatch.ui.tr import marked, tr
from racewatch.verbs import Racewatch

if TYPE_CHECKING:
    from racewatch.ui.settings_dialog import SettingsDialog

#: Editors write in several steps; looked at when they have been quiet for so long.
_QUIET_MS: Final = 150
#: So many mistakes in it are told at once; the details have all.
_TOLD: Final = 3
#: Whoever writes a file anew may empty or remove it first, and take their time: that permits nothing.
_NOTHING: Final = marked("gone, or empty; to go on with the defaults, start racewatch anew")


def in_force(good: Config, read: Config, problems: tuple[ConfigProblem, ...]) -> Config:
    """What holds after a file was read: all of it, or the last good settings and whatever forbids more."""
    if not problems:
        return replace(read, only_named=good.only_named)
    rules = dict.fromkeys((*read.protected.rules, *good.protected.rules))
    return replace(good, protected=Protected(tuple(rules)), observe=good.observe or read.observe)


def watched_by(config: Config) -> tuple[object, ...]:
    """What a monitor is made of: when that changes, there must be another."""
    return (
        config.roots,
        config.exclude,
        config.max_entries,
        config.sockets,
        config.state_roots,
        config.engines,
    )


class LiveSettings(QObject):
    """Reads the file again when it changes.  ``changed`` carries the settings before and after."""

    changed = Signal(object, object)

    def __init__(
        self,
        bridge: Bridge,
        racewatch: Racewatch,
        strips: StripArea,
        file: bytes,
        window: QWidget,
        remarks: Callable[[], Awaitable[Mapping[str, str]]],
    ) -> None:
        """``remarks``: what is to be known here about some of the settings, by their keys."""
        super().__init__(window)
        self._remarks = remarks
        self._bridge = bridge
        self._racewatch = racewatch
        self._strips = strips
        self._file = file
        self._good = racewatch.config
        self._seen: bytes | None = None
        self._window = window
        self.dialog: SettingsDialog | None = None
        self._complaint: Strip | None = None
        self._watcher: QFileSystemWatcher | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_QUIET_MS)
        self._timer.timeout.connect(self.read)

    def begin(self) -> None:
        """Watch the file from now on."""
        self._watcher = QFileSystemWatcher(self)
        self._watcher.directoryChanged.connect(self._on_change)
        self._watcher.fileChanged.connect(self._on_change)
        self._seen = _content(self._file)
        self._watch()

    def close(self) -> None:
        """Watch no more: the window's own folder changes when it writes down how it was."""
        self._timer.stop()
        if self._watcher is not None:
            self._watcher.deleteLater()
            self._watcher = None

    def _on_change(self) -> None:
        self._timer.start()

    def _watch(self) -> None:
        """Its folder, because most editors put a new file in its place; itself, for those that write into it."""
        watcher = self._watcher
        if watcher is None:
            return
        folder = os.path.dirname(self._file)
        while not os.path.isdir(folder):
            folder = os.path.dirname(folder)
        wanted = {os.fsdecode(folder)}
        if os.path.exists(self._file):
            wanted.add(os.fsdecode(self._file))
        there = {*watcher.directories(), *watcher.files()}
        if there - wanted:
            watcher.removePaths(list(there - wanted))
        if wanted - there:
            watcher.addPaths(list(wanted - there))

    def open_dialog(self) -> None:
        """Edit the file in the window."""
        if self.dialog is None:
            self._bridge.spawn(self._open(), "opening the settings")

    async def _open(self) -> None:
        # Only now: it is seldom wanted, and the window shall be there at once.
        from racewatch.ui.settings_dialog import SettingsDialog

        try:
            raw = await self._bridge.offload(lambda: _content(self._file))
            text = (raw or b"").decode("utf-8")
            dialog = SettingsDialog(self._bridge, self._file, text, self._window)
        except ValueError as error:
            self._strips.show_message(
                Level.WARNING,
                tr(
                    "The settings in {file} cannot be changed here before the file is put right: {error}."
                ).format(file=display(self._file), error=error),
            )
            return
        self.dialog = dialog
        dialog.saved.connect(partial(self.read, ours=True))
        dialog.finished.connect(self._on_closed)
        dialog.open()
        for key, text in (await self._remarks()).items():
            if self.dialog is dialog:
                dialog.remark(key, text)

    def _on_closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    def read(self, *, ours: bool = False) -> None:
        """Read it now, if it is another than before.  ``ours``: a person has just had it written here, maybe empty."""
        self._bridge.spawn(self._read(ours=ours), "reading the settings")

    async def _read(self, *, ours: bool) -> None:
        self._watch()
        raw = await self._bridge.offload(lambda: _content(self._file))
        if raw == self._seen and not ours:
            return
        self._seen = raw
        config, problems = await self._bridge.offload(lambda: load(self._file if raw is not None else None))
        if self._seen is not raw:
            return  # it was slow to understand (a folder that hangs), and what was written since is in force
        if not ours and not (raw or b"").strip():
            problems = (ConfigProblem(self._file, tr(_NOTHING)),)
        self._apply(config, problems)

    def _apply(self, config: Config, problems: tuple[ConfigProblem, ...]) -> None:
        if self._complaint is not None:
            self._complaint.dismiss()
            self._complaint = None
        before = self._racewatch.config
        wanted = in_force(self._good, config, problems)
        if not problems:
            self._good = wanted
        self._racewatch.reconfigure(wanted)
        if problems:
            closed = any(rule.pattern == b"*" for rule in config.protected.rules)
            more = tr("Nothing is removed until it is put right.") if closed else ""
            some = "; ".join(problem.wrong_where for problem in problems[:_TOLD])
            more_wrong = "…" if problems[_TOLD:] else ""
            said = tr("The settings of before stay in force: {problem}.").format(problem=some + more_wrong)
            self._complaint = self._strips.show_message(
                Level.WARNING,
                f"{said} {more}".rstrip(),
                details="\n".join(problem.wrong_where for problem in problems),
                standing=True,
            )
        else:
            self._strips.show_message(
                Level.INFO, tr("The settings in {file} are in force.").format(file=display(self._file))
            )
        self.changed.emit(before, self._racewatch.config)


def _content(file: bytes) -> bytes | None:
    """What stands in the file; None when there is none, or it cannot be read (then reading it says why)."""
    try:
        return read_plain(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"cannot be read: {error.errno}".encode()
