"""Between any two steps of a delete, each hostile thing: nothing live is lost, the outcome tells the truth."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from racewatch.core.act import Step, act
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, Outcome, OutcomeWord
from racewatch.linux import cgroups
from tests.containers.support import Machine, freeze, make_bundle, runs, thaw, until

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
DONE, GONE, FAILED = OutcomeWord.DONE, OutcomeWord.GONE, OutcomeWord.FAILED
LIVE, CHANGED = OutcomeWord.REFUSED_LIVE, OutcomeWord.REFUSED_CHANGED
FORBIDDEN = OutcomeWord.REFUSED_FORBIDDEN


@dataclass
class Scene:
    """One stopped container, and what must still live at the end."""

    machine: Machine
    name: str
    living: list[int] = field(default_factory=list)
    helpers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    mounted: list[Path] = field(default_factory=list)
    dear: list[Path] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.machine.root / self.name


def made_anew(scene: Scene, state: str) -> None:
    # On the placeholder of an act under way the runtime's delete says that there is no such container.
    scene.machine.run("delete", scene.name, check=False)
    with contextlib.suppress(subprocess.CalledProcessError):
        scene.machine.make(state, scene.name)
        scene.living.append(scene.machine.pid(scene.name))


def make_anew_created(scene: Scene) -> None:
    made_anew(scene, "created")


def make_anew_running(scene: Scene) -> None:
    made_anew(scene, "running")


def delete(scene: Scene) -> None:
    scene.machine.run("delete", scene.name, check=False)


def enter_its_group(scene: Scene) -> None:
    """A process moves into the container's control group, as a service manager or a shell would."""
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    scene.helpers.append(helper)
    scene.living.append(helper.pid)
    for group in cgroups.named(os.fsencode(scene.name)):
        with contextlib.suppress(OSError):
            Path(os.fsdecode(group), "cgroup.procs").write_text(str(helper.pid))


def enter_its_group_and_be_frozen(scene: Scene) -> None:
    """It stands still, and is alive; in version 1 it could not even be killed."""
    enter_its_group(scene)
    for group in cgroups.named(os.fsencode(scene.name)):
        freeze(group)


def enter_a_group_below(scene: Scene) -> None:
    """As a service manager in a container has them: its own group holds groups only."""
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    scene.helpers.append(helper)
    scene.living.append(helper.pid)
    for group in cgroups.named(os.fsencode(scene.name)):
        below = Path(os.fsdecode(group), "init.scope")
        with contextlib.suppress(OSError):
            below.mkdir()
            for file in ("cpuset.cpus", "cpuset.mems"):  # empty in a new one, which then takes nobody in
                if (below / file).exists():
                    (below / file).write_text(Path(os.fsdecode(group), file).read_text())
            (below / "cgroup.procs").write_text(str(helper.pid))


def freeze_its_empty_group(scene: Scene) -> None:
    for group in cgroups.named(os.fsencode(scene.name)):
        freeze(group)


def make_anew_and_kill_all_but_a_child(scene: Scene) -> None:
    """Another container of this id, whose first process was killed: its runtime calls it stopped, too."""
    scene.machine.run("delete", scene.name, check=False)
    bundle = make_bundle(
        scene.machine.folder / "shared", args=("sh", "-c", "sleep 601 & exec sleep 600"), shared_pids=True
    )
    try:
        scene.machine.make("running", scene.name, bundle)
    except subprocess.CalledProcessError:
        return  # its name is taken by the placeholder
    first = scene.machine.pid(scene.name)

    def members() -> set[int]:
        groups = cgroups.named(os.fsencode(scene.name))
        return {pid for group in groups for pid in cgroups.members(group)}

    until(lambda: len(members()) == 2, "the child")
    (child,) = members() - {first}
    os.kill(first, signal.SIGKILL)
    until(lambda: not runs(first), "the end of the first process")
    scene.living.append(child)


def mount_below_its_state(scene: Scene) -> None:
    """Into the state directory itself, which its runtime's delete clears away with all that is below."""
    dear = scene.machine.folder / "dear"
    dear.mkdir()
    (dear / "data").write_text("the host's")
    place = scene.path / "place"
    try:
        place.mkdir()
    except FileNotFoundError:
        return  # all is over
    subprocess.run(["mount", "--bind", dear, place], check=True)
    scene.dear.append(dear)


def replace_by_symlink(scene: Scene) -> None:
    other = scene.machine.make("running")
    scene.living.append(scene.machine.pid(other))
    _away(scene)
    scene.path.symlink_to(scene.machine.root / other)


def replace_by_file(scene: Scene) -> None:
    _away(scene)
    scene.path.write_text("dear")


def _away(scene: Scene) -> None:
    if scene.path.exists():
        scene.path.rename(scene.machine.folder / "elsewhere")


def rename_the_root(scene: Scene) -> None:
    scene.machine.root.rename(scene.machine.folder / "moved")


def mount_below_its_root(scene: Scene) -> None:
    dear = scene.machine.folder / "dear"
    dear.mkdir()
    (dear / "data").write_text("the host's")
    place = scene.machine.bundle / "rootfs" / "tmp"
    subprocess.run(["mount", "--bind", dear, place], check=True)
    scene.mounted.append(place)
    scene.dear.append(dear)


Action = Callable[[Scene], None]
EXPECTED: dict[Action, tuple[OutcomeWord, ...]] = {
    # While the placeholder stands nobody makes the name anew: only who takes it away first can.
    # Then the old one's state, which that somebody deleted, is kept aside, and the outcome says so.
    make_anew_created: (CHANGED,) * 6 + (FAILED,) * 2 + (DONE,),
    make_anew_running: (LIVE,) * 3 + (CHANGED,) * 3 + (FAILED,) * 2 + (DONE,),
    delete: (GONE,) * 3 + (GONE,) * 3 + (DONE,) * 3,
    make_anew_and_kill_all_but_a_child: (LIVE,) * 3 + (CHANGED,) * 3 + (FAILED,) * 2 + (DONE,),
    enter_its_group: (LIVE,) * 8 + (DONE,),
    enter_its_group_and_be_frozen: (LIVE,) * 8 + (DONE,),
    enter_a_group_below: (LIVE,) * 8 + (DONE,),
    freeze_its_empty_group: (DONE,) * 9,
    replace_by_symlink: (CHANGED,) * 6 + (DONE,) * 3,
    replace_by_file: (CHANGED,) * 6 + (DONE,) * 3,
    rename_the_root: (GONE,) * 2 + (CHANGED,) * 2 + (DONE,) * 5,
    mount_below_its_state: (CHANGED,) * 6 + (DONE,) * 3,
    mount_below_its_root: (CHANGED,) * 4 + (CHANGED,) * 3 + (DONE,) * 2,
}


@pytest.fixture
def scene(runc: Machine) -> Iterator[Scene]:
    made = Scene(runc, runc.make("stopped"))
    yield made
    for place in made.mounted:
        subprocess.run(["umount", place], check=True)
    # Wherever the state directory is by now, and the mount below it with it.
    subprocess.run(["umount", made.path / "place"], stderr=subprocess.DEVNULL, check=False)
    for group in cgroups.named(os.fsencode(made.name)):
        thaw(group)
    for helper in made.helpers:
        helper.kill()
        helper.wait()
    for moved in ("moved", "elsewhere"):
        shutil.rmtree(runc.folder / moved, ignore_errors=True)
    runc.root.mkdir(exist_ok=True)


def raced(scene: Scene, journal: Journal, step: Step, action: Action) -> Outcome:
    target = scene.machine.target(scene.name)
    seen = scene.machine.look(scene.name)
    done: list[Step] = []

    def hook(now: Step) -> None:
        if now is step and not done:
            done.append(now)
            action(scene)

    outcome = act(
        ActRequest(target, seen.fingerprint), scene.machine.kind.procedure(target), journal, on_step=hook
    )
    assert done, "the act ended before that step"
    return outcome


@pytest.mark.parametrize("step", STEPS, ids=str)
@pytest.mark.parametrize("action", EXPECTED, ids=lambda one: one.__name__)
def test_whatever_happens_between_two_steps(
    scene: Scene, journal: Journal, action: Action, step: Step
) -> None:
    target = scene.machine.target(scene.name)
    seen = scene.machine.look(scene.name)
    reached: list[Step] = []

    def hook(now: Step) -> None:
        reached.append(now)
        if now is step:
            action(scene)

    outcome = act(
        ActRequest(target, seen.fingerprint), scene.machine.kind.procedure(target), journal, on_step=hook
    )
    assert all(runs(pid) for pid in scene.living), outcome.summary
    for dear in scene.dear:
        assert (dear / "data").read_text() == "the host's"
    if action is replace_by_file:
        assert scene.path.read_text() == "dear"
    expected = EXPECTED[action][STEPS.index(step)]
    assert outcome.word is expected, outcome.summary
    (entry,) = journal.entries()
    assert entry.word is outcome.word
    if outcome.word is not DONE and "is kept as" not in outcome.summary:
        assert not scene.machine.aside()
    if outcome.word is FAILED:
        assert "is kept as" in outcome.summary
    if outcome.word is DONE:
        assert not scene.machine.aside()
    if (
        outcome.word is DONE
        and step is not Step.RECORD
        # What somebody put under the name meanwhile is theirs.
        and action not in (replace_by_symlink, replace_by_file, mount_below_its_state)
    ):
        root = scene.machine.folder / "moved" if action is rename_the_root else scene.machine.root
        assert scene.name not in os.listdir(root)


def test_while_it_is_away_its_name_cannot_be_made_anew(scene: Scene, journal: Journal) -> None:
    tried: list[int] = []

    def create(scene: Scene) -> None:
        command = ["runc", "--root", str(scene.machine.root), "create", "--bundle", str(scene.machine.bundle)]
        tried.append(
            subprocess.run(
                [*command, scene.name], stdin=subprocess.DEVNULL, capture_output=True, check=False
            ).returncode
        )

    assert raced(scene, journal, Step.COMMIT, create).word is DONE
    assert tried == [1]
    assert not scene.path.exists()


def test_sixteen_processes_at_once_delete_it_once(scene: Scene, journal: Journal) -> None:
    """Exactly one of them is done; the others find it gone, or busy."""
    target = scene.machine.target(scene.name)
    seen = scene.machine.look(scene.name)
    go_in, go_out = os.pipe()
    children = []
    for _ in range(16):
        answer_in, answer_out = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(go_out)
                own = Journal(journal.folder)
                os.read(go_in, 1)
                outcome = act(ActRequest(target, seen.fingerprint), scene.machine.kind.procedure(target), own)
                os.write(answer_out, outcome.word.value.encode())
            finally:
                os._exit(0)
        os.close(answer_out)
        children.append((pid, answer_in))
    os.close(go_in)
    os.close(go_out)
    words = []
    for pid, answer in children:
        words.append(os.read(answer, 100).decode())
        os.close(answer)
        os.waitpid(pid, 0)
    assert words.count("done") == 1, words
    assert set(words) <= {"done", "gone", "refused_busy", "refused_changed"}, words
