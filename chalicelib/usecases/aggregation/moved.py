"""What an account that has gone to another customer used since then is forgotten here; what it used before stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.customer import Customer
from chalicelib.domain.period import Window, hour_floor
from chalicelib.domain.usage import UsageBucket, select
from chalicelib.usecases.aggregation.collaborators import Collaborators


def forget_usage(with_: Collaborators, customer: Customer, account: str, since: datetime) -> None:
    """Takes the account out of every hour and day since then, unless the customer has it again; days of nobody else are unknown again."""
    if account in customer.account_ids:
        return
    last = with_.clock()
    hours = with_.metrics.hours.read(customer.id, Window(since, hour_floor(last)))
    with_.metrics.hours.put(customer.id, [_without(hour, account) for hour in hours])
    days = [_without(day, account) for day in with_.metrics.usage.read(customer.id, since.date(), last.date())]
    known, unknown = [day for day in days if day.covered], [day.start.date() for day in days if not day.covered]
    version = with_.metrics.usage.put(customer.id, known, unknown)
    state = with_.metrics.status(customer.id).sources.get(with_.usage.name)
    if state:
        with_.metrics.put_state(customer.id, replace(state, version=version))


def _without(bucket: UsageBucket, account: str) -> UsageBucket:
    others = {scope.partition("/")[0] for scope in bucket.covered} | {key.account for key in bucket.keys}
    left = tuple(sorted(others - {account}))
    return select(bucket, Selection(account=left)) if left else UsageBucket(bucket.start)
