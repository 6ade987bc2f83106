"""What every load is given."""

from dataclasses import dataclass

from benchmarks.stage import Stage


@dataclass(frozen=True)
class Scene:
    """A spa on MariaDB and Redis, how long to load it, and how much of a past it has."""

    stage: Stage
    rows: int
    #: Whole lengths, not those that a change is tried with.
    whole: bool = False
    #: This length for every load, where it is given.
    length: float | None = None

    def seconds(self, short: float, whole: float) -> float:
        """How long a load lasts that has these two lengths."""
        return self.length or (whole if self.whole else short)
