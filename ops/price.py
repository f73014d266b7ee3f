"""python -m ops.price [--customers 10 1000 10000] [--json | --markdown]: what a month costs. Needs no AWS."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from chalicelib.domain.state import CLOUDWATCH
from chalicelib.settings import CAPS
from ops.pricing.month import (
    DAYS,
    DRIVERS,
    LINES,
    METRICS_ASKED,
    METRICS_ASKED_SELDOM,
    OPTIONAL,
    OURS,
    THEIRS,
    Driver,
    cents,
    seldom,
    total,
)
from ops.pricing.prices import AS_OF, REGION

CUSTOMERS = (10, 1_000, 10_000)
TITLES = {OURS: "", THEIRS: "In the customers' accounts", OPTIONAL: "Options"}
JSON = msgspec.json.Encoder(decimal_format="number")


def rows(customers: Sequence[int]) -> Iterator[tuple[str, list[str]]]:
    """(what, dollars per number of customers)."""
    for payer, title in TITLES.items():
        for line in (line for line in LINES if line.payer == payer and line.a_customer + line.a_stage):
            yield f"{title and f'{title}: '}{line.service}, {line.what}", [f"{cents(line.usd(number)):,}" for number in customers]
        if payer == OURS:
            yield "All of that", [f"{cents(total(number)):,}" for number in customers]
            yield "All of that, a customer", [f"{cents(total(number) / number):,}" for number in customers]
        elif payer == THEIRS:
            yield f"{title}: both, every hour", [f"{cents(total(number, THEIRS)):,}" for number in customers]
            yield f"{title}: both, USAGE_EVERY_HOURS=6", [f"{cents(seldom(number)):,}" for number in customers]


def capped(asked: Driver, customers: int) -> bool:
    """Whether the default cap ends a day of reading CloudWatch before it is over."""
    return asked.amount * customers / DAYS > CAPS[CLOUDWATCH][1]


def notes(customers: Sequence[int]) -> Iterator[str]:
    left_out = "Not in it: free tiers, taxes, Security Hub and what its events take, exports in S3, WAF, support."
    yield f"US dollars a month, {REGION}, list prices of {AS_OF}, each line rounded by itself. {left_out}"
    yield "Cost Explorer's pages grow with accounts: beyond some hundred, take the payer's export, which costs none."
    for asked, how in ((METRICS_ASKED, "every hour"), (METRICS_ASKED_SELDOM, "every six hours")):
        over = [f"{number:,}" for number in customers if capped(asked, number)]
        if over:
            cap = f"{CAPS[CLOUDWATCH][0]} ({CAPS[CLOUDWATCH][1]:,} by default)"
            yield f"Reading CloudWatch {how} for {' or '.join(over)} customers takes a higher {cap}."


def as_text(customers: Sequence[int]) -> str:
    told = list(rows(customers))
    wide = max(len(what) for what, _ in told)
    lines = [" ".join([f"{'customers':<{wide}}", *(f"{number:>14,}" for number in customers)])]
    lines += [" ".join([f"{what:<{wide}}", *(f"{amount:>14}" for amount in amounts)]) for what, amounts in told]
    lines += ["", *notes(customers), "", "assumptions:"]
    return "\n".join([*lines, *(f"  {_number(driver.amount):>12}  {driver.what} ({driver.source})" for driver in DRIVERS)])


def as_markdown(customers: Sequence[int] = CUSTOMERS) -> str:
    """What docs/operations.md holds."""
    table = [
        f"| customers | {' | '.join(f'{number:,}' for number in customers)} |",
        f"|---|{'---:|' * len(customers)}",
        *(f"| {what} | {' | '.join(amounts)} |" for what, amounts in rows(customers)),
    ]
    drivers = ["| what it is reckoned with | | from |", "|---|---:|---|"]
    drivers += [f"| {driver.what} | {_number(driver.amount)} | {driver.source} |" for driver in DRIVERS]
    return "\n".join([*table, "", " ".join(notes(customers)), "", *drivers])


def _number(amount: Decimal) -> str:
    return f"{amount.normalize():,f}"


def as_json(customers: Sequence[int]) -> str:
    told: dict[str, Any] = {
        "currency": "USD",
        "region": REGION,
        "prices_as_of": AS_OF,
        "months": [
            {
                "customers": number,
                "total": cents(total(number)),
                "in_the_customers_accounts": cents(total(number, THEIRS)),
                "in_the_customers_accounts_six_hourly": cents(seldom(number)),
                "lines": [{"service": one.service, "what": one.what, "payer": one.payer, "usd": cents(one.usd(number))} for one in LINES],
            }
            for number in customers
        ],
        "assumptions": [{"what": driver.what, "amount": driver.amount, "from": driver.source} for driver in DRIVERS],
    }
    return JSON.encode(told).decode()


def _customers(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1_000_000):
        raise argparse.ArgumentTypeError("a number from 1 to 1000000")
    return int(text)


def main() -> None:
    made = argparse.ArgumentParser(prog="python -m ops.price", description="What a month of a stage costs, by the number of customers.")
    made.add_argument("--customers", type=_customers, nargs="+", default=list(CUSTOMERS), metavar="N")
    how = made.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true")
    how.add_argument("--markdown", action="store_true", help="as docs/operations.md holds it")
    given = made.parse_args()
    shown = as_json if given.json else as_markdown if given.markdown else as_text
    print(shown(given.customers))


if __name__ == "__main__":
    main()
