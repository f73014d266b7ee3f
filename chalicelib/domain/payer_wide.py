"""The whole organisation in one row: what customers and nobody have, against what the payer's source says in all."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.exact import add_known, subtract


@dataclass(frozen=True)
class PayerWide:
    """Billed cost of one month in one currency; None is unknown. For the operator alone."""

    currency: str
    customers: Decimal | None
    unallocated: Decimal | None
    payer: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        """customers + unallocated - payer."""
        whole = add_known((self.customers, self.unallocated))
        return None if whole is None or self.payer is None else subtract(whole, self.payer)
