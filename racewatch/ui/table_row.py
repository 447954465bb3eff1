"""One row of a table: what was seen, and what the table keeps of it."""

from __future__ import annotations

from typing import Any

from racewatch.core.model import Observation
from racewatch.monitor.timeline import Timeline
from racewatch.ui import words
from racewatch.ui.columns import Shape


class Row:
    """One thing on screen.  ``key`` is where it stands now; it changes only together with its place.

    ``shape`` says what its columns show.
    """

    __slots__ = (
        "born",
        "cells",
        "fresh_until",
        "gone_at",
        "haystack",
        "key",
        "matched",
        "observation",
        "shape",
        "shown",
        "timeline",
    )

    def __init__(self, observation: Observation, shape: Shape, born: float, fresh_until: float) -> None:
        self.observation = observation
        self.shape = shape
        self.born = born
        self.key: tuple[Any, ...] = ()
        self.cells: tuple[str, ...] | None = None
        self.haystack: str | None = None
        self.matched = True
        self.shown = False
        self.gone_at: float | None = None
        self.fresh_until = fresh_until
        self.timeline: Timeline | None = None

    @property
    def gone(self) -> bool:
        """True for a tombstone: shown struck through, offering nothing."""
        return self.gone_at is not None

    def text(self, column: int) -> str:
        """What a column shows."""
        of = self.shape.columns[column]
        if of.ages:
            return of.text(self.observation)
        if self.cells is None:
            self.cells = tuple("" if one.ages else one.text(self.observation) for one in self.shape.columns)
        return self.cells[column]

    def tip(self, column: int) -> str:
        """What a column says to whoever rests the pointer on it: the whole of what it shows, or more."""
        of = self.shape.columns[column]
        return (of.tip(self.observation) if of.tip is not None else "") or self.text(column)

    def text_to_search(self) -> str:
        """Path, label, verdict and owner in one case."""
        if self.haystack is None:
            seen = self.observation
            parts = (words.full_path(seen), seen.label, seen.verdict.value, *self.shape.search(seen))
            self.haystack = "\n".join(parts).casefold()
        return self.haystack

    def group(self) -> str:
        """The group it belongs to, as it is shown; empty without one."""
        named = self.shape.group
        return self.text(self.shape.at(named)) if named is not None else ""
