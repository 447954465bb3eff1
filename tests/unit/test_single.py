"""One window for each state folder: who is first, who is called, and what a dead or hanging first leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from racewatch.single import LOCK_NAME, First, Raised, Silent, activation_of, take_place

HOLD = """
import os, sys
from racewatch.single import take_place
place = take_place(os.fsencode(sys.argv[1]))
print(type(place).__name__, flush=True)
sys.stdin.read()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "First\n"
    return process


def first(folder: Path) -> First:
    place = take_place(os.fsencode(folder))
    assert isinstance(place, First)
    return place


def test_of_many_at_once_one_is_first(tmp_path: Path) -> None:
    begin = threading.Barrier(8)
    places: list[First | Raised | Silent] = []

    def start() -> None:
        begin.wait()
        places.append(take_place(os.fsencode(tmp_path / "state"), patience=0.2))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = (place for place in places if isinstance(place, First))
    assert sum(isinstance(place, Silent) for place in places) == 7
    winner.close()


def test_the_first_is_called_and_brings_the_permission_along(tmp_path: Path) -> None:
    place = first(tmp_path)
    place.door.setblocking(True)
    heard: list[str | None] = []

    def answer() -> None:
        connection, _ = place.door.accept()
        with connection:
            heard.append(activation_of(connection.recv(4096)))
            connection.sendall(b"raised\n")

    thread = threading.Thread(target=answer)
    thread.start()
    assert take_place(os.fsencode(tmp_path), activation="token-1") == Raised(os.getpid())
    thread.join()
    assert heard == ["token-1"]
    place.close()


def test_who_answers_wrongly_has_not_raised_anything(tmp_path: Path) -> None:
    place = first(tmp_path)
    place.door.setblocking(True)

    def hang_up() -> None:
        for answer in (b"", b"what?\n"):
            connection, _ = place.door.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

    thread = threading.Thread(target=hang_up)
    thread.start()
    assert isinstance(take_place(os.fsencode(tmp_path), patience=0.2), Silent)
    thread.join()
    place.close()


def test_one_that_hangs_is_named(tmp_path: Path) -> None:
    process = hold(tmp_path)
    process.send_signal(signal.SIGSTOP)
    place = take_place(os.fsencode(tmp_path), patience=0.2)
    assert isinstance(place, Silent)
    assert place.pid == process.pid
    assert place.host == os.uname().nodename
    process.kill()
    process.communicate()


def test_what_a_killed_one_left_is_in_nobodys_way(tmp_path: Path) -> None:
    process = hold(tmp_path)
    process.kill()
    process.communicate()
    assert (tmp_path / os.fsdecode(LOCK_NAME)).read_bytes()
    first(tmp_path).close()


def test_a_lock_that_says_nonsense_is_held_all_the_same(tmp_path: Path) -> None:
    place = first(tmp_path)
    odd = (b"[" * 4000, b'{"v":1,"door":"\\ud800"}')  # too deep to be read, and a name that is none
    for nonsense in (b"", b"\xff\x00", b"[]", b'{"v":2}', b'{"v":1,"door":7,"pid":"x"}', *odd):
        (tmp_path / os.fsdecode(LOCK_NAME)).write_bytes(nonsense)
        assert take_place(os.fsencode(tmp_path), patience=0.0) == Silent(None, None)
    place.close()


def test_only_a_call_is_a_call() -> None:
    assert activation_of(b'{"v":1,"activation":"x"}\n') == "x"
    assert activation_of(b'{"v":1,"activation":"\\u001b"}\n') == ""
    assert activation_of(b'{"v":1}\n') == ""
    for other in (b"\n", b"[1]\n", b"[" * 4000 + b"\n", b'{"v":2,"activation":"x"}\n', b"\xff\n"):
        assert activation_of(other) is None
