"""A process that waits and goes with the thing: held still, killed or let go, and let go after a crash."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from racewatch.core import by_exchange, waiter
from racewatch.core.act import Step, act
from racewatch.core.by_exchange import ExchangedThing, OwnersWay
from racewatch.core.exchange import Exchange, Hands
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, KindName, Outcome, OutcomeWord, Target, Verdict
from racewatch.core.recovery import recover
from racewatch.core.waiter import Held, Waiter
from racewatch.linux import processes, signals
from racewatch.linux.processes import ProcessId
from tests.unit.core.support import fingerprint_of, part
from tests.unit.core.test_exchange import interrupted, is_untouched, owner, path, private, record, root, taken

__all__ = ["path", "root"]  # fixtures
UNKNOWN, LIVE = Verdict.UNKNOWN, Verdict.LIVE


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing, with a second thread."""
    code = "import threading, time; threading.Thread(target=time.sleep, args=(600,)).start(); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as made:
        assert made.stdout is not None
        made.stdout.readline()
        yield made
        made.kill()


def waiter_of(child: subprocess.Popen[bytes]) -> Waiter:
    who = processes.identify(child.pid)
    assert who is not None
    return Waiter.of_this_boot(who)


def states(pid: int) -> set[str]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return {(one / "stat").read_text().rpartition(")")[2].split()[0] for one in threads}


def test_one_that_ended_this_moment_is_held_by_nobody(child: subprocess.Popen[bytes]) -> None:
    """Its parent has not waited for it, so that it still has its number."""
    held = Held(waiter_of(child))
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert signals.stands_still(child.pid)
    assert held.hold() is None
    held.let_go()


def perform(
    path: bytes,
    journal: Journal,
    child: subprocess.Popen[bytes],
    *verdicts: Verdict,
    command: Callable[[bytes], Sequence[str]] = owner,
    groups: tuple[bytes, ...] = (),
    at: dict[Step, Callable[[], None]] | None = None,
) -> Outcome:
    way = OwnersWay(groups, command, waiter_of(child))

    def hook(step: Step) -> None:
        if at and step in at:
            at[step]()

    request = ActRequest(Target(KindName.SOCKET, path), fingerprint_of(path), override=True)
    return act(request, ExchangedThing(part(path, *verdicts), lambda _: way), journal, on_step=hook)


# --- the act -----------------------------------------------------------------------------------


def test_it_stands_still_while_it_is_away_and_goes_with_it(
    path: bytes, journal: Journal, child: subprocess.Popen[bytes]
) -> None:
    seen: list[set[str]] = []
    outcome = perform(
        path,
        journal,
        child,
        UNKNOWN,
        at={step: lambda: seen.append(states(child.pid)) for step in (Step.VERIFY, Step.COMMIT)},
    )
    assert outcome.word is OutcomeWord.DONE, outcome.summary
    assert seen == [{"T"}, {"T"}]
    assert child.wait() == -signal.SIGKILL
    assert not os.path.lexists(path)
    assert not private(os.path.dirname(path))


@pytest.mark.parametrize("look", [2, 3, 4])
def test_one_that_was_set_going_goes_on(
    path: bytes, journal: Journal, child: subprocess.Popen[bytes], look: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RECHECK is the first look, then one before it is held, one while it is, and one while the name is away."""
    sent: list[str] = []

    def told(name: str, real: Callable[[int], None]) -> Callable[[int], None]:
        def send(pidfd: int) -> None:
            sent.append(name)
            real(pidfd)

        return send

    for name in ("hold", "let_go", "end"):
        monkeypatch.setattr(signals, name, told(name, getattr(signals, name)))
    taken_away: list[None] = []
    take = Hands.take

    def telling(hands: Hands) -> None:
        taken_away.append(None)
        take(hands)

    monkeypatch.setattr(Hands, "take", telling)
    outcome = perform(path, journal, child, *[UNKNOWN] * (look - 1), LIVE)
    assert outcome.word is OutcomeWord.REFUSED_LIVE, outcome.summary
    # What runs by the first look is not even touched.
    assert list(dict.fromkeys(sent)) == ([] if look == 2 else ["hold", "let_go"])
    assert len(taken_away) == (look == 4)
    assert "T" not in states(child.pid)
    assert is_untouched(path)


def test_it_goes_on_only_when_the_name_is_back(
    path: bytes, journal: Journal, child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever set it going has something to do under the name."""
    there: list[bool] = []
    let_go = signals.let_go

    def late(pidfd: int) -> None:
        there.append(is_untouched(path))
        let_go(pidfd)

    monkeypatch.setattr(signals, "let_go", late)
    assert perform(path, journal, child, UNKNOWN, UNKNOWN, UNKNOWN, LIVE).word is OutcomeWord.REFUSED_LIVE
    assert there == [True]


def test_one_that_ended_by_itself_is_told_of_by_the_look(
    path: bytes, journal: Journal, child: subprocess.Popen[bytes]
) -> None:
    def end() -> None:
        child.kill()
        child.wait()

    outcome = perform(path, journal, child, UNKNOWN, UNKNOWN, Verdict.STALE, at={Step.CAPTURE: end})
    assert outcome.word is OutcomeWord.DONE, outcome.summary


def test_one_that_somebody_else_holds_still_is_left_to_him(
    path: bytes, journal: Journal, child: subprocess.Popen[bytes]
) -> None:
    child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED)
    outcome = perform(path, journal, child, UNKNOWN)
    assert outcome.word is OutcomeWord.REFUSED_BUSY
    assert f"kill -CONT {child.pid}" in outcome.summary
    assert states(child.pid) == {"T"}
    assert is_untouched(path)
    child.send_signal(signal.SIGCONT)


def test_one_that_does_not_stand_still_stays(
    path: bytes, journal: Journal, child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiter, "_STILL_SECONDS", 0.01)
    monkeypatch.setattr(signals, "stands_still", lambda _: False)
    outcome = perform(path, journal, child, UNKNOWN)
    assert outcome.word is OutcomeWord.REFUSED_UNPROVEN
    assert f"(pid {child.pid})" in outcome.summary
    assert "T" not in states(child.pid)
    assert is_untouched(path)


def test_a_stop_that_is_lost_is_asked_for_again(
    path: bytes, journal: Journal, child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one is that comes in the middle of an exec."""
    asked: list[None] = []
    hold = signals.hold

    def lost(pidfd: int) -> None:
        asked.append(None)
        if len(asked) > 2:
            hold(pidfd)

    monkeypatch.setattr(signals, "hold", lost)
    assert perform(path, journal, child, UNKNOWN).word is OutcomeWord.DONE
    assert len(asked) > 2


def test_one_that_ends_as_it_is_held_is_told_of_by_the_look(
    path: bytes, journal: Journal, child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(_: int) -> None:
        raise ProcessLookupError(errno.ESRCH, "No such process")

    monkeypatch.setattr(signals, "hold", late)
    outcome = perform(path, journal, child, UNKNOWN, UNKNOWN, Verdict.STALE)
    assert outcome.word is OutcomeWord.DONE, outcome.summary


@pytest.mark.parametrize(
    ("name", "said"), [("hold", "could not be held still"), ("end", "could not be killed")]
)
def test_one_that_is_not_ours_to_signal_stays(
    path: bytes,
    journal: Journal,
    child: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    said: str,
) -> None:
    def denied(_: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(signals, name, denied)
    outcome = perform(path, journal, child, UNKNOWN)
    assert outcome.word is OutcomeWord.REFUSED_DENIED
    assert said in outcome.summary
    assert "T" not in states(child.pid)
    assert is_untouched(path)


def test_one_that_does_not_end_keeps_its_directory(
    path: bytes, journal: Journal, child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deep in the kernel, or in a frozen group: its owner's delete would have to fail as well."""
    monkeypatch.setattr(waiter, "_END_SECONDS", 0.01)
    monkeypatch.setattr(signals, "end", lambda _: None)
    outcome = perform(path, journal, child, UNKNOWN)
    assert outcome.word is OutcomeWord.FAILED
    assert "has not ended" in outcome.summary
    assert is_untouched(path)


def test_a_group_that_it_leaves_a_moment_later(
    path: bytes,
    folder: bytes,
    journal: Journal,
    child: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = os.path.join(folder, b"group")
    os.mkdir(group)
    member = Path(os.fsdecode(group), "process")
    member.write_text("")
    end = signals.end
    leaving = threading.Timer(0.05, member.unlink)

    def late(pidfd: int) -> None:
        end(pidfd)
        leaving.start()

    monkeypatch.setattr(signals, "end", late)
    outcome = perform(path, journal, child, UNKNOWN, groups=(group,))
    leaving.join()
    assert outcome.word is OutcomeWord.DONE, outcome.summary


def test_what_cannot_be_taken_back_is_told(
    path: bytes,
    folder: bytes,
    journal: Journal,
    child: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(by_exchange, "_LEAVING_SECONDS", 0.01)
    group = os.path.join(folder, b"group")
    os.mkdir(group)
    Path(os.fsdecode(group), "process").write_text("")
    outcome = perform(path, journal, child, UNKNOWN, groups=(group,))
    assert outcome.word is OutcomeWord.REFUSED_LIVE
    assert "was killed all the same" in outcome.summary
    assert is_untouched(path)


def test_an_error_of_the_exchange_lets_it_go_on(
    path: bytes, journal: Journal, child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Hands) -> None:
        assert states(child.pid) == {"T"}
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Hands, "take", full)
    assert perform(path, journal, child, UNKNOWN).word is OutcomeWord.FAILED
    assert "T" not in states(child.pid)
    assert is_untouched(path)


def test_an_interrupt_while_it_is_held_lets_it_go_on(
    path: bytes, journal: Journal, child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = signals.hold

    def interrupted(pidfd: int) -> None:
        hold(pidfd)
        raise KeyboardInterrupt

    monkeypatch.setattr(signals, "hold", interrupted)
    with pytest.raises(KeyboardInterrupt):
        perform(path, journal, child, UNKNOWN)
    assert "T" not in states(child.pid)
    assert is_untouched(path)


def test_one_that_has_ended_is_neither_held_nor_killed(child: subprocess.Popen[bytes]) -> None:
    held = Held(waiter_of(child))
    assert held.hold() is None
    child.kill()
    child.wait()
    assert held.end() is None
    held.let_go()
    assert held.hold() is None
    assert held.end() is None
    held.let_go()


# --- after a crash -----------------------------------------------------------------------------


def crashed(path: bytes, journal: Journal, who: Waiter, *, is_taken: bool) -> tuple[OutcomeWord | None, str]:
    """Settled after a crash while it stood still."""
    before = record(path)
    how = Exchange(before.root, before.name, before.aside, before.directory, (), before.command, waiter=who)
    interrupted(path, journal, how)
    if is_taken:
        taken(path, how)
    recover(journal)
    entry = journal.entry("x1")
    assert entry is not None
    return entry.word, entry.summary


def still(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED)


@pytest.mark.parametrize("is_taken", [True, False])
def test_the_next_start_lets_it_go_on(
    path: bytes, journal: Journal, child: subprocess.Popen[bytes], is_taken: bool
) -> None:
    still(child)
    word, summary = crashed(path, journal, waiter_of(child), is_taken=is_taken)
    assert word is OutcomeWord.FAILED
    assert "has ended" not in summary
    assert "T" not in states(child.pid)
    assert is_untouched(path)


@pytest.mark.parametrize("why", ["gone", "locked", "busy"])
def test_the_next_start_lets_it_go_on_even_when_it_cannot_settle(
    path: bytes,
    root: bytes,
    journal: Journal,
    child: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    why: str,
) -> None:
    """Nobody else ever would."""
    monkeypatch.setattr("racewatch.core.recovery._PATIENCE_SECONDS", 0.05)
    how = replace(record(path), waiter=waiter_of(child))
    interrupted(path, journal, how)
    taken(path, how)
    still(child)
    if why == "gone":
        os.rename(root, root + b".away")
    fd = os.open(root if why == "locked" else how.aside, os.O_RDONLY)
    if why != "gone":
        fcntl.flock(fd, fcntl.LOCK_EX)
    recover(journal)
    os.close(fd)
    entry = journal.entry("x1")
    assert entry is not None
    assert entry.word is None
    assert not signals.stands_still(child.pid)


def test_the_next_start_says_that_it_has_ended(
    path: bytes, journal: Journal, child: subprocess.Popen[bytes]
) -> None:
    who = waiter_of(child)
    child.kill()
    child.wait()
    _, summary = crashed(path, journal, who, is_taken=True)
    assert "but the process that waited in it has ended" in summary
    assert is_untouched(path)


@pytest.mark.parametrize("other", ["boot", "start"])
def test_who_has_its_number_now_is_not_touched(child: subprocess.Popen[bytes], other: str) -> None:
    who = waiter_of(child)
    still(child)
    if other == "boot":
        stranger = Waiter(who.process, "another")
    else:
        stranger = Waiter(ProcessId(child.pid, who.process.start_ticks - 1), who.boot)
    assert stranger.has_ended()
    stranger.wake()
    assert states(child.pid) == {"T"}
    who.wake()
    assert "T" not in states(child.pid)


def test_one_that_ends_as_it_is_woken(
    child: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    who = waiter_of(child)
    monkeypatch.setattr(processes, "open_pidfd", lambda _: None)
    who.wake()
    assert not who.has_ended()


def test_its_record(child: subprocess.Popen[bytes], path: bytes) -> None:
    who = waiter_of(child)
    assert Waiter.read(who.to_json()) == who
    assert Waiter.read({"pid": 1, "start_ticks": 2, "boot": None}) == Waiter(ProcessId(1, 2), None)
    for data in (
        None,
        7,
        {"pid": 1, "start_ticks": "2", "boot": None},
        {"pid": 1, "start_ticks": 2, "boot": 3},
    ):
        with pytest.raises(ValueError, match="not a process"):
            Waiter.read(data)
    with pytest.raises(KeyError):
        Waiter.read({"pid": 1, "start_ticks": 2})
    old = record(path).to_json()
    del old["waiter"]
    assert Exchange.read(old) == record(path)
