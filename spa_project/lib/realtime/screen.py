"""Screens, as sockets and HTTP show them: topic, content and digest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypedDict

from django.utils import timezone

#: Reads the digests of some keys; a key without a row is left out.
ReadAll = Callable[[list[Any]], Mapping[Any, Any]]


class DigestSource(NamedTuple):
    """A reader of heartbeat digests; one read serves all topics with the same one."""

    read: ReadAll
    key: Any


@dataclass(frozen=True)
class Screen:
    """A topic, the content that its subscribers are shown, and the digest of that."""

    topic: str
    snapshot: Callable[[], Mapping[str, Any]]
    digest: DigestSource
    #: Data for this caller only.
    own: Mapping[str, Any] = field(default_factory=dict)
    #: Data for some of the subscribers only; it has a topic of its own.
    confidential: "Screen | None" = None

    @property
    def parts(self) -> "tuple[Screen, ...]":
        """Return the content, and the confidential part where this caller may see it."""
        return (self, self.confidential) if self.confidential else (self,)

    def read(self) -> dict[str, Any]:
        """Return all that the caller is shown now."""
        shown: dict[str, Any] = {}
        for part in self.parts:
            shown |= part.snapshot()
        return shown | dict(self.own)


def view_of(screen: Screen) -> Any:  # each screen's own typed dictionary
    """Return the content and the time; raise what the snapshot's queries raise."""
    return {**screen.read(), **server_time()}


class ServerTime(TypedDict):
    """The time of a snapshot, by the server's clock."""

    server_now: str


def server_time() -> ServerTime:
    """Return the server's time, which screens count by instead of their own."""
    return {"server_now": timezone.now().isoformat()}
