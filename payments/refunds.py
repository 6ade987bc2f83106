"""The operation that gives money back for a payment: the whole, treatments, or an amount.

A refund is rows of its own; neither the payment nor the visit's status changes. Concurrent refunds
of one payment wait for the lock of its visit. Lock order: transaction, drawer, refund counter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from accounts.models import Cashier, Role, User
from payments import approvals
from payments.allotment import Allotment, allot, by_methods
from payments.drawers import drawer_for_payment
from payments.errors import AlreadyRefunded, MethodNotOffered, NotEnoughLeft, ReceiptNotFound
from payments.idempotency import used_otherwise
from payments.models import (
    DrawerClose,
    DrawerSession,
    Payment,
    PaymentMethod,
    Refund,
    RefundCounter,
    RefundedTip,
    RefundLine,
    RefundTender,
)
from payments.refundable import Left, left_of
from queueing.access import branch_of, branch_transaction
from queueing.bill import ZERO
from queueing.errors import WrongState
from queueing.lifecycle import advance
from queueing.services import not_in_this_order
from queueing.states import Status
from spa_project.lib.db.counters import increment
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import Invalid
from spa_project.lib.fingerprint import fingerprint
from spa_project.lib.money import display_amount, format_amount

REFUND = "cashier_refund"


@dataclass(frozen=True)
class Wanted:
    """The extent of a refund: all that is left, these lines, or this amount."""

    reason: str
    receipt_number: int | None = None
    receipt_key: str | None = None
    lines: Sequence[int] = ()
    amount: Decimal | None = None
    method: str | None = None
    tip: bool = False
    void: bool = False

    @property
    def content(self) -> dict[str, Any]:
        """Return what an approval and an idempotency key stand for."""
        amount = None if self.amount is None else format_amount(self.amount)
        return {**vars(self), "lines": list(self.lines), "amount": amount}


def refund(
    cashier: Cashier, wanted: Wanted, *, request_id: str | None = None, approval: str | None = None
) -> Refund:
    """Give money back for a payment of the branch, from the cashier's open drawer.

    It goes back by the methods that took it, or all by `method`. The tip stays unless `tip` is
    true, and then all of it is taken back from those who got it. `void` is all, with the tip, of a
    sale of this drawer session. Sent again with the same `request_id` and content it returns the
    same refund. Raises, and then changes nothing: `ReceiptNotFound`, `AlreadyRefunded`,
    `NotEnoughLeft`, `ServiceNotFound`, `MethodNotOffered`, `WrongState` (can't be void any more),
    `DrawerClosed`, `CloseYesterdayFirst`, `ApprovalNeeded`, `Invalid`, or `Conflict` for a
    `request_id` with other content.
    """
    digest = fingerprint([cashier.pk, sorted(wanted.content.items())])
    try:
        return _give_back(cashier, wanted, request_id, digest, approval)
    except IntegrityError:  # the key was used at the same moment, for another payment
        if Refund.objects.filter(request_id=request_id).exists():
            raise used_otherwise() from None
        raise


@durable
def _give_back(
    cashier: Cashier, wanted: Wanted, request_id: str | None, digest: str, approval: str | None
) -> Refund:
    payment = _lock(cashier.user, wanted)
    if first := _made_before(request_id, digest):
        return first
    drawer = drawer_for_payment(cashier)
    left = left_of(payment)
    _check_void(payment, wanted, left, cashier, drawer)
    given = _allotted(payment, wanted, left)
    tip = left.tip if wanted.tip or wanted.void else ZERO
    total = given.amount + tip
    if not total:
        raise _nothing_left(payment, left)
    parts, is_other = _tenders(wanted, left, total)
    made = Refund.objects.create(
        payment=payment,
        branch=payment.branch,
        business_date=payment.branch.business_date(),
        amount=given.amount,
        tax_amount=given.tax,
        tip_amount=tip,
        is_void=wanted.void,
        reason=wanted.reason,
        approved_by=_approver(cashier.user, payment, wanted, approval, is_other=is_other),
        drawer=drawer,
        by=cashier.user,
        request_id=request_id,
        request_digest=digest if request_id else "",
        # Last: other refunds of the branch wait for this commit.
        number=increment(RefundCounter, branch_id=payment.branch_id),
    )
    _insert_parts(made, given, parts)
    visit = payment.transaction
    advance(
        visit,
        Status.PAID,
        by=cashier.user,
        reason=f"{made}: -{format_amount(total)} {wanted.reason}",
        refunded_amount=visit.refunded_amount + total,
    )
    return made


def _lock(user: User, wanted: Wanted) -> Payment:
    """Lock the visit of the original and return its payment; raises `ReceiptNotFound`."""
    if (wanted.receipt_number is None) == (wanted.receipt_key is None):
        raise Invalid(field="receipt_number")
    here = Payment.objects.filter(branch=branch_of(user)).select_related("method", "cashier__user")
    if wanted.receipt_number is not None:
        payment = here.filter(receipt_number=wanted.receipt_number).first()
    else:
        payment = here.filter(receipt_key=wanted.receipt_key).first()
    if payment is None:
        raise ReceiptNotFound
    payment.transaction = branch_transaction(user, payment.transaction_id, Status.PAID)
    payment.transaction.payment = payment
    payment.branch = branch_of(user)
    return payment


def _made_before(request_id: str | None, digest: str) -> Refund | None:
    """Return the refund that this request has made; raises `Conflict` for other content."""
    made = Refund.objects.filter(request_id=request_id).first() if request_id else None
    if made is not None and made.request_digest != digest:
        raise used_otherwise()
    return made


def _check_void(
    payment: Payment,
    wanted: Wanted,
    left: Left,
    cashier: Cashier,
    drawer: DrawerSession | None,
) -> None:
    if not wanted.void:
        return
    if wanted.lines or wanted.amount is not None or wanted.method or wanted.tip:
        raise Invalid(field="void")
    if left.refunds:
        raise _nothing_left(payment, left)
    if not can_void(payment, cashier, drawer):
        raise WrongState(
            _("Receipt %(number)s can no longer be voided. Refund it instead.")
            % {"number": payment.receipt_number}
        )


def can_void(payment: Payment, cashier: Cashier, drawer: DrawerSession | None) -> bool:
    """Return whether a sale is of this open drawer; without drawers, of the cashier's own day."""
    if drawer is not None or payment.drawer_id is not None:
        return drawer is not None and payment.drawer_id == drawer.pk
    return payment.cashier_id == cashier.pk and not _is_of_another_day(payment)


def _allotted(payment: Payment, wanted: Wanted, left: Left) -> Allotment:
    """Return what is given back of each line; raises for more than is left."""
    if wanted.lines and wanted.amount is not None:
        raise Invalid(field="amount")
    amounts = {line.key: line.amount for line in left.lines}
    if set(wanted.lines) - amounts.keys():
        raise not_in_this_order()
    if wanted.lines and not all(amounts[key] for key in wanted.lines):
        raise AlreadyRefunded(
            _("That treatment on receipt %(number)s was already refunded.")
            % {"number": payment.receipt_number}
        )
    if wanted.amount is not None and wanted.amount > left.amount:
        if not left.amount:
            raise _nothing_left(payment, left)
        raise NotEnoughLeft(
            _("Only %(left)s of receipt %(number)s can still be refunded.")
            % {"left": display_amount(left.amount), "number": payment.receipt_number}
        )
    return allot(left.lines, tax_rate=payment.tax_rate, lines=wanted.lines, amount=wanted.amount)


def _nothing_left(payment: Payment, left: Left) -> AlreadyRefunded | NotEnoughLeft:
    words = {"number": payment.receipt_number}
    if left.refunds:
        return AlreadyRefunded(_("Receipt %(number)s was already refunded.") % words)
    return NotEnoughLeft(_("There is nothing to refund on receipt %(number)s.") % words)


def _tenders(wanted: Wanted, left: Left, total: Decimal) -> tuple[list[tuple[str, Decimal]], bool]:
    """Return what each method gives back, and whether one gives more than it took."""
    if wanted.method is None:
        return by_methods(total, left.methods), False
    own = sum((it.amount for it in left.methods if it.method == wanted.method), ZERO)
    took = any(it.method == wanted.method for it in left.methods)
    if not took and not PaymentMethod.objects.filter(code=wanted.method, active=True).exists():
        raise MethodNotOffered
    return [(wanted.method, total)], total > own


def _approver(
    user: User, payment: Payment, wanted: Wanted, approval: str | None, *, is_other: bool
) -> User | None:
    """Return who approved what a cashier may not do alone; raises `ApprovalNeeded`."""
    sentence = _needs_approval(user, payment, is_other=is_other)
    if sentence is None:
        return None
    if Role.MANAGER in user.roles:
        return user
    return approvals.require(
        user, command=REFUND, content=wanted.content, approval=approval, sentence=sentence
    )


def _needs_approval(user: User, payment: Payment, *, is_other: bool) -> str | None:
    words = {"number": payment.receipt_number, "name": payment.cashier}
    if payment.cashier.user_id != user.pk:
        told = _("A manager must approve this: receipt %(number)s is a sale of %(name)s.")
        return told % words
    if _is_closed(payment):
        told = _("A manager must approve this: the drawer of receipt %(number)s is closed.")
        return told % words
    if _is_of_another_day(payment):
        return _("A manager must approve this: receipt %(number)s is of an earlier day.") % words
    if is_other:
        told = _("A manager must approve this: receipt %(number)s was paid in another way.")
        return told % words
    return None


def _is_closed(payment: Payment) -> bool:
    if payment.drawer_id is None:
        return False
    return DrawerClose.objects.filter(drawer=payment.drawer_id).exists()


def _is_of_another_day(payment: Payment) -> bool:
    return payment.business_date != payment.branch.business_date()


def _insert_parts(made: Refund, given: Allotment, parts: list[tuple[str, Decimal]]) -> None:
    RefundLine.objects.bulk_create(
        RefundLine(refund=made, item_id=key, amount=part) for key, part in given.lines.items()
    )
    RefundTender.objects.bulk_create(
        RefundTender(refund=made, method_id=method, amount=part) for method, part in parts
    )
    if made.tip_amount:
        RefundedTip.objects.bulk_create(
            RefundedTip(refund=made, therapist_id=share.therapist_id, amount=share.amount)
            for share in made.payment.tip_shares.all()
        )
