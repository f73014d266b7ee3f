"""What the cost, unit and anomaly routes answer."""

from __future__ import annotations

from chalicelib.domain.change import CHANGED, NEW, UNCHANGED, VANISHED
from chalicelib.domain.cost import BASES
from chalicelib.domain.rates import RATE_BASES
from chalicelib.routes.openapi.shapes import (
    COUNT,
    CURRENCY,
    DAY,
    FLAG,
    INSTANT,
    MONTH,
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

WINDOW = closed({"start": INSTANT, "end": INSTANT})
WINDOW_BY = closed({"start": INSTANT, "end": INSTANT, "granularity": words(("hour", "day", "month"))})
DAYS = {"days_present": COUNT, "days_expected": COUNT}
SOURCES = listed(ref("SourceState"))
ASKED = {"customer_id": TEXT, "period": said(TEXT, "As asked, or `<start>/<end>`.")}
COST_BASIS = words(BASES)

CHANGE_LINE = closed(
    {
        "name": TEXT,
        "previous": nullable(NUMBER),
        "current": nullable(NUMBER),
        "amount": nullable(NUMBER),
        "percent": nullable(NUMBER),
        "state": words((NEW, VANISHED, CHANGED, UNCHANGED)),
    }
)
CHANGE = closed(
    {
        "compare": TEXT,
        "previous_total": nullable(NUMBER),
        "amount": nullable(NUMBER),
        "percent": nullable(NUMBER),
        "price_effect": said(nullable(NUMBER), "How much of `amount` comes of other rates than before."),
        "window": ref("Window"),
        "previous_window": nullable(ref("Window")),
        "lines": said(nullable(listed(ref("ChangeLine"))), "With `compare` only; their amounts sum to `amount` exactly."),
    }
)
COST_ENTRY = closed({"start": INSTANT, "end": INSTANT, "amount": nullable(NUMBER), "estimated": nullable(FLAG)})
FORECAST = closed(
    {
        "month": MONTH,
        "amount": nullable(NUMBER),
        "low": nullable(NUMBER),
        "high": nullable(NUMBER),
        "interval_percent": COUNT,
        "method": TEXT,
        "reason": said(nullable(TEXT), "Why there is none."),
        "days": said(COUNT, "Of history."),
        "this_month": nullable(NUMBER),
        "this_month_low": nullable(NUMBER),
        "this_month_high": nullable(NUMBER),
        "backtest": closed({"months": COUNT, "coverage": nullable(NUMBER), "mape": nullable(NUMBER)}),
    }
)
FLAGGED = closed(
    {
        "day": DAY,
        "account": TEXT,
        "lines_total": nullable(NUMBER),
        "source_total": nullable(NUMBER),
        "difference": nullable(NUMBER),
    }
)
RECONCILIATION = closed(
    {
        "lines_total": nullable(NUMBER),
        "source_total": nullable(NUMBER),
        "difference": nullable(NUMBER),
        "reason": said(nullable(TEXT), "Why `difference` isn't 0."),
        "flagged": listed(ref("FlaggedDay")),
        "sources": listed(TEXT),
        "note": nullable(TEXT),
        "invoice_note": TEXT,
    }
)
COSTS = closed(
    {
        **ASKED,
        "as_of": nullable(INSTANT),
        "window": ref("WindowBy"),
        "currency": nullable(CURRENCY),
        "cost": COST_BASIS,
        "rate_basis": words(RATE_BASES),
        "total": said(nullable(NUMBER), "After the filters; null where no day is known."),
        "breakdown": said(by_name(nullable(NUMBER)), "Sums to `total` exactly."),
        "charges": said(by_name(nullable(NUMBER)), "By FOCUS ChargeCategory; sums to `total`, too."),
        "change": ref("Change"),
        "series": listed(ref("CostEntry")),
        "forecast_next_month": nullable(NUMBER),
        "forecast": ref("Forecast"),
        "estimated": nullable(FLAG),
        "restated": closed({"days": COUNT, "since": nullable(INSTANT)}),
        "reconciliation": ref("Reconciliation"),
        "data_through": nullable(INSTANT),
        "coverage": closed({**DAYS, "sources": SOURCES}),
        "generated_at": INSTANT,
    }
)
UNIT_COST = closed(
    {
        "metric": TEXT,
        "service": TEXT,
        "unit": TEXT,
        "days": said(COUNT, "Of which both sides are known."),
        "amount": nullable(NUMBER),
        "used": nullable(NUMBER),
        "used_unit": TEXT,
        "unit_cost": said(nullable(NUMBER), "To six places; null where nothing was used."),
    }
)
UNIT_COSTS = closed(
    {
        **ASKED,
        "window": ref("Window"),
        "cost": COST_BASIS,
        "currency": nullable(CURRENCY),
        "units": listed(ref("UnitCost")),
        "coverage": closed({"days_expected": COUNT, "sources": SOURCES}),
        "data_through": nullable(INSTANT),
        "generated_at": INSTANT,
    }
)
ANOMALY = closed(
    {
        "day": DAY,
        "service": TEXT,
        "expected": NUMBER,
        "actual": NUMBER,
        "impact": said(NUMBER, "Actual minus expected."),
        "percent": nullable(NUMBER),
        "estimated": FLAG,
        "causes": listed(closed({"account": TEXT, "region": TEXT, "impact": NUMBER}), description="They sum to `impact` exactly."),
    }
)
ANOMALY_DEFINITION = closed({"id": TEXT, "weeks": COUNT, "least_weeks": COUNT, "spreads": COUNT, "floor": NUMBER, "percent": NUMBER})
ANOMALIES = closed(
    {
        **ASKED,
        "window": ref("Window"),
        "currency": nullable(CURRENCY),
        "cost": COST_BASIS,
        "definition": ref("AnomalyDefinition"),
        "anomalies": listed(ref("Anomaly")),
        "found": COUNT,
        "total_impact": nullable(NUMBER),
        "days_checked": COUNT,
        "data_through": nullable(INSTANT),
        "coverage": closed({**DAYS, "sources": SOURCES}),
        "generated_at": INSTANT,
    }
)
SCHEMAS: dict[str, Schema] = {
    "Window": WINDOW,
    "WindowBy": WINDOW_BY,
    "ChangeLine": CHANGE_LINE,
    "Change": CHANGE,
    "CostEntry": COST_ENTRY,
    "Forecast": FORECAST,
    "FlaggedDay": FLAGGED,
    "Reconciliation": RECONCILIATION,
    "Costs": COSTS,
    "UnitCost": UNIT_COST,
    "UnitCosts": UNIT_COSTS,
    "Anomaly": ANOMALY,
    "AnomalyDefinition": ANOMALY_DEFINITION,
    "Anomalies": ANOMALIES,
}
