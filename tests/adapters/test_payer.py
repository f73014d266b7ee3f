"""The payer's export: every row is somebody's on its day, once, whatever is cut off, late, repeated, moved or told by another source."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.cost import CostLine, CostPart, totals_of
from chalicelib.domain.customer import UNALLOCATED, Account, Customer
from chalicelib.domain.errors import RejectedDrop
from chalicelib.domain.exact import add_known
from chalicelib.domain.period import Window, midnight
from chalicelib.domain.spend import Chosen, by_day
from chalicelib.domain.state import COST_EXPLORER
from chalicelib.routes import events
from chalicelib.stores import tables
from chalicelib.usecases.aggregation import aggregate, drops, payer
from chalicelib.usecases.aggregation.settle import settle_months
from local import aws as embedded
from ops import accounts, customers
from tests.e2e.embedded import NOW, Embedded
from tests.stack import SHARED_DATA

BUCKET = tables.bucket_name("local", "exports", "123456789012")
NOV = date(2025, 11, 1)
SHOP, DATA, LAB, NOBODY = "100000000001", "100000000002", "200000000001", "900000000009"
HEADER = ["BilledCost", "EffectiveCost", "ListCost", "BillingCurrency", "ChargePeriodStart", "ServiceName", "SubAccountId"]
Row = tuple[str, str, str]
"""(account, day, amount)"""
ROWS: list[Row] = [
    (SHOP, "2025-11-01", "1.00000000001"),
    (SHOP, "2025-11-20", "10"),
    (DATA, "2025-11-02", "5"),
    (LAB, "2025-11-02", "100"),
    (NOBODY, "2025-11-03", "0.7"),
]


@pytest.fixture
def aws(module_aws: Embedded) -> Embedded:
    module_aws.reset()
    two_customers(module_aws)
    return module_aws


def two_customers(aws: Embedded) -> None:
    for name, owned in (("acme", (SHOP, DATA)), ("lab", (LAB,))):
        aws.services.customers.put(Customer(name, name, tuple(Account(account) for account in owned), f"{name}-secret", NOW))


def bill(rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *([amount, amount, "", "USD", day, "Service", account] for account, day, amount in rows)])
    return text.getvalue().encode()


def put(aws: Embedded, key: str, content: bytes) -> None:
    aws.services.client("s3").put_object(Bucket=BUCKET, Key=key, Body=content)


def deliver(aws: Embedded, *files: bytes, export: str = "bill", period: str = "2025-11", run: str = "", age: int = 0) -> str:
    """What AWS delivers: the data files, then the manifest; returns its key. `age` is how many hours ago that was."""
    folder = f"BILLING_PERIOD={period}/{run}"
    keys = [f"focus-export/{export}/data/{folder}{export}-{number:05d}.csv" for number in range(1, len(files) + 1)]
    keys = [f"{key}.gz" if content[:2] == b"\x1f\x8b" else key for key, content in zip(keys, files, strict=True)]
    manifest = f"focus-export/{export}/metadata/{folder}{export}-Manifest.json"
    listed = {"executionId": run, "dataFiles": [f"s3://{BUCKET}/{key}" for key in keys], "columns": []}
    for key, content in [*zip(keys, files, strict=True), (manifest, json.dumps(listed).encode())]:
        put(aws, key, content)
        _age(key, age)
    return manifest


def _age(key: str, hours: int) -> None:
    """Moto dates objects by its own clock; the records of what was written are moved back instead."""
    found = s3_backends["123456789012"]["aws"].buckets[BUCKET].keys[key]
    found.last_modified = datetime(2026, 3, 1, 12, tzinfo=UTC).replace(tzinfo=None) - timedelta(hours=hours)


def _sent(aws: Embedded) -> list[dict[str, str]]:
    """The jobs that wait in the queue, taken out of it."""
    client, jobs = aws.services.client("sqs"), []
    url = f"{client.meta.endpoint_url}/123456789012/{tables.physical_name('local', tables.AGGREGATION_QUEUE.name)}"
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            jobs += list(events.jobs_of(message["Body"]))
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return jobs


def work(aws: Embedded) -> list[str]:
    """Does what waits in the queue, and what that sends, until nothing waits; returns the kinds of jobs done."""
    done = []
    while jobs := _sent(aws):
        for job in jobs:
            aggregate.run(aws.services.collaborators, job)
            done.append(job["job"])
    return done


def spent(aws: Embedded, owner: str, first: date = NOV, last: date = date(2025, 11, 30)) -> Decimal | None:
    days = aws.services.metrics.costs.read(owner, first, last)
    return add_known(by_day(days, "billed", Chosen(Selection(), "USD")).values()) if days else None


def everybody(aws: Embedded) -> dict[str, Decimal | None]:
    return {owner: spent(aws, owner) for owner in ("acme", "lab", UNALLOCATED)}


def origins(aws: Embedded) -> int:
    """How many versions of exports have parts anywhere."""
    owners = ("acme", "lab", UNALLOCATED)
    return len({part.origin for owner in owners for part in aws.services.metrics.cost_parts(owner, date(2020, 1, 1), date(2027, 1, 1))})


WHOLE = {"acme": Decimal("16.00000000001"), "lab": Decimal(100), UNALLOCATED: Decimal("0.7")}


def test_a_manifests_notification_gives_every_row_to_whose_its_account_is(aws: Embedded) -> None:
    deliver(aws, gzip.compress(bill(ROWS[:3])), bill(ROWS[3:]))
    assert sorted(work(aws)) == ["payer_export", "payer_settle", "payer_settle", "payer_settle"]
    assert everybody(aws) == WHOLE
    (share,) = aws.services.metrics.drops("lab")
    assert share.months == {NOV: ((LAB,), date(2025, 11, 20))}, "the export covers the month to its own last day"
    assert spent(aws, "lab", date(2025, 11, 20), date(2025, 11, 20)) == 0
    assert spent(aws, "lab", date(2025, 11, 21), date(2025, 11, 21)) is None


def test_the_same_manifest_twice_changes_nothing_at_all(aws: Embedded) -> None:
    key = deliver(aws, bill(ROWS))
    work(aws)
    before = aws.scan()
    payer.take(aws.services.collaborators, key)
    assert work(aws) == []
    deliver(aws, bill(ROWS), run="2025-12-01T00:00:00.000Z-again/")
    payer.take(aws.services.collaborators, key)
    assert aws.scan() == before


def test_a_newer_manifest_replaces_all_of_the_older_and_who_is_not_in_it_any_more_has_nothing(aws: Embedded) -> None:
    deliver(aws, bill(ROWS), age=24)
    work(aws)
    deliver(aws, bill([(SHOP, "2025-11-01", "2"), (NOBODY, "2025-11-03", "1")]))
    work(aws)
    assert everybody(aws) == {"acme": Decimal(2), "lab": None, UNALLOCATED: Decimal(1)}
    assert (origins(aws), aws.services.metrics.drops("lab")) == (1, [])
    deliver(aws, age=-1)
    work(aws)
    assert everybody(aws) == {"acme": None, "lab": None, UNALLOCATED: None}
    assert origins(aws) == 0


def test_an_older_manifest_that_comes_late_replaces_nothing(aws: Embedded) -> None:
    deliver(aws, bill(ROWS), run="2025-12-02/")
    work(aws)
    before = aws.scan()
    deliver(aws, bill([(SHOP, "2025-11-01", "2")]), run="2025-12-01/", age=24)
    assert work(aws) == ["payer_export"]
    assert aws.scan() == before


def test_a_manifest_that_says_the_same_again_makes_what_was_written_between_older(aws: Embedded) -> None:
    deliver(aws, bill(ROWS), age=24)
    work(aws)
    deliver(aws, bill([(SHOP, "2025-11-01", "2")]), run="between/", age=12)
    between = _sent(aws)
    deliver(aws, bill(ROWS))
    work(aws)
    for job in between:
        aggregate.run(aws.services.collaborators, job)
    work(aws)
    assert everybody(aws) == WHOLE


@pytest.mark.parametrize(("hours", "estimated"), [(24 * 80, True), (0, False)])
def test_a_month_is_final_once_its_export_is_past_rewriting(aws: Embedded, hours: int, estimated: bool) -> None:
    deliver(aws, bill(ROWS), age=24 * 80)  # 2025-12-11
    work(aws)
    deliver(aws, bill(ROWS), age=hours)
    work(aws)
    days = aws.services.metrics.costs.read("acme", NOV, date(2025, 11, 30))
    assert {day.estimated for day in days if day.lines} == {estimated}


class Killed(BaseException):
    """The worker's end, at whatever it was doing."""


WRITES = ("PutItem", "BatchWriteItem", "SendMessageBatch", "UpdateItem", "TransactWriteItems")


@contextmanager
def dying_at(aws: Embedded, write: int) -> Iterator[None]:
    """Ends whatever is done at its n-th write, once."""
    left = [write]

    def count(**_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    for service in ("dynamodb", "sqs"):
        for operation in WRITES:
            aws.on(service, f"before-call.{service}.{operation}", count)
    try:
        yield
    finally:
        aws.mend()


CHANGED = [(SHOP, "2025-11-01", "2"), (DATA, "2025-10-31", "1"), (NOBODY, "2025-11-03", "1")]
Told = tuple[dict[str, Decimal | None], Decimal | None, int, list[tuple[str, str]]]


class Replaced:
    """One version of a bill is taken in, another one lies there and a third after it: what becomes of that when a worker dies."""

    def __init__(self, aws: Embedded) -> None:
        self.aws = aws
        deliver(aws, bill(ROWS), age=24)
        work(aws)
        self.before = aws.scan()
        self.second = {"job": "payer_export", "key": deliver(aws, bill(CHANGED), run="b/", age=12)}
        self.third = {"job": "payer_export", "key": deliver(aws, bill(CHANGED[:1]), run="c/")}
        _sent(aws)

    def dying(self, write: int, overtaken: bool = False, again: bool = True) -> tuple[bool, Told]:
        """(whether the worker died at the n-th write of all, what is there at last); the queue brings its job again, or loses it."""
        keys = [{"customer_id": owner, "timestamp": place} for owner, place in self._keys()]
        table, names = self.aws.services.table(tables.METRICS), ("customer_id", "timestamp")
        self.aws.services.dynamo.write_many(table, names, [], keys)
        self.aws.services.dynamo.write_many(table, names, self.before)
        died = self._work(write, overtaken, again)
        october = spent(self.aws, "acme", date(2025, 10, 1), date(2025, 10, 31))
        return died, (everybody(self.aws), october, origins(self.aws), self._keys())

    def _work(self, write: int, overtaken: bool, again: bool) -> bool:
        died, jobs = False, [self.second]
        with dying_at(self.aws, write):
            while jobs:
                try:
                    aggregate.run(self.aws.services.collaborators, jobs[0])
                    jobs = [*jobs[1:], *_sent(self.aws)]
                except Killed:
                    died = True
                    jobs = [*jobs[1:], *_sent(self.aws), *([self.third] if overtaken else []), *(jobs[:1] if again else [])]
        return died

    def _keys(self) -> list[tuple[str, str]]:
        """What is kept, by key; the records also say when they were put."""
        return [(item["customer_id"]["S"], item["timestamp"]["S"]) for item in self.aws.scan()]


def test_cut_off_at_any_write_and_done_again_ends_the_same(aws: Embedded) -> None:
    story = Replaced(aws)
    _, undisturbed = story.dying(0)
    assert undisturbed[:3] == ({"acme": Decimal(2), "lab": None, UNALLOCATED: Decimal(1)}, Decimal(1), 1)
    write, died = 0, True
    while died:
        write += 1
        died, told = story.dying(write)
        assert told == undisturbed, write
    assert write > 20


def test_cut_off_at_any_write_and_overtaken_by_a_newer_manifest_leaves_nothing_behind(aws: Embedded) -> None:
    """Whether the queue brings the job of the worker that died again, or has lost it for good."""
    story, write, died = Replaced(aws), 0, True
    while died:
        write += 1
        died, told = story.dying(write, overtaken=True, again=write % 2 == 0)
        assert not died or told[:3] == ({"acme": Decimal(2), "lab": None, UNALLOCATED: None}, None, 1), write
    assert write > 20


def test_of_two_manifests_at_once_the_newer_counts_whoever_is_done_last(aws: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    older = deliver(aws, bill(ROWS), run="a/", age=24)
    newer = deliver(aws, bill([(SHOP, "2025-11-01", "2")]), run="b/")
    _sent(aws)
    put_parts, slow = aws.services.metrics.put_cost_parts, [True]

    def meanwhile(owner: str, parts: list[CostPart]) -> None:
        if slow.pop() if slow else False:
            payer.take(aws.services.collaborators, newer)
            work(aws)
        put_parts(owner, parts)

    monkeypatch.setattr(aws.services.metrics, "put_cost_parts", meanwhile)
    payer.take(aws.services.collaborators, older)
    work(aws)
    assert everybody(aws) == {"acme": Decimal(2), "lab": None, UNALLOCATED: None}
    assert origins(aws) == 1


def test_one_customers_failure_holds_no_other_up(aws: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(aws, bill(ROWS))
    (job,) = _sent(aws)
    aggregate.run(aws.services.collaborators, job)
    for settling in _sent(aws):
        if settling["customer_id"] != "acme":
            aggregate.run(aws.services.collaborators, settling)
    assert everybody(aws) == {**WHOLE, "acme": None}


def test_what_cannot_be_read_is_named_and_changes_no_number(aws: Embedded) -> None:
    deliver(aws, bill(ROWS), age=24)
    work(aws)
    key = deliver(aws, bill(ROWS), bill([(SHOP, "2025-11-01", "two")]))
    with pytest.raises(RejectedDrop, match=r"dataFiles\[1\]: row 2: BilledCost"):
        payer.take(aws.services.collaborators, key)
    _age(f"focus-export/bill/data/BILLING_PERIOD=2025-11/bill-{1:05d}.csv", -1)
    with pytest.raises(RejectedDrop, match=r"dataFiles\[0\]: written after the manifest"):
        payer.take(aws.services.collaborators, key)
    (record,) = aws.services.payer_exports.all()
    assert (record.state, record.reason.partition(":")[0]) == ("rejected", "dataFiles[0]")
    assert everybody(aws) == WHOLE
    deliver(aws, bill(ROWS), age=-2)
    work(aws)
    assert aws.services.payer_exports.all()[0].reason == ""


def test_a_first_manifest_that_is_not_understood_shows_in_what_the_operator_sees(aws: Embedded, capsys: pytest.CaptureFixture[str]) -> None:
    key = "focus-export/bill/metadata/BILLING_PERIOD=2025-11/bill-Manifest.json"
    put(aws, key, json.dumps({"dataFiles": [f"s3://{BUCKET}/focus-export/bill/data/BILLING_PERIOD=2025-11/a.parquet"]}).encode())
    with pytest.raises(RejectedDrop):
        payer.take(aws.services.collaborators, key)
    accounts.show_unallocated(aws.services)
    (shown,) = capsys.readouterr().out.splitlines()
    assert shown.split("\t")[3:] == ["rejected", "dataFiles[0]: a Parquet file; set the export's format to gzip/csv"]
    deliver(aws, bill(ROWS))
    work(aws)
    assert everybody(aws) == WHOLE
    assert aws.services.payer_exports.all()[0].state == "ok"


def test_an_account_that_moves_mid_month_is_each_customers_on_its_days(aws: Embedded, capsys: pytest.CaptureFixture[str]) -> None:
    deliver(aws, bill(ROWS))
    work(aws)
    accounts.move(aws.services, SHOP, "lab", date(2025, 11, 10))
    assert "is lab's from 2025-11-10 and was acme's before" in capsys.readouterr().err
    jobs = [job for job in _sent(aws) if job["job"].startswith("payer")]
    for job in jobs:
        aggregate.run(aws.services.collaborators, job)
    work(aws)
    assert everybody(aws) == {"acme": Decimal("6.00000000001"), "lab": Decimal(110), UNALLOCATED: Decimal("0.7")}
    deliver(aws, bill([*ROWS, (SHOP, "2025-11-09", "3"), (SHOP, "2025-11-10", "4")]), age=-1)
    work(aws)
    assert everybody(aws) == {"acme": Decimal("9.00000000001"), "lab": Decimal(114), UNALLOCATED: Decimal("0.7")}


def test_an_account_that_moves_while_its_rows_are_read_is_split_as_it_is_afterwards(aws: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(aws, bill(ROWS))
    (job,) = _sent(aws)
    put_parts, waiting = aws.services.metrics.put_cost_parts, [True]

    def meanwhile(owner: str, parts: list[CostPart]) -> None:
        if waiting:
            waiting.clear()
            accounts.move(aws.services, SHOP, "lab", date(2025, 11, 10))
        put_parts(owner, parts)

    monkeypatch.setattr(aws.services.metrics, "put_cost_parts", meanwhile)
    with pytest.raises(Exception, match="whose its accounts are"):
        aggregate.run(aws.services.collaborators, job)
    _sent(aws)
    aggregate.run(aws.services.collaborators, job)  # the queue brings it again
    work(aws)
    assert everybody(aws) == {"acme": Decimal("6.00000000001"), "lab": Decimal(110), UNALLOCATED: Decimal("0.7")}
    assert origins(aws) == 1


def test_an_account_given_to_a_customer_is_no_longer_unallocated(aws: Embedded, capsys: pytest.CaptureFixture[str]) -> None:
    deliver(aws, bill([*ROWS, (NOBODY, "2025-11-04", "2")]))
    work(aws)
    accounts.show_unallocated(aws.services)
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].startswith("focus-export/bill/BILLING_PERIOD=2025-11\t2026-03-01T12:00:00Z\t6 rows\tok\t-")
    assert shown[1:] == [f"2025-11\tUSD\t2.7\t1 accounts\t{NOBODY}"]
    customers.assign(aws.services, "lab", [NOBODY], date(2025, 11, 4))
    for job in _sent(aws):
        if job["job"].startswith("payer"):
            aggregate.run(aws.services.collaborators, job)
    work(aws)
    assert everybody(aws) == {**WHOLE, "lab": Decimal(102)}


def test_a_customers_own_drop_tells_of_its_accounts_months_instead_of_the_export(aws: Embedded) -> None:
    deliver(aws, bill(ROWS))
    work(aws)
    own = aws.services.export_files.put("acme", "focus", "own.csv", io.BytesIO(bill([(SHOP, "2025-11-05", "7")])))
    _sent(aws)
    acme = aws.services.customers.get("acme")
    assert acme
    drops.take(aws.services.collaborators, acme, "focus", own)
    assert spent(aws, "acme") == 12, "the drop's 7 for one account, the export's 5 for the other"
    notes = next(drop.notes for drop in aws.services.metrics.drops("acme") if drop.key == own)
    assert notes == ("focus-export/bill/BILLING_PERIOD=2025-11 has rows of the same accounts and months, too (2025-11): this file counts",)
    deliver(aws, bill([*ROWS, (SHOP, "2025-11-06", "50")]), age=-1)
    work(aws)
    assert spent(aws, "acme") == 12
    aws.services.client("s3").delete_object(Bucket=BUCKET, Key=own)
    drops.take(aws.services.collaborators, acme, "focus", own)
    assert spent(aws, "acme") == Decimal("66.00000000001")


def from_cost_explorer(aws: Embedded, owner: str, account: str, day: date, amount: str) -> None:
    line = CostLine(account, "Service", "", "", "AWS", "Usage", "USD", Decimal(amount), Decimal(amount), None)
    aws.services.metrics.put_cost_parts(owner, [CostPart(day, COST_EXPLORER, account, (line,), totals_of([line]), False)])
    settle_months(aws.services.metrics, owner, [day.replace(day=1)])


def test_the_export_wins_over_cost_explorer_for_the_accounts_and_months_that_it_tells_of(aws: Embedded) -> None:
    from_cost_explorer(aws, "acme", SHOP, date(2025, 11, 3), "1000")
    from_cost_explorer(aws, "acme", "100000000003", date(2025, 11, 3), "2000")
    from_cost_explorer(aws, "acme", SHOP, date(2025, 10, 3), "3000")
    deliver(aws, bill([*ROWS, (SHOP, "2025-10-30", "-4")]))
    work(aws)
    assert spent(aws, "acme") == Decimal("2016.00000000001")
    october = date(2025, 10, 1), date(2025, 10, 31)
    assert spent(aws, "acme", *october) == 3000, "a late refund doesn't take a month from Cost Explorer"
    deliver(aws, bill([(SHOP, "2025-10-02", "20")]), period="2025-10")
    work(aws)
    assert spent(aws, "acme", *october) == 16, "the month's own bill does, and then the refund belongs to it"


def test_of_two_exports_that_tell_of_the_same_account_and_month_the_one_that_came_last_counts(aws: Embedded) -> None:
    deliver(aws, bill(ROWS), age=24)
    deliver(aws, bill(ROWS), export="again")
    work(aws)
    assert everybody(aws) == WHOLE


def test_what_a_moved_account_used_and_cost_by_cost_explorer_goes_with_it_from_that_day(aws: Embedded) -> None:
    acme, borealis = aws.customers[:2]
    moved, day, first, last = acme.account_ids[0], date(2026, 3, 2), date(2026, 2, 20), date(2026, 3, 3)
    window = Window(midnight(date(2026, 3, 1)), midnight(date(2026, 3, 4)))
    for customer in (acme, borealis):
        aws.aggregate(customer)
        aggregate.backfill(aws.services.collaborators, customer, window, NOW)

    def costs_of(owner: Customer) -> dict[date, Decimal | None]:
        days = aws.services.metrics.costs.read(owner.id, first, last)
        return {one.day: add_known(line.billed for line in one.lines if line.account == moved) for one in days}

    def usage_of(owner: Customer, account: str = moved) -> list[date]:
        days = aws.services.metrics.usage.read(owner.id, date(2026, 3, 1), last)
        hours = aws.services.metrics.hours.read(owner.id, window)
        found = [{one.start.date() for one in buckets if any(key.account == account for key in one.keys)} for buckets in (days, hours)]
        assert found[0] == found[1]
        return sorted(found[0])

    costs, kept = costs_of(acme), usage_of(acme, acme.account_ids[1])
    assert (usage_of(acme), usage_of(borealis), len(kept)) == (kept, [], 3)
    accounts.move(aws.services, moved, borealis.id, day)
    iam_backends[moved]["aws"].roles.clear()
    embedded.create_reader_role(moved, borealis.external_id)
    work(aws)
    assert (usage_of(acme), usage_of(borealis), usage_of(acme, acme.account_ids[1])) == (kept[:1], kept[1:], kept)
    assert costs_of(acme) == {one: amount if one < day else 0 for one, amount in costs.items()}
    assert costs_of(borealis) == {one: amount if one >= day else 0 for one, amount in costs.items()}
    assert all(costs.values())


def oracle(content: str, owners: dict[str, str]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row in csv.DictReader(io.StringIO(content, newline="")):
        totals[owners.get(row["SubAccountId"], UNALLOCATED)] += Decimal(row["BilledCost"])
    return dict(totals)


@pytest.mark.skipif(not (SHARED_DATA / "focus").is_dir(), reason="needs ../shared/data/focus")
def test_customers_and_unallocated_sum_to_the_real_bills_own_total(aws: Embedded) -> None:
    path = next((SHARED_DATA / "focus").glob("*.csv"))
    content = path.read_bytes()
    text = content.decode("utf-8-sig")
    ids = sorted({row["SubAccountId"] for row in csv.DictReader(io.StringIO(text, newline=""))})
    owners = {account: ("acme", "lab")[place % 2] for place, account in enumerate(ids) if place % 3}
    for name in ("acme", "lab"):
        owned = tuple(Account(account) for account in owners if owners[account] == name)
        aws.services.customers.put(Customer(name, name, owned, f"{name}-secret", NOW))
    deliver(aws, gzip.compress(content), period="2024-09")
    work(aws)
    wide = date(2024, 1, 1), date(2025, 12, 31)
    found = {owner: spent(aws, owner, *wide) for owner in ("acme", "lab", UNALLOCATED)}
    assert {owner: total for owner, total in found.items() if total is not None} == oracle(text, owners)
    whole = sum(Decimal(row["BilledCost"]) for row in csv.DictReader(io.StringIO(text, newline="")))
    assert add_known(total for total in found.values() if total is not None) == whole


def test_customers_and_unallocated_sum_to_a_made_bills_own_total(aws: Embedded) -> None:
    accounts_of = (SHOP, DATA, LAB, NOBODY, "")
    rows = [(accounts_of[n % 5], f"2025-11-{n % 30 + 1:02d}", f"{'-' if n % 7 == 0 else ''}{n * n}.{n:011d}") for n in range(1, 400)]
    deliver(aws, bill(rows[:200]), gzip.compress(bill(rows[200:])))
    work(aws)
    assert everybody(aws) == oracle(bill(rows).decode(), {SHOP: "acme", DATA: "acme", LAB: "lab"})


def test_an_accounts_claims_never_overlap(aws: Embedded) -> None:
    with_ = aws.services
    with pytest.raises(SystemExit, match=f"account {SHOP} belongs to customer acme: `move` it"):
        customers.create(with_, "third", "Third", [SHOP])
    with pytest.raises(SystemExit, match="belongs to customer acme"):
        customers.assign(with_, "lab", [SHOP], date(2026, 1, 1))
    with pytest.raises(SystemExit, match="hasn't come yet"):
        accounts.move(with_, SHOP, "lab", date(2026, 3, 5))
    customers.disable(with_, "acme")
    with pytest.raises(SystemExit, match=rf"account {SHOP} \(until 2026-03-04\) belongs to customer acme, which is disabled"):
        customers.create(with_, "third", "Third", [SHOP])
    customers.create(with_, "third", "Third", [SHOP], date(2026, 3, 4))
    assert {one.id: one.owns(SHOP, date(2026, 3, 3)) for one in with_.customers.all()} == {"acme": True, "lab": False, "third": False}
    accounts.move(with_, SHOP, "lab", date(2026, 3, 4))
    assert [one.claims for one in with_.customers.all() if one.id == "third"] == [()], "not for a single day"


def test_a_disabled_customer_of_an_old_record_keeps_its_history(aws: Embedded) -> None:
    with_ = aws.services
    acme = with_.customers.get("acme")
    assert acme
    with_.customers.put(replace(acme, disabled=True))
    customers.assign(with_, "lab", [SHOP], date(2026, 1, 1))
    owners = {day: [one.id for one in with_.customers.all() if one.owns(SHOP, day)] for day in (date(2025, 12, 31), date(2026, 1, 1))}
    assert owners == {date(2025, 12, 31): ["acme"], date(2026, 1, 1): ["lab"]}
