"""Two customers, every route, each with the other's handles: neither sees a byte of the other's. A route without a row here fails."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.integration.page_rows import PAGE_ROWS
from tests.stack import PROJECT, Answer, Client, Customer, Stack, bare, eventually
from tests.visitor import Browser, signed_in

pytestmark = pytest.mark.random_order(disabled=True)  # rows leave things behind, and the log is looked at after all of them
REPORTS = "/analytics/reports"
BUDGETS, SETTINGS = "/analytics/budgets", "/analytics/settings"
COMPLIANCE = "/analytics/compliance"
EXCEPTIONS = f"{COMPLIANCE}/exceptions"
WINDOWS: tuple[dict[str, str], ...] = ({"period": "lastmonth"}, {"period": "30d"}, {"period": "3m"})
LIST_ROUTES = "import app, json; print(json.dumps({path: sorted(methods) for path, methods in app.app.routes.items()}))"
ACCOUNTS = {
    "acme-retail": ("110000000001", "110000000002"),
    "borealis-health": ("220000000001", "220000000002"),
    "cobalt-games": ("330000000001",),
}


@dataclass(frozen=True)
class Party:
    """A customer with what must stay its own, and with the handles that another might get hold of."""

    customer: Customer
    client: Client
    secrets: tuple[str, ...]
    report_id: str
    cursor: str
    idempotency_key: str
    exception_id: str

    @property
    def id(self) -> str:
        return self.customer.customer_id


Row = Callable[[Party, Party], Iterator[tuple[str, Answer, set[int]]]]
"""(who asks, whose handles) -> (what was sent, the answer, the statuses that are right)"""


def totals(client: Client) -> Iterator[str]:
    """The numbers that tell a customer: totals and large parts, as they stand in JSON."""
    for window in WINDOWS:
        for basis in ("billed", "effective"):
            answer = client.answer("/analytics/costs", window, cost=basis)
            yield from (str(amount) for amount in (answer["total"], *answer["breakdown"].values()) if amount and len(str(amount)) > 6)
        metrics = client.answer("/analytics/usage", window)["metrics"]
        yield from (str(metrics[name]) for name in ("compute_hours", "data_transfer_gb") if metrics[name] and len(str(metrics[name])) > 6)


def party(stack: Stack, customer: Customer) -> Party:
    client, key = stack.client(customer), uuid4().hex
    made = client.post(REPORTS, {"type": "costs", "format": "json", "period": "lastmonth"}, Prefer="wait=20", Idempotency_Key=key)
    assert made.status == 200, made.text
    kept = client.answer(f"{REPORTS}/{made.json['id']}")
    client.report({"type": "usage", "format": "csv", "period": "7d"})
    cursor = client.answer(REPORTS, limit=1)["next_cursor"]
    said = client.post(EXCEPTIONS, exception(uuid4().hex))
    assert said.status == 201, said.text
    own = (kept["id"], said.json["id"], said.json["reason"])
    secrets = (customer.customer_id, customer.name, *ACCOUNTS[customer.customer_id], *own, *totals(client))
    return Party(customer, client, secrets, kept["id"], cursor, key, said.json["id"])


def exception(reason: str) -> dict[str, str]:
    """Of a control that every customer has and that passes, so that it changes no score."""
    until = f"{datetime.now(UTC) + timedelta(days=90):%Y-%m-%d}"
    return {"kind": "exception", "control_id": "IAM.9", "reason": reason, "approver": "Ada", "expires_at": until}


@pytest.fixture(scope="module")
def parties(own_stack: Stack) -> tuple[Party, Party]:
    one, two = (party(own_stack, customer) for customer in own_stack.customers[:2])
    assert set(one.secrets).isdisjoint(two.secrets)
    return one, two


# The matrix


def fetching(path: str) -> Row:
    """A GET of one's own data: whatever is added to it, it stays one's own."""

    def row(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
        yield "", asking.client.get(path), {200}
        for name in (other.id, f"{asking.id},{other.id}", f"{other.id}\0", f"../{other.id}"):
            yield name, asking.client.get(path, customer_id=name), {403}
        yield other.id, asking.client.get(path, {"customer_id": [asking.id, other.id]}), {403}
        for name in ("customer", "customerId", "CUSTOMER_ID", "tenant"):
            yield other.id, asking.client.get(path, {name: other.id}), {400}
        for header in ("X-Customer-Id", "X-Forwarded-User", "Customer-Id", "X-Amzn-Customer"):
            yield other.id, asking.client.get(path, headers={header: other.id}), {200}
        both = {**asking.customer.by_key, **other.customer.by_token}
        yield "", asking.client.get(path, headers=both), {401}

    return row


def counting(path: str) -> Row:
    """Usage and costs, also with the other's accounts as a filter, and with the other's answer's ETag."""

    def row(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
        yield from fetching(path)(asking, other)
        for account in ACCOUNTS[other.id]:
            answer = asking.client.get(path, {"period": "30d", "account": account, "breakdown": "account"})
            numbers = [answer.json.get("total"), *(answer.json.get("metrics") or {}).values()]
            assert not any(numbers), f"numbers of {account}"
            yield account, answer, {200}
        for window in WINDOWS:
            mine, theirs = asking.client.get(path, window), other.client.get(path, window)
            assert mine.headers["ETag"] != theirs.headers["ETag"]
            yield "", mine, {200}
            yield "", asking.client.get(path, window, headers={"If-None-Match": theirs.headers["ETag"]}), {200}

    return row


def one_report(method: str, suffix: str) -> Row:
    """The other's report, by its id in every disguise."""

    def row(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
        for name in (other.report_id, other.report_id.upper(), f"%20{other.report_id}", f"{other.id}%2F{other.report_id}"):
            yield f"{name} {other.id}", asking.client.request(method, f"{REPORTS}/{name}{suffix}"), {404}
        yield other.report_id, asking.client.request(method, f"{REPORTS}/{other.report_id}{suffix}?customer_id={asking.id}"), {404}
        named = asking.client.request(method, f"{REPORTS}/{other.report_id}{suffix}?customer_id={other.id}")
        yield f"{other.report_id} {other.id}", named, {403}

    return row


def listing(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    yield from fetching(REPORTS)(asking, other)
    theirs = base64.urlsafe_b64decode(other.cursor).decode().split("\n")
    forged = [
        "\n".join([theirs[0], other.report_id]),
        "\n".join(["9999-01-01T00:00:00Z", other.report_id]),
        f"{other.id}\n{other.report_id}",
    ]
    for cursor in (other.cursor, *(base64.urlsafe_b64encode(text.encode()).decode() for text in forged)):
        yield cursor, asking.client.get(REPORTS, cursor=cursor, limit=100), {200, 400}


def asking_for_a_report(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    body: dict[str, Any] = {"type": "executive", "format": "json", "period": "30d"}
    for named in (other.id, [asking.id, other.id], f" {other.id}"):
        yield other.id, asking.client.post(REPORTS, {**body, "customer_id": named}), {400, 403}
    yield "", asking.client.post(f"{REPORTS}?customer_id={other.id}", body), {202, 400, 403}
    same_key = asking.client.post(
        REPORTS, {"type": "costs", "format": "json", "period": "lastmonth"}, Idempotency_Key=other.idempotency_key
    )
    assert same_key.json["id"] != other.report_id
    yield "", same_key, {202}
    said = asking.client.get(EXCEPTIONS, limit=100).text  # one's own words, though they may name an account that is another's
    for kind, form in (("executive", "json"), ("costs", "csv"), ("usage", "json"), ("compliance", "csv")):
        made = asking.client.report({**body, "type": kind, "format": form})
        document = asking.client.download(made["id"])
        assert leaks(said, document.decode("utf-8-sig"), other) == [], f"{kind} as {form}"
    foreign = asking.client.report({"type": "costs", "format": "json", "account": list(ACCOUNTS[other.id])})
    document = asking.client.download(foreign["id"]).decode()
    assert leaks(" ".join(ACCOUNTS[other.id]), document, other) == [], "but for the accounts that were sent"
    asking.client.request("DELETE", f"{REPORTS}/{foreign['id']}")  # its parameters hold the accounts that were sent


def health(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    for headers in ({}, {"X-Customer-Id": other.id}):
        yield "", asking.client.get("/health", headers=headers), {200}
    yield other.id, asking.client.get("/health", customer_id=other.id), {200, 400, 403}


def document(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    for headers in ({}, {"X-Customer-Id": other.id}):
        yield "", asking.client.get("/openapi.json", headers=headers), {200}
    yield other.id, asking.client.get("/openapi.json", customer_id=other.id), {200}


def listing_exceptions(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    yield from fetching(EXCEPTIONS)(asking, other)
    for position in (["9999-01-01T00:00:00Z", other.exception_id], ["", ""], [other.id, other.exception_id]):
        cursor = base64.urlsafe_b64encode(json.dumps(position).encode()).decode()
        yield cursor, asking.client.get(EXCEPTIONS, cursor=cursor), {200}


def declaring_an_exception(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    for named in (other.id, [asking.id, other.id], f" {other.id}"):
        yield other.id, asking.client.post(EXCEPTIONS, {**exception("mine"), "customer_id": named}), {403}
    for member in ("id", "created_by", "customer"):
        yield other.exception_id, asking.client.post(EXCEPTIONS, {**exception("mine"), member: other.exception_id}), {400}
    made = asking.client.post(EXCEPTIONS, {**exception("mine"), "resource": f"AWS::::Account:{ACCOUNTS[other.id][0]}"})
    yield ACCOUNTS[other.id][0], made, {201}
    held = other.client.answer(EXCEPTIONS, limit=100)["exceptions"]
    assert made.json["id"] not in {one["id"] for one in held}


def revoking(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    for name in (other.exception_id, other.exception_id.upper(), f"%20{other.exception_id}", f"{other.id}%2F{other.exception_id}"):
        yield f"{name} {other.id}", asking.client.request("DELETE", f"{EXCEPTIONS}/{name}"), {404}
    named = asking.client.request("DELETE", f"{EXCEPTIONS}/{other.exception_id}?customer_id={other.id}")
    yield f"{other.exception_id} {other.id}", named, {403}
    kept = {one["id"]: one["status"] for one in other.client.answer(EXCEPTIONS, limit=100)["exceptions"]}
    assert kept[other.exception_id] == "active"


BUDGET: dict[str, Any] = {"name": "all of it", "amount": 1234567.89}


def setting_a_budget(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    for named in (other.id, f" {other.id}", [asking.id, other.id]):
        yield other.id, asking.client.post(BUDGETS, {**BUDGET, "customer_id": named}), {400, 403}
    yield other.id, asking.client.post(f"{BUDGETS}?customer_id={other.id}", BUDGET), {403}
    yield "", asking.client.post(BUDGETS, {**BUDGET, "name": "mine alone"}), {201}


def one_budget(method: str) -> Row:
    """The other's budget by its id: it stays as it was."""

    def row(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
        made = other.client.post(BUDGETS, {**BUDGET, "name": "the other's"}).json
        path, body = f"{BUDGETS}/{made['id']}", BUDGET if method == "PUT" else None
        yield made["id"], asking.client.request(method, path, body), {404}
        yield f"{made['id']} {other.id}", asking.client.request(method, f"{path}?customer_id={other.id}", body), {403}
        kept = other.client.answer(path)
        assert {name: kept[name] for name in ("id", "name", "created_by")} == {name: made[name] for name in ("id", "name", "created_by")}
        assert other.client.request("DELETE", path).status == 204

    return row


def choosing_tags(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    before = other.client.answer(SETTINGS)
    yield other.id, asking.client.request("PUT", SETTINGS, {"allocation_tags": ["mine"], "customer_id": other.id}), {403}
    yield other.id, asking.client.request("PUT", f"{SETTINGS}?customer_id={other.id}", {"allocation_tags": ["mine"]}), {403}
    yield "", asking.client.request("PUT", SETTINGS, {"allocation_tags": ["mine"]}), {200}
    assert other.client.answer(SETTINGS) == before
    yield "", asking.client.request("PUT", SETTINGS, {"allocation_tags": []}), {200}


def a_statement(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    yield from fetching("/analytics/statements/2026-10")(asking, other)
    mine, theirs = (party.client.answer("/analytics/statements/2026-10") for party in (asking, other))
    assert mine["statements"] != theirs["statements"] or not mine["statements"]


TEMPLATES, BRANDING = "/analytics/templates", "/analytics/branding"
TEMPLATE: dict[str, Any] = {"title": "mine alone", "sections": [{"section": "summary"}]}


def linking(method: str) -> Row:
    """A link to the other's report: made, listed or revoked by nobody else."""

    def row(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
        path = f"{REPORTS}/{other.report_id}/links"
        made = other.client.post(path, {}).json
        body, suffix = ({}, "") if method == "POST" else (None, f"/{made['id']}" if method == "DELETE" else "")
        yield f"{other.report_id} {made['id']}", asking.client.request(method, path + suffix, body), {404}
        yield other.id, asking.client.request(method, f"{path}{suffix}?customer_id={other.id}", body), {403}
        own = asking.client.request(method, f"{REPORTS}/{asking.report_id}/links{suffix}", body)
        yield made["id"], own, {404} if method == "DELETE" else {200, 201}
        if method == "DELETE":
            assert [one["revoked_at"] for one in other.client.answer(path)["links"] if one["id"] == made["id"]] == [None]

    return row


def following(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    """A link opens its own document to anybody, and a credential of somebody else's changes nothing of that."""
    made = asking.client.post(f"{REPORTS}/{asking.report_id}/links", {}).json
    path = urlsplit(made["url"]).path
    for client in (Client(asking.client.base_url), other.client):
        answer = client.get(path)
        assert asking.report_id in answer.headers["Location"]
    yield "", asking.client.get(path), {303}
    for forged in (path[:-1], path.replace("sbl_", "sbk_"), f"{path}0", f"/downloads/{other.customer.api_key}"):
        yield other.customer.api_key, Client(asking.client.base_url).get(forged), {404}


def one_template(method: str) -> Row:
    """The other's template by its id: there is none of that id here."""

    def row(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
        path = f"{TEMPLATES}/secret-plan"
        body = TEMPLATE if method == "PUT" else None
        made = other.client.request("PUT", path, {**TEMPLATE, "title": f"plan of {other.id}"})
        assert made.status == 200
        yield other.id, asking.client.request(method, f"{path}?customer_id={other.id}", body), {403}
        yield "", asking.client.request(method, path, body), {200} if method == "PUT" else {404}
        assert other.client.answer(path) == made.json
        for party in (asking, other):
            party.client.request("DELETE", path)

    return row


def previewing(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    filters = {"filters": {"account": list(ACCOUNTS[other.id])}}
    sections = [{"section": name} for name in ("cost-lines", "cost-accounts")]
    yield other.id, asking.client.post(f"{TEMPLATES}/preview", {**TEMPLATE, "customer_id": other.id}), {403}
    answer = asking.client.post(f"{TEMPLATES}/preview", {**TEMPLATE, **filters, "sections": sections})
    assert [block["rows"] for section in answer.json["sections"] for block in section["blocks"]] == [[], []]
    yield str(ACCOUNTS[other.id]), answer, {200}


def branding(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    before = other.client.answer(BRANDING)
    yield other.id, asking.client.request("PUT", BRANDING, {"name": "mine", "customer_id": other.id}), {403}
    yield "", asking.client.request("PUT", BRANDING, {"name": "mine"}), {200}
    assert other.client.answer(BRANDING) == before
    yield "", asking.client.request("PUT", BRANDING, {}), {200}


SCHEDULES, RECIPIENTS = "/analytics/schedules", "/analytics/recipients"
SCHEDULE: dict[str, Any] = {"name": "mine alone", "report": {"type": "costs", "format": "csv"}, "cadence": {"kind": "daily"}}
SENT_BODIES: dict[str, Any] = {"PATCH": {"name": "renamed"}, "POST": {}}


def a_recipient(party: Party) -> Any:
    """The party's own; there is one already where a row was tried before."""
    address = f"someone@{party.id}.example"
    made = party.client.post(RECIPIENTS, {"channel": "email", "address": address, "name": f"of {party.id}"})
    found = made.json if made.status == 201 else party.client.answer(RECIPIENTS)["recipients"][0]

    def proven() -> Any:
        """Its proof is delivered in the background, and would change between two looks."""
        now = party.client.answer(f"{RECIPIENTS}/{found['id']}")
        return now if all(proof["status"] == "delivered" for proof in now["proofs"]) else None

    return eventually(proven)


def a_schedule(party: Party) -> Any:
    held = party.client.answer(SCHEDULES)["schedules"]
    if held:
        return held[0]
    body = {**SCHEDULE, "name": f"of {party.id}", "recipients": [a_recipient(party)["id"]]}
    return party.client.post(SCHEDULES, body).json


def scheduling(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    theirs = a_recipient(other)["id"]
    yield other.id, asking.client.post(SCHEDULES, {**SCHEDULE, "customer_id": other.id}), {403}
    yield other.id, asking.client.post(f"{SCHEDULES}?customer_id={other.id}", SCHEDULE), {403}
    yield theirs, asking.client.post(SCHEDULES, {**SCHEDULE, "recipients": [theirs]}), {400}
    template = other.client.request("PUT", f"{TEMPLATES}/secret-plan", {**TEMPLATE, "title": f"plan of {other.id}"})
    assert template.status == 200
    named = {**SCHEDULE, "report": {"type": "custom", "template": "secret-plan", "format": "csv"}}
    yield "", asking.client.post(SCHEDULES, named), {400}
    other.client.request("DELETE", f"{TEMPLATES}/secret-plan")
    made = asking.client.post(SCHEDULES, SCHEDULE)
    yield "", made, {201}
    asking.client.request("DELETE", f"{SCHEDULES}/{made.json['id']}")


def one_of(kind: str, make: Any, method: str, suffix: str = "") -> Row:
    """The other's by its id is not there, and stays as it is."""

    def row(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
        theirs, body = make(other), SENT_BODIES.get(method)
        before = other.client.answer(f"{kind}/{theirs['id']}")
        path = f"{kind}/{theirs['id']}{suffix}"
        yield theirs["id"], asking.client.request(method, path, body), {404}
        yield f"{theirs['id']} {other.id}", asking.client.request(method, f"{path}?customer_id={other.id}", body), {403}
        assert other.client.answer(f"{kind}/{theirs['id']}") == before

    return row


def adding_a_recipient(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    a_recipient(other)
    address = f"someone@{other.id}.example"  # that it is the other's, too, nobody learns
    body = {"channel": "email", "address": address}
    yield other.id, asking.client.post(RECIPIENTS, {**body, "customer_id": other.id}), {403}
    made = asking.client.post(RECIPIENTS, body)
    yield address, made, {201}
    account = ACCOUNTS[other.id][0]
    yield account, asking.client.post(RECIPIENTS, {"channel": "s3", "address": "s3://their-bucket/", "account": account}), {400}
    topic = f"arn:aws:sns:us-east-1:{account}:reports"
    yield topic, asking.client.post(RECIPIENTS, {"channel": "sns", "address": topic}), {400}
    asking.client.request("DELETE", f"{RECIPIENTS}/{made.json['id']}")


def subscribing(method: str) -> Row:
    def row(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
        theirs = a_recipient(other)
        for token in ("x", theirs["id"], f"{theirs['id']}.{'a' * 27}", other.customer.api_key):
            yield token, Client(asking.client.base_url).request(method, f"/subscriptions/{token}"), {404}
        assert other.client.answer(f"{RECIPIENTS}/{theirs['id']}")["status"] == theirs["status"]

    return row


KEYS, AUDIT = "/analytics/keys", "/analytics/audit"


def a_key(party: Party) -> Any:
    """The party's own; there is one already where a row was tried before."""
    held = [one for one in party.client.answer(KEYS)["keys"] if one["status"] == "live" and one["scopes"] == ["read"]]
    return held[0] if held else party.client.post(KEYS, {"scopes": ["read"]}).json


def making_a_key(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    yield other.id, asking.client.post(KEYS, {"customer_id": other.id}), {403}
    yield other.id, asking.client.post(f"{KEYS}?customer_id={other.id}", {}), {403}
    before = other.client.answer(KEYS)
    made = asking.client.post(KEYS, {"scopes": ["read"]})
    yield "", made, {201}
    assert other.client.answer(KEYS) == before
    asking.client.request("DELETE", f"{KEYS}/{made.json['id']}")


def auditing(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    yield from fetching(AUDIT)(asking, other)
    for cursor in ("999999999999", str(other.client.answer(AUDIT)["entries"][0]["number"])):
        answer = asking.client.get(AUDIT, cursor=cursor, limit=100)
        theirs = {one["hash"] for one in other.client.answer(AUDIT, limit=100)["entries"]}
        assert theirs.isdisjoint(one["hash"] for one in answer.json["entries"])
        yield "", answer, {200}


# The page


def looking(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    browser = signed_in(asking.client.base_url, asking.customer.api_key)
    yield "", browser.get(), {200}
    yield other.id, browser.get(f"/?customer_id={other.id}"), {400, 403}
    forged = browser.cookie.replace("sbs_", "sbk_")
    yield forged, Browser(asking.client.base_url, forged).get(), {200}


def signing_in(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    """Whoever is named beside it, the credential says whose the session is; and the cookie that is there already doesn't."""
    browser = signed_in(asking.client.base_url, other.customer.api_key)
    fields = {"credential": asking.customer.api_key, "customer_id": other.id}
    yield other.id, browser.post("/session", fields), {303}
    yield "", browser.get(), {200}


def signing_out(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    """With the other's token, which isn't of this session: both sessions stay."""
    mine, theirs = (signed_in(party.client.base_url, party.customer.api_key) for party in (asking, other))
    yield theirs.csrf, mine.post("/session/end", {"csrf": theirs.csrf}), {403}
    assert asking.id in mine.get().text
    yield "", mine.post("/session/end", {"csrf": mine.csrf}), {303}
    assert other.id in theirs.get().text


def an_asset(asking: Party, other: Party) -> Iterator[tuple[str, Answer, set[int]]]:
    for name in ("page.css", other.id, other.report_id):
        yield name, Client(asking.client.base_url).get(f"/page/{name}"), {200} if name == "page.css" else {404}


MATRIX: dict[tuple[str, str], Row] = {
    ("GET", "/"): looking,
    ("POST", "/session"): signing_in,
    ("POST", "/session/end"): signing_out,
    ("GET", "/page/{asset}"): an_asset,
    ("GET", "/analytics/usage"): counting("/analytics/usage"),
    ("GET", "/analytics/costs"): counting("/analytics/costs"),
    ("GET", "/analytics/costs/anomalies"): fetching("/analytics/costs/anomalies"),
    ("GET", "/analytics/costs/unit"): fetching("/analytics/costs/unit"),
    ("GET", BUDGETS): fetching(BUDGETS),
    ("POST", BUDGETS): setting_a_budget,
    ("GET", f"{BUDGETS}/{{budget_id}}"): one_budget("GET"),
    ("PUT", f"{BUDGETS}/{{budget_id}}"): one_budget("PUT"),
    ("DELETE", f"{BUDGETS}/{{budget_id}}"): one_budget("DELETE"),
    ("GET", SETTINGS): fetching(SETTINGS),
    ("PUT", SETTINGS): choosing_tags,
    ("GET", "/analytics/statements"): fetching("/analytics/statements"),
    ("GET", "/analytics/statements/{month}"): a_statement,
    ("GET", COMPLIANCE): fetching(COMPLIANCE),
    ("GET", f"{COMPLIANCE}/controls"): fetching(f"{COMPLIANCE}/controls"),
    ("GET", f"{COMPLIANCE}/controls/{{control_id}}"): fetching(f"{COMPLIANCE}/controls/IAM.4"),
    ("GET", f"{COMPLIANCE}/changes"): fetching(f"{COMPLIANCE}/changes"),
    ("GET", f"{COMPLIANCE}/spend-at-risk"): fetching(f"{COMPLIANCE}/spend-at-risk"),
    ("GET", EXCEPTIONS): listing_exceptions,
    ("POST", EXCEPTIONS): declaring_an_exception,
    ("DELETE", f"{EXCEPTIONS}/{{exception_id}}"): revoking,
    ("POST", REPORTS): asking_for_a_report,
    ("GET", REPORTS): listing,
    ("GET", f"{REPORTS}/{{report_id}}"): one_report("GET", ""),
    ("GET", f"{REPORTS}/{{report_id}}/download"): one_report("GET", "/download"),
    ("DELETE", f"{REPORTS}/{{report_id}}"): one_report("DELETE", ""),
    ("GET", f"{REPORTS}/{{report_id}}/verify"): one_report("GET", "/verify"),
    ("GET", f"{REPORTS}/{{report_id}}/links"): linking("GET"),
    ("POST", f"{REPORTS}/{{report_id}}/links"): linking("POST"),
    ("DELETE", f"{REPORTS}/{{report_id}}/links/{{link_id}}"): linking("DELETE"),
    ("GET", "/downloads/{token}"): following,
    ("GET", TEMPLATES): fetching(TEMPLATES),
    ("GET", f"{TEMPLATES}/{{template_id}}"): one_template("GET"),
    ("PUT", f"{TEMPLATES}/{{template_id}}"): one_template("PUT"),
    ("DELETE", f"{TEMPLATES}/{{template_id}}"): one_template("DELETE"),
    ("POST", f"{TEMPLATES}/preview"): previewing,
    ("GET", BRANDING): fetching(BRANDING),
    ("PUT", BRANDING): branding,
    ("GET", SCHEDULES): fetching(SCHEDULES),
    ("POST", SCHEDULES): scheduling,
    ("GET", f"{SCHEDULES}/{{schedule_id}}"): one_of(SCHEDULES, a_schedule, "GET"),
    ("PATCH", f"{SCHEDULES}/{{schedule_id}}"): one_of(SCHEDULES, a_schedule, "PATCH"),
    ("DELETE", f"{SCHEDULES}/{{schedule_id}}"): one_of(SCHEDULES, a_schedule, "DELETE"),
    ("GET", f"{SCHEDULES}/{{schedule_id}}/preview"): one_of(SCHEDULES, a_schedule, "GET", "/preview"),
    ("POST", f"{SCHEDULES}/{{schedule_id}}/run"): one_of(SCHEDULES, a_schedule, "POST", "/run"),
    ("GET", f"{SCHEDULES}/{{schedule_id}}/runs"): one_of(SCHEDULES, a_schedule, "GET", "/runs"),
    ("GET", RECIPIENTS): fetching(RECIPIENTS),
    ("POST", RECIPIENTS): adding_a_recipient,
    ("GET", f"{RECIPIENTS}/{{recipient_id}}"): one_of(RECIPIENTS, a_recipient, "GET"),
    ("PATCH", f"{RECIPIENTS}/{{recipient_id}}"): one_of(RECIPIENTS, a_recipient, "PATCH"),
    ("DELETE", f"{RECIPIENTS}/{{recipient_id}}"): one_of(RECIPIENTS, a_recipient, "DELETE"),
    ("POST", f"{RECIPIENTS}/{{recipient_id}}/test"): one_of(RECIPIENTS, a_recipient, "POST", "/test"),
    ("POST", f"{RECIPIENTS}/{{recipient_id}}/rotate"): one_of(RECIPIENTS, a_recipient, "POST", "/rotate"),
    ("GET", KEYS): fetching(KEYS),
    ("POST", KEYS): making_a_key,
    ("GET", f"{KEYS}/{{key_id}}"): one_of(KEYS, a_key, "GET"),
    ("DELETE", f"{KEYS}/{{key_id}}"): one_of(KEYS, a_key, "DELETE"),
    ("POST", f"{KEYS}/{{key_id}}/rotate"): one_of(KEYS, a_key, "POST", "/rotate"),
    ("GET", AUDIT): auditing,
    ("GET", "/subscriptions/{token}"): subscribing("GET"),
    ("POST", "/subscriptions/{token}"): subscribing("POST"),
    ("GET", "/health"): health,
    ("GET", "/openapi.json"): document,
    **PAGE_ROWS,
}


def test_every_route_has_a_row_here() -> None:
    listed = subprocess.run(
        [sys.executable, "-c", LIST_ROUTES],
        cwd=PROJECT,
        env=bare({"STAGE": "local"}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    routes = {(method, path) for path, methods in json.loads(listed.stdout).items() for method in methods}
    assert routes - MATRIX.keys() == set(), "routes that nobody has tried with another customer's handles"
    assert MATRIX.keys() - routes == set(), "rows of routes that are gone"


def leaks(sent: str, text: str, other: Party) -> list[str]:
    """What of the other's stands in the text, but for what the asking one had sent itself."""
    return [secret for secret in other.secrets if secret in text and secret not in sent]


@pytest.mark.parametrize("turned", [False, True], ids=["one asks", "other asks"])
@pytest.mark.parametrize("route", MATRIX, ids=[" ".join(route) for route in MATRIX])
def test_nothing_of_the_others_is_seen(parties: tuple[Party, Party], route: tuple[str, str], turned: bool) -> None:
    asking, other = reversed(parties) if turned else parties
    for sent, answer, right in MATRIX[route](asking, other):
        assert answer.status in right, f"{sent!r}: {answer.status} {answer.text[:200]}"
        everything = f"{answer.headers}\n{answer.text}"
        assert leaks(sent, everything, other) == [], f"{sent!r}: {answer.text[:300]}"
    assert other.client.answer(f"{REPORTS}/{other.report_id}")["status"] == "ready"
    assert other.client.download(other.report_id)


def test_a_link_opens_one_document_only(parties: tuple[Party, Party]) -> None:
    one, other = parties
    link = one.client.get(f"{REPORTS}/{one.report_id}/download").headers["Location"]
    assert one.report_id in link
    document = Client("").request("GET", link)
    assert document.status == 200
    assert leaks("", document.content.decode(), other) == []


def test_a_line_of_the_log_that_is_one_customers_tells_nothing_of_the_other(own_stack: Stack, parties: tuple[Party, Party]) -> None:
    """After everything above: whatever was tried with the other's handles."""
    assert own_stack.events
    lines = [json.loads(line) for line in own_stack.events.read_text().splitlines() if line.startswith('{"level"')]
    for one, other in (parties, parties[::-1]):
        own = [json.dumps(line) for line in lines if line.get("customer_id") == one.id]
        assert own
        assert [line for line in own if leaks("", line, other)] == []
