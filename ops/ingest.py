"""python -m ops.ingest --stage S --customer C FILE..."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from chalicelib.domain.period import next_month
from chalicelib.domain.state import OK, Drop
from chalicelib.wiring import Services
from ops.audit import note
from ops.common import customer_of, main, parser, services_of

PATIENCE_SECONDS = 110
POLL_SECONDS = 0.2


def kind_of(path: Path) -> str:
    """focus or findings, by the file's ending."""
    if path.name.endswith((".csv", ".csv.gz")):
        return "focus"
    if path.name.endswith(".json"):
        return "findings"
    raise SystemExit(f"{path.name}: only FOCUS .csv or .csv.gz and ASFF .json can be taken in")


def drop(with_: Services, customer_id: str, path: Path) -> tuple[str, str, object]:
    """Puts the file where the customer's own export would land: (key, its digest, when the key was last taken in)."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    kind = kind_of(path)
    before = _taken(with_, customer_id, f"{kind}/{customer_id}/{path.name}")
    with path.open("rb") as content:
        key = with_.export_files.put(customer_id, kind, path.name, content)
    note(with_, customer_id, "ingest", key)
    return key, digest, before.taken_at if before else None


def _taken(with_: Services, customer_id: str, key: str) -> Drop | None:
    return next((drop for drop in with_.metrics.drops(customer_id) if drop.key == key), None)


def wait(with_: Services, customer_id: str, key: str, digest: str, before: object) -> Drop:
    """The drop's record once the aggregation is done with exactly this content."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        record = _taken(with_, customer_id, key)
        if record and record.etag == digest and record.taken_at is not None and record.taken_at != before:
            return record
        time.sleep(POLL_SECONDS)
    raise SystemExit(f"{key} was dropped, but not taken in within {PATIENCE_SECONDS} s; /health tells how the sources are")


def asked(record: Drop) -> list[str]:
    """How to ask for the months that a cost export brought."""
    months = sorted(record.months) if record.state == OK else []
    return [f"ask /analytics/costs?start={months[0]}&end={next_month(months[-1])}"] if months else []


def command() -> None:
    made = parser("ingest", "Drop FOCUS CSV or ASFF JSON files for a customer and wait until they are answered.")
    made.add_argument("--customer", required=True)
    made.add_argument("files", nargs="+", type=Path, metavar="FILE")
    given = made.parse_args()
    missing = [str(path) for path in given.files if not path.is_file()]
    if missing:
        made.error(f"no such file: {', '.join(missing)}")
    with_ = services_of(given.stage)
    customer_of(with_, given.customer)
    dropped = [(path, *drop(with_, given.customer, path)) for path in given.files]
    rejected = 0
    for path, key, digest, before in dropped:
        record = wait(with_, given.customer, key, digest, before)
        rejected += record.state != OK
        told = f"{record.rows} rows" if record.state == OK else f"rejected: {record.reason}"
        print("\t".join([path.name, told, *record.notes, *asked(record)]))
    if rejected:
        raise SystemExit(1)


if __name__ == "__main__":
    main(command)
