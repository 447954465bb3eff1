"""The journal: what it holds, what it refuses, and what damage costs."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable

import pytest

from racewatch.core.journal import Journal, JournalError, _cure, new_action_id
from racewatch.core.kind import UndoRecord
from racewatch.core.model import Outcome, OutcomeWord
from tests.unit.core.support import observation

DONE, FAILED = OutcomeWord.DONE, OutcomeWord.FAILED


def intend(journal: Journal, action: str, **data: object) -> None:
    journal.intend(action, "remove", observation(), UndoRecord("name", {"kept": False, **data}))


def finish(journal: Journal, action: str, word: OutcomeWord = DONE, *, undoable: bool = True) -> None:
    journal.finish(Outcome(observation().target, action, word, "over", undoable=undoable))


def test_action_ids_are_lock_offsets_and_names() -> None:
    ids = {new_action_id() for _ in range(1000)}
    assert len(ids) == 1000
    for one in ids:
        assert one.isalnum()
        assert 1 << 59 <= int(one, 36) < 1 << 60


def test_an_act_is_open_until_its_end_is_recorded(journal: Journal) -> None:
    intend(journal, "a1")
    (still,) = journal.open_acts()
    assert (still.action, still.verb, still.undo.method) == ("a1", "remove", "name")
    entry = journal.entry("a1")
    assert entry is not None
    assert (entry.word, entry.ended_at, entry.summary) == (None, None, "under way")
    journal.remark("a1", "waiting")
    finish(journal, "a1")
    assert journal.open_acts() == []
    entry = journal.entry("a1")
    assert entry is not None
    assert (entry.word, entry.summary, entry.undoable) == (DONE, "over", True)
    assert entry.observation == observation()
    journal.remark("a1", "too late")
    assert journal.entry("a1") == entry


def test_an_act_without_an_intent_gets_a_row_too(journal: Journal) -> None:
    seen = observation()
    journal.finish(Outcome(seen.target, "a1", OutcomeWord.REFUSED_LIVE, "no", seen))
    journal.finish(Outcome(seen.target, "a2", OutcomeWord.GONE, "gone"))
    newest, oldest = journal.entries()
    assert (oldest.action, oldest.observation, oldest.undoable) == ("a1", seen, False)
    assert (newest.action, newest.observation, newest.started_at) == ("a2", None, newest.ended_at)
    assert journal.undo_record("a1") is None
    assert [one.action for one in journal.entries(1)] == ["a2"]


def test_an_undo_that_is_done_marks_the_act_it_took_back(journal: Journal) -> None:
    for action in ("a1", "a2"):
        intend(journal, action)
        finish(journal, action)
    journal.intend("u1", "undo", observation(), UndoRecord("name", {}), refers_to="a1")
    journal.finish(Outcome(observation().target, "u1", DONE, "back"), verb="undo", refers_to="a1")
    first, second = journal.entry("a1"), journal.entry("a2")
    assert first is not None
    assert second is not None
    assert (first.undone_by, first.undoable) == ("u1", False)
    assert (second.undone_by, second.undoable) == (None, True)
    journal.finish(Outcome(observation().target, "u2", FAILED, "no"), verb="undo", refers_to="a2")
    assert journal.entry("a2") == second


def test_the_end_may_correct_the_record(journal: Journal) -> None:
    intend(journal, "a1")
    outcome = Outcome(observation().target, "a1", FAILED, "kept", undoable=True)
    journal.finish(outcome, undo=UndoRecord("name", {"kept": True}))
    assert journal.undo_record("a1") == UndoRecord("name", {"kept": True})


def test_what_is_unknown_is_none(journal: Journal) -> None:
    assert journal.entry("nothing") is None
    assert journal.undo_record("nothing") is None
    assert journal.entries() == []


def test_old_records_are_forgotten_but_never_what_is_kept_aside(folder: bytes) -> None:
    now = [0.0]
    journal = Journal(os.path.join(folder, b"state"), clock=lambda: now[0])
    try:
        for action, kept in (("copied", False), ("kept", True), ("damaged", False)):
            journal.intend(action, "remove", observation(), UndoRecord("name", {"kept": kept}))
            finish(journal, action)
        journal._db.execute("UPDATE action SET undo='{' WHERE action='damaged'")
        now[0] = 8 * 86400
        intend(journal, "young")
        finish(journal, "young")
        journal.expire(7)
        undoable = {entry.action: entry.undoable for entry in journal.entries()}
        assert undoable == {"copied": False, "kept": True, "damaged": True, "young": True}
        assert journal.undo_record("copied") is None
        assert journal.undo_record("kept") is not None
    finally:
        journal.close()


def test_the_folder_and_its_files_are_private(journal: Journal) -> None:
    assert os.stat(journal.folder).st_mode & 0o777 == 0o700
    intend(journal, "a1")


def test_every_commit_is_synced(journal: Journal) -> None:
    assert journal._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert journal._db.execute("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.parametrize(
    ("column", "value"),
    [("kind", "nonsense"), ("word", "nonsense")],
)
def test_a_row_that_makes_no_sense_is_a_clear_refusal(journal: Journal, column: str, value: str) -> None:
    intend(journal, "a1")
    journal._db.execute(f"UPDATE action SET {column}=?", (value,))
    asks: list[Callable[[], object]] = [journal.entries, lambda: journal.entry("a1")]
    if column == "kind":
        asks.append(journal.open_acts)
    for ask in asks:
        with pytest.raises(JournalError, match="holds a damaged row"):
            ask()
    with pytest.raises(JournalError, match="holds a damaged row"):
        journal.claim("not/an/action")


@pytest.mark.parametrize("damage", ["{", "7", '{"kind": "socket"}'])
def test_a_damaged_observation_costs_the_observation_only(journal: Journal, damage: str) -> None:
    intend(journal, "a1")
    finish(journal, "a1")
    journal._db.execute("UPDATE action SET observation=?", (damage,))
    (entry,) = journal.entries()
    assert (entry.action, entry.observation, entry.word) == ("a1", None, DONE)


@pytest.mark.parametrize("damage", ["{", "7", "[]"])
def test_a_damaged_record_is_an_empty_one(journal: Journal, damage: str) -> None:
    intend(journal, "a1")
    journal._db.execute("UPDATE action SET undo=?", (damage,))
    (still,) = journal.open_acts()
    assert still.undo.data == {}
    assert journal.undo_record("a1") == UndoRecord("name", {})


def test_a_transaction_that_fails_leaves_nothing(journal: Journal) -> None:
    intend(journal, "a1")
    with pytest.raises(JournalError, match="cannot be used"):
        intend(journal, "a1")  # the id is taken
    intend(journal, "a2")
    assert [one.action for one in journal.open_acts()] == ["a1", "a2"]
    with pytest.raises(JournalError):
        journal.intend("a3", "remove", observation(), UndoRecord("name", {"x": object()}))
    assert not journal._db.in_transaction


def test_a_commit_that_rolled_itself_back_is_not_rolled_back_twice(journal: Journal) -> None:
    """SQLite ends the transaction by itself on some errors (a full disk)."""
    with pytest.raises(KeyError), journal._writing():
        journal._db.execute("ROLLBACK")
        raise KeyError


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("SQLITE_FULL", "free some space"),
        ("SQLITE_READONLY_DBMOVED", "writable"),
        ("SQLITE_CANTOPEN", "writable"),
        ("SQLITE_IOERR_WRITE", "writable"),
        ("SQLITE_PERM", "writable"),
        ("SQLITE_CORRUPT", "move the file away"),
        ("SQLITE_NOTADB", "move the file away"),
        ("SQLITE_BUSY", "try again"),
        ("SQLITE_LOCKED", "try again"),
        ("SQLITE_MISUSE", "RACEWATCH_STATE_DIR"),
        (None, "RACEWATCH_STATE_DIR"),
    ],
)
def test_every_error_names_a_cure(name: str | None, cure: str) -> None:
    error = sqlite3.OperationalError("some words")
    if name is not None:
        error.sqlite_errorname = name
    assert cure in _cure(error)


def test_a_second_process_reads_what_the_first_wrote(journal: Journal) -> None:
    intend(journal, "a1")
    other = Journal(journal.folder)
    try:
        assert [one.action for one in other.open_acts()] == ["a1"]
        finish(other, "a1")
    finally:
        other.close()
    assert journal.open_acts() == []


def test_it_is_usable_from_any_thread_and_closed_once_no_more(journal: Journal) -> None:
    intend(journal, "a1")
    threads = [threading.Thread(target=finish, args=(journal, "a1")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    with pytest.raises(JournalError):
        journal.entries()
    journal.close()


def test_a_long_log_is_brought_into_the_file_while_nobody_waits(journal: Journal) -> None:
    file = os.path.join(journal.folder, b"journal.sqlite")
    journal.tidy()
    assert os.path.getsize(file) <= 4096, "nothing to do yet"
    number = 0
    while os.path.getsize(file + b"-wal") < 1 << 20:
        number += 1
        intend(journal, f"a{number}", padding="x" * 4000)
        finish(journal, f"a{number}")
    assert os.path.getsize(file) <= 4096, "no act had to do it"
    before = journal.entries()
    journal.tidy()
    grown = os.path.getsize(file)
    assert grown > 4096 * number / 2
    journal.tidy()
    finish(journal, "last")
    assert journal.entries()[1:] == before
    # The log is begun anew: it does not grow any more.
    assert os.path.getsize(file + b"-wal") < 2 << 20


def test_what_is_wrong_with_the_file_is_not_told_by_who_tidies(journal: Journal) -> None:
    intend(journal, "a1", padding="x" * (2 << 20))
    file = os.path.join(journal.folder, b"journal.sqlite")
    os.rename(file, file + b".away")
    os.mkdir(file)
    journal.tidy()
    os.rmdir(file)
    os.rename(file + b".away", file)
    finish(journal, "a1")
    assert journal.open_acts() == []
