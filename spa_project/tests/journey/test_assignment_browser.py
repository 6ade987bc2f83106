"""A floor of six therapists in Chromium: a request, a break, a dispute about whose turn it is."""

import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tools.screens.browser import HOLD_MS, Windows
from tools.screens.look import problems_at, wait_until_live
from tools.screens.spa import Spa, confirmed, the
from tools.servers import reset_spa, run_quietly
from tools.servers.clients import PASSWORD, Floor

pytestmark = pytest.mark.servers

TABLET = ViewportSize(width=1024, height=768)
WALL = ViewportSize(width=1920, height=1080)
STRICT = "from accounts.models import Branch; Branch.objects.update(turn_mode='strict')"


@pytest.fixture(scope="module")
def floor(spa, processes) -> Floor:
    """Return an empty spa with six therapists, a room for each, and a strict rotation."""
    reset_spa("--password", PASSWORD, "--therapists", "6", "--rooms", "6", **spa)
    run_quietly([sys.executable, "manage.py", "shell", "-c", STRICT], **spa)
    return processes


class Team:
    """Six therapists, each at a tablet of their own."""

    def __init__(self, floor: Floor, windows: Windows, pictures: Path) -> None:
        self.tablets = [
            windows.open((floor.one, floor.two)[number % 2], "/therapist/", f"therapist{number}")
            for number in range(1, 7)
        ]
        self.pictures = pictures
        self.names: list[str] = []

    def clocks_in(self) -> None:
        """Clock in one after the other: that is the order of their first turns."""
        for tablet in self.tablets:
            the(tablet, "clock-in").click()
            expect(the(tablet, "clock-out")).to_be_visible()
        last = self.tablets[-1]
        expect(last.locator(".turn-row")).to_have_count(6)
        self.names = self.order_on(last)

    def order_on(self, tablet: Page) -> list[str]:
        rows = tablet.locator(".turn-row").all()
        return [row.get_attribute("data-turn-of") or "" for row in rows]

    def all_see_next(self, number: int) -> None:
        """Expect that all tablets show this therapist as the next one, in the same order."""
        for tablet in self.tablets:
            row = the(tablet, "turns").locator("[data-next=true]")
            expect(row).to_have_attribute("data-turn-of", self.names[number])
        assert len({tuple(self.order_on(tablet)) for tablet in self.tablets}) == 1

    def is_told(self, number: int, sentence: str) -> None:
        expect(the(self.tablets[number], "turn-sentence")).to_have_text(sentence)

    def calls(self, number: int) -> None:
        the(self.tablets[number], "claim").click()
        expect(the(self.tablets[number], "current-code")).to_be_visible()

    def looks(self, number: int, name: str) -> None:
        tablet = self.tablets[number]
        assert problems_at(tablet, TABLET) == []
        tablet.screenshot(path=self.pictures / f"{name}.png")


def test_six_therapists_share_out_customers_by_what_their_screens_say(
    floor: Floor, windows: Windows, complaints, tmp_path
):
    ana, ben, cara, dina = range(4)
    spa = Spa(windows, floor)
    team = Team(floor, windows, tmp_path)
    team.clocks_in()
    team.all_see_next(ana)

    # A customer asks for the second therapist on a phone; three more take whoever is next.
    the(spa.menu, "add").first.click()
    asked = the(spa.menu, "asked")
    option = asked.locator("option").filter(has_text=team.names[ben])
    asked.select_option(option.get_attribute("value"))
    the(spa.menu, "confirm").click()
    spa.phone_opens_the_ticket()
    for _each in range(3):
        confirmed(floor)
    expect(the(spa.ticket, "asked-for")).to_have_text(f"Waiting for {team.names[ben]}")
    team.looks(ben, "asked-for")

    # The first calls whoever is first; the second calls their own request, which is no full turn.
    team.calls(ana)
    team.calls(ben)
    expect(the(team.tablets[ben], "current-code")).to_have_text(spa.code)
    team.all_see_next(cara)

    # The third takes a break and keeps their place; the fourth is next.
    the(team.tablets[cara], "break").click()
    expect(the(team.tablets[cara], "clock-in")).to_be_visible()
    team.all_see_next(dina)
    team.looks(cara, "on-a-break")

    # The first is done and wants the next customer: their screen says whose turn it is, and why.
    first = team.tablets[ana]
    the(first, "start").click()
    the(first, "finish").click(delay=HOLD_MS)
    the(first, "room-ready").click()
    team.is_told(ana, f"{team.names[dina]} is next: 0 turns, you have 1.")
    the(first, "claim").click()
    expect(first.get_by_role("status").filter(has_text=team.names[dina])).to_have_count(2)
    expect(the(first, "current-code")).to_have_count(0)
    team.looks(ana, "not-your-turn")
    team.is_told(dina, "It's your turn.")
    team.calls(dina)

    # The third is back, and is next again.
    the(team.tablets[cara], "clock-in").click()
    team.all_see_next(cara)
    team.is_told(cara, "It's your turn.")
    team.calls(cara)
    expect(the(first, "waiting-count")).to_have_text("0")

    wait_until_live(spa.monitor)
    spa.monitor.set_viewport_size(WALL)
    expect(spa.monitor.locator(".person")).to_have_count(6)
    assert problems_at(spa.monitor, WALL) == []
    spa.monitor.screenshot(path=tmp_path / "monitor.png")
    assert complaints == []
