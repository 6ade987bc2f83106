"""Tests of layouts with long bills, long names and a long line, at every size."""

import sys
from collections.abc import Iterator, Sequence

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tools.screens.browser import Windows
from tools.screens.crowded_day import BILLS, LONG_NAME
from tools.screens.look import SIZES, layout_problems
from tools.screens.spa import the
from tools.servers import run_quietly
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(4)]

SETTINGS = {"DJANGO_SETTINGS_MODULE": "spa_project.settings"}
TREATMENTS = [pytest.param(place, id=str(size)) for place, size in enumerate(BILLS)]
PER_CATEGORY = 8  # treatments that the first category of the menu has at least
#: Where the till is one picture, without scrolling the page.
WIDE_COUNTERS = [SIZES["1280"], SIZES["1366"], SIZES["1920"]]
COUNTERS = [*WIDE_COUNTERS, ViewportSize(width=1024, height=768)]


@pytest.fixture(scope="module")
def crowded(floor: Floor, spa) -> Floor:
    """Return the floor with 40 customers waiting, and bills of 1, 4 and 12 treatments."""
    run_quietly([sys.executable, "-m", "tools.screens.crowded_day"], **spa, **SETTINGS)
    return floor


@pytest.fixture
def till(crowded, windows, place) -> Iterator[Page]:
    """Open the till with the customer at this place of the line called."""
    page = windows.open(crowded.one, "/cashier/", "cashier1")
    the(page, "take").nth(place).click()
    expect(the(page, "amount")).to_be_focused()
    yield page
    the(page, "release").click()
    expect(the(page, "claim")).to_be_visible()


def hidden_parts(
    page: Page, *names: str, sizes: Sequence[ViewportSize] = tuple(COUNTERS)
) -> list[str]:
    """Return which parts are not wholly in sight at any of these sizes."""
    found = []
    for size in sizes:
        page.set_viewport_size(size)
        for name in names:
            box = the(page, name).bounding_box()
            if box is None or box["y"] < 0 or box["y"] + box["height"] > size["height"]:
                found.append(f"{name} at {size}")
    return found


@pytest.mark.parametrize("place", TREATMENTS)
def test_a_bill_of_any_length_leaves_total_and_payment_in_sight(till, complaints):
    assert layout_problems(till) == []
    assert hidden_parts(till, "total", "amount", "pay", "release") == []
    # Beside a line of 40 customers, too.
    assert hidden_parts(till, "sales", "refund", sizes=WIDE_COUNTERS) == []
    assert complaints == []


@pytest.mark.parametrize("place", TREATMENTS)
def test_a_question_about_the_amount_hides_neither_bill_nor_total(till, complaints):
    the(till, "amount").fill("99999")
    the(till, "pay").click()
    expect(the(till, "question")).to_be_visible()
    assert layout_problems(till) == []
    assert hidden_parts(till, "total", "amount", "correct", "insist") == []
    the(till, "correct").click()
    assert complaints == []


@pytest.mark.parametrize("place", TREATMENTS)
def test_a_therapist_sees_a_bill_of_any_length(crowded, windows, complaints, place):
    page = windows.open(crowded.one, "/therapist/", f"therapist{place + 1}")
    expect(the(page, "bill-item")).to_have_count(BILLS[place])
    assert layout_problems(page) == []
    assert complaints == []


@pytest.mark.parametrize("place", TREATMENTS)
def test_an_order_of_any_length_fits_the_kiosk_and_its_ticket(crowded, windows, complaints, place):
    kiosk = windows.open(crowded.one, "/menu/?kiosk=1")
    the(kiosk, "begin").click()
    for number in range(BILLS[place]):
        the(kiosk, "add").nth(number % PER_CATEGORY).click()
    the(kiosk, "customer-name").fill(LONG_NAME)
    assert layout_problems(kiosk) == []
    kiosk.set_viewport_size(SIZES["1280"])
    the(kiosk, "confirm").click()
    expect(the(kiosk, "code")).to_be_visible()
    assert layout_problems(kiosk) == []


@pytest.mark.parametrize("size", ["1280", "1366", "1920"])
def test_a_kiosk_on_its_side_has_room_for_six_treatments(crowded, windows, size):
    kiosk = windows.open(crowded.one, "/menu/?kiosk=1")
    kiosk.set_viewport_size(SIZES[size])
    the(kiosk, "begin").click()
    expect(the(kiosk, "menu-tile").first).to_be_visible()
    tiles = [box for tile in the(kiosk, "menu-tile").all() if (box := tile.bounding_box())]
    whole = [box for box in tiles if box["y"] + box["height"] <= SIZES[size]["height"]]
    columns = len({box["x"] for box in whole})
    rows = len({box["y"] for box in whole})
    assert columns * rows >= 6


def test_the_line_added_last_is_in_sight_in_a_long_order(crowded, windows):
    kiosk = windows.open(crowded.one, "/menu/?kiosk=1")
    kiosk.set_viewport_size(SIZES["1280"])
    the(kiosk, "begin").click()
    for number in range(PER_CATEGORY):
        the(kiosk, "add").nth(number).click()
        expect(the(kiosk, "cart-item")).to_have_count(number + 1)
        expect(the(kiosk, "cart-item").last.get_by_test_id("add-one")).to_be_in_viewport(ratio=1)


def test_a_kiosk_that_is_turned_upright_moves_its_cart_below(crowded, windows):
    kiosk = windows.open(crowded.one, "/menu/?kiosk=1")
    kiosk.set_viewport_size(SIZES["1366"])
    the(kiosk, "begin").click()
    expect(the(kiosk, "cart")).to_be_visible()
    kiosk.set_viewport_size(ViewportSize(width=1080, height=1920))
    expect(the(kiosk, "open-cart")).to_be_visible()
    expect(the(kiosk, "cart")).to_be_hidden()


@pytest.mark.parametrize("place", TREATMENTS)
def test_an_order_of_any_length_fits_its_ticket(crowded, windows: Windows, complaints, place):
    menu = windows.open(crowded.one, "/menu/")
    for number in range(BILLS[place]):
        the(menu, "add").nth(number % PER_CATEGORY).click()
    the(menu, "customer-name").fill(LONG_NAME)
    assert layout_problems(menu) == []
    menu.set_viewport_size(SIZES["1280"])
    the(menu, "confirm").click()
    expect(the(menu, "bill-item").first).to_be_visible()
    assert layout_problems(menu) == []
    assert complaints == []


@pytest.mark.parametrize(
    ("path", "username", "ready"),
    [
        ("/desk/", "manager1", "[data-testid=desk-waiting] .queue-row"),
        ("/monitor/", "manager1", ".visit-card"),
        ("/board/", "", "[data-testid=waiting-count]"),
    ],
)
def test_a_long_line_fits(crowded, windows, complaints, path, username, ready):
    page = windows.open(crowded.one, path, username)
    expect(page.locator(ready).first).to_be_visible()
    assert layout_problems(page) == []
    assert complaints == []


def test_the_button_that_places_a_long_order_is_in_sight_at_the_front_desk(crowded, windows):
    desk = windows.open(crowded.one, "/desk/", "manager1")
    the(desk, "browse").first.click()
    for number in range(4):
        the(desk, "offer").nth(number).click()
        expect(the(desk, "desk-item")).to_have_count(number + 1)
    assert hidden_parts(desk, "desk-confirm") == []
