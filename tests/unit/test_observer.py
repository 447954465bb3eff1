"""Observer mode: every verb that changes anything refuses before it does anything else."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from racewatch.config import Config, load
from racewatch.core.journal import Journal
from racewatch.core.model import ActRequest, KindName, OutcomeWord, Target
from racewatch.verbs import Racewatch, RacewatchError


def dead_socket(path: Path) -> Target:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
    return Target(KindName.SOCKET, os.fsencode(path))


def request(racewatch: Racewatch, target: Target) -> ActRequest:
    seen = racewatch.observe(target)
    assert seen is not None
    return ActRequest(target, seen.fingerprint, override=True)


def test_observer_guard(tmp_path: Path) -> None:
    state = os.fsencode(tmp_path / "state")
    first, second = dead_socket(tmp_path / "a"), dead_socket(tmp_path / "b")
    racewatch = Racewatch(Config(), state=state)
    removed = racewatch.remove(request(racewatch, first))
    assert removed.word is OutcomeWord.DONE
    racewatch.start_observing()
    assert racewatch.observing
    told = racewatch.history()
    for outcome in (
        racewatch.remove(request(racewatch, second)),
        racewatch.undo(removed.action),
        racewatch.purge(removed.action),
    ):
        assert outcome.word is OutcomeWord.REFUSED_FORBIDDEN
        assert "racewatch only observes" in outcome.summary
        assert not outcome.undoable
    assert os.path.lexists(tmp_path / "b")
    assert not os.path.lexists(tmp_path / "a")
    assert racewatch.history() == told
    for verb in (racewatch.undo, racewatch.purge):
        with pytest.raises(RacewatchError, match="knows no action"):
            verb("nothing")
    racewatch.stop_observing()
    assert racewatch.undo(removed.action).word is OutcomeWord.DONE
    racewatch.close()
    with pytest.raises(RacewatchError, match="closed"):
        racewatch.start_observing()
        racewatch.undo(removed.action)


def test_what_the_configuration_says_cannot_be_switched_off(tmp_path: Path) -> None:
    racewatch = Racewatch(Config(observe=True), state=os.fsencode(tmp_path / "state"))
    with pytest.raises(RacewatchError, match="the configuration says to observe only"):
        racewatch.stop_observing()
    assert "observe in the configuration" in (racewatch.observer_guard() or "")
    racewatch.close()


def test_what_the_file_says_while_acts_are_being_allowed_again_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = dead_socket(tmp_path / "a")
    racewatch = Racewatch(Config(), state=os.fsencode(tmp_path / "state"), observe=True)
    catch_up = racewatch._catch_up

    def and_meanwhile(journal: Journal) -> None:
        catch_up(journal)
        racewatch.reconfigure(Config(observe=True))

    monkeypatch.setattr(racewatch, "_catch_up", and_meanwhile)
    with pytest.raises(RacewatchError, match="the configuration says to observe only"):
        racewatch.stop_observing()
    assert racewatch.remove(request(racewatch, dead)).word is OutcomeWord.REFUSED_FORBIDDEN
    # Nor does taking it out of the file permit anything: a person must say so.
    racewatch.reconfigure(Config())
    assert racewatch.remove(request(racewatch, dead)).word is OutcomeWord.REFUSED_FORBIDDEN
    monkeypatch.undo()
    racewatch.stop_observing()
    assert racewatch.remove(request(racewatch, dead)).word is OutcomeWord.DONE
    racewatch.close()


def test_what_is_too_old_and_what_was_interrupted_waits_for_the_end_of_observing(tmp_path: Path) -> None:
    state = os.fsencode(tmp_path / "state")
    racewatch = Racewatch(Config(), state=state)
    removed = racewatch.remove(request(racewatch, dead_socket(tmp_path / "a")))
    racewatch.close()
    # With no days to keep it, the next opening forgets what undo needs; one that observes does not.
    observing = Racewatch(Config(keep_days=0), state=state, observe=True)
    assert observing.history()[0].undoable
    observing.stop_observing()
    assert not observing.history()[0].undoable
    assert observing.undo(removed.action).word is OutcomeWord.REFUSED_FORBIDDEN
    observing.close()


@pytest.mark.parametrize(
    ("text", "observes"),
    [
        ("observe = true\n", True),
        ("observe = false\n", False),
        ("observe = 'no'\n", True),
        ("observe = \n", True),
    ],
)
def test_what_is_not_understood_does_not_permit(tmp_path: Path, text: str, observes: bool) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    config, _ = load(os.fsencode(file))
    assert config.observe is observes
