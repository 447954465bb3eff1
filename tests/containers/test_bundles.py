"""Bundles: who uses one, and that taking one away that nobody uses is undone whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from racewatch.core.act import Step, act
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, Observation, Outcome, OutcomeWord, Removable, Verdict
from racewatch.core.undo import undo
from racewatch.kinds.containers import ContainersKind
from racewatch.kinds.containers.bundles import target_of
from racewatch.kinds.containers.state import Runtime
from racewatch.linux import processes
from tests.containers.support import Machine, machine, make_bundle, runs

CHROOTED = "import os, sys, time; os.chroot(sys.argv[1]); os.chdir('/'); print(flush=True); time.sleep(600)"


@pytest.fixture(autouse=True)
def everybody_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The init of some machines keeps even root from looking into it: then nothing here could be proved."""
    blind = processes.has_no_files
    monkeypatch.setattr(processes, "has_no_files", lambda pid: pid == 1 or blind(pid))


@pytest.fixture
def runc(folder: Path) -> Iterator[Machine]:
    made = machine(Runtime.RUNC, folder)
    yield made
    made.close()


def look(machine: Machine, bundle: Path) -> Observation:
    seen = machine.kind.look(target_of(os.fsencode(bundle)))
    assert seen is not None
    return seen


def remove(machine: Machine, bundle: Path, journal: Journal, *, override: bool = False) -> Outcome:
    target = target_of(os.fsencode(bundle))
    request = ActRequest(target, look(machine, bundle).fingerprint, override=override)
    return act(request, machine.kind.procedure(target), journal)


def test_a_bundle_that_nobody_uses_goes_and_comes_back_whole(runc: Machine, journal: Journal) -> None:
    seen = look(runc, runc.bundle)
    assert (seen.verdict, seen.label) == (Verdict.STALE, "orphaned bundle"), seen.summary
    inode = runc.bundle.stat().st_ino
    outcome = remove(runc, runc.bundle, journal)
    assert outcome.word is OutcomeWord.DONE, outcome.summary
    assert outcome.undoable
    assert not runc.bundle.exists()
    # What is kept aside is no bundle of anybody's.
    assert list(runc.kind.scan_below([os.fsencode(runc.folder)])) == []
    assert undo(outcome.action, journal).word is OutcomeWord.DONE
    assert runc.bundle.stat().st_ino == inode
    assert (runc.bundle / "rootfs/bin/busybox").exists()
    runc.run("delete", runc.make("stopped"))  # it works


@pytest.mark.parametrize("state", ["created", "running", "stopped"])
def test_a_bundle_of_a_container_is_in_use(runc: Machine, journal: Journal, state: str) -> None:
    name = runc.make(state)
    seen = look(runc, runc.bundle)
    assert (seen.verdict, seen.label) == (Verdict.LIVE, "bundle in use")
    if state == "stopped":
        assert f"runc container {name}" in seen.summary
    assert remove(runc, runc.bundle, journal, override=True).word is OutcomeWord.REFUSED_LIVE
    if state != "stopped":
        assert runs(runc.pid(name))


def test_a_mount_below_it_keeps_it(runc: Machine, journal: Journal, folder: Path) -> None:
    dear = folder / "dear"
    dear.mkdir()
    (dear / "data").write_text("the host's")
    place = runc.bundle / "rootfs" / "tmp"
    subprocess.run(["mount", "--bind", dear, place], check=True)
    try:
        assert look(runc, runc.bundle).verdict is Verdict.LIVE
        assert remove(runc, runc.bundle, journal, override=True).word is OutcomeWord.REFUSED_LIVE
    finally:
        subprocess.run(["umount", place], check=True)
    assert (dear / "data").read_text() == "the host's"


def test_a_mount_that_comes_at_the_last_moment(runc: Machine, journal: Journal, folder: Path) -> None:
    dear = folder / "dear"
    dear.mkdir()
    target = target_of(os.fsencode(runc.bundle))
    mounted: list[Path] = []

    def mount(step: Step) -> None:
        if step is Step.VERIFY:
            (aside,) = folder.glob(".racewatch.*")
            place = aside / "rootfs" / "tmp"
            subprocess.run(["mount", "--bind", dear, place], check=True)
            mounted.append(runc.bundle / "rootfs" / "tmp")

    request = ActRequest(target, look(runc, runc.bundle).fingerprint)
    outcome = act(request, runc.kind.procedure(target), journal, on_step=mount)
    assert outcome.word is OutcomeWord.REFUSED_LIVE, outcome.summary
    assert (runc.bundle / "config.json").exists()
    for place in mounted:
        subprocess.run(["umount", place], check=True)


def test_a_process_rooted_in_it_keeps_it(runc: Machine, journal: Journal) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHROOTED, runc.bundle / "rootfs"], stdout=subprocess.PIPE
    ) as inside:
        assert inside.stdout is not None
        inside.stdout.readline()
        seen = look(runc, runc.bundle)
        assert seen.verdict is Verdict.LIVE
        assert seen.owner is not None
        assert seen.owner.pid == inside.pid
        assert remove(runc, runc.bundle, journal).word is OutcomeWord.REFUSED_LIVE
        inside.kill()


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", '{"ociVersion":"1.0"}', '{"ociVersion":"1.0","root":{"path":"none"}}', "[" * 9999],
)
def test_what_is_no_bundle(runc: Machine, content: str) -> None:
    (runc.bundle / "config.json").write_text(content)
    assert runc.kind.look(target_of(os.fsencode(runc.bundle))) is None
    assert list(runc.kind.scan_below([os.fsencode(runc.folder)])) == []


def test_a_config_that_must_not_be_opened(runc: Machine) -> None:
    (runc.bundle / "config.json").unlink()
    os.mkfifo(runc.bundle / "config.json")
    assert runc.kind.look(target_of(os.fsencode(runc.bundle))) is None
    (runc.bundle / "config.json").unlink()
    (runc.bundle / "config.json").symlink_to("/etc/passwd")
    assert runc.kind.look(target_of(os.fsencode(runc.bundle))) is None


def test_a_state_root_that_cannot_be_read_leaves_doubt(runc: Machine, folder: Path) -> None:
    """Some container there may be made of it."""
    broken = runc.root / "half"
    broken.mkdir()
    seen = look(runc, runc.bundle)
    assert (seen.verdict, seen.removable) == (Verdict.UNKNOWN, Removable.OVERRIDE)
    assert "does not say which bundle" in seen.summary


def test_an_engines_bundle_is_the_engines(runc: Machine, folder: Path, journal: Journal) -> None:
    place = folder / "overlay-containers" / "abc" / "userdata"
    place.parent.mkdir(parents=True)
    make_bundle(place)
    seen = look(runc, place)
    assert (seen.verdict, seen.removable) == (Verdict.IDLE, Removable.NEVER)
    assert "Podman" in seen.summary
    assert remove(runc, place, journal, override=True).word is OutcomeWord.REFUSED_FORBIDDEN


def test_scans_find_it_by_root_and_by_directory(runc: Machine) -> None:
    kind = ContainersKind([runc.state_root], default_roots=False, only_bundles=True)
    runc.make("stopped")
    above, path = os.fsencode(runc.folder), os.fsencode(runc.bundle)
    wanted = {target_of(path)}
    for found in (
        kind.scan([above]),
        kind.scan_directory(above),
        kind.scan_names(above, [b"bundle", b"state"]),
    ):
        assert {one.target for one in found if isinstance(one, Observation)} == wanted
    assert kind.target_around(path) == target_of(path)
    assert list(kind.places()) == []


@pytest.mark.parametrize("step", [one for one in Step if one is not Step.RESTORE], ids=str)
def test_a_container_is_made_of_it_meanwhile(runc: Machine, journal: Journal, step: Step) -> None:
    """Either it is made, and keeps its bundle, or there is no bundle to make it of."""
    target = target_of(os.fsencode(runc.bundle))
    request = ActRequest(target, look(runc, runc.bundle).fingerprint)
    made: list[str] = []

    def make(now: Step) -> None:
        if now is step and runc.bundle.exists():
            made.append(runc.make("running"))

    outcome = act(request, runc.kind.procedure(target), journal, on_step=make)
    if made:
        assert outcome.word is OutcomeWord.REFUSED_LIVE, outcome.summary
        assert runs(runc.pid(made[0]))
        assert (runc.bundle / "rootfs/bin/busybox").exists()
    else:
        assert outcome.word is OutcomeWord.DONE, outcome.summary
        assert not runc.bundle.exists()
    assert bool(made) == (step not in (Step.VERIFY, Step.COMMIT, Step.RECORD))


def test_a_bundle_of_apples_is_recognised_and_left_alone(
    runc: Machine, folder: Path, journal: Journal
) -> None:
    place = folder / "share" / "my container"
    place.mkdir(parents=True)
    for name in ("config.json", "options.json", "kernel.json", "initfs.ext4", "rootfs.ext4"):
        (place / name).write_text('{"id": "web"}')
    seen = look(runc, place)
    assert (seen.verdict, seen.removable, seen.label) == (
        Verdict.UNKNOWN,
        Removable.NEVER,
        "apple/container",
    )
    assert seen.remedy == "on that Mac: container delete 'my container'"
    assert remove(runc, place, journal, override=True).word is OutcomeWord.REFUSED_FORBIDDEN
    found = runc.kind.scan_below([os.fsencode(place.parent)])
    assert [one.target for one in found if isinstance(one, Observation)] == [seen.target]
