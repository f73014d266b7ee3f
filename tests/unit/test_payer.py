"""Whose an account is on a day, what a manifest says, and which source tells of an account's month."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cost import CostLine, CostPart, totals_of
from chalicelib.domain.customer import UNALLOCATED, Account, Customer, owner_of
from chalicelib.domain.errors import RejectedDrop
from chalicelib.domain.payer import Incoming, Manifest, PayerExport, Split, claims_of, is_of, place_of, version_of
from chalicelib.domain.state import COST_EXPLORER, FOCUS_EXPORT, OK, Drop
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


def test_of_several_exports_the_months_own_bill_goes_before_a_later_one_of_another_month() -> None:
    bill = share("bill", FIRST, ("a", "b"))
    refund = share("other", date(2026, 2, 1), ("b", "c"), NOW + timedelta(hours=1))
    assert [counted(drop, [refund, bill]) for drop in (bill, refund)] == ["ab", "c"]


def test_only_the_months_own_bills_and_drops_tell_how_far_it_is_covered() -> None:
    bill = replace(share("bill", FIRST, ("a",)), months={FIRST: (("a",), date(2026, 1, 7))})
    refund = replace(share("bill", date(2026, 2, 1), ("b",)), months={FIRST: (("b",), date(2026, 1, 20))})
    assert claims_of(FIRST, [bill, refund], frozenset()).through == date(2026, 1, 7)
    nothing = claims_of(FIRST, [refund], frozenset())
    assert (nothing.exported, nothing.through) == (frozenset(), None)
    assert claims_of(date(2026, 3, 1), [bill], frozenset()).through is None


def test_what_cost_explorer_tells_counts_whole_and_a_part_without_a_line_left_not_at_all() -> None:
    own = Drop("own", "focus", "own", NOW, OK, months={FIRST: (("a",), FIRST)})
    bill = share("bill", FIRST, ("a",))
    claims = claims_of(FIRST, [own, bill], frozenset())
    line = CostLine("a", "", "", "", "", "", "USD", None, None, None)
    part = CostPart(FIRST, FOCUS_EXPORT, bill.origin, (line,), totals_of([line]), False)
    assert claims.counted(part) is None
    assert claims.counted(replace(part, source=COST_EXPLORER)) == replace(part, source=COST_EXPLORER)


def test_a_key_names_its_export_and_billing_period_wherever_it_lies_below() -> None:
    assert place_of(KEY) == Manifest(KEY, "bill", date(2026, 11, 1), ())
    low = "focus-export/bill/billing_period=2026-02/a.csv"
    assert place_of(low) == Manifest(low, "bill", date(2026, 2, 1), ())
    for key in ("focus-export/bill/a.csv", KEY.replace("2026-11", "2026-13"), KEY.replace("2026-11", "1999-11"), "x/" + KEY):
        assert place_of(key) is None


HOUR = timedelta(hours=1)
FIRST_OF_ALL = Incoming("v1", NOW, "m1")
EMPTY = PayerExport("focus-export/bill/BILLING_PERIOD=2026-01", "bill", FIRST)


def test_nothing_that_counts_is_newer_than_no_manifest() -> None:
    assert not EMPTY.newer_than(NOW, "m")


@pytest.mark.parametrize(
    "modified, manifest, newer",
    [(NOW - HOUR, "z", True), (NOW, "a", True), (NOW, "m1", False), (NOW, "z", False), (NOW + HOUR, "a", False)],
)
def test_of_two_manifests_the_later_and_of_one_second_the_greater_key_is_newer(modified: datetime, manifest: str, newer: bool) -> None:
    assert EMPTY.promoted(FIRST_OF_ALL, 1, (), {}).newer_than(modified, manifest) is newer


def test_a_version_that_is_coming_is_written_down_with_every_month_and_owner_it_may_touch() -> None:
    begun = EMPTY.begun(FIRST_OF_ALL, [date(2026, 2, 1), FIRST], ["b", "a"])
    assert (begun.incoming, begun.months, begun.owners) == ((FIRST_OF_ALL,), (FIRST, date(2026, 2, 1)), ("a", "b"))
    again = Incoming("v1", NOW + HOUR, "m3")
    other = begun.begun(Incoming("v2", NOW, "m2"), [FIRST], ["c"]).begun(again, [], [])
    assert other.incoming == (Incoming("v2", NOW, "m2"), again)
    assert (other.months, other.owners, other.version) == (begun.months, ("a", "b", "c"), "")


def test_a_version_that_counts_ends_those_of_older_manifests_and_has_everybody_told() -> None:
    older, later = Incoming("v0", NOW - HOUR, "m0"), Incoming("v2", NOW, "m2")
    record = replace(EMPTY, state="rejected", reason="was bad")
    for coming in (older, FIRST_OF_ALL, later):
        record = record.begun(coming, [FIRST], [coming.version])
    counts = record.promoted(FIRST_OF_ALL, 7, ("odd",), {FIRST: date(2026, 1, 9)})
    assert (counts.version, counts.manifest, counts.modified) == ("v1", "m1", NOW)
    assert (counts.rows, counts.notes, counts.through) == (7, ("odd",), {FIRST: date(2026, 1, 9)})
    assert (counts.incoming, counts.untold) == ((later,), ("v0", "v1", "v2"))
    assert (counts.state, counts.reason) == (OK, "")


def test_a_manifest_that_says_the_same_again_is_the_last_one_unless_it_is_older() -> None:
    counts = replace(EMPTY.promoted(FIRST_OF_ALL, 7, (), {}), state="rejected", reason="was bad")
    again = counts.confirmed("m2", NOW + HOUR)
    assert (again.manifest, again.modified, again.state, again.reason) == ("m2", NOW + HOUR, OK, "")
    assert (again.version, again.rows) == ("v1", 7)
    assert counts.confirmed("m0", NOW - HOUR) == counts.confirmed("m0", NOW) == counts
    assert counts.confirmed("m1", NOW).state == OK


def test_a_part_is_of_its_billing_period_in_whatever_version() -> None:
    place = Manifest(KEY, "bill", date(2026, 11, 1), ()).period_key
    one, other = (replace(share("bill", FIRST, ("a",)), key=place, digest=digest).origin for digest in ("d" * 64, "e" * 64))
    elsewhere = replace(share("bill", FIRST, ("a",)), key="another", digest="d" * 64).origin
    assert one != other
    assert (len(one), one[:24], one[24:]) == (40, "d" * 24, other[24:])
    found = [is_of(place, CostPart(FIRST, FOCUS_EXPORT, origin, (), (), False)) for origin in (one, other, elsewhere)]
    assert found == [True, True, False]
    assert not is_of(place, CostPart(FIRST, COST_EXPLORER, one, (), (), False))


def row(account: str, amount: int) -> CostLine:
    return CostLine(account, "S3", "", "", "AWS", "Usage", "USD", Decimal(amount), Decimal(amount), None)


def test_rows_go_to_whose_the_account_is_on_their_day_and_none_to_who_reads_through_a_view() -> None:
    until, second = date(2026, 2, 1), date(2026, 1, 2)
    acme = customer("acme", Account("1", until=until), Account("2"))
    beta = customer("beta", Account("1", since=until))
    viewer = replace(customer("viewer", Account("3")), billing_view="arn:aws:billing::1:billingview/custom-1")
    split = Split(iter([acme, beta, viewer]))
    for day, account, amount in [(FIRST, "1", 1), (FIRST, "1", 2), (FIRST, "2", 4), (second, "1", 8), (until, "1", 16), (until, "9", 32)]:
        split.add(day, row(account, amount))
    split.add(date(2026, 2, 5), row("3", 64))
    found = {
        owner: {day: [(one.account, one.billed) for one in of.lines] for day, of in days.items()} for owner, days in split.sums.items()
    }
    assert found == {
        "acme": {FIRST: [("1", 3), ("2", 4)], second: [("1", 8)]},
        "beta": {until: [("1", 16)]},
        UNALLOCATED: {until: [("9", 32)]},
    }
    assert split.through == {FIRST: second, until: until}


def test_a_version_changes_with_contents_claims_and_the_bills_close_and_with_nothing_else() -> None:
    acme, beta = customer("acme", Account("1")), customer("beta", Account("2", since=FIRST))
    read = Manifest(KEY, "bill", date(2026, 11, 1), ())
    files, early, late = [("a", "1"), ("b", "2")], datetime(2026, 12, 14, 23, tzinfo=UTC), datetime(2026, 12, 15, tzinfo=UTC)
    known = version_of(read, files, early, [acme, beta])
    assert version_of(replace(read, key="another"), files[::-1], early - timedelta(days=9), [replace(beta, name="B"), acme]) == known
    changed = [
        version_of(replace(read, export="other"), files, early, [acme, beta]),
        version_of(replace(read, period=date(2026, 12, 1)), files, early, [acme, beta]),
        version_of(read, [("a", "1"), ("b", "3")], early, [acme, beta]),
        version_of(read, files, late, [acme, beta]),
        version_of(read, files, early, [acme]),
        version_of(read, files, early, [acme, customer("beta", Account("2", since=FIRST, until=date(2026, 2, 1)))]),
        version_of(read, files, early, [acme, customer("beta", Account("2"))]),
        version_of(read, files, early, [acme, replace(beta, disabled=True)]),
        version_of(read, files, early, [acme, replace(beta, billing_view="arn")]),
        version_of(read, files, early, [acme, replace(beta, id="gamma")]),
    ]
    assert len({known, *changed}) == 1 + len(changed)
    assert len(known) == 64


def test_an_account_is_read_through_its_role() -> None:
    assert Account("111122223333").role_arn == "arn:aws:iam::111122223333:role/SecureBaseAnalyticsReader"
    assert Account("111122223333", "path/Mine").role_arn == "arn:aws:iam::111122223333:role/path/Mine"
