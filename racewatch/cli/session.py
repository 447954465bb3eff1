"""What every command has at hand: the two outputs, the settings, and one opened racewatch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from racewatch.cli.exits import Complaint
from racewatch.cli.output import Output
from racewatch.config import Config, ConfigProblem, load
from racewatch.core.model import Target
from racewatch.core.text import one_line
from racewatch.verbs import Racewatch, TargetError


class Session:
    """One run of one command."""

    def __init__(self) -> None:
        self.out = Output(sys.stdout)
        self.err = Output(sys.stderr)
        self.config: Config = Config()
        self.config_problems: tuple[ConfigProblem, ...] = ()

    def load_config(self) -> None:
        """Read the settings; what is wrong in them is said once, and does not stop anything."""
        self.config, self.config_problems = load()
        for problem in self.config_problems:
            self.say(str(problem))

    def say(self, message: str) -> None:
        """One line on standard error."""
        self.err.line(f"racewatch: {one_line(message)}")
        self.err.flush()

    @contextmanager
    def opened(self, *, observe: bool = False) -> Iterator[Racewatch]:
        """The verbs (with ``observe``: those that change nothing).  What recovery put back at opening is said, whatever
        was asked for.
        """
        racewatch = Racewatch(self.config, observe=observe)
        try:
            for entry in racewatch.recovered:
                self.say(f"after an interrupted act: {entry.summary}")
            if racewatch.waiting is not None:
                self.say(racewatch.waiting)
            yield racewatch
        finally:
            racewatch.close()


def roots_of(words: Sequence[str]) -> list[bytes] | None:
    """The ROOT arguments as paths; None (the configured ones) when there are none."""
    return [os.fsencode(word) for word in words] or None


def targets_of(racewatch: Racewatch, words: Sequence[str]) -> list[Target]:
    """The TARGET arguments; all of them are understood before any is touched."""
    targets: list[Target] = []
    for word in words:
        try:
            targets.append(racewatch.parse_target(word))
        except TargetError as error:
            raise Complaint(str(error)) from error
    return targets
