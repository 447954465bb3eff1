"""Acts on small real nodes, and records changed behind the journal's back."""

from __future__ import annotations

import json
import os

from racewatch.core.act import act
from racewatch.core.by_name import Belongings, NamedThing
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, KindName, Outcome, Target, Verdict
from racewatch.core.name_record import NameRecord
from tests.unit.core.support import fingerprint_of, part


def remove(path: bytes, journal: Journal, *beside: bytes, verdict: Verdict = Verdict.STALE) -> Outcome:
    """One act on real nodes; ``beside`` go with the first."""
    target = Target(KindName.SOCKET, path)
    thing = NamedThing(part(path, verdict), lambda _: Belongings([part(one) for one in beside]))
    return act(ActRequest(target, fingerprint_of(path), override=True), thing, journal)


def change(journal: Journal, action: str, **values: object) -> None:
    for key, value in values.items():
        journal._db.execute(
            "UPDATE action SET undo=json_set(undo, ?, json(?)) WHERE action=?",
            (f"$.{key}", json.dumps(value), action),
        )


def reopen(journal: Journal, action: str) -> None:
    """As if its process had died before the end was recorded."""
    journal._db.execute("UPDATE action SET word=NULL, ended_at=NULL WHERE action=?", (action,))


def record(journal: Journal, action: str) -> NameRecord:
    found = journal.undo_record(action)
    assert found is not None
    return NameRecord.read(found.data)


def below(folder: bytes) -> list[bytes]:
    return sorted(
        os.path.relpath(os.path.join(above, name), folder)
        for above, _, names in os.walk(folder)
        for name in names
    )
