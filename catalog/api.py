"""The API endpoint of the menu."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from catalog.serializers import serialize_menu
from spa_project.lib.web.responses import json_with_etag

router = Router(tags=["menu"])


@router.get("/menu/", operation_id="menu")
def menu(request: HttpRequest) -> HttpResponse:
    """Return everything that can be chosen now. Anyone; ETag, 304."""
    data = serialize_menu()
    return json_with_etag(request, data, version=data["version"])
