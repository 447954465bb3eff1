"""Where the traceback of an internal error goes: a file in the state folder, never the screen."""

from __future__ import annotations

import os
import time
import traceback

from racewatch import __version__
from racewatch.config import state_dir
from racewatch.core.text import display, display_text
from racewatch.core.wire import time_to_text

_NAME = b"crash.log"


def record(error: BaseException, doing: str) -> str:
    """Append the traceback to the crash log and return one sentence that says where it is."""
    folder = state_dir()
    path = os.path.join(folder, _NAME)
    head = f"--- {time_to_text(time.time())} racewatch {__version__}: {display_text(doing)}\n"
    text = head + "".join(traceback.format_exception(error))
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        # O_NOFOLLOW: the folder may be one that somebody else can write to (RACEWATCH_STATE_DIR).
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        fd = os.open(path, flags, 0o600)
        try:
            os.write(fd, text.encode("utf-8", "backslashreplace"))
        finally:
            os.close(fd)
    except OSError as problem:
        return f"its details could not be kept in {display(path)}: {problem.strerror}"
    return f"its details are in {display(path)}"
