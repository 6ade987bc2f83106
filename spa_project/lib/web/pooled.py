"""HTTP requests on the database pool's threads."""

from typing import Any

from asgiref.sync import ThreadSensitiveContext
from django.http import HttpResponse

from spa_project.lib.db.pool import Slots, pool
from spa_project.lib.errors import Busy
from spa_project.lib.known_clients import is_known
from spa_project.lib.web.error_views import problem
from spa_project.lib.web.middleware import secured


class PooledApplication:
    """An ASGI application whose HTTP requests hold a slot of the pool while they run.

    Those at `bypass` need none. Visitors have their share of the pool, but not at `own`, where this
    machine asks for the process's health.
    """

    def __init__(
        self, application: Any, *, bypass: tuple[str, ...], own: tuple[str, ...] = ()
    ) -> None:
        self._application = application
        self._bypass = bypass
        self._own = own

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Run the request, or answer 503 with Retry-After when no slot is free in time."""
        if scope["path"].startswith(self._bypass):
            await self._application(scope, receive, send)
            return
        try:
            async with (
                self._slots(scope).slot() as executor,
                ThreadSensitiveContext(executor=executor),
            ):
                await self._application(scope, receive, send)
        except Busy as busy:
            await _send(secured(problem(scope["path"], busy)), send)

    def _slots(self, scope: dict[str, Any]) -> Slots:
        return pool if scope["path"] in self._own or is_known(scope) else pool.visitors


async def _send(response: HttpResponse, send: Any) -> None:
    headers = [(name.encode(), value.encode()) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
