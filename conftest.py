"""Fixtures: people, a small menu, and transactions in any status.

Maya and Noor are therapists on duty, Carl and Cora are cashiers, Mona has the wall monitor's
account, Maria manages. All work in one branch; Olga is a therapist somewhere else.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Set
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts import presence
from accounts.models import Branch, Cashier, PresenceKind, Therapist, User
from catalog.models import Service, ServiceCategory, ServiceClassification
from payments.counter import claim_next as claim_next_finished
from payments.methods import create_defaults
from payments.payment import pay
from queueing import menu_cache, services
from queueing.models import Room, Transaction
from queueing.services import Choice
from queueing.states import Status
from spa_project.lib import rate_limits
from spa_project.lib.db.pool import pool
from spa_project.lib.realtime.flood_delay import flood_delay
from spa_project.lib.realtime.hub import hub
from spa_project.lib.realtime.messages import Event
from spa_project.tests.extent import SAMPLE, left_out

PASSWORD = "a-long-walk-to-the-sea"
# A busy machine is no failure: examples have no deadline.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")

LIB_TESTS = Path(__file__).parent / "spa_project" / "tests" / "lib"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--needs-servers",
        action="store_true",
        help="only the tests whose outcome the database or Redis can change",
    )


@pytest.hookimpl(trylast=True)  # after -m: a sample is of what is selected
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if "new_windows" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=1))
    servers = config.getoption("--needs-servers")
    if servers:
        _leave_out(config, items, {item for item in items if not _needs_servers(item)})
    if SAMPLE:
        elsewhere = _is_quick if servers else _repeats
        _leave_out(config, items, set(filter(elsewhere, items)))
        _leave_out(config, items, left_out(items))


def _leave_out(config: pytest.Config, items: list[pytest.Item], leaving: Set[pytest.Item]) -> None:
    config.hook.pytest_deselected(items=[item for item in items if item in leaving])
    items[:] = [item for item in items if item not in leaving]


def _repeats(item: pytest.Item) -> bool:
    """Return whether a test is for --needs-servers, when each runs once: it takes long."""
    return _needs_servers(item) and item.get_closest_marker("slow") is not None


def _is_quick(item: pytest.Item) -> bool:
    """Return whether a test is for SQLite, when each runs once: it takes any database."""
    return not any(item.get_closest_marker(name) for name in ("servers", "skipif", "slow"))


def _needs_servers(item: pytest.Item) -> bool:
    """Return whether a test uses a database or a server, may be skipped on SQLite, or is of lib."""
    if item.get_closest_marker("one_database"):
        return False
    fixtures = set(getattr(item, "fixturenames", ()))
    return (
        any(item.get_closest_marker(name) for name in ("servers", "django_db", "skipif"))
        or bool(fixtures & {"db", "transactional_db", "django_db_setup", "spa", "spa_database"})
        or LIB_TESTS in item.path.parents
    )


@pytest.fixture(autouse=True)
def _quick_settings(settings) -> None:
    """Hash passwords fast, and serve static files by their own names."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STATIC_ROOT = settings.BASE_DIR / "static"
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture(autouse=True)
def _fresh_menu() -> None:
    """Forget the menu of another test, whose database was rolled back to the same versions."""
    menu_cache.forget()


@pytest.fixture(autouse=True)
def _default_language() -> None:
    """Reset the language: a request in another one leaves it active in its thread."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def _fresh_limits(settings) -> None:
    """Reset the rate limits: all tests share one address, and some one person."""
    for limit in (
        rate_limits.REQUESTS,
        rate_limits.LOGINS,
        rate_limits.ORDERS,
        rate_limits.REFUSED_ORDERS,
        rate_limits.REFUSED_ON_SOCKET,
        rate_limits.COMMANDS,
    ):
        limit.reset()
    flood_delay.reset()
    if settings.REDIS_URL:
        rate_limits.shared_window().reset()


@pytest.fixture
def branch(db) -> Branch:
    create_defaults()  # the ways to pay
    return Branch.objects.create(name="Makati", slug="makati")


@pytest.fixture
def other_branch(db) -> Branch:
    return Branch.objects.create(name="Cebu", slug="cebu")


def make_user(name: str, branch: Branch | None, **fields) -> User:
    return User.objects.create_user(name.lower(), password=PASSWORD, branch=branch, **fields)


def make_therapist(name: str, branch: Branch, room_number: str) -> Therapist:
    room, _is_new = Room.objects.get_or_create(branch=branch, number=room_number)
    return Therapist.objects.create(user=make_user(name, branch), display_name=name, own_room=room)


def make_cashier(name: str, branch: Branch, counter_number: str) -> Cashier:
    return Cashier.objects.create(
        user=make_user(name, branch), display_name=name, counter_number=counter_number
    )


def make_therapist_on_duty(name: str, branch: Branch, room_number: str) -> Therapist:
    therapist = make_therapist(name, branch, room_number)
    presence.change(therapist.pk, branch, PresenceKind.ON_DUTY, minutes=None, found=None)
    return therapist


@pytest.fixture
def maya(branch) -> Therapist:
    return make_therapist_on_duty("Maya", branch, "1")


@pytest.fixture
def noor(branch) -> Therapist:
    return make_therapist_on_duty("Noor", branch, "2")


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
    """Return a price: Swedish Massage, 60 minutes, 500.00."""
    return make_offer(massage, "60 minutes", "500.00", 60)


@pytest.fixture
def compress(massage) -> ServiceClassification:
    """Return a price: an add-on, 10 minutes, 100.50."""
    return make_offer(massage, "Hot compress", "100.50", 10)


MakeTransaction = Callable[..., Transaction]


@pytest.fixture
def make_transaction(branch, maya, carl, hour) -> MakeTransaction:
    """Bring a transaction to a status by the operations, so that only valid ones exist.

    `therapist` and `cashier` default to Maya and Carl, `choices` to one hour's massage.
    """

    def make(status: Status, *, therapist=maya, cashier=carl, choices=None) -> Transaction:
        confirmed = transaction = services.confirm_selection(
            branch, choices=choices or [Choice(hour.pk)], customer_name="Ana"
        )
        pk = confirmed.pk
        for reached, step in (
            (Status.PENDING_THERAPIST, lambda: confirmed),
            (Status.THERAPIST_CONFIRMED, lambda: services.confirm_next(therapist)),
            (Status.IN_SERVICE, lambda: services.start_service(therapist, transaction_id=pk)),
            (Status.FINISHED, lambda: services.finish_service(therapist, transaction_id=pk)),
            (Status.AWAITING_PAYMENT, lambda: claim_next_finished(cashier)),
            (Status.PAID, lambda: _paid(cashier, pk)),
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
    """Record the SQL statements sent by the block, without the test's own savepoints."""

    @contextmanager
    def capture() -> Iterator[list[str]]:
        statements: list[str] = []
        with CaptureQueriesContext(connection) as captured:
            yield statements
        statements += [
            query["sql"] for query in captured if "SAVEPOINT" not in query["sql"].upper()
        ]

    return capture


class Socket:
    """One end of a socket in a test."""

    def __init__(self, communicator: WebsocketCommunicator) -> None:
        self._communicator = communicator
        self._asked = 0
        self._unheard: list[dict[str, Any]] = []
        self.scope = communicator.scope

    async def hear(self, event: str) -> dict[str, Any]:
        """Return the first unread message of this kind; leave others for later."""
        for message in self._unheard:
            if message["event"] == event:
                self._unheard.remove(message)
                return message
        while (message := await self._receive())["event"] != event:
            self._unheard.append(message)
        return message

    async def hear_any(self) -> dict[str, Any]:
        return self._unheard.pop(0) if self._unheard else await self._receive()

    async def _receive(self) -> dict[str, Any]:
        return await self._communicator.receive_json_from(timeout=5)

    async def hear_or_end(self) -> dict[str, Any] | int:
        """Return the next message, or the code that the socket is closed with."""
        output = await self._communicator.receive_output(timeout=5)
        if output["type"] == "websocket.close":
            return int(output["code"])
        return dict(json.loads(output["text"]))

    async def first_word(self) -> str:
        """Return "yes" when something is shown, else the code that the socket is closed with."""
        output = await self._communicator.receive_output(timeout=5)
        return str(output.get("code", "yes"))

    async def ask(self, command: str, /, **data: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        self._asked += 1
        message = {"command": command, "id": self._asked, "data": data}
        await self._communicator.send_json_to(message)
        reply = await self.hear(f"{command}_result")
        assert reply["id"] == self._asked
        return reply

    async def send(self, text: str) -> None:
        await self._communicator.send_to(text_data=text)

    async def send_bytes(self, data: bytes) -> None:
        await self._communicator.send_to(bytes_data=data)

    async def cancel(self) -> None:
        """Cancel the application's task, as a server does after its time-out."""
        self._communicator.future.cancel()
        with suppress(asyncio.CancelledError):
            await self._communicator.future

    async def close_code(self) -> int:
        """Wait until the server closes the socket, and return the code."""
        while True:
            output = await self._communicator.receive_output(timeout=5)
            if output["type"] == "websocket.close":
                return output["code"]


@asynccontextmanager
async def open_socket(
    path: str,
    user: User | None = None,
    *,
    client: Client | None = None,
    origin: str = "http://localhost",
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[Socket]:
    """Open a socket to the whole application, with the client's session or the user's new one."""
    from spa_project.asgi import application

    sent = {"origin": origin, "host": "localhost", **(headers or {})}
    if user is not None:
        client = await pool.run(session_of, user)
    if client is not None:
        session = client.cookies[settings.SESSION_COOKIE_NAME].value
        sent["cookie"] = f"{settings.SESSION_COOKIE_NAME}={session}"
    encoded = [(name.encode(), value.encode()) for name, value in sent.items()]
    communicator = WebsocketCommunicator(application, path, headers=encoded)
    connected, _subprotocol = await communicator.connect(timeout=5)
    assert connected
    try:
        yield Socket(communicator)
    finally:
        if not communicator.future.cancelled():
            await communicator.disconnect()
        if not hub.topics:
            await hub.stop()


def session_of(user: User) -> Client:
    """Return a browser in which the user has logged in."""
    client = Client()
    client.force_login(user)
    return client


Heard = tuple[str, str, dict[str, Any]]


@pytest.fixture
def heard(monkeypatch, django_capture_on_commit_callbacks) -> Callable[..., list[Heard]]:
    """Run a step, commit it, and return what the hub was given: (topic, event, data)."""

    def run(step) -> list[Heard]:
        sent: list[Heard] = []

        def take(*events: Event) -> None:
            for topic, text in events:
                message = json.loads(text)
                sent.append((topic, message["event"], message["data"]))

        monkeypatch.setattr("spa_project.lib.realtime.publish.hub.publish", take)
        with django_capture_on_commit_callbacks(execute=True):
            step()
        return sent

    return run


def _paid(cashier: Cashier, pk: int) -> Transaction:
    return pay(cashier, transaction_id=pk, amount_paid=Decimal(9999), confirmed=True)


def _make_rooms_ready() -> None:
    """Make used rooms available, as if a therapist had tapped “room ready”."""
    Room.objects.filter(status="preparing").update(status="available", ready_at=None)
