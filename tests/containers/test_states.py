"""Every state of a real container: what it is called, what remove answers, and that nothing live is lost."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from racewatch.core.act import act
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, Observation, Outcome, OutcomeWord, Removable, Verdict
from racewatch.kinds.containers import observe
from racewatch.kinds.containers.state import Runtime
from racewatch.linux import cgroups
from tests.containers.support import BOX, Machine, make_bundle, runs, until


def remove(machine: Machine, name: str, journal: Journal, *, override: bool = False) -> Outcome:
    target = machine.target(name)
    seen = machine.look(name)
    return act(
        ActRequest(target, seen.fingerprint, override=override), machine.kind.procedure(target), journal
    )


def says(seen: Observation, check: str) -> str:
    return next(one.detail for one in seen.evidence if one.check == check)


@pytest.mark.parametrize(
    ("state", "verdict", "word", "on_a_word"),
    [
        ("created", Verdict.UNKNOWN, OutcomeWord.REFUSED_UNPROVEN, OutcomeWord.DONE),
        ("running", Verdict.LIVE, OutcomeWord.REFUSED_LIVE, OutcomeWord.REFUSED_LIVE),
        ("paused", Verdict.LIVE, OutcomeWord.REFUSED_LIVE, OutcomeWord.REFUSED_LIVE),
        ("stopped", Verdict.STALE, OutcomeWord.DONE, OutcomeWord.DONE),
    ],
)
@pytest.mark.parametrize("override", [False, True])
def test_each_state(
    each: Machine,
    journal: Journal,
    state: str,
    verdict: Verdict,
    word: OutcomeWord,
    on_a_word: OutcomeWord,
    override: bool,
) -> None:
    name = each.make(state)
    pid = each.pid(name)
    seen = each.look(name)
    assert (seen.label, seen.verdict) == (state, verdict)
    outcome = remove(each, name, journal, override=override)
    assert outcome.word is (on_a_word if override else word), outcome.summary
    if outcome.word is OutcomeWord.DONE:
        assert not os.path.lexists(each.root / name)
        assert not runs(pid)
        assert not outcome.undoable
        assert "cannot be undone" in outcome.summary
        assert all(not os.path.exists(group) for group in cgroups.named(os.fsencode(name)))
        assert (each.bundle / "rootfs/bin/busybox").exists(), "the bundle is not the container"
    else:
        assert runs(pid)
        assert each.look(name).label == state
    assert not each.aside()


def test_a_container_started_behind_the_runtimes_back(runc: Machine, journal: Journal) -> None:
    """Any reader of runc's FIFO starts the container; runc goes on calling it created, and would kill it."""
    name = runc.make("created")
    assert runc.look(name).label == "created"
    with (runc.root / name / "exec.fifo").open("rb") as fifo:
        assert fifo.read() == b"0"
    pid = runc.pid(name)
    until(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n", "the start")
    seen = runc.look(name)
    assert (seen.verdict, seen.label) == (Verdict.LIVE, "started behind the runtime's back")
    assert remove(runc, name, journal).word is OutcomeWord.REFUSED_LIVE
    assert runs(pid)


def test_looking_never_opens_the_fifo(each: Machine) -> None:
    name = each.make("created")
    for _ in range(20):
        assert each.look(name).label == "created"
        assert len(list(each.kind.scan([]))) == 1
    each.run("start", name)
    assert each.look(name).label == "running"


def test_a_child_that_outlives_the_first_process(runc: Machine, journal: Journal, folder: Path) -> None:
    """Its runtime calls it stopped, and its delete would kill the child."""
    bundle = make_bundle(folder / "shared", args=("sh", "-c", "sleep 601 & exec sleep 600"), shared_pids=True)
    name = runc.make("running", bundle=bundle)
    first = runc.pid(name)
    group = runc.look(name)
    until(lambda: dict(runc.look(name).facts).get("processes") == "2", "the child")
    assert group.verdict is Verdict.LIVE
    os.kill(first, 9)
    until(lambda: not runs(first), "the end of the first process")
    seen = runc.look(name)
    assert (seen.verdict, seen.label) == (Verdict.LIVE, "stopped, processes left")
    outcome = remove(runc, name, journal)
    assert outcome.word is OutcomeWord.REFUSED_LIVE, outcome.summary
    (child,) = runc.look(name).others
    assert runs(child.pid)


@pytest.mark.parametrize("content", [None, b"", b'{"id":', b"[]", b'{"id":"other"}', b"\xff\xfe"])
def test_a_state_file_that_says_nothing(each: Machine, journal: Journal, content: bytes | None) -> None:
    """Half-made, or broken: while a process of it lives it is live, otherwise nobody knows."""
    name = each.make("running")
    pid = each.pid(name)
    file = each.root / name / each.runtime.state_file.decode()
    kept = file.read_bytes()
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    seen = each.look(name)
    assert (seen.verdict, seen.label) == (Verdict.LIVE, "broken state, processes live")
    assert remove(each, name, journal).word is OutcomeWord.REFUSED_LIVE
    os.kill(pid, 9)
    until(lambda: not runs(pid), "the end of the first process")
    seen = each.look(name)
    assert (seen.verdict, seen.label, seen.removable) == (Verdict.UNKNOWN, "creating", Removable.NEVER)
    assert remove(each, name, journal, override=True).word is OutcomeWord.REFUSED_FORBIDDEN
    file.write_bytes(kept)
    assert each.look(name).verdict is Verdict.STALE


def test_something_mounted_below_the_root_file_system(runc: Machine, journal: Journal, folder: Path) -> None:
    name = runc.make("stopped")
    dear = folder / "dear"
    dear.mkdir()
    (dear / "data").write_text("the host's")
    place = runc.bundle / "rootfs" / "tmp"
    subprocess.run(["mount", "--bind", dear, place], check=True)
    try:
        seen = runc.look(name)
        assert (seen.verdict, seen.removable) == (Verdict.UNKNOWN, Removable.NEVER)
        assert "is still mounted" in seen.summary
        assert remove(runc, name, journal, override=True).word is OutcomeWord.REFUSED_FORBIDDEN
    finally:
        subprocess.run(["umount", place], check=True)
    assert (dear / "data").read_text() == "the host's"
    assert runc.look(name).verdict is Verdict.STALE


def test_another_runtimes_container_in_the_same_group(each: Machine, journal: Journal, folder: Path) -> None:
    """Both runtimes use the group ``/ID``, and crun's delete kills whatever lives there."""
    from racewatch.kinds.containers.state import Runtime
    from tests.containers.support import machine

    other = Runtime.CRUN if each.runtime is Runtime.RUNC else Runtime.RUNC
    (folder / "other").mkdir()
    beside = machine(other, folder / "other")
    try:
        name = each.make("stopped")
        beside.make("running", name)
        pid = beside.pid(name)
        assert each.look(name).label == "stopped, processes left"
        assert remove(each, name, journal).word is OutcomeWord.REFUSED_LIVE
        assert runs(pid)
    finally:
        beside.close()


def test_a_number_that_belongs_to_another_process_now(each: Machine) -> None:
    name = each.make("stopped")
    file = each.root / name / each.runtime.state_file.decode()
    said = json.loads(file.read_bytes())
    said["init_process_pid" if "init_process_pid" in said else "pid"] = os.getpid()
    file.write_text(json.dumps(said))
    seen = each.look(name)
    assert seen.verdict is Verdict.STALE
    assert "another process has the number now" in says(seen, "first process")


def test_what_there_is_to_know_is_told(each: Machine, folder: Path) -> None:
    """Hooks wherever the runtime keeps them, the control groups, and that no runtime records an end."""
    bundle = make_bundle(folder / "hooked")
    config = json.loads((bundle / "config.json").read_text())
    # They read what they are told: a runtime that writes to one that is gone already ends of that.
    config["hooks"] = {"poststart": [{"path": "/bin/cat"}], "poststop": [{"path": "/bin/cat"}] * 2}
    (bundle / "config.json").write_text(json.dumps(config))
    name = each.make("running", bundle=bundle)
    facts = dict(each.look(name).facts)
    assert facts["hooks"] == "poststart: /bin/cat; poststop: /bin/cat, /bin/cat"
    assert f"/{name}" in facts["control groups"]
    assert facts["bundle"] == str(bundle)
    assert facts["root file system"] in (str(bundle / "rootfs"), "rootfs")
    assert facts["made"][:2] == "20"
    assert "finished" not in facts
    each.stop(name)
    assert dict(each.look(name).facts)["finished"] == f"{each.runtime} does not record when"
    if each.runtime is Runtime.CRUN:
        (each.root / name / "config.json").write_text("{")
        assert "hooks" not in dict(each.look(name).facts)


def test_hooks_run_once_and_a_failing_runtime_gives_it_back(
    runc: Machine, journal: Journal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = folder / "hook"
    hook.write_text(f"#!/bin/sh\necho ran >> {folder}/told\n")
    hook.chmod(0o755)
    bundle = make_bundle(folder / "hooked")
    config = json.loads((bundle / "config.json").read_text())
    config["hooks"] = {"poststop": [{"path": str(hook)}]}
    (bundle / "config.json").write_text(json.dumps(config))
    name = runc.make("stopped", bundle=bundle)
    assert ("hooks", f"poststop: {hook}") in runc.look(name).facts
    broken = folder / "bin"
    broken.mkdir()
    (broken / "runc").write_text("#!/bin/sh\necho 'no, not today' >&2\nexit 1\n")
    (broken / "runc").chmod(0o755)
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", f"{broken}:{path}")
    outcome = remove(runc, name, journal)
    assert outcome.word is OutcomeWord.FAILED
    assert "no, not today" in outcome.summary
    assert not (folder / "told").exists()
    monkeypatch.setenv("PATH", path)
    seen = runc.look(name)
    if BOX:
        # Its groups are gone by now, and without them nobody in a PID namespace of its own can tell.
        assert (seen.verdict, seen.removable) == (Verdict.UNKNOWN, Removable.NEVER)
        return
    assert seen.verdict is Verdict.STALE
    assert remove(runc, name, journal).word is OutcomeWord.DONE
    assert (folder / "told").read_text() == "ran\n"


def test_what_a_missing_program_means(
    each: Machine, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = each.make("stopped")
    with monkeypatch.context() as patched:
        patched.setenv("PATH", "/nowhere")
        outcome = remove(each, name, journal)
    assert outcome.word is OutcomeWord.REFUSED_DENIED
    assert f"{each.runtime} is not installed" in outcome.summary
    assert each.look(name).verdict is Verdict.STALE


def test_what_broke_off_long_ago_goes_on_a_persons_word(
    each: Machine, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never at once: a runtime that is just making it writes its state some tenths of a second later."""
    name = "broken-off"
    (each.root / name).mkdir()
    seen = each.look(name)
    assert (seen.verdict, seen.removable) == (Verdict.UNKNOWN, Removable.NEVER)
    monkeypatch.setattr(observe, "QUIET_SECONDS", -1.0)
    assert each.look(name).removable is Removable.OVERRIDE
    assert remove(each, name, journal).word is OutcomeWord.REFUSED_UNPROVEN
    assert (each.root / name).is_dir()
    outcome = remove(each, name, journal, override=True)
    assert outcome.word is OutcomeWord.DONE, outcome.summary
    assert not (each.root / name).exists()


def test_what_broke_off_with_a_mount_in_it_is_left(
    each: Machine, journal: Journal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its runtime's delete would empty what is mounted in there: not even on a person's word."""
    monkeypatch.setattr(observe, "QUIET_SECONDS", -1.0)
    place = each.root / "broken-off" / "place"
    place.mkdir(parents=True)
    assert each.look("broken-off").removable is Removable.OVERRIDE
    dear = folder / "dear"
    dear.mkdir()
    (dear / "data").write_text("the host's")
    subprocess.run(["mount", "--bind", dear, place], check=True)
    try:
        seen = each.look("broken-off")
        assert (seen.verdict, seen.removable) == (Verdict.UNKNOWN, Removable.NEVER)
        assert f"still mounted: {place}" in says(seen, "mounts")
        assert remove(each, "broken-off", journal, override=True).word is OutcomeWord.REFUSED_FORBIDDEN
    finally:
        subprocess.run(["umount", place], check=True)
    assert (dear / "data").read_text() == "the host's"
