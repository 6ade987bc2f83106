"""The operation that takes a payment: cash at once, else by terminals, in one part or several.

Locks are taken in one order everywhere: actor, transaction, then what belongs to it; the drawer,
where the branch has them; the branch's receipt counter last.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import IntegrityError
from django.utils.translation import gettext as _

from accounts.models import Branch, Cashier, Therapist
from payments import queries, terminal
from payments.drawers import drawer_for_payment
from payments.errors import (
    AmountDoubtful,
    InsufficientPayment,
    MethodNotOffered,
    NotTheTotal,
)
from payments.idempotency import Request, first_answer, transaction_made_by, used_otherwise
from payments.models import CASH, PaymentMethod
from payments.settlement import approved_parts, settle
from payments.tenders import Part, Plan, Share, in_order
from queueing.access import branch_of, of_cashier
from queueing.errors import PriceChanged, TransactionNotFound
from queueing.lifecycle import advance
from queueing.models import Transaction
from queueing.prices import require_displayed
from queueing.states import Status
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import Invalid
from spa_project.lib.fingerprint import fingerprint
from spa_project.lib.money import display_amount, format_amount

NO_TIP = Decimal("0.00")


class Given(NamedTuple):
    """One tender of a split payment, as the till sends it."""

    method: str
    amount: Decimal
    reference: str = ""


class _Offer(NamedTuple):
    """The customer's offer: tenders, tip, whether it was confirmed, and for which total."""

    tenders: Sequence[Given]
    tip: Decimal
    shares: Sequence[Share]
    confirmed: bool
    expected_total: Decimal | None

    @property
    def amount(self) -> Decimal:
        """Return the sum of the tenders."""
        return sum((tender.amount for tender in self.tenders), Decimal(0))


def pay(
    cashier: Cashier,
    *,
    transaction_id: int,
    amount_paid: Decimal | None = None,
    method: str = CASH,
    reference: str = "",
    confirmed: bool = False,
    expected_total: Decimal | None = None,
    tip_amount: Decimal = NO_TIP,
    tip_shares: Sequence[Share] = (),
    tenders: Sequence[Given] = (),
    request_id: str | None = None,
) -> Transaction:
    """Take the payment of the cashier's own customer: cash at once, else ask the terminal.

    With `tenders` it is taken in parts: terminals one after the other, then cash. The tip is on top
    of what is due, and goes to the visit's therapist unless `tip_shares` says otherwise.
    `confirmed` accepts an amount far above the total; `expected_total` is what the till displayed.
    Sent again with the same `request_id` (idempotency key) and content it returns the same
    transaction and changes nothing. Raises, and then changes nothing: `TransactionNotFound`,
    `WrongState`, `MethodNotOffered`, `PriceChanged`, `InsufficientPayment`, `NotTheTotal`,
    `AmountDoubtful`, `DrawerClosed`, `CloseYesterdayFirst`, `Invalid`, or `Conflict` for a
    `request_id` with other content.
    """
    if amount_paid is not None:
        tenders = [Given(method, amount_paid, reference)]
    offer = _Offer(tenders, tip_amount, tip_shares, confirmed, expected_total)
    request = Request(request_id, fingerprint(_content(cashier, transaction_id, offer)))
    try:
        return _take(cashier, transaction_id, offer, request)
    except (IntegrityError, PriceChanged):
        if first := transaction_made_by(request):
            return first
        raise


def _content(cashier: Cashier, transaction_id: int, offer: _Offer) -> list[Any]:
    """Return what an idempotency key stands for."""
    content: list[Any] = [cashier.pk, transaction_id]
    for method, amount, reference in offer.tenders:
        content += [format_amount(amount), method, reference]
    if offer.expected_total is not None:
        content.append(format_amount(offer.expected_total))
    if offer.tip:
        content.append(["tip", format_amount(offer.tip), [list(map(str, s)) for s in offer.shares]])
    return content


@durable
def _take(cashier: Cashier, transaction_id: int, offer: _Offer, request: Request) -> Transaction:
    method = offer.tenders[0].method
    transaction, kind = _to_pay(cashier, transaction_id, method, request)
    if transaction.status != Status.AWAITING_PAYMENT:
        return first_answer(transaction, request)
    if kind is None:
        raise MethodNotOffered
    require_displayed(offer.expected_total, transaction.amount_due)
    _check_shares(offer, branch_of(cashier.user))
    parts = in_order(_parts(offer, kind))
    _check_amount(transaction, parts, offer)
    drawer = drawer_for_payment(cashier)
    plan = Plan(offer.tip, offer.shares, parts)
    if not parts[0].is_cash:
        return terminal.ask(transaction, cashier, plan, drawer=drawer, request=request)
    received = transaction.received_amount
    before = approved_parts(transaction) if received else []
    settle(
        transaction,
        [*before, *parts],
        tip=offer.tip,
        shares=offer.shares,
        drawer=drawer,
        request_id=request.id,
        request_digest=request.digest,
    )
    done: dict[str, Any] = {"received_amount": Decimal(0)} if received else {}
    return advance(transaction, Status.PAYING, Status.PAID, by=cashier.user, **done)


def _to_pay(
    cashier: Cashier, transaction_id: int, method: str, request: Request
) -> tuple[Transaction, str | None]:
    """Lock and return the cashier's own transaction, and the kind of the method, if offered.

    Raises `TransactionNotFound`, `WrongState`, and `Conflict` when the idempotency key has already
    made something else.
    """
    found = queries.lock_to_pay(transaction_id, cashier.pk, method=method, request_id=request.id)
    if found is None:
        raise TransactionNotFound
    statuses = (Status.AWAITING_PAYMENT, Status.PAYING, Status.PAID)
    transaction = of_cashier(cashier, found.transaction, *statuses)
    if found.request_digests - {request.digest}:
        raise used_otherwise()
    return transaction, found.method_kind


def _parts(offer: _Offer, first_kind: str) -> list[Part]:
    """Return the tenders with the kinds of their methods; only a split one needs a query."""
    first, *others = offer.tenders
    kinds = {first.method: first_kind}
    if others:
        if any(not tender.amount for tender in offer.tenders):
            raise Invalid(_("Each part of a payment must be more than zero."))
        codes = {tender.method for tender in others}
        found = PaymentMethod.objects.filter(code__in=codes, active=True)
        kinds |= dict(found.values_list("code", "kind"))
        if codes - kinds.keys():
            raise MethodNotOffered
    return [Part(t.method, kinds[t.method], t.amount, t.reference) for t in offer.tenders]


def _check_shares(offer: _Offer, branch: Branch) -> None:
    """Refuse shares that are not the tip, or of people who do not work here."""
    if not offer.shares:
        return
    people = {share.therapist_id for share in offer.shares}
    if sum((share.amount for share in offer.shares), Decimal(0)) != offer.tip:
        raise Invalid(_("The shares must add up to the tip of %s.") % display_amount(offer.tip))
    here = Therapist.objects.filter(user__branch=branch, pk__in=people).count()
    if here != len(offer.shares) or not all(share.amount for share in offer.shares):
        raise Invalid(_("Each share of the tip must go to another therapist of this branch."))


def _check_amount(transaction: Transaction, parts: Sequence[Part], offer: _Offer) -> None:
    wanted = transaction.amount_due + offer.tip - transaction.received_amount
    change = offer.amount - wanted
    if not change:
        return
    words = {
        "amount": display_amount(offer.amount),
        "total": display_amount(max(wanted, NO_TIP)),
        "change": display_amount(change),
    }
    if change < 0:
        raise InsufficientPayment(_("%(amount)s is less than the total of %(total)s.") % words)
    if change > sum(part.amount for part in parts if part.is_cash):
        raise NotTheTotal(_("Card payments must equal the total: %(total)s.") % words)
    doubtful = transaction.branch.doubtful_change
    # Empty and 0 both mean never ask; without change nothing is unlikely.
    if doubtful and change >= doubtful and not offer.confirmed:
        raise AmountDoubtful(_("%(amount)s received? Change would be %(change)s.") % words)
