"""A container that was made and not started: it goes on a person's word only, and a start always wins or is told.

The program of each container leaves a file behind as soon as it runs, so that a test knows whether one was lost:
what ran must still run, and what was not let run must have been told so.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from racewatch.core.act import Step, act
from racewatch.core.exchange import Hands
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, Outcome, OutcomeWord, Removable, Verdict
from racewatch.kinds.containers import ContainersKind
from racewatch.kinds.containers.facts import Facts, Group, Mounted, Waiting
from racewatch.kinds.containers.judge import judge
from racewatch.kinds.containers.observe import Surroundings, gather
from racewatch.kinds.containers.roots import PODMAN, StateRoot
from racewatch.kinds.containers.state import Runtime
from racewatch.kinds.containers.waiting import waiting_of
from racewatch.linux import cgroups, fs, pidns, signals
from tests.containers.support import Machine, make_bundle, runs, until
from tests.contract.support import Program
from tests.contract.test_terminal import on_terminal

DONE, LIVE, CHANGED = OutcomeWord.DONE, OutcomeWord.REFUSED_LIVE, OutcomeWord.REFUSED_CHANGED
STEPS = (
    Step.CLAIM,
    Step.GUARD,
    Step.PIN,
    Step.RECHECK,
    Step.INTENT,
    Step.CAPTURE,
    Step.VERIFY,
    Step.COMMIT,
    Step.RECORD,
)


@dataclass
class Scene:
    """One created container, the answers of the starts that a test tried, and what must live at the end."""

    machine: Machine
    bundle: Path
    name: str
    pid: int
    answers: list[int] = field(default_factory=list)
    living: list[int] = field(default_factory=list)
    helpers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.machine.root / self.name

    @property
    def ran(self) -> bool:
        return (self.bundle / "rootfs/tmp/ran").exists()

    def start(self) -> None:
        self.answers.append(self.machine.run("start", self.name, check=False).returncode)

    def begin_to_start(self) -> None:
        """A start in the middle of its way while the act goes on."""
        self.threads.append(threading.Thread(target=self.start))
        self.threads[-1].start()


def a_scene(machine: Machine) -> Scene:
    bundle = make_bundle(machine.folder / "told", args=("sh", "-c", ": > /tmp/ran; exec sleep 600"))
    config = json.loads((bundle / "config.json").read_text())
    config["root"]["readonly"] = False
    (bundle / "config.json").write_text(json.dumps(config))
    name = machine.make("created", bundle=bundle)
    return Scene(machine, bundle, name, machine.pid(name))


def ended(scene: Scene) -> None:
    (scene.bundle / "rootfs/tmp/go").touch()  # whatever waits to be told, also when a test has failed
    for thread in scene.threads:
        thread.join()
    for helper in scene.helpers:
        helper.kill()
        helper.wait()


@pytest.fixture
def scene(each: Machine) -> Iterator[Scene]:
    made = a_scene(each)
    yield made
    ended(made)


@pytest.fixture
def of_runc(runc: Machine) -> Iterator[Scene]:
    made = a_scene(runc)
    yield made
    ended(made)


def perform(
    scene: Scene, journal: Journal, at: Step | None = None, action: Callable[[], None] | None = None
) -> Outcome:
    target = scene.machine.target(scene.name)
    seen = scene.machine.look(scene.name)
    assert (seen.label, seen.removable) == ("created", Removable.OVERRIDE)

    def hook(now: Step) -> None:
        if now is at and action is not None:
            action()

    request = ActRequest(target, seen.fingerprint, override=True)
    return act(request, scene.machine.kind.procedure(target), journal, on_step=hook)


def nothing_is_lost(scene: Scene, outcome: Outcome) -> None:
    """The one promise: what was started runs, what was deleted never ran and its start was told so."""
    for thread in scene.threads:
        thread.join()
    assert all(runs(pid) for pid in scene.living), outcome.summary
    if outcome.word is DONE:
        assert not scene.ran, "a program that ran was killed"
        assert not runs(scene.pid)
        assert 0 not in scene.answers, "a start was told that it went well"
        assert not os.path.lexists(scene.path)
    elif runs(scene.pid):
        assert state_letters(scene.pid).isdisjoint("T"), "it was left standing still"
    if 0 in scene.answers:
        until(lambda: scene.ran, "the program that was started")
        assert runs(scene.pid)
        assert not (scene.path / "exec.fifo").exists(), "its start could not end what it began"
        assert scene.machine.look(scene.name).label == "running"
    assert not [one for one in os.listdir(scene.machine.folder) if one.startswith(".racewatch")]


def state_letters(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found.add((thread / "stat").read_text().rpartition(")")[2].split()[0])
    return found


def says(scene: Scene, check: str) -> str:
    return next(one.detail for one in scene.machine.look(scene.name).evidence if one.check == check)


# --- what is said ------------------------------------------------------------------------------


def test_what_it_means_is_said_before(scene: Scene) -> None:
    seen = scene.machine.look(scene.name)
    assert f"kills the waiting process (pid {scene.pid})" in seen.summary
    assert f"(pid {scene.pid}), is killed" in dict(seen.facts)["consequence"]
    assert not seen.undoable
    assert says(scene, "waiting") == "its first process waits at the start FIFO; nobody else is inside"
    window = says(scene, "window")
    assert "held still" in window
    assert "SIGCONT" in window
    assert f"{scene.machine.runtime} exec" in window
    assert ("by hand" in window) is (scene.machine.runtime is Runtime.CRUN)


def test_a_group_that_is_frozen_is_left_alone(scene: Scene, journal: Journal) -> None:
    """In a freezer of the first version nothing can be killed."""
    groups = cgroups.named(os.fsencode(scene.name))
    freezers = [path for group in groups if (path := Path(os.fsdecode(group), "freezer.state")).exists()]
    if not freezers:
        pytest.skip("no freezer of the first version")
    freezers[0].write_text("FROZEN")
    until(lambda: freezers[0].read_text() == "FROZEN\n", "the frost")
    try:
        seen = scene.machine.look(scene.name)
        assert (seen.label, seen.verdict, seen.removable) == ("created", Verdict.UNKNOWN, Removable.NEVER)
        assert "frozen" in seen.summary
    finally:
        freezers[0].write_text("THAWED")
    assert perform(scene, journal).word is DONE


@pytest.mark.parametrize("step", [Step.RECHECK, Step.CAPTURE, Step.VERIFY], ids=str)
def test_a_mount_that_comes_meanwhile(of_runc: Scene, journal: Journal, step: Step) -> None:
    """The word was given for a container without one."""
    place = of_runc.bundle / "rootfs/tmp"

    def mount() -> None:
        subprocess.run(["mount", "--bind", place, place], check=True)

    try:
        outcome = perform(of_runc, journal, step, mount)
    finally:
        subprocess.run(["umount", place], check=True)
    assert outcome.word is CHANGED, outcome.summary
    nothing_is_lost(of_runc, outcome)
    assert runs(of_runc.pid)


def test_a_user_who_may_not_look_into_it_is_not_offered_it(of_runc: Scene) -> None:
    """Whether it still waits is told by its open files, which are root's to see."""
    os.chmod(of_runc.path, 0o755)
    os.chmod(of_runc.path / "state.json", 0o644)
    answer = os.memfd_create("seen")
    pid = os.fork()
    if pid == 0:
        try:
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            seen = of_runc.machine.look(of_runc.name)
            os.write(answer, f"{seen.label}\n{seen.removable}\n{seen.summary}".encode())
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    label, removable, summary = os.pread(answer, 2000, 0).decode().split("\n")
    os.close(answer)
    assert (label, removable) == ("created", "never")
    assert "could not be looked into" in summary


def test_an_engines_own_is_never_offered(of_runc: Scene) -> None:
    root = StateRoot(Runtime.RUNC, os.fsencode(of_runc.machine.root), PODMAN)
    seen = ContainersKind([root], default_roots=False).look(of_runc.machine.target(of_runc.name))
    assert seen is not None
    assert (seen.verdict, seen.removable) == (Verdict.IDLE, Removable.NEVER)


def test_the_command_line_says_the_same(of_runc: Scene) -> None:
    target = "container:" + os.fsdecode(of_runc.machine.target(of_runc.name).locator)
    kills = f"kills the waiting process (pid {of_runc.pid})"
    program = Program()
    explained = program("explain", target)
    assert explained.code == 12
    assert kills in explained.out
    assert "--override removes it on your word; this cannot be undone" in explained.out
    refused = program("remove", target, "--yes", "--json")
    assert refused.code == 3
    assert refused.json["outcomes"][0]["outcome"] == "refused_unproven"
    code, text = on_terminal("remove", target, "--override", typed=b"n\n", width=300)
    assert code == 3
    assert kills in text
    assert "right before its name is taken away; this cannot be undone." in text
    assert runs(of_runc.pid)
    done = program("remove", target, "--override", "--yes", "--json")
    assert done.code == 0
    (outcome,) = done.json["outcomes"]
    assert (outcome["outcome"], outcome["undoable"]) == ("done", False)
    assert not runs(of_runc.pid)


def facts_of(scene: Scene) -> Facts:
    fd = os.open(scene.path, os.O_PATH)
    try:
        return gather(scene.machine.state_root, os.fsencode(scene.path), fd, Surroundings())
    finally:
        os.close(fd)


def test_what_no_word_is_enough_for(of_runc: Scene) -> None:
    """Whatever keeps us from seeing that it waits, and who would die with it."""
    facts = facts_of(of_runc)
    assert facts.waiting == Waiting()
    assert judge(facts).removable is Removable.OVERRIDE
    for doubtful in (
        replace(facts, waiting=None),
        replace(facts, waiting=Waiting(blind="why")),
        replace(facts, group=Group()),
        replace(facts, group=replace(facts.group, blind="why")),
        replace(facts, mounted=Mounted((b"/r/tmp",))),
    ):
        judged = judge(doubtful)
        assert (judged.verdict, judged.removable) == (Verdict.UNKNOWN, Removable.NEVER)
        assert "It is not deleted here" in judged.summary
    fifo = fs.stat_path(os.fsencode(of_runc.path / "exec.fifo"))
    hidden = waiting_of(Runtime.RUNC, fifo, of_runc.pid, facts.group, pidns.Population({}, 2))
    assert hidden.blind is not None
    assert "2 processes" in hidden.blind


# --- a start between any two steps -------------------------------------------------------------


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_start_between_two_steps(scene: Scene, journal: Journal, step: Step) -> None:
    outcome = perform(scene, journal, step, scene.start)
    before = STEPS.index(step) < STEPS.index(Step.VERIFY)
    assert outcome.word is (LIVE if before else DONE), outcome.summary
    # Once its state is away there is nothing to start, and the runtime says so.
    assert (scene.answers == [0]) is before
    nothing_is_lost(scene, outcome)


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_start_by_hand_between_two_steps(of_runc: Scene, journal: Journal, step: Step) -> None:
    """Any reader of runc's FIFO starts the container, and the FIFO stays where it is."""

    def read() -> None:
        with contextlib.suppress(FileNotFoundError), (of_runc.path / "exec.fifo").open("rb") as fifo:
            fifo.read()
            of_runc.living.append(of_runc.pid)

    outcome = perform(of_runc, journal, step, read)
    assert outcome.word is (LIVE if STEPS.index(step) < STEPS.index(Step.VERIFY) else DONE), outcome.summary
    nothing_is_lost(of_runc, outcome)


def at_a_call(
    monkeypatch: pytest.MonkeyPatch, owner: object, name: str, *, before: Callable[[], None]
) -> None:
    """Something else happens right before the first call."""
    real = getattr(owner, name)
    calls: list[None] = []

    def call(*arguments: object) -> object:
        calls.append(None)
        if len(calls) == 1:
            before()
        return real(*arguments)

    monkeypatch.setattr(owner, name, call)


def test_a_start_right_before_it_is_held(
    scene: Scene, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on at once, under the name that its start still needs."""
    at_a_call(monkeypatch, signals, "hold", before=scene.start)
    outcome = perform(scene, journal)
    assert outcome.word is LIVE, outcome.summary
    assert scene.answers == [0]
    nothing_is_lost(scene, outcome)


def test_a_start_while_it_is_held_and_not_yet_away(
    scene: Scene, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """runc's waits at the FIFO and finds nothing to start; crun's has said its word, and so it counts."""

    def begin() -> None:
        scene.begin_to_start()
        if scene.machine.runtime is Runtime.CRUN:
            until(lambda: not (scene.path / "exec.fifo").exists(), "the start")
        else:
            until(lambda: is_reading(scene), "the start")

    at_a_call(monkeypatch, Hands, "take", before=begin)
    outcome = perform(scene, journal)
    assert outcome.word is (LIVE if scene.machine.runtime is Runtime.CRUN else DONE), outcome.summary
    nothing_is_lost(scene, outcome)
    assert (scene.answers == [0]) is (scene.machine.runtime is Runtime.CRUN)


def is_reading(scene: Scene) -> bool:
    """Whether a process stands in the open of the FIFO: one that runs ``runc start`` of this name."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"start\0{scene.name}".encode() in (entry / "cmdline").read_bytes():
                for thread in (entry / "task").iterdir():
                    if (thread / "wchan").read_text() == "wait_for_partner":
                        return True
    return False


def test_a_start_that_waits_while_it_is_held_goes_on_when_it_comes_back(
    of_runc: Scene, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused for another reason, after a start had come: as if nothing had been."""
    helper = subprocess.Popen(["sleep", "600"])
    of_runc.helpers.append(helper)

    def begin() -> None:
        of_runc.begin_to_start()
        until(lambda: is_reading(of_runc), "the start")
        for group in cgroups.named(os.fsencode(of_runc.name)):
            with contextlib.suppress(OSError):
                Path(os.fsdecode(group), "cgroup.procs").write_text(str(helper.pid))

    at_a_call(monkeypatch, Hands, "take", before=begin)
    outcome = perform(of_runc, journal)
    assert outcome.word is LIVE, outcome.summary
    of_runc.threads[0].join()
    assert of_runc.answers == [0]
    nothing_is_lost(of_runc, outcome)


#: Between the opened FIFO and the program there is time: hooks run there, and nothing else has changed yet.
UNTIL_TOLD = {
    "path": "/bin/sh",
    "args": ["sh", "-c", "while ! test -e /proc/1/root/tmp/go; do sleep 0.01; done"],
}


def half_started(scene: Scene) -> Callable[[], None]:
    """Another container in the scene, whose start stops half-way; what is returned lets that go on to its end."""
    bundle = make_bundle(scene.machine.folder / "hooked", args=("sh", "-c", ": > /tmp/ran; exec sleep 600"))
    config = json.loads((bundle / "config.json").read_text())
    config["root"]["readonly"] = False
    config["hooks"] = {"startContainer": [UNTIL_TOLD]}
    (bundle / "config.json").write_text(json.dumps(config))
    scene.bundle = bundle
    scene.name = scene.machine.make("created", bundle=bundle)
    scene.pid = scene.machine.pid(scene.name)

    def go_on() -> None:
        (bundle / "rootfs/tmp/go").touch()
        for thread in scene.threads:
            thread.join()

    return go_on


@pytest.mark.parametrize("step", [Step.RECHECK, Step.INTENT, Step.CAPTURE], ids=str)
def test_one_that_is_just_being_started(
    of_runc: Scene, journal: Journal, monkeypatch: pytest.MonkeyPatch, step: Step
) -> None:
    """It is refused before its state is away: its start ends by removing the FIFO there."""
    go_on = half_started(of_runc)

    def begin() -> None:
        of_runc.begin_to_start()
        until(lambda: of_runc.machine.look(of_runc.name).label == "starting", "the start")

    take = Hands.take

    def late(hands: Hands) -> None:
        take(hands)
        go_on()

    monkeypatch.setattr(Hands, "take", late)
    outcome = perform(of_runc, journal, step, begin)
    go_on()
    assert outcome.word is LIVE, outcome.summary
    assert "being started just now" in outcome.summary
    assert of_runc.answers == [0]
    nothing_is_lost(of_runc, outcome)


# --- others inside -----------------------------------------------------------------------------


def enter_by_exec(scene: Scene) -> None:
    scene.machine.run("exec", "--detach", scene.name, "sleep", "600")


def enter_its_pid_namespace(scene: Scene) -> None:
    """A person who debugs: in none of its control groups, and killed with its first process all the same."""
    scene.helpers.append(subprocess.Popen(["nsenter", "-t", str(scene.pid), "-p", "sleep", "600"]))
    children = Path(f"/proc/{scene.helpers[-1].pid}/task/{scene.helpers[-1].pid}/children")
    until(lambda: bool(children.read_text().split()), "the child inside")
    scene.living += map(int, children.read_text().split())


ENTERING = [
    *[(enter_by_exec, step) for step in (Step.RECHECK, Step.INTENT, Step.CAPTURE)],
    *[(enter_its_pid_namespace, step) for step in (Step.RECHECK, Step.INTENT, Step.CAPTURE, Step.VERIFY)],
]


@pytest.mark.parametrize(("enter", "step"), ENTERING, ids=lambda one: getattr(one, "__name__", str(one)))
def test_who_entered_it_keeps_it(
    scene: Scene, journal: Journal, enter: Callable[[Scene], None], step: Step
) -> None:
    outcome = perform(scene, journal, step, lambda: enter(scene))
    assert outcome.word is LIVE, outcome.summary
    assert "processes are inside" in outcome.summary
    assert scene.machine.look(scene.name).label == "created, processes inside"
    assert runs(scene.pid)
    nothing_is_lost(scene, outcome)


@pytest.mark.parametrize("step", [Step.VERIFY, Step.COMMIT], ids=str)
def test_while_its_state_is_away_nobody_enters_it(scene: Scene, journal: Journal, step: Step) -> None:
    refused: list[int] = []

    def enter() -> None:
        try:
            enter_by_exec(scene)
        except subprocess.CalledProcessError as error:
            refused.append(error.returncode)

    assert perform(scene, journal, step, enter).word is DONE
    assert refused


# --- other things that happen to it ------------------------------------------------------------


def test_one_that_somebody_holds_still(scene: Scene, journal: Journal) -> None:
    os.kill(scene.pid, signal.SIGSTOP)
    until(lambda: state_letters(scene.pid) == {"T"}, "the stop")
    outcome = perform(scene, journal)
    assert outcome.word is OutcomeWord.REFUSED_BUSY, outcome.summary
    os.kill(scene.pid, signal.SIGCONT)
    assert perform(scene, journal).word is DONE


@pytest.mark.parametrize("step", STEPS[:7], ids=str)
def test_one_that_ends_meanwhile(scene: Scene, journal: Journal, step: Step) -> None:
    """It is stopped then: another state than the one that a person gave a word for."""

    def end() -> None:
        os.kill(scene.pid, signal.SIGKILL)
        until(lambda: not runs(scene.pid), "the end")

    outcome = perform(scene, journal, step, end)
    assert outcome.word is CHANGED, outcome.summary
    assert scene.machine.look(scene.name).label == "stopped"


def test_the_runtime_that_fails_leaves_a_stopped_one(
    of_runc: Scene, journal: Journal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = folder / "bin"
    broken.mkdir()
    (broken / "runc").write_text("#!/bin/sh\necho 'no, not today' >&2\nexit 1\n")
    (broken / "runc").chmod(0o755)
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{broken}:{os.environ['PATH']}")
        outcome = perform(of_runc, journal)
    assert outcome.word is OutcomeWord.FAILED
    assert "was killed all the same" in outcome.summary
    assert of_runc.machine.look(of_runc.name).label == "stopped"
