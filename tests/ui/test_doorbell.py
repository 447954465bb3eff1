"""A second start: the window that is there comes to the front, and the second says so and ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from racewatch.single import First, Raised, Silent, take_place
from racewatch.ui.doorbell import Doorbell
from tests.ui.sandbox import Sandbox
from tests.ui.test_app import watching

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(tmp_path: Path) -> First:
    made = take_place(os.fsencode(tmp_path))
    assert isinstance(made, First)
    return made


def test_a_minimised_window_comes_back(qtbot: QtBot, tmp_path: Path, place: First) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.showMinimized()
    bell = Doorbell(place.door, window)
    answers: list[object] = []
    caller = threading.Thread(target=lambda: answers.append(take_place(os.fsencode(tmp_path))))
    caller.start()
    qtbot.waitUntil(lambda: bool(answers), timeout=5000)
    caller.join()
    assert answers == [Raised(os.getpid())]
    assert window.isVisible()
    assert not window.isMinimized()
    bell.close()
    place.close()


def test_a_window_that_is_ending_does_not_come_back(qtbot: QtBot, tmp_path: Path, place: First) -> None:
    # The second start was told that it is in front, ended, and nobody had a window.
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    bell = Doorbell(place.door, window)
    window.hide()
    answers: list[First | Raised | Silent] = []
    caller = threading.Thread(target=lambda: answers.append(take_place(os.fsencode(tmp_path))))
    caller.start()
    qtbot.wait(100)
    assert not answers
    assert not window.isVisible()
    bell.close()
    place.close()
    caller.join()
    (answer,) = answers
    assert isinstance(answer, First)
    answer.close()


def test_noise_at_the_door_is_hung_up_on(qtbot: QtBot, place: First) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    bell = Doorbell(place.door, window)
    for noise in (b"GET / HTTP/1.0\n", b"x" * 5000, b""):
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(place.door.getsockname())
            caller.sendall(noise)
            caller.shutdown(socket.SHUT_WR)
            caller.setblocking(False)
            ended: list[bytes] = []

            def hung_up(caller: socket.socket = caller, ended: list[bytes] = ended) -> bool:
                try:
                    ended.append(caller.recv(64))
                except BlockingIOError:
                    return False
                except ConnectionResetError:
                    ended.append(b"")
                return True

            qtbot.waitUntil(hung_up, timeout=5000)
            assert ended == [b""]
    assert not window.isVisible()
    bell.close()
    place.close()


def test_a_second_start_says_so_and_ends(sandbox: Sandbox, tmp_path: Path) -> None:
    environment = {**os.environ, "RACEWATCH_STATE_DIR": str(tmp_path / "s")}
    words = [sys.executable, "-m", "racewatch", "gui", os.fsdecode(sandbox.folder)]
    process = subprocess.Popen(
        words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        watching(process, tmp_path)
        second = subprocess.run(
            words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=20, check=False
        )
        assert (second.returncode, second.stderr) == (0, "")
        assert f"open already (process {process.pid}); its window was brought to the front" in second.stdout
        assert "not opened there" in second.stdout
    finally:
        process.terminate()
        out, errors = process.communicate(timeout=20)
    # The offscreen platform is no desktop, and says so when a window is raised.
    assert [line for line in errors.splitlines() if not line.startswith("This plugin does not support")] == []
    assert (process.returncode, out) == (0, "")
    after = take_place(os.fsencode(tmp_path / "s"), patience=0.0)
    assert isinstance(after, First)
    after.close()
