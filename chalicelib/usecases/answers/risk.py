"""GET /analytics/compliance/spend-at-risk: what is spent where CRITICAL and HIGH controls fail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.controls import ControlState
from chalicelib.domain.cost import CostDay
from chalicelib.domain.exact import ZERO, add_known
from chalicelib.domain.findings import FAILED, SEVERITIES
from chalicelib.domain.names import service_of
from chalicelib.domain.period import DAY, midnight
from chalicelib.domain.responsibility import family_of
from chalicelib.domain.spend import Chosen, by_key
from chalicelib.domain.state import CustomerStatus
from chalicelib.usecases.answers.charging import charged_days
from chalicelib.usecases.answers.controls import told
from chalicelib.usecases.answers.costs import SOURCES, currency_of
from chalicelib.usecases.answers.values import Answer, data_through, shown, text_of
from chalicelib.usecases.ports.metrics import MetricStore
from chalicelib.usecases.questions.costs import CostQuestion

USUAL_TOP = 100
AT_RISK = ("CRITICAL", "HIGH")
Place = tuple[str, str | None]
"""(account, service); None is a service that can't be told."""


@dataclass(frozen=True)
class Line:
    """What an account spends on a service, and which controls fail there; None is unknown."""

    account: str
    service: str | None
    amount: Decimal | None
    controls: list[ControlState]

    def rank(self) -> tuple[bool, Decimal, str, str]:
        """The largest first, unknown ones last."""
        return self.amount is None, -abs(self.amount or Decimal(0)), self.account, self.service or ""

    def shown(self) -> Answer:
        controls = sorted(self.controls, key=lambda control: (SEVERITIES.index(control.severity), control.id))
        named: list[Answer] = [{"control_id": control.id, "severity": control.severity} for control in controls]
        return {"account": self.account, "service": self.service, "amount": shown(self.amount), "controls": named}


def risk_answer(store: MetricStore, customer_id: str, question: CostQuestion, status: CustomerStatus, now: datetime) -> Answer:
    """Each account and service once, however many controls fail there. An exception takes no risk away, so it takes nothing off here."""
    window, most = question.window, question.top or USUAL_TOP
    day = store.latest_compliance_day(customer_id, now.date())
    days = charged_days(store, customer_id, window, status, now)
    currency = currency_of(days, question.currency)
    places = places_of(day.states) if day and told(day) else None
    amounts = _amounts(days, question, currency) if days else None
    lines = [
        Line(account, service, None if service is None else _spent(amounts, account, service), controls)
        for (account, service), controls in (places or {}).items()
    ]
    at_risk, apart = ([line for line in sorted(lines, key=Line.rank) if (line.service is not None) == known] for known in (True, False))
    total = add_known(line.amount for line in at_risk) if amounts is not None else None
    return {
        "customer_id": customer_id,
        "period": question.period,
        "window": {"start": text_of(window.start), "end": text_of(window.end)},
        "cost": question.basis,
        "currency": currency,
        "total": shown(total) if places is not None else None,
        "at_risk": [line.shown() for line in at_risk[:most]] if places is not None else None,
        "others": _others(at_risk[most:]) if places is not None else None,
        "service_unknown": [line.shown() for line in apart[:most]] if places is not None else None,
        "places": {"at_risk": len(at_risk), "service_unknown": len(apart)} if places is not None else None,
        "coverage": {"days_present": len(days), "days_expected": window.clipped(midnight(now.date())).length // DAY},
        "data_through": text_of(data_through(status, SOURCES)),
        "controls_as_of": text_of(day.as_of) if day else None,
        "generated_at": text_of(now),
    }


def _others(lines: list[Line]) -> Answer:
    """What isn't shown one by one; None with something unknown in it."""
    return {"places": len(lines), "amount": shown(add_known(line.amount for line in lines))}


def places_of(controls: Iterable[ControlState]) -> dict[Place, list[ControlState]]:
    """Where controls of weight fail: the accounts, each with the service of what fails there."""
    places: defaultdict[Place, dict[str, ControlState]] = defaultdict(dict)
    for control in controls:
        if control.state == FAILED and control.severity in AT_RISK:
            for account, kind in control.places:
                places[account, service_of(kind, family_of(control.id))][control.id] = control
    return {place: list(found.values()) for place, found in places.items()}


def _amounts(days: list[CostDay], question: CostQuestion, currency: str | None) -> Mapping[tuple[str, str], Decimal | None]:
    parts: defaultdict[tuple[str, str], list[Decimal | None]] = defaultdict(list)
    for key, amount in by_key(days, question.basis, Chosen(Selection(), currency)):
        parts[key.account, key.service].append(amount)
    return {place: add_known(amounts) for place, amounts in parts.items()}


def _spent(amounts: Mapping[tuple[str, str], Decimal | None] | None, account: str, service: str) -> Decimal | None:
    """Nothing is 0 where the costs are known."""
    return None if amounts is None else amounts.get((account, service), ZERO)
