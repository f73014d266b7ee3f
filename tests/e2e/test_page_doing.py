"""What a customer does on the page, in a browser: reports to the last byte, schedules before and after they are saved, keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Visit, sideways, violations
from tests.e2e.pages import open_view, sign_in
from tests.stack import Client, Customer, Stack

Begin = Callable[..., Visit]


@pytest.fixture
def customer(own_stack: Stack) -> Customer:
    return own_stack.customers[1]


@pytest.fixture
def api(own_stack: Stack, customer: Customer) -> Client:
    return own_stack.client(customer)


@pytest.fixture
def signed_in(own_stack: Stack, visit: Begin, customer: Customer) -> Callable[..., Visit]:
    def begin(**options: object) -> Visit:
        made = visit(own_stack.base_url, **options)
        sign_in(made.page, own_stack.base_url, customer.api_key)
        return made

    return begin


@pytest.fixture
def schedules_kept(api: Client) -> Iterator[None]:
    """Whatever a test makes of them goes again."""
    before = {one["id"] for one in api.answer("/analytics/schedules")["schedules"]}
    yield
    for one in api.answer("/analytics/schedules")["schedules"]:
        if one["id"] not in before:
            api.request("DELETE", f"/analytics/schedules/{one['id']}")


def asked_for(page: Page, base_url: str, **fields: str) -> str:
    """Has the form make a report; its id."""
    for name, value in fields.items():
        page.locator(f"#report-form [name={name}]").select_option(value)
    page.get_by_role("button", name="Generate").click()
    expect(page).to_have_url(re.compile(r"report=[0-9a-f]{32}"))
    return re.findall(r"report=([0-9a-f]{32})", page.url)[0]


@pytest.mark.parametrize("format", ["pdf", "xlsx", "csv", "json"])
def test_a_report_is_asked_for_watched_and_downloaded_byte_for_byte(
    own_stack: Stack, signed_in: Callable[..., Visit], api: Client, tmp_path: Path, format: str
) -> None:
    one = signed_in()
    page = one.page
    open_view(page, "Reports")
    report_id = asked_for(page, own_stack.base_url, type="costs", format=format, period="7d")
    expect(page.locator(f"#report-{report_id} .badge.ready")).to_be_visible(timeout=30_000)
    expect(page.locator("#reports-list[data-live]")).to_have_count(0)
    with page.expect_download() as caught:
        page.locator("section[aria-labelledby=one-report]").get_by_role("link", name="Download").click()
    found = tmp_path / "found"
    caught.value.save_as(found)
    stored = api.answer(f"/analytics/reports/{report_id}")
    assert found.read_bytes() == api.download(report_id)
    assert caught.value.suggested_filename == stored["filename"]
    assert len(found.read_bytes()) == stored["size_bytes"]
    page.reload()
    expect(page.locator("#proof")).to_contain_text("valid")
    expect(page.locator("#proof")).to_contain_text(api.answer(f"/analytics/reports/{report_id}/verify")["fingerprint"])
    assert violations(page) == []
    page.locator("section[aria-labelledby=one-report] details.sure summary").click()
    page.locator("section[aria-labelledby=one-report]").get_by_role("button", name="Delete it").click()
    expect(page.locator(f"#report-{report_id}")).to_have_count(0)
    assert api.get(f"/analytics/reports/{report_id}").status == 404


def test_a_report_is_made_without_javascript(own_stack: Stack, signed_in: Callable[..., Visit], api: Client) -> None:
    page = signed_in(java_script_enabled=False).page
    open_view(page, "Reports")
    report_id = asked_for(page, own_stack.base_url, type="usage", format="csv", period="7d")
    expect(page.locator(f"#report-{report_id} .badge.ready")).to_be_visible(timeout=30_000)
    assert api.answer(f"/analytics/reports/{report_id}")["status"] == "ready"


def test_what_is_wrong_with_a_form_is_told_beside_its_field(own_stack: Stack, signed_in: Callable[..., Visit]) -> None:
    one = signed_in()
    one.expects("console: .*400")
    page = one.page
    open_view(page, "Reports")
    page.locator("#report-form [name=period]").select_option("own")
    page.locator("#report-form [name=first]").fill("2026-10-31")
    page.locator("#report-form [name=last]").fill("2026-10-01")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator("#last-problem")).to_contain_text("must not be before")
    assert page.locator("#report-form [name=first]").input_value() == "2026-10-31"
    assert violations(page) == []


@pytest.mark.usefixtures("schedules_kept")
def test_a_schedule_is_previewed_before_it_is_saved_paused_run_and_deleted(
    own_stack: Stack, signed_in: Callable[..., Visit], api: Client
) -> None:
    page = signed_in().page
    open_view(page, "Schedules")
    before = api.answer("/analytics/schedules")["schedules"]
    form = page.locator("#schedule-form")
    form.get_by_label("Name").fill("Weekly costs")
    form.locator("[name=format]").select_option("csv")
    form.locator("[name=kind]").select_option("weekly")
    expect(form.locator("[name=day]")).to_be_hidden()
    form.locator("[name=at]").fill("06:30")
    form.get_by_label("Monday").check()
    form.get_by_label("Friday").check()
    form.locator("[name=timezone]").fill("Asia/Kathmandu")
    form.get_by_role("button", name="Preview").click()
    runs = page.locator("#preview tbody tr th")
    expect(runs.first).to_be_visible()
    told = runs.all_inner_texts()
    assert api.answer("/analytics/schedules")["schedules"] == before, "nothing is saved yet"
    assert violations(page) == []
    page.locator("#schedule-form").get_by_role("button", name="Save").click()
    expect(page.locator("section[aria-labelledby=one-schedule] h2")).to_have_text("Weekly costs")
    made = next(one for one in api.answer("/analytics/schedules")["schedules"] if one["name"] == "Weekly costs")
    preview = api.answer(f"/analytics/schedules/{made['id']}/preview")["runs"]
    assert told == [f"{run['local'][:10]} {run['local'][11:16]}" for run in preview]
    row = page.locator(f"#schedule-{made['id']}")
    row.get_by_role("button", name="Pause").click()
    expect(page.locator(f"#schedule-{made['id']} .badge")).to_have_text("paused")
    page.locator(f"#schedule-{made['id']}").get_by_role("button", name="Run now").click()
    expect(page.locator("#runs .badge.delivered").first).to_be_visible(timeout=40_000)
    assert api.answer(f"/analytics/schedules/{made['id']}/runs")["runs"][0]["status"] == "delivered"
    assert violations(page) == []
    row = page.locator(f"#schedule-{made['id']}")
    row.locator("details.sure summary").click()
    row.get_by_role("button", name="Delete it").click()
    expect(page.locator(f"#schedule-{made['id']}")).to_have_count(0)


def test_receipts_of_a_schedule_are_shown(own_stack: Stack, visit: Begin) -> None:
    """The first demo customer's runs every quarter of an hour, to a mail address and a webhook."""
    page, client = visit(own_stack.base_url).page, own_stack.client()
    sign_in(page, own_stack.base_url, own_stack.customers[0].api_key)
    made = next(one for one in client.answer("/analytics/schedules")["schedules"] if one["recipients"])
    started = client.request("POST", f"/analytics/schedules/{made['id']}/run")
    assert started.status == 202, started.text
    page.goto(f"{own_stack.base_url}/?view=schedules&schedule={made['id']}")
    expect(page.locator("#runs tbody").first.locator(".badge.delivered").first).to_be_visible(timeout=40_000)
    run = client.answer(f"/analytics/schedules/{made['id']}/runs")["runs"][0]
    text = page.locator("#runs tbody").first.inner_text()
    for delivery in run["deliveries"]:
        assert delivery["to"] in text
        assert delivery["channel"] in text


def test_a_key_is_shown_once_works_and_is_revoked(own_stack: Stack, signed_in: Callable[..., Visit], api: Client) -> None:
    one = signed_in()
    page = one.page
    open_view(page, "Keys")
    page.get_by_role("button", name="Make a key").click()
    key = page.locator(".secret").inner_text().strip()
    assert own_stack.anonymous.get("/analytics/usage", headers={"X-API-Key": key}).status == 200
    assert violations(page) == []
    assert not any(key in url for url in one.requested)
    page.goto(f"{own_stack.base_url}/?view=keys")
    assert key not in page.content()
    key_id = key.split("_")[2]
    row = page.locator(f"#key-{key_id}")
    row.locator("details.sure summary").last.click()
    row.get_by_role("button", name="Revoke it").click()
    expect(page.locator(f"#key-{key_id} .badge")).to_have_text("revoked")
    assert own_stack.anonymous.get("/analytics/usage", headers={"X-API-Key": key}).status == 401


def test_who_may_only_read_sees_only_what_is_read(own_stack: Stack, visit: Begin, api: Client) -> None:
    key = api.post("/analytics/keys", {"scopes": ["read"]}).json["api_key"]
    one = visit(own_stack.base_url)
    one.expects("console: .*403")
    sign_in(one.page, own_stack.base_url, key)
    assert one.page.locator("nav.views a").all_inner_texts() == ["Overview", "Costs", "Compliance", "Usage"]
    answer = one.page.goto(f"{own_stack.base_url}/?view=keys")
    assert answer
    assert answer.status == 403
    expect(one.page.locator("h1")).to_have_text("Forbidden")


def test_anothers_report_isnt_there(own_stack: Stack, visit: Begin, api: Client) -> None:
    report = api.report({"type": "usage", "format": "csv", "period": "7d"})
    one = visit(own_stack.base_url)
    one.expects("console: .*404")
    sign_in(one.page, own_stack.base_url, own_stack.customers[0].api_key)
    for address in (f"/page/reports/{report['id']}/download", f"/?view=reports&report={report['id']}"):
        answer = one.page.goto(f"{own_stack.base_url}{address}")
        assert answer
        assert answer.status == 404


def test_everything_done_fits_a_phone(own_stack: Stack, signed_in: Callable[..., Visit], api: Client) -> None:
    report = api.report({"type": "usage", "format": "csv", "period": "7d"})
    for scheme in ("light", "dark"):
        page = signed_in(width=360, color_scheme=scheme).page
        for address in (f"/?view=reports&report={report['id']}", "/?view=schedules", "/?view=keys"):
            page.goto(f"{own_stack.base_url}{address}")
            assert sideways(page) is None, address
            assert violations(page) == []
