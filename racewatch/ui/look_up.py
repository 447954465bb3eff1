"""What holds this?  From what was pasted or dropped to the rows of that path, or to what is known without a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QMimeData, QObject, QUrl, Signal

from racewatch.core.text import display, display_text
from racewatch.ui.bridge import Bridge
from racewatch.ui.query import Key, Query, Term
from racewatch.ui.targets_view import TargetsView
from racewatch.ui.tr import tr
from racewatch.ui.why_empty import Reason
from racewatch.verbs import Racewatch

_SHOWN: Final = 60


class LookUp(QObject):
    """``opened`` carries what to look for and what to say meanwhile, ``told`` that there is nothing to look for.

    Everything that may block is done on another thread; of several questions the last one counts.
    """

    opened = Signal(object, object)
    told = Signal(str)

    def __init__(
        self,
        bridge: Bridge,
        racewatch: Racewatch,
        roots: Callable[[], Sequence[bytes]],
        view: TargetsView,
        parent: QObject,
    ) -> None:
        """``view`` has the rows."""
        super().__init__(parent)
        self._bridge = bridge
        self._racewatch = racewatch
        self._roots = roots
        self._view = view
        self._turn = 0

    def ask(self, text: str) -> None:
        """Look this up: a path, an address of a file, or a message that holds one."""
        self._turn += 1
        self._bridge.spawn(self._ask(text, self._turn), "looking up a path")

    async def _ask(self, text: str, turn: int) -> None:
        # Only now: most windows are never asked.
        from racewatch.ui import whereabouts

        path = await self._bridge.offload(lambda: whereabouts.path_in(text))
        if turn != self._turn:
            return
        if path is None:
            shown = display_text(" ".join(text.split()))
            cut = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
            if cut:
                said = tr("“{text}” is no path: copy a path, a file, or a message that holds one.")
            else:
                said = tr(
                    "There is no text in the clipboard: copy a path, a file, or a message that holds one."
                )
            self.told.emit(said.format(text=cut))
            return
        query = Query((Term(display(path), Key.BELOW),))
        name = display(path)
        self.opened.emit(
            query,
            Reason(
                "hourglass", tr("Looking up {name}").format(name=name), tr("Who has it open is being asked.")
            ),
        )
        if self._choose(path):
            return
        found = await self._bridge.offload(lambda: whereabouts.look(path, self._racewatch, self._roots()))
        if turn == self._turn and self._view.filters.query == query:
            self._view.answer(query, whereabouts.as_reason(found))

    def _choose(self, path: bytes) -> bool:
        """Select the row of exactly this path; True when there is any row."""
        from racewatch.ui import whereabouts

        exact = next(whereabouts.targets_of(self._view.model.observations(), path), None)
        if exact is not None:
            self._view.choose(exact.target)
        return self._view.model.rowCount() > 0


def text_of_drop(data: QMimeData) -> str:
    """What was dropped: the address of the first file, or else the text."""
    local = next((url for url in data.urls() if url.isLocalFile()), None)
    if local is not None:
        return bytes(local.toEncoded(QUrl.ComponentFormattingOption.FullyEncoded).data()).decode("ascii")
    return data.text() if data.hasText() else ""
