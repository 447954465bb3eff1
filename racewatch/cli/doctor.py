"""``racewatch doctor``: the checks of this machine, for people or as JSON."""

from __future__ import annotations

import argparse
from typing import Final

from racewatch.cli.exits import Exit
from racewatch.cli.machine import Check, Machine, State, all_checks
from racewatch.cli.output import Cell, Row
from racewatch.cli.session import Session
from racewatch.core import wire

_STYLES: Final = {State.OK: "green", State.INFO: "", State.DEGRADED: "yellow", State.FAILED: "bold red"}


def doctor(session: Session, arguments: argparse.Namespace) -> int:
    """Says what is; a machine that allows little is no error, so the answer is always 0."""
    with session.opened() as racewatch:
        checks = list(all_checks(Machine(racewatch, session.config, session.config_problems)))
    if arguments.json:
        document = {
            "schema": wire.SCHEMA,
            "checks": [
                {"name": check.name, "state": check.state.value, "detail": check.detail, "cure": check.cure}
                for check in checks
            ],
        }
        session.out.line(wire.dumps(document))
    else:
        session.out.table(("STATE", "CHECK", "FINDING"), [_row(check) for check in checks])
    return Exit.DONE


def _row(check: Check) -> Row:
    cure = f" Cure: {check.cure}." if check.cure else ""
    return (
        Cell(check.state.value, _STYLES[check.state]),
        Cell(check.name),
        Cell(f"{check.detail}.{cure}"),
    )
