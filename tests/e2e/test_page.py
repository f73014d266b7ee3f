"""The customer's page in a browser: what is on it, that its numbers are the API's, and that it is safe and usable for everybody."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import Visit, sideways, violations
from tests.e2e.pages import open_view, sign_in, sign_out
from tests.stack import Customer, Stack

READING = ("overview", "costs", "compliance", "usage")
DOING = ("reports", "schedules", "keys")
VIEWS = (*READING, *DOING)
LARGEST = 120_000
HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>{{7*7}}"
Begin = Callable[..., Visit]


@pytest.fixture
def signed_in(own_stack: Stack, visit: Begin) -> Callable[..., Visit]:
    """signed_in(customer, **options): the first customer's page, unless another one is named."""

    def begin(customer: Customer | None = None, **options: Any) -> Visit:
        made = visit(own_stack.base_url, **options)
        sign_in(made.page, own_stack.base_url, (customer or own_stack.customers[0]).api_key)
        return made

    return begin


def exact(page: Page, name: str) -> Decimal | None:
    """A key figure with all its digits."""
    figure = page.locator(".figures.headline .figure", has=page.locator("dt", has_text=re.compile(f"^{name}")))
    data = figure.locator("dd > data")
    return Decimal(data.get_attribute("value") or "") if data.count() else None


def bars(page: Page, card: str) -> dict[str, Decimal]:
    rows = page.locator(f"section[aria-labelledby={card}] table.bars tbody tr")
    found = rows.evaluate_all("rows => rows.map(row => [row.cells[0].textContent, row.cells[2].dataset.v])")
    return {name: Decimal(value) for name, value in found}


# What is on it


def test_the_overview_says_what_the_three_queries_say(own_stack: Stack, signed_in: Callable[..., Visit]) -> None:
    client, page = own_stack.client(), signed_in().page
    costs, usage, compliance = (client.answer(f"/analytics/{name}") for name in ("costs", "usage", "compliance"))
    assert exact(page, "Billed cost") == costs["total"]
    assert exact(page, "Forecast") == costs["forecast"]["amount"]
    assert exact(page, "Compliance score") == compliance["current_score"]
    assert exact(page, "Controls failed") == compliance["score"]["failed"]
    for name, metric in (("API calls", "api_calls"), ("Storage", "storage_gb"), ("Compute", "compute_hours")):
        assert exact(page, name) == usage["metrics"][metric]
    largest = sorted(costs["breakdown"].items(), key=lambda pair: -pair[1])[:8]
    assert bars(page, "parts") == dict(largest)
    expect(page.locator(".badge", has_text="estimated")).to_be_visible()
    expect(page.locator(".source")).to_have_count(3)


def test_a_chart_has_every_point_in_its_table_and_the_forecast_and_what_is_unusual(
    own_stack: Stack, signed_in: Callable[..., Visit]
) -> None:
    client, page = own_stack.client(), signed_in().page
    costs, unusual = client.answer("/analytics/costs"), client.answer("/analytics/costs/anomalies")
    rows = page.locator("section[aria-labelledby=trend] details tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.dataset.v || cell.textContent))"
    )
    known = [entry["amount"] for entry in costs["series"]]
    assert [row[1] for row in rows[: len(known)]] == ["n/a" if amount is None else str(amount) for amount in known]
    assert len(rows) > len(known), "what lies ahead follows"
    marked = {row[0]: row[-1] for row in rows if "unusual" in row[-1]}
    assert len(marked) == len({one["day"] for one in unusual["anomalies"]})
    for one in unusual["anomalies"]:
        assert any(f"{one['service']}, {one['impact']:+,.2f} {costs['currency']}" in text for text in marked.values())
    assert page.locator("section[aria-labelledby=trend] svg.plot .band").count() == 1


@pytest.mark.parametrize("period", ["7d", "90d", "12m"])
def test_the_period_is_switched_without_a_reload_and_is_in_the_address(
    own_stack: Stack, signed_in: Callable[..., Visit], period: str
) -> None:
    page = signed_in().page
    page.evaluate("window.kept = true")
    page.locator(f".switch a[href*='period={period}']").click()
    expect(page).to_have_url(re.compile(f"period={period}"))
    expect(page.locator(f".switch a[href*='period={period}']")).to_have_attribute("aria-current", "true")
    assert exact(page, "Billed cost") == own_stack.client().answer("/analytics/costs", period=period)["total"]
    assert page.evaluate("window.kept")
    page.go_back()
    expect(page.locator(".switch a[href*='period=30d']")).to_have_attribute("aria-current", "true")


def test_a_period_of_ones_own_counts_both_its_days(own_stack: Stack, signed_in: Callable[..., Visit]) -> None:
    page, last = signed_in().page, own_stack.day - timedelta(days=3)
    first = last - timedelta(days=9)
    page.get_by_text("Custom").click()
    page.get_by_label("First day").fill(str(first))
    page.get_by_label("Last day").fill(str(last))
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(f"first={first}"))
    answer = own_stack.client().answer("/analytics/costs", start=str(first), end=str(last + timedelta(days=1)))
    assert exact(page, "Billed cost") == answer["total"]


def test_a_comparison_is_chosen(own_stack: Stack, signed_in: Callable[..., Visit]) -> None:
    page = signed_in().page
    open_view(page, "Costs")
    page.get_by_label("Compared with").select_option("none")
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_url(re.compile("compare=none"))
    expect(page.locator("section[aria-labelledby=drivers]")).to_contain_text("nothing whole to compare with")
    page.get_by_label("Compared with").select_option("previous")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("section[aria-labelledby=drivers] table.data")).to_be_visible()
    lines = own_stack.client().answer("/analytics/costs", compare="previous")["change"]["lines"]
    told = page.locator("section[aria-labelledby=drivers] table.data tbody tr").evaluate_all(
        "rows => rows.map(row => [row.cells[0].textContent, row.cells[3].dataset.v])"
    )
    assert [(name, Decimal(value)) for name, value in told] == [(line["name"], line["amount"]) for line in lines]


def test_a_service_is_drilled_into_and_out_of(own_stack: Stack, signed_in: Callable[..., Visit]) -> None:
    page, client = signed_in().page, own_stack.client()
    open_view(page, "Costs")
    page.locator("section[aria-labelledby=parts] table.bars").get_by_role("link", name="AWS Lambda").click()
    expect(page.locator(".chips")).to_contain_text("service: AWS Lambda")
    answer = client.answer("/analytics/costs", service="AWS Lambda", breakdown="region", compare="previous")
    assert exact(page, "Billed cost") == answer["total"]
    assert bars(page, "parts") == answer["breakdown"]
    page.locator(".chips a").click()
    expect(page.locator(".chips")).to_have_count(0)


@pytest.mark.parametrize("by", ["region", "account", "category"])
def test_costs_are_broken_down_by_what_is_chosen(own_stack: Stack, signed_in: Callable[..., Visit], by: str) -> None:
    page = signed_in().page
    page.goto(f"{own_stack.base_url}/?view=costs")
    page.get_by_label("Broken down by").select_option(by)
    page.get_by_role("button", name="Break down", exact=True).click()
    expect(page).to_have_url(re.compile(f"breakdown={by}"))
    expect(page.locator(".figures.headline")).to_be_visible()
    answer = own_stack.client().answer("/analytics/costs", breakdown=by)
    expect(page.locator("section[aria-labelledby=parts] figcaption")).to_contain_text(f"Cost by {by}")
    assert bars(page, "parts") == answer["breakdown"]


def test_a_control_that_fails_shows_its_resources(own_stack: Stack, signed_in: Callable[..., Visit]) -> None:
    page, client = signed_in().page, own_stack.client()
    open_view(page, "Compliance")
    issue = client.answer("/analytics/compliance")["top_issues"][0]
    page.locator("section[aria-labelledby=failing]").get_by_role("link", name=issue["control_id"], exact=True).click()
    found = client.answer(f"/analytics/compliance/controls/{issue['control_id']}")["failing_resources"]
    rows = page.locator("section[aria-labelledby=control] tbody tr th")
    expect(rows).to_have_count(len(found))
    assert rows.all_inner_texts() == [one["resource"] for one in found]


def test_compliance_shows_the_score_and_all_that_it_is_made_of(own_stack: Stack, signed_in: Callable[..., Visit]) -> None:
    page, answer = signed_in().page, own_stack.client().answer("/analytics/compliance")
    open_view(page, "Compliance")
    counts = page.locator("section[aria-labelledby=score-of] .counts dd data").evaluate_all("all => all.map(one => Number(one.value))")
    assert counts == [answer["score"][name] for name in ("passed", "failed", "unknown", "no_data", "disabled")]
    expect(page.locator("section[aria-labelledby=failing] tbody tr")).to_have_count(answer["score"]["failed"])
    history = page.locator("section[aria-labelledby=history-of] details tbody tr")
    expect(history).to_have_count(len(own_stack.client().answer("/analytics/compliance/changes")["series"]))


# Bad addresses


@pytest.mark.parametrize(
    "query, field",
    [
        ("period=3x", "Period"),
        ("first=2026-11-10&last=2026-11-01", "Last day"),
        ("first=2020-01-01&last=2026-11-01", "Last day"),
        ("first=x&last=y", "First day"),
        ("view=x", "View"),
    ],
)
def test_a_bad_address_says_what_is_wrong_on_the_page(own_stack: Stack, signed_in: Callable[..., Visit], query: str, field: str) -> None:
    one = signed_in()
    one.expects("console: .*400")
    answer = one.page.goto(f"{own_stack.base_url}/?{query}")
    assert answer
    assert answer.status == 400
    expect(one.page.get_by_role("alert")).to_contain_text(field)
    assert violations(one.page) == []


def test_a_wrong_credential_is_told_and_not_shown_again(own_stack: Stack, visit: Begin) -> None:
    one = visit(own_stack.base_url)
    one.expects("console: .*401")
    one.page.goto(own_stack.base_url)
    one.page.locator("[name=credential]").fill("sbk_local_wrong")
    one.page.get_by_role("button", name="Sign in").click()
    expect(one.page.get_by_role("alert")).to_be_visible()
    assert "sbk_local_wrong" not in one.page.content()


# Two customers


def test_two_customers_side_by_side_see_only_their_own(own_stack: Stack, signed_in: Callable[..., Visit]) -> None:
    pages = [(customer, signed_in(customer).page) for customer in own_stack.customers[:2]]
    for view in VIEWS:
        for (mine, page), (other, _) in (pages, reversed(pages)):
            page.goto(f"{own_stack.base_url}/?view={view}")
            text = page.content()
            assert mine.customer_id in text
            assert other.customer_id not in text
            assert other.name not in text
    for customer, page in pages:
        page.goto(own_stack.base_url)
        assert exact(page, "Billed cost") == own_stack.client(customer).answer("/analytics/costs")["total"]


# Hostile names


@pytest.fixture(scope="session")
def hostile(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Customer:
    """A customer whose bill and findings try to run something."""
    name, folder = "hostile-page", tmp_path_factory.mktemp("hostile")
    added = own_stack.ops("customers", "add", "--id", name, "--name", HOSTILE[:60], "--account", "420000000001")
    assert added.returncode == 0, added.stderr
    columns = ("BilledCost", "EffectiveCost", "BillingCurrency", "ChargePeriodStart", "ServiceName", "RegionId", "SubAccountId")
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for number in range(1, 40):
        day = datetime.now(UTC).date() - timedelta(days=number)
        if number == 1:
            writer.writerow(("100.125", "100.125", "USD", f"{day}T00:00:00Z", "Halves", "r", "420000000001"))
        for service in (HOSTILE, "javascript:alert(3)", "Plain"):
            amount = "950.5" if number == 5 else "10.25"
            writer.writerow((amount, amount, "USD", f"{day}T00:00:00Z", service, HOSTILE, "420000000001"))
    (folder / "bill.csv").write_text(text.getvalue())
    finding = {
        "Id": "1",
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
        "GeneratorId": "x",
        "AwsAccountId": "420000000001",
        "UpdatedAt": f"{datetime.now(UTC):%Y-%m-%d}T00:00:00Z",
        "Title": HOSTILE,
        "Severity": {"Label": "CRITICAL"},
        "Resources": [{"Id": HOSTILE, "Type": "AwsIamUser", "Region": "eu-west-1"}],
        "Compliance": {"Status": "FAILED", "SecurityControlId": "IAM.1"},
        "Remediation": {"Recommendation": {"Text": HOSTILE, "Url": "javascript:alert(4)"}},
    }
    (folder / "findings.json").write_text(json.dumps([finding]))
    taken = own_stack.ops("ingest", "--customer", name, str(folder / "bill.csv"), str(folder / "findings.json"))
    assert taken.returncode == 0, taken.stderr
    made = own_stack.ops("keys", "create", "--customer", name, "--scopes", "read,report,admin", "--json")
    return Customer(name, json.loads(made.stdout)["api_key"])


@pytest.mark.parametrize("scripted", [True, False])
def test_hostile_names_are_shown_and_do_nothing(
    own_stack: Stack, signed_in: Callable[..., Visit], hostile: Customer, scripted: bool
) -> None:
    page = signed_in(hostile, java_script_enabled=scripted).page
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for view in (*VIEWS, "compliance&control=IAM.1", "costs&breakdown=region"):
        page.goto(f"{own_stack.base_url}/?view={view}")
        assert page.locator("main script, main img, [onerror], a[href^='javascript:' i]").count() == 0
    page.goto(f"{own_stack.base_url}/?view=costs")
    expect(page.locator("section[aria-labelledby=parts] table.bars").first).to_contain_text("<script>alert(2)</script>{{7*7}}")
    page.locator("section[aria-labelledby=parts] table.bars").get_by_role("link").filter(has_text="onerror").click()
    expect(page.locator(".chips")).to_contain_text("onerror")
    assert violations(page) == [] if scripted else True


def test_half_a_cent_is_rounded_as_everywhere_else(own_stack: Stack, signed_in: Callable[..., Visit], hostile: Customer) -> None:
    for scripted in (True, False):
        page = signed_in(hostile, java_script_enabled=scripted).page
        page.goto(f"{own_stack.base_url}/?view=costs&service=Halves")
        expect(page.locator("section[aria-labelledby=parts] table.bars td").last).to_have_text("100.12")


# For everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_accessible_and_light_enough(own_stack: Stack, signed_in: Callable[..., Visit], view: str, scheme: str) -> None:
    one = signed_in(color_scheme=scheme)
    one.page.goto(f"{own_stack.base_url}/?view={view}&period=90d" if view in READING else f"{own_stack.base_url}/?view={view}")
    assert violations(one.page) == []
    one.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert violations(one.page) == [], "with everything unfolded"
    assert one.page_weight <= LARGEST


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signing_in_is_accessible(own_stack: Stack, visit: Begin, scheme: str) -> None:
    page = visit(own_stack.base_url, color_scheme=scheme, width=360).page
    page.goto(own_stack.base_url)
    assert violations(page) == []
    assert sideways(page) is None


@pytest.mark.parametrize("width", [360, 768, 1920])
def test_nothing_scrolls_sideways(own_stack: Stack, signed_in: Callable[..., Visit], hostile: Customer, width: int) -> None:
    for customer in (own_stack.customers[0], hostile):
        page = signed_in(customer, width=width).page
        for view in VIEWS:
            page.goto(f"{own_stack.base_url}/?view={view}")
            assert sideways(page) is None, view


def test_without_javascript_everything_is_there(own_stack: Stack, signed_in: Callable[..., Visit]) -> None:
    page = signed_in(java_script_enabled=False).page
    assert exact(page, "Billed cost") == own_stack.client().answer("/analytics/costs")["total"]
    page.locator(".switch a[href*='period=7d']").click()
    assert exact(page, "Billed cost") == own_stack.client().answer("/analytics/costs", period="7d")["total"]
    open_view(page, "Costs")
    page.get_by_label("Broken down by").select_option("region")
    page.get_by_role("button", name="Break down", exact=True).click()
    expect(page.locator("section[aria-labelledby=parts] figcaption")).to_contain_text("Cost by region")
    page.locator("section[aria-labelledby=trend] details summary").first.click()
    expect(page.locator("section[aria-labelledby=trend] details table").first).to_be_visible()
    sign_out(page)


def test_with_the_keyboard_alone_one_signs_in_switches_and_reads_a_chart(own_stack: Stack, visit: Begin) -> None:
    page = visit(own_stack.base_url).page
    page.goto(own_stack.base_url)
    page.keyboard.type(own_stack.customers[0].api_key)
    page.keyboard.press("Enter")
    expect(page.locator("nav.views")).to_be_visible()
    expect(page.locator("html.scripted")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    tabbed_to(page, ".switch a[href*='period=7d']")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("period=7d"))
    expect(page.locator("main")).to_be_focused()
    tabbed_to(page, "section[aria-labelledby=trend] .walk")
    expect(page.locator(".tip")).to_be_visible()
    first = page.get_by_role("status").inner_text()
    assert first.split() == page.locator(".tip").inner_text().split(), "what is shown is told to who can't see it"
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("status").inner_text() not in (first, "")
    page.keyboard.press("End")
    page.keyboard.press("Escape")
    expect(page.locator(".tip")).to_have_count(0)


def tabbed_to(page: Page, selector: str) -> None:
    """Within as many steps as a page may have."""
    wanted = page.locator(selector)
    for _ in range(80):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"{selector} can't be reached by the keyboard")


def test_a_point_is_told_where_it_is_pointed_at(signed_in: Callable[..., Visit]) -> None:
    page = signed_in().page
    page.locator("section[aria-labelledby=trend] .hit").nth(3).hover()
    row = page.locator("section[aria-labelledby=trend] details tbody tr").nth(3)
    expect(page.locator(".tip")).to_contain_text(row.locator("td").first.text_content() or "?")


def test_amounts_and_days_are_as_the_reader_writes_them_and_exact_where_pointed_at(
    own_stack: Stack, signed_in: Callable[..., Visit]
) -> None:
    page = signed_in(locale="de-DE").page
    total = own_stack.client().answer("/analytics/costs")["total"]
    shown = page.locator(".figure.lead dd > data")
    german = f"{total:,.2f}".translate(str.maketrans(",.", ".,"))
    assert shown.inner_text().replace("\xa0", " ") == f"{german} $"
    assert shown.get_attribute("title") == f"{total} USD"
    assert re.search(r"\d{2}\.\d{2}\.\d{4}", page.locator(".sources").inner_text())


def test_it_prints_with_its_numbers_and_without_its_controls(signed_in: Callable[..., Visit]) -> None:
    page = signed_in().page
    page.emulate_media(media="print")
    expect(page.locator(".figure.lead")).to_be_visible()
    expect(page.locator("nav.views")).to_be_hidden()
    expect(page.locator(".tools")).to_be_hidden()


def test_a_customers_colour_and_name_are_the_pages_and_can_be_read(own_stack: Stack, signed_in: Callable[..., Visit]) -> None:
    branded = own_stack.customers[2]
    client = own_stack.client(branded)
    before = client.answer("/analytics/branding")
    put = client.request("PUT", "/analytics/branding", {"name": "Cobalt & Sons", "colour": "#ffee00"})
    assert put.status == 200, put.text
    try:
        for scheme in ("light", "dark"):
            page = signed_in(branded, color_scheme=scheme).page
            expect(page.locator(".brand")).to_have_text("Cobalt & Sons")
            assert violations(page) == []
    finally:
        client.request(
            "PUT", "/analytics/branding", {"name": before["name"] or "", **({"colour": before["colour"]} if before["colour"] else {})}
        )


def test_signing_out_ends_it(own_stack: Stack, signed_in: Callable[..., Visit]) -> None:
    page = signed_in().page
    sign_out(page)
    page.go_back()
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_nothing_secret_is_in_the_address_or_in_storage(own_stack: Stack, signed_in: Callable[..., Visit]) -> None:
    one = signed_in()
    for view in VIEWS:
        one.page.goto(f"{own_stack.base_url}/?view={view}")
    key = own_stack.customers[0].api_key
    assert not any(key in url for url in one.requested)
    assert one.page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])") == '[{},{},""]'


def test_the_script_is_small() -> None:
    assert len(Path("chalicelib/web/assets/page.js").read_bytes()) <= 12_288


@pytest.fixture(scope="session")
def many(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Customer:
    """A customer of a hundred and twenty services, all of which cost ten times as much on one day."""
    name, bill = "many-services", tmp_path_factory.mktemp("many") / "bill.csv"
    own_stack.new_customer(name)
    lines = ["BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ServiceName,RegionId,SubAccountId,ChargeCategory"]
    for number in range(1, 100):
        amount, day = "300" if number == 3 else "30", datetime.now(UTC).date() - timedelta(days=number)
        lines += [f"{amount},{amount},USD,{day}T00:00:00Z,A service called {place},eu-west-1,460000000001,Usage" for place in range(120)]
    bill.write_text("\n".join([*lines, ""]))
    taken = own_stack.ops("ingest", "--customer", name, str(bill))
    assert taken.returncode == 0, taken.stderr
    made = own_stack.ops("keys", "create", "--customer", name, "--json")
    return Customer(name, json.loads(made.stdout)["api_key"])


def test_a_page_is_no_heavier_where_there_is_much_to_tell_and_says_what_it_leaves_out(
    own_stack: Stack, signed_in: Callable[..., Visit], many: Customer
) -> None:
    one = signed_in(many)
    found = own_stack.client(many).answer("/analytics/costs/anomalies")["found"]
    assert found >= 120
    expect(one.page.locator("section[aria-labelledby=unusual]")).to_contain_text(f"And {found - 8:,} more")
    assert one.page_weight <= LARGEST
    days = f"first={own_stack.day - timedelta(days=45)}&last={own_stack.day - timedelta(days=1)}"
    for address in (f"/?view=costs&{days}", "/?view=costs&period=90d&compare=previous"):
        one.page.goto(f"{own_stack.base_url}{address}")
        assert one.page_weight <= LARGEST
        expect(one.page.locator("section[aria-labelledby=unusual]")).to_contain_text("The first 50 of ")
    assert bars(one.page, "parts")["(others)"] == sum(
        own_stack.client(many).answer("/analytics/costs", period="90d", top=30)["breakdown"][name] for name in ("(others)",)
    )
