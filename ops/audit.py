"""python -m ops.audit --stage S verify [--customer C] [--expect NUMBER:HASH] | list --customer C"""

from __future__ import annotations

import json
import re
import uuid
import zlib

from chalicelib.domain.audit import OPERATOR, Deed, Entry, first_break
from chalicelib.domain.errors import AnalyticsError
from chalicelib.usecases.access.auditing import shown
from chalicelib.wiring import Services
from ops.common import main, parser, services_of

_HEAD = re.compile(r"[1-9][0-9]{0,11}:[0-9a-f]{64}", re.ASCII)


def operator(with_: Services) -> str:
    """Who the audit says runs a command: the AWS identity of this shell."""
    return f"{OPERATOR}:{with_.client('sts').get_caller_identity()['Arn']}"


def note(with_: Services, customer_id: str, command: str, what: str) -> None:
    """Has the customer's audit tell what a command did."""
    at = with_.clock().replace(microsecond=0)
    with_.auditing.note(customer_id, Deed(at, operator(with_), f"ops.{command}", what, "", 200, uuid.uuid4().hex))


def verify(with_: Services, customer_id: str, expected: str | None) -> bool:
    """Prints how a customer's chain stands; whether it is whole, and holds the entry that was noted before."""
    entries: list[Entry] = []
    try:
        entries += with_.auditing.trail.all(customer_id)
        wrong = first_break(entries, customer_id) or _missing(entries, expected)
    except (AnalyticsError, ValueError, KeyError, zlib.error) as error:  # whoever got at the table may have left anything
        wrong = f"an entry after {entries[-1].number if entries else 0} can't be read ({type(error).__name__})"
    head = f"{entries[-1].number}:{entries[-1].hash}" if entries else "0:-"
    print(f"{customer_id}\t{wrong or 'ok'}\t{head}")
    return wrong is None


def _missing(entries: list[Entry], expected: str | None) -> str | None:
    """A chain that was cut at its end, or made anew, is whole in itself: only an entry that was noted elsewhere tells."""
    if expected is None or expected in (f"{entry.number}:{entry.hash}" for entry in entries):
        return None
    return f"the entry {expected} isn't there"


def command() -> None:
    made = parser("audit", "Hold every customer's audit against its hashes, or list one.")
    made.add_argument("action", choices=("verify", "list"))
    made.add_argument("--customer", help="verify: only this one's")
    made.add_argument("--expect", metavar="NUMBER:HASH", help="verify: an entry (as printed before) that has to be there still")
    given = made.parse_args()
    if given.customer is None and (given.action == "list" or given.expect):
        made.error("--customer is needed")
    if given.expect and not _HEAD.fullmatch(given.expect):
        made.error("--expect: like 17:3f9a... as `verify` prints it")
    with_ = services_of(given.stage)
    if given.customer and with_.customers.get(given.customer) is None and not with_.auditing.trail.newest(given.customer, 1):
        raise SystemExit(f"there is no customer {given.customer}, and no audit of one")
    if given.action == "list":
        for entry in with_.auditing.trail.all(given.customer):
            print(json.dumps(shown(entry)))
        return
    ids = [given.customer] if given.customer else [customer.id for customer in with_.customers.all()]
    if not all([verify(with_, customer_id, given.expect) for customer_id in ids]):  # noqa: C419  every one is told
        raise SystemExit("the audit was tampered with")


if __name__ == "__main__":
    main(command)
