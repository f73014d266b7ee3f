"""What the browser tests rest on finds what is there, and nothing where there is nothing; and the page that is there already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import Visit, browsing, sideways, violations
from tests.e2e.pages import sign_in, sign_out
from tests.integration.test_schedules import Mailbox, added, link_in
from tests.stack import Stack

STRICT = {"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'"}
HTML, CSS, JS = {"Content-Type": "text/html; charset=utf-8"}, {"Content-Type": "text/css"}, {"Content-Type": "text/javascript"}
FRAME = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title><link rel="stylesheet" href="/s.css"><main><h1>t</h1>{}</main>'
)
CLEAN = FRAME.format('<p>plain</p><script src="/s.js"></script>')
Begin = Callable[..., Visit]
Answer = tuple[int, dict[str, str], str]


@contextmanager
def served(pages: dict[str, Answer]) -> Iterator[str]:
    """The address of a server of these alone."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, body = pages.get(self.path, (404, {}, ""))
            self.send_response(status)
            for name, value in ({**headers, "Content-Length": str(len(body.encode()))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,)).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    attachment = {"Content-Type": "text/csv", "Content-Disposition": 'attachment; filename="a.csv"'}
    with served({"/a.csv": (200, attachment, "a,b\n1,2\n"), "/i.svg": (200, {"Content-Type": "image/svg+xml"}, "<svg/>")}) as url:
        yield url


@pytest.fixture(scope="module")
def site(bucket: str) -> Iterator[str]:
    bodies = {
        "/": CLEAN,
        "/console": FRAME.format('<script src="/error.js"></script>'),
        "/throws": FRAME.format('<script src="/throws.js"></script>'),
        "/inline": FRAME.format("<p>x</p><script>document.title = 'ran'</script>"),
        "/missing": FRAME.format('<img src="/none.png" alt="none">'),
        "/wide": FRAME.format('<div class="scroller"><b class="wide">kept</b></div><p class="wide">too wide</p>'),
        "/scroller": FRAME.format('<div class="scroller"><b class="wide">kept</b></div>'),
        "/faint": FRAME.format('<p class="faint">hardly read</p><input>'),
        "/dark": FRAME.format('<p class="dark">read by day alone</p>'),
        "/download": FRAME.format('<a href="/file">the file</a>'),
        "/unknown": FRAME.format('<form method="post" action="/"><input name="a" aria-label="a"><button>Go</button></form>'),
    }
    css = ".wide { display: block; width: 700px } .scroller { overflow-x: auto } .faint { color: #bbb }"
    css += " @media (prefers-color-scheme: dark) { body { background: #111; color: #eee } .dark { color: #222 } }"
    pages = {path: (200, {**HTML, **STRICT}, body) for path, body in bodies.items()}
    pages |= {
        "/foreign": (200, HTML, FRAME.format(f'<img src="{bucket}/i.svg" alt="x">')),
        "/file": (303, {"Location": f"{bucket}/a.csv"}, ""),
    }
    pages |= {"/s.css": (200, CSS, css), "/s.js": (200, JS, "document.body.dataset.ran = navigator.language")}
    pages |= {"/error.js": (200, JS, "console.warn('w'); console.error('boom')"), "/throws.js": (200, JS, "throw new Error('thrown')")}
    with served(pages) as url:
        yield url


def test_on_a_page_without_fault_nothing_is_found(visit: Begin, site: str) -> None:
    one = visit(site, locale="de-DE")
    one.page.goto(site)
    assert one.page.locator("body").get_attribute("data-ran") == "de-DE"
    assert (one.wrong, violations(one.page), sideways(one.page)) == ([], [], None)
    assert one.wrong == [], "axe itself broke no policy"
    assert one.requested == [f"{site}{path}" for path in ("/", "/s.css", "/s.js")]


@pytest.mark.parametrize(
    "path, wrong",
    [
        ("/console", "console: boom"),
        ("/throws", "page: .*thrown"),
        ("/inline", "policy: .*script-src 'self'"),
        ("/missing", "console: .*404.*/none.png"),
        ("/foreign", "off host: .*/i.svg"),
    ],
)
def test_what_goes_wrong_is_told_unless_it_is_expected(visit: Begin, site: str, path: str, wrong: str) -> None:
    faulty = visit(site)
    faulty.page.goto(site + path)
    assert len(faulty.wrong) == 1
    faulty.expects(wrong)


def test_a_server_that_is_gone_is_a_failed_request(visit: Begin, site: str) -> None:
    one = visit(site)
    one.page.goto(site)
    one.page.route("**/s.css", lambda route: route.abort("connectionrefused"))
    one.page.reload()
    one.expects(r"failed: GET .*/s\.css net::ERR_CONNECTION_REFUSED")
    one.expects("console: .*ERR_CONNECTION_REFUSED")


def test_a_visit_ends_with_what_was_not_expected_and_with_what_was_and_did_not_happen(browser: Browser, site: str) -> None:
    one = Visit(browser, site)
    one.expects("thrown")
    one.page.goto(f"{site}/console")
    assert one.end() == [f"console: boom ({site}/error.js)", "didn't happen: thrown"]


def test_a_policy_is_kept_where_scripts_are_off(visit: Begin, site: str) -> None:
    one = visit(site, java_script_enabled=False)
    one.page.goto(site)
    assert one.page.locator("body").get_attribute("data-ran") is None
    assert one.wrong == []


def test_a_download_from_another_host_is_nothing_wrong(visit: Begin, site: str, bucket: str) -> None:
    one = visit(site)
    one.page.goto(f"{site}/download")
    with one.page.expect_download() as download:
        one.page.get_by_text("the file").click()
    assert download.value.suggested_filename == "a.csv"
    assert download.value.path().read_text().startswith("a,b")
    assert f"{bucket}/a.csv" in one.requested


def test_a_page_weighs_what_its_own_load_brought(visit: Begin, site: str) -> None:
    one = visit(site)
    one.page.goto(f"{site}/wide")
    assert one.page_weight > len(CLEAN)
    other = visit(site)
    other.page.goto(f"{site}/unknown")
    other.page.goto(site)
    whole = other.page_weight
    assert len(CLEAN) < whole < 2000


@pytest.mark.parametrize("path, found", [("/wide", '<p class="wide"></p> reaches'), ("/scroller", None)])
def test_what_scrolls_sideways_is_named(visit: Begin, site: str, path: str, found: str | None) -> None:
    one = visit(site, width=360)
    one.page.goto(site + path)
    told = sideways(one.page)
    assert told is None if found is None else told and told.startswith(found)


def test_axe_finds_what_cannot_be_read_or_has_no_name(visit: Begin, site: str) -> None:
    one = visit(site)
    one.page.goto(f"{site}/faint")
    assert [line.split(":")[0] for line in violations(one.page)] == ["color-contrast p", "label input"]


@pytest.mark.parametrize("scheme, found", [("light", 0), ("dark", 1)])
def test_axe_sees_the_scheme_that_is_asked_for(visit: Begin, site: str, scheme: str, found: int) -> None:
    one = visit(site, color_scheme=scheme)
    one.page.goto(f"{site}/dark")
    assert len(violations(one.page)) == found


def test_signing_in_and_out_needs_no_more_than_the_contract(visit: Begin) -> None:
    form = '<form method="post"><input type="password" name="credential" aria-label="Key"><button>Sign in</button></form>'
    nav = '<nav><a href="/">Overview</a></nav><form method="post" action="/out"><button>Sign out</button></form>'
    pages: dict[str, Answer] = {"/": (200, HTML, form), "/s.css": (200, CSS, "")}
    with served(pages) as url:
        one = visit(url)
        one.page.route("**/", lambda route: route.fulfill(body=nav if route.request.method == "POST" else form, content_type="text/html"))
        one.page.route("**/out", lambda route: route.fulfill(body=form, content_type="text/html"))
        sign_in(one.page, url, "sbk_local_x")
        sign_out(one.page)


def test_after_a_browser_its_thread_may_run_a_loop() -> None:
    """As the load test does, whichever comes first in a worker."""

    def used() -> str:
        with browsing() as started:
            version = started.version
        asyncio.run(asyncio.sleep(0))
        return version

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(used).result()


@pytest.fixture(scope="module")
def link(own_stack: Stack) -> str:
    """To the page behind a mail's button."""
    mailbox, address = Mailbox(own_stack), f"reader@{uuid4().hex[:12]}.example"
    added(own_stack.client(own_stack.customers[2]), "email", address)
    return link_in(mailbox.html(mailbox.wait(address)[0]), "confirm this address")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_a_mail_can_be_read_by_all_and_on_a_phone(visit: Begin, own_stack: Stack, link: str, scheme: str) -> None:
    one = visit(own_stack.base_url, width=360, color_scheme=scheme)
    one.page.goto(link)
    expect(one.page.get_by_role("button")).to_have_text("Yes, send them")
    assert (violations(one.page), sideways(one.page)) == ([], None)


def test_the_page_of_a_mail_says_what_was_said_without_scripts(visit: Begin, own_stack: Stack, link: str) -> None:
    one = visit(own_stack.base_url, java_script_enabled=False)
    one.page.goto(link)
    one.page.get_by_role("button").click()
    expect(one.page.get_by_text("is confirmed.")).to_be_visible()
