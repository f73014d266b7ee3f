"""What a customer is charged is what its plan makes of every line, exactly; nothing else changes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.cost import CostDay, CostLine, SourceTotal, totals_of
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.exact import EXACT, add
from chalicelib.domain.rates import EXCLUDED, MARKUP, PRO_FORMA, SHARED, Plan, Rates, charged
from chalicelib.domain.spend import Chosen, by_day, by_key

MONTH = date(2026, 10, 1)
SERVICES = ("Amazon CloudFront", "AWS Lambda", "Amazon S3", "AWS Support (Business)", "AWS Marketplace thing")
KINDS = ("Usage", "Tax", "Credit", "Purchase", "Adjustment")
MONEY = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=11)
PERCENT = st.decimals(allow_nan=False, allow_infinity=False, min_value=-100, max_value=1000, places=3)


def line(service: str, kind: str, billed: Decimal, effective: Decimal, account: str = "1") -> CostLine:
    return CostLine(account, service, "", "", "AWS", kind, "USD", billed, effective, billed)


LINES = st.dictionaries(st.tuples(st.sampled_from(SERVICES), st.sampled_from(KINDS)), st.tuples(MONEY, MONEY), max_size=12)


def day_of(lines: dict[tuple[str, str], tuple[Decimal, Decimal]]) -> CostDay:
    made = [line(*key, *amounts) for key, amounts in lines.items()]
    return CostDay.of(MONTH, made, [SourceTotal("1", "USD", Decimal(1), Decimal(1), None)], True, ("s",))


@given(LINES, PERCENT, PERCENT)
def test_every_line_is_its_cost_times_its_factor(
    lines: dict[tuple[str, str], tuple[Decimal, Decimal]], percent: Decimal, other: Decimal
) -> None:
    plan = Plan(MONTH, MARKUP, percent, (("AWS Lambda", other),), rules=(("tax", EXCLUDED), ("unused_commitments", SHARED)))
    (day,) = charged([day_of(lines)], Rates((plan,)))
    found = {
        name: {(key.service, key.charge_category): amount for key, amount in by_key([day], name, everything())}
        for name in ("billed", "effective", "list")
    }
    for (service, kind), (billed, effective) in lines.items():
        special = kind in ("Tax", "Credit", "Purchase") or service.startswith(("AWS Support", "AWS Marketplace"))
        factor = Decimal(1) if special else EXACT.add(Decimal(1), EXACT.scaleb(other if service == "AWS Lambda" else percent, -2))
        factors = (
            (Decimal(0), Decimal(0))
            if kind == "Tax"
            else (factor, Decimal(0) if kind == "Purchase" and not service.startswith(("AWS Support", "AWS Marketplace")) else factor)
        )
        assert found["billed"].get((service, kind), Decimal(0)) == EXACT.multiply(billed, factors[0])
        assert found["effective"].get((service, kind), Decimal(0)) == EXACT.multiply(effective, factors[1])
        assert found["list"].get((service, kind), Decimal(0)) == (0 if kind == "Tax" else billed)


def everything() -> Chosen:
    return Chosen(Selection(), "USD")


@given(LINES, PERCENT)
def test_a_days_sum_is_what_its_lines_sum_to_at_any_rates(lines: dict[tuple[str, str], tuple[Decimal, Decimal]], percent: Decimal) -> None:
    days = charged([day_of(lines)], Rates((Plan(MONTH, MARKUP, percent),)))
    for basis in ("billed", "effective"):
        assert (by_day(days, basis, everything())[MONTH] or Decimal(0)) == add(
            amount or Decimal(0) for _, amount in by_key(days, basis, everything())
        )


def test_a_plan_counts_from_its_month_on_and_before_it_the_payers_costs() -> None:
    rates = Rates().with_plan(Plan(date(2026, 11, 1), MARKUP, Decimal(20))).with_plan(Plan(MONTH, MARKUP, Decimal(10)))
    days = [
        CostDay.of(day, [line("Amazon S3", "Usage", Decimal(100), Decimal(100))], [], False, ("s",))
        for day in (date(2026, 9, 30), MONTH, date(2026, 11, 5))
    ]
    assert list(by_day(charged(days, rates), "billed", everything()).values()) == [100, 110, 120]
    assert rates.with_plan(Plan(MONTH)).on(MONTH).basis == "payer"
    assert rates.on(date(2026, 9, 30)) == Plan(date.min)


def test_what_comes_through_the_marketplace_is_told_by_its_provider_or_its_service() -> None:
    plan = Plan(MONTH, MARKUP, Decimal(10), rules=(("marketplace", EXCLUDED),))
    key = line("Some vendor's", "Usage", Decimal(1), Decimal(1)).key
    assert plan.factor(key._replace(provider="AWS Marketplace"), "billed") == 0
    assert plan.factor(key._replace(service="AWS Marketplace (vendor)"), "billed") == 0
    assert plan.factor(key, "billed") == Decimal("1.1")


def test_what_is_charged_has_no_totals_of_a_source() -> None:
    paid = day_of({("Amazon S3", "Usage"): (Decimal(5), Decimal(5))})
    assert paid.own
    for plan in (Plan(MONTH), Plan(MONTH, MARKUP, Decimal(10))):
        (day,) = charged([paid], Rates((plan,)))
        assert day.own == ()
        assert day.totals == totals_of(day.lines)


def test_what_is_excluded_is_no_line_of_the_day() -> None:
    paid = day_of({("Amazon S3", "Usage"): (Decimal(5), Decimal(5)), ("Tax", "Tax"): (Decimal(1), Decimal(1))})
    (day,) = charged([paid], Rates((Plan(MONTH, rules=(("tax", EXCLUDED),)),)))
    assert [(one.service, one.billed) for one in day.lines] == [("Amazon S3", 5)]
    assert charged([day_of({("Tax", "Tax"): (Decimal(1), Decimal(1))})], Rates((Plan(MONTH, rules=(("tax", EXCLUDED),)),)))[0].lines == ()


def test_an_unknown_amount_stays_unknown_at_any_rates() -> None:
    unknown = CostLine("1", "Amazon S3", "", "", "AWS", "Usage", "USD", None, Decimal(2), None)
    (day,) = charged([CostDay.of(MONTH, [unknown], [], False, ("s",))], Rates((Plan(MONTH, MARKUP, Decimal(10)),)))
    assert by_day([day], "billed", everything())[MONTH] is None
    assert by_day([day], "effective", everything())[MONTH] == Decimal("2.2")


def test_a_pro_forma_plan_is_for_all_months_and_replaces_every_other() -> None:
    rates = Rates((Plan(MONTH, MARKUP, Decimal(10)), Plan(date(2026, 11, 1), MARKUP, Decimal(20))))
    assert not rates.pro_forma
    whole = rates.with_plan(Plan(date(2026, 12, 1), PRO_FORMA))
    assert whole == Rates((Plan(date(2026, 12, 1), PRO_FORMA),))
    assert whole.pro_forma


def test_a_plan_of_the_same_month_is_replaced_and_the_others_stay_in_order() -> None:
    first, second, third = (Plan(date(2026, month, 1), MARKUP, Decimal(month)) for month in (9, 10, 11))
    rates = Rates((first, third)).with_plan(second)
    assert rates.plans == (first, second, third)
    assert rates.with_plan(Plan(MONTH)).plans == (first, Plan(MONTH), third)
    assert rates.within(date(2026, 9, 30), date(2026, 11, 1)) == (first, second, third)
    assert rates.within(MONTH, date(2026, 10, 31)) == (second,)
    assert rates.without(MONTH).plans == (first, third)


@pytest.mark.parametrize("percent", [Decimal(-100), Decimal(1000)])
def test_a_plan_within_its_limits_is_taken_as_it_is(percent: Decimal) -> None:
    plan = Plan(MONTH, MARKUP, percent, (("AWS Lambda", percent),), Decimal(0), "EUR", (("tax", SHARED),), "effective")
    assert plan.checked() is plan


@pytest.mark.parametrize(
    "field, plan",
    [
        ("since", Plan(date(2026, 10, 2))),
        ("basis", Plan(MONTH, "gift")),
        ("percent", Plan(MONTH, PRO_FORMA, Decimal(5))),
        ("percent", Plan(MONTH, MARKUP, Decimal("-100.001"))),
        ("percent", Plan(MONTH, MARKUP, Decimal("1000.001"))),
        ("percent", Plan(MONTH, MARKUP, services=(("AWS Lambda", Decimal(1001)),))),
        ("minimum", Plan(MONTH, minimum=Decimal("-0.01"))),
        ("rules", Plan(MONTH, rules=(("tax", "halved"),))),
        ("rules", Plan(MONTH, rules=(("tax", EXCLUDED), ("gift", EXCLUDED)))),
        ("currency", Plan(MONTH, currency="usd")),
        ("currency", Plan(MONTH, currency="USDT")),
        ("cost", Plan(MONTH, cost="list")),
    ],
)
def test_a_bad_plan_is_refused_by_name(field: str, plan: Plan) -> None:
    with pytest.raises(InvalidInput) as refused:
        plan.checked()
    assert [name for name, _ in refused.value.problems] == [field]


def test_everything_that_is_wrong_with_a_plan_is_told_at_once() -> None:
    plan = Plan(date(2026, 10, 2), "gift", Decimal(2000), minimum=Decimal(-1), rules=(("tax", "halved"),), currency="usd", cost="list")
    with pytest.raises(InvalidInput) as refused:
        plan.checked()
    assert list(refused.value.problems) == [
        ("since", "must be the first day of a month"),
        ("basis", "must be one of payer, markup, pro_forma"),
        ("percent", "must lie between -100 and 1000"),
        ("percent", "goes with basis markup only"),
        ("minimum", "must not be negative"),
        ("rules", "are tax, support, marketplace, credits, unused_commitments: shown, excluded, shared"),
        ("currency", "must be a three-letter code like USD"),
        ("cost", "must be one of billed, effective"),
    ]
    assert str(refused.value).startswith("since: must be the first day of a month; basis: must be one of payer")
