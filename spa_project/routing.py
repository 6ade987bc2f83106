"""Every socket's address."""

from channels.routing import URLRouter
from django.urls import re_path

import payments.routing
import queueing.routing
from spa_project.lib.realtime.consumer import NowhereConsumer
from spa_project.lib.realtime.origins import OwnOrigins

websockets = OwnOrigins(
    URLRouter(
        [
            *queueing.routing.websocket_urlpatterns,
            *payments.routing.websocket_urlpatterns,
            re_path("", NowhereConsumer.as_asgi()),
        ]
    )
)
