"""What a lock says of its owner: a claim, never a fact.

Everything here comes from bytes that anybody may have written.  Texts are in display form
(:func:`racewatch.core.text.display`) and short; numbers are within bounds; a pid is one that Linux
can give (1 to 4194304) or absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from racewatch.core.text import display

#: The largest pid of 64-bit Linux (PID_MAX_LIMIT).
LARGEST_PID: Final = 1 << 22
#: How much of a text inside a lock is kept.
LONGEST_TEXT: Final = 255

_MOST_DIGITS: Final = 20


class Claim(NamedTuple):
    """What one lock says.  None means: it does not say.

    ``start_ticks`` is field 22 of ``/proc/PID/stat``; ``boot_id`` a lower-case UUID; ``boot_time`` and
    ``time`` are seconds since the epoch; ``pid_namespace`` an inode number.  ``dirty``: the file holds
    work that exists nowhere else.  ``facts`` are further name/value pairs for people, ``related``
    further names by key (raw bytes) that companions are found by.
    """

    pid: int | None = None
    host: str | None = None
    user: str | None = None
    start_ticks: int | None = None
    boot_id: str | None = None
    boot_time: float | None = None
    pid_namespace: int | None = None
    thread: int | None = None
    time: float | None = None
    dirty: bool | None = None
    port: int | None = None
    facts: tuple[tuple[str, str], ...] = ()
    related: tuple[tuple[str, bytes], ...] = ()

    def over(self, other: Claim) -> Claim:
        """This claim, completed by what only the other one says."""
        missing = {
            name: getattr(other, name)
            for name in _SINGLE
            if getattr(self, name) is None and getattr(other, name) is not None
        }
        return self._replace(**missing, facts=self.facts + other.facts, related=self.related + other.related)


_SINGLE: Final = tuple(name for name in Claim._fields if name not in ("facts", "related"))


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """The content is not what this format writes; why, in a few plain words."""

    reason: str


def pid_of(digits: bytes) -> int | None:
    """A process id from decimal digits, or None when no process can have it (0, -1, too large)."""
    number = number_of(digits, LARGEST_PID)
    return number or None


def is_pid(number: int) -> bool:
    """Whether Linux can give this number to a process."""
    return 1 <= number <= LARGEST_PID


def number_of(digits: bytes, most: int = (1 << 63) - 1) -> int | None:
    """A whole number from decimal digits (blanks around them allowed), or None."""
    plain = digits if digits.isdigit() else digits.strip(b" \t")
    if len(plain) > _MOST_DIGITS or not plain.isdigit():
        return None
    number = int(plain)
    return number if number <= most else None


def text_of(raw: bytes) -> str | None:
    """A short display form; None for nothing."""
    return _short(raw[:LONGEST_TEXT])


@lru_cache(maxsize=1024)
def _short(raw: bytes) -> str | None:
    """One text for all locks that say the same, as those of one host do."""
    return display(raw)[:LONGEST_TEXT] or None


def facts_of(**texts: bytes | str | None) -> tuple[tuple[str, str], ...]:
    """Name/value pairs of what is there; underscores in names become blanks."""
    shown = ((name, text_of(text) if isinstance(text, bytes) else text) for name, text in texts.items())
    return tuple((name.replace("_", " "), text[:LONGEST_TEXT]) for name, text in shown if text)
