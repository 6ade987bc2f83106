"""Tests of the encoding of messages."""

import json

import pytest

from spa_project.lib.realtime import messages
from spa_project.lib.realtime.messages import EncodedOnce, text_of

VISIT = {"id": 7, "customer_name": "Iñigo “Igo”", "items": [{"price": "950.00"}], "tax": None}


@pytest.fixture
def encodings(monkeypatch) -> list[object]:
    """Record what is encoded."""
    found: list[object] = []
    encode = json.dumps

    def take(value: object) -> str:
        found.append(value)
        return encode(value)

    monkeypatch.setattr(json, "dumps", take)
    return found


@pytest.mark.parametrize("also", [{}, {"key": "abc"}])
def test_a_reply_is_the_same_whether_its_parts_are_encoded_or_not(also):
    command = {"command": "cashier_pay", "id": "a"}
    plain = messages.result(command, {"ok": True, "transaction": VISIT, **also})
    ready = messages.result(command, {"ok": True, "transaction": EncodedOnce(VISIT), **also})
    assert json.loads(ready) == json.loads(plain)
    assert json.loads(ready)["transaction"] == VISIT


def test_an_object_of_several_messages_is_encoded_once(encodings):
    visit = EncodedOnce(VISIT)
    event = text_of(visit)
    for number in range(2):
        reply = messages.result({"command": "undo", "id": number}, {"ok": True, "t": visit})
        assert event in reply
    assert encodings.count(visit) == 1
