"""python -m bench.engine_side FORMAT ROWS: makes that report in a process of its own; prints its CPU seconds and most memory in all."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any, BinaryIO

import app  # noqa: F401  what the function has imported before it is called
from bench.papers import peak
from chalicelib import renderers
from chalicelib.domain.cost import CostDay, CostLine, totals_of
from chalicelib.domain.customer import Customer
from chalicelib.domain.reporting import RENDERING, ReportRecord
from chalicelib.domain.state import CustomerStatus
from chalicelib.domain.template import BUILT_IN
from chalicelib.security.signing import Signer
from chalicelib.usecases.reports import rendering
from chalicelib.usecases.reports.reporting import Reporting

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 365
CUSTOMER = "big"


def days(count: int) -> list[CostDay]:
    """A year, each day with as many lines as it takes to have so many in all."""
    made, found = Random(1), []
    for number in range(DAYS):
        lines = [_line(made, index) for index in range(count // DAYS + (number < count % DAYS))]
        found.append(CostDay.of((NOW - timedelta(days=DAYS - number)).date(), lines, totals_of(lines), False, ("cost_explorer",)))
    return found


def _line(made: Random, index: int) -> CostLine:
    amount = Decimal(made.randrange(10**12)) / 10**8
    place = (f"{100000000000 + index % 40}", f"Amazon Service {index // 40}", f"eu-west-{index % 3}")
    return CostLine(*place, "Compute", "AWS", "Usage", "USD", amount, amount / 2, None)


@dataclass
class Store:
    """The customer's days, and nothing else known."""

    found: list[CostDay]
    choices: Any = None
    costs: Any = field(init=False)

    def __post_init__(self) -> None:
        self.costs = self

    def read(self, customer_id: str, first: date, last: date, **how: object) -> list[CostDay]:
        return [day for day in self.found if first <= day.day <= last]

    def status(self, customer_id: str) -> CustomerStatus:
        return CustomerStatus("g")


class Customers:
    def get(self, customer_id: str) -> Customer:
        return Customer(customer_id, "Big Customer", (), "", NOW)

    def all(self) -> Iterable[Customer]:
        return ()


class Files:
    size = 0

    def put(self, customer_id: str, record: ReportRecord, content: BinaryIO, content_type: str) -> None:
        while chunk := content.read(2**20):
            self.size += len(chunk)


def main(form: str, count: int) -> None:
    store: Any = Store(days(count))
    nothing: Any = None
    with_ = Reporting(
        Customers(),  # type: ignore[arg-type]
        store,
        nothing,
        Files(),  # type: ignore[arg-type]
        nothing,
        renderers.write,
        renderers.write_data_set,
        lambda name: renderers.FORMATS[name].content_type,
        partial(Signer, b"s" * 32),
        lambda metric, value: None,
        lambda customer, record: None,
        lambda: NOW,
    )
    parameters = {"start": (f"{NOW - timedelta(days=DAYS):%Y-%m-%d}",), "end": (f"{NOW:%Y-%m-%d}",)}
    record = ReportRecord("a" * 32, "costs", BUILT_IN["cost-analysis"], form, parameters, NOW, 13, f"x.{form}", RENDERING, 1)
    started = time.process_time()
    rendering.make(with_, CUSTOMER, record)
    cpu = time.process_time() - started
    print(json.dumps({"cpu": cpu, "megabytes": peak()}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
