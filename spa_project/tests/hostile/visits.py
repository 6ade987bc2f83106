"""Floor with two spas, and visits in every status, owned by different people."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from accounts.models import Branch, Cashier, Therapist, User
from accounts.tokens import new_token
from catalog.models import Service, ServiceCategory, ServiceClassification
from conftest import make_cashier, make_offer, make_therapist, make_therapist_on_duty, make_user
from payments import counter, payment
from payments.methods import create_defaults
from payments.models import Discount
from queueing import holding, leaving, services
from queueing.models import Room, Transaction
from queueing.services import Choice
from queueing.states import Status

DUE = Decimal("600.50")
#: Every status of a committed visit: before the confirmation it is not in the database.
STATUSES = [status for status in Status if status != Status.SELECTING]


class Asker(StrEnum):
    """Kind of client that sends a command."""

    NOBODY = "nobody"
    CUSTOMER = "customer"
    THERAPIST = "therapist"
    CASHIER = "cashier"
    MONITOR = "monitor"
    MANAGER = "manager"


class Whose(StrEnum):
    """Owner of the visit that a command concerns."""

    OWN = "own"
    COLLEAGUES = "a colleague's"
    ELSEWHERE = "another spa's"


class Pair(NamedTuple):
    """Therapist and cashier of a visit."""

    therapist: Therapist
    cashier: Cashier


@dataclass
class Floor:
    """Two branches: Maya and Carl send, three are their colleagues, Olga and Otto are elsewhere."""

    pairs: dict[Whose, Pair]
    zara: Therapist
    offer: ServiceClassification
    more: ServiceClassification
    people: dict[Asker, User]
    tokens: dict[Asker, str]

    def visit(self, status: Status, whose: Whose) -> Transaction:
        """Return a visit of this pair in this status, brought there by the operations."""
        return _bring(self.pairs[whose], status, [Choice(self.offer.pk), Choice(self.more.pk)])


def make_floor() -> Floor:
    """Create two spas with their staff, the menu and one free room."""
    create_defaults()
    Discount.objects.create(code="promo", name="Promo", kind="percent", value=10)
    here = Branch.objects.create(name="Makati", slug="makati")
    there = Branch.objects.create(name="Cebu", slug="cebu")
    pairs = {
        Whose.OWN: Pair(make_therapist("Maya", here, "1"), make_cashier("Carl", here, "1")),
        Whose.COLLEAGUES: Pair(make_therapist("Noor", here, "2"), make_cashier("Cora", here, "2")),
        Whose.ELSEWHERE: Pair(make_therapist("Olga", there, "9"), make_cashier("Otto", there, "9")),
    }
    zara = make_therapist_on_duty("Zara", here, "3")
    Room.objects.create(branch=here, number="4")
    massage = Service.objects.create(
        category=ServiceCategory.objects.create(name="Massage"), name="Swedish Massage"
    )
    people = {
        Asker.THERAPIST: pairs[Whose.OWN].therapist.user,
        Asker.CASHIER: pairs[Whose.OWN].cashier.user,
        Asker.MONITOR: make_user("Mona", here, is_monitor=True),
        Asker.MANAGER: make_user("Maria", here, is_staff=True),
    }
    return Floor(
        pairs,
        zara,
        make_offer(massage, "60 minutes", "500.00", 60),
        make_offer(massage, "Hot compress", "100.50", 10),
        people,
        {asker: new_token(user).text for asker, user in people.items()},
    )


def _bring(pair: Pair, status: Status, choices: list[Choice]) -> Transaction:
    branch = pair.therapist.user.branch
    assert branch is not None
    visit = services.confirm_selection(branch, choices=choices, customer_name="Ana")
    for step in _ROADS[status]:
        visit = step(pair, visit.pk)
    assert visit.status == status
    return visit


def _pay(method: str) -> Callable[[Pair, int], Transaction]:
    def pay(pair: Pair, pk: int) -> Transaction:
        return payment.pay(pair.cashier, transaction_id=pk, amount_paid=DUE, method=method)

    return pay


def _call(pair: Pair, pk: int) -> Transaction:
    return services.confirm_next(pair.therapist)


def _start(pair: Pair, pk: int) -> Transaction:
    return services.start_service(pair.therapist, transaction_id=pk)


def _finish(pair: Pair, pk: int) -> Transaction:
    return services.finish_service(pair.therapist, transaction_id=pk)


def _to_the_counter(pair: Pair, pk: int) -> Transaction:
    return counter.claim_next(pair.cashier)


def _hold(pair: Pair, pk: int) -> Transaction:
    return holding.hold(pair.therapist.user, transaction_id=pk)


def _cancel(pair: Pair, pk: int) -> Transaction:
    return leaving.staff_cancel(pair.therapist.user, transaction_id=pk, reason="ill")


def _miss(pair: Pair, pk: int) -> Transaction:
    return leaving.no_show(pair.therapist, transaction_id=pk)


_SERVED = (_call, _start, _finish)
_ROADS: dict[Status, tuple[Callable[[Pair, int], Transaction], ...]] = {
    Status.PENDING_THERAPIST: (),
    Status.ON_HOLD: (_hold,),
    Status.THERAPIST_CONFIRMED: (_call,),
    Status.IN_SERVICE: (_call, _start),
    Status.FINISHED: _SERVED,
    Status.AWAITING_PAYMENT: (*_SERVED, _to_the_counter),
    Status.PAYING: (*_SERVED, _to_the_counter, _pay("card")),
    Status.PAID: (*_SERVED, _to_the_counter, _pay("cash")),
    Status.CANCELLED: (_call, _cancel),
    Status.NO_SHOW: (_call, _miss),
}
