"""The sides of the paper benchmarks, each a process of its own: python -m bench.papers SIDE ROWS prints the seconds of CPU of the document
and by how many megabytes the most memory held grew while it was made; with "warm" behind it, after the same document of one row."""

from __future__ import annotations

import io
import json
import random
import re
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from chalicelib.domain.report import Block, Cell, Change, Chart, Column, KeyFigure, KeyFigures, Report, Section, Series, Table, Text

COLUMNS = (
    *(Column("Resource"), Column("Account"), Column("Region"), Column("Service")),
    *(Column("Day", "date"), Column("Usage", "number", "h"), Column("Cost", "money", "USD"), Column("Change", "percent")),
)
SERVICES = ("Amazon EC2", "Amazon RDS", "Amazon S3", "AWS Lambda", "Amazon CloudFront", "AWS KMS", "AWS Config", "Other")
HOSTILE = (
    '<img src="/etc/passwd"/>',
    "<b>&amp;</i></para>",
    "\x00\x01\x1b[31m\x7f\ufffe\ud800",
    "😀 שלום \u202eevil",
    "W" * 200_000,
    "中" * 40_000,
    "e\u0301" * 300,
    "\\) Tj ET (",
)


def rows(count: int) -> tuple[tuple[Cell, ...], ...]:
    made, first = random.Random(1), date(2026, 10, 1)
    return tuple(
        (
            *(f"i-{made.getrandbits(60):015x}", f"{made.randrange(10**11, 10**12)}", "eu-central-1", made.choice(SERVICES)),
            *(first + timedelta(days=index % 31), Decimal(made.randrange(744_000)) / 1000),
            *(Decimal(made.randrange(10**7)) / 100, Decimal(made.randrange(-900, 900)) / 10),
        )
        for index in range(count)
    )


def report(*sections: Section) -> Report:
    facts = (("Period", "2026-10-01 to 2026-11-01"), ("Data through", "2026-10-31 23:00 UTC"), ("Status", "final"))
    return Report("executive", "Executive report", "customer-1", "Customer AG", datetime(2026, 11, 1, tzinfo=UTC), facts, sections)


def detail(count: int) -> Report:
    return report(Section("Detail", (Table("Resources", COLUMNS, rows(count)),)))


def charts() -> tuple[Chart, Chart, Chart]:
    made, days = random.Random(2), [(date(2026, 10, 1) + timedelta(days=index)).isoformat() for index in range(31)]
    per_day = [Series(name, tuple((day, Decimal(made.randrange(10_000)) / 100) for day in days)) for name in SERVICES[:4]]
    ranked = Series("Cost", tuple((name, Decimal(made.randrange(10**6)) / 100) for name in SERVICES))
    line, stacked = Chart("Per day", "line", tuple(per_day[:2]), "USD"), Chart("By service", "stacked", tuple(per_day), "USD")
    return line, stacked, Chart("Services", "bar", (ranked,), "USD")


def summary() -> Table:
    amounts = tuple((name, Decimal(10_000 - 900 * at), Decimal(at), Decimal(at - 4)) for at, name in enumerate(SERVICES))
    columns = (Column("Service"), Column("Cost", "money", "USD"), Column("Usage", "number"), Column("Change", "percent"))
    return Table("By service", columns, amounts, ("Total", Decimal(54_800), Decimal(28), Decimal("-4")))


def figures() -> KeyFigures:
    change = Change(Decimal("4.2"), "%", "the month before", "down")
    return KeyFigures("At a glance", tuple(KeyFigure(name, Decimal(1234), "money", "USD", change) for name in SERVICES[:4]))


def executive(count: int) -> Report:
    detail = Table("Resources", COLUMNS[:6], tuple(row[:6] for row in rows(count)))
    return report(Section("Summary", (figures(), *charts())), Section("Costs", (summary(), detail)))


def said(texts: tuple[str, ...], count: int) -> Report:
    """A report in which every text is one of these."""
    columns = (Column(texts[0]), Column(texts[1], "money", "USD"), Column(texts[2]), Column(texts[3]))
    cells = tuple((texts[at % len(texts)], Decimal(at), texts[(at + 3) % len(texts)], texts[(at + 5) % len(texts)]) for at in range(count))
    ranked = Chart(texts[0], "bar", (Series(texts[1], tuple((text, Decimal(at)) for at, text in enumerate(texts))),), "USD")
    cards = KeyFigures(texts[2], tuple(KeyFigure(text, Decimal(1)) for text in texts))
    blocks: tuple[Block, ...] = (cards, ranked, *(Text(text) for text in texts), Table(texts[3], columns, cells))
    return report(Section(texts[0], blocks), Section(texts[1], (Text(texts[2]),)))


def harmless(count: int) -> Report:
    """Each text is as long as the hostile one in its place."""
    words = "The quick brown fox jumps over the lazy dog near the bank of the river. "
    return said(tuple((words * (len(text) // len(words) + 1))[: len(text)] for text in HOSTILE), count)


def ours(made: Report) -> None:
    from chalicelib.renderers.pdf.document import write

    write(made, io.BytesIO())


def _longtable(made: Report) -> None:
    from bench.bare_paper import longtable

    longtable(made.sections[0].blocks[0])


def _script(made: Report) -> None:
    from bench.bare_paper import script

    script(made)


SIDES: dict[str, tuple[Callable[[int], Report], Callable[[Report], Any]]] = {
    "detail": (detail, ours),
    "longtable": (detail, _longtable),
    "executive": (executive, ours),
    "script": (executive, _script),
    "hostile": (lambda count: said(HOSTILE, count), ours),
    "harmless": (harmless, ours),
    "names": (lambda count: said(SERVICES, count), ours),
}


def main(side: str, count: int, warm: bool) -> None:
    make, write = SIDES[side]
    if warm:
        write(make(1))
    made = make(count)
    before, started = peak(), time.process_time()
    write(made)
    seconds = time.process_time() - started
    print(json.dumps({"document": seconds, "megabytes": peak() - before}))


def peak() -> float:
    """The most memory that this process held. Linux' getrusage counts what the process was forked from, too."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), "warm" in sys.argv)
