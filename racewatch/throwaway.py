"""Removing what the demo and the drill made themselves: the one place outside the core that removes anything.

It may, because all of it was made by this very program a moment ago, below a folder with a random name and
mode 0700 that nobody else uses.  Nothing of it is a target, and putting it through the core would only journal
rubbish.  The settings use it too, to put the configuration file that they wrote beside the old one in its place.
"""

from __future__ import annotations

import os
import shutil


def discard(path: str) -> None:
    """Remove something of one's own sandbox, with all that is below it.  Raises OSError."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def move_over(source: str, path: str) -> None:
    """Give something that one made oneself another name, in one step, as a program does with a new file."""
    os.replace(source, path)
