"""The rows on screen as a file: a table (CSV), or everything about them (JSON).  Written whole, or not at all."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from PySide6.QtCore import QIODevice, QObject, QSaveFile
from PySide6.QtWidgets import QWidget

from racewatch.core.text import display
from racewatch.ui.actions import Act, Actions
from racewatch.ui.bridge import Bridge
from racewatch.ui.strip import Level, StripArea
from racewatch.ui.tr import tr

if TYPE_CHECKING:
    from PySide6.QtWidgets import QFileDialog

#: What a spreadsheet would take for a formula when a cell begins with it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")

Table = Sequence[Sequence[str]]


class Exportable(Protocol):
    """Rows as they are shown now.  What its two methods return may take long, and runs on any thread."""

    @property
    def what(self) -> str:
        """What its rows are, for the name of the file: ``sockets``."""
        ...

    @property
    def said(self) -> str:
        """How many of what, as a person reads it: ``12 sockets``."""
        ...

    @property
    def count(self) -> int:
        """How many rows."""
        ...

    def table(self) -> Callable[[], Table]:
        """Makes the titles of the columns, and the rows."""
        ...

    def document(self) -> Callable[[], object]:
        """Makes the JSON document."""
        ...


def csv_text(table: Table) -> str:
    """The table as RFC 4180 says; no cell is taken for a formula by whoever opens it."""
    import csv  # only now, as all that only a few windows want

    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([_cell(text) for text in row] for row in table)
    return out.getvalue()


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _as_csv(table: Callable[[], Table]) -> Callable[[], str]:
    return lambda: csv_text(table())


def _as_json(document: Callable[[], object]) -> Callable[[], str]:
    return lambda: json.dumps(document(), indent=1) + "\n"


def write_whole(path: str, data: bytes) -> str | None:
    """Write a file in one step: the old one stays until all is on the disk.  None, or why not."""
    file = QSaveFile(path)
    if file.open(QIODevice.OpenModeFlag.WriteOnly):
        file.write(data)
        if file.commit():
            return None
    return file.errorString()


class Exports(QObject):
    """Asks where to, and writes beside everything else."""

    def __init__(
        self,
        window: QWidget,
        bridge: Bridge,
        strips: StripArea,
        shown: Callable[[], Exportable | None],
        rows: Callable[[], bool],
    ) -> None:
        """``shown`` takes the rows on screen; ``rows`` tells whether this page has any kind of rows."""
        super().__init__(window)
        self._window = window
        self._bridge = bridge
        self._strips = strips
        self._shown = shown
        self._rows = rows
        self.dialog: QFileDialog | None = None

    def handlers(self) -> dict[Act, Callable[[], None]]:
        """For the table of actions."""
        return {Act.EXPORT_CSV: lambda: self._ask("csv"), Act.EXPORT_JSON: lambda: self._ask("json")}

    def enable(self, actions: Actions) -> None:
        """Turn them on where there are rows to save."""
        reason = "" if self._rows() else tr("There are no rows on this page.")
        for act in self.handlers():
            actions.enable(act, not reason, reason)

    def _ask(self, ending: str) -> None:
        from PySide6.QtWidgets import QFileDialog

        shown = self._shown()
        if shown is None:
            return
        # What is saved is what is on screen now, not what will be when a place is found for it.
        make = _as_csv(shown.table()) if ending == "csv" else _as_json(shown.document())
        stamp = time.strftime("%Y%m%d-%H%M%S")
        what = shown.said
        dialog = QFileDialog(
            self._window, tr("Export {what} as {format}").format(what=what, format=ending.upper())
        )
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending)
        dialog.setNameFilter(f"{ending.upper()} (*.{ending})")
        dialog.selectFile(os.path.join(os.path.expanduser("~"), f"racewatch-{shown.what}-{stamp}.{ending}"))
        dialog.fileSelected.connect(lambda path: self._save(path, make, what))
        dialog.finished.connect(self._closed)
        self.dialog = dialog
        dialog.open()

    def _closed(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    def _save(self, path: str, make: Callable[[], str], what: str) -> None:
        self._bridge.spawn(self._write(path, make, what), "exporting")

    async def _write(self, path: str, make: Callable[[], str], what: str) -> None:
        problem = await self._bridge.offload(lambda: write_whole(path, make().encode()))
        shown = display(os.fsencode(path))
        if problem is None:
            self._strips.show_message(
                Level.SUCCESS, tr("Saved to {file}: {what}.").format(what=what, file=shown)
            )
        else:
            self._strips.show_message(
                Level.ERROR,
                tr(
                    "Nothing was saved to {file}: {problem}. Choose another place, or free some space."
                ).format(file=shown, problem=problem),
                details=problem,
            )
