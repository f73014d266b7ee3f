"""The alarms on metrics: ALARMS is what docs define, in their order, and one loop turns it into CloudFormation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troposphere import Ref, Template
from troposphere import cloudwatch as cw

from alarms.tags import tags, title
from alarms.topic import TOPIC
from chalicelib.domain import signals
from chalicelib.stores.tables import CACHE, METRICS, QUEUES, REPORTS, SCHEDULES, physical_name

WATCHED_TABLES = (METRICS, REPORTS, SCHEDULES, CACHE)
TIMEOUT_SHARE = 0.8  # a worker that uses more of its timeout is about to be cut off


@dataclass(frozen=True)
class Metric:
    """A CloudWatch metric of one stage: `{stage}` in a dimension's value is filled in. `statistic` is where an alarm's own isn't its."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str = ""

    def resource(self, stage: str) -> dict[str, Any]:
        dimensions = [cw.MetricDimension(Name=name, Value=value.format(stage=stage)) for name, value in self.dimensions]
        return {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}


@dataclass(frozen=True)
class Alarm:
    """More than `threshold` in `periods` periods of `period` seconds running. Several metrics are filled with 0 and summed, unless
    `expression` says what is made of m0, m1 ...
    """

    name: str
    meaning: str
    metrics: tuple[Metric, ...]
    statistic: str
    period: int
    periods: int
    threshold: float
    missing: str = "notBreaching"
    expression: str = ""


def of_function(function: signals.Function, name: str, statistic: str = "") -> Metric:
    return Metric("AWS/Lambda", name, (("FunctionName", function.deployed("{stage}")),), statistic)


def of_api(name: str, statistic: str = "") -> Metric:
    return Metric("AWS/ApiGateway", name, (("ApiName", signals.APP), ("Stage", "{stage}")), statistic)


def of_app(name: str, statistic: str = "") -> Metric:
    return Metric(signals.NAMESPACE, name, ((signals.STAGE, "{stage}"),), statistic)


def of_table(table: str, name: str, index: str | None = None, statistic: str = "") -> Metric:
    of_index = (("GlobalSecondaryIndexName", index),) if index else ()
    return Metric("AWS/DynamoDB", name, (("TableName", physical_name("{stage}", table)), *of_index), statistic)


def of_queue(queue: str, name: str) -> Metric:
    return Metric("AWS/SQS", name, (("QueueName", physical_name("{stage}", queue)),))


FAILURES = (*(of_function(function, "Errors") for function in signals.FUNCTIONS), of_app(signals.HANDLED_FAILURES))
THROTTLES = tuple(of_function(function, "Throttles") for function in signals.FUNCTIONS)
TABLE_THROTTLES = tuple(of_table(table.name, name) for table in WATCHED_TABLES for name in ("ReadThrottleEvents", "WriteThrottleEvents"))
INDEX_THROTTLES = tuple(of_table(table.name, "WriteThrottleEvents", index.name) for table in WATCHED_TABLES for index in table.indexes)
LATE_WORKERS = tuple(
    Alarm(
        f"lambda-duration-{worker.name.removeprefix('analytics-')}",
        f"A {worker.name} run took over 80 % of its {worker.timeout} s (the longest: few runs have no p95)",
        (of_function(worker, "Duration"),),
        "Maximum",
        300,
        1,
        TIMEOUT_SHARE * worker.timeout * 1000,
    )
    for worker in signals.WORKERS
)

DEAD_LETTERS = tuple(
    Alarm(
        f"dead-letters-{queue.name.removeprefix('analytics-')}",
        f"Jobs of {queue.name} were given up and wait for `python -m ops.backfill --dead-letters`",
        (of_queue(f"{queue.name}-dead", "ApproximateAgeOfOldestMessage"),),
        "Maximum",
        300,
        1,
        0,
    )
    for queue in QUEUES
)

ALARMS = (
    Alarm("lambda-errors", "Functions fail, or answer a failure", FAILURES, "Sum", 3600, 1, 5),
    Alarm("lambda-duration", "The API function is slow", (of_function(signals.API, "Duration"),), "p95", 300, 3, 1000),
    *LATE_WORKERS,
    Alarm("lambda-throttles", "Functions are refused a place to run", THROTTLES, "Sum", 300, 1, 0),
    Alarm("dynamodb-throttles", "Tables refuse reads or writes", TABLE_THROTTLES, "Sum", 300, 1, 5),
    Alarm("dynamodb-throttles-indexes", "Indexes hold writes back", INDEX_THROTTLES, "Sum", 300, 1, 5),
    Alarm("api-5xx", "The API answers 5xx", (of_api("5XXError"),), "Sum", 300, 1, 10),
    Alarm("api-latency", "The API answers slowly", (of_api("Latency"),), "p95", 300, 3, 500),
    Alarm("failed-reports", "Reports were given up", (of_app(signals.REPORTS_FAILED),), "Sum", 3600, 1, 3),
    *DEAD_LETTERS,
    Alarm("delivery-failures", "Messages were given up or bounced", (of_app(signals.DELIVERIES_FAILED),), "Sum", 3600, 1, 10),
    Alarm(
        "sources-stale",
        "A source is past its limit, or tells nothing",
        (of_app(signals.SOURCE_AGE_RATIO),),
        "Maximum",
        3600,
        2,
        1,
        "breaching",
    ),
)


def alarm_name(stage: str, name: str) -> str:
    """The name of any of the stage's alarms."""
    return physical_name(stage, f"analytics-{name}")


def add_alarms(template: Template, stage: str) -> None:
    """Every alarm, telling the alerts topic when it goes off and when it is over."""
    for spec in ALARMS:
        template.add_resource(alarm(spec, stage))


def alarm(spec: Alarm, stage: str) -> cw.Alarm:
    return cw.Alarm(
        f"{title(spec.name)}Alarm",
        AlarmName=alarm_name(stage, spec.name),
        AlarmDescription=spec.meaning,
        ComparisonOperator="GreaterThanThreshold",
        Threshold=spec.threshold,
        EvaluationPeriods=spec.periods,
        TreatMissingData=spec.missing,
        AlarmActions=[Ref(TOPIC)],
        OKActions=[Ref(TOPIC)],
        Tags=tags(stage, spec.name),
        **(_one(spec, stage) if len(spec.metrics) == 1 else _several(spec, stage)),
    )


def _one(spec: Alarm, stage: str) -> dict[str, Any]:
    plain = {**spec.metrics[0].resource(stage), "Period": spec.period}
    if spec.statistic.startswith("p"):
        return {**plain, "ExtendedStatistic": spec.statistic, "EvaluateLowSampleCountPercentile": "ignore"}
    return {**plain, "Statistic": spec.statistic}


def _several(spec: Alarm, stage: str) -> dict[str, Any]:
    ids = [f"m{number}" for number in range(len(spec.metrics))]
    filled = ", ".join(f"FILL({name}, 0)" for name in ids)
    value = cw.MetricDataQuery(Id="value", Expression=spec.expression or f"SUM([{filled}])", ReturnData=True)
    return {"Metrics": [value, *(_query(name, metric, spec, stage) for name, metric in zip(ids, spec.metrics, strict=True))]}


def _query(name: str, metric: Metric, spec: Alarm, stage: str) -> cw.MetricDataQuery:
    stat = cw.MetricStat(Metric=cw.Metric(**metric.resource(stage)), Period=spec.period, Stat=metric.statistic or spec.statistic)
    return cw.MetricDataQuery(Id=name, MetricStat=stat, ReturnData=False)
