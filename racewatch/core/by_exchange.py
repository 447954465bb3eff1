"""Capturing a directory that a program keeps for each of its things: a container's state directory.

The capture is an exchange with an empty placeholder (see :mod:`racewatch.core.exchange`); the thing is then
deleted by the owner's own command, which is pointed at the private folder and can reach nothing else.
"""

from __future__ import annotations

import os
import stat as stat_mode
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from racewatch.core.by_name import private_name
from racewatch.core.exchange import METHOD, Exchange, Hands, empty_groups, identity_of
from racewatch.core.kind import Stop, UndoRecord
from racewatch.core.last_look import still_stands
from racewatch.core.model import Observation, OutcomeWord
from racewatch.core.part import Part, Pinned
from racewatch.core.text import display
from racewatch.core.waiter import Held, Waiter
from racewatch.linux import fs

#: Since Linux 6.19 a killed process leaves its control group a moment after its end is told.
_LEAVING_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class OwnersWay:
    """How the owner itself deletes one of its things, and what proves that nothing of it lives.

    ``command`` gets the private folder and returns the words of the owner's own command on it.  ``waiter`` is
    the one process that goes with the thing: it waits to be set going, and a person said that it may be killed.
    """

    groups: tuple[bytes, ...]
    command: Callable[[bytes], Sequence[str]]
    waiter: Waiter | None = None


@dataclass(slots=True)
class ExchangedThing:
    """The :class:`~racewatch.core.kind.Procedure` of a state directory.

    ``way`` is asked for the pinned directory; a Stop as its answer ends the act.  What the owner deleted
    cannot be brought back, so nothing here is ever kept.
    """

    main: Part
    way: Callable[[Pinned], OwnersWay | Stop]
    _seen: Observation | None = field(default=None, init=False)
    _hands: Hands | None = field(default=None, init=False)
    _held: Held | None = field(default=None, init=False)
    _is_deleting: bool = field(default=False, init=False)

    def guard(self) -> Stop | None:
        """Lock the state root against other cleaners; runtimes themselves take no lock."""
        return self.main.guard()

    def pin(self) -> Stop | None:
        """Hold the directory."""
        return self.main.pin()

    def recheck(self) -> Observation | Stop:
        """Judge it afresh.

        What a directory holds is read from the directory itself, so a removed one would look like one
        that is just being made: its name is asked first.
        """
        seen = self.main.still_named() or self.main.recheck()
        self._seen = None if isinstance(seen, Stop) else seen
        return seen

    def beside(self) -> Sequence[bytes]:
        """Nothing goes with it."""
        return ()

    def intent(self, action: str) -> UndoRecord | Stop:
        """The record of what will be where; nothing is made before it is on disk."""
        way = self.way(self.main.thing)
        if isinstance(way, Stop):
            return way
        root = self.main.held.path
        # Beside the root and not in it: runtimes take every folder in their root for a container.
        aside = os.path.join(os.path.dirname(root), private_name(action))
        record = Exchange(
            root=root,
            name=self.main.thing.name,
            aside=aside,
            directory=identity_of(self.main.thing.stat),
            groups=way.groups,
            command=tuple(way.command(aside)),
            waiter=way.waiter,
        )
        self._hands = Hands(record, self.main.held.fd)
        return UndoRecord(METHOD, {**record.to_json(), "kept": False}, reversible=False)

    @property
    def _at_work(self) -> Hands:
        if self._hands is None:
            raise AssertionError("a step before INTENT")
        return self._hands

    def capture(self) -> Stop | None:
        """Swap the directory with the placeholder, whatever the name means now."""
        stop = self.main.still_named()
        if stop is not None:
            return stop
        try:
            self._at_work.prepare(stat_mode.S_IMODE(self.main.thing.stat.mode))
            stop = self._hold()
            if stop is None:
                self._at_work.take()
        except OSError as error:
            stop = self.main.stop_for(error)
        if stop is not None:
            self._let_go()
        return stop

    def _hold(self) -> Stop | None:
        """Hold still the process that goes with it, before the name is taken.

        Race: it is set going between RECHECK and now.  Then it is not even touched; and when that happens
        right before it stands still, it goes on at once, and its owner, which still has something to do under
        the name, finds it there.  Who comes later waits for a process that stands still.
        """
        waiter = self._at_work.record.waiter
        if waiter is None:
            return None
        stop = self._still_stands()
        if stop is None:
            self._held = Held(waiter)
            stop = self._held.hold() or self._still_stands()
        return stop

    def _still_stands(self) -> Stop | None:
        assert self._seen is not None
        # Without a person's word for what is in doubt the act would have ended at RECHECK.
        return still_stands(self.main.observe(self.main.thing), self._seen, override=True)

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.let_go()

    def verify(self, seen: Observation, *, override: bool) -> Stop | None:
        """Is what was captured the pinned directory, and does nothing of it live?"""
        hands, shown = self._at_work, display(self.main.path)
        assert hands.aside_fd is not None
        if not fs.stat_at(hands.aside_fd, hands.record.name).same_inode(self.main.thing.stat):
            return Stop(
                OutcomeWord.REFUSED_CHANGED,
                f"{shown} came to mean another object at the last moment; that one is untouched",
            )
        return still_stands(self.main.observe(self.main.thing), seen, override=override)

    def commit(self, *, keep: bool) -> Stop | None:
        """Prove by ``rmdir`` that nothing lives in its control groups, then let the owner delete it."""
        del keep
        hands = self._at_work
        if self._held is not None:
            # Nothing can have set it going since VERIFY: it stands still, and nobody finds it any more.
            stop = self._held.end()
            if stop is not None:
                return stop
        stop = self._delete(hands)
        if stop is not None and self._held is not None:
            return replace(
                stop, summary=f"{stop.summary}; the process that waited in it was killed all the same"
            )
        return stop

    def _delete(self, hands: Hands) -> Stop | None:
        # Race: the last look is over, and a process enters the control group; the owner's command would
        # kill it.  A group with a process in it cannot be removed, and one that is removed cannot be
        # entered.  Left open: somebody makes a group of the very same name anew before the owner's command
        # comes to it (another container under the same id, of another runtime or state root; where the
        # placeholder cannot be made to stay, of the same one as well).
        stop = hands.fasten() or _emptied(
            hands.record.groups, _LEAVING_SECONDS if self._held is not None else 0.0
        )
        if stop is not None:
            return stop
        self._is_deleting = True
        stop = hands.delete()
        self._is_deleting = False
        if stop is None:
            self._hands = None
            hands.close()
        return stop

    def restore(self) -> Stop | None:
        """Put the directory back under its name."""
        # Race: an interrupt of ours while the owner's command is at work.  Nothing is moved under its
        # hands; the act stays open in the journal, and the next start settles it.
        if self._hands is None or self._is_deleting:
            return None
        try:
            return self._hands.give_back()
        finally:
            # After the name, which its owner still needs: a start that waits for it goes on right now.
            self._let_go()

    def close(self) -> None:
        """Drop the private folder, the pin and the guard."""
        hands, self._hands = self._hands, None
        if hands is not None:
            if not self._is_deleting:
                # Of an act that ended before its capture the empty private folder may still be there.
                hands.give_back()
            hands.close()
        self._let_go()
        self.main.close()


def _emptied(groups: Sequence[bytes], patience: float) -> Stop | None:
    ends = time.monotonic() + patience
    try:
        while (alive := empty_groups(groups)) is not None and time.monotonic() < ends:
            time.sleep(0.001)
    except OSError as error:
        return Stop(
            OutcomeWord.REFUSED_UNPROVEN,
            f"that nothing lives in its control groups could not be proved: {error.strerror}",
            error=str(error),
        )
    if alive is None:
        return None
    return Stop(
        OutcomeWord.REFUSED_LIVE, f"not deleted, something lives in its control group {display(alive)}"
    )
