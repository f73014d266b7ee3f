"""A report whose worker, or whose request, dies at any call to AWS: repeated, it is there once, whole, and its place is free again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from chalicelib import wiring
from chalicelib.domain.reporting import READY, ReportRecord
from chalicelib.routes.reports import reporting
from chalicelib.security.signing import check
from chalicelib.stores import tables
from chalicelib.usecases.reports import rendering, report
from tests.adapters.test_crashes import MOMENTS, Killed, Killer
from tests.e2e.embedded import Embedded

BODY = {"type": ["costs"], "format": ["csv"], "period": ["7d"]}
REPORT_ID, OTHER_ID, KEY = "a" * 32, "b" * 32, "a key"


@pytest.fixture(scope="module")
def aws(module_aws: Embedded) -> Iterator[Embedded]:
    module_aws.reset()
    module_aws.aggregate(module_aws.customers[0])
    yield module_aws
    wiring.use(None)


@pytest.fixture(scope="module")
def killer(aws: Embedded) -> Killer:
    """Hears of the calls of a client of each service that reports need, each made by a first report."""
    made = Killer()
    wiring.use(aws.services)
    customer_id = aws.customers[0].id
    report.request(reporting(), customer_id, BODY, OTHER_ID, None)
    rendering.run(reporting(), customer_id, OTHER_ID)
    for service in ("dynamodb", "s3", "sqs"):
        for moment in MOMENTS:
            aws.services.client(service).meta.events.register(f"{moment}.*.*", lambda model, m=moment, **_: made._heard(m, model))
    return made


def dying(killer: Killer, moment: str, at: int | None, doing: Callable[[], object]) -> bool:
    """Whether it died."""
    killer.calls, killer.at, killer.moment = [], at, moment
    try:
        doing()
    except Killed:
        return True
    finally:
        killer.at, killer.moment = None, ""
    return False


def anew(aws: Embedded) -> None:
    """No report at all, and a clock at its start; the costs stay."""
    reports = tables.physical_name("local", tables.REPORTS.name)
    client = aws.services.client("dynamodb")
    for item in aws.scan(tables.REPORTS):
        client.delete_item(TableName=reports, Key={name: item[name] for name in (tables.REPORTS.hash_key, str(tables.REPORTS.range_key))})


def document(customer_id: str, record: ReportRecord) -> bytes:
    file = reporting().files.open(customer_id, record)
    assert file is not None
    with file:
        return file.read()


def under_way(aws: Embedded) -> list[str]:
    return [name for item in aws.scan(tables.REPORTS) for name in item.get("ids", {}).get("SS", [])]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_worker_that_died_anywhere_is_finished_by_the_next(aws: Embedded, killer: Killer, moment: str) -> None:
    customer_id, start, at, whole, count = aws.customers[0].id, aws.now, 0, b"", 1
    while at < count:
        aws.now = start
        anew(aws)
        report.request(reporting(), customer_id, BODY, REPORT_ID, None)
        if not whole:
            assert not dying(killer, moment, None, lambda: rendering.run(reporting(), customer_id, REPORT_ID))
            count, names = len(killer.calls), list(killer.calls)
            whole = document(customer_id, report.fetch(reporting(), customer_id, REPORT_ID))
            continue
        assert dying(killer, moment, at, lambda: rendering.run(reporting(), customer_id, REPORT_ID)), names[at]
        aws.now += rendering.LEASE
        rendering.run(reporting(), customer_id, REPORT_ID)
        record, verified = report.verify(reporting(), customer_id, REPORT_ID, check)
        place = f"{moment} {names[at]}, call {at} of {count}"
        assert (record.status, tuple(verified), document(customer_id, record)) == (READY, ("ok", "ok"), whole), place
        if record.attempts == 2:
            assert under_way(aws) == [], place
        at += 1
    assert count >= 6


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_request_that_died_anywhere_makes_one_report_when_it_is_repeated(aws: Embedded, killer: Killer, moment: str) -> None:
    customer_id, start, at, count = aws.customers[0].id, aws.now, 0, 1
    while at < count:
        aws.now = start
        anew(aws)
        died = dying(killer, moment, at, lambda: report.request(reporting(), customer_id, BODY, REPORT_ID, KEY))
        count = at + 2 if died else at + 1
        aws.now += report.LOST_AFTER * 2
        held = report.request(reporting(), customer_id, BODY, OTHER_ID, KEY)
        assert [one.id for one in reporting().records.list(customer_id, 10, None)[0]] == [held.id]
        assert under_way(aws) == [held.id]
        rendering.run(reporting(), customer_id, held.id)
        assert report.fetch(reporting(), customer_id, held.id).status == READY
        at += 1
    assert count >= 3
