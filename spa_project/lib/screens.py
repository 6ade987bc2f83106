"""What a live screen is, to a socket and to its HTTP twin."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone


@dataclass(frozen=True)
class Screen:
    """A topic to hear, what to show now, and the digest of that in the database."""

    topic: str
    snapshot: Callable[[], dict[str, Any]]
    digest: Callable[[], Any]


def with_server_time(snapshot: dict[str, Any]) -> dict[str, Any]:
    """Screens count time on the server's clock, never on their own."""
    return {**snapshot, "server_now": timezone.now().isoformat()}
