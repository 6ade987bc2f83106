"""API endpoint of a chain's page."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts.auth import caller_of
from spa_project.chain.screens import chain_screen
from spa_project.lib.web.openapi import LOGIN_NEEDED
from spa_project.lib.web.responses import snapshot_response

router = Router(tags=["snapshots"])


@router.get("/snapshots/chain/", operation_id="snapshot_chain", openapi_extra=LOGIN_NEEDED)
def chain_snapshot(request: HttpRequest) -> HttpResponse:
    """Return the branches of a manager of several, at a glance. ETag, 304."""
    return snapshot_response(request, chain_screen(caller_of(request)))
