"""python -m ops.customers --stage S add --id C --name N [--account A]... | list | disable --id C"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import replace
from datetime import timedelta

from chalicelib.domain.customer import READER_ROLE, Account, Customer
from chalicelib.domain.period import hour_floor, iso, midnight
from chalicelib.wiring import Services
from ops.common import customer_of, main, parser, services_of

BACKFILL = timedelta(days=90)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", re.ASCII)
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)


def add(with_: Services, customer_id: str, name: str, accounts: list[str]) -> None:
    """Records the customer, starts its backfill and prints the role that its accounts must grant."""
    if not _ID.fullmatch(customer_id):
        raise SystemExit("--id: 1 to 63 letters, digits, - and _, beginning with a letter or digit")
    if not name.strip() or len(name) > 200:
        raise SystemExit("--name: 1 to 200 characters")
    wrong = [account for account in accounts if not _ACCOUNT.fullmatch(account)]
    if wrong:
        raise SystemExit(f"--account: {', '.join(wrong)} is not a 12-digit AWS account id")
    _refuse_taken(with_, accounts)
    now = with_.clock()
    external_id = f"{customer_id}-{secrets.token_hex(8)}"
    customer = Customer(customer_id, name, tuple(Account(account) for account in dict.fromkeys(accounts)), external_id, now)
    if not with_.customers.create(customer):
        raise SystemExit(f"there is a customer {customer_id} already")
    start = midnight((now - BACKFILL).date())
    jobs = [{"job": "customer", "customer_id": customer_id, "end": iso(hour_floor(now))}]
    jobs += [{"job": "backfill", "customer_id": customer_id, "start": iso(start), "end": iso(hour_floor(now))}]
    with_.collaborators.queue.send(jobs if accounts else [])
    print(json.dumps(role_template(external_id, with_.account), indent=2))


def _refuse_taken(with_: Services, accounts: list[str]) -> None:
    """An account belongs to one customer at a time: it must not be read, or shown, for two."""
    for other in with_.customers.all():
        shared = set(accounts) & set(other.account_ids)
        if shared and not other.disabled:
            raise SystemExit(f"account {', '.join(sorted(shared))} belongs to customer {other.id}")


def role_template(external_id: str, provider_account: str) -> dict[str, object]:
    """The CloudFormation template of the reader role for each of the customer's accounts."""
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{provider_account}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }
    allowed = {"Effect": "Allow", "Action": ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"], "Resource": "*"}
    role = {
        "RoleName": READER_ROLE,
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "Policies": [{"PolicyName": "read-metrics", "PolicyDocument": {"Version": "2012-10-17", "Statement": [allowed]}}],
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Lets SecureBase Analytics read this account's CloudWatch metrics",
        "Resources": {"Reader": {"Type": "AWS::IAM::Role", "Properties": role}},
    }


def show(with_: Services) -> None:
    for customer in with_.customers.all():
        state = "disabled" if customer.disabled else "active"
        print(f"{customer.id}\t{state}\t{customer.name}\t{','.join(customer.account_ids) or '-'}")


def disable(with_: Services, customer_id: str) -> None:
    """Its credentials end within a minute and nothing of it is read any more; its data stays."""
    with_.customers.put(replace(customer_of(with_, customer_id), disabled=True))
    print(f"{customer_id} is disabled")


def command() -> None:
    made = parser("customers", "Add, list or disable customers.")
    actions = made.add_subparsers(dest="action", required=True)
    adding = actions.add_parser("add", help="add a customer, start its backfill, print its role template")
    adding.add_argument("--id", required=True)
    adding.add_argument("--name", required=True)
    adding.add_argument("--account", action="append", default=[], help="an AWS account id; repeatable")
    actions.add_parser("list", help="id, state, name and accounts")
    actions.add_parser("disable", help="shut a customer out").add_argument("--id", required=True)
    given = made.parse_args()
    with_ = services_of(given.stage)
    if given.action == "add":
        add(with_, given.id, given.name, given.account)
    elif given.action == "disable":
        disable(with_, given.id)
    else:
        show(with_)


if __name__ == "__main__":
    main(command)
