"""The simulation's own arithmetic, by hand: who works when, what AWS asks for, and what a call is counted as."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.fake_dynamodb import FakeDynamoDB
from bench.meter import LATENCY, VCPU, Meter, Work
from bench.prices import Quantities, bill, index_units, invoked, read_units, write_units
from bench.virtual import Clock, Left, Pool, Simulation
from bench.world import JOINED, STAGE, Done, steadied
from chalicelib.domain.errors import SourceUnavailable
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.ledger import Ledger
from chalicelib.stores.tables import LEDGER, METRICS, physical_name

CPUS = ((1, 0.2), (1, 0.1), (1, 0.9), (2, 5))
"""(calls, seconds of a processor) of four jobs."""


def simulated(pool: Pool, messages: list[str], seconds: float = 10) -> Simulation:
    """Each message takes that long."""
    clock = Clock(0)

    def work(queue: str, message: str, left: Left) -> Iterator[None]:
        clock.sleep(seconds)
        yield

    simulation = Simulation(clock, {"q": pool}, work)
    for message in messages:
        simulation.send("q", message)
    simulation.run()
    return simulation


def test_workers_share_a_queue() -> None:
    done = simulated(Pool(2), ["a", "b", "c"]).done
    assert [(one.started, one.ended, one.waited) for one in done] == [(0, 10, (0,)), (0, 10, (0,)), (10, 20, (10,))]


def test_a_batch_is_one_invocation_and_may_be_too_long() -> None:
    simulation = simulated(Pool(1, batch=3, timeout=25), ["a", "b", "c", "d"])
    assert [one.seconds for one in simulation.done] == [30, 10]
    assert [one.seconds for one in simulation.timeouts] == [30]


def test_lambda_begins_with_five_readers_and_adds_five_a_second() -> None:
    assert sorted(one.started for one in simulated(Pool(7), ["m"] * 7).done) == pytest.approx([0, 0, 0, 0, 0, 0.2, 0.4])


def test_a_worker_knows_how_much_time_is_left_of_its_batch() -> None:
    clock, told = Clock(100), []

    def work(queue: str, message: str, left: Left) -> Iterator[None]:
        told.append(left())
        clock.sleep(7)
        yield

    simulation = Simulation(clock, {"q": Pool(1, batch=2)}, work)
    for message in "ab":
        simulation.send("q", message)
    simulation.run()
    assert told == [60, 53]


def test_whoever_is_earlier_goes_on_first_and_what_is_sent_later_is_seen_later() -> None:
    clock, seen = Clock(0), []

    def work(queue: str, message: str, left: Left) -> Iterator[None]:
        for _ in range(2):
            seen.append((message, clock.at))
            clock.sleep({"slow": 3, "fast": 1}.get(message, 0))
            yield
        if message == "fast":
            simulation.send("q", "late", delay=5)

    simulation = Simulation(clock, {"q": Pool(2)}, work)
    simulation.send("q", "slow")
    simulation.send("q", "fast")
    simulation.run()
    assert seen == [("slow", 0), ("fast", 0), ("fast", 1), ("slow", 3), ("late", 7), ("late", 7)]


@pytest.mark.parametrize(
    ("sizes", "consistent", "units"), [([], True, 1), ([4096], True, 1), ([4000, 97], True, 2), ([4000, 97], False, 1)]
)
def test_what_is_read_together_is_rounded_together(sizes: list[int], consistent: bool, units: float) -> None:
    assert read_units(sizes, consistent) == units


def test_the_larger_of_old_and_new_is_written_and_a_transaction_writes_twice() -> None:
    assert (write_units(0, 1024), write_units(1025, 10), write_units(0, 0)) == (1, 2, 1)
    assert write_units(0, 1025, transaction=True) == 4
    assert (index_units(0, 0), index_units(0, 1), index_units(1025, 0)) == (0, 1, 2)


def test_a_bill_by_hand() -> None:
    asked = {"write units": 2_000_000, "read units": 1_000_000, "metrics asked": 500, "cloudwatch.list_metrics": 100, "sts.assume_role": 9}
    parts = {part: usd for part, usd in bill({**asked, "sqs.send_message_batch": 1_000_000}).items() if usd}
    assert parts == pytest.approx(
        {
            "DynamoDB, writes on demand": 1.25,
            "DynamoDB, reads on demand": 0.125,
            "CloudWatch, metrics of GetMetricData": 0.005,
            "CloudWatch, ListMetrics": 0.001,
            "SQS, standard queue": 0.4,
        }
    )
    invocation = bill(invoked(10))
    assert invocation["Lambda, duration (512 MB, x86)"] == pytest.approx(5 * 0.0000166667)
    assert invocation["SQS, standard queue"] == pytest.approx(0.8e-6)


def test_quantities_add_up_and_stay_what_they_were() -> None:
    one = Quantities({"a": 1})
    assert one.plus({"a": 2, "b": 3}, 2) == {"a": 5, "b": 6}
    assert one == {"a": 1}


def fake() -> tuple[Meter, Dynamo, FakeDynamoDB]:
    meter = Meter(Clock(1_800_000_000.0))
    client = FakeDynamoDB(meter, STAGE)
    return meter, Dynamo(client), client


def test_every_call_takes_its_time_and_computing_takes_the_longer_the_smaller_the_share() -> None:
    meter, dynamo, _ = fake()
    meter.call_cpu = 0.001
    work = meter.measured(lambda: dynamo.get(physical_name(STAGE, "customers"), {"customer_id": "a"}))
    assert work.counts == {"dynamodb.get_item": 1, "read units": 1}
    assert work.seconds == pytest.approx(LATENCY + (0.001 + work.cpu) / VCPU, abs=1e-5)


def test_jobs_of_the_same_calls_take_the_median_of_their_computing() -> None:
    done = [Done(JOINED, {"job": "customer"}, Work(Quantities({"sts.assume_role": n}), 1 + cpu / VCPU, cpu)) for n, cpu in CPUS]
    assert [one.work.cpu for one in steadied(done)] == [0.2, 0.2, 0.2, 5]
    assert [one.work.seconds for one in steadied(done)] == pytest.approx([1 + one.work.cpu / VCPU for one in steadied(done)])


def test_items_in_indexes_are_written_there_too() -> None:
    meter, dynamo, client = fake()
    table, key = physical_name(STAGE, METRICS.name), {"customer_id": {"S": "c"}, "timestamp": {"S": "usage-fine#1"}}
    fine = {**key, "customer_service": {"S": "c#s"}, "customer_region": {"S": "c#r"}, "data": {"B": bytes(1500)}}
    dynamo.write_many(table, ("customer_id", "timestamp"), [fine])
    assert meter.counts["write units"] == 6
    dynamo.put_together(table, [{**key, "timestamp": {"S": "hub#1"}, "data": {"B": bytes(100)}}])
    assert meter.counts["write units"] == 7
    assert client.bytes_of(table, "c", "usage-fine#") > 4500
    dynamo.write_many(table, ("customer_id", "timestamp"), [], [{"customer_id": "c", "timestamp": "usage-fine#1"}])
    assert meter.counts["write units"] == 13
    assert client.bytes_of(table, "c", "usage-fine#") == 0


def test_a_query_goes_over_pages_of_a_megabyte() -> None:
    meter, dynamo, _ = fake()
    table = physical_name(STAGE, METRICS.name)
    for number in range(5):
        dynamo.put(table, {"customer_id": {"S": "c"}, "timestamp": {"S": f"usage#{number}"}, "data": {"B": bytes(400_000)}})
    values = {":customer": "c", ":first": "usage#1", ":last": "usage#4"}
    found = list(dynamo.query(table, "customer_id = :customer AND #range BETWEEN :first AND :last", values, ConsistentRead=True))
    assert [item["timestamp"]["S"] for item in found] == ["usage#1", "usage#2", "usage#3", "usage#4"]
    assert meter.counts["dynamodb.query"] == 2


def test_a_fourth_request_of_a_second_waits_for_the_next_one() -> None:
    meter, dynamo, _ = fake()
    ledger = Ledger(dynamo, physical_name(STAGE, LEDGER.name), meter.clock.now, meter.clock.sleep)
    started, turns = meter.clock.at, []
    for _ in range(4):
        ledger.wait_turn("security_hub", 3)
        turns.append(round(meter.clock.at - started))
    assert turns == [0, 0, 0, 1]


def test_the_cap_is_kept() -> None:
    meter, dynamo, _ = fake()
    ledger = Ledger(dynamo, physical_name(STAGE, LEDGER.name), meter.clock.now, meter.clock.sleep)
    ledger.spend("cloudwatch", 7, 10)
    with pytest.raises(SourceUnavailable):
        ledger.spend("cloudwatch", 4, 10)
    ledger.spend("cloudwatch", 3, 10)
    assert ledger.spent(meter.clock.now().date()) == {"cloudwatch": 10}
