"""Ten thousand customers on a virtual clock, within AWS's limits: how long an hour takes, and what a customer costs in a month."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median

from bench.canned import ROOT
from bench.case import Bench
from bench.fake_aws import FINDINGS_AN_ACCOUNT
from bench.hour import POOLS, Hour, Recorded
from bench.measure import Row
from bench.meter import Meter
from bench.prices import DAYS_A_MONTH, Quantities, bill, invoked
from bench.virtual import Clock
from bench.world import ACCOUNTS, STAGE, Life, clients_made, customer, some_of, steadied
from chalicelib.domain.period import DAY, HOUR, iso
from chalicelib.domain.state import CLOUDWATCH
from chalicelib.settings import CAPS
from chalicelib.sources import accounts
from chalicelib.stores.tables import AGGREGATION_QUEUE, FINDINGS_QUEUE, METRICS, physical_name

CUSTOMERS, FEWER, IN_REALITY, AT_TURN = 10_000, 1_000, 16, 2
MINUTES, SWEEPS, GROWTH, AGREES, DIFFERENT = 10, 60, 10.5, 1.15, 0.02
WORST = datetime(2026, 11, 25, 18, tzinfo=UTC)
"""Cost Explorer is asked, as every six hours; a sixth of the customers' metrics are listed, and some customers' turn it is, as always."""
ORDINARY = WORST - 3 * HOUR
KINDS_OF_TURN = (ORDINARY.hour, WORST.hour, ORDINARY.hour - 6, WORST.hour - 6)
"""Of customers whose turn one of these hours is, and of ones whose metrics are listed in one of them."""
WORST_A_DAY, HOURS_A_DAY, HOURS_KEPT_DAYS = 4, 24, 90
MEMORY = 512
EMPTY_RECEIVES = {"sqs.receive_message": 2 * 5 * 3 * 60 * HOURS_A_DAY * DAYS_A_MONTH}
"""Of both queues in a month: five readers ask at least every twenty seconds."""
CLIENT = """
import json, os, subprocess, time
import boto3
from botocore.httpsession import create_urllib3_context, get_cert_path
def made():
    client = boto3.client("cloudwatch", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    context = create_urllib3_context()
    context.load_verify_locations(get_cert_path(True))
    return client, context
def resident():
    return int(subprocess.run(["ps", "-o", "rss=", "-p", str(os.getpid())], capture_output=True, check=True).stdout)
first, before, started = made(), resident(), time.process_time()
kept = [made() for _ in range(40)]
seconds = (time.process_time() - started) / len(kept)
print(json.dumps([seconds, (resident() - before) / 1024 / len(kept)]))
"""
"""What every new client costs that keeps connections of its own: seconds of a processor, and MB."""


def run(bench: Bench) -> Iterator[Row]:
    client_cpu, client_megabytes = _client()
    meter = Meter(Clock(0.0), _call_cpu(bench), client_cpu)
    with clients_made(meter):
        yield from _agreement(meter)
        alike = [one for turn in KINDS_OF_TURN for one in some_of([turn])]
        life = Life(meter, alike).begin(WORST - DAY).hours(WORST - DAY + HOUR, WORST)
        recorded = Recorded(life)
        hours = {}
        for number in (FEWER, CUSTOMERS):
            customers = [customer(place) for place in range(number)]
            for name, end in (("an ordinary hour", ORDINARY), ("the worst hour", WORST)):
                hours[name, number] = Hour(meter, customers, end, recorded, costs_due=end == WORST).run()
        for name in ("an ordinary hour", "the worst hour"):
            few, many = hours[name, FEWER], hours[name, CUSTOMERS]
            yield from _hour(name, many)
            yield Row(f"{name}, of 1,000 to 10,000 customers", many.seconds(*POOLS) / few.seconds(*POOLS), "x", GROWTH)
        ordinary, worst = hours["an ordinary hour", CUSTOMERS], hours["the worst hour", CUSTOMERS]
        kept = min(accounts.CLIENTS_KEPT, ordinary.counts["clients made"] / POOLS[AGGREGATION_QUEUE.name].workers)
        yield Row("clients that a container keeps for half an hour", kept * client_megabytes, " MB", MEMORY)
        yield from _kinds(life)
        yield from _event(life)
        month = Quantities().plus(ordinary.counts, HOURS_A_DAY - WORST_A_DAY).plus(worst.counts, WORST_A_DAY)
        asked = month["metrics asked"] / int(CAPS[CLOUDWATCH][1])
        month = Quantities().plus(month, DAYS_A_MONTH).plus(EMPTY_RECEIVES)
        one = Quantities().plus(month, 1 / CUSTOMERS).plus({"GB-months": _stored(life)})
        yield from _costs("a customer a month, CloudWatch every hour", one)
        seldom = Life(meter, life.customers, usage_every=6).begin(WORST - DAY).hours(WORST - DAY + HOUR, WORST)
        sixth = one.plus(_day(life), -DAYS_A_MONTH).plus(_day(seldom), DAYS_A_MONTH)
        yield from _costs("a customer a month, CloudWatch every six hours", sixth)
        yield Row("  metrics asked a day, of what CLOUDWATCH_DAILY_CAP allows by default", asked, "x")


def _call_cpu(bench: Bench) -> float:
    """Of botocore for one small call, median of a few stretches."""
    taken = []
    for _ in range(9):
        started = time.process_time()
        for _ in range(40):
            bench.get_item()
        taken.append((time.process_time() - started) / 40)
    return sorted(taken)[4]


def _client() -> tuple[float, float]:
    done = subprocess.run([sys.executable, "-c", CLIENT], cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes


def _agreement(meter: Meter) -> Iterator[Row]:
    """Some customers whose every job is done, and the same replayed from two customers of the same age."""
    start, few = WORST - 6 * HOUR, [one for turn in KINDS_OF_TURN for one in some_of([turn])]
    many = [*some_of([WORST.hour], AT_TURN), *some_of({*range(24)} - {WORST.hour}, IN_REALITY - AT_TURN)]
    life = Life(meter, many).hour(start)
    real = Hour(meter, many, WORST, life.world, costs_due=True).run()
    replayed = Hour(meter, many, WORST, Recorded(Life(meter, few).hour(start).hour(WORST)), costs_due=True).run()
    names = [name for name in real.counts.keys() | replayed.counts.keys() if "." in name]
    different = sum(abs(real.counts[name] - replayed.counts[name]) for name in names) / sum(real.counts[name] for name in names)
    ends = sorted((real.seconds(*POOLS), replayed.seconds(*POOLS)))
    yield Row(f"{IN_REALITY} customers' hour in reality and replayed, time", ends[1] / ends[0], "x", AGREES)
    yield Row(f"{IN_REALITY} customers' hour in reality and replayed, calls that differ", 100 * different, " %", 100 * DIFFERENT)


def _hour(name: str, hour: Hour) -> Iterator[Row]:
    yield Row(f"{name} of 10,000 customers x 3 accounts, done after", hour.seconds(AGGREGATION_QUEUE.name) / 60, " min", MINUTES)
    yield Row("  that day's sweeps, at three requests a second, done after", hour.seconds(FINDINGS_QUEUE.name) / 60, " min", SWEEPS)
    yield Row("  invocations longer than their function may take", len(hour.timeouts), "", 0)
    yield Row("  the schedule's function", hour.planned.seconds, " s")
    for queue, what in ((AGGREGATION_QUEUE.name, "usage and costs"), (FINDINGS_QUEUE.name, "sweeps")):
        yield Row(f"  {what}: {POOLS[queue].workers} workers, done after", hour.seconds(queue) / 60, " min")
        yield Row("    longest wait in the queue", max(most for one in hour.of_queue(queue) for most in one.waited) / 60, " min")
        yield Row("    longest invocation", max(one.seconds for one in hour.of_queue(queue)), " s")
    yield Row("  messages", hour.jobs.total(), "")
    for kind, seconds in sorted(hour.busy.items(), key=lambda pair: -pair[1]):
        yield Row(f"    {kind}: {hour.jobs[kind]:,} messages, a worker's time in all", seconds / 60, " min")
    for service in sorted({name.partition(".")[0] for name in hour.counts if "." in name}):
        yield Row(f"  calls of {service}", round(sum(number for name, number in hour.counts.items() if name.startswith(f"{service}."))), "")


def _kinds(life: Life) -> Iterator[Row]:
    """The last of each kind of job that differs in its calls."""
    kinds = {done.calls: done.work for done in steadied(life.done) if done.end > WORST - DAY and "customer_id" in done.job}
    for calls, work in sorted(kinds.items()):
        yield Row(f"  job {calls}; {1000 * work.cpu:.0f} ms of a processor", work.seconds, " s")


def _event(life: Life) -> Iterator[Row]:
    seconds = median(life.event(life.customers[0]).seconds for _ in range(5))
    told = CUSTOMERS * ACCOUNTS * FINDINGS_AN_ACCOUNT / DAY.total_seconds()
    borne = POOLS[FINDINGS_QUEUE.name].workers / seconds
    yield Row("  events of findings that the workers bear a second, were there no sweeps", borne, "")
    yield Row("  events of findings a second, if every one is told of once a day", told, "")


def _stored(life: Life) -> float:
    """GB of a customer: the hours that are kept, as many bytes each as the newest one; the rest as it is after two months of costs."""
    table, one = physical_name(STAGE, METRICS.name), life.customers[0].id
    newest = f"{iso(WORST - HOUR)[:13]}"
    hour = sum(life.world.dynamodb.bytes_of(table, one, f"{kind}#{newest}") for kind in ("usage-hour", "usage-fine"))
    rest = sum(life.world.dynamodb.bytes_of(table, one, kind) for kind in ("usage#", "cost", "compliance", "hub", "registry", "status"))
    return (hour * HOURS_A_DAY * HOURS_KEPT_DAYS + rest) / 2**30


def _day(life: Life) -> Quantities:
    """One customer's last day, without what all share."""
    total = Quantities()
    for done in life.done:
        if done.end > WORST - DAY and "customer_id" in done.job:
            total = total.plus(done.work.counts).plus(invoked(done.work.seconds))
    return Quantities().plus(total, 1 / len(life.customers))


def _costs(name: str, quantities: Quantities) -> Iterator[Row]:
    parts = bill(quantities)
    yield Row(f"{name}, US cents", 100 * sum(parts.values()), "")
    for part, usd in parts.items():
        yield Row(f"  {part}", 100 * usd, "")
