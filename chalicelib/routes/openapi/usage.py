"""What usage and the service's health are answered as, and the state of a source, which many answers hold."""

from __future__ import annotations

from chalicelib.domain.consumption import HEADLINE, METRICS
from chalicelib.domain.state import FAILING, NO_DATA, NOT_ENABLED, OK, PARTIAL
from chalicelib.domain.usage import GAUGES
from chalicelib.routes.openapi.costs import ASKED, SOURCES
from chalicelib.routes.openapi.shapes import (
    COUNT,
    FLAG,
    INSTANT,
    NUMBER,
    TEXT,
    Schema,
    by_name,
    closed,
    listed,
    nullable,
    ref,
    said,
    words,
)

STATES = (OK, PARTIAL, FAILING, NOT_ENABLED, NO_DATA)
SOURCE_STATE = closed(
    {
        "source": TEXT,
        "state": words(STATES),
        "stale": FLAG,
        "data_through": nullable(INSTANT),
        "last_success_at": nullable(INSTANT),
        "failures": listed(closed({"scope": TEXT, "reason": TEXT})),
    }
)
LATEST = {metric: nullable(NUMBER) for metric in HEADLINE if metric in GAUGES}
USAGE_ENTRY = closed({"start": INSTANT, "end": INSTANT, **{metric: nullable(NUMBER) for metric in HEADLINE}, "latest": closed(LATEST)})
OTHERS = tuple(metric for metric in METRICS if metric not in HEADLINE)
OTHER_METRIC = closed(
    {"total": nullable(NUMBER), "unit": TEXT, "change": said(nullable(NUMBER), "Percent."), "breakdown": by_name(NUMBER)},
)
METRIC_CHANGE = closed(
    {
        "previous_total": nullable(NUMBER),
        "amount": nullable(NUMBER),
        "percent": nullable(NUMBER),
        "lines": said(nullable(listed(ref("ChangeLine"))), "Their amounts sum to `amount` exactly."),
    }
)
USAGE_CHANGE = closed(
    {
        "compare": TEXT,
        "window": ref("Window"),
        "previous_window": nullable(ref("Window")),
        "metrics": closed({metric: ref("MetricChange") for metric in METRICS}),
    }
)
USAGE = closed(
    {
        **ASKED,
        "window": ref("WindowBy"),
        "metrics": said(closed({metric: nullable(NUMBER) for metric in HEADLINE}), "Counters are sums, gauges time-weighted means."),
        "trends": closed({f"{metric}_change": said(nullable(NUMBER), "Percent.") for metric in HEADLINE}),
        "change": said(nullable(ref("UsageChange")), "With `compare` only."),
        "other_metrics": closed({metric: ref("OtherMetric") for metric in OTHERS}),
        "series": listed(ref("UsageEntry")),
        "breakdown": closed({metric: said(by_name(NUMBER), "Sums to the metric exactly.") for metric in HEADLINE}),
        "data_through": nullable(INSTANT),
        "coverage": closed(
            {"hours_present": COUNT, "hours_expected": nullable(COUNT), "unknown_hours": by_name(COUNT), "sources": SOURCES}
        ),
        "generated_at": INSTANT,
    }
)
SOURCE_HEALTH = closed(
    {
        "source": TEXT,
        "state": words(STATES),
        "customers": COUNT,
        "failing": COUNT,
        "stale": COUNT,
        "data_through": nullable(INSTANT),
        "age_hours": nullable({"type": "integer"}),
    }
)
PAID_CALLS = closed(
    {
        "source": TEXT,
        "unit": TEXT,
        "today": COUNT,
        "yesterday": COUNT,
        "daily_cap": COUNT,
        "usd_today": NUMBER,
        "usd_a_month": NUMBER,
    },
    {"usd_a_month_hourly": NUMBER, "usd_a_month_six_hourly": NUMBER},
)
HEALTH = closed(
    {
        "status": words(("ok", "degraded", "unavailable")),
        "stage": TEXT,
        "version": TEXT,
        "sources": listed(ref("SourceHealth")),
    },
    {
        "customers": listed(closed({"customer_id": TEXT, "sources": SOURCES}), description="For the operator alone."),
        "paid_calls": listed(ref("PaidCalls"), description="For the operator alone."),
    },
)
SCHEMAS: dict[str, Schema] = {
    "SourceState": SOURCE_STATE,
    "UsageEntry": USAGE_ENTRY,
    "OtherMetric": OTHER_METRIC,
    "MetricChange": METRIC_CHANGE,
    "UsageChange": USAGE_CHANGE,
    "Usage": USAGE,
    "SourceHealth": SOURCE_HEALTH,
    "PaidCalls": PAID_CALLS,
    "Health": HEALTH,
}
