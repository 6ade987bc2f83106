"""B2: every field of every command missing, of another type, too big, or one too many."""

from collections.abc import Iterator
from typing import Any

import pytest

from queueing.states import Status
from spa_project.lib.commands import REGISTRY
from spa_project.tests.hostile.clients import Request
from spa_project.tests.hostile.orders import Data, order_for
from spa_project.tests.hostile.visits import Asker, Whose

pytestmark = pytest.mark.django_db
#: Valid values of optional fields.
OPTIONAL: Data = {
    "customer_name": "Ana",
    "request_id": "8b0e1c52",
    "reason": "ill",
    "version": 1,
    "requested_therapist_id": 1,
    "preference": "anyone",
    "minutes": 15,
    "method": "cash",
    "reference": "A1",
    "confirmed": False,
    "attempt_id": 1,
    "therapist_id": 1,
    "expected_total": "600.50",
    "expected_price": "500.00",
    "item_id": 1,
    "value": "10.00",
    "amount_paid": "600.50",
    "tip_amount": "10.00",
    "tip_shares": [{"therapist_id": 1, "amount": "10.00"}],
    "tenders": [{"method": "cash", "amount": "600.50"}],
    "id_number": "123-456",
    "name": "Ana",
    "note": "short",
    "marks": [],
    "turns": "-0.5",
    "approval": "a-secret",
    "receipt_number": 1,
    "receipt_key": "Zk3yq8Vb1d0uWmXn5tRj7sLpQe2aHcFg",
    "lines": [1],
    "amount": "10.00",
    "tip": False,
    "void": False,
}
LONG = "x" * 301
WRONG: dict[type, list[Any]] = {
    int: [True, "1", 1.5, 1.0, [1], {}, 0, -1, 2**63, 2**64, 10**40],
    str: [1, True, 1.5, ["x"], {}, LONG, "\ud800"],
    bool: [1, 0, "true", [], {}],
    dict: [[], "x", 1, True, [{}]],
    list: [{}, "x", 1, True, [None], ["x"], [{}], [[]]],
}


def mutations(command: str, data: Data) -> Iterator[Data]:
    """Yield the data with one mistake at a time."""
    model = REGISTRY[command].data
    yield data | {"something": 1}
    yield data | {"__proto__": {}}
    for name, field in model.model_fields.items():
        if field.is_required():
            yield {key: value for key, value in data.items() if key != name}
        if field.is_required() or field.default is not None:
            yield data | {name: None}
        for value in WRONG[type(data[name])]:
            yield data | {name: value}


def item_mutations(data: Data) -> Iterator[Data]:
    """Yield the data with one mistake in an item of the cart."""
    line = data["items"][0]
    for wrong in (*WRONG[int], None):
        yield data | {"items": [line | {"service_classification_id": wrong}]}
        yield data | {"items": [line | {"quantity": wrong}]}
    yield data | {"items": [line | {"price": "0.01"}]}
    yield data | {"items": [line] * 21}


def count_mutations(data: Data) -> Iterator[Data]:
    """Yield the data with one mistake in a count of notes and coins."""
    for wrong in (*WRONG[int][:6], -1, 100_000, 10**40, None):
        yield data | {"counts": {"1000.00": wrong}}
    for value in ("", "x", "0", "0.00", "-1", "1e3", "1.001", "NaN", "999999999", LONG):
        yield data | {"counts": {value: 1}}
    yield data | {"counts": {"1000": 1, "1000.00": 1}}
    yield data | {"counts": {f"{number}.00": 1 for number in range(1, 42)}}


def asker_of(command: str) -> Asker:
    """Return a client whose role may send it."""
    roles = REGISTRY[command].roles
    return next((asker for asker in Asker if asker.value in roles), Asker.NOBODY)


@pytest.mark.slow
def test_wrong_data_is_invalid_and_changes_nothing(floor, ask):
    visit = floor.visit(Status.PENDING_THERAPIST, Whose.OWN)
    requests = []
    for command in REGISTRY:
        asker = asker_of(command)
        fields = REGISTRY[command].data.model_fields
        optional = {name: value for name, value in OPTIONAL.items() if name in fields}
        right = optional | order_for(command, floor, visit, asker, Whose.OWN)
        wrong = [*mutations(command, right)]
        if "items" in right:
            wrong += item_mutations(right)
        if "counts" in right:
            wrong += count_mutations(right)
        requests += [Request(asker, command, data) for data in wrong]
    assert len(requests) > 400
    heard = list(ask(floor, requests))
    assert [
        (request.command, request.data, outcome)
        for request, outcome in heard
        if outcome.code != "invalid" or outcome.changed
    ] == []
