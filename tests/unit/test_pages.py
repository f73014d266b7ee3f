"""The page's parts by themselves: where it lies, whose cookie and form it takes, and how long a session lasts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import wiring
from chalicelib.domain.customer import ApiKey, Customer, Principal
from chalicelib.domain.errors import AnalyticsError, Forbidden, InvalidInput, Unauthorized
from chalicelib.domain.period import Window
from chalicelib.domain.session import Session
from chalicelib.routes.pages import cookies, guard, shown, visits
from chalicelib.routes.pages.assets import asset
from chalicelib.routes.places import base_of, origins_of, prefix_of
from chalicelib.routes.representations import takes_html
from chalicelib.security import api_keys
from tests.fakes import Clock

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "chalicelib" / "web" / "templates"


class FakeSessions(dict[str, Session]):
    def put(self, session: Session) -> None:
        self[session.id] = session

    def find(self, session_id: str) -> Session | None:
        return self.get(session_id)


@dataclass
class World:
    """What sessions rest on, in memory."""

    clock: Clock = field(default_factory=lambda: Clock(NOW))
    page_sessions: FakeSessions = field(default_factory=FakeSessions)
    settings: Any = field(default_factory=lambda: SimpleNamespace(stage="dev", public_url=None))
    pepper: bytes = b"p" * 32
    keys: dict[str, ApiKey] = field(default_factory=lambda: {"k": ApiKey("k", "acme", "digest", ("read",), NOW)})
    customers: dict[str, Customer] = field(default_factory=lambda: {"acme": Customer("acme", "Acme", (), "x", NOW)})

    def known_key(self, key_id: str) -> ApiKey | None:
        return self.keys.get(key_id)

    def known_customer(self, customer_id: str) -> Customer | None:
        return self.customers.get(customer_id)

    def matches(self, secret: str, digest: str) -> bool:
        return api_keys.matches(secret, digest, self.pepper)

    def form_token(self, secret: str) -> str:
        return f"of {secret}"


@pytest.fixture
def world() -> Any:
    made = World()
    wiring.use(made)  # type: ignore[arg-type]
    yield made
    wiring.use(None)


def principal(who: str = "key:k", ends: datetime | None = None) -> Principal:
    return Principal("acme", frozenset({"read", "report"}), who, ends)


def request(route: str, path: str, method: str = "GET", host: str | None = None, body: bytes = b"", **headers: str) -> Any:
    context = {"resourcePath": route, "path": path, **({"domainName": host} if host else {})}
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return SimpleNamespace(context=context, headers=named, method=method, raw_body=body, visit=None, ended=False, principal=None, form=None)


# How long a session lasts


@pytest.mark.parametrize(
    "ends, lasts",
    [(None, HOUR), (NOW + timedelta(days=9), HOUR), (NOW + timedelta(minutes=5), timedelta(minutes=5))],
)
def test_a_session_lasts_an_hour_or_as_long_as_its_credential(world: Any, ends: datetime | None, lasts: timedelta) -> None:
    token, session = visits.begin(principal(ends=ends), world)
    assert (session.created_at, session.expires_at) == (NOW, NOW + lasts)
    found = visits.find(token, world)
    assert found
    assert found.session.principal == Principal("acme", frozenset({"read", "report"}), "key:k", NOW + lasts)
    world.clock.now = NOW + lasts - timedelta(seconds=1)
    assert visits.find(token, world)
    world.clock.now = NOW + lasts
    assert visits.find(token, world) is None


@pytest.mark.parametrize("who", [principal(ends=NOW), principal(ends=NOW - HOUR), Principal(None, frozenset({"operator"}), "key:o")])
def test_who_has_no_time_left_and_the_operator_have_no_session(world: Any, who: Principal) -> None:
    with pytest.raises(Unauthorized):
        visits.begin(who, world)
    assert world.page_sessions == {}


def test_a_session_ends_with_its_key_and_with_its_customer(world: Any) -> None:
    token, _ = visits.begin(principal(), world)
    by_token, _ = visits.begin(principal("token:k"), world)
    key, customer = world.keys["k"], world.customers["acme"]
    for ended in ({}, {"k": replace(key, revoked=True)}, {"k": replace(key, expires_at=NOW)}):
        world.keys = ended
        assert visits.find(token, world) is None
        assert visits.find(by_token, world), "it came of no key, whatever its subject is called"
    world.keys = {"k": key}
    for gone in ({}, {"acme": replace(customer, disabled=True)}):
        world.customers = gone
        assert visits.find(token, world) is None
        assert visits.find(by_token, world) is None


def test_a_session_is_found_by_its_whole_token_alone(world: Any) -> None:
    token, session = visits.begin(principal(), world)
    other, _ = visits.begin(principal(), world)
    kind, stage, session_id, secret, _ = token.split("_")
    mixed = f"{kind}_{stage}_{session_id}_{other.split('_')[3]}"
    for forged in ("", token[:-1], f"{mixed}_{api_keys._checksum(mixed)}", token.replace("_dev_", "_local_"), session.id, token * 2):
        assert visits.find(forged, world) is None
    assert secret not in str(world.page_sessions), "only a digest of it is kept"


# The cookie


@given(st.text(max_size=200))
def test_no_cookie_header_is_too_odd_to_read(header: str) -> None:
    assert isinstance(cookies.given(header), list)


@given(st.text(max_size=60).filter(lambda text: ";" not in text and "=" not in text), st.text(max_size=60))
def test_whatever_stands_beside_it_the_cookie_is_found(before: str, after: str) -> None:
    rest = after.replace(cookies.NAME, "")
    assert cookies.given(f"{before};{cookies.NAME}=v;{rest}")[:1] == ["v"]


# Where the page lies

PLACES = [
    ("/", "/", ""),
    ("/", "/dev/", "/dev"),
    ("/", "/dev", "/dev"),
    ("/", "/costs/v1/", "/costs/v1"),
    ("/session", "/session", ""),
    ("/session", "/production/session", "/production"),
    ("/session/end", "/dev/session/end/", "/dev"),
    ("/page/{asset}", "/dev/page/page.css", "/dev"),
    ("/page/{asset}", "/page/page.css", ""),
    ("/downloads/{token}", "/api/v2/downloads/x%2Fy", "/api/v2"),
    ("/session", "//evil.example/session", ""),
    ("/session", "/../session", ""),
    ("/session", "/<b>/session", ""),
    ("/session", "/dev/other", ""),
    ("/session", "", ""),
    ("/session/end", "/end", ""),
    ("/", "//evil.example/", ""),
    ("/", "/a b/", ""),
]


@pytest.mark.parametrize("route, path, prefix", PLACES)
def test_the_prefix_is_what_stands_before_the_route(route: str, path: str, prefix: str) -> None:
    assert prefix_of(request(route, path)) == prefix


@given(st.text("/.\\<>\"'%:@evil", max_size=30))
def test_a_prefix_never_leads_elsewhere(path: str) -> None:
    prefix = prefix_of(request("/", path))
    assert not prefix.startswith("//")
    assert prefix == "" or prefix[0] == "/"
    assert not set(prefix) & set("\\<>\"'%:")


@pytest.mark.usefixtures("world")
def test_addresses_and_origins_are_those_that_a_request_came_to(world: Any) -> None:
    here, there = request("/", "/", Host="127.0.0.1:8000"), request("/session", "/dev/session", host="api.example.com")
    assert (base_of(here), base_of(there)) == ("http://127.0.0.1:8000", "https://api.example.com/dev")
    assert (origins_of(here), origins_of(there)) == ({"http://127.0.0.1:8000"}, {"https://api.example.com"})
    assert asset(request("/", "/dev/"), "page.css").startswith("/dev/page/page.css?v=")
    world.settings.public_url = "https://costs.example.com/v1"
    assert base_of(there) == "https://costs.example.com/v1"
    assert origins_of(there) == {"https://api.example.com", "https://costs.example.com"}


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("path, action", [("/", "/session"), ("/dev/", "/dev/session")])
def test_every_link_of_a_page_has_the_prefix(path: str, action: str) -> None:
    body = shown.sign_in_page(request("/", path)).body
    assert f'action="{action}"' in body
    assert f'href="{path}page/page.css?v=' in body


# Whose forms count


def refused(asked: Any) -> type[AnalyticsError] | None:
    try:
        guard.admitted(asked, SimpleNamespace())  # type: ignore[arg-type]
    except AnalyticsError as error:
        return type(error)
    return None


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    "headers, error",
    [
        ({}, None),
        ({"Sec_Fetch_Site": "same-origin"}, None),
        ({"Sec_Fetch_Site": "none", "Origin": "null"}, None),
        ({"Origin": "https://api.example.com"}, None),
        ({"Sec_Fetch_Site": "cross-site"}, Forbidden),
        ({"Sec_Fetch_Site": ""}, Forbidden),
        ({"Origin": "http://api.example.com"}, Forbidden),
        ({"Origin": "https://api.example.com:8443"}, Forbidden),
        ({"Origin": ""}, Forbidden),
    ],
)
def test_a_form_comes_from_the_page_itself(headers: dict[str, str], error: type[AnalyticsError] | None) -> None:
    assert refused(request("/session", "/dev/session", "POST", "api.example.com", **headers)) == error


@pytest.mark.parametrize("route", ["/", "/page/settings", "/session/end"])
def test_the_pages_routes_are_the_pages(route: str) -> None:
    assert guard.is_page(route)


@pytest.mark.parametrize("route", ["", "/analytics/usage", "/health", "/pages", "/sessions", "/downloads/{token}", "/a/page/b"])
def test_no_other_route_is(route: str) -> None:
    assert not guard.is_page(route)


@given(st.binary(max_size=300))
def test_a_body_is_a_form_or_refused_as_none(body: bytes) -> None:
    asked = request("/session", "/session", "POST", body=body)
    try:
        guard.read_form(asked)
    except InvalidInput:
        return
    assert all(isinstance(value, str) for values in guard.form_of(asked).values() for value in values)


def test_a_form_keeps_every_value_of_a_field_and_what_is_empty() -> None:
    asked = request("/session", "/session", "POST", body=b"a=1&a=2&b=&c=%C3%A9+x")
    guard.read_form(asked)
    assert guard.form_of(asked) == {"a": ["1", "2"], "b": [""], "c": ["é x"]}


def test_another_origin_that_may_use_the_api_may_not_read_the_page() -> None:
    script = "import app, json; print(json.dumps({p: [w.cors is None for w in ws.values()] for p, ws in app.app.routes.items()}))"
    environment = {"STAGE": "dev", "PATH": "", "CORS_ORIGIN": "https://costs.example.com"}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=True)
    told = json.loads(done.stdout)
    assert {path for path, apart in told.items() if all(apart)} == {path for path in told if guard.is_page(path)}


# Who gets errors as pages

HOSTILE = '<script>alert("x")</script>{{7*7}}'


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("status", [400, 403, 404, 413, 429, 500, 503])
def test_hostile_text_in_an_error_is_text(status: int) -> None:
    from chalicelib.routes.errors import problem

    asked = request("/page/{asset}", "/dev/page/x", Accept="text/html")
    answer = shown.as_page(asked, problem(status, HOSTILE, detail=HOSTILE, headers={"Retry-After": "5"}), HOSTILE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "5")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<script" not in answer.body
    assert "&lt;script&gt;" in answer.body
    assert "{{7*7}}" in answer.body, "it is no template either"
    assert '<a href="/dev/">' in answer.body


@pytest.mark.parametrize("accept", ["text/html", "application/json, TEXT/HTML;q=0.1", "*/*, text/html; charset=utf-8; q=0.9"])
def test_who_names_html_gets_it(accept: str) -> None:
    assert takes_html(accept)


@pytest.mark.parametrize("accept", [None, "", "*/*", "text/*", "text/html;q=0", "text/html;q=x", "text/htmlx", "text/html," * 200])
def test_who_does_not_name_it_does_not(accept: str | None) -> None:
    assert not takes_html(accept)


def test_what_templates_ask_of_a_window_it_has() -> None:
    """Templates ask by name, which no type checker sees."""
    asked = {name for path in TEMPLATES.glob("*.html") for name in re.findall(r"\bwindow\.(\w+)", path.read_text())} - {"start", "end"}
    assert asked
    assert all(hasattr(Window, name) for name in asked)
