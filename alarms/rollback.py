"""What says that a deployment is to be taken back: alarms of its own, and one over them and over the runbook's seven."""

from __future__ import annotations

from troposphere import Ref, Template
from troposphere import cloudwatch as cw

from alarms.alarms import Alarm, alarm, alarm_name, of_api, of_app
from alarms.tags import tags, title
from alarms.topic import TOPIC
from chalicelib.domain import signals

FEWEST_REQUESTS = 20
"""In five minutes; of fewer, one that fails is no rate."""
SPECS = (
    Alarm(
        "rollback-errors",
        f"Over 5 % of at least {FEWEST_REQUESTS} requests were answered 5xx, three times running",
        (of_api("5XXError"), of_api("Count", "SampleCount")),
        "Sum",
        300,
        3,
        5,
        expression=f"IF(m1 >= {FEWEST_REQUESTS}, 100 * m0 / m1, 0)",
    ),
    Alarm("rollback-latency", "The API answers in over two seconds, twice running", (of_api("Latency"),), "p95", 300, 2, 2000),
    Alarm(
        "rollback-accuracy",
        "Lines of costs don't sum to their source's own total",
        (of_app(signals.RECONCILIATION_DIFFERENCE),),
        "Maximum",
        300,
        1,
        0,
    ),
)
ROLLBACK_ALARMS = tuple(spec.name for spec in SPECS)
"""What CodeDeploy is given, which takes alarms on metrics alone."""
ANY_THROTTLES, ROLLBACK = "dynamodb-throttles-any", "rollback"
OF_THROTTLES = ("dynamodb-throttles", "dynamodb-throttles-indexes")
"""One alarm of the runbook's, in two as an alarm takes ten metrics: together they count once."""
SEVEN = ("lambda-errors", "lambda-duration", "lambda-throttles", ANY_THROTTLES, "api-5xx", "api-latency", "failed-reports")
MANY = 4
"""More than three of the seven."""


def add_rollback(template: Template, stage: str) -> None:
    """The alarms on metrics, and the composite ones."""
    for spec in SPECS:
        template.add_resource(alarm(spec, stage))
    throttles = _composite(ANY_THROTTLES, "Tables or their indexes are throttled", any_of(stage, OF_THROTTLES), stage)
    template.add_resource(throttles).DependsOn = [logical(name) for name in OF_THROTTLES]
    rule = f"{any_of(stage, ROLLBACK_ALARMS)} OR AT_LEAST({MANY}, ALARM, ({', '.join(alarm_name(stage, name) for name in SEVEN)}))"
    rollback = _composite(ROLLBACK, "Take the last deployment back", rule, stage)
    rollback.AlarmActions = rollback.OKActions = [Ref(TOPIC)]
    template.add_resource(rollback).DependsOn = [logical(name) for name in (*ROLLBACK_ALARMS, *SEVEN)]


def any_of(stage: str, names: tuple[str, ...]) -> str:
    """The rule that holds as soon as one of the alarms is in ALARM."""
    return " OR ".join(f'ALARM("{alarm_name(stage, name)}")' for name in names)


def logical(name: str) -> str:
    """An alarm's logical id."""
    return f"{title(name)}Alarm"


def _composite(name: str, meaning: str, rule: str, stage: str) -> cw.CompositeAlarm:
    """Rules name alarms by their names, so CloudFormation has to be told what must be there before."""
    return cw.CompositeAlarm(
        logical(name), AlarmName=alarm_name(stage, name), AlarmDescription=meaning, AlarmRule=rule, Tags=tags(stage, name)
    )
