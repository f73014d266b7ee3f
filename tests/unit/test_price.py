"""What a month costs: the docs hold what the code says, and the sums are what their lines add up to."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.domain.prices import PRICES
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER
from ops.price import CUSTOMERS, as_json, as_markdown, as_text
from ops.pricing import prices
from ops.pricing.month import DRIVERS, LINES, OURS, THEIRS, cents, seldom, total

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- python -m ops.price --markdown -->\n", "\n<!-- end -->"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "ops.price", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_docs_hold_the_table() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    assert text.partition(BEGIN)[2].partition(END)[0] == as_markdown(), "put what `python -m ops.price --markdown` prints between the marks"


def test_prices_that_are_told_elsewhere_are_the_same() -> None:
    assert prices.CLOUDWATCH_METRIC_ASKED is PRICES[CLOUDWATCH]
    assert prices.COST_EXPLORER_PAGE is PRICES[COST_EXPLORER]


@pytest.mark.parametrize("customers", CUSTOMERS)
def test_a_total_is_the_sum_of_its_lines_each_paid_by_one(customers: int) -> None:
    told = json.loads(as_json([customers]), parse_float=Decimal)["months"][0]
    of = {payer: sum(line.usd(customers) for line in LINES if line.payer == payer) for payer in (OURS, THEIRS)}
    assert told["total"] == cents(Decimal(of[OURS])) == cents(total(customers))
    assert told["in_the_customers_accounts"] == cents(Decimal(of[THEIRS]))
    assert abs(sum(line["usd"] for line in told["lines"] if line["payer"] == OURS) - told["total"]) < len(LINES) * Decimal("0.005")


def test_some_lines_reckoned_by_hand() -> None:
    worked = {(line.service, line.what): line for line in LINES}
    assert cents(worked["Cost Explorer", "pages"].usd(1)) == Decimal("23.12")  # 19 pages, 4 times a day, 365/12 days, a cent each
    assert worked["CloudWatch", "metrics asked, every hour"].usd(1_000) == Decimal("912")  # 91,200 a customer, a cent a thousand
    assert cents(worked["API Gateway", "REST requests"].usd(1_000)) == Decimal("21.29")  # 200 a day, $3.50 a million
    assert cents(total(1_000, THEIRS) - seldom(1_000)) == Decimal("730.00")  # 73,000 fewer metrics a customer


def test_more_customers_make_each_of_them_cheaper_never_the_bill() -> None:
    bills = [total(number) for number in CUSTOMERS]
    assert bills == sorted(bills)
    each = [bill / number for bill, number in zip(bills, CUSTOMERS, strict=True)]
    assert each == sorted(each, reverse=True)


def test_every_assumption_is_told_with_where_it_is_from() -> None:
    text = as_text([10])
    assert len(DRIVERS) > 20
    for driver in DRIVERS:
        assert driver.what in text
        assert driver.source in text


def test_it_takes_other_numbers_of_customers_and_refuses_what_is_none() -> None:
    assert run("--customers", "25").stdout.split("\n")[0].split() == ["customers", "25"]
    assert run("--customers", "0").returncode == 2
    assert [month["customers"] for month in json.loads(run("--json").stdout)["months"]] == list(CUSTOMERS)
