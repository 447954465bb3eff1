"""Places in a list as the fewest contiguous runs: what Qt is told of at once."""

from __future__ import annotations

from collections.abc import Sequence


def runs(places: Sequence[int]) -> list[tuple[int, int]]:
    """Sorted places as (first, last) of contiguous runs."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and place <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(place, found[-1][1]))
        else:
            found.append((place, place))
    return found
