"""Views of the floor's pages, each rendered with its first data; changes come by socket."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from accounts.auth import Caller, caller_of, page_for
from accounts.branches import branch_page, open_branches
from accounts.models import STAFF, Branch, Role
from accounts.screen_lock import LockablePage, lockable_page
from catalog.serializers import MenuData
from queueing import screens
from queueing.day_summary import favourites_of
from queueing.events import BOARD, MONITOR, THERAPISTS
from queueing.menu_cache import menu_now
from queueing.models import Transaction
from queueing.snapshots import setup_of
from queueing.states import Status
from queueing.statistics import GROUPS, StatusGroups
from spa_project.lib.realtime.screen import view_of
from spa_project.lib.web.pages import PageData, page_data
from spa_project.lib.web.qr import qr_response

KEY = "KEY"  # where a page's script puts a ticket's key into an address


class LivePage(PageData):
    """The data of a page whose rows are kept up to date."""

    socket: str
    #: Polled where sockets are blocked.
    snapshot_url: str
    shows: list[Status]
    #: The statuses that each figure counts.
    groups: StatusGroups


class ClosedPage(PageData):
    socket: str
    #: Polled where sockets are blocked.
    snapshot_url: str


class MenuPage(PageData):
    branch: str
    #: Polled where sockets are blocked.
    snapshot_url: str
    suggests_add_ons: bool
    setup: int
    menu: MenuData
    kiosk: bool
    language: str
    socket: str
    ticket_url: str
    qr_url: str


class TicketPage(LivePage):
    snapshot: screens.TicketSnapshot
    key: str
    receipt_url: str


class TherapistPage(LivePage, LockablePage):
    snapshot: screens.TherapistSnapshot
    menu: MenuData
    favourites: list[int]
    day_url: str


class DeskPage(LivePage, LockablePage):
    snapshot: screens.MonitorSnapshot
    menu: MenuData
    is_manager: bool
    ticket_url: str


class MonitorPage(LivePage):
    snapshot: screens.MonitorSnapshot


class BoardPage(LivePage):
    #: Where the wait of a new customer is read.
    wait_url: str
    snapshot: screens.BoardSnapshot


@branch_page
def menu(request: HttpRequest, branch: Branch) -> HttpResponse:
    """Show the customer's menu and cart; `?kiosk=1` is kept for the kiosk's behaviour."""
    if not branch.active:
        return _closed(request, branch)
    setup = setup_of(branch)  # read before the menu
    data: MenuPage = {
        **page_data(),
        "branch": branch.slug,
        "setup": setup["setup"],
        "suggests_add_ons": setup["branch"]["suggests_add_ons"],
        "menu": menu_now(),
        "kiosk": request.GET.get("kiosk") == "1",
        "language": settings.LANGUAGE_CODE,
        "socket": _menu_socket(branch),
        "snapshot_url": _menu_snapshot(branch),
        "ticket_url": reverse("ticket", args=[KEY]),
        "qr_url": reverse("ticket_qr", args=[KEY]),
    }
    return render(request, "queueing/menu.html", {"branch": branch, "page_data": data})


def _closed(request: HttpRequest, branch: Branch) -> HttpResponse:
    """Show that the branch is closed, and those that are open."""
    data: ClosedPage = {
        **page_data(),
        "socket": _menu_socket(branch),
        "snapshot_url": _menu_snapshot(branch),
    }
    context = {"branch": branch, "branches": open_branches(), "page_data": data}
    return render(request, "queueing/closed.html", context)


def _menu_socket(branch: Branch) -> str:
    return f"/ws/customer/?{urlencode({'branch': branch.slug})}"


def _menu_snapshot(branch: Branch) -> str:
    return f"/api/snapshots/menu/?{urlencode({'branch': branch.slug})}"


@never_cache
def ticket(request: HttpRequest, key: str) -> HttpResponse:
    """Show a customer's own live page; the key in the URL authorizes."""
    branch = _transaction_of(key).branch
    data: TicketPage = {
        **page_data(),
        "key": key,
        "socket": f"/ws/ticket/{key}/",
        "snapshot_url": f"/api/tickets/{key}/",
        "snapshot": view_of(screens.ticket_screen(key)),
        "shows": list(Status),
        "groups": GROUPS,
        "receipt_url": reverse("receipt", args=[KEY]),
    }
    context = {"branch": branch, "page_data": data, "qr_url": reverse("ticket_qr", args=[key])}
    return render(request, "queueing/ticket.html", context)


def ticket_qr(request: HttpRequest, key: str) -> HttpResponse:
    """Return the URL of a ticket as a QR code (SVG)."""
    _transaction_of(key)
    return qr_response(request, reverse("ticket", args=[key]))


@page_for(Role.THERAPIST)
def therapist(request: HttpRequest) -> HttpResponse:
    """Show a therapist's desk."""
    caller = caller_of(request)
    data: TherapistPage = {
        **page_data(),
        "socket": "/ws/therapist/",
        "snapshot_url": "/api/snapshots/therapist/",
        "snapshot": view_of(screens.therapist_screen(caller)),
        "shows": list(THERAPISTS.shows),
        "groups": GROUPS,
        "menu": menu_now(),
        "favourites": favourites_of(caller.here, caller.therapist),
        "day_url": "/api/days/therapist/",
        **lockable_page(caller.person, locked=caller.is_locked),
    }
    return render(request, "queueing/therapist.html", _of_staff(request, data))


@page_for(*STAFF)
def desk(request: HttpRequest) -> HttpResponse:
    """Show the front desk: orders for customers without a phone, and operations on all visits."""
    caller = caller_of(request)
    data: DeskPage = {
        **page_data(),
        "socket": "/ws/monitor/",
        "snapshot_url": "/api/snapshots/monitor/",
        "snapshot": view_of(screens.monitor_screen(caller)),
        "shows": list(MONITOR.shows),
        "groups": GROUPS,
        "menu": menu_now(),
        "is_manager": Role.MANAGER in caller.roles,
        "ticket_url": reverse("ticket", args=[KEY]),
        **lockable_page(caller.person, locked=caller.is_locked),
    }
    return render(request, "queueing/desk.html", _of_staff(request, data))


@page_for(*Role)
def monitor(request: HttpRequest) -> HttpResponse:
    """Show the whole floor."""
    data: MonitorPage = {
        **page_data(),
        "socket": "/ws/monitor/",
        "snapshot_url": "/api/snapshots/monitor/",
        "snapshot": view_of(screens.monitor_screen(caller_of(request))),
        "shows": list(MONITOR.shows),
        "groups": GROUPS,
    }
    return render(request, "queueing/monitor.html", _of_staff(request, data))


@branch_page
def board(request: HttpRequest, branch: Branch) -> HttpResponse:
    """Show the public board."""
    here = urlencode({"branch": branch.slug})
    data: BoardPage = {
        **page_data(),
        "wait_url": f"/api/therapists/?{here}",
        "socket": f"/ws/board/?{here}",
        "snapshot_url": f"/api/snapshots/board/?{here}",
        "snapshot": view_of(screens.board_screen(Caller(None, branch))),
        "shows": list(BOARD.shows),
        "groups": GROUPS,
    }
    return render(request, "queueing/board.html", {"branch": branch, "page_data": data})


def _of_staff(request: HttpRequest, data: LivePage) -> dict[str, Any]:
    caller = caller_of(request)
    is_manager = Role.MANAGER in caller.roles
    return {
        "branch": caller.branch,
        "page_data": data,
        "is_manager": is_manager,
        "may_set_presence": is_manager or Role.CASHIER in caller.roles,
    }


def _transaction_of(key: str) -> Transaction:
    transaction = Transaction.objects.select_related("branch").filter(key=key).first()
    if transaction is None:
        raise Http404
    return transaction
