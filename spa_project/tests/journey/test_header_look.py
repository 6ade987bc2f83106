"""Tests that the header keeps its height, whatever the connection chip says."""

import pytest
from playwright.sync_api import Page, expect

from tools.screens.browser import Windows
from tools.servers.clients import Floor

pytestmark = [pytest.mark.servers, pytest.mark.sample(2)]

HEIGHT = "document.querySelector('.header').getBoundingClientRect().height"
#: Shows the part of the chip for a state, as its bindings do.
SAY = """state => {
  const chip = document.querySelector("[data-testid=connection]");
  chip.dataset.state = state;
  const words = {live: "En vivo", reconnecting: "Volviendo a conectar",
                 offline: "Sin conexión desde las 23:59:59"};
  const shown = document.createElement("span");
  shown.textContent = words[state];
  chip.replaceChildren(chip.firstElementChild, shown);
}"""
NAME = "Santa Rosa de Lima Wellness and Healing Center, Second Floor"


def heights(page: Page, width: int) -> set[float]:
    page.set_viewport_size({"width": width, "height": 800})
    found = set()
    for state in ("live", "reconnecting", "offline"):
        page.evaluate(SAY, state)
        found.add(page.evaluate(HEIGHT))
    return found


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1280, 1920])
def test_the_connection_chip_never_changes_the_headers_height(
    floor: Floor, windows: Windows, width: int
):
    page = windows.open(floor.one, "/desk/", "manager1")
    expect(page.get_by_test_id("connection")).to_have_attribute("data-state", "live")
    page.locator(".brand [data-branch-name]").evaluate(
        "(it, name) => (it.textContent = name)", NAME
    )
    assert len(heights(page, width)) == 1
