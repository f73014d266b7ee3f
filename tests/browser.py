"""A browser for tests: what goes wrong in it is noticed, whether or not a test looks for it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from tests.chromium import MISSING, found

WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
SIDEWAYS = """() => {
  const root = document.scrollingElement, room = root.clientWidth;
  if (root.scrollWidth <= room) return null;
  const clipped = one => one && one !== root && (getComputedStyle(one).overflowX !== "visible" || clipped(one.parentElement));
  const reach = one => Math.round(one.getBoundingClientRect().right + scrollX);
  const wide = [...document.body.querySelectorAll("*")].filter(one => reach(one) > room && !clipped(one.parentElement));
  const widest = wide.sort((a, b) => reach(b) - reach(a))[0] || document.body;
  return `${widest.cloneNode().outerHTML} reaches ${Math.max(reach(widest), root.scrollWidth)} of ${room} px`;
}"""
"""A scroller of its own keeps what is in it from being the reason."""


@contextmanager
def browsing() -> Iterator[Browser]:
    """Until its end Playwright's loop counts as running in this thread, where nothing can asyncio.run() meanwhile."""
    path = found()
    if path is None:
        raise RuntimeError(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, chromium_sandbox=os.geteuid() != 0)
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page with cookies and a cache of its own, and what went wrong on it; `context` is what Playwright's new_context takes."""

    def __init__(self, browser: Browser, base_url: str, width: int = 1280, height: int = 900, **context: Any) -> None:
        self.requested: list[str] = []
        self._host, self._expected = urlsplit(base_url).netloc, list[str]()
        self._noticed, self._downloaded, self._loaded = list[tuple[str, str]](), set[str](), list[Request]()
        self._context = browser.new_context(viewport={"width": width, "height": height}, **context)
        self._context.on("console", self._said)
        self._context.on("weberror", lambda one: self._noticed.append(("", f"page: {one.error}")))
        self._context.on("request", self._asked)
        self._context.on("requestfailed", lambda one: self._noticed.append((one.url, f"failed: {one.method} {one.url} {one.failure}")))
        self._context.on("page", lambda one: one.on("download", lambda download: self._downloaded.add(download.url)))
        self.page = self._context.new_page()
        self.page.on("request", self._navigated)
        self.page.on("requestfinished", lambda one: self._loaded.append(one))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].endswith("/favicon.ico"):  # asked for by chromium, once, and by no page
            kind = "policy" if "Content Security Policy" in message.text else "console"
            self._noticed.append(("", f"{kind}: {message.text} ({message.location['url']})"))

    def _asked(self, request: Request) -> None:
        self.requested.append(request.url)
        if urlsplit(request.url).scheme in ("http", "https") and urlsplit(request.url).netloc != self._host:
            self._noticed.append((request.url, f"off host: {request.url}"))

    def _navigated(self, request: Request) -> None:
        if request.is_navigation_request() and request.redirected_from is None and request.frame == self.page.main_frame:
            self._loaded.clear()

    @property
    def wrong(self) -> list[str]:
        """So far; each begins with console, page, policy, failed or off host. A download is none: it may come from a bucket, and it
        is a navigation that ends without a page."""
        for page in self._context.pages:
            page.evaluate("0")  # whatever happened before is told before this is answered
        return [text for url, text in self._noticed if url not in self._downloaded]

    @property
    def page_weight(self) -> int:
        """Bytes of bodies, as they came over the wire, since the last navigation began."""
        return sum(request.sizes()["responseBodySize"] for request in self._loaded)

    def expects(self, pattern: str) -> None:
        """What goes wrong so is meant to, and must."""
        self._expected.append(pattern)

    def end(self) -> list[str]:
        """What went wrong and wasn't expected, and what was expected and didn't."""
        wrong = self.wrong
        self._context.close()
        missed = [f"didn't happen: {pattern}" for pattern in self._expected if not any(re.search(pattern, one) for one in wrong)]
        return [one for one in wrong if not any(re.search(pattern, one) for pattern in self._expected)] + missed


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 AA, a line per element. It comes in as a debugger does, so the page's policy stays in force."""
    found = Axe().run(page, options=WCAG).response["violations"]
    lines = [f"{one['id']} {' '.join(map(str, node['target']))}: {node['failureSummary']}" for one in found for node in one["nodes"]]
    return [" ".join(line.split()) for line in lines]


def sideways(page: Page) -> str | None:
    """The element that makes the document scroll sideways, if it does."""
    told: str | None = page.evaluate(SIDEWAYS)
    return told
