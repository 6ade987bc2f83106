"""Commands of cash drawers and approvals (docs/protocol.md, "Cash drawers")."""

import re
from typing import Annotated, Any, NotRequired, TypedDict

from django.views.decorators.debug import sensitive_variables
from pydantic import AfterValidator, Field, StringConstraints

from accounts.auth import Caller
from accounts.models import Role
from accounts.screen_lock import PIN
from payments import approvals, drawers
from payments.drawer_figures import figures_of
from payments.models import DrawerClose, DrawerCount, DrawerSession
from queueing.commands import ApprovalSecret, GivenReason, Id, Reason, RequestId
from spa_project.lib.commands import REGISTRY, Data, command, validated
from spa_project.lib.errors import Invalid, UnknownCommand
from spa_project.lib.money import AMOUNT_PATTERN, Amount, format_amount, parse_amount

#: The most kinds of notes and coins in one count, and the most of each.
KINDS, PIECES = 40, 99_999
_VALUE = re.compile(AMOUNT_PATTERN)


def _tidy_counts(counts: dict[str, int]) -> dict[str, int]:
    """Return the pieces that there are, by their value as the wire writes it, largest first."""
    if not all(_VALUE.fullmatch(value) for value in counts):
        raise ValueError("not an amount")
    pieces = {parse_amount(value): count for value, count in counts.items()}
    if len(pieces) < len(counts) or not all(pieces):
        raise ValueError("a value that is none, or is there twice")
    return {format_amount(each): pieces[each] for each in sorted(pieces)[::-1] if pieces[each]}


Counts = Annotated[
    dict[str, Annotated[int, Field(ge=0, le=PIECES)]],
    Field(max_length=KINDS, examples=[{"1000.00": 3}]),
    AfterValidator(_tidy_counts),
]


class Opened(Data):
    counts: Counts
    note: Reason = ""


class Moved(Data):
    kind: Annotated[str, StringConstraints(pattern=r"^(in|out|safe_drop|tip_payout)$")]
    amount: Amount
    reason: GivenReason
    therapist_id: Id | None = None
    request_id: RequestId | None = None


class Counted(Data):
    counts: Counts


class Closed(Opened):
    approval: ApprovalSecret | None = None


class Asked(Data):
    username: Annotated[str, Field(min_length=1, max_length=150)]
    pin: Annotated[str, StringConstraints(pattern=PIN)]
    command: Annotated[str, Field(max_length=40)]
    data: dict[str, Any]


class CountData(TypedDict):
    """A count against what was expected then, and what the other methods took."""

    counted_amount: str
    expected_amount: str
    #: Counted less expected.
    variance: str
    methods: list["MethodTotalData"]


class MethodTotalData(TypedDict):
    method: str
    name: str
    count: int
    amount: str


class DrawerData(TypedDict):
    """A drawer session; what must be in it is only told with a count."""

    counter_number: str
    #: Of the session; counts those of this drawer.
    number: int
    business_date: str
    opened_at: str
    opened_by: str
    float_amount: str
    is_open: bool
    #: The number of its Z report, once it is closed.
    z_number: NotRequired[int]
    count: NotRequired[CountData]


class DrawerReply(TypedDict):
    """A reply with the drawer as it is now."""

    drawer: DrawerData


class ApprovalReply(TypedDict):
    """A reply with the secret of an approval."""

    approval: str


@command(Role.CASHIER)
def cashier_open_drawer(caller: Caller, data: Opened) -> DrawerReply:
    """Open the counter's cash drawer with a float."""
    drawer = drawers.open_drawer(caller.cashier, **data.model_dump())
    return {"drawer": _serialize(drawer, is_open=True)}


@command(Role.CASHIER)
def cashier_move_cash(caller: Caller, data: Moved) -> DrawerReply:
    """Put cash into the drawer or take it out."""
    drawer = drawers.move_cash(caller.cashier, **data.model_dump())
    return {"drawer": _serialize(drawer, is_open=True)}


@command(Role.CASHIER)
def cashier_count_drawer(caller: Caller, data: Counted) -> DrawerReply:
    """Record what is in the drawer; the reply has what was expected."""
    count = drawers.count_drawer(caller.cashier, counts=data.counts)
    return {"drawer": {**_serialize(count.drawer, is_open=True), "count": _serialize_count(count)}}


@command(Role.CASHIER)
def cashier_close_drawer(caller: Caller, data: Closed) -> DrawerReply:
    """Close the drawer with its last count."""
    close: DrawerClose = drawers.close_drawer(caller.cashier, **data.model_dump())
    return {
        "drawer": {
            **_serialize(close.drawer, is_open=False),
            "z_number": close.z_number,
            "count": _serialize_count(close.count),
        }
    }


@command(Role.CASHIER, Role.MANAGER)
@sensitive_variables("data")
def approve(caller: Caller, data: Asked) -> ApprovalReply:
    """Approve one command of the caller by a manager's name and PIN."""
    found = REGISTRY.get(data.command)
    if found is None:
        raise UnknownCommand
    if "approval" not in found.data.model_fields:
        raise Invalid(field="command")
    secret = approvals.approve(
        caller.person,
        username=data.username,
        pin=data.pin,
        command=data.command,
        content=validated(found.data, data.data).model_dump(),
    )
    return {"approval": secret}


def _serialize(drawer: DrawerSession, *, is_open: bool) -> DrawerData:
    return {
        "counter_number": drawer.counter_number,
        "number": drawer.number,
        "business_date": drawer.business_date.isoformat(),
        "opened_at": drawer.at.isoformat(),
        "opened_by": drawer.by.shown_name,
        "float_amount": format_amount(drawer.float_amount),
        "is_open": is_open,
    }


def _serialize_count(count: DrawerCount) -> CountData:
    return {
        "counted_amount": format_amount(count.counted_amount),
        "expected_amount": format_amount(count.expected_amount),
        "variance": format_amount(count.variance),
        "methods": [
            {
                "method": it.method,
                "name": it.name,
                "count": it.count,
                "amount": format_amount(it.amount),
            }
            for it in figures_of(count.drawer).methods
        ],
    }
