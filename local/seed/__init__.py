"""Ninety days of three made-up customers; the same day always gives the same data."""

from local.seed.compliance import associations, findings
from local.seed.costs import cost_records
from local.seed.organisation import Organisation, organisation
from local.seed.usage import metric_series

__all__ = ["Organisation", "associations", "cost_records", "findings", "metric_series", "organisation"]
