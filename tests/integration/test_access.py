"""Keys, limits, the audit and every answer's headers, over HTTP; what is said of limits has a server of its own beside the suite's."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.stack import PROJECT, Answer, Client, Customer, Stack, bare, free_port

KEYS, AUDIT, USAGE, BUDGETS = "/analytics/keys", "/analytics/audit", "/analytics/usage?period=7d", "/analytics/budgets"


@pytest.fixture(scope="module")
def admin(own_stack: Stack) -> Client:
    """Of a customer that nobody else asks for."""
    own_stack.new_customer("access-co")
    made = own_stack.ops("keys", "create", "--customer", "access-co", "--scopes", "read,report,admin", "--json")
    return Client(own_stack.base_url, {"X-API-Key": json.loads(made.stdout)["api_key"]})


# Keys


@pytest.fixture(scope="module")
def revoked(admin: Client, other_container: str) -> tuple[list[Client], float]:
    """Clients of two containers with a key that both have just accepted, and when it was revoked."""
    made = admin.post(KEYS, {}).json
    clients = [with_key(admin, made["api_key"]), Client(other_container, {"X-API-Key": made["api_key"]})]
    assert [client.get(USAGE).status for client in clients] == [200, 200]
    assert admin.request("DELETE", f"{KEYS}/{made['id']}").status == 204
    return clients, time.monotonic()


def with_key(client: Client, key: str) -> Client:
    return Client(client.base_url, {"X-API-Key": key})


@pytest.mark.usefixtures("revoked")
def test_a_customer_makes_its_own_keys_and_each_opens_what_it_says(admin: Client) -> None:
    made = admin.post(KEYS, {"scopes": ["read"], "expires_in_days": 30})
    assert made.status == 201
    assert made.headers["Location"] == f"{KEYS}/{made.json['id']}"
    mine = with_key(admin, made.json["api_key"])
    assert (mine.get(USAGE).status, mine.get(KEYS).status, mine.post(KEYS, {}).status) == (200, 403, 403)
    shown = admin.answer(f"{KEYS}/{made.json['id']}")
    assert (shown["scopes"], shown["status"]) == (["read"], "live")
    assert shown["last_used_at"], "it was used just now"
    listed = admin.get(KEYS)
    assert made.json["id"] in [one["id"] for one in listed.json["keys"]]
    assert made.json["api_key"].split("_")[3] not in listed.text, "the secret is shown once"


def test_a_rotated_key_and_its_successor_are_both_good_and_no_third_is_made(admin: Client) -> None:
    made = admin.post(KEYS, {}).json
    followed = admin.post(f"{KEYS}/{made['id']}/rotate", {"overlap_hours": 1})
    assert followed.status == 201
    assert [with_key(admin, one["api_key"]).get(USAGE).status for one in (made, followed.json)] == [200, 200]
    assert admin.answer(f"{KEYS}/{made['id']}")["successor"] == followed.json["id"]
    assert admin.post(f"{KEYS}/{made['id']}/rotate", {}).status == 409


BAD: list[tuple[Any, str]] = [({"scopes": ["root"]}, "scopes"), ({"expires_in_days": 0}, "expires_in_days"), ({"name": 1}, "name")]


@pytest.mark.parametrize("body, field", BAD)
def test_a_bad_request_for_a_key_names_the_member(admin: Client, body: Any, field: str) -> None:
    answer = admin.post(KEYS, body)
    assert answer.status == 400
    assert any(name.startswith(field) for name in answer.fields)


# The audit


def test_every_write_and_every_download_is_in_the_audit_and_nothing_else(own_stack: Stack, admin: Client) -> None:
    before = admin.answer(AUDIT)["entries"][0]["number"]
    admin.get(USAGE)
    admin.post(BUDGETS, {"name": ""})
    budget = admin.post(BUDGETS, {"name": "secret-plan", "amount": 77123.45}).json
    report = admin.report({"type": "usage", "format": "csv", "period": "7d"})
    admin.download(report["id"])
    link = admin.post(f"/analytics/reports/{report['id']}/links", {}).json
    own_stack.anonymous.get(link["url"].removeprefix(own_stack.base_url))
    admin.request("DELETE", f"{BUDGETS}/{budget['id']}")
    admin.request("DELETE", f"{BUDGETS}/{budget['id']}")
    answer = admin.get(AUDIT, limit=100)
    found = [one for one in reversed(answer.json["entries"]) if one["number"] > before]
    assert [(one["action"], one["object"], one["status"]) for one in found] == [
        ("POST /analytics/budgets", f"{BUDGETS}/{budget['id']}", 201),
        ("POST /analytics/reports", f"/analytics/reports/{report['id']}", found[1]["status"]),
        ("GET /analytics/reports/{report_id}/download", f"/analytics/reports/{report['id']}/download", 303),
        ("POST /analytics/reports/{report_id}/links", f"/analytics/reports/{report['id']}/links/{link['id']}", 201),
        ("GET /downloads/{token}", f"/analytics/reports/{report['id']}/download", 303),
        ("DELETE /analytics/budgets/{budget_id}", f"{BUDGETS}/{budget['id']}", 204),
    ]
    assert {one["who"].partition(":")[0] for one in found} == {"key", "link"}
    assert {one["origin"] for one in found} == {"127.0.0.1"}
    for secret in ("secret-plan", "77123.45", link["url"].rpartition("/")[2]):
        assert secret not in answer.text, "what was written is nothing of the audit's"


def test_the_operators_commands_are_in_it_and_verify_holds_it_together(own_stack: Stack, admin: Client) -> None:
    actions = {one["action"]: one["who"] for one in admin.answer(AUDIT, limit=100)["entries"]}
    for action in ("ops.customers add", "ops.keys create"):
        assert actions[action].startswith("operator:arn:aws:")
    told = own_stack.ops("audit", "verify", "--customer", "access-co")
    assert told.returncode == 0, told.stderr
    name, state, head = told.stdout.strip().split("\t")
    assert (name, state) == ("access-co", "ok")
    assert own_stack.ops("audit", "verify", "--customer", "access-co", "--expect", head).returncode == 0
    forged = own_stack.ops("audit", "verify", "--customer", "access-co", "--expect", f"1:{'0' * 64}")
    assert forged.returncode != 0
    assert own_stack.ops("audit", "verify").returncode == 0, "all customers"


def test_the_audit_is_the_administrators_alone_and_comes_in_pages(admin: Client) -> None:
    reader = with_key(admin, admin.post(KEYS, {}).json["api_key"])
    assert reader.get(AUDIT).status == 403
    seen, cursor = [], None
    while True:
        page = admin.answer(AUDIT, {"limit": 3, **({"cursor": cursor} if cursor else {})})
        seen += [one["number"] for one in page["entries"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == list(range(seen[0], 0, -1))
    assert admin.get(AUDIT, cursor="x").fields == {"cursor"}


# Limits, as they are without any settings


def container(stack: Stack) -> tuple[subprocess.Popen[str], str]:
    """One more server of the same deployment, with the limits that everybody has."""
    port = free_port()
    command = [sys.executable, "-m", "local.server", str(PROJECT), str(port)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=PROJECT, env=bare(stack.environment), text=True, **pipes)  # type: ignore[call-overload]
    assert process.stdin
    assert process.stdout
    process.stdin.write("serve\n")
    process.stdin.flush()
    assert process.stdout.readline().strip() == "listening"
    return process, f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def other_container(own_stack: Stack) -> Iterator[str]:
    process, url = container(own_stack)
    yield url
    process.communicate("", timeout=20)


def once(client: Client, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Answer:
    """Without waiting out a 429."""
    return client._once(method, path, body, {**client.headers, **(headers or {})})


def hurried(own_stack: Stack, url: str, name: str) -> tuple[Customer, Client]:
    customer = own_stack.new_customer(name)
    return customer, Client(url, customer.by_key)


def until_refused(ask: Callable[[], Answer], a_minute: int) -> list[Answer]:
    """The answers before the first 429: as many as a minute allows, and what the clock gave back meanwhile on a slow machine."""
    started, answers = time.monotonic(), []
    while (answer := ask()).status != 429:
        answers.append(answer)
        assert len(answers) <= a_minute * (1 + (time.monotonic() - started) / 60) + 1
    assert len(answers) >= a_minute
    return answers


def test_the_six_hundred_and_first_query_is_429_and_says_when_to_come_back(own_stack: Stack, other_container: str) -> None:
    _, client = hurried(own_stack, other_container, "hurried-queries")
    started = time.monotonic()
    first = once(client, "GET", USAGE)
    assert (first.headers["RateLimit-Limit"], first.headers["RateLimit-Policy"]) == ("600", "600;w=60")
    assert first.headers["RateLimit-Remaining"] == "599"
    with ThreadPoolExecutor(8) as pool:  # one after the other a slow machine asks no faster than what it may
        answers = [first, *pool.map(lambda _: once(client, "GET", USAGE), range(1500))]
    seconds = time.monotonic() - started
    statuses = Counter(answer.status for answer in answers)
    assert set(statuses) == {200, 429}
    assert 600 <= statuses[200] <= 601 + seconds * 10
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.json["code"] == "too_many_requests"
    assert (refused.headers["Retry-After"], refused.headers["RateLimit-Remaining"]) == ("1", "0")
    assert once(client, "POST", BUDGETS, {"Content-Type": "application/json"}, b"{}").status != 429, "writes have a bucket of their own"
    other = own_stack.client()
    assert Client(other_container, other.headers).get(USAGE).status == 200, "and so has everybody else"


def test_fifty_writes_a_minute_and_bad_ones_count(own_stack: Stack, other_container: str) -> None:
    _, client = hurried(own_stack, other_container, "hurried-writes")
    body = {"Content-Type": "application/json"}
    assert {answer.status for answer in until_refused(lambda: once(client, "POST", "/analytics/reports", body, b"{}"), 50)} == {400}


def test_who_may_only_read_takes_no_writes_away_and_a_key_can_be_ended_at_any_time(own_stack: Stack, other_container: str) -> None:
    customer, _ = hurried(own_stack, other_container, "hurried-revocation")
    made = [
        json.loads(own_stack.ops("keys", "create", "--customer", customer.customer_id, "--scopes", scopes, "--json").stdout)
        for scopes in ("read", "read,report,admin")
    ]
    reader, admin = (Client(other_container, {"X-API-Key": one["api_key"]}) for one in made)
    body = {"Content-Type": "application/json"}
    assert {once(reader, "POST", BUDGETS, body, b"{}").status for _ in range(60)} <= {400, 403}
    assert {answer.status for answer in until_refused(lambda: once(admin, "POST", BUDGETS, body, b"{}"), 50)} == {400}
    assert once(admin, "DELETE", f"{KEYS}/{made[0]['key_id']}").status == 204


def test_a_link_is_followed_twenty_times_a_minute(own_stack: Stack, other_container: str, admin: Client) -> None:
    report = admin.report({"type": "usage", "format": "csv", "period": "7d"})
    path = urlsplit(admin.post(f"/analytics/reports/{report['id']}/links", {}).json["url"]).path
    anybody = Client(other_container)
    assert {answer.status for answer in until_refused(lambda: once(anybody, "GET", path), 20)} == {303}


def test_twenty_documents_a_minute(own_stack: Stack, other_container: str) -> None:
    _, client = hurried(own_stack, other_container, "hurried-exports")
    path = f"/analytics/reports/{'0' * 32}/download"
    assert {answer.status for answer in until_refused(lambda: once(client, "GET", path), 20)} == {404}
    assert once(client, "GET", "/analytics/reports").status == 200


def wrong_secret(key: str) -> str:
    """A key of that id with another secret and a right checksum."""
    body = key.rpartition("_")[0]
    body = body[:-1] + ("a" if body[-1] != "a" else "b")
    return f"{body}_{zlib.crc32(body.encode()):08x}"


def test_guessing_a_keys_secret_ends_after_thirty_tries_and_holds_up_nobody_else(own_stack: Stack, other_container: str) -> None:
    guessed, client = hurried(own_stack, other_container, "guessed-co")
    bystander, _ = hurried(own_stack, other_container, "bystander-co")
    anybody = Client(other_container)
    answers = until_refused(lambda: once(anybody, "GET", USAGE, {"X-API-Key": wrong_secret(guessed.api_key)}), 30)
    assert {answer.status for answer in answers} == {401}
    bodies = {json.dumps({name: value for name, value in answer.json.items() if name != "request_id"}) for answer in answers}
    assert len(bodies) == 1
    assert once(client, "GET", USAGE).status == 429, "the right secret isn't told from the wrong ones any more"
    assert once(anybody, "GET", USAGE, bystander.by_key).status == 200


def test_after_thirty_bad_tokens_bad_ones_are_429_and_good_ones_good(own_stack: Stack, other_container: str) -> None:
    anybody, good = Client(other_container), own_stack.customers[0]
    numbers = count()
    answers = until_refused(lambda: once(anybody, "GET", USAGE, {"Authorization": f"Bearer a.b.{next(numbers)}"}), 30)
    assert {answer.status for answer in answers} == {401}
    assert once(anybody, "GET", USAGE, good.by_token).status == 200
    assert once(anybody, "GET", USAGE, good.by_key).status == 200
    assert once(anybody, "GET", USAGE).status == 401, "no credential is no guess"


# Headers


SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Strict-Transport-Security": "max-age=63072000"}


def test_every_answer_tells_browsers_to_run_nothing_of_it(own_stack: Stack, client: Client) -> None:
    asked = [
        client.get(USAGE),
        client.get(USAGE, headers={"Accept": "text/csv"}),
        client.get("/analytics/usage", period="x"),
        client.get("/analytics/nowhere"),
        client.request("PUT", "/analytics/usage", {}),
        client.post("/analytics/reports", b"{"),
        client.request("DELETE", f"/analytics/reports/{'0' * 32}"),
        own_stack.anonymous.get(USAGE),
        own_stack.anonymous.get("/health"),
        own_stack.anonymous.get("/openapi.json"),
        own_stack.anonymous.get("/subscriptions/x"),
    ]
    for answer in asked:
        assert {name: answer.headers[name] for name in SAFE} == SAFE, answer.text[:100]
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert [answer.headers["Cache-Control"] for answer in asked[:2]] == ["private, no-cache"] * 2
    assert {answer.headers["Cache-Control"] for answer in asked[2:9]} == {"no-store"}


def test_a_revoked_key_opens_nothing_within_a_minute_on_any_container(revoked: tuple[list[Client], float]) -> None:
    """The last one here, so that most of the minute has passed with the others."""
    clients, since = revoked
    while any(client.get(USAGE).status != 401 for client in clients):
        assert time.monotonic() - since < 60
        time.sleep(1)
