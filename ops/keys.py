"""python -m ops.keys --stage S create|rotate|revoke|list --customer C|--operator [--scopes read,report,admin] [--json]

create [--expires-in-days N] | rotate [--key ID] [--overlap-hours H] | revoke --key ID
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.customer import SCOPES, ApiKey
from chalicelib.domain.errors import AnalyticsError
from chalicelib.domain.period import iso
from chalicelib.usecases.access import keys as use
from chalicelib.wiring import Services
from ops.audit import note, operator
from ops.common import customer_of, main, parser, services_of

PATH = "/analytics/keys"


def issue(with_: Services, customer_id: str | None, scopes: tuple[str, ...], life: timedelta | None = None) -> tuple[str, ApiKey]:
    """(the whole key, its record) of whatever scopes: also the operator's, the laptop's, and those of a command that ends them itself."""
    key, key_id, digest = with_.keyring.new()
    now = with_.clock()
    record = ApiKey(key_id, customer_id, digest, scopes, now, expires_at=now + life if life else None)
    with_.api_keys.put(record)
    return key, record


def create(with_: Services, given: argparse.Namespace, scopes: tuple[str, ...]) -> None:
    key, record = use.create(with_.keyring, given.customer, use.KeyBody(scopes, given.expires_in_days), operator(with_))
    note(with_, given.customer, "keys create", f"{PATH}/{record.id}")
    tell(key, record, given.json)


def rotate(with_: Services, given: argparse.Namespace) -> None:
    """The old key stays good for the overlap, so that callers can change over."""
    live = [record for record in with_.api_keys.of(given.customer) if record.live(with_.clock()) and given.key in (None, record.id)]
    if len(live) != 1:
        raise SystemExit(f"--key must name one of this customer's live keys: {', '.join(record.id for record in live) or 'there is none'}")
    body = use.RotationBody(given.overlap_hours)
    key, record = use.rotate(with_.keyring, given.customer, live[0].id, body, operator(with_))
    note(with_, given.customer, "keys rotate", f"{PATH}/{live[0].id} -> {PATH}/{record.id}")
    tell(key, record, given.json)


def tell(key: str, record: ApiKey, as_json: bool) -> None:
    """The only moment in which the key is known."""
    until = iso(record.expires_at) if record.expires_at else None
    if as_json:
        shown = {"api_key": key, "key_id": record.id, "customer_id": record.customer_id, "scopes": list(record.scopes)}
        print(json.dumps({**shown, "expires_at": until}))
    else:
        print(f"{key}\n(shown once; id {record.id}, scopes {', '.join(record.scopes)})")


def revoke(with_: Services, given: argparse.Namespace) -> None:
    if given.key is None:
        raise SystemExit("--key must be the id of one of this customer's keys")
    use.revoke(with_.keyring, given.customer, given.key)
    note(with_, given.customer, "keys revoke", f"{PATH}/{given.key}")
    print(f"{given.key} is revoked; within a minute no container accepts it")


def of_operator(with_: Services, given: argparse.Namespace) -> None:
    """Makes or ends a key of the provider's own staff, which is no customer's: no audit tells of it, the key's own record does."""
    if given.action == "create":
        life = timedelta(days=given.expires_in_days) if given.expires_in_days else None
        key, record = issue(with_, None, ("operator",), life)
        tell(key, record, given.json)
        return
    record_of = with_.api_keys.get(given.key or "")
    if record_of is None or record_of.customer_id is not None:
        raise SystemExit("--key must be the id of one of the operator's keys")
    with_.api_keys.put(replace(record_of, revoked=True))
    print(f"{record_of.id} is revoked; within a minute no container accepts it")


def show(with_: Services, customer_id: str, as_json: bool) -> None:
    rows = [use.shown(record, with_.clock()) for record in with_.api_keys.of(customer_id)]
    if as_json:
        print(json.dumps([{"key_id": row.pop("id"), **row, "revoked": row["status"] == "revoked"} for row in rows]))
    for row in [] if as_json else rows:
        until, used = row["expires_at"] or "no end", row["last_used_at"] or "never used"
        print("\t".join((row["id"], row["status"], row["created_at"], until, used, ",".join(row["scopes"]))))


def command() -> None:
    made = parser("keys", "A customer's API keys.")
    made.add_argument("action", choices=("create", "rotate", "revoke", "list"))
    whose = made.add_mutually_exclusive_group(required=True)
    whose.add_argument("--customer")
    whose.add_argument(
        "--operator", action="store_true", help="create or revoke: the provider's own, for the whole of /health and nothing else"
    )
    made.add_argument("--scopes", default=",".join(use.DEFAULT_SCOPES), help=f"of {','.join(SCOPES)} (default read,report)")
    made.add_argument("--expires-in-days", type=int, help="create: when the key ends by itself (default never)")
    made.add_argument("--overlap-hours", type=int, default=24, help="rotate: how long the old key stays good (default 24)")
    made.add_argument("--key", help="a key's id, for rotate and revoke")
    made.add_argument("--json", action="store_true")
    given = made.parse_args()
    scopes = tuple(dict.fromkeys(given.scopes.split(",")))
    if not set(scopes) <= set(SCOPES):
        made.error(f"--scopes: only {', '.join(SCOPES)}")
    if given.operator and given.action not in ("create", "revoke"):
        made.error("--operator: create or revoke")
    with_ = services_of(given.stage)
    if given.operator:
        of_operator(with_, given)
        return
    customer_of(with_, given.customer)
    try:
        if given.action == "create":
            create(with_, given, scopes)
        elif given.action == "rotate":
            rotate(with_, given)
        elif given.action == "revoke":
            revoke(with_, given)
        else:
            show(with_, given.customer, given.json)
    except AnalyticsError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main(command)
