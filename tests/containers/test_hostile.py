"""What a hostile user or a clumsy operator puts into the way: nothing is lost, and nothing is said wrongly."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from racewatch.core.act import act
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, Observation, OutcomeWord, Problem, Removable, Verdict
from racewatch.kinds.containers import ContainersKind, engine_source, engine_transport
from racewatch.kinds.containers.bundles import target_of
from racewatch.kinds.containers.engine_answers import EngineError
from racewatch.kinds.containers.engine_client import EngineClient, Events
from racewatch.kinds.containers.engine_source import EngineSource
from racewatch.kinds.containers.roots import KUBERNETES, PODMAN, manager_of, manager_of_bundle
from racewatch.kinds.containers.shims import Task
from racewatch.kinds.containers.state import NotUnderstood, Recorded, Runtime, parse
from racewatch.linux import cgroups, processes
from racewatch.linux.probe import Presence
from tests.containers.engines import ID, at, http, misbehaving
from tests.containers.support import Machine, make_bundle, runs, until

CHROOTED = "import os, sys, time; os.chroot(sys.argv[1]); os.chdir('/'); print(flush=True); time.sleep(600)"
USER = 12345


@pytest.fixture(autouse=True)
def everybody_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The init of some machines keeps even root from looking into it: then nothing here could be proved."""
    blind = processes.has_no_files
    monkeypatch.setattr(processes, "has_no_files", lambda pid: pid == 1 or blind(pid))


@contextlib.contextmanager
def holding(*words: str | Path) -> Iterator[int]:
    """A process that has said that it is ready; ended afterwards, whatever happens."""
    with subprocess.Popen(words, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            holder.stdout.readline()
            yield holder.pid
        finally:
            holder.kill()


def plain_bundle(folder: Path) -> Path:
    (folder / "rootfs").mkdir(parents=True)
    (folder / "config.json").write_text('{"ociVersion": "1.0.2", "root": {"path": "rootfs"}}')
    return folder


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["{0}", "{id.x}", "x; reboot", "a\nb", "\x1b[2J"])
def test_a_hostile_folder_breaks_no_scan_and_no_shell(folder: Path, name: str) -> None:
    """Its name goes into a command that people paste into a shell."""
    plain_bundle(folder / "io.containerd.runtime.v2.task" / name / "c1")
    plain_bundle(folder / "io.containerd.runtime.v2.task" / name / "deeper" / "c1")
    seen = list(ContainersKind(default_roots=False).scan_below([bytes(folder)]))
    assert len(seen) == 2
    for one in seen:
        assert isinstance(one, Observation)
        words = one.remedy or ""
        assert words.isprintable()
        assert name in {"{0}", "{id.x}"} or f" {name} " not in words
        assert name not in {"{0}", "x; reboot"} or f"'{name}'" in words


def test_a_hostile_id_runs_nothing_when_its_remedy_is_pasted(runc: Machine) -> None:
    (runc.root / "x; reboot").mkdir()
    seen = runc.look("x; reboot")
    assert (seen.remedy or "").endswith("delete 'x; reboot'")
    (runc.root / "--force").mkdir()
    assert (runc.look("--force").remedy or "").endswith("delete -- --force")
    for name in ("x; reboot", "--force"):
        (runc.root / name).rmdir()


def test_an_id_that_is_taken_for_an_option_is_none(runc: Machine, journal: Journal) -> None:
    name = "--force"
    runc.knows(name)
    runc.run("create", "--bundle", str(runc.bundle), "--", name)
    os.kill(runc.pid(name), signal.SIGKILL)
    until(lambda: runc.look(name).label == "stopped", "its end")
    seen = runc.look(name)
    outcome = act(ActRequest(seen.target, seen.fingerprint), runc.kind.procedure(seen.target), journal)
    assert outcome.word is OutcomeWord.DONE, outcome.summary


@pytest.mark.parametrize("shared", [False, True])
def test_made_anew_by_its_own_runtime_in_the_middle_of_it(
    each: Machine, journal: Journal, folder: Path, monkeypatch: pytest.MonkeyPatch, shared: bool
) -> None:
    """What a script does that restarts a container, while its runtime's delete of the old one begins."""
    bundle = make_bundle(folder / "anew", shared_pids=shared)
    name = each.make("stopped", bundle=bundle)
    program = shutil.which(each.runtime)
    (folder / "bin").mkdir()
    begins = folder / "bin" / each.runtime
    root = f"--root {each.root}"
    begins.write_text(
        "#!/bin/sh\ncd /\n"
        f"{program} {root} delete {name} </dev/null >/dev/null 2>&1\n"
        f"{program} {root} run --detach --bundle {bundle} {name} </dev/null >/dev/null 2>&1\n"
        f'exec {program} "$@"\n'
    )
    begins.chmod(0o755)
    seen = each.look(name)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{folder}/bin:{os.environ['PATH']}")
        outcome = act(ActRequest(seen.target, seen.fingerprint), each.kind.procedure(seen.target), journal)
    assert outcome.word is OutcomeWord.DONE
    assert each.kind.look(seen.target) is None, "one was made anew, and killed"
    assert not each.aside()
    each.make("running", name, bundle)
    assert runs(each.pid(name))


def test_an_id_that_cannot_be_named_is_told_and_not_called_gone(each: Machine) -> None:
    """The text of its target would be that of another container in another state root."""
    (each.root / "a:b").mkdir()
    problems = [one for one in each.kind.scan([]) if isinstance(one, Problem)]
    assert [one.path for one in problems] == [bytes(each.root / "a:b")]
    assert "colon" in problems[0].reason
    (each.root / "a:b").rmdir()


def test_a_dead_shims_remedy_is_quoted() -> None:
    task = Task("{id}", "x; reboot", Presence.ABSENT, "")
    assert (task.remedy or "").endswith("ctr -n '{id}' tasks rm 'x; reboot'")


# --- whose it is ---------------------------------------------------------------------------------


@pytest.mark.parametrize("whose", ["state", "root", "above"])
def test_root_runs_nothing_that_an_ordinary_user_can_change(
    each: Machine, journal: Journal, whose: str
) -> None:
    """Its hooks would run as root, and the private folder could be made to mean another one meanwhile."""
    name = each.make("stopped")
    theirs = {"state": each.root / name, "root": each.root, "above": each.root.parent}[whose]
    before = theirs.stat()
    os.chown(theirs, USER, USER)
    try:
        seen = each.look(name)
        assert (seen.verdict, seen.removable) == (Verdict.IDLE, Removable.NEVER)
        assert str(USER) in seen.summary
        assert (seen.remedy or "").endswith(f"{each.runtime} --root {each.root} delete {name}")
        assert (seen.remedy or "").startswith("sudo") is (whose == "state")
        request = ActRequest(seen.target, seen.fingerprint, override=True)
        outcome = act(request, each.kind.procedure(seen.target), journal)
        assert outcome.word is OutcomeWord.REFUSED_FORBIDDEN
        assert (each.root / name).is_dir()
    finally:
        os.chown(theirs, before.st_uid, before.st_gid)
    assert each.look(name).verdict is Verdict.STALE


def test_whose_storage_a_bundle_lies_in() -> None:
    for driver in (b"overlay", b"vfs", b"btrfs", b"zfs", b"aufs"):
        path = b"/srv/%s-containers/%s/userdata" % (driver, ID.encode())
        assert manager_of_bundle(path) is PODMAN
    assert manager_of_bundle(b"/srv/my-containers/x/userdata") is None
    path = b"/run/containers/storage/overlay-containers/x/userdata"
    theirs = Recorded("x", 2, 1, "", bundle=path, labels=("io.container.manager=cri-o",))
    assert manager_of(theirs) is KUBERNETES


# --- state files ---------------------------------------------------------------------------------


@pytest.fixture
def sleeper() -> Iterator[tuple[str, int]]:
    """A process in a control group that is nobody's, in every hierarchy that takes it."""
    name = f"rw-victim-{os.getpid()}"
    with subprocess.Popen(["sleep", "600"]) as alive:
        made = []
        for one in cgroups.hierarchies():
            group = os.path.join(one.point, name.encode())
            with contextlib.suppress(OSError):
                os.mkdir(group)
                made.append(group)
                Path(os.fsdecode(group), "cgroup.procs").write_text(str(alive.pid))
        try:
            yield name, alive.pid
        finally:
            alive.kill()
            alive.wait()
            for group in made:
                until(partial(_is_empty, group), "its end")
                os.rmdir(group)


@pytest.mark.parametrize("said", [{}, None])
def test_groups_that_its_state_does_not_name_are_not_empty(
    runc: Machine, journal: Journal, sleeper: tuple[str, int], said: object
) -> None:
    """runc then takes those that its configuration names, and kills whatever lives there."""
    group, pid = sleeper
    name = runc.make("stopped", bundle=make_bundle(runc.folder / "shared", shared_pids=True))
    path = runc.root / name / "state.json"
    state = json.loads(path.read_text())
    for one in state["cgroup_paths"].values():
        with contextlib.suppress(OSError):
            os.rmdir(one)
    state["cgroup_paths"] = said
    state["config"]["cgroups"]["path"] = f"/{group}"
    path.write_text(json.dumps(state))
    seen = runc.look(name)
    assert seen.verdict is Verdict.UNKNOWN
    outcome = act(ActRequest(seen.target, seen.fingerprint), runc.kind.procedure(seen.target), journal)
    assert outcome.word.is_refusal
    assert runs(pid)


def _is_empty(group: bytes) -> bool:
    return not cgroups.members(group)


CRUN = {"pid": 257, "process-start-time": 1, "cgroup-path": "/x", "rootfs": "/", "created": "", "scope": ""}


@pytest.mark.parametrize(
    "wrong",
    [
        {"cgroup-path": "/../../tmp/x"},
        {"cgroup-path": "../x"},
        {"cgroup-path": "/x", "scope": "nginx.service"},
        {"scope": 3},
        {"pid": (1 << 32) + 257},
    ],
)
def test_what_a_runtime_would_read_otherwise_is_not_believed(wrong: dict[str, object]) -> None:
    """Out of the tree of groups, another unit of systemd, a number that is cut to 32 bits."""
    assert isinstance(parse(Runtime.CRUN, "c", json.dumps(CRUN).encode()), Recorded)
    assert isinstance(parse(Runtime.CRUN, "c", json.dumps({**CRUN, **wrong}).encode()), NotUnderstood)
    good = {"cgroup-path": "/system.slice/crun-c.scope/container", "scope": "crun-c.scope"}
    assert isinstance(parse(Runtime.CRUN, "c", json.dumps({**CRUN, **good}).encode()), Recorded)


# --- bundles -------------------------------------------------------------------------------------


def seen_at(machine: Machine, bundle: Path) -> Observation:
    seen = machine.kind.look(target_of(os.fsencode(bundle)))
    assert seen is not None
    return seen


def removed(machine: Machine, bundle: Path, journal: Journal) -> OutcomeWord:
    target = target_of(os.fsencode(bundle))
    request = ActRequest(target, seen_at(machine, bundle).fingerprint, override=True)
    return act(request, machine.kind.procedure(target), journal).word


@pytest.mark.parametrize("what", ["", "rootfs/tmp", "config.json"])
@pytest.mark.parametrize("private", [False, True])
def test_what_is_mounted_elsewhere_from_it_keeps_it(
    runc: Machine, journal: Journal, folder: Path, what: str, private: bool
) -> None:
    """What shows there would be freed with it."""
    assert seen_at(runc, runc.bundle).verdict is not Verdict.LIVE
    place, source = folder / "place", runc.bundle / what
    place.mkdir() if source.is_dir() else place.touch()
    if private:
        mount = 'mount --bind "$0" "$1"; echo; exec sleep 600'
        with holding("unshare", "-m", "sh", "-c", mount, source, place):
            seen = seen_at(runc, runc.bundle)
            word = removed(runc, runc.bundle, journal)
    else:
        subprocess.run(["mount", "--bind", source, place], check=True)
        try:
            seen = seen_at(runc, runc.bundle)
            word = removed(runc, runc.bundle, journal)
        finally:
            subprocess.run(["umount", place], check=True)
    assert (seen.verdict, word) == (Verdict.LIVE, OutcomeWord.REFUSED_LIVE), seen.summary
    assert str(place) in seen.summary


def test_a_layer_of_an_overlay_keeps_it(runc: Machine, journal: Journal, folder: Path) -> None:
    """A container whose root file system is stacked on it runs there, and has another root."""
    place = folder / "place"
    place.mkdir()
    options = f"lowerdir={runc.bundle}/rootfs:{folder}/state"
    made = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, place], check=False)
    if made.returncode != 0:
        pytest.skip("no overlay can be mounted here")
    try:
        seen = seen_at(runc, runc.bundle)
        word = removed(runc, runc.bundle, journal)
    finally:
        subprocess.run(["umount", place], check=True)
    assert (seen.verdict, word) == (Verdict.LIVE, OutcomeWord.REFUSED_LIVE), seen.summary


def test_a_process_rooted_deeper_in_it_keeps_it(runc: Machine, journal: Journal) -> None:
    with holding(sys.executable, "-c", CHROOTED, runc.bundle / "rootfs" / "tmp") as inside:
        seen = seen_at(runc, runc.bundle)
        assert seen.verdict is Verdict.LIVE, seen.summary
        assert seen.owner is not None
        assert seen.owner.pid == inside
        assert removed(runc, runc.bundle, journal) is OutcomeWord.REFUSED_LIVE


def test_a_container_that_names_it_through_a_link_keeps_it(
    runc: Machine, journal: Journal, folder: Path
) -> None:
    name = runc.make("stopped")
    (folder / "link").symlink_to(folder)
    path = runc.root / name / "state.json"
    path.write_text(path.read_text().replace(f"bundle={runc.bundle}", f"bundle={folder}/link/bundle"))
    assert "/link/" in path.read_text()
    seen = seen_at(runc, runc.bundle)
    assert (seen.verdict, name in seen.summary) == (Verdict.LIVE, True), seen.summary
    assert removed(runc, runc.bundle, journal) is OutcomeWord.REFUSED_LIVE


# --- engines -------------------------------------------------------------------------------------


def without_end() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n"
    while True:
        yield b"10000\r\n" + b" " * 0x10000 + b"\r\n"


def test_an_answer_without_an_end_does_not_fill_the_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_transport, "LARGEST_ANSWER", 1 << 20)
    with misbehaving(path, lambda _: without_end()):
        with EngineClient(at(path)) as client, pytest.raises(EngineError, match="larger than 1"):
            client.containers()
        events = Events(at(path))
        with pytest.raises(EngineError, match=r"broke off|ended its stream"):
            next(iter(events))


def test_a_stream_of_many_events_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_transport, "LARGEST_ANSWER", 1 << 15)
    line = json.dumps({"Type": "container", "Action": "start", "Actor": {"ID": ID}}).encode() + b"\n"
    chunk = b"%x\r\n%s\r\n" % (len(line), line)
    said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 2000 + b"0\r\n\r\n"
    events = 0
    with misbehaving(path, lambda _: said), pytest.raises(EngineError, match="ended its stream"):
        for _ in Events(at(path)):
            events += 1
    assert events == 2000


def test_an_engine_that_tells_of_more_and_more_keeps_no_scan_waiting(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_source, "SCAN_SECONDS", 0.2)
    lines = [{"Id": f"{number:064x}", "State": "exited"} for number in range(100_000)]
    gone = http({"message": "no such container"}, status="404 Not Found")
    with misbehaving(path, lambda line: http(lines) if "containers/json" in line else gone) as asked:
        found = list(EngineSource([os.fsencode(path)], {}, usual=False).scan())
    assert [one.reason for one in found if isinstance(one, Problem)] == [
        "it did not tell of all its 100000 containers within 0.2 seconds"
    ]
    assert len(asked) < 50_000
