"""Tests of screens of a large spa: sixteen rooms, sixteen counters, forty customers waiting."""

import math
import re
import sys

import pytest
from playwright.sync_api import expect

from tools.screens.browser import Windows
from tools.screens.look import (
    ALL_SIZES,
    AT_REST,
    LAYOUT,
    controls_that_move,
    problems_at,
    wait_until_live,
)
from tools.screens.spa import confirmed, the
from tools.screens.states import STATES
from tools.servers import reset_spa, run_quietly
from tools.servers.clients import PASSWORD, Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(4)]

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
    # What is still loading may move things: only news may not.
    wait_until_live(page)
    page.evaluate(AT_REST)

    def news() -> None:
        code = confirmed(large)["transaction"]["code"]
        expect(page.locator(f"[data-code='{code}']")).to_have_count(1)

    assert controls_that_move(page, news) == []


def test_a_wall_that_is_longer_than_its_screen_is_noticed(large, windows: Windows):
    page = STATES["monitor-wall"].open(large.one, windows, {})
    page.set_viewport_size(ALL_SIZES["1920"])
    page.evaluate(AT_REST)
    assert page.evaluate(LAYOUT) == []
    page.locator("main").evaluate("(main) => (main.style.blockSize = '1400px')")
    page.locator(".boards").evaluate("(boards) => (boards.style.maxBlockSize = '60px')")
    found = page.evaluate(LAYOUT)
    assert any(re.search(r"the wall is \d+ px higher than its screen", each) for each in found)
    assert any("of a wall that nobody scrolls" in each for each in found)


FORTY = """(strip) => {
  strip.dataset.density = "packed";
  const room = strip.querySelector(".room");
  while (strip.querySelectorAll(".room").length < 40) strip.append(room.cloneNode(true));
}"""


@pytest.mark.parametrize("size", ["1024", "1280", "1366", "1920", "1080"])
def test_a_manager_scrolls_the_page_to_each_of_forty_rooms(large, windows: Windows, size):
    page = STATES["monitor"].open(large.one, windows, {})
    page.set_viewport_size(ALL_SIZES[size])
    the(page, "rooms").evaluate(FORTY)
    assert problems_at(page, ALL_SIZES[size]) == []


#: Whether another part of the page lies on the last line of an element.
IS_COVERED = """(element) => {
  const { left, bottom, width } = element.getBoundingClientRect();
  const seen = document.elementFromPoint(left + width / 2, bottom - 4);
  return !element.contains(seen);
}"""


@pytest.mark.parametrize("size", ["1024", "1280", "1366", "1920"])
def test_the_steps_of_a_visit_are_in_sight_and_cover_no_bill(large, windows: Windows, size):
    page = STATES["therapist-called"].open(large.one, windows, {})
    page.set_viewport_size(ALL_SIZES[size])
    page.evaluate(AT_REST)
    for name in ("recall", "no-show", "more", "start", "bill-item"):
        part = the(page, name).first
        expect(part).to_be_in_viewport(ratio=1)
        assert not part.evaluate(IS_COVERED), name


@pytest.mark.parametrize("size", ["320", "390", "768"])
def test_the_next_step_of_a_visit_is_in_sight_on_a_phone(large, windows: Windows, size):
    page = STATES["therapist-12"].open(large.one, windows, {})
    page.set_viewport_size(ALL_SIZES[size])
    page.evaluate(AT_REST)
    for name in ("add-service", "finish"):
        expect(the(page, name)).to_be_in_viewport(ratio=1)
        assert not the(page, name).evaluate(IS_COVERED), name


#: Height of a digit in minutes of arc. ISO 9241-303: at least 16 where reading is the task. 10 is
#: what good contrast takes where it is looked up now and then (ISO 9241-3, NUREG-0700 1.3.1-4).
READ, LOOKED_UP = 16, 10
DISTANCE_MM = 4000
PIXEL_MM = 952 / 1920  # a 43" television of 1920 x 1080 is 952 mm wide
DIGIT = 0.72  # height of a digit by the size of its font, in the fonts of `--font`
LEGIBLE: dict[str, dict[int, tuple[str, ...]]] = {
    "board": {
        READ: (
            *(".call-code", ".call-room .figure", ".recent-call .code", ".recent-room .figure"),
            *(".up-next-list .code", ".counter-call .figure", ".board-foot .figure"),
        ),
    },
    "monitor-wall": {
        LOOKED_UP: (
            *(".floor-figures dd", ".visit-card .code"),
            *("[data-testid=rooms] .room-number", "[data-testid=counters] .room-number"),
        ),
    },
}


@pytest.mark.parametrize("name", LEGIBLE)
def test_the_figures_of_a_wall_are_read_from_four_metres(large, windows: Windows, name):
    page = STATES[name].open(large.one, windows, {})
    page.set_viewport_size(ALL_SIZES["1920"])
    page.evaluate(AT_REST)
    for minutes, figures in LEGIBLE[name].items():
        least = DISTANCE_MM * math.tan(math.radians(minutes / 60)) / PIXEL_MM / DIGIT
        for figure in figures:
            shown = page.locator(f"{figure} >> visible=true")
            sizes = shown.evaluate_all(
                "(all) => all.map((each) => parseFloat(getComputedStyle(each).fontSize))"
            )
            assert sizes
            assert min(sizes) >= least, figure


def test_a_long_line_takes_turns_on_the_board(large, windows: Windows):
    page = STATES["board"].open(large.one, windows, {})
    expect(the(page, "places")).to_have_text("1–5")
    first = the(page, "up-next").locator("li").all_inner_texts()
    expect(the(page, "places")).to_have_text("6–10")
    second = the(page, "up-next").locator("li").all_inner_texts()
    assert len(first) == len(second) == 5
    assert sorted({*first, *second}) == first + second


def test_the_front_desk_reads_why_and_until_when_a_customer_is_on_hold(large, windows: Windows):
    page = STATES["desk"].open(large.one, windows, {})
    held = the(page, "desk-waiting").get_by_test_id("hold-reason").filter(has_text="Stepped out")
    expect(held).to_be_visible()
    expect(held).to_have_text(re.compile(r"until \d\d:\d\d\s+·\s+Stepped out"))
