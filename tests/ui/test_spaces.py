"""What things take: counted one at a time, beside, seldom, and only while somebody looks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from racewatch.core.model import KindName, Observation, Target
from racewatch.kinds.containers.space import Space
from racewatch.linux.usage import Cancelled
from racewatch.monitor.batch import Batch
from racewatch.ui.bridge import Bridge
from racewatch.ui.spaces import FRESH_SECONDS, STALE_SECONDS, Spaces
from tests.ui.support import Clock, container, seen

DOCKERS = Target(KindName.CONTAINER, b"docker:/run/docker.sock:" + b"ab" * 32)
LIMIT_MS = 5000


class Counter:
    """Counts by a script: what to answer, what to wait for, and who was asked in what order."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.held: set[bytes] = set()
        self.cancelled: list[bytes] = []
        self.at_once = self.most_at_once = 0
        self.answer: Space | Exception | None = Space(1000, "It takes 1.0 kB.")

    def __call__(self, target: Target, enough: Callable[[], bool]) -> Space | None:
        assert threading.current_thread() is not threading.main_thread()
        self.asked.append(target.locator)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            while target.locator in self.held:
                if enough():
                    self.cancelled.append(target.locator)
                    raise Cancelled
                threading.Event().wait(0.002)
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer
        finally:
            self.at_once -= 1


@pytest.fixture
def count() -> Counter:
    return Counter()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def spaces(bridge: Bridge, count: Counter, clock: Clock) -> Iterator[Spaces]:
    made = Spaces(bridge, count, clock=clock)
    yield made
    made.close()


def batch(*added: Observation, gone: tuple[Observation, ...] = ()) -> Batch:
    return Batch(1, added, (), gone, False, (), ())


def there(spaces: Spaces, *locators: bytes, fingerprint: str = "f") -> None:
    spaces.hear(batch(*(container(one, fingerprint=fingerprint) for one in locators)))


def settled(qtbot: QtBot, spaces: Spaces) -> None:
    qtbot.waitUntil(lambda: spaces._now is None, timeout=LIMIT_MS)


def test_nothing_is_counted_while_nobody_looks(qtbot: QtBot, spaces: Spaces, count: Counter) -> None:
    there(spaces, b"bundle:/a", b"bundle:/b")
    assert spaces._now is None
    spaces.watch(True)
    settled(qtbot, spaces)
    assert count.asked == [b"bundle:/a", b"bundle:/b"]
    assert count.most_at_once == 1
    assert set(spaces.known) == {Target(KindName.CONTAINER, one) for one in count.asked}


def test_it_is_counted_seldom(qtbot: QtBot, spaces: Spaces, count: Counter, clock: Clock) -> None:
    spaces.watch(True)
    there(spaces, b"bundle:/a")
    settled(qtbot, spaces)
    clock.now += STALE_SECONDS - 1
    there(spaces, b"bundle:/a")
    spaces._look_for_work()
    assert len(count.asked) == 1
    clock.now += 1
    spaces._look_for_work()
    settled(qtbot, spaces)
    assert len(count.asked) == 2
    there(spaces, b"bundle:/a", fingerprint="other")
    assert spaces._now is None, "not at each change of one that flaps"
    clock.now += FRESH_SECONDS
    spaces._look_for_work()
    settled(qtbot, spaces)
    assert len(count.asked) == 3


def test_what_is_chosen_comes_first_and_calls_the_other_off(
    qtbot: QtBot, spaces: Spaces, count: Counter
) -> None:
    count.held = {b"bundle:/slow"}
    spaces.watch(True)
    there(spaces, b"bundle:/slow", b"bundle:/b", b"bundle:/c")
    qtbot.waitUntil(lambda: count.asked == [b"bundle:/slow"], timeout=LIMIT_MS)
    spaces.choose(container(b"bundle:/c"))
    qtbot.waitUntil(lambda: Target(KindName.CONTAINER, b"bundle:/c") in spaces.known, timeout=LIMIT_MS)
    assert count.cancelled == [b"bundle:/slow"]
    count.held = set()
    settled(qtbot, spaces)
    assert count.asked[:2] == [b"bundle:/slow", b"bundle:/c"]
    assert len(spaces.known) == 3
    spaces.choose(container(b"bundle:/c"))
    assert spaces._now is None, "known, and fresh"


def test_an_engine_is_asked_for_what_was_chosen_only(qtbot: QtBot, spaces: Spaces, count: Counter) -> None:
    spaces.watch(True)
    there(spaces, DOCKERS.locator)
    spaces._look_for_work()
    assert spaces._now is None
    spaces.choose(container(DOCKERS.locator))
    settled(qtbot, spaces)
    assert count.asked == [DOCKERS.locator]
    assert DOCKERS in spaces.known


def test_what_goes_and_a_view_that_closes_call_it_off(qtbot: QtBot, spaces: Spaces, count: Counter) -> None:
    count.held = {b"bundle:/a", b"bundle:/b"}
    spaces.watch(True)
    there(spaces, b"bundle:/a")
    qtbot.waitUntil(lambda: len(count.asked) == 1, timeout=LIMIT_MS)
    spaces.hear(batch(gone=(container(b"bundle:/a"),)))
    settled(qtbot, spaces)
    assert count.cancelled == [b"bundle:/a"]
    assert spaces.known == {}
    there(spaces, b"bundle:/b")
    qtbot.waitUntil(lambda: len(count.asked) == 2, timeout=LIMIT_MS)
    spaces.choose(container(b"bundle:/b"))
    spaces.watch(False)
    settled(qtbot, spaces)
    assert count.cancelled == [b"bundle:/a", b"bundle:/b"]
    assert len(count.asked) == 2
    spaces.watch(True)
    count.held = set()
    settled(qtbot, spaces)
    assert len(spaces.known) == 1


def test_closing_ends_it(qtbot: QtBot, spaces: Spaces, count: Counter) -> None:
    count.held = {b"bundle:/a"}
    spaces.watch(True)
    there(spaces, b"bundle:/a", b"bundle:/b")
    qtbot.waitUntil(lambda: len(count.asked) == 1, timeout=LIMIT_MS)
    spaces.close()
    settled(qtbot, spaces)
    assert count.asked == [b"bundle:/a"]


def test_one_that_is_gone_when_it_is_counted_is_not_known(
    qtbot: QtBot, spaces: Spaces, count: Counter
) -> None:
    count.answer = None
    told: list[object] = []
    spaces.counted.connect(told.append)
    spaces.watch(True)
    there(spaces, b"bundle:/a")
    settled(qtbot, spaces)
    assert spaces.known == {}
    assert told == []


def test_a_mistake_is_told_once(qtbot: QtBot, bridge: Bridge, spaces: Spaces, count: Counter) -> None:
    errors: list[BaseException] = []
    bridge.on_error = lambda _, error: errors.append(error)
    count.answer = RuntimeError("a mistake")
    spaces.watch(True)
    there(spaces, b"bundle:/a")
    qtbot.waitUntil(lambda: bool(errors), timeout=LIMIT_MS)
    spaces._look_for_work()
    settled(qtbot, spaces)
    assert len(errors) == 1


def test_other_kinds_have_no_space(spaces: Spaces, count: Counter) -> None:
    spaces.watch(True)
    spaces.choose(None)
    spaces.hear(batch(seen(b"/a.sock")))
    assert spaces._now is None
