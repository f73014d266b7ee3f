"""Signing in on the page over HTTP: what opens, for whom, until when; and that nobody else's form or cookie does anything."""

from __future__ import annotations

import json
import re
import time
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.stack import Answer, Client, Customer, Stack
from tests.visitor import COOKIE, HTML, Browser, signed_in

ENDED, REFUSED = "Your session has ended. Sign in again.", "That credential opens nothing here."
CLEARED = f"{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0"


@pytest.fixture
def one(own_stack: Stack) -> Customer:
    return own_stack.customers[0]


@pytest.fixture
def browser(own_stack: Stack, one: Customer) -> Browser:
    """Signed in as the first customer."""
    return signed_in(own_stack.base_url, one.api_key)


@pytest.fixture
def nobody(own_stack: Stack) -> Browser:
    return Browser(own_stack.base_url)


def is_sign_in(answer: Answer, message: str = "") -> bool:
    """The page with the form, and that message or none."""
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    told = re.findall(r'role="alert">(.*?)<', answer.text)
    return 'type="password"' in answer.text and told == ([message] if message else [])


# In and out


def test_without_a_session_the_page_asks_for_a_credential(nobody: Browser) -> None:
    answer = nobody.get()
    assert answer.status == 200
    assert is_sign_in(answer)
    assert '<form method="post" action="/session" autocomplete="off" class="stack">' in answer.text
    assert '<label for="credential">' in answer.text
    assert "Set-Cookie" not in answer.headers
    assert is_sign_in(nobody.client.get("/")), "whatever is accepted"


@pytest.mark.parametrize("credential", ["api_key", "token"])
def test_a_key_and_a_token_open_the_page_with_a_cookie_of_the_strictest_kind(nobody: Browser, one: Customer, credential: str) -> None:
    answer = nobody.sign_in(f" {getattr(one, credential)}\n")
    assert (answer.status, answer.headers["Location"], answer.content) == (303, "/", b"")
    token, attributes = answer.headers["Set-Cookie"].split("; ", 1)
    assert re.fullmatch(rf"{COOKIE}=sbs_local_[a-z2-7]{{16}}_[a-z2-7]{{52}}_[0-9a-f]{{8}}", token)
    assert re.fullmatch(r"Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=[1-9][0-9]{0,3}", attributes)
    page = nobody.get()
    assert page.status == 200
    assert one.customer_id in page.text
    assert page.headers["RateLimit-Limit"]


def test_a_session_of_one_shows_one_alone(own_stack: Stack) -> None:
    first, second = own_stack.customers[:2]
    for mine, others in ((first, second), (second, first)):
        text = signed_in(own_stack.base_url, mine.api_key).get().text
        assert mine.customer_id in text
        assert others.customer_id not in text


def wrong(own_stack: Stack, one: Customer) -> dict[str, bytes]:
    made = json.loads(own_stack.ops("keys", "create", "--customer", one.customer_id, "--json").stdout)
    assert own_stack.ops("keys", "revoke", "--customer", one.customer_id, "--key", made["key_id"]).returncode == 0
    credentials = {
        "nothing": "",
        "a word": "letmein",
        "an operator's key": own_stack.operator_key or "",
        "a revoked key": made["api_key"],
        "a cut key": one.api_key[:-1],
        "a cut token": (one.token or "")[:-1],
        "a long one": "a" * 20_000,
        "hostile": "<script>alert(1)</script>\r\nSet-Cookie: a=b",
        "another kind": one.api_key.replace("sbk_", "sbs_"),
    }
    fields = {name: urlencode({"credential": value}).encode() for name, value in credentials.items()}
    return {**fields, "no field": b"", "another field": b"password=x", "two": f"credential={one.api_key}&credential={one.api_key}".encode()}


def test_whatever_is_wrong_with_a_credential_one_same_page_says_so(own_stack: Stack, one: Customer, nobody: Browser) -> None:
    told = set()
    for name, body in wrong(own_stack, one).items():
        answer = nobody.post("/session", body)
        assert answer.status == 401, name
        assert is_sign_in(answer, REFUSED), name
        assert "Set-Cookie" not in answer.headers, name
        told.add(re.sub(r"\?v=[0-9a-f]+|nonce=\"[^\"]+\"", "", answer.text))
    assert len(told) == 1


def test_signing_out_ends_the_session_also_for_whoever_kept_the_cookie(browser: Browser) -> None:
    old = browser.cookie
    answer = browser.post("/session/end", {"csrf": browser.csrf})
    assert (answer.status, answer.headers["Location"], answer.headers["Set-Cookie"]) == (303, "/", CLEARED)
    assert browser.cookie == ""
    kept = Browser(browser.client.base_url, old)
    page = kept.get()
    assert page.status == 200
    assert is_sign_in(page, ENDED)
    assert page.headers["Set-Cookie"] == CLEARED
    assert is_sign_in(Browser(browser.client.base_url, old).post("/session/end", {"csrf": "x"}), ENDED)


def test_a_session_ends_with_the_key_that_it_came_of_and_no_other(own_stack: Stack) -> None:
    own_stack.new_customer("session-co")
    made = own_stack.ops("keys", "create", "--customer", "session-co", "--scopes", "read,admin", "--json")
    admin = Client(own_stack.base_url, {"X-API-Key": json.loads(made.stdout)["api_key"]})
    keys = [admin.post("/analytics/keys", {"scopes": ["read"]}).json for _ in range(2)]
    ended, other = (signed_in(own_stack.base_url, key["api_key"]) for key in keys)
    assert admin.request("DELETE", f"/analytics/keys/{keys[0]['id']}").status == 204
    until = time.monotonic() + 60
    while "session-co" in ended.get().text:
        assert time.monotonic() < until
        time.sleep(0.5)
    assert "session-co" in other.get().text


def test_signing_in_and_out_is_in_the_audit_with_the_credential_and_without_its_secret(own_stack: Stack) -> None:
    own_stack.new_customer("session-audit")
    made = json.loads(own_stack.ops("keys", "create", "--customer", "session-audit", "--scopes", "read,admin", "--json").stdout)
    browser = signed_in(own_stack.base_url, made["api_key"])
    session = browser.cookie.split("_")
    browser.post("/session/end", {"csrf": browser.csrf})
    answer = Client(own_stack.base_url, {"X-API-Key": made["api_key"]}).get("/analytics/audit")
    found = [(one["action"], one["object"], one["who"], one["status"]) for one in answer.json["entries"][:2]]
    who = f"key:{made['key_id']}"
    assert found == [(f"POST {path}", f"/session/{session[2]}", who, 303) for path in ("/session/end", "/session")]
    assert session[3] not in answer.text


# The cookie elsewhere, and what is none


def test_no_route_of_the_api_looks_at_the_cookie(browser: Browser) -> None:
    for path in ("/analytics/usage", "/analytics/keys", "/analytics/reports"):
        answer = browser.get(path)
        assert answer.status == 401
        assert answer.headers["Content-Type"] == "application/problem+json"
    assert browser.post("/analytics/keys", b"{}", Content_Type="application/json").status == 401


def test_headers_open_the_page_to_look_at_and_nothing_that_is_sent(own_stack: Stack, one: Customer, nobody: Browser) -> None:
    assert one.customer_id in nobody.get("/", **{"X-API-Key": one.api_key}).text
    assert "csrf" not in nobody.get("/", **{"X-API-Key": one.api_key}).text
    bad = nobody.client.get("/", headers={"X-API-Key": "x"})
    assert (bad.status, bad.headers["Content-Type"]) == (401, "application/problem+json")
    assert nobody.post("/session/end", {"csrf": "x"}, **{"X-API-Key": one.api_key}).status == 401
    assert own_stack.operator.get("/").status == 403


def test_a_good_cookie_beside_a_bad_header_opens_nothing(browser: Browser) -> None:
    answer = browser.get("/", **{"X-API-Key": "x"})
    assert answer.status == 401
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("template", ["{n}={c}; {n}={c}", "{n}=x; {n}={c}", "{n}={c}x", "{n}", "{n}=", '{n}="{c}"', "{n}={u}", "{N}={c}"])
def test_a_cookie_that_is_not_the_one_opens_nothing(browser: Browser, template: str) -> None:
    good = browser.cookie
    browser.cookie = ""
    answer = browser.get("/", Cookie=template.format(n=COOKIE, N=COOKIE.lower(), c=good, u=good.upper()))
    assert answer.status == 200
    assert "csrf" not in answer.text
    assert 'type="password"' in answer.text


@pytest.mark.parametrize(
    "template", ["a=b; {n}={c}", "=; ;;;{n}={c};x", 'bad"=(\\; {n}={c}', "a={c}; {n}={c}", " {n}={c} ", "{n}x=1;{n}={c}"]
)
def test_other_cookies_beside_it_do_no_harm(browser: Browser, one: Customer, template: str) -> None:
    good = browser.cookie
    browser.cookie = ""
    assert one.customer_id in browser.get("/", Cookie=template.format(n=COOKIE, c=good)).text


# Forms of others


def test_a_form_without_its_sessions_token_is_refused_and_does_nothing(own_stack: Stack, browser: Browser, one: Customer) -> None:
    other = signed_in(own_stack.base_url, one.api_key)
    theirs, mine = other.csrf, browser.csrf
    assert theirs != mine
    for body in (b"", b"csrf=", b"csrf=x", b"csrf=%C3%A9", f"csrf={theirs}".encode(), f"csrf={mine}&csrf={mine}".encode(), b"a=b"):
        answer = browser.post("/session/end", body)
        assert answer.status == 403, body
        assert "<title>Forbidden · SecureBase Analytics</title>" in answer.text
    assert browser.post("/session/end", f"CSRF={mine}".encode()).status == 403
    assert browser.post("/session/end", f'{{"csrf": "{mine}"}}'.encode(), Content_Type="application/json").status in (400, 403, 415)
    assert one.customer_id in browser.get().text


FOREIGN: list[dict[str, str]] = [
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Sec_Fetch_Site": "Same-Origin"},
    {"Sec_Fetch_Site": "cross-site", "Origin": "{own}"},
    {"Sec_Fetch_Site": "", "Origin": "https://evil.example"},
    {"Sec_Fetch_Site": "", "Origin": "null"},
    {"Sec_Fetch_Site": "", "Origin": "{own}.evil.example"},
    {"Sec_Fetch_Site": "", "Origin": "{own}/"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_form_from_elsewhere_is_refused_and_does_nothing(browser: Browser, one: Customer, headers: dict[str, str]) -> None:
    sent = {name: value.format(own=browser.client.base_url) for name, value in headers.items()}
    assert browser.post("/session/end", {"csrf": browser.csrf}, **sent).status == 403
    assert one.customer_id in browser.get().text
    answer = browser.post("/session", {"credential": one.api_key}, **sent)
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers", [{"Sec_Fetch_Site": "none"}, {"Sec_Fetch_Site": ""}, {"Sec_Fetch_Site": "", "Origin": "{own}"}], ids=str
)
def test_a_form_of_the_page_itself_counts_also_of_older_browsers(nobody: Browser, one: Customer, headers: dict[str, str]) -> None:
    sent = {name: value.format(own=nobody.client.base_url) for name, value in headers.items()}
    assert nobody.post("/session", {"credential": one.api_key}, **sent).status == 303


@pytest.mark.parametrize(
    "body", [b"credential=%", b"credential=%zz", b"credential=%ff", b"\xff\xfe", b"credential", b"a=1&&b=2", b"&" * 10]
)
def test_a_body_that_is_no_form_is_400(nobody: Browser, body: bytes) -> None:
    answer = nobody.post("/session", body)
    assert answer.status == 400
    assert "is not a form in UTF-8" in answer.text


def test_a_form_has_its_limits_and_its_type(nobody: Browser) -> None:
    assert nobody.post("/session", b"a=1&" * 1000 + b"b=2").status == 400
    assert nobody.post("/session", b"credential=" + b"a" * 300_000).status == 413
    assert nobody.post("/session", b"credential=x", Content_Type="text/plain").status == 415


# How pages and their errors look to a browser


def test_pages_run_nothing_but_their_own_files(nobody: Browser) -> None:
    policies = [nobody.get().headers["Content-Security-Policy"] for _ in range(2)]
    nonces = [re.findall(r"'nonce-([\w-]{20,})'", policy) for policy in policies]
    assert nonces[0] != nonces[1]
    assert policies[0].replace(nonces[0][0], "N") == (
        "default-src 'none'; style-src 'self' 'nonce-N'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    )
    headers = nobody.get().headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "same-origin", "with no-referrer a browser would say Origin: null"
    assert headers["Strict-Transport-Security"] == "max-age=63072000"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Permissions-Policy"]


@pytest.mark.parametrize("path", ["/subscriptions/x", "/downloads/x", "/page/nowhere.css"])
def test_browsers_get_errors_as_pages_and_others_as_problems(nobody: Browser, path: str) -> None:
    page, problem = nobody.get(path), nobody.client.get(path)
    assert page.status == problem.status == 404
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<h1>Not found</h1>" in page.text
    assert f"<code>{page.headers['X-Request-Id']}</code>" in page.text
    assert problem.json["detail"] in unescape(page.text)
    assert nobody.client.get(path, headers={"Accept": "*/*"}).headers["Content-Type"] == "application/problem+json"
    assert nobody.client.get(path, headers={"Accept": "text/html;q=0"}).headers["Content-Type"] == "application/problem+json"


def test_errors_of_other_routes_stay_problems(nobody: Browser) -> None:
    assert nobody.get("/analytics/usage", Accept=HTML).headers["Content-Type"] == "application/problem+json"
    assert nobody.client.request("PUT", "/", b"", {"Accept": HTML}).status in (401, 403, 405)


def test_a_file_of_the_page_is_kept_for_ever_where_its_content_is_named(nobody: Browser) -> None:
    path = re.findall(r'href="(/page/page\.css\?v=[0-9a-f]{16})"', nobody.get().text)[0]
    named, plain, stale = (nobody.get(where) for where in (path, "/page/page.css", "/page/page.css?v=0"))
    assert {(one.status, one.headers["Content-Type"]) for one in (named, plain, stale)} == {(200, "text/css; charset=utf-8")}
    assert named.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain.headers["Cache-Control"] == stale.headers["Cache-Control"] == "no-cache"
    again = nobody.get("/page/page.css", If_None_Match=plain.headers["ETag"])
    assert (again.status, again.content) == (304, b"")


HOSTILE_NAMES = ("..%2fhtml.py", "%2e%2e%2f%2e%2e%2fapp.py", "page.css%00", "__init__.py", "%2fetc%2fpasswd", "PAGE.CSS", ".")


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_nothing_but_the_pages_own_files_is_served(nobody: Browser, name: str) -> None:
    assert nobody.get(f"/page/{name}").status == 404


def test_a_session_is_kept_without_its_secret(own_stack: Stack, browser: Browser) -> None:
    from tests.looked import Looked

    looked: Any = Looked(own_stack.environment)
    _, _, session_id, secret, _ = browser.cookie.split("_")
    kept = [text for where, text in looked.texts() if where == "securebase-local-sessions"]
    looked.close()
    assert [text for text in kept if session_id in text]
    assert [text for text in kept if secret in text] == []
