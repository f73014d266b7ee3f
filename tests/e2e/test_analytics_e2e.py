"""A deployed stack, from outside: RUN_E2E_TESTS=1 API_BASE_URL=... TEST_API_KEY=... TEST_CUSTOMER_ID=... pytest tests/e2e

Without API_BASE_URL it is the stack that the suite starts, so that these tests never rot."""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from bench.crowd import at_once, p95
from tests.stack import Client, Customer, Stack, add

pytestmark = pytest.mark.skipif(
    bool(os.environ.get("API_BASE_URL")) and os.environ.get("RUN_E2E_TESTS") != "1",
    reason="API_BASE_URL names a deployed stack: RUN_E2E_TESTS=1 allows requests to it",
)
AT_ONCE, ROUNDS = 100, 3
LONGEST_P95 = 0.5
Round = tuple[int, float]
"""(how many were answered rightly, the 95th percentile of their seconds)"""


class TestHealth:
    def test_it_can_answer(self, stack: Stack) -> None:
        answer = stack.anonymous.get("/health")
        assert answer.status == 200
        assert answer.json["status"] in ("ok", "degraded")
        assert answer.headers["X-Request-Id"]

    def test_it_names_its_sources_and_nobody(self, stack: Stack, customer: Customer) -> None:
        answer = stack.anonymous.get("/health")
        assert answer.json["sources"]
        assert customer.customer_id not in answer.text

    def test_it_names_stage_and_version(self, stack: Stack) -> None:
        told = stack.anonymous.answer("/health")
        assert told["stage"]
        assert told["version"]


class TestQueries:
    def test_usage(self, client: Client, customer: Customer) -> None:
        answer = client.answer("/analytics/usage", period="7d")
        assert answer["customer_id"] == customer.customer_id
        assert set(answer["metrics"]) == {"api_calls", "storage_gb", "compute_hours", "data_transfer_gb"}

    def test_costs_and_their_parts(self, client: Client, customer: Customer) -> None:
        answer = client.answer("/analytics/costs", period="30d", breakdown="service")
        assert answer["customer_id"] == customer.customer_id
        if answer["total"] is not None:
            assert add(answer["breakdown"]) == answer["total"]
            assert answer["reconciliation"]["difference"] == 0

    def test_compliance(self, client: Client, customer: Customer) -> None:
        answer = client.answer("/analytics/compliance")
        assert answer["customer_id"] == customer.customer_id
        assert answer["current_score"] is None or 0 <= answer["current_score"] <= 100

    def test_the_same_question_again_is_304(self, client: Client) -> None:
        end = datetime.now(UTC).date()
        window = {"start": str(end - timedelta(days=10)), "end": str(end)}
        first = client.get("/analytics/costs", window)
        assert client.get("/analytics/costs", window, headers={"If-None-Match": first.headers["ETag"]}).status == 304


class TestReports:
    def test_from_the_request_to_the_bytes(self, client: Client, customer: Customer) -> None:
        found = client.report({"type": "costs", "format": "json", "period": "lastmonth"})
        assert customer.customer_id in found["filename"]
        document = client.download(found["id"])
        assert len(document) == found["size_bytes"]
        assert json.loads(document, parse_float=Decimal)["customer_id"] == customer.customer_id
        assert client.request("DELETE", f"/analytics/reports/{found['id']}").status == 204
        assert client.get(f"/analytics/reports/{found['id']}").status == 404

    def test_a_pdf(self, client: Client) -> None:
        found = client.report({"type": "executive", "format": "pdf"})
        assert client.download(found["id"]).startswith(b"%PDF-")
        client.request("DELETE", f"/analytics/reports/{found['id']}")

    def test_a_repeated_request_makes_one_report(self, client: Client) -> None:
        key, body = uuid4().hex, {"type": "usage", "format": "csv", "period": "7d"}
        first, second = (client.post("/analytics/reports", body, Idempotency_Key=key) for _ in range(2))
        assert first.json["id"] == second.json["id"]


class TestErrors:
    def test_no_credential(self, stack: Stack) -> None:
        answer = stack.anonymous.get("/analytics/usage")
        assert answer.status == 401
        assert answer.headers["Content-Type"] == "application/problem+json"

    def test_a_bad_credential(self, stack: Stack) -> None:
        assert stack.anonymous.get("/analytics/usage", headers={"X-API-Key": "sbk_local_x_y_z"}).status == 401
        assert stack.anonymous.get("/analytics/usage", headers={"Authorization": "Bearer a.b.c"}).status == 401

    def test_a_bad_parameter(self, client: Client) -> None:
        answer = client.get("/analytics/usage", period="7x")
        assert answer.status == 400
        assert answer.fields == {"period"}

    def test_another_customer(self, client: Client) -> None:
        assert client.get("/analytics/usage", customer_id="somebody-else").status == 403

    def test_a_report_of_nobody(self, client: Client) -> None:
        assert client.get(f"/analytics/reports/{'0' * 32}").status == 404


class TestPerformance:
    def test_load_test_100_concurrent_requests(self, stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
        """Three rounds of a hundred connections at once: >= 99 of them right in each. Of a deployed stack p95 is below 500 ms in the
        middle one, too; what shares a machine with this suite has `make bench` for its speed."""
        cold = [round_of(stack, f"/analytics/usage?{unasked(number)}") for number in range(ROUNDS)]
        stack.client().answer("/analytics/usage?period=30d")
        kept = [round_of(stack, "/analytics/usage?period=30d") for _ in range(ROUNDS)]
        with capsys.disabled():
            for name, rounds in (("cold", cold), ("kept", kept)):
                print(f"\n{name}: " + "; ".join(map(shown, rounds)), end="")
        for rounds in (cold, kept):
            assert all(good >= AT_ONCE - 1 for good, _ in rounds), list(map(shown, rounds))
        if not stack.own:
            assert sorted(seconds for _, seconds in kept)[ROUNDS // 2] < LONGEST_P95, list(map(shown, kept))


def unasked(number: int) -> str:
    """A window that no answer is kept of yet: each round's own, asked by all hundred at the same moment."""
    end = datetime.now(UTC).date() - timedelta(days=number)
    return f"start={end - timedelta(days=29)}&end={end}&top={500 + int(time.time()) % 400}"


def round_of(stack: Stack, path: str) -> Round:
    asking = [stack.customers[index % len(stack.customers)] for index in range(AT_ONCE)]
    answers = at_once(stack.base_url, [path] * AT_ONCE, [customer.api_key for customer in asking])
    return sum(right(answer, customer) for (answer, _), customer in zip(answers, asking, strict=True)), p95(answers)


def right(answer: bytes, customer: Customer) -> bool:
    """A 200 with this customer's own numbers."""
    head, _, body = answer.partition(b"\r\n\r\n")
    try:
        return head.split()[1] == b"200" and json.loads(body)["customer_id"] == customer.customer_id
    except (ValueError, KeyError, IndexError, TypeError):
        return False


def shown(one: Round) -> str:
    return f"{one[0]}/{AT_ONCE} right, p95 {one[1] * 1000:.0f} ms"
