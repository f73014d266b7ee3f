"""The functions' log groups, which are made here so that none is kept for ever, and the questions that one asks them in a bad hour."""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import Template, logs

from alarms.tags import KEPT_STAGE, keeping, tags, title
from chalicelib.domain import signals
from chalicelib.stores.tables import physical_name

DAYS, PRODUCTION_DAYS = 30, 90


@dataclass(frozen=True)
class Query:
    """A saved query of Logs Insights over the logs of those functions. Its fields are those of the app's own lines."""

    name: str
    functions: tuple[signals.Function, ...]
    lines: tuple[str, ...]


QUERIES = (
    Query(
        "failed-requests",
        (signals.API,),
        (
            "fields @timestamp, status, method, route, customer_id, milliseconds, request_id",
            'filter message = "request" and status >= 500',
            "sort @timestamp desc",
        ),
    ),
    Query(
        "why-requests-failed",
        (signals.API,),
        ("fields @timestamp, message, code, reason, exc_info, request_id", 'filter level = "ERROR"', "sort @timestamp desc"),
    ),
    Query(
        "slow-requests-by-route",
        (signals.API,),
        (
            'filter message = "request"',
            "stats count(*) as requests, pct(milliseconds, 50) as p50, pct(milliseconds, 95) as p95 by method, route",
            "sort p95 desc",
        ),
    ),
    Query(
        "requests-of-one-customer",
        (signals.API,),
        (
            "fields @timestamp, status, method, route, milliseconds, request_id",
            'filter message = "request" and customer_id = "put the id here"',
            "sort @timestamp desc",
        ),
    ),
    Query(
        "refused-credentials",
        (signals.API,),
        ('filter message = "request" and status in [401, 403]', "stats count(*) as refused by bin(5m), status, route"),
    ),
    Query(
        "failed-jobs",
        signals.WORKERS,
        (
            "fields @timestamp, message, job, customer_id, key, code, reason, exc_info, @log",
            'filter level = "ERROR"',
            "sort @timestamp desc",
        ),
    ),
    Query(
        "deliveries-given-up",
        (signals.DELIVERY_WORKER,),
        (f"filter ispresent({signals.DELIVERIES_FAILED})", f"stats sum({signals.DELIVERIES_FAILED}) as given_up by bin(1h)"),
    ),
)


def group_of(function: signals.Function, stage: str) -> str:
    """Where Lambda writes what the function logs."""
    return f"/aws/lambda/{function.deployed(stage)}"


def add_log_groups(template: Template, stage: str) -> None:
    """One per function. They are here before the functions are: who comes first to a group that isn't there makes one without an end."""
    for function in signals.FUNCTIONS:
        template.add_resource(
            logs.LogGroup(
                _logical(function),
                LogGroupName=group_of(function, stage),
                RetentionInDays=PRODUCTION_DAYS if stage == KEPT_STAGE else DAYS,
                Tags=tags(stage, function.name),
                **keeping(stage),
            )
        )


def add_queries(template: Template, stage: str) -> None:
    """Each is found under the stage's folder in Logs Insights."""
    for query in QUERIES:
        template.add_resource(
            logs.QueryDefinition(
                f"{title(query.name)}Query",
                Name=f"{physical_name(stage, 'analytics')}/{query.name}",
                LogGroupNames=[group_of(function, stage) for function in query.functions],
                QueryString="\n| ".join(query.lines),
                DependsOn=[_logical(function) for function in query.functions],
            )
        )


def _logical(function: signals.Function) -> str:
    return f"{title(function.name.replace('_', '-'))}Logs"
