"""The first day: a checklist on the home page, from an empty database to the first payment.

What is done is read from the database. A step that an owner skips, and the devices, which leave no
trace there, are rows of `ClosedStep`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.transaction import atomic
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts import devices as paired_devices
from accounts import views as accounts_views
from accounts.branches import open_branches
from accounts.models import Branch, Cashier, ClosedStep, Role, Therapist, User
from catalog.menu_import import importer
from catalog.models import ServiceClassification
from queueing.models import Room, Transaction
from queueing.states import Status
from spa_project.lib.known_clients import is_paired
from spa_project.lib.web.qr import public_address, qr_response
from spa_project.seeding import MENU

MOST_ROOMS = 50
#: Hosts that only the server's own machine can open.
LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Step:
    """A step of the checklist as the page shows it."""

    name: str
    title: Any
    words: Any
    done: bool
    skipped: bool = False

    @property
    def is_open(self) -> bool:
        """Return whether it is still to do."""
        return not (self.done or self.skipped)


@dataclass(frozen=True)
class Device:
    """A screen of the spa and its path; a visitor's path names the branch."""

    name: str
    title: Any
    words: Any
    path: str


def may_set_up(user: Any) -> bool:
    """Return whether this is an owner or a manager."""
    return isinstance(user, User) and Role.MANAGER in user.roles


def own_branch(user: Any) -> Branch | None:
    """Return the person's branch; the first one for an owner who has none."""
    branch: Branch | None = getattr(user, "branch", None)
    if branch is None and user.is_superuser:
        return Branch.objects.order_by("pk").first()
    return branch


def is_menu_empty() -> bool:
    """Return whether there is nothing to order."""
    return not ServiceClassification.objects.on_the_menu().exists()


def checklist(user: User) -> list[Step]:
    """Return the steps of the first day, none when all are done or skipped."""
    closed = dict(ClosedStep.objects.values_list("name", "skipped"))
    steps = [
        Step(name, title, words, is_done or closed.get(name) is False, closed.get(name, False))
        for name, title, words, is_done in _steps(user)
    ]
    return steps if any(step.is_open for step in steps) else []


def _steps(user: User) -> Iterator[tuple[str, Any, Any, bool]]:
    has_branch = user.branch is not None and user.branch.active
    yield "branch", _("Your spa"), _("Its name, time zone and address."), has_branch
    rooms = Room.objects.exists()
    yield "rooms", _("Rooms"), _("Where customers are treated."), rooms
    yield "menu", _("Menu and prices"), _("What customers can order."), not is_menu_empty()
    therapists = Therapist.objects.filter(active=True, user__is_active=True).exists()
    cashiers = Cashier.objects.filter(active=True, user__is_active=True).exists()
    yield "staff", _("Staff"), _staff_words(therapists, cashiers), therapists and cashiers
    yield "devices", _("Devices"), _("Kiosk, tablets, till, waiting room screen."), False
    paid = Transaction.objects.filter(status=Status.PAID).exists()
    yield "order", _("First test order"), _order_words(user.branch), paid


def _staff_words(therapists: bool, cashiers: bool) -> Any:
    if therapists and not cashiers:
        return _("A cashier is missing.")
    if cashiers and not therapists:
        return _("A therapist is missing.")
    return _("At least one therapist with a room, and one cashier.")


def _order_words(branch: Branch | None) -> Any:
    visits = Transaction.objects.filter(branch=branch) if branch else Transaction.objects.none()
    last = visits.order_by("-pk").values_list("code", "status").first()
    if last is None or last[1] == Status.PAID:
        return _("Order, call, treat, take the payment.")
    told = _("%(code)s: %(status)s. It is done when the customer has paid.")
    return told % {"code": last[0], "status": Status(last[1]).label}


# -- Views --------------------------------------------------------------------------------------


def home(request: HttpRequest) -> HttpResponse:
    """Show the home page, with the checklist for those who may set up the spa."""
    if may_set_up(request.user):
        steps = checklist(request.user)  # type: ignore[arg-type]  # as `may_set_up` has checked
        return accounts_views.home(
            request,
            first_day=steps,
            next_step=next((step.name for step in steps if step.is_open), ""),
            steps_closed=sum(not step.is_open for step in steps),
            first_branch=own_branch(request.user) if steps else None,
        )
    getting_ready = is_menu_empty() or not open_branches()
    return accounts_views.home(request, getting_ready=getting_ready)


def for_owners(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Admit those who may set up the spa, also before they have a branch."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not may_set_up(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@require_POST
@for_owners
def take_branch(request: HttpRequest) -> HttpResponse:
    """Have an owner without a branch work in the first one."""
    branch, person = own_branch(request.user), request.user
    if branch and isinstance(person, User) and person.branch is None:
        person.branch = branch
        person.save(update_fields=["branch"])
    return redirect("home")


@require_POST
@for_owners
@atomic
def add_rooms(request: HttpRequest) -> HttpResponse:
    """Add rooms named 1, 2, 3 and so on, as many as asked for; existing numbers stay."""
    wanted = request.POST.get("count", "")
    branch = own_branch(request.user)
    if branch is None:
        messages.error(request, _("Add the branch first."))
    elif not (wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:4]) <= MOST_ROOMS):
        messages.error(request, _("Enter a number from 1 to %(most)s.") % {"most": MOST_ROOMS})
    else:
        for number in range(1, int(wanted) + 1):
            Room.objects.get_or_create(branch=branch, number=str(number))
    return redirect("home")


@require_POST
@for_owners
def add_sample_menu(request: HttpRequest) -> HttpResponse:
    """Fill an empty menu with a sample to edit."""
    if ServiceClassification.objects.exists():
        messages.error(request, _("The menu has treatments already."))
    else:
        importer.import_file(MENU)
        count = ServiceClassification.objects.count()
        told = ngettext("%(count)d price added.", "%(count)d prices added.", count)
        messages.success(request, told % {"count": count})
    return redirect("home")


@require_POST
@for_owners
def close_step(request: HttpRequest, name: str) -> HttpResponse:
    """Skip a step, or mark it as done."""
    if name not in {step for step, *_rest in _steps(request.user)}:  # type: ignore[arg-type]
        raise Http404
    skipped = "done" not in request.POST
    ClosedStep.objects.update_or_create(name=name, defaults={"skipped": skipped})
    return redirect("home")


@for_owners
def devices(request: HttpRequest) -> HttpResponse:
    """Show the address of each screen, in letters and as a QR code."""
    branch = own_branch(request.user)
    if branch is None:
        return redirect("home")
    rows = [(each, public_address(request, each.path)) for each in _devices(branch)]
    host = urlsplit(public_address(request, "/")).hostname
    context = {
        "branch": branch,
        "devices": rows,
        "is_local": host in LOCAL_HOSTS,
        "is_paired": is_paired(request),
    }
    return render(request, "first_day/devices.html", context)


@require_POST
@for_owners
def pair(request: HttpRequest) -> HttpResponse:
    """Give this browser rate limits of its own, also after the manager has logged out."""
    branch, label = own_branch(request.user), request.POST.get("label", "").strip()[:60]
    if branch is not None:
        paired_devices.pair(request, branch, request.user, label or str(_("Device")))  # type: ignore[arg-type]  # as `may_set_up` has checked
        messages.success(request, _("This device is paired."))
    return redirect("first_day_devices")


@for_owners
def device_qr(request: HttpRequest, name: str) -> HttpResponse:
    """Return the address of a screen as a QR code."""
    branch = own_branch(request.user)
    for device in _devices(branch) if branch else ():
        if device.name == name:
            return qr_response(request, device.path)
    raise Http404


def _devices(branch: Branch) -> tuple[Device, ...]:
    menu, here = reverse("menu"), f"?branch={branch.slug}"
    return (
        Device("phone", _("Customers' phones"), _("Print it for the entrance."), menu + here),
        Device("kiosk", _("Kiosk"), _("A tablet at the entrance."), f"{menu}{here}&kiosk=1"),
        Device("board", _("Waiting room screen"), _("Calls customers."), reverse("board") + here),
        Device("therapist", _("Therapist"), _("One tablet each."), reverse("therapist")),
        Device("cashier", _("Cashier"), _("The till."), reverse("cashier")),
        Device("desk", _("Front desk"), _("Orders and the line."), reverse("desk")),
        Device("monitor", _("Monitor"), _("For a wall screen's account."), reverse("monitor")),
    )


urlpatterns = [
    path("branch/", take_branch, name="first_day_branch"),
    path("rooms/", add_rooms, name="first_day_rooms"),
    path("menu/", add_sample_menu, name="first_day_menu"),
    path("devices/", devices, name="first_day_devices"),
    path("devices/pair/", pair, name="first_day_pair"),
    path("devices/<slug:name>.svg", device_qr, name="first_day_qr"),
    path("<slug:name>/close/", close_step, name="first_day_close"),
]
