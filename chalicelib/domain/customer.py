"""Who is served: a customer and its AWS accounts, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

SCOPES = ("read", "report", "admin")
READER_ROLE = "SecureBaseAnalyticsReader"


@dataclass(frozen=True)
class Account:
    """One AWS account of a customer, read through its role with the customer's ExternalId."""

    id: str
    role: str = READER_ROLE

    @property
    def role_arn(self) -> str:
        return f"arn:aws:iam::{self.id}:role/{self.role}"


@dataclass(frozen=True)
class Customer:
    """`since` is when it was added; a disabled customer is neither read nor answered."""

    id: str
    name: str
    accounts: tuple[Account, ...]
    external_id: str
    since: datetime
    disabled: bool = False

    @property
    def account_ids(self) -> tuple[str, ...]:
        return tuple(account.id for account in self.accounts)


@dataclass(frozen=True)
class Principal:
    """A verified credential: one customer with scopes, or the operator (no customer)."""

    customer_id: str | None
    scopes: frozenset[str]

    @property
    def operator(self) -> bool:
        return self.customer_id is None


@dataclass(frozen=True)
class ApiKey:
    """A key's record; the secret itself is only ever known as `digest`. customer_id None is the operator's."""

    id: str
    customer_id: str | None
    digest: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked: bool = False
