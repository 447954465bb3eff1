"""The kernel's table of locks, whole: no row of it is passed over between two pieces.

``/proc/locks`` comes in pieces of a page (some sixty rows), each as it is at its own moment, and the next piece
begins with the row of the next *number*.  When a row further up went meanwhile, all others moved up by one, and one
that was there all the time is in neither piece (measured: of 400 locks some came and went, and a third of all plain
readings left out a lock that was held throughout).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Final, NamedTuple

#: More than a piece ever is.
_ASKED_FOR: Final = 1 << 20
#: So many bytes of a piece, or at least its last row, are shown again with the next one.
_OVERLAP: Final = 1024
#: So many rows of them, one after the other, have to be there again (as far as there are so many).
_RUN: Final = 4
#: So often nothing may follow although there is more.
_IN_VAIN: Final = 4
#: A page has room for more than twice as much.
_SHORT: Final = 1800
_MOST_PIECES: Final = 100_000
_ATTEMPTS: Final = 8


class RestlessTable(OSError):
    """A table that could not be read whole, mostly because it changes too fast (``EAGAIN``)."""

    def __init__(self, path: bytes) -> None:
        super().__init__(errno.EAGAIN, "it changes faster than it can be read", path)


class _Row(NamedTuple):
    """One lock, with who waits for it; ``start``: at which byte it was when its piece was shown.

    ``says`` is its own line without the number, by which it is known again.
    """

    says: bytes
    start: int
    text: bytes


def read_table(path: bytes) -> bytes:
    """All rows; one that was there throughout is among them.  Raises OSError, and RestlessTable.

    What came or went meanwhile may be there or not.  RestlessTable as well when two neighbours have such crowds of
    waiters (some forty each) that no piece shows both.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        for _ in range(_ATTEMPTS):
            text = joined(lambda at: os.pread(fd, _ASKED_FOR, at))
            if text is not None:
                return text
    finally:
        os.close(fd)
    raise RestlessTable(path)


def joined(read: Callable[[int], bytes]) -> bytes | None:
    """The text of all pieces; None when one could not be joined to the one before it.

    ``read`` gives what is from this byte on, as much of it as the kernel gives at once.
    """
    first = read(0)
    if not first or (len(first) < _SHORT and not read(len(first))):
        # Shown at once, and there is room for more rows than there are.  Open stays a next one whose crowd of waiters
        # took more than that room, and was gone when it was asked what follows.
        return first
    rows = _rows(first, 0)
    in_vain = 0
    for _ in range(_MOST_PIECES):
        # A row with a crowd of waiters may not fit behind the overlap, but behind the last row alone.
        found = _continued(rows, _OVERLAP if in_vain < _IN_VAIN else 0, read)
        if found is None or in_vain > _IN_VAIN:
            return None
        rows[found.kept :] = found.following
        if found.following:
            in_vain = 0
        elif read(found.end):
            in_vain += 1  # there is more, or some came before these, and all moved down
        else:
            return b"".join(row.text for row in rows)
    return None


class _Continued(NamedTuple):
    """How many of the rows hold, and what follows them in the piece after; ``end`` is where that ended."""

    kept: int
    following: list[_Row]
    end: int


def _continued(rows: list[_Row], overlap: int, read: Callable[[int], bytes]) -> _Continued | None:
    """The next piece, which begins before the end of the last one.

    Closes the race with a row that goes between two pieces: some rows of the last one have to be in this one again,
    one after the other.  Rows keep their order while they last, so what was there throughout and came after those comes
    after them still: it is in this piece or in one that follows.  Open stays that just these were let go and taken
    again meanwhile, and all of them in their old order.
    """
    end = rows[-1].start + len(rows[-1].text)
    first = next((at for at, row in enumerate(rows) if end - row.start <= overlap), len(rows) - 1)
    # From the byte before it: what a piece begins with may be half a row, and was shown before the rest of it.
    begin = max(rows[first].start - 1, 0)
    text = read(begin)
    piece = _rows(text, begin)[1 if begin else 0 :]
    here, there = [row.says for row in rows[first:]], [row.says for row in piece]
    run = min(_RUN, len(here))
    for at in range(len(here) - run, -1, -1):
        for place in range(len(there) - run + 1):
            if there[place : place + run] == here[at : at + run]:
                return _Continued(first + at + run, piece[place + run :], begin + len(text))
    return None


def _rows(text: bytes, begin: int) -> list[_Row]:
    """The rows in a text that began at this byte; the first may be what is left of one."""
    rows: list[_Row] = []
    at = begin
    for line in text.splitlines(keepends=True):
        _, _, says = line.partition(b": ")
        if rows and says.startswith(b"-> "):
            rows[-1] = rows[-1]._replace(text=rows[-1].text + line)
        else:
            rows.append(_Row(says, at, line))
        at += len(line)
    return rows
