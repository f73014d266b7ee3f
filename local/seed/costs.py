"""Cost Explorer's records of the organisation: usage with its noise, and what isn't usage: tax, a credit, a savings plan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from random import Random

from local.fakes.cost_records import CostRecord
from local.seed.organisation import ACME_SHOP, BOREALIS_CLINIC, DAYS, Organisation
from local.seed.spends import EC2, SPENDS, Spend

NO_REGION = "NoRegion"
SAVINGS_PLANS = "Savings Plans for AWS Compute usage"
TAX_RATE = 0.071
PLACES = Decimal("0.0000000001")
_DISCOUNT = Decimal("0.97")
_WEEKEND = 0.82
_PLAN_FEE = Decimal("14.4")
_PLAN_SAVES = Decimal("0.28")


def cost_records(organisation: Organisation) -> tuple[CostRecord, ...]:
    """Every record from ninety days ago up to and including yesterday."""
    return tuple(
        record
        for records in (_usage(organisation), _taxes(organisation), _credits(organisation), _savings_plan(organisation))
        for record in records
    )


def _usage(organisation: Organisation) -> Iterator[CostRecord]:
    for spend in SPENDS:
        chance = Random(f"cost {spend.account} {spend.service} {spend.region}")
        for ago in range(DAYS, 0, -1):
            day, noise = organisation.ago(ago), 0.94 + 0.12 * chance.random()
            amount = spend.expected(ago) * noise * (_WEEKEND if day.weekday() >= 5 else 1.0)
            if amount:
                yield _record(spend, day, "Usage", _money(amount))


def _money(amount: float) -> Decimal:
    return Decimal(repr(amount)).quantize(PLACES)


def _record(
    spend: Spend, day: date, record_type: str, unblended: Decimal, amortized: Decimal | None = None, discount: Decimal = _DISCOUNT
) -> CostRecord:
    """Net amounts are after the payer's discount of three percent."""
    amortized = unblended if amortized is None else amortized
    amounts = {
        "UnblendedCost": unblended,
        "AmortizedCost": amortized,
        "NetUnblendedCost": (unblended * discount).quantize(PLACES),
        "NetAmortizedCost": (amortized * discount).quantize(PLACES),
    }
    return CostRecord(day, spend.account, spend.service, spend.region, record_type, amounts)


def _taxes(organisation: Organisation) -> Iterator[CostRecord]:
    """On the first of each month, of what thirty days cost by then."""
    for account in sorted({spend.account for spend in SPENDS}):
        for ago in range(DAYS, 0, -1):
            day = organisation.ago(ago)
            if day.day == 1:
                monthly = 30 * sum(spend.expected(ago) for spend in SPENDS if spend.account == account)
                tax = Spend(account, "Tax", NO_REGION, 0.0)
                yield _record(tax, day, "Tax", _money(TAX_RATE * monthly), discount=Decimal(1))


def _credits(organisation: Organisation) -> Iterator[CostRecord]:
    """Borealis' migration credit, on every third of a month."""
    credit = Spend(BOREALIS_CLINIC, EC2, NO_REGION, 0.0)
    for ago in range(DAYS, 0, -1):
        if organisation.ago(ago).day == 3:
            yield _record(credit, organisation.ago(ago), "Credit", Decimal("-75.2500000000"), discount=Decimal(1))


def _savings_plan(organisation: Organisation) -> Iterator[CostRecord]:
    """Acme's plan: the covered usage at its list price is negated, the fee stands instead; amortized, the usage bears it."""
    compute = Spend(ACME_SHOP, EC2, "us-east-1", 0.0)
    plan = Spend(ACME_SHOP, SAVINGS_PLANS, NO_REGION, 0.0)
    chance = Random("savings plan")
    for ago in range(DAYS, 0, -1):
        day = organisation.ago(ago)
        used = (_PLAN_FEE * Decimal(repr(0.9 + 0.1 * chance.random()))).quantize(PLACES)
        listed = (used / (1 - _PLAN_SAVES)).quantize(PLACES)
        yield _record(compute, day, "SavingsPlanCoveredUsage", listed, used)
        yield _record(compute, day, "SavingsPlanNegation", -listed, Decimal(0))
        yield _record(plan, day, "SavingsPlanRecurringFee", _PLAN_FEE, _PLAN_FEE - used)
