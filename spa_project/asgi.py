"""The ASGI application: pages on the database pool, sockets on the hub."""

import gc
import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "spa_project.settings")
django_application = get_asgi_application()  # first: the rest needs the apps loaded

from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.conf import settings  # noqa: E402

from spa_project.checks import check_before_serving  # noqa: E402
from spa_project.lib.db.single_process import ensure_single_process  # noqa: E402
from spa_project.lib.realtime.hub import Attached  # noqa: E402
from spa_project.lib.web.pooled import PooledApplication  # noqa: E402
from spa_project.routing import websockets  # noqa: E402

ensure_single_process()
check_before_serving()  # before the first request: Daphne itself runs no system checks

application = Attached(
    ProtocolTypeRouter(
        {
            "http": PooledApplication(
                django_application,
                bypass=(settings.STATIC_URL, "/healthz", "/metrics"),
                own=("/readyz",),
            ),
            "websocket": websockets,
        }
    )
)

# Objects loaded by now live as long as the process. Without this the garbage collector would
# examine all of them again and again, and hold up every socket meanwhile.
gc.collect()
gc.freeze()
