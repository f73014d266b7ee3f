"""What the page does, over HTTP as a browser without scripts would: reports, schedules and keys, by forms."""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import pytest

from tests.stack import Answer, Client, Customer, Stack
from tests.visitor import Browser, signed_in

REPORT = {"type": "costs", "format": "csv", "period": "7d"}
WEEKLY = {"type": "costs", "format": "csv", "kind": "weekly", "at": "06:30", "weekdays": ["mon", "fri"], "timezone": "Asia/Kathmandu"}
KEYS, REPORTS, SCHEDULES = "/analytics/keys", "/analytics/reports", "/analytics/schedules"


@pytest.fixture(scope="module")
def customer(own_stack: Stack) -> Customer:
    return own_stack.customers[0]


@pytest.fixture(scope="module")
def api(own_stack: Stack, customer: Customer) -> Client:
    return own_stack.client(customer)


@pytest.fixture(scope="module")
def browser(own_stack: Stack, customer: Customer) -> Browser:
    return signed_in(own_stack.base_url, customer.api_key)


def with_scopes(own_stack: Stack, api: Client, *scopes: str) -> tuple[Browser, str]:
    """(signed in with a key that has these alone, its id)."""
    made = api.post(KEYS, {"scopes": scopes}).json
    return signed_in(own_stack.base_url, made["api_key"]), made["id"]


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(csrf|once)" value="(\w+)"', page))


def press(browser: Browser, path: str, view: str, fields: dict[str, Any] | None = None, **more: Any) -> Answer:
    """The form at that path, with what its view has hidden in it."""
    shown = browser.get(f"/?view={view}")
    assert shown.status == 200
    return browser.post(path, urlencode({**hidden(shown.text), **(fields or {}), **more}, doseq=True).encode())


def led_to(answer: Answer) -> dict[str, str]:
    assert answer.status == 303, answer.text[:500]
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def wrong(answer: Answer) -> dict[str, str]:
    """The problems as they stand beside their fields."""
    assert 'role="alert"' in answer.text
    found = re.findall(r'<p class="problem" id="(\w+)-problem">(.*?)</p>', answer.text)
    for name, _ in found:
        assert re.search(rf'id="{name}"[^>]* aria-invalid="true" aria-describedby="{name}-problem', answer.text), name
    return {name: unescape(text) for name, text in found}


def ready(browser: Browser, address: str) -> str:
    """The view as soon as nothing of it is under way."""
    until = time.monotonic() + 30
    while "data-live" in (page := browser.get(address).text):
        assert '<noscript><meta http-equiv="refresh"' in page
        assert time.monotonic() < until
        time.sleep(0.2)
    return page


# Reports


def test_a_report_is_made_watched_and_downloaded_as_the_api_downloads_it(browser: Browser, api: Client) -> None:
    made = press(browser, "/page/reports", "reports", REPORT)
    report_id = led_to(made)["report"]
    page = ready(browser, made.headers["Location"])
    row = re.search(rf'<tr role="row" id="report-{report_id}" class="lit">.*?</tr>', page, re.DOTALL)
    assert row is not None
    assert '<span class="badge ready">ready</span>' in row[0]
    link = re.search(r'href="(/page/reports/\w+/download)"', row[0])
    assert link is not None
    found = browser.get(link[1])
    assert found.status == 303
    assert Client("").request("GET", found.headers["Location"]).content == api.download(report_id)
    proof = api.answer(f"{REPORTS}/{report_id}/verify")
    assert proof["manifest"]["documents"][0]["sha256"] in page
    assert proof["fingerprint"] in page
    assert '<span class="badge ready">valid</span>' in page


def test_days_are_both_included(browser: Browser, api: Client) -> None:
    made = press(browser, "/page/reports", "reports", REPORT, period="own", first="2026-10-01", last="2026-10-31")
    asked = api.answer(f"{REPORTS}/{led_to(made)['report']}")["parameters"]
    assert asked == {"start": ["2026-10-01"], "end": ["2026-11-01"]}


def test_what_is_wrong_is_told_beside_its_field_and_nothing_typed_is_lost(browser: Browser, api: Client) -> None:
    before = {one["id"] for one in api.answer(REPORTS)["reports"]}
    answer = press(browser, "/page/reports", "reports", type="usage", format="xlsx", period="own", first="2026-10-31", last="2026-10-01")
    assert answer.status == 400
    assert wrong(answer) == {"last": "Last day must not be before the first day"}
    for kept in ('value="usage" selected', 'value="xlsx" selected', 'value="own" selected', 'value="2026-10-31"', 'value="2026-10-01"'):
        assert kept in answer.text
    assert wrong(press(browser, "/page/reports", "reports", {**REPORT, "period": "9y"})).keys() == {"period"}
    assert wrong(press(browser, "/page/reports", "reports", {})).keys() == {"type"}
    hostile = press(browser, "/page/reports", "reports", REPORT, period="own", first='"><script>alert(1)</script>', last="")
    assert "<script>alert" not in hostile.text
    assert "&lt;script&gt;" in hostile.text
    assert {one["id"] for one in api.answer(REPORTS)["reports"]} == before


def test_a_form_that_is_sent_twice_makes_one_report_and_shown_again_another(browser: Browser) -> None:
    held = hidden(browser.get("/?view=reports").text)
    sent = [browser.post("/page/reports", {**held, **REPORT}) for _ in range(2)]
    assert led_to(sent[0]) == led_to(sent[1])
    changed = browser.post("/page/reports", {**held, **REPORT, "format": "json"})
    again = press(browser, "/page/reports", "reports", REPORT)
    assert len({led_to(one)["report"] for one in (sent[0], changed, again)}) == 3


def test_a_report_is_deleted_and_a_link_to_one_that_isnt_there_is_a_page(browser: Browser, api: Client) -> None:
    report_id = api.report({"type": "usage", "format": "csv", "period": "7d"})["id"]
    gone = press(browser, f"/page/reports/{report_id}/delete", "reports")
    assert led_to(gone) == {"view": "reports", "done": "deleted"}
    assert "The report and its document are deleted." in browser.get(gone.headers["Location"]).text
    assert api.get(f"{REPORTS}/{report_id}").status == 404
    for path in (f"/page/reports/{report_id}/download", f"/?view=reports&report={report_id}", "/?view=reports&report=x"):
        answer = browser.get(path)
        assert (answer.status, "<h1>Not found</h1>" in answer.text) == (404, True)


def test_older_reports_are_on_the_next_page(own_stack: Stack) -> None:
    other = own_stack.customers[1]
    api, browser = own_stack.client(other), signed_in(own_stack.base_url, other.api_key)
    for _ in range(21 - len(api.answer(REPORTS, limit=100)["reports"])):
        api.report({"type": "usage", "format": "csv", "period": "7d"})
    everything = [one["id"] for one in api.answer(REPORTS, limit=100)["reports"]]
    first = browser.get("/?view=reports").text
    older = re.findall(r'href="([^"]*)" data-swap rel="next"', first)
    assert re.findall(r'<tr role="row" id="report-(\w+)"', first) == everything[:20]
    assert re.findall(r'<tr role="row" id="report-(\w+)"', browser.get(unescape(older[0])).text) == everything[20:40]
    assert browser.get("/?view=reports&cursor=x").status == 400


# Schedules


def test_a_preview_writes_nothing_and_is_what_the_schedule_then_does(browser: Browser, api: Client) -> None:
    before, name = api.answer(SCHEDULES), f"Weekly <b>{uuid4().hex}</b>"
    tried = press(browser, "/page/schedules/preview", "schedules", WEEKLY, name=name)
    assert tried.status == 200
    assert api.answer(SCHEDULES) == before
    assert "<b>" not in tried.text
    for kept in ('value="mon" checked', 'value="fri" checked', 'value="06:30"', 'value="Asia/Kathmandu"', 'value="weekly" selected'):
        assert kept in tried.text
    schedule_id = led_to(press(browser, "/page/schedules", "schedules", WEEKLY, name=name))["schedule"]
    saved = api.answer(f"{SCHEDULES}/{schedule_id}")
    assert (saved["name"], saved["cadence"]["weekdays"], saved["timezone"], saved["status"]) == (
        name,
        ["mon", "fri"],
        "Asia/Kathmandu",
        "active",
    )
    runs = [one["local"] for one in api.answer(f"{SCHEDULES}/{schedule_id}/preview")["runs"]]
    for page in (tried.text, browser.get(f"/?view=schedules&schedule={schedule_id}").text):
        assert re.findall(r'<tr><th scope="row">(\S+) (\d\d:\d\d)</th>', page) == [(at[:10], at[11:16]) for at in runs]
    assert "every Monday and Friday at 06:30 Asia/Kathmandu" in browser.get("/?view=schedules").text
    api.request("DELETE", f"{SCHEDULES}/{schedule_id}")


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"timezone": "Europe/Londn", "name": ""}, {"timezone", "name"}),
        ({"kind": "daily", "at": "25:00"}, {"at"}),
        ({"kind": "monthly", "day": "first"}, {"day"}),
        ({"kind": "hourly", "minute": "60"}, {"minute"}),
        ({"kind": "cron", "cron": "* * * * *"}, {"cron"}),
        ({"weekdays": []}, {"weekdays"}),
        ({"recipients": "0" * 32}, {"recipients"}),
        ({"format": "doc"}, {"format"}),
        ({"type": "usage", "wait_for": "final"}, {"wait_for"}),
        ({"period": "9y"}, {"period"}),
    ],
)
def test_each_wrong_field_of_a_schedule_is_told_beside_it(browser: Browser, change: dict[str, Any], fields: set[str]) -> None:
    for path in ("/page/schedules", "/page/schedules/preview"):
        answer = press(browser, path, "schedules", {**WEEKLY, "name": "kept as it is", **change})
        assert (answer.status, wrong(answer).keys()) == (400, fields)
        assert 'value="kept as it is"' in answer.text or "name" in change


def test_a_schedule_is_made_once_run_once_paused_resumed_and_deleted(browser: Browser, api: Client) -> None:
    held = {**hidden(browser.get("/?view=schedules").text), **WEEKLY, "name": uuid4().hex}
    twice = [led_to(browser.post("/page/schedules", urlencode(held, doseq=True).encode())) for _ in range(2)]
    assert twice[0] == twice[1]
    assert [one["name"] for one in api.answer(SCHEDULES)["schedules"]].count(held["name"]) == 1
    schedule_id = twice[0]["schedule"]
    path = f"/page/schedules/{schedule_id}"
    for act, status in (("pause", "paused"), ("resume", "active")):
        told = led_to(press(browser, f"{path}/{act}", "schedules"))
        assert (told["schedule"], api.answer(f"{SCHEDULES}/{schedule_id}")["status"]) == (schedule_id, status)
    pressed = hidden(browser.get("/?view=schedules").text)
    for _ in range(2):
        assert led_to(browser.post(f"{path}/run", pressed))["done"] == "run"
    runs = api.answer(f"{SCHEDULES}/{schedule_id}/runs")["runs"]
    assert [one["trigger"] for one in runs] == ["now"]
    assert "by hand" in browser.get(f"/?view=schedules&schedule={schedule_id}").text
    assert led_to(press(browser, f"{path}/delete", "schedules"))["done"] == "deleted"
    assert api.get(f"{SCHEDULES}/{schedule_id}").status == 404
    assert press(browser, f"{path}/delete", "schedules").status == 404


# Keys


def test_a_key_is_told_once_opens_what_it_may_and_is_revoked(browser: Browser, own_stack: Stack, api: Client) -> None:
    made = press(browser, "/page/keys", "keys", scopes=["read"], expires_in_days="30")
    assert (made.status, made.headers["Cache-Control"]) == (201, "no-store")
    key = re.findall(r'class="secret">(\w+)<', made.text)[0]
    key_id = key.split("_")[2]
    assert key.split("_")[3] not in browser.get("/?view=keys").text
    client = Client(own_stack.base_url, {"X-API-Key": key})
    assert client.get("/analytics/usage").status == 200
    assert client.get(REPORTS).status == 403
    other = signed_in(own_stack.base_url, key)
    rotated = press(browser, f"/page/keys/{key_id}/rotate", "keys", overlap_hours="1")
    assert rotated.status == 201
    second = re.findall(r'class="secret">(\w+)<', rotated.text)[0]
    assert api.answer(f"{KEYS}/{key_id}")["successor"] == second.split("_")[2]
    assert led_to(press(browser, f"/page/keys/{key_id}/revoke", "keys"))["done"] == "revoked"
    assert client.get("/analytics/usage").status == 401
    assert 'type="password"' in other.get().text, "its sessions end with it"
    assert Client(own_stack.base_url, {"X-API-Key": second}).get("/analytics/usage").status == 200
    press(browser, f"/page/keys/{second.split('_')[2]}/revoke", "keys")


def test_what_is_wrong_with_a_key_is_told_and_none_is_made(browser: Browser, api: Client) -> None:
    before = [one["id"] for one in api.answer(KEYS)["keys"]]
    answer = press(browser, "/page/keys", "keys", expires_in_days="0")
    assert (answer.status, wrong(answer).keys()) == (400, {"scopes"})
    answer = press(browser, "/page/keys", "keys", scopes=["read", "admin"], expires_in_days="many")
    assert (answer.status, wrong(answer).keys()) == (400, {"expires_in_days"})
    assert all(f'value="{kept}" checked' in answer.text for kept in ("read", "admin"))
    key_id = next(one["id"] for one in api.answer(KEYS)["keys"] if one["status"] == "live" and not one["successor"])
    answer = press(browser, f"/page/keys/{key_id}/rotate", "keys", overlap_hours="721")
    assert (answer.status, wrong(answer).keys()) == (400, {"overlap_hours"})
    assert [one["id"] for one in api.answer(KEYS)["keys"]] == before


def test_who_may_not_look_at_everything_begins_where_it_may(own_stack: Stack, api: Client) -> None:
    for scopes, view in ((("admin",), "keys"), (("report",), "reports")):
        own, _ = with_scopes(own_stack, api, *scopes)
        assert led_to(own.get("/")) == {"view": view}
        assert own.get("/?view=overview").status == 403


def test_whoever_revokes_the_key_of_its_own_session_is_warned_and_signed_out(own_stack: Stack, api: Client) -> None:
    own, key_id = with_scopes(own_stack, api, "admin")
    page = own.get("/?view=keys").text
    assert "You are signed in with this key" in page
    gone = own.post(f"/page/keys/{key_id}/revoke", hidden(page))
    assert gone.status == 303
    assert "Your session has ended" in own.get(gone.headers["Location"]).text


# Who may


@pytest.mark.parametrize(
    ("scopes", "seen"),
    [(("read",), {"costs"}), (("read", "report"), {"costs", "reports", "schedules"}), (("read", "admin"), {"costs", "keys"})],
)
def test_a_view_without_its_scope_is_in_no_navigation_and_a_403_page(
    own_stack: Stack, api: Client, scopes: tuple[str, ...], seen: set[str]
) -> None:
    own, key_id = with_scopes(own_stack, api, *scopes)
    home = own.get().text
    for view in ("costs", "reports", "schedules", "keys"):
        assert (f'href="/?view={view}"' in home) == (view in seen)
        answer = own.get(f"/?view={view}")
        assert answer.status == (200 if view in seen else 403)
        assert "<h1>" in answer.text
    token = {"csrf": own.csrf}
    for path, view in (("/page/reports", "reports"), ("/page/schedules", "schedules"), ("/page/keys", "keys")):
        if view not in seen:
            assert own.post(path, token).status == 403
    api.request("DELETE", f"{KEYS}/{key_id}")


def test_the_audit_tells_what_the_page_did_as_it_tells_what_the_api_did(browser: Browser, api: Client) -> None:
    made = press(browser, "/page/reports", "reports", REPORT)
    report_id = led_to(made)["report"]
    ready(browser, made.headers["Location"])
    browser.get(f"/page/reports/{report_id}/download")
    press(browser, f"/page/reports/{report_id}/delete", "reports")
    told = [(one["action"], one["object"], one["status"]) for one in api.answer("/analytics/audit", limit=20)["entries"]]
    path = f"{REPORTS}/{report_id}"
    assert [one for one in told if one[1].startswith(path)] == [
        ("POST /page/reports/{report_id}/delete", path, 303),
        ("GET /page/reports/{report_id}/download", f"{path}/download", 303),
        ("POST /page/reports", path, 303),
    ]


# Two currencies


@pytest.fixture(scope="session")
def two_currencies(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Customer:
    name, bill = "two-currencies", tmp_path_factory.mktemp("bill") / "bill.csv"
    own_stack.new_customer(name)
    days = [own_stack.day - timedelta(days=number) for number in range(1, 21)]
    lines = ["BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ServiceName,RegionId,SubAccountId"]
    for day in days:
        lines += [f"{amount},{amount},{currency},{day}T00:00:00Z,{service},r,430000000001" for amount, currency, service in MONEY]
    bill.write_text("\n".join([*lines, ""]))
    taken = own_stack.ops("ingest", "--customer", name, str(bill))
    assert taken.returncode == 0, taken.stderr
    made = own_stack.ops("keys", "create", "--customer", name, "--json")
    return Customer(name, json.loads(made.stdout)["api_key"])


MONEY = (("2.5", "EUR", "Europe"), ("1.25", "USD", "America"))


def test_of_two_currencies_one_is_shown_and_the_other_a_click_away(own_stack: Stack, two_currencies: Customer) -> None:
    own, api = signed_in(own_stack.base_url, two_currencies.api_key), own_stack.client(two_currencies)
    for address, currency in (("/", "EUR"), ("/?currency=USD", "USD"), ("/?view=costs&service=America", "USD")):
        page = own.get(address).text
        assert "Costs are in EUR and USD, which are never added" in page
        asked = {"service": "America"} if "America" in address else {}
        total = api.answer("/analytics/costs", asked, currency=currency)["total"]
        assert f'<data value="{total}" data-kind="money" data-unit="{currency}">' in page, address


def test_a_report_and_a_schedule_are_in_the_currency_that_was_chosen(own_stack: Stack, two_currencies: Customer) -> None:
    own, api = signed_in(own_stack.base_url, two_currencies.api_key), own_stack.client(two_currencies)
    made = press(own, "/page/reports", "reports", REPORT, currency="USD")
    assert "ready" in ready(own, made.headers["Location"])
    assert api.answer(f"{REPORTS}/{led_to(made)['report']}")["parameters"]["currency"] == ["USD"]
    usage = press(own, "/page/reports", "reports", REPORT, type="usage", currency="USD")
    assert "currency" not in api.answer(f"{REPORTS}/{led_to(usage)['report']}")["parameters"]
    saved = press(own, "/page/schedules", "schedules", WEEKLY, name="In euros", currency="EUR")
    assert api.answer(f"{SCHEDULES}/{led_to(saved)['schedule']}")["report"]["currency"] == "EUR"
