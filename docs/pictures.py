"""Makes the pictures of the README from a running `make run`: python -m docs.pictures"""

from __future__ import annotations

import io
import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image
from playwright.sync_api import Browser

from tests.browser import Visit, browsing
from tests.e2e.pages import sign_in

ROOT = Path(__file__).parent.parent
SCALE, GAP = 1.3, 12
COLOURS, MOST_BYTES = 64, 250_000
PICTURES = {
    "report.png": ({"type": "executive", "period": "30d"}, (0, 1)),
    "charts.png": ({"type": "costs", "period": "30d"}, (2, 4)),
}
"""Per picture what is asked for of the first demo customer, and the pages that stand side by side."""
PAGES: dict[str, dict[str, Any]] = {
    "page-light.png": {"width": 1440, "height": 1000},
    "page-dark.png": {"width": 1440, "height": 1000, "color_scheme": "dark"},
    "page-phone.png": {"width": 390, "height": 844},
}
"""Per picture of the page how wide, high and dark a browser shows it."""


def main() -> None:
    found = json.loads((ROOT / ".local" / "credentials.json").read_text())
    for name, (body, pages) in PICTURES.items():
        document = fetched(found["base_url"], found["customers"][0]["api_key"], {**body, "format": "pdf"})
        with pypdfium2.PdfDocument(document) as pdf:
            drawn = [pdf[page].render(scale=SCALE).to_pil() for page in pages]
        beside = Image.new("RGB", (sum(one.width for one in drawn) + GAP * (len(drawn) - 1), max(one.height for one in drawn)), "#c9ced4")
        for number, one in enumerate(drawn):
            beside.paste(one, (number * (one.width + GAP), 0))
        save(beside, name)
    base_url, api_key = found["base_url"], found["customers"][0]["api_key"]
    with browsing() as browser:
        mail(browser, base_url, api_key)
        for name, options in PAGES.items():
            visit = Visit(browser, base_url, reduced_motion="reduce", **options)
            sign_in(visit.page, base_url, api_key)
            shot(visit, name)


def mail(browser: Browser, base_url: str, api_key: str) -> None:
    """The demo customer's schedule, run now; its mail as a browser shows it."""
    asked = {"X-API-Key": api_key, "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{base_url}/analytics/schedules", headers=asked), timeout=30) as answer:
        schedule = json.load(answer)["schedules"][0]["id"]
    inbox = json.loads((ROOT / ".local" / "aws.json").read_text())["INBOX_URL"]
    before = _mails(inbox)
    run = urllib.request.Request(f"{base_url}/analytics/schedules/{schedule}/run", data=b"{}", headers=asked)
    urllib.request.urlopen(run, timeout=30).close()
    visit = Visit(browser, inbox, width=640, height=1220)
    visit.page.goto(f"{inbox}/mails/{_next_mail(inbox, before)}")
    shot(visit, "mail.png")


def shot(visit: Visit, name: str) -> None:
    """What the browser shows; a page on which something went wrong makes no picture."""
    visit.page.wait_for_load_state("networkidle")
    image = Image.open(io.BytesIO(visit.page.screenshot()))
    if wrong := visit.end():
        raise SystemExit(f"{name}: {wrong}")
    keep(image.convert("RGB"), name)  # few colours would turn the small green into blue


def save(image: Image.Image, name: str) -> None:
    keep(image.quantize(COLOURS), name)


def keep(image: Image.Image, name: str) -> None:
    path = ROOT / "docs" / "images" / name
    image.save(path, optimize=True)
    print(f"docs/images/{name}")
    if path.stat().st_size > MOST_BYTES:
        raise SystemExit(f"docs/images/{name} has {path.stat().st_size} bytes, more than {MOST_BYTES}")


def _mails(inbox: str) -> list[int]:
    with urllib.request.urlopen(f"{inbox}/messages.json", timeout=30) as answer:
        return [one["number"] for one in json.load(answer) if one["kind"] == "mail"]


def _next_mail(inbox: str, before: list[int]) -> int:
    for _ in range(60):
        if new := [number for number in _mails(inbox) if number not in before]:
            return new[0]
        time.sleep(0.5)
    raise SystemExit("no mail came")


def fetched(base_url: str, api_key: str, body: dict[str, str]) -> bytes:
    """The document of a report that is waited for."""
    request = urllib.request.Request(
        base_url + "/analytics/reports",
        data=json.dumps(body).encode(),
        headers={"X-API-Key": api_key, "Content-Type": "application/json", "Prefer": "wait=20"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        url = json.load(answer)["url"]
    with urllib.request.urlopen(url, timeout=30) as document:
        return bytes(document.read())


if __name__ == "__main__":
    main()
