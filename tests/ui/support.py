"""Observations made by hand, for what needs no kernel."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from racewatch.core.model import (
    Evidence,
    HistoryEntry,
    KindName,
    Observation,
    OutcomeWord,
    Owner,
    Removable,
    Says,
    Target,
    Verdict,
)
from racewatch.ui.query import Query, parse, with_verdicts

_LABEL = {
    Verdict.LIVE: "listening",
    Verdict.STALE: "dead socket",
    Verdict.UNKNOWN: "no permission",
    Verdict.IDLE: "at rest",
}
_REMOVABLE = {
    Verdict.LIVE: Removable.NEVER,
    Verdict.STALE: Removable.YES,
    Verdict.UNKNOWN: Removable.OVERRIDE,
    Verdict.IDLE: Removable.NEVER,
}


def seen(
    path: bytes,
    verdict: Verdict = Verdict.STALE,
    *,
    fingerprint: str = "one",
    owner: str = "",
    started: float = 0.0,
    detail: str = "ECONNREFUSED: no socket is bound to this inode",
    facts: tuple[tuple[str, str], ...] = (),
    remedy: str | None = None,
    summary: str = "A sentence.",
) -> Observation:
    return Observation(
        target=Target(KindName.SOCKET, path),
        path=path,
        fingerprint=fingerprint,
        verdict=verdict,
        label=_LABEL[verdict],
        summary=summary,
        evidence=(Evidence("bound", Says(verdict.value), "connect", detail),),
        owner=Owner(4711, 1, started, owner, "joe", f"/usr/bin/{owner} --serve", "it.service")
        if owner
        else None,
        removable=_REMOVABLE[verdict],
        seen_at=1_700_000_000.0,
        facts=facts,
        remedy=remedy,
    )


def query_of(text: str, verdicts: Iterable[Verdict] = ()) -> Query:
    """What a person asks who types this and presses these chips."""
    return parse(with_verdicts(text, frozenset(verdicts))).query


class Clock:
    """Time that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def container(
    locator: bytes, verdict: Verdict = Verdict.STALE, *, fingerprint: str = "one", **facts: str
) -> Observation:
    """A container or bundle; ``facts`` are its facts."""
    made = seen(locator, verdict, fingerprint=fingerprint, facts=tuple(facts.items()))
    return replace(made, target=Target(KindName.CONTAINER, locator), path=None)


def done(action: str, word: OutcomeWord) -> HistoryEntry:
    """A line of the history: how a removal of a socket ended."""
    path = f"/run/{action}.sock".encode()
    made = seen(path, summary="What happened to it.")
    now = time.time()
    is_done = word is OutcomeWord.DONE
    return HistoryEntry(
        action, "remove", made.target, path, now, now, word, "What happened to it.", made, is_done
    )
