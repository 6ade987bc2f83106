"""Serialization of rows into typed dictionaries (docs/protocol.md, "Shapes")."""

import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, NotRequired, TypedDict, cast

from accounts.models import Presence, PresenceKind, Therapist
from queueing.bill import ZERO, Bill, tax_name
from queueing.models import Consent, Room, RoomStatus, Transaction, TransactionItem
from queueing.skills import skills_of
from queueing.states import Status
from queueing.visit_bills import bill_of_visit, discounts_of, taxed_by
from spa_project.lib.money import format_amount
from spa_project.lib.realtime.messages import EncodedOnce

#: The attribute of a row that has its last `TransactionData`.
_SERIALIZED = "_serialized"


class PresenceState(StrEnum):
    """A therapist's presence on screens: the kinds of `Presence`, and who has none today."""

    ON_DUTY = PresenceKind.ON_DUTY.value
    BREAK_NEXT = PresenceKind.BREAK_NEXT.value
    ON_BREAK = PresenceKind.ON_BREAK.value
    OFF_DUTY = "off_duty"


class ItemData(TypedDict):
    id: int
    service_id: int
    service_classification_id: int
    service_name: str
    classification: str
    price: str
    duration_minutes: int
    #: The customer's answer to a treatment that was added during the visit: a `Consent`, None
    #: where nobody had to ask.
    consent: Annotated[str, Consent] | None


class DiscountData(TypedDict):
    """A discount of a bill: of one item, or with null of all; and what it takes off."""

    id: int
    discount: str
    name: str
    item_id: int | None
    amount: str


class TaxData(TypedDict):
    """The tax that the amount due contains, and the tax that discounts exempt from.

    Its rate is in percent.
    """

    #: With the rate, such as "VAT 12%".
    name: str
    rate: str
    amount: str
    exempted: str


class TenderData(TypedDict):
    """A part of a payment, without the change that was given back."""

    method: str
    amount: str
    reference: str


class PaymentData(TypedDict):
    amount_due: str
    amount_paid: str
    tip_amount: str
    change_amount: str
    method: str
    reference: str
    receipt_number: int
    receipt_key: str
    created_at: str


class AttemptData(TypedDict):
    id: int
    method: str
    method_name: str
    amount_due: str
    started_at: str


class TransactionData(TypedDict):
    id: int
    version: int
    code: str
    status: Annotated[str, Status]
    customer_name: str
    branch: str
    therapist: str | None
    therapist_id: int | None
    #: Whom the customer asked for, and who else will do: a `Preference`, None if they did not say.
    requested_therapist: str | None
    requested_therapist_id: int | None
    preference: str | None
    #: Until when only the requested therapist may call.
    request_until: str | None
    #: The names of the skills that the treatments need of one therapist.
    skills: list[str]
    #: The wait that the customer was told when they ordered, from and to, in minutes.
    quoted_wait: tuple[int, int] | None
    #: Whether the customer left a note; its words are for their therapist alone.
    has_note: bool
    note_unread: bool
    cashier: str | None
    cashier_id: int | None
    counter_number: str | None
    room_number: str
    calls: int
    held_until: str | None
    total_amount: str
    #: What is to be paid.
    amount_due: str
    discounts: list[DiscountData]
    #: What terminals have approved while the rest is still to be paid.
    received_amount: str
    tip_amount: str
    tenders: list[TenderData]
    #: What was given back after the payment, with the tip.
    refunded_amount: str
    #: Null where the branch has no rate.
    tax: TaxData | None
    total_duration_minutes: int
    created_at: str
    queued_at: str | None
    selection_confirmed_at: str | None
    therapist_confirmed_at: str | None
    service_start_at: str | None
    service_finish_at: str | None
    cashier_claimed_at: str | None
    paid_at: str | None
    items: list[ItemData]
    #: What the customer declined when it was added; no part of the bill.
    declined: list[ItemData]
    #: Why the visit is on hold, for staff alone.
    hold_reason: NotRequired[str]
    attempt: NotRequired[AttemptData]
    payment: NotRequired[PaymentData]


class BoardRow(TypedDict):
    id: int
    version: int
    code: str
    status: Annotated[str, Status]
    room_number: str
    calls: int
    #: The counter that a customer is called to, once a cashier has them.
    counter_number: str | None


class DisplayPayment(TypedDict):
    """A payment as its customer sees it: no reference, no key."""

    amount_paid: str
    tip_amount: str
    change_amount: str


class DisplayRow(TypedDict):
    """A sale as the customer-facing screen of a counter shows it: no names, no notes, no keys."""

    id: int
    version: int
    code: str
    status: Annotated[str, Status]
    total_amount: str
    amount_due: str
    received_amount: str
    tip_amount: str
    discounts: list[DiscountData]
    tax: TaxData | None
    items: list[ItemData]
    paid_at: str | None
    payment: DisplayPayment | None


class PersonData(TypedDict):
    id: int
    name: str


class TherapistData(PersonData):
    room_number: str
    presence: Annotated[str, PresenceState]
    #: Since when they are on duty or on a break.
    presence_since: str | None
    #: When they mean to be back from their break.
    back_at: str | None
    #: Grows with every change of the presence; 0 for who has not been on duty today.
    version: int


class SkillData(TypedDict):
    """A skill, and the therapists of the branch who have it."""

    name: str
    therapist_ids: list[int]


class RoomData(TypedDict):
    number: str
    status: Annotated[str, RoomStatus]
    version: int
    closing: bool


def _iso(moment: datetime.datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _quoted(transaction: Transaction) -> tuple[int, int] | None:
    low, high = transaction.quoted_from_minutes, transaction.quoted_to_minutes
    return None if low is None or high is None else (low, high)


def _requested(transaction: Transaction) -> str | None:
    if transaction.requested_therapist_id is None:
        return None
    return str(transaction.requested_therapist)


def serialize_item(item: TransactionItem) -> ItemData:
    """Return one service of a visit, with the price it had when it was chosen."""
    return {
        "id": item.pk,
        "service_id": item.service_id,
        "service_classification_id": item.service_classification_id,
        "service_name": item.service_name,
        "classification": item.classification,
        "price": format_amount(item.price),
        "duration_minutes": item.duration_minutes,
        "consent": item.consent or None,
    }


def serialize_payment(transaction: Transaction) -> PaymentData:
    """Return a paid transaction's payment, by the reverse relation (payments is a layer above)."""
    payment = transaction.payment
    return {
        "amount_due": format_amount(payment.amount_due),
        "amount_paid": format_amount(payment.amount_paid),
        "tip_amount": format_amount(payment.tip_amount),
        "change_amount": format_amount(payment.change_amount),
        "method": str(payment.method_id),
        "reference": payment.reference,
        "receipt_number": payment.receipt_number,
        "receipt_key": payment.receipt_key,
        "created_at": payment.created_at.isoformat(),
    }


def serialize_tax(transaction: Transaction, bill: Bill) -> TaxData:
    """Return the tax that a transaction contains, at its payment's rate or else the branch's."""
    taxed = taxed_by(transaction)
    return {
        "name": tax_name(taxed.tax_label, taxed.tax_rate),
        "rate": format_amount(taxed.tax_rate),
        "amount": format_amount(bill.tax),
        "exempted": format_amount(bill.exempted_tax),
    }


def serialize_discounts(discounts: list[Any], bill: Bill) -> list[DiscountData]:
    """Return the discounts of a bill, with what each takes off."""
    return [
        {
            "id": row.pk,
            "discount": row.discount_id,
            "name": row.name,
            "item_id": row.item_id,
            "amount": format_amount(bill.discounts[row.pk]),
        }
        for row in discounts
    ]


def serialize_tenders(transaction: Transaction) -> list[TenderData]:
    """Return the parts of a payment, or what terminals have approved of one so far.

    Only what is taken in parts needs a query.
    """
    amounts: list[tuple[Any, Decimal]] = []
    if transaction.status == Status.PAID:
        payment = transaction.payment
        amounts = [(payment, payment.amount_paid)]
        if payment.is_split:
            amounts = [(part, part.amount) for part in payment.tenders.order_by("pk")]
    elif transaction.received_amount:
        approved = transaction.attempts.filter(approved=True).order_by("pk")
        amounts = [(attempt, attempt.amount_due) for attempt in approved]
    return [
        {"method": part.method_id, "amount": format_amount(amount), "reference": part.reference}
        for part, amount in amounts
    ]


def tip_of(transaction: Transaction) -> Decimal:
    """Return the tip that was paid, or that the terminal is asked for."""
    if transaction.status == Status.PAID:
        return transaction.payment.tip_amount
    if transaction.status == Status.PAYING:
        return transaction.open_attempt.tip_amount
    return ZERO


def serialize_attempt(transaction: Transaction) -> AttemptData:
    """Return a transaction's pending request to a terminal, by the reverse relation."""
    attempt = transaction.open_attempt
    method = attempt.method
    return {
        "id": attempt.pk,
        "method": method.code,
        "method_name": method.name,
        "amount_due": format_amount(attempt.amount_due),
        "started_at": attempt.started_at.isoformat(),
    }


def serialize_transaction(transaction: Transaction) -> TransactionData:
    """Return a transaction for staff; times are ISO 8601 with offset."""
    therapist, cashier = transaction.therapist, transaction.cashier
    discounts = discounts_of(transaction)
    is_taxed = bool(taxed_by(transaction).tax_rate)
    bill = bill_of_visit(transaction, discounts) if discounts or is_taxed else None
    data: TransactionData = {
        "id": transaction.pk,
        "version": transaction.version,
        "code": transaction.code,
        "status": str(transaction.status),
        "customer_name": transaction.customer_name,
        "branch": transaction.branch.slug,
        "therapist": therapist.display_name if therapist else None,
        "therapist_id": transaction.therapist_id,
        "requested_therapist": _requested(transaction),
        "requested_therapist_id": transaction.requested_therapist_id,
        "preference": transaction.preference or None,
        "request_until": _iso(transaction.request_until),
        "skills": [skill.name for skill in skills_of(transaction.item_list)],
        "quoted_wait": _quoted(transaction),
        "has_note": transaction.has_note,
        "note_unread": transaction.note_unread,
        "cashier": cashier.display_name if cashier else None,
        "cashier_id": transaction.cashier_id,
        "counter_number": cashier.counter_number if cashier else None,
        "room_number": transaction.room_number,
        "calls": transaction.calls,
        "held_until": _iso(transaction.held_until),
        "total_amount": format_amount(transaction.total_amount),
        "amount_due": format_amount(transaction.amount_due),
        "received_amount": format_amount(transaction.received_amount),
        "tip_amount": format_amount(tip_of(transaction)),
        "tenders": serialize_tenders(transaction),
        "refunded_amount": format_amount(transaction.refunded_amount),
        "discounts": serialize_discounts(discounts, bill) if bill else [],
        "tax": serialize_tax(transaction, bill) if bill and is_taxed else None,
        "total_duration_minutes": transaction.total_duration_minutes,
        "created_at": transaction.created_at.isoformat(),
        "queued_at": _iso(transaction.queued_at),
        "selection_confirmed_at": _iso(transaction.selection_confirmed_at),
        "therapist_confirmed_at": _iso(transaction.therapist_confirmed_at),
        "service_start_at": _iso(transaction.service_start_at),
        "service_finish_at": _iso(transaction.service_finish_at),
        "cashier_claimed_at": _iso(transaction.cashier_claimed_at),
        "paid_at": _iso(transaction.paid_at),
        "items": [serialize_item(item) for item in transaction.item_list],
        "declined": transaction.declined_items or [],
    }
    if transaction.status == Status.ON_HOLD:
        data["hold_reason"] = transaction.hold_reason
    if transaction.status == Status.PAYING:
        data["attempt"] = serialize_attempt(transaction)
    if transaction.status == Status.PAID:
        data["payment"] = serialize_payment(transaction)
    return data


def for_customer(data: TransactionData) -> TransactionData:
    """Return a serialized transaction without what the staff have noted about the customer."""
    shown = data.copy()
    shown.pop("hold_reason", None)
    return shown


def serialize_changed(transaction: Transaction) -> TransactionData:
    """Return a transaction that an operation has changed, serialized once for each version.

    The announcement and the reply have the same content, and serializing and encoding it are a
    large part of a command's processor time.
    """
    data: TransactionData | None = vars(transaction).get(_SERIALIZED)
    if data is None or data["version"] != transaction.version:
        data = cast(TransactionData, EncodedOnce(serialize_transaction(transaction)))
        vars(transaction)[_SERIALIZED] = data
    return data


def serialize_board_row(transaction: Transaction) -> BoardRow:
    """Return the public part of a transaction: code, room and counter, no names, no money."""
    cashier = transaction.cashier
    return {
        "id": transaction.pk,
        "version": transaction.version,
        "code": transaction.code,
        "status": str(transaction.status),
        "room_number": transaction.room_number,
        "calls": transaction.calls,
        "counter_number": cashier.counter_number if cashier else None,
    }


def for_display(data: TransactionData) -> DisplayRow:
    """Return of a serialized transaction what its customer reads at the counter."""
    payment = data.get("payment")
    return {
        "id": data["id"],
        "version": data["version"],
        "code": data["code"],
        "status": data["status"],
        "total_amount": data["total_amount"],
        "amount_due": data["amount_due"],
        "received_amount": data["received_amount"],
        "tip_amount": data["tip_amount"],
        "discounts": data["discounts"],
        "tax": data["tax"],
        "items": data["items"],
        "paid_at": data["paid_at"],
        "payment": payment
        and {
            "amount_paid": payment["amount_paid"],
            "tip_amount": payment["tip_amount"],
            "change_amount": payment["change_amount"],
        },
    }


def serialize_therapist(
    therapist: Therapist, row: Presence | None, *, after: Presence | None = None
) -> TherapistData:
    """Return a therapist with their presence: its open row, None when off duty.

    `after` is the row before, whose version an end has: nothing grows without a row.
    """
    return {
        "id": therapist.pk,
        "name": therapist.display_name,
        "room_number": therapist.room_number,
        "presence": row.kind if row else PresenceState.OFF_DUTY.value,
        "presence_since": _iso(row.began_at) if row else None,
        "back_at": _iso(row.back_at) if row else None,
        "version": row.pk if row else after.pk if after else 0,
    }


def serialize_room(room: Room) -> RoomData:
    """Return a room as desks and monitor show it."""
    return {
        "number": room.number,
        "status": str(room.status),
        "version": room.version,
        "closing": room.closing,
    }
