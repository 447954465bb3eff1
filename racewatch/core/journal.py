"""The durable record of every act: SQLite in WAL mode, synced before any name goes.

One row an act.  The intent (with all that undo needs) is committed to disk before CAPTURE; the
outcome is written after COMMIT.  A row without an outcome is an act under way, or one that a crash
interrupted: :mod:`racewatch.core.recovery` tells them apart by the act's lock.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from racewatch.core import wire
from racewatch.core.guard import ActLocks
from racewatch.core.kind import UndoRecord
from racewatch.core.model import HistoryEntry, KindName, Observation, Outcome, OutcomeWord, Target
from racewatch.core.text import display

_SCHEMA_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE action (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  action TEXT NOT NULL UNIQUE,
  verb TEXT NOT NULL,
  refers_to TEXT,
  kind TEXT NOT NULL,
  locator BLOB NOT NULL,
  path BLOB,
  started_at REAL NOT NULL,
  ended_at REAL,
  word TEXT,
  summary TEXT NOT NULL,
  observation TEXT,
  method TEXT,
  undo TEXT,
  undoable INTEGER NOT NULL DEFAULT 0,
  undone_by TEXT
) STRICT;
CREATE INDEX action_open ON action (seq) WHERE word IS NULL;
"""
_COLUMNS: Final = (
    "action, verb, refers_to, kind, locator, path, started_at, ended_at, word, summary, "
    "observation, undoable, undone_by, word='done' AND undone_by IS NULL AND verb='remove' AND "
    # A damaged record is no JSON, and CASE is what SQLite evaluates in order.
    "CASE WHEN json_valid(undo) THEN coalesce(json_extract(undo, '$.kept'), 0) ELSE 0 END"
)
_BUSY_SECONDS: Final = 5.0
#: A log of this size is worth to be brought into the file (bytes), and at this one an act does it (pages).
_LONG_LOG: Final = 1 << 20
_LONGEST_LOG: Final = 4000


class JournalError(Exception):
    """The journal cannot be used; the message says which file, why, and what to do."""


def new_action_id() -> str:
    """An unguessable name for an act, a number in base 36 below 2**60 (it is a lock offset too)."""
    number = secrets.randbits(60) | 1 << 59
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


@dataclass(frozen=True, slots=True)
class OpenAct:
    """A row without an outcome, as recovery reads it."""

    action: str
    verb: str
    target: Target
    refers_to: str | None
    undo: UndoRecord


class Journal:
    """The journal of one state folder.  Usable from any thread; several processes may share it."""

    def __init__(self, folder: bytes, *, clock: Callable[[], float] = time.time) -> None:
        """Open or create; raises :class:`JournalError`.  The folder is made with mode 0700."""
        self.folder = folder
        self._clock = clock
        self._file = os.path.join(folder, b"journal.sqlite")
        self._mutex = threading.RLock()
        self.locks = ActLocks(os.path.join(folder, b"acts.lock"))
        with self._plainly():
            os.makedirs(folder, mode=0o700, exist_ok=True)
            self._db = sqlite3.connect(
                os.fsdecode(self._file),
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
        try:
            with self._plainly():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        # FULL: the intent must be on disk, not in a cache, before the name goes.
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(f"PRAGMA wal_autocheckpoint={_LONGEST_LOG}")
        with self._writing():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")
            elif version != _SCHEMA_VERSION:
                raise JournalError(
                    f"the journal {display(self._file)} was written by another version of racewatch "
                    f"(schema {version}, this one reads {_SCHEMA_VERSION}); use that version, or set "
                    "RACEWATCH_STATE_DIR to another folder"
                )

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        """Turn what SQLite and the file system say into one sentence with a cure."""
        try:
            yield
        except sqlite3.Error as error:
            raise JournalError(
                f"the journal {display(self._file)} cannot be used: {error}; {_cure(error)}"
            ) from error
        except OSError as error:
            raise JournalError(
                f"the journal folder {display(self.folder)} cannot be used: {error.strerror}; make it "
                "writable, or set RACEWATCH_STATE_DIR to another folder"
            ) from error
        except (ValueError, TypeError) as error:
            # SQLite keeps no checksums: a damaged row is found only when its content makes no sense.
            raise JournalError(
                f"the journal {display(self._file)} holds a damaged row ({error}); move the file away "
                "(a new one is made), or set RACEWATCH_STATE_DIR"
            ) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction, durable at its end (WAL with synchronous=FULL syncs at each commit)."""
        with self._mutex:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def claim(self, action: str) -> int | None:
        """The lock that says "this act is alive"; None when a living process holds it."""
        with self._plainly():
            return self.locks.claim(action)

    def intend(
        self, action: str, verb: str, seen: Observation, undo: UndoRecord, *, refers_to: str | None = None
    ) -> None:
        """Record durably what is about to happen; raises :class:`JournalError` and then nothing may."""
        with self._plainly(), self._writing():
            self._db.execute(
                "INSERT INTO action (action, verb, refers_to, kind, locator, path, started_at, summary, "
                "observation, method, undo) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (
                    action,
                    verb,
                    refers_to,
                    seen.target.kind.value,
                    seen.target.locator,
                    seen.path,
                    self._clock(),
                    "under way",
                    json.dumps(wire.observation_to_json(seen)),
                    undo.method,
                    json.dumps(undo.data),
                ),
            )

    def give_up(self, entry: HistoryEntry, action: str) -> None:
        """Record durably that what an act keeps aside is about to go for good: undo is over for it."""
        with self._plainly(), self._writing():
            self._db.execute(
                "INSERT INTO action (action, verb, refers_to, kind, locator, path, started_at, summary, method, undo) "
                "SELECT ?, 'purge', action, kind, locator, path, ?, 'under way', method, undo "
                "FROM action WHERE action=?",
                (action, self._clock(), entry.action),
            )
            self._db.execute("UPDATE action SET undoable=0 WHERE action=?", (entry.action,))

    def remark(self, action: str, summary: str) -> None:
        """Say in an open row why it is still open."""
        with self._plainly(), self._writing():
            self._db.execute("UPDATE action SET summary=? WHERE action=? AND word IS NULL", (summary, action))

    def finish(
        self,
        outcome: Outcome,
        *,
        verb: str = "remove",
        refers_to: str | None = None,
        undo: UndoRecord | None = None,
    ) -> None:
        """Record how an act ended: completes its intent, or writes a row for one that had none.

        ``undo`` replaces what the intent recorded.  An undo that is done marks the act it refers to.
        """
        now = self._clock()
        seen = outcome.observation
        with self._plainly(), self._writing():
            changed = self._db.execute(
                "UPDATE action SET ended_at=?, word=?, summary=?, undoable=?, undo=coalesce(?, undo) WHERE action=?",
                (
                    now,
                    outcome.word.value,
                    outcome.summary,
                    int(outcome.undoable),
                    json.dumps(undo.data) if undo else None,
                    outcome.action,
                ),
            ).rowcount
            if not changed:
                self._db.execute(
                    "INSERT INTO action (action, verb, refers_to, kind, locator, path, started_at, ended_at, "
                    "word, summary, observation) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                    (
                        outcome.action,
                        verb,
                        refers_to,
                        outcome.target.kind.value,
                        outcome.target.locator,
                        outcome.target.path,
                        now,
                        now,
                        outcome.word.value,
                        outcome.summary,
                        json.dumps(wire.observation_to_json(seen)) if seen else None,
                    ),
                )
            if outcome.word is OutcomeWord.DONE:
                self._db.execute(
                    "UPDATE action SET undone_by=?, undoable=0 "
                    "WHERE action=(SELECT refers_to FROM action WHERE action=? AND verb='undo')",
                    (outcome.action, outcome.action),
                )
                # Nothing is kept of what was freed.
                self._db.execute(
                    "UPDATE action SET undo=NULL, method=NULL "
                    "WHERE action=(SELECT refers_to FROM action WHERE action=? AND verb='purge')",
                    (outcome.action,),
                )

    def expire(self, keep_days: float) -> None:
        """Forget how to take back what was removed longer ago than this.

        What was kept aside stays undoable: forgetting that would lose it.
        """
        with self._plainly(), self._writing():
            self._db.execute(
                "UPDATE action SET undoable=0, undo=NULL, method=NULL WHERE undoable=1 AND ended_at < ? "
                "AND json_valid(undo) AND NOT coalesce(json_extract(undo, '$.kept'), 0)",
                (self._clock() - keep_days * 86400,),
            )

    def entries(self, limit: int | None = None) -> list[HistoryEntry]:
        """The journal, newest first."""
        with self._plainly(), self._mutex:
            rows = self._db.execute(
                f"SELECT {_COLUMNS} FROM action ORDER BY seq DESC LIMIT ?",  # noqa: S608 - a constant
                (-1 if limit is None else limit,),
            ).fetchall()
            return [_entry(row) for row in rows]

    def entry(self, action: str) -> HistoryEntry | None:
        """One line of the journal."""
        with self._plainly(), self._mutex:
            row = self._db.execute(
                f"SELECT {_COLUMNS} FROM action WHERE action=?",  # noqa: S608 - a constant
                (action,),
            ).fetchone()
            return _entry(row) if row else None

    def undo_record(self, action: str) -> UndoRecord | None:
        """What undo needs of an act; None when the act is unknown or took nothing."""
        with self._plainly(), self._mutex:
            row = self._db.execute("SELECT method, undo FROM action WHERE action=?", (action,)).fetchone()
        return UndoRecord(row[0], _record(row[1])) if row and row[0] else None

    def open_acts(self) -> list[OpenAct]:
        """The acts without an outcome, oldest first."""
        with self._plainly(), self._mutex:
            rows = self._db.execute(
                "SELECT action, verb, kind, locator, refers_to, method, undo FROM action "
                "WHERE word IS NULL ORDER BY seq"
            ).fetchall()
            return [
                OpenAct(
                    action,
                    verb,
                    Target(KindName(kind), locator),
                    refers_to,
                    UndoRecord(str(method), _record(undo)),
                )
                for action, verb, kind, locator, refers_to, method, undo in rows
            ]

    def tidy(self) -> None:
        """Bring a long log of what was written into the file itself, so that no act has to (which doubles what it takes).

        For whoever keeps the journal open, when nobody waits.  Acts of others go on meanwhile.
        """
        try:
            if os.stat(self._file + b"-wal").st_size >= _LONG_LOG:
                with closing(sqlite3.connect(os.fsdecode(self._file), timeout=0.0)) as beside:
                    beside.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except (OSError, sqlite3.Error):
            return  # what is wrong with the file the next act says; what is in the log is on the disk as well

    def close(self) -> None:
        """Close the file; waits for a write in flight."""
        with self._mutex:
            self._db.close()


def _record(text: object) -> dict[str, object]:
    """The record of an act; an empty one, which nobody can read, when it is damaged.

    One damaged row must not keep the other acts from being settled and taken back.
    """
    try:
        data = json.loads(str(text))
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _seen(text: str | None) -> Observation | None:
    if text is None:
        return None
    try:
        return wire.observation_from_json(json.loads(text))
    except ValueError:
        return None  # damaged: the line of history is still worth showing


def _entry(row: tuple[Any, ...]) -> HistoryEntry:
    (
        action,
        verb,
        refers_to,
        kind,
        locator,
        path,
        started,
        ended,
        word,
        summary,
        seen,
        undoable,
        undone,
        kept,
    ) = row
    return HistoryEntry(
        action=action,
        verb=verb,
        target=Target(KindName(kind), locator),
        path=path,
        started_at=started,
        ended_at=ended,
        word=None if word is None else OutcomeWord(word),
        summary=summary,
        observation=_seen(seen),
        undoable=bool(undoable),
        refers_to=refers_to,
        undone_by=undone,
        kept=bool(kept),
    )


def _cure(error: sqlite3.Error) -> str:
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith("SQLITE_FULL"):
        return "the disk is full: free some space"
    if name.startswith(("SQLITE_READONLY", "SQLITE_PERM", "SQLITE_CANTOPEN", "SQLITE_IOERR")):
        return "make its folder writable, or set RACEWATCH_STATE_DIR to another folder"
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return "move the file away (it is damaged; a new one is made), or set RACEWATCH_STATE_DIR"
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "another process keeps it locked: try again"
    return "set RACEWATCH_STATE_DIR to another folder to go on"
