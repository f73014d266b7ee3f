"""What is covered of one customer, and what isn't: its accounts' roles, its sources, costs and findings, and who may ask or is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.domain.compliance import STALE_AFTER
from chalicelib.domain.customer import Account, Customer
from chalicelib.domain.period import iso, minus_months, month_start, next_month
from chalicelib.domain.recipient import VERIFIED, Recipients
from chalicelib.domain.state import CLOUDWATCH, COST_EXPLORER, FAILING, FOCUS_EXPORT, OK, SECURITY_HUB, CustomerStatus, SourceState
from chalicelib.sources.cloudwatch import HOME_REGION
from ops.checks import FAIL, WARN
from ops.examined.stage import DENIED, Look, Stage, Told, code_of

MONTHS = 12
SOON = timedelta(days=14)
NAMED = 5


def looks(stage: Stage, customer: Customer) -> Iterator[Look]:
    yield Look("dynamodb", "customer", partial(_customer, stage, customer))
    for account in customer.accounts:
        yield Look("sts", f"account {account.id}, role", partial(_role, stage, customer, account))
        yield Look("sts", f"account {account.id}, ExternalId", partial(_external_id, stage, customer, account))
        yield Look("cloudwatch", f"account {account.id}, metrics", partial(_metrics, stage, customer, account))
    status = stage.with_.metrics.status(customer.id)
    for source in sorted({CLOUDWATCH, SECURITY_HUB, *_costs_from(status), *status.sources}):
        yield Look("dynamodb", f"source {source}", partial(_source, stage, source, status))
    yield Look("dynamodb", "months of costs", partial(_months, stage, customer))
    yield Look("dynamodb", "findings", partial(_findings, stage, customer))
    yield Look("dynamodb", "API keys", partial(_keys, stage, customer))
    yield Look("dynamodb", "recipients", partial(_recipients, stage, customer))


def _costs_from(status: CustomerStatus) -> set[str]:
    """Either of the two tells costs; the one that the payer's set-up hasn't isn't missed."""
    return {COST_EXPLORER, FOCUS_EXPORT} & status.sources.keys() or {COST_EXPLORER}


def _customer(stage: Stage, customer: Customer) -> Told:
    seen = f"{customer.name}, {len(customer.accounts)} accounts, {len(customer.former)} former ones, since {iso(customer.since)}"
    faults = []
    if customer.disabled:
        faults.append(("it is disabled: neither read nor answered", "nothing, if that is meant"))
    elif not customer.accounts:
        faults.append(
            (
                "it has no account",
                f"`python -m ops.customers --stage {stage.name} assign --id {customer.id} --account A`, or wait for its own exports",
            )
        )
    return Told(seen, tuple(faults), WARN)


def _taken(stage: Stage, account: Account, **external_id: str) -> str:
    """'' where the role was taken, else AWS's code."""
    try:
        stage.client("sts").assume_role(RoleArn=account.role_arn, RoleSessionName="securebase-doctor", **external_id)
    except ClientError as error:
        if code_of(error) in DENIED:
            return code_of(error)
        raise
    return ""


def _role(stage: Stage, customer: Customer, account: Account) -> Told:
    refused = _taken(stage, account, ExternalId=customer.external_id)
    mend = f"have the account take the template of `python -m alarms --onboarding` with ExternalId {customer.external_id}"
    unless = "; where the workers read it all the same, let this identity sts:AssumeRole it"
    return Told(f"{account.role} is taken", ((f"{account.role} isn't taken ({refused})", f"{mend}{unless}"),) if refused else ())


def _external_id(stage: Stage, customer: Customer, account: Account) -> Told:
    """A role that is taken without it trusts whoever gets this account to ask for it: another customer of ours could."""
    if _taken(stage, account):
        with_it = _taken(stage, account, ExternalId=customer.external_id)
        return Told(
            "refused without it", (("it is refused with it, too, which proves nothing", "mend the role first"),) if with_it else (), WARN
        )
    mend = "have the account take the template again, as `python -m alarms --onboarding` prints it: its trust lacks the condition"
    return Told("", ((f"{account.role} is taken without the ExternalId, too", mend),))


def _metrics(stage: Stage, customer: Customer, account: Account) -> Told:
    name = f"{account.role} in account {account.id}"
    try:
        client = stage.with_.account_clients(account, customer.external_id, HOME_REGION)
    except ClientError as error:
        if code_of(error) in DENIED:
            return Told("", (("not tried", "mend the role first"),), WARN)
        raise
    try:
        listed = client.list_metrics(Namespace="AWS/EC2")["Metrics"]
    except ClientError as error:
        mend = f"let {name} do cloudwatch:ListMetrics and cloudwatch:GetMetricData: its template does"
        return Told("", ((f"ListMetrics is {code_of(error)}", mend),))
    return Told(f"ListMetrics answers in {HOME_REGION}: {len(listed)} of AWS/EC2 on its first page")


def _source(stage: Stage, source: str, status: CustomerStatus) -> Told:
    state = status.sources.get(source)
    if state is None:
        mend = f"the hour's jobs do, five past; after that `python -m ops.doctor --stage {stage.name}` says whether they run"
        return Told("", (("it was never read", mend),), WARN)
    through = iso(state.data_through) if state.data_through else "-"
    scopes = ", ".join(f"{scope or 'all'}: {reason}" for scope, reason in state.failures[:NAMED])
    seen = f"{state.state} through {through}{f' ({scopes})' if scopes else ''}"
    late = state.stale(stage.with_.clock())
    if state.state == OK and not late:
        return Told(seen)
    seen = f"{seen}{', late' if late else ''}"
    return Told("", ((seen, _of(state)),), FAIL if state.state == FAILING else WARN)


def _of(state: SourceState) -> str:
    return f"docs/operations.md, Sources, says what {' and '.join(sorted({reason for _, reason in state.failures})) or state.state} means"


def _months(stage: Stage, customer: Customer) -> Told:
    """Which of the last twelve whole or begun months every day is known of that is over, and which source tells."""
    today = stage.with_.clock().date()
    first = minus_months(month_start(today), MONTHS - 1)
    days = list(stage.with_.metrics.costs.read(customer.id, first, today))
    told = {day.day: day.sources for day in days}
    sources = ", ".join(sorted({source for day in days for source in day.sources}))
    lacking = [f"{month:%Y-%m}" for month in _months_from(first, today) if not _whole(month, today, told)]
    known = MONTHS - len(lacking)
    seen = f"{known} of {MONTHS} whole, from {sources or 'no source'}"
    mend = (
        f"`python -m ops.backfill --stage {stage.name} --customer {customer.id} --from {first} --to {today}`; Cost Explorer keeps 14 months"
    )
    return Told(seen, ((f"{seen}; not {', '.join(lacking)}", mend),) if lacking else (), WARN)


def _months_from(first: date, today: date) -> Iterator[date]:
    while first <= today:
        yield first
        first = next_month(first)


def _whole(month: date, today: date, told: dict[date, Any]) -> bool:
    """Yesterday and the day before are still to come from most sources."""
    end = min(next_month(month), today - timedelta(days=2))
    return all(month + timedelta(days=number) in told for number in range((end - month).days))


def _findings(stage: Stage, customer: Customer) -> Told:
    found = stage.with_.metrics.hub.findings(customer.id)
    dropped = sum(len(findings) for _, findings in stage.with_.metrics.findings(customer.id))
    updated = [finding.updated_at for findings in found.values() for finding in findings]
    without = [account for account in customer.account_ids if not found.get(account)]
    if not updated:
        seen = f"none of Security Hub's, {dropped} dropped ones"
        mend = "enable Security Hub there and have this account administer it, or have the customer drop ASFF files"
        return Told(seen, () if dropped else ((seen, mend),), WARN)
    newest = max(updated)
    old = sum(stage.with_.clock() - at > STALE_AFTER for at in updated)
    seen = f"{len(updated)} of {len(customer.account_ids) - len(without)} accounts, the newest of {iso(newest)}, {dropped} dropped ones"
    faults = []
    if old:
        faults.append((f"{seen}; {old} weren't updated for 48 hours", "Security Hub's checks there have stopped: look at AWS Config"))
    if without:
        faults.append((f"none of {', '.join(without[:NAMED])}", "enable Security Hub there, with this account as its administrator"))
    return Told(seen, tuple(faults), WARN)


def _keys(stage: Stage, customer: Customer) -> Told:
    now = stage.with_.clock()
    live = [key for key in stage.with_.api_keys.of(customer.id) if key.live(now)]
    soon = [key for key in live if key.expires_at and key.expires_at - now < SOON]
    if not live:
        create = f"`python -m ops.keys --stage {stage.name} create --customer {customer.id}`"
        return Told("", (("none that is live", f"{create}, unless it uses tokens"),), WARN)
    rotate = f"python -m ops.keys --stage {stage.name} rotate --customer {customer.id} --key"
    ends = [(f"{key.id} ends {iso(key.expires_at)}", f"`{rotate} {key.id}`") for key in soon if key.expires_at]
    return Told(f"{len(live)} live", tuple(ends), WARN)


def _recipients(stage: Stage, customer: Customer) -> Told:
    held = stage.with_.metrics.choices.get(customer.id, Recipients) or Recipients()
    unproven = [one for one in held.all if one.status != VERIFIED]
    named = ", ".join(f"{one.channel} {one.id} {one.status}" for one in unproven[:NAMED])
    mend = "the customer proves it: POST /analytics/recipients/<id>/test has a message sent that says how"
    return Told(
        f"{len(held.all)}, all proven", ((f"{len(unproven)} of {len(held.all)} get nothing: {named}", mend),) if unproven else (), WARN
    )
