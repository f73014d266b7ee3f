"""python -m ops.smoke --stage S [--url URL] [--queries 30] [--json]"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.customer import Customer
from chalicelib.security import secrets, tokens
from chalicelib.usecases.access.keys import DEFAULT_SCOPES, revoke
from chalicelib.wiring import Services
from ops.asking import Site
from ops.audit import note
from ops.checks import Check, as_json, as_text, failed
from ops.common import main, parser, services_of
from ops.customers import create
from ops.deployed import url_of
from ops.deploying.smoke_tests import Smoking, smoke_tests
from ops.keys import issue

CUSTOMER, NAME = "securebase-smoke", "SecureBase smoke tests"
LIFE = timedelta(hours=1)
WITH_TOKENS = ("local", "dev")
QUERIES = 30


def smoke(with_: Services, url: str, queries: int = QUERIES) -> list[Check]:
    """All smoke tests as a customer of their own, without accounts, whose key ends with them; SystemExit where the key would travel in
    the clear.

    The customer is disabled but for the time of a run: of one that is served every hour is planned, and every month wants closing.
    """
    try:
        site = Site(url)
    except ValueError as error:
        raise SystemExit(f"--url: {error}") from None
    customer = with_.customers.get(CUSTOMER) or create(with_, CUSTOMER, NAME, [])
    with_.customers.put(replace(customer, disabled=False))
    key, record = issue(with_, CUSTOMER, DEFAULT_SCOPES, LIFE)
    try:
        note(with_, CUSTOMER, "smoke", f"keys/{record.id}")
        return list(smoke_tests(Smoking(site, with_.settings.stage, CUSTOMER, key, _token(with_), _wrong(with_), queries)))
    finally:
        site.close()
        try:
            revoke(with_.keyring, CUSTOMER, record.id)
        finally:
            _shut(with_, customer)


def _shut(with_: Services, customer: Customer) -> None:
    if not any(other.live(with_.clock()) for other in with_.api_keys.of(CUSTOMER)):  # nobody else is at it
        with_.customers.put(replace(customer, disabled=True))


def _token(with_: Services) -> str | None:
    """Staging and production take tokens of their identity provider only, as does whoever has one."""
    settings = with_.settings
    if settings.stage not in WITH_TOKENS or settings.jwks_url:
        return None
    key = secrets.derived(with_.master, "tokens")
    return tokens.mint(key, settings.jwt_issuer, settings.jwt_audience, CUSTOMER, with_.clock(), LIFE)


def _wrong(with_: Services) -> tuple[dict[str, str], ...]:
    """A key as they are made, but kept nowhere; what is no key at all; a token that nobody signed."""
    key, _, _ = with_.keyring.new()
    return {"X-API-Key": key}, {"X-API-Key": "nobody"}, {"Authorization": "Bearer nobody"}


def address_of(with_: Services) -> str:
    """Where the stage answers; SystemExit where it isn't deployed."""
    settings = with_.settings
    url = settings.public_url if settings.stage == "local" else url_of(with_.client, settings.stage, settings.region)
    if url is None:
        raise SystemExit(f"stage {settings.stage} has no API: deploy it, or say where it is (--url)")
    return url


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 500):
        raise argparse.ArgumentTypeError("a number from 1 to 500: a customer may ask 600 times a minute")
    return int(text)


def command() -> None:
    made = parser("smoke", "Try a deployed stage from outside, as a customer of its own, and say how long queries take.")
    made.add_argument("--url", help="where the API answers; default as AWS (or the laptop) tells")
    made.add_argument("--queries", type=_count, default=QUERIES, help=f"how many are timed (default {QUERIES})")
    made.add_argument("--json", action="store_true")
    given = made.parse_args()
    with_ = services_of(given.stage)
    checks = smoke(with_, given.url or address_of(with_), given.queries)
    print(as_json(checks) if given.json else as_text(checks))
    sys.exit(failed(checks))


if __name__ == "__main__":
    main(command)
