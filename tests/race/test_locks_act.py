"""Breaking real locks: what goes with them, what is held meanwhile, what is refused, and taking it back."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from racewatch.core.act import Step
from racewatch.core.model import Observation, OutcomeWord, Removable, Verdict
from racewatch.core.part import Pinned
from racewatch.core.undo import undo
from racewatch.kinds.locks.format import Tier
from racewatch.kinds.locks.kind import LocksKind
from racewatch.kinds.locks.registry import Registry, built_in
from racewatch.kinds.locks.schema import read_bytes
from racewatch.linux import leases, openfiles
from tests.kernel.support import child
from tests.race import locks
from tests.race.locks import LockWorld, a_lock_world, killed, picture, private_names, write

DONE, GONE = OutcomeWord.DONE, OutcomeWord.GONE
LIVE, CHANGED = OutcomeWord.REFUSED_LIVE, OutcomeWord.REFUSED_CHANGED
UNPROVEN, BUSY = OutcomeWord.REFUSED_UNPROVEN, OutcomeWord.REFUSED_BUSY
FORBIDDEN = OutcomeWord.REFUSED_FORBIDDEN
Make = Callable[[Path], Path]
PROVED: tuple[Make, ...] = (
    locks.soft_file_lock, locks.git_gc, locks.x11, locks.chromium, locks.gnupg, locks.terraform, locks.emacs,
)  # fmt: skip
ON_A_WORD: tuple[Make, ...] = (locks.git_index, locks.git_big_index, locks.lock_folder)


@pytest.fixture
def world() -> Iterator[LockWorld]:
    with a_lock_world() as made:
        yield made


def with_format(text: str) -> Registry:
    """The built-in formats and one of the user's."""
    result = read_bytes(text.encode(), b"test.toml", Tier.USER)
    assert result.problems == ()
    return Registry((*built_in().formats, *result.formats))


def windows(seen: Observation | None) -> list[str]:
    assert seen is not None
    return [one.detail for one in seen.evidence if one.check == "window"]


# ---------------------------------------------------------------- done, and taken back


@pytest.mark.parametrize("make", PROVED, ids=lambda one: one.__name__)
def test_a_proved_lock_goes_with_all_that_belongs_to_it_and_comes_back_identical(
    world: LockWorld, make: Make
) -> None:
    path = make(world.folder)
    if not path.is_symlink():
        os.setxattr(path, "user.racewatch-test", b"kept")
    before = picture(world.folder)
    seen = world.look(path)
    assert (seen.verdict, seen.removable) == (Verdict.STALE, Removable.YES), seen.summary
    outcome = world.act(path, seen, override=False)
    assert outcome.word is DONE, outcome.summary
    left = picture(world.folder)
    gone = set(before) - set(left)
    along = {os.path.relpath(value, world.folder) for name, value in seen.facts if name == "goes with it"}
    assert gone == {os.path.relpath(path, world.folder), *along}
    assert set(left) <= set(before), "something was left that was not there"
    assert undo(outcome.action, world.journal).word is DONE
    assert picture(world.folder) == before


@pytest.mark.parametrize("make", ON_A_WORD, ids=lambda one: one.__name__)
def test_a_lock_for_a_person_to_decide_goes_on_their_word_only_and_comes_back_identical(
    world: LockWorld, make: Make
) -> None:
    path = make(world.folder)
    before = picture(world.folder)
    seen = world.look(path)
    assert seen.removable is Removable.OVERRIDE, seen.summary
    assert world.act(path, seen, override=False).word is UNPROVEN
    assert picture(world.folder) == before
    outcome = world.act(path, seen)
    assert outcome.word is DONE, outcome.summary
    assert not os.path.lexists(path)
    # What could not be proved, or is too large for the journal, is aside; nothing else is left.
    kept = make is not locks.git_index
    assert bool(private_names(world.folder)) == kept
    assert undo(outcome.action, world.journal).word is DONE
    assert picture(world.folder) == before


# ---------------------------------------------------------------- what is never removed


@pytest.mark.parametrize(
    ("name", "content"),
    [("wayland-0.lock", b""), ("db/write-lock", b""), (".hg/wlock", b"host:1"), ("repo/lock.roster", b"{}")],
)
def test_what_a_format_forbids_is_refused_whatever_is_asked_for(
    world: LockWorld, name: str, content: bytes
) -> None:
    path = world.folder / name
    write(path, content)
    touched: list[Step] = []
    outcome = world.act(path, on_step=touched.append)
    assert outcome.word is FORBIDDEN
    assert "What to do" in outcome.summary
    assert Step.INTENT not in touched
    assert path.exists()


def test_a_lock_that_is_never_removed_does_not_even_have_its_folder_locked(world: LockWorld) -> None:
    path = world.folder / "wayland-0.lock"
    write(path, b"")
    fd = os.open(world.folder, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        assert world.act(path).word is FORBIDDEN  # and not busy
    finally:
        os.close(fd)


def test_a_file_that_no_format_knows_is_not_ours(world: LockWorld) -> None:
    path = world.folder / "letter.txt"
    write(path, b"dear")
    assert world.act(path).word is FORBIDDEN
    assert path.exists()


# ---------------------------------------------------------------- what goes with it


def test_a_live_socket_keeps_its_lock(world: LockWorld) -> None:
    """Another server has bound the display's socket; the lock of the dead one must not go either."""
    path = locks.x11(world.folder)
    beside = world.folder / ".X11-unix" / "X4711"
    seen = world.look(path)
    beside.unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(beside))
        server.listen(1)
        before = picture(world.folder)
        outcome = world.act(path, seen)
        assert outcome.word is LIVE, outcome.summary
        assert picture(world.folder) == before


@pytest.mark.parametrize("step", [Step.RECHECK, Step.INTENT, Step.CAPTURE, Step.VERIFY])
def test_a_server_that_takes_the_socket_meanwhile_loses_nothing(world: LockWorld, step: Step) -> None:
    """Once the dead pair is captured both names are free, and what is bound then is a new server's."""
    path = locks.x11(world.folder)
    beside = world.folder / ".X11-unix" / "X4711"
    server = socket.socket(socket.AF_UNIX)

    def respawn(now: Step) -> None:
        if now is step:
            beside.unlink(missing_ok=True)
            server.bind(os.fspath(beside))
            server.listen(1)

    try:
        outcome = world.act(path, on_step=respawn)
        expected = (DONE,) if step is Step.VERIFY else (LIVE, CHANGED)
        assert outcome.word in expected, outcome.summary
        assert path.exists() == (outcome.word is not DONE)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(os.fspath(beside))
        # A dead socket that was captured before the new one was bound cannot go back; then it is said.
        for name in private_names(world.folder):
            assert os.path.basename(name) in outcome.summary
    finally:
        server.close()


def test_owner_and_lock_go_together_or_not_at_all(world: LockWorld) -> None:
    """The pid beside git's lock is of a living process: both stay, also on a person's word."""
    path = locks.git_index(world.folder)
    beside = path.parent / "index~pid.lock"
    seen = world.look(path)
    beside.write_bytes(b"pid %d\n" % os.getpid())
    before = picture(world.folder)
    outcome = world.act(path, seen)
    assert outcome.word is LIVE, outcome.summary
    assert picture(world.folder) == before


USERS = """
[[format]]
name = "job-lock"
title = "lock of a job"
program = "job"
where = ["*.joblock"]
mechanism = ["exclusive-file"]
content.parser = "pid"
policy = "break"
rules = ["pid-identity"]
companions = [{ role = "together", where = "%s", type = "file" }]
consequence = "two jobs"
remedy = "none"
source = "a test"
"""


@pytest.mark.parametrize(
    ("beside", "content", "word"),
    [
        ("wayland-0.lock", b"", FORBIDDEN),  # never removed by its own format
        ("SingletonCookie", b"x", UNPROVEN),  # of another type than was declared
        ("letter.txt", b"dear", UNPROVEN),  # no format knows it
        ("twin.joblock", b"1\n", LIVE),  # names a living process
        ("absent", None, DONE),
    ],
)
def test_what_goes_with_it_must_be_removable_by_its_own_format(
    world: LockWorld, beside: str, content: bytes | None, word: OutcomeWord
) -> None:
    world.registry = with_format(USERS % beside)
    path = world.folder / "a.joblock"
    killed(lambda: write(path, b"%d\n" % os.getpid()))
    if content is not None and beside == "SingletonCookie":
        os.symlink(content, os.fsencode(world.folder / beside))
    elif content is not None:
        write(world.folder / beside, content)
    before = picture(world.folder)
    seen = world.look(path)
    assert seen.removable is Removable.YES, seen.summary
    outcome = world.act(path, seen)
    assert outcome.word is word, outcome.summary
    if word is not DONE:
        assert "goes with it" in outcome.summary
        assert picture(world.folder) == before


def test_a_users_format_does_not_make_parts_of_built_in_ones(world: LockWorld) -> None:
    """Only a built-in format may say that another built-in one's data is a mere part of its lock."""
    text = USERS.replace('type = "file"', 'type = "symlink"') % "SingletonCookie"
    world.registry = with_format(text.replace('program = "job"', 'program = "Chromium"'))
    path = world.folder / "a.joblock"
    killed(lambda: write(path, b"%d\n" % os.getpid()))
    os.symlink("x", world.folder / "SingletonCookie")
    assert world.act(path).word is FORBIDDEN
    assert path.exists()


def test_a_second_name_that_is_another_file_stays(world: LockWorld) -> None:
    """It is only called like one: a gpg that is just about to lock."""
    path = locks.gnupg(world.folder)
    pid = int(path.read_bytes()[:10])
    stranger = world.folder / f".#lk0xffff.{os.fsdecode(locks.HOST)}.{pid}"
    write(stranger, b"%10d\n%s\n" % (pid, locks.HOST))
    assert world.act(path).word is DONE
    assert list(picture(world.folder)) == [stranger.name]


# ---------------------------------------------------------------- the owner's kernel lock


def hold_state(path: Path) -> Callable[[], list[int]]:
    def hold() -> list[int]:
        fd = os.open(path, os.O_RDWR)
        fcntl.lockf(fd, fcntl.LOCK_EX)
        return [fd]

    return hold


def test_the_lock_that_counts_is_held_until_the_name_is_gone(world: LockWorld) -> None:
    path = locks.terraform(world.folder)
    state = world.folder / "terraform.tfstate"
    free: dict[Step, bool] = {}

    def probe(step: Step) -> None:
        pid = os.fork()
        if pid == 0:
            fd = os.open(state, os.O_RDWR)
            try:
                fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os._exit(1)
            os._exit(0)
        free[step] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0

    outcome = world.act(path, on_step=probe)
    assert outcome.word is DONE, outcome.summary
    assert [step for step, was in free.items() if not was] == [
        Step.CAPTURE, Step.VERIFY, Step.COMMIT, Step.RECORD,
    ]  # fmt: skip
    assert any("held by us" in text for text in windows(outcome.observation))


@pytest.mark.parametrize("step", [Step.GUARD, Step.RECHECK, Step.INTENT])
def test_an_owner_that_comes_back_before_we_hold_its_lock_keeps_it(world: LockWorld, step: Step) -> None:
    path = locks.terraform(world.folder)
    with ExitStack() as owners:

        def come_back(now: Step) -> None:
            if now is step:
                owners.enter_context(child(hold_state(world.folder / "terraform.tfstate")))

        outcome = world.act(path, on_step=come_back)
    assert outcome.word is LIVE, outcome.summary
    assert path.exists()


# ---------------------------------------------------------------- readers


@pytest.mark.parametrize("looks", [1, 2, 3])
def test_a_reader_for_a_moment_is_no_owner_and_one_that_stays_may_be_one(
    world: LockWorld, looks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the lock open during so many of our looks."""
    path = locks.soft_file_lock(world.folder)

    def reading() -> list[int]:
        return [os.open(path, os.O_RDONLY)]

    seen = world.look(path)
    with ExitStack() as readers:
        really = LocksKind.recheck
        readers.enter_context(child(reading))
        done = [0]

        def counted(kind: LocksKind, pinned: Pinned, aside: Mapping[bytes, bytes]) -> Observation:
            done[0] += 1
            if done[0] == looks + 1:
                readers.close()
            return really(kind, pinned, aside)

        monkeypatch.setattr(LocksKind, "recheck", counted)
        outcome = world.act(path, seen)
    assert outcome.word is (LIVE if looks == 3 else DONE), outcome.summary


# ---------------------------------------------------------------- folders


@pytest.mark.parametrize("what", ["a name that does not belong", "a folder", "a socket"])
def test_a_folder_with_something_unexpected_inside_is_never_removed(world: LockWorld, what: str) -> None:
    path = locks.lock_folder(world.folder)
    inside = path / ("README" if what == "a name that does not belong" else "x.y")
    if what == "a folder":
        inside.mkdir()
    elif what == "a socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.fspath(inside))
    else:
        write(inside, b"data")
    before = picture(world.folder)
    outcome = world.act(path)
    assert outcome.word in (FORBIDDEN, LIVE), outcome.summary
    assert picture(world.folder) == before


@pytest.mark.parametrize("step", [Step.RECHECK, Step.CAPTURE, Step.VERIFY])
def test_a_child_that_appears_meanwhile_brings_the_folder_back(world: LockWorld, step: Step) -> None:
    path = locks.lock_folder(world.folder)
    inside = os.open(path, os.O_RDONLY)

    def appear(now: Step) -> None:
        if now is step:
            os.close(os.open("data", os.O_CREAT | os.O_EXCL | os.O_WRONLY, dir_fd=inside))

    try:
        outcome = world.act(path, on_step=appear)
    finally:
        os.close(inside)
    assert outcome.word in (CHANGED, FORBIDDEN), outcome.summary
    assert (path / "data").exists()
    assert not private_names(world.folder)


# ---------------------------------------------------------------- the breaker lock, the window


def test_the_breaker_of_git_gc_is_taken_in_gits_own_form(world: LockWorld) -> None:
    path = locks.git_gc(world.folder)
    breaker = path.parent / "gc.pid.lock"
    stood: dict[Step, bytes | None] = {}

    def look(step: Step) -> None:
        stood[step] = breaker.read_bytes() if breaker.exists() else None

    assert world.act(path, on_step=look).word is DONE
    ours = b"%d %s" % (os.getpid(), locks.HOST)
    assert {step for step, content in stood.items() if content == ours} == {Step.VERIFY, Step.COMMIT}
    assert {step for step, content in stood.items() if content} == {Step.VERIFY, Step.COMMIT}
    assert not breaker.exists()


def test_a_git_gc_that_is_just_starting_keeps_us_out(world: LockWorld) -> None:
    path = locks.git_gc(world.folder)
    write(path.parent / "gc.pid.lock", b"")
    before = picture(world.folder)
    assert world.act(path).word is BUSY
    assert picture(world.folder) == before


def test_the_outcome_says_which_window_remains(world: LockWorld) -> None:
    irrevocable = world.act(locks.soft_file_lock(world.folder))
    assert any("stays true" in text for text in windows(irrevocable.observation))
    write(world.folder / "r" / ".git" / "config.lock", b"")
    unproven = world.act(world.folder / "r" / ".git" / "config.lock")
    assert unproven.word is DONE
    assert any("nothing proves" in text for text in windows(unproven.observation))


# ---------------------------------------------------------------- who has it open


def test_an_act_asks_the_kernel_about_its_one_file_and_looks_into_nobody(
    world: LockWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = locks.soft_file_lock(world.folder)
    seen = world.look(path)
    fd = os.open(path, os.O_PATH)
    answer = leases.open_elsewhere(fd)
    os.close(fd)
    if answer is None:
        pytest.skip("this file system gives no leases")
    asked: list[str] = []
    for name in ("survey", "mappings"):
        monkeypatch.setattr(openfiles, name, lambda name=name: asked.append(name))
    assert world.act(path, seen, override=False).word is DONE
    assert asked == []


@pytest.mark.parametrize("step", [Step.PIN, Step.INTENT], ids=lambda step: step.name)
def test_who_opens_it_before_it_is_judged_keeps_it(world: LockWorld, step: Step) -> None:
    """The lease is refused while anybody has it open; who that is the processes tell."""
    path = locks.soft_file_lock(world.folder)
    seen = world.look(path)
    with ExitStack() as stack:

        def open_it(now: Step) -> None:
            if now is step:
                stack.enter_context(child(lambda: os.open(path, os.O_RDONLY)))

        outcome = world.act(path, seen, override=False, on_step=open_it)
        assert outcome.word is LIVE, outcome.summary
        assert path.exists()
        assert outcome.observation is not None
        assert outcome.observation.owner is not None
