"""Containers as their engines tell of them: where engines are, what each says, one observation for each container."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from racewatch.core.by_owner import OwnerSilent, OwnersThing
from racewatch.core.kind import Procedure, Stop
from racewatch.core.model import (
    Evidence,
    Observation,
    OutcomeWord,
    Owner,
    Problem,
    Removable,
    Says,
    Target,
    Verdict,
)
from racewatch.core.never import NeverRemoved
from racewatch.core.text import display, display_text
from racewatch.kinds.containers.connections import Connections, connections
from racewatch.kinds.containers.engine import Engine, engines, split
from racewatch.kinds.containers.engine_answers import (
    EngineError,
    Failed,
    Gone,
    Inspected,
    Listed,
    RefusedLive,
    Removed,
)
from racewatch.kinds.containers.engine_client import ANSWER_SECONDS, EngineClient
from racewatch.kinds.containers.engine_judge import judge
from racewatch.kinds.containers.reading import seconds
from racewatch.kinds.seeing import describe, fingerprint_of, moment
from racewatch.linux import processes

#: A process that began this long before or after its container was started may be its first one.
_SAME_START_SECONDS: Final = 5.0
#: At a start an engine that does not answer is waited for no longer.
_START_SECONDS: Final = 2.0
#: An engine that tells of one container after the other without an end keeps no scan longer than this.
SCAN_SECONDS: Final = 60.0
_USUAL: Final = (b"/run", b"/var/run")
#: The files that name engines are not read anew more often than this.
_KEPT_SECONDS: Final = 5.0
_NEVER: Final = "0001-01-01"


class EngineSource:
    """The containers of all engines of this machine, read through their APIs.

    ``configured`` are paths of further API sockets; ``usual``: those in the usual places count as well, and those
    that contexts and connections name.  What those say is kept for a moment; else nothing is kept between two
    looks, so it may be used from any thread.
    """

    def __init__(
        self,
        configured: Sequence[bytes] = (),
        environ: Mapping[str, str] | None = None,
        *,
        usual: bool = True,
    ) -> None:
        self._configured = tuple(configured)
        self._run = _USUAL if usual else ()
        self._system = b"/" if usual else None
        self._environ = os.environ if environ is None else environ
        self._read: tuple[float, Connections] | None = None

    def connections(self) -> Connections:
        """What people wrote down about their engines, at most a few seconds ago."""
        now, read = time.monotonic(), self._read
        if read is None or now - read[0] > _KEPT_SECONDS:
            self._read = read = (now, connections(self._environ, self._system))
        return read[1]

    def engines(self) -> tuple[Engine, ...]:
        """The engines whose sockets are there now, named by their paths."""
        named = self.connections().local()
        return engines(self._configured, self._environ, run=self._run, named=named)

    def scan(self) -> Iterator[Observation | Problem]:
        """Every container of every engine; an engine that cannot be asked is a problem, not an empty one.

        So is a file that may name an engine and cannot be understood.
        """
        yield from self.connections().problems
        for engine in self.engines():
            try:
                with EngineClient(engine) as client:
                    yield from _all_of(client)
            except EngineError as error:
                yield Problem(engine.path, error.reason)

    def procedure(self, target: Target) -> Procedure:
        """Its engine is asked to delete it, by its full id, without force and without its volumes."""
        parts = split(target)
        if parts is None:
            return NeverRemoved(lambda: self.look(target))
        engine, container = parts
        return OwnersThing(lambda: self.look(target), lambda: _delete(engine, container))

    def engine_of(self, target: Target) -> Engine | None:
        """The engine that a target names; None when it names none."""
        parts = split(target)
        return None if parts is None else parts[0]

    def look(self, target: Target) -> Observation | None:
        """One container, asked for by its full id; None only when its engine says that it has none of this id.

        When the engine cannot be asked, or another one answers in its place, the observation says so.
        """
        parts = split(target)
        if parts is None:
            return None
        engine, container = parts
        try:
            said = _inspect(engine, container, ANSWER_SECONDS)
        except EngineError as error:
            return _unseen(engine, container, error)
        return None if said is None else _observation(engine, said)

    def ask(self, target: Target) -> Observation | None:
        """The same at a start, which must not wait long; an engine that cannot be asked raises OwnerSilent.

        So does one that is in the middle of removing it: whether it will be gone only the end tells.
        """
        parts = split(target)
        if parts is None:
            raise OwnerSilent("the journal names no engine")
        engine, container = parts
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                said = _inspect(engine, container, _START_SECONDS)
            except EngineError as error:
                why = f"{engine.title} at {display(engine.path)}: {error.reason}"
                answers = error.answered
            else:
                if said is None or said.status != "removing":
                    return None if said is None else _observation(engine, said)
                why, answers = f"{engine.title} is removing it just now", True
            # Of what it is just removing an engine says odd things (Podman: it is not in its database) for a
            # moment; one that does not answer is not asked again.
            if not answers or time.monotonic() > deadline:
                raise OwnerSilent(why)
            time.sleep(0.02)


def _inspect(engine: Engine, container: str, patience: float) -> Inspected | None:
    with EngineClient(engine, patience) as client:
        if client.engine != engine:
            raise EngineError(f"{client.engine.title} answers at the socket of {engine.title}")
        return client.inspect(container)


def _delete(engine: Engine, container: str) -> Stop | None:
    """The one request that removes; None when the engine, asked again, knows it no more."""
    try:
        with EngineClient(engine) as client:
            if client.engine != engine:
                raise EngineError(f"{client.engine.title} answers at the socket of {engine.title}")
            answer = client.delete(container)
    except EngineError as error:
        return Stop(OutcomeWord.FAILED, f"{engine.title} was not asked: {error.reason}", error=error.reason)
    match answer:
        case Removed():
            return None
        case Gone():
            return Stop(OutcomeWord.GONE, f"{engine.title} does not know it any more")
        case RefusedLive(text):
            return Stop(OutcomeWord.REFUSED_LIVE, f"{engine.title} refused: {display_text(text)}")
        case Failed(reason):
            return Stop(OutcomeWord.FAILED, f"{engine.title}: {display_text(reason)}", error=reason)


def _all_of(client: EngineClient) -> Iterator[Observation | Problem]:
    engine = client.engine
    lines = client.containers()
    ends = time.monotonic() + SCAN_SECONDS
    for line in lines:
        if time.monotonic() > ends:
            raise EngineError(
                f"it did not tell of all its {len(lines)} containers within {SCAN_SECONDS:g} seconds"
            )
        try:
            said = client.inspect(line.id)
        except EngineError as error:
            # An engine that does not answer any more would be waited for once for each of its containers.
            if not error.answered:
                raise
            yield _unseen(engine, line.id, error, line)
            continue
        if said is not None:  # else it was removed since it was listed
            yield _observation(engine, said)


def _observation(engine: Engine, said: Inspected) -> Observation:
    owner = _first_process(said)
    judged = judge(engine, said, owner)
    return Observation(
        target=engine.target(said.id),
        path=None,
        fingerprint=fingerprint_of(
            said.id, judged.label, said.started_at, said.finished_at, said.restart_count
        ),
        verdict=judged.verdict,
        label=judged.label,
        summary=judged.summary,
        evidence=judged.evidence,
        owner=owner,
        removable=judged.removable,
        seen_at=time.time(),
        remedy=judged.remedy,
        facts=_facts(engine, said),
        undoable=False,
    )


def _unseen(engine: Engine, container: str, error: EngineError, line: Listed | None = None) -> Observation:
    """A container whose engine could not be asked about it: it may be there, and may live."""
    names = (("name", display_text(line.names[0])),) if line is not None and line.names else ()
    return Observation(
        target=engine.target(container),
        path=None,
        fingerprint=fingerprint_of(b"unseen", container, error.reason),
        verdict=Verdict.UNKNOWN,
        label="cannot see",
        summary=f"{engine.title} could not be asked about it at {display(engine.path)}: {error.reason}.",
        evidence=(Evidence("state", Says.UNKNOWN, f"GET /containers/{container}/json", error.reason),),
        owner=None,
        removable=Removable.NEVER,
        seen_at=time.time(),
        remedy=f"look whether {engine.title} runs",
        facts=(*names, ("id", container), ("runtime", engine.label)),
    )


def _facts(engine: Engine, said: Inspected) -> tuple[tuple[str, str], ...]:
    times = (("made", said.created), ("started", said.started_at), ("finished", said.finished_at))
    return (
        ("name", display_text(said.name)),
        ("id", said.id),
        ("runtime", engine.label),
        ("API socket", display(engine.path)),
        ("image", display_text(said.image)),
        *((name, moment(when)) for name, text in times if (when := _time(text)) is not None),
        ("restarts", str(said.restart_count)),
        ("mounted inside", ", ".join(map(display_text, said.mounts)) or "nothing"),
        ("volumes", ", ".join(map(display_text, said.volumes)) or "none"),
    )


def _time(text: str) -> float | None:
    return None if text.startswith(_NEVER) else seconds(text)


# --- the first process -----------------------------------------------------------------------------


def _first_process(said: Inspected) -> Owner | None:
    """The container's first process; None when there is none, or when it cannot be seen from here.

    The number is one of the engine's PID namespace, which need not be ours (an engine in a virtual machine,
    behind a forwarded socket, in a container itself): a process of ours by that number is shown only when
    its control group carries the container's id, or when it began as its container was started.
    """
    if said.pid <= 0:
        return None
    owner = describe(said.pid)
    if owner is None or not (_in_group_of(said) or _began_with(said, owner)):
        return None
    # Asked again: the control group above must have been that of the process which was described.
    alive = processes.alive(processes.ProcessId(owner.pid, owner.start_ticks))
    return owner if alive is processes.Life.ALIVE else None


def _in_group_of(said: Inspected) -> bool:
    try:
        with open(f"/proc/{said.pid}/cgroup", "rb") as file:
            return said.id.encode() in file.read()
    except OSError:
        return False


def _began_with(said: Inspected, owner: Owner) -> bool:
    try:
        started = datetime.fromisoformat(said.started_at).timestamp()
    except ValueError:
        return False
    return abs(started - owner.started) <= _SAME_START_SECONDS
