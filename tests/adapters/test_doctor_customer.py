"""What the doctor says of one customer: what is covered, and what isn't."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from moto.iam.models import iam_backends

from chalicelib.domain.customer import Customer
from chalicelib.domain.recipient import WEBHOOK, Recipient, Recipients
from chalicelib.domain.state import CLOUDWATCH, PARTIAL
from local.aws import create_reader_role
from ops.checks import FAIL, OK, WARN, Check
from ops.examined.customer import looks
from ops.examined.stage import Stage, examine
from ops.keys import issue
from tests.e2e.embedded import Embedded


@pytest.fixture
def acme(aws: Embedded) -> Customer:
    """With a year of costs, a key, and everything read for this hour."""
    (acme,) = (customer for customer in aws.customers if customer.id == "acme-retail")
    aws.aggregate(acme)
    issue(aws.services, acme.id, ("read",))
    return acme


def seen(aws: Embedded, customer: Customer) -> dict[str, Check]:
    aws.forget_roles()
    return {check.name: check for check in examine(looks(Stage(aws.services), customer))}


def wrong(aws: Embedded, customer: Customer) -> dict[str, str]:
    return {name: check.state for name, check in seen(aws, customer).items() if check.state != OK}


def test_what_is_covered_is_told_per_account_and_source(aws: Embedded, acme: Customer) -> None:
    checks = seen(aws, acme)
    assert wrong(aws, acme) == {"months of costs": WARN}, "the sources keep ninety days"
    for account in acme.account_ids:
        assert checks[f"account {account}, role"].seen == "SecureBaseAnalyticsReader is taken"
        assert checks[f"account {account}, ExternalId"].seen == "refused without it"
        assert checks[f"account {account}, metrics"].seen.startswith("ListMetrics answers")
    assert checks["source cloudwatch"].seen == "ok through 2026-03-04T14:00:00Z"
    assert "from cost_explorer" in checks["months of costs"].seen
    assert "--from 2025-04-01" in checks["months of costs"].mend
    assert "of 2 accounts, the newest of 2026-03-" in checks["findings"].seen
    assert checks["API keys"].seen == "1 live"


def test_a_role_that_isnt_granted_fails_with_the_template_to_take(aws: Embedded, acme: Customer) -> None:
    account = acme.account_ids[0]
    aws.without_role(account)
    checks = seen(aws, acme)
    role = checks[f"account {account}, role"]
    assert role.state == FAIL
    assert "python -m alarms --onboarding" in role.mend
    assert acme.external_id in role.mend
    assert checks[f"account {account}, metrics"].seen == "not tried"
    assert checks[f"account {account}, ExternalId"].state == WARN, "a refusal of everybody proves nothing"
    create_reader_role(account, acme.external_id)


def test_a_role_that_trusts_whoever_comes_fails(aws: Embedded, acme: Customer) -> None:
    account = acme.account_ids[0]
    (role,) = iam_backends[account]["aws"].roles.values()
    before = role.assume_role_policy_document
    trust = json.loads(before)
    anybody = {"StringEquals": {"sts:ExternalId": [acme.external_id, None]}}  # None is how the laptop's STS says without
    role.assume_role_policy_document = json.dumps({**trust, "Statement": [{**trust["Statement"][0], "Condition": anybody}]})
    found = seen(aws, acme)
    role.assume_role_policy_document = before
    assert found[f"account {account}, role"].state == OK
    assert found[f"account {account}, ExternalId"].state == FAIL
    assert "trust lacks the condition" in found[f"account {account}, ExternalId"].mend


def test_a_role_that_may_not_list_metrics_fails(aws: Embedded, acme: Customer) -> None:
    account = acme.accounts[0]
    denied = {"Error": {"Code": "AccessDenied", "Message": "no"}}

    def refuse(**_: Any) -> Any:
        return SimpleNamespace(status_code=403), denied

    aws.forget_roles()
    client = aws.services.account_clients(account, acme.external_id, "us-east-1")
    client.meta.events.register("before-call", refuse)
    checks = {check.name: check for check in examine(looks(Stage(aws.services), acme))}
    check = checks[f"account {account.id}, metrics"]
    assert (check.state, check.seen) == (FAIL, "ListMetrics is AccessDenied")
    assert "cloudwatch:ListMetrics" in check.mend


def test_a_source_that_fails_is_told_with_its_scope_and_reason(aws: Embedded, acme: Customer) -> None:
    state = aws.services.metrics.status(acme.id).sources[CLOUDWATCH]
    scope = f"{acme.account_ids[0]}/us-east-1"
    aws.services.metrics.put_state(acme.id, state.failed(aws.now, ((scope, "AccessDenied"),)))
    check = seen(aws, acme)["source cloudwatch"]
    assert (check.state, check.seen) == (FAIL, f"failing through 2026-03-04T14:00:00Z ({scope}: AccessDenied)")
    aws.services.metrics.put_state(acme.id, replace(state, state=PARTIAL, failures=((scope, "AccessDenied"),)))
    assert seen(aws, acme)["source cloudwatch"].state == WARN


def test_what_has_grown_old_is_told(aws: Embedded, acme: Customer) -> None:
    aws.now += timedelta(days=4)
    found = seen(aws, acme)
    assert found["source cloudwatch"].seen.endswith("late")
    assert "weren't updated for 48 hours" in found["findings"].seen


def test_keys_that_end_soon_and_recipients_that_get_nothing_are_told(aws: Embedded, acme: Customer) -> None:
    _, record = issue(aws.services, acme.id, ("read",), timedelta(days=3))
    hook = Recipient("r1", WEBHOOK, "https://hooks.example.com/secret-path", aws.now, "")
    aws.services.metrics.choices.change(acme.id, Recipients, lambda held: Recipients((hook,)))
    found = seen(aws, acme)
    assert found["API keys"].seen == f"{record.id} ends 2026-03-07T14:25:00Z"
    assert f"rotate --customer acme-retail --key {record.id}" in found["API keys"].mend
    assert found["recipients"].seen == "1 of 1 get nothing: webhook r1 unverified"
    assert "secret-path" not in str(found), "a webhook's address may be its own password"


def test_of_a_new_customer_it_says_that_nothing_is_there_yet(aws: Embedded, acme: Customer) -> None:
    new = Customer("newcomer", "New", (), "newcomer-0123456789abcdef", aws.now)
    aws.services.customers.create(new)
    found = seen(aws, new)
    assert {check.state for name, check in found.items() if name != "recipients"} == {WARN}
    assert found["source cloudwatch"].seen == "it was never read"
    assert found["months of costs"].seen.startswith("0 of 12 whole, from no source")
