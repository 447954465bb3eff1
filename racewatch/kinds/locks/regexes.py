"""Expressions from format files: only those whose time is bounded are taken.

Python's engine backtracks, so an expression from somebody's file could hang on a hostile lock.  Each
piece that can give back what it took multiplies the time: ``*`` and ``+`` by the length of the input
(9 bits), ``{m,n}`` by its width, ``?`` and ``|`` by two; inside a repeated group it costs an exponent.
So: 24 bits in all, nothing that gives back in a repeated group, no references, and inputs of at most 512
bytes.  Possessive repeats (``[0-9]++``) give nothing back and are free.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Final

#: The longest content an expression is tried on.
LONGEST_INPUT: Final = 512
_MOST_BITS: Final = 24
_MOST_OF_ONE: Final = 9  # the bits of LONGEST_INPUT
_TOKEN: Final = re.compile(
    rb"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?#[^)]*\)|(?P<open>\((?:\?(?:P<\w+>|P=\w+|[:=!>]|<[=!]|[aiLmsux-]+:?))?)"
    rb"|(?P<close>\))|(?P<repeat>[*+?]|\{[0-9]*,?[0-9]*\})(?P<mode>[+?]?)|.",
    re.DOTALL,
)


class BadExpression(ValueError):
    """The expression cannot be used; the message says why."""


@lru_cache(maxsize=1024)
def compile_expression(text: str) -> re.Pattern[bytes]:
    """The expression over bytes (``.`` matches newlines); raises :class:`BadExpression`."""
    raw = text.encode("utf-8", "surrogateescape")
    pattern = _compile(raw)
    _check_time(raw)
    return pattern


def _compile(raw: bytes) -> re.Pattern[bytes]:
    try:
        with warnings.catch_warnings():
            # "[[" and the like: allowed today, and meant to mean something else one day.
            warnings.simplefilter("error", FutureWarning)
            return re.compile(raw, re.DOTALL)
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        raise BadExpression(f"no regular expression: {error}") from error


def _check_time(raw: bytes) -> None:
    bits = 0
    gives_back = [False]  # per open group: does something inside give back?
    closed: bool | None = None  # of the group that was closed just now
    for token in _TOKEN.finditer(raw):
        text = token.group()
        group, closed = closed, None
        if re.fullmatch(rb"\\[1-9]|\(\?P=\w+", text):
            raise BadExpression("references back to a group are not taken: their time is not bounded")
        if token["open"]:
            gives_back.append(False)
        elif token["close"]:
            closed = gives_back.pop() if len(gives_back) > 1 else False
            gives_back[-1] |= closed
        elif token["repeat"] or text == b"|":
            possessive = token["mode"] == b"+"
            most, cost = _times(token["repeat"] or b"?")
            if group is not None and most > 1 and (group or not possessive):
                raise BadExpression("a repeated group: write it out, or repeat one character class")
            if not possessive and cost:
                bits += cost
                gives_back[-1] = True
    if bits > _MOST_BITS:
        raise BadExpression(
            "too many repeats and choices that can give back: write ++ *+ ?+ {1,9}+ where you can"
        )


def _times(repeat: bytes) -> tuple[int, int]:
    """How often at most, and the bits that the choice costs."""
    if repeat == b"?":
        return 1, 1
    if repeat in (b"*", b"+"):
        return LONGEST_INPUT, _MOST_OF_ONE
    least, comma, most = repeat[1:-1].partition(b",")
    if not least and not most:
        return (LONGEST_INPUT, _MOST_OF_ONE) if comma else (1, 0)  # {,} is any number; {} is no repeat
    low = int(least or b"0")
    high = (int(most) if most else LONGEST_INPUT) if comma else low
    return high, min(_MOST_OF_ONE, max(0, high - low).bit_length())
