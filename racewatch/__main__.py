"""The program: ties the command line to the window and the agent, which it does not know itself."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from racewatch import cli
from racewatch.config import Config
from racewatch.single import First
from racewatch.verbs import Racewatch


def _open_window(
    racewatch: Racewatch,
    roots: Sequence[bytes] | None = None,
    *,
    title: str | None = None,
    note: str | None = None,
    problems: Sequence[str] = (),
    first: First | None = None,
    reverse: bool = False,
) -> int:
    # Nothing of what is loaded and built until the window stands goes away again: looking for garbage meanwhile
    # finds none, and is a tenth of the start.  The window switches it on again.
    gc.disable()
    try:
        # Only now: Qt is large, and a machine without a display need not have its libraries.
        from racewatch.ui import app

        return app.run(
            racewatch, roots, title=title, note=note, problems=problems, first=first, reverse=reverse
        )
    finally:
        gc.enable()


def _serve_agent(config: Config) -> int:
    from racewatch.agent.server import serve_stdio

    return serve_stdio(config)


def main() -> int:
    """Run the command line of this process; returns the exit code."""
    # With a standard descriptor closed, the next file opened (the journal!) would take its number,
    # and every message printed would go into that file.
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(fd, True)
    os.close(fd)
    return cli.main(sys.argv[1:], open_window=_open_window, serve_agent=_serve_agent)


if __name__ == "__main__":
    sys.exit(main())
