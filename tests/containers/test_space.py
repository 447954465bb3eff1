"""What containers and bundles take, and what removing them really frees: said, and then done and compared."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from racewatch.core.act import act
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, OutcomeWord
from racewatch.core.purge import kept_places, purge
from racewatch.core.undo import undo
from racewatch.kinds.containers import ContainersKind
from racewatch.kinds.containers.bundles import target_of
from racewatch.kinds.containers.engine import Engine
from racewatch.kinds.containers.space import Space, of_bundle, of_engine, of_kept
from racewatch.linux import processes
from racewatch.linux.usage import Cancelled
from tests.containers.engines import ID, captured, http, misbehaving
from tests.containers.running import RunningEngine
from tests.containers.support import Machine, make_bundle


def go_on() -> bool:
    return False


def enough() -> bool:
    return True


def blocks(top: Path) -> int:
    return sum(os.lstat(path).st_blocks * 512 for path in (top, *top.rglob("*")))


def space(machine: Machine, name: str) -> Space:
    found = machine.kind.space(machine.target(name), go_on)
    assert found is not None
    return found


def test_deleting_a_container_frees_its_state_and_leaves_the_bundle(each: Machine) -> None:
    name = each.make("stopped")
    found = space(each, name)
    assert found.takes == blocks(each.bundle)
    assert found.frees == blocks(each.root / name)
    assert "the bundle stays" in found.freeing
    assert not found.least
    each.run("delete", name)
    assert each.bundle.is_dir()
    assert each.kind.space(each.target(name), go_on) is None


def test_counting_starts_nothing(runc: Machine) -> None:
    """A reader of a created container's start FIFO would start it."""
    name = runc.make("created")
    assert space(runc, name).takes is not None
    assert runc.look(name).label == "created"


def test_a_root_file_system_elsewhere_counts_but_not_the_machines_own(runc: Machine, folder: Path) -> None:
    bundle = make_bundle(folder / "apart")
    far = folder / "far"
    (bundle / "rootfs").rename(far)
    config = json.loads((bundle / "config.json").read_text())
    config["root"]["path"] = str(far)
    (bundle / "config.json").write_text(json.dumps(config))
    name = runc.make("stopped", bundle=bundle)
    assert space(runc, name).takes == blocks(bundle) + blocks(far)
    used = of_bundle(bytes(bundle), go_on)
    assert used is not None
    assert used.takes == blocks(bundle)
    assert f"{far}, lies elsewhere and stays" in used.freeing
    state = runc.root / name / "state.json"
    said = json.loads(state.read_text())
    said["config"]["rootfs"] = "/"
    state.write_text(json.dumps(said))
    assert space(runc, name).takes == blocks(bundle)


def test_what_does_not_say_its_bundle_is_not_known_and_not_nothing(runc: Machine) -> None:
    (runc.root / "half-made").mkdir()
    found = space(runc, "half-made")
    assert found.takes is None
    assert "not recorded" in found.detail
    name = runc.make("stopped")
    runc.bundle.rename(runc.folder / "away")
    assert space(runc, name).takes is None
    (runc.folder / "away").rename(runc.bundle)


def test_an_engines_container_frees_what_the_engine_says(runc: Machine) -> None:
    name = runc.make("stopped")
    state = runc.root / name / "state.json"
    said = json.loads(state.read_text())
    said["config"]["labels"].append("io.container.manager=libpod")
    state.write_text(json.dumps(said))
    found = space(runc, name)
    assert found.frees is None
    assert "Podman decides" in found.freeing


@pytest.mark.skipif(shutil.which("bindfs") is None, reason="needs bindfs")
def test_what_lies_where_counting_may_hang_is_not_counted(folder: Path) -> None:
    make_bundle(folder / "far/bundle")
    (folder / "near").mkdir()
    mounted = subprocess.run(["bindfs", folder / "far", folder / "near"], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"bindfs mounts nothing here: {mounted.stderr.decode()[-200:]}")
    try:
        found = of_bundle(bytes(folder / "near/bundle"), go_on)
    finally:
        subprocess.run(["umount", folder / "near"], check=True)
    assert found is not None
    assert found.takes is None
    assert "fuse" in found.detail


def test_it_can_be_called_off(runc: Machine) -> None:
    name = runc.make("stopped")
    with pytest.raises(Cancelled):
        runc.kind.space(runc.target(name), enough)
    with pytest.raises(Cancelled):
        of_bundle(bytes(runc.bundle), enough)


def test_a_bundle_is_freed_by_purge_and_by_nothing_before(
    folder: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = processes.has_no_files
    monkeypatch.setattr(processes, "has_no_files", lambda pid: pid == 1 or blind(pid))
    bundle = make_bundle(folder / "orphan")
    (bundle / "rootfs/big").write_bytes(os.urandom(3_000_000))
    os.link(bundle / "rootfs/big", folder / "kept-elsewhere")
    os.sync()
    kind = ContainersKind(default_roots=False)
    target = target_of(bytes(bundle))
    found = kind.space(target, go_on)
    assert found is not None
    assert found.takes == blocks(bundle)
    assert found.frees is not None
    assert found.frees < found.takes - 2_900_000
    assert "still takes that" in found.freeing
    assert "has names elsewhere" in found.freeing
    seen = kind.look(target)
    assert seen is not None
    done = act(ActRequest(target, seen.fingerprint), kind.procedure(target), journal)
    assert done.word is OutcomeWord.DONE
    assert kind.space(target, go_on) is None
    places = kept_places(done.action, journal)
    kept = of_kept(places, go_on)
    assert (kept.takes, kept.frees) == (found.takes, found.frees)
    assert purge(done.action, journal).word is OutcomeWord.DONE
    assert not any(os.path.lexists(place) for place in places)
    assert (folder / "kept-elsewhere").stat().st_size == 3_000_000


def test_what_was_put_back_keeps_nothing(
    folder: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = processes.has_no_files
    monkeypatch.setattr(processes, "has_no_files", lambda pid: pid == 1 or blind(pid))
    bundle = make_bundle(folder / "orphan")
    kind = ContainersKind(default_roots=False)
    target = target_of(bytes(bundle))
    seen = kind.look(target)
    assert seen is not None
    done = act(ActRequest(target, seen.fingerprint), kind.procedure(target), journal)
    assert undo(done.action, journal).word is OutcomeWord.DONE
    assert kept_places(done.action, journal) == ()


def test_an_engine_counts_for_itself(engine: RunningEngine) -> None:
    container = engine.ended("big", "sh", "-c", "busybox dd if=/dev/zero of=/big bs=1000 count=300")
    found = of_engine(engine.engine, container)
    assert found is not None
    assert found.takes == found.frees
    assert found.takes is not None
    assert 300_000 <= found.takes < 400_000
    assert "its image and its volumes stay" in found.freeing
    engine.remove(container)
    assert of_engine(engine.engine, container) is None


def test_an_engine_that_cannot_say_is_not_nothing(path: Path) -> None:
    said = captured("docker", "exited0.inspect")[0] | {"Id": ID}
    answers = {"/json?all=1": http([{"Id": ID}])}

    def answer(line: str) -> bytes:
        return next((one for key, one in answers.items() if key in line), http(said))

    with misbehaving(path, answer):
        found = of_engine(Engine("docker", bytes(path)), ID)
    assert found is not None
    assert found.takes is None
    gone = of_engine(Engine("docker", bytes(path) + b"-gone"), ID)
    assert gone is not None
    assert gone.takes is None
    assert "did not say" in gone.detail
