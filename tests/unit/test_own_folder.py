"""What a killed drill or demo left behind goes only when everybody who made it is proved dead."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from racewatch.drill import own_folder


def made(tmp_path: Path, pids: list[int]) -> Path:
    """A folder of these processes."""
    folder = Path(own_folder.make("try-", str(tmp_path)))
    (folder / "things").mkdir()
    own_folder.sign(str(folder), pids)
    return folder


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """Made by a process that has ended since."""
    process = subprocess.Popen(["sleep", "60"])
    try:
        return made(tmp_path, [process.pid])
    finally:
        process.kill()
        process.wait()


def change(note: str, value: object) -> Callable[[Path], object]:
    def do(folder: Path) -> object:
        file = folder / "made-by.json"
        return file.write_text(json.dumps({**json.loads(file.read_text()), note: value}))

    return do


def test_it_goes_when_its_maker_has_ended(tmp_path: Path, left: Path) -> None:
    asked: list[str] = []
    own_folder.sweep("other-", str(tmp_path))
    assert left.exists()
    own_folder.sweep("try-", str(tmp_path), asked.append)
    assert asked == [str(left)]
    assert not left.exists()


@pytest.mark.parametrize(
    "doubt",
    [
        change("boot", "another"),
        change("pid_namespace", 1),
        change("pid_namespace", None),
        change("processes", []),
        change("processes", "nonsense"),
        lambda folder: (folder / "made-by.json").unlink(),
        lambda folder: (folder / "made-by.json").write_text("nonsense"),
        lambda folder: folder.chmod(0o755),
        lambda folder: folder.symlink_to(folder.rename(folder.parent / "there")),
    ],
    ids=["boot", "namespace", "no-namespace", "nobody", "no-list", "no-note", "no-json", "open", "link"],
)
def test_in_doubt_it_stays(tmp_path: Path, left: Path, doubt: Callable[[Path], object]) -> None:
    doubt(left)
    names = sorted(os.listdir(tmp_path))
    own_folder.sweep("try-", str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == names
    assert any(path.name == "things" for path in tmp_path.rglob("things"))


def test_as_long_as_one_of_its_makers_lives_it_stays(tmp_path: Path) -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        folder = made(tmp_path, [process.pid, os.getpid()])
    finally:
        process.kill()
        process.wait()
    own_folder.sweep("try-", str(tmp_path))
    assert folder.exists()


def test_a_later_process_of_that_number_is_not_its_maker(tmp_path: Path) -> None:
    folder = made(tmp_path, [os.getpid()])
    note = json.loads((folder / "made-by.json").read_text())
    change("processes", [[os.getpid(), note["processes"][0][1] - 1]])(folder)
    own_folder.sweep("try-", str(tmp_path))
    assert not folder.exists()


def test_a_place_that_cannot_be_read_is_no_trouble(tmp_path: Path) -> None:
    own_folder.sweep("try-", str(tmp_path / "nowhere"))


def test_what_cannot_be_taken_away_stays(tmp_path: Path, left: Path) -> None:
    def fail(folder: str) -> None:
        raise OSError(folder)

    own_folder.sweep("try-", str(tmp_path), fail)
    assert left.exists()
