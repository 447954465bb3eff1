"""The rows that stand out for a moment because they came, or changed their verdict."""

from __future__ import annotations

from collections import deque

from racewatch.ui.table_row import Row


class Fresh:
    """In the order of their time: every one stands out for as long as the others."""

    def __init__(self) -> None:
        self._until: deque[tuple[float, Row]] = deque()

    def add(self, row: Row) -> None:
        """It stands out until its ``fresh_until``; not before that of one that was added before it."""
        self._until.append((row.fresh_until, row))

    @property
    def due(self) -> float | None:
        """When the next one may look like the others."""
        return self._until[0][0] if self._until else None

    def settle(self, now: float) -> list[Row]:
        """Those whose time is over; they do not stand out any more."""
        settled = []
        while self._until and self._until[0][0] <= now:
            _, row = self._until.popleft()
            if 0.0 < row.fresh_until <= now:  # else it changed once more since
                row.fresh_until = 0.0
                settled.append(row)
        return settled
