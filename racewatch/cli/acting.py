"""The commands that act: remove, plan, apply, undo."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from racewatch.cli.exits import Complaint, Exit
from racewatch.cli.looking import STYLES, name_of, outcome_style
from racewatch.cli.output import Cell
from racewatch.cli.preview import preview
from racewatch.cli.session import Session, roots_of, targets_of
from racewatch.core import wire
from racewatch.core.model import ActRequest, Observation, Outcome, OutcomeWord
from racewatch.core.text import display, display_text
from racewatch.verbs import Racewatch

_MAX_PLAN: Final = 256 * 1024 * 1024
_HELD: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def _act_in_peace() -> Iterator[list[int]]:
    """Signals that would end us wait for the act in flight; yields those that came meanwhile.

    An act that is cut short is put back at the next start anyway; this spares that detour.
    """
    came: list[int] = []
    before = {number: signal.signal(number, lambda got, _frame: came.append(got)) for number in _HELD}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Report:
    """Prints outcomes as they come and remembers what the exit code has to say."""

    def __init__(self, session: Session, *, as_json: bool) -> None:
        self._session = session
        self._as_json = as_json
        self._outcomes: list[Outcome] = []

    def add(self, outcome: Outcome) -> None:
        """One act (or preview) is over."""
        self._outcomes.append(outcome)
        if self._as_json:
            return
        path = outcome.target.path
        name = display(path) if path is not None else wire.target_to_text(outcome.target)
        word = Cell(outcome.word.value, outcome_style(outcome.word))
        if self._session.out.terminal:
            undo = f"  (undo: racewatch undo {outcome.action})" if outcome.undoable else ""
            gap = Cell(" " * (18 - len(outcome.word.value)))
            self._session.out.pieces(
                (word, gap, Cell(name, "bold"), Cell(f"  {outcome.summary}"), Cell(undo, "dim"))
            )
        else:
            self._session.out.record((word, Cell(name), Cell(outcome.action or "-"), Cell(outcome.summary)))
        self._session.out.flush()

    def close(self) -> int:
        """Print what is printed at the end; the exit code."""
        if self._as_json:
            self._session.out.line(wire.dumps(wire.outcomes_to_json(self._outcomes)))
        words = {outcome.word for outcome in self._outcomes}
        if OutcomeWord.FAILED in words:
            return Exit.FAILED
        return Exit.REFUSED if any(word.is_refusal for word in words) else Exit.DONE


Act = Callable[[], Outcome]


def _run_acts(session: Session, acts: Sequence[Act], *, as_json: bool) -> int:
    report = _Report(session, as_json=as_json)
    with _act_in_peace() as came:
        for act in acts:
            report.add(act())
            if came:
                break
    code = report.close()
    if came:
        session.out.flush()
        session.say("interrupted; what is listed was finished, the rest was not touched")
        return 128 + came[0]
    return code


# --- remove ------------------------------------------------------------------------------------


def remove(session: Session, arguments: argparse.Namespace) -> int:
    """``racewatch remove``."""
    if arguments.expect is not None and len(arguments.targets) != 1:
        raise Complaint("--expect needs exactly one TARGET: a fingerprint is that of one thing")
    asking = not arguments.yes and not arguments.dry_run
    if asking and not (sys.stdin is not None and sys.stdin.isatty() and session.err.terminal):
        raise Complaint(
            "nothing was removed: without a terminal to ask on, remove needs --yes (or --dry-run)"
        )
    with session.opened() as racewatch:
        looks: list[tuple[ActRequest, Observation | None]] = []
        for target in targets_of(racewatch, arguments.targets):
            seen = racewatch.observe(target)
            # Nothing there now: the act itself says "gone" (or refuses what appears meanwhile,
            # because no incarnation has an empty fingerprint).
            first_look = seen.fingerprint if seen is not None else ""
            fingerprint = first_look if arguments.expect is None else arguments.expect
            looks.append((ActRequest(target, fingerprint, override=arguments.override), seen))
        previews = [preview(request, seen, racewatch.config) for request, seen in looks]
        if arguments.dry_run:
            return _run_acts(session, [_given(outcome) for outcome in previews], as_json=arguments.json)
        if asking and not _confirmed(session, previews):
            session.say("nothing was removed")
            if arguments.json:
                session.out.line(wire.dumps(wire.outcomes_to_json(())))
            return Exit.REFUSED
        acts = [_removal(racewatch, request) for request, _ in looks]
        return _run_acts(session, acts, as_json=arguments.json)


def _given(outcome: Outcome) -> Act:
    return lambda: outcome


def _removal(racewatch: Racewatch, request: ActRequest) -> Act:
    return lambda: racewatch.remove(request)


def _confirmed(session: Session, previews: Sequence[Outcome]) -> bool:
    """Show what would be removed and why, and ask.  Whatever is not a clear yes is a no.

    Asks nothing when everything would be refused anyway: the refusals are printed by the acts.
    """
    wanted = [outcome for outcome in previews if outcome.word is OutcomeWord.DONE]
    if not wanted:
        return True
    for outcome in wanted:
        seen = outcome.observation
        if seen is None:
            continue
        session.err.pieces(
            (
                Cell(name_of(seen), "bold"),
                Cell("  "),
                Cell(seen.verdict.value, STYLES[seen.verdict]),
                Cell(f" ({seen.label}): {seen.summary}"),
            )
        )
        for item in seen.evidence:
            session.err.pieces((Cell(f"    {item.says.value:<8}"), Cell(item.detail)))
    what = "this" if len(wanted) == 1 else f"these {len(wanted)}"
    final = sum(1 for one in wanted if one.observation is not None and not one.observation.undoable)
    undo = "undo brings it back"
    if final:
        undo = (
            "this cannot be undone"
            if final == len(wanted)
            else f"{undo}, except {final} that cannot be undone"
        )
    session.err.line(f"Each is looked at again right before its name is taken away; {undo}.")
    session.err.prompt(f"Remove {what}? [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


# --- plan and apply ----------------------------------------------------------------------------


def plan(session: Session, arguments: argparse.Namespace) -> int:
    """``racewatch plan``."""
    with session.opened() as racewatch:
        result = racewatch.scan(roots_of(arguments.roots))
    text = wire.dumps(wire.plan_to_json(wire.plan_of(result.observations, time.time())))
    if arguments.output is None:
        session.out.line(text)
        session.out.flush()
    else:
        _write_new(arguments.output, text)
    for problem in result.problems:
        session.say(f"could not look at {display(problem.path)}: {problem.reason}")
    return Exit.PARTIAL if result.problems else Exit.DONE


def _write_new(name: str, text: str) -> None:
    shown = display(os.fsencode(name))
    try:
        # "x": a plan never overwrites anything.
        with open(name, "x", encoding="ascii") as stream:
            stream.write(text + "\n")
    except FileExistsError:
        raise Complaint(f"{shown} exists already and was left alone; name a new file") from None
    except OSError as error:
        raise Complaint(f"{shown} cannot be written: {error.strerror}; name another file") from error


def apply(session: Session, arguments: argparse.Namespace) -> int:
    """``racewatch apply``."""
    steps = _read_plan(arguments.plan).steps
    requests = [_request(step) for step in steps]
    with session.opened() as racewatch:
        if arguments.dry_run:
            acts = [_preview_now(racewatch, request) for request in requests]
        else:
            acts = [_removal(racewatch, request) for request in requests]
        return _run_acts(session, acts, as_json=arguments.json)


def _request(step: wire.PlanStep) -> ActRequest:
    """The step as a request.

    The path is taken as it was written: a folder that became a link since is refused by the act.
    """
    return ActRequest(step.target, step.fingerprint)


def _preview_now(racewatch: Racewatch, request: ActRequest) -> Act:
    return lambda: preview(request, racewatch.observe(request.target), racewatch.config)


def _read_plan(name: str) -> wire.Plan:
    shown = "standard input" if name == "-" else display(os.fsencode(name))
    try:
        if name == "-":
            raw = sys.stdin.buffer.read(_MAX_PLAN + 1)
        else:
            with open(name, "rb") as stream:
                raw = stream.read(_MAX_PLAN + 1)
    except OSError as error:
        raise Complaint(
            f"the plan {shown} cannot be read: {error.strerror}; name a file that plan wrote"
        ) from error
    if len(raw) > _MAX_PLAN:
        raise Complaint(f"the plan {shown} is larger than {_MAX_PLAN} bytes; split it")
    try:
        return wire.plan_from_json(json.loads(raw))
    except wire.WireError as error:
        message = str(error)
    except (ValueError, RecursionError) as error:
        message = f"not JSON ({display_text(str(error))})"
    raise Complaint(
        f"{shown} is no plan: {message}; nothing was touched, make a new plan with racewatch plan"
    )


def purge(session: Session, arguments: argparse.Namespace) -> int:
    """``racewatch purge``."""
    with session.opened() as racewatch:
        entry = next((one for one in racewatch.history() if one.action == arguments.action), None)
        if entry is not None and entry.kept and not arguments.yes:
            if not session.out.terminal or not sys.stdin.isatty():
                raise Complaint(
                    "purge cannot be undone, and there is no terminal to ask on; --yes says it beforehand"
                )
            shown = display(entry.path) if entry.path else entry.action
            session.err.line(f"What is kept of {shown} is removed for good; undo cannot bring it back then.")
            session.err.prompt("Free its space? [y/N] ")
            if sys.stdin.readline().strip().lower() not in ("y", "yes"):
                session.err.line("nothing was removed")
                return Exit.DONE
        return _run_acts(session, [lambda: racewatch.purge(arguments.action)], as_json=arguments.json)


def undo(session: Session, arguments: argparse.Namespace) -> int:
    """``racewatch undo``."""
    with session.opened() as racewatch:
        return _run_acts(session, [lambda: racewatch.undo(arguments.action)], as_json=arguments.json)
