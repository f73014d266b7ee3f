"""Where a customer's reports and events go: places of its own, each proven before anything is sent there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

EMAIL, WEBHOOK, SLACK, S3, SNS, DOMAIN = CHANNELS = ("email", "webhook", "slack", "s3", "sns", "domain")
UNVERIFIED, VERIFIED, BOUNCED, COMPLAINED, UNSUBSCRIBED, GONE = STATES = (
    "unverified",
    "verified",
    "bounced",
    "complained",
    "unsubscribed",
    "gone",
)
EVENTS = ("budget", "anomaly", "schedule")
"""What a recipient may be told of beside reports; `schedule` is of one that was parked and of reports that failed."""
MOST, MOST_REFUSING = 50, 1000


@dataclass(frozen=True)
class Recipient:
    """`address` is a mail address, an https address, s3://bucket/prefix, a topic's ARN or a domain's name.

    A `domain` is no place to send to: it proves the mail addresses in it. `account` is whose the bucket or topic is. `key_version` counts
    a webhook's signing keys; until `both_keys_until` the one before signs, too.
    """

    id: str
    channel: str
    address: str
    created_at: datetime
    created_by: str
    name: str = ""
    account: str = ""
    events: tuple[str, ...] = ()
    status: str = UNVERIFIED
    since: datetime | None = None
    key_version: int = 1
    both_keys_until: datetime | None = None

    def now(self, status: str, at: datetime) -> Recipient:
        return self if self.status == status else replace(self, status=status, since=at)

    def key_versions(self, now: datetime) -> tuple[int, ...]:
        """The newest first."""
        both = self.both_keys_until is not None and now < self.both_keys_until
        return (self.key_version, self.key_version - 1) if both else (self.key_version,)

    @property
    def domain(self) -> str:
        """Of a mail address."""
        return self.address.rpartition("@")[2]

    @property
    def shown_address(self) -> str:
        """Of an address that may be its own password, like Slack's, the host alone."""
        if self.channel not in (WEBHOOK, SLACK):
            return self.address
        host, slash, rest = self.address.removeprefix("https://").partition("/")
        return f"https://{host}{slash}{rest and '...'}"


@dataclass(frozen=True)
class Asked:
    """A mail address in small letters (or another recipient's id) with something that happened to it."""

    address: str
    at: datetime
    status: str = ""


@dataclass(frozen=True)
class Recipients:
    """A customer's own, oldest first; `asked` is when proofs were lately sent, and to whom. `refusing` are mail addresses that were
    deleted after their readers had said no: proven by nothing but their own yes, and not at all where they complained."""

    NAME: ClassVar[str] = "recipients"
    all: tuple[Recipient, ...] = ()
    asked: tuple[Asked, ...] = ()
    refusing: tuple[Asked, ...] = ()

    def get(self, recipient_id: str) -> Recipient | None:
        return next((one for one in self.all if one.id == recipient_id), None)

    def at(self, channel: str, address: str) -> Recipient | None:
        """Capitals in a mail address make no other one."""
        same = str.casefold if channel == EMAIL else str
        return next((one for one in self.all if one.channel == channel and same(one.address) == same(address)), None)

    def verified(self, recipient: Recipient) -> bool:
        """Also a mail address in a domain that is."""
        if recipient.status == UNVERIFIED and recipient.channel == EMAIL and not self.refused(recipient.address):
            domain = self.at(DOMAIN, recipient.domain)
            return domain is not None and domain.status == VERIFIED
        return recipient.status == VERIFIED

    def refused(self, address: str) -> str:
        """What the reader of a mail address that was deleted had said, '' where nothing."""
        return next((one.status for one in self.refusing if one.address == address.casefold()), "")

    def told_of(self, event: str) -> list[Recipient]:
        return [one for one in self.all if event in one.events and self.verified(one)]

    def changed(self, recipient_id: str, to: Callable[[Recipient], Recipient]) -> Recipients:
        return replace(self, all=tuple(to(one) if one.id == recipient_id else one for one in self.all))

    def without(self, recipient_ids: Iterable[str]) -> Recipients:
        gone = frozenset(recipient_ids)
        said_no = [one for one in self.all if one.id in gone and one.channel == EMAIL and one.status in (COMPLAINED, UNSUBSCRIBED)]
        refusing = {one.address: one for one in self.refusing} | {
            one.address.casefold(): Asked(one.address.casefold(), one.since or one.created_at, one.status) for one in said_no
        }
        return replace(self, all=tuple(one for one in self.all if one.id not in gone), refusing=tuple(refusing.values())[-MOST_REFUSING:])
