"""python -m ops.keys --stage S create|rotate|revoke|list --customer C [--scopes read,report,admin] [--key ID] [--json]"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from chalicelib.domain.customer import SCOPES, ApiKey
from chalicelib.domain.period import iso
from chalicelib.security import api_keys
from chalicelib.wiring import Services
from ops.common import customer_of, main, parser, services_of

DEFAULT_SCOPES = "read,report"


def issue(with_: Services, customer_id: str | None, scopes: tuple[str, ...]) -> tuple[str, ApiKey]:
    """(the whole key, its record): the only moment in which the key is known."""
    key, key_id, secret = api_keys.new_key(with_.settings.stage)
    record = ApiKey(key_id, customer_id, api_keys.digest(secret, with_.pepper), scopes, with_.clock())
    with_.api_keys.put(record)
    return key, record


def create(with_: Services, customer_id: str, scopes: tuple[str, ...], as_json: bool) -> None:
    key, record = issue(with_, customer_id, scopes)
    if as_json:
        print(json.dumps({"api_key": key, "key_id": record.id, "customer_id": customer_id, "scopes": list(scopes)}))
    else:
        print(f"{key}\n(shown once; id {record.id}, scopes {', '.join(scopes)})")


def rotate(with_: Services, customer_id: str, key_id: str | None, as_json: bool) -> None:
    """A new key with the old one's scopes; the old one stays good until it is revoked, so that callers can change over."""
    live = [record for record in with_.api_keys.of(customer_id) if not record.revoked and key_id in (None, record.id)]
    if len(live) != 1:
        raise SystemExit(f"--key must name one of this customer's live keys: {', '.join(record.id for record in live) or 'there is none'}")
    create(with_, customer_id, live[0].scopes, as_json)


def revoke(with_: Services, customer_id: str, key_id: str | None) -> None:
    found = [record for record in with_.api_keys.of(customer_id) if record.id == key_id]
    if not found:
        raise SystemExit("--key must be the id of one of this customer's keys")
    with_.api_keys.put(replace(found[0], revoked=True))
    print(f"{key_id} is revoked; within a minute no container accepts it")


def show(with_: Services, customer_id: str, as_json: bool) -> None:
    records = with_.api_keys.of(customer_id)
    rows: list[dict[str, Any]] = [
        {"key_id": r.id, "scopes": list(r.scopes), "created_at": iso(r.created_at), "revoked": r.revoked} for r in records
    ]
    if as_json:
        print(json.dumps(rows))
    for row in [] if as_json else rows:
        print(f"{row['key_id']}\t{'revoked' if row['revoked'] else 'live'}\t{row['created_at']}\t{','.join(row['scopes'])}")


def command() -> None:
    made = parser("keys", "A customer's API keys.")
    made.add_argument("action", choices=("create", "rotate", "revoke", "list"))
    made.add_argument("--customer", required=True)
    made.add_argument("--scopes", default=DEFAULT_SCOPES, help=f"of {','.join(SCOPES)} (default {DEFAULT_SCOPES})")
    made.add_argument("--key", help="a key's id, for rotate and revoke")
    made.add_argument("--json", action="store_true")
    given = made.parse_args()
    scopes = tuple(dict.fromkeys(given.scopes.split(",")))
    if not set(scopes) <= set(SCOPES):
        made.error(f"--scopes: only {', '.join(SCOPES)}")
    with_ = services_of(given.stage)
    customer_of(with_, given.customer)
    if given.action == "create":
        create(with_, given.customer, scopes, given.json)
    elif given.action == "rotate":
        rotate(with_, given.customer, given.key, given.json)
    elif given.action == "revoke":
        revoke(with_, given.customer, given.key)
    else:
        show(with_, given.customer, given.json)


if __name__ == "__main__":
    main(command)
