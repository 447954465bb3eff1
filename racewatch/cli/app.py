"""The command line: find the command, run it, and turn whatever happens into one line and a code."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from typing import Final

from racewatch import crashlog
from racewatch.cli.arguments import COMMANDS, parse
from racewatch.cli.exits import Complaint, Exit
from racewatch.cli.session import Session
from racewatch.cli.window import OpenWindow, gui
from racewatch.config import Config
from racewatch.verbs import RacewatchError

#: Serves JSON-RPC on standard input and output.  Injected: the agent is the command line's sibling.
ServeAgent = Callable[[Config], int]

#: Seconds that a reader of what was printed has left to read it, once we were told to end.
_PATIENCE: Final = 1.0

Command = Callable[[Session, argparse.Namespace], int]


def main(argv: Sequence[str], *, open_window: OpenWindow, serve_agent: ServeAgent) -> int:
    """Run one command line (without the program's name); never raises, returns the exit code."""
    session = Session()
    try:
        code = _run(session, argv, open_window, serve_agent)
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except Complaint as complaint:
        session.say(str(complaint))
        code = complaint.code
    except RacewatchError as error:
        session.say(str(error))
        code = Exit.USAGE
    except Exception as error:  # noqa: BLE001 - the last fence: no traceback on anybody's screen
        what = str(error).splitlines()[0][:200] if str(error) else ""
        where = crashlog.record(error, " ".join(["racewatch", *argv]))
        session.say(
            f"internal error: {type(error).__name__}{': ' if what else ''}{what}; {where}; please report it"
        )
        code = Exit.INTERNAL
    return _finish(session, int(code))


def _finish(session: Session, code: int) -> int:
    """Hand over what was printed; a full disk below standard output is an error of its own."""
    try:
        if code == Exit.INTERRUPTED:
            session.out.flush_within(_PATIENCE)
        else:
            session.out.flush()
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
        session.out.abandon()
    if session.out.error is not None:
        session.say(
            f"standard output could not be written: {session.out.error}; free some space or name another file"
        )
        code = code or Exit.INTERNAL
    session.err.flush()
    return int(code)


def _run(session: Session, argv: Sequence[str], open_window: OpenWindow, serve_agent: ServeAgent) -> int:
    arguments = parse(_with_command(argv))
    if isinstance(arguments, int):
        return arguments
    session.load_config()
    if arguments.command == "gui":
        return gui(session, arguments, open_window)
    if arguments.command == "demo":
        from racewatch.cli.demo import demo

        return demo(session, arguments, open_window)
    if arguments.command == "agent":
        return serve_agent(session.config)
    return _command(arguments.command)(session, arguments)


def _with_command(argv: Sequence[str]) -> list[str]:
    """``racewatch [gui] [--observe] [--reverse] [ROOT…]``: a first word that is no command but a path is a root."""
    words = list(argv)
    if not words:
        return ["gui"]
    first = words[0]
    if first in {"--observe", "--reverse"}:
        return ["gui", *words]
    if first.startswith("-") or first in COMMANDS:
        return words
    if "/" in first or os.path.lexists(first):
        return ["gui", *words]
    raise Complaint(
        f"no such command, and no such folder: {first}; the commands are {', '.join(COMMANDS)} (racewatch --help)"
    )


def _command(name: str) -> Command:
    """The function behind a command; each is imported only when it is wanted (start-up time)."""
    match name:
        case "scan" | "explain" | "history":
            from racewatch.cli import looking

            return {
                "scan": looking.scan,
                "explain": looking.explain,
                "history": looking.history,
            }[name]
        case "formats":
            from racewatch.cli.formats import formats

            return formats
        case "remove" | "plan" | "apply" | "undo" | "purge":
            from racewatch.cli import acting

            return {
                "remove": acting.remove,
                "plan": acting.plan,
                "apply": acting.apply,
                "undo": acting.undo,
                "purge": acting.purge,
            }[name]
        case "wait":
            from racewatch.cli.wait import wait

            return wait
        case "watch":
            from racewatch.cli.watch import watch

            return watch
        case "drill":
            from racewatch.cli.drill import drill

            return drill
        case "doctor":
            from racewatch.cli.doctor import doctor

            return doctor
        case _:
            raise AssertionError(f"a command without a function: {name}")
