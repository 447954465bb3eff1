"""What holds for every test: nothing outside is touched, and nothing is left behind.

Each test gets its own state, configuration and runtime folders, so that no test ever reads or
writes the journal of the person who runs it.  After each test its threads, child processes and
file descriptors must be gone again; a leak is a failure of that test.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before anything imports Qt: tests that want a real display make their own (tests/ui).
os.environ["QT_QPA_PLATFORM"] = os.environ.get("RACEWATCH_TEST_PLATFORM", "offscreen")
os.environ["QT_API"] = "pyside6"
# A session bus that is not there makes Qt wait; tests that need one start their own.
os.environ["DBUS_SESSION_BUS_ADDRESS"] = "disabled:"

# Whoever starts the tests in the background of a script has Ctrl-C and hanging up ignored, for all children too.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

LEAK_DEADLINE_S = 5.0


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the tests marked long as well")
    parser.addoption("--soak", action="store_true", help="run the tests marked soak as well")
    parser.addoption("--soak-minutes", type=float, default=20.0, help="how long each of them lasts (20)")


#: Where the tests of core/ are: the folders whose tests are measured.  Measuring makes everything that computes
#: take nearly twice as long, and only core/ has a bar of coverage.
_MEASURED = tuple(Path(__file__).parent / name for name in ("unit", "race", "crash", "contract"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if not any(item.path.is_relative_to(folder) for folder in _MEASURED):
            item.add_marker("no_cover")
    for word in ("long", "soak"):
        if config.getoption(f"--{word}"):
            continue
        skip = pytest.mark.skip(reason=f"{word}: ./packaging/test --{word} runs it")
        for item in items:
            if item.get_closest_marker(word):
                item.add_marker(skip)


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """State, configuration and runtime folders of this test alone."""
    home = tmp_path_factory.mktemp("own")
    monkeypatch.setenv("RACEWATCH_STATE_DIR", str(home / "state"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "xdg-state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg-config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "xdg-cache"))
    runtime = home / "runtime"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))


def _threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.is_alive()}


def _children() -> set[str]:
    """Direct children, zombies too (a zombie is a child nobody waited for)."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            pids = (task / "children").read_text().split()
        except OSError:
            continue  # the thread ended meanwhile
        for pid in pids:
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
                started = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
            except OSError:
                continue
            if b"multiprocessing.resource_tracker" in command or b"multiprocessing.forkserver" in command:
                continue  # lives as long as the interpreter, on purpose
            found.add(f"child {pid} (started {started}) {os.fsdecode(command).strip() or 'zombie'}")
    return found


def _descriptors() -> set[str]:
    """Open descriptors by number and meaning."""
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        try:
            meaning = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            continue  # the descriptor of this very listing
        found.add(f"descriptor {fd} -> {meaning}")
    return found


# What Qt opens when it first needs it and keeps for the life of the process.
_KEPT_BY_QT = (
    "anon_inode:[eventfd]",
    "anon_inode:[timerfd]",
    "/memfd:",
    "/usr/share/",
    "/dev/dri",
    "/dev/shm",
)


@pytest.fixture(autouse=True)
def nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails the test that leaves a thread, a child process or a descriptor behind.

    Set up before the test's own function fixtures, so it looks after they were torn down.
    Fixtures of a wider scope were made before it, so what they hold is not counted.
    """
    uses_qt = "qapp" in request.fixturenames
    threads, children, descriptors = _threads(), _children(), _descriptors()
    yield
    if request.node.get_closest_marker("leaks"):
        return
    deadline = time.monotonic() + LEAK_DEADLINE_S
    while True:
        left = [f"thread {thread.name}" for thread in _threads() - threads]
        left += _children() - children
        left += [
            entry
            for entry in _descriptors() - descriptors
            if not (uses_qt and any(kept in entry for kept in _KEPT_BY_QT))
        ]
        if not left:
            return
        if time.monotonic() > deadline:
            pytest.fail("left behind: " + "; ".join(sorted(left)), pytrace=False)
        gc.collect()  # an object in a cycle closes when it is collected, not before
        threading.Event().wait(0.01)  # the last instants of a thread or child that was told to end
