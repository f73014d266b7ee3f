"""Makes the pictures of the README from a running `make run`: python docs/pictures.py"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import pypdfium2
from PIL import Image

ROOT = Path(__file__).parent.parent
SCALE, GAP = 1.3, 12
PICTURES = {
    "report.png": ({"type": "executive", "period": "30d"}, (0, 1)),
    "charts.png": ({"type": "costs", "period": "30d"}, (2, 4)),
}
"""Per picture what is asked for of the first demo customer, and the pages that stand side by side."""


def main() -> None:
    found = json.loads((ROOT / ".local" / "credentials.json").read_text())
    for name, (body, pages) in PICTURES.items():
        document = fetched(found["base_url"], found["customers"][0]["api_key"], {**body, "format": "pdf"})
        with pypdfium2.PdfDocument(document) as pdf:
            drawn = [pdf[page].render(scale=SCALE).to_pil() for page in pages]
        beside = Image.new("RGB", (sum(one.width for one in drawn) + GAP * (len(drawn) - 1), max(one.height for one in drawn)), "#c9ced4")
        for number, one in enumerate(drawn):
            beside.paste(one, (number * (one.width + GAP), 0))
        beside.quantize(64).save(ROOT / "docs" / "images" / name, optimize=True)
        print(f"docs/images/{name}")
    mail(found["base_url"], found["customers"][0]["api_key"])


def mail(base_url: str, api_key: str) -> None:
    """The demo customer's schedule, run now; its mail as a browser shows it."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("docs/images/mail.png needs chromium")
        return
    asked = {"X-API-Key": api_key, "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{base_url}/analytics/schedules", headers=asked), timeout=30) as answer:
        schedule = json.load(answer)["schedules"][0]["id"]
    inbox = json.loads((ROOT / ".local" / "aws.json").read_text())["INBOX_URL"]
    before = _mails(inbox)
    run = urllib.request.Request(f"{base_url}/analytics/schedules/{schedule}/run", data=b"{}", headers=asked)
    urllib.request.urlopen(run, timeout=30).close()
    latest = _next_mail(inbox, before)
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "mail.png"
        size = ["--window-size=640,1220", "--hide-scrollbars"]
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", *size, f"--screenshot={shot}", f"{inbox}/mails/{latest}"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        Image.open(shot).convert("RGB").quantize(64).save(ROOT / "docs" / "images" / "mail.png", optimize=True)
    print("docs/images/mail.png")


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
