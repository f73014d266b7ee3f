"""python -m ops.rates --stage S set --customer C --basis markup --percent 8 | drop --customer C --since 2026-11 | show --customer C"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation

from chalicelib.domain.customer import Customer
from chalicelib.domain.period import month_start
from chalicelib.domain.rates import CHARGED, KINDS, MARKUP, PRO_FORMA, RATE_BASES, RULES, Plan, Rates
from chalicelib.domain.statement import Statements
from chalicelib.wiring import Services
from ops import accounts as owned
from ops.audit import note
from ops.common import customer_of, main, month, parser, services_of


def number(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None
    if not value.is_finite():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value


def by_service(text: str) -> tuple[str, Decimal]:
    """Amazon CloudFront=5"""
    name, equals, percent = text.rpartition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 'Amazon CloudFront=5'")
    return name, number(percent)


def put(with_: Services, customer_id: str, plan: Plan, billing_view: str, force: bool) -> None:
    """Adds the plan, or replaces all of the month's; what its months are charged is told anew from now on."""
    customer = customer_of(with_, customer_id)
    if customer.billing_view and not billing_view:
        raise SystemExit(f"{customer_id} is read through its billing view, for all months: `drop` that first")
    plan.checked()
    _leave_closed(with_, customer_id, plan.since, force)
    with_.metrics.choices.change(customer_id, Rates, lambda held: (held or Rates()).with_plan(plan))
    note(with_, customer_id, "rates set", f"rates/{plan.since:%Y-%m}")
    _read_through(with_, customer, billing_view)
    show(with_, customer_id)


def drop(with_: Services, customer_id: str, since: date | None, force: bool) -> None:
    """Takes the plan that begins with that month away, or the billing view; the plan before goes on."""
    customer = customer_of(with_, customer_id)
    since = date.min if customer.billing_view else since
    if since is None:
        raise SystemExit("--since: which plan? `show` tells when each begins")
    held = with_.metrics.choices.get(customer_id, Rates) or Rates()
    if all(plan.since != since for plan in held.plans):
        raise SystemExit(f"--since: no plan of {customer_id} begins with {since:%Y-%m}")
    _leave_closed(with_, customer_id, since, force)
    with_.metrics.choices.change(customer_id, Rates, lambda now: (now or Rates()).without(since))
    note(with_, customer_id, "rates drop", f"rates/{since:%Y-%m}")
    _read_through(with_, customer, "")
    show(with_, customer_id)


def _read_through(with_: Services, customer: Customer, billing_view: str) -> None:
    """Where its costs come from has changed: a year of them is read again, and the payer's exports are split again."""
    if customer.billing_view == billing_view:
        return
    with_.customers.put(replace(customer, billing_view=billing_view))
    again = owned.backfill(customer.id, None, with_.clock(), owned.MOVED_BACK)
    with_.collaborators.queue.send([*owned.splits(with_, None), again])


def _leave_closed(with_: Services, customer_id: str, since: date, force: bool) -> None:
    """A closed statement never changes, so another price for its month would come as a restatement in the next one."""
    closed = with_.metrics.choices.get(customer_id, Statements) or Statements()
    months = sorted({statement.month for statement in closed.closed if statement.month >= since})
    if months and not force:
        named = ", ".join(f"{month:%Y-%m}" for month in months)
        raise SystemExit(f"--since: {named} is closed: the next statement would restate it; --force means that")


def show(with_: Services, customer_id: str) -> None:
    customer = customer_of(with_, customer_id)
    rates = with_.metrics.choices.get(customer_id, Rates) or Rates()
    for plan in rates.plans or (Plan(date.min),):
        told = [f"since {plan.since:%Y-%m}" if plan.since > date.min else "always", plan.basis, f"{plan.percent} %"]
        told += [f"{service} {percent} %" for service, percent in plan.services]
        told += [f"{kind} {rule}" for kind, rule in plan.rules]
        told += [f"at least {plan.minimum} {plan.currency} a month"] if plan.minimum is not None else []
        print("\t".join([*told, f"statements of {plan.cost} cost", *([customer.billing_view] if plan.basis == PRO_FORMA else [])]))


def command() -> None:
    made = parser("rates", "What a customer is charged for what the payer pays: markup, minimum, and a rule for what isn't usage.")
    actions = made.add_subparsers(dest="action", required=True)
    setting = actions.add_parser("set", help="a plan from a month on; one of the same month is replaced")
    setting.add_argument("--customer", required=True)
    setting.add_argument("--basis", required=True, choices=RATE_BASES)
    setting.add_argument("--since", type=month, help="its first month, like 2026-11; default this one")
    setting.add_argument("--percent", type=number, help="on usage")
    setting.add_argument("--service", type=by_service, action="append", default=[], help="like 'Amazon CloudFront=5'; repeatable")
    setting.add_argument("--minimum", type=number, help="the least that a calendar month comes to")
    setting.add_argument("--currency", default="USD", help="of the minimum")
    setting.add_argument("--cost", default="billed", choices=CHARGED, help="the basis of statements")
    setting.add_argument("--billing-view", help="the pro forma billing view's ARN, with --basis pro_forma")
    for kind in KINDS:
        setting.add_argument(f"--{kind.replace('_', '-')}", choices=RULES, help="shown (default), excluded, or shared by usage")
    dropping = actions.add_parser("drop", help="take a plan away again")
    dropping.add_argument("--customer", required=True)
    dropping.add_argument("--since", type=month, help="its first month; a billing view needs none")
    for changing in (setting, dropping):
        changing.add_argument("--force", action="store_true", help="though a month is closed: the next statement restates it")
    actions.add_parser("show", help="a customer's plans").add_argument("--customer", required=True)
    given = made.parse_args()
    with_ = services_of(given.stage)
    if given.action == "show":
        show(with_, given.customer)
        return
    if given.action == "drop":
        drop(with_, given.customer, given.since, given.force)
        return
    if (given.basis == MARKUP) != (given.percent is not None):
        made.error("--percent goes with --basis markup, which needs it")
    if (given.basis == PRO_FORMA) != bool(given.billing_view):
        made.error("--billing-view goes with --basis pro_forma, which needs it")
    rules = tuple((kind, rule) for kind in KINDS if (rule := getattr(given, kind)))
    since = given.since or month_start(with_.clock().date())
    if given.basis == PRO_FORMA:
        if given.since:
            made.error("--since: a billing view is for all months")
        since = date.min
    services = tuple(given.service)
    plan = Plan(since, given.basis, given.percent or Decimal(0), services, given.minimum, given.currency, rules, given.cost)
    put(with_, given.customer, plan, given.billing_view or "", given.force)


if __name__ == "__main__":
    main(command)
