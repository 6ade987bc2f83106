"""API endpoints of the cashier's screens."""

from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from accounts.auth import caller_of
from accounts.models import Role
from payments.day_summary import day_of
from payments.display import display_screen
from payments.refund_lookup import refundable
from payments.sales import sales_of
from payments.screens import cashier_screen
from payments.tips import tips_of_day
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


@router.get(
    "/snapshots/display/{path:counter}/",
    operation_id="snapshot_display",
    openapi_extra=LOGIN_NEEDED,
)
def display_snapshot(request: HttpRequest, counter: str) -> HttpResponse:
    """Return the snapshot of a counter's customer-facing screen. All staff; ETag, 304."""
    caller = caller_of(request)
    require_role(caller, Role)
    return snapshot_response(request, display_screen(caller.here, counter))


@router.get("/days/cashier/", operation_id="day_cashier", tags=["days"], openapi_extra=LOGIN_NEEDED)
def cashier_day(request: HttpRequest) -> HttpResponse:
    """Return the cashier's day: the last 50 payments, totals by method. Cashiers; ETag, 304."""
    caller = caller_of(request)
    require_role(caller, {Role.CASHIER})
    day = day_of(caller.cashier)
    return json_with_etag(request, day, version=fingerprint(day)[:32])


@router.get(
    "/receipts/{receipt_number}/",
    operation_id="receipt_to_refund",
    tags=["days"],
    openapi_extra=LOGIN_NEEDED,
)
def receipt_to_refund(request: HttpRequest, receipt_number: int) -> HttpResponse:
    """Return a receipt of the branch with what can still be refunded. Cashiers; ETag, 304."""
    caller = caller_of(request)
    require_role(caller, {Role.CASHIER})
    found = refundable(caller.here, caller.cashier, receipt_number)
    return json_with_etag(request, found, version=fingerprint(found)[:32])


@router.get("/sales/", operation_id="sales", tags=["days"], openapi_extra=LOGIN_NEEDED)
def sales(request: HttpRequest, q: Annotated[str, Query(max_length=20)] = "") -> HttpResponse:
    """Return the branch's sales of today, or those with this code, receipt number or amount.

    Cashiers only; the latest 50; ETag, 304.
    """
    caller = caller_of(request)
    require_role(caller, {Role.CASHIER})
    found = sales_of(caller.here, q)
    return json_with_etag(request, found, version=fingerprint(found)[:32])


@router.get("/tips/", operation_id="tips", tags=["days"], openapi_extra=LOGIN_NEEDED)
def tips(request: HttpRequest) -> HttpResponse:
    """Return today's tips of each therapist: earned, paid out, owed. Cashiers; ETag, 304."""
    caller = caller_of(request)
    require_role(caller, {Role.CASHIER})
    found = tips_of_day(caller.here)
    return json_with_etag(request, found, version=fingerprint(found)[:32])
