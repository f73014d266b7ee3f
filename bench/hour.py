"""One simulated hour of very many customers: the plan is real, each customer's job takes what that job of a recorded life took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from statistics import median

import msgspec

from bench.fake_aws import encoded
from bench.meter import LATENCY, VCPU, Meter, Work
from bench.prices import Quantities, invoked
from bench.virtual import Invocation, Left, Pool, Simulation
from bench.world import AFTER_THE_HOUR, Life, World, steadied, turn_of
from chalicelib.domain import signals
from chalicelib.domain.customer import UNALLOCATED, Customer
from chalicelib.domain.errors import SourceUnavailable
from chalicelib.domain.state import COST_EXPLORER, SECURITY_HUB
from chalicelib.stores.tables import AGGREGATION_QUEUE, FINDINGS_QUEUE
from chalicelib.usecases.aggregation import aggregate, usage
from chalicelib.usecases.aggregation.costs import COSTS_EVERY, series_window, told_of
from chalicelib.wiring import FINDINGS_A_SECOND

POOLS = {
    AGGREGATION_QUEUE.name: Pool(signals.AGGREGATION_WORKER.concurrency or 1, 1, signals.AGGREGATION_WORKER.timeout),
    FINDINGS_QUEUE.name: Pool(signals.FINDINGS_WORKER.concurrency or 1, 5, signals.FINDINGS_WORKER.timeout),
}
"""Batches as app.py has them."""
FOR_REAL = ("plan", "costs")
"""Jobs that are never replayed."""
A_LIST = {"dynamodb.get_item": 1.0, "s3.get_object": 1.0}
"""What a list of shares takes before its first customer: a look into the ledger, and the list itself."""
PAGE = "page"
"""In a replayed sweep's message: how many pages have been read. A real one finds that in the table."""
Job = dict[str, str]


class Recorded:
    """What every kind of job took in a life, told apart by the hour, and by whether it was the customer's turn."""

    def __init__(self, life: Life) -> None:
        self._life = life
        done = steadied(life.done)
        self.jobs = {_kind(one.job): one.work for one in done if "customer_id" in one.job}
        self.shares = {
            one.end: one.work.less(A_LIST).of_one(one.job["customers"].count(",") + 1)
            for one in done
            if one.job["job"] == "costs_of" and one.job["customers"] != UNALLOCATED
        }
        self.sweep = cache(self._sweep)
        self.share_cpu = self._share_cpu(max(done.end for done in life.done))

    def _sweep(self, end: datetime, at_turn: bool, start: int, stop: int | None) -> Work:
        """A sweep from a page on, to one before which it stops for want of time, if it does."""
        customer = next(one for one in self._life.customers if (turn_of(one.id) == end.hour) is at_turn)
        return self._life.part_of_sweep(customer.id, end, start, stop)

    def _share_cpu(self, end: datetime) -> float:
        """Of packing one customer's share of a cost series."""
        customer = self._life.customers[0]
        share = told_of(self._life.world.costs.read(series_window(end)), customer)
        return median(self._life.world.meter.measured(lambda: msgspec.msgpack.encode(share)).cpu for _ in range(5))


def _kind(job: Job) -> tuple[datetime, str, bool, bool]:
    """The hour, the job, whether it is the customer's turn and whether its metrics are listed."""
    end, turn = datetime.fromisoformat(job["end"]), turn_of(job["customer_id"])
    return end, job["job"], turn == end.hour, (end.hour + turn) % usage.LISTED_HOURS == 0


class Hour:
    """The hour that ends at `end`, for these customers: replayed from a recorded life, or every job for real in their world."""

    def __init__(self, meter: Meter, customers: Sequence[Customer], end: datetime, lives: Recorded | World, costs_due: bool) -> None:
        self._meter, self._customers, self._recorded = meter, customers, lives if isinstance(lives, Recorded) else None
        self._world = lives if isinstance(lives, World) else World(meter, customers, ())
        self._world.send = lambda queue, body, delay: self._simulation.send(queue, body, delay)
        self._ledger = self._world.services().ledger
        self._ledger.put_done(COST_EXPLORER, end - COSTS_EVERY if costs_due else end)
        self._costs_due, meter.counts, self.jobs = costs_due, Quantities(), Counter[str]()
        self.busy = Quantities()
        meter.clock.at = self.began = (end + AFTER_THE_HOUR).timestamp()
        self._simulation = Simulation(meter.clock, POOLS, self._work)

    def run(self) -> Hour:
        """The schedule's function, and all that comes of it."""
        self.planned = self._world.plan()
        self._simulation.run()
        self.done = self._simulation.done
        self.counts = self._meter.counts.plus(invoked(self.planned.seconds))
        for one in self.done:
            self.counts = self.counts.plus(invoked(one.seconds))
        return self

    def seconds(self, *queues: str) -> float:
        """From the schedule to when the last of their messages was done."""
        return max((one.ended for one in self.done if one.queue in queues), default=self.began) - self.began

    def of_queue(self, queue: str) -> list[Invocation]:
        return [one for one in self.done if one.queue == queue]

    @property
    def timeouts(self) -> list[Invocation]:
        return self._simulation.timeouts

    def _work(self, queue: str, message: str, left: Left) -> Iterator[None]:
        job = msgspec.json.decode(message, type=Job)
        self.jobs[job["job"]] += 1
        begun = self._meter.clock.at
        yield from self._do(job, left)
        self.busy[job["job"]] += self._meter.clock.at - begun

    def _do(self, job: Job, left: Left) -> Iterator[None]:
        if self._recorded is None or job["job"] in FOR_REAL or job.get("customers") == UNALLOCATED:
            self._world.run(job, left)
            if self._recorded and job["job"] == "costs" and self._costs_due:
                self._meter.clock.sleep(self._recorded.share_cpu * len(self._customers) / VCPU)  # its shares here are empty ones
        elif job["job"] == "findings":
            yield from self._sweep(self._recorded, job, left)
        elif job["job"] == "costs_of":
            self._keep_shares(self._recorded, job, left)
        else:
            self._replay(self._recorded.jobs[_kind(job)])

    def _keep_shares(self, recorded: Recorded, job: Job, left: Left) -> None:
        """One customer after the other; the rest is sent on where the real job would."""
        self._replay(Work(Quantities(A_LIST), LATENCY * sum(A_LIST.values()), 0))
        waiting = job["customers"].split(",")
        while waiting and left() >= usage.ENOUGH_SECONDS:
            waiting.pop(0)
            self._replay(recorded.shares[datetime.fromisoformat(job["end"])])
        if waiting:
            self._simulation.send(AGGREGATION_QUEUE.name, encoded({**job, "customers": ",".join(waiting)}))

    def _replay(self, work: Work, since: float = 0) -> None:
        self._meter.counts = self._meter.counts.plus(work.counts)
        self._meter.clock.sleep(work.seconds - since)

    def _sweep(self, recorded: Recorded, job: Job, left: Left) -> Iterator[None]:
        """Waits for each page's turn at the real ledger, with everybody else; stops where the real sweep would."""
        end, _, at_turn, _ = _kind(job)
        start, before = int(job.get(PAGE, "0")), 0.0
        work = recorded.sweep(end, at_turn, start, None)
        for number, turn in enumerate(work.turns):
            self._meter.clock.sleep(turn - before)
            before = turn
            if left() < usage.ENOUGH_SECONDS or not self._got_turn():
                delay = float(aggregate.BUSY_SECONDS) if left() > usage.ENOUGH_SECONDS else 0.0
                self._replay(recorded.sweep(end, at_turn, start, start + number), before)
                self._simulation.send(FINDINGS_QUEUE.name, encoded({**job, PAGE: str(start + number)}), delay)
                return
            yield
        self._replay(work, before)

    def _got_turn(self) -> bool:
        try:
            self._ledger.wait_turn(SECURITY_HUB, FINDINGS_A_SECOND)
        except SourceUnavailable:
            return False
        return True
