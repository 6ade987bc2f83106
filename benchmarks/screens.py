"""Cost of a screen on its device: bytes of the first view, largest paint, paint of an update.

`make bench-screens` measures on the demo's server with Debian's Chromium and writes the figures
into docs/performance.md.
"""

import json
import platform
import urllib.request
from statistics import median
from typing import NamedTuple

from playwright.sync_api import CDPSession, Page, expect

from benchmarks.report import say, write
from tools.screens.browser import LOAD_MS, Windows, chromium
from tools.screens.demo_day import afternoon
from tools.screens.look import wait_until_live
from tools.servers import AppServer

ROWS = 200
CROWD = 190  # beside the customers of the demo day
UPDATES = 30
VIEWS = 5
SLOWER = 4  # times; a cheap tablet's processor
MOST_BYTES = 120_000
MOST_PAINT_MS = 1000
MOST_UPDATE_MS = 50
SCREENS = {"menu": ("/menu/", ""), "therapist's desk": ("/therapist/", "therapist1")}

WATCH_PAINT = """
window.largestPaint = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.largestPaint = entry.startTime;
}).observe({ type: "largest-contentful-paint", buffered: true });
"""
#: From the message to the first task after the frame that shows its row.
WATCH_UPDATES = """
window.updates = [];
window.WebSocket = class extends WebSocket {
  constructor(...address) {
    super(...address);
    this.addEventListener("message", ({ data }) => {
      const begun = performance.now();
      const news = JSON.parse(data);
      if (news.event !== "monitor_updated") return;
      const { code } = news.data.transaction;
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => {
          const isShown = document.querySelector(`[data-code="${code}"]`) !== null;
          window.updates.push({ code, isShown, took: performance.now() - begun });
        };
        channel.port2.postMessage(null);
      });
    });
  }
};
"""


class Figure(NamedTuple):
    """Row of the table."""

    measure: str
    ours: str
    bar: str
    met: bool


def views(server: AppServer, windows: Windows, name: str) -> list[Figure]:
    """Measure the first view of a screen with an empty cache, several times."""
    path, username = SCREENS[name]
    page = windows.open(server, path, username)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.add_init_script(WATCH_PAINT)
    sizes, paints = zip(*(view(page, devtools, path) for _ in range(VIEWS)), strict=True)
    size, paint = max(sizes), median(paints)
    return [
        Figure(
            f"first view of the {name}, everything over the wire",
            f"{size / 1000:.1f} kB",
            f"at most {MOST_BYTES // 1000} kB",
            size <= MOST_BYTES,
        ),
        Figure(
            f"largest paint of the {name}, processor slowed {SLOWER} times",
            f"{paint:.0f} ms",
            f"less than {MOST_PAINT_MS} ms",
            paint < MOST_PAINT_MS,
        ),
    ]


def view(page: Page, devtools: CDPSession, path: str) -> tuple[int, float]:
    """Return the received bytes and the time of the largest paint of one view without a cache."""
    received: list[int] = []

    def count(event: dict[str, int]) -> None:
        received.append(event["encodedDataLength"])

    devtools.on("Network.loadingFinished", count)
    page.goto(path)
    wait_until_live(page)
    page.wait_for_timeout(500)
    devtools.remove_listener("Network.loadingFinished", count)
    return sum(received), page.evaluate("window.largestPaint")


def updates(server: AppServer, windows: Windows) -> list[Figure]:
    """Measure the paint of new orders on a monitor that shows 200 rows."""
    page = windows.open(server, "/monitor/", "monitor1")
    page.add_init_script(WATCH_UPDATES)
    page.reload()
    expect(page.locator(".visit-card").nth(ROWS - 1)).to_be_attached(timeout=LOAD_MS)
    for _ in range(UPDATES):
        order(server)
        page.wait_for_timeout(150)
    page.wait_for_timeout(1000)
    seen = page.evaluate("window.updates")
    assert len(seen) == UPDATES, f"{len(seen)} of {UPDATES} updates came"
    assert all(update["isShown"] for update in seen), "a row was not there when it was painted"
    took = sorted(update["took"] for update in seen)
    slowest = took[int(len(took) * 0.95)]
    return [
        Figure(
            "an update painted after its message, 200 rows on the monitor (median, 95th of 100)",
            f"{median(took):.0f} ms, {slowest:.0f} ms",
            f"at most {MOST_UPDATE_MS} ms",
            slowest <= MOST_UPDATE_MS,
        )
    ]


def order(server: AppServer) -> None:
    """Confirm one more order."""
    with urllib.request.urlopen(f"{server.url}/api/menu/") as answer:
        menu = json.load(answer)
    offer = menu["categories"][0]["services"][0]["classifications"][0]["id"]
    body = json.dumps({"items": [{"service_classification_id": offer}]}).encode()
    address = f"{server.url}/api/commands/customer_confirm_selection/"
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(address, body, headers)).close()


def table(figures: list[Figure]) -> str:
    """Return the figures as a Markdown table."""
    lines = ["| measure | ours | bar | met |", "|---|---|---|---|"]
    lines += [f"| {f.measure} | {f.ours} | {f.bar} | {'yes' if f.met else 'NO'} |" for f in figures]
    return "\n".join(lines)


def main() -> None:
    """Measure every screen and print the figures."""
    figures: list[Figure] = []
    with chromium() as new_windows:
        with afternoon() as server:
            for name in SCREENS:
                say(f"Looking at the {name} ...")
                figures += views(server, new_windows(), name)
        say(table(figures))
        with afternoon(crowd=CROWD) as server:
            say("Watching a full monitor ...")
            windows = new_windows()
            figures += updates(server, windows)
            version = windows.browser.version
    say(table(figures[-1:]))
    write("screens", table(figures), f"{platform.system()}, Chromium {version} without a GPU")


if __name__ == "__main__":
    main()
