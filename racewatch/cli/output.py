"""Writing to standard output and standard error, whatever is (or is no longer) at their other end."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from racewatch.core.text import one_line

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a table: text that was displayed already, and a colour for terminals."""

    text: str
    style: str = ""


Row = Sequence[Cell]


class Output:
    """Standard output (or error).  A reader that went away makes it silent, never an error.

    An act must not be cut short because ``head`` has read enough or the disk below is full, so the
    commands go on (``closed`` tells those that only print that they may stop); ``error`` says at the
    end why what was printed did not arrive, unless the reader just left.
    """

    def __init__(self, stream: TextIO | None, environment: Mapping[str, str] = os.environ) -> None:
        self._stream = stream
        self.closed = stream is None
        self.error: str | None = None
        self.terminal = stream is not None and stream.isatty()
        self._environment = environment
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character gets its escape, not a traceback.
            stream.reconfigure(errors="backslashreplace")

    def line(self, text: str) -> None:
        """One line, ASCII controls already taken care of by the caller (JSON) or by one_line."""
        self._write(text + "\n")

    def flush(self) -> None:
        """Hand everything over now."""
        if self._stream is None or self.closed:
            return
        try:
            self._stream.flush()
        except OSError as error:
            self._give_up(error)

    def flush_within(self, seconds: float) -> None:
        """Hand over what a reader takes in this time, and let the rest go: whoever interrupts wants an end, and a
        reader that does not read would keep us, here or when the interpreter ends.  (On the main thread only.)
        """
        before = signal.signal(signal.SIGALRM, _nobody_reads)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            try:
                self.flush()
            finally:  # whatever ended it: a second Ctrl+C, too
                signal.setitimer(signal.ITIMER_REAL, 0)
        except BrokenPipeError:
            pass  # the time was over in the very moment in which all was read
        finally:
            signal.signal(signal.SIGALRM, before)

    def abandon(self) -> None:
        """What is still buffered goes nowhere."""
        if not self.closed:
            self._give_up(BrokenPipeError())

    def styled(self, text: str, style: str = "") -> None:
        """One line for people, coloured on a terminal."""
        self.pieces((Cell(text, style),))

    def pieces(self, cells: Row) -> None:
        """One line for people out of several coloured pieces."""
        if not self.terminal:
            self.line("".join(one_line(cell.text) for cell in cells))
            return
        from rich.text import Text

        text = Text()
        for cell in cells:
            text.append(one_line(cell.text), cell.style or None)
        console = self._console()
        with console.capture() as captured:
            console.print(text, soft_wrap=True)
        self._write(captured.get())

    def record(self, row: Row) -> None:
        """One tab-separated line for programs."""
        self.line("\t".join(one_line(cell.text) for cell in row))

    def prompt(self, text: str) -> None:
        """A question: no line end, shown at once."""
        self._write(text)
        self.flush()

    def table(self, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Aligned and coloured on a terminal, tab-separated with a header line elsewhere.

        The last column is the one that gives way when the terminal is narrow; nothing is cut off,
        long names are folded.
        """
        if not self.terminal:
            self.line("\t".join(columns))
            for row in rows:
                self.record(row)
            return
        self._write(self._rich_table(columns, rows))

    def _rich_table(self, columns: Sequence[str], rows: Sequence[Row]) -> str:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        last = len(columns) - 1
        for number, column in enumerate(columns):
            table.add_column(
                column, overflow="fold", no_wrap=number == 0, ratio=1 if number == last else None
            )
        for row in rows:
            # Text objects, not strings: nothing in a name is ever read as markup.
            table.add_row(*(Text(one_line(cell.text), cell.style) for cell in row))
        console = self._console()
        with console.capture() as captured:
            console.print(table)
        return captured.get()

    def _console(self) -> Console:
        from rich.console import Console

        plain = bool(self._environment.get("NO_COLOR"))
        return Console(
            file=self._stream,
            # NO_COLOR: no escape sequence at all, not even bold.
            color_system=None if plain else "auto",
            no_color=plain,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def _write(self, text: str) -> None:
        if self._stream is None or self.closed:
            return
        try:
            self._stream.write(text)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.closed = True
        if not isinstance(error, BrokenPipeError):
            self.error = error.strerror
        if self._stream is None:
            return
        # What is still buffered must have somewhere to go when the interpreter ends.
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.dup2(nowhere, self._stream.fileno())
        finally:
            os.close(nowhere)


def _nobody_reads(_number: int, _frame: FrameType | None) -> None:
    raise BrokenPipeError
