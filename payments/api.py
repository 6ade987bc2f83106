"""API endpoints of the cashier's screens."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts.auth import caller_of
from accounts.models import Role
from payments.day_summary import day_of
from payments.screens import cashier_screen
from spa_project.lib.commands import require_role
from spa_project.lib.fingerprint import fingerprint
from spa_project.lib.web.openapi import LOGIN_NEEDED
from spa_project.lib.web.responses import json_with_etag, snapshot_response

router = Router(tags=["snapshots"])


@router.get("/snapshots/cashier/", operation_id="snapshot_cashier", openapi_extra=LOGIN_NEEDED)
def cashier_snapshot(request: HttpRequest) -> HttpResponse:
    """Return the snapshot of a cashier's desk. Cashiers only; ETag, 304."""
    caller = caller_of(request)
    require_role(caller, {Role.CASHIER})
    return snapshot_response(request, cashier_screen(caller))


@router.get("/days/cashier/", operation_id="day_cashier", tags=["days"], openapi_extra=LOGIN_NEEDED)
def cashier_day(request: HttpRequest) -> HttpResponse:
    """Return the cashier's day: the last 50 payments, totals by method. Cashiers; ETag, 304."""
    caller = caller_of(request)
    require_role(caller, {Role.CASHIER})
    day = day_of(caller.cashier)
    return json_with_etag(request, day, version=fingerprint(day)[:32])
