"""What a stranger puts into the placeholder of an exchange: it is never removed, and it is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from racewatch.core.act import Step
from racewatch.core.journal import Journal
from tests.unit.core.test_exchange import DONE, FAILED, LIVE, STALE, perform, private


@pytest.fixture
def path(folder: bytes) -> bytes:
    made = os.path.join(folder, b"root", b"one")
    os.makedirs(made, 0o711)
    Path(os.fsdecode(made), "state").write_text("here")
    return made


def test_what_was_put_into_its_place_meanwhile_is_told_when_it_is_back(path: bytes, journal: Journal) -> None:
    at = {Step.VERIFY: lambda: os.mkdir(os.path.join(path, b"stranger's"))}
    outcome = perform(path, journal, STALE, LIVE, at=at)
    assert outcome.word is FAILED
    assert "it is back under its name" in outcome.summary
    assert Path(os.fsdecode(path), "state").read_text() == "here"
    (aside,) = private(os.path.dirname(path))
    assert os.fsdecode(aside) in outcome.summary
    assert os.listdir(os.path.join(aside, b"one")) == [b"stranger's"]


def test_what_was_put_into_its_place_while_it_was_deleted_stays(path: bytes, journal: Journal) -> None:
    outcome = perform(path, journal, at={Step.COMMIT: lambda: os.mkdir(os.path.join(path, b"stranger's"))})
    assert outcome.word is DONE
    assert os.listdir(path) == [b"stranger's"]
    assert not private(os.path.dirname(path))
