"""Runs the contests: adversaries as processes of their own, one cleaner after the other."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from racewatch.config import Config
from racewatch.core.model import ActRequest, KindName, Removable, Target
from racewatch.core.selfcheck import capture_problem
from racewatch.core.text import display
from racewatch.drill import own_folder
from racewatch.drill.contest import Arm, Contest, ContestName, Drill, Standing
from racewatch.drill.crowd import Crowd, DrillError
from racewatch.drill.naive import check_then_delete, checks
from racewatch.kinds.containers.bundles import target_of
from racewatch.kinds.containers.roots import StateRoot
from racewatch.kinds.containers.state import Runtime
from racewatch.linux.fs import stat_path
from racewatch.linux.mountinfo import read_mounts
from racewatch.throwaway import discard
from racewatch.verbs import Racewatch

#: How long each cleaner works in each contest, in seconds.
SECONDS: Final = 3.0
_PREFIX: Final = "racewatch-drill-"
_AT_ONCE: Final = 4
_MOST_TIMES: Final = 4

#: How often is told how an arm stands, in seconds.
_TELL_S: Final = 0.1

#: Told at the beginning of each arm, then several times a second, and at its end; answers False to stop.
Told = Callable[[Standing], bool]


def _go_on(_: Standing) -> bool:
    return True


def drill(folder: bytes, seconds: float = SECONDS, *, told: Told = _go_on) -> Drill:
    """Race both cleaners on throw-away objects in a folder of our own below ``folder``, which is removed.

    Takes about six times ``seconds``.  Touches nothing else, and has a journal of its own.  Stopped by
    ``told``, it returns the contests that are whole.  Raises :class:`DrillError`.  What a killed drill left there
    goes first.
    """
    place = os.fsdecode(os.path.abspath(folder))
    own_folder.sweep(_PREFIX, place)
    try:
        own = own_folder.make(_PREFIX, place)
    except OSError as error:
        raise DrillError(
            f"no folder for the drill can be made in {display(folder)}: {error.strerror}"
        ) from error
    try:
        own_folder.sign(own, [os.getpid()])
        contests = []
        for name in ContestName:
            contest = _contest(name, own, seconds, told)
            if contest is None:
                break
            contests.append(contest)
        return Drill(folder, _fstype(own), seconds, tuple(contests), capture_problem(os.fsencode(own)))
    finally:
        discard(own)


def _contest(name: ContestName, own: str, seconds: float, told: Told) -> Contest | None:
    arms = []
    for ours in (False, True):
        if not told(Standing(name, ours, 0.0, 0, 0)):
            return None
        # Folders of their own: what one cleaner left is not the other's.
        arena = os.path.join(own, f"{name}-{'racewatch' if ours else 'naive'}")
        states = os.path.join(arena, "states")
        os.makedirs(states)
        paths = [_path(name, arena, number) for number in range(_AT_ONCE)]
        cleaner = _racewatch(name, arena, states, paths) if ours else _naive(name, states, paths)
        with cleaner as clean, Crowd(name, paths, states) as crowd:
            words: Counter[str] = Counter()
            goes_on = True
            began = said = time.monotonic()
            # racewatch looks at more than the other, and on a busy machine that takes its time.
            while goes_on and (
                (passed := time.monotonic() - began) < seconds
                or (ours and not words and passed < _MOST_TIMES * seconds)
            ):
                clean(words)
                if time.monotonic() - said >= _TELL_S:
                    said = time.monotonic()
                    goes_on = told(Standing(name, ours, said - began, *crowd.so_far()))
            lives, lost = crowd.end()
        if not goes_on:
            return None
        arms.append(Arm(lives, lost, dict(words)))
        # Whoever wants to stop now is asked again before the next arm.
        told(Standing(name, ours, time.monotonic() - began, lives, lost))
    return Contest(name, *arms)


def _path(name: ContestName, arena: str, number: int) -> str:
    above = os.path.join(arena, str(number))
    os.mkdir(above)
    leaf = {
        ContestName.SERVER: "s.sock",
        ContestName.LOCK: "s.lock",
        ContestName.DIRECTORY: f"bundle-{number}",
    }
    return os.path.join(above, leaf[name])


@contextmanager
def _naive(name: ContestName, states: str, paths: Sequence[str]) -> Iterator[Callable[[Counter[str]], None]]:
    is_left_over = checks(states)[name]

    def clean(words: Counter[str]) -> None:
        words["deleted"] += check_then_delete(paths, is_left_over)

    yield clean


@contextmanager
def _racewatch(
    name: ContestName, arena: str, states: str, paths: Sequence[str]
) -> Iterator[Callable[[Counter[str]], None]]:
    config = Config(
        roots=(os.fsencode(arena),),
        state_roots=(StateRoot(Runtime.RUNC, os.fsencode(states)),),
    )
    racewatch = Racewatch(config, state=os.fsencode(os.path.join(arena, "journal")))
    targets = [_target(name, os.fsencode(path)) for path in paths]

    def clean(words: Counter[str]) -> None:
        for target in targets:
            seen = racewatch.observe(target)
            if seen is None or seen.removable is Removable.NEVER:
                continue
            # Where it cannot be proved that nobody uses it, the drill gives a person's word: the act must hold then too.
            request = ActRequest(target, seen.fingerprint, override=seen.removable is Removable.OVERRIDE)
            words[racewatch.remove(request).word.value] += 1

    try:
        if racewatch.journal_problem is not None:
            raise DrillError(f"there is no journal in the drill's own folder: {racewatch.journal_problem}")
        yield clean
    finally:
        racewatch.close()


def _target(name: ContestName, path: bytes) -> Target:
    if name is ContestName.DIRECTORY:
        return target_of(path)
    return Target(KindName.SOCKET if name is ContestName.SERVER else KindName.LOCK, path)


def _fstype(path: str) -> str | None:
    mount = stat_path(os.fsencode(path)).mount_id
    return next((one.fstype for one in read_mounts() if one.id == mount), None)
