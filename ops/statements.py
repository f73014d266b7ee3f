"""python -m ops.statements --stage S close --month 2026-10 | show --month 2026-10 --customer C | reconcile --month 2026-10"""

from __future__ import annotations

import sys
from datetime import date

from chalicelib.domain.exact import plain, subtract
from chalicelib.domain.period import midnight, next_month
from chalicelib.domain.rates import Rates
from chalicelib.domain.statement import Statement, Statements, kinds_to_share
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.billing.closing import close_month
from chalicelib.usecases.billing.payer_wide import payer_wide
from chalicelib.usecases.billing.statements import draft
from chalicelib.wiring import Services
from ops.audit import note
from ops.common import customer_of, main, month, parser, services_of


def close(with_: Services, of: date) -> None:
    """Every customer's statement of a month that is over, once; ends non-zero where a customer's couldn't be drawn up."""
    now = with_.clock()
    if midnight(next_month(of)) > now:
        raise SystemExit(f"--month: {of:%Y-%m} isn't over")
    left = 0
    for customer_id, done in close_month(with_.customers, with_.metrics, of, now):
        if isinstance(done, str):
            left += 1
            print(f"{customer_id}\tnot closed: {done}")
        if isinstance(done, list) and any(statement.closed_at == now for statement in done):
            note(with_, customer_id, "statements close", f"statements/{of:%Y-%m}")
        for statement in done if isinstance(done, list) else []:
            print("\t".join([customer_id, *_told(statement)]))
    if left:
        sys.exit(1)


def show(with_: Services, customer_id: str, of: date) -> None:
    """The statement line by line, closed or as it stands, with the provider's margin."""
    customer_of(with_, customer_id)
    status = with_.metrics.status(customer_id)
    held = choice_of(with_.metrics, customer_id, Statements, status)
    found = held.of(of) or draft(with_.metrics, customer_id, of, status, with_.clock()).stated(held)
    for statement in found:
        for line in statement.lines:
            print("\t".join([line.kind, line.name or "-", f"{plain(line.amount):f}"]))
        print("\t".join(_told(statement)))
    waiting = kinds_to_share([choice_of(with_.metrics, customer_id, Rates, status).on(of)])
    if waiting and not any(statement.closed_at for statement in found):
        print(f"still to be shared out when the month is closed: {', '.join(waiting)}", file=sys.stderr)


def _told(statement: Statement) -> list[str]:
    state = f"closed {statement.closed_at:%Y-%m-%d}" if statement.closed_at else "open"
    restated = subtract(statement.total, statement.charges)
    figures = {
        "total": statement.total,
        "charges": statement.charges,
        "restated": restated,
        "paid": statement.paid,
        "margin": statement.margin,
    }
    amounts = [f"{name} {plain(amount):f}" for name, amount in figures.items()]
    return [f"{statement.month:%Y-%m}", statement.currency, *amounts, "estimated" if statement.estimated else "final", state]


def reconcile(with_: Services, of: date) -> None:
    """Customers and unallocated against the payer's own total, per currency; ends non-zero where they differ."""
    rows = payer_wide(with_.customers, with_.metrics, of)
    for row in rows:
        figures = {"customers": row.customers, "unallocated": row.unallocated, "payer": row.payer, "difference": row.difference}
        amounts = [f"{name} {'-' if amount is None else f'{plain(amount):f}'}" for name, amount in figures.items()]
        print("\t".join([f"{of:%Y-%m}", row.currency, *amounts]))
    if any(row.difference is None or row.difference for row in rows):
        sys.exit(1)


def command() -> None:
    made = parser("statements", "Close a month's statements, look at one with its margin, and hold all customers against the payer.")
    actions = made.add_subparsers(dest="action", required=True)
    for name, help_ in (
        ("close", "close a month that is over, for every customer; run again, it changes nothing"),
        ("show", "a customer's month, closed or as it stands, with the provider's margin"),
        ("reconcile", "customers + unallocated = payer, per currency"),
    ):
        action = actions.add_parser(name, help=help_)
        action.add_argument("--month", type=month, required=True, help="like 2026-10")
        if name == "show":
            action.add_argument("--customer", required=True)
    given = made.parse_args()
    with_ = services_of(given.stage)
    if given.action == "close":
        close(with_, given.month)
    elif given.action == "show":
        show(with_, given.customer, given.month)
    else:
        reconcile(with_, given.month)


if __name__ == "__main__":
    main(command)
