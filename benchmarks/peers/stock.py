"""Channels as its documentation shows it: one consumer for each socket, a group, `group_send`.

The same settings, channel layer and server as ours; sessions through `AuthMiddlewareStack`.
"""

import asyncio
import os
import time
from typing import Any

import django
from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path

from benchmarks.peers.event import DATA, NAME, Publishing, until_next

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spa_project.settings")
django.setup()

GROUP = "monitor"


class MonitorConsumer(AsyncJsonWebsocketConsumer):
    """Consumer of a monitor's socket."""

    groups = [GROUP]

    async def connect(self) -> None:
        """Accept the socket, and confirm the subscription."""
        await self.accept()
        await self.send_json({"event": "snapshot", "data": {}})

    async def floor_event(self, message: dict[str, Any]) -> None:
        """Forward an event of the group."""
        await self.send_json(message["content"])


async def publish(count: int, pause: float) -> list[float]:
    """Publish events to the group, through the channel layer."""
    layer = get_channel_layer()
    assert layer is not None
    moments: list[float] = []
    for _event in range(count):
        moments.append(time.monotonic())
        content = {"event": NAME, "data": DATA}
        await layer.group_send(GROUP, {"type": "floor.event", "content": content})
        await asyncio.sleep(until_next(moments, pause))
    return moments


application = Publishing(
    ProtocolTypeRouter(
        {
            "websocket": AllowedHostsOriginValidator(
                AuthMiddlewareStack(URLRouter([path("ws/monitor/", MonitorConsumer.as_asgi())]))
            )
        }
    ),
    publish,
)
