"""The HTTP API: every command's twin, every screen's snapshot, the menu."""

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI

from accounts.auth import caller_of
from catalog.api import router as catalog_router
from payments.api import router as payments_router
from queueing.api import router as queueing_router
from spa_project.lib.errors import DomainError
from spa_project.lib.http import add_commands, command_schemas, refusal_response

api = NinjaAPI(title="Spa floor", version="1", docs_url=None)
api.add_router("", catalog_router)
api.add_router("", queueing_router)
api.add_router("", payments_router)
add_commands(api, caller_of)
api.openapi_extra = {"components": {"schemas": command_schemas()}}


@api.exception_handler(DomainError)
def refuse(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    """A refusal in the contract's shape."""
    return refusal_response(refusal)
