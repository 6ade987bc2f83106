"""Every socket's address."""

from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

import payments.routing
import queueing.routing

websockets = AllowedHostsOriginValidator(
    URLRouter(
        [
            *queueing.routing.websocket_urlpatterns,
            *payments.routing.websocket_urlpatterns,
        ]
    )
)
