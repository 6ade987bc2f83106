"""B3: amounts of money, and texts that only look like one."""

import json
from typing import Any

import pytest
from django.test import Client

from queueing.states import Status
from spa_project.tests.hostile.changes import changed_since, digest
from spa_project.tests.hostile.clients import Request
from spa_project.tests.hostile.visits import DUE, Asker, Whose

pytestmark = pytest.mark.django_db
#: Amounts, and the result of paying each for a bill of 600.50.
AMOUNTS = {
    "0": "insufficient_payment",
    "0.10": "insufficient_payment",
    "150": "insufficient_payment",
    "150.00": "insufficient_payment",
    "600.49": "insufficient_payment",
    str(DUE): "ok",
    "600.5": "ok",
    "00700": "ok",
    "99999999.99": "amount_doubtful",
}
NO_AMOUNTS: list[Any] = [
    *(600.5, 700, 0.1, float("nan"), float("inf"), -0.0, True, None, [], {}, ["700"]),
    *("NaN", "Infinity", "-Infinity", "1e400", "1e2", "1e999999999", "-700", "+700", "", " 700 "),
    *("700\n", "1_000", "1,000", "７００", "٣٠٠", "700.345", "100000000.00", "0x2BC", "9" * 5000),
    *(".5", "700.", "7 00", "700\x00", "½", "￥700", "−700"),
]
RAW = ["1e400", "-1e400", "NaN", "-0.0", "9" * 4000, '"700" "700"', "07"]


def test_only_amounts_are_amounts(floor, ask):
    visit = floor.visit(Status.AWAITING_PAYMENT, Whose.OWN)

    def pay(amount: Any) -> Request:
        data = {"transaction_id": visit.pk, "amount_paid": amount}
        return Request(Asker.CASHIER, "cashier_pay", data)

    expected = dict.fromkeys(map(repr, NO_AMOUNTS), "invalid")
    expected |= {repr(amount): code for amount, code in AMOUNTS.items()}
    heard = ask(floor, [pay(amount) for amount in [*NO_AMOUNTS, *AMOUNTS]])
    outcomes = {repr(request.data["amount_paid"]): outcome for request, outcome in heard}
    assert {amount: outcome.code for amount, outcome in outcomes.items()} == expected
    assert [amount for amount, outcome in outcomes.items() if outcome.changed] == []


@pytest.mark.parametrize("raw", RAW, ids=lambda raw: raw[:8])
def test_what_a_json_reader_would_let_pass_is_refused(floor, raw):
    visit = floor.visit(Status.AWAITING_PAYMENT, Whose.OWN)
    before = digest()
    response = Client().post(
        "/api/commands/cashier_pay/",
        json.dumps({"transaction_id": visit.pk})[:-1] + f', "amount_paid": {raw}}}',
        content_type="application/json",
        headers={"authorization": f"Bearer {floor.tokens[Asker.CASHIER]}"},
    )
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert changed_since(before) == []
