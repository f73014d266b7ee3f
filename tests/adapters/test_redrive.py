"""Jobs that were given up come back into their queues, all of them, once, and are done; what they bring late replaces nothing newer."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.customer import Customer
from chalicelib.domain.period import HOUR, iso
from chalicelib.stores import tables
from chalicelib.usecases.aggregation import aggregate
from local.seed import cost_records
from ops import backfill
from tests.adapters.feeds import WORKED, Feeds
from tests.e2e.embedded import CLOSED, NOW, Failing, Line


@pytest.fixture
def feeds(feeds: Feeds) -> Feeds:
    feeds.aws.aws.costs.load(cost_records(feeds.aws.seeded))
    for customer in feeds.aws.customers:
        feeds.aws.services.customers.put(customer)
    feeds.aws.on("sqs", "before-parameter-build.sqs.ReceiveMessage", at_once)
    return feeds


def at_once(params: dict[str, Any], **_: Any) -> None:
    """An empty queue says so without its second of waiting."""
    params["WaitTimeSeconds"] = 0


def bodies(feeds: Feeds, queue: tables.Queue, dead: bool = False) -> Counter[str]:
    return Counter(json.dumps(body, sort_keys=True) for body in feeds.lying(queue, dead))


def test_given_up_jobs_of_every_queue_come_back_once_and_are_done(
    feeds: Feeds, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    down = Failing(500, "InternalServerError")
    feeds.plan()
    feeds.aws.on("dynamodb", "before-send.dynamodb", down)
    for number in range(11):
        feeds.tell(json.dumps({"job": "findings", "customer_id": "cobalt-games", "end": iso(CLOSED), "n": str(number)}))
    feeds.work_off()
    down.mend()
    given_up = {queue: bodies(feeds, queue, dead=True) for queue in WORKED}
    assert [sum(found.values()) for found in given_up.values()] == [4, 11], "the costs and three customers; the sweeps"
    assert not any(feeds.waiting(queue) for queue in WORKED)

    monkeypatch.setattr(sys, "argv", ["backfill", "--stage", "local", "--dead-letters"])
    backfill.command()
    assert capsys.readouterr().out.splitlines() == [
        "analytics-aggregation: 4 jobs put back",
        "analytics-report-jobs: 0 jobs put back",
        "analytics-findings: 11 jobs put back",
        "analytics-deliveries: 0 jobs put back",
    ]
    assert {queue: bodies(feeds, queue) for queue in WORKED} == given_up
    assert not any(feeds.waiting(queue, dead=True) for queue in WORKED)

    feeds.work_off()
    assert not any(feeds.waiting(queue, dead=dead) for queue in WORKED for dead in (False, True))
    for customer in feeds.aws.customers:
        sources = feeds.aws.services.metrics.status(customer.id).sources
        assert {name: state.state for name, state in sources.items()} == dict.fromkeys(
            ("cloudwatch", "cost_explorer", "security_hub"), "ok"
        )
    backfill.command()
    assert "11" not in capsys.readouterr().out, "none is left to put back"


def test_a_redrive_that_is_cut_off_loses_no_job(feeds: Feeds) -> None:
    queue = tables.FINDINGS_QUEUE
    _, _, dead = next(one for one in feeds.aws.services.queues_with_dead_letters() if one[0] == queue.name)
    for number in range(3):
        dead.put(json.dumps({"job": "findings", "customer_id": "nobody", "end": iso(CLOSED), "n": str(number)}))

    class Cut(BaseException):
        """The shell is gone."""

    def cut(**_: Any) -> None:
        raise Cut

    feeds.aws.on("sqs", "before-call.sqs.DeleteMessage", cut)
    with pytest.raises(Cut):
        backfill.redrive(feeds.aws.services)
    assert sum(bodies(feeds, queue).values()) == 1, "it is back before it is gone from there"
    assert sum(bodies(feeds, queue, dead=True).values()) == 3


def test_a_job_that_no_version_knows_is_given_up_again_and_keeps_no_other(feeds: Feeds) -> None:
    feeds.tell(json.dumps({"job": "of tomorrow"}), tables.AGGREGATION_QUEUE)
    feeds.hour(NOW)
    assert feeds.lying(tables.AGGREGATION_QUEUE, dead=True) == [{"job": "of tomorrow"}]
    backfill.redrive(feeds.aws.services)
    feeds.work_off()
    assert feeds.lying(tables.AGGREGATION_QUEUE, dead=True) == [{"job": "of tomorrow"}]


# Jobs that come back late


def series(feeds: Feeds, end: Any) -> list[Any]:
    """The shared cost job of that hour; each customer's jobs that came of it."""
    line = Line()
    feeds.aws.now = end + timedelta(minutes=5)
    aggregate.run(replace(feeds.aws.services.collaborators, queue=line), {"job": "costs", "end": iso(end)})
    return line.jobs


def of(customer: Customer, jobs: list[Any]) -> Any:
    (job,) = [job for job in jobs if customer.id in job["customers"].split(",")]
    return {**job, "customers": customer.id}


def restated(feeds: Feeds) -> list[Any]:
    """The seed's records, every amount twice as large."""
    records = cost_records(feeds.aws.seeded)
    return [replace(one, amounts={name: 2 * amount for name, amount in one.amounts.items()}) for one in records]


def total(feeds: Feeds, customer: Customer) -> Any:
    days = feeds.aws.services.metrics.costs.read(customer.id, NOW.date() - timedelta(days=20), NOW.date())
    return sum(line.billed for day in days for line in day.lines)


def test_a_customers_share_of_an_earlier_series_that_comes_late_replaces_nothing_of_a_later_one(feeds: Feeds) -> None:
    customer = feeds.aws.customers[2]
    late = of(customer, series(feeds, CLOSED))
    feeds.aws.aws.costs.load(restated(feeds))
    aggregate.run(feeds.aws.services.collaborators, of(customer, series(feeds, CLOSED + 6 * HOUR)))
    before = total(feeds, customer), feeds.aws.scan()
    assert before[0] > 0
    aggregate.run(feeds.aws.services.collaborators, late)
    assert (total(feeds, customer), feeds.aws.scan()) == before


def test_a_series_failure_that_comes_late_does_not_call_a_source_failing_that_has_answered_since(feeds: Feeds) -> None:
    customer = feeds.aws.customers[2]
    feeds.aws.aws.costs.fail_next("InternalServerException", 1)
    late = of(customer, series(feeds, CLOSED))
    assert late["reason"] == "InternalServerException"
    aggregate.run(feeds.aws.services.collaborators, of(customer, series(feeds, CLOSED + HOUR)))
    before = feeds.aws.scan()
    aggregate.run(feeds.aws.services.collaborators, late)
    assert feeds.aws.scan() == before


def test_a_share_whose_series_is_the_last_one_counts_however_late_it_comes(feeds: Feeds) -> None:
    customer = feeds.aws.customers[2]
    late = of(customer, series(feeds, CLOSED))
    feeds.aws.aws.costs.fail_next("InternalServerException", 100)
    series(feeds, CLOSED + 7 * HOUR)
    feeds.aws.aws.costs._waiting.clear()
    aggregate.run(feeds.aws.services.collaborators, late)
    assert feeds.aws.state(customer, "cost_explorer") == ("ok", set())
    assert total(feeds, customer) > 0
