"""The bug that containers came from: a service reads the status, then takes its lock, and deletes what started in between.

apple/container, ``ContainersService.delete``: running is refused, stopping is refused, else it is deleted; the
status is read before the lock is taken and not again inside it.  Here the service is a stand-in in this process,
with the same three states and one lock; what is asked of it goes through the one core.
"""

from __future__ import annotations

import threading

import pytest

from racewatch.core.act import Step, act
from racewatch.core.by_owner import OwnersThing
from racewatch.core.journal import Journal
from racewatch.core.kind import Stop
from racewatch.core.model import (
    ActRequest,
    KindName,
    Observation,
    Outcome,
    OutcomeWord,
    Removable,
    Target,
    Verdict,
)

TARGET = Target(KindName.CONTAINER, b"bundle:/containers/web")


class Service:
    """One container, and the guard: whoever deletes looks again under the lock."""

    def __init__(self, status: str = "stopped") -> None:
        self.status = status
        self.starts = 0
        self.deleted = False
        self._lock = threading.Lock()

    def start(self) -> None:
        with self._lock:
            if not self.deleted:
                self.status, self.starts = "running", self.starts + 1

    def look(self) -> Observation | None:
        if self.deleted:
            return None
        alive = self.status != "stopped"
        return Observation(
            target=TARGET,
            path=None,
            fingerprint=f"{self.status} {self.starts}",
            verdict=Verdict.LIVE if alive else Verdict.STALE,
            label=self.status,
            summary=f"It is {self.status}.",
            evidence=(),
            owner=None,
            removable=Removable.NEVER if alive else Removable.YES,
            seen_at=0.0,
        )

    def delete(self) -> Stop | None:
        with self._lock:
            if self.status != "stopped":
                return Stop(OutcomeWord.REFUSED_LIVE, f"not removed, it is live: {self.status}")
            self.deleted = True
            return None


def perform(service: Service, journal: Journal, at: Step | None = None) -> Outcome:
    seen = service.look()
    assert seen is not None

    def start(step: Step) -> None:
        if step is at:
            service.start()

    request = ActRequest(TARGET, seen.fingerprint)
    return act(request, OwnersThing(service.look, service.delete), journal, on_step=start)


@pytest.mark.parametrize("status", ["running", "stopping"])
def test_running_and_stopping_are_refused(journal: Journal, status: str) -> None:
    service = Service(status)
    outcome = perform(service, journal)
    assert outcome.word is OutcomeWord.REFUSED_LIVE
    assert outcome.summary.startswith("not removed, it is live")
    assert not service.deleted


def test_stopped_is_deleted(journal: Journal) -> None:
    service = Service()
    assert perform(service, journal).word is OutcomeWord.DONE
    assert service.deleted


@pytest.mark.parametrize("step", [one for one in Step if one not in (Step.RESTORE, Step.RECORD)], ids=str)
def test_one_that_starts_between_the_look_and_the_lock_is_refused(journal: Journal, step: Step) -> None:
    """In whichever moment it starts; the words are those for one that was seen running."""
    service = Service()
    outcome = perform(service, journal, step)
    assert outcome.word is OutcomeWord.REFUSED_LIVE, outcome.summary
    assert service.status == "running"
    assert not service.deleted
