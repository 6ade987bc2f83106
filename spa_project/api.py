"""The HTTP API: commands, snapshots and the menu."""

from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from accounts.api import router as accounts_router
from accounts.auth import caller_of
from payments.api import router as payments_router
from queueing.api import router as queueing_router
from spa_project.chain.api import router as chain_router
from spa_project.lib.commands import database_failed
from spa_project.lib.errors import DomainError
from spa_project.lib.web.command_views import add_commands
from spa_project.lib.web.openapi import command_schemas
from spa_project.lib.web.responses import refusal_response

#: The ways to authenticate: the first that is present counts (accounts/credentials.py).
SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of /api/login/."},
    "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.SESSION_COOKIE_NAME,
        "description": "A browser that has logged in; with a POST also `X-CSRFToken`.",
    },
}
REFUSAL = {
    "type": "object",
    "required": ["ok", "code", "error"],
    "properties": {
        "ok": {"const": False},
        "code": {"type": "string"},
        "error": {"type": "string"},
        "retry_after": {"type": "integer", "minimum": 1},
    },
}
#: The responses of every operation: its result, or a refusal.
RESPONSES = {
    "200": {
        "description": "OK",
        "content": {"application/json": {"schema": {"type": "object"}}},
    },
    "304": {"description": "The same as `If-None-Match` names."},
    "default": {
        "description": "A refusal.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
    },
}


class SpaAPI(NinjaAPI):
    """The API, with an OpenAPI document completed by what Ninja cannot derive."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """Return the OpenAPI document."""
        schema = super().get_openapi_schema(**options)
        parts = schema["components"].setdefault("schemas", {})
        parts |= command_schemas() | {"Refusal": REFUSAL}
        schema["components"]["securitySchemes"] = SECURITY_SCHEMES
        for methods in schema["paths"].values():
            for operation in methods.values():
                operation["responses"] = RESPONSES
        return schema


api = SpaAPI(title="Spa floor", version="1", docs_url=None, openapi_url=None)
api.add_router("", accounts_router)
api.add_router("", queueing_router)
api.add_router("", payments_router)
api.add_router("", chain_router)
add_commands(api, caller_of)


@api.exception_handler(DomainError)
def refuse(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    """Return a refusal in the contract's shape."""
    return refusal_response(refusal)


@api.exception_handler(DatabaseError)
def database_unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    """Return 503 with Retry-After when the database is unavailable, 500 for a permanent fault."""
    return refusal_response(database_failed(request.path, error))
