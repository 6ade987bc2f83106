"""Models of rooms, customers' transactions, their items, events and codes, and of the rotation."""

from queueing.models.events import TransactionEvent
from queueing.models.items import Consent, TransactionItem
from queueing.models.rooms import Room, RoomStatus
from queueing.models.setup import SetupVersion
from queueing.models.skills import SkillSet
from queueing.models.transactions import (
    CODE_DIGITS,
    SERVED,
    Preference,
    Transaction,
    TransactionCounter,
    TransactionQuerySet,
    VisitNote,
    new_key,
)
from queueing.models.turns import RotationLock, TurnEntry, TurnKind

__all__ = [
    "CODE_DIGITS",
    "SERVED",
    "Consent",
    "Preference",
    "Room",
    "RoomStatus",
    "RotationLock",
    "SetupVersion",
    "SkillSet",
    "Transaction",
    "TransactionCounter",
    "TransactionEvent",
    "TransactionItem",
    "TransactionQuerySet",
    "TurnEntry",
    "TurnKind",
    "VisitNote",
    "new_key",
]
