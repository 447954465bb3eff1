"""A hot race with a real engine: a container is started and stopped, over and over, while removes are clicked.

Beside our act runs what people do by hand: look at the status, and ``docker rm -f`` what had exited (force,
because that is what is typed when the plain one refuses).  A life is lost when a container that its user
started and did not stop is gone, or is not the one that was started.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from docker import APIClient
from docker.errors import APIError

from racewatch.core.act import act
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, OutcomeWord, Removable
from racewatch.kinds.containers import ContainersKind
from tests.containers.lives import GoesOn, Say, a_user
from tests.containers.running import RunningEngine
from tests.race.telling import Tell, teller

SECONDS, SECONDS_LONG = 3.0, 40.0
#: How many times as long our part may go on until something was deleted, and so many lives lived: the machine
#: may be busy.
PATIENCE, ENOUGH = 6, 3
#: What lies between the look and the click, for both: far less than a person takes.
THINKING = 0.03
#: For how long a container runs in one of its lives, and rests after it; the long rest is what a cleaner is for.
RUNNING = 0.06
RESTS = (0.0, 0.01, 0.0, 0.12)


class User:
    """Makes a container under one name, starts it, ends it, starts it again; anew when it is gone."""

    def __init__(self, engine: RunningEngine, name: str) -> None:
        self._engine, self._name = engine, name
        self._api = APIClient(f"unix://{engine.socket}", timeout=30)
        self._container: str | None = None
        self.lives = 0
        self.lost = 0

    def live(self) -> None:
        try:
            container = self._container = self._container or self._make()
            self._api.start(container)
        except APIError as error:
            # Removed while it was stopped, which is what a cleaner may do; its user makes it anew.
            if error.status_code == 404:
                self._container = None
            return
        self.lives += 1
        time.sleep(RUNNING)
        try:
            running = bool(self._api.inspect_container(container)["State"]["Running"])
            self._api.kill(container)
        except APIError:
            running = False
        if not running:
            self.lost += 1
            self._container = None
            return
        try:
            self._api.wait(container)
        except APIError:
            self._container = None  # removed the moment it ended
        time.sleep(RESTS[self.lives % len(RESTS)])

    def _make(self) -> str:
        config = self._api.create_host_config(network_mode="none", cgroup_parent=f"/{self._engine.group}")
        command = ["sleep", "600"]
        made = self._api.create_container("localhost/bb:1", command, name=self._name, host_config=config)
        return str(made["Id"])


def live_on(engine: RunningEngine, name: str, say: Say, goes_on: GoesOn) -> None:
    user = User(engine, name)
    while goes_on():
        user.live()
        say(user.lives, user.lost)


@contextmanager
def a_user_of(engine: RunningEngine, name: str) -> Iterator[Callable[[], tuple[int, int]]]:
    """A user of this engine, and nothing of it left at the end."""
    try:
        with a_user(partial(live_on, engine, name)) as count:
            yield count
    finally:
        for one in engine.api.containers(all=True, filters={"name": [name]}):
            engine.remove(one["Id"])


def named(engine: RunningEngine, name: str) -> str | None:
    found = engine.api.containers(all=True, filters={"name": [name]})
    return found[0]["Id"] if found else None


def by_hand(engine: RunningEngine, name: str) -> bool:
    """``docker inspect`` says exited, so ``docker rm -f``: by its name, as people do."""
    try:
        if engine.state(name) != "exited":
            return False
        time.sleep(THINKING)
        engine.api.remove_container(name, force=True)
    except APIError:
        return False
    return True


def by_racewatch(
    engine: RunningEngine, kind: ContainersKind, name: str, journal: Journal
) -> OutcomeWord | None:
    container = named(engine, name)
    if container is None:
        return None
    target = engine.engine.target(container)
    seen = kind.look(target)
    if seen is None or seen.removable is not Removable.YES:
        return None
    time.sleep(THINKING)
    return act(ActRequest(target, seen.fingerprint), kind.procedure(target), journal).word


@pytest.mark.timeout(600)
def test_no_life_is_lost_in_a_hot_race(
    engine: RunningEngine, journal: Journal, request: pytest.FixtureRequest
) -> None:
    tell: Tell = teller(request.config)
    seconds = SECONDS_LONG if request.config.getoption("--long") else SECONDS
    kind = ContainersKind(engines=[engine.engine.path], default_roots=False)
    with a_user_of(engine, "by-hand") as count:
        ends = time.monotonic() + seconds
        naive = 0
        while time.monotonic() < ends:
            naive += by_hand(engine, "by-hand")
        naive_lives, naive_lost = count()
    words: Counter[OutcomeWord] = Counter()
    with a_user_of(engine, "by-us") as count:
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds or (
            passed < PATIENCE * seconds and (not words[OutcomeWord.DONE] or count()[0] < ENOUGH)
        ):
            word = by_racewatch(engine, kind, "by-us", journal)
            if word is not None:
                words[word] += 1
        lives, lost = count()
    told = ", ".join(f"{number} {word}" for word, number in sorted(words.items()))
    tell(
        f"losses: {engine.engine.title}: inspect+rm -f {naive_lost} of {naive_lives} lives ({naive} removed); "
        f"racewatch {lost} of {lives} lives ({told})"
    )
    assert lost == 0
    assert lives >= ENOUGH
    assert words[OutcomeWord.DONE] > 0
    assert not words[OutcomeWord.FAILED]
