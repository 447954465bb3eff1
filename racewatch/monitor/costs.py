"""What looking costs, learnt by doing it: to choose between names, directories and a whole sweep."""

from __future__ import annotations

from typing import Final

from racewatch.core.model import KindName
from racewatch.monitor.inventory import Inventory

_LEARN: Final = 0.3
_FIRST_LOOK: Final = 0.001
_FIRST_ITEM: Final = 0.00005
_MOST_DIRECTORIES: Final = 1024
_FADE: Final = 0.9
#: Numbers that differ by less than this (of their square) say nothing about a single item.
_LEAST_SPREAD: Final = 0.01
#: A sweep is chosen over single looks only when it is clearly cheaper.
_SWEEP_FACTOR: Final = 1.5


class _Line:
    """Seconds as a fixed part and one for each item, by the looks of lately (least squares, older ones fade)."""

    __slots__ = ("items", "looks", "products", "seconds", "squares")

    def __init__(self) -> None:
        self.looks = self.items = self.squares = self.seconds = self.products = 0.0

    def learn(self, items: int, seconds: float) -> None:
        self.looks = self.looks * _FADE + 1
        self.items = self.items * _FADE + items
        self.squares = self.squares * _FADE + items * items
        self.seconds = self.seconds * _FADE + seconds
        self.products = self.products * _FADE + items * seconds

    def cost(self, items: int, each: float) -> float:
        """``each`` is what one costs when all looks so far were at the same number of them."""
        if not self.looks:
            return _FIRST_LOOK + each * items
        spread = self.looks * self.squares - self.items * self.items
        if spread > _LEAST_SPREAD * self.items * self.items:
            each = max(0.0, (self.looks * self.products - self.items * self.seconds) / spread)
        fixed = max(0.0, (self.seconds - each * self.items) / self.looks)
        return fixed + each * items


class _KindCosts:
    __slots__ = ("directories", "item", "look", "names", "sweep")

    def __init__(self) -> None:
        self.look = _FIRST_LOOK
        self.names = _Line()
        self.item = _FIRST_ITEM
        self.sweep = 0.0
        self.directories: dict[bytes, float] = {}


class Costs:
    """Seconds, as moving averages; estimates for what was never done."""

    def __init__(self) -> None:
        self._kinds: dict[KindName, _KindCosts] = {}

    def _of(self, kind: KindName) -> _KindCosts:
        return self._kinds.setdefault(kind, _KindCosts())

    def looked(self, kind: KindName, seconds: float) -> None:
        """One target was looked at."""
        mine = self._of(kind)
        mine.look += _LEARN * (seconds - mine.look)

    def named(self, kind: KindName, names: int, seconds: float) -> None:
        """Some names were looked at together."""
        self._of(kind).names.learn(names, seconds)

    def listed(self, kind: KindName, directory: bytes, seconds: float) -> None:
        """A directory was looked at."""
        known = self._of(kind).directories
        known.pop(directory, None)
        if len(known) >= _MOST_DIRECTORIES:
            del known[next(iter(known))]  # the one not listed for longest
        known[directory] = seconds

    def swept(self, kind: KindName, targets: int, seconds: float) -> None:
        """Everything was looked at."""
        mine = self._of(kind)
        mine.sweep = seconds
        if targets:
            mine.item = seconds / targets

    def looks(self, kind: KindName, targets: int) -> float:
        """What looking at single targets would cost."""
        return self._of(kind).look * targets

    def names(self, kind: KindName, names: int) -> float:
        """What looking at some names together would cost."""
        mine = self._of(kind)
        return mine.names.cost(names, mine.item)

    def directory(self, kind: KindName, directory: bytes, inventory: Inventory) -> float:
        """What looking at a directory would cost: as last time, or by the targets known in it."""
        mine = self._of(kind)
        known = mine.directories.get(directory)
        return known if known is not None else mine.look + mine.item * inventory.count_in(directory, kind)

    def sweep(self, kind: KindName) -> float:
        """Beyond this cost of single looks a sweep is the better choice."""
        mine = self._of(kind)
        return max(_FIRST_LOOK, mine.sweep) * _SWEEP_FACTOR if mine.sweep else float("inf")
