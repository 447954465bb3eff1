"""Runtimes and engines at their default places, on control groups of each version: in a box."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest

from tests.containers.box import VERSIONS, end, in_box, pytest_in_box, start
from tests.race.telling import Tell, teller

# Every state and every verb; of the races, on version 2, those about control groups.
SHORT = {
    "v2": ("test_in_box.py", "test_states.py"),
    "v1": (
        "test_in_box.py",
        "test_states.py::test_each_state",
        "test_states.py::test_a_child_that_outlives_the_first_process",
    ),
}
EVERYTHING = ("test_in_box.py", "test_states.py", "test_races.py", "test_hot.py")


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Tell:
    return teller(request.config)


def run(version: str, tests: tuple[str, ...], tell: Tell) -> None:
    ran = pytest_in_box(version, tests)
    skips = "; ".join(f"{count} skipped: {why}" for why, count in ran.skipped.items())
    tell(f"  in a box of cgroup {version}: {ran.passed} tests passed{'; ' + skips if skips else ''}")
    # Here everything is as those tests need it, but for the other version.
    assert not [why for why in ran.skipped if "version" not in why and not why.startswith("long")], (
        ran.skipped
    )


# Outside a box every other test of containers uses version 1 already.
@pytest.mark.timeout(400)
@pytest.mark.parametrize("version", ["v2", pytest.param("v1", marks=pytest.mark.long)])
def test_every_state_and_verb_at_the_default_places(version: str, tell: Tell) -> None:
    run(version, SHORT[version], tell)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("version", VERSIONS)
def test_everything_at_the_default_places(version: str, tell: Tell) -> None:
    run(version, EVERYTHING, tell)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_box_that_is_ended_leaves_nothing_behind(version: str) -> None:
    """With a container in it that is paused: what is frozen in version 1 cannot even be killed."""
    in_box(version, "true")  # or it is skipped
    before = left()
    box = start(version, "sh", "-c", FREEZE)
    try:
        assert box.stdout is not None
        assert box.stdout.readline() == b"frozen\n"
    finally:
        end(box)
    assert box.returncode != 0
    assert left() == before


FREEZE = """\
sleep 600 & pid=$!
folder=/sys/fs/cgroup/freezer; [ -d $folder ] || folder=/sys/fs/cgroup
mkdir $folder/ice /run/runc /run/runc/left && echo $pid > $folder/ice/cgroup.procs
if [ -e $folder/ice/freezer.state ]; then echo FROZEN > $folder/ice/freezer.state
else echo 1 > $folder/ice/cgroup.freeze; fi
echo frozen
wait
"""


def left() -> set[str]:
    """Groups of boxes, and what lies where runtimes keep their state."""
    groups = glob.glob("/sys/fs/cgroup/**/racewatch-box.*", recursive=True)
    states = [name for root in ("/run/runc", "/run/crun") if Path(root).is_dir() for name in os.listdir(root)]
    return {*groups, *states}
