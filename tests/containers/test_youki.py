"""youki's state as it writes it: its own word for the state, no start time, no control groups, half-written at times.

No youki could be installed where these were written, so its files are made as its source has them
(crates/libcontainer/src/container/state.rs: serde's compact JSON, camelCase, ``truncate`` and write); the
processes, control groups and mounts are real.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from racewatch.core.act import act
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, Observation, OutcomeWord, Removable, Verdict
from racewatch.kinds.containers import ContainersKind
from racewatch.kinds.containers.roots import StateRoot, target_of
from racewatch.kinds.containers.state import NotUnderstood, Recorded, Runtime, parse
from racewatch.kinds.seeing import describe
from racewatch.linux import cgroups

NAME = "web-1"
WORDS = ("creating", "created", "running", "paused", "stopped")


def written(word: str, pid: int | None, created: float | None = None, **more: object) -> bytes:
    """``state.json``: what is None is left out, but for the last field."""
    when = datetime.fromtimestamp(time.time() if created is None else created, UTC)
    said = {
        "ociVersion": "v1.0.2",
        "id": NAME,
        "status": word,
        **({} if pid is None else {"pid": pid}),
        "bundle": "/srv/bundles/web",
        "annotations": {},
        "created": f"{when:%Y-%m-%dT%H:%M:%S.%f}123Z",
        "creator": 0,
        "useSystemd": False,
        "cleanUpIntelRdtSubdirectory": None,
        **more,
    }
    return json.dumps(said, separators=(",", ":")).encode()


@pytest.fixture
def root(folder: Path) -> StateRoot:
    (folder / "youki" / NAME).mkdir(parents=True)
    # What else it keeps there; none of it is opened.
    (folder / "youki" / NAME / "youki_config.json").write_text("{}")
    return StateRoot(Runtime.YOUKI, bytes(folder / "youki"))


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    made = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield made
    made.kill()
    made.wait()


def look(root: StateRoot, state: bytes) -> Observation:
    Path(os.fsdecode(root.path), NAME, "state.json").write_bytes(state)
    seen = ContainersKind([root], default_roots=False).look(target_of(root, NAME.encode()))
    assert seen is not None
    return seen


def began(pid: int) -> float:
    owner = describe(pid)
    assert owner is not None
    return owner.started


def is_refused(root: StateRoot, seen: Observation, journal: Journal) -> bool:
    kind = ContainersKind([root], default_roots=False)
    words = [
        act(
            ActRequest(seen.target, seen.fingerprint, override=word), kind.procedure(seen.target), journal
        ).word
        for word in (False, True)
    ]
    return all(word.is_refusal for word in words)


@pytest.mark.parametrize("word", WORDS)
def test_every_word_is_read(word: str) -> None:
    said = parse(Runtime.YOUKI, NAME, written(word, 4711, annotations={"org.example": "a"}))
    assert isinstance(said, Recorded)
    assert (said.id, said.pid, said.start_ticks, said.word) == (NAME, 4711, None, word)
    assert (said.bundle, said.labels) == (b"/srv/bundles/web", ("org.example=a",))


def test_a_half_written_one_is_not_understood() -> None:
    whole = written("running", 4711)
    for end in range(len(whole)):
        assert isinstance(parse(Runtime.YOUKI, NAME, whole[:end]), NotUnderstood), whole[:end]
    assert isinstance(parse(Runtime.YOUKI, "another", whole), NotUnderstood)


@pytest.mark.parametrize(
    ("word", "label", "verdict"),
    [
        ("running", "running", Verdict.LIVE),
        ("stopped", "running", Verdict.LIVE),  # its own word is older than the process
        ("creating", "creating", Verdict.UNKNOWN),
    ],
)
def test_a_process_that_began_as_it_was_made_is_its_own(
    root: StateRoot,
    journal: Journal,
    process: subprocess.Popen[bytes],
    word: str,
    label: str,
    verdict: Verdict,
) -> None:
    seen = look(root, written(word, process.pid, began(process.pid)))
    assert (seen.label, seen.verdict) == (label, verdict), seen.summary
    assert is_refused(root, seen, journal)
    assert process.poll() is None


def test_another_process_of_that_number_proves_nothing(
    root: StateRoot, journal: Journal, process: subprocess.Popen[bytes]
) -> None:
    """youki itself takes whoever has the number for the container, and would kill it."""
    seen = look(root, written("running", process.pid, began(process.pid) - 86_400))
    assert (seen.verdict, seen.removable) == (Verdict.UNKNOWN, Removable.NEVER)
    assert "not started when the container was made" in seen.summary
    assert is_refused(root, seen, journal)
    assert process.poll() is None


def test_an_ended_one_is_not_proved_left_over(root: StateRoot, journal: Journal) -> None:
    """Nothing tells which control groups, and which root file system, were its own."""
    done = subprocess.Popen(["true"])
    done.wait()
    seen = look(root, written("running", done.pid))
    assert (seen.label, seen.verdict, seen.removable) == ("stopped", Verdict.UNKNOWN, Removable.NEVER)
    assert is_refused(root, seen, journal)


def test_what_lives_in_a_group_of_its_name_is_seen(
    root: StateRoot, journal: Journal, process: subprocess.Popen[bytes]
) -> None:
    hierarchy = cgroups.hierarchies()[-1]
    group = Path(os.fsdecode(hierarchy.point), f"racewatch-test-{os.getpid()}", NAME)
    home = hierarchy.point
    try:
        group.mkdir(parents=True)
        (group / "cgroup.procs").write_text(str(process.pid))
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    try:
        done = subprocess.Popen(["true"])
        done.wait()
        seen = look(root, written("stopped", done.pid))
        assert (seen.label, seen.verdict) == ("stopped, processes left", Verdict.LIVE)
        kind = ContainersKind([root], default_roots=False)
        request = ActRequest(seen.target, seen.fingerprint)
        assert act(request, kind.procedure(seen.target), journal).word is OutcomeWord.REFUSED_LIVE
    finally:
        (Path(os.fsdecode(home)) / "cgroup.procs").write_text(str(process.pid))
        group.rmdir()
        group.parent.rmdir()
