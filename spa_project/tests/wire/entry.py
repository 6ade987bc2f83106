"""ASGI application with ten heartbeats in five seconds, for tests that compare them with screens.

They are sent every five seconds by the product (`test_heartbeats_come_every_five_seconds`).
"""

import spa_project.lib.realtime.hub as hub_module
from spa_project.asgi import application

__all__ = ["application"]

hub_module.HEARTBEAT_SECONDS = 0.5
