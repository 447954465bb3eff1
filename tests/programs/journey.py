"""One lock's way through a test: seen while its program runs, seen after kill -9, acted upon; and the table of all."""

from __future__ import annotations

import os
import stat
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from racewatch.core.act import act
from racewatch.core.journal import Journal
from racewatch.core.kind import Kind
from racewatch.core.model import (
    ActRequest,
    KindName,
    Observation,
    Outcome,
    OutcomeWord,
    Removable,
    Says,
    Target,
    Verdict,
)
from racewatch.core.undo import undo
from tests.programs.support import running

_HEADINGS = ("format", "program", "running", "killed", "what racewatch did", "afterwards")


@dataclass
class Row:
    """One line of the table: what was seen and done, as far as the test came."""

    format: str
    program: str
    running: str = "-"
    killed: str = "-"
    done: str = "-"
    afterwards: str = "-"

    def cells(self) -> tuple[str, ...]:
        return (self.format, self.program, self.running, self.killed, self.done, self.afterwards)


def table(rows: list[Row]) -> list[str]:
    """The rows as aligned lines, by format."""
    lines = [_HEADINGS, *sorted(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]


def portrait(path: Path) -> tuple[Any, ...] | None:
    """All that undo must bring back of a name, the inode number apart; None when there is none."""
    try:
        seen = os.lstat(path)
    except FileNotFoundError:
        return None
    inside: object = None
    if stat.S_ISLNK(seen.st_mode):
        inside = os.readlink(path)
    elif stat.S_ISREG(seen.st_mode):
        inside = path.read_bytes()
    elif stat.S_ISDIR(seen.st_mode):
        inside = sorted(os.listdir(path))
    return seen.st_mode, seen.st_uid, seen.st_gid, seen.st_mtime_ns, inside


def _merely_open(seen: Observation) -> bool:
    return {one.check for one in seen.evidence if one.says is Says.LIVE} == {"open"}


@dataclass(eq=False)
class Journey:
    """What is asked of racewatch about one path, each answer compared with the knowledge about the format."""

    kind: Kind
    journal: Journal
    target: Target
    row: Row
    last: Observation | None = None
    actions: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return Path(os.fsdecode(self.target.locator))

    def look(self) -> Observation:
        seen = self.kind.look(self.target)
        assert seen is not None, f"{self.path} was not seen at all"
        self.last = seen
        return seen

    def look_at_left_over(self) -> Observation:
        """The same, when nobody of the test has it open any more."""
        seen = self.look()
        deadline = time.monotonic() + 30
        while _merely_open(seen) and time.monotonic() < deadline:
            # Another racewatch (of a test beside this one, or of a person) reads it at this very moment.
            time.sleep(0.05)
            seen = self.look()
        return seen

    def running(self, verdict: Verdict, *, owner: int | None = None) -> Observation:
        """While its program runs.  A living thing is refused, also on a person's word, and stays as it is."""
        seen = self.look()
        self.row.running = self._told(seen)
        self._check(seen, verdict)
        if owner is not None:
            assert owner in {one.pid for one in (seen.owner, *seen.others) if one is not None}, self._why(
                seen
            )
        if verdict in (Verdict.LIVE, Verdict.IDLE):
            before = portrait(self.path)
            outcome = self._act(seen, override=True)
            wanted = OutcomeWord.REFUSED_LIVE if verdict is Verdict.LIVE else OutcomeWord.REFUSED_FORBIDDEN
            assert outcome.word is wanted, outcome.summary
            assert portrait(self.path) == before
        return seen

    def killed(self, verdict: Verdict, removable: Removable) -> Observation:
        """After its program was killed."""
        seen = self.look_at_left_over()
        self.row.killed = self._told(seen)
        self._check(seen, verdict)
        assert seen.removable is removable, self._why(seen)
        return seen

    def remove(self) -> Outcome | None:
        """Act on what was last seen, as far as its format allows; None when it does not.

        Without a person's word first: that suffices for what is proved, and for nothing else.
        """
        seen = self.last
        assert seen is not None
        before = portrait(self.path)
        outcome = self._act(seen, override=False)
        if seen.removable is Removable.OVERRIDE:
            assert outcome.word is OutcomeWord.REFUSED_UNPROVEN, outcome.summary
            assert portrait(self.path) == before
            outcome = self._act(seen, override=True)
        elif seen.removable is Removable.NEVER:
            assert outcome.word is OutcomeWord.REFUSED_FORBIDDEN, outcome.summary
            forced = self._act(seen, override=True)
            assert forced.word is OutcomeWord.REFUSED_FORBIDDEN, forced.summary
            assert portrait(self.path) == before
            self.row.done = "refused: never, or its own command"
            return None
        assert outcome.word is OutcomeWord.DONE, outcome.summary
        assert portrait(self.path) is None
        self.row.done = "removed" if seen.removable is Removable.YES else "removed on a person's word"
        self.actions.append(outcome.action)
        return outcome

    def undone(self, *paths: Path) -> None:
        """Remove, undo, remove again: undo brings back the identical thing, with all that went with it."""
        before = {path: portrait(path) for path in (self.path, *paths)}
        one_file = [os.path.samestat(os.lstat(self.path), os.lstat(path)) for path in paths]
        seen = self.last
        assert seen is not None
        assert None not in before.values()
        assert self.remove() is not None
        gone = [path for path in before if portrait(path) is not None]
        assert not gone, f"still there after the act: {gone}"
        outcome = undo(self.actions[-1], self.journal)
        assert outcome.word is OutcomeWord.DONE, outcome.summary
        assert {path: portrait(path) for path in before} == before
        assert [os.path.samestat(os.lstat(self.path), os.lstat(path)) for path in paths] == one_file
        again = self.look_at_left_over()
        assert (again.verdict, again.format) == (seen.verdict, seen.format), self._why(again)
        assert self.remove() is not None
        assert not any(map(portrait, before))
        self.row.done += ", undone, removed again"

    def refused(self) -> None:
        """An act without a person's word on what is not proved: refused."""
        assert self.last is not None
        before = portrait(self.path)
        outcome = self._act(self.last, override=False)
        assert outcome.word is OutcomeWord.REFUSED_UNPROVEN, outcome.summary
        assert portrait(self.path) == before
        self.row.done = "refused: not proved"

    def works(self, how: str) -> None:
        """The program itself was started again and did this."""
        self.row.afterwards = how

    def _act(self, seen: Observation, *, override: bool) -> Outcome:
        request = ActRequest(self.target, seen.fingerprint, override)
        return act(request, self.kind.procedure(self.target), self.journal)

    def _check(self, seen: Observation, verdict: Verdict) -> None:
        assert seen.verdict is verdict, self._why(seen)
        if self.target.kind is KindName.LOCK:
            assert seen.format == self.row.format, self._why(seen)
        assert seen.evidence

    def _told(self, seen: Observation) -> str:
        return f"{seen.verdict.value} ({seen.label})"

    def _why(self, seen: Observation) -> str:
        evidence = "".join(f"\n  {one.says.value:8}{one.check}: {one.detail}" for one in seen.evidence)
        return f"{seen.format}: {seen.verdict.value}, {seen.removable.value}: {seen.summary}{evidence}"


def left_over(*survivors: str) -> tuple[Verdict, Removable]:
    """What a format says that lets no process of its program survive: elsewhere on this machine may be one."""
    if any(running(name) for name in survivors):
        return Verdict.UNKNOWN, Removable.OVERRIDE
    return Verdict.STALE, Removable.YES
