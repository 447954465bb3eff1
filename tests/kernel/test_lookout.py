"""Who has a number, asked again through handles that are kept: never another answer than a fresh look gives."""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import closing

import pytest

from racewatch.linux import fs, lookout, processes
from racewatch.linux.lookout import Lookout
from racewatch.linux.processes import Absent
from tests.kernel.support import child


def _pass() -> None:
    return None


def _handles() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def watch() -> Iterator[Lookout]:
    with closing(Lookout()) as made:
        yield made


def test_it_answers_as_a_fresh_look_does(watch: Lookout) -> None:
    with child(_pass) as held:
        for _ in range(3):
            assert watch.look_for(held.pid) == processes.look_for(held.pid) == processes.identify(held.pid)


def test_who_ended_since_is_not_taken_for_alive(watch: Lookout) -> None:
    with child(_pass) as held:
        assert watch.look_for(held.pid) == processes.identify(held.pid)
        os.kill(held.pid, signal.SIGKILL)
        os.waitid(os.P_PID, held.pid, os.WEXITED | os.WNOWAIT)
        assert watch.look_for(held.pid) is Absent.OTHERWISE  # a zombie
        assert watch.look_for(held.pid) is Absent.OTHERWISE


def test_nobody_is_asked_after_each_time_anew(watch: Lookout) -> None:
    before = _handles()
    assert watch.look_for(2**31 - 2) is Absent.FREE
    assert _handles() == before


def test_it_keeps_few_handles_and_gives_them_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookout, "_MOST_HELD", 1)
    before = _handles()
    watch = Lookout()
    with child(_pass) as one, child(_pass) as other:
        open_before = _handles()
        for _ in range(2):
            assert watch.look_for(one.pid) == processes.identify(one.pid)
            assert watch.look_for(other.pid) == processes.identify(other.pid)
        assert _handles() == open_before + 1
        watch.close()
        assert _handles() == open_before
        assert watch.look_for(one.pid) == processes.identify(one.pid)  # and goes on
        watch.close()
    assert _handles() == before


def test_where_no_more_handles_are_to_be_had_it_lets_go_of_its_own(watch: Lookout) -> None:
    with child(_pass) as one, child(_pass) as two, child(_pass) as three:
        expected = [processes.identify(held.pid) for held in (one, two, three)]
        assert [watch.look_for(held.pid) for held in (one, two)] == expected[:2]
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        taken: list[int] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (_handles() + 16, hard))
        try:
            _take_all(taken)
            assert watch.look_for(three.pid) == expected[2]  # in the places of the other two
            watch.close()
            _take_all(taken)
            with pytest.raises(OSError) as full:
                watch.look_for(three.pid)
            assert full.value.errno == errno.EMFILE
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for fd in taken:
                os.close(fd)


def _take_all(taken: list[int]) -> None:
    """Every handle that this process may still have."""
    try:
        while True:
            taken.append(os.open(b"/", os.O_PATH | os.O_CLOEXEC))
    except OSError:
        return


def test_our_own_handles_lead_to_the_inode_whatever_its_name_does(tmp_path: os.PathLike[str]) -> None:
    path = os.path.join(tmp_path, "one")
    with open(path, "wb") as file:
        file.write(b"one")
    pinned = os.open(path, os.O_PATH | os.O_CLOEXEC)
    os.unlink(path)
    before = _handles()
    with closing(fs.OwnHandles()) as handles:
        reader = handles.reopen(pinned, os.O_RDONLY | os.O_CLOEXEC)
        assert os.read(reader, 9) == b"one"
        os.close(reader)
        handles.close()
        reader = handles.reopen(pinned, os.O_RDONLY | os.O_CLOEXEC)  # the long way, when it has none
        assert os.read(reader, 9) == b"one"
        os.close(reader)
        assert _handles() == before
    os.close(pinned)
