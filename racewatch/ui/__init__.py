"""The window.  The only package that imports Qt.

Rules: nothing here blocks the GUI thread and nothing here decides; kernel work goes through
:mod:`racewatch.ui.bridge` to threads of our own, an act carries the observation that was on screen,
and every text from outside is plain text.
"""

from __future__ import annotations

import os

# qasync takes the binding that this names before it looks at what is imported; a value left over
# from another program would make it fail.
os.environ["QT_API"] = "pyside6"

from racewatch.ui.guarded import guard_all  # after the binding is named

# Before the first class of ours is derived from one of Qt's.
guard_all()
