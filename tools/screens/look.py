"""What can be said of any page's look: nothing overlaps or is cut off, and axe-core is content."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize

HERE = Path(__file__).resolve().parent
LAYOUT = (HERE / "layout.js").read_text()
AXE = (HERE / "vendor" / "axe.min.js").read_text()
GRAVE = {"serious", "critical"}

#: Small phone, tablet, laptop, wall; and 1280 px at 200 % zoom, which is half as many.
SIZES = {
    "320": ViewportSize(width=320, height=640),
    "768": ViewportSize(width=768, height=1024),
    "1280": ViewportSize(width=1280, height=800),
    "1920": ViewportSize(width=1920, height=1080),
    "200%": ViewportSize(width=640, height=400),
}
#: A new size has reached the scripts, what appears has appeared; what turns for ever may turn.
AT_REST = """(async () => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  const ending = document.getAnimations()
    .filter((each) => each.effect.getTiming().iterations !== Infinity);
  await Promise.allSettled(ending.map((each) => each.finished));
})()"""


def layout_problems(page: Page) -> list[str]:
    """What is wrong with the layout at each of `SIZES`; the page is left at the last."""
    found = []
    for name, size in SIZES.items():
        page.set_viewport_size(size)
        page.evaluate(AT_REST)
        found += [f"{name}: {problem}" for problem in page.evaluate(LAYOUT)]
    return found


def accessibility_problems(page: Page) -> list[str]:
    """What axe-core calls serious or critical on the page as it is now."""
    page.evaluate(AT_REST)
    # Evaluated, not linked: the page's content policy stays as it is.
    page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate("axe.run().then((result) => result.violations)")
    return [
        f"{each['id']}: {each['help']} ({node['html'][:120]})"
        for each in found
        if each["impact"] in GRAVE
        for node in each["nodes"]
    ]
