"""What AWS takes for what the sources ask of it."""

from __future__ import annotations

from decimal import Decimal

from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER

PRICES = {CLOUDWATCH: Decimal("0.00001"), COST_EXPLORER: Decimal("0.01")}
"""US dollars a unit, as AWS lists them: a metric, a page."""
