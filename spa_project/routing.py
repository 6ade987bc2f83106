"""URLs of all sockets."""

from channels.routing import URLRouter
from django.urls import re_path

import payments.routing
import queueing.routing
import spa_project.chain.routing
from spa_project.lib.realtime.consumer import NotFoundConsumer
from spa_project.lib.realtime.origins import OwnOrigins

websockets = OwnOrigins(
    URLRouter(
        [
            *queueing.routing.websocket_urlpatterns,
            *payments.routing.websocket_urlpatterns,
            *spa_project.chain.routing.websocket_urlpatterns,
            re_path("", NotFoundConsumer.as_asgi()),
        ]
    )
)
