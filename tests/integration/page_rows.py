"""Rows of the matrix in test_isolation.py for the page's forms: each with the other customer's ids, which are none here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from tests.stack import Answer
from tests.visitor import Browser, signed_in

Sent = Iterator[tuple[str, Answer, set[int]]]
REPORTS, SCHEDULES, KEYS, TEMPLATES = (f"/analytics/{name}" for name in ("reports", "schedules", "keys", "templates"))
RECIPIENTS = "/analytics/recipients"
A_SCHEDULE: dict[str, Any] = {"name": "of the other", "report": {"type": "costs", "format": "csv"}, "cadence": {"kind": "daily"}}


def visiting(party: Any) -> Browser:
    return signed_in(party.client.base_url, party.customer.api_key)


def pressed(browser: Browser, path: str, **fields: Any) -> Answer:
    return browser.post(path, urlencode({"csrf": browser.csrf, **fields}, doseq=True).encode())


def on_the_others(kind: str, make: Callable[[Any], str], suffix: str, **fields: str) -> Callable[[Any, Any], Sent]:
    def row(asking: Any, other: Any) -> Sent:
        theirs, browser = make(other), visiting(asking)
        before = other.client.answer(f"{kind}/{theirs}")
        path = f"{kind.replace('analytics', 'page')}/{theirs}{suffix}"
        yield theirs, pressed(browser, path, **fields), {404}
        yield f"{theirs} {other.id}", pressed(browser, f"{path}?customer_id={other.id}", **fields), {403}
        if (view := kind.rpartition("/")[2]) != "keys":
            yield theirs, browser.get(f"/?view={view}&{view[:-1]}={theirs}"), {404}
        assert other.client.answer(f"{kind}/{theirs}") == before

    return row


def fetching(asking: Any, other: Any) -> Sent:
    browser = visiting(asking)
    for name in (other.report_id, other.report_id.upper(), f"%20{other.report_id}", f"{other.id}%2F{other.report_id}"):
        yield f"{name} {other.id}", browser.get(f"/page/reports/{name}/download"), {404}
    yield f"{other.report_id} {other.id}", browser.get(f"/page/reports/{other.report_id}/download?customer_id={other.id}"), {403}
    yield "", browser.get("/page/reports/" + asking.report_id + "/download"), {303}


def generating(asking: Any, other: Any) -> Sent:
    browser, fields = visiting(asking), {"type": "usage", "format": "csv", "period": "7d"}
    other.client.request("PUT", f"{TEMPLATES}/secret-plan", {"title": f"plan of {other.id}", "sections": [{"section": "summary"}]})
    yield "", pressed(browser, "/page/reports", **{**fields, "type": "custom:secret-plan"}), {400}
    yield other.id, pressed(browser, f"/page/reports?customer_id={other.id}", **fields), {403}
    yield other.id, pressed(browser, "/page/reports", customer_id=other.id, **fields), {303}
    yield "", browser.get("/?view=reports"), {200}
    other.client.request("DELETE", f"{TEMPLATES}/secret-plan")


def scheduling(path: str) -> Callable[[Any, Any], Sent]:
    def row(asking: Any, other: Any) -> Sent:
        browser, name = visiting(asking), uuid4().hex
        held = other.client.answer(RECIPIENTS)["recipients"]
        address = {"channel": "email", "address": f"page@{other.id}.example"}
        theirs = held[0]["id"] if held else other.client.post(RECIPIENTS, address).json["id"]
        fields = {"name": name, "type": "costs", "format": "csv", "kind": "daily", "at": "07:00", "timezone": "UTC"}
        yield theirs, pressed(browser, path, recipients=theirs, **fields), {400}
        yield other.id, pressed(browser, f"{path}?customer_id={other.id}", **fields), {403}
        yield "", browser.get("/?view=schedules"), {200}
        assert name not in {one["name"] for party in (asking, other) for one in party.client.answer(SCHEDULES)["schedules"]}

    return row


def making_a_key(asking: Any, other: Any) -> Sent:
    before, browser = other.client.answer(KEYS), visiting(asking)
    made = pressed(browser, "/page/keys", scopes="read", customer_id=other.id)
    yield other.id, made, {201}
    yield other.id, pressed(browser, f"/page/keys?customer_id={other.id}", scopes="read"), {403}
    assert [one["id"] for one in other.client.answer(KEYS)["keys"]] == [one["id"] for one in before["keys"]]
    newest = asking.client.answer(KEYS)["keys"][-1]["id"]
    yield "", pressed(browser, f"/page/keys/{newest}/revoke"), {303}


def a_schedule(party: Any) -> str:
    held = party.client.answer(SCHEDULES)["schedules"]
    return str(held[0]["id"] if held else party.client.post(SCHEDULES, A_SCHEDULE).json["id"])


def a_key(party: Any) -> str:
    held = [one for one in party.client.answer(KEYS)["keys"] if one["status"] == "live" and one["scopes"] == ["read"]]
    return str(held[0]["id"] if held else party.client.post(KEYS, {"scopes": ["read"]}).json["id"])


def a_report(party: Any) -> str:
    return str(party.report_id)


PAGE_ROWS: dict[tuple[str, str], Callable[[Any, Any], Sent]] = {
    ("POST", "/page/reports"): generating,
    ("GET", "/page/reports/{report_id}/download"): fetching,
    ("POST", "/page/reports/{report_id}/delete"): on_the_others(REPORTS, a_report, "/delete"),
    ("POST", "/page/schedules"): scheduling("/page/schedules"),
    ("POST", "/page/schedules/preview"): scheduling("/page/schedules/preview"),
    **{
        ("POST", f"/page/schedules/{{schedule_id}}/{act}"): on_the_others(SCHEDULES, a_schedule, f"/{act}")
        for act in ("pause", "resume", "run", "delete")
    },
    ("POST", "/page/keys"): making_a_key,
    ("POST", "/page/keys/{key_id}/rotate"): on_the_others(KEYS, a_key, "/rotate", overlap_hours="1"),
    ("POST", "/page/keys/{key_id}/revoke"): on_the_others(KEYS, a_key, "/revoke"),
}
