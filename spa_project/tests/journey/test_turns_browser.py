"""Tests of a strict rotation in Chromium: a dispute about whose turn it is, settled on screen."""

import pytest
from playwright.sync_api import Page, expect

from tools.screens.browser import Windows
from tools.screens.spa import Person, confirmed, the
from tools.servers import reset_spa
from tools.servers.clients import PASSWORD, Floor

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def floor(spa, processes) -> Floor:
    """Return an empty spa with six therapists and a room for each."""
    reset_spa("--password", PASSWORD, "--therapists", "6", "--rooms", "6", **spa)
    return processes


def name_of(person: Person) -> str:
    return str(person.reads("/api/snapshots/therapist/")["me"]["name"])


def order_on(page: Page) -> list[str]:
    return [row.get_attribute("data-turn-of") or "" for row in page.locator(".turn-row").all()]


def make_strict(office: Page) -> None:
    """Choose the strict rotation in the administration."""
    office.goto("/admin/accounts/branch/")
    office.locator("#result_list tbody th a").first.click()
    office.select_option("[name=turn_mode]", "strict")
    office.locator("[name=_save]").click()
    expect(office.locator(".success")).to_be_visible()


def test_a_dispute_about_whose_turn_it_is_is_settled_on_screen(
    floor: Floor, windows: Windows, complaints
):
    desk = windows.open(floor.one, "/desk/", "manager1")
    tablet = windows.open(floor.two, "/therapist/", "therapist3")
    expect(the(tablet, "turns")).to_be_hidden()
    make_strict(windows.open(floor.one, "/admin/", "manager1"))

    team = [Person(floor.two, f"therapist{number}") for number in range(1, 7)]
    for person in team:
        person.does("therapist_clock_in")
    _ana, ben, *_others = names = [name_of(person) for person in team]
    expect(the(tablet, "turns")).to_be_visible()
    expect(tablet.locator(".turn-row")).to_have_count(6)
    assert order_on(tablet) == names

    for _each in range(3):
        confirmed(floor)
    visit = team[0].does("therapist_confirm_next")["transaction"]
    team[0].does("therapist_start_service", transaction_id=visit["id"])
    team[0].does("therapist_finish_service", transaction_id=visit["id"])
    team[0].does("room_set_status", room_number=visit["room_number"], status="available")
    expect(the(tablet, "turn-sentence")).to_have_text(
        f"{ben} is next: you both have 0 turns, and {ben} has waited longer."
    )

    # The one who has just had a customer wants the next one, and reads why not.
    busy = windows.open(floor.one, "/therapist/", "therapist1")
    expect(the(busy, "turn-sentence")).to_have_text(f"{ben} is next: 0 turns, you have 1.")
    the(busy, "claim").click()
    expect(busy.get_by_role("status").filter(has_text=f"{ben} is next")).to_have_count(2)
    expect(the(busy, "current-code")).to_have_count(0)

    # The one who is next does not answer: a manager moves them to the end, and says why.
    monitor = windows.open(floor.two, "/monitor/", "monitor1")
    expect(monitor.locator(".person").nth(0)).to_contain_text(ben)
    the(desk, "open-ledger").click()
    form = the(desk, "turn-form")
    form.get_by_label("Therapist").select_option(label=ben)
    form.get_by_label("Turns").select_option("end")
    form.get_by_label("Reason").fill("Does not answer")
    the(desk, "change-turns").click()
    expect(the(desk, "ledger-row").first).to_contain_text("Does not answer")

    expect(the(tablet, "turn-sentence")).to_have_text("It's your turn.")
    expect(monitor.locator(".person").nth(0)).to_contain_text(name_of(team[2]))
    the(busy, "open-ledger").click()
    newest = the(busy, "ledger-row").first
    for words in (ben, "Moved to the end by a manager", "Does not answer", "+1"):
        expect(newest).to_contain_text(words)
    the(tablet, "claim").click()
    expect(the(tablet, "current-code")).to_be_visible()
    expect(the(busy, "turns").locator("[data-next=true]")).to_have_attribute(
        "data-turn-of", name_of(team[3])
    )
    assert complaints == []
