"""Reports for managers about some business days: takings, by service and person, and waits.

Each is a short read of its own: one long snapshot of the database would slow claims.
"""

import datetime
from collections import defaultdict
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Max, QuerySet, Sum
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext as _

from accounts.hours import Hours, hours_of
from accounts.models import Branch
from accounts.namesakes import tell_apart
from payments.models import Payment, Refund, RefundedTip, TipShare
from payments.takings import Taking, by_method, refunded_by_method
from queueing.bill import tax_name
from queueing.models import Transaction, TransactionItem, TurnEntry
from queueing.states import Status
from queueing.turns import figure
from queueing.visit_bills import bill_of_visit, discounts_of

#: The most days of one report: a quarter of a year.
LONGEST = datetime.timedelta(days=92)
#: How many bills are read at a time.
CHUNK = 500
MINUTE = datetime.timedelta(minutes=1)
MICROSECOND = datetime.timedelta(microseconds=1)


class Period(NamedTuple):
    """Business days from the first to the last, both included."""

    first: datetime.date
    last: datetime.date


class ReportRow(NamedTuple):
    """One row of a table: a name, a count and a sum."""

    name: Any
    times: int
    amount: Decimal


class Waits(NamedTuple):
    """The average and the longest wait of a day's customers for a therapist."""

    day: datetime.date
    customers: int
    average: datetime.timedelta
    longest: datetime.timedelta
    #: How many of them were told a wait when they ordered, and were called no later.
    quoted: int
    held: int

    @property
    def held_share(self) -> int | None:
        """Return how many quoted waits of a hundred held, None without any."""
        return round(100 * self.held / self.quoted) if self.quoted else None

    @property
    def average_minutes(self) -> int:
        """Return the average wait in whole minutes, as the screens count them."""
        return self.average // MINUTE

    @property
    def longest_minutes(self) -> int:
        """Return the longest wait in whole minutes."""
        return self.longest // MINUTE


class Turns(NamedTuple):
    """A therapist's turns of a business day, where it had a strict rotation."""

    day: datetime.date
    name: str
    turns: Decimal


class Report(NamedTuple):
    """All tables of the page."""

    days: list[ReportRow]
    services: list[ReportRow]
    therapists: list[ReportRow]
    methods: list[ReportRow]
    waits: list[Waits]
    hours: list[Hours]
    turns: list[Turns]
    #: The tax that the sales contain, by its name and rate.
    taxes: list[ReportRow]
    #: What customers gave each therapist on top.
    tips: list[ReportRow]
    #: What discounts have taken off, by their name.
    discounts: list[ReportRow]
    #: What each person has given back, for sales of any day; voids apart.
    refunds: list[ReportRow]
    #: The same by method, and the tax that it contains.
    refund_methods: list[ReportRow]
    refund_taxes: list[ReportRow]

    @property
    def total(self) -> ReportRow:
        """Return the total of all days."""
        amount = sum((day.amount for day in self.days), Decimal("0.00"))
        return ReportRow("", sum(day.times for day in self.days), amount)


def report_of(branch: Branch, period: Period, database: str = DEFAULT_DB_ALIAS) -> Report:
    """Return the branch's report of these business days, as this database has them."""
    payments = Payment.objects.using(database).filter(branch=branch, business_date__range=period)
    refunds = Refund.objects.using(database).filter(branch=branch, business_date__range=period)
    sold = TransactionItem.objects.using(database).filter(
        transaction__payment__branch=branch, transaction__payment__business_date__range=period
    )
    return Report(
        days=_lines(payments, "business_date", Sum("amount_due"), by="business_date"),
        services=_lines(sold, "service_name", Sum(F("price") - F("discount_amount"))),
        therapists=_therapists(payments),
        methods=_sorted(by_method(payments)),
        tips=_tips(payments, refunds),
        waits=_waits(branch, period, database),
        hours=hours_of(branch, period, database),
        turns=_turns(branch, period, database),
        taxes=_taxes(payments),
        discounts=_discounts(payments),
        refunds=_refunds(refunds),
        refund_methods=_sorted(refunded_by_method(refunds)),
        refund_taxes=_refund_taxes(refunds),
    )


def _lines(
    rows: QuerySet[Any], name: str, amount: Sum, *identity: str, by: str = "-sum"
) -> list[ReportRow]:
    """Return rows grouped by a name, by default with the largest sum first.

    `identity` tells those of the same name apart.
    """
    grouped = rows.order_by().values_list(name, *identity).annotate(times=Count("pk"), sum=amount)
    return [ReportRow(row[0], *row[-2:]) for row in grouped.order_by(by, name, *identity)]


def _therapists(payments: QuerySet[Payment]) -> list[ReportRow]:
    """Return a row of each therapist, with the user name where two have the same name."""
    name, user = "transaction__therapist__display_name", "transaction__therapist__user__username"
    grouped = payments.order_by().values_list(name, user)
    found = grouped.annotate(times=Count("pk"), sum=Sum("amount_due")).order_by("-sum", name, user)
    rows = list(found)
    names = tell_apart(row[:2] for row in rows)
    return [ReportRow(names[row[:2]], *row[2:]) for row in rows]


def _sorted(takings: list[Taking]) -> list[ReportRow]:
    takings = sorted(takings, key=lambda it: (-it.amount, it.name, it.method))
    return [ReportRow(it.name, it.times, it.amount) for it in takings]


def _tips(payments: QuerySet[Payment], refunds: QuerySet[Refund]) -> list[ReportRow]:
    """Return a row of each therapist: their tips, less those that were given back."""
    shares = TipShare.objects.using(payments.db).filter(payment__in=payments)
    back = RefundedTip.objects.using(refunds.db).filter(refund__in=refunds)
    times: dict[tuple[str, str], int] = defaultdict(int)
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for rows, sign in ((shares, 1), (back, -1)):
        people = rows.order_by().values_list("therapist__display_name", "therapist__user__username")
        for name, user, count, amount in people.annotate(Count("pk"), Sum("amount")):
            times[name, user] += count if sign > 0 else 0
            sums[name, user] += sign * amount
    names = tell_apart(sums)
    people_by_sum = sorted(sums, key=lambda it: (-sums[it], it))
    return [ReportRow(names[it], times[it], sums[it]) for it in people_by_sum]


def _refunds(refunds: QuerySet[Refund]) -> list[ReportRow]:
    """Return what each person has given back with tips, refunds and voids apart."""
    people = "by__username", "by__cashier__display_name", "is_void"
    grouped = refunds.order_by().values_list(*people)
    found = grouped.annotate(times=Count("pk"), sum=Sum(F("amount") + F("tip_amount")))
    return [
        ReportRow(_("%(name)s (void)") % {"name": name or user} if void else name or user, *sums)
        for user, name, void, *sums in found.order_by("-sum", *people)
    ]


def _refund_taxes(refunds: QuerySet[Refund]) -> list[ReportRow]:
    label, rate = "payment__tax_label", "payment__tax_rate"
    taxed = refunds.exclude(payment__tax_rate=0).order_by().values_list(label, rate)
    sums = taxed.annotate(times=Count("pk"), sum=Sum("tax_amount"))
    return [ReportRow(tax_name(*row[:2]), *row[2:]) for row in sums.order_by(label, rate)]


def _turns(branch: Branch, period: Period, database: str) -> list[Turns]:
    """Return a row for each business day and therapist, by day and name."""
    entries = TurnEntry.objects.using(database).filter(branch=branch, business_date__range=period)
    person = ("therapist__display_name", "therapist__user__username")
    grouped = entries.order_by().values_list("business_date", *person)
    rows = list(grouped.annotate(sum=Sum("quarters")).order_by("business_date", *person))
    names = tell_apart(row[1:3] for row in rows)
    return [Turns(day, names[name, user], figure(int(total))) for day, name, user, total in rows]


def _taxes(payments: QuerySet[Payment]) -> list[ReportRow]:
    taxed = payments.exclude(tax_rate=0).order_by().values_list("tax_label", "tax_rate")
    sums = taxed.annotate(times=Count("pk"), sum=Sum("tax_amount"))
    return [
        ReportRow(tax_name(label, rate), times, amount)
        for label, rate, times, amount in sums.order_by("tax_label", "tax_rate")
    ]


def _discounts(payments: QuerySet[Payment]) -> list[ReportRow]:
    """Return what discounts took off, from the bills that have some; exempted tax is not theirs."""
    visits = Transaction.objects.using(payments.db).filter(
        payment__in=payments, discount_amount__gt=0
    )
    visits = visits.select_related("payment").prefetch_related("items", "discounts")
    sums: dict[str, list[Decimal]] = defaultdict(list)
    for visit in visits.iterator(CHUNK):
        given = discounts_of(visit)
        bill = bill_of_visit(visit, given)
        for row in given:
            sums[row.name].append(bill.discounts[row.pk])
    rows = [
        ReportRow(name, len(amounts), sum(amounts, Decimal("0.00")))
        for name, amounts in sums.items()
    ]
    return sorted(rows, key=lambda row: (-row.amount, row.name))


_WAIT = ExpressionWrapper(
    F("therapist_confirmed_at") - F("selection_confirmed_at"), output_field=DurationField()
)
#: The longest wait that the customer was told; databases without durations store microseconds.
_QUOTED = ExpressionWrapper(
    F("quoted_to_minutes") * (MINUTE // MICROSECOND), output_field=DurationField()
)


def _waits(branch: Branch, period: Period, database: str) -> list[Waits]:
    called = (
        Transaction.objects.using(database)
        .filter(branch=branch, business_date__range=period, therapist_confirmed_at__isnull=False)
        .exclude(status=Status.CANCELLED)
    )
    days = called.order_by().values_list("business_date")
    found = days.annotate(
        customers=Count("pk"),
        average=Avg(_WAIT),
        longest=Max(_WAIT),
        quoted=Count("quoted_to_minutes"),
        held=Count("pk", filter=LessThanOrEqual(_WAIT, _QUOTED)),
    )
    return [Waits(*row) for row in found.order_by("business_date")]
