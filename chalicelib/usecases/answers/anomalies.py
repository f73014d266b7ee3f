"""GET /analytics/costs/anomalies."""

from __future__ import annotations

from datetime import datetime, timedelta

from chalicelib.domain.anomalies import DEFINITION, LEAST_WEEKS, SPREADS, WEEKS, Anomaly, Checked, Thresholds, check
from chalicelib.domain.exact import add
from chalicelib.domain.outlays import Outlays
from chalicelib.domain.period import DAY, Window, midnight
from chalicelib.domain.rates import Rates
from chalicelib.domain.spend import Chosen
from chalicelib.domain.state import CustomerStatus
from chalicelib.usecases.answers.charging import charged_days
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.costs import SOURCES, currency_of, within
from chalicelib.usecases.answers.values import Answer, data_through, shown, source_states, text_of
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.questions.anomalies import AnomalyQuestion

BASELINE = timedelta(weeks=WEEKS)
COMING_IN = timedelta(days=2)
"""For so long after a day Cost Explorer's and the exports' costs of it are incomplete."""


def anomaly_answer(store: MetricStore, customer_id: str, question: AnomalyQuestion, status: CustomerStatus, now: datetime) -> Answer:
    """Of every known day of the window, by the settled lines of it and of the eight weeks before: one range of the table."""
    window = question.window
    rates = choice_of(store, customer_id, Rates, status).always((window.end - DAY).date())  # a new price is no anomaly
    read = charged_days(store, customer_id, Window(window.start - BASELINE, window.end), status, now, rates)
    currency = currency_of(read, question.currency)
    outlays = Outlays.of(read, question.basis, Chosen(question.selection, currency).admits)
    estimated = {day.day for day in read if day.estimated}
    incomplete = {day for day in estimated if midnight(day) >= midnight(now.date()) - COMING_IN}
    checked = check(outlays, window.days(), question.thresholds, incomplete)
    return {
        "customer_id": customer_id,
        "period": question.period,
        "window": {"start": text_of(window.start), "end": text_of(window.end)},
        "currency": currency,
        "cost": question.basis,
        "definition": _definition(question.thresholds),
        "anomalies": [_entry(anomaly, anomaly.day in estimated) for anomaly in checked.anomalies[: question.top]],
        "found": len(checked.anomalies),
        "total_impact": _total(checked),
        "days_checked": checked.days,
        "data_through": text_of(data_through(status, SOURCES)),
        "coverage": {
            "days_present": len(within(read, window)),
            "days_expected": window.clipped(midnight(now.date())).length // DAY,
            "sources": source_states(status, SOURCES, now),
        },
        "generated_at": text_of(now),
    }


def _definition(thresholds: Thresholds) -> Answer:
    return {
        "id": DEFINITION,
        "weeks": WEEKS,
        "least_weeks": LEAST_WEEKS,
        "spreads": SPREADS,
        "floor": shown(thresholds.floor),
        "percent": shown(thresholds.percent),
    }


def _entry(anomaly: Anomaly, estimated: bool) -> Answer:
    return {
        "day": anomaly.day.isoformat(),
        "service": anomaly.service,
        "expected": shown(anomaly.expected),
        "actual": shown(anomaly.actual),
        "impact": shown(anomaly.impact),
        "percent": shown(anomaly.percent),
        "estimated": estimated,
        "causes": [{"account": cause.account, "region": cause.region, "impact": shown(cause.impact)} for cause in anomaly.causes],
    }


def _total(checked: Checked) -> object:
    """Of all that were found, also beyond `top`; null where nothing could be looked at."""
    return shown(add(anomaly.impact for anomaly in checked.anomalies)) if checked.days or checked.anomalies else None
