"""Locks: a registry of formats, evidence about one lock, and the verdict on it."""

from __future__ import annotations

from racewatch.kinds.locks.kind import LocksKind
from racewatch.kinds.locks.still import StillBook

__all__ = ["LocksKind", "StillBook"]
