"""Drops that are cut off, raced, replaced and removed: in the end the numbers are those of what lies in the bucket."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.exact import add_known
from chalicelib.domain.spend import Chosen, by_day
from chalicelib.domain.state import FINDINGS_EXPORT, FOCUS_EXPORT
from chalicelib.stores import tables
from chalicelib.usecases.aggregation import drops
from tests.e2e.embedded import NOW, Embedded

BUCKET = tables.bucket_name("local", "exports", "123456789012")


@pytest.fixture
def mine(aws: Embedded) -> Customer:
    customer = Customer("mine", "Mine", (), "external", NOW)
    aws.services.customers.put(customer)
    return customer


def bill(**amounts: str) -> bytes:
    """A FOCUS file with one row per month: bill(jan="1", feb="2")."""
    days = {"jan": "2026-01-03", "feb": "2026-02-03"}
    rows = [f"{amount},{amount},USD,{days[month]},Service,123" for month, amount in amounts.items()]
    return "\n".join(["BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ServiceName,SubAccountId", *rows, ""]).encode()


def finding(number: int, status: str) -> dict[str, Any]:
    return {
        "Id": str(number),
        "ProductArn": "arn:aws:securityhub:eu-west-1::product/prowler/prowler",
        "GeneratorId": f"check-{number}",
        "AwsAccountId": "123456789012",
        "UpdatedAt": "2026-03-01T00:00:00Z",
        "Compliance": {"Status": status},
    }


def drop(aws: Embedded, customer: Customer, name: str, content: bytes, kind: str = "focus") -> str:
    return aws.services.export_files.put(customer.id, kind, name, io.BytesIO(content))


def take(aws: Embedded, customer: Customer, key: str) -> None:
    drops.take(aws.services.collaborators, customer, key.partition("/")[0], key)


def remove(aws: Embedded, key: str) -> None:
    aws.services.client("s3").delete_object(Bucket=BUCKET, Key=key)


def spent(aws: Embedded, customer: Customer) -> Decimal | None:
    days = aws.services.metrics.costs.read(customer.id, date(2026, 1, 1), date(2026, 2, 28))
    return add_known(by_day(days, "billed", Chosen(Selection(), "USD")).values()) if days else None


def test_the_same_key_replaces_and_another_adds_and_a_removed_one_is_unknown_again(aws: Embedded, mine: Customer) -> None:
    first, second = drop(aws, mine, "a.csv", bill(jan="10")), drop(aws, mine, "b.csv", bill(jan="5"))
    take(aws, mine, first)
    take(aws, mine, second)
    assert spent(aws, mine) == 15
    drop(aws, mine, "a.csv", bill(feb="1"))
    take(aws, mine, first)
    assert spent(aws, mine) == 6
    for key in (first, second):
        remove(aws, key)
        take(aws, mine, key)
    assert spent(aws, mine) is None
    assert aws.services.metrics.drops(mine.id) == []


def test_identical_bytes_under_two_keys_count_once_until_one_of_them_changes(aws: Embedded, mine: Customer) -> None:
    keys = [drop(aws, mine, name, bill(jan="10")) for name in ("a.csv", "b.csv")]
    for key in keys:
        take(aws, mine, key)
    assert spent(aws, mine) == 10
    drop(aws, mine, "a.csv", bill(jan="7"))
    take(aws, mine, keys[0])
    assert spent(aws, mine) == 17
    remove(aws, keys[0])
    take(aws, mine, keys[0])
    assert spent(aws, mine) == 10


@pytest.mark.parametrize("gone", [True, False])
def test_a_drop_cut_off_before_it_was_settled_is_finished_by_the_next_try(
    aws: Embedded, mine: Customer, monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    key = drop(aws, mine, "a.csv", bill(jan="10", feb="10"))
    take(aws, mine, key)
    if gone:
        remove(aws, key)
    else:
        drop(aws, mine, "a.csv", bill(feb="1"))

    def killed(*_: Any) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(drops, "settle_months", killed)
        with pytest.raises(KeyboardInterrupt):
            take(aws, mine, key)
    take(aws, mine, key)
    assert spent(aws, mine) == (None if gone else 1)
    assert len(aws.services.metrics.cost_parts(mine.id, date(2026, 1, 1), date(2026, 2, 28))) == (0 if gone else 1)


def test_a_key_that_changed_while_it_was_taken_in_is_taken_in_again(aws: Embedded, mine: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    key = drop(aws, mine, "a.csv", bill(jan="10"))
    once, calls = drops.take_costs, []

    def meanwhile(*arguments: Any) -> None:
        once(*arguments)
        calls.append(1)
        if len(calls) == 1:
            drop(aws, mine, "a.csv", bill(jan="99"))

    monkeypatch.setattr(drops, "take_costs", meanwhile)
    take(aws, mine, key)
    assert spent(aws, mine) == 99


def test_a_key_that_never_stops_changing_ends_in_a_named_failure(aws: Embedded, mine: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    key = drop(aws, mine, "a.csv", bill(jan="1"))
    once, calls = drops.take_costs, []

    def meanwhile(*arguments: Any) -> None:
        once(*arguments)
        calls.append(1)
        drop(aws, mine, "a.csv", bill(jan=str(len(calls) + 1)))

    monkeypatch.setattr(drops, "take_costs", meanwhile)
    with pytest.raises(StoreUnavailable):
        take(aws, mine, key)


def test_a_malformed_file_keeps_what_it_would_have_replaced_and_is_named(aws: Embedded, mine: Customer) -> None:
    key = drop(aws, mine, "a.csv", bill(jan="10"))
    take(aws, mine, key)
    drop(aws, mine, "a.csv", bill(jan="ten"))
    take(aws, mine, key)
    assert spent(aws, mine) == 10
    state = aws.services.metrics.status(mine.id).sources[FOCUS_EXPORT]
    assert state.state == "failing"
    assert state.failures == ((key, "row 2: BilledCost is not a number"),)


def test_a_key_that_looks_like_a_part_of_an_item_counts_all_the_same(aws: Embedded, mine: Customer) -> None:
    for name in ("bill#part001.csv", "bill#part 1.csv"):
        take(aws, mine, drop(aws, mine, name, bill(jan=str(len(name)))))
    assert spent(aws, mine) == len("bill#part001.csv") + len("bill#part 1.csv")


def test_new_data_always_makes_another_generation(aws: Embedded, mine: Customer) -> None:
    key, seen = drop(aws, mine, "a.csv", bill(jan="10", feb="10")), set()
    for content in (bill(jan="10", feb="10"), bill(jan="11", feb="10"), bill(jan="10", feb="11"), bill(feb="10")):
        drop(aws, mine, "a.csv", content)
        take(aws, mine, key)
        seen.add(aws.services.metrics.status(mine.id).generation)
    assert len(seen) == 4


def score(aws: Embedded, customer: Customer) -> tuple[int | None, int]:
    day = aws.services.metrics.latest_compliance_day(customer.id, NOW.date())
    assert day
    return day.overall.score, day.overall.failed


def test_findings_of_all_keys_are_one_set_and_nothing_left_is_no_evidence(aws: Embedded, mine: Customer) -> None:
    keys = [
        drop(aws, mine, f"{number}.json", json.dumps([finding(number, status)]).encode(), "findings")
        for number, status in enumerate(("FAILED", "PASSED"))
    ]
    for key in keys:
        take(aws, mine, key)
    assert score(aws, mine) == (50, 1)
    drop(aws, mine, "0.json", b"[]", "findings")
    take(aws, mine, keys[0])
    assert score(aws, mine) == (100, 0)
    remove(aws, keys[1])
    take(aws, mine, keys[1])
    assert score(aws, mine) == (None, 0)
    assert aws.services.metrics.status(mine.id).sources[FINDINGS_EXPORT].state == "ok"


def test_findings_of_another_key_that_change_while_they_are_assessed_count(
    aws: Embedded, mine: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (drop(aws, mine, name, json.dumps([finding(number, "FAILED")]).encode(), "findings") for number, name in enumerate("12"))
    take(aws, mine, two)
    real, others = drops.assess, [json.dumps([finding(1, "PASSED")]).encode()]

    def meanwhile(*arguments: Any, **named: Any) -> Any:
        found = real(*arguments, **named)
        while others:  # another worker, between reading and writing
            drop(aws, mine, "2", others.pop(), "findings")
            take(aws, mine, two)
        return found

    monkeypatch.setattr(drops, "assess", meanwhile)
    take(aws, mine, one)
    assert score(aws, mine) == (50, 1)
