"""API endpoints of the floor's screens."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Router

from accounts.auth import caller_of
from accounts.models import Role
from queueing import screens
from queueing.day_summary import TherapistDayNow, day_of_therapist, turns_of_day
from queueing.menu_cache import menu_now
from queueing.request_choices import choices_in
from spa_project.lib.commands import require_role
from spa_project.lib.db.replica import read_for_reports
from spa_project.lib.fingerprint import fingerprint
from spa_project.lib.web.openapi import BRANCH_NAMED, LOGIN_NEEDED
from spa_project.lib.web.responses import json_with_etag, snapshot_response

router = Router(tags=["snapshots"])


@router.get("/menu/", operation_id="menu", tags=["menu"])
def menu(request: HttpRequest) -> HttpResponse:
    """Return everything that can be chosen now. Anyone; ETag, 304."""
    data = menu_now()
    return json_with_etag(request, data, version=data["version"])


@router.get("/snapshots/therapist/", operation_id="snapshot_therapist", openapi_extra=LOGIN_NEEDED)
def therapist_snapshot(request: HttpRequest) -> HttpResponse:
    """Return the snapshot of a therapist's desk. Therapists only; ETag, 304."""
    caller = caller_of(request)
    require_role(caller, {Role.THERAPIST})
    return snapshot_response(request, screens.therapist_screen(caller))


@router.get("/days/therapist/", operation_id="day_therapist", openapi_extra=LOGIN_NEEDED)
def therapist_day(request: HttpRequest) -> HttpResponse:
    """Return a therapist's own business day: the last 50 customers, and totals. ETag, 304."""
    caller = caller_of(request)
    require_role(caller, {Role.THERAPIST})
    branch, therapist = caller.here, caller.therapist
    read, source = read_for_reports(lambda database: day_of_therapist(branch, therapist, database))
    day: TherapistDayNow = {**read, "seconds_behind": source.seconds_behind}
    return json_with_etag(request, day, version=fingerprint(day)[:32])


@router.get("/turns/", operation_id="turns", openapi_extra=LOGIN_NEEDED)
def turns(request: HttpRequest) -> HttpResponse:
    """Return the turn ledger of the branch's business day. All staff; ETag, 304."""
    caller = caller_of(request)
    require_role(caller, Role)
    day = turns_of_day(caller.here)
    return json_with_etag(request, day, version=fingerprint(day)[:32])


@router.get("/snapshots/monitor/", operation_id="snapshot_monitor", openapi_extra=LOGIN_NEEDED)
def monitor_snapshot(request: HttpRequest) -> HttpResponse:
    """Return the snapshot of the whole floor. All staff; ETag, 304."""
    caller = caller_of(request)
    require_role(caller, Role)
    return snapshot_response(request, screens.monitor_screen(caller))


@router.get("/snapshots/board/", operation_id="snapshot_board", openapi_extra=BRANCH_NAMED)
def board_snapshot(request: HttpRequest) -> HttpResponse:
    """Return the snapshot of the public board of `?branch=`. Anyone; ETag, 304."""
    return snapshot_response(request, screens.board_screen(caller_of(request)))


@router.get("/snapshots/menu/", operation_id="snapshot_menu", openapi_extra=BRANCH_NAMED)
def menu_snapshot(request: HttpRequest) -> HttpResponse:
    """Return the setup behind the menu of `?branch=`, and the wait now. Anyone; ETag, 304."""
    return snapshot_response(request, screens.menu_screen(caller_of(request).here))


@router.get("/therapists/", operation_id="therapists", openapi_extra=BRANCH_NAMED)
def therapists(request: HttpRequest) -> HttpResponse:
    """Return whom a customer of `?branch=` may ask for now, and the wait. Anyone; ETag, 304.

    `item=` is an option that the customer has chosen, once for each: only those are returned who
    have the skills for all.
    """
    choices = choices_in(caller_of(request).here, _chosen(request))
    return json_with_etag(request, choices, version=fingerprint(choices)[:32])


def _chosen(request: HttpRequest) -> set[int]:
    """Return the options that the address names; what is no key names none."""
    texts = request.GET.getlist("item")[: settings.ITEMS_PER_TRANSACTION]
    return {int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 19}


@router.get("/tickets/{key}/", operation_id="ticket")
def ticket(request: HttpRequest, key: str) -> HttpResponse:
    """Return a customer's own visit, by its secret key; ETag, 304."""
    return snapshot_response(request, screens.ticket_screen(key))
