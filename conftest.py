"""The cast of every test, a small menu, and transactions at any point of their life.

Maya and Noor are therapists, Carl and Cora are cashiers, Mona has the wall monitor's account,
Maria manages. All work in one branch; Olga is a therapist somewhere else.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Branch, Cashier, Therapist, User
from catalog.models import Service, ServiceCategory, ServiceClassification
from payments.services import claim_next as claim_next_finished
from payments.services import pay
from queueing import services
from queueing.models import Room, Transaction
from queueing.services import Choice
from queueing.states import Status

PASSWORD = "a-long-walk-to-the-sea"


@pytest.fixture(autouse=True)
def _quick_settings(settings) -> None:
    """Hash passwords fast, serve static files by their own names."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture
def branch(db) -> Branch:
    return Branch.objects.create(name="Makati", slug="makati")


@pytest.fixture
def other_branch(db) -> Branch:
    return Branch.objects.create(name="Cebu", slug="cebu")


def make_user(name: str, branch: Branch | None, **fields) -> User:
    return User.objects.create_user(name.lower(), password=PASSWORD, branch=branch, **fields)


def make_therapist(name: str, branch: Branch, room_number: str) -> Therapist:
    Room.objects.get_or_create(branch=branch, number=room_number)
    return Therapist.objects.create(
        user=make_user(name, branch), display_name=name, room_number=room_number
    )


def make_cashier(name: str, branch: Branch, counter_number: str) -> Cashier:
    return Cashier.objects.create(
        user=make_user(name, branch), display_name=name, counter_number=counter_number
    )


@pytest.fixture
def maya(branch) -> Therapist:
    return make_therapist("Maya", branch, "1")


@pytest.fixture
def noor(branch) -> Therapist:
    return make_therapist("Noor", branch, "2")


@pytest.fixture
def olga(other_branch) -> Therapist:
    return make_therapist("Olga", other_branch, "1")


@pytest.fixture
def carl(branch) -> Cashier:
    return make_cashier("Carl", branch, "1")


@pytest.fixture
def cora(branch) -> Cashier:
    return make_cashier("Cora", branch, "2")


@pytest.fixture
def mona(branch) -> User:
    return make_user("Mona", branch, is_monitor=True)


@pytest.fixture
def maria(branch) -> User:
    return make_user("Maria", branch, is_staff=True)


@pytest.fixture
def massage(db) -> Service:
    category = ServiceCategory.objects.create(name="Massage")
    return Service.objects.create(category=category, name="Swedish Massage")


def make_offer(service: Service, name: str, price: str, minutes: int) -> ServiceClassification:
    return ServiceClassification.objects.create(
        service=service, classification=name, price=Decimal(price), duration_minutes=minutes
    )


@pytest.fixture
def hour(massage) -> ServiceClassification:
    """Swedish Massage, 60 minutes, 500.00."""
    return make_offer(massage, "60 minutes", "500.00", 60)


@pytest.fixture
def compress(massage) -> ServiceClassification:
    """An add-on, 10 minutes, 100.50."""
    return make_offer(massage, "Hot compress", "100.50", 10)


MakeTransaction = Callable[..., Transaction]


@pytest.fixture
def make_transaction(branch, maya, carl, hour) -> MakeTransaction:
    """A transaction brought to a status by the verbs themselves (so only valid ones exist).

    `therapist` and `cashier` default to Maya and Carl, `choices` to one hour's massage.
    """

    def make(status: Status, *, therapist=maya, cashier=carl, choices=None) -> Transaction:
        transaction = services.confirm_selection(
            branch, choices=choices or [Choice(hour.pk)], customer_name="Ana"
        )
        pk = transaction.pk
        for reached, step in (
            (Status.PENDING_THERAPIST, lambda: transaction),
            (Status.THERAPIST_CONFIRMED, lambda: services.claim_next(therapist)),
            (Status.IN_SERVICE, lambda: services.start_service(therapist, transaction_id=pk)),
            (Status.FINISHED, lambda: services.finish_service(therapist, transaction_id=pk)),
            (Status.AWAITING_PAYMENT, lambda: claim_next_finished(cashier)),
            (Status.PAID, lambda: pay(cashier, transaction_id=pk, amount_paid=Decimal(9999))),
        ):
            transaction = step()
            assert transaction.pk == pk, "somebody else is first in this line"
            if reached == status:
                break
        _make_rooms_ready()
        return transaction

    return make


@pytest.fixture
def captured_statements(db) -> Callable[[], AbstractContextManager[list[str]]]:
    """The SQL statements sent while the block runs, savepoints of the test itself left out."""

    @contextmanager
    def capture() -> Iterator[list[str]]:
        statements: list[str] = []
        with CaptureQueriesContext(connection) as captured:
            yield statements
        statements += [
            query["sql"] for query in captured if "SAVEPOINT" not in query["sql"].upper()
        ]

    return capture


def _make_rooms_ready() -> None:
    """As if a therapist had tapped “room ready” after each customer."""
    Room.objects.filter(status="preparing").update(status="available")
