"""What could stand where a person types in a filter: keys, their values, and what is there just now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from racewatch.core.model import Observation
from racewatch.ui import words
from racewatch.ui.query import ME, OTHERS, VALUES, Key, Term, parse, term_text

#: More than these nobody reads.
MOST: Final = 12
#: Keys whose values are taken from what is there.
PRESENT: Final = (Key.LABEL, Key.OWNER, Key.USER, Key.UNIT, Key.FORMAT)


@dataclass(frozen=True, slots=True)
class Offer:
    """Where in the text something may be put, and what: whole pieces."""

    start: int
    end: int
    pieces: tuple[str, ...]


def offer(text: str, cursor: int, present: Callable[[Key], Iterable[str]]) -> Offer | None:
    """What fits the piece before the cursor; None when nothing does, or when it is complete."""
    token = next((one for one in parse(text).tokens if one.start < cursor <= one.end), None)
    if token is None:
        return None
    piece = text[token.start : cursor]
    sign = "-" if piece.startswith("-") else ""
    name, colon, begun = piece[len(sign) :].partition(":")
    found = _values(name.lower(), begun, sign, present) if colon else _keys(name.lower(), sign)
    pieces = tuple(found)[:MOST]
    return Offer(token.start, token.end, pieces) if pieces and pieces != (piece,) else None


def _keys(begun: str, sign: str) -> list[str]:
    if not begun:
        return []
    named = [f"{sign}{key.value}{'>' if key is Key.AGE else ':'}" for key in Key]
    return [one for one in named if one[len(sign) :].startswith(begun)]


def _values(name: str, begun: str, sign: str, present: Callable[[Key], Iterable[str]]) -> list[str]:
    if name not in set(Key):
        return []
    key, begun = Key(name), begun.strip('"').casefold()
    values: Iterable[str] = VALUES.get(key, ())
    if key in PRESENT:
        there = sorted({one for one in present(key) if one}, key=str.casefold)
        values = [ME, OTHERS, *there] if key is Key.USER else there
    first = [one for one in values if one.casefold().startswith(begun)]
    inside = [one for one in values if begun in one.casefold() and one not in first]
    return [sign + term_text(Term(one, key)) for one in (*first, *inside)]


def present_values(key: Key, things: Iterable[Observation]) -> set[str]:
    """The values that a key has among these."""
    found: set[str] = set()
    for seen in things:
        if key is Key.LABEL:
            found.add(seen.label)
        elif key is Key.FORMAT:
            found.add(seen.format or "")
        elif seen.owner is not None:
            owner = seen.owner
            found.add(owner.name if key is Key.OWNER else owner.user if key is Key.USER else owner.unit or "")
        elif key is Key.USER and seen.format is not None:
            found.add(words.fact(seen, "user"))
    return found - {""}
