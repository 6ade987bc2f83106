"""The sales of a branch as its tills list them, found by number, receipt number or amount."""

import datetime
from typing import TypedDict

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Branch
from payments.models import Payment, Tender
from queueing.models import CODE_DIGITS
from spa_project.lib.money import format_amount, read_amount

#: The number of sales that are listed.
SHOWN = 50
#: Codes return every day and amounts have no index: both are looked for in the days since then.
SEARCHED = datetime.timedelta(days=92)
#: Longer ones are no receipt numbers: the column holds ten digits at most.
MAX_NUMBER_DIGITS = 9


class SaleData(TypedDict):
    """A paid visit in the list of sales."""

    receipt_number: int
    receipt_key: str
    code: str
    customer_name: str
    cashier: str
    business_date: str
    created_at: str
    #: The names of the treatments.
    treatments: list[str]
    #: The codes of the payment methods.
    methods: list[str]
    amount_due: str
    tip_amount: str
    refunded_amount: str


class SalesData(TypedDict):
    """The found sales, the latest first; without a search those of `date`."""

    date: str
    sales: list[SaleData]


def sales_of(branch: Branch, sought: str) -> SalesData:
    """Return the branch's sales of today, or those of any day that `sought` names.

    It is a receipt number, which is then the first that is found, or a queue code or an amount of
    the last 92 days: the total, what was received, or a part of a split payment.
    """
    today, sought = branch.business_date(), sought.strip()
    here = _with_all(Payment.objects.filter(branch=branch))
    if sought:
        found = [*_numbered(here, sought), *_named(here, sought, today)]
    else:
        found = list(here.filter(business_date=today)[:SHOWN])
    once = {payment.pk: payment for payment in found}
    sales = [_serialize(payment) for payment in once.values()][:SHOWN]
    return {"date": today.isoformat(), "sales": sales}


def _with_all(payments: QuerySet[Payment]) -> QuerySet[Payment]:
    people = payments.select_related("transaction", "cashier__user")
    return people.prefetch_related("transaction__items", "tenders").order_by("-id")


def _numbered(here: QuerySet[Payment], sought: str) -> QuerySet[Payment]:
    if not _is_number(sought) or len(sought) > MAX_NUMBER_DIGITS:
        return here.none()
    return here.filter(receipt_number=int(sought))


def _named(here: QuerySet[Payment], sought: str, today: datetime.date) -> QuerySet[Payment]:
    wanted = Q()
    if _is_number(sought) and len(sought) <= CODE_DIGITS:
        wanted |= Q(transaction__code=sought.zfill(CODE_DIGITS))
    try:
        amount = read_amount(sought)
    except ValueError:
        pass
    else:
        part = Tender.objects.filter(payment=OuterRef("pk"), amount=amount)
        wanted |= Q(amount_due=amount) | Q(amount_paid=amount) | Q(Exists(part))
    if not wanted:
        return here.none()
    return here.filter(wanted, business_date__gt=today - SEARCHED)[:SHOWN]


def _is_number(sought: str) -> bool:
    return sought.isascii() and sought.isdigit()


def _serialize(payment: Payment) -> SaleData:
    visit = payment.transaction
    parts = [str(part.method_id) for part in payment.tenders.all() or [payment]]
    return {
        "receipt_number": payment.receipt_number,
        "receipt_key": payment.receipt_key,
        "code": visit.code,
        "customer_name": visit.customer_name,
        "cashier": payment.cashier.display_name,
        "business_date": payment.business_date.isoformat(),
        "created_at": payment.created_at.isoformat(),
        "treatments": [item.service_name for item in visit.item_list],
        "methods": list(dict.fromkeys(parts)),
        "amount_due": format_amount(payment.amount_due),
        "tip_amount": format_amount(payment.tip_amount),
        "refunded_amount": format_amount(visit.refunded_amount),
    }
