"""Three customers of one payer, ninety days of them; what happens when is told in days before today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from chalicelib.domain.customer import Account, Customer
from chalicelib.domain.period import midnight

DAYS = 90
PAYER = "900000000001"
UNALLOCATED = "900000000099"
ACME_SHOP, ACME_DATA = "110000000001", "110000000002"
BOREALIS_CLINIC, BOREALIS_RECORDS = "220000000001", "220000000002"
COBALT = "330000000001"
SPIKE_FIRST, SPIKE_DAYS = 26, 3
CONTROL_FIXED, CONTROL_BROKEN, CONTROL_DISABLED = 45, 9, 60
NEW_REGION, SERVICE_GONE = 20, 35
_CUSTOMERS = (
    ("acme-retail", "Acme Retail", (ACME_SHOP, ACME_DATA), "acme-retail-7c1e9f04"),
    ("borealis-health", "Borealis Health", (BOREALIS_CLINIC, BOREALIS_RECORDS), "borealis-health-2b86d5aa"),
    ("cobalt-games", "Cobalt Games", (COBALT,), "cobalt-games-e03f417d"),
)


@dataclass(frozen=True)
class Organisation:
    """The payer's organisation as of `today` (UTC); `unallocated` is an account of no customer."""

    today: date
    customers: tuple[Customer, ...]
    payer: str = PAYER
    unallocated: str = UNALLOCATED

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)


def organisation(today: date) -> Organisation:
    since = midnight(today - timedelta(days=DAYS))
    return Organisation(
        today,
        tuple(
            Customer(key, name, tuple(Account(account) for account in accounts), external_id, since)
            for key, name, accounts, external_id in _CUSTOMERS
        ),
    )
