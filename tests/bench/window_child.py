"""The real program, ``racewatch gui ROOT``, with a recorder beside its window: JSON lines in and out.

``python -m tests.bench.window_child ROOT``.  Nothing of the window is replaced: the recorder listens to its
signals and to the paint events of its table.  A row counts as on screen at the end of the first paint after
the model had it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer

from racewatch import __main__ as program
from racewatch.core.model import KindName, Observation, Target, Verdict
from racewatch.ui import app
from racewatch.ui.actions import Act
from racewatch.ui.sidebar import Page
from racewatch.ui.targets_view import TargetsView
from racewatch.ui.window import MainWindow
from tests.bench.rows import BenchError
from tests.bench.seen import Times, is_watched, reply

#: How often the loop of the window has to come round while its stalls are measured.
BEAT_MS = 5
_PATIENCE = 10.0


class Painted(QObject):
    """Tells when what a table shows now has been painted."""

    def __init__(self, view: TargetsView) -> None:
        super().__init__(view)
        self._waiting: list[Callable[[float], object]] = []
        view.table.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent, /) -> bool:
        if event.type() is QEvent.Type.Paint and self._waiting:
            # The paint itself comes after this filter, and before any timer.
            waiting, self._waiting = self._waiting, []
            QTimer.singleShot(0, lambda: self._tell(waiting))
        return super().eventFilter(watched, event)

    @staticmethod
    def _tell(waiting: list[Callable[[float], object]]) -> None:
        now = time.monotonic()
        for call in waiting:
            call(now)

    def then(self, call: Callable[[float], object]) -> None:
        """Call this with the time of the end of the next paint."""
        self._waiting.append(call)


class Recorder(QObject):
    """What the bench asks a window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._bridge = window._bridge
        self._off_screen = 0
        self._times = Times()
        self._painted: dict[TargetsView, Painted] = {}
        self._first: dict[str, float] = {}
        self._gaps: list[float] = []
        self._last = 0.0
        self._beat = QTimer(self)
        self._beat.setTimerType(Qt.TimerType.PreciseTimer)
        self._beat.setInterval(BEAT_MS)
        self._beat.timeout.connect(self._on_beat)
        for view in (window.all, window.sockets, window.locks):
            self._painted[view] = Painted(view)
            view.model.updated.connect(lambda targets, view=view: self._on_updated(view, targets))
        self._answers: dict[str, Callable[..., Any]] = {
            "reveal": self._reveal,
            "first": lambda: self._first,
            "rows": self._rows,
            "times": self._times.take,
            "beat": self._beat_for,
            "gaps": self._take_gaps,
        }
        self._bridge.loop.add_reader(sys.stdin.fileno(), self._on_question)

    # --- what is recorded ---------------------------------------------------------------------

    def _on_updated(self, view: TargetsView, targets: set[Target]) -> None:
        if not view.isVisible():  # each page has a table of its own, and only one of them is on screen
            return
        if "rows" not in self._first and view.model.rowCount():
            self._first["rows"] = time.monotonic()
            self._painted[view].then(self._on_first_paint)
        for target in filter(is_watched, targets):
            row = view.model.find(target)
            if row is not None and not row.gone:
                self._when_painted(view, row.observation)

    def _on_first_paint(self, now: float) -> None:
        self._first["painted"] = now

    def _when_painted(self, view: TargetsView, seen: Observation) -> None:
        if self._is_on_screen(view, seen.target):
            self._painted[view].then(lambda now: self._times.note(seen.target, seen.verdict, now))
        elif self._times.note(seen.target, seen.verdict, time.monotonic()):
            self._off_screen += 1

    @staticmethod
    def _is_on_screen(view: TargetsView, target: Target) -> bool:
        place, viewport = view.model.place_of(target), view.table.viewport()
        # A batch that only just came in is laid out with the next paint; where it will be is known now.
        high = view.table.verticalHeader().defaultSectionSize()
        top = view.table.verticalScrollBar().value() // high
        return place is not None and top <= place <= top + viewport.height() // high

    def _on_beat(self) -> None:
        now = time.monotonic()
        self._gaps.append(now - self._last - BEAT_MS / 1000)
        self._last = now

    # --- what is asked ------------------------------------------------------------------------

    def _on_question(self) -> None:
        line = sys.stdin.readline()
        if not line:
            self._bridge.loop.remove_reader(sys.stdin.fileno())
            self._window.close_by_wish()
            return
        question = json.loads(line)
        do = question.pop("do")
        if do in ("act", "show"):
            # Both need the loop to go round; their answers wait for that.
            doing = self._act(**question) if do == "act" else self._show(**question)
            self._bridge.spawn(self._do_and_answer(doing), "an act of the bench")
        else:
            reply(self._answers[do](**question))

    def _view(self, kind: str) -> TargetsView:
        return self._window.sockets if KindName(kind) is KindName.SOCKET else self._window.locks

    async def _show(self, kind: str) -> bool:
        """Put this kind on screen, in the order of the names: the watched ones are on top."""
        self._window.sidebar.choose(Page.SOCKETS if KindName(kind) is KindName.SOCKET else Page.LOCKS)
        view = self._view(kind)
        async with asyncio.timeout(_PATIENCE):
            while not view.filled:  # noqa: ASYNC110 - a view has no signal of having all its rows
                await asyncio.sleep(0.01)
        view.table.sortByColumn(view.shape.path_at, Qt.SortOrder.AscendingOrder)
        view.table.scrollToTop()
        self._off_screen = 0
        return True

    def _reveal(self, kind: str, path: str) -> bool:
        """Scroll there, as somebody does who watches this one."""
        view = self._view(kind)
        place = view.model.place_of(Target(KindName(kind), os.fsencode(path)))
        if place is not None:
            view.table.scrollTo(view.model.index(place, 0))
        return place is not None

    def _rows(self, kind: str) -> dict[str, Any]:
        """Of what is on screen; before anything was shown, that is what the window opens on: all kinds."""
        view = self._view(kind)
        if not view.filled:
            view = self._window.all
        counts = {verdict.value: view.model.counts[verdict] for verdict in Verdict}
        return {
            "ready": view.model.tinting,
            "rows": view.model.total,
            "off_screen": self._off_screen,
            **counts,
        }

    def _beat_for(self, on: bool) -> bool:
        self._last = time.monotonic()
        if on:
            self._beat.start()
        else:
            self._beat.stop()
        return on

    def _take_gaps(self) -> list[float]:
        gaps, self._gaps = self._gaps, []
        return gaps

    # --- acts ---------------------------------------------------------------------------------

    async def _act(self, kind: str, path: str) -> float:
        """Seconds from the click on the button of the question to the outcome, said and with its undo offered.

        The question's own beat, before its button can be pressed, is a person's time and not counted; nor is the
        painting of the next frame.
        """
        view, actor = self._view(kind), self._window.actor
        if not view.table.choose(Target(KindName(kind), os.fsencode(path))):
            raise BenchError(f"there is no row of {path}")
        before = actor.last_undoable
        self._window.actions_table[Act.REMOVE].trigger()
        dialog = actor.dialog
        if dialog is None:
            raise BenchError(f"there was no question about {path}")
        told: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        def look() -> None:
            if actor.last_undoable != before and not told.done():
                told.set_result(time.monotonic())

        actor.state_changed.connect(look)
        try:
            async with asyncio.timeout(_PATIENCE):
                while not dialog.remove.isEnabled():  # noqa: ASYNC110 - a button has no signal of being enabled
                    await asyncio.sleep(0.02)
                began = time.monotonic()
                dialog.remove.click()
                return await told - began
        finally:
            actor.state_changed.disconnect(look)

    async def _do_and_answer(self, doing: Coroutine[Any, Any, Any]) -> None:
        try:
            reply(await doing)
        except (BenchError, TimeoutError) as error:
            reply({"problem": f"{type(error).__name__} {error}"})


def main() -> int:
    """``racewatch gui ROOT``, until the end of standard input."""

    class Measured(MainWindow):
        def begin(self) -> None:
            Recorder(self)
            super().begin()

    # The program makes its window by this name; there is no other way to be there from the first moment.
    vars(app)["MainWindow"] = Measured
    sys.argv = ["racewatch", "gui", *sys.argv[1:]]
    return program.main()


if __name__ == "__main__":
    sys.exit(main())
