"""``racewatch drill``: both cleaners side by side, for people or as JSON."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Mapping

from racewatch.cli.exits import Complaint, Exit
from racewatch.cli.output import Cell, Row
from racewatch.cli.session import Session
from racewatch.core import wire
from racewatch.core.text import display
from racewatch.drill.contest import Arm, Contest, Drill
from racewatch.drill.crowd import DrillError
from racewatch.drill.report import verdict
from racewatch.drill.run import SECONDS
from racewatch.drill.run import drill as hold


def drill(session: Session, arguments: argparse.Namespace) -> int:
    """Hold the drill and print both counts of losses."""
    folder = os.fsencode(arguments.directory or tempfile.gettempdir())
    seconds = SECONDS if arguments.seconds is None else arguments.seconds
    if not arguments.json:
        session.say(f"racing in {display(folder)}, about {6 * seconds:.0f} seconds")
    try:
        held = hold(folder, seconds)
    except DrillError as error:
        raise Complaint(str(error)) from error
    if arguments.json:
        session.out.line(wire.dumps(_document(held)))
    else:
        session.out.table(
            ("RACE", "CHECK, THEN DELETE", "RACEWATCH", "ITS ACTS"), [_row(one) for one in held.contests]
        )
        session.out.line("")
        session.out.styled(verdict(held), "bold red" if held.lost or held.problem else "green")
    return Exit.FAILED if held.lost else Exit.DONE


def _row(contest: Contest) -> Row:
    return (
        Cell(contest.name.race),
        Cell(_losses(contest.naive), "red" if contest.naive.lost else ""),
        Cell(_losses(contest.ours), "bold red" if contest.ours.lost else "green"),
        Cell(_words(contest.ours.words)),
    )


def _losses(arm: Arm) -> str:
    return f"{arm.lost} of {arm.lives} lives lost"


def _words(words: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {word}" for word, count in sorted(words.items())) or "none"


def _document(held: Drill) -> dict[str, object]:
    return {
        "schema": wire.SCHEMA,
        "folder": display(held.folder),
        "filesystem": held.fstype,
        "problem": held.problem,
        "seconds": held.seconds,
        "contests": [
            {"name": one.name.value, "naive": _arm(one.naive), "racewatch": _arm(one.ours)}
            for one in held.contests
        ],
        "lost": held.lost,
    }


def _arm(arm: Arm) -> dict[str, object]:
    return {"lives": arm.lives, "lost": arm.lost, "acts": dict(arm.words)}
