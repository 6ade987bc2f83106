"""What a live screen is, to a socket and to its HTTP twin."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone


@dataclass(frozen=True)
class Screen:
    """A topic to hear, what everybody who hears it is shown, and the digest of that."""

    topic: str
    snapshot: Callable[[], dict[str, Any]]
    digest: Callable[[], Any]
    #: What only this caller is shown.
    own: dict[str, Any] = field(default_factory=dict)


def server_time() -> dict[str, str]:
    """Screens count time on the server's clock, never on their own."""
    return {"server_now": timezone.now().isoformat()}
