"""The metrics table: per customer, what was used, spent and found, by hour and day, and how far each source has been read.

Range keys: usage#..., cost# (rollups.py) | usage-hour#..., usage-fine#... (hours.py) | cost-part#<day>#<source>#<origin>
| compliance-day#<day> | drop#<key> | findings#<key> | hub... (hub.py) | choice#... (choices.py) | registry | status.
Every put is absolute: the same input leaves the same table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from chalicelib.domain.compliance import ComplianceDay, DayScore, Finding
from chalicelib.domain.cost import CostPart
from chalicelib.domain.period import DAY, HOUR
from chalicelib.domain.prospect import Prospects
from chalicelib.domain.reading import Registry
from chalicelib.domain.state import CustomerStatus, Drop, SourceState
from chalicelib.stores import records
from chalicelib.stores.choices import CHOICE_PREFIX, Choices
from chalicelib.stores.dynamo import Dynamo
from chalicelib.stores.hours import Hours
from chalicelib.stores.hub import Hub
from chalicelib.stores.items import PART_MARK, SCHEMA, Item, check_schema, from_items, pack, unpack
from chalicelib.stores.rollups import DAYS_KEPT, Rollups
from chalicelib.stores.values import HASH, LAST, RANGE, Value, Values

COST_PART, COMPLIANCE_DAY, DROP, FINDINGS = "cost-part#", "compliance-day#", "drop#", "findings#"
REGISTRY, STATUS = "registry", "status"
PARTS_A_DAY = 4
"""More than a day's state of compliance mostly takes."""
STATE_PREFIX = "source_"
CHANGED = "changed_at"
PROSPECTS = "prospects"
LAST_KEY = chr(0x10FFFF)
"""Sorts after every character of an S3 key."""


class Metrics:
    """Every method's first argument is the customer, and no method reaches beyond it."""

    def __init__(self, dynamo: Dynamo, table: str, now: Callable[[], datetime], hours_kept: timedelta) -> None:
        self._dynamo, self._table, self._now = dynamo, table, now
        self._values = Values(dynamo, table, now)
        self.hours = Hours(dynamo, table, now, hours_kept)
        self.usage = Rollups(dynamo, table, now, "usage", records.USAGE, lambda day: day.hours * HOUR >= DAY)
        self.hub = Hub(dynamo, table, self._values)
        self.choices = Choices(dynamo, table, self._values, status_key)
        self.costs = Rollups(dynamo, table, now, "cost", records.COSTS, lambda day: True)

    def cost_parts(self, customer_id: str, first: date, last: date) -> list[CostPart]:
        return self._all(customer_id, f"{COST_PART}{first}", f"{COST_PART}{last}{LAST}", CostPart)

    def put_cost_parts(self, customer_id: str, parts: Iterable[CostPart]) -> None:
        """Parts that say what is there already aren't touched."""
        wanted = {_part_key(part.day, part.source, part.origin): part for part in parts}
        days = [part.day for part in wanted.values()]
        found = self.cost_parts(customer_id, min(days), max(days)) if days else []
        known = {_part_key(part.day, part.source, part.origin): part for part in found}
        self._values.put(customer_id, [(key, part, None) for key, part in wanted.items() if known.get(key) != part])

    def delete_cost_parts(self, customer_id: str, parts: Iterable[tuple[date, str, str]]) -> None:
        self._values.delete(customer_id, [_part_key(*part) for part in parts])

    def latest_compliance_day(self, customer_id: str, until: date) -> ComplianceDay | None:
        """The last state on or before that day."""
        condition = f"{HASH} = :customer AND #range BETWEEN :first AND :last"
        values = {":customer": customer_id, ":first": COMPLIANCE_DAY, ":last": f"{COMPLIANCE_DAY}{until}{LAST}"}
        names = {"#range": RANGE}
        newest = self._dynamo.query(
            self._table, condition, values, ExpressionAttributeNames=names, ConsistentRead=True, ScanIndexForward=False, Limit=PARTS_A_DAY
        )
        items = {item[RANGE]["S"]: item for item in reversed(list(newest))}
        whole = max(items, default="").partition(PART_MARK)[0]
        if whole and whole not in items:  # the last day takes more items than were asked for, or did before
            return self._values.read(customer_id, whole, f"{whole}#{LAST}", ComplianceDay).get(whole)
        days = list(from_items(items.values(), RANGE, ComplianceDay, self._now()))
        return days[-1][1] if days else None

    def compliance_scores(self, customer_id: str, first: date, last: date) -> list[DayScore]:
        """What those days count that have a state, in order."""
        return self._all(customer_id, f"{COMPLIANCE_DAY}{first}", f"{COMPLIANCE_DAY}{last}{LAST}", DayScore)

    def put_compliance_days(self, customer_id: str, days: Iterable[ComplianceDay]) -> str:
        return self._values.put(customer_id, [(f"{COMPLIANCE_DAY}{day.day}", day, self._days_ttl()) for day in days])

    def drops(self, customer_id: str) -> list[Drop]:
        return self._all(customer_id, DROP, DROP + LAST_KEY, Drop)

    def put_drop(self, customer_id: str, drop: Drop) -> None:
        self._values.put(customer_id, [(f"{DROP}{drop.key}", drop, None)])

    def delete_drop(self, customer_id: str, key: str) -> None:
        self._values.delete(customer_id, [f"{DROP}{key}"])

    def findings(self, customer_id: str) -> list[tuple[datetime, tuple[Finding, ...]]]:
        """Per dropped file when it came and what it holds."""
        return self._all(customer_id, FINDINGS, FINDINGS + LAST_KEY, tuple[datetime, tuple[Finding, ...]])

    def put_findings(self, customer_id: str, key: str, received: datetime, findings: tuple[Finding, ...]) -> None:
        self._values.put(customer_id, [(f"{FINDINGS}{key}", (received, findings), None)])

    def delete_findings(self, customer_id: str, key: str) -> None:
        self._values.delete(customer_id, [f"{FINDINGS}{key}"])

    def registry(self, customer_id: str) -> Registry:
        found = self._all(customer_id, REGISTRY, REGISTRY + LAST, Registry)
        return found[0] if found else Registry()

    def put_registry(self, customer_id: str, registry: Registry) -> None:
        self._values.put(customer_id, [(REGISTRY, registry, None)])

    def status(self, customer_id: str) -> CustomerStatus:
        return to_status(self._dynamo.get(self._table, status_key(customer_id)))

    def statuses(self, customer_ids: Iterable[str]) -> dict[str, CustomerStatus]:
        """Several customers' statuses, for the operator and for the health page."""
        ids = list(customer_ids)
        found: dict[str, CustomerStatus] = {customer_id: CustomerStatus() for customer_id in ids}
        for start in range(0, len(ids), 100):
            keys = [status_key(customer_id) for customer_id in ids[start : start + 100]]
            for item in self._dynamo.get_many({self._table: keys})[self._table]:
                found[item[HASH]["S"]] = to_status(item)
        return found

    def put_state(self, customer_id: str, state: SourceState, prospects: Prospects | None = None) -> None:
        """Written last: everything that the state speaks of is there by then."""
        values: Item = {"v": {"N": SCHEMA}, f"{STATE_PREFIX}{state.source}": {"B": pack(state)}, CHANGED: {"S": self._now().isoformat()}}
        if prospects is not None:
            values[PROSPECTS] = {"B": pack(prospects)}
        self._dynamo.update(self._table, status_key(customer_id), values)

    def _all(self, customer_id: str, first: str, last: str, kind: type[Value]) -> list[Value]:
        return list(self._values.read(customer_id, first, last, kind).values())

    def _days_ttl(self) -> datetime:
        return self._now() + DAYS_KEPT


def status_key(customer_id: str) -> dict[str, str]:
    return {HASH: customer_id, RANGE: STATUS}


def to_status(item: Item | None) -> CustomerStatus:
    """The sources' states and what was chosen; the generation is a digest of all of them, so it changes exactly when one of them does."""
    if item is None:
        return CustomerStatus()
    check_schema(item)
    packed = {name: bytes(value["B"]) for name, value in sorted(item.items()) if name.startswith(STATE_PREFIX)}
    chosen = {name: value["S"] for name, value in sorted(item.items()) if name.startswith(CHOICE_PREFIX)}
    facts = [name.encode() + data for name, data in (*packed.items(), *((name, digest.encode()) for name, digest in chosen.items()))]
    digest = hashlib.sha256(b"\n".join(facts)).hexdigest()
    sources = {name[len(STATE_PREFIX) :]: unpack(data, SourceState) for name, data in packed.items()}
    changed_at = datetime.fromisoformat(item[CHANGED]["S"]) if CHANGED in item else None
    choices = {name[len(CHOICE_PREFIX) :]: value for name, value in chosen.items()}
    prospects = unpack(bytes(item[PROSPECTS]["B"]), Prospects) if PROSPECTS in item else None
    return CustomerStatus(digest, sources, changed_at, choices, prospects)


def _part_key(day: date, source: str, origin: str) -> str:
    return f"{COST_PART}{day}#{source}#{origin}"
