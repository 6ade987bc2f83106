"""Commands of the floor's operations (docs/protocol.md, "Commands")."""

import unicodedata
from decimal import Decimal
from typing import Annotated, TypedDict

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator, Field, StringConstraints

from accounts.auth import Caller
from accounts.models import STAFF, Branch, Role, User
from queueing import (
    consent,
    duty,
    handover,
    holding,
    leaving,
    notes,
    order_changes,
    requests,
    services,
    turn_changes,
)
from queueing.models import RoomStatus, Transaction
from queueing.rooms import is_exchanged
from queueing.rotation import RotationData
from queueing.serializers import (
    RoomData,
    TherapistData,
    TransactionData,
    serialize_changed,
    serialize_room,
)
from queueing.turns import QUARTERS
from queueing.undo import undo as undo_last_step
from spa_project.lib.commands import Data, command
from spa_project.lib.errors import Invalid, NotAllowed
from spa_project.lib.money import Amount

MAX_ITEMS: int = settings.ITEMS_PER_TRANSACTION


#: Marks that set the direction of text (UAX 9), which could reorder the words beside a name; the
#: zero-width space and the byte-order mark, which are letters of no script.
INVISIBLE_MARKS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff"
)


def _without_control_characters(text: str) -> str:
    """Return a name for screens, logs and receipts: on one line, without direction marks.

    Joiners, which Persian, Sinhala, Malayalam and joined emoji need, and letters that are newer
    than Python's tables stay.
    """
    return "".join(c for c in text if not _is_control(c)).strip()


def _is_control(character: str) -> bool:
    """Return whether it is a control, a surrogate, a line separator or a mark."""
    return character in INVISIBLE_MARKS or unicodedata.category(character) in (
        "Cc",
        "Cs",
        "Zl",
        "Zp",
    )


def _not_blank(text: str) -> str:
    """Refuse a text of blanks only."""
    if not text:
        raise ValueError("empty")
    return text


Id = Annotated[int, Field(ge=1, lt=2**63)]
RequestId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
Name = Annotated[str, Field(max_length=60), AfterValidator(_without_control_characters)]


Reason = Annotated[str, Field(max_length=200), AfterValidator(_without_control_characters)]
GivenReason = Annotated[Reason, Field(min_length=1), AfterValidator(_not_blank)]
NoteText = Annotated[str, Field(max_length=300), AfterValidator(_without_control_characters)]
MarkCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
#: The secret that `approve` returned.
ApprovalSecret = Annotated[str, Field(min_length=1, max_length=64)]
RoomNumber = Annotated[str, Field(min_length=1, max_length=20)]


#: Turns to add or take off, such as "-0.5".
Turns = Annotated[str, StringConstraints(pattern=r"^-?[0-9](\.(0|00|25|5|50|75))?$")]


class NoData(Data):
    """The data of a command that needs none."""


class ChosenItem(Data):
    service_classification_id: Id
    quantity: Annotated[int, Field(ge=1, le=MAX_ITEMS)] = 1


PreferenceCode = Annotated[str, StringConstraints(pattern=r"^(anyone|woman|man)$")]


# Only the schema has the least number: the refusal of none has a code of its own.
ChosenItems = Annotated[
    list[ChosenItem], Field(max_length=MAX_ITEMS, json_schema_extra={"minItems": 1})
]


class Selection(Data):
    items: ChosenItems
    customer_name: Name = ""
    expected_total: Amount | None = None
    requested_therapist_id: Id | None = None
    preference: PreferenceCode | None = None
    note: NoteText = ""
    marks: Annotated[list[MarkCode], Field(max_length=20)] = []
    request_id: RequestId | None = None


class OfTransaction(Data):
    transaction_id: Id


class ChangedOrder(OfTransaction):
    items: ChosenItems
    #: Without it the name stays.
    customer_name: Name | None = None
    expected_total: Amount | None = None
    #: The visit's as the person saw it.
    version: Id | None = None


class SetRequest(OfTransaction):
    requested_therapist_id: Id | None = None
    preference: PreferenceCode | None = None


class AddedService(OfTransaction):
    service_classification_id: Id
    expected_price: Amount | None = None


class OfItem(OfTransaction):
    item_id: Id


class OfKey(Data):
    key: Annotated[str, Field(min_length=1, max_length=43)]


class Answered(OfKey):
    item_id: Id
    accepted: bool


class OfCode(Data):
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}$")]


class Because(OfTransaction):
    reason: Reason = ""


class GivenUp(OfTransaction):
    reason: GivenReason


class Stopped(GivenUp):
    bill: bool = False


class HandedOver(Because):
    therapist_id: Id


class MovedRoom(Because):
    room_number: RoomNumber


class Undone(OfTransaction):
    version: Id | None = None


class Break(Data):
    minutes: Annotated[int, Field(ge=1, le=480)] | None = None


class PresenceSetting(Data):
    therapist_id: Id
    presence: Annotated[str, StringConstraints(pattern=r"^(on_duty|on_break|off_duty)$")]


class TurnChange(Data):
    therapist_id: Id
    reason: GivenReason
    #: In quarters, at most nine; without it to the end of the order.
    turns: Turns | None = None


class RoomSetting(Data):
    room_number: RoomNumber
    status: Annotated[str, StringConstraints(pattern=r"^(available|preparing|out_of_service)$")]


class TransactionReply(TypedDict):
    """A reply with the transaction as it is now."""

    transaction: TransactionData


class JoinedReply(TransactionReply):
    #: The secret address of the customer's own page.
    key: str


class NoteReply(TypedDict):
    """A reply with what the customer wants their therapist to know."""

    note: notes.NoteData


class TherapistReply(TypedDict):
    """A reply with the therapist and their presence as it is now."""

    therapist: TherapistData


class RotationReply(TypedDict):
    """A reply with the order of the rotation as it is now."""

    rotation: RotationData


class RoomReply(TypedDict):
    """A reply with the room as it is now."""

    room: RoomData


@command()
def customer_confirm_selection(caller: Caller, data: Selection) -> JoinedReply:
    """Join the therapists' line; the reply has the transaction and its secret key."""
    return _joined(caller.here, data, by=None)


@command(*STAFF)
def staff_confirm_selection(caller: Caller, data: Selection) -> JoinedReply:
    """Add a customer without a phone to the line; the reply has transaction and key."""
    return _joined(caller.here, data, by=caller.user)


def _joined(branch: Branch, data: Selection, by: User | None) -> JoinedReply:
    transaction = services.confirm_selection(
        branch,
        choices=_choices(data.items),
        customer_name=data.customer_name,
        expected_total=data.expected_total,
        request=_request(data),
        note=notes.Note(data.note, data.marks),
        request_id=data.request_id,
        by=by,
    )
    return {"transaction": serialize_changed(transaction), "key": transaction.key}


def _choices(items: list[ChosenItem]) -> list[services.Choice]:
    if sum(item.quantity for item in items) > MAX_ITEMS:
        raise Invalid(_("Too many treatments in one order."))
    return [services.Choice(item.service_classification_id, item.quantity) for item in items]


def _request(data: Selection | SetRequest) -> requests.Request:
    return requests.Request(data.requested_therapist_id, data.preference or "")


@command(*STAFF)
def staff_set_request(caller: Caller, data: SetRequest) -> TransactionReply:
    """Change whom a waiting customer asks for, or end the request."""
    return _of(
        requests.set_request(
            caller.person, transaction_id=data.transaction_id, request=_request(data)
        )
    )


@command(*STAFF)
def staff_change_order(caller: Caller, data: ChangedOrder) -> TransactionReply:
    """Change a waiting customer's services or name."""
    return _of(
        order_changes.change_order(
            caller.person,
            transaction_id=data.transaction_id,
            choices=_choices(data.items),
            customer_name=data.customer_name,
            expected_total=data.expected_total,
            version=data.version,
        )
    )


@command()
def customer_cancel(caller: Caller, data: OfKey) -> TransactionReply:
    """Leave the line."""
    return _of(leaving.customer_cancel(data.key))


@command()
def customer_answer_item(caller: Caller, data: Answered) -> TransactionReply:
    """Accept or decline a treatment that was added during the visit."""
    return _of(consent.answer_item(data.key, item_id=data.item_id, accepted=data.accepted))


@command(Role.THERAPIST)
def therapist_confirm_next(caller: Caller, data: NoData) -> TransactionReply:
    """Claim the customer who has waited longest."""
    transaction = services.confirm_next(caller.therapist)
    return _of(transaction)


@command(Role.THERAPIST)
def therapist_start_service(caller: Caller, data: OfTransaction) -> TransactionReply:
    """Begin the treatment."""
    transaction = services.start_service(caller.therapist, transaction_id=data.transaction_id)
    return _of(transaction)


@command(Role.THERAPIST)
def therapist_add_service(caller: Caller, data: AddedService) -> TransactionReply:
    """Add a service during the treatment."""
    transaction = services.add_service(caller.therapist, **data.model_dump())
    return _of(transaction)


@command(Role.THERAPIST)
def therapist_remove_item(caller: Caller, data: OfItem) -> TransactionReply:
    """Remove a service during the treatment."""
    transaction = services.remove_item(caller.therapist, **data.model_dump())
    return _of(transaction)


@command(Role.THERAPIST)
def therapist_agree_item(caller: Caller, data: OfItem) -> TransactionReply:
    """Record that the customer agreed in person to an added treatment."""
    return _of(consent.agree_item(caller.therapist, **data.model_dump()))


@command(Role.THERAPIST)
def therapist_finish_service(caller: Caller, data: OfTransaction) -> TransactionReply:
    """End the treatment; the customer joins the cashiers' line."""
    transaction = services.finish_service(caller.therapist, transaction_id=data.transaction_id)
    return _of(transaction)


@command(Role.THERAPIST)
def therapist_show_note(caller: Caller, data: OfTransaction) -> NoteReply:
    """Return the customer's note, to their own therapist alone."""
    return {"note": notes.show_note(caller.therapist, transaction_id=data.transaction_id)}


@command(Role.THERAPIST)
def therapist_read_note(caller: Caller, data: OfTransaction) -> TransactionReply:
    """Record that the therapist has read the note."""
    return _of(notes.read_note(caller.therapist, transaction_id=data.transaction_id))


@command(Role.THERAPIST)
def therapist_recall(caller: Caller, data: OfTransaction) -> TransactionReply:
    """Call the customer once more."""
    return _of(holding.recall(caller.therapist, transaction_id=data.transaction_id))


@command(Role.THERAPIST)
def therapist_no_show(caller: Caller, data: Because) -> TransactionReply:
    """Record that the customer did not come."""
    return _of(leaving.no_show(caller.therapist, **data.model_dump()))


@command(Role.THERAPIST)
def therapist_release(caller: Caller, data: GivenUp) -> TransactionReply:
    """Release the customer to the line, at their old place."""
    return _of(holding.release(caller.therapist, **data.model_dump()))


@command(Role.THERAPIST, Role.MANAGER)
def therapist_hand_over(caller: Caller, data: HandedOver) -> TransactionReply:
    """Hand the customer over to another therapist."""
    return _of(handover.hand_over(caller.person, **data.model_dump()))


@command(Role.THERAPIST, Role.MANAGER)
def therapist_change_room(caller: Caller, data: MovedRoom) -> TransactionReply:
    """Move the customer to another room."""
    return _of(handover.change_room(caller.person, **data.model_dump()))


@command(*STAFF)
def staff_hold(caller: Caller, data: Because) -> TransactionReply:
    """Put a customer on hold for ten minutes at most; they keep their place."""
    return _of(holding.hold(caller.person, **data.model_dump()))


@command(*STAFF)
def staff_release_hold(caller: Caller, data: OfTransaction) -> TransactionReply:
    """End a customer's hold."""
    return _of(holding.release_hold(caller.person, transaction_id=data.transaction_id))


@command(*STAFF)
def staff_cancel(caller: Caller, data: GivenUp) -> TransactionReply:
    """Cancel a visit whose treatment has not begun."""
    return _of(leaving.staff_cancel(caller.person, **data.model_dump()))


@command(*STAFF)
def staff_reopen(caller: Caller, data: OfCode) -> TransactionReply:
    """Reopen the visit of a no-show, by its code."""
    return _of(holding.reopen(caller.person, code=data.code))


@command(Role.MANAGER)
def manager_cancel(caller: Caller, data: Stopped) -> TransactionReply:
    """End a visit after its treatment began, billed or not."""
    return _of(leaving.manager_cancel(caller.person, **data.model_dump()))


@command(*STAFF)
def undo(caller: Caller, data: Undone) -> TransactionReply:
    """Undo the last step."""
    return _of(undo_last_step(caller.person, **data.model_dump()))


@command(Role.THERAPIST)
def therapist_clock_in(caller: Caller, data: NoData) -> TherapistReply:
    """Go on duty, or come back from a break."""
    return {"therapist": duty.clock_in(caller.therapist)}


@command(Role.THERAPIST)
def therapist_break(caller: Caller, data: Break) -> TherapistReply:
    """Take a break now, or after the current customer."""
    return {"therapist": duty.therapist_break(caller.therapist, minutes=data.minutes)}


@command(Role.THERAPIST)
def therapist_clock_out(caller: Caller, data: NoData) -> TherapistReply:
    """Go off duty; not with a customer."""
    return {"therapist": duty.clock_out(caller.therapist)}


@command(Role.CASHIER, Role.MANAGER)
def staff_set_presence(caller: Caller, data: PresenceSetting) -> TherapistReply:
    """Clock a therapist in or out, or send them on a break, now or after their customer."""
    return {"therapist": duty.set_presence(caller.person, **data.model_dump())}


@command(Role.MANAGER)
def manager_change_turns(caller: Caller, data: TurnChange) -> RotationReply:
    """Add turns to a therapist's or take some off, or move them to the end; with a reason."""
    quarters = None if data.turns is None else int(Decimal(data.turns) * QUARTERS)
    return {
        "rotation": turn_changes.change_turns(
            caller.person, therapist_id=data.therapist_id, quarters=quarters, reason=data.reason
        )
    }


@command(Role.THERAPIST, Role.MANAGER)
def room_set_status(caller: Caller, data: RoomSetting) -> RoomReply:
    """Set a room: managers any, therapists their own, a shared one or one exchanged for theirs."""
    if not (
        Role.MANAGER in caller.roles
        or caller.here.shared_rooms
        or data.room_number == caller.therapist.room_number
        or is_exchanged(caller.therapist, data.room_number)
    ):
        raise NotAllowed(_("That isn't your room."))
    room = services.room_set_status(caller.here, data.room_number, RoomStatus(data.status))
    return {"room": serialize_room(room)}


def _of(transaction: Transaction) -> TransactionReply:
    return {"transaction": serialize_changed(transaction)}
