"""``racewatch drill``: both cleaners race for real, nothing is left, and what cannot be is said."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from racewatch.drill.contest import Arm, Contest, ContestName, Drill, Standing
from racewatch.drill.crowd import DrillError
from racewatch.drill.naive import check_then_delete, checks
from racewatch.drill.report import verdict
from racewatch.drill.run import drill
from tests.contract.support import PROGRAM, Program, Things, environment


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.01)


def quiet(folder: str) -> set[str]:
    return {name for name in os.listdir(folder) if name.startswith("racewatch-drill-")}


@pytest.mark.timeout(300)
def test_racewatch_loses_nothing_and_nothing_is_left(racewatch: Program, things: Things) -> None:
    run = racewatch("drill", things.folder, "--seconds", "0.7", "--json")
    assert (run.code, run.err) == (0, "")
    said = json.loads(run.out)
    assert (said["schema"], said["folder"], said["lost"]) == (1, things.folder, 0)
    assert [one["name"] for one in said["contests"]] == ["server", "lock", "directory"]
    for one in said["contests"]:
        # How many there are in a time is the machine's business; each of the four came back at least once.
        assert one["naive"]["lives"] > 4
        assert one["racewatch"]["lives"] > 4
        assert one["racewatch"]["lost"] == 0
    # It deleted what was left over, and racewatch answered in its own words.
    assert sum(one["naive"]["acts"]["deleted"] for one in said["contests"]) > 0
    words = {word for one in said["contests"] for word in one["racewatch"]["acts"]}
    assert words <= {
        "done",
        "gone",
        "refused_changed",
        "refused_live",
        "refused_busy",
        "refused_unproven",
        "failed",
    }
    assert words
    assert not quiet(things.folder)


def test_for_people_it_is_a_table_and_a_sentence(racewatch: Program, things: Things) -> None:
    run = racewatch("drill", things.folder, "--seconds", "0.1")
    assert run.code == 0
    header, *rows = run.out.splitlines()
    assert header.split("\t") == ["RACE", "CHECK, THEN DELETE", "RACEWATCH", "ITS ACTS"]
    assert rows[0].startswith("a server that respawns its socket\t")
    assert "lives lost" in rows[2]
    assert "check-then-delete lost" in rows[-1]
    assert "about 1 seconds" in run.err


@pytest.mark.parametrize("where", ["missing", "file", "read-only"])
def test_where_it_cannot_be_held(racewatch: Program, tmp_path: Path, where: str) -> None:
    place = tmp_path / where
    if where == "file":
        place.touch()
    if where == "read-only":
        # Not even root makes a folder there.
        place = Path("/proc/self")
    run = racewatch("drill", str(place), "--seconds", "0.1")
    assert run.code == 2
    assert "no folder for the drill can be made in" in run.err
    assert run.out == ""


def begin_a_drill(things: Things) -> None:
    """And stop it before its first contest."""
    drill(os.fsencode(things.folder), told=lambda standing: False)


def test_what_a_killed_drill_left_goes_with_the_next(things: Things) -> None:
    killed = subprocess.Popen(
        [*PROGRAM, "drill", things.folder, "--seconds", "30"], stderr=subprocess.DEVNULL, env=environment()
    )
    try:
        until(lambda: bool(list(Path(things.folder).glob("*/made-by.json"))))
        its_own = quiet(things.folder)
        # While it lives, it is left alone.
        begin_a_drill(things)
        assert quiet(things.folder) == its_own
    finally:
        killed.kill()
        killed.wait()

    def gone() -> bool:
        begin_a_drill(things)
        return not quiet(things.folder)

    until(gone)  # perhaps not at once: its own processes see its end, and may make one more name


def test_it_tells_how_it_stands_and_can_be_stopped(things: Things) -> None:
    told: list[Standing] = []

    def tell(how: Standing) -> bool:
        told.append(how)
        return how.name is not ContestName.LOCK or how.passed == 0.0

    held = drill(os.fsencode(things.folder), 0.3, told=tell)
    begun = [(how.name, how.ours) for how in told if how.passed == 0.0]
    assert begun == [(ContestName.SERVER, False), (ContestName.SERVER, True), (ContestName.LOCK, False)]
    assert [one.name for one in held.contests] == [ContestName.SERVER]
    for ours in (False, True):
        arm = [how for how in told if (how.name, how.ours) == (ContestName.SERVER, ours)]
        assert len(arm) > 2
        assert [how.lives for how in arm] == sorted(how.lives for how in arm)
        whole = held.contests[0].ours if ours else held.contests[0].naive
        assert (arm[-1].lives, arm[-1].lost) == (whole.lives, whole.lost)
    assert not quiet(things.folder)


def test_an_adversary_that_cannot_start_is_said(things: Things, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/bin/true")
    with pytest.raises(DrillError, match="could not be started"):
        drill(os.fsencode(things.folder), 0.1)
    assert not quiet(things.folder)


def test_the_naive_cleaner_is_no_straw_man(things: Things) -> None:
    """It takes what is left over, and leaves what it sees alive."""
    states = os.path.join(things.folder, "states")
    looks = checks(states)
    os.makedirs(os.path.join(states, "used"))
    for name in ("used", "left"):
        os.mkdir(os.path.join(things.folder, name))
    paths = [os.path.join(things.folder, name) for name in ("used", "left", "none")]
    assert check_then_delete(paths, looks[ContestName.DIRECTORY]) == 1
    assert [os.path.exists(path) for path in paths] == [True, False, False]
    live, dead = things.live("live.sock"), things.dead("dead.sock")
    assert check_then_delete([live, dead], looks[ContestName.SERVER]) == 1
    assert os.path.exists(live)
    assert not os.path.exists(dead)
    with subprocess.Popen(["true"]) as ended:
        pass
    held, left = os.path.join(things.folder, "held.lock"), os.path.join(things.folder, "left.lock")
    Path(held).write_text(f"{os.getpid()}\n")
    Path(left).write_text(f"{ended.pid}\n")
    assert check_then_delete([held, left], looks[ContestName.LOCK]) == 1
    assert os.path.exists(held)


def told(
    fstype: str, lost: int = 0, words: Mapping[str, int] | None = None, problem: str | None = None
) -> str:
    naive, ours = Arm(100, 7, {"deleted": 50}), Arm(100, lost, words or {})
    return verdict(Drill(b"/here", fstype, 1.0, (Contest(ContestName.LOCK, naive, ours),), problem))


def test_what_it_means_is_said_in_one_sentence() -> None:
    assert told("ext4", words={"done": 3}) == (
        "/here (ext4) can be trusted: racewatch lost nothing; check-then-delete lost 7."
    )
    assert "too busy for it to remove anything" in told("ext4")
    assert "That must not be" in told("ext4", lost=1)
    assert "racewatch refuses there: it overwrites" in told("ext4", problem="it overwrites")
    assert "asks for a person's word" in told("nfs4", words={"done": 3})
