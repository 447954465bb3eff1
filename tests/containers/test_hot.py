"""A hot race: a container is made anew under the same id, over and over, while deletes are clicked.

Beside our act runs what people do by hand: ask the runtime for the state, and delete what it calls stopped.
A life is lost when a container that its user made and never stopped is gone.

In the second race containers that were only created are deleted on a person's word, while their user starts them.
A life is lost there when a start was told that it went well, and the program is gone.
"""

from __future__ import annotations

import subprocess
import time
from functools import partial
from pathlib import Path

import pytest

from racewatch.core.act import act
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, OutcomeWord, Removable
from racewatch.linux import processes
from tests.containers.lives import GoesOn, Say, a_user
from tests.containers.support import Machine
from tests.race.telling import Tell, teller

#: Of two ids, because what is killed by hand leaves processes behind in the group of its name.
BY_HAND, BY_US = "by-hand", "by-us"
SECONDS, SECONDS_LONG = 3.0, 60.0
#: How many times as long our part may go on until something was deleted: the machine may be busy.
PATIENCE = 6
#: What lies between the look and the click, for both: far less than a person takes.
THINKING = 0.03
#: What lies between create and start: engines set up the network there.
PREPARING = 0.01


def live_again_and_again(machine: Machine, name: str, say: Say, goes_on: GoesOn) -> None:
    """The user: makes it, starts it, ends it, deletes it; counts the lives that somebody else ended."""
    lives = lost = 0
    while goes_on():
        machine.run("delete", name, check=False)
        if machine.run("create", "--bundle", str(machine.bundle), name, check=False).returncode != 0:
            continue  # its name is taken just now: told at once, and nothing is lost
        lives += 1
        try:
            pid = machine.pid(name)
        except (OSError, ValueError, KeyError):
            lost += 1
        else:
            time.sleep(PREPARING)
            started = machine.run("start", name, check=False).returncode == 0
            time.sleep(0.002)
            if not started or processes.identify(pid) is None:
                lost += 1
            else:
                machine.run("kill", name, "KILL", check=False)
                # Stopped for a while: what a cleaner is there for.
                time.sleep(0.02 * (lives % 4))
        say(lives, lost)


def by_hand(machine: Machine) -> bool:
    """``runc state`` says stopped, so ``runc delete``."""
    command = ["runc", "--root", str(machine.root)]
    said = subprocess.run([*command, "state", BY_HAND], capture_output=True, check=False).stdout
    if b'"status": "stopped"' not in said:
        return False
    time.sleep(THINKING)
    return subprocess.run([*command, "delete", BY_HAND], capture_output=True, check=False).returncode == 0


def by_racewatch(machine: Machine, journal: Journal) -> OutcomeWord | None:
    target = machine.target(BY_US)
    seen = machine.kind.look(target)
    if seen is None or seen.removable is not Removable.YES:
        return None
    time.sleep(THINKING)
    return act(ActRequest(target, seen.fingerprint), machine.kind.procedure(target), journal).word


@pytest.mark.timeout(300)
def test_no_life_is_lost_in_a_hot_race(
    runc: Machine, folder: Path, journal: Journal, request: pytest.FixtureRequest
) -> None:
    tell: Tell = teller(request.config)
    seconds = SECONDS_LONG if request.config.getoption("--long") else SECONDS
    with a_user(partial(live_again_and_again, runc, BY_HAND)) as count:
        ends = time.monotonic() + seconds
        naive = 0
        while time.monotonic() < ends:
            naive += by_hand(runc)
        naive_lives, naive_lost = count()
    words: dict[OutcomeWord, int] = {}
    with a_user(partial(live_again_and_again, runc, BY_US)) as count:
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds or (
            passed < PATIENCE * seconds and OutcomeWord.DONE not in words
        ):
            word = by_racewatch(runc, journal)
            if word is not None:
                words[word] = words.get(word, 0) + 1
        lives, lost = count()
    told = ", ".join(f"{number} {word}" for word, number in sorted(words.items()))
    tell(
        f"losses: runc state+runc delete {naive_lost} of {naive_lives} containers ({naive} deleted); "
        f"racewatch {lost} of {lives} containers ({told})"
    )
    assert lost == 0
    assert lives > 10
    assert words.get(OutcomeWord.DONE, 0) > 0
    # The state of one whose name its user took meanwhile is kept aside, and the outcome said so.
    assert len(runc.aside()) <= words.get(OutcomeWord.FAILED, 0)


def start_again_and_again(machine: Machine, name: str, say: Say, goes_on: GoesOn) -> None:
    """The user: makes it, thinks for longer and longer, starts it, ends it; counts the programs that are gone."""
    lives = lost = told = 0
    while goes_on():
        machine.run("delete", "--force", name, check=False)
        if machine.run("create", "--bundle", str(machine.bundle), name, check=False).returncode != 0:
            continue
        try:
            pid = machine.pid(name)
        except (OSError, ValueError, KeyError):
            continue  # deleted before it was to be started
        time.sleep(0.004 * (told + lives) % 0.1)
        if machine.run("start", name, check=False).returncode != 0:
            told += 1
        else:
            lives += 1
            time.sleep(0.005)
            lost += processes.identify(pid) is None
        say(lives, lost)


def created_by_hand(machine: Machine) -> bool:
    """``runc state`` says created, so ``runc delete``."""
    command = ["runc", "--root", str(machine.root)]
    said = subprocess.run([*command, "state", BY_HAND], capture_output=True, check=False).stdout
    if b'"status": "created"' not in said:
        return False
    return subprocess.run([*command, "delete", BY_HAND], capture_output=True, check=False).returncode == 0


def created_by_racewatch(machine: Machine, journal: Journal) -> OutcomeWord | None:
    target = machine.target(BY_US)
    seen = machine.kind.look(target)
    if seen is None or seen.label != "created" or seen.removable is not Removable.OVERRIDE:
        return None
    request = ActRequest(target, seen.fingerprint, override=True)
    return act(request, machine.kind.procedure(target), journal).word


@pytest.mark.timeout(300)
def test_no_program_is_lost_that_was_started_while_its_container_was_deleted(
    runc: Machine, journal: Journal, request: pytest.FixtureRequest
) -> None:
    tell: Tell = teller(request.config)
    seconds = SECONDS_LONG if request.config.getoption("--long") else SECONDS
    runc.knows(BY_HAND, BY_US)
    with a_user(partial(start_again_and_again, runc, BY_HAND)) as count:
        ends = time.monotonic() + seconds
        naive = 0
        while time.monotonic() < ends:
            naive += created_by_hand(runc)
        naive_lives, naive_lost = count()
    words: dict[OutcomeWord, int] = {}
    with a_user(partial(start_again_and_again, runc, BY_US)) as count:
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds or (
            passed < PATIENCE * seconds and OutcomeWord.DONE not in words
        ):
            word = created_by_racewatch(runc, journal)
            if word is not None:
                words[word] = words.get(word, 0) + 1
        lives, lost = count()
    told = ", ".join(f"{number} {word}" for word, number in sorted(words.items()))
    tell(
        f"losses among created: runc state+runc delete {naive_lost} of {naive_lives} started ({naive} deleted); "
        f"racewatch {lost} of {lives} started ({told})"
    )
    assert lost == 0
    assert lives > 0
    assert words.get(OutcomeWord.DONE, 0) > 0
    assert len(runc.aside()) <= words.get(OutcomeWord.FAILED, 0)
