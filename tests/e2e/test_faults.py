"""What callers are told when something behind the API breaks: the truth, in the problem's shape, and never a zero or a stale cache."""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from chalice.test import Client as Chalice

from chalicelib import wiring
from chalicelib.stores import tables
from ops.keys import issue
from tests.e2e.embedded import CLOSED, Embedded, Failing, started

USAGE, COSTS, COMPLIANCE, REPORTS = "/analytics/usage", "/analytics/costs", "/analytics/compliance", "/analytics/reports"
ROUTES = (f"{USAGE}?period=24h", f"{COSTS}?period=7d", COMPLIANCE)
DAY = timedelta(days=1)


class Asking:
    """The app in this process, asked as the first customer."""

    def __init__(self, aws: Embedded, chalice: Chalice) -> None:
        self._chalice = chalice
        self.key = issue(aws.services, aws.customers[0].id, ("read", "report"))[0]
        self.operator = issue(aws.services, None, ("operator",))[0]

    def __call__(self, method: str, path: str, body: Any = None, key: str | None = None) -> tuple[int, dict[str, str], Any]:
        headers = {"X-API-Key": key or self.key, "Content-Type": "application/json"}
        answer = self._chalice.http.request(method, path, headers=headers, body=json.dumps(body).encode() if body else b"")
        content = json.loads(answer.body, parse_float=Decimal) if answer.body else None
        return answer.status_code, answer.headers, content

    def get(self, path: str) -> Any:
        status, _, content = self("GET", path)
        assert status == 200, content
        return content

    def source(self, path: str, name: str) -> dict[str, Any]:
        """The source as the answer's coverage tells of it."""
        return next(one for one in self.get(path)["coverage"]["sources"] if one["source"] == name)

    def health(self) -> dict[str, Any]:
        """As the operator sees it now (the page remembers five seconds)."""
        from chalicelib.routes import health

        health._last.clear()
        status, _, content = self("GET", "/health", key=self.operator)
        assert status == 200
        return dict(content)


@pytest.fixture(scope="module")
def module_aws() -> Iterator[Embedded]:
    with started() as found:
        yield found


@pytest.fixture
def aws(module_aws: Embedded) -> Iterator[Embedded]:
    yield module_aws
    module_aws.mend()
    wiring.use(None)


_kept: list[tuple[int, Asking]] = []
"""What `ask` made last, and after how many resets."""


@pytest.fixture
def unchanged(aws: Embedded) -> Asking:
    """With one hour aggregated, for tests that change nothing but what hooks undo: they share it."""
    if not _kept or _kept[0][0] != aws.resets:
        return aggregated(aws)
    wiring.use(aws.services)
    return _kept[0][1]


@pytest.fixture
def ask(aws: Embedded) -> Asking:
    """With one hour aggregated, for tests that change sources or the clock: each has its own, kept for nobody."""
    made = aggregated(aws)
    _kept.clear()
    return made


def aggregated(aws: Embedded) -> Asking:
    import app

    aws.reset()
    wiring.use(aws.services)
    aws.aggregate(aws.customers[0])
    _kept[:] = [(aws.resets, Asking(aws, Chalice(app.app)))]
    return _kept[0][1]


def is_unavailable(answer: tuple[int, dict[str, str], Any]) -> bool:
    status, headers, content = answer
    assert status == 503
    assert headers["Content-Type"] == "application/problem+json"
    assert int(headers["Retry-After"]) > 0
    assert content["status"] == 503
    assert content["request_id"] == headers["X-Request-Id"]
    told = json.dumps(content)
    assert "secret" not in told
    assert "DynamoDB" not in told
    assert "Traceback" not in told
    return True


# Our own store


DOWN = (
    (500, "InternalServerError"),
    (400, "ProvisionedThroughputExceededException"),
    (400, "ThrottlingException"),
    (503, "ServiceUnavailable"),
)


def test_without_dynamodb_it_is_503_and_nothing_is_cached(aws: Embedded, unchanged: Asking) -> None:
    unchanged.get(f"{USAGE}?period=7d")  # the credential is known from here on
    kept = aws.scan(tables.CACHE)
    for status, code in DOWN:
        failing = Failing(status, code)
        aws.on("dynamodb", "before-send.dynamodb", failing)
        for route in ROUTES:
            assert is_unavailable(unchanged("GET", route))
        assert failing.calls >= len(ROUTES)
        failing.mend()
        assert aws.scan(tables.CACHE) == kept
    for route in ROUTES:
        status, headers, _ = unchanged("GET", route)
        assert (status, headers["X-Cache"]) == (200, "miss")


@pytest.mark.parametrize("operation", ["Query", "BatchGetItem", "PutItem"])
def test_one_failing_call_keeps_no_half_answer(aws: Embedded, unchanged: Asking, operation: str) -> None:
    whole = unchanged.get(f"{COSTS}?period=7d&top=2")
    for item in aws.scan(tables.CACHE):
        aws.services.client("dynamodb").delete_item(TableName="securebase-local-cache", Key={"cache_key": item["cache_key"]})
    failing = Failing(400, "ThrottlingException", operation=operation)
    aws.on("dynamodb", "before-send.dynamodb", failing)
    status = unchanged("GET", f"{COSTS}?period=7d&top=2")[0]
    assert failing.calls
    assert status == 503 or operation == "PutItem"
    failing.mend()
    assert unchanged.get(f"{COSTS}?period=7d&top=2") == whole


def test_a_throttle_that_passes_is_not_seen_by_the_caller(aws: Embedded, ask: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.config import Config

    monkeypatch.setattr(wiring, "CONFIG", Config(retries={"mode": "standard", "max_attempts": 4}))
    patient = wiring.Services(aws.services.settings, clock=aws.clock)
    wiring.use(patient)
    failing = Failing(400, "ThrottlingException", times=2, operation="Query")
    patient.client("dynamodb").meta.events.register("before-send.dynamodb", failing)
    assert ask("GET", f"{USAGE}?period=24h")[0] == 200
    assert failing.calls == 2


def test_a_key_that_cannot_be_looked_up_is_503_not_401(aws: Embedded, ask: Asking) -> None:
    aws.on("dynamodb", "before-send.dynamodb", Failing(500, "InternalServerError", operation="GetItem"))
    assert is_unavailable(ask("GET", USAGE))


def test_the_health_page_is_503_without_its_store(aws: Embedded, unchanged: Asking) -> None:
    assert unchanged.health()["status"] in ("ok", "degraded")
    from chalicelib.routes import health

    health._last.clear()
    failing = Failing(500, "InternalServerError")
    aws.on("dynamodb", "before-send.dynamodb", failing)
    status, _, content = unchanged("GET", "/health")
    assert status == 503
    assert content["status"] not in ("ok", "degraded")
    failing.mend()
    assert unchanged.health()["status"] in ("ok", "degraded")


@pytest.mark.parametrize("operation", ["TransactWriteItems", "GetItem"])
def test_a_report_that_cannot_be_recorded_is_503(aws: Embedded, unchanged: Asking, operation: str) -> None:
    unchanged.get(USAGE)
    body = {"type": "costs", "format": "json", "period": "7d"}
    before = unchanged.get(REPORTS)
    failing = Failing(400, "ThrottlingException", operation=operation)
    aws.on("dynamodb", "before-send.dynamodb", failing)
    answer = unchanged("POST", REPORTS, body)
    failing.mend()
    if operation == "TransactWriteItems":
        assert is_unavailable(answer)
        assert unchanged.get(REPORTS) == before
    else:
        assert answer[0] in (202, 503)


def test_a_report_that_cannot_be_queued_is_503(aws: Embedded, unchanged: Asking) -> None:
    aws.on("sqs", "before-send.sqs", Failing(500, "InternalFailure"))
    assert is_unavailable(unchanged("POST", REPORTS, {"type": "costs", "format": "json", "period": "7d"}))


def test_a_bucket_that_fails_leaves_the_report_to_be_tried_again(aws: Embedded, unchanged: Asking) -> None:
    import app
    from local.turn import context, sqs_event

    status, _, made = unchanged("POST", REPORTS, {"type": "costs", "format": "json", "period": "7d"})
    assert status == 202
    job = {"job": "report", "customer_id": aws.customers[0].id, "report_id": made["id"]}
    event = sqs_event({"MessageId": "1", "ReceiptHandle": "1", "Body": json.dumps(job)})
    failing = Failing(503, "SlowDown")
    aws.on("s3", "before-send.s3", failing)
    for attempt in (1, 2):
        assert app.report_engine(event, context(app_function())) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
        assert unchanged.get(f"{REPORTS}/{made['id']}")["attempts"] == attempt
    failing.mend()
    app.report_engine(event, context(app_function()))
    found = unchanged.get(f"{REPORTS}/{made['id']}")
    assert (found["status"], found["attempts"]) == ("ready", 3)
    app.report_engine(event, context(app_function()))
    assert unchanged.get(f"{REPORTS}/{made['id']}") == found, "a repeated message makes nothing anew"


def test_a_report_that_never_succeeds_ends_as_failed(aws: Embedded, unchanged: Asking) -> None:
    import app
    from local.turn import context, sqs_event

    _, _, made = unchanged("POST", REPORTS, {"type": "costs", "format": "json", "period": "7d"})
    job = {"job": "report", "customer_id": aws.customers[0].id, "report_id": made["id"]}
    event = sqs_event({"MessageId": "1", "ReceiptHandle": "1", "Body": json.dumps(job)})
    aws.on("s3", "before-send.s3", Failing(503, "SlowDown"))
    for _ in range(2):
        assert app.report_engine(event, context(app_function())) == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    app.report_engine(event, context(app_function()))
    found = unchanged.get(f"{REPORTS}/{made['id']}")
    assert found["status"] == "failed"
    assert found["reason"]
    assert "secret" not in found["reason"]
    assert unchanged("GET", f"{REPORTS}/{made['id']}/download")[0] == 409


def app_function() -> Any:
    from chalicelib.domain import signals

    return signals.REPORT_ENGINE


# Sources


def test_a_failing_cost_explorer_is_named_and_the_numbers_stay(aws: Embedded, ask: Asking) -> None:
    before = ask.get(f"{COSTS}?period=lastmonth")
    assert before["total"] > 0
    aws.now = CLOSED + timedelta(hours=8)
    aws.aws.costs.fail_next("LimitExceededException", 20)
    aws.aggregate(aws.customers[0], aws.now)
    after = ask.get(f"{COSTS}?period=lastmonth")
    assert (after["total"], after["breakdown"], after["series"]) == (before["total"], before["breakdown"], before["series"])
    source = ask.source(f"{COSTS}?period=lastmonth", "cost_explorer")
    assert source["state"] == "failing"
    assert [failure["reason"] for failure in source["failures"]] == ["LimitExceededException"]
    assert source["data_through"] == before["data_through"]
    health = ask.health()
    assert health["status"] == "degraded"
    assert {one["source"]: one["state"] for one in health["sources"]}["cost_explorer"] == "failing"


def test_a_security_hub_that_fails_is_named_and_the_score_stays(aws: Embedded, ask: Asking) -> None:
    before = ask.get(COMPLIANCE)
    assert before["current_score"]
    aws.now += DAY
    aws.aws.hub.fail_next("AccessDeniedException", 20)
    aws.aggregate(aws.customers[0], CLOSED + DAY)
    after = ask.get(COMPLIANCE)
    for member in ("current_score", "score", "findings", "frameworks", "top_issues", "data_through"):
        assert after[member] == before[member]
    source = ask.source(COMPLIANCE, "security_hub")
    assert (source["state"], source["failures"][0]["reason"]) == ("failing", "AccessDeniedException")
    assert ask.health()["status"] == "degraded"


def test_a_security_hub_that_is_not_enabled_is_no_score_and_no_alarm(aws: Embedded, ask: Asking) -> None:
    borealis = aws.customers[1]
    aws.aws.hub.not_enabled = set(borealis.account_ids)
    aws.aggregate(borealis)
    key = issue(aws.services, borealis.id, ("read",))[0]
    status, _, content = ask("GET", COMPLIANCE, key=key)
    assert status == 200
    assert content["current_score"] is None
    assert set(content["findings"].values()) == {None}
    assert content["coverage"]["sources"][0]["state"] == "not_enabled"
    assert ask.health()["status"] == "ok"


def test_an_account_without_its_role_is_named_in_the_coverage(aws: Embedded, ask: Asking) -> None:
    borealis = aws.customers[1]
    clinic, records = borealis.account_ids
    aws.without_role(records)
    aws.aggregate(borealis)
    key = issue(aws.services, borealis.id, ("read",))[0]
    window = f"start={CLOSED - timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}&end={CLOSED:%Y-%m-%dT%H:%M:%SZ}"
    _, _, content = ask("GET", f"{USAGE}?{window}&breakdown=account", key=key)
    coverage = content["coverage"]
    assert coverage["sources"][0]["state"] == "partial"
    assert {failure["scope"].split("/")[0] for failure in coverage["sources"][0]["failures"]} == {records}
    assert coverage["hours_present"] < coverage["hours_expected"]
    assert set(content["breakdown"]["api_calls"]) == {clinic}
    _, _, narrowed = ask("GET", f"{USAGE}?{window}&account={records}", key=key)
    assert set(narrowed["metrics"].values()) == {None}, "what wasn't read is null, not zero"
    assert {one["source"]: one["state"] for one in ask.health()["sources"]}["cloudwatch"] == "partial"


def test_a_source_that_stands_still_is_stale(aws: Embedded, ask: Asking) -> None:
    assert ask.source(f"{USAGE}?period=24h", "cloudwatch")["stale"] is False
    aws.now += timedelta(hours=4)
    assert ask.source(f"{USAGE}?period=7d", "cloudwatch")["stale"] is True
    assert ask.health()["status"] == "degraded"


def test_an_answer_is_made_anew_as_soon_as_anything_new_has_landed(aws: Embedded, ask: Asking) -> None:
    path = f"{USAGE}?period=7d"
    assert [ask("GET", path)[1]["X-Cache"] for _ in range(2)] == ["miss", "hit"]
    aws.now += timedelta(hours=1)
    aws.aggregate(aws.customers[0], CLOSED + timedelta(hours=1))
    status, headers, content = ask("GET", path)
    assert (status, headers["X-Cache"]) == (200, "miss")
    assert content["data_through"] == f"{CLOSED + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
