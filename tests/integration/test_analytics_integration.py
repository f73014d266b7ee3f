"""The contract over HTTP, against whatever stack the fixture gives: fields, sums, refusals, credentials, reports."""

import base64
import hashlib
import hmac
import json
import re
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import boto3
import jwt
import pytest

from chalicelib.security import secrets
from tests.stack import Answer, Client, Customer, Stack, add

USAGE, COSTS, COMPLIANCE, REPORTS = "/analytics/usage", "/analytics/costs", "/analytics/compliance", "/analytics/reports"
METRICS = ("api_calls", "storage_gb", "compute_hours", "data_transfer_gb")
DIMENSIONS = ("service", "region", "account", "category", "provider")
PAIRS = tuple(",".join(pair) for pair in combinations(DIMENSIONS, 2))
TODAY = datetime.now(UTC).date()
WINDOW = {"start": str(TODAY - timedelta(days=50)), "end": str(TODAY - timedelta(days=1))}
MIDDLE = str(TODAY - timedelta(days=23))
PROBLEM = {"type", "title", "status", "detail", "code", "request_id", "errors"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def is_number_or_null(value: Any) -> bool:
    return value is None or is_number(value)


def is_problem(answer: Answer, status: int, *fields: str) -> bool:
    """A problem+json of that status that names one of the fields (if any are given) and shows nothing of the inside."""
    assert answer.status == status, f"{answer.status} {answer.text[:200]}"
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json
    assert set(told) >= PROBLEM
    assert told["status"] == status
    assert told["title"]
    assert told["detail"]
    assert told["request_id"] == answer.headers["X-Request-Id"]
    assert "Traceback" not in answer.text
    assert "chalicelib" not in answer.text
    assert not fields or answer.fields & set(fields), f"{answer.fields} names none of {fields}"
    return True


def midnight(day: date) -> str:
    return f"{day}T00:00:00Z"


# What the three answers hold


def test_usage_has_the_fields_and_types_of_the_contract(client: Client, customer: Customer) -> None:
    answer = client.answer(USAGE, period="7d")
    assert answer["customer_id"] == customer.customer_id
    assert answer["period"] == "7d"
    assert set(answer["window"]) == {"start", "end", "granularity"}
    assert set(answer["metrics"]) == set(METRICS)
    assert all(is_number(answer["metrics"][metric]) for metric in METRICS)
    assert set(answer["trends"]) == {f"{metric}_change" for metric in METRICS}
    assert all(is_number_or_null(change) for change in answer["trends"].values())
    assert set(answer["breakdown"]) == set(METRICS)
    assert len(answer["series"]) == 7
    assert all(set(METRICS) <= set(entry) and "latest" in entry for entry in answer["series"])
    assert INSTANT.fullmatch(answer["data_through"])
    assert INSTANT.fullmatch(answer["generated_at"])
    assert answer["coverage"]["hours_present"] <= answer["coverage"]["hours_expected"]


def test_costs_have_the_fields_and_types_of_the_contract(client: Client, customer: Customer) -> None:
    answer = client.answer(COSTS, period="lastmonth")
    assert answer["customer_id"] == customer.customer_id
    assert answer["period"] == "lastmonth"
    assert re.fullmatch("[A-Z]{3}", answer["currency"])
    assert is_number(answer["total"])
    assert answer["breakdown"]
    assert all(is_number(amount) for amount in answer["breakdown"].values())
    assert set(answer["change"]) >= {"previous_total", "amount", "percent"}
    assert set(answer["forecast"]) >= {"amount", "low", "high", "method"}
    assert is_number_or_null(answer["forecast_next_month"])
    assert isinstance(answer["estimated"], bool)
    assert answer["reconciliation"]["difference"] == 0
    assert INSTANT.fullmatch(answer["data_through"])
    assert INSTANT.fullmatch(answer["generated_at"])


def test_compliance_has_the_fields_and_types_of_the_contract(client: Client, customer: Customer) -> None:
    answer = client.answer(COMPLIANCE)
    assert answer["customer_id"] == customer.customer_id
    assert isinstance(answer["current_score"], int)
    assert 0 <= answer["current_score"] <= 100
    assert set(answer["score"]) == {"product", "passed", "failed", "unknown", "no_data", "disabled", "definition"}
    assert answer["score"]["definition"] == "securityhub-2026"
    assert answer["trend"] is None or isinstance(answer["trend"], int)
    assert set(answer["findings"]) == {"critical", "high", "medium", "low", "informational"}
    assert all(set(one) == {"id", "score", "passed", "failed", "unknown", "no_data"} for one in answer["frameworks"])
    issue = {"control_id", "title", "severity", "failed_resources", "since", "responsible", "owner", "fix", "exception"}
    assert all(set(one) == issue for one in answer["top_issues"])
    assert INSTANT.fullmatch(answer["data_through"])


def test_the_score_follows_from_its_counts(client: Client) -> None:
    answer = client.answer(COMPLIANCE)
    for counts, score in [(answer["score"], answer["current_score"]), *((one, one["score"]) for one in answer["frameworks"])]:
        evaluated = counts["passed"] + counts["failed"] + counts["unknown"]
        assert score == (int(Decimal(100 * counts["passed"]) / evaluated + Decimal("0.5")) if evaluated else None)


def test_a_framework_has_the_score_that_the_list_says(client: Client) -> None:
    frameworks = client.answer(COMPLIANCE)["frameworks"]
    assert frameworks
    for framework in frameworks:
        narrowed = client.answer(COMPLIANCE, framework=framework["id"])
        assert narrowed["current_score"] == framework["score"]
        assert {name: narrowed["score"][name] for name in ("passed", "failed", "unknown", "no_data")} == {
            name: framework[name] for name in ("passed", "failed", "unknown", "no_data")
        }


def test_an_unknown_framework_has_no_score(client: Client) -> None:
    answer = client.answer(COMPLIANCE, framework="standards/of-nobody/v/1.0.0")
    assert answer["current_score"] is None
    assert answer["top_issues"] == []


def test_top_issues_come_by_severity_then_by_failed_resources(client: Client) -> None:
    order = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL")
    issues = client.answer(COMPLIANCE, top=100)["top_issues"]
    ranks = [(order.index(issue["severity"]), -issue["failed_resources"]) for issue in issues]
    assert ranks == sorted(ranks)
    assert len(issues) == client.answer(COMPLIANCE)["score"]["failed"]


# Periods and granularity


def expected_window(period: str, now: datetime) -> tuple[str, str]:
    """Written from API.md, not from the code."""
    today, tomorrow = now.date(), now.date() + timedelta(days=1)
    first = today.replace(day=1)
    spans = {
        "7d": (today - timedelta(days=6), tomorrow),
        "4w": (today - timedelta(days=27), tomorrow),
        "3m": (_months_before(today, 3) + timedelta(days=1), tomorrow),
        "1y": (_months_before(today, 12) + timedelta(days=1), tomorrow),
        "today": (today, tomorrow),
        "yesterday": (today - timedelta(days=1), today),
        "mtd": (first, tomorrow),
        "lastmonth": ((first - timedelta(days=1)).replace(day=1), first),
        "30d": (today - timedelta(days=29), tomorrow),
    }
    start, end = spans[period]
    return midnight(start), midnight(end)


def _months_before(day: date, months: int) -> date:
    year, month = day.year, day.month - months
    while month < 1:
        year, month = year - 1, month + 12
    for number in range(day.day, 27, -1):
        try:
            return date(year, month, number)
        except ValueError:
            continue
    return date(year, month, day.day)


@pytest.mark.parametrize("period", ["7d", "4w", "3m", "1y", "today", "yesterday", "mtd", "lastmonth", "30d"])
@pytest.mark.parametrize("route", [USAGE, COSTS])
def test_a_period_is_the_window_that_the_contract_says(client: Client, route: str, period: str) -> None:
    answer = client.answer(route, period=period)
    now = datetime.fromisoformat(answer["generated_at"])
    assert (answer["window"]["start"], answer["window"]["end"]) == expected_window(period, now)


def test_without_a_period_it_is_thirty_days(client: Client) -> None:
    answer = client.answer(COSTS)
    assert answer["period"] == "30d"
    assert answer["window"]["start"] == expected_window("30d", datetime.fromisoformat(answer["generated_at"]))[0]


def test_24h_is_the_last_closed_hours_of_usage(client: Client) -> None:
    answer = client.answer(USAGE, period="24h")
    start, end, now = (
        datetime.fromisoformat(text) for text in (answer["window"]["start"], answer["window"]["end"], answer["generated_at"])
    )
    assert end - start == timedelta(hours=24)
    assert end == now.replace(minute=0, second=0)
    assert answer["window"]["granularity"] == "hour"
    assert len(answer["series"]) == 24


def test_costs_know_nothing_finer_than_a_day(client: Client) -> None:
    assert is_problem(client.get(COSTS, period="24h"), 400, "period")
    assert is_problem(client.get(COSTS, period="7d", granularity="hour"), 400, "granularity")
    assert is_problem(client.get(COSTS, start=f"{TODAY - timedelta(days=3)}T05:00:00Z", end=str(TODAY)), 400, "start")


@pytest.mark.parametrize("route", [USAGE, COSTS])
def test_start_and_end_are_half_open(client: Client, route: str) -> None:
    answer = client.answer(route, WINDOW)
    assert (answer["window"]["start"], answer["window"]["end"]) == (f"{WINDOW['start']}T00:00:00Z", f"{WINDOW['end']}T00:00:00Z")
    assert len(answer["series"]) == 49


@pytest.mark.parametrize(
    ("days", "usage", "costs"), [(2, "hour", "day"), (3, "day", "day"), (92, "day", "day"), (93, "month", "month"), (300, "month", "month")]
)
def test_granularity_follows_the_length_of_the_window(client: Client, days: int, usage: str, costs: str) -> None:
    window = {"start": str(TODAY - timedelta(days=days)), "end": str(TODAY)}
    assert client.answer(USAGE, window)["window"]["granularity"] == usage
    assert client.answer(COSTS, window)["window"]["granularity"] == costs


@pytest.mark.parametrize("granularity", ["day", "month"])
def test_series_sum_to_the_whole(client: Client, granularity: str) -> None:
    costs = client.answer(COSTS, WINDOW, granularity=granularity)
    assert sum(entry["amount"] for entry in costs["series"]) == costs["total"]
    usage = client.answer(USAGE, WINDOW, granularity=granularity)
    for metric in ("api_calls", "compute_hours", "data_transfer_gb"):
        assert sum(entry[metric] for entry in usage["series"]) == usage["metrics"][metric]
    ends = [entry["end"] for entry in usage["series"]]
    assert [entry["start"] for entry in usage["series"]][1:] == ends[:-1]


def test_storage_has_its_latest_value_in_every_bucket(client: Client) -> None:
    answer = client.answer(USAGE, WINDOW)
    assert all(is_number(entry["latest"]["storage_gb"]) for entry in answer["series"])
    values = [entry["storage_gb"] for entry in answer["series"]]
    assert min(values) <= answer["metrics"]["storage_gb"] <= max(values)


@pytest.mark.parametrize("route", [USAGE, COSTS])
def test_what_no_source_covers_is_null_not_zero(client: Client, route: str) -> None:
    answer = client.answer(route, start="2019-01-01", end="2019-02-01")
    values = [answer["total"]] if route == COSTS else list(answer["metrics"].values())
    assert set(values) == {None}
    assert answer.get("estimated") is None, "a bill that nobody knows is neither final nor an estimate"
    entries = [entry["amount"] if route == COSTS else entry["api_calls"] for entry in answer["series"]]
    assert entries == [None] * 31


# Parts and wholes


@pytest.mark.parametrize("breakdown", [*DIMENSIONS, *PAIRS])
@pytest.mark.parametrize("basis", ["billed", "effective"])
def test_cost_breakdowns_sum_to_the_total(client: Client, basis: str, breakdown: str) -> None:
    answer = client.answer(COSTS, WINDOW, cost=basis, breakdown=breakdown)
    assert answer["total"] > 0
    assert add(answer["breakdown"]) == answer["total"]
    assert answer["total"] == client.answer(COSTS, WINDOW, cost=basis)["total"]
    assert all(len(name.split(" / ")) >= breakdown.count(",") + 1 for name in answer["breakdown"])


@pytest.mark.parametrize("breakdown", [*DIMENSIONS, "service,region"])
def test_usage_breakdowns_sum_to_the_metrics(client: Client, breakdown: str) -> None:
    answer = client.answer(USAGE, WINDOW, breakdown=breakdown)
    for metric in METRICS:
        assert add(answer["breakdown"][metric]) == answer["metrics"][metric]


def test_the_other_order_of_a_pair_has_the_same_parts(client: Client) -> None:
    one = client.answer(COSTS, WINDOW, breakdown="service,region")["breakdown"]
    other = client.answer(COSTS, WINDOW, breakdown="region,service")["breakdown"]
    assert {" / ".join(reversed(name.split(" / "))): amount for name, amount in other.items()} == one


@pytest.mark.parametrize("dimension", ["service", "region", "account", "provider"])
def test_a_filter_gives_the_line_of_the_breakdown(client: Client, dimension: str) -> None:
    lines = client.answer(COSTS, WINDOW, breakdown=dimension)["breakdown"]
    for name, amount in list(lines.items())[:4]:
        answer = client.answer(COSTS, {**WINDOW, dimension: name})
        assert answer["total"] == amount
        assert add(answer["breakdown"]) == amount
    usage = client.answer(USAGE, WINDOW, breakdown=dimension)["breakdown"]["data_transfer_gb"]
    for name, amount in usage.items():
        assert client.answer(USAGE, {**WINDOW, dimension: name})["metrics"]["data_transfer_gb"] == amount


def test_a_filter_given_twice_lets_both_through(client: Client) -> None:
    lines = client.answer(COSTS, WINDOW)["breakdown"]
    first, second = list(lines)[:2]
    assert client.answer(COSTS, {**WINDOW, "service": [first, second]})["total"] == lines[first] + lines[second]


def test_a_filter_that_nothing_fits_is_zero_over_covered_days(client: Client) -> None:
    answer = client.answer(COSTS, WINDOW, service="No Such Service")
    assert answer["total"] == 0
    assert answer["breakdown"] == {}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_top_puts_the_rest_into_others(client: Client, count: int) -> None:
    whole = client.answer(COSTS, WINDOW)
    answer = client.answer(COSTS, WINDOW, top=count)
    assert list(answer["breakdown"]) == [*list(whole["breakdown"])[:count], "(others)"]
    assert add(answer["breakdown"]) == answer["total"] == whole["total"]
    usage = client.answer(USAGE, WINDOW, top=count, breakdown="service,region")
    for metric in METRICS:
        assert add(usage["breakdown"][metric]) == usage["metrics"][metric]


@pytest.mark.parametrize("basis", ["billed", "effective"])
def test_halves_of_a_window_sum_to_it(client: Client, basis: str) -> None:
    halves = [
        client.answer(COSTS, start=start, end=end, cost=basis)["total"]
        for start, end in ((WINDOW["start"], MIDDLE), (MIDDLE, WINDOW["end"]))
    ]
    assert sum(halves) == client.answer(COSTS, WINDOW, cost=basis)["total"]


def test_halves_of_a_window_sum_to_its_usage(client: Client) -> None:
    first, second, whole = (
        client.answer(USAGE, start=start, end=end)["metrics"]
        for start, end in ((WINDOW["start"], MIDDLE), (MIDDLE, WINDOW["end"]), (WINDOW["start"], WINDOW["end"]))
    )
    for metric in ("api_calls", "compute_hours", "data_transfer_gb"):
        assert first[metric] + second[metric] == whole[metric]


def test_hours_of_a_day_sum_to_the_day(client: Client) -> None:
    day = TODAY - timedelta(days=2)
    hours = client.answer(USAGE, start=str(day), end=str(day + timedelta(days=1)), granularity="hour")
    whole = client.answer(USAGE, start=str(day), end=str(day + timedelta(days=1)), granularity="day")
    assert len(hours["series"]) == 24
    assert hours["metrics"] == whole["metrics"]
    assert sum(entry["api_calls"] for entry in hours["series"]) == whole["metrics"]["api_calls"]


def test_costs_list_is_null_where_the_source_has_no_list_price(client: Client) -> None:
    answer = client.answer(COSTS, WINDOW, cost="list")
    if answer["reconciliation"]["sources"] != ["cost_explorer"]:
        pytest.skip("this customer's costs don't come from Cost Explorer alone")
    assert answer["total"] is None
    assert set(answer["breakdown"].values()) == {None}


def test_change_compares_with_the_same_length_just_before(client: Client) -> None:
    start, end = TODAY - timedelta(days=20), TODAY - timedelta(days=10)
    change = client.answer(COSTS, start=str(start), end=str(end))["change"]
    before = client.answer(COSTS, start=str(start - timedelta(days=10)), end=str(start))["total"]
    now = client.answer(COSTS, start=str(start), end=str(end))["total"]
    assert change["previous_total"] == before
    assert change["amount"] == now - before
    assert change["percent"] == (100 * (now - before) / abs(before)).quantize(Decimal("0.000001")).normalize()


def test_the_exact_digits_are_in_the_text_of_the_answer(client: Client) -> None:
    answer = client.get(COSTS, WINDOW)
    text = re.search(r'"total":(-?[0-9.]+)', answer.text)
    assert text
    assert Decimal(text[1]) == answer.json["total"]
    assert not re.search(r":-?[0-9.]+[eE]", answer.text)


# Headers


@pytest.mark.parametrize("path", [f"{USAGE}?period=7d", f"{COSTS}?period=7d", COMPLIANCE, REPORTS])
def test_what_is_unchanged_is_304(client: Client, path: str) -> None:
    first = client.get(path)
    assert re.fullmatch(r'(W/)?"[^"]+"', first.headers["ETag"])
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    assert again.content == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["X-Request-Id"]
    assert client.get(path, headers={"If-None-Match": '"another"'}).status == 200
    assert client.get(path, headers={"If-None-Match": f'"another", W/{first.headers["ETag"]}'}).status == 304


@pytest.mark.parametrize("route", [USAGE, COSTS])
def test_the_second_time_an_answer_comes_from_the_cache(client: Client, route: str) -> None:
    window = {"start": str(TODAY - timedelta(days=40)), "end": str(TODAY - timedelta(days=2)), "service": f"unique {uuid4().hex}"}
    first, second = client.get(route, window), client.get(route, window)
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("miss", "hit")
    assert first.content == second.content


@pytest.mark.parametrize("path", [USAGE, COSTS, COMPLIANCE, REPORTS])
def test_answers_are_private_and_carry_a_request_id(client: Client, path: str) -> None:
    first, second = client.get(path), client.get(path)
    assert "private" in first.headers["Cache-Control"]
    assert first.headers["Content-Type"].startswith("application/json")
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


# Bad input

BAD_PERIODS = ("abc", "-7d", "0d", "99999d", "7", "7x", "\0", "7d';--", "1e9d", "٧d", " 7d", "14m", "9" * 400, "7D", "")


@pytest.mark.parametrize("route", [USAGE, COSTS])
@pytest.mark.parametrize("period", BAD_PERIODS)
def test_a_bad_period_is_refused_by_name(client: Client, route: str, period: str) -> None:
    assert is_problem(client.get(route, period=period), 400, "period")


BAD_QUERIES = {
    "perod": "perod=7d",
    "start": "start=2026-02-01&end=2026-01-01",
    "end": "start=2026-02-01",
    "start only by end": "end=2026-02-01",
    "no date": "start=yesterday&end=2026-02-01",
    "no such day": "start=2026-02-30&end=2026-03-01",
    "too long": "start=2020-01-01&end=2022-01-01",
    "empty": "start=2026-01-01&end=2026-01-01",
    "both": "period=7d&start=2026-01-01&end=2026-01-02",
    "period twice": "period=7d&period=7d",
    "breakdown": "breakdown=nonsense",
    "three breakdowns": "breakdown=service,region,account",
    "same twice": "breakdown=service,service",
    "granularity": "granularity=minute",
    "top zero": "top=0",
    "top negative": "top=-1",
    "top text": "top=five",
    "top huge": "top=" + "9" * 30,
    "long filter": "service=" + "x" * 5000,
    "empty filter": "region=",
}
NAMED = {
    "start only by end": ("start",),
    "no date": ("start",),
    "no such day": ("start",),
    "too long": ("start", "end"),
    "empty": ("start", "end"),
    "start": ("start", "end"),
    "both": ("period", "start", "end"),
    "period twice": ("period",),
    "three breakdowns": ("breakdown",),
    "same twice": ("breakdown",),
    "top zero": ("top",),
    "top negative": ("top",),
    "top text": ("top",),
    "top huge": ("top",),
    "long filter": ("service",),
    "empty filter": ("region",),
}


@pytest.mark.parametrize("route", [USAGE, COSTS])
@pytest.mark.parametrize("name", BAD_QUERIES)
def test_a_bad_query_is_refused_by_name(client: Client, route: str, name: str) -> None:
    assert is_problem(client.get(f"{route}?{BAD_QUERIES[name]}"), 400, *NAMED.get(name, (name,)))


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"{COSTS}?cost=net", "cost"),
        (f"{COSTS}?currency=usd", "currency"),
        (f"{COSTS}?currency=", "currency"),
        (f"{USAGE}?cost=billed", "cost"),
        (f"{COMPLIANCE}?period=7d", "period"),
        (f"{COMPLIANCE}?framework=", "framework"),
        (f"{REPORTS}?limit=0", "limit"),
        (f"{REPORTS}?limit=101", "limit"),
        (f"{REPORTS}?limit=x", "limit"),
        (f"{REPORTS}?cursor=x", "cursor"),
        (f"{REPORTS}?cursor={'A' * 64}", "cursor"),
        (f"{REPORTS}?page=2", "page"),
    ],
)
def test_what_one_route_refuses_is_named(client: Client, path: str, field: str) -> None:
    assert is_problem(client.get(path), 400, field)


def test_a_breakdown_that_a_source_lacks_is_said_to_be_unavailable(client: Client) -> None:
    for route in (USAGE, COSTS):
        refused = client.get(route, WINDOW, breakdown="tag:team")
        if route == COSTS and refused.status == 200:
            continue  # an export with tags
        assert is_problem(refused, 400, "breakdown")
        assert refused.json["code"] == "breakdown_unavailable"


BAD_BODIES: dict[str, bytes] = {
    "broken": b"{",
    "array": b"[]",
    "null": b"null",
    "text": b'"costs"',
    "nan": b'{"type":NaN}',
    "deep": b"[" * 5000,
    "deep object": b'{"a":' * 5000,
    "not utf-8": b'{"type":"\xff"}',
    "empty": b"",
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_body_that_is_no_json_object_is_refused(client: Client, name: str) -> None:
    answer = client.request("POST", REPORTS, BAD_BODIES[name])
    assert is_problem(answer, 400, "body", "type")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "costs", "format": "exe"}, "format"),
        ({"type": "../../x", "format": "pdf"}, "type"),
        ({"type": "costs"}, "format"),
        ({"format": "pdf"}, "type"),
        ({"type": "costs", "format": "pdf", "sudo": 1}, "sudo"),
        ({"type": "costs", "format": "pdf", "period": "7x"}, "period"),
        ({"type": "costs", "format": "pdf", "period": 7}, "period"),
        ({"type": "costs", "format": "pdf", "period": {"days": 7}}, "period"),
        ({"type": 7, "format": "pdf"}, "type"),
        ({"type": True, "format": "pdf"}, "type"),
        ({"type": ["costs", "usage"], "format": "pdf"}, "type"),
        ({"type": "costs", "format": "pdf", "period": "24h"}, "period"),
        ({"type": "costs", "format": "pdf", "breakdown": "nonsense"}, "breakdown"),
        ({"type": "compliance", "format": "pdf", "cost": "billed"}, "cost"),
    ],
)
def test_a_bad_field_of_a_report_is_named(client: Client, body: dict[str, Any], field: str) -> None:
    assert is_problem(client.post(REPORTS, body), 400, field)


def test_a_body_that_is_too_large_is_413(client: Client) -> None:
    assert is_problem(client.request("POST", REPORTS, b'{"type":"' + b"x" * 300_000 + b'"}'), 413)


def test_a_body_that_is_no_json_by_its_type_is_415(client: Client) -> None:
    assert is_problem(client.request("POST", REPORTS, b"hello", {"Content-Type": "text/plain"}), 415)


def test_an_idempotency_key_that_is_too_long_is_named(client: Client) -> None:
    assert is_problem(client.post(REPORTS, {"type": "costs", "format": "json"}, Idempotency_Key="k" * 256), 400, "Idempotency-Key")


@pytest.mark.parametrize("path", ["/analytics/nothing", "/nothing", "/analytics", "/analytics/reports/a/b/c", "/analytics/%2e%2e/health"])
def test_an_unknown_route_is_404(client: Client, path: str) -> None:
    assert is_problem(client.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", USAGE),
        ("POST", COSTS),
        ("DELETE", COMPLIANCE),
        ("PATCH", REPORTS),
        ("PUT", f"{REPORTS}/x"),
        ("POST", "/health"),
        ("TRACE", USAGE),
        ("BREW", USAGE),
    ],
)
def test_a_wrong_method_is_405_and_told_which_are_right(client: Client, method: str, path: str) -> None:
    answer = client.request(method, path, {})
    assert is_problem(answer, 405)
    assert answer.headers["Allow"]


def test_a_report_that_is_not_there_is_404(client: Client) -> None:
    for report_id in ("nope", "0" * 32, quote("../../etc/passwd", safe=""), "a" * 2000):
        assert is_problem(client.get(f"{REPORTS}/{report_id}"), 404)
        assert is_problem(client.get(f"{REPORTS}/{report_id}/download"), 404)
        assert is_problem(client.request("DELETE", f"{REPORTS}/{report_id}"), 404)


# Who is asking


def refused(stack: Stack, headers: dict[str, str], path: str = USAGE) -> dict[str, Any]:
    """The 401, without what differs from request to request."""
    answer = stack.anonymous.get(path, headers=headers)
    assert is_problem(answer, 401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    varying = {"date", "x-request-id", "server", "content-length"}
    return {
        **{name: value for name, value in answer.json.items() if name != "request_id"},
        "headers": {name.lower(): value for name, value in answer.headers.items() if name.lower() not in varying},
    }


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims: dict[str, Any], key: bytes, header: bytes = b'{"alg":"HS256","typ":"JWT"}') -> str:
    text = f"{encoded(header)}.{encoded(json.dumps(claims).encode())}"
    return f"{text}.{encoded(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


def changed(text: str, at: int) -> str:
    return text[:at] + ("a" if text[at] != "a" else "b") + text[at:][1:]


@pytest.fixture(scope="session")
def signing_key(own_stack: Stack) -> bytes:
    """The key that the stack itself signs with, so that a token can be wrong in one thing alone."""
    there = own_stack.environment
    made = boto3.Session(there["AWS_ACCESS_KEY_ID"], there["AWS_SECRET_ACCESS_KEY"], region_name=there["AWS_DEFAULT_REGION"]).client(
        "secretsmanager", endpoint_url=there["AWS_ENDPOINT_URL"]
    )
    try:
        secret = made.get_secret_value(SecretId="securebase-local-analytics-credentials")["SecretString"]
    finally:
        made.close()
    return secrets.derived(secrets.masters_of(secret)[0], "tokens")


def test_both_kinds_of_credential_open_the_customers_routes(own_stack: Stack) -> None:
    for customer in own_stack.customers:
        for credential in (customer.by_key, customer.by_token, {**customer.by_key, **customer.by_token}):
            for path in (USAGE, COSTS, COMPLIANCE):
                answer = own_stack.anonymous.get(path, headers=credential)
                assert answer.status == 200
                assert answer.json["customer_id"] == customer.customer_id


@pytest.mark.parametrize("path", [USAGE, COSTS, COMPLIANCE, REPORTS, f"{REPORTS}/{'0' * 32}", f"{REPORTS}/{'0' * 32}/download"])
def test_nothing_opens_without_a_credential(stack: Stack, path: str) -> None:
    refused(stack, {}, path)


def test_every_bad_key_gets_the_same_401(stack: Stack, customer: Customer) -> None:
    key = customer.api_key
    bad = [
        changed(key, key.rindex("_") - 1),
        changed(key, len(key) - 1),
        changed(key, 12),
        key[:-4],
        key + "0",
        "x",
        "",
        " ",
        "é",
        "k" * 9000,
    ]
    bad.append(key.replace("_local_", "_production_"))
    first = refused(stack, {})
    for wrong in bad:
        assert refused(stack, {"X-API-Key": wrong}) == first, wrong
    assert stack.anonymous.get(USAGE, headers={"X-API-Key": key}).status == 200


def test_every_bad_token_gets_the_same_401(own_stack: Stack) -> None:
    one, two = own_stack.customers[:2]
    assert one.token
    assert two.token
    head, payload, signature = one.token.split(".")
    claims = jwt.decode(one.token, options={"verify_signature": False})
    bad = {
        "alg none": ".".join([encoded(b'{"alg":"none"}'), payload, ""]),
        "alg None, typ JWT": ".".join([encoded(b'{"alg":"None","typ":"JWT"}'), payload, signature]),
        "cut": one.token[:-5],
        "cut after payload": f"{head}.{payload}.",
        "another's payload": f"{head}.{two.token.split('.')[1]}.{signature}",
        "junk": "a.b.c",
        "no dots": "x",
        "nothing": "",
        "empty key": signed(claims, b""),
        "guessed key": signed(claims, b"secret"),
        "foreign key": signed(claims, b"f" * 32),
        "twice": f"{one.token} {one.token}",
        "too long": "a" * 9000,
    }
    first = refused(own_stack, {})
    for name, token in bad.items():
        assert refused(own_stack, {"Authorization": f"Bearer {token}"}) == first, name
    for scheme in (f"Basic {one.token}", one.token, "Bearer", ""):
        assert refused(own_stack, {"Authorization": scheme}) == first, scheme


def test_a_rightly_signed_token_that_breaks_one_rule_gets_the_same_401(own_stack: Stack, signing_key: bytes) -> None:
    token = own_stack.customers[0].token
    assert token
    claims, now = jwt.decode(token, options={"verify_signature": False}), int(time.time())
    fresh = {**claims, "iat": now, "exp": now + 600}
    accepted = own_stack.anonymous.get(USAGE, headers={"Authorization": f"Bearer {signed(fresh, signing_key)}"})
    assert accepted.status == 200
    bad = [
        {**claims, "iat": now - 7200, "exp": now - 3600},
        {**fresh, "exp": now + 25 * 3600},
        {**fresh, "exp": now + 10 * 365 * 86400},
        {**fresh, "nbf": now + 600},
        {**fresh, "iat": now + 600, "exp": now + 1200},
        {**fresh, "iss": "somebody"},
        {**fresh, "aud": "securebase-production"},
        {**fresh, "customer_id": ""},
        {**fresh, "customer_id": None},
        {**fresh, "customer_id": ["acme-retail"]},
        {**fresh, "customer_id": "nobody-here"},
        {**fresh, "scope": ["read"]},
        *(
            {name: value for name, value in fresh.items() if name != missing}
            for missing in ("iss", "aud", "iat", "exp", "sub", "customer_id")
        ),
    ]
    first = refused(own_stack, {})
    for wrong in bad:
        assert refused(own_stack, {"Authorization": f"Bearer {signed(wrong, signing_key)}"}) == first, wrong
    for header in (b'{"alg":"HS256","typ":"at+jwt"}', b'{"alg":"HS256","typ":"JWT","crit":["x"]}', b'{"alg":"HS384","typ":"JWT"}', b"[]"):
        assert refused(own_stack, {"Authorization": f"Bearer {signed(fresh, signing_key, header)}"}) == first, header


def test_credentials_of_two_customers_at_once_are_401(own_stack: Stack) -> None:
    one, two = own_stack.customers[:2]
    first = refused(own_stack, {})
    assert refused(own_stack, {**one.by_key, **two.by_token}) == first
    assert refused(own_stack, {**two.by_key, **one.by_token}) == first
    assert refused(own_stack, {**one.by_key, "Authorization": "Bearer x"}) == first
    assert refused(own_stack, {**one.by_token, "X-API-Key": "x"}) == first


def test_a_bad_credential_is_refused_by_the_health_page_too(stack: Stack) -> None:
    assert stack.anonymous.get("/health").status == 200
    refused(stack, {"X-API-Key": "x"}, "/health")


@pytest.mark.parametrize("path", [USAGE, COSTS, COMPLIANCE, REPORTS, f"{REPORTS}/{'0' * 32}"])
def test_the_operators_key_opens_nothing_of_a_customers(own_stack: Stack, path: str) -> None:
    assert is_problem(own_stack.operator.get(path), 403)


def test_the_operator_alone_sees_the_sources_per_customer(own_stack: Stack) -> None:
    full = own_stack.operator.answer("/health")
    assert {customer.customer_id for customer in own_stack.customers} <= {one["customer_id"] for one in full["customers"]}
    for seen in (own_stack.anonymous.get("/health"), own_stack.client().get("/health")):
        assert "customers" not in seen.json
        assert not any(customer.customer_id in seen.text for customer in own_stack.customers)
        assert seen.json["status"] in ("ok", "degraded")
        assert {"stage", "version", "sources"} <= set(seen.json)
        assert all({"source", "state", "data_through", "age_hours"} <= set(source) for source in seen.json["sources"])


def test_a_scope_that_a_credential_lacks_is_403(own_stack: Stack, signing_key: bytes) -> None:
    token = own_stack.customers[0].token
    assert token
    claims, now = jwt.decode(token, options={"verify_signature": False}), int(time.time())
    for scope, opens, shuts in (("read", USAGE, REPORTS), ("report", REPORTS, USAGE), ("admin", None, COSTS), ("", None, USAGE)):
        headers = {"Authorization": f"Bearer {signed({**claims, 'iat': now, 'exp': now + 600, 'scope': scope}, signing_key)}"}
        assert is_problem(own_stack.anonymous.get(shuts, headers=headers), 403)
        assert opens is None or own_stack.anonymous.get(opens, headers=headers).status == 200


@pytest.mark.parametrize("path", [USAGE, COSTS, COMPLIANCE, REPORTS, f"{REPORTS}/{'0' * 32}"])
def test_another_customer_in_the_query_is_403(client: Client, path: str) -> None:
    assert is_problem(client.get(path, customer_id="somebody-else"), 403)


def test_ones_own_or_a_blank_customer_in_the_query_is_fine(client: Client, customer: Customer) -> None:
    for named in (customer.customer_id, "", " "):
        assert client.get(USAGE, customer_id=named).status == 200
    assert is_problem(client.get(f"{USAGE}?customer_id={customer.customer_id}&customer_id=somebody-else"), 403)
    assert is_problem(client.get(f"{USAGE}?customer_id={customer.customer_id.upper()}"), 403)


def test_another_customer_in_the_body_is_403(client: Client, customer: Customer) -> None:
    body = {"type": "costs", "format": "json"}
    assert is_problem(client.post(REPORTS, {**body, "customer_id": "somebody-else"}), 403)
    assert is_problem(client.post(REPORTS, {**body, "customer_id": [customer.customer_id, "somebody-else"]}), 403)
    assert client.post(REPORTS, {**body, "customer_id": customer.customer_id}).status == 202


# Reports


def test_a_report_is_accepted_then_ready(client: Client) -> None:
    made = client.post(REPORTS, {"type": "usage", "format": "csv", "period": "7d"})
    assert made.status == 202
    assert made.json == {"id": made.json["id"], "status": "queued"}
    assert made.headers["Location"] == f"{REPORTS}/{made.json['id']}"
    assert int(made.headers["Retry-After"]) >= 1
    until = time.monotonic() + 30
    while (found := client.answer(made.headers["Location"]))["status"] != "ready" and time.monotonic() < until:
        time.sleep(0.2)
    assert found["status"] == "ready"
    assert found["id"] == made.json["id"]


def test_a_report_that_is_waited_for_comes_with_its_link(client: Client, customer: Customer) -> None:
    made = client.post(REPORTS, {"type": "costs", "format": "json", "period": "7d"}, Prefer="wait=20")
    assert made.status == 200, made.text
    told = made.json
    assert {"message", "id", "status", "url", "filename", "size_bytes"} <= set(told)
    assert told["status"] == "ready"
    assert customer.customer_id in told["filename"]
    assert "costs" in told["filename"]
    assert told["filename"].endswith(".json")
    fetched = Client("").request("GET", told["url"])
    assert fetched.status == 200
    assert len(fetched.content) == told["size_bytes"]
    assert fetched.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("kind", ["usage", "compliance", "costs", "executive"])
@pytest.mark.parametrize(("form", "magic"), [("pdf", b"%PDF-"), ("xlsx", b"PK\x03\x04"), ("csv", b"section,"), ("json", b'{"document":')])
def test_every_type_comes_in_every_format(client: Client, kind: str, form: str, magic: bytes) -> None:
    found = client.report({"type": kind, "format": form, "period": "7d"})
    assert (found["type"], found["format"]) == (kind, form)
    assert kind in found["filename"]
    assert found["filename"].endswith(f".{form}")
    document = client.download(found["id"])
    assert len(document) == found["size_bytes"]
    assert document.removeprefix(b"\xef\xbb\xbf").startswith(magic)


@pytest.mark.parametrize(("body", "kind", "form"), [({"type": "monthly", "format": "excel"}, "executive", "xlsx")])
def test_aliases_of_type_and_format(client: Client, body: dict[str, str], kind: str, form: str) -> None:
    found = client.report(body)
    assert (found["type"], found["format"]) == (kind, form)
    assert found["filename"].endswith(".xlsx")


def test_the_list_of_reports_is_newest_first_in_pages(client: Client) -> None:
    made = [client.post(REPORTS, {"type": "costs", "format": "csv", "period": "7d"}).json["id"] for _ in range(5)]
    pages, cursor = [], None
    while True:
        page = client.answer(REPORTS, limit=2, **({"cursor": cursor} if cursor else {}))
        assert len(page["reports"]) <= 2
        pages += page["reports"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    times = [one["created_at"] for one in pages]
    assert times == sorted(times, reverse=True)
    ids = [one["id"] for one in pages]
    assert len(set(ids)) == len(ids)
    assert set(made) <= set(ids)
    assert set(ids[:5]) == set(made)


def test_a_download_is_a_redirect_that_carries_no_credential(client: Client) -> None:
    found = client.report({"type": "costs", "format": "csv", "period": "7d"})
    redirect = client.get(f"{REPORTS}/{found['id']}/download")
    assert redirect.status == 303
    assert client.headers["X-API-Key"] not in redirect.headers["Location"]
    document = Client("").request("GET", redirect.headers["Location"])
    assert document.status == 200
    assert len(document.content) == found["size_bytes"]


def test_a_deleted_report_is_gone(client: Client) -> None:
    found = client.report({"type": "costs", "format": "csv", "period": "7d"})
    link = client.get(f"{REPORTS}/{found['id']}/download").headers["Location"]
    gone = client.request("DELETE", f"{REPORTS}/{found['id']}")
    assert gone.status == 204
    assert gone.content == b""
    for method, path in (("GET", ""), ("GET", "/download"), ("DELETE", "")):
        assert is_problem(client.request(method, f"{REPORTS}/{found['id']}{path}"), 404)
    assert Client("").request("GET", link).status in (403, 404)
    assert found["id"] not in {one["id"] for one in client.answer(REPORTS, limit=100)["reports"]}


def test_an_idempotency_key_makes_one_report(client: Client) -> None:
    key, body = uuid4().hex, {"type": "costs", "format": "csv", "period": "7d"}
    first, second = (client.post(REPORTS, body, Idempotency_Key=key) for _ in range(2))
    assert first.json["id"] == second.json["id"]
    reordered = client.post(REPORTS, dict(reversed(body.items())), Idempotency_Key=key)
    assert reordered.json["id"] == first.json["id"]
    assert client.post(REPORTS, body, Idempotency_Key=uuid4().hex).json["id"] != first.json["id"]
    assert is_problem(client.post(REPORTS, {**body, "format": "pdf"}, Idempotency_Key=key), 422)


def test_an_idempotency_key_is_its_customers_own(own_stack: Stack) -> None:
    key, body = uuid4().hex, {"type": "costs", "format": "csv", "period": "7d"}
    ids = {own_stack.client(customer).post(REPORTS, body, Idempotency_Key=key).json["id"] for customer in own_stack.customers}
    assert len(ids) == len(own_stack.customers)


def test_a_report_says_what_the_api_says(client: Client) -> None:
    found = client.report({"type": "costs", "format": "json", **WINDOW, "breakdown": "region", "cost": "effective"})
    document = json.loads(client.download(found["id"]), parse_float=Decimal)
    answer = client.answer(COSTS, WINDOW, breakdown="region", cost="effective")
    tables = {block["title"]: block for section in document["sections"] for block in section["blocks"] if block["kind"] == "table"}
    assert {row[0]: row[1] for row in tables["Cost by line"]["rows"]} == answer["breakdown"]
    assert tables["Cost by line"]["totals"][1] == answer["total"]
