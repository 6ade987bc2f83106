"""Chromium pages that collect console errors, page errors and failed responses."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Response,
    StorageState,
    ViewportSize,
    sync_playwright,
)

from tools.servers import AppServer, program
from tools.servers.clients import PASSWORD

WAIT_MS = 10_000  # far longer than a step takes to appear, however busy the machine
HOLD_MS = 1200  # longer than the second for which a hold-to-confirm button is held
LOAD_MS = 15_000  # a page's first load starts a browser process
SIZE = ViewportSize(width=1280, height=800)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@dataclass
class Windows:
    """Opener of pages, each in a browser profile of its own; it collects their errors."""

    browser: Browser
    complaints: list[str] = field(default_factory=list)
    language: str = "en"
    #: Storage states with the cookies of logged-in users; logging in is slow on purpose.
    logins: dict[str, StorageState] = field(default_factory=dict)

    def speaking(self, language: str) -> "Windows":
        """Return a copy whose browser requests another language."""
        return replace(self, language=language)

    def open(self, server: AppServer, path: str, username: str = "") -> Page:
        """Open a page as a visitor, or as a member of staff who logs in on the way."""
        context = self.browser.new_context(
            base_url=server.url,
            viewport=SIZE,
            locale=self.language,
            storage_state=self.logins.get(username),
        )
        context.set_default_timeout(WAIT_MS)
        context.set_default_navigation_timeout(LOAD_MS)
        page = context.new_page()
        self._listen_to(page)
        page.goto(path)
        if username and "/login/" in page.url:
            page.fill("[name=username]", username)
            page.fill("[name=password]", PASSWORD)
            page.click("[data-testid=login]")
            # Not by a pattern: the login's own address ends with ?next= and the path.
            page.wait_for_url(lambda url: url == f"{server.url}{path}")
            self.logins[username] = context.storage_state()
        return page

    def close(self) -> None:
        """Close every page of this browser."""
        for context in self.browser.contexts:
            context.close()

    def _listen_to(self, page: Page) -> None:
        page.on("console", self._take_message)
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("response", self._take_response)

    def _take_message(self, message: ConsoleMessage) -> None:
        # Violations of the content security policy arrive here too.
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.location['url']}: {message.text}")

    def _take_response(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.url}: {response.status}")


@contextmanager
def chromium() -> Iterator[Callable[[], Windows]]:
    """Run Debian's Chromium inside the block; each call of the value opens fresh windows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program("chromium-headless-shell"), args=FLAGS
        )
        logins: dict[str, StorageState] = {}
        try:
            yield lambda: Windows(browser, logins=logins)
        finally:
            browser.close()
