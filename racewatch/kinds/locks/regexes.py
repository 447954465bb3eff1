"""Expressions from format files: only those whose time is bounded are taken.

Python's engine backtracks, so an expression from somebody's file could hang on a hostile lock.  A
repeat that can give back what it took (``*``, ``+``, ``{m,n}``) costs a factor of the input's length
each; inside a repeated group it costs an exponent.  So: at most three of them, none in a repeated
group, and inputs of at most 512 bytes.  Possessive repeats (``[0-9]++``) give nothing back and are free.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

#: The longest content an expression is tried on.
LONGEST_INPUT: Final = 512
_MOST_REPEATS: Final = 3
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
        return re.compile(raw, re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadExpression(f"no regular expression: {error}") from error


def _check_time(raw: bytes) -> None:
    repeats = 0
    gives_back = [False]  # per open group: does something inside give back?
    closed: bool | None = None  # of the group that was closed just now
    for token in _TOKEN.finditer(raw):
        text = token.group()
        if re.fullmatch(rb"\\[1-9]|\(\?P=\w+", text):
            raise BadExpression("references back to a group are not taken: their time is not bounded")
        if token["open"]:
            gives_back.append(False)
        elif token["close"]:
            closed = gives_back.pop() if len(gives_back) > 1 else False
            gives_back[-1] |= closed
            continue
        elif token["repeat"] and _may_repeat(token["repeat"]):
            if closed is not None and (closed or token["mode"] != b"+"):
                raise BadExpression("a repeated group: write it out, or repeat one character class")
            if token["mode"] != b"+":
                repeats += 1
                gives_back[-1] = True
        elif text == b"|":
            gives_back[-1] = True
        closed = None
    if repeats > _MOST_REPEATS:
        raise BadExpression(
            f"{repeats} repeats that can give back, at most {_MOST_REPEATS}: write ++ *+ {{1,9}}+"
        )


def _may_repeat(repeat: bytes) -> bool:
    """Whether it can mean more than one time (``?`` and ``{3}`` give nothing to choose from)."""
    if repeat in (b"?", b"{}"):
        return False
    if repeat in (b"*", b"+"):
        return True
    least, comma, most = repeat[1:-1].partition(b",")
    return bool(comma) and most != least and most not in (b"0", b"1")
