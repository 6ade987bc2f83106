"""Layout and accessibility checks that hold for every page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import FloatRect, Locator, Page, ViewportSize, expect

from tools.screens.browser import LOAD_MS

HERE = Path(__file__).resolve().parent
LAYOUT = (HERE / "layout.js").read_text()
TARGETS = (HERE / "targets.js").read_text()
AXE = (HERE / "vendor" / "axe.min.js").read_text()
GRAVE = {"serious", "critical"}
#: All rules are run; only of those that fail are the elements described, which takes time.
RUN_AXE = "axe.run({resultTypes: ['violations']}).then((result) => result.violations)"

#: Phones, tablet, laptops, wall; and 1280 px at 200 % zoom, which halves the viewport.
SIZES = {
    "320": ViewportSize(width=320, height=640),
    "390": ViewportSize(width=390, height=844),
    "768": ViewportSize(width=768, height=1024),
    "1280": ViewportSize(width=1280, height=800),
    "1366": ViewportSize(width=1366, height=768),
    "1920": ViewportSize(width=1920, height=1080),
    "200%": ViewportSize(width=640, height=400),
}
#: Every size that a screen is drawn at: those above, and tablets and walls the other way up.
ALL_SIZES = SIZES | {
    "820": ViewportSize(width=820, height=1180),
    "1024": ViewportSize(width=1024, height=768),
    "1080": ViewportSize(width=1080, height=1920),
}
#: The layouts of a page for axe-core: what one size hides behind a menu, the other shows.
AXE_SIZES = ("320", "1366")
#: Wait until scripts know a new size and finite animations have ended, for two seconds at most:
#: `evaluate` has no timeout. Chromium may never resolve the promise of a transition in a closed
#: popover.
AT_REST = """(async () => {
  const rest = async () => {
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
    const ending = document.getAnimations().filter(({ effect }) =>
      effect.getTiming().iterations !== Infinity && effect.target.checkVisibility());
    await Promise.allSettled(ending.map((each) => each.finished));
  };
  await Promise.race([rest(), new Promise((resolve) => setTimeout(resolve, 2000))]);
})()"""

#: Wait until every picture in sight has come, for ten seconds at most. Others are loaded when they
#: are scrolled to. Not with Playwright's wait_for_function: it evaluates text in the page, which
#: the policy forbids.
PICTURES_SEEN = """(() => {
  const seen = [...document.images].filter((picture) => {
    const { top, bottom } = picture.getBoundingClientRect();
    return top <= innerHeight && bottom >= 0 && picture.checkVisibility();
  });
  const late = new Promise((resolve) => setTimeout(resolve, 10000));
  return Promise.race([Promise.allSettled(seen.map((picture) => picture.decode())), late]);
})()"""

#: Where the controls that can be seen are, by their kind and place among their kind.
POSITIONS = """(() => {
  const found = {};
  for (const each of document.querySelectorAll("button, input, a.button, summary")) {
    const { left, top, width } = each.getBoundingClientRect();
    if (!each.checkVisibility() || width < 2 || top < 0 || top > innerHeight) continue;
    const row = each.closest("[data-code], [data-room]");
    const of = row ? `${row.dataset.code ?? row.dataset.room} ` : "";
    const kind = of + (each.dataset.testid ?? each.id ?? "") + each.textContent.trim().slice(0, 20);
    let place = 1;
    while (`${kind} ${place}` in found) place += 1;
    found[`${kind} ${place}`] = [Math.round(left), Math.round(top)].join(",");
  }
  return found;
})()"""


def wait_until_live(page: Page) -> None:
    """Wait until the page's socket is open and the pictures in sight have come.

    Playwright's "networkidle" is no such condition: on a busy machine scripts run for longer than
    its 500 ms before they ask for pictures, and after that it is not always reached.
    """
    connection = page.get_by_test_id("connection")
    expect(connection).to_have_attribute("data-state", "live", timeout=LOAD_MS)
    page.evaluate(PICTURES_SEEN)


def layout_problems(page: Page) -> list[str]:
    """Return the layout problems at each of `SIZES`; the page keeps the last size."""
    found = []
    for name, size in SIZES.items():
        page.set_viewport_size(size)
        page.evaluate(AT_REST)
        found += [f"{name}: {problem}" for problem in page.evaluate(LAYOUT)]
    return found


def problems_at(page: Page, size: ViewportSize) -> list[str]:
    """Return the problems of layout, targets and focus order at one size; the page keeps it."""
    page.set_viewport_size(size)
    page.evaluate(AT_REST)
    return [*page.evaluate(LAYOUT), *page.evaluate(TARGETS)]


def box_at_rest(part: Locator) -> FloatRect:
    """Return where a part of a page is once nothing moves there; fail when it is not shown."""
    part.page.evaluate(AT_REST)
    box = part.bounding_box()
    assert box
    return box


def controls_that_move(page: Page, news: Callable[[], None]) -> list[str]:
    """Return the controls in sight that stand elsewhere once the news has been shown."""
    page.evaluate(AT_REST)
    before = page.evaluate(POSITIONS)
    news()
    page.evaluate(AT_REST)
    after = page.evaluate(POSITIONS)
    return [
        f"{name} moves with news"
        for name in before
        if after.get(name, before[name]) != before[name]
    ]


def accessibility_problems(page: Page) -> list[str]:
    """Return the problems that axe-core calls serious or critical on the page."""
    page.evaluate(AT_REST)
    # Evaluated, not linked, so that the page's content security policy can stay as it is.
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(RUN_AXE)
    return [
        f"{each['id']}: {each['help']} ({node['html'][:120]})"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]
