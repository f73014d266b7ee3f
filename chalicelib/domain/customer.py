"""Who is served: a customer and its AWS accounts, and who is asking."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

SCOPES = ("read", "report", "admin")
READER_ROLE = "SecureBaseAnalyticsReader"
UNALLOCATED = "(unallocated)"
"""Whose the costs of accounts are that nobody has; no customer can be called so (ids hold letters, digits, - and _)."""


@dataclass(frozen=True)
class Account:
    """One AWS account of a customer, read through its role with the customer's ExternalId.

    It is the customer's on the days [since, until); None is without end.
    """

    id: str
    role: str = READER_ROLE
    since: date | None = None
    until: date | None = None

    @property
    def role_arn(self) -> str:
        return f"arn:aws:iam::{self.id}:role/{self.role}"

    def covers(self, day: date) -> bool:
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)

    def overlaps(self, other: Account) -> bool:
        """Whether there is a day on which both hold the same account."""
        starts = [claim.since for claim in (self, other) if claim.since is not None]
        ends = [claim.until for claim in (self, other) if claim.until is not None]
        return self.id == other.id and (not starts or not ends or max(starts) < min(ends))


@dataclass(frozen=True)
class Customer:
    """`since` is when it was added; a disabled customer is neither read nor answered.

    `accounts` are those that it has; `former` are those that it had until a day, whose costs of before stay its own. `billing_view` is
    the ARN of the pro forma view that its costs are read through, '' where they are the payer's.
    """

    id: str
    name: str
    accounts: tuple[Account, ...]
    external_id: str
    since: datetime
    disabled: bool = False
    former: tuple[Account, ...] = ()
    billing_view: str = ""

    @property
    def account_ids(self) -> tuple[str, ...]:
        return tuple(account.id for account in self.accounts)

    @property
    def claims(self) -> tuple[Account, ...]:
        return (*self.accounts, *self.former)

    def owns(self, account: str, day: date) -> bool:
        return any(claim.id == account and claim.covers(day) for claim in self.claims)


def owner_of(customers: Iterable[Customer], account: str, day: date) -> str:
    """The id of the one customer that the account is of on that day, else UNALLOCATED.

    Records of before claims had days may name an account twice: then a customer that is served goes before a disabled one.
    """
    owners = [(customer.disabled, customer.id) for customer in customers if customer.owns(account, day)]
    return min(owners, default=(False, UNALLOCATED))[1]


@dataclass(frozen=True)
class Principal:
    """A verified credential: one customer with scopes, or the operator (no customer). `id` names the credential, and holds no secret;
    `expires_at` is when it ends by itself, None for never."""

    customer_id: str | None
    scopes: frozenset[str]
    id: str = ""
    expires_at: datetime | None = None

    @property
    def operator(self) -> bool:
        return self.customer_id is None


@dataclass(frozen=True)
class ApiKey:
    """A key's record; the secret itself is only ever known as `digest`. customer_id None is the operator's.

    `used_at` is told to the hour. `successor` is the id of the key that a rotation made of it, while which both are good.
    """

    id: str
    customer_id: str | None
    digest: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked: bool = False
    expires_at: datetime | None = None
    created_by: str = ""
    successor: str = ""
    revoked_at: datetime | None = None
    used_at: datetime | None = None

    def live(self, now: datetime) -> bool:
        return not self.revoked and (self.expires_at is None or now < self.expires_at)
