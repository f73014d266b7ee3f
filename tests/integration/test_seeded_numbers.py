"""Every number of the demo customers, against sums over the seeded sources that know nothing of the product's own arithmetic."""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from statistics import median
from typing import Any

import openpyxl
import pdfplumber
import pytest

from local.fakes.cost_records import CostRecord
from local.seed import associations, cost_records, findings, metric_series, organisation
from tests.stack import Client, Customer, Stack

ANOMALIES = "/analytics/costs/anomalies"
USAGE, COSTS, COMPLIANCE = "/analytics/usage", "/analytics/costs", "/analytics/compliance"
METRICS = ("api_calls", "storage_gb", "compute_hours", "data_transfer_gb")
BASES = {"billed": "NetUnblendedCost", "effective": "NetAmortizedCost"}
OF_A_REGION = {"Usage", "DiscountedUsage", "SavingsPlanCoveredUsage", "SavingsPlanNegation"}
CANONICAL = {
    "Amazon Elastic Compute Cloud - Compute": "Amazon Elastic Compute Cloud",
    "EC2 - Other": "Amazon Elastic Compute Cloud",
    "Amazon Elastic Load Balancing": "Elastic Load Balancing",
}
READ = {
    ("AWS/ApiGateway", "Count", ("ApiName",)): ("api_calls", "Amazon API Gateway", "samples"),
    ("AWS/ApiGateway", "Count", ("ApiId",)): ("api_calls", "Amazon API Gateway", "samples"),
    ("AWS/ApplicationELB", "RequestCount", ("LoadBalancer",)): ("api_calls", "Elastic Load Balancing", "sum"),
    ("AWS/EC2", "CPUUtilization", ("InstanceId",)): ("compute_hours", "Amazon Elastic Compute Cloud", "fine buckets"),
    ("AWS/Lambda", "Duration", ()): ("compute_hours", "AWS Lambda", "sum"),
    ("AWS/S3", "BucketSizeBytes", ("BucketName", "StorageType")): ("storage_gb", "Amazon Simple Storage Service", "average"),
    ("AWS/CloudFront", "BytesDownloaded", ("DistributionId", "Region")): ("data_transfer_gb", "Amazon CloudFront", "sum"),
    ("AWS/EC2", "NetworkOut", ("InstanceId",)): ("data_transfer_gb", "Amazon Elastic Compute Cloud", "sum"),
    ("AWS/NATGateway", "BytesOutToDestination", ("NatGatewayId",)): ("nat_gb", "Amazon Elastic Compute Cloud", "sum"),
}
"""DEFINITIONS.md's table: exact dimension sets only."""
DIVISOR = {
    "storage_gb": 2**30,
    "data_transfer_gb": 2**30,
    "nat_gb": 2**30,
    ("compute_hours", "sum"): 3_600_000,
    ("compute_hours", "fine buckets"): 12,
}
WIDE = Context(prec=200, rounding=ROUND_HALF_EVEN)
Place = tuple[str, str, str]
"""service, region, account"""
WHO = (0, 1, 2)


def six(dividend: Decimal, divisor: int) -> Decimal:
    return WIDE.divide(dividend, Decimal(divisor)).quantize(Decimal("0.000001"), context=WIDE)


# Costs


class Money:
    """A customer's records as (day, service, region or none, account, amounts)."""

    def __init__(self, records: Iterable[CostRecord], accounts: Iterable[str]) -> None:
        own = set(accounts)
        self.rows = [
            (
                record.day,
                CANONICAL.get(record.service, record.service),
                record.region if record.record_type in OF_A_REGION else "(none)",
                record.account,
                record.amounts,
            )
            for record in records
            if record.account in own
        ]

    def parts(self, first: date, end: date, basis: str, dimension: int) -> dict[str, Decimal]:
        """By day (0), service (1), region (2) or account (3)."""
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        with localcontext(WIDE):
            for row in self.rows:
                if first <= row[0] < end:
                    sums[str(row[dimension])] += row[4][BASES[basis]]
        return dict(sums)


@pytest.fixture(scope="module")
def money(own_stack: Stack) -> list[Money]:
    seeded = organisation(own_stack.day)
    records = cost_records(seeded)
    return [Money(records, customer.account_ids) for customer in seeded.customers]


def spans(today: date) -> dict[str, tuple[date, date]]:
    first = today.replace(day=1)
    return {
        "30d": (today - timedelta(days=29), today + timedelta(days=1)),
        "90d": (today - timedelta(days=89), today + timedelta(days=1)),
        "lastmonth": ((first - timedelta(days=1)).replace(day=1), first),
    }


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("basis", BASES)
@pytest.mark.parametrize("period", ["30d", "90d", "lastmonth"])
def test_costs_are_the_seeded_records(own_stack: Stack, money: list[Money], who: int, basis: str, period: str) -> None:
    client, (first, end) = own_stack.client(own_stack.customers[who]), spans(own_stack.day)[period]
    for number, dimension in enumerate(("service", "region", "account"), start=1):
        expected = money[who].parts(first, end, basis, number)
        answer = client.answer(COSTS, period=period, cost=basis, breakdown=dimension)
        assert answer["total"] == sum(expected.values())
        assert answer["breakdown"] == expected
        held = answer["reconciliation"]
        assert (held["lines_total"], held["source_total"], held["difference"]) == (answer["total"], answer["total"], 0)
        assert (held["reason"], held["flagged"], held["sources"], held["note"]) == (None, [], ["cost_explorer"], None)
    by_day = money[who].parts(first, end, basis, 0)
    series = client.answer(COSTS, period=period, cost=basis, granularity="day")["series"]
    assert {entry["start"][:10]: entry["amount"] for entry in series if entry["amount"] is not None} == by_day
    assert [entry["start"][:10] for entry in series if entry["amount"] is None] == ([str(own_stack.day)] if period != "lastmonth" else [])


@pytest.mark.parametrize("who", WHO)
def test_the_change_of_costs_is_against_the_same_days_before(own_stack: Stack, money: list[Money], who: int) -> None:
    first, end = own_stack.day - timedelta(days=29), own_stack.day
    now, before = (sum(money[who].parts(*span, "billed", 0).values()) for span in ((first, end), (first - timedelta(days=29), first)))
    change = own_stack.client(own_stack.customers[who]).answer(COSTS, period="30d")["change"]
    assert (change["previous_total"], change["amount"]) == (before, now - before)
    assert change["percent"] == WIDE.divide(100 * (now - before), abs(before)).quantize(Decimal("0.000001"), context=WIDE)


def test_what_belongs_to_nobody_is_in_nobodys_total(own_stack: Stack) -> None:
    seeded, (first, end) = organisation(own_stack.day), spans(own_stack.day)["lastmonth"]
    with localcontext(WIDE):
        theirs = sum(
            record.amounts["NetUnblendedCost"]
            for record in cost_records(seeded)
            if record.account != seeded.unallocated and first <= record.day < end
        )
    shown = [own_stack.client(customer).answer(COSTS, period="lastmonth")["total"] for customer in own_stack.customers]
    assert sum(shown) == theirs


# Anomalies


def usage_of(money: Money, service: str, day: date, region: str | None = None) -> Decimal:
    with localcontext(WIDE):
        rows = (row for row in money.rows if row[:2] == (day, service) and row[2] != "(none)" and region in (None, row[2]))
        return sum((row[4]["NetUnblendedCost"] for row in rows), Decimal(0))


def expected_of(money: Money, service: str, day: date) -> Decimal:
    """The median of the same weekday in the eight weeks before, of the days that are seeded."""
    before = [day - timedelta(weeks=back) for back in range(1, 9)]
    with localcontext(WIDE):
        return median(usage_of(money, service, past) for past in before if past >= min(row[0] for row in money.rows))


@pytest.mark.parametrize(
    ("who", "planted"),
    [
        (0, {("AWS Lambda", back) for back in (26, 25, 24)}),
        (1, set()),
        (
            2,
            {("Amazon ElastiCache", back) for back in (35, 34, 33, 32)}
            | {("Amazon Elastic Compute Cloud", back) for back in (20, 19, 18, 17)},
        ),
    ],
    ids=["a spike", "nothing but tax and credits", "a service that is gone and a region that is new"],
)
def test_anomalies_are_what_was_planted_and_nothing_else(
    own_stack: Stack, money: list[Money], who: int, planted: set[tuple[str, int]]
) -> None:
    answer = own_stack.client(own_stack.customers[who]).answer(ANOMALIES, period="60d")
    found = {(entry["service"], entry["day"]): entry for entry in answer["anomalies"]}
    assert set(found) == {(service, str(own_stack.day - timedelta(days=back))) for service, back in planted}
    for (service, day), entry in found.items():
        actual, expected = (of(money[who], service, date.fromisoformat(day)) for of in (usage_of, expected_of))
        with localcontext(WIDE):
            assert (entry["actual"], entry["expected"], entry["impact"]) == (actual, expected, actual - expected)
            assert entry["percent"] == (100 * (actual - expected) / expected).quantize(Decimal("0.000001"))
            assert sum(cause["impact"] for cause in entry["causes"]) == entry["impact"]
    assert answer["total_impact"] == sum(entry["impact"] for entry in found.values())
    assert (answer["found"], answer["days_checked"], answer["coverage"]["days_present"]) == (len(found), 59, 59)
    assert [abs(entry["impact"]) for entry in answer["anomalies"]] == sorted((abs(one["impact"]) for one in found.values()), reverse=True)


def test_the_spikes_cause_is_its_account_and_region_and_the_new_regions_is_the_region(own_stack: Stack) -> None:
    shop, games = (own_stack.client(own_stack.customers[who]).answer(ANOMALIES, period="30d")["anomalies"] for who in (0, 2))
    for entry in shop:
        assert entry["causes"] == [{"account": "110000000002", "region": "us-east-1", "impact": entry["impact"]}]
    assert {(entry["causes"][0]["account"], entry["causes"][0]["region"]) for entry in games} == {("330000000001", "ap-northeast-1")}


def test_higher_thresholds_tell_less_and_bad_ones_are_refused(own_stack: Stack) -> None:
    client = own_stack.client()
    assert client.answer(ANOMALIES, period="60d", floor="1000")["anomalies"] == []
    assert client.answer(ANOMALIES, period="60d", percent="100000")["anomalies"] == []
    assert client.get(ANOMALIES, floor="-1").fields == {"floor"}
    assert client.get(ANOMALIES, percent="much").fields == {"percent"}


# Usage


class Meter:
    """A customer's hourly values per metric and place, each rounded once to six places; storage carries its last value."""

    def __init__(self, series: Iterable[Any], accounts: Iterable[str], closed: datetime) -> None:
        own, end = set(accounts), int(closed.timestamp())
        raw: defaultdict[tuple[str, Place, str], defaultdict[int, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for (account, region, namespace, name, dimensions), points in series:
            found = READ.get((namespace, name, tuple(key for key, _ in dimensions)))
            if found is None or account not in own or (dict(dimensions).get("Region", "Global") != "Global"):
                continue
            metric, service, statistic = found
            place = (service, "global" if namespace == "AWS/CloudFront" else region, account)
            hourly = raw[metric, place, statistic]
            for epoch, total, count, *_ in points:
                if epoch < end:
                    hourly[epoch - epoch % 3600] += self._amount(statistic, total, count)
        self.hours: dict[tuple[str, Place], dict[int, Decimal]] = {}
        for (metric, place, statistic), hourly in raw.items():
            divisor = DIVISOR.get(metric, DIVISOR.get((metric, statistic), 1))
            values = {hour: six(amount, divisor) for hour, amount in hourly.items()}
            held = self.hours.setdefault((metric, place), {})
            for hour, value in (carried(values, end) if metric == "storage_gb" else values).items():
                assert hour not in held or metric == "api_calls"
                held[hour] = held.get(hour, Decimal(0)) + value

    @staticmethod
    def _amount(statistic: str, total: float, count: float) -> Decimal:
        value = {"samples": count, "sum": total, "fine buckets": 1.0, "average": total / count}[statistic]
        return Decimal(repr(value))

    def parts(self, first: datetime, end: datetime, metric: str, dimension: int) -> dict[str, Decimal]:
        """By service (0), region (1) or account (2): sums, for storage means over the window's hours."""
        since, until = int(first.timestamp()), int(end.timestamp())
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for (name, place), hourly in self.hours.items():
            within = [value for hour, value in hourly.items() if since <= hour < until]
            if name == metric and within:
                amount = sum(within, Decimal(0))
                sums[place[dimension]] += six(amount, (until - since) // 3600) if metric == "storage_gb" else amount
        return dict(sums)


def carried(values: dict[int, Decimal], end: int) -> dict[int, Decimal]:
    """A value a day, at midnight, stands for every hour until the next; the last for at most three days."""
    hours, instants = {}, sorted(values)
    for instant, following in zip(instants, [*instants[1:], end], strict=True):
        for hour in range(instant, min(following, instant + 3 * 86400, end), 3600):
            hours[hour] = values[instant]
    return hours


@pytest.fixture(scope="module")
def closed(own_stack: Stack) -> datetime:
    """Up to when all three customers' usage was filled."""
    answer = own_stack.client().answer(USAGE, period="24h")
    return datetime.fromisoformat(answer["data_through"])


@pytest.fixture(scope="module")
def meters(own_stack: Stack, closed: datetime) -> list[Meter]:
    seeded = organisation(own_stack.day)
    series = list(metric_series(seeded, closed))
    return [Meter(series, customer.account_ids, closed) for customer in seeded.customers]


def midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), UTC)


def usage_spans(today: date) -> dict[str, tuple[date, date]]:
    return {"29 days": (today - timedelta(days=29), today), "a week long ago": (today - timedelta(days=62), today - timedelta(days=55))}


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("span", ["29 days", "a week long ago"])
def test_usage_is_the_seeded_points(own_stack: Stack, meters: list[Meter], who: int, span: str) -> None:
    client, (first, end) = own_stack.client(own_stack.customers[who]), usage_spans(own_stack.day)[span]
    for number, dimension in enumerate(("service", "region", "account")):
        answer = client.answer(USAGE, start=str(first), end=str(end), breakdown=dimension)
        for metric in METRICS:
            expected = meters[who].parts(midnight(first), midnight(end), metric, number)
            assert answer["breakdown"][metric] == expected, (metric, dimension)
            assert answer["metrics"][metric] == sum(expected.values()), (metric, dimension)


@pytest.mark.parametrize("who", WHO)
def test_nat_traffic_is_told_apart_and_is_the_seeded_points(own_stack: Stack, meters: list[Meter], who: int) -> None:
    first, end = usage_spans(own_stack.day)["29 days"]
    answer = own_stack.client(own_stack.customers[who]).answer(USAGE, start=str(first), end=str(end), breakdown="account")
    expected = meters[who].parts(midnight(first), midnight(end), "nat_gb", 2)
    assert answer["other_metrics"]["nat_gb"]["breakdown"] == expected
    assert answer["other_metrics"]["nat_gb"]["total"] == sum(expected.values())


@pytest.mark.parametrize("who", WHO)
def test_a_change_of_usage_is_explained_by_the_seeded_points(own_stack: Stack, meters: list[Meter], who: int) -> None:
    first, end = own_stack.day - timedelta(days=14), own_stack.day - timedelta(days=4)
    before = own_stack.day - timedelta(days=34), own_stack.day - timedelta(days=24)
    window = {"start": str(first), "end": str(end), "compare": f"{before[0]}/{before[1]}", "breakdown": "service"}
    changes = own_stack.client(own_stack.customers[who]).answer(USAGE, window)["change"]["metrics"]
    for metric in (*METRICS, "nat_gb"):
        now, then = (meters[who].parts(midnight(one), midnight(other), metric, 0) for one, other in ((first, end), before))
        lines = {line["name"]: (line["previous"], line["current"], line["amount"]) for line in changes[metric]["lines"]}
        names = now.keys() | then.keys()
        assert lines == {name: (then.get(name, 0), now.get(name, 0), now.get(name, 0) - then.get(name, 0)) for name in names}, metric
        assert changes[metric]["amount"] == sum(now.values()) - sum(then.values()) == sum(amount for *_, amount in lines.values())


@pytest.mark.parametrize("who", WHO)
def test_usage_by_day_is_the_seeded_points(own_stack: Stack, meters: list[Meter], who: int) -> None:
    client, (first, end) = own_stack.client(own_stack.customers[who]), usage_spans(own_stack.day)["29 days"]
    series = client.answer(USAGE, start=str(first), end=str(end), granularity="day")["series"]
    assert len(series) == 29
    for entry in series:
        since = datetime.fromisoformat(entry["start"])
        for metric in METRICS:
            expected = meters[who].parts(since, since + timedelta(days=1), metric, 0)
            assert entry[metric] == sum(expected.values()), (metric, entry["start"])


@pytest.mark.parametrize("who", WHO)
def test_the_last_day_by_hour_is_the_seeded_points(own_stack: Stack, meters: list[Meter], closed: datetime, who: int) -> None:
    start = closed - timedelta(hours=24)
    window = {"start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "end": f"{closed:%Y-%m-%dT%H:%M:%SZ}"}
    answer = own_stack.client(own_stack.customers[who]).answer(USAGE, window)
    assert len(answer["series"]) == 24
    for entry in answer["series"]:
        since = datetime.fromisoformat(entry["start"])
        for metric in METRICS:
            assert entry[metric] == sum(meters[who].parts(since, since + timedelta(hours=1), metric, 0).values()), (metric, entry["start"])
    for metric in METRICS:
        assert answer["metrics"][metric] == sum(meters[who].parts(start, closed, metric, 0).values())


@pytest.mark.parametrize("who", WHO)
def test_trends_of_usage_are_against_the_days_before(own_stack: Stack, meters: list[Meter], who: int) -> None:
    first, end = own_stack.day - timedelta(days=20), own_stack.day - timedelta(days=10)
    answer = own_stack.client(own_stack.customers[who]).answer(USAGE, start=str(first), end=str(end))
    for metric in METRICS:
        now, before = (
            sum(meters[who].parts(midnight(one), midnight(other), metric, 0).values())
            for one, other in ((first, end), (first - timedelta(days=10), first))
        )
        expected = WIDE.divide(100 * (now - before), before).quantize(Decimal("0.000001"), context=WIDE) if before else None
        assert answer["trends"][f"{metric}_change"] == expected, metric


# Compliance


def states(
    day: date, accounts: Iterable[str], standard: str | None = None, at: date | None = None
) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """(state by control, failed findings that count), as of that day or `at`; controls ever seen since the first day are known."""
    seeded, own, now = organisation(day), set(accounts), midnight(at or day) + timedelta(hours=12)
    known, members = set[str](), defaultdict[str, list[dict[str, Any]]](list)
    for one in findings(seeded):
        of_standard = standard is None or standard in one.control.standards
        if one.account not in own or one.product[1] != "aws/securityhub" or not of_standard or one.record_state == "ARCHIVED":
            continue
        known.add(one.control.id)
        found = one.state_at(now)
        if found and found["Workflow"]["Status"] != "SUPPRESSED":
            members[one.control.id].append(found)
    off = defaultdict[str, set[bool]](set)
    for association in associations(seeded):
        if standard in (None, association.standard):
            off[association.control].add(association.status_at(now) == "DISABLED")
    result = {}
    for control in known:
        statuses = {finding["Compliance"]["Status"] for finding in members[control]}
        if off[control] == {True}:
            result[control] = "disabled"
        else:
            result[control] = (
                "failed" if "FAILED" in statuses else "unknown" if statuses - {"PASSED"} else "passed" if statuses else "no_data"
            )
    failed = [finding for of_control in members.values() for finding in of_control if finding["Compliance"]["Status"] == "FAILED"]
    return result, failed


def score(of: dict[str, str]) -> int | None:
    values = list(of.values())
    passed, total = values.count("passed"), sum(value in ("passed", "failed", "unknown") for value in values)
    return int(Decimal(100 * passed) / total + Decimal("0.5")) if total else None


@pytest.mark.parametrize("who", WHO)
def test_compliance_is_the_seeded_findings(own_stack: Stack, who: int) -> None:
    accounts = organisation(own_stack.day).customers[who].account_ids
    by_control, failed = states(own_stack.day, accounts)
    answer = own_stack.client(own_stack.customers[who]).answer(COMPLIANCE, top=1000)
    values = list(by_control.values())
    assert answer["current_score"] == score(by_control)
    assert answer["score"] == {
        "product": "aws/securityhub",
        **{name: values.count(name) for name in ("passed", "failed", "unknown", "no_data", "disabled")},
        "definition": "securityhub-2026",
    }
    labels = [finding["Severity"]["Label"].lower() for finding in failed]
    assert answer["findings"] == {name: labels.count(name) for name in ("critical", "high", "medium", "low", "informational")}
    assert {issue["control_id"] for issue in answer["top_issues"]} == {name for name, state in by_control.items() if state == "failed"}
    assert sum(issue["failed_resources"] for issue in answer["top_issues"]) == len(failed)
    assert answer["frameworks"]
    for framework in answer["frameworks"]:
        narrowed, _ = states(own_stack.day, accounts, framework["id"])
        counts = {name: list(narrowed.values()).count(name) for name in ("passed", "failed", "unknown", "no_data")}
        assert framework == {"id": framework["id"], "score": score(narrowed), **counts}


# The same numbers in every document


class Document:
    """A downloaded report, read back: by key figure, by line of a table, or (PDF) by the texts on its pages."""

    def __init__(self, client: Client, **body: Any) -> None:
        made = client.report(body)
        self.form, self.content = body["format"], client.download(made["id"])
        assert len(self.content) == made["size_bytes"]

    def table(self, title: str) -> dict[str, Decimal]:
        """Name to amount of a table of lines, its total as `Total`."""
        return dict({"json": self._json, "csv": self._csv, "xlsx": self._xlsx}[self.form](title))

    def _json(self, title: str) -> Iterator[tuple[str, Decimal]]:
        for section in json.loads(self.content, parse_float=Decimal)["sections"]:
            for block in section["blocks"]:
                if block["kind"] == "table" and block["title"] == title:
                    yield from ((row[0], Decimal(row[1])) for row in [*block["rows"], block["totals"]])

    def _csv(self, title: str) -> Iterator[tuple[str, Decimal]]:
        for row in csv.DictReader(io.StringIO(self.content.decode("utf-8-sig"))):
            if row["table"] == title and row["row"] != "note":
                name, amount, *_ = (value for column, value in row.items() if column not in ("section", "table", "row") and value)
                yield name, Decimal(amount)

    def _xlsx(self, title: str) -> Iterator[tuple[str, Decimal]]:
        book = openpyxl.load_workbook(io.BytesIO(self.content))
        for row in book[title].iter_rows(min_row=2, values_only=True):
            yield str(row[0]), Decimal(repr(row[1]))

    def text(self) -> str:
        with pdfplumber.open(io.BytesIO(self.content)) as pdf:
            return "\n".join(page.extract_text() for page in pdf.pages)


def as_double(amount: Decimal) -> Decimal:
    """What Excel can hold of it."""
    return Decimal(repr(float(amount)))


def money_text(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.01'), rounding=ROUND_HALF_EVEN):,}"


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("form", ["json", "csv", "xlsx", "pdf"])
def test_a_cost_report_holds_the_seeded_records(own_stack: Stack, money: list[Money], who: int, form: str) -> None:
    first, end = spans(own_stack.day)["lastmonth"]
    expected = money[who].parts(first, end, "billed", 1)
    expected["Total"] = sum(expected.values(), Decimal(0))
    document = Document(own_stack.client(own_stack.customers[who]), type="costs", format=form, period="lastmonth")
    if form == "pdf":
        text = document.text()
        for name, amount in expected.items():
            assert re.search(rf"{re.escape(name.split()[-1])}.*{re.escape(money_text(amount))}", text), (name, amount)
        return
    shown = {name: as_double(amount) for name, amount in expected.items()} if form == "xlsx" else expected
    assert document.table("Cost by line") == shown


@pytest.mark.parametrize("form", ["json", "csv", "xlsx", "pdf"])
def test_a_usage_report_holds_the_seeded_points(own_stack: Stack, meters: list[Meter], form: str) -> None:
    first, end = usage_spans(own_stack.day)["29 days"]
    document = Document(own_stack.client(), type="usage", format=form, start=str(first), end=str(end))
    titles = {"api_calls": "API calls", "storage_gb": "Storage", "compute_hours": "Compute", "data_transfer_gb": "Data transfer"}
    text = document.text() if form == "pdf" else ""
    for metric, title in titles.items():
        expected = meters[0].parts(midnight(first), midnight(end), metric, 0)
        expected["Total"] = sum(expected.values(), Decimal(0))
        if form == "pdf":
            for amount in expected.values():
                assert f"{amount:,.6f}".rstrip("0").rstrip(".") in text, (metric, amount)
        else:
            shown = {name: as_double(amount) for name, amount in expected.items()} if form == "xlsx" else expected
            assert document.table(f"{title} by line") == shown, metric


@pytest.mark.parametrize("form", ["json", "csv", "xlsx", "pdf"])
def test_a_compliance_report_holds_the_seeded_findings(own_stack: Stack, form: str) -> None:
    customer: Customer = own_stack.customers[1]
    by_control, failed = states(own_stack.day, organisation(own_stack.day).customers[1].account_ids)
    document = Document(own_stack.client(customer), type="compliance", format=form)
    labels = [finding["Severity"]["Label"].capitalize() for finding in failed]
    if form == "pdf":
        text = document.text()
        assert f"{score(by_control)} of 100" in text
        for name in {name for name, state in by_control.items() if state == "failed"}:
            assert name in text
        return
    shown = document.table("Failed findings by severity" if form != "xlsx" else "Failed findings by severity"[:31])
    assert shown == {**{name: labels.count(name) for name in ("Critical", "High", "Medium", "Low", "Informational")}, "Total": len(failed)}
