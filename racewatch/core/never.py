"""The procedure of a target that is shown but can never be removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from racewatch.core.kind import Stop, UndoRecord
from racewatch.core.model import Observation, OutcomeWord


@dataclass(frozen=True, slots=True)
class NeverRemoved:
    """Looks again, so that the refusal tells the present truth, and stops there."""

    look: Callable[[], Observation | None]

    def guard(self) -> Stop | None:
        """Nothing to guard."""
        return None

    def pin(self) -> Stop | None:
        """Nothing to pin."""
        return None

    def recheck(self) -> Observation | Stop:
        """What it is now; a vanished target is a success."""
        seen = self.look()
        return seen if seen is not None else Stop(OutcomeWord.GONE, "it is not there any more")

    def beside(self) -> Sequence[bytes]:
        """Nothing goes."""
        return ()

    def intent(self, action: str) -> UndoRecord | Stop:
        """Here it ends, whatever was asked for."""
        return Stop(OutcomeWord.REFUSED_FORBIDDEN, f"nothing of this kind is ever removed (action {action})")

    def capture(self) -> Stop | None:
        """Never reached."""
        raise AssertionError("a target that is never removed was captured")

    def verify(self, seen: Observation, *, override: bool) -> Stop | None:
        """Never reached."""
        raise AssertionError(f"a target that is never removed was verified: {seen.target} {override}")

    def commit(self, *, keep: bool) -> Stop | None:
        """Never reached."""
        raise AssertionError(f"a target that is never removed was committed: {keep}")

    def restore(self) -> Stop | None:
        """Nothing was taken."""
        return None

    def close(self) -> None:
        """Nothing is held."""
