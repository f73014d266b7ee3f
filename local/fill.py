"""Fills the demo customers' tables by the real aggregation, in a process of its own beside the one in which the laptop's AWS answers.

It talks to its launcher over standard input and output, a line each way: `points <instant>` and `hub <instant>` set the clocks of the
fakes (ListMetrics knows two weeks back from then, Security Hub only its present) and are answered; `say <text>` is progress.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from chalicelib.domain.compliance import ComplianceDay, Finding, Sweep
from chalicelib.domain.customer import Customer
from chalicelib.domain.period import DAY, HOUR, Window, hour_floor, midnight
from chalicelib.domain.state import COST_EXPLORER
from chalicelib.sources.security_hub import SecurityHub
from chalicelib.usecases.aggregation.aggregate import forever
from chalicelib.usecases.aggregation.costs import read_costs
from chalicelib.usecases.aggregation.findings import controls_of, state_of, sweep
from chalicelib.usecases.aggregation.usage import read_usage
from chalicelib.wiring import Services, services
from local.aws import EmbeddedAws

DAYS = 90
LISTED_BACK = 14 * DAY
"""How far back ListMetrics knows a metric, so the longest piece that one list is good for."""
Tell = Callable[[str], None]


def fill(with_: Services, customers: list[Customer], now: datetime, tell: Tell) -> None:
    """Costs in one series, usage in windows of two weeks, findings day by day; customers beside each other."""
    window = Window(midnight(now.date()) - DAYS * DAY, hour_floor(now))
    tell(f"say costs of {DAYS} days")
    read_costs(with_.collaborators, window, customers, now, of_nobody=True)
    with_.ledger.put_done(COST_EXPLORER, hour_floor(now))
    with ThreadPoolExecutor(len(customers)) as pool:
        tell(f"say usage of {DAYS} days")
        for piece in window.pieces(LISTED_BACK):
            tell(f"points {piece.end.isoformat()}")
            list(pool.map(partial(_usage, with_, piece, now), customers))
        tell(f"say findings of {DAYS} days")
        unpaced = SecurityHub(with_.client("securityhub"), lambda: None)  # 90 evenings at AWS's pace would take minutes
        days: dict[str, list[ComplianceDay]] = {customer.id: [] for customer in customers}
        for evening in _evenings(window, now):
            tell(f"hub {evening.isoformat()}")
            list(pool.map(partial(_findings, unpaced, evening, days), customers))
    tell(f"hub {now.isoformat()}")
    for customer in customers:
        with_.metrics.put_compliance_days(customer.id, days[customer.id])
        sweep(with_.collaborators, customer, now, forever)


def _usage(with_: Services, window: Window, now: datetime, customer: Customer) -> None:
    read_usage(with_.collaborators, customer, window, now)


def _findings(source: SecurityHub, evening: datetime, days: dict[str, list[ComplianceDay]], customer: Customer) -> None:
    known = days[customer.id]
    last = known[-1] if known else None
    found = swept(source, customer.account_ids, evening)
    state = state_of(found, source.disabled(found, controls_of(last)), evening, last)
    if state:
        known.append(state)


def swept(source: SecurityHub, accounts: Iterable[str], at: datetime) -> tuple[Finding, ...]:
    """All findings of the accounts, in one go."""
    sweep, chunks = Sweep(at), source.chunks(accounts)
    while sweep.chunk < len(chunks):
        sweep = source.step(sweep, chunks)
    return sweep.findings


def _evenings(window: Window, now: datetime) -> Iterable[datetime]:
    """23:00 of every day that is past."""
    return (evening for day in window.days() if (evening := midnight(day) + 23 * HOUR) < now - timedelta(hours=1))


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, and without a word
    request = json.loads(sys.stdin.readline())
    with_ = services()
    customers = [customer for customer in with_.customers.all() if customer.id in request["customers"]]

    def tell(line: str) -> None:
        print(line, flush=True)
        if not sys.stdin.readline():
            raise SystemExit("the launcher is gone")

    fill(with_, customers, datetime.fromisoformat(request["now"]), tell)


def run(aws: EmbeddedAws, customers: list[Customer], now: datetime, say: Tell, project: Path) -> None:
    """The launcher's side: starts the process, sets the clocks that it asks for, and sees it end well."""
    command = [sys.executable, "-m", "local.fill"]
    child = subprocess.Popen(command, cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin
    assert child.stdout
    try:
        child.stdin.write(json.dumps({"now": now.isoformat(), "customers": [customer.id for customer in customers]}) + "\n")
        child.stdin.flush()
        for line in child.stdout:
            _obey(aws, line.rstrip("\n"), say)
            child.stdin.write("ok\n")
            child.stdin.flush()
        if child.wait():
            raise SystemExit("the demo customers could not be filled")
    finally:
        child.kill()
        child.wait()


def _obey(aws: EmbeddedAws, line: str, say: Tell) -> None:
    word, _, rest = line.partition(" ")
    if word == "say":
        say(rest)
    elif word == "points":
        aws.points.clock = partial(_at, datetime.fromisoformat(rest))
    else:
        aws.hub.clock = partial(_at, datetime.fromisoformat(rest))


def _at(instant: datetime) -> datetime:
    """A clock that stands still."""
    return instant


if __name__ == "__main__":
    main()
