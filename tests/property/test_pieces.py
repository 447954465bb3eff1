"""A table of the kernel that changes while it is read in pieces: what was there throughout is never left out."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from racewatch.linux.pieces import joined

_PAGE = 4096


@dataclass
class Table:
    """As ``fs/seq_file.c`` shows one: numbered rows, whole ones, as many as fit, and from any byte on."""

    rows: list[tuple[bytes, int]]
    changes: list[list[tuple[int, bool]]] = field(default_factory=list)
    size: int = _PAGE
    reads: int = 0

    def read(self, at: int) -> bytes:
        """What the kernel gives; then the table changes."""
        self.reads += 1
        texts = [_text(number, *row) for number, row in enumerate(self.rows, 1)]
        begin, first = 0, b""
        while texts and begin < at:  # the rest of the row that the byte is in comes first
            text = texts.pop(0)
            first = text[at - begin :]
            begin += len(text)
        piece = first
        for text in texts:
            if not piece:
                while len(text) > self.size:
                    self.size *= 2
            if len(piece) + len(text) > self.size:
                break
            piece += text
        self._change()
        return piece

    def _change(self) -> None:
        for at, comes in self.changes.pop() if self.changes else ():
            if comes:
                # A new lock is put before the others of its processor.
                self.rows.insert(at % (len(self.rows) + 1), _row(10_000 + self.reads * 100 + at))
            elif self.rows:
                gone = at % len(self.rows)
                if not self.rows[gone][0].endswith(b"kept"):
                    del self.rows[gone]


def _row(number: int, waiters: int = 0) -> tuple[bytes, int]:
    return b"FLOCK  ADVISORY  WRITE %d fd:01:%d 0 EOF" % (number % 97, number), waiters


def _kept(number: int) -> tuple[bytes, int]:
    """One that is held throughout."""
    return b"FLOCK  ADVISORY  WRITE %d fd:01:%d 0 kept" % (number, number), 0


def _text(number: int, says: bytes, waiters: int) -> bytes:
    return b"".join(
        (b"%d: %s\n" % (number, says), *(b"%d: -> %s\n" % (number, says) for _ in range(waiters)))
    )


_CROWDS = st.lists(st.sampled_from([0, 0, 0, 0, 0, 1, 3, 20, 40]), max_size=300)


@given(_CROWDS)
def test_a_quiet_table_is_read_as_it_is(crowds: list[int]) -> None:
    rows = [_row(number, waiters) for number, waiters in enumerate(crowds)]
    table = Table(list(rows))
    attempts = (joined(table.read) for _ in range(8))
    read = next((text for text in attempts if text is not None), None)
    assert read == b"".join(_text(number, *row) for number, row in enumerate(rows, 1))


def test_a_row_longer_than_a_page_is_read() -> None:
    rows = [_row(1), _row(2, 400), _row(3), _row(4)]
    table = Table(list(rows))
    attempts = (joined(table.read) for _ in range(8))
    assert next(text for text in attempts if text is not None).count(b"\n") == 404


@given(
    st.integers(0, 300),
    st.sets(st.integers(0, 299), max_size=8),
    st.lists(st.lists(st.tuples(st.integers(0, 400), st.booleans()), max_size=60), max_size=20),
)
def test_what_was_there_throughout_is_read_whatever_comes_and_goes(
    count: int, kept: set[int], changes: list[list[tuple[int, bool]]]
) -> None:
    table = Table([_kept(number) if number in kept else _row(number) for number in range(count)], changes)
    text = joined(table.read)
    if text is not None:
        for number in kept:
            assert number >= count or _kept(number)[0] in text


@pytest.mark.parametrize("many", [1, 60])
def test_what_moves_up_between_two_pieces_is_not_left_out(many: int) -> None:
    """Deterministic: the first rows go right after a piece was shown, one each time, or at once all that it had."""
    table = Table([_row(number) for number in range(200)], [[(0, False)] for _ in range(60 // many)])
    table.changes = [change * many for change in table.changes]
    attempts = (joined(table.read) for _ in range(3))
    text = next(text for text in attempts if text is not None)
    assert len(table.rows) < 200
    assert all(says in text for says, _ in table.rows)
