"""The values every layer speaks in: targets, evidence, verdicts, observations, outcomes.

Rules of this module: values only (frozen, hashable where it matters), no I/O, no clock, no
knowledge of any kind.  Paths are ``bytes`` here; :mod:`racewatch.core.text` makes the display
form at the edge and :mod:`racewatch.core.wire` the JSON form of ``CONTRACT``.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self


class KindName(enum.StrEnum):
    """The three nouns of the product."""

    SOCKET = "socket"
    LOCK = "lock"
    CONTAINER = "container"


class Verdict(enum.StrEnum):
    """What the evidence adds up to.  Unknown is an answer of its own and counts as live."""

    LIVE = "live"
    STALE = "stale"
    IDLE = "idle"
    UNKNOWN = "unknown"


class Says(enum.StrEnum):
    """What one piece of evidence speaks for; ``INFO`` speaks for nothing."""

    LIVE = "live"
    STALE = "stale"
    IDLE = "idle"
    UNKNOWN = "unknown"
    INFO = "info"


class Removable(enum.StrEnum):
    """What ``remove`` will do with a target in this state."""

    YES = "yes"
    OVERRIDE = "override"
    NEVER = "never"


class OutcomeWord(enum.StrEnum):
    """How an act ended.  The refusals are the tool doing its job, not errors."""

    DONE = "done"
    GONE = "gone"
    REFUSED_LIVE = "refused_live"
    REFUSED_CHANGED = "refused_changed"
    REFUSED_UNPROVEN = "refused_unproven"
    REFUSED_BUSY = "refused_busy"
    REFUSED_DENIED = "refused_denied"
    REFUSED_FORBIDDEN = "refused_forbidden"
    FAILED = "failed"

    @property
    def is_refusal(self) -> bool:
        """True when nothing was done because something spoke against it."""
        return self.value.startswith("refused_")

    @property
    def is_success(self) -> bool:
        """True when the target is not there any more, by us or by somebody before us."""
        return self in (OutcomeWord.DONE, OutcomeWord.GONE)


@dataclass(frozen=True, slots=True)
class Target:
    """One thing on the machine: a kind and a locator inside that kind.

    The locator of a path socket or a lock is its absolute path (it begins with ``/``); other
    forms (``lost:INODE:/path``, ``runc:/run/runc:ID``, ``bundle:/path``) never begin with ``/``.
    """

    kind: KindName
    locator: bytes

    @property
    def path(self) -> bytes | None:
        """The absolute path, when the locator is one."""
        return self.locator if self.locator.startswith(b"/") else None

    @property
    def place(self) -> tuple[bytes, bytes] | None:
        """The directory it is in, and its name there; None for what has neither.

        Of a container its state directory (``runc:/run/runc:ID``), or its bundle (``bundle:/path``).
        """
        path = self.path
        if path is None and self.kind is KindName.CONTAINER:
            path = self.locator.partition(b":")[2]
            root, colon, name = path.rpartition(b":")
            if colon:
                path = os.path.join(root, name)
        return os.path.split(path) if path is not None and path.startswith(b"/") else None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding: which check, what it speaks for, how it was found out, in plain words."""

    check: str
    says: Says
    source: str
    detail: str


@dataclass(frozen=True, slots=True)
class Owner:
    """The process behind a target: pid *and* start time, never a pid alone.

    ``started`` is seconds since the epoch (display), ``start_ticks`` clock ticks since boot (the
    identity, from field 22 of ``/proc/PID/stat``).
    """

    pid: int
    start_ticks: int
    started: float
    name: str
    user: str
    command: str = ""
    unit: str | None = None


Pairs = tuple[tuple[str, str], ...]


class Account(NamedTuple):
    """Evidence and facts that are not in words yet: a pure function, and all that it speaks about.

    ``about`` holds immutable values only, so that what is told later is what was seen then.  Equal accounts
    tell the same.
    """

    tell: Callable[..., tuple[tuple[Evidence, ...], Pairs]]
    about: tuple[object, ...]


class _Told:
    """The place of an account until somebody reads what it tells."""

    __slots__ = ("_account",)

    _account: Account | None


@dataclass(frozen=True, slots=True)
class Observation(_Told):
    """An immutable snapshot of one target: what it was, why we think so, when we looked.

    ``fingerprint`` is equal for two observations if and only if they saw the same incarnation in
    the same state.  ``facts`` are ordered name/value pairs for people (socket type, queue use).
    ``owner`` is the process to speak to; ``others`` are further holders of the same thing.
    ``undoable`` is False when undo could not bring it back, were it removed.

    Of most rows nobody ever reads the evidence: see :meth:`with_account`.
    """

    target: Target
    path: bytes | None
    fingerprint: str
    verdict: Verdict
    label: str
    summary: str
    evidence: tuple[Evidence, ...]
    owner: Owner | None
    removable: Removable
    seen_at: float
    format: str | None = None
    remedy: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    others: tuple[Owner, ...] = ()
    undoable: bool = True

    @classmethod
    def with_account(
        cls,
        account: Account,
        *,
        target: Target,
        path: bytes | None,
        fingerprint: str,
        verdict: Verdict,
        label: str,
        summary: str,
        owner: Owner | None,
        removable: Removable,
        seen_at: float,
        format: str | None = None,  # noqa: A002 - the name of the field
        remedy: str | None = None,
        others: tuple[Owner, ...] = (),
    ) -> Self:
        """One whose ``evidence`` and ``facts`` are put into words when they are first read.

        It is the same in every other way: equal to, pickled and copied like one that had them at once.
        """
        seen: Any = object.__new__(_Unfinished)
        seen.target = target
        seen.path = path
        seen.fingerprint = fingerprint
        seen.verdict = verdict
        seen.label = label
        seen.summary = summary
        seen.owner = owner
        seen.removable = removable
        seen.seen_at = seen_at
        seen.format = format
        seen.remedy = remedy
        seen.others = others
        seen.undoable = True
        object.__setattr__(seen, "_account", account)
        seen.__class__ = cls
        finished: Self = seen
        return finished

    # A type checker would take every unknown name for one of these.
    if not TYPE_CHECKING:  # pragma: no branch - there is no other way when it runs

        def __getattr__(self, name: str) -> object:
            """What is not set: the words that are still to be told, or no account because they have been."""
            if name == "_account":
                return None
            if name not in ("evidence", "facts"):
                raise AttributeError(f"an observation has no {name}")
            account = self._account
            if account is not None:
                # Two threads may do this at once, with equal results.  The account goes last: whoever finds
                # none finds the words.
                evidence, facts = account.tell(*account.about)
                object.__setattr__(self, "evidence", evidence)
                object.__setattr__(self, "facts", facts)
                object.__setattr__(self, "_account", None)
            return object.__getattribute__(self, name)

    def same_as(self, other: Observation) -> bool:
        """True when nothing a person would see has changed (the time of looking apart)."""
        if not (
            self.fingerprint == other.fingerprint
            and self.verdict is other.verdict
            and self.label == other.label
            and self.owner == other.owner
            and self.removable is other.removable
        ):
            return False
        mine: Account | None = self._account
        if mine is not None and mine == other._account:
            return True
        return self.facts == other.facts and self.evidence == other.evidence


class _Unfinished(Observation):
    """An observation that is still being put together; it becomes a frozen one before anybody else has it.

    A scan makes one for each row, and to set fourteen fields in spite of being frozen takes four times as long.
    """

    __slots__ = ()

    __setattr__ = object.__setattr__
    __delattr__ = object.__delattr__


@dataclass(frozen=True, slots=True)
class Problem:
    """A place that could not be looked at (fully), and why: "could not see" is not "nothing there"."""

    path: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class ActRequest:
    """One destructive request, bound to the observation that the person saw.

    ``fingerprint`` comes from that observation.  ``override`` is a person's word for one target
    whose state could not be proved; it never opens a live or forbidden target.
    """

    target: Target
    fingerprint: str
    override: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one act ended, with the re-check that decided it."""

    target: Target
    action: str
    word: OutcomeWord
    summary: str
    observation: Observation | None = None
    undoable: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of the journal.  ``word`` is None while the act is under way (or was interrupted).

    ``verb`` is ``remove``, ``undo`` or ``purge``; ``observation`` is the re-check that decided it;
    ``refers_to`` the action that an undo or a purge is about, ``undone_by`` the undo that took this one back.
    ``kept``: something is kept aside for undo, which takes space until it is purged.
    """

    action: str
    verb: str
    target: Target
    path: bytes | None
    started_at: float
    ended_at: float | None
    word: OutcomeWord | None
    summary: str
    observation: Observation | None
    undoable: bool
    refers_to: str | None = None
    undone_by: str | None = None
    kept: bool = False


@dataclass(frozen=True, slots=True)
class ScanResult:
    """One look: what was seen, and what could not be seen."""

    observations: tuple[Observation, ...]
    problems: tuple[Problem, ...]


#: Where long work reports progress; returning False asks it to stop.
Progress = Callable[[int, int], bool]
