"""The hot race: services that keep respawning their sockets, and a cleaner that keeps acting on them.

A service unlinks its path, binds, listens, lives 2.5 to 5 ms, dies leaving the node, and comes back at
once or a moment later.  Nobody but the cleaner ever removes a name while its server lives: so a server to which
its name does not lead any more at the end of its life was lost to the cleaner.
"""

from __future__ import annotations

import contextlib
import errno
import os
import pickle
import random
import select
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from racewatch.core.act import Step, act
from racewatch.core.model import ActRequest, KindName, OutcomeWord, Target, Verdict
from racewatch.linux import fs
from racewatch.linux.probe import DatagramProbe, Presence
from tests.race.telling import Tell
from tests.race.world import World, is_private, names_below

SERVICES = 8
#: How many times as long the race may go on until there is something to tell.
PATIENCE = 6
DEADLINE_S = 90.0
# A live name may be absent for the moment between CAPTURE and RESTORE; this long, it is lost.
ABSENT_S = 1.0


@dataclass
class Life:
    """What one service saw."""

    lives: int = 0
    lost: int = 0
    absent: int = 0
    refused_binds: int = 0


def serve_again_and_again(path: bytes, stop: int, chance: random.Random) -> Life:
    seen = Life()
    while True:
        server = socket.socket(socket.AF_UNIX)
        while True:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            try:
                server.bind(path)
                break
            except OSError as error:
                # What was captured came back between our unlink and our bind.
                if error.errno != errno.EADDRINUSE:
                    raise
                seen.refused_binds += 1
        server.listen(4)
        server.setblocking(False)
        over = select.select([stop], [], [], chance.uniform(0.0025, 0.005))[0]
        seen.lives += 1
        if not leads_to(path, server):
            seen.absent += 1
            end = time.monotonic() + ABSENT_S
            while not leads_to(path, server):
                if time.monotonic() > end:
                    seen.lost += 1
                    break
        server.close()
        if over:
            return seen
        if chance.random() < 0.5:  # the others come back at once
            select.select([], [], [], chance.uniform(0, 0.006))


def leads_to(path: bytes, server: socket.socket) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        client.setblocking(False)
        try:
            client.connect(path)
        except OSError:
            return False
        try:
            server.accept()[0].close()
        except BlockingIOError:
            return False  # it leads to somebody else
    return True


@contextmanager
def services(paths: list[bytes]) -> Iterator[Callable[[], Life]]:
    """One process a path; the answer is the sum of what they saw, and ends them."""
    stop_in, stop_out = os.pipe()
    children: list[tuple[int, int]] = []
    for number, path in enumerate(paths):
        answer_in, answer_out = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(stop_out)
                life = serve_again_and_again(path, stop_in, random.Random(number))
                os.write(answer_out, pickle.dumps(life))
            finally:
                os._exit(0)
        os.close(answer_out)
        children.append((pid, answer_in))

    def end() -> Life:
        nonlocal stop_out
        if stop_out >= 0:
            os.close(stop_out)
            stop_out = -1
        whole = Life()
        while children:
            pid, answer = children.pop()
            with os.fdopen(answer, "rb") as source:
                life = pickle.load(source)
            os.waitpid(pid, 0)
            whole.lives += life.lives
            whole.lost += life.lost
            whole.absent += life.absent
            whole.refused_binds += life.refused_binds
        return whole

    try:
        yield end
    finally:
        end()
        os.close(stop_in)


def reprobe_then_unlink(path: bytes, probe: DatagramProbe) -> None:
    """What cleaners do that know about the race: look again right before the unlink."""
    for _ in range(2):
        try:
            directory = os.open(os.path.dirname(path), os.O_PATH)
        except FileNotFoundError:
            return
        try:
            node = fs.pin(directory, os.path.basename(path))
        except FileNotFoundError:
            return
        finally:
            os.close(directory)
        try:
            if probe.ask(node).presence is not Presence.ABSENT:
                return
        finally:
            os.close(node)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


def naive_arm(world: World, paths: list[bytes], seconds: float) -> Life:
    probe = DatagramProbe()
    try:
        with services(paths) as end:
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                for path in paths:
                    reprobe_then_unlink(path, probe)
            return end()
    finally:
        probe.close()


@dataclass
class Ours:
    """What racewatch answered while the services lived on, and what it did with what they left at their end."""

    life: Life
    words: Counter[OutcomeWord]
    left: Counter[OutcomeWord]
    restored: int


def our_arm(world: World, paths: list[bytes], seconds: float) -> Ours:
    words: Counter[OutcomeWord] = Counter()
    left: Counter[OutcomeWord] = Counter()
    restored = 0

    def count(step: Step) -> None:
        nonlocal restored
        restored += step is Step.RESTORE

    def click(path: bytes, told: Counter[OutcomeWord]) -> None:
        target = Target(KindName.SOCKET, path)
        seen = world.kind.look(target)
        if seen is None or seen.verdict is not Verdict.STALE:
            return
        request = ActRequest(target, seen.fingerprint)
        told[act(request, world.kind.procedure(target), world.journal, on_step=count).word] += 1

    def is_shown() -> bool:
        """It did act, and it did meet the race; on a busy machine both take longer."""
        refused = words[OutcomeWord.REFUSED_CHANGED] + words[OutcomeWord.REFUSED_LIVE]
        return words[OutcomeWord.DONE] > 0 and refused > 0

    with services(paths) as end:
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds or (
            passed < PATIENCE * seconds and not is_shown()
        ):
            for path in paths:
                click(path, words)
        life = end()
    for path in paths:
        click(path, left)
    return Ours(life, words, left, restored)


def race(world: World, tell: Tell, seconds: float, at_least: int) -> None:
    paths = []
    for number in range(SERVICES):
        folder = os.path.join(world.folder, b"service-%d" % number)
        os.mkdir(folder)
        paths.append(os.path.join(folder, b"s"))
    naive = naive_arm(world, paths, seconds)
    mine = our_arm(world, paths, seconds)
    ours, words, restored = mine.life, mine.words, mine.restored
    aside = [path for names in names_below(world.folder).values() for path in names if is_private(path)]
    tell(
        f"losses: re-probe+unlink {naive.lost} of {naive.lives} lives; "
        f"racewatch {ours.lost} of {ours.lives} lives ({restored} restored)"
    )
    tell(
        f"        racewatch's acts: {', '.join(f'{count} {word}' for word, count in words.most_common())}; "
        f"{ours.absent} live names were absent for a moment, {len(aside)} nodes of servers that died "
        f"meanwhile stand aside, {ours.refused_binds} binds met a name given back"
    )
    assert ours.lost == 0
    assert min(naive.lives, ours.lives) >= at_least, "too few lives to say anything"
    # It met the race, else nothing was shown.  And it does act: on a machine so busy that every server was
    # back before its node was taken, that is seen on what they left at their end.
    assert words[OutcomeWord.REFUSED_CHANGED] + words[OutcomeWord.REFUSED_LIVE] > 0
    assert words[OutcomeWord.DONE] + mine.left[OutcomeWord.DONE] > 0
    assert set(mine.left) <= {OutcomeWord.DONE}
    # Whatever stands aside, an outcome said so.
    assert len(aside) <= words[OutcomeWord.FAILED]
    assert not world.journal.open_acts()


@pytest.mark.timeout(DEADLINE_S)
def test_a_hot_race_loses_no_life(world: World, tell: Tell) -> None:
    race(world, tell, seconds=3.5, at_least=700)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_long_hot_race_loses_no_life(world: World, tell: Tell) -> None:
    race(world, tell, seconds=45.0, at_least=20_000)
