"""GET /analytics/usage."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.domain.breakdown import TAG, top
from chalicelib.domain.change import drivers, explain
from chalicelib.domain.consumption import HEADLINE, METRICS, UNITS, comparable, latest, parts, value
from chalicelib.domain.errors import BreakdownUnavailable
from chalicelib.domain.exact import subtract
from chalicelib.domain.period import DAY, HOUR, Window, buckets, is_midnight, midnight
from chalicelib.domain.state import CLOUDWATCH, CustomerStatus
from chalicelib.domain.usage import GAUGES, UsageBucket, merge, select
from chalicelib.usecases.answers.comparison import shown_line, shown_window, window_before
from chalicelib.usecases.answers.drill import hours_of
from chalicelib.usecases.answers.values import Answer, data_through, percent_change, shown, source_states, text_of
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.questions.usage import UsageQuestion


def usage_answer(store: MetricStore, customer_id: str, question: UsageQuestion, status: CustomerStatus, now: datetime) -> Answer:
    """Counters as sums, gauges as time-weighted means; null wherever nothing was read."""
    if any(name.startswith(TAG) for name in question.by):
        raise BreakdownUnavailable(("breakdown", "usage has no tags"))
    window, known = question.window, data_through(status, (CLOUDWATCH,))
    through = window.clipped(known or window.start).end
    consistent = not status.settled(now)
    read = [select(bucket, question.selection) for bucket in _read(store, customer_id, question, through, consistent)]
    series = read
    if question.granularity == "hour" and window.whole_days:
        series = hours_of(store.hours, customer_id, window, question.selection, read, consistent)
    whole, elapsed = _merged(read, window), Window(window.start, through)
    return {
        "customer_id": customer_id,
        "period": question.period,
        "window": {"start": text_of(window.start), "end": text_of(window.end), "granularity": question.granularity},
        "metrics": {metric: shown(value(whole, metric)) for metric in HEADLINE},
        "trends": {f"{metric}_change": _trend(read, metric, elapsed) for metric in HEADLINE},
        "change": _explained(store, customer_id, question, elapsed, read, consistent),
        "series": [_entry(_merged(series, bucket), bucket) for bucket in buckets(window, question.granularity)],
        "breakdown": {metric: _breakdown(whole, metric, question) for metric in HEADLINE},
        "other_metrics": {metric: _other(whole, metric, question, read, elapsed) for metric in METRICS if metric not in HEADLINE},
        "data_through": text_of(known),
        "coverage": _coverage(whole, window, status, now),
        "generated_at": text_of(now),
    }


def _read(store: MetricStore, customer_id: str, question: UsageQuestion, through: datetime, consistent: bool) -> list[UsageBucket]:
    """Buckets of the window and of the same length before it: days, but hours where days are too coarse."""
    window = question.window
    since = window.before(through - window.start).start
    if not window.whole_days:
        return store.hours.read(customer_id, Window(since, window.end), consistent)
    first = since if is_midnight(since) else midnight(since.date() + DAY)
    hours = store.hours.read(customer_id, Window(since, first), consistent) if since < first else []
    if len(hours) < (first - since) / HOUR:
        hours, first = [], since
    return hours + store.usage.read(customer_id, first.date(), (window.end - DAY).date(), consistent)


def _merged(read: list[UsageBucket], window: Window) -> UsageBucket:
    inside = [bucket for bucket in read if window.start <= bucket.start < window.end]
    return inside[0] if len(inside) == 1 else merge(inside, window.start)


def _trend(read: list[UsageBucket], metric: str, elapsed: Window) -> Decimal | None:
    """Percent against the same length just before; by whole days where the hours of then are no longer kept, else None."""
    change = _change(read, metric, elapsed)
    whole = (elapsed.length // DAY) * DAY
    return _change(read, metric, Window(elapsed.start, elapsed.start + whole)) if change is None else change


def _other(whole: UsageBucket, metric: str, question: UsageQuestion, read: list[UsageBucket], elapsed: Window) -> Answer:
    """A metric that is told apart from the headline's."""
    return {
        "total": shown(value(whole, metric)),
        "unit": UNITS[metric],
        "change": _trend(read, metric, elapsed),
        "breakdown": _breakdown(whole, metric, question),
    }


def _change(read: list[UsageBucket], metric: str, elapsed: Window) -> Decimal | None:
    before = elapsed.before(elapsed.length)
    now_bucket, then_bucket = _merged(read, elapsed), _merged(read, before)
    if elapsed.length == timedelta() or not comparable(now_bucket, then_bucket, metric, elapsed):
        return None
    return percent_change(value(now_bucket, metric), value(then_bucket, metric))


def _explained(
    store: MetricStore, customer_id: str, question: UsageQuestion, elapsed: Window, read: list[UsageBucket], consistent: bool
) -> Answer | None:
    """Every metric's change line by line, where a comparison is asked for; a window of whole days is compared by those that are over."""
    if not question.compare.explained:
        return None
    if question.window.whole_days:
        elapsed = elapsed.clipped(midnight(elapsed.end.date()))
    before = window_before(question.compare, question.window, elapsed)
    then = [] if before is None else [select(bucket, question.selection) for bucket in _of(store, customer_id, before, consistent)]
    now_bucket, then_bucket = _merged(read, elapsed), merge(then, before.start if before else elapsed.start)
    return {
        "compare": question.compare.name,
        "window": shown_window(elapsed),
        "previous_window": shown_window(before) if before else None,
        "metrics": {metric: _metric_change(now_bucket, then_bucket, metric, question, elapsed, before) for metric in METRICS},
    }


def _of(store: MetricStore, customer_id: str, window: Window, consistent: bool) -> list[UsageBucket]:
    if window.length <= timedelta():
        return []
    if window.whole_days:
        return store.usage.read(customer_id, window.start.date(), (window.end - DAY).date(), consistent)
    return store.hours.read(customer_id, window, consistent)


def _metric_change(
    now: UsageBucket, then: UsageBucket, metric: str, question: UsageQuestion, elapsed: Window, before: Window | None
) -> Answer:
    """Null where a side isn't wholly read, or tells of other accounts."""
    fine = before is not None and elapsed.length > timedelta() and comparable(now, then, metric, elapsed, before)
    amount, previous = value(now, metric) if fine else None, value(then, metric) if fine else None
    lines = drivers(explain(parts(then, metric, question.by), parts(now, metric, question.by)), question.top) if fine else None
    return {
        "previous_total": shown(previous),
        "amount": None if amount is None or previous is None else shown(subtract(amount, previous)),
        "percent": percent_change(amount, previous),
        "lines": None if lines is None else [shown_line(line) for line in lines],
    }


def _entry(bucket: UsageBucket, window: Window) -> Answer:
    return {
        "start": text_of(window.start),
        "end": text_of(window.end),
        **{metric: shown(value(bucket, metric)) for metric in HEADLINE},
        "latest": {metric: shown(latest(bucket, metric)) for metric in HEADLINE if metric in GAUGES},
    }


def _breakdown(whole: UsageBucket, metric: str, question: UsageQuestion) -> Answer:
    if value(whole, metric) is None:
        return {}
    return {name: shown(amount) for name, amount in top(parts(whole, metric, question.by), question.top).items()}


def _coverage(whole: UsageBucket, window: Window, status: CustomerStatus, now: datetime) -> Answer:
    """Hours read of hours that should have been, over every account and region that is read."""
    read = {scope: hours for scope, hours in whole.covered.items() if not scope.endswith("/global")}
    state = status.sources.get(CLOUDWATCH)
    scopes = read.keys() | {scope for scope, _ in state.failures} if state else read.keys()
    hours = int(window.clipped(now).length / HOUR)
    return {
        "hours_present": sum(read.values()),
        "hours_expected": hours * len(scopes) if scopes else None,
        "unknown_hours": dict(whole.unknown),
        "sources": source_states(status, (CLOUDWATCH,), now),
    }
