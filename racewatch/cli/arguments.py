"""The words each command takes, and its ``--help``."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import Final, NoReturn

from racewatch import __version__
from racewatch.cli.exits import Complaint
from racewatch.core.model import KindName, Verdict

_ABOUT: Final = """\
Shows the Unix sockets, locks and containers of this machine live, says which are in use and which are
left over, with the evidence, and removes left-overs without ever racing the live system.

racewatch alone, or with folders or --observe, opens the window."""

_CODES: Final = """\
exit codes: 0 done; 1 internal error; 2 usage or configuration; each command's --help says its own"""

_TARGET: Final = (
    "a path, runc:ID, podman:NAME, or the full target text of an observation (socket:/run/x.sock)"
)
_ROOT: Final = "look below this folder only (none: the configured ones)"

#: Every command, in the order in which --help lists them.
COMMANDS: Final = (
    "gui",
    "demo",
    "scan",
    "explain",
    "remove",
    "plan",
    "apply",
    "wait",
    "watch",
    "history",
    "undo",
    "purge",
    "formats",
    "drill",
    "doctor",
    "agent",
)


class _Parser(argparse.ArgumentParser):
    """argparse, but a mistake is one line and the exit stays ours."""

    def error(self, message: str) -> NoReturn:
        raise Complaint(f"{message}; {self.prog} --help says more")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError("wanted a number of seconds, 0 or more")
    return value


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise argparse.ArgumentTypeError("wanted a whole number, 0 or more")
    return int(text)


def parse(argv: Sequence[str]) -> argparse.Namespace | int:
    """The arguments of one command line, or the exit code when that was all (``--help``).

    Raises :class:`Complaint` for anything that is not understood.
    """
    try:
        return _parser().parse_args(argv)
    except SystemExit as leaving:
        # --help and --version print and leave; mistakes do not come this way (see _Parser).
        return int(leaving.code or 0)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="racewatch",
        description=_ABOUT,
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"racewatch {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_looking(commands)
    _add_acting(commands)
    _add_following(commands)
    _add_others(commands)
    return parser


_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for its type


def _command(
    commands: _Commands[_Parser], name: str, brief: str, *, more: str = "", codes: str = "", json: bool = True
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=brief,
        description=brief[:1].upper() + brief[1:] + "." + (f"\n\n{more}" if more else ""),
        epilog=f"exit codes: {codes or '0 done'}; 1 internal error; 2 usage or configuration",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if json:
        command.add_argument("--json", action="store_true", help="print JSON, on one line")
    return command


def _add_looking(commands: _Commands[_Parser]) -> None:
    scan = _command(commands, "scan", "take one look", codes="0 done; 5 some folder could not be read")
    scan.add_argument("roots", nargs="*", metavar="ROOT", help=_ROOT)
    scan.add_argument(
        "--kind", action="append", choices=[*map(str, KindName)], help="only this kind (may be repeated)"
    )
    scan.add_argument(
        "--verdict",
        action="append",
        choices=[*map(str, Verdict)],
        help="print only things with this verdict (may be repeated)",
    )
    scan.add_argument(
        "--engines", action="store_true", help="with ROOTs: include the containers of all runtimes too"
    )

    explain = _command(
        commands,
        "explain",
        "one target: all its evidence, what remove would do to it, and why or why not",
        codes="0 stale; 10 live; 11 idle; 12 unknown; 13 no such target",
    )
    explain.add_argument("target", metavar="TARGET", help=_TARGET)

    history = _command(commands, "history", "the journal: what was removed or refused, newest first")
    history.add_argument("--limit", type=_count, metavar="N", help="the newest N only")

    formats = _command(commands, "formats", "the known lock formats, or a check of your own format files")
    formats.add_argument("files", nargs="*", metavar="CHECK-FILE", help="a format file to check")


def _add_acting(commands: _Commands[_Parser]) -> None:
    codes = "0 all done or already gone; 3 at least one refused; 4 at least one failed"
    remove = _command(
        commands,
        "remove",
        "remove what is proved left over; what is in use is refused, always",
        more="Every target is looked at again, under a lock, right before it is removed; what changed since\n"
        "the first look (or since --expect) is refused. Undo brings it back (a container's deletion is final):\n"
        "racewatch history.",
        codes=codes,
    )
    remove.add_argument("targets", nargs="+", metavar="TARGET", help=_TARGET)
    remove.add_argument(
        "--expect", metavar="FINGERPRINT", help="refuse unless it is still the one seen (exactly one TARGET)"
    )
    remove.add_argument(
        "--override",
        action="store_true",
        help="on your word: also what could not be proved, and a created container with the process that waits in "
        "it (never what is in use or forbidden)",
    )
    remove.add_argument("--dry-run", action="store_true", help="say what would be done, touch nothing")
    remove.add_argument("--yes", action="store_true", help="do not ask (needed without a terminal)")

    plan = _command(
        commands,
        "plan",
        "write what is removable now as a JSON plan for apply",
        codes="0 done; 5 some folder could not be read",
    )
    plan.add_argument("roots", nargs="*", metavar="ROOT", help=_ROOT)
    plan.add_argument(
        "-o", "--output", metavar="FILE", help="write to this new file instead of standard output"
    )

    apply = _command(
        commands,
        "apply",
        "act on a plan: each step is looked at again, an old plan only refuses more",
        codes=codes,
    )
    apply.add_argument("plan", metavar="PLAN", help="the file that plan wrote, or - for standard input")
    apply.add_argument("--dry-run", action="store_true", help="say what would be done, touch nothing")

    undo = _command(commands, "undo", "put a removed thing back, if its name is still free", codes=codes)
    purge = _command(
        commands,
        "purge",
        "free the space of what is kept aside for undo; this cannot be undone",
        more="What is too large for the journal (a bundle, a large file), or was removed on a person's word, is\n"
        "kept under a private name beside its old place until then. History says of which action.",
        codes=codes,
    )
    purge.add_argument("action", metavar="ACTION", help="the action, as history names it")
    purge.add_argument("--yes", action="store_true", help="do not ask (needed without a terminal)")
    undo.add_argument("action", metavar="ACTION", help="the action, as history names it")


def _add_following(commands: _Commands[_Parser]) -> None:
    wait = _command(
        commands,
        "wait",
        "return when a target is no longer in use, or gone",
        more="What cannot be proved unused counts as used.",
        codes="0 free or gone; 14 timed out",
    )
    wait.add_argument("target", metavar="TARGET", help=_TARGET)
    wait.add_argument("--timeout", type=_seconds, metavar="S", help="give up after S seconds")

    watch = _command(
        commands,
        "watch",
        "changes as they happen, JSON lines, until interrupted",
        more='First everything there is, as "added", then {"change":"ready"}, then each change.',
    )
    watch.add_argument("roots", nargs="*", metavar="ROOT", help=_ROOT)


def _add_others(commands: _Commands[_Parser]) -> None:
    gui = _command(
        commands,
        "gui",
        "open the window",
        json=False,
        more="When it is open already, it is brought to the front, and this start ends.",
    )
    gui.add_argument("roots", nargs="*", metavar="ROOT", help=_ROOT)
    gui.add_argument(
        "--observe", action="store_true", help="look only: nothing can be removed until that is switched off"
    )
    gui.add_argument(
        "--reverse", action="store_true", help="lay the window out from right to left, whatever its language"
    )

    demo = _command(
        commands,
        "demo",
        "open the window on a private sandbox of real things, removed at exit",
        more="Sockets and locks of every state, with the processes behind them, and containers where root has\n"
        "runc or crun, and a static busybox. It has a journal of its own and touches nothing of yours.",
    )
    demo.add_argument("--list", action="store_true", help="print its scan instead of opening a window")

    drill = _command(
        commands,
        "drill",
        "let check-then-delete and racewatch race the same respawning things",
        more="On throw-away objects in a new folder below DIR, which is removed at the end: a server that respawns\n"
        "its socket, a lock that is taken again, a bundle that is made anew. Prints how many living things\n"
        "each cleaner lost. Nothing else is touched; it takes about half a minute.",
        codes="0 racewatch lost nothing; 4 it lost something, which is a mistake in it",
    )
    drill.add_argument(
        "directory", nargs="?", metavar="DIR", help="where (none: the folder for temporary files)"
    )
    drill.add_argument(
        "--seconds", type=_seconds, metavar="S", help="how long each cleaner works in each of the three races"
    )

    _command(commands, "doctor", "what this machine allows; each problem with its cure")
    _command(
        commands,
        "agent",
        "the same verbs as JSON-RPC 2.0, one message per line, on standard input and output",
        json=False,
    )
