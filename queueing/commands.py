"""The contract's names for the verbs of the floor (docs/protocol.md, "Commands")."""

import unicodedata
from typing import Annotated, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator, Field, StringConstraints

from accounts.auth import Caller
from accounts.models import Role
from queueing import services
from queueing.models import RoomStatus
from queueing.serializers import serialize_room, serialize_transaction
from spa_project.lib.commands import Data, command
from spa_project.lib.errors import Invalid, NotAllowed

MAX_ITEMS: int = settings.ITEMS_PER_TRANSACTION


def _without_control_characters(text: str) -> str:
    """A name is shown on screens, logs and receipts: no line breaks, no direction overrides."""
    return "".join(c for c in text if unicodedata.category(c)[0] != "C").strip()


Id = Annotated[int, Field(ge=1, lt=2**63)]
RequestId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
Name = Annotated[str, Field(max_length=60), AfterValidator(_without_control_characters)]


class NoData(Data):
    """A command that needs no data."""


class ChosenItem(Data):
    service_classification_id: Id
    quantity: Annotated[int, Field(ge=1, le=MAX_ITEMS)] = 1


class Selection(Data):
    items: Annotated[list[ChosenItem], Field(max_length=MAX_ITEMS)]
    customer_name: Name = ""
    request_id: RequestId | None = None


class OfTransaction(Data):
    transaction_id: Id


class AddedService(OfTransaction):
    service_classification_id: Id


class RemovedItem(OfTransaction):
    item_id: Id


class RoomSetting(Data):
    room_number: Annotated[str, Field(min_length=1, max_length=20)]
    status: Annotated[str, StringConstraints(pattern=r"^(available|preparing|out_of_service)$")]


@command()
def customer_confirm_selection(caller: Caller, data: Selection) -> dict[str, Any]:
    """Join the therapists' line; the answer has the transaction and its secret key."""
    if sum(item.quantity for item in data.items) > MAX_ITEMS:
        raise Invalid(_("Please choose fewer services at once."))
    transaction = services.confirm_selection(
        caller.here,
        choices=[
            services.Choice(item.service_classification_id, item.quantity) for item in data.items
        ],
        customer_name=data.customer_name,
        request_id=data.request_id,
    )
    return {"transaction": serialize_transaction(transaction), "key": transaction.key}


@command(Role.THERAPIST)
def therapist_confirm_next(caller: Caller, data: NoData) -> dict[str, Any]:
    """Claim the customer who has waited longest."""
    transaction = services.claim_next(caller.therapist)
    return {"transaction": serialize_transaction(transaction)}


@command(Role.THERAPIST)
def therapist_start_service(caller: Caller, data: OfTransaction) -> dict[str, Any]:
    """Begin the treatment."""
    transaction = services.start_service(caller.therapist, transaction_id=data.transaction_id)
    return {"transaction": serialize_transaction(transaction)}


@command(Role.THERAPIST)
def therapist_add_service(caller: Caller, data: AddedService) -> dict[str, Any]:
    """Add a service during the treatment."""
    transaction = services.add_service(caller.therapist, **data.model_dump())
    return {"transaction": serialize_transaction(transaction)}


@command(Role.THERAPIST)
def therapist_remove_item(caller: Caller, data: RemovedItem) -> dict[str, Any]:
    """Take a service off again during the treatment."""
    transaction = services.remove_item(caller.therapist, **data.model_dump())
    return {"transaction": serialize_transaction(transaction)}


@command(Role.THERAPIST)
def therapist_finish_service(caller: Caller, data: OfTransaction) -> dict[str, Any]:
    """End the treatment: on to the cashiers' line."""
    transaction = services.finish_service(caller.therapist, transaction_id=data.transaction_id)
    return {"transaction": serialize_transaction(transaction)}


@command(Role.THERAPIST, Role.MANAGER)
def room_set_status(caller: Caller, data: RoomSetting) -> dict[str, Any]:
    """Set an empty room: managers any of their branch, therapists their own."""
    if Role.MANAGER not in caller.roles and data.room_number != caller.therapist.room_number:
        raise NotAllowed(_("This is not your room."))
    room = services.set_room(caller.here, data.room_number, RoomStatus(data.status))
    return {"room": serialize_room(room)}
