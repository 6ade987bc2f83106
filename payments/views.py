"""Views of the cashier's page, receipts and reports."""

import datetime
from typing import Any
from urllib.parse import quote

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.auth import caller_of, page_for
from accounts.models import Role
from accounts.screen_lock import LockablePage, lockable_page
from payments import receipts
from payments.display import DisplaySnapshot, display_screen
from payments.models import Payment, Refund, Tender
from payments.reports import LONGEST, Period, report_of
from payments.screens import CashierSnapshot, cashier_screen
from queueing.events import CASHIERS, ON_DISPLAY
from queueing.statistics import GROUPS
from queueing.views import KEY, LivePage
from queueing.visit_bills import bill_of_visit, discounts_of
from spa_project.lib.db.replica import read_for_reports
from spa_project.lib.errors import NotFound
from spa_project.lib.realtime.screen import view_of
from spa_project.lib.web.pages import PageData, page_data
from spa_project.lib.web.qr import qr_response

#: Widths of paper in millimetres; the first is the usual one.
WIDTHS = ("80", "58")


def paper_of(request: HttpRequest) -> dict[str, Any]:
    """Return the width of paper that a request chooses, and those to choose from."""
    width = request.GET.get("width")
    return {"width": width if width in WIDTHS else WIDTHS[0], "widths": WIDTHS}


def prints_of(receipt: Payment | Refund, print_number: int | None) -> dict[str, Any]:
    """Return which print this is, None on a screen, and how many there are."""
    return {
        "print_number": print_number,
        "copy_number": print_number and print_number - 1,
        "prints": receipt.prints.count(),
    }


class CashierPage(LivePage, LockablePage):
    snapshot: CashierSnapshot
    day_url: str
    receipt_url: str
    refund_url: str


class DisplayPage(LivePage):
    snapshot: DisplaySnapshot


class ReportsPage(PageData):
    #: The name and the takings of each day.
    days: list[tuple[str, str]]


@page_for(Role.CASHIER)
def cashier(request: HttpRequest) -> HttpResponse:
    """Show a cashier's desk."""
    caller = caller_of(request)
    data: CashierPage = {
        **page_data(),
        "socket": "/ws/cashier/",
        "snapshot_url": "/api/snapshots/cashier/",
        "snapshot": view_of(cashier_screen(caller)),
        "day_url": "/api/days/cashier/",
        "receipt_url": reverse("receipt", args=[KEY]),
        "refund_url": reverse("refund", args=[KEY]),
        "shows": list(CASHIERS.shows),
        "groups": GROUPS,
        **lockable_page(caller.person, locked=caller.is_locked),
    }
    context = {"branch": caller.branch, "page_data": data}
    return render(request, "payments/cashier.html", context)


@page_for(*Role)
def display(request: HttpRequest, counter: str) -> HttpResponse:
    """Show a counter's customer-facing screen."""
    caller = caller_of(request)
    try:
        screen = display_screen(caller.here, counter)
    except NotFound:
        raise Http404 from None
    data: DisplayPage = {
        **page_data(),
        "socket": f"/ws/display/{quote(counter)}/",
        "snapshot_url": f"/api/snapshots/display/{quote(counter)}/",
        "snapshot": view_of(screen),
        "shows": sorted(ON_DISPLAY),
        "groups": GROUPS,
    }
    context = {"branch": caller.branch, "page_data": data}
    return render(request, "payments/display.html", context)


class PeriodForm(forms.Form):
    """A form for the first and last day of a report."""

    first = forms.DateField(label=_("From"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    last = forms.DateField(label=_("To"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))

    def clean(self) -> dict[str, datetime.date]:
        """Refuse a period that ends before it begins, or is too long to add up."""
        dates: dict[str, datetime.date] = super().clean() or {}
        if {"first", "last"} <= dates.keys():
            if dates["first"] > dates["last"]:
                raise forms.ValidationError(_("“From” must be before “To”."))
            if dates["last"] - dates["first"] > LONGEST:
                raise forms.ValidationError(_("Choose a period of up to 3 months."))
        return dates


@page_for(Role.MANAGER)
def reports(request: HttpRequest) -> HttpResponse:
    """Show takings and waits of some business days, by default the last seven."""
    branch = caller_of(request).here
    today = branch.business_date()
    usual = Period(today - datetime.timedelta(days=6), today)
    form = PeriodForm(request.GET or None, initial=usual._asdict())
    is_chosen = form.is_bound and form.is_valid()
    period = Period(**form.cleaned_data) if is_chosen else usual
    report, source = read_for_reports(lambda database: report_of(branch, period, database))
    data: ReportsPage = {
        **page_data(),
        "days": [(str(day.name), str(day.amount)) for day in report.days],
    }
    context = {
        "branch": branch,
        "form": form,
        "period": period,
        "report": report,
        "source": source,
        "currency": settings.CURRENCY,
        "page_data": data,
    }
    # Times are shown in the branch's time zone.
    with override(branch.time_zone):
        return render(request, "payments/reports.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest, key: str) -> HttpResponse:
    """Show a receipt, or record a print of it (POST); the key in the URL authorizes.

    `?width=58` is for paper of 58 mm. Only the first print is an original.
    """
    payment = _payment_of(key)
    print_number = None
    if request.method == "POST":
        print_number = receipts.print_receipt(key, by=caller_of(request).user)
    given = discounts_of(payment.transaction)
    bill = bill_of_visit(payment.transaction, given)
    context = {
        "payment": payment,
        "bill": bill,
        "tenders": _tenders_of(payment),
        "refunds": list(payment.refunds.order_by("pk")),
        "discounts": [(row, bill.discounts[row.pk]) for row in given],
        "branch": payment.branch,
        **paper_of(request),
        **prints_of(payment, print_number),
        "qr_url": reverse("receipt_qr", args=[key]),
        "currency": settings.CURRENCY,
    }
    # Times are shown in the branch's time zone.
    with override(payment.branch.time_zone):
        return render(request, "payments/receipt.html", context)


def receipt_qr(request: HttpRequest, key: str) -> HttpResponse:
    """Return the URL of a receipt as a QR code (SVG)."""
    _payment_of(key)
    return qr_response(request, reverse("receipt", args=[key]))


def _tenders_of(payment: Payment) -> list[Tender]:
    """Return the parts of a payment; one that was not split is its own only part."""
    if payment.is_split:
        return list(payment.tenders.select_related("method").order_by("pk"))
    amount, reference = payment.amount_paid, payment.reference
    return [Tender(method=payment.method, amount=amount, reference=reference)]


def _payment_of(key: str) -> Payment:
    found = Payment.objects.select_related("transaction", "branch", "cashier", "method")
    payment = found.filter(receipt_key=key).first()
    if payment is None:
        raise Http404
    return payment
