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

from chalicelib.domain.cost import BASES
from chalicelib.domain.errors import RejectedDrop
from chalicelib.domain.period import iso
from chalicelib.domain.report import Cell
from chalicelib.renderers.csv import field, table
from chalicelib.stores import tables as t
from chalicelib.usecases.closing import forget_shares
from chalicelib.wiring import Services
from ops.accounts import closed
from ops.audit import note

EVER = date(2000, 1, 1), date(2100, 1, 1)
COSTS = ("day", "account", "service", "region", "category", "provider", "charge_category", "currency", *BASES, "tags", "estimated")
USAGE = ("start", "metric", "service", "region", "account", "total")


def export(with_: Services, customer_id: str, folder: Path) -> None:
    """Into an empty folder: costs.csv and usage.csv by the day, every item of every table, every document and every dropped file."""
    if folder.exists() and any(folder.iterdir()):
        raise SystemExit(f"--to: {folder} isn't empty")
    note(with_, customer_id, "customers export", f"customers/{customer_id}")  # first, so that it is in what is taken along
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "costs.csv").write_bytes(_written(COSTS, _costs(with_, customer_id)))
    (folder / "usage.csv").write_bytes(_written(USAGE, _usage(with_, customer_id)))
    counts = {spec.name: _items(with_, customer_id, spec, folder) for spec in t.TABLES if spec != t.CACHE}
    files = [version for version in with_.everything.versions(customer_id) if version.current and not version.deleted]
    for file in files:
        place = folder / "files" / file.key
        if not place.resolve().is_relative_to((folder / "files").resolve()):
            raise RejectedDrop(f"the key {file.key!r} leads out of the folder")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(with_.everything.content(customer_id, file))
    print(json.dumps({"customer_id": customer_id, "items": counts, "files": len(files), "folder": str(folder)}))


def _costs(with_: Services, customer_id: str) -> Iterator[list[Cell]]:
    for day in with_.metrics.costs.read(customer_id, *EVER):
        for line in day.lines:
            place = (line.account, line.service, line.region, line.category, line.provider, line.charge_category, line.currency)
            yield [str(day.day), *place, *map(line.amount, BASES), json.dumps(dict(line.tags)), str(day.estimated)]


def _usage(with_: Services, customer_id: str) -> Iterator[list[Cell]]:
    for bucket in with_.metrics.usage.read(customer_id, *EVER):
        for key, total in bucket.by_key().items():
            yield [iso(bucket.start), *key, total]


def _written(columns: tuple[str, ...], rows: Iterator[list[Cell]]) -> bytes:
    return table(columns, ([field(cell) for cell in row] for row in rows))


def _items(with_: Services, customer_id: str, spec: t.Table, folder: Path) -> int:
    lines = [json.dumps({name: _plain(value) for name, value in item.items()}) for item in with_.everything.items(customer_id, spec)]
    (folder / f"{spec.name}.ndjson").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return len(lines)


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
    if sum(counts.values()):
        print("run it again in an hour: what was under way may have left something; then every count has to be 0")
