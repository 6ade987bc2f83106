"""What a live screen is, to a socket and to its HTTP twin."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypedDict

from django.utils import timezone

#: What the database holds for each of some keys; a key of which it knows nothing is left out.
ReadAll = Callable[[list[Any]], Mapping[Any, Any]]


class DigestSource(NamedTuple):
    """What a topic's heartbeat says; one read serves all topics that have the same one."""

    read: ReadAll
    key: Any


@dataclass(frozen=True)
class Screen:
    """A topic to hear, what everybody who hears it is shown, and the digest of that."""

    topic: str
    snapshot: Callable[[], Mapping[str, Any]]
    digest: DigestSource
    #: What only this caller is shown.
    own: Mapping[str, Any] = field(default_factory=dict)
    #: What only some of those who see the rest may see; it has a topic of its own.
    confidential: "Screen | None" = None

    @property
    def parts(self) -> "tuple[Screen, ...]":
        """The screen, and what is confidential where this caller may see it."""
        return (self, self.confidential) if self.confidential else (self,)

    def read(self) -> dict[str, Any]:
        """All that the caller is shown now."""
        shown: dict[str, Any] = {}
        for part in self.parts:
            shown |= part.snapshot()
        return shown | dict(self.own)


def view_of(screen: Screen) -> Any:  # each screen's own typed dictionary
    """What the screen shows now, and the time; raises what the snapshot's queries raise."""
    return {**screen.read(), **server_time()}


class ServerTime(TypedDict):
    """The time of a snapshot, by the server's clock."""

    server_now: str


def server_time() -> ServerTime:
    """Screens count time on the server's clock, never on their own."""
    return {"server_now": timezone.now().isoformat()}
