"""python -m ops.customers --stage S add --id C --name N [--account A]... [--since DAY] | list | disable --id C

... assign --id C --account A [--since DAY] | move --account A --to C --on DAY | unallocated
... export --id C --to FOLDER | erase --id C --yes
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from alarms.onboarding import EXTERNAL_ID, PROVIDER, PROVIDER_REGION, onboarding
from chalicelib.domain.customer import Customer
from chalicelib.domain.period import hour_floor, iso
from chalicelib.wiring import Services
from ops import accounts as owned
from ops import leaving
from ops.audit import note
from ops.common import customer_of, day, main, parser, services_of

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)


def create(with_: Services, customer_id: str, name: str, accounts: list[str], since: date | None = None) -> Customer:
    """Records the customer and starts its backfill."""
    checked_id(customer_id)
    if not name.strip() or len(name) > 200:
        raise SystemExit("--name: 1 to 200 characters")
    now = with_.clock()
    external_id = f"{customer_id}-{secrets.token_hex(8)}"
    customer, others = owned.claimed(with_, Customer(customer_id, name, (), external_id, now), accounts, since)
    if not with_.customers.create(customer):
        raise SystemExit(f"there is a customer {customer_id} already")
    if others:
        with_.customers.put_together(others)
        _note_taken(with_, others)
    jobs = [{"job": "customer", "customer_id": customer_id, "end": iso(hour_floor(now))}, owned.backfill(customer_id, since, now)]
    with_.collaborators.queue.send([*owned.splits(with_, since), *jobs] if accounts else [])
    note(with_, customer_id, "customers add", f"customers/{customer_id}")
    return customer


def checked_id(customer_id: str) -> str:
    if not _ID.fullmatch(customer_id):
        raise SystemExit("--id: 1 to 63 letters, digits, - and _, beginning with a letter or digit")
    return customer_id


def assign(with_: Services, customer_id: str, accounts: list[str], since: date | None) -> None:
    """Gives a customer more accounts, reads them back and prints what they must take."""
    customer, others = owned.claimed(with_, customer_of(with_, customer_id), accounts, since)
    with_.customers.put_together([customer, *others])
    _note_taken(with_, others)
    with_.collaborators.queue.send([*owned.splits(with_, since), owned.backfill(customer_id, since, with_.clock())])
    note(with_, customer_id, "customers assign", f"customers/{customer_id}")
    show_onboarding(with_, customer)


def _note_taken(with_: Services, others: Iterable[Customer]) -> None:
    """Of customers that are disabled accounts may be taken."""
    for other in others:
        note(with_, other.id, "customers assign", f"customers/{other.id}")


def show_onboarding(with_: Services, customer: Customer) -> None:
    """What each of the customer's accounts has to take, its parameters filled in."""
    filled = {PROVIDER: with_.account, EXTERNAL_ID: customer.external_id, PROVIDER_REGION: with_.settings.region}
    print(onboarding(filled).to_json(indent=2))


def show(with_: Services) -> None:
    for customer in with_.customers.all():
        state = "disabled" if customer.disabled else "active"
        print(f"{customer.id}\t{state}\t{customer.name}\t{','.join(owned.told(claim) for claim in customer.claims) or '-'}")


def disable(with_: Services, customer_id: str) -> None:
    """Its credentials end within a minute and nothing of it is read any more; its data stays. Its accounts are free from today."""
    customer = customer_of(with_, customer_id)
    with_.customers.put(replace(owned.closed(customer, set(customer.account_ids), with_.clock().date()), disabled=True))
    note(with_, customer_id, "customers disable", f"customers/{customer_id}")
    print(f"{customer_id} is disabled")


def command() -> None:
    made = parser("customers", "Add, list or disable customers; say whose an account is, and since when.")
    actions = made.add_subparsers(dest="action", required=True)
    adding = actions.add_parser("add", help="add a customer, start its backfill, print its role template")
    adding.add_argument("--id", required=True)
    adding.add_argument("--name", required=True)
    adding.add_argument("--account", action="append", default=[], help="an AWS account id; repeatable")
    assigning = actions.add_parser("assign", help="give a customer an account, start its backfill, print the role template")
    assigning.add_argument("--id", required=True)
    assigning.add_argument("--account", action="append", required=True, help="an AWS account id; repeatable")
    for claiming in (adding, assigning):
        claiming.add_argument("--since", type=day, help="the account's first day with the customer (UTC); without it, always")
    moving = actions.add_parser("move", help="end an account's time with one customer and begin it with another")
    moving.add_argument("--account", required=True)
    moving.add_argument("--to", required=True, help="the customer that gets it")
    moving.add_argument("--on", type=day, required=True, help="the first day with that customer (UTC)")
    actions.add_parser("list", help="id, state, name and accounts")
    actions.add_parser("disable", help="shut a customer out").add_argument("--id", required=True)
    actions.add_parser("unallocated", help="the payer's exports, and per month what they hold of accounts that nobody has")
    exporting = actions.add_parser("export", help="everything that is kept of a customer, as files")
    exporting.add_argument("--id", required=True)
    exporting.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="a folder that is empty or isn't there yet")
    erasing = actions.add_parser("erase", help="shut a customer out and forget everything of it, for good")
    erasing.add_argument("--id", required=True)
    erasing.add_argument("--yes", action="store_true", help="it can't be undone")
    given = made.parse_args()
    if given.action == "erase" and not given.yes:
        made.error("erase can't be undone: say --yes")
    with_ = services_of(given.stage)
    if given.action == "add":
        customer = create(with_, given.id, given.name, given.account, given.since)
        show_onboarding(with_, customer)
    elif given.action == "assign":
        assign(with_, given.id, given.account, given.since)
    elif given.action == "move":
        customer = owned.move(with_, given.account, given.to, given.on)
        show_onboarding(with_, customer)
    elif given.action == "disable":
        disable(with_, given.id)
    elif given.action == "export":
        leaving.export(with_, customer_of(with_, given.id).id, given.to)
    elif given.action == "erase":
        leaving.erase(with_, checked_id(given.id))
    elif given.action == "unallocated":
        owned.show_unallocated(with_)
    else:
        show(with_)


if __name__ == "__main__":
    main(command)
