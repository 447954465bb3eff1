"""Who holds it: each process with what is known of it, looked up again as the very same process."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QPushButton, QScrollArea, QVBoxLayout, QWidget

from racewatch.core.model import Observation, Owner
from racewatch.core.text import display_text
from racewatch.linux import processes
from racewatch.linux.processes import Life, ProcessId
from racewatch.ui import words
from racewatch.ui.bridge import Bridge
from racewatch.ui.dialog import column, dressed, row
from racewatch.ui.evidence_pane import FactGrid
from racewatch.ui.measure import roomy
from racewatch.ui.plain import PlainLabel, WrapLabel
from racewatch.ui.theme import Look
from racewatch.ui.tr import marked, tr

_LIVES: Final = {
    Life.ALIVE: marked("runs now"),
    Life.ENDED: marked("has ended"),
    Life.UNKNOWN: marked("cannot be seen from here"),
}
Found = tuple[Life, str | None]


def find(owner: Owner) -> Found:
    """Whether that very process still runs, and the container it lives in.  Reads only; may block."""
    process = ProcessId(owner.pid, owner.start_ticks)
    group = processes.control_group(process)
    return processes.alive(process), None if group is None else container_of(group)


def container_of(group: bytes) -> str | None:
    """The container that a control group's name speaks of; None when it speaks of none.

    A guess by the names that engines and runtimes give: whoever may make control groups may use them as well.
    """
    for part in reversed(group.split(b"/")):
        word = part.decode("utf-8", "backslashreplace").removesuffix(".scope")
        for begin in ("docker-", "libpod-conmon-", "libpod-", "crio-", "cri-containerd-", "runc-", "crun-"):
            if word.startswith(begin) and len(word) > len(begin):
                return f"{begin.rstrip('-')} {word.removeprefix(begin)[:64]}"
        if len(word) == 64 and not set(word) - set("0123456789abcdef"):
            return word
    return None


def pairs(owner: Owner, found: Found | None) -> list[tuple[str, str]]:
    """What is told of one process."""
    life, container = found if found is not None else (None, None)
    said = [
        (tr("Process"), tr("{name} (pid {pid})").format(name=display_text(owner.name), pid=owner.pid)),
        (tr("State"), tr("is looked up…") if life is None else tr(_LIVES[life])),
        (tr("User"), display_text(owner.user)),
        (tr("Command"), display_text(owner.command)),
        (tr("Unit"), display_text(owner.unit or "")),
        (tr("Container"), display_text(container or "")),
        (tr("Started"), words.full_moment(owner.started)),
    ]
    return [(name, value) for name, value in said if value]


class HolderDialog(QDialog):
    """The processes that hold one thing."""

    def __init__(self, seen: Observation, look: Look, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._owners = (*((seen.owner,) if seen.owner else ()), *seen.others)
        self._found: list[Found | None] = [None] * len(self._owners)
        title = tr("%n process(es) hold “{name}”", "", len(self._owners)).format(
            name=words.target_name(seen.target, seen.path)
        )
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        heading = WrapLabel(title)
        heading.setObjectName("paneTitle")
        at = PlainLabel(tr("As it was seen at {when}").format(when=words.moment(seen.seen_at)))
        at.setObjectName("muted")
        body = QWidget()
        body.setObjectName("paneBody")
        self._rows = QVBoxLayout(body)
        self._rows.setContentsMargins(14, 10, 14, 10)
        self._rows.setSpacing(14)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName(tr("Holders"))
        said = tr("Copy what is shown here as text")
        self.copy = dressed(QPushButton(tr("Copy")), self._on_copy, said)
        close = dressed(QPushButton(tr("Close")), self.accept, tr("Close this list"), default=True)
        layout = column(self, 10)
        layout.addWidget(heading)
        layout.addWidget(at)
        layout.addWidget(scroll, 1)
        layout.addLayout(row([close], [self.copy]))
        self.resize(roomy(self, 560, 340))
        self._fill()
        close.setFocus()
        task = bridge.spawn(self._look_up(bridge), "looking up who holds it")
        self.destroyed.connect(task.cancel)

    async def _look_up(self, bridge: Bridge) -> None:
        for at, owner in enumerate(self._owners):
            self._found[at] = await bridge.offload(partial(find, owner))
        self._fill()

    def _fill(self) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for owner, found in zip(self._owners, self._found, strict=True):
            self._rows.addWidget(FactGrid(pairs(owner, found)))
        self._rows.addStretch(1)

    def text(self) -> str:
        """What is shown, as lines."""
        blocks = (
            "\n".join(f"{name}: {value}" for name, value in pairs(owner, found))
            for owner, found in zip(self._owners, self._found, strict=True)
        )
        return "\n\n".join([self.windowTitle(), *blocks])

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text())
