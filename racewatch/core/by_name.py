"""Capturing a thing that is a name in a directory: a socket, a lock with its companions, a bundle.

The capture is one ``renameat2(RENAME_NOREPLACE)`` to a private name in the same directory: atomic,
never overwriting, and harmless to a live thing (connections and locks go by inode, not by name).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from racewatch.core.advisory import AdvisoryLock, HeldLock
from racewatch.core.breaker import Breaker, BreakerRecord
from racewatch.core.kind import Stop, UndoRecord
from racewatch.core.last_look import still_stands
from racewatch.core.model import Observation, OutcomeWord, Removable, Verdict
from racewatch.core.part import Part, Pinned
from racewatch.core.text import display

METHOD: Final = "name"
PRIVATE_PREFIX: Final = b".racewatch."


def private_name(action: str) -> bytes:
    """The name a captured thing has meanwhile: in the same directory, unguessable beforehand."""
    return PRIVATE_PREFIX + action.encode("ascii")


@dataclass(frozen=True, slots=True)
class Belongings:
    """What one thing has around it.

    ``together`` goes with it or nothing goes (an X server's lock and its socket): each is guarded,
    pinned, judged, captured and verified like the thing itself, and one that is not ``stale`` stops the
    whole act; one that is not there is left out.  ``hold`` are advisory locks that the live system would
    take, ``breaker`` the lock that the family's own breakers take; both are held while acting.
    """

    together: Sequence[Part] = ()
    hold: Sequence[AdvisoryLock] = ()
    breaker: Breaker | None = None


_NOTHING: Final = Belongings()


def stands_alone(_: Pinned) -> Belongings | Stop:
    """Most things have nothing around them."""
    return _NOTHING


@dataclass(slots=True)
class NamedThing:
    """The :class:`~racewatch.core.kind.Procedure` of a name in a directory.

    ``belongs`` is asked once, for the pinned thing; a Stop as its answer ends the act, unless the thing
    itself is live, which is said first.
    """

    main: Part
    belongs: Callable[[Pinned], Belongings | Stop] = stands_alone
    _has: Belongings = field(default=_NOTHING, init=False)
    _cannot: Stop | None = field(default=None, init=False)
    _seen: Observation | None = field(default=None, init=False)
    _beside: list[Part] = field(default_factory=list, init=False)
    _locks: list[HeldLock] = field(default_factory=list, init=False)
    _breaker: BreakerRecord | None = field(default=None, init=False)

    @property
    def _all(self) -> list[Part]:
        """Companions first: while the lock itself stands, nobody who respects it makes a new companion."""
        return [*self._beside, self.main]

    def guard(self) -> Stop | None:
        """Lock the directory against other cleaners."""
        return self.main.guard()

    def pin(self) -> Stop | None:
        """Hold the thing and what goes with it."""
        stop = self.main.pin()
        if stop is not None:
            return stop
        has = self.belongs(self.main.thing)
        if isinstance(has, Stop):
            self._cannot = has
            return None
        self._has = has
        return self._pin_companions()

    def _pin_companions(self) -> Stop | None:
        for companion in self._has.together:
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
        self._seen = None
        seen = self.main.recheck()
        if isinstance(seen, Stop) or seen.verdict is Verdict.LIVE:
            return seen
        if self._cannot is not None:
            return self._cannot
        for companion in self._beside:
            beside = companion.recheck()
            if isinstance(beside, Stop):
                return beside
            if beside.verdict is not Verdict.STALE:
                return _not_with(companion, beside, "not removed, because")
        self._seen = seen
        return seen

    def beside(self) -> Sequence[bytes]:
        """What goes with it, as far as it is there."""
        return [part.path for part in self._beside]

    def _still_as_seen(self) -> Stop | None:
        """Judge all of it once more, under a lock that was taken since."""
        seen = self._seen
        again = self.recheck()
        if isinstance(again, Stop):
            return again
        if again.verdict is Verdict.LIVE:
            said = f"not removed, it is live: {again.label}. {again.summary}"
            return Stop(OutcomeWord.REFUSED_LIVE, said, again)
        if seen is None or (again.fingerprint, again.verdict) != (seen.fingerprint, seen.verdict):
            return Stop(OutcomeWord.REFUSED_CHANGED, f"it changed meanwhile ({again.summary})", again)
        return None

    def intent(self, action: str) -> UndoRecord | Stop:
        """The record of each part; when one cannot be copied, all are kept aside, undone together.

        The locks that the owner would take are taken here: only an act that the re-check allowed may
        get in the way of the real program for a moment.
        """
        stop = self._take_locks()
        if stop is not None:
            return stop
        main = self.main.record(private_name(action))
        beside = [part.record(private_name(f"{action}.{number}")) for number, part in enumerate(self._beside)]
        kept = any(bool(record["kept"]) for record in (main, *beside))
        data = {**main, "kept": kept, "companions": beside}
        if self._has.breaker is not None:
            self._breaker = BreakerRecord(
                self._has.breaker.name,
                self._has.breaker.made,
                proof=private_name(f"{action}.b"),
                taken=private_name(f"{action}.c"),
            )
            data["breaker"] = self._breaker.to_json()
        return UndoRecord(METHOD, data)

    def _take_locks(self) -> Stop | None:
        # Race: "the lock is free" is revocable, its owner may come back after any look.  Taken without
        # waiting, judged again under it, and held to the end: now nobody can take it meanwhile.  Left open:
        # an owner that makes the file anew and locks that; for it there are VERIFY and a name that never
        # is overwritten.
        for lock in self._has.hold:
            held = lock.take()
            if isinstance(held, Stop):
                return held
            if held is not None:
                self._locks.append(held)
        return self._still_as_seen() if self._has.hold else None

    def capture(self) -> Stop | None:
        """Take the names away, whatever they mean now; all or none."""
        stop = self._take_breaker()
        if stop is not None:
            self._release_breaker()
            return stop
        for part in self._all:
            stop = part.capture()
            if stop is not None:
                lost = self.restore()
                return stop if lost is None else replace(lost, summary=f"{stop.summary}; {lost.summary}")
        return None

    def _take_breaker(self) -> Stop | None:
        # Race: a program of the family finds the same lock dead, breaks it and takes it anew, all between
        # our look and our rename.  Whoever has the family's breaker lock is alone with it, so the thing is
        # looked at again under that.  The intent, which knows the breaker lock, is on disk already.  Left
        # open: programs of the family that make none; CAPTURE and VERIFY are there for them.
        if self._breaker is None or self._has.breaker is None:
            return None
        held = self.main.held
        return (
            self._breaker.take(held.path, held.fd, self._has.breaker.content)
            or self.main.still_named()
            or self._still_as_seen()
        )

    def _release_breaker(self) -> None:
        # Race: the act's end is recorded, and then we die with the breaker lock still standing: nobody
        # would look for it again.  So it goes before the end is recorded.  Left open: a directory that
        # does not let us any more (it was made read-only meanwhile): then it stays, and is seen as what it is.
        if self._breaker is not None:
            with contextlib.suppress(OSError):
                self._breaker.release(self.main.held.fd)
            self.main.sync()
            self._breaker = None

    def verify(self, seen: Observation, *, override: bool) -> Stop | None:
        """Is what was captured the pinned inodes, and does the judgement still stand?"""
        for part in self._all:
            stop = part.verify()
            if stop is not None:
                return stop
        stop = still_stands(self.main.observe(self.main.thing), seen, override=override)
        if stop is not None:
            return stop
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
        self._release_breaker()
        for part in self._all:
            part.sync()
        return None

    def restore(self) -> Stop | None:
        """Give the names back, the main one first; never overwrites."""
        stop: Stop | None = None
        for part in reversed(self._all):
            stop = part.restore() or stop
        self._release_breaker()
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
    word = OutcomeWord.REFUSED_UNPROVEN
    if beside.verdict is Verdict.LIVE:
        word = OutcomeWord.REFUSED_LIVE
    elif beside.removable is Removable.NEVER:
        word = OutcomeWord.REFUSED_FORBIDDEN
    return Stop(
        word,
        f"{why} {display(companion.path)} goes with it. {beside.label}: {beside.summary}",
        beside,
    )
