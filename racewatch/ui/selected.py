"""What can be done with the selected thing beside acting on it: copy, show its folder, open a terminal, its holder.

Each takes the observation that is on screen when it is asked for.  Nothing here changes anything.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QWidget

from racewatch.core import wire
from racewatch.core.model import KindName, Observation
from racewatch.core.text import display, quoted
from racewatch.monitor.timeline import Timeline
from racewatch.ui import timeline_text, words
from racewatch.ui.actions import Act, Actions
from racewatch.ui.bridge import Bridge
from racewatch.ui.strip import Level, StripArea
from racewatch.ui.theme import Look
from racewatch.ui.tr import recorded, tr

_NEED_A_PATH: Final = (Act.COPY_QUOTED, Act.REVEAL, Act.TERMINAL)


_OF_ALL: Final = (
    Act.COPY_PATH,
    Act.COPY_QUOTED,
    Act.COPY_FINGERPRINT,
    Act.COPY_EVIDENCE,
    Act.COPY_JSON,
    Act.COPY_NOTE,
)


def _json(all_seen: Sequence[Observation]) -> str:
    """One observation as it is in the contract; several in an array."""
    found = [wire.observation_to_json(seen) for seen in all_seen]
    return json.dumps(found[0] if len(found) == 1 else found, indent=2)


class Selected(QObject):
    """The handlers of those actions, for one window."""

    def __init__(
        self,
        window: QWidget,
        bridge: Bridge,
        look: Look,
        strips: StripArea,
        *,
        selected: Callable[[], Observation | None],
        picked: Callable[[], Sequence[Observation]],
        may: Callable[[Observation], str],
        timeline: Callable[[Observation], Timeline | None],
        space: Callable[[Observation], str],
        terminal: Callable[[], tuple[str, ...]],
    ) -> None:
        """``selected``: the one that is shown, ``picked``: all that are selected.  ``may``: whether it can be removed, in words; ``space``: what it takes, empty when not known;
        ``terminal``: the command for one, empty for the usual ones.
        """
        super().__init__(window)
        self._window = window
        self._bridge = bridge
        self._look = look
        self._strips = strips
        self._selected = selected
        self._picked = picked
        self._may = may
        self._timeline = timeline
        self._space = space
        self._terminal = terminal

    def handlers(self) -> dict[Act, Callable[[], None]]:
        """For the table of actions."""
        copies: dict[Act, Callable[[Sequence[Observation]], str]] = {
            Act.COPY_PATH: lambda all_seen: "\n".join(map(words.full_path, all_seen)),
            Act.COPY_QUOTED: lambda all_seen: " ".join(quoted(seen.path) for seen in all_seen if seen.path),
            Act.COPY_FINGERPRINT: lambda all_seen: "\n".join(seen.fingerprint for seen in all_seen),
            Act.COPY_EVIDENCE: lambda all_seen: "\n\n".join(map(self._evidence, all_seen)),
            Act.COPY_JSON: _json,
            Act.COPY_NOTE: lambda all_seen: "\n".join(map(self._note, all_seen)),
        }
        single: dict[Act, Callable[[Observation], None]] = {
            Act.REVEAL: self._reveal,
            Act.TERMINAL: self._open_terminal,
            Act.HOLDER: self._show_holder,
        }
        return {
            **{act: self._copying(make) for act, make in copies.items()},
            **{act: self._on_selected(handler) for act, handler in single.items()},
        }

    def _copying(self, make: Callable[[Sequence[Observation]], str]) -> Callable[[], None]:
        def call() -> None:
            picked = self._picked()
            if picked:
                QGuiApplication.clipboard().setText(make(picked))

        return call

    def _on_selected(self, handler: Callable[[Observation], None]) -> Callable[[], None]:
        def call() -> None:
            seen = self._selected()
            if seen is not None:
                handler(seen)

        return call

    def enable(self, actions: Actions) -> None:
        """Turn on what can be done with what is selected now; say why not of the rest."""
        seen, picked = self._selected(), self._picked()
        for act in self.handlers():
            about: Sequence[Observation] = picked if act in _OF_ALL else [seen] if seen is not None else []
            reason = "" if about else tr("Select something first.")
            if about and act in _NEED_A_PATH and not any(one.path for one in about):
                reason = tr("It has no path: its engine keeps it.")
            if about and act is Act.HOLDER and about[0].owner is None:
                reason = tr("No process is known to hold it.")
            actions.enable(act, not reason, reason)

    def _evidence(self, seen: Observation) -> str:
        space = self._space(seen)
        return words.as_text(seen) + (f"\nspace: {space}" if space else "")

    @recorded()
    def _note(self, seen: Observation) -> str:
        from racewatch.ui import note  # only now: most windows never write one

        timeline, now = self._timeline(seen), time.monotonic()
        since = timeline_text.short(timeline, now) if timeline is not None else ""
        return note.incident_note(
            seen, may=self._may(seen), since=since, now=time.time(), space=self._space(seen)
        )

    # --- places -----------------------------------------------------------------------------

    def _reveal(self, seen: Observation) -> None:
        if seen.path is not None:
            self._bridge.spawn(self._show_in_folder(seen.path), "showing it in the file manager")

    async def _show_in_folder(self, path: bytes) -> None:
        from racewatch.ui import places

        if await self._bridge.offload(lambda: places.ask_file_manager(path)):
            return
        folder = await self._bridge.offload(lambda: places.folder_of(path))
        if not QDesktopServices.openUrl(QUrl(places.url_of(folder))):
            self._strips.show_message(
                Level.WARNING,
                tr("No file manager opened {folder}. Its path can be copied instead.").format(
                    folder=display(folder)
                ),
                details=tr("Neither org.freedesktop.FileManager1 nor the program for folders answered."),
            )

    def _open_terminal(self, seen: Observation) -> None:
        if seen.path is not None:
            where = seen.path if seen.target.kind is KindName.CONTAINER else None
            self._bridge.spawn(self._start_terminal(seen.path, where), "opening a terminal")

    async def _start_terminal(self, path: bytes, directory: bytes | None) -> None:
        from racewatch.ui import places

        named = self._terminal()
        folder = await self._bridge.offload(
            lambda: places.folder_of(path if directory is None else directory, inside=True)
        )
        problem = await self._bridge.offload(lambda: places.start_terminal(folder, named))
        if problem is not None:
            self._strips.show_message(Level.WARNING, problem)

    def _show_holder(self, seen: Observation) -> None:
        from racewatch.ui.holder import HolderDialog

        HolderDialog(seen, self._look, self._bridge, self._window).open()
