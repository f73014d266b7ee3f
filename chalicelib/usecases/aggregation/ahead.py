"""What follows whenever a customer's costs have been settled: what lies ahead of them, and whether they are what their source says."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.customer import Customer
from chalicelib.domain.prospect import Prospects
from chalicelib.domain.rates import Rates
from chalicelib.domain.signals import RECONCILIATION_DIFFERENCE
from chalicelib.usecases.aggregation.collaborators import Collaborators
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.prospects import ask_source, make_prospects


def look_ahead(with_: Collaborators, customer: Customer, now: datetime) -> Prospects:
    """What is to be kept with the source's state; on the way the largest difference is told as a metric."""
    ahead, difference = make_prospects(with_.metrics, customer.id, now)
    with_.measure(RECONCILIATION_DIFFERENCE, difference)
    if with_.forecast is None:
        return ahead
    status = with_.metrics.status(customer.id)
    charged = any(plan.changes_amounts for plan in choice_of(with_.metrics, customer.id, Rates, status).plans)
    whose = with_.customers.get(customer.id) or customer  # a share of the payer's export comes without its accounts
    return ask_source(with_.forecast, whose, ahead, status.prospects, charged)
