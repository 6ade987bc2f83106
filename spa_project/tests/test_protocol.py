"""Tests that docs/protocol.md matches the code: commands, codes, events, shapes and URLs."""

import json
import re
from decimal import Decimal
from typing import Any, get_type_hints

import pytest
from django.conf import settings
from django.urls import resolve

from catalog.serializers import CategoryData, ClassificationData, MenuData, ServiceData
from queueing.errors import PriceChanged
from queueing.events import (
    AUDIENCES,
    DISPLAY_EVENT,
    MENU_EVENT,
    PRESENCE_EVENT,
    ROOM_EVENT,
    SETUP_EVENT,
    TICKET_EVENT,
)
from queueing.serializers import (
    AttemptData,
    BoardRow,
    DisplayRow,
    ItemData,
    PaymentData,
    RoomData,
    TherapistData,
    TransactionData,
)
from queueing.snapshots import BranchData, MenuDigest, Setup, TicketDigest
from queueing.statistics import Statistics, Takings
from spa_project.lib.commands import REGISTRY
from spa_project.lib.errors import DomainError

PAGE = (settings.BASE_DIR / "docs" / "protocol.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
COMMANDS = [example for example in EXAMPLES if "command" in example]
EVENTS = [example for example in EXAMPLES if "event" in example]


def first_cells(heading: str) -> set[str]:
    """Return the names in the first column of the tables under a heading."""
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE))


def family(base: type[DomainError]) -> set[type[DomainError]]:
    return {base}.union(*(family(child) for child in base.__subclasses__()))


def test_every_command_is_in_the_table_and_no_other():
    assert first_cells("Commands") == set(REGISTRY)


def test_every_command_has_an_example():
    assert {example["command"] for example in COMMANDS} == set(REGISTRY)


@pytest.mark.parametrize("example", COMMANDS, ids=lambda example: example["command"])
def test_the_example_of_a_command_is_accepted(example):
    assert REGISTRY[example["command"]].data.model_validate(example["data"])


def test_every_error_code_is_in_the_table_and_no_other():
    assert first_cells("Error codes") == {error.code for error in family(DomainError)}


@pytest.mark.parametrize("error", sorted(family(DomainError), key=str))
def test_the_table_has_the_http_status_of_each_code(error):
    row = re.search(rf"^\| `{error.code}` \| (\d+) ", PAGE, re.MULTILINE)
    assert row
    same_code = {other for other in family(DomainError) if other.code == error.code}
    assert int(row[1]) in {other.http_status for other in same_code}


def test_the_example_of_a_changed_price_has_the_fields_of_the_refusal():
    [example] = [each for each in EVENTS if each.get("code") == PriceChanged.code]
    price = Decimal("1.00")
    refusal = PriceChanged(displayed=price, charged=price, menu="").as_reply()
    assert set(example) == {"event", "id", *refusal}


def test_the_example_of_a_snapshot_has_the_setup():
    [snapshot] = [example["data"] for example in EVENTS if example["event"] == "snapshot"]
    assert set(get_type_hints(Setup)) <= set(snapshot)
    assert_shape(snapshot["branch"], BranchData)


def test_every_broadcast_has_an_example():
    told = {audience.event for audience in AUDIENCES}
    told |= {DISPLAY_EVENT, ROOM_EVENT, PRESENCE_EVENT, TICKET_EVENT, SETUP_EVENT, MENU_EVENT}
    assert told <= {example["event"] for example in EVENTS}


def assert_shape(data: Any, declared: type) -> None:
    """Assert that the example has exactly the fields that the typed dictionary declares."""
    assert set(data) == set(get_type_hints(declared))


def test_the_example_of_a_transaction_has_its_shape():
    [transaction] = [each for each in EXAMPLES if "total_amount" in each and "event" not in each]
    [attempt] = [example for example in EXAMPLES if "method_name" in example]
    held = {"hold_reason": "Stepped out"}
    assert_shape(transaction | {"attempt": attempt} | held, TransactionData)
    assert_shape(attempt, AttemptData)
    assert_shape(transaction["items"][0], ItemData)
    assert_shape(transaction["payment"], PaymentData)


def test_the_example_of_a_menu_has_its_shape():
    [menu] = [example for example in EXAMPLES if "categories" in example]
    assert_shape(menu, MenuData)
    assert_shape(menu["categories"][0], CategoryData)
    assert_shape(menu["categories"][0]["services"][0], ServiceData)
    assert_shape(menu["categories"][0]["services"][0]["classifications"][0], ClassificationData)


def test_the_examples_of_board_rows_rooms_and_therapists_have_their_shape():
    [board] = [example for example in EVENTS if example["event"] == "board_updated"]
    [room] = [example for example in EVENTS if example["event"] == ROOM_EVENT]
    assert_shape(board["data"]["transaction"], BoardRow)
    assert_shape(room["data"]["room"], RoomData)
    [display] = [example for example in EVENTS if example["event"] == DISPLAY_EVENT]
    assert_shape(display["data"]["transaction"], DisplayRow)
    [presence] = [example for example in EVENTS if example["event"] == PRESENCE_EVENT]
    assert_shape(presence["data"]["therapist"], TherapistData)


def test_the_example_of_the_figures_has_their_shape():
    beats = [example["data"] for example in EVENTS if example["event"] == "heartbeat"]
    [statistics] = [data["statistics"] for data in beats if "statistics" in data]
    [takings] = [data for data in beats if "revenue_today" in data]
    [ticket] = [data for data in beats if "before" in data]
    [menu] = [data for data in beats if data.keys() == {"setup", "wait_minutes"}]
    assert_shape(menu, MenuDigest)
    assert_shape(statistics, Statistics)
    assert_shape(ticket, TicketDigest)
    assert_shape(takings, Takings)


PATHS = set(re.findall(r"`(?:GET |POST )?(/[^` ?]*)[^`]*`", PAGE.split("## Messages")[0]))


@pytest.mark.parametrize("path", sorted(path for path in PATHS if not path.startswith("/ws/")))
def test_every_address_leads_somewhere(path):
    assert resolve(
        path.replace("<key>", "abc").replace("<counter>", "1").replace("<command>", "cashier_pay")
    )
