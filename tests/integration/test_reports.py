"""Reports over HTTP: templates, branding, quota, keys, proof, links, deletion, restatement."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import pdfplumber
import pytest
from PIL import Image

from chalicelib.domain.template import OF_TYPE, SECTIONS
from tests.integration.test_bills import bill_row, csv_of
from tests.integration.test_bills import new_dropper as new_dropper
from tests.integration.test_ingest import Dropper
from tests.package import objections
from tests.readers import disagreements
from tests.stack import PROJECT, Client, Stack

REPORTS, TEMPLATES, BRANDING = "/analytics/reports", "/analytics/templates", "/analytics/branding"
BODY = {"type": "costs", "format": "json", "period": "7d"}
BUCKET = "securebase-local-reports-123456789012"


@pytest.fixture(scope="module")
def client(own_stack: Stack) -> Client:
    """Of a customer with all scopes, who has no data and whom no other test knows."""
    customer_id = f"reports-{uuid4().hex[:8]}"
    own_stack.new_customer(customer_id)
    made = own_stack.ops("keys", "create", "--customer", customer_id, "--scopes", "read,report,admin", "--json")
    return Client(own_stack.base_url, {"X-API-Key": json.loads(made.stdout)["api_key"]})


@pytest.fixture(scope="module")
def bucket(own_stack: Stack) -> Iterator[Any]:
    """A client of the S3 in which the stack keeps its documents."""
    there = own_stack.environment
    session = boto3.Session(there["AWS_ACCESS_KEY_ID"], there["AWS_SECRET_ACCESS_KEY"], region_name=there["AWS_DEFAULT_REGION"])
    made = session.client("s3", endpoint_url=there["AWS_ENDPOINT_URL"])
    yield made
    made.close()


def keys_of(bucket: Any, report_id: str) -> list[str]:
    found = bucket.list_object_versions(Bucket=BUCKET)
    return [one["Key"] for kind in ("Versions", "DeleteMarkers") for one in found.get(kind, []) if report_id in one["Key"]]


# Templates and branding


OWN: dict[str, Any] = {
    "title": "Board pack",
    "period": "lastmonth",
    "breakdown": "account",
    "sections": [{"section": "summary"}, {"section": "cost-breakdown"}, {"section": "cost-lines", "fields": ["day", "billed_cost"]}],
}


def test_a_template_of_ones_own_is_previewed_saved_and_used(own_stack: Stack) -> None:
    client = own_stack.client()
    preview = client.post(f"{TEMPLATES}/preview", OWN)
    assert preview.status == 200, preview.text
    assert client.get(f"{TEMPLATES}/board-pack").status == 404, "a preview keeps nothing"
    saved = client.request("PUT", f"{TEMPLATES}/board-pack", OWN)
    assert (saved.status, saved.json["areas"]) == (200, ["costs"])
    made = client.report({"type": "custom", "format": "json", "template": "board-pack"})
    assert "custom-board-pack" in made["filename"]
    document = json.loads(client.download(made["id"]), parse_float=Decimal)
    assert [section["title"] for section in document["sections"]] == ["At a glance", "Where the money goes", "Cost lines"]
    (lines,) = document["sections"][2]["blocks"]
    assert [column["title"] for column in lines["columns"]] == ["Day", "Billed cost"]
    answer = client.answer("/analytics/costs", period="lastmonth", breakdown="account")
    (by_line, *_) = (block for block in document["sections"][1]["blocks"] if block["kind"] == "table")
    assert ({row[0]: row[1] for row in by_line["rows"]}, by_line["totals"][1]) == (answer["breakdown"], answer["total"])
    assert lines["totals"][1] == answer["total"]
    shown = json.loads(preview.content, parse_float=Decimal)
    assert shown["sections"][2]["blocks"][0]["totals"] == lines["totals"], "a preview's totals are those of all rows"
    assert len(shown["sections"][2]["blocks"][0]["rows"]) == 20
    assert client.request("DELETE", f"{TEMPLATES}/board-pack").status == 204
    assert client.post(REPORTS, {"type": "custom", "format": "json", "template": "board-pack"}).status == 400


def test_a_brand_is_on_the_cover_and_nothing_else_is_embedded(client: Client) -> None:
    logo = io.BytesIO()
    Image.new("RGB", (40, 20), "#c01040").save(logo, "PNG")
    body = {"name": "Ελληνική Εταιρεία", "colour": "#c01040", "logo": base64.b64encode(logo.getvalue()).decode()}
    assert client.request("PUT", BRANDING, body).status == 200
    made = client.report({**BODY, "format": "pdf"})
    with pdfplumber.open(io.BytesIO(client.download(made["id"]))) as pdf:
        assert "Ελληνική Εταιρεία" in pdf.pages[0].extract_text()
        assert [len(page.images) for page in pdf.pages] == [1] + [0] * (len(pdf.pages) - 1)
    assert client.request("PUT", BRANDING, {}).status == 200
    assert client.answer(BRANDING) == {"name": None, "colour": None, "logo": None}


# One value, four documents


KINDS = [(kind, template) for kind, templates in OF_TYPE.items() for template in templates]
EVERYTHING = [{"section": section} for section in SECTIONS]


def all_four(client: Client, **body: Any) -> list[str]:
    """In what the four documents of one question disagree."""
    documents = {form: client.download(client.report({**body, "format": form})["id"]) for form in ("json", "csv", "xlsx", "pdf")}
    found = [f"xlsx: {objection}" for objection in objections(documents["xlsx"])]
    return found + [
        one for form, document in documents.items() if form != "json" for one in disagreements(documents["json"], form, document)
    ]


@pytest.mark.parametrize("who", [0, 1, 2])
@pytest.mark.parametrize(("kind", "template"), KINDS, ids=[template for _, template in KINDS])
def test_the_four_documents_of_every_template_say_the_same(own_stack: Stack, who: int, kind: str, template: str) -> None:
    client = own_stack.client(own_stack.customers[who])
    assert all_four(client, type=kind, template=template, period="lastmonth") == []


def test_a_template_of_all_sections_says_the_same_in_four_documents(own_stack: Stack) -> None:
    client = own_stack.client(own_stack.customers[1])
    body = {"title": "All of it", "sections": EVERYTHING, "period": "4w", "breakdown": "service,region", "top": 4, "compare": "previous"}
    assert client.request("PUT", f"{TEMPLATES}/all-of-it", body).status == 200
    assert all_four(client, type="custom", template="all-of-it") == []
    assert client.request("DELETE", f"{TEMPLATES}/all-of-it").status == 204


HOSTILE = (
    "<img src='/etc/passwd'/>",
    '=HYPERLINK("http://evil.example","x")',
    "+1",
    "@x",
    "\x1b[31m",
    "W" * 5000,
    "😀 שלום \u202eevil",
    "a,b",
)


def test_hostile_bills_stay_text_in_four_documents(own_stack: Stack, new_dropper: Callable[[], Dropper]) -> None:
    dropper, day = new_dropper(), own_stack.day - timedelta(days=2)
    rows = [bill_row(day, Decimal("2.6137"), name) for name in HOSTILE] + [bill_row(day, Decimal("-2.6137"), "refund")]
    dropper.drop(dropper.file("hostile.csv", csv_of(rows)))
    window = {"start": str(day), "end": str(day + timedelta(days=1))}
    assert all_four(dropper.client, type="costs", **window) == []


# How often, how many, how long


def test_twenty_requests_at_once_with_one_key_make_one_report(client: Client) -> None:
    key = uuid4().hex
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: client.post(REPORTS, BODY, Idempotency_Key=key), range(20)))
    assert {answer.status for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == 1
    listed = [one["id"] for one in client.answer(REPORTS, limit=100)["reports"]]
    assert listed.count(answers[0].json["id"]) == 1


SLOW = {"type": "executive", "format": "pdf", "period": "1y"}
"""Takes longer to render than a dozen take to be asked for."""


def test_a_sixth_report_at_once_is_refused_until_one_is_done(client: Client) -> None:
    settled(client)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: client.post(REPORTS, SLOW), range(12)))
    refused = [answer for answer in answers if answer.status == 429]
    assert {answer.status for answer in answers} <= {202, 429}
    assert refused
    assert {(answer.json["code"], answer.headers["Retry-After"]) for answer in refused} == {("too_many_running_reports", "5")}
    settled(client)
    assert client.report(BODY)["status"] == "ready"


def settled(client: Client) -> None:
    until = time.monotonic() + 30
    while any(one["status"] in ("queued", "rendering") for one in client.answer(REPORTS, limit=100)["reports"]):
        assert time.monotonic() < until
        time.sleep(0.2)


def test_a_report_is_kept_as_long_as_its_customer_wants_and_deleted_with_every_copy(client: Client, bucket: Any) -> None:
    assert client.request("PUT", "/analytics/settings", {"report_retention_months": 3}).status == 200
    made = client.report(BODY)
    expires, created = (datetime.fromisoformat(made[name]) for name in ("expires_at", "created_at"))
    assert timedelta(days=88) <= expires - created <= timedelta(days=93)
    (key,) = keys_of(bucket, made["id"])
    assert bucket.get_object_tagging(Bucket=BUCKET, Key=key)["TagSet"] == [{"Key": "kept-months", "Value": "3"}]
    bucket.put_object(Bucket=BUCKET, Key=key, Body=b"a later version")
    assert client.request("DELETE", f"{REPORTS}/{made['id']}").status == 204
    assert keys_of(bucket, made["id"]) == []
    assert client.request("PUT", "/analytics/settings", {"report_retention_months": 2}).status == 400
    assert client.request("PUT", "/analytics/settings", {}).status == 200


# Proof


def test_a_report_is_verified_here_and_offline_and_a_change_is_noticed(client: Client, bucket: Any, tmp_path: Path) -> None:
    made = client.report(BODY)
    told = client.get(f"{REPORTS}/{made['id']}/verify")
    assert (told.status, told.json["valid"], told.json["document"], told.json["signature_check"]) == (200, True, "ok", "ok")
    document, manifest = tmp_path / made["filename"], tmp_path / "manifest.json"
    document.write_bytes(client.download(made["id"]))
    manifest.write_bytes(told.content)

    def offline(*more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ops.verify", str(document), str(manifest), *more]
        return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)

    fine = offline("--fingerprint", told.json["fingerprint"])
    assert (fine.returncode, fine.stderr) == (0, "")
    assert made["id"] in fine.stdout
    assert offline("--fingerprint", "0" * 64).returncode == 1
    document.write_bytes(document.read_bytes() + b" ")
    assert offline().returncode == 1
    (key,) = keys_of(bucket, made["id"])
    bucket.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    changed = client.answer(f"{REPORTS}/{made['id']}/verify")
    assert (changed["valid"], changed["document"], changed["signature_check"]) == (False, "altered", "ok")


def test_equal_data_gives_equal_data_sets_in_every_format(own_stack: Stack) -> None:
    client = own_stack.client(own_stack.customers[2])
    found = set()
    for form in ("pdf", "xlsx", "csv", "json"):
        made = client.report({"type": "costs", "format": form, "period": "lastmonth"})
        found.add(client.answer(f"{REPORTS}/{made['id']}/verify")["manifest"]["data_set_sha256"])
    assert len(found) == 1


def test_a_report_tells_whether_its_numbers_were_restated_since(own_stack: Stack, new_dropper: Callable[[], Dropper]) -> None:
    dropper, day = new_dropper(), own_stack.day - timedelta(days=3)

    def drop(amount: str) -> None:
        rows = [bill_row(day, Decimal(amount)), bill_row(day - timedelta(days=1), Decimal(1))]
        dropper.drop(dropper.file("bill.csv", csv_of(rows)))

    drop("2.5")
    window = {"start": str(day - timedelta(days=1)), "end": str(day + timedelta(days=1))}
    made = dropper.client.report({"type": "costs", "format": "json", **window})
    assert made["estimated"] is True
    assert dropper.client.answer(f"{REPORTS}/{made['id']}")["restated"] == {"days": 0, "since": None}
    time.sleep(1.1)  # instants are told in seconds
    drop("3.5")
    told = dropper.client.answer(f"{REPORTS}/{made['id']}")["restated"]
    assert told["days"] == 1
    assert told["since"] > made["started_at"]
    compliance = dropper.client.report({"type": "compliance", "format": "json"})
    assert dropper.client.answer(f"{REPORTS}/{compliance['id']}")["restated"] is None


# Links


def link_of(client: Client, report_id: str, **body: Any) -> Any:
    made = client.post(f"{REPORTS}/{report_id}/links", body)
    assert made.status == 201, made.text
    return made.json


def test_a_link_opens_its_document_until_it_is_revoked(client: Client) -> None:
    made = client.report(BODY)
    link, other = link_of(client, made["id"], expires_in_days=2), link_of(client, made["id"])
    anybody = Client(client.base_url)
    opened = anybody.get(urlsplit(link["url"]).path)
    assert (opened.status, opened.headers["Cache-Control"], opened.content) == (303, "no-store", b"")
    assert len(Client("").request("GET", opened.headers["Location"]).content) == made["size_bytes"]
    listed = {one["id"]: one for one in client.answer(f"{REPORTS}/{made['id']}/links")["links"]}
    assert (listed[link["id"]]["uses"], listed[other["id"]]["uses"]) == (1, 0)
    assert urlsplit(link["url"]).path.rsplit("/", 1)[1] not in json.dumps(listed), "a token is shown once"
    expires = datetime.fromisoformat(link["expires_at"])
    assert timedelta(days=1, hours=23) < expires - datetime.now(UTC) <= timedelta(days=2)
    assert client.request("DELETE", f"{REPORTS}/{made['id']}/links/{link['id']}").status == 204
    assert anybody.get(urlsplit(link["url"]).path).status == 404
    assert anybody.get(urlsplit(other["url"]).path).status == 303
    assert client.request("DELETE", f"{REPORTS}/{made['id']}").status == 204
    gone = anybody.get(urlsplit(other["url"]).path)
    assert (gone.status, gone.json["detail"]) == (404, "this link doesn't open anything, or not any more")


@pytest.mark.parametrize("days", [0, 31, "7", 1.5, None])
def test_a_link_of_a_wrong_length_is_named(client: Client, days: Any) -> None:
    made = client.post(f"{REPORTS}/{'0' * 32}/links", {"expires_in_days": days})
    assert (made.status, made.fields) == (400, {"expires_in_days"})
