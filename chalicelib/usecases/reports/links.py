"""Links that may be mailed: each opens one report's document to whoever has it, until it expires or is revoked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from chalicelib.domain.customer import Customer
from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.link import Link, Uses
from chalicelib.domain.reporting import READY
from chalicelib.usecases.answers.values import Answer, text_of
from chalicelib.usecases.ports.reports import LinkStore
from chalicelib.usecases.reports.reporting import Reporting, fetch

MOST_LINKS = 100
LONGEST_DAYS = 30


@dataclass(frozen=True)
class LinkBody:
    """What may be sent of a link."""

    expires_in_days: int = 7


@dataclass(frozen=True)
class Linking:
    """`new_token` gives (token, its id, its secret's digest); `parse` (id, digest of the secret) of a token that is well-formed."""

    reporting: Reporting
    links: LinkStore
    new_token: Callable[[], tuple[str, str, str]]
    parse: Callable[[str], tuple[str, Callable[[str], bool]] | None]
    customer: Callable[[str], Customer | None]


def create(with_: Linking, customer_id: str, report_id: str, days: int, by: str) -> tuple[str, Link]:
    """(the token, which is never known again, and its link); Conflict while the report isn't ready."""
    record, now = fetch(with_.reporting, customer_id, report_id), with_.reporting.clock()
    if record.status != READY:
        raise Conflict(f"the report is {record.status}")
    if len(with_.links.of(customer_id, report_id)) >= MOST_LINKS:
        raise Conflict(f"the report has {MOST_LINKS} links")
    token, link_id, digest = with_.new_token()
    link = Link(link_id, report_id, digest, now, by, min(now + timedelta(days=days), record.expires_at))
    with_.links.put(customer_id, link)
    return token, link


def of_report(with_: Linking, customer_id: str, report_id: str) -> list[tuple[Link, Uses]]:
    fetch(with_.reporting, customer_id, report_id)
    return with_.links.of(customer_id, report_id)


def revoke(with_: Linking, customer_id: str, report_id: str, link_id: str) -> None:
    """At once; one that is revoked already stays so."""
    found = [link for link, _ in of_report(with_, customer_id, report_id) if link.id == link_id]
    if not found:
        raise NotFound("there is no such link")
    if found[0].revoked_at is None:
        with_.links.put(customer_id, replace(found[0], revoked_at=with_.reporting.clock()))


def follow(with_: Linking, token: str, admit: Callable[[Link], None] = lambda link: None) -> tuple[str, Link, str]:
    """(whose report it is, the link, where its document can be fetched for five minutes); the same NotFound for all that doesn't open.

    `admit` may refuse a link that is followed too often.
    """
    parsed = with_.parse(token)
    found = with_.links.find(parsed[0]) if parsed else None
    if parsed is None or found is None or not parsed[1](found[1].digest) or not found[1].opens(with_.reporting.clock()):
        raise NotFound("this link doesn't open anything, or not any more")
    customer_id, link = found
    customer, record = with_.customer(customer_id), with_.reporting.records.get(customer_id, link.report_id)
    if customer is None or customer.disabled or record is None or record.status != READY:
        raise NotFound("this link doesn't open anything, or not any more")
    admit(link)
    with_.links.used(customer_id, link)
    return customer_id, link, with_.reporting.files.url(customer_id, record)


def shown_link(link: Link, uses: Uses) -> Answer:
    return {
        "id": link.id,
        "created_at": text_of(link.created_at),
        "created_by": link.created_by,
        "expires_at": text_of(link.expires_at),
        "revoked_at": text_of(link.revoked_at),
        "uses": uses.count,
        "last_used_at": text_of(uses.last_at),
    }
