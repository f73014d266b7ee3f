"""What is asked of AWS at its prices (ops/pricing/prices.py), and DynamoDB's documented rounding of requests to units."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ops.pricing import prices

READ_UNIT, WRITE_UNIT = 4096, 1024
MEMORY_GB = 0.5
DAYS_A_MONTH = 365 / 12


class Quantities(defaultdict[str, float]):
    """How much of what: calls by `service.operation`, and the units of PRICES."""

    def __init__(self, of: Mapping[str, float] | None = None) -> None:
        super().__init__(float, of or {})

    def plus(self, other: Mapping[str, float], times: float = 1) -> Quantities:
        """Both together, the other one so many times."""
        total = Quantities(self)
        for name, amount in other.items():
            total[name] += amount * times
        return total


@dataclass(frozen=True)
class Price:
    """US dollars for one of each quantity whose name is, or begins with, one of `of`."""

    part: str
    usd: float
    of: tuple[str, ...]

    def asked(self, quantities: Mapping[str, float]) -> float:
        return self.usd * sum(amount for name, amount in quantities.items() if name.startswith(self.of))


PRICES = (
    Price("Lambda, duration (512 MB, x86)", float(prices.LAMBDA_GB_SECOND), ("lambda GB-seconds",)),
    Price("Lambda, requests", float(prices.LAMBDA_REQUEST), ("lambda requests",)),
    Price("DynamoDB, writes on demand", float(prices.DYNAMODB_WRITE_UNIT), ("write units",)),
    Price("DynamoDB, reads on demand", float(prices.DYNAMODB_READ_UNIT), ("read units",)),
    Price("DynamoDB, storage", float(prices.DYNAMODB_GB_MONTH), ("GB-months",)),
    Price("CloudWatch, metrics of GetMetricData", float(prices.CLOUDWATCH_METRIC_ASKED), ("metrics asked",)),
    Price("CloudWatch, ListMetrics", float(prices.CLOUDWATCH_REQUEST), ("cloudwatch.list_metrics",)),
    Price("SQS, standard queue", float(prices.SQS_REQUEST), ("sqs.",)),
    Price("S3, PUT", float(prices.S3_PUT), ("s3.put_object",)),
    Price("S3, GET", float(prices.S3_GET), ("s3.get_object",)),
    Price("Cost Explorer, pages", float(prices.COST_EXPLORER_PAGE), ("ce.",)),
    Price("STS, Security Hub's API, EventBridge's schedule and AWS's own events", 0.0, ("sts.", "securityhub.", "events.")),
)


def bill(quantities: Mapping[str, float]) -> dict[str, float]:
    """US dollars by part."""
    return {price.part: price.asked(quantities) for price in PRICES}


def invoked(seconds: float) -> dict[str, float]:
    """One invocation, and what Lambda's reader asks of SQS for it: to receive and to delete."""
    return {"lambda GB-seconds": seconds * MEMORY_GB, "lambda requests": 1, "sqs.receive_message": 1, "sqs.delete_message_batch": 1}


def read_units(sizes: Iterable[int], consistent: bool) -> float:
    """Items that are read together are rounded up together, to 4 KB, at least to one; half where the read may be a moment old."""
    return max(1, -(-sum(sizes) // READ_UNIT)) * (1.0 if consistent else 0.5)


def write_units(before: int, after: int, transaction: bool = False) -> int:
    """The larger one of what is replaced and what replaces it, rounded up to 1 KB, at least to one; double in a transaction."""
    return max(1, -(-max(before, after) // WRITE_UNIT)) * (2 if transaction else 1)


def index_units(before: int, after: int) -> int:
    """An index over all attributes, whose keys of an item don't change; 0 is for an item that isn't in it."""
    return -(-max(before, after) // WRITE_UNIT)
