"""Layout and accessibility checks that hold for every page."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize

HERE = Path(__file__).resolve().parent
LAYOUT = (HERE / "layout.js").read_text()
AXE = (HERE / "vendor" / "axe.min.js").read_text()
GRAVE = {"serious", "critical"}

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
#: Wait until scripts know a new size and finite animations have ended.
AT_REST = """(async () => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  const ending = document.getAnimations()
    .filter((each) => each.effect.getTiming().iterations !== Infinity);
  await Promise.allSettled(ending.map((each) => each.finished));
})()"""


def layout_problems(page: Page) -> list[str]:
    """Return the layout problems at each of `SIZES`; the page keeps the last size."""
    found = []
    for name, size in SIZES.items():
        page.set_viewport_size(size)
        page.evaluate(AT_REST)
        found += [f"{name}: {problem}" for problem in page.evaluate(LAYOUT)]
    return found


def accessibility_problems(page: Page) -> list[str]:
    """Return the problems that axe-core calls serious or critical on the page."""
    page.evaluate(AT_REST)
    # Evaluated, not linked, so that the page's content security policy can stay as it is.
    page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate("axe.run().then((result) => result.violations)")
    return [
        f"{each['id']}: {each['help']} ({node['html'][:120]})"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]
