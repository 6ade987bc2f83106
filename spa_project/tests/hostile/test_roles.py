"""B6: permissions are as docs/roles.md states, cell by cell, over HTTP and over sockets."""

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from conftest import open_socket, session_of
from payments.refunds import Wanted, refund
from queueing.models import Transaction
from queueing.states import Status
from spa_project.lib.commands import REGISTRY
from spa_project.tests.hostile.clients import (
    VISITORS,
    Outcome,
    Request,
    taken_back,
    use_the_tests_thread,
)
from spa_project.tests.hostile.orders import A_KEY, UNKNOWN, order_for
from spa_project.tests.hostile.roles_page import Cell, read_commands, read_screens
from spa_project.tests.hostile.visits import STATUSES, Asker, Floor, Whose

pytestmark = pytest.mark.django_db
PAGE = read_commands()
SCREENS = read_screens()
ALL = {
    Cell(command, asker, whose, status)
    for command in REGISTRY
    for asker in Asker
    for whose in Whose
    for status in STATUSES
}


def test_the_page_has_every_command_for_everybody_in_every_status_and_no_other():
    assert set(PAGE) == ALL


@pytest.mark.sample(1)
@pytest.mark.slow
@pytest.mark.parametrize("whose", Whose)
def test_every_cell_is_as_the_page_says(floor, ask, whose):
    wrong = []
    for status in STATUSES:
        with taken_back():
            visit = floor.visit(status, whose)
            asked = [cell for cell in ALL if (cell.whose, cell.status) == (whose, status)]
            heard = ask(floor, [_request(floor, visit, cell) for cell in asked])
            for cell, (request, outcome) in zip(asked, heard, strict=True):
                wrong += _faults(cell, request, outcome)
    assert wrong == []


def _request(floor: Floor, visit: Transaction, cell: Cell) -> Request:
    data = order_for(cell.command, floor, visit, cell.asker, cell.whose)
    return Request(cell.asker, cell.command, data)


def _faults(cell: Cell, request: Request, outcome: Outcome) -> list[str]:
    found = []
    if outcome.code != PAGE[cell]:
        found.append(f"{cell}: {outcome.code}, the page says {PAGE[cell]}")
    if outcome.changed:
        found.append(f"{cell}: refused, and yet changed {outcome.changed}")
    if PAGE[cell] == "transaction_not_found" and outcome.sentence != _said_of_none(request):
        found.append(f"{cell}: says more than of a visit that is none: {outcome.sentence}")
    return found


def _said_of_none(request: Request) -> str:
    """Return the message for a visit that does not exist."""
    if request.command == "staff_reopen":
        return "No missed customer with this number."
    if request.command == "cashier_claim":
        return f"No customer with number {request.data['code']}."
    return "That customer isn't assigned to you."


def test_these_are_the_words_for_a_visit_that_does_not_exist(floor, ask):
    nobody = Transaction(pk=UNKNOWN, code="9999", key=A_KEY)
    cells = [
        cell
        for cell, code in PAGE.items()
        if (code, cell.whose, cell.status)
        == ("transaction_not_found", Whose.ELSEWHERE, Status.PENDING_THERAPIST)
    ]
    assert cells
    for request, outcome in ask(floor, [_request(floor, nobody, cell) for cell in cells]):
        assert outcome == ("transaction_not_found", _said_of_none(request), ())


@pytest.mark.slow
def test_every_screen_opens_to_whom_the_page_says(floor, monkeypatch):
    use_the_tests_thread(monkeypatch)
    visit = floor.visit(Status.PAID, Whose.OWN)
    wrong = []
    for (address, asker), expected in SCREENS.items():
        path = _path(address, visit, asker)
        see = _opened if path.startswith("/ws/") else _got
        if (seen := see(path, floor, asker)) != expected:
            wrong.append(f"{asker} at {address}: {seen}, the page says {expected}")
    assert wrong == []


def _path(address: str, visit: Transaction, asker: Asker) -> str:
    key = _key_to(address, visit)
    path = address.replace("<key>", key if asker == Asker.CUSTOMER else A_KEY)
    return f"{path}?branch=makati"


def _key_to(address: str, visit: Transaction) -> str:
    if "receipt" in address:
        return visit.payment.receipt_key
    if "refund" not in address:
        return visit.key
    if not visit.payment.refunds.exists():
        assert visit.cashier is not None
        wanted = Wanted(reason="ill", receipt_number=visit.payment.receipt_number)
        refund(visit.cashier, wanted)
    return visit.payment.refunds.get().key


def _got(path: str, floor: Floor, asker: Asker) -> str:
    client = Client() if asker in VISITORS else session_of(floor.people[asker])
    return str(client.get(path).status_code)


def _opened(path: str, floor: Floor, asker: Asker) -> str:
    return async_to_sync(_first_word)(path, floor, asker)


async def _first_word(path: str, floor: Floor, asker: Asker) -> str:
    headers = {} if asker in VISITORS else {"authorization": f"Bearer {floor.tokens[asker]}"}
    async with open_socket(path, headers=headers) as socket:
        return await socket.first_word()
