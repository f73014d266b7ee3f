"""Questions that a bill raises, asked of real and made ones: every figure against duckdb or plain Decimal over the file itself."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.integration.test_ingest import FOCUS, SEPTEMBER, Dropper, needs_focus
from tests.stack import Client, Customer, Stack

NUMBER = "DECIMAL(38, 15)"


@pytest.fixture(scope="module")
def bill(own_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Dropper:
    dropper = Dropper(own_stack, tmp_path_factory.mktemp("bill"))
    dropper.drop(FOCUS)
    return dropper


def ask(query: str) -> list[tuple[Any, ...]]:
    """Of the sample bill as `bill`, its amounts as exact decimals."""
    with duckdb.connect() as database:
        database.execute(f"CREATE VIEW bill AS SELECT * FROM read_csv('{FOCUS}', all_varchar = true, nullstr = 'NULL')")
        return database.execute(query).fetchall()


def sums(by: str, where: str = "true", amount: str = "BilledCost") -> dict[str, Decimal]:
    found = ask(f"SELECT {by}, sum({amount}::{NUMBER}) FROM bill WHERE {where} GROUP BY 1")
    return {name or "(none)": value for name, value in found}


@needs_focus
@pytest.mark.parametrize("basis, column", [("billed", "BilledCost"), ("effective", "EffectiveCost"), ("list", "ListCost")])
def test_charges_part_the_bill_by_charge_category(bill: Dropper, basis: str, column: str) -> None:
    answer = bill.costs(**SEPTEMBER, cost=basis)
    assert answer["charges"] == sums("ChargeCategory", amount=column)
    usage = bill.costs(**SEPTEMBER, cost=basis, charges="usage")
    assert usage["total"] == sums("ChargeCategory", amount=column).get("Usage", 0)
    assert usage["breakdown"] == sums("ServiceName", "ChargeCategory = 'Usage'", column)


@needs_focus
def test_filters_by_a_tag_are_the_rows_that_carry_it(bill: Dropper) -> None:
    value = "json_extract_string(Tags, '$.environment')"
    for name, amount in sums(value).items():
        assert bill.costs(**SEPTEMBER, **{"tag:environment": name})["total"] == amount, name
    service = ask("SELECT ServiceName FROM bill GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")[0][0]
    both = bill.costs(**SEPTEMBER, breakdown="tag:environment,region", service=service)["breakdown"]
    joined = f"coalesce({value}, '(none)') || ' / ' || coalesce(RegionId, '(none)')"
    assert both == sums(joined, f"ServiceName = '{service}'")


@needs_focus
@pytest.mark.parametrize("by, column", [("service", "ServiceName"), ("account", "SubAccountId"), ("category", "ServiceCategory")])
def test_a_change_between_two_stretches_of_the_bill_is_explained_line_by_line(bill: Dropper, by: str, column: str) -> None:
    ((first, last),) = ask("SELECT min(ChargePeriodStart[:10])::DATE, max(ChargePeriodStart[:10])::DATE FROM bill")
    middle = first + (last - first) / 2
    window = {"start": str(middle), "end": str(last + timedelta(days=1)), "compare": f"{first}/{middle}", "breakdown": by}
    change = bill.costs(**window)["change"]
    day = "ChargePeriodStart[:10]::DATE"
    then, now = sums(column, f"{day} < '{middle}'"), sums(column, f"{day} >= '{middle}'")
    lines = {line["name"]: line for line in change["lines"]}
    assert lines.keys() == then.keys() | now.keys()
    for name, line in lines.items():
        before, after = then.get(name, Decimal(0)), now.get(name, Decimal(0))
        assert (line["previous"], line["current"], line["amount"]) == (before, after, after - before)
        assert line["state"] == (
            "new" if name not in then else "vanished" if name not in now else "unchanged" if before == after else "changed"
        )
    assert change["amount"] == sum(line["amount"] for line in change["lines"]) == sum(now.values()) - sum(then.values())
    assert [abs(line["amount"]) for line in change["lines"]] == sorted((abs(line["amount"]) for line in change["lines"]), reverse=True)
    whole = bill.costs(**{**window, "top": "2"})["change"]["lines"]
    assert sum(line["amount"] for line in whole) == change["amount"]


@needs_focus
def test_an_old_bill_has_no_forecast_and_says_why(bill: Dropper) -> None:
    answer = bill.costs(**SEPTEMBER)
    assert answer["forecast_next_month"] is None
    assert answer["forecast"]["reason"]


@needs_focus
def test_the_bills_statement_is_its_services_to_the_cent(bill: Dropper) -> None:
    (statement,) = bill.client.answer("/analytics/statements/2024-09")["statements"]
    by_service = sums("ServiceName", "ChargeCategory = 'Usage'")
    lines = {line["name"]: line["amount"] for line in statement["lines"] if line["kind"] == "usage"}
    assert lines == {name: round(amount, 2) for name, amount in by_service.items()}
    assert statement["total"] == round(sum(sums("'all'").values()), 2) == sum(line["amount"] for line in statement["lines"])


# Bills of the present month


COLUMNS = (
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "BillingCurrency",
    "ChargePeriodStart",
    "ServiceName",
    "RegionId",
    "SubAccountId",
    "ChargeCategory",
    "Tags",
)


def csv_of(rows: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue().encode()


def bill_row(
    day: date, amount: Decimal, service: str = "Amazon S3", kind: str = "Usage", tags: dict[str, str] | None = None
) -> tuple[str, ...]:
    return (str(amount), str(amount), str(2 * amount), "USD", f"{day}T00:00:00Z", service, "us-east-1", "123", kind, json.dumps(tags or {}))


def admin_of(stack: Stack, dropper: Dropper) -> Client:
    made = stack.ops("keys", "create", "--customer", dropper.customer.customer_id, "--scopes", "read,admin", "--json")
    return stack.client(Customer(dropper.customer.customer_id, json.loads(made.stdout)["api_key"]))


@pytest.fixture
def new_dropper(own_stack: Stack, tmp_path: Path) -> Callable[[], Dropper]:
    return lambda: Dropper(own_stack, tmp_path)


def days_until(today: date, count: int) -> list[date]:
    return [today - timedelta(days=ago) for ago in range(count, 0, -1)]


def test_a_budget_tells_once_its_month_is_dropped(own_stack: Stack, new_dropper: Callable[[], Dropper]) -> None:
    dropper, today = new_dropper(), own_stack.day
    admin = admin_of(own_stack, dropper)
    made = admin.post("/analytics/budgets", {"name": "storage", "amount": 0.01, "scope": {"service": ["Amazon S3"]}})
    assert made.status == 201, made.text
    path = made.headers["Location"]
    assert admin.answer(path)["state"] == "unknown"
    rows = [bill_row(day, Decimal("1.5")) for day in (today.replace(day=1), *days_until(today, 40))]
    dropper.drop(dropper.file("now.csv", csv_of(rows)))
    told = admin.answer(path)
    in_month = sum(Decimal(row[0]) for row in rows if row[4][:7] == f"{today:%Y-%m}")
    assert (told["actual"], told["state"], told["remaining"]) == (in_month, "exceeded", Decimal("0.01") - in_month)
    assert [(event["percent"], event["of"]) for event in told["events"]] == [(80, "actual"), (100, "actual"), (100, "forecast")]
    dropper.drop(dropper.file("now.csv", csv_of([*rows, bill_row(today.replace(day=1), Decimal(5))])))
    assert admin.answer(path)["events"] == told["events"]
    changed = admin.request("PUT", path, {"name": "storage", "amount": 10000})
    assert (changed.status, changed.json["amount"]) == (200, 10000)
    assert admin.answer(path)["state"] == "ok"
    assert admin.request("DELETE", path).status == 204
    assert admin.get(path).status == 404


BAD_BUDGETS: dict[str, tuple[Any, set[str]]] = {
    "nothing": ({}, {"name"}),
    "an amount as text": ({"name": "x", "amount": "ten"}, {"amount"}),
    "no amount": ({"name": "x"}, {"amount"}),
    "an unknown member": ({"name": "x", "amount": 1, "colour": "red"}, {"colour"}),
    "a scope of text": ({"name": "x", "amount": 1, "scope": {"service": "S3"}}, {"scope"}),
    "two wrong": ({"name": "", "amount": -1}, {"name", "amount"}),
    "a list": ([1], {"body"}),
}


@pytest.mark.parametrize("name", BAD_BUDGETS)
def test_a_bad_budget_is_refused_naming_what_is_wrong(own_stack: Stack, name: str) -> None:
    body, fields = BAD_BUDGETS[name]
    refused = own_stack.client().post("/analytics/budgets", body)
    assert (refused.status, refused.fields) == (400, fields), refused.text


def test_markup_is_what_the_customer_sees_everywhere_and_the_margin_is_the_operators(
    own_stack: Stack, new_dropper: Callable[[], Dropper]
) -> None:
    dropper, today = new_dropper(), own_stack.day
    customer_id = dropper.customer.customer_id
    last = today.replace(day=1) - timedelta(days=1)
    first = last.replace(day=1)
    days = [first + timedelta(days=number) for number in range(last.day)]
    rows = [bill_row(day, Decimal("2.123456789")) for day in days] + [bill_row(first, Decimal("4.5"), "Tax", "Tax")]
    rows += [bill_row(day, Decimal("1.1"), "Amazon CloudFront") for day in days]
    dropper.drop(dropper.file("last.csv", csv_of(rows)))
    rates = ("--basis", "markup", "--percent", "12.5", "--service", "Amazon CloudFront=5", "--minimum", "250", "--tax", "excluded")
    done = own_stack.ops("rates", "set", "--customer", customer_id, "--since", f"{first:%Y-%m}", *rates)
    assert done.returncode == 0, done.stderr
    expected = {
        "Amazon S3": Decimal("2.123456789") * last.day * Decimal("1.125"),
        "Amazon CloudFront": Decimal("1.1") * last.day * Decimal("1.05"),
    }
    answer = dropper.costs(period="lastmonth")
    assert (answer["breakdown"], answer["total"], answer["rate_basis"]) == (expected, sum(expected.values()), "markup")
    assert answer["reconciliation"]["difference"] == 0
    assert answer["reconciliation"]["lines_total"] == answer["total"]
    report = dropper.client.report({"type": "costs", "format": "json", "period": "lastmonth"})
    document = dropper.client.download(report["id"]).decode()
    assert str(answer["total"]) in document
    assert "2.123456789" not in document, "what the payer pays is nobody's to see"
    closed = own_stack.ops("statements", "close", "--month", f"{first:%Y-%m}")
    told = [line.split("\t") for line in closed.stdout.splitlines() if line.startswith(f"{customer_id}\t")]
    paid = Decimal("2.123456789") * last.day + Decimal("4.5") + Decimal("1.1") * last.day
    assert f"paid {paid.normalize()}" in told[0]
    assert "total 250" in told[0]
    assert f"margin {(250 - paid).normalize()}" in told[0]
    seen = dropper.client.answer(f"/analytics/statements/{first:%Y-%m}")
    again = own_stack.ops("rates", "set", "--customer", customer_id, "--since", f"{first:%Y-%m}", "--basis", "markup", "--percent", "20")
    assert again.returncode != 0
    assert "is closed" in again.stderr
    dropped = own_stack.ops("rates", "drop", "--customer", customer_id, "--since", f"{first:%Y-%m}")
    assert (dropped.returncode != 0, "is closed" in dropped.stderr) == (True, True)
    (statement,) = seen["statements"]
    assert (seen["days_known"], seen["days_expected"]) == (last.day, last.day)
    assert (seen["status"], statement["total"], sum(line["amount"] for line in statement["lines"])) == ("closed", 250, 250)
    assert str(paid.normalize()) not in json.dumps(seen, default=str)


def test_chosen_tags_are_the_only_ones_that_costs_are_told_by(own_stack: Stack, new_dropper: Callable[[], Dropper]) -> None:
    dropper = new_dropper()
    admin, (day,) = admin_of(own_stack, dropper), days_until(own_stack.day, 1)
    dropper.drop(dropper.file("tags.csv", csv_of([bill_row(day, Decimal(2), tags={"team": "web", "env": "x"}), bill_row(day, Decimal(3))])))
    window = {"start": str(day), "end": str(day + timedelta(days=1))}
    assert dropper.costs(**window, breakdown="tag:env")["breakdown"] == {"(none)": 3, "x": 2}
    assert admin.request("PUT", "/analytics/settings", {"allocation_tags": ["team"]}).status == 200
    assert dropper.costs(**window, breakdown="tag:team")["breakdown"] == {"(none)": 3, "web": 2}
    for parameters, field in (({"breakdown": "tag:env"}, "breakdown"), ({"tag:env": "x"}, "tag:env")):
        refused = dropper.client.get("/analytics/costs", {**window, **parameters})
        assert (refused.status, refused.json["code"], refused.fields) == (400, "breakdown_unavailable", {field})
    for wrong in ({"allocation_tags": ["a", "a"]}, {"allocation_tags": [""]}, {"allocation_tags": "a"}):
        assert admin.request("PUT", "/analytics/settings", wrong).status == 400
    assert admin.answer("/analytics/settings")["allocation_tags"] == ["team"]
