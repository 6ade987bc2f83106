"""Tests in a browser of a chain's page, and of choosing where one works today."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from spa_project.tests.conftest import MANAGE
from tools.screens.browser import Windows
from tools.screens.look import accessibility_problems, layout_problems
from tools.servers import reset_spa, run_quietly
from tools.servers.clients import PASSWORD, Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(3)]

SECONDS = 7
#: Of the longest names, some with customers whom nobody serves.
OPEN_BRANCHES = """
from accounts.models import Branch, User, Workplace
from catalog.models import ServiceClassification
from queueing.services import Choice, confirm_selection
manager = User.objects.get(username="manager1")
therapist = User.objects.get(username="therapist1")
offer = ServiceClassification.objects.first()
for number in range(1, 7):
    name = f"Santa Rosa de Lima Wellness and Healing Center {number}"
    branch = Branch.objects.create(name=name, slug=f"b{number}")
    Workplace.objects.create(user=manager, branch=branch)
    if number == 6:
        confirm_selection(branch, choices=[Choice(offer.pk)])
Workplace.objects.create(user=therapist, branch=branch)
"""
ORDER = """
from accounts.models import Branch
from catalog.models import ServiceClassification
from queueing.services import Choice, confirm_selection
offer = ServiceClassification.objects.first()
confirm_selection(Branch.objects.get(slug="b3"), choices=[Choice(offer.pk)])
"""


@pytest.fixture(scope="module")
def chain(spa, processes) -> Iterator[Floor]:
    """Return a spa of seven branches; nothing is left of them for other tests."""
    reset_spa("--password", PASSWORD, **spa)
    run_quietly([*MANAGE, "shell", "-c", OPEN_BRANCHES], **spa)
    yield processes
    reset_spa("--password", PASSWORD, **spa)


def card(page: Page, slug: str):
    return page.locator(f"[data-branch={slug}]")


def opened(chain: Floor, windows: Windows) -> Page:
    page = windows.open(chain.one, "/chain/", "manager1")
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "live")
    return page


@pytest.mark.parametrize("language", ["en", "es", "fil"])
def test_the_page_of_a_chain_fits_every_size_and_is_accessible(
    chain, windows, complaints, language
):
    page = opened(chain, windows.speaking(language))
    expect(card(page, "b6").locator(".chain-needs")).to_be_visible()
    assert layout_problems(page) == []
    assert accessibility_problems(page) == []
    assert complaints == []


def test_the_list_of_branches_in_the_header_fits_and_is_accessible(chain, windows, complaints):
    page = opened(chain, windows)
    page.set_viewport_size({"width": 1366, "height": 768})
    page.get_by_test_id("workplace").click()
    expect(page.get_by_test_id("work-at").first).to_be_visible()
    assert accessibility_problems(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_test_id("menu").click()
    expect(page.get_by_test_id("menu-work-at").first).to_be_visible()
    assert complaints == []


def test_an_order_is_on_the_page_within_seven_seconds(chain, windows, spa):
    page = opened(chain, windows)
    expect(card(page, "b3").get_by_test_id("waiting")).to_have_text("0")
    run_quietly([*MANAGE, "shell", "-c", ORDER], **spa)
    waiting = card(page, "b3").get_by_test_id("waiting")
    expect(waiting).to_have_text("1", timeout=SECONDS * 1000)


def test_a_tap_opens_the_monitor_of_a_branch(chain, windows):
    page = opened(chain, windows)
    card(page, "b6").get_by_test_id("open").click()
    page.wait_for_url("**/monitor/")
    expect(page.locator(".brand [data-branch-name]")).to_contain_text("Center 6")
    expect(page.locator(".visit-card")).to_have_count(1)


def test_a_therapist_chooses_in_the_header_and_every_tab_follows(chain, windows):
    other = windows.open(chain.two, "/therapist/", "therapist1")
    page = windows.open(chain.one, "/therapist/", "therapist1")
    brand = other.locator(".brand [data-branch-name]")
    expect(brand).not_to_contain_text("Center 6")
    page.get_by_test_id("workplace").click()
    page.get_by_test_id("work-at").filter(has_text="Center 6").click()
    expect(page.locator(".brand [data-branch-name]")).to_contain_text("Center 6")
    expect(brand).to_contain_text("Center 6", timeout=SECONDS * 1000)
