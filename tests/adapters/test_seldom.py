"""What functions do seldom, through their own handlers: what they ask of AWS then is in their policies, too (tests/grants.py)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.budget import Budget, Budgets, Threshold
from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import StoreUnavailable
from chalicelib.domain.recipient import VERIFIED, WEBHOOK, Recipient, Recipients
from chalicelib.domain.schedule import PARKED, Schedule
from chalicelib.domain.signals import REPORT_ENGINE
from chalicelib.routes.reports import reporting
from chalicelib.security.secrets import FRESH_SECONDS, Remembered
from chalicelib.stores import tables
from chalicelib.usecases.reports import rendering, report
from local.seed import associations, findings
from tests.adapters.feeds import Feeds, feeding
from tests.adapters.posting import Post, posting
from tests.e2e.embedded import NOW
from tests.recorder.aws_calls import doing


@pytest.fixture(scope="module")
def running() -> Iterator[Feeds]:
    with feeding() as made:
        yield made


@pytest.fixture
def feeds(running: Feeds) -> Feeds:
    running.empty()
    return running


@pytest.fixture
def customer(feeds: Feeds) -> Customer:
    chosen = feeds.aws.customers[2]
    feeds.aws.services.customers.create(chosen)
    return chosen


def test_the_providers_forecast_is_asked_by_the_worker(feeds: Feeds, customer: Customer) -> None:
    feeds.use(paid_forecasts=True)
    before = feeds.aws.aws.costs.calls.count("GetCostForecast")
    feeds.hour(NOW)
    assert feeds.aws.aws.costs.calls.count("GetCostForecast") == before + 1
    prospects = feeds.aws.services.metrics.status(customer.id).prospects
    assert prospects is not None
    assert prospects.of["USD"]["billed"].next_month.method == "cost-explorer"


def test_a_control_without_findings_any_more_is_asked_for(feeds: Feeds, customer: Customer) -> None:
    feeds.hour(NOW)
    known = feeds.aws.services.metrics.latest_compliance_day(customer.id, NOW.date())
    assert known is not None
    feeds.aws.aws.hub.load([], associations(feeds.aws.seeded))
    feeds.hour(NOW + timedelta(hours=27))
    feeds.aws.aws.hub.load(findings(feeds.aws.seeded), associations(feeds.aws.seeded))
    later = feeds.aws.services.metrics.latest_compliance_day(customer.id, NOW.date() + timedelta(days=1))
    assert later is not None
    assert later != known


def test_a_budget_that_is_crossed_is_told_by_the_worker_once(feeds: Feeds, customer: Customer) -> None:
    choices = feeds.aws.services.metrics.choices
    told = Recipient("0" * 32, WEBHOOK, "https://hooks.example/in", NOW, "test", events=("budget",), status=VERIFIED)
    choices.change(customer.id, Recipients, lambda held: Recipients((told,)))
    budget = Budget("b" * 32, "tiny", Decimal(1), "USD", "billed", Selection(), (Threshold(Decimal(50)),), NOW, "test")
    choices.change(customer.id, Budgets, lambda held: Budgets((budget,)))
    for hours in (0, 6):
        feeds.hour(NOW + timedelta(hours=hours))
    sent = [item for item in feeds.aws.scan(tables.SCHEDULES) if item["schedule_id"]["S"].startswith("sent#event#")]
    assert len(sent) == 1


@pytest.fixture(scope="module")
def turning() -> Iterator[Post]:
    with posting() as made:
        yield made


@pytest.fixture
def post(turning: Post) -> Post:
    turning.anew(NOW)
    return turning


def test_a_report_that_was_deleted_while_its_job_waited_leaves_no_document(post: Post) -> None:
    body = {"type": ["costs"], "format": ["csv"], "period": ["7d"]}
    report.request(reporting(), post.customer.id, body, "c" * 32, None)
    with doing(REPORT_ENGINE.name):
        rendering.run(reporting(), post.customer.id, "c" * 32)
    kept = reporting().files
    record = report.fetch(reporting(), post.customer.id, "c" * 32)
    post.services.reports.delete(post.customer.id, "c" * 32)
    with doing(REPORT_ENGINE.name):
        rendering.run(reporting(), post.customer.id, "c" * 32)
    assert kept.open(post.customer.id, record) is None


def test_a_schedule_whose_zone_is_gone_is_parked_by_the_reporter_and_its_owner_told(post: Post) -> None:
    post.recipients(WEBHOOK)
    schedule = post.schedule()
    broken = replace(schedule, cadence=replace(schedule.cadence, zone="Atlantis/Center"))
    assert post.services.schedules.swap(post.customer.id, schedule, broken)
    for minute in (1, 6, 11, 16):
        post.aws.now = NOW.replace(hour=15, minute=minute)
        post.turn()
    held = post.services.schedules.get(post.customer.id, Schedule, schedule.id)
    assert held is not None
    assert held.status == PARKED
    assert len(post.arrived("webhook")) == 1


def test_a_worker_whose_reading_of_the_secret_is_old_reads_it_for_what_it_signs(post: Post) -> None:
    post.recipients(WEBHOOK)
    post.schedule()
    post.aws.now = NOW.replace(hour=15, minute=1)
    old_each_time = Remembered(post.services._read_masters, count(0.0, FRESH_SECONDS).__next__, lambda: None)
    before, post.services.__dict__["_remembered"] = post.services.__dict__.get("_remembered"), old_each_time
    try:
        post.turn()
    finally:
        post.services.__dict__["_remembered"] = before or old_each_time
    assert len(post.arrived("webhook")) == 1


class Away:
    """A queue that doesn't answer."""

    def send(self, jobs: object) -> None:
        raise StoreUnavailable("away")


def test_a_run_whose_reports_queue_is_away_takes_its_report_back_and_comes_again(post: Post) -> None:
    post.recipients(WEBHOOK)
    schedule = post.schedule()
    queue = post.services.report_queue
    post.aws.now = NOW.replace(hour=15, minute=1)
    post.services.__dict__["report_queue"] = Away()
    try:
        post.turn()
        assert post.services.reports.list(post.customer.id, 10, None)[0] == []
    finally:
        post.services.__dict__["report_queue"] = queue
    post.mended()
    (run,) = post.runs(schedule)
    assert post.statuses(run) == {WEBHOOK: "delivered"}
