"""The client of container engines: what there is, what it is now, what happens, and the one removing request.

It speaks Docker's API, which Podman serves too, through the field's own library ``docker``: its low-level
``APIClient`` gives the engines' JSON as it is, and one library serves both.  Podman's own library does not:
with Podman 4.3 the ``status`` of a listed container raises TypeError (the library wants an object where that
version sends a word), and no engine but Podman understands it.

Every answer is a value of :mod:`~racewatch.kinds.containers.engine_answers`.  An engine that is gone, slow,
or says half a thing raises EngineError, with one plain sentence; nothing else is ever raised.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from racewatch.kinds.containers import engine_answers as answers
from racewatch.kinds.containers.engine import Engine, is_full_id, name_in
from racewatch.kinds.containers.engine_answers import EngineError, Refusal

if TYPE_CHECKING:
    from racewatch.kinds.containers.engine_transport import Talk

#: How long an engine may take to answer.
ANSWER_SECONDS: Final = 5.0
#: Removing a large container's layer takes an engine its time; giving up early would only leave it unknown.
DELETE_SECONDS: Final = 60.0


def _talk(engine: Engine, patience: float) -> Talk:
    # Late: importing the library takes longer than a whole scan, and most machines have no engine.
    from racewatch.kinds.containers.engine_transport import Talk

    return Talk(engine.path, patience)


class EngineClient:
    """A connection to one engine, for one thread at a time; a context manager.

    ``engine`` carries the name that the server gives itself, whatever the path looks like.
    """

    def __init__(self, engine: Engine, patience: float = ANSWER_SECONDS) -> None:
        self._talk = _talk(engine, patience)
        self.engine: Final = Engine(name_in(self._talk.headers), engine.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._talk.close()

    def containers(self) -> tuple[answers.Listed, ...]:
        """All of them, whatever their state."""
        return answers.listed(self._talk.ask(lambda api: api.containers(all=True)))

    def inspect(self, container: str, *, size: bool = False) -> answers.Inspected | None:
        """One container by its full id; None when the engine knows none of this id.

        ``size`` makes the engine add up the files of its layer, which takes time.
        """
        _require_full(container)
        try:
            answer = self._talk.ask(lambda api: api.inspect_container(container))
        except Refusal as error:
            if answers.is_gone(error.status, error.body):
                return None
            raise
        return answers.inspected(answer, container, self._size(container) if size else None)

    def _size(self, container: str) -> int | None:
        # The library's inspect has no way to ask for it.
        found = self._talk.ask(lambda api: api.containers(all=True, size=True, filters={"id": [container]}))
        return answers.size_of(found, container)

    def delete(self, container: str) -> answers.Deleted:
        """``DELETE /containers/<full id>?v=False&force=False``: the engine decides under its own lock.

        Never by name, never with force, never with volumes.  Removed means that the engine, asked again,
        knows it no more.  An answer that did not come is ``Failed(uncertain=True)``: the request may have
        been carried out.
        """
        _require_full(container)
        try:
            self._talk.ask(
                lambda api: api.remove_container(container, v=False, link=False, force=False), DELETE_SECONDS
            )
            meant = answers.deleted(self._talk.status, "")
            # The first line of half an answer says yes as well.
            if isinstance(meant, answers.Removed) and self.inspect(container) is not None:
                return answers.Failed("the engine said that it removed it, and still has it")
            return meant
        except Refusal as error:
            return answers.deleted(error.status, error.body)
        except EngineError as error:
            return answers.Failed(f"whether it was removed is not known: {error.reason}", uncertain=True)


class Events:
    """What happens to the containers of one engine from now on, as it happens (nothing is polled).

    Once made, nothing is missed: what happened in the second before is told again.  Iterate in one thread;
    :meth:`close` from any other ends it at once.  An engine that goes away raises EngineError in the
    iteration, so its silence is never taken for peace.
    """

    def __init__(self, engine: Engine, patience: float = ANSWER_SECONDS) -> None:
        self._mutex = threading.Lock()
        self._is_read = False
        self._talk = _talk(engine, patience)
        try:
            # The answer begins before the engine really listens for events; asking for the last second, too,
            # closes that gap.
            since = int(time.time()) - 1
            self._stream = self._talk.ask(
                lambda api: api.events(since=since, filters={"type": ["container"]}, decode=True)
            )
            if self._talk.status != 200:
                raise EngineError(f"it tells no events (it answered {self._talk.status})")
        except EngineError:
            self._talk.close()
            raise
        self._talk.take_your_time()

    def __iter__(self) -> Iterator[answers.Event]:
        """Until it is closed.  Once only."""
        with self._mutex:
            if self._talk.was_cut:
                return
            self._is_read = True
        try:
            for answer in self._stream:
                self._talk.took_in()
                event = answers.event(answer)
                if event is not None:
                    yield event
            if not self._talk.was_cut:
                raise EngineError("it ended its stream of events: it stops, or starts anew")
        except EngineError:
            raise
        # A stream that breaks off in the middle of a word is reported in as many ways as the library has.
        except Exception as error:
            if not self._talk.was_cut:
                raise EngineError("its stream of events broke off") from error
        finally:
            self._talk.close()

    def close(self) -> None:
        """End the iteration, from any thread."""
        with self._mutex:
            self._talk.cut()
            if not self._is_read:
                self._talk.close()


def _require_full(container: str) -> None:
    if not is_full_id(container):
        raise ValueError(
            "an engine is asked by the full id only: anything shorter may mean another container"
        )
