"""Freeing what was kept aside: all of it or what is left is named, never through a link or a mount."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from racewatch.core import purge as purging
from racewatch.core import tree as tree_module
from racewatch.core.act import act
from racewatch.core.by_name import NamedThing
from racewatch.core.journal import Journal, JournalError
from racewatch.core.model import ActRequest, KindName, Outcome, OutcomeWord, Target
from racewatch.core.purge import kept_places, purge, to_the_end
from racewatch.core.recovery import recover
from racewatch.core.tree import Amount, StoppedTree, measure, remove_tree
from racewatch.core.undo import NoSuchAction, undo
from racewatch.linux import fs, removal
from tests.kernel.support import needs_root
from tests.unit.core.support import fingerprint_of, part

DONE, FAILED = OutcomeWord.DONE, OutcomeWord.FAILED
FORBIDDEN = OutcomeWord.REFUSED_FORBIDDEN


@pytest.fixture
def tree(folder: bytes) -> Path:
    """A folder with all that a folder may hold."""
    top = Path(os.fsdecode(folder)) / "tree"
    (top / "a" / "b").mkdir(parents=True)
    (top / "a" / "file").write_bytes(b"x" * 9000)
    (top / "link").symlink_to("/etc/passwd")
    (top / "up").symlink_to("..")
    os.mkfifo(top / "fifo")
    os.mknod(top / "socket", 0o140600)
    (top / "a" / "b" / "\udcff").write_text("not UTF-8")
    return top


def removed(journal: Journal, path: Path) -> Outcome:
    raw = os.fsencode(path)
    request = ActRequest(Target(KindName.SOCKET, raw), fingerprint_of(raw))
    outcome = act(request, NamedThing(part(raw)), journal)
    assert outcome.word is DONE
    return outcome


def aside(path: Path) -> list[Path]:
    return list(path.parent.glob(".racewatch.*"))


def test_what_was_kept_is_freed_and_undo_is_over(tree: Path, journal: Journal) -> None:
    outcome = removed(journal, tree)
    entry = journal.entry(outcome.action)
    assert entry is not None
    assert entry.kept
    told: list[tuple[int, int]] = []

    def progress(done: int, whole: int) -> bool:
        told.append((done, whole))
        return True

    freed = purge(outcome.action, journal, progress=progress)
    assert freed.word is DONE, freed.summary
    assert not aside(tree)
    assert told[0] == (0, told[0][1])
    assert told[0][1] >= 9000
    assert all(done <= whole for done, whole in told)
    entry = journal.entry(outcome.action)
    assert entry is not None
    assert (entry.kept, entry.undoable, entry.undone_by) == (False, False, None)
    assert undo(outcome.action, journal).word is FORBIDDEN
    assert purge(outcome.action, journal).word is FORBIDDEN
    row = journal.entry(freed.action)
    assert row is not None
    assert (row.verb, row.refers_to, row.word) == ("purge", outcome.action, DONE)
    assert Path("/etc/passwd").exists()


def test_stopped_before_it_began_all_is_as_it_was(tree: Path, journal: Journal) -> None:
    outcome = removed(journal, tree)
    stopped = purge(outcome.action, journal, progress=lambda done, whole: False)
    assert (stopped.word, "undo still brings it back" in stopped.summary) == (FAILED, True)
    assert undo(outcome.action, journal).word is DONE
    assert (tree / "a" / "file").exists()


def test_stopped_half_way_it_can_be_asked_again(tree: Path, journal: Journal) -> None:
    for number in range(300):
        (tree / "a" / f"f{number}").write_text("x")
    outcome = removed(journal, tree)
    calls: list[None] = []

    def twice(done: int, whole: int) -> bool:
        calls.append(None)
        return len(calls) < 3

    stopped = purge(outcome.action, journal, progress=twice)
    assert (stopped.word, "purge can be asked again" in stopped.summary) == (FAILED, True)
    (left,) = aside(tree)
    assert left.is_dir()
    assert undo(outcome.action, journal).word is FORBIDDEN
    entry = journal.entry(outcome.action)
    assert entry is not None
    assert entry.kept
    assert purge(outcome.action, journal).word is DONE
    assert not aside(tree)


def test_what_is_not_there_any_more_is_freed(tree: Path, journal: Journal) -> None:
    outcome = removed(journal, tree)
    (kept,) = aside(tree)
    subprocess.run(["find", kept, "-delete"], check=True)
    assert purge(outcome.action, journal).word is DONE


def test_what_is_another_thing_now_is_left_alone(tree: Path, journal: Journal) -> None:
    outcome = removed(journal, tree)
    (kept,) = aside(tree)
    kept.rename(tree.parent / "elsewhere")
    kept.mkdir()
    (kept / "dear").write_text("dear")
    assert purge(outcome.action, journal).word is OutcomeWord.REFUSED_CHANGED
    assert (kept / "dear").read_text() == "dear"


@needs_root
def test_a_mount_below_it_stops_all_before_anything_goes(tree: Path, journal: Journal) -> None:
    outcome = removed(journal, tree)
    (kept,) = aside(tree)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", kept / "a" / "b"], check=True)
    try:
        (kept / "a" / "b" / "dear").write_text("dear")
        refused = purge(outcome.action, journal)
        assert refused.word is OutcomeWord.REFUSED_LIVE
        assert (kept / "a" / "b" / "dear").read_text() == "dear"
        assert (kept / "a" / "file").exists()
    finally:
        subprocess.run(["umount", kept / "a" / "b"], check=True)
    assert undo(outcome.action, journal).word is DONE


@needs_root
def test_a_mount_in_another_mount_namespace_alone_stops_it_too(tree: Path, journal: Journal) -> None:
    dear = tree.parent / "dear"
    dear.mkdir()
    (dear / "file").write_text("dear")
    outcome = removed(journal, tree)
    (kept,) = aside(tree)
    script = 'mount --make-rprivate / && mount --bind "$1" "$2" && echo mounted && read _'
    with subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", script, "sh", dear, kept / "a" / "b"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"mounted\n"
        assert not (kept / "a" / "b" / "file").exists()  # not seen from here
        assert purge(outcome.action, journal).word is OutcomeWord.REFUSED_LIVE
        other.communicate()
    assert (dear / "file").read_text() == "dear"
    assert purge(outcome.action, journal).word is DONE
    assert (dear / "file").read_text() == "dear"


@pytest.mark.parametrize("kind", ["unknown", "undone", "not kept", "an undo"])
def test_what_there_is_nothing_to_free_of(tree: Path, path: bytes, journal: Journal, kind: str) -> None:
    outcome = removed(journal, tree if kind != "not kept" else Path(os.fsdecode(path)))
    action = outcome.action
    if kind == "unknown":
        with pytest.raises(NoSuchAction):
            purge("nothing", journal)
        return
    if kind in ("undone", "an undo"):
        back = undo(action, journal)
        action = back.action if kind == "an undo" else action
    refused = purge(action, journal)
    assert refused.word is FORBIDDEN, refused.summary
    assert "nothing to free" in refused.summary


def test_a_directory_that_is_locked(tree: Path, journal: Journal) -> None:
    outcome = removed(journal, tree)
    with subprocess.Popen(
        ["flock", tree.parent, "sh", "-c", "echo; read x"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert purge(outcome.action, journal).word is OutcomeWord.REFUSED_BUSY
        holder.communicate(b"\n")
    assert purge(outcome.action, journal).word is DONE


def test_a_damaged_record_frees_nothing(tree: Path, journal: Journal) -> None:
    outcome = removed(journal, tree)
    journal._db.execute("UPDATE action SET undo='{\"kept\": true}' WHERE action=?", (outcome.action,))
    assert purge(outcome.action, journal).word is FAILED
    assert kept_places(outcome.action, journal) == ()
    assert aside(tree)


def test_where_it_is_kept_can_be_asked(tree: Path, journal: Journal) -> None:
    outcome = removed(journal, tree)
    assert kept_places(outcome.action, journal) == tuple(os.fsencode(one) for one in aside(tree))
    assert undo(outcome.action, journal).word is DONE
    assert kept_places(outcome.action, journal) == ()
    with pytest.raises(NoSuchAction):
        kept_places("nobody's", journal)


def test_a_journal_that_cannot_be_written(
    tree: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = removed(journal, tree)

    def full(*_: object, **__: object) -> None:
        raise JournalError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "give_up", full)
        assert "the disk is full" in purge(outcome.action, journal).summary
    assert aside(tree)
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "finish", full)
        freed = purge(outcome.action, journal)
    assert freed.error is not None
    assert "could not be recorded" in freed.error
    assert not aside(tree)


def test_what_cannot_be_measured_stays(tree: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = removed(journal, tree)

    def broken(directory: int, name: bytes) -> Amount:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(purging, "measure", broken)
    assert "Input/output error" in purge(outcome.action, journal).summary
    assert aside(tree)


def test_mounts_that_cannot_be_read_are_left_out(
    tree: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = removed(journal, tree)

    def gone(pid: int | None) -> None:
        raise ProcessLookupError

    monkeypatch.setattr(purging, "read_mounts", gone)
    assert purge(outcome.action, journal).word is DONE


def test_a_crash_half_way_is_told_as_it_is(tree: Path, journal: Journal) -> None:
    outcome = removed(journal, tree)
    entry = journal.entry(outcome.action)
    assert entry is not None
    journal.give_up(entry, "x1")
    (row,) = recover(journal)
    assert (row.verb, row.word) == ("purge", FAILED)
    assert "purge can be asked again" in row.summary
    assert purge(outcome.action, journal).word is DONE


# --- trees ---------------------------------------------------------------------------------------


def go_on(_: Amount) -> bool:
    return True


def at(folder: bytes, work: Callable[[int], Amount]) -> Amount:
    fd = fs.open_directory(folder)
    try:
        return work(fd)
    finally:
        os.close(fd)


def test_a_tree_goes_and_what_its_links_lead_to_stays(tree: Path, folder: bytes) -> None:
    (tree.parent / "beside").write_text("dear")
    whole = at(folder, lambda fd: measure(fd, b"tree"))
    gone = at(folder, lambda fd: remove_tree(fd, b"tree", go_on))
    assert gone == whole
    assert gone.names == 9
    assert os.listdir(folder) == [b"beside"]


def test_one_file_is_a_tree_too(folder: bytes) -> None:
    Path(os.fsdecode(folder), "one").write_text("x")
    assert at(folder, lambda fd: measure(fd, b"one")).names == 1
    assert at(folder, lambda fd: remove_tree(fd, b"one", go_on)).names == 1
    assert at(folder, lambda fd: Amount()) == Amount()


@needs_root
def test_nothing_goes_through_a_mount(tree: Path, folder: bytes) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", tree / "a"], check=True)
    try:
        (tree / "a" / "dear").write_text("dear")
        assert at(folder, lambda fd: measure(fd, b"tree")).names == 6
        with pytest.raises(StoppedTree, match="something is mounted on"):
            at(folder, lambda fd: remove_tree(fd, b"tree", go_on))
        assert (tree / "a" / "dear").read_text() == "dear"
    finally:
        subprocess.run(["umount", tree / "a"], check=True)


@needs_root
def test_a_mount_that_comes_half_way_is_not_gone_through(tree: Path, folder: bytes) -> None:
    dear = tree.parent / "dear"
    dear.mkdir()
    (dear / "file").write_text("dear")  # on the very same device: only the mount tells it apart
    calls = 0

    def mount_then(_: Amount) -> bool:
        nonlocal calls
        calls += 1
        if calls == 2:  # the removal is inside the tree already
            subprocess.run(["mount", "--bind", dear, tree / "a" / "b"], check=True)
        return True

    try:
        with pytest.raises(StoppedTree, match="something is mounted on"):
            at(folder, lambda fd: remove_tree(fd, b"tree", mount_then))
        assert (dear / "file").read_text() == "dear"
    finally:
        subprocess.run(["umount", tree / "a" / "b"], check=True)


@needs_root
def test_nor_is_a_mounted_file_removed(tree: Path, folder: bytes) -> None:
    other = tree.parent / "other"
    other.write_text("dear")
    subprocess.run(["mount", "--bind", other, tree / "a" / "file"], check=True)
    try:
        with pytest.raises(StoppedTree, match="something is mounted there"):
            at(folder, lambda fd: remove_tree(fd, b"tree", go_on))
        assert other.read_text() == "dear"
    finally:
        subprocess.run(["umount", tree / "a" / "file"], check=True)


def test_what_vanishes_meanwhile_is_gone(tree: Path, folder: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink = removal.unlink

    def late(directory: int, name: bytes) -> None:
        os.unlink(name, dir_fd=directory)
        unlink(directory, name)

    monkeypatch.setattr(removal, "unlink", late)
    at(folder, lambda fd: remove_tree(fd, b"tree", go_on))
    assert not tree.exists()


def test_what_the_system_refuses_is_named(tree: Path, folder: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(directory: int, name: bytes) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(removal, "unlink", denied)
    with pytest.raises(StoppedTree, match="Operation not permitted"):
        at(folder, lambda fd: remove_tree(fd, b"tree", go_on))


def test_a_tree_deeper_than_there_are_handles(tree: Path, folder: bytes) -> None:
    """Nor than Python's stack."""
    levels = 3000
    fd = os.open(tree / "a", os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("down", dir_fd=fd)
        below = os.open("down", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(fd)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (held + 80, limits[1]))
    try:
        whole = at(folder, lambda fd: measure(fd, b"tree"))
        gone = at(folder, lambda fd: remove_tree(fd, b"tree", go_on))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        subprocess.run(["rm", "-rf", tree], check=True)
    assert (gone, gone.names) == (whole, levels + 9)
    assert len(os.listdir("/proc/self/fd")) == held


def test_what_is_moved_away_meanwhile_is_not_followed(
    tree: Path, folder: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_module, "_HELD", 1)
    (tree / "a" / "b" / "c").mkdir()
    (tree / "a" / "b" / "c" / "file").write_text("x")
    dear = tree.parent / "dear"
    (dear / "b").mkdir(parents=True)

    calls = 0

    def move(_: Amount) -> bool:
        nonlocal calls
        calls += 1
        if calls == 5:  # for the file: the removal is in c
            os.rename(tree / "a" / "b" / "c", dear / "c")
        return True

    held = len(os.listdir("/proc/self/fd"))
    with pytest.raises(StoppedTree, match="moved away"):
        at(folder, lambda fd: remove_tree(fd, b"tree", move))
    assert (dear / "b").is_dir()
    assert (tree / "a" / "file").exists()
    assert len(os.listdir("/proc/self/fd")) == held


def test_the_progress_that_nobody_looks_at_goes_on() -> None:
    assert to_the_end(1, 2)
