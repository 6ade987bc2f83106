"""The one event that every side publishes, and the HTTP request that triggers it."""

import json
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

NAME = "monitor_updated"
#: A customer in treatment, in the format of the floor's own serializer.
DATA: dict[str, Any] = {
    "transaction": {
        "id": 4711,
        "version": 3,
        "code": "0042",
        "status": "in_service",
        "customer_name": "Ana",
        "branch": "main",
        "therapist": "Therapist 1",
        "cashier": None,
        "room_number": "1",
        "total_amount": "1200.00",
        "total_duration_minutes": 150,
        "created_at": "2026-01-05T10:00:00.123456+00:00",
        "queued_at": "2026-01-05T10:00:00.123456+00:00",
        "selection_confirmed_at": "2026-01-05T10:00:00.123456+00:00",
        "therapist_confirmed_at": "2026-01-05T10:02:00.123456+00:00",
        "service_start_at": "2026-01-05T10:05:00.123456+00:00",
        "service_finish_at": None,
        "cashier_claimed_at": None,
        "paid_at": None,
        "items": [
            {
                "id": 9000 + number,
                "service_id": 3,
                "service_classification_id": 7,
                "service_name": "Swedish Massage",
                "classification": "60 minutes",
                "price": "600.00",
                "duration_minutes": 75,
            }
            for number in range(2)
        ],
    }
}
TEXT = json.dumps({"event": NAME, "data": DATA})
#: Confirmation of a subscription; our own floor sends its snapshot with it.
SUBSCRIBED = json.dumps({"event": "snapshot", "data": {}})

#: Publishes events: how many, seconds between them. Returns the moment each was committed or sent,
#: on the machine's monotonic clock, which all its processes share.
Publish = Callable[[int, float], Awaitable[list[float]]]


class Publishing:
    """ASGI application that also publishes events on `/publish?count=&pause=`."""

    def __init__(self, application: Any, publish: Publish) -> None:
        self._application = application
        self._publish = publish

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer that request with the moments as JSON; pass everything else to the application."""
        if scope["type"] != "http" or scope["path"] != "/publish":
            await self._application(scope, receive, send)
            return
        order = parse_qs(scope["query_string"].decode())
        moments = await self._publish(int(order["count"][0]), float(order["pause"][0]))
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(moments).encode()})


def until_next(moments: list[float], pause: float) -> float:
    """Return the seconds until the next event is due, however long the events before took."""
    return max(0.0, moments[0] + len(moments) * pause - time.monotonic())
