"""Operations that give a discount for a bill or one of its treatments, or remove it."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from payments import approvals
from payments.billing import active_discounts, billed_transaction, change_bill
from payments.errors import DiscountNotAllowed
from payments.models import WHOLE, AppliedDiscount, Discount, Scope
from queueing.bill import DiscountKind
from queueing.models import Transaction
from queueing.services import not_in_this_order
from spa_project.lib.db.transactions import durable

APPLY = "cashier_apply_discount"
#: What a removal has in common with what it removes.
_COPIED = (
    *("transaction_id", "discount_id", "item_id"),
    *("name", "kind", "value", "stacks", "exempt_rate"),
)


@durable
def apply_discount(
    user: User,
    *,
    transaction_id: int,
    discount: str,
    item_id: int | None = None,
    value: Decimal | None = None,
    reason: str = "",
    id_number: str = "",
    name: str = "",
    approval: str | None = None,
) -> Transaction:
    """Give a discount: for one treatment with `item_id`, else for the whole bill.

    `value` is what the screen displayed, or, where the discount has none of its own, what the
    cashier entered. Raises `TransactionNotFound`, `WrongState`, `ServiceNotFound` (no such item),
    `DiscountNotAllowed`, `ApprovalNeeded` (above a cashier's limit without `approval`).
    """
    transaction = billed_transaction(user, transaction_id)
    offer = _offered(discount)
    _check_scope(transaction, offer, item_id)
    amount = _value_of(offer, value)
    _check_details(offer, reason=reason, id_number=id_number, name=name)
    active = active_discounts(transaction)
    _check_others(offer, active, item_id)
    if _is_above_limit(user, offer, amount):
        approvals.require(
            user,
            command=APPLY,
            content={
                "transaction_id": transaction_id,
                "discount": discount,
                "item_id": item_id,
                "value": value,
                "reason": reason,
                "id_number": id_number,
                "name": name,
            },
            approval=approval,
            sentence=_("%(name)s needs a manager's approval.") % {"name": offer.name},
        )
    given = AppliedDiscount.objects.create(
        transaction=transaction,
        discount=offer,
        item_id=item_id,
        name=offer.name,
        kind=offer.kind,
        value=amount,
        stacks=offer.stacks,
        exempt_rate=transaction.branch.tax_rate if offer.tax_exempt else None,
        reason=reason,
        id_number=id_number,
        holder_name=name,
        by=user,
    )
    before = transaction.discount_amount
    change_bill(transaction, [*active, given], by=user, reason=_words(given, reason))
    if transaction.discount_amount == before:
        raise DiscountNotAllowed(_("%(name)s would take nothing off.") % {"name": offer.name})
    return transaction


@durable
def remove_discount(
    user: User,
    *,
    transaction_id: int,
    discount: str,
    item_id: int | None = None,
    reason: str = "",
) -> Transaction:
    """Remove a discount that was given for this treatment, or without `item_id` for the bill.

    Raises `TransactionNotFound`, `WrongState`, `DiscountNotAllowed` (not given).
    """
    transaction = billed_transaction(user, transaction_id)
    active = active_discounts(transaction)
    removed = [it for it in active if (it.discount_id, it.item_id) == (discount, item_id)]
    if not removed:
        raise DiscountNotAllowed(_("That discount isn't on this bill."))
    [given] = removed
    remove(given, by=user, reason=reason)
    active.remove(given)
    return change_bill(transaction, active, by=user, reason=f"- {_words(given, reason)}")


def remove(given: AppliedDiscount, *, by: User, reason: str) -> None:
    """Add the row that removes a given discount; the caller changes the bill."""
    same = {name: getattr(given, name) for name in _COPIED}
    AppliedDiscount.objects.create(**same, removal_of=given, by=by, reason=reason)


def _offered(code: str) -> Discount:
    offer = Discount.objects.filter(code=code, active=True).first()
    if offer is None:
        raise DiscountNotAllowed
    return offer


def _check_scope(transaction: Transaction, offer: Discount, item_id: int | None) -> None:
    if offer.scope == Scope.BILL:
        if item_id is not None:
            raise DiscountNotAllowed(_("%(name)s is for the whole bill.") % {"name": offer.name})
        return
    if item_id is None:
        raise DiscountNotAllowed(
            _("%(name)s is for one treatment. Choose which.") % {"name": offer.name}
        )
    if all(item.pk != item_id for item in transaction.item_list):
        raise not_in_this_order()


def _value_of(offer: Discount, value: Decimal | None) -> Decimal:
    """Return the discount's own value, else the one entered."""
    if offer.value is not None:
        if value not in (None, offer.value):
            raise DiscountNotAllowed(
                _("%(name)s has changed. Please check and try again.") % {"name": offer.name}
            )
        return offer.value
    if not value:
        raise DiscountNotAllowed(_("Enter how much %(name)s takes off.") % {"name": offer.name})
    if offer.kind == DiscountKind.PERCENT and value > WHOLE:
        raise DiscountNotAllowed(_("A discount can't exceed 100%."))
    return value


def _check_details(offer: Discount, *, reason: str, id_number: str, name: str) -> None:
    if offer.needs_reason and not reason:
        raise DiscountNotAllowed(_("%(name)s needs a reason.") % {"name": offer.name})
    if offer.needs_id and not (id_number and name):
        raise DiscountNotAllowed(
            _("%(name)s needs an ID number and a name.") % {"name": offer.name}
        )


def _is_above_limit(user: User, offer: Discount, value: Decimal) -> bool:
    limit = offer.cashier_limit
    return limit is not None and value > limit and Role.MANAGER not in user.roles


def _check_others(offer: Discount, active: list[AppliedDiscount], item_id: int | None) -> None:
    """Refuse a second discount on the same treatment, unless both combine with others."""
    for other in active:
        if None not in (item_id, other.item_id) and item_id != other.item_id:
            continue
        if other.discount_id == offer.code:
            raise DiscountNotAllowed(_("%(name)s was already given.") % {"name": offer.name})
        if not (offer.stacks and other.stacks):
            raise DiscountNotAllowed(
                _("%(name)s can't be combined with %(other)s.")
                % {"name": offer.name, "other": other.name}
            )


def _words(given: AppliedDiscount, reason: str) -> str:
    return f"{given}: {reason}" if reason else str(given)
