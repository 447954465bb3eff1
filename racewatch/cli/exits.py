"""The exit codes of the public contract, and the one way a command says that it cannot go on."""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """What the shell gets."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    REFUSED = 3
    FAILED = 4
    PARTIAL = 5
    LIVE = 10
    IDLE = 11
    UNKNOWN = 12
    NO_SUCH = 13
    TIMED_OUT = 14
    INTERRUPTED = 130


class Complaint(Exception):
    """A command cannot go on: one line for standard error (what, which path, what to do), and a code."""

    def __init__(self, message: str, code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.code = code
