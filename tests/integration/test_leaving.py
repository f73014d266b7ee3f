"""A customer that goes: all that is kept of it is taken along, and after that nothing of it is found anywhere, and everything of others."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from chalicelib.stores import tables
from tests.looked import Looked
from tests.stack import Customer, Stack
from tests.visitor import signed_in

CANARY = "canary-leaver"
WORDS = (CANARY, "Ornithology", "914000000014", "wren-service", "birdwatcher@leaver.example")
"""What only this customer ever said, by name, account, service, recipient and report."""


@pytest.fixture
def aws(own_stack: Stack) -> Iterator[Looked]:
    made = Looked(own_stack.environment)
    yield made
    made.close()


def bill() -> bytes:
    columns = "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,SubAccountId,ServiceName,ServiceCategory"
    header = f"{columns},RegionId,ProviderName,ChargeCategory"
    lines = ((1, "1.25", "wren-service"), (2, "2.5", "=wren-service"))
    rows = [
        f"{amount},{amount},{amount},USD,2026-10-0{day}T00:00:00Z,2026-10-0{day + 1}T00:00:00Z,914000000014,{service},Compute"
        for day, amount, service in lines
    ]
    rows = [f"{row},us-east-1,AWS,Usage" for row in rows]
    return "\n".join([header, *rows]).encode()


@pytest.fixture
def leaver(own_stack: Stack, tmp_path: Path) -> Customer:
    """A customer with something in every table and in both buckets."""
    added = own_stack.ops("customers", "add", "--id", CANARY, "--name", "Ornithology", "--account", "914000000014")
    assert added.returncode == 0, added.stderr
    made = own_stack.ops("keys", "create", "--customer", CANARY, "--scopes", "read,report,admin", "--json")
    customer = Customer(CANARY, json.loads(made.stdout)["api_key"], name="Ornithology")
    plan = own_stack.ops("rates", "set", "--customer", CANARY, "--basis", "markup", "--percent", "10", "--since", "2026-10")
    assert plan.returncode == 0, plan.stderr
    path = tmp_path / "wrens.csv"
    path.write_bytes(bill())
    dropped = own_stack.ops("ingest", "--customer", CANARY, str(path))
    assert dropped.returncode == 0, dropped.stderr
    client = own_stack.client(customer)
    client.answer("/analytics/costs", start="2026-10-01", end="2026-11-01")
    report = client.report({"type": "costs", "format": "csv", "start": "2026-10-01", "end": "2026-11-01"})
    assert client.post(f"/analytics/reports/{report['id']}/links", {}).status == 201
    recipient = client.post("/analytics/recipients", {"channel": "email", "address": "birdwatcher@leaver.example"}).json
    schedule = {
        "name": "wrens",
        "report": {"type": "costs", "format": "csv"},
        "cadence": {"kind": "daily"},
        "recipients": [recipient["id"]],
    }
    assert client.post("/analytics/schedules", schedule).status == 201
    assert client.post("/analytics/budgets", {"name": "wrens", "amount": 5}).status == 201
    signed_in(own_stack.base_url, customer.api_key)
    for _ in range(45):  # so that a bucket is settled
        client.get("/analytics/usage?period=7d")
    return customer


def test_all_of_it_is_taken_along_and_none_of_it_is_left(own_stack: Stack, aws: Looked, leaver: Customer, tmp_path: Path) -> None:
    others = {one.customer_id: own_stack.client(one).answer("/analytics/costs", period="lastmonth")["total"] for one in own_stack.customers}
    before = {where.partition("/")[0] for where, text in aws.texts() if CANARY in text}
    everywhere = {tables.physical_name("local", table.name) for table in tables.TABLES}
    assert everywhere <= before, "what isn't there can't be erased"
    folder = tmp_path / "along"
    exported = own_stack.ops("customers", "export", "--id", CANARY, "--to", str(folder))
    assert exported.returncode == 0, exported.stderr
    taken_along(folder)
    erased = own_stack.ops("customers", "erase", "--id", CANARY, "--yes")
    assert erased.returncode == 0, erased.stderr
    assert json.loads(erased.stdout.splitlines()[0])["erased"]["metrics"] > 5
    last = own_stack.ops("customers", "erase", "--id", CANARY, "--yes")
    assert set(json.loads(last.stdout.splitlines()[0])["erased"].values()) == {0}
    assert [f"{word} in {where}" for where, text in aws.texts() for word in WORDS if word in text] == []
    assert CANARY not in own_stack.ops("customers", "list").stdout
    after = {one.customer_id: own_stack.client(one).answer("/analytics/costs", period="lastmonth")["total"] for one in own_stack.customers}
    assert after == others


def taken_along(folder: Path) -> None:
    """The bill to the last digit, as text that no spreadsheet runs; keys and documents; and no secret of ours."""
    rows = list(csv.DictReader(io.StringIO((folder / "costs.csv").read_text())))
    october = [row for row in rows if row["day"].startswith("2026-10")]
    told = [(row["service"], Decimal(row["billed"])) for row in october]
    assert told == [("wren-service", Decimal("1.375")), ("'=wren-service", Decimal("2.75"))], "as it is charged"
    files = {row["key"]: (folder / row["file"]).read_bytes() for row in csv.DictReader(io.StringIO((folder / "files.csv").read_text()))}
    assert files.pop(f"focus/{CANARY}/wrens.csv") == bill()
    ((key, document),) = files.items()
    assert key.startswith(f"reports/{CANARY}/")
    assert b"wren-service" in document
    for provider in ("choice#rates", "cost#", "cost-part#"):
        assert provider not in (folder / "metrics.ndjson").read_text(), "what the payer pays is the provider's"
    for name in ("api-keys", "report-links", "sessions"):
        assert '"digest"' not in (folder / f"{name}.ndjson").read_text()
    for name in ("metrics", "reports", "schedules", "customers", "api-keys", "report-links", "audit", "ledger", "sessions"):
        assert (folder / f"{name}.ndjson").read_text(), name
    (customer,) = (json.loads(line) for line in (folder / "customers.ndjson").read_text().splitlines())
    assert customer["data"]["name"] == "Ornithology"
    assert "ops.customers add" in (folder / "audit.ndjson").read_text()


def test_an_export_overwrites_nothing_and_an_erasure_is_meant(own_stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("x")
    full = own_stack.ops("customers", "export", "--id", own_stack.customers[0].customer_id, "--to", str(tmp_path))
    assert full.returncode != 0
    assert "isn't empty" in full.stderr
    unsaid = own_stack.ops("customers", "erase", "--id", own_stack.customers[0].customer_id)
    assert unsaid.returncode != 0
    assert "--yes" in unsaid.stderr
    assert own_stack.client().get("/analytics/costs").status == 200
