"""The hot race of a real program: git in a loop in one repository, and a cleaner that keeps breaking its lock.

Every ``git add`` takes ``index.lock`` exclusively, writes the next index into it, and renames it into
place.  A git that is killed leaves it behind, and from then on every git fails with "File exists": that is
what people type ``rm`` for.  Two workers run git, and now and then one is killed in the middle; a cleaner
looks for a lock that nobody has, and removes it.  A loss is a git that took the lock and did not find it
any more when it came to rename it: "unable to write new index file".  Worse is a spoilt index: two gits
wrote one lock at once, and the repository cannot be used until somebody removes its index.
"""

from __future__ import annotations

import os
import pickle
import random
import select
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, fields
from pathlib import Path

import pytest

from racewatch.core.act import Step
from racewatch.core.model import OutcomeWord, Removable
from tests.race import locks
from tests.race.locks import LockWorld, a_lock_world, private_names
from tests.race.telling import Tell

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
pytestmark = needs_git

WORKERS = 2
#: So many adds that went through say something.
ENOUGH = 50
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "LC_ALL": "C",
}


@dataclass
class Work:
    """What the gits of one worker met."""

    done: int = 0
    refused: int = 0
    killed: int = 0
    lost: int = 0
    spoilt: int = 0
    told: list[str] = field(default_factory=list)

    def add(self, other: Work) -> None:
        """What another one met, too."""
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


def git(repository: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["git", "-C", os.fspath(repository), *arguments],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def work(repository: Path, number: int, stop: int) -> Work:
    """git add, again and again; one in a few is killed while it may hold the lock."""
    seen, chance = Work(), random.Random(number)
    name = f"file-{number}"
    while not select.select([stop], [], [], 0)[0]:
        (repository / name).write_text(str(chance.random()))
        running = git(repository, "add", name)
        assert running.stderr is not None
        if (
            chance.random() < 0.25
            and not select.select([running.stderr], [], [], chance.uniform(0, 0.006))[0]
        ):
            running.send_signal(signal.SIGKILL)
        said = running.communicate(timeout=60)[1]
        if running.returncode == 0:
            seen.done += 1
        elif running.returncode == -signal.SIGKILL:
            seen.killed += 1
        elif "File exists" in said:
            seen.refused += 1
        else:
            seen.told.append(said.strip())
            if "write new index" in said:
                seen.lost += 1
            else:
                seen.spoilt += 1
                (repository / ".git" / "index").unlink(missing_ok=True)
    return seen


@contextmanager
def workers(repository: Path) -> Iterator[Callable[[], Work]]:
    """The workers; the answer is the sum of what they met, and ends them."""
    stop_in, stop_out = os.pipe()
    children: list[tuple[int, int]] = []
    for number in range(WORKERS):
        answer_in, answer_out = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(stop_out)
                with os.fdopen(answer_out, "wb") as out:
                    pickle.dump(work(repository, number, stop_in), out)
            finally:
                os._exit(0)
        os.close(answer_out)
        children.append((pid, answer_in))

    def end() -> Work:
        nonlocal stop_out
        if stop_out >= 0:
            os.close(stop_out)
            stop_out = -1
        whole = Work()
        while children:
            pid, answer = children.pop()
            with os.fdopen(answer, "rb") as source:
                part = pickle.load(source)
            os.waitpid(pid, 0)
            whole.add(part)
        return whole

    try:
        yield end
    finally:
        end()
        os.close(stop_in)


def check_then_rm(lock: Path) -> bool:
    """What people and scripts do: the lock is there, no git has it open, so it goes."""
    if not lock.exists() or has_it_open(lock):
        return False
    with suppress(FileNotFoundError):
        lock.unlink()
        return True
    return False


def has_it_open(lock: Path) -> bool:
    """What ``fuser`` asks."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):  # it ended meanwhile
            for fd in os.listdir(f"/proc/{pid}/fd"):
                with suppress(OSError):
                    if os.readlink(f"/proc/{pid}/fd/{fd}") == os.fspath(lock):
                        return True
    return False


def naive_arm(repository: Path, seconds: float) -> tuple[Work, int]:
    lock, removed = repository / ".git" / "index.lock", 0
    with workers(repository) as end:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            removed += check_then_rm(lock)
        check_then_rm(lock)
        return end(), removed


def our_arm(world: LockWorld, repository: Path, seconds: float) -> tuple[Work, Counter[OutcomeWord], int]:
    lock = repository / ".git" / "index.lock"
    words: Counter[OutcomeWord] = Counter()
    restored = 0

    def count(step: Step) -> None:
        nonlocal restored
        restored += step is Step.RESTORE

    kind = world.kind
    with workers(repository) as end:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            seen = kind.look(locks.target_of(lock))
            if seen is None or seen.removable is Removable.NEVER:
                continue
            # A person looked at it, and says: break it.
            words[world.act(lock, seen, on_step=count).word] += 1
        return end(), words, restored


def a_repository(world: LockWorld, name: str) -> Path:
    repository = world.folder / name
    repository.mkdir()
    assert git(repository, "init", "-q").communicate(timeout=60)[1] == ""
    return repository


def race(world: LockWorld, tell: Tell, seconds: float) -> None:
    theirs, ours_too = a_repository(world, "theirs"), a_repository(world, "ours")
    naive, removed = naive_arm(theirs, seconds)
    ours, words, restored = our_arm(world, ours_too, seconds)
    for _ in range(20):
        if ours.done > ENOUGH and words[OutcomeWord.DONE] > 0:
            break
        more, said, put_back = our_arm(world, ours_too, seconds)  # a busy machine
        ours.add(more)
        words += said
        restored += put_back
    tell(
        f"losses: check+rm of git's index.lock {naive.lost} of {naive.done} adds ({removed} removed, the index "
        f"spoilt {naive.spoilt} times); racewatch {ours.lost} of {ours.done} adds ({words[OutcomeWord.DONE]} removed, {restored} restored)"
    )
    tell(
        f"        racewatch's acts: {', '.join(f'{count} {word}' for word, count in words.most_common())}; "
        f"gits killed {naive.killed} and {ours.killed}, kept out {naive.refused} and {ours.refused}"
    )
    assert (ours.lost, ours.spoilt) == (0, 0), ours.told[:3]
    assert ours.done > ENOUGH, "too few adds to say anything"
    assert words[OutcomeWord.DONE] > 0, "it never broke a lock"
    # All that was taken on a person's word is aside, one undo away, and known to the journal.
    undoable = sum(row.undoable for row in world.journal.entries())
    assert len(private_names(world.folder)) <= undoable + words[OutcomeWord.FAILED]
    assert not world.journal.open_acts()


@pytest.fixture
def world() -> Iterator[LockWorld]:
    with a_lock_world() as made:
        yield made


@pytest.mark.timeout(90)
def test_git_in_a_loop_loses_no_lock(world: LockWorld, tell: Tell) -> None:
    race(world, tell, 4.0)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_git_in_a_long_loop_loses_no_lock(world: LockWorld, tell: Tell) -> None:
    race(world, tell, 120.0)
