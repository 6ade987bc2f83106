"""Draw every page in each of its states with full content, and measure it: `make screens`.

Writes one contact sheet for each state and size of spa, and prints what was looked at and what was
found. The exit status is 1 when anything was found.
"""

import argparse
import io
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from PIL import Image, ImageDraw
from playwright.sync_api import Error, Page

from tools.messages import LANGUAGES
from tools.screens.browser import Windows, chromium
from tools.screens.look import ALL_SIZES, AXE_SIZES, accessibility_problems, problems_at
from tools.screens.states import STATES
from tools.servers import AppServer, open_spa
from tools.servers.clients import PASSWORD

THUMB = 420  # pixels, the height of a picture on a contact sheet
CAPTION = 18  # pixels
SPOKEN = ("en", *LANGUAGES)


class Spa(NamedTuple):
    """How many rooms, and therapists in them, and counters a branch has."""

    rooms: int
    counters: int


#: No fewer therapists than the floor's cast; a branch of two rooms is drawn with four therapists.
SPAS = {"small": Spa(4, 1), "ordinary": Spa(12, 3), "walls": Spa(16, 16), "large": Spa(40, 16)}


@contextmanager
def crowded(spa: Spa) -> Iterator[tuple[AppServer, dict[str, str]]]:
    """Run one process on SQLite with a crowded floor; yield it, and the keys of tickets."""
    with TemporaryDirectory() as folder:
        settings = {
            "DATABASE_URL": f"sqlite:///{Path(folder) / 'spa.sqlite3'}",
            "STATIC_ROOT": str(Path(folder) / "static"),
            "SECRET_KEY": secrets.token_urlsafe(45),
            "RATE_LIMITS": "off",
            "DJANGO_SETTINGS_MODULE": "spa_project.settings",
        }
        staff = ("--therapists", str(spa.rooms), "--cashiers", str(spa.counters))
        open_spa("--password", PASSWORD, *staff, **settings)
        with AppServer(**settings) as server:
            # The process first: it gives its folders to the environment of the scene.
            tickets = subprocess.run(
                [sys.executable, "-m", "tools.screens.crowded_day"],
                env=server.environment(),
                check=True,
                stdout=subprocess.PIPE,
            ).stdout
            yield server, json.loads(tickets)


def sheet(pictures: Mapping[str, bytes]) -> Image.Image:
    """Return the pictures side by side at one height, each with its name below."""
    drawn = {}
    for name, picture in pictures.items():
        taken = Image.open(io.BytesIO(picture))
        taken.thumbnail((100_000, THUMB))
        drawn[name] = taken.convert("RGB")
    width = sum(image.width + CAPTION for image in drawn.values())
    whole = Image.new("RGB", (width, THUMB + CAPTION), "white")
    pen = ImageDraw.Draw(whole)
    left = 0
    for name, image in drawn.items():
        whole.paste(image, (left, 0))
        pen.text((left, THUMB + 2), name, fill="black")
        left += image.width + CAPTION
    return whole


class Gallery:
    """Pages drawn so far, and what was found on them."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.drawn = 0
        self.findings: list[str] = []

    def draw(self, server: AppServer, windows: Windows, tickets: dict[str, str], spa: str) -> None:
        """Draw the chosen states of one spa."""
        for name in self.options.states:
            state = STATES[name]
            if not state.is_on(tickets):
                print(f"{spa}-{name}: nobody on this floor is in that state", flush=True)
                continue
            place = f"{spa}-{name}-{windows.language}"
            try:
                page = state.open(server, windows, tickets)
                page.emulate_media(color_scheme=self.options.scheme, reduced_motion="reduce")
                self.look_at(page, place)
                state.leave(page)
            except (Error, AssertionError) as error:
                # The other states are still worth a look: a whole gallery takes its time.
                self.note(place, "not reached", [str(error).splitlines()[0]])
            windows.close()

    def look_at(self, page: Page, name: str) -> None:
        """Measure a page at each size, and write its contact sheet."""
        pictures = {}
        for size in self.options.sizes:
            found = problems_at(page, ALL_SIZES[size])
            self.note(name, size, found)
            self.drawn += 1
            if self.options.sheets:
                pictures[size] = page.screenshot(type="jpeg", quality=90)
            if self.options.axe and size in AXE_SIZES:
                self.note(name, f"{size} axe", accessibility_problems(page))
        if pictures:
            sheet(pictures).save(self.options.sheets / f"{name}.png")

    def note(self, name: str, size: str, found: list[str]) -> None:
        """Print findings as they are made."""
        self.findings += found
        for each in found:
            print(f"{name} {size}: {each}", flush=True)


def options() -> argparse.Namespace:
    """Read what is to be drawn from the command line; everything unless it names less."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spas", nargs="+", choices=SPAS, default=list(SPAS))
    parser.add_argument("--states", nargs="+", choices=STATES, default=list(STATES))
    parser.add_argument("--sizes", nargs="+", choices=ALL_SIZES, default=list(ALL_SIZES))
    parser.add_argument("--languages", nargs="+", choices=SPOKEN, default=SPOKEN)
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    parser.add_argument("--sheets", type=Path, help="folder of the contact sheets")
    parser.add_argument("--axe", action="store_true", help="axe-core on each state, too")
    return parser.parse_args()


def main() -> None:
    """Draw what the command line names, and print the counts."""
    gallery = Gallery(options())
    chosen = gallery.options
    if chosen.sheets:
        chosen.sheets.mkdir(parents=True, exist_ok=True)
    with chromium() as new_windows:
        for spa in chosen.spas:
            with crowded(SPAS[spa]) as (server, tickets):
                for language in dict.fromkeys(chosen.languages):
                    windows = new_windows().speaking(language)
                    gallery.draw(server, windows, tickets, spa)
    print(
        f"{len(chosen.states)} states x {len(chosen.sizes)} sizes x {len(set(chosen.languages))} "
        f"languages x {len(chosen.spas)} spas: {gallery.drawn} pages measured, "
        f"{len(gallery.findings)} findings"
    )
    sys.exit(bool(gallery.findings))


if __name__ == "__main__":
    main()
