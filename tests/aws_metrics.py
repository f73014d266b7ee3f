"""What AWS itself tells CloudWatch, as its services' guides list it: by namespace and metric, sets of dimensions and statistics.

Written down from those guides, not from the stack: an alarm or a graph of a metric that nobody tells is found by this.
"""

from __future__ import annotations

from typing import NamedTuple


class Told(NamedTuple):
    dimensions: tuple[tuple[str, ...], ...]
    statistics: tuple[str, ...]


FUNCTION = (("FunctionName",), ("FunctionName", "Resource"), ("FunctionName", "Resource", "ExecutedVersion"), ())
API = (("ApiName",), ("ApiName", "Stage"), ("ApiName", "Method", "Resource", "Stage"))
TABLE, TABLE_OR_INDEX = (("TableName",),), (("TableName",), ("TableName", "GlobalSecondaryIndexName"))
BUCKET, QUEUE = (("BucketName", "StorageType"),), (("QueueName",),)
PERCENTILES = ("p50", "p90", "p95", "p99")
ALL = ("Sum", "SampleCount", "Average", "Minimum", "Maximum")
METRICS: dict[str, dict[str, Told]] = {
    "AWS/Lambda": {
        "Invocations": Told(FUNCTION, ("Sum",)),
        "Errors": Told(FUNCTION, ("Sum",)),
        "Throttles": Told(FUNCTION, ("Sum",)),
        "Duration": Told(FUNCTION, ("Average", "Maximum", "Minimum", "Sum", "SampleCount", *PERCENTILES)),
        "ConcurrentExecutions": Told(FUNCTION, ("Maximum",)),
    },
    "AWS/ApiGateway": {
        "Count": Told(API, ("SampleCount",)),  # "the SampleCount statistic represents this metric"
        "4XXError": Told(API, ("Sum", "Average")),
        "5XXError": Told(API, ("Sum", "Average")),
        "Latency": Told(API, ("Average", "Maximum", "Minimum", *PERCENTILES)),
        "IntegrationLatency": Told(API, ("Average", "Maximum", "Minimum", *PERCENTILES)),
    },
    "AWS/DynamoDB": {
        "ConsumedReadCapacityUnits": Told(TABLE_OR_INDEX, ALL),
        "ConsumedWriteCapacityUnits": Told(TABLE_OR_INDEX, ALL),
        "ReadThrottleEvents": Told(TABLE_OR_INDEX, ("Sum", "SampleCount")),
        "WriteThrottleEvents": Told(TABLE_OR_INDEX, ("Sum", "SampleCount")),
    },
    "AWS/S3": {
        "NumberOfObjects": Told(BUCKET, ("Average",)),
        "BucketSizeBytes": Told(BUCKET, ("Average",)),
    },
    "AWS/SQS": {
        "ApproximateAgeOfOldestMessage": Told(QUEUE, ("Average", "Minimum", "Maximum", "Sum", "SampleCount")),
        "ApproximateNumberOfMessagesVisible": Told(QUEUE, ("Average", "Minimum", "Maximum", "Sum", "SampleCount")),
    },
}
STORAGE_TYPES = {"NumberOfObjects": ("AllStorageTypes",), "BucketSizeBytes": ("StandardStorage", "IntelligentTieringFAStorage")}
"""Of StorageType, as far as it is used here."""


def is_told(namespace: str, name: str, dimensions: dict[str, str], statistic: str) -> bool:
    """Whether AWS tells that metric with exactly those dimensions, and the statistic says something of it."""
    told = METRICS.get(namespace, {}).get(name)
    if told is None or statistic not in told.statistics:
        return False
    named = {frozenset(one) for one in told.dimensions}
    return frozenset(dimensions) in named and dimensions.get("StorageType", "") in STORAGE_TYPES.get(name, ("",))
