"""The main operations of the floor: each one function and one database transaction.

Locks are taken in one order everywhere: actor, rotation, transaction, room, items, payment, event.
"""

from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from accounts.models import Branch, PresenceKind, Therapist, User
from catalog.models import ServiceClassification
from catalog.queries import offers_by_id
from queueing import codes, presence, rooms
from queueing.access import current_or_next, therapist_transaction
from queueing.errors import (
    BranchClosed,
    ConsentNeeded,
    EmptySelection,
    NobodyAble,
    NotAble,
    PriceChanged,
    ServiceNotFound,
)
from queueing.lifecycle import advance, join_line, must_be_answered
from queueing.models import Consent, Room, RoomStatus, Transaction, TransactionItem
from queueing.notes import Note, keep, marks_named
from queueing.prices import require_displayed
from queueing.quotes import count_quote, quote
from queueing.removed import answer_to, with_removed, without_put_back
from queueing.requests import Request, fields_of
from queueing.skills import require_able, require_somebody, set_of
from queueing.states import Status
from spa_project.lib.db.transactions import durable
from spa_project.lib.errors import Conflict, Invalid
from spa_project.lib.fingerprint import fingerprint
from spa_project.lib.money import LARGEST_AMOUNT, display_amount, format_amount

#: The request of a customer who takes whoever is free first.
NO_REQUEST = Request()
NO_NOTE = Note()

#: What an order that is sent again may meet, because the setup has changed meanwhile.
_REFUSALS = (ServiceNotFound, PriceChanged, BranchClosed, NobodyAble, NotAble, Invalid)


class Choice(NamedTuple):
    """One line of a customer's cart."""

    service_classification_id: int
    quantity: int = 1


class _Order(NamedTuple):
    """A confirmed selection, and its idempotency key."""

    choices: Sequence[Choice]
    customer_name: str
    expected_total: Decimal | None
    request: Request
    note: Note
    request_id: str | None
    request_digest: str


def confirm_selection(
    branch: Branch,
    *,
    choices: Sequence[Choice],
    customer_name: str = "",
    expected_total: Decimal | None = None,
    request: Request = NO_REQUEST,
    note: Note = NO_NOTE,
    request_id: str | None = None,
    by: User | None = None,
) -> Transaction:
    """Add a customer with these services to the therapists' line, with a code of their own.

    `by` is the member of staff who enters the order, None when the customer does;
    `expected_total` is what the screen displayed, `request` whom the customer asks for,
    `note` what the therapist should know. Sent again
    with the same `request_id` (idempotency key) and content it returns the first transaction, even
    if the menu has changed since. Raises `EmptySelection`, `ServiceNotFound`, `PriceChanged`,
    `BranchClosed`, `NobodyAble`, `NotAble`, `Invalid` (too dear together, or no requests here), or
    `Conflict` for a `request_id` with other content.
    """
    if not choices:
        raise EmptySelection
    content: list[Any] = [branch.pk, list(choices), customer_name]
    if expected_total is not None:
        content.append(format_amount(expected_total))
    if request:
        content.append(list(request))
    content += note.as_content()
    order = _Order(
        choices, customer_name, expected_total, request, note, request_id, fingerprint(content)
    )
    while True:
        number = codes.next_number(branch)
        try:
            return _create(branch, number, order, by)
        except (IntegrityError, *_REFUSALS) as error:
            if earlier := _made_before(order):
                return earlier
            # A code is in use for so few numbers that asking beforehand would cost each order a
            # round trip; the database refuses it.
            if not isinstance(error, IntegrityError) or codes.is_free(branch, number.code):
                raise


def _made_before(order: _Order) -> Transaction | None:
    """Return what this request has made, if anything; raise `Conflict` if it had other content."""
    if order.request_id is None:
        return None
    earlier = Transaction.objects.with_people().filter(request_id=order.request_id).first()
    if earlier and earlier.request_digest != order.request_digest:
        raise Conflict(_("This order was already sent."))
    return earlier


@durable
def _create(branch: Branch, number: codes.Number, order: _Order, by: User | None) -> Transaction:
    if not branch.active:
        raise BranchClosed(branch.name)
    marks = marks_named(order.note.marks)
    items = items_for(order.choices)
    totals = totals_of(items)
    require_displayed(order.expected_total, totals["total_amount"])
    require_somebody(branch, items)
    transaction = Transaction(
        branch=branch,
        has_note=bool(order.note),
        active_code=number.code,
        customer_name=order.customer_name,
        request_id=order.request_id,
        request_digest=order.request_digest,
        **fields_of(branch, order.request, items),
        **number._asdict(),
        **totals,
    )
    transaction.quoted_from_minutes, transaction.quoted_to_minutes = quote(transaction)
    visit = join_line(transaction, items, by=by)
    if order.note:
        keep(visit, order.note, marks)
    return visit


def items_for(choices: Sequence[Choice]) -> list[TransactionItem]:
    """Return unsaved items with the menu's present values; raise `ServiceNotFound`."""
    if not choices:
        return []
    wanted = {choice.service_classification_id for choice in choices}
    offers = offers_by_id(wanted)
    if missing := wanted - offers.keys():
        raise _not_on_the_menu(missing)
    return [
        TransactionItem.copy_of(offers[choice.service_classification_id])
        for choice in choices
        for _each in range(choice.quantity)
    ]


def _not_on_the_menu(missing: Collection[int]) -> ServiceNotFound:
    """Return the refusal for options that cannot be chosen; it names the first one that exists."""
    found = ServiceClassification.objects.filter(pk__in=missing)
    name = found.order_by("pk").values_list("service__name", flat=True).first()
    if name is None:
        return ServiceNotFound()
    return ServiceNotFound(_("%(name)s is no longer on the menu.") % {"name": name})


@durable
def confirm_next(therapist: Therapist) -> Transaction:
    """Give the therapist the customer who has waited longest, and their own room.

    A therapist who already has a customer gets that one again. Whoever is not on duty yet, or on a
    break, is on duty from now on. Raises `QueueEmpty`, `RoomNotReady`.
    """
    transaction, is_new, is_on_duty = current_or_next(therapist)
    if not is_new:
        return transaction
    room = rooms.occupy(transaction.branch, therapist)
    if not is_on_duty:
        presence.change(therapist, PresenceKind.ON_DUTY)
    return advance(
        transaction,
        Status.THERAPIST_CONFIRMED,
        by=therapist.user,
        therapist=therapist,
        active_therapist=therapist,
        active_room=room,
        room_number=room.number,
    )


@durable
def start_service(therapist: Therapist, *, transaction_id: int) -> Transaction:
    """Begin the treatment. Raises `TransactionNotFound`, `WrongState`."""
    transaction = therapist_transaction(therapist, transaction_id, Status.THERAPIST_CONFIRMED)
    count_quote(transaction)
    return advance(transaction, Status.IN_SERVICE, by=therapist.user)


@durable
def add_service(
    therapist: Therapist,
    *,
    transaction_id: int,
    service_classification_id: int,
    expected_price: Decimal | None = None,
) -> Transaction:
    """Add a service during the treatment; `expected_price` is what the screen displayed.

    Where the branch wants it, the customer is asked for their consent (consent.py), except to what
    is put back (removed.py). Raises
    `TransactionNotFound`, `WrongState`, `ServiceNotFound`, `PriceChanged`, `NotAble`, `Invalid`
    (too many, or too dear together).
    """
    transaction = therapist_transaction(therapist, transaction_id, Status.IN_SERVICE)
    item = put_item(transaction, service_classification_id, expected_price, answer_to)
    require_able(therapist, [item])
    return advance(
        transaction,
        Status.IN_SERVICE,
        by=therapist.user,
        reason=f"+ {item}",
        consent=Consent.ASKED if item.consent == Consent.ASKED else "",
        **totals_of(transaction.item_list),
        **without_put_back(transaction, item),
    )


@durable
def remove_item(therapist: Therapist, *, transaction_id: int, item_id: int) -> Transaction:
    """Remove a service during the treatment; the last one stays.

    Raises `TransactionNotFound`, `WrongState`, `ServiceNotFound`, `EmptySelection`,
    `ConsentNeeded` for the last one that waits for no answer.
    """
    transaction = therapist_transaction(therapist, transaction_id, Status.IN_SERVICE)
    item = take_item(transaction, item_id)
    changes = totals_of(transaction.item_list) | with_removed(transaction, item)
    return advance(transaction, Status.IN_SERVICE, by=therapist.user, reason=f"- {item}", **changes)


@durable
def finish_service(therapist: Therapist, *, transaction_id: int) -> Transaction:
    """End the treatment: the customer joins the cashiers' line, the room has to be prepared.

    Raises `TransactionNotFound`, `WrongState`, `ConsentNeeded`.
    """
    transaction = therapist_transaction(therapist, transaction_id, Status.IN_SERVICE)
    must_be_answered(transaction)
    rooms.free_room_of(transaction)
    return advance(transaction, Status.FINISHED, by=therapist.user)


@durable
def room_set_status(branch: Branch, room_number: str, status: RoomStatus) -> Room:
    """Set an empty room by hand. Raises `RoomNotReady` (no such room), `WrongState` (in use)."""
    return rooms.set_status(branch, room_number, status)


@durable
def reset_codes(branch: Branch) -> None:
    """Restart the codes at 0001, skipping those still open."""
    codes.reset(branch)


def put_item(
    transaction: Transaction,
    service_classification_id: int,
    expected_price: Decimal | None,
    answer: Callable[[Transaction, TransactionItem], str] = lambda _transaction, _item: "",
) -> TransactionItem:
    """Add a service to a locked transaction, whose totals the caller changes.

    `answer` returns the customer's answer to it, or that they are to be asked (`Consent`). Raises
    `ServiceNotFound`, `PriceChanged`, `Invalid` (too many).
    """
    if len(transaction.item_list) >= settings.ITEMS_PER_TRANSACTION:
        raise Invalid(_("This order is full."))
    [item] = items_for([Choice(service_classification_id)])
    require_displayed(expected_price, item.price)
    item.transaction = transaction
    item.consent = answer(transaction, item)
    item.save()
    transaction.use_items([*transaction.item_list, item])
    return item


def take_item(transaction: Transaction, item_id: int) -> TransactionItem:
    """Remove a service from a locked transaction, whose totals the caller changes.

    What a customer may still decline is never all that is left. Raises `ServiceNotFound`,
    `EmptySelection` for the last one, `ConsentNeeded` for the last one that waits for no answer.
    """
    items = {item.pk: item for item in transaction.item_list}
    item = items.pop(item_id, None)
    if item is None:
        raise not_in_this_order()
    if not items:
        raise EmptySelection(_("An order needs at least one treatment. Cancel it instead."))
    if all(left.consent == Consent.ASKED for left in items.values()):
        raise ConsentNeeded(next(iter(items.values())).service_name)
    item.delete()
    transaction.use_items(list(items.values()))
    return item


def not_in_this_order() -> ServiceNotFound:
    """Return the refusal for an item that is not one of the transaction's."""
    return ServiceNotFound(_("That treatment isn't in this order."))


def totals_of(items: Sequence[TransactionItem]) -> dict[str, Any]:
    """Return the sums of an order and the skills it needs; the columns are those of a visit.

    Raises `Invalid` when the sum exceeds what a bill can hold.
    """
    amount = sum((item.price for item in items), Decimal("0.00"))
    if amount > LARGEST_AMOUNT:
        raise Invalid(
            _("An order's total can't exceed %(amount)s. Enter the rest as another order.")
            % {"amount": display_amount(LARGEST_AMOUNT)}
        )
    return {
        "total_amount": amount,
        "total_duration_minutes": sum(item.duration_minutes for item in items),
        "skill_set": set_of(items),
    }
