"""The hour's plan and its jobs: who is told what, and what is sent on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.domain.cost import CostPart
from chalicelib.domain.customer import UNALLOCATED, Account, Customer
from chalicelib.domain.errors import InvalidInput, SourceUnavailable, StoreUnavailable
from chalicelib.domain.period import HOUR, Window, midnight
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER, FAILING, NO_DATA, OK, SourceState
from chalicelib.domain.usage import Sample, hour_buckets
from chalicelib.usecases.aggregation import aggregate, costs, drops, moved
from tests.fakes import FakeCloudWatch, FakeMetrics, collaborators

NOW = datetime(2026, 11, 25, 12, 5, tzinfo=UTC)
END = datetime(2026, 11, 25, 12, tzinfo=UTC)


def customer(name: str, **more: Any) -> Customer:
    return Customer(name, name.title(), (Account(f"account of {name}"),), "x", NOW - timedelta(days=99), **more)


@dataclass
class FakeQueue:
    sent: list[Any] = field(default_factory=list)

    def send(self, jobs: Any) -> None:
        self.sent += [jobs] if isinstance(jobs, dict) else list(jobs)


class FakeLedger:
    """When shared work was done; `spent` tells how often the series may still be asked for."""

    def __init__(self, done: datetime | None = None, left: int = 9) -> None:
        self.done, self.left = done, left

    def done_at(self, what: str) -> datetime | None:
        return self.done

    def put_done(self, what: str, at: datetime) -> None:
        self.done = at

    def spend(self, source: str, units: int, cap: int) -> None:
        self.left -= units
        if self.left < 0:
            raise SourceUnavailable(source, "DailyCapReached")


class Series:
    """Cost Explorer's answer, or why there is none."""

    def __init__(self, answer: Any = None) -> None:
        self.answer, self.asked = {} if answer is None else answer, list[tuple[Window, str]]()

    def read(self, window: Window, billing_view: str = "") -> Any:
        self.asked.append((window, billing_view))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class World:
    """Customers by name, and what is sent and measured."""

    def __init__(self, *customers: Customer) -> None:
        self.customers = {one.id: one for one in customers}
        self.queue, self.findings_queue, self.measured = FakeQueue(), FakeQueue(), dict[str, Any]()
        self.metrics: Any = FakeMetrics(lambda: NOW, timedelta(days=14))
        self.metrics.statuses = lambda ids: {name: self.metrics.status(name) for name in ids}
        self.ledger, self.series, self.handed = FakeLedger(), Series(), dict[str, Any]()

    @property
    def with_(self) -> Any:
        people = SimpleNamespace(all=lambda: list(self.customers.values()), get=self.customers.get)
        handover = SimpleNamespace(put=self._hand, get=self.handed.get)
        known = collaborators(self.metrics, FakeCloudWatch(lambda: NOW))
        more: Any = {"queue": self.queue, "findings_queue": self.findings_queue, "customers": people, "measure": self.measured.__setitem__}
        return replace(known, **more, usage_every=1, ledger=self.ledger, costs=self.series, handover=handover, clock=lambda: NOW)  # type: ignore[arg-type]

    def _hand(self, key: str, shares: Any) -> str:
        self.handed[key] = shares
        return key

    def run(self, job: dict[str, str], left: float = 60.0) -> None:
        aggregate.run(self.with_, job, lambda: left)


# The plan


def test_a_plan_names_every_customer_that_is_not_disabled() -> None:
    world = World(customer("acme"), customer("bora"), customer("gone", disabled=True))
    assert aggregate.plan(world.with_, NOW) == {"customers": 2, "end": "2026-11-25T12:00:00Z"}
    assert [(job["job"], job.get("customers")) for job in world.queue.sent] == [("costs", None), ("plan", "acme,bora")]
    assert world.measured == {"Customers": 2}


def test_where_there_is_no_customer_none_is_late() -> None:
    world = World()
    aggregate.plan(world.with_, NOW)
    assert world.measured == {"Customers": 0, "SourceAgeRatio": 0}


def test_each_customer_has_one_hour_of_the_day_for_its_findings_and_its_late_points() -> None:
    world = World()
    for hour in range(24):
        world.run({"job": "plan", "customers": "acme,bora", "end": f"2026-11-25T{hour:02}:00:00Z"})
    assert [job["customer_id"] for job in world.queue.sent if job["job"] == "daily"].count("acme") == 1
    assert len([job for job in world.queue.sent if job["job"] == "customer"]) == 48
    assert sorted(job["customer_id"] for job in world.findings_queue.sent) == ["acme", "bora"]


def test_the_oldest_source_is_told_and_where_it_cannot_be_known_nothing_is() -> None:
    world = World()
    world.metrics.sources[CLOUDWATCH] = SourceState(CLOUDWATCH, OK, NOW, NOW - 6 * HOUR, NOW)
    world.run({"job": "plan", "customers": "acme", "end": "2026-11-25T12:00:00Z"})
    assert world.measured == {"SourceAgeRatio": 2}

    def away(ids: Any) -> Any:
        raise StoreUnavailable("DynamoDB is away")

    world.metrics.statuses, world.measured = away, {}
    world.run({"job": "plan", "customers": "acme", "end": "2026-11-25T12:00:00Z"})
    assert world.measured == {}


# Jobs


def test_a_job_that_this_version_does_not_know_is_refused() -> None:
    with pytest.raises(InvalidInput, match="job"):
        World().run({"job": "dance"})


def test_of_a_customer_that_is_gone_or_disabled_nothing_is_done() -> None:
    world = World(customer("gone", disabled=True))
    for name in ("gone", "never"):
        world.run({"job": "customer", "customer_id": name, "end": "2026-11-25T12:00:00Z"})
    assert (world.queue.sent, world.findings_queue.sent, world.metrics.sources) == ([], [], {})


def test_an_overdue_sweep_is_sent_for_and_what_the_time_was_too_short_for_is_sent_on() -> None:
    world = World(customer("acme"))
    job = {"job": "customer", "customer_id": "acme", "end": "2026-11-25T12:00:00Z"}
    world.run(job)
    assert (world.queue.sent, [sent["job"] for sent in world.findings_queue.sent]) == ([], ["findings"])
    world.metrics.sources[CLOUDWATCH] = replace(world.metrics.sources[CLOUDWATCH], data_through=END - timedelta(days=5))
    world.run(job, left=0.0)
    assert world.queue.sent == [job]


def test_a_window_that_nobody_comes_back_for_fails_for_its_queue_to_see() -> None:
    world = World(customer("acme"))
    job = {"job": "usage", "customer_id": "acme", "start": "2026-11-20T00:00:00Z", "end": "2026-11-21T00:00:00Z"}
    world.run(job)
    down = FakeCloudWatch(lambda: NOW, {"account of acme": Window(NOW - HOUR, NOW + HOUR)})
    with pytest.raises(SourceUnavailable, match="AccessDenied"):
        aggregate.run(replace(world.with_, usage=down), job, lambda: 60.0)
    without = World(replace(customer("acme"), accounts=()))
    without.run(job)
    assert without.metrics.sources[CLOUDWATCH].state == NO_DATA


# Cost Explorer's series


def test_the_series_is_asked_for_every_six_hours_and_so_often_a_day() -> None:
    for ledger in (FakeLedger(END - 5 * HOUR), FakeLedger(left=0)):
        world = World(customer("acme"))
        world.ledger = ledger
        world.run({"job": "costs", "end": "2026-11-25T12:00:00Z"})
        assert (world.series.asked, world.queue.sent) == ([], [])


def test_shares_are_handed_over_by_lists_and_what_is_nobodys_as_one_of_its_own() -> None:
    world = World(*(customer(f"c{number:03}") for number in range(31)), customer("viewing", billing_view="arn:view"))
    part = CostPart(date(2026, 11, 2), COST_EXPLORER, "account of c000", (), (), True)
    world.series.answer = {"account of c000": (part,), "stranger": (replace(part, origin="stranger"),)}
    world.run({"job": "costs", "end": "2026-11-25T12:00:00Z"})
    assert [(job["job"], len(job.get("customers", "").split(","))) for job in world.queue.sent] == [
        ("pro_forma", 1),
        ("costs_of", 30),
        ("costs_of", 1),
        ("costs_of", 1),
    ]
    first, *_, last = world.handed.values()
    assert first["c000"] == [part]
    assert last == {UNALLOCATED: [replace(part, origin="stranger")]}
    assert world.ledger.done == END


def test_where_there_is_no_series_each_customer_is_told_why_and_it_is_asked_for_again() -> None:
    world = World(customer("acme"))
    world.series.answer = SourceUnavailable(COST_EXPLORER, "ThrottlingException", "us-east-1")
    world.run({"job": "costs", "end": "2026-11-25T12:00:00Z"})
    (job,) = world.queue.sent
    assert (job["customers"], job["reason"], world.ledger.done) == ("acme", "ThrottlingException", None)
    world.run(job)
    state = world.metrics.sources[COST_EXPLORER]
    assert (state.state, state.failures) == (FAILING, (("us-east-1", "ThrottlingException"),))


@pytest.mark.parametrize(("reason", "done", "kept"), [(None, HOUR, False), (None, 0 * HOUR, True), ("Throttled", 0 * HOUR, False)])
def test_shares_that_newer_ones_followed_change_nothing(reason: str | None, done: timedelta, kept: bool) -> None:
    world, taken = World(customer("acme")), list[str]()
    world.ledger = FakeLedger(END + done)
    world.handed["k"] = {}
    job = {"job": "costs_of", "customers": "acme", "end": "2026-11-25T12:00:00Z", "key": "k"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(costs, "keep_costs", lambda with_, customer, *more: taken.append(customer.id))
        patch.setattr(costs, "costs_failed", lambda with_, customer, *more: taken.append(customer.id))
        world.run(job | ({"reason": reason, "scope": ""} if reason else {}))
    assert bool(taken) is kept


def test_a_share_that_is_not_there_any_more_is_no_work() -> None:
    world = World(customer("acme"))
    world.run({"job": "costs_of", "customers": "acme", "end": "2026-11-25T12:00:00Z", "key": "gone"})
    assert world.metrics.sources == {}


def taking_over(world: World, customers: str, keep: Any, left: Any = lambda: 60.0) -> None:
    world.handed["k"] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(costs, "keep_costs", lambda with_, customer, *more: keep(customer.id))
        costs.take_over(world.with_, {"job": "costs_of", "customers": customers, "end": "2026-11-25T12:00:00Z", "key": "k"}, left)


def test_a_share_that_cannot_be_kept_is_sent_on_alone_and_fails_only_there() -> None:
    world, kept = World(customer("acme"), customer("bora"), customer("off", disabled=True)), list[str]()

    def keep(name: str) -> None:
        if name == "acme":
            raise StoreUnavailable("DynamoDB is away")
        kept.append(name)

    taking_over(world, "acme,off,never,bora", keep)
    assert (kept, [job["customers"] for job in world.queue.sent]) == (["bora"], ["acme"])
    with pytest.raises(StoreUnavailable):
        taking_over(world, "acme", keep)


def test_who_is_left_when_the_time_is_up_is_sent_on() -> None:
    world, kept = World(customer("acme"), customer("bora"), customer("cora")), list[str]()
    times = iter([60.0, 0.0])
    taking_over(world, "acme,bora,cora", kept.append, lambda: next(times))
    assert (kept, [job["customers"] for job in world.queue.sent]) == (["acme"], ["bora,cora"])


# A series of its own


def own(world: World, first: str = "2026-11-01", end: str = "2026-11-25", **more: Any) -> list[str]:
    """For whom costs were kept."""
    kept: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(costs, "keep_costs", lambda with_, customer, *given: kept.append(customer.id))
        patch.setattr(costs, "keep_unallocated", lambda with_, window, parts: kept.append(UNALLOCATED))
        window = Window(midnight(date.fromisoformat(first)), midnight(date.fromisoformat(end)))
        costs.read_costs(world.with_, window, world.customers.values(), NOW, **more)
    return kept


def test_days_that_lie_ahead_and_nobodys_days_are_not_asked_for() -> None:
    empty = World()
    assert (own(empty), empty.series.asked) == ([], [])
    ahead = World(customer("acme"))
    assert (own(ahead, "2026-11-25", "2026-11-27"), ahead.series.asked) == ([], [])
    world = World(customer("acme"), customer("bora"))
    assert own(world, of_nobody=True) == ["acme", "bora", UNALLOCATED]
    assert own(world) == ["acme", "bora"]


def test_an_old_window_that_cannot_be_had_is_its_callers_failure_and_a_present_one_the_sources() -> None:
    world = World(customer("acme"))
    world.series.answer = SourceUnavailable(COST_EXPLORER, "ThrottlingException")
    with pytest.raises(SourceUnavailable):
        own(world, end="2026-11-10")
    assert world.metrics.sources == {}
    own(world)
    assert world.metrics.sources[COST_EXPLORER].state == FAILING


def test_one_customers_failure_keeps_no_other_from_its_costs() -> None:
    world, kept = World(customer("acme"), customer("bora")), list[str]()

    def keep(with_: Any, one: Customer, *given: Any) -> None:
        if one.id == "acme":
            raise StoreUnavailable("DynamoDB is away")
        kept.append(one.id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(costs, "keep_costs", keep)
        with pytest.raises(StoreUnavailable):
            costs.read_costs(world.with_, costs.series_window(END), world.customers.values(), NOW)
    assert kept == ["bora"]


@pytest.mark.parametrize(("last", "asked"), [(None, 1), (END - HOUR, 1), (END, 0)])
def test_a_view_of_its_own_is_read_unless_it_has_been_read_since(last: datetime | None, asked: int) -> None:
    world = World(customer("acme", billing_view="arn:view"))
    world.metrics.sources[COST_EXPLORER] = SourceState(COST_EXPLORER, OK, NOW, None, last)
    world.series.answer = SourceUnavailable(COST_EXPLORER, "ThrottlingException")
    world.run({"job": "pro_forma", "customer_id": "acme", "end": "2026-11-25T12:00:00Z"})
    assert [view for _, view in world.series.asked] == ["arn:view"] * asked


def test_where_everything_is_somebodys_nothing_is_settled_for_nobody() -> None:
    world = World(customer("acme"))
    written: list[Any] = []
    world.metrics.cost_parts = lambda *asked: []
    world.metrics.put_cost_parts = world.metrics.delete_cost_parts = lambda name, parts: written.extend(parts)
    costs.keep_unallocated(world.with_, costs.series_window(END), ())
    assert (written, world.measured) == ([], {})


# A dropped key


def test_a_key_that_is_gone_by_the_time_its_job_comes_is_forgotten() -> None:
    world, done = World(customer("acme")), list[tuple[str, str]]()
    exports: Any = SimpleNamespace(open=lambda customer_id, key: done.append((customer_id, key)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drops, "take_findings", lambda with_, customer, key, opened: done.append((customer.id, f"{key}: {opened}")))
        job = {"job": "drop", "customer_id": "acme", "kind": "findings", "key": "acme/findings/a.json"}
        aggregate.run(replace(world.with_, exports=exports), job)
    assert done[1] == ("acme", "acme/findings/a.json: None")


# An account that moved


def test_what_a_moved_account_used_since_then_is_forgotten_and_its_days_alone_are_unknown() -> None:
    world = World(customer("acme"))
    since = midnight(date(2026, 11, 24))
    for first, scopes in ((since, ("gone/us-east-1", "stays/us-east-1")), (since + 24 * HOUR, ("gone/us-east-1",))):
        samples = [Sample(first, "api_calls", "Amazon API Gateway", "us-east-1", scope.partition("/")[0], 5) for scope in scopes]  # type: ignore[arg-type]
        buckets = hour_buckets(samples, Window(first, first + HOUR), scopes)
        world.metrics.hours.put("acme", buckets)
        world.metrics.usage.put("acme", buckets)
    unknown: list[date] = []
    real = world.metrics.usage.put
    world.metrics.usage.put = lambda name, days, gone: (unknown.extend(gone), real(name, days))[1]
    moved.forget_usage(world.with_, world.customers["acme"], "account of acme", since)
    assert unknown == [], "an account that is the customer's again stays"
    moved.forget_usage(world.with_, world.customers["acme"], "gone", since)
    assert {key.account for hour in world.metrics.hours.found.values() for key in hour.keys} == {"stays"}
    assert unknown == [date(2026, 11, 25)]
    assert world.metrics.sources == {}, "a source that never told anything has no state"
    world.metrics.sources[CLOUDWATCH] = SourceState(CLOUDWATCH, OK, NOW)
    moved.forget_usage(world.with_, world.customers["acme"], "gone", since)
    assert world.metrics.sources[CLOUDWATCH].version == "version"
