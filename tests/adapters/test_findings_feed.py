"""Findings as Security Hub tells of them one by one, and the sweep that mends what was missed; both on the real queue."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain import signals
from chalicelib.domain.compliance import ComplianceDay
from chalicelib.domain.customer import Customer
from chalicelib.domain.period import DAY, HOUR, iso
from chalicelib.stores import tables
from chalicelib.usecases.aggregation import aggregate
from local import turn
from tests.adapters.feeds import Feeds
from tests.e2e.embedded import CLOSED, NOW, Line

ACCOUNT, OTHERS = "330000000001", "110000000001"
MINUTE = timedelta(minutes=1)
CHECKED = CLOSED - 4 * HOUR
Raw = dict[str, Any]


def asff(control: str, status: str = "PASSED", at: datetime = CHECKED, account: str = ACCOUNT, **more: Any) -> Raw:
    """A finding of a control on one resource."""
    return {
        "Id": f"arn:aws:securityhub:us-east-1:{account}:finding/{control}",
        "ProductArn": "arn:aws:securityhub:us-east-1::product/aws/securityhub",
        "ProductName": "Security Hub",
        "GeneratorId": f"security-control/{control}",
        "AwsAccountId": account,
        "UpdatedAt": f"{at:%Y-%m-%dT%H:%M:%S.000Z}",
        "Severity": {"Label": "HIGH"},
        "Title": control,
        "Resources": [{"Type": "AwsS3Bucket", "Id": f"arn:aws:s3:::{control.lower()}", "Region": "us-east-1"}],
        "RecordState": "ACTIVE",
        "Workflow": {"Status": "NEW"},
        "Compliance": {"Status": status, "SecurityControlId": control, "AssociatedStandards": [{"StandardsId": "standards/one/v/1.0.0"}]},
        **more,
    }


@dataclass(frozen=True)
class Known:
    """What Security Hub has."""

    raw: Raw

    @property
    def account(self) -> str:
        return str(self.raw["AwsAccountId"])

    def state_at(self, now: datetime) -> Raw:
        return self.raw


FOUR = [asff(f"S3.{number}") for number in range(1, 5)]


@pytest.fixture
def feeds(feeds: Feeds) -> Feeds:
    """One customer of one account; Security Hub has four findings there that pass."""
    feeds.aws.services.customers.put(cobalt(feeds))
    has(feeds, FOUR)
    return feeds


def cobalt(feeds: Feeds) -> Customer:
    return feeds.aws.customers[2]


def has(feeds: Feeds, findings: list[Raw]) -> None:
    feeds.aws.aws.hub.load([Known(raw) for raw in findings], [])


def sweep(feeds: Feeds, end: datetime = CLOSED, left: Callable[[], float] = aggregate.forever) -> list[Any]:
    """One run of the sweep's job; the jobs that it sends on."""
    line = Line()
    with_ = replace(feeds.aws.services.collaborators, findings_queue=line)
    aggregate.run(with_, {"job": "findings", "customer_id": cobalt(feeds).id, "end": iso(end)}, left)
    return line.jobs


def told(*findings: Any) -> str:
    return json.dumps({"detail-type": "Security Hub Findings - Imported", "source": "aws.securityhub", "detail": {"findings": findings}})


def tell(feeds: Feeds, *findings: Any) -> None:
    feeds.tell(told(*findings))
    feeds.work_off()
    assert not feeds.waiting(tables.FINDINGS_QUEUE, dead=True)


def day(feeds: Feeds) -> ComplianceDay | None:
    return feeds.aws.services.metrics.latest_compliance_day(cobalt(feeds).id, feeds.aws.now.date())


def score(feeds: Feeds) -> int | None:
    found = day(feeds)
    return found.overall.score if found else None


def generation(feeds: Feeds) -> str:
    return feeds.aws.services.metrics.status(cobalt(feeds).id).generation


def held(feeds: Feeds) -> dict[str, str | None]:
    """Per control the status that is known."""
    findings = feeds.aws.services.metrics.hub.findings(cobalt(feeds).id)
    return {finding.control_id: finding.status for found in findings.values() for finding in found}


# Events


def test_an_event_changes_the_score_at_once_and_another_one_changes_it_back(feeds: Feeds) -> None:
    sweep(feeds)
    assert score(feeds) == 100
    swept = feeds.aws.services.metrics.status(cobalt(feeds).id).sources["security_hub"]
    tell(feeds, asff("S3.2", "FAILED", NOW))
    assert score(feeds) == 75
    found = day(feeds)
    assert found
    assert [issue.control_id for issue in found.overall.issues] == ["S3.2"]
    state = feeds.aws.services.metrics.status(cobalt(feeds).id).sources["security_hub"]
    assert replace(state, version="") == replace(swept, version=""), "it tells nothing of when all findings were read"
    tell(feeds, asff("S3.2", "PASSED", NOW + MINUTE))
    assert score(feeds) == 100


def test_since_when_a_control_fails_outlasts_events_and_sweeps_until_it_passes(feeds: Feeds) -> None:
    def since() -> tuple[datetime | None, datetime | None]:
        found = day(feeds)
        assert found
        control = next(one for one in found.states if one.id == "S3.2")
        return control.first_seen, control.failing_since

    sweep(feeds)
    first = since()[0]
    assert first is not None
    assert since() == (first, None)
    feeds.aws.now += 10 * MINUTE
    failed = feeds.aws.now
    tell(feeds, asff("S3.2", "FAILED", NOW))
    assert since() == (first, failed)
    feeds.aws.now += 10 * MINUTE
    tell(feeds, asff("S3.1", "FAILED", NOW))
    has(feeds, [*FOUR[:1], asff("S3.2", "FAILED", NOW), *FOUR[2:]])
    feeds.aws.now += 24 * HOUR
    sweep(feeds, CLOSED + 24 * HOUR)
    assert since() == (first, failed)
    tell(feeds, asff("S3.2", "PASSED", feeds.aws.now))
    assert since() == (first, None)


def test_an_event_about_a_control_that_had_no_finding_adds_it(feeds: Feeds) -> None:
    sweep(feeds)
    tell(feeds, asff("S3.5", "FAILED", NOW))
    assert score(feeds) == 80


def test_an_event_older_than_what_is_known_changes_nothing(feeds: Feeds) -> None:
    sweep(feeds)
    tell(feeds, asff("S3.2", "FAILED", NOW))
    before = generation(feeds), feeds.aws.scan()
    tell(feeds, asff("S3.2", "PASSED", NOW - MINUTE), asff("S3.1", "FAILED", CHECKED - HOUR))
    assert (generation(feeds), feeds.aws.scan()) == before


def test_the_same_event_twice_changes_nothing_the_second_time(feeds: Feeds) -> None:
    sweep(feeds)
    tell(feeds, asff("S3.2", "FAILED", NOW))
    before = generation(feeds), feeds.aws.scan()
    feeds.aws.now += 10 * MINUTE
    tell(feeds, asff("S3.2", "FAILED", NOW))
    assert (generation(feeds), feeds.aws.scan()) == before


def test_an_archived_finding_takes_its_controls_evidence_away(feeds: Feeds) -> None:
    sweep(feeds)
    tell(feeds, asff("S3.2", "FAILED", NOW))
    tell(feeds, asff("S3.2", "FAILED", NOW + MINUTE, RecordState="ARCHIVED"))
    found = day(feeds)
    assert found
    assert (found.overall.passed, found.overall.failed, found.overall.no_data) == (3, 0, 1)
    assert found.overall.score == 100
    assert found.overall.issues == ()


def test_another_products_finding_and_an_unknown_accounts_are_ignored(feeds: Feeds) -> None:
    sweep(feeds)
    before = feeds.aws.scan()
    other = "arn:aws:securityhub:us-east-1::product/aws/guardduty"
    look_alike = "arn:aws:securityhub:us-east-1:330000000001:product/330000000001/default"
    tell(
        feeds,
        asff("S3.1", "FAILED", NOW, ProductArn=other),
        asff("S3.2", "FAILED", NOW, ProductArn=look_alike),
        asff("S3.3", "FAILED", NOW, account="999999999999"),
        asff("S3.4", "FAILED", NOW, Compliance=None),
    )
    assert feeds.aws.scan() == before


def test_one_event_with_findings_of_two_customers_tells_each_of_its_own(feeds: Feeds) -> None:
    acme = feeds.aws.customers[0]
    feeds.aws.services.customers.put(acme)
    has(feeds, [*FOUR, *(asff(f"S3.{number}", account=OTHERS) for number in (1, 2))])
    for customer in (acme, cobalt(feeds)):
        aggregate.run(feeds.aws.services.collaborators, {"job": "findings", "customer_id": customer.id, "end": iso(CLOSED)})
    tell(feeds, asff("S3.1", "FAILED", NOW), asff("S3.2", "FAILED", NOW, account=OTHERS))
    latest = feeds.aws.services.metrics.latest_compliance_day
    scores = {customer.id: latest(customer.id, NOW.date()).overall.score for customer in (acme, cobalt(feeds))}  # type: ignore[union-attr]
    assert scores == {acme.id: 50, cobalt(feeds).id: 75}


def test_events_before_the_first_sweep_make_no_score_and_the_sweep_knows_them(feeds: Feeds) -> None:
    tell(feeds, asff("S3.2", "FAILED", NOW))
    assert day(feeds) is None
    assert generation(feeds) == ""
    sweep(feeds)
    assert score(feeds) == 75


# The sweep


def test_a_sweep_mends_a_missed_event(feeds: Feeds) -> None:
    sweep(feeds)
    has(feeds, [asff("S3.1", "FAILED", NOW), *FOUR[1:]])
    feeds.aws.now += DAY
    sweep(feeds, CLOSED + DAY)
    assert score(feeds) == 75


def test_a_sweep_forgets_what_security_hub_no_longer_has_and_what_it_never_had(feeds: Feeds) -> None:
    sweep(feeds)
    tell(feeds, asff("S3.5", "FAILED", NOW))
    has(feeds, FOUR[:2])
    feeds.aws.now += DAY
    sweep(feeds, CLOSED + DAY)
    assert held(feeds) == {"S3.1": "PASSED", "S3.2": "PASSED"}
    found = day(feeds)
    assert found
    assert (found.overall.passed, found.overall.failed, found.overall.no_data) == (2, 0, 3)


def test_what_events_told_of_an_account_that_security_hub_does_not_know_stays_while_it_is_fresh(feeds: Feeds) -> None:
    """An account of another organisation, which forwards its events."""
    has(feeds, [])
    sweep(feeds)
    tell(feeds, *[asff(f"S3.{number}", "FAILED" if number == 1 else "PASSED", NOW) for number in range(1, 5)])
    assert score(feeds) == 75
    feeds.aws.now += DAY
    sweep(feeds, CLOSED + DAY)
    assert score(feeds) == 75
    assert len(held(feeds)) == 4
    feeds.aws.now += 2 * DAY
    sweep(feeds, CLOSED + 3 * DAY)
    assert held(feeds) == {}, "nothing was told for 48 hours"


def test_a_sweep_forgets_the_findings_of_an_account_that_is_no_longer_the_customers(feeds: Feeds) -> None:
    sweep(feeds)
    customer = cobalt(feeds)
    feeds.aws.services.customers.put(replace(customer, accounts=(replace(customer.accounts[0], id=OTHERS),)))
    sweep(feeds, CLOSED + DAY)
    assert held(feeds) == {}


class Left:
    """Seconds that a worker has left: enough so many times, then too few."""

    def __init__(self, steps: int) -> None:
        self._steps = steps

    def __call__(self) -> float:
        self._steps -= 1
        return 50 if self._steps >= 0 else 9


MANY = [asff(f"EC2.{number:03}", "PASSED" if number % 3 else "FAILED") for number in range(450)]


@pytest.mark.parametrize("steps", [0, 1, 2, 4])
def test_a_sweep_that_runs_out_of_time_goes_on_where_it_stopped_and_ends_as_one_in_a_go(feeds: Feeds, steps: int) -> None:
    has(feeds, MANY)
    assert sweep(feeds) == []
    whole = feeds.aws.scan()
    feeds.empty()
    feeds.aws.services.customers.put(cobalt(feeds))
    has(feeds, MANY)
    job = {"job": "findings", "customer_id": cobalt(feeds).id, "end": iso(CLOSED), "delay": "0"}
    assert sweep(feeds, left=Left(steps)) == [job]
    assert day(feeds) is None
    feeds.renew()
    assert sweep(feeds) == []
    assert feeds.aws.aws.hub.calls.count("GetFindings") == 5, "no page is read twice"
    assert feeds.aws.scan() == whole


def test_a_sweep_that_was_cut_off_too_long_ago_starts_anew(feeds: Feeds) -> None:
    has(feeds, MANY)
    sweep(feeds, left=Left(2))
    has(feeds, FOUR)
    feeds.aws.now += 7 * HOUR
    assert sweep(feeds, CLOSED + 7 * HOUR) == []
    assert held(feeds).keys() == {f"S3.{number}" for number in range(1, 5)}


def test_events_newer_than_a_sweeps_start_survive_it_and_older_ones_of_what_is_gone_do_not(feeds: Feeds) -> None:
    has(feeds, MANY)
    sweep(feeds, left=Left(1))  # the first hundred is read
    tell(feeds, asff("EC2.001", "FAILED", CLOSED + 10 * MINUTE), asff("S3.9", "PASSED", CLOSED + 10 * MINUTE))
    tell(feeds, asff("EC2.002", "FAILED", CHECKED - MINUTE), asff("S3.8", "PASSED", CLOSED - MINUTE))
    sweep(feeds)
    known = held(feeds)
    assert (known["EC2.001"], known["S3.9"]) == ("FAILED", "PASSED")
    assert known["EC2.002"] == "PASSED"
    assert "S3.8" not in known
    sweep(feeds, CLOSED + HOUR)
    assert "S3.9" not in held(feeds), "the next sweep knows better"


def test_a_sweep_with_a_repeated_token_fails_for_all_to_see_and_the_score_stays(feeds: Feeds) -> None:
    sweep(feeds)
    before = day(feeds)
    feeds.aws.aws.hub.repeat_token = True
    feeds.aws.now += DAY
    assert sweep(feeds, CLOSED + DAY) == []
    assert feeds.aws.state(cobalt(feeds), "security_hub") == ("failing", {"RepeatedPageToken"})
    assert day(feeds) == before
    feeds.aws.aws.hub.repeat_token = False
    sweep(feeds, CLOSED + DAY + HOUR)
    assert feeds.aws.state(cobalt(feeds), "security_hub") == ("ok", set())


def test_an_event_does_not_hide_that_the_sweep_fails(feeds: Feeds) -> None:
    sweep(feeds)
    feeds.aws.aws.hub.repeat_token = True
    sweep(feeds, CLOSED + HOUR)
    tell(feeds, asff("S3.2", "FAILED", NOW))
    assert score(feeds) == 75
    assert feeds.aws.state(cobalt(feeds), "security_hub") == ("failing", {"RepeatedPageToken"})


def test_where_the_line_is_too_long_the_sweep_is_sent_on_for_later_and_nothing_fails(feeds: Feeds) -> None:
    sweep(feeds)
    before = generation(feeds)
    dynamo, ledger = feeds.aws.services.dynamo, tables.physical_name("local", tables.LEDGER.name)
    for second in range(60):
        key = {"name": "pace#security_hub", "period": str(int(NOW.timestamp()) + second)}
        dynamo.add(ledger, key, "taken", 3, 1000, {"v": {"N": "2"}})
    feeds.tell(json.dumps({"job": "findings", "customer_id": cobalt(feeds).id, "end": iso(CLOSED + HOUR)}))
    feeds.work_off()
    assert feeds.waiting(tables.FINDINGS_QUEUE, delayed=True) == 1
    (job,) = feeds.lying(tables.FINDINGS_QUEUE)
    assert job == {"job": "findings", "customer_id": cobalt(feeds).id, "end": iso(CLOSED + HOUR), "delay": "300"}
    assert generation(feeds) == before
    assert feeds.aws.state(cobalt(feeds), "security_hub") == ("ok", set())
    feeds.aws.now += 5 * MINUTE
    assert sweep(feeds, CLOSED + HOUR) == []
    state = feeds.aws.services.metrics.status(cobalt(feeds).id).sources["security_hub"]
    assert state.last_success_at == CLOSED + HOUR


def test_a_sweeps_job_of_days_ago_neither_moves_the_state_back_nor_rewrites_that_days_score(feeds: Feeds) -> None:
    sweep(feeds)
    past = day(feeds)
    feeds.aws.now += 3 * DAY
    has(feeds, [asff("S3.1", "FAILED", NOW + 3 * DAY), *(asff(f"S3.{number}", at=NOW + 3 * DAY) for number in (2, 3, 4))])
    sweep(feeds, CLOSED + 3 * DAY)
    before = feeds.aws.scan()
    assert sweep(feeds, CLOSED) == []
    assert feeds.aws.scan() == before
    assert feeds.aws.services.metrics.latest_compliance_day(cobalt(feeds).id, NOW.date()) == past


# Messages that can't be read


MALFORMED = {
    "no JSON": "{",
    "a list": "[1]",
    "no detail": json.dumps({"detail-type": "Security Hub Findings - Imported"}),
    "no findings": json.dumps({"detail-type": "Security Hub Findings - Imported", "detail": {}}),
    "findings that are none": told(None),
    "a finding that is a text": told("S3.1"),
    "no account": told({name: value for name, value in asff("S3.1", "FAILED", NOW).items() if name != "AwsAccountId"}),
    "no time": told(asff("S3.1", "FAILED", NOW, UpdatedAt=None)),
    "a time that is none": told(asff("S3.1", "FAILED", NOW, UpdatedAt="yesterday")),
    "compliance that is a list": told(asff("S3.1", "FAILED", NOW, Compliance=["FAILED"])),
    "one bad finding among good ones": told(asff("S3.1", "FAILED", NOW), asff("S3.2", "FAILED", NOW, UpdatedAt="")),
    "half a character": told(asff("S3.1", "FAILED", NOW, Title="\ud83d")),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_event_fails_its_own_message_only(feeds: Feeds, body: str) -> None:
    sweep(feeds)
    bodies = [told(asff("S3.3", "FAILED", NOW)), body, told(asff("S3.4", "FAILED", NOW))]
    records = [turn.sqs_event({"MessageId": str(n), "ReceiptHandle": "", "Body": text})["Records"][0] for n, text in enumerate(bodies)]
    answer = feeds.handlers[tables.FINDINGS_QUEUE]({"Records": records}, turn.context(signals.FINDINGS_WORKER))
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert held(feeds) == {"S3.1": "PASSED", "S3.2": "PASSED", "S3.3": "FAILED", "S3.4": "FAILED"}
    assert score(feeds) == 50


def test_an_event_of_another_kind_is_no_work(feeds: Feeds) -> None:
    sweep(feeds)
    before = feeds.aws.scan()
    feeds.tell(json.dumps({"detail-type": "Security Hub Insight Results", "detail": {"findings": [asff("S3.1", "FAILED", NOW)]}}))
    assert feeds.work_off() == 1
    assert feeds.aws.scan() == before


# Two workers at once


def test_a_score_that_is_made_while_another_worker_changes_findings_knows_them_in_the_end(
    feeds: Feeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep(feeds)
    metrics = feeds.aws.services.metrics
    put, others = metrics.put_compliance_days, iter([asff("S3.3", "FAILED", NOW)])

    def slow(customer_id: str, days: Any) -> str:
        """Another worker takes an event from start to end while this one has read the findings and hasn't put its score."""
        for event in others:
            tell(feeds, event)
        return put(customer_id, days)

    monkeypatch.setattr(metrics, "put_compliance_days", slow)
    tell(feeds, asff("S3.2", "FAILED", NOW))
    assert held(feeds) == {"S3.1": "PASSED", "S3.2": "FAILED", "S3.3": "FAILED", "S3.4": "PASSED"}
    assert score(feeds) == 50


@pytest.mark.parametrize(
    ("teller", "score_then"),
    [("123456789012", 75), (ACCOUNT, 75), (OTHERS, 100)],
    ids=["our Security Hub", "its own account", "another account"],
)
def test_of_an_account_our_security_hub_tells_or_it_does_itself(feeds: Feeds, teller: str, score_then: int) -> None:
    """Events of other organisations' accounts come through the same bus."""
    sweep(feeds)
    event = {**json.loads(told(asff("S3.2", "FAILED", NOW))), "account": teller}
    feeds.tell(json.dumps(event))
    feeds.work_off()
    assert not feeds.waiting(tables.FINDINGS_QUEUE, dead=True)
    assert score(feeds) == score_then
