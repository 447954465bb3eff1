"""``racewatch formats``: the table of known lock formats, or a check of format files of one's own."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import asdict

from racewatch.cli.exits import Exit
from racewatch.cli.output import Cell, Row
from racewatch.cli.session import Session
from racewatch.core import wire
from racewatch.core.text import display
from racewatch.kinds.locks.registry import check_file, load
from racewatch.kinds.locks.rows import FormatRow, table
from racewatch.kinds.locks.schema import FormatProblem


def formats(session: Session, arguments: argparse.Namespace) -> int:
    """0 when there is no mistake anywhere, 2 when there is: a format file is configuration."""
    if arguments.files:
        return _check(session, [os.fsencode(file) for file in arguments.files], as_json=arguments.json)
    registry = load()
    rows = table(registry)
    if arguments.json:
        told = {
            "schema": wire.SCHEMA,
            "formats": [asdict(row) for row in rows],
            "problems": _problems(registry.problems),
        }
        session.out.line(wire.dumps(told))
    else:
        session.out.table(
            ("FORMAT", "PROGRAM", "POLICY", "PROOF", "MECHANISM", "FROM", "WHERE"),
            [_cells(row) for row in rows],
        )
    if session.out.terminal and not arguments.json:
        session.out.styled(f"{len(rows)} formats", "dim")
    session.out.flush()
    return _say(session, registry.problems)


def _check(session: Session, files: Sequence[bytes], *, as_json: bool) -> int:
    found = {file: check_file(file) for file in files}
    problems = [problem for told in found.values() for problem in told]
    if as_json:
        session.out.line(wire.dumps({"schema": wire.SCHEMA, "problems": _problems(problems)}))
    else:
        for file, told in found.items():
            if not told:
                session.out.line(f"{display(file)}: no mistake in it")
    session.out.flush()
    return _say(session, problems)


def _say(session: Session, problems: Sequence[FormatProblem]) -> int:
    for problem in problems:
        session.say(str(problem))
    return Exit.USAGE if problems else Exit.DONE


def _problems(problems: Sequence[FormatProblem]) -> list[dict[str, object]]:
    return [
        {
            "path": display(problem.path),
            "line": problem.line,
            "key": problem.key,
            "format": problem.format,
            "reason": problem.message,
        }
        for problem in problems
    ]


def _cells(row: FormatRow) -> Row:
    name = row.name if row.checked else f"{row.name} (unchecked)"
    return tuple(
        Cell(text)
        for text in (name, row.program, row.policy, row.proof, row.mechanism, row.origin, row.where)
    )
