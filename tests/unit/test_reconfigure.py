"""Other settings for a racewatch that is open: in force from the next look and act on."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from racewatch.config import Config
from racewatch.core.model import ActRequest, KindName, OutcomeWord, Target
from racewatch.core.protected import Protected, Protection
from racewatch.kinds.sockets.policy import SocketPolicy
from racewatch.verbs import Racewatch


def test_other_settings_hold_from_the_next_look_and_act_on(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "s.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
    target = Target(KindName.SOCKET, path)
    folder = os.fsencode(tmp_path / "state")
    racewatch = Racewatch(Config(roots=(b"/nowhere",)), state=folder)
    try:
        seen = racewatch.observe(target)
        assert seen is not None
        kept = Protection(b"/kept/*", "told here")
        racewatch.protect(kept)
        rule = Protection(path, "mine")
        roots = (os.fsencode(tmp_path),)
        racewatch.reconfigure(Config(roots=roots, protected=Protected((rule,)), keep_days=1))
        assert racewatch.protection(target) == "mine"
        assert racewatch.protection(Target(KindName.LOCK, b"/kept/x")) == "told here"
        assert "own" in (racewatch.protection(Target(KindName.LOCK, folder)) or "")
        outcome = racewatch.remove(ActRequest(target, seen.fingerprint))
        assert outcome.word is OutcomeWord.REFUSED_FORBIDDEN
        assert [one.target for one in racewatch.scan().observations if one.target.path == path] == [target]
        racewatch.reconfigure(Config(roots=roots, sockets=SocketPolicy(min_age=1e6)))
        again = racewatch.observe(target)
        assert again is not None
        assert again.label == "too young"
        racewatch.reconfigure(Config(roots=roots, observe=True))
        assert racewatch.observing
        racewatch.reconfigure(Config(roots=roots))
        assert racewatch.observing  # until a person says so
        racewatch.stop_observing()
        seen = racewatch.observe(target)
        assert seen is not None
        assert racewatch.remove(ActRequest(target, seen.fingerprint)).word is OutcomeWord.DONE
    finally:
        racewatch.close()
