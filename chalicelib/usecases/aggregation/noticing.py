"""Whenever costs are settled: budgets whose thresholds are crossed and unusual days are told to whoever asked for that, each once.

What is told follows from what is kept, not from who noticed it: a worker that was cut off is made up for by the next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from chalicelib.domain.budget import ACTUAL, BudgetEvent, Budgets
from chalicelib.domain.delivery import Delivery, Note
from chalicelib.domain.figures import shown
from chalicelib.domain.message import ANOMALY, BUDGET
from chalicelib.domain.period import DAY
from chalicelib.domain.recipient import Recipient, Recipients
from chalicelib.domain.spend import currencies
from chalicelib.domain.state import CustomerStatus
from chalicelib.usecases.aggregation.collaborators import Collaborators
from chalicelib.usecases.answers.anomalies import anomaly_answer
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.values import Answer
from chalicelib.usecases.billing.budgets import check_budgets
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.questions.anomalies import anomaly_question
from chalicelib.usecases.schedules.telling import deliveries_of

TOLD_WITHIN = timedelta(days=2)
"""A budget's event is told for so long, whoever subscribes; an older one is history."""
DAYS_LOOKED_AT, MOST_A_DAY = 5, 10


def notice(with_: Collaborators, customer_id: str, now: datetime) -> None:
    """Keeps what budgets tell, then has it, and unusual days, delivered; asked again, it tells nothing twice."""
    check_budgets(with_.metrics, customer_id, now)
    status = with_.metrics.status(customer_id)
    if Recipients.NAME not in status.choices:
        return
    recipients = choice_of(with_.metrics, customer_id, Recipients)
    told = [
        *_of_budgets(with_.metrics, customer_id, status, recipients, now),
        *_of_days(with_.metrics, customer_id, status, recipients, now),
    ]
    for delivery in told:
        with_.deliveries.add(customer_id, delivery)


def _of_budgets(store: MetricStore, customer_id: str, status: CustomerStatus, recipients: Recipients, now: datetime) -> Iterator[Delivery]:
    to = recipients.told_of("budget")
    held = choice_of(store, customer_id, Budgets, status) if to else Budgets()
    for event in held.events:
        budget = held.of(event.budget_id)
        if budget is not None and event.budgeted is not None and now - event.at < TOLD_WITHIN:
            yield from _one_budget(budget.name, event, event.budgeted, to, now)


def _one_budget(name: str, event: BudgetEvent, budgeted: Decimal, to: list[Recipient], now: datetime) -> list[Delivery]:
    """In the amounts that counted when it was crossed: the budget may have been replaced since."""
    percent = f"{shown(event.threshold.percent, 'number')} %"
    ahead = event.threshold.of != ACTUAL
    reached, stands = ("is forecast to reach", "it is forecast to come to") if ahead else ("has reached", "it stands at")
    amount, limit = (f"{shown(value, 'money')} {event.currency}" for value in (event.amount, budgeted))
    facts = (
        ("Budget", name),
        ("Month", f"{event.month:%Y-%m}"),
        ("Threshold", f"{percent} of {event.threshold.of} costs"),
        ("Amount", amount),
        ("Budgeted", limit),
        ("Budget id", event.budget_id),
    )
    text = f"The budget {name!r} {reached} {percent} of {limit} in {event.month:%Y-%m}: {stands} {amount}."
    amounts = {"amount": event.amount, "budgeted": budgeted, "percent": event.threshold.percent}
    title = f"Budget {name}: {percent} {'forecast ' if ahead else ''}in {event.month:%Y-%m}"
    note = Note(BUDGET, title, text, facts, amounts)
    identity = f"budget-{event.budget_id}-{event.month}-{event.threshold.percent}-{event.threshold.of}"
    return deliveries_of(note, identity, to, now)


def _of_days(store: MetricStore, customer_id: str, status: CustomerStatus, recipients: Recipients, now: datetime) -> Iterator[Delivery]:
    to = recipients.told_of("anomaly")
    if not to:
        return
    first, last = now.date() - DAYS_LOOKED_AT * DAY, now.date()
    for currency in currencies(store.costs.read(customer_id, first, last)):
        question = anomaly_question({"start": [first.isoformat()], "end": [last.isoformat()], "currency": [currency]}, now)
        answer = anomaly_answer(store, customer_id, question, status, now)
        anomalies: list[Answer] = answer["anomalies"]  # type: ignore[assignment]
        by_day: dict[str, list[Answer]] = {}
        for anomaly in anomalies:
            by_day.setdefault(str(anomaly["day"]), []).append(anomaly)
        for day, found in by_day.items():
            for anomaly in found[:MOST_A_DAY]:
                yield from _one_day(day, anomaly, currency, to, now)


def _one_day(day: str, anomaly: Answer, currency: str, to: list[Recipient], now: datetime) -> list[Delivery]:
    service = str(anomaly["service"])
    amounts = {name: f"{_money(anomaly[name])} {currency}".strip() for name in ("actual", "expected", "impact")}
    facts = (
        ("Day", day),
        ("Service", service),
        ("Actual", amounts["actual"]),
        ("Expected", amounts["expected"]),
        ("Impact", amounts["impact"]),
        ("Still estimated", "yes" if anomaly["estimated"] else "no"),
    )
    text = f"{service} cost {amounts['actual']} on {day}, where {amounts['expected']} was expected."
    exact = {name: amount for name in ("actual", "expected", "impact") if isinstance(amount := anomaly[name], Decimal)}
    note = Note(ANOMALY, f"Unusual costs on {day}: {service}", text, facts, exact)
    return deliveries_of(note, f"anomaly-{day}-{currency}-{service}", to, now)


def _money(amount: object) -> str:
    assert amount is None or isinstance(amount, Decimal)
    return shown(amount, "money")
