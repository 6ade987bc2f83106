"""Generate the icon sprite, the application's icons, and the pictures of the demo's menu.

`python -m tools.artwork icons DIRECTORY` writes the sprite anew from an unpacked
`lucide-static` package (npm) and notes its sum; `... app` draws `static/img/icon.svg` in Chromium,
`... menu` each drawing in `tools/pictures` into `static/img/menu`.
"""

import hashlib
import io
import json
import re
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize

BASE = Path(__file__).resolve().parent.parent
VENDOR = BASE / "static" / "vendor"
SPRITE = VENDOR / "lucide-icons.svg"
IMAGES = BASE / "static" / "img"
#: The drawings of the demo's treatments: our own work, under the project's licence.
DRAWINGS = BASE / "tools" / "pictures"
MENU = IMAGES / "menu"
#: The shape in which the menu shows them. All together keep its first view below 120 kB.
DRAWING_SIZE = ViewportSize(width=560, height=245)
DRAWING_QUALITY = 65

#: Our name of an icon, and Lucide's.
ICONS = {
    "alert": "triangle-alert",
    "arrow": "arrow-right",
    "back": "delete",
    "bag": "shopping-bag",
    "bell": "bell-ring",
    "board": "megaphone",
    "card": "credit-card",
    "cash": "banknote",
    "chart": "chart-column",
    "check": "check",
    "clock": "clock",
    "close": "x",
    "door": "door-open",
    "down": "chevron-down",
    "exit": "log-out",
    "fullscreen": "maximize",
    "gear": "settings-2",
    "history": "history",
    "languages": "languages",
    "leaf": "flower-2",
    "minus": "minus",
    "no-show": "user-x",
    "offline": "wifi-off",
    "pause": "pause",
    "people": "users",
    "person": "user",
    "phone": "qr-code",
    "play": "play",
    "plus": "plus",
    "printer": "printer",
    "previous": "arrow-left",
    "reach": "accessibility",
    "receipt": "receipt",
    "release": "undo-2",
    "screen": "monitor",
    "search": "search",
    "sound": "volume-2",
    "sound-off": "volume-x",
    "star": "star",
    "swap": "replace",
    "ticket": "ticket",
    "timer": "timer",
    "touch": "pointer",
    "undo": "rotate-ccw",
    "wallet": "wallet",
}
SYMBOL = (
    '<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75"'
    ' stroke-linecap="round" stroke-linejoin="round">{shapes}</symbol>\n'
)

#: The application's icons: file, size in pixels, and the share of it that the mark fills. A
#: platform may cut a "maskable" icon down to a circle of 80 % (W3C, Web Application Manifest).
APP_ICONS = (
    ("icon-192.png", 192, 1.0),
    ("icon-512.png", 512, 1.0),
    ("icon-maskable-512.png", 512, 0.7),
    ("icon-apple-180.png", 180, 0.8),
)
APP_COLOUR = "#1f6b57"


def write_sprite(package: Path) -> None:
    """Write the sprite: `ICONS` in one file."""
    symbols = [
        SYMBOL.format(name=name, shapes=_shapes(package / "icons" / f"{theirs}.svg"))
        for name, theirs in ICONS.items()
    ]
    SPRITE.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{"".join(symbols)}</svg>\n')
    _note_sum(SPRITE)


def _shapes(path: Path) -> str:
    """Return the shapes inside an icon's `<svg>`."""
    inside = re.search(r"<svg[^>]*>(.*)</svg>", path.read_text(), re.DOTALL)
    assert inside, path
    return re.sub(r"\s*\n\s*", "", inside[1])


def _note_sum(path: Path) -> None:
    manifest = VENDOR / "manifest.json"
    listed = json.loads(manifest.read_text())
    for entry in listed["files"]:
        if entry["file"] == path.name:
            entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(listed, indent=2) + "\n")


def draw_app_icons() -> None:
    """Draw the mark at every size that a phone's home screen uses."""
    from tools.screens.browser import chromium

    mark = (IMAGES / "icon.svg").read_text()
    with chromium() as new_windows:
        browser = new_windows().browser
        for name, size, part in APP_ICONS:
            page = browser.new_page(viewport={"width": size, "height": size})
            ground = APP_COLOUR if part < 1 else "transparent"
            page.set_content(
                f"<style>body{{margin:0;display:grid;place-items:center;height:100vh;"
                f"background:{ground}}}svg{{width:{part:.0%}}}</style>{mark}"
            )
            page.screenshot(path=IMAGES / name, omit_background=True)


def draw_menu() -> None:
    """Render each drawing as WebP."""
    from tools.screens.browser import chromium

    MENU.mkdir(exist_ok=True)
    with chromium() as new_windows:
        page = new_windows().browser.new_page(viewport=DRAWING_SIZE)
        for drawing in sorted(DRAWINGS.glob("*.svg")):
            page.set_content(f"<style>body{{margin:0}}</style>{drawing.read_text()}")
            image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            image.save(MENU / f"{drawing.stem}.webp", quality=DRAWING_QUALITY, method=6)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["icons", directory]:
            write_sprite(Path(directory))
        case ["app"]:
            draw_app_icons()
        case ["menu"]:
            draw_menu()
        case _:
            sys.exit(__doc__)
