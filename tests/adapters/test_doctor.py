"""The doctor over a stage that is well, and over the same stage with one thing broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from ops.checks import FAIL, OK, WARN, Check, as_text
from ops.doctor import doctor, looks
from ops.examined.stage import examine
from tests.adapters.breakages import BROKEN, answering
from tests.adapters.deployed import Deployed, deployed, project

SERVICES = ("sts", "secretsmanager", "dynamodb", "s3", "sqs", "lambda", "events", "cloudformation", "sns", "cloudwatch")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with deployed("staging", project(tmp_path_factory.mktemp("project"))) as stage:
        yield stage


def seen(made: Deployed) -> list[Check]:
    return list(examine(looks(made.stage)))


def wrong(made: Deployed) -> list[Check]:
    return [check for check in seen(made) if check.state != OK]


def test_a_stage_that_is_well_has_nothing_to_mend(made: Deployed) -> None:
    checks = seen(made)
    assert not wrong(made), as_text(checks)
    assert len({check.name for check in checks}) == len(checks) > 80


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found_with_its_mend_and_nothing_else_is(made: Deployed, name: str) -> None:
    broken = BROKEN[name]
    breaking = broken.by(made)
    next(breaking)
    try:
        found = wrong(made)
    finally:
        next(breaking, None)
    assert [(check.name, check.state) for check in found] == [(broken.check, broken.state)], as_text(found)
    assert broken.mend in found[0].mend
    assert found[0].seen


@contextmanager
def refusing(made: Deployed, service: str, code: str, message: str) -> Iterator[None]:
    """AWS refuses everything of a service."""
    answer = {"Error": {"Code": code, "Message": message}}
    events = made.client(service).meta.events

    def refuse(**_: Any) -> Any:
        return SimpleNamespace(status_code=403), answer

    events.register("before-call", refuse)
    yield
    events.unregister("before-call", refuse)


@pytest.mark.parametrize("service", SERVICES)
def test_what_may_not_be_asked_is_a_warning_that_names_the_permission(made: Deployed, service: str) -> None:
    before = {check.name for check in seen(made)}
    with refusing(made, service, "AccessDeniedException", "User: arn:aws:iam::1:user/x is not allowed"):
        checks = seen(made)
    assert {check.name for check in checks} == before, "every check is told all the same"
    found = [check for check in checks if check.state != OK]
    assert found
    assert {check.state for check in found} == {WARN}, as_text(found)
    assert all(check.mend.startswith("grant ") and ":" in check.mend for check in found)


def test_the_permission_is_the_one_that_aws_names(made: Deployed) -> None:
    told = "User: arn:aws:iam::1:user/x is not authorized to perform: s3:GetBucketPolicyOdd on resource: arn"
    with refusing(made, "s3", "AccessDenied", told):
        assert {"s3:GetBucketPolicyOdd"} == {check.mend.split()[1] for check in wrong(made)}
    with refusing(made, "s3", "AccessDenied", "Access Denied"):
        assert {"s3:GetEncryptionConfiguration", "s3:GetBucketPublicAccessBlock", "s3:ListBucket"} <= {
            check.mend.split()[1] for check in wrong(made)
        }


def test_an_aws_that_fails_is_told_and_is_no_crash(made: Deployed) -> None:
    with refusing(made, "dynamodb", "InternalServerError", "oops"):
        found = wrong(made)
    assert {check.state for check in found} == {FAIL}
    assert any("AWS answers InternalServerError to DescribeTable" in check.seen for check in found)


def test_whoever_isnt_known_to_aws_hears_that_alone(made: Deployed) -> None:
    with refusing(made, "sts", "InvalidClientTokenId", "no"):
        checks = list(doctor(made.services))
    assert [(check.name, check.state) for check in checks] == [("who asks", FAIL)]


def test_the_secret_itself_is_never_told(made: Deployed) -> None:
    secret = made.client("secretsmanager").get_secret_value(SecretId="securebase-staging-analytics-credentials")["SecretString"]
    told = json.dumps([check.__dict__ for check in seen(made)])
    assert json.loads(secret)["master"] not in told


def test_what_was_changed_by_hand_is_found_by_cloudformations_own_detection(made: Deployed) -> None:
    changed = {"StackResourceDrifts": [{"LogicalResourceId": "MetricsTable", "StackResourceDriftStatus": "MODIFIED"}]}
    for status, drifts, expected in (
        ("DETECTION_COMPLETE", {"StackResourceDrifts": []}, (OK, "DRIFTED")),
        ("DETECTION_COMPLETE", changed, (FAIL, "MetricsTable MODIFIED")),
        ("DETECTION_FAILED", changed, (WARN, "DETECTION_FAILED: -")),
    ):
        answers = {
            "DetectStackDrift": {"StackDriftDetectionId": "1"},
            "DescribeStackDriftDetectionStatus": {"DetectionStatus": status, "StackDriftStatus": "DRIFTED"},
            "DescribeStackResourceDrifts": drifts,
        }
        answered = [answering(made, "cloudformation", operation, answer) for operation, answer in answers.items()]
        for one in answered:
            next(one)
        (check,) = [check for check in examine(looks(made.stage, detect=True)) if check.name == "data stack, drift"]
        for one in answered:
            next(one, None)
        assert (check.state, check.seen) == expected
