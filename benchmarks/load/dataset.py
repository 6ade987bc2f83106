"""Parameters of every load."""

from dataclasses import dataclass

from benchmarks.stage import Stage


@dataclass(frozen=True)
class Scene:
    """Spa on MariaDB and Redis, the duration of a load, and the size of its history."""

    stage: Stage
    rows: int
    #: Use the full durations, not the short ones for trying a change.
    whole: bool = False
    #: Duration of every load, when given.
    length: float | None = None

    def seconds(self, short: float, whole: float) -> float:
        """Return the duration of a load that has these two."""
        return self.length or (whole if self.whole else short)
