"""Whose an account is on a day, what a manifest says, and which source tells of an account's month."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cost import CostLine, CostPart, totals_of
from chalicelib.domain.customer import UNALLOCATED, Account, Customer, owner_of
from chalicelib.domain.errors import RejectedDrop
from chalicelib.domain.payer import Manifest, claims_of
from chalicelib.domain.state import FOCUS_EXPORT, OK, Drop
from chalicelib.sources import data_export
from chalicelib.stores.items import pack, unpack

FIRST, NOW = date(2026, 1, 1), datetime(2026, 3, 1, tzinfo=UTC)
DAYS = st.one_of(st.none(), st.integers(0, 20).map(lambda days: FIRST + timedelta(days=days)))
SPANS = st.tuples(DAYS, DAYS).filter(lambda span: span[0] is None or span[1] is None or span[0] < span[1])
BUCKET, KEY = "exports", "focus-export/bill/metadata/BILLING_PERIOD=2026-11/bill-Manifest.json"
DATA = "s3://exports/focus-export/bill/data/BILLING_PERIOD=2026-11/bill-00001.csv.gz"


def customer(name: str, *claims: Account, disabled: bool = False) -> Customer:
    return Customer(name, name, claims, "secret", NOW, disabled)


@given(st.lists(SPANS, max_size=8))
def test_claims_made_only_where_none_overlaps_give_every_day_one_owner_at_most(spans: list[tuple[date | None, date | None]]) -> None:
    customers: list[Customer] = []
    for number, (since, until) in enumerate(spans):
        claim = Account("1", since=since, until=until)
        if not any(claim.overlaps(theirs) for one in customers for theirs in one.claims):
            customers.append(customer(f"c{number}", claim))
    for day in (FIRST + timedelta(days=days) for days in range(-1, 23)):
        owners = [one.id for one in customers if one.owns("1", day)]
        assert len(owners) <= 1
        assert owner_of(customers, "1", day) == (owners[0] if owners else UNALLOCATED)


@given(SPANS, SPANS)
def test_claims_overlap_exactly_when_they_share_a_day(one: tuple[date | None, date | None], other: tuple[date | None, date | None]) -> None:
    left, right = (Account("1", since=since, until=until) for since, until in (one, other))
    days = [FIRST + timedelta(days=days) for days in range(-2, 24)]
    assert left.overlaps(right) == right.overlaps(left) == any(left.covers(day) and right.covers(day) for day in days)


def test_accounts_of_records_from_before_claims_had_days_are_always_the_customers() -> None:
    record = {"id": "c", "name": "C", "accounts": [{"id": "1"}], "external_id": "e", "since": "2026-01-01T00:00:00Z"}
    read = unpack(pack(record), Customer)
    assert read.owns("1", date.min)
    assert read.owns("1", date.max)
    assert owner_of([customer("a", Account("1"), disabled=True), read], "1", FIRST) == "c"


def manifest(*files: Any, **more: Any) -> bytes:
    return json.dumps({"executionId": "e", "dataFiles": list(files), "columns": [], **more}).encode()


def test_a_manifest_names_the_data_files_of_one_billing_period() -> None:
    read = data_export.parse(manifest(DATA, DATA.replace("00001", "00002")), KEY, BUCKET)
    files = tuple(f"focus-export/bill/data/BILLING_PERIOD=2026-11/bill-0000{number}.csv.gz" for number in (1, 2))
    assert read == Manifest(KEY, "bill", date(2026, 11, 1), files)
    assert read.period_key == "focus-export/bill/BILLING_PERIOD=2026-11"


def test_a_manifest_may_lie_anywhere_in_its_exports_folder() -> None:
    for key in ("focus-export/bill/Manifest.json", KEY.replace("bill-Man", "2026-11-25T06:00:00.000Z-execution/bill-Man")):
        assert data_export.parse(manifest(DATA), key, BUCKET).period == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("content", "key", "told"),
    [
        (b"{", KEY, "not JSON"),
        (b"[" * 100_000, KEY, "not JSON"),
        (b"[]", KEY, "not a JSON object"),
        (b"{}", KEY, "dataFiles: not a list"),
        (manifest(dataFiles=DATA), KEY, "dataFiles: not a list"),
        (manifest(DATA, 7), KEY, r"dataFiles\[1\]: not an S3 URI"),
        (manifest("https://exports/a.csv"), KEY, r"dataFiles\[0\]: not an S3 URI"),
        (manifest(DATA.replace("//exports", "//other")), KEY, r"dataFiles\[0\]: lies outside"),
        (manifest("s3://exports/focus/acme/a.csv"), KEY, r"dataFiles\[0\]: lies outside"),
        (manifest(DATA.replace("focus-export/bill", "focus-export/billing")), KEY, r"dataFiles\[0\]: lies outside"),
        (manifest(DATA.replace("csv.gz", "snappy.parquet")), KEY, r"dataFiles\[0\]: a Parquet file"),
        (manifest(DATA.replace("csv.gz", "zip")), KEY, r"dataFiles\[0\]: neither"),
        (manifest(DATA, DATA), KEY, "dataFiles: names a file twice"),
        (manifest(DATA.replace("2026-11", "2026-10")), KEY, "BILLING_PERIOD: of several"),
        (manifest(), "focus-export/bill/Manifest.json", "BILLING_PERIOD: missing"),
        (manifest(), KEY.replace("2026-11", "2026-13"), "BILLING_PERIOD: not a month"),
        (manifest(), "focus/bill/Manifest.json", "not the key"),
    ],
)
def test_a_manifest_that_is_not_understood_is_refused_by_the_fields_name(content: bytes, key: str, told: str) -> None:
    with pytest.raises(RejectedDrop, match=told):
        data_export.parse(content, key, BUCKET)


def share(export: str, period: date, accounts: tuple[str, ...], received: datetime = NOW, month: date = FIRST) -> Drop:
    return Drop(f"{export}{period}", "focus", export, received, OK, months={month: (accounts, month)}, export=export, period=period)


def counted(drop: Drop, drops: list[Drop], in_cost_explorer: str = "") -> str:
    """The accounts of the drop's that count."""
    lines = tuple(CostLine(account, "", "", "", "", "", "USD", None, None, None) for account in drop.months[FIRST][0])
    part = CostPart(FIRST, FOCUS_EXPORT, drop.origin, lines, totals_of(lines), False)
    left = claims_of(FIRST, drops, frozenset(in_cost_explorer)).counted(part)
    assert left is None or totals_of(left.lines) == left.totals
    return "".join(line.account for line in left.lines) if left else ""


def test_one_source_tells_of_an_account_in_a_month() -> None:
    own = Drop("own", "focus", "own", NOW, OK, months={FIRST: (("a",), date(2026, 1, 9))})
    bill, later = share("bill", FIRST, ("a", "b", "c")), share("other", FIRST, ("c",), NOW + timedelta(hours=1))
    refund = share("bill", date(2026, 2, 1), ("a", "b", "d", "e"))
    drops = [own, bill, later, refund]
    assert [counted(drop, drops, "bcd") for drop in drops] == ["a", "b", "c", "be"]
    claims = claims_of(FIRST, drops, frozenset("bcd"))
    assert (claims.exported, claims.through) == (frozenset("abc"), date(2026, 1, 9))
