"""Three demo customers: their sources are seeded, and the real aggregation fills the tables from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

from chalicelib.domain.compliance import ComplianceDay
from chalicelib.domain.customer import Customer
from chalicelib.domain.period import DAY, HOUR, Window, hour_floor, midnight
from chalicelib.usecases import aggregate
from chalicelib.usecases.findings import observe, read_findings
from chalicelib.wiring import Services
from local.aws import EmbeddedAws, create_reader_role
from local.seed import Organisation, associations, cost_records, findings, metric_series, organisation

DAYS = 90
Say = Callable[[str], None]


def seed_sources(aws: EmbeddedAws, now: datetime) -> Organisation:
    """Puts an organisation's costs, points and findings of the last 90 days where AWS would have them."""
    seeded = organisation(now.date())
    aws.costs.load(cost_records(seeded))
    aws.hub.load(findings(seeded), associations(seeded))
    for metric, points in metric_series(seeded, now):
        aws.points.add(metric, points)
    for customer in seeded.customers:
        for account in customer.accounts:
            create_reader_role(account.id, customer.external_id)
    return seeded


def fill(with_: Services, aws: EmbeddedAws, customers: Iterable[Customer], now: datetime, say: Say) -> None:
    """Aggregates the last 90 days: costs in one series, usage in windows of seven days, findings day by day."""
    window = Window(midnight(now.date()) - DAYS * DAY, hour_floor(now))
    say(f"costs of {DAYS} days")
    aggregate.read_costs(with_.collaborators, window, customers, now)
    for customer in customers:
        say(f"usage of {customer.name}")
        for piece in window.pieces(aggregate.LONGEST):
            aws.points.clock = partial(_at, piece.end)  # ListMetrics knows two weeks back from then
            aggregate.read_usage(with_.collaborators, customer, piece, now)
        say(f"findings of {customer.name}")
        fill_findings(with_, aws, customer, window, now)


def fill_findings(with_: Services, aws: EmbeddedAws, customer: Customer, window: Window, now: datetime) -> None:
    """Security Hub knows only its present, so each past day is read when it is that day's evening there."""
    source, present = with_.collaborators.findings, aws.hub.clock
    days: list[ComplianceDay] = []
    for day in window.days():
        evening = midnight(day) + 23 * HOUR
        if evening < now - timedelta(hours=1):
            aws.hub.clock = partial(_at, evening)
            state = observe(source, customer, evening, days[-1] if days else None)
            days += [state] if state else []
    aws.hub.clock = present
    with_.metrics.put_compliance_days(customer.id, days)
    read_findings(with_.metrics, source, customer, now, lambda: False)


def _at(instant: datetime) -> datetime:
    """A clock that stands still."""
    return instant
