"""The payer's export as AWS delivers it, into the bucket of a running stack: each customer is answered its own rows and nobody else's."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import boto3

from chalicelib.stores import tables
from tests.stack import Stack

MONTH = {"start": "2023-04-01", "end": "2023-05-01"}
HEADER = "BilledCost,EffectiveCost,BillingCurrency,ChargePeriodStart,ServiceName,SubAccountId"


class Payer:
    """AWS Data Exports, delivering into the stack's bucket."""

    def __init__(self, stack: Stack) -> None:
        environment = stack.environment
        self._client = boto3.client(
            "s3",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=environment["AWS_DEFAULT_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        )
        self._bucket = tables.bucket_name("local", "exports", environment["AWS_ACCOUNT_ID"])
        self.export = f"bill-{uuid4().hex[:8]}"

    def deliver(self, *rows: tuple[str, str]) -> None:
        """(account, amount) of one day."""
        root, period = f"focus-export/{self.export}", "BILLING_PERIOD=2023-04"
        data = f"{root}/data/{period}/{self.export}-00001.csv"
        lines = [HEADER, *(f"{amount},{amount},USD,2023-04-03T00:00:00Z,Service,{account}" for account, amount in rows), ""]
        listed = json.dumps({"executionId": uuid4().hex, "dataFiles": [f"s3://{self._bucket}/{data}"]})
        self._client.put_object(Bucket=self._bucket, Key=data, Body="\n".join(lines).encode())
        self._client.put_object(Bucket=self._bucket, Key=f"{root}/metadata/{period}/{self.export}-Manifest.json", Body=listed.encode())


def until(found: Callable[[], Any], wanted: Any) -> None:
    end = time.monotonic() + 60
    while (last := found()) != wanted:
        assert time.monotonic() < end, f"{last} isn't {wanted}"
        time.sleep(0.2)


def test_a_delivered_manifest_is_the_operators_until_a_customer_has_the_account_and_then_that_customers_alone(own_stack: Stack) -> None:
    accounts = [f"7{uuid4().int % 10**11:011d}" for _ in range(2)]
    name, today = f"payer-{uuid4().hex[:10]}", datetime.now(UTC).date().isoformat()
    payer, stranger = Payer(own_stack), own_stack.new_customer(f"other-{uuid4().hex[:10]}")

    def nobodys() -> list[str]:
        told = own_stack.ops("customers", "unallocated")
        assert told.returncode == 0, told.stderr
        return [line for line in told.stdout.splitlines() if line.startswith(("2023-04", f"focus-export/{payer.export}/"))]

    payer.deliver((accounts[0], "10"), (accounts[0], "-2.00000000001"), (accounts[1], "0.5"))
    until(lambda: nobodys()[1:], [f"2023-04\tUSD\t8.49999999999\t2 accounts\t{','.join(sorted(accounts))}"])
    try:
        mine = own_stack.client(own_stack.new_customer(name, accounts[0]))
        until(lambda: mine.answer("/analytics/costs", MONTH)["total"], Decimal("7.99999999999"))
        until(lambda: nobodys()[1:], [f"2023-04\tUSD\t0.5\t1 accounts\t{accounts[1]}"])
        assert own_stack.client(stranger).answer("/analytics/costs", MONTH)["total"] is None
        moved = own_stack.ops("customers", "move", "--account", accounts[0], "--to", stranger.customer_id, "--on", today)
        assert moved.returncode == 0, moved.stderr
        listed = own_stack.ops("customers", "list").stdout
        assert f"{accounts[0]} (from {today})" in listed
        assert f"{accounts[0]} (until {today})" in listed
        assert mine.answer("/analytics/costs", MONTH)["total"] == Decimal("7.99999999999"), "what it cost before stays where it was"
    finally:
        for customer_id in (name, stranger.customer_id):
            own_stack.ops("customers", "disable", "--id", customer_id)
