"""Hearing from engines: one thread for each keeps its stream of events open, so that nothing is polled."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from racewatch.core.model import Target
from racewatch.core.text import display, display_text
from racewatch.kinds.containers.engine import Engine
from racewatch.kinds.containers.engine_answers import EngineError
from racewatch.kinds.containers.engine_client import Events

#: An engine that ended its stream is asked again after this many seconds.
_AGAIN_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Ear:
    """How it stands with the events of one engine.  ``trouble``: why none are heard; None: they are."""

    name: str
    trouble: str | None
    heard_at: float


class Listening:
    """Keeps the streams of all engines open; ``hear`` is called from its threads, once for each event.

    ``engines`` says which there are; asked by :meth:`refresh`, which is cheap and never waits.
    """

    def __init__(self, engines: Callable[[], tuple[Engine, ...]], hear: Callable[[Target], None]) -> None:
        self._engines = engines
        self._hear = hear
        self._mutex = threading.Lock()
        self._ears: dict[Engine, _Ear] = {}

    def refresh(self) -> None:
        """Open what is new, let go of what is not there any more."""
        there = set(self._engines())
        with self._mutex:
            gone = [self._ears.pop(engine) for engine in [*self._ears] if engine not in there]
            for engine in there - self._ears.keys():
                self._ears[engine] = _Ear(engine, self._hear)
        for ear in gone:
            ear.close()

    def ears(self) -> tuple[Ear, ...]:
        """How it stands with each."""
        with self._mutex:
            return tuple(ear.state for ear in self._ears.values())

    def close(self) -> None:
        """End all streams and their threads."""
        with self._mutex:
            ears, self._ears = list(self._ears.values()), {}
        for ear in ears:
            ear.close()


class _Ear:
    def __init__(self, engine: Engine, hear: Callable[[Target], None]) -> None:
        self._engine = engine
        self._hear = hear
        self._over = threading.Event()
        self._mutex = threading.Lock()
        self._events: Events | None = None
        self._trouble: str | None = "it was not asked yet"
        self._heard_at = time.time()
        self._thread = threading.Thread(target=self._run, name="racewatch-engine", daemon=True)
        self._thread.start()

    @property
    def state(self) -> Ear:
        with self._mutex:
            shown = f"{self._engine.title} at {display(self._engine.path)}"
            return Ear(shown, self._trouble, self._heard_at)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self._listen()
            except EngineError as error:
                with self._mutex:
                    self._trouble = display_text(error.reason)
            self._over.wait(_AGAIN_SECONDS)

    def _listen(self) -> None:
        events = Events(self._engine)
        with self._mutex:
            self._events, self._trouble = events, None
        try:
            if self._over.is_set():
                return
            for event in events:
                with self._mutex:
                    self._heard_at = time.time()
                self._hear(self._engine.target(event.id))
        finally:
            events.close()
            with self._mutex:
                self._events = None

    def close(self) -> None:
        """End the stream and its thread; waits a little for both."""
        self._over.set()
        with self._mutex:
            events = self._events
        if events is not None:
            events.close()
        self._thread.join(2.0)
