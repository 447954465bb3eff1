"""After a crash in the removal of a state directory: take it back, or finish it, whichever is true."""

from __future__ import annotations

from typing import Final

from racewatch.core.exchange import Exchange, Hands, Stand, Unfinished, empty_groups
from racewatch.core.guard import DirectoryGuard
from racewatch.core.model import OutcomeWord
from racewatch.core.put_back import Settled
from racewatch.core.text import display
from racewatch.linux import fs

#: A hook that hangs must not keep a start waiting, now and at each start to come.
PATIENCE_SECONDS: Final = 2.0


def settle(record: Exchange, guard: DirectoryGuard) -> Settled:
    """Settle one under the guard of its state root; raises :class:`Unfinished` when it must wait.

    Before the owner's command was begun the directory goes back.  Afterwards nobody knows how far that
    came, so it is asked again, on the private folder, where it can reach nothing else.
    """
    how = _settle(record, guard)
    if record.waiter is not None:
        # Race: the crash came while it was held still; nobody else would ever let it go on.  After the
        # directory is back, as in the act: whoever starts it by now finds what it needs.
        record.waiter.wake()
    return how


def _settle(record: Exchange, guard: DirectoryGuard) -> Settled:
    hands = Hands(record, guard.fd)
    hands.open()
    try:
        stand = hands.stand()
        if stand is Stand.BEGUN:
            return _finish(record, hands)
        if stand is Stand.DELETED:
            hands.finish()
            return _gone(record)
        if stand is Stand.NOTHING:
            return _untouched(record, guard) or _gone(record)
        stop = hands.give_back()
        if stop is not None:
            return Settled(OutcomeWord.FAILED, f"interrupted; {stop.summary}", kept=True)
        if stand is Stand.TAKEN:
            return Settled(
                OutcomeWord.FAILED, f"interrupted; {display(record.path)} was put back{_over(record)}"
            )
        return _untouched(record, guard) or _gone(record)
    finally:
        hands.close()


def _over(record: Exchange) -> str:
    """Whether more happened than can be put back."""
    if record.waiter is None or not record.waiter.has_ended():
        return ""
    return ", but the process that waited in it has ended"


def _finish(record: Exchange, hands: Hands) -> Settled:
    hands.fasten()  # whatever stands there: nobody else will ever finish this
    why = _not_deleted(record, hands)
    if why is not None:
        hands.loosen()
        raise Unfinished(why)
    return _gone(record)


def _not_deleted(record: Exchange, hands: Hands) -> str | None:
    """Let the owner delete it; why it did not.  Raises :class:`Unfinished` while it is still at it."""
    # Race: since the crash another container was made whose control group has the same name; the owner's
    # command would kill what lives there.  The same proof as in the act: a group with a process in it
    # cannot be removed.
    try:
        alive = empty_groups(record.groups)
    except OSError as error:
        return f"its control groups could not be removed: {error.strerror}"
    if alive is not None:
        return f"something lives in the control group {display(alive)}"
    stop = hands.delete(PATIENCE_SECONDS)
    return None if stop is None else stop.summary


def _untouched(record: Exchange, guard: DirectoryGuard) -> Settled | None:
    try:
        now = fs.stat_at(guard.fd, record.name)
    except FileNotFoundError:
        return None
    if (now.dev, now.ino, now.btime_ns) != record.directory:
        return None
    return Settled(
        OutcomeWord.FAILED, f"interrupted before anything was taken; {display(record.path)} is untouched"
    )


def _gone(record: Exchange) -> Settled:
    return Settled(
        OutcomeWord.GONE,
        f"interrupted before its end was recorded; {display(record.path)} is gone, removed by this act or by "
        "somebody else",
    )
