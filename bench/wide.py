"""Pages read for every answer for a customer of sixty services in twelve regions, by month over 13 months and by day over 92 days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from bench.case import Bench
from bench.data import ACCOUNT, NOW, TODAY
from bench.measure import Row
from bench.traffic import MEGABYTE, sizes_read, watched
from chalicelib.domain.amounts import Amounts
from chalicelib.domain.cost import CostDay, CostLine, totals_of
from chalicelib.domain.period import DAY, midnight, minus_months, month_start
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER, OK, REPLICATED_AFTER, SourceState
from chalicelib.domain.usage import UsageBucket, UsageKey, gauges
from chalicelib.usecases.answers.anomalies import anomaly_answer
from chalicelib.usecases.answers.costs import cost_answer
from chalicelib.usecases.answers.prospects import make_prospects
from chalicelib.usecases.answers.unit import unit_answer
from chalicelib.usecases.answers.usage import usage_answer
from chalicelib.usecases.billing.statements import statement_answer
from chalicelib.usecases.questions.anomalies import anomaly_question
from chalicelib.usecases.questions.costs import cost_question, unit_question
from chalicelib.usecases.questions.usage import usage_question

WIDE = "wide-world"
SERVICES, REGIONS = tuple(f"Service {number:02d} of sixty" for number in range(60)), tuple(f"region-{number}" for number in range(12))
METRICS = ("api_calls", "compute_hours", "data_transfer_gb", "nat_gb", "storage_gb")
MONTHS = 26
"""Thirteen, and what they are compared with."""
Parsed = tuple[Callable[..., Any], Callable[..., Any], dict[str, str]]
BY_MONTH, BY_DAY = {"period": "13m", "granularity": "month"}, {"period": "92d", "granularity": "day"}
BOTH = {"by month over 13 months": BY_MONTH, "by day over 92 days": BY_DAY}


def asked() -> Iterator[tuple[str, Callable[..., Any], Any]]:
    """(what is asked, what answers it, the question)"""
    for span, window in BOTH.items():
        for name, more in {
            "costs by service and region": {"breakdown": "service,region"},
            "costs, explained": {"compare": "previous", "top": "20"},
            "costs, explained by a year before": {"compare": "yoy"},
            "costs of a service, with its forecast": {"service": SERVICES[7]},
        }.items():
            yield f"{name}, {span}", cost_answer, _parsed(cost_question, {**window, **more})
        yield f"usage by service and region, {span}", usage_answer, _parsed(usage_question, {**window, "breakdown": "service,region"})
        plain = {"period": window["period"]}
        yield f"anomalies, {span}", anomaly_answer, _parsed(anomaly_question, plain)
        yield f"unit costs, {span}", unit_answer, _parsed(unit_question, plain)
    yield "a statement", statement_answer, minus_months(month_start(TODAY), 1)


def _parsed(parse: Callable[..., Any], parameters: Mapping[str, str]) -> Any:
    return parse({name: [value] for name, value in parameters.items()}, NOW)


def run(bench: Bench) -> Iterator[Row]:
    _fill(bench)
    with_ = bench.services
    status = with_.cache.get(WIDE, "nothing")[1]
    for name, answer, question in asked():
        with watched(with_.client("dynamodb")) as calls:
            answer(bench.cold_store(), WIDE, question, status, NOW)
            reads = list(calls)
        ranges: dict[str, list[int]] = {}
        for call in reads:
            ranges.setdefault(call.range, []).extend(sizes_read(bench.bare, call))
        started = sum(max(1, -(-sum(sizes) // MEGABYTE)) for sizes in ranges.values())
        yield Row(f"{name}, pages", sum(map(_pages, ranges.values())), f" of {len(ranges)} ranges", started)


def _pages(sizes: Sequence[int]) -> int:
    """As DynamoDB cuts them: whole items, up to a megabyte (moto counts base64 for bytes, and so cuts sooner)."""
    pages, held = 1, 0
    for size in sizes:
        if held + size > MEGABYTE:
            pages, held = pages + 1, 0
        held += size
    return pages


def _fill(bench: Bench) -> None:
    first = minus_months(month_start(TODAY), MONTHS)
    days = [first + number * DAY for number in range((TODAY - first).days)]
    store = replace(bench.services, clock=lambda: NOW - REPLICATED_AFTER).metrics
    store.costs.put(WIDE, (_costs(day) for day in days))
    store.usage.put(WIDE, (_usage(day) for day in days))
    for source in (CLOUDWATCH, COST_EXPLORER):
        store.put_state(WIDE, SourceState(source, OK, NOW, midnight(TODAY), NOW, (), "1"), make_prospects(store, WIDE, NOW)[0])


def _costs(day: date) -> CostDay:
    numbers = Random(f"wide {day}")
    lines = tuple(
        CostLine(ACCOUNT, service, region, "Other", "AWS", "Usage", "USD", amount, amount, None)
        for service in SERVICES
        for region in REGIONS
        for amount in [Decimal(f"{numbers.uniform(1, 9):.10f}")]
    )
    return CostDay.of(day, lines, totals_of(lines), False, (COST_EXPLORER,))


def _usage(day: date) -> UsageBucket:
    numbers = Random(f"wide usage {day}")
    keys = tuple(
        sorted(
            UsageKey(METRICS[place % len(METRICS)], service, region, ACCOUNT)
            for place, service in enumerate(SERVICES)
            for region in REGIONS
        )
    )
    totals, levels = (Amounts.of([Decimal(numbers.randrange(10**5, 10**6)) for _ in its_keys]) for its_keys in (keys, gauges(keys)))
    return UsageBucket(midnight(day), {f"{ACCOUNT}/{region}": 24 for region in REGIONS}, keys, totals, levels)
