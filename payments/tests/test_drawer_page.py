"""Tests of the cash drawer's page and the X and Z reports."""

import re
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import translation

from accounts.screen_lock import set_pin
from payments import drawers, payment, pieces
from payments.models import CashMovement, DrawerClose, DrawerSession
from queueing.states import Status

PAGE = "/cashier/drawer/"
PIN = "4711"


@pytest.fixture
def till(branch, carl, client):
    branch.drawers = True
    branch.save()
    client.force_login(carl.user)
    return client


def send(client, act: str, **fields) -> str:
    """Return the sentence of the refusal, empty without one."""
    response = client.post(PAGE, {"act": act, **fields})
    if response.status_code == 302:
        return ""
    found = re.search(
        r'data-testid="refusal">.*?<span>(.*?)</span>', response.content.decode(), re.S
    )
    assert found
    return found[1]


def page(client) -> str:
    return str(client.get(PAGE).content.decode())


TWO_THOUSAND = {"piece-1000.00": "2", "piece-0.25": ""}


def test_a_branch_without_drawers_says_so(client, carl):
    client.force_login(carl.user)
    assert "works without cash drawers" in page(client)
    assert 'data-testid="open-drawer"' not in page(client)


def test_a_day_at_the_drawer(till, carl, make_transaction):
    assert send(till, "open", **TWO_THOUSAND) == ""
    assert send(till, "move", kind="out", amount="1,200.50", reason="ice") == ""
    due = make_transaction(Status.AWAITING_PAYMENT)
    payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(500))
    counted = {"piece-500.00": "2", "piece-100.00": "3"}
    assert send(till, "count", **counted) == ""
    shown = page(till)
    assert "₱1,299.50" in shown
    assert "₱0.50" in shown
    assert send(till, "close", **counted) == "Add a note on the difference of ₱0.50."
    assert send(till, "close", **counted, note="found a coin") == ""
    [z] = DrawerClose.objects.all()
    assert (z.z_number, z.note, z.figures["expected"]) == (1, "found a coin", "1299.50")


def test_what_is_expected_is_hidden_until_the_drawer_was_counted(till, carl, make_transaction):
    send(till, "open", **TWO_THOUSAND)
    due = make_transaction(Status.AWAITING_PAYMENT)
    payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(500))
    x = "/cashier/drawer/x/"
    assert "2,500.00" not in page(till)
    assert 'data-testid="expected"' not in till.get(x).content.decode()
    send(till, "count", **TWO_THOUSAND)
    assert "2,500.00" in page(till)
    assert 'data-testid="expected"' in till.get(x).content.decode()


def test_a_manager_approves_a_large_difference_on_the_page(till, maria):
    set_pin(maria, PIN)
    send(till, "open", **TWO_THOUSAND)
    counted = {"piece-1000.00": "1"}
    send(till, "count", **counted)
    closing = {**counted, "note": "lost"}
    assert send(till, "close", **closing) == "A manager must approve the difference of ₱1,000.00."
    assert send(till, "close", **closing, username="maria", pin="0000") == "Incorrect PIN."
    assert DrawerClose.objects.count() == 0
    assert send(till, "close", **closing, username="maria", pin=PIN) == ""
    assert DrawerClose.objects.get().approved_by == maria


def test_tips_are_paid_out_to_a_therapist_who_is_named(till, carl, maya, make_transaction):
    send(till, "open", **TWO_THOUSAND)
    due = make_transaction(Status.AWAITING_PAYMENT)
    payment.pay(carl, transaction_id=due.pk, amount_paid=Decimal(620), tip_amount=Decimal(120))
    assert "Maya: tips today ₱120.00, paid out ₱0.00" in page(till)
    form = {"kind": "tip_payout", "amount": "120", "reason": "End of shift"}
    assert send(till, "move", **form) == "Choose the therapist who is paid."
    form |= {"therapist_id": str(maya.pk), "request_id": "moved-01"}
    for _ in range(2):  # a form that is sent twice
        assert send(till, "move", **form) == ""
    assert CashMovement.objects.get().therapist == maya
    shown = page(till)
    assert "Maya: tips today ₱120.00, paid out ₱120.00" in shown
    assert re.search(r"Tip payout: Maya\s+· End of shift", shown)
    assert "Tip payout: Maya" in till.get("/cashier/drawer/x/").content.decode()


def test_the_last_count_is_offered_as_the_float(till):
    send(till, "open", **TWO_THOUSAND)
    send(till, "count", **TWO_THOUSAND)
    send(till, "close", **TWO_THOUSAND)
    assert re.search(r'name="piece-1000.00"[^>]*value="2"', page(till))


def test_a_refused_form_keeps_what_was_typed(till):
    send(till, "open", **TWO_THOUSAND)
    response = till.post(PAGE, {"act": "move", "kind": "in", "amount": "x", "reason": "coins"})
    assert 'value="coins"' in response.content.decode()
    assert not CashMovement.objects.exists()


@pytest.mark.parametrize("count", ["-1", "1.5", "x", "²", "9999999"])
def test_what_is_no_count_is_refused(till, count):
    assert send(till, "open", **{"piece-1000.00": count})
    assert not DrawerSession.objects.exists()


def test_an_unknown_act_changes_nothing(till):
    assert send(till, "empty")


@pytest.mark.parametrize("width", ["80", "58"])
def test_a_z_report_is_printed_again_as_it_was(till, client, maria, carl, width):
    send(till, "open", **TWO_THOUSAND)
    send(till, "count", **TWO_THOUSAND)
    send(till, "close", **TWO_THOUSAND)
    address = f"/cashier/drawer/z/1/?width={width}"
    first = till.get(address).content.decode()
    assert f'data-width="{width}"' in first
    assert "₱2,000.00" in first
    assert "data-print" not in first
    drawers.open_drawer(carl, counts={"1000.00": 2})
    client.force_login(maria)
    again = client.post(address).content.decode()
    assert "data-print" in again
    assert "000001" in again


def test_a_z_report_shows_the_figures_of_the_close_and_sums_nothing_anew(till, monkeypatch):
    send(till, "open", **TWO_THOUSAND)
    send(till, "count", **TWO_THOUSAND)
    send(till, "close", **TWO_THOUSAND)

    def figures_of(drawer):
        raise AssertionError("The rows are summed again.")

    monkeypatch.setattr("payments.drawer_views.figures_of", figures_of)
    assert "₱2,000.00" in till.get("/cashier/drawer/z/1/").content.decode()


def test_reports_that_are_none_are_not_found(till):
    assert till.get("/cashier/drawer/x/").status_code == 404
    assert till.get("/cashier/drawer/z/1/").status_code == 404


def test_the_till_links_to_the_drawer_where_the_branch_has_them(till, branch):
    assert 'data-testid="drawer"' in till.get("/cashier/").content.decode()
    branch.drawers = False
    branch.save()
    assert 'data-testid="drawer"' not in till.get("/cashier/").content.decode()


def test_a_manager_chooses_a_pin(client, maria):
    client.force_login(maria)
    sent = {"pin": PIN, "again": PIN, "password": "a-long-walk-to-the-sea"}
    assert client.post("/accounts/pin/", sent)["Location"] == "/desk/"


@pytest.mark.parametrize("language", ["es", "fil"])
def test_the_page_is_translated(till, language):
    till.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    assert "Cash drawer" not in page(till)
    translation.deactivate()


def test_notes_and_coins_are_those_of_the_change_on_the_till():
    script = (settings.BASE_DIR / "static/js/lib/cash.js").read_text()
    for name, table in (("NOTES", pieces.NOTES), ("COINS", pieces.COINS)):
        block = script.split(f"const {name} = {{")[1].split("};")[0]
        rows = re.findall(r"([A-Z]{3}): \[([^\]]*)\]", block)
        assert {code: tuple(map(int, row.split(","))) for code, row in rows} == table


def test_every_sum_can_be_entered_in_an_unknown_currency():
    assert Decimal("0.01") in pieces.pieces_of("XXX")
