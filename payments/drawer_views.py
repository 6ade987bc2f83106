"""Views of the cash drawer: its page, and the X and Z reports on paper."""

import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import override
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.auth import Caller, caller_of, page_for
from accounts.models import Branch, Role
from payments import drawers
from payments.drawer_figures import figures_of
from payments.models import CashMovement, DrawerClose, DrawerCount, DrawerSession, Movement
from payments.pieces import pieces_of
from payments.tips import tips_of_day
from payments.views import paper_of
from spa_project.lib.commands import answer
from spa_project.lib.errors import DomainError, Invalid
from spa_project.lib.money import format_amount, parse_amount
from spa_project.lib.web.pages import page_data

#: The number of Z reports that are listed.
SHOWN = 20
#: The commands of the page's forms, by the name of their button.
_COMMANDS = {
    "open": "cashier_open_drawer",
    "move": "cashier_move_cash",
    "count": "cashier_count_drawer",
    "close": drawers.CLOSE,
}


@dataclass(frozen=True)
class Piece:
    """A row of a count: a note or coin, and what was entered for it."""

    #: As on the wire.
    value: str
    count: str


@sensitive_post_parameters("pin")
@page_for(Role.CASHIER, Role.MANAGER)
def drawer(request: HttpRequest) -> HttpResponse:
    """Show the counter's cash drawer and the branch's Z reports; run a command of its forms."""
    caller = caller_of(request)
    refusal = None
    if request.method == "POST":
        try:
            _run(caller, request.POST)
            return redirect("drawer")
        except DomainError as error:
            refusal = error
    context = {
        "branch": caller.here,
        "page_data": page_data(),
        "refusal": refusal,
        "refused": request.POST.get("act", "") if refusal else "",
        "typed": request.POST if refusal else {},
        "reports": _reports(caller.here)[:SHOWN],
        "kinds": Movement.choices,
        "is_manager": Role.MANAGER in caller.roles,
        **(_own_drawer(caller, request.POST) if Role.CASHIER in caller.roles else {}),
    }
    with override(caller.here.time_zone):
        return render(request, "payments/drawer.html", context)


def _run(caller: Caller, sent: Any) -> None:
    """Run the command of a form as a client would send it; a close with its approval."""
    command = _COMMANDS.get(sent.get("act", ""))
    if command is None:
        raise Invalid
    data = _data_of(command, sent)
    if command == drawers.CLOSE and sent.get("username"):
        asked = {"username": sent["username"], "pin": sent.get("pin", "")}
        given = answer(caller, "approve", {**asked, "command": command, "data": data})
        data["approval"] = given["approval"]
    answer(caller, command, data)


def _data_of(command: str, sent: Any) -> dict[str, Any]:
    if command == "cashier_move_cash":
        return _movement_in(sent)
    data: dict[str, Any] = {"counts": _counts_in(sent)}
    if command != "cashier_count_drawer":
        data["note"] = sent.get("note", "")
    return data


def _movement_in(sent: Any) -> dict[str, Any]:
    """Return what was entered of a movement; only a tip payout names its therapist, and must."""
    data = {
        "kind": sent.get("kind"),
        "amount": sent.get("amount", "").replace(",", ""),
        "reason": sent.get("reason", ""),
    }
    if sent.get("request_id"):
        data["request_id"] = sent["request_id"]
    if data["kind"] == Movement.TIP_PAYOUT:
        therapist = sent.get("therapist_id", "")
        if not (therapist.isascii() and therapist.isdigit() and len(therapist) < 19):
            raise Invalid(_("Choose the therapist who is paid."), field="therapist_id")
        data["therapist_id"] = int(therapist)
    return data


def _counts_in(sent: Any) -> dict[str, int]:
    """Return the counts that were entered, by the value in the field's name."""
    counts = {}
    for name, text in sent.items():
        if name.startswith("piece-") and text.strip():
            if not (text.strip().isascii() and text.strip().isdigit() and len(text) < 7):
                raise Invalid(field="counts")
            counts[name.removeprefix("piece-")] = int(text)
    return counts


def _own_drawer(caller: Caller, sent: Any) -> dict[str, Any]:
    """Return what the page shows of the drawer of the cashier's counter."""
    found = drawers.latest_of(caller.here, caller.cashier.counter_number)
    close = drawers.close_of(found) if found else None
    offered = _shown(close.count.counts if close else {}, sent)
    own: dict[str, Any] = {"has_drawer": True, "cashier": caller.cashier, "offered": offered}
    if found is None or close is not None:
        return own | {"last": close}
    count = drawers.current_count(found)
    return own | {
        "drawer": found,
        "is_late": found.business_date != caller.here.business_date(),
        "pieces": _shown({}, sent if sent.get("act") == "count" else {}),
        "movements": _movements_of(found),
        "tips": _tips(caller.here, sent),
        # Of the next movement: a form that is sent twice moves the cash once.
        "request_id": uuid.uuid4(),
        **(_counted(caller.here, found, count) if count else {}),
    }


def _movements_of(found: DrawerSession) -> QuerySet[CashMovement]:
    return found.movements.select_related("by", "therapist").order_by("pk")


def _tips(branch: Branch, sent: Any) -> list[dict[str, Any]]:
    """Return the therapists with their tips of today, as the form offers them."""
    return [
        {
            **each,
            "earned_amount": Decimal(each["earned"]),
            "paid_out_amount": Decimal(each["paid_out"]),
            "is_chosen": sent.get("therapist_id") == str(each["therapist_id"]),
        }
        for each in tips_of_day(branch)["therapists"]
    ]


def _counted(branch: Branch, found: DrawerSession, count: DrawerCount) -> dict[str, Any]:
    """Return what is told once the drawer was counted."""
    off = abs(count.variance)
    return {
        "count": count,
        "figures": figures_of(found),
        "needs_note": off > branch.variance_note_above,
        "needs_approval": off > branch.variance_approval_above,
    }


def _shown(counts: dict[str, int], sent: Any) -> list[Piece]:
    """Return the rows of a count: each note and coin with what was entered, or is offered."""
    values = [format_amount(value) for value in pieces_of(settings.CURRENCY)]
    values += [value for value in counts if value not in values]
    return [
        Piece(value, sent.get(f"piece-{value}", str(counts.get(value, "")))) for value in values
    ]


@page_for(Role.CASHIER)
def x_report(request: HttpRequest) -> HttpResponse:
    """Show what the open drawer has taken so far; what must be in it only once it was counted."""
    caller = caller_of(request)
    found = drawers.latest_of(caller.here, caller.cashier.counter_number)
    if found is None or drawers.close_of(found) is not None:
        raise Http404
    is_counted = drawers.current_count(found) is not None
    more = {"figures": figures_of(found).as_json(), "is_counted": is_counted}
    return _paper(request, caller, found, more)


@page_for(Role.CASHIER, Role.MANAGER)
def z_report(request: HttpRequest, number: int) -> HttpResponse:
    """Show a Z report of the branch, as it was when the drawer was closed."""
    caller = caller_of(request)
    close = _reports(caller.here).filter(z_number=number).first()
    if close is None:
        raise Http404
    more = {"close": close, "figures": close.figures, "is_counted": True}
    return _paper(request, caller, close.drawer, more)


def _reports(branch: Branch) -> Any:
    people = ("by", "approved_by", "drawer__by", "count")
    return DrawerClose.objects.filter(branch=branch).select_related(*people).order_by("-z_number")


def _paper(
    request: HttpRequest, caller: Caller, found: DrawerSession, more: dict[str, Any]
) -> HttpResponse:
    figures = more["figures"]
    context = {
        **more,
        "branch": caller.here,
        "drawer": found,
        "movements": _movements_of(found),
        "methods": _totals(figures["methods"]),
        # A Z report from before there were refunds has none.
        "refunds": _totals(figures.get("refunds", [])),
        **paper_of(request),
        "is_printing": request.method == "POST",
        "page_data": page_data(),
    }
    with override(caller.here.time_zone):
        return render(request, "payments/drawer_report.html", context)


def _totals(stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**it, "amount": parse_amount(it["amount"])} for it in stored]
