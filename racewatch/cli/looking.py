"""The commands that only look: scan, explain, history."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Final

from racewatch.cli.exits import Exit
from racewatch.cli.output import Cell, Row
from racewatch.cli.preview import preview
from racewatch.cli.session import Session, roots_of, targets_of
from racewatch.core import wire
from racewatch.core.model import (
    ActRequest,
    HistoryEntry,
    KindName,
    Observation,
    OutcomeWord,
    Owner,
    ScanResult,
    Verdict,
)
from racewatch.core.text import display, display_text
from racewatch.verbs import Racewatch

STYLES: Final = {
    Verdict.LIVE: "green",
    Verdict.STALE: "yellow",
    Verdict.IDLE: "cyan",
    Verdict.UNKNOWN: "magenta",
}
_CODES: Final = {
    Verdict.STALE: Exit.DONE,
    Verdict.LIVE: Exit.LIVE,
    Verdict.IDLE: Exit.IDLE,
    Verdict.UNKNOWN: Exit.UNKNOWN,
}
_OUTCOME_STYLES: Final = {
    OutcomeWord.DONE: "green",
    OutcomeWord.GONE: "green",
    OutcomeWord.FAILED: "bold red",
}


def outcome_style(word: OutcomeWord) -> str:
    """The colour of an outcome: a refusal is the tool doing its job, not an error."""
    return _OUTCOME_STYLES.get(word, "yellow")


def name_of(seen: Observation) -> str:
    """What a person would call it: its path, or else its target."""
    path = seen.target.path
    return display(path) if path is not None else wire.target_to_text(seen.target)


def owner_text(owner: Owner | None) -> str:
    """``redis-server[4711] redis``, with the unit when there is one."""
    if owner is None:
        return "-"
    unit = f" ({display_text(owner.unit)})" if owner.unit else ""
    return f"{display_text(owner.name)}[{owner.pid}] {display_text(owner.user)}{unit}"


def moment(seconds: float) -> str:
    """A time as people here read it."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(sep=" ", timespec="seconds")


# --- scan --------------------------------------------------------------------------------------


def scan(session: Session, arguments: argparse.Namespace) -> int:
    """``racewatch scan``."""
    kinds = [KindName(word) for word in arguments.kind] if arguments.kind else None
    with session.opened() as racewatch:
        result = racewatch.scan(roots_of(arguments.roots), kinds=kinds, engines=arguments.engines)
    if arguments.verdict:
        wanted = set(arguments.verdict)
        kept = tuple(seen for seen in result.observations if seen.verdict in wanted)
        result = ScanResult(kept, result.problems)
    print_scan(session, result, as_json=arguments.json)
    return Exit.PARTIAL if result.problems else Exit.DONE


def print_scan(session: Session, result: ScanResult, *, as_json: bool) -> None:
    """A scan on standard output; what could not be seen also on standard error, for people."""
    if as_json:
        session.out.line(wire.dumps(wire.scan_to_json(result)))
        return
    session.out.table(
        ("VERDICT", "LABEL", "OWNER", "TARGET"),
        [_scan_row(seen) for seen in result.observations],
    )
    if session.out.terminal:
        counts = [
            f"{sum(seen.verdict is verdict for seen in result.observations)} {verdict.value}"
            for verdict in Verdict
        ]
        session.out.styled(", ".join(counts), "dim")
    session.out.flush()
    for problem in result.problems:
        session.say(f"could not look at {display(problem.path)}: {problem.reason}")


def _scan_row(seen: Observation) -> Row:
    return (
        Cell(seen.verdict.value, STYLES[seen.verdict]),
        Cell(seen.label),
        Cell(owner_text(seen.owner)),
        Cell(name_of(seen)),
    )


# --- explain -----------------------------------------------------------------------------------


def explain(session: Session, arguments: argparse.Namespace) -> int:
    """``racewatch explain``."""
    with session.opened() as racewatch:
        (target,) = targets_of(racewatch, [arguments.target])
        seen = racewatch.observe(target)
        if seen is None:
            session.say(f"no such target: {wire.target_to_text(target)}; racewatch scan lists what there is")
            return Exit.NO_SUCH
        if arguments.json:
            session.out.line(wire.dumps(wire.observation_to_json(seen)))
        else:
            print_explanation(session, racewatch, seen)
    return _CODES[seen.verdict]


def print_explanation(session: Session, racewatch: Racewatch, seen: Observation) -> None:
    """All there is to say about one observation."""
    out = session.out
    style = STYLES[seen.verdict]
    out.styled(name_of(seen), "bold")
    out.pieces((Cell("  verdict:   "), Cell(seen.verdict.value, style), Cell(f" ({seen.label})")))
    out.styled(f"  in short:  {seen.summary}")
    out.styled(f"  remove:    {_what_remove_does(racewatch, seen)}")
    if seen.remedy:
        out.styled(f"  remedy:    {seen.remedy}")
    for word, owner in [("owner:", seen.owner), *(("also:", other) for other in seen.others)]:
        if owner is not None:
            out.styled(f"  {word:<10} {owner_text(owner)}, since {moment(owner.started)}")
            if owner.command:
                out.styled(f"             {display_text(owner.command)}", "dim")
    if seen.format is not None:
        out.styled(f"  format:    {display_text(seen.format)}")
    for name, value in seen.facts:
        out.styled(f"  {name + ':':<10} {value}")
    out.styled("  evidence:")
    for item in seen.evidence:
        says = Cell(f"    {item.says.value:<8}", STYLES.get(_verdict(item.says.value), ""))
        out.pieces((says, Cell(item.detail), Cell(f"  [{item.check}: {item.source}]", "dim")))
    out.styled(f"  seen at:   {moment(seen.seen_at)}")
    out.styled(f"  fingerprint: {seen.fingerprint}")


def _verdict(word: str) -> Verdict:
    return Verdict(word) if word in set(Verdict) else Verdict.IDLE


def _what_remove_does(racewatch: Racewatch, seen: Observation) -> str:
    plain = preview(ActRequest(seen.target, seen.fingerprint), seen, racewatch.config)
    after = "undo brings it back" if seen.undoable else "this cannot be undone"
    if plain.word is OutcomeWord.DONE:
        return (
            "would remove it: looked at again under a lock, its name taken away in one step, "
            f"checked, then deleted; {after}"
        )
    forced = preview(ActRequest(seen.target, seen.fingerprint, override=True), seen, racewatch.config)
    if forced.word is OutcomeWord.DONE:
        return f"would refuse: {plain.summary}; --override removes it on your word; {after}"
    return f"would refuse: {plain.summary}"


# --- history -----------------------------------------------------------------------


def history(session: Session, arguments: argparse.Namespace) -> int:
    """``racewatch history``."""
    with session.opened() as racewatch:
        entries = racewatch.history(arguments.limit)
    if arguments.json:
        session.out.line(wire.dumps(wire.history_to_json(entries)))
    else:
        session.out.table(
            ("WHEN", "ACTION", "VERB", "OUTCOME", "UNDO", "TARGET", "SUMMARY"),
            [_history_row(entry) for entry in entries],
        )
    return Exit.DONE


def _history_row(entry: HistoryEntry) -> Row:
    if entry.word is None:
        word = Cell("under way", "magenta")
    else:
        word = Cell(entry.word.value, outcome_style(entry.word))
    undo = "undone" if entry.undone_by else "possible" if entry.undoable else "-"
    if entry.kept:
        undo += ", kept aside"
    path = entry.target.path
    return (
        Cell(moment(entry.started_at)),
        Cell(entry.action),
        Cell(entry.verb),
        word,
        Cell(undo),
        Cell(display(path) if path is not None else wire.target_to_text(entry.target)),
        Cell(entry.summary),
    )
