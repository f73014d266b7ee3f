"""Three demo customers: their sources, seeded for the last 90 days."""

from __future__ import annotations

from datetime import datetime

from local.aws import EmbeddedAws, create_reader_role
from local.seed import Organisation, associations, cost_records, findings, metric_series, organisation


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
