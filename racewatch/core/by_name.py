"""Capturing a thing that is a name in a directory: a socket, a lock with its companions, a bundle.

The capture is one ``renameat2(RENAME_NOREPLACE)`` to a private name in the same directory: atomic,
never overwriting, and harmless to a live thing (connections and locks go by inode, not by name).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from racewatch.core.advisory import AdvisoryLock, HeldLock
from racewatch.core.kind import Stop, UndoRecord
from racewatch.core.model import Observation, OutcomeWord, Verdict
from racewatch.core.part import Part, Pinned
from racewatch.core.text import display

METHOD: Final = "name"
PRIVATE_PREFIX: Final = b".racewatch."


def private_name(action: str) -> bytes:
    """The name a captured thing has meanwhile: in the same directory, unguessable beforehand."""
    return PRIVATE_PREFIX + action.encode("ascii")


def stands_alone(_: Pinned) -> Sequence[Part]:
    """Most things have no companions."""
    return ()


@dataclass(slots=True)
class NamedThing:
    """The :class:`~racewatch.core.kind.Procedure` of a name in a directory.

    ``companions`` are things that go together with the main one or not at all (an X server's lock and
    its socket): each is guarded, pinned, judged, captured and verified like the thing itself, and one
    that is not ``stale`` stops the whole act.  A companion that is not there is left out.
    ``hold`` are advisory locks that the live system would take; they are held while acting.
    """

    main: Part
    companions: Callable[[Pinned], Sequence[Part]] = stands_alone
    hold: tuple[AdvisoryLock, ...] = ()
    _beside: list[Part] = field(default_factory=list, init=False)
    _locks: list[HeldLock] = field(default_factory=list, init=False)

    @property
    def _all(self) -> list[Part]:
        """Companions first: while the lock itself stands, nobody who respects it makes a new companion."""
        return [*self._beside, self.main]

    def guard(self) -> Stop | None:
        """Lock the directory against other cleaners."""
        return self.main.guard()

    def pin(self) -> Stop | None:
        """Hold the thing, the locks its owner would take, and what goes with it."""
        return self.main.pin() or self._take_locks() or self._pin_companions()

    def _take_locks(self) -> Stop | None:
        # Race: "the lock is free" is revocable; while we hold it nobody else can take it.
        for lock in self.hold:
            held = lock.take()
            if isinstance(held, Stop):
                return held
            if held is not None:
                self._locks.append(held)
        return None

    def _pin_companions(self) -> Stop | None:
        for companion in self.companions(self.main.thing):
            stop = companion.guard(self.main.held) or companion.pin()
            if stop is None:
                self._beside.append(companion)
                continue
            companion.close()
            if stop.word is not OutcomeWord.GONE:
                return replace(stop, summary=f"not removed, because of what goes with it: {stop.summary}")
        return None

    def recheck(self) -> Observation | Stop:
        """Judge all of it afresh; what goes with it must be proved left over by itself."""
        seen = self.main.recheck()
        if isinstance(seen, Stop) or seen.verdict is Verdict.LIVE:
            return seen
        for companion in self._beside:
            beside = companion.recheck()
            if isinstance(beside, Stop):
                return beside
            if beside.verdict is not Verdict.STALE:
                return _not_with(companion, beside, "not removed, because")
        return seen

    def intent(self, action: str) -> UndoRecord | Stop:
        """The record of each part; when one cannot be copied, all are kept aside, undone together."""
        main = self.main.record(private_name(action))
        beside = [part.record(private_name(f"{action}.{number}")) for number, part in enumerate(self._beside)]
        kept = any(bool(record["kept"]) for record in (main, *beside))
        return UndoRecord(METHOD, {**main, "kept": kept, "companions": beside})

    def capture(self) -> Stop | None:
        """Take the names away, whatever they mean now; all or none."""
        for part in self._all:
            stop = part.capture()
            if stop is not None:
                lost = self.restore()
                return stop if lost is None else replace(lost, summary=f"{stop.summary}; {lost.summary}")
        return None

    def verify(self, seen: Observation, *, override: bool) -> Stop | None:
        """Is what was captured the pinned inodes, and does the judgement still stand?"""
        for part in self._all:
            stop = part.verify()
            if stop is not None:
                return stop
        now = self.main.observe(self.main.thing)
        if now.verdict is Verdict.LIVE:
            return Stop(OutcomeWord.REFUSED_LIVE, f"it came alive at the last moment ({now.summary})", now)
        proved = now.verdict is Verdict.STALE or (override and seen.verdict is not Verdict.STALE)
        if now.fingerprint != seen.fingerprint or not proved:
            return Stop(OutcomeWord.REFUSED_CHANGED, f"it changed at the last moment ({now.summary})", now)
        for companion in self._beside:
            beside = companion.observe(companion.thing)
            if beside.verdict is not Verdict.STALE:
                return _not_with(companion, beside, "it changed at the last moment:")
        return None

    def commit(self, *, keep: bool) -> Stop | None:
        """Destroy what was captured, or leave it aside; durable before the outcome is recorded."""
        if not keep:
            stop = self.main.unlink()
            if stop is not None:
                return stop
            for companion in self._beside:
                # The thing itself is gone.  A companion that cannot follow stays aside under its
                # private name: visible as such in the next scan, never under its public name.
                companion.unlink()
        for part in self._all:
            part.sync()
        return None

    def restore(self) -> Stop | None:
        """Give the names back, the main one first; never overwrites."""
        stop: Stop | None = None
        for part in reversed(self._all):
            stop = part.restore() or stop
        return stop

    def close(self) -> None:
        """Drop companions, locks, the pin and the guard, in this order."""
        for companion in self._beside:
            companion.close()
        self._beside.clear()
        for lock in self._locks:
            lock.close()
        self._locks.clear()
        self.main.close()


def _not_with(companion: Part, beside: Observation, why: str) -> Stop:
    live = beside.verdict is Verdict.LIVE
    return Stop(
        OutcomeWord.REFUSED_LIVE if live else OutcomeWord.REFUSED_UNPROVEN,
        f"{why} {display(companion.path)} goes with it. {beside.label}: {beside.summary}",
        beside,
    )
