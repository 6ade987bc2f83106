"""Tests of screens of a large spa: sixteen rooms, sixteen counters, forty customers waiting."""

import sys

import pytest
from playwright.sync_api import expect

from tools.screens.browser import Windows
from tools.screens.look import ALL_SIZES, AT_REST, controls_that_move, problems_at
from tools.screens.spa import confirmed, the
from tools.screens.states import STATES
from tools.servers import reset_spa, run_quietly
from tools.servers.clients import PASSWORD, Floor

pytestmark = pytest.mark.servers

SETTINGS = {"DJANGO_SETTINGS_MODULE": "spa_project.settings"}
LARGE = ("--therapists", "16", "--cashiers", "16")
#: Customers of forty whom the line shows at once.
SEEN = {"1366": 6, "1920": 12}


@pytest.fixture(scope="module")
def large(spa, processes) -> Floor:
    """Run a spa where every room and most counters are in use."""
    reset_spa("--password", PASSWORD, *LARGE, **spa)
    run_quietly([sys.executable, "-m", "tools.screens.crowded_day"], **spa, **SETTINGS)
    return processes


@pytest.mark.parametrize("size", SEEN)
def test_the_line_is_seen_beside_sixteen_rooms_and_counters(large, windows, size):
    page = STATES["monitor-wall"].open(large.one, windows, {})
    assert problems_at(page, ALL_SIZES[size]) == []
    column = the(page, "column-waiting")
    floor = column.locator(".column-rows").bounding_box()
    assert floor
    boxes = [card.bounding_box() for card in column.locator(".visit-card").all()]
    whole = [
        box for box in boxes if box and box["y"] + box["height"] <= floor["y"] + floor["height"]
    ]
    assert len(whole) >= SEEN[size]
    expect(the(page, "more-waiting")).to_have_text(f"+{len(boxes) - len(whole)} more")


@pytest.mark.parametrize("name", ["monitor", "board", "till", "therapist-called", "desk"])
def test_a_large_spas_screen_fits(large, windows: Windows, complaints, name):
    page = STATES[name].open(large.one, windows, {})
    for size in ("320", "768", "1366"):
        assert problems_at(page, ALL_SIZES[size]) == []
    assert complaints == []


@pytest.mark.parametrize("name", ["monitor", "therapist-called", "desk"])
def test_news_moves_no_control_that_is_in_sight(large, windows: Windows, name):
    page = STATES[name].open(large.one, windows, {})
    page.evaluate(AT_REST)

    def news() -> None:
        code = confirmed(large)["transaction"]["code"]
        expect(page.locator(f"[data-code='{code}']")).to_have_count(1)

    assert controls_that_move(page, news) == []
