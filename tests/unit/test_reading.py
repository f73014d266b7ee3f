"""What sources read on their way: metrics that were ever listed, chunks of findings, rows of an export."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from chalicelib.domain.findings import Sweep
from chalicelib.domain.reading import CostRows, Registry
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER, FAILING, NO_DATA, NOT_ENABLED, OK, CustomerStatus, SourceState
from tests.unit.findings import NOW, finding

SCOPE, OTHER = "1/eu-west-1", "1/us-east-1"
CPU, DISK = ("AWS/EC2", "CPUUtilization"), ("AWS/EBS", "VolumeReadOps")
FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)


def test_a_metric_is_known_by_the_last_day_it_was_listed_on() -> None:
    registry = Registry().with_listed(SCOPE, [DISK, CPU], FIRST).with_listed(SCOPE, [CPU], SECOND).with_listed(SCOPE, [CPU], FIRST)
    assert registry.of(SCOPE, FIRST) == {CPU, DISK}
    assert registry.of(SCOPE, SECOND) == {CPU}
    assert registry.of(OTHER, FIRST) == set()


def test_scopes_are_listed_apart_and_in_one_order_however_they_came() -> None:
    registry = Registry(NOW).with_listed(OTHER, [DISK, CPU], FIRST).with_listed(SCOPE, [CPU], SECOND)
    assert list(registry.scopes.items()) == [(SCOPE, ((CPU, SECOND),)), (OTHER, ((DISK, FIRST), (CPU, FIRST)))]
    assert registry.listed_at == NOW


def test_a_sweep_goes_page_by_page_and_with_the_last_one_to_the_next_chunk() -> None:
    one, other = finding("S3.1"), finding("S3.2")
    page = Sweep(NOW).after((one,), "t1")
    assert (page.chunk, page.token, page.tokens, page.findings) == (0, "t1", ("t1",), (one,))
    page = page.after((), "t2")
    assert (page.chunk, page.token, page.tokens, page.findings) == (0, "t2", ("t1", "t2"), (one,))
    page = page.after((other,), None)
    assert (page.chunk, page.token, page.tokens, page.findings) == (1, None, (), (one, other))
    assert page.after((), None).chunk == 2


def test_rows_add_up_and_those_with_unreadable_tags_are_told() -> None:
    rows = CostRows(3, 0) + CostRows(4, 2)
    assert rows == CostRows(7, 2)
    assert rows.notes == ("the tags of 2 rows are not a JSON object; those rows count as untagged",)
    assert CostRows(3).notes == ()


STATE = SourceState(CLOUDWATCH, OK, NOW, data_through=NOW)


def test_a_failed_read_keeps_what_was_known_and_since_when_it_goes_no_further() -> None:
    later = NOW + timedelta(hours=1)
    failed = STATE.failed(later, (("1", "AccessDenied"), ("2", "OptInRequired")))
    assert (failed.state, failed.attempted_at, failed.data_through, failed.failing_since) == (FAILING, later, NOW, NOW)
    assert failed.failures == (("1", "AccessDenied"), ("2", "OptInRequired"))
    before = NOW - timedelta(hours=5)
    assert replace(STATE, failing_since=before).failed(later, ()).failing_since == before
    assert STATE.failed(later, ()).state == FAILING


def test_a_service_that_is_switched_off_everywhere_is_no_failure() -> None:
    reasons = ("OptInRequired", "InvalidAccessException", "SubscriptionRequiredException")
    for count in (1, 2, 3):
        assert STATE.failed(NOW, tuple(("1", reason) for reason in reasons[:count])).state == NOT_ENABLED


def test_a_sources_age_is_told_by_how_often_it_is_read() -> None:
    old = datetime(2026, 11, 1, 12, tzinfo=UTC)
    state = replace(STATE, data_through=old)
    assert state.age_ratio(old + timedelta(hours=6)) == 2
    assert replace(state, every=4).age_ratio(old + timedelta(hours=6)) == 1
    assert not state.stale(old + timedelta(hours=3))
    assert state.stale(old + timedelta(hours=3, seconds=1))
    assert replace(state, data_through=None).age_ratio(NOW) == replace(state, source="findings_export").age_ratio(NOW) == 0


def test_a_customer_is_as_old_as_its_oldest_source_that_tells_anything() -> None:
    old = replace(STATE, data_through=NOW - timedelta(hours=6))
    costs = SourceState(COST_EXPLORER, OK, NOW, NOW - timedelta(hours=30))
    assert CustomerStatus(sources={CLOUDWATCH: old, COST_EXPLORER: costs}).age_ratio(NOW) == 2
    for silent in (NOT_ENABLED, NO_DATA):
        assert CustomerStatus(sources={CLOUDWATCH: replace(old, state=silent), COST_EXPLORER: costs}).age_ratio(NOW) == 1
    assert CustomerStatus().age_ratio(NOW) == 0


def test_what_was_written_a_minute_ago_is_everywhere_by_now() -> None:
    status = CustomerStatus(changed_at=NOW)
    assert [status.settled(NOW + timedelta(seconds=seconds)) for seconds in (0, 59, 60, 61)] == [False, False, True, True]
    assert not CustomerStatus().settled(NOW)
