"""A customer that goes: what it takes along, and what is forgotten of it."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from chalicelib.domain.cost import BASES
from chalicelib.domain.period import iso
from chalicelib.domain.rates import Rates
from chalicelib.domain.report import Cell
from chalicelib.domain.statement import Statements
from chalicelib.domain.usage import GAUGES
from chalicelib.renderers.csv import field, table
from chalicelib.stores import tables as t
from chalicelib.usecases.answers.charging import charging
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.answers.values import Answer
from chalicelib.usecases.billing.closing import forget_shares
from chalicelib.usecases.billing.statements import statement_answer
from chalicelib.wiring import Services
from ops.accounts import closed
from ops.audit import note

PROVIDERS = ("cost#", "cost-was#", "cost-part#", "choice#rates", "choice#statements")
"""Range keys of the metrics table. What they say to the customer is in costs.csv and statements.json."""
JSON = msgspec.json.Encoder(decimal_format="number")
GAUGE_UNIT = "unit-hours"
"""A gauge's total is its value times the hours; over the day's hours it is its mean."""
EVER = date(2000, 1, 1), date(2100, 1, 1)
COSTS = ("day", "account", "service", "region", "category", "provider", "charge_category", "currency", *BASES, "tags", "estimated")
USAGE = ("start", "metric", "service", "region", "account", "total", "unit")


def export(with_: Services, customer_id: str, folder: Path) -> None:
    """Into an empty folder: costs and usage by the day and closed statements as the customer is told them, every item of every table but
    those, every document and every dropped file (numbered; files.csv has their keys)."""
    if folder.exists() and any(folder.iterdir()):
        raise SystemExit(f"--to: {folder} isn't empty")
    (folder / "files").mkdir(parents=True, exist_ok=True)
    (folder / "costs.csv").write_bytes(_written(COSTS, _costs(with_, customer_id)))
    (folder / "usage.csv").write_bytes(_written(USAGE, _usage(with_, customer_id)))
    (folder / "statements.json").write_bytes(JSON.encode(_statements(with_, customer_id)))
    counts = {spec.name: _items(with_, customer_id, spec, folder) for spec in t.TABLES if spec != t.CACHE}
    files = [version for version in with_.everything.versions(customer_id) if version.current and not version.deleted]
    for number, file in enumerate(files, 1):  # a key may be no name of a file: too long, a folder's, or one that leads elsewhere
        (folder / "files" / f"{number:06d}").write_bytes(with_.everything.content(customer_id, file))
    names: Iterator[list[Cell]] = ([f"files/{number:06d}", file.bucket, file.key] for number, file in enumerate(files, 1))
    (folder / "files.csv").write_bytes(_written(("file", "bucket", "key"), names))
    note(with_, customer_id, "customers export", f"customers/{customer_id}")
    print(json.dumps({"customer_id": customer_id, "items": counts, "files": len(files), "folder": str(folder)}))


def _costs(with_: Services, customer_id: str) -> Iterator[list[Cell]]:
    """At the customer's own rates, as all that it is told."""
    at_its_rates = charging(choice_of(with_.metrics, customer_id, Rates, with_.metrics.status(customer_id)))
    for day in at_its_rates(with_.metrics.costs.read(customer_id, *EVER)):
        for line in day.lines:
            place = (line.account, line.service, line.region, line.category, line.provider, line.charge_category, line.currency)
            yield [str(day.day), *place, *map(line.amount, BASES), json.dumps(dict(line.tags)), str(day.estimated)]


def _usage(with_: Services, customer_id: str) -> Iterator[list[Cell]]:
    for bucket in with_.metrics.usage.read(customer_id, *EVER):
        for key, total in bucket.by_key().items():
            yield [iso(bucket.start), *key, total, GAUGE_UNIT if key.metric in GAUGES else ""]


def _statements(with_: Services, customer_id: str) -> list[Answer]:
    status = with_.metrics.status(customer_id)
    months = sorted({statement.month for statement in choice_of(with_.metrics, customer_id, Statements, status).closed})
    return [statement_answer(with_.metrics, customer_id, month, status, with_.clock()) for month in months]


def _written(columns: tuple[str, ...], rows: Iterator[list[Cell]]) -> bytes:
    return table(columns, ([field(cell) for cell in row] for row in rows))


def _items(with_: Services, customer_id: str, spec: t.Table, folder: Path) -> int:
    kept = (item for item in with_.everything.items(customer_id, spec) if not _is_the_providers(spec, item))
    lines = [json.dumps(_told(item)) for item in kept]
    (folder / f"{spec.name}.ndjson").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(lines)


def _is_the_providers(spec: t.Table, item: dict[str, Any]) -> bool:
    """What the payer pays, and by which plan it is charged on."""
    return spec == t.METRICS and item[str(spec.range_key)]["S"].startswith(PROVIDERS)


def _told(item: dict[str, Any]) -> dict[str, Any]:
    """What of an item is the customer's: not by what the secret of a key, link or session is known again."""
    told = {name: _plain(value) for name, value in item.items()}
    if isinstance(told.get("data"), dict):
        told["data"].pop("digest", None)
    return told


def _plain(value: dict[str, Any]) -> Any:
    """An attribute as JSON; what is packed unpacked, what isn't text after that in base64."""
    (kind, content), *_ = value.items()
    if kind != "B":
        return sorted(content) if kind == "SS" else content
    try:
        return json.loads(zlib.decompress(bytes(content)))
    except (zlib.error, ValueError):
        return base64.b64encode(bytes(content)).decode()


def erase(with_: Services, customer_id: str) -> None:
    """Shuts the customer out, then deletes all that is kept of it, the directory's record last: so it can be done again at any time,
    and has to be, once what was under way is over."""
    customer = with_.customers.get(customer_id)
    if customer:
        with_.customers.put(replace(closed(customer, set(customer.account_ids), with_.clock().date()), disabled=True))
    everything = with_.everything
    counts = {
        "objects": everything.delete_objects(customer_id),
        "payer_records": everything.forget_ownership(customer_id),
        "closings": forget_shares(with_.metrics, customer_id),
    }
    for spec in sorted(t.TABLES, key=lambda spec: spec == t.CUSTOMERS):
        counts[spec.name] = everything.delete_items(customer_id, spec)
    print(json.dumps({"customer_id": customer_id, "erased": counts}))
    if not sum(counts.values()):
        print(f"nothing is kept of {customer_id}: it was erased before, or never was a customer")
    else:
        print("run it again in an hour: what was under way may have left something; then every count has to be 0")
