"""What a customer is charged for what the payer pays: a markup, and what is done with what isn't usage, each plan from a month on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import ClassVar

from chalicelib.domain.amounts import Columns, multiplied
from chalicelib.domain.cost import BASES, CostDay, CostKey, sums_of
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.exact import EXACT, ONE, ZERO

PAYER, MARKUP, PRO_FORMA = "payer", "markup", "pro_forma"
RATE_BASES = (PAYER, MARKUP, PRO_FORMA)
TAX, SUPPORT, MARKETPLACE, CREDITS, COMMITMENTS = "tax", "support", "marketplace", "credits", "unused_commitments"
PURCHASES = "purchases"
KINDS = (TAX, SUPPORT, MARKETPLACE, CREDITS, COMMITMENTS)
"""What isn't usage and has a rule. `unused_commitments` is what effective cost has left of purchases, which is what no usage bears; the
same lines in billed cost are the purchases themselves, which are always shown."""
SHOWN, EXCLUDED, SHARED = "shown", "excluded", "shared"
RULES = (SHOWN, EXCLUDED, SHARED)
CHARGED = ("billed", "effective")
"""The bases that a markup is on; list prices stay what they are."""
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True)
class Plan:
    """From the month that begins with `since` on. Percents are on usage; `minimum` is a calendar month's least charge in `currency`.

    `services` are (ServiceName, percent) that differ; `rules` are (kind, rule), shown where none is given: a line of its own at cost.
    `cost` is the basis of statements.
    """

    since: date
    basis: str = PAYER
    percent: Decimal = ZERO
    services: tuple[tuple[str, Decimal], ...] = ()
    minimum: Decimal | None = None
    currency: str = "USD"
    rules: tuple[tuple[str, str], ...] = ()
    cost: str = "billed"

    def rule(self, kind: str) -> str:
        return dict(self.rules).get(kind, SHOWN)

    @property
    def changes_amounts(self) -> bool:
        """Whether what is charged differs from what the payer pays, line by line."""
        return self.basis == MARKUP or any(rule != SHOWN for _, rule in self.rules)

    def factor(self, key: CostKey, basis: str) -> Decimal:
        """What a line's cost is multiplied by; 0 where it isn't charged as a line of this customer."""
        kind = kind_of(key, basis)
        if kind:
            return ONE if self.rule(kind) == SHOWN else ZERO
        if self.basis != MARKUP or basis not in CHARGED:
            return ONE
        return EXACT.add(ONE, EXACT.multiply(dict(self.services).get(key.service, self.percent), _HUNDREDTH))

    def checked(self) -> Plan:
        """The plan itself; InvalidInput naming what is wrong."""
        percents = [self.percent, *(percent for _, percent in self.services)]
        wrong = [
            (self.since.day != 1, "since", "must be the first day of a month"),
            (self.basis not in RATE_BASES, "basis", f"must be one of {', '.join(RATE_BASES)}"),
            (any(not -100 <= percent <= 1000 for percent in percents), "percent", "must lie between -100 and 1000"),
            (self.basis != MARKUP and any(percents), "percent", f"goes with basis {MARKUP} only"),
            (self.minimum is not None and self.minimum < 0, "minimum", "must not be negative"),
            (
                any(kind not in KINDS or rule not in RULES for kind, rule in self.rules),
                "rules",
                f"are {', '.join(KINDS)}: {', '.join(RULES)}",
            ),
            (not _CURRENCY.fullmatch(self.currency), "currency", "must be a three-letter code like USD"),
            (self.cost not in CHARGED, "cost", f"must be one of {', '.join(CHARGED)}"),
        ]
        if problems := [(field, message) for bad, field, message in wrong if bad]:
            raise InvalidInput(*problems)
        return self


@dataclass(frozen=True)
class Rates:
    """A customer's plans, in order of their months; before the first one it is charged what the payer pays."""

    NAME: ClassVar[str] = "rates"
    plans: tuple[Plan, ...] = ()

    def on(self, day: date) -> Plan:
        return next((plan for plan in reversed(self.plans) if plan.since <= day), Plan(date.min))

    def always(self, day: date) -> Rates:
        """As if the plan of that day had always been: what is compared must be at one price."""
        return Rates((replace(self.on(day), since=date.min),))

    def within(self, first: date, last: date) -> tuple[Plan, ...]:
        """The plans of these days, in order."""
        return (self.on(first), *(plan for plan in self.plans if first < plan.since <= last))

    def without(self, since: date) -> Rates:
        return Rates(tuple(plan for plan in self.plans if plan.since != since))

    @property
    def pro_forma(self) -> bool:
        """Whether costs are read at the customer's own rates, which is for all of its months or for none."""
        return any(plan.basis == PRO_FORMA for plan in self.plans)

    def with_plan(self, plan: Plan) -> Rates:
        """A plan of the same month is replaced; a pro forma one replaces all."""
        if plan.basis == PRO_FORMA:
            return Rates((plan,))
        return Rates(tuple(sorted([*self.without(plan.since).plans, plan], key=lambda one: one.since)))


def kind_of(key: CostKey, basis: str) -> str:
    """Which of the kinds a line of that basis is of; '' is usage."""
    if key.charge_category == "Tax":
        return TAX
    if key.charge_category == "Credit":
        return CREDITS
    if key.service.startswith("AWS Support"):
        return SUPPORT
    if key.provider == "AWS Marketplace" or key.service.startswith("AWS Marketplace"):
        return MARKETPLACE
    if key.charge_category == "Purchase":
        return COMMITMENTS if basis == "effective" else PURCHASES
    return ""


def charged(days: Iterable[CostDay], rates: Rates) -> list[CostDay]:
    """The days at the customer's own rates, exactly; a day's sources' totals aren't of them, so it has none."""
    known: dict[tuple[int, Plan], _Chargeable] = {}
    return [_charged(day, rates.on(day.day), known) for day in days]


@dataclass(frozen=True)
class _Chargeable:
    """Of a day's keys those that are charged in any basis, with their places and, per basis, factors.

    `of` are all keys, kept so that nobody else gets their id.
    """

    of: tuple[CostKey, ...]
    keys: tuple[CostKey, ...]
    places: Sequence[int]
    factors: Sequence[Sequence[Decimal]]

    @staticmethod
    def by(plan: Plan, keys: tuple[CostKey, ...]) -> _Chargeable:
        found = {place: [plan.factor(key, basis) for basis in BASES] for place, key in enumerate(keys)}
        kept = {place: factors for place, factors in found.items() if any(factors)}
        columns = list(zip(*kept.values(), strict=True)) or [()] * len(BASES)
        return _Chargeable(keys, tuple(keys[place] for place in kept), list(kept), columns)


def _charged(day: CostDay, plan: Plan, known: dict[tuple[int, Plan], _Chargeable]) -> CostDay:
    if not plan.changes_amounts:
        return replace(day, own=())
    by = known.get((id(day.keys), plan)) or _Chargeable.by(plan, day.keys)
    known[id(day.keys), plan] = by
    columns = [multiplied(day.amounts[number].at(by.places), factors) for number, factors in enumerate(by.factors)]
    return replace(day, keys=by.keys, amounts=Columns.of(by.keys, [*columns, *sums_of(by.keys, columns)]), own=())
