"""One answer as JSON, CSV and NDJSON: what a request asks for, and that every form holds exactly the same values."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from chalice.app import Request
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.renderers import tidy
from chalicelib.routes.answers import encode, fetched
from chalicelib.routes.representations import REPRESENTATIONS, chosen

JSON, CSV, NDJSON = (one.media_type for one in REPRESENTATIONS)
Leaf = tuple[str, Any]


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("text/csv", CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
        ("application/x-ndjson", NDJSON),
        ("text/*", CSV),
        ("application/*", JSON),
        ("text/csv, application/json", JSON),
        ("text/csv, */*", CSV),
        ("application/json, text/plain, */*", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
        ("application/json;q=0.5, text/csv;q=0.9, application/x-ndjson;q=0.899", CSV),
        ("application/json;q=0.2, text/csv ; q=0.1, application/x-ndjson; q=1.000", NDJSON),
        ("text/csv;q=0, text/*", JSON),
        ("application/json;q=0, */*;q=0.1", CSV),
        ("text/csv;q=2", JSON),
        ("text/csv;q=nan", JSON),
        ("text/csv;q=", JSON),
        ("application/pdf", JSON),
        ("text/csv;q=0", JSON),
        (";;;,,=,q=1", JSON),
        ("text/csv," * 10_000, JSON),
    ],
)
def test_the_accept_header_chooses_and_json_is_for_everybody_else(accept: str | None, wanted: str) -> None:
    assert chosen(accept).media_type == wanted


# The same values in every form

KEYS = st.text("abc", min_size=1, max_size=3) | st.sampled_from(["section", "row", "parent", "amount"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=7)
    | st.sampled_from([Decimal("4.2E-7"), Decimal("-0.10"), Decimal("12345678901234567890.12345678901234567890")])
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
ITEMS = st.recursive(
    st.dictionaries(KEYS, SCALARS, max_size=4),
    lambda inner: st.dictionaries(KEYS, SCALARS | inner | st.lists(inner | SCALARS, max_size=3), max_size=4),
    max_leaves=8,
)
ANSWERS = st.dictionaries(KEYS, SCALARS | ITEMS | st.lists(ITEMS | SCALARS, max_size=4), max_size=6)


def leaves(value: Any, path: str = "") -> Iterator[Leaf]:
    """(the path without places in lists, the value) of everything in an answer that isn't an object or list."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, path)
    else:
        yield path, value


def told(rows: list[dict[str, Any]]) -> Iterator[Leaf]:
    """The same, read from rows by what docs/api.md says of them."""
    for row in rows:
        section = row["section"]
        cells = {name: value for name, value in row.items() if name not in ("section", "row", "parent")}
        if cells.keys() == {"name", "value"}:
            yield cells["name"] if section == "answer" else f"{section}.{cells['name']}", cells["value"]
        else:
            for name, value in cells.items():
                yield section if name == "value" else f"{section}.{name.rstrip('_')}", value


def exactly(found: Iterator[Leaf]) -> Counter[tuple[str, str, str]]:
    """Countable, 1 and True apart, 1.0 and 1.00 too."""
    return Counter((path, type(value).__name__, str(value)) for path, value in found)


def read(ndjson: bytes) -> list[dict[str, Any]]:
    return [json.loads(line, parse_float=Decimal) for line in ndjson.decode().split("\n")[:-1]]


@given(ANSWERS)
def test_ndjson_holds_every_value_of_the_json_once_and_exactly(answer: dict[str, Any]) -> None:
    body = encode(answer)
    assert exactly(told(read(tidy.ndjson(body)))) == exactly(leaves(json.loads(body, parse_float=Decimal)))


@given(ANSWERS)
def test_csv_has_the_cells_of_the_ndjson(answer: dict[str, Any]) -> None:
    body = encode(answer)
    header, *lines = list(csv.reader(io.StringIO(tidy.csv(body).decode(), newline="")))
    rows = read(tidy.ndjson(body))
    assert header[:3] == ["section", "row", "parent"]
    assert len(header) == len(set(header))
    assert len(lines) == len(rows)
    for row, line in zip(rows, lines, strict=True):
        cells = dict(zip(header, line, strict=True))
        for name, text in cells.items():
            value = row.get(name, "")
            if isinstance(value, bool) or value is None:
                assert text == {None: "n/a", True: "true", False: "false"}[value]
            elif isinstance(value, int | Decimal):
                assert Decimal(text) == value
            else:
                assert text.removeprefix("'") == value.removeprefix("'") or "\\" in text  # what can't be printed is written out


@given(st.lists(st.lists(st.lists(st.integers(), max_size=3), max_size=3), max_size=4))
def test_rows_of_lists_in_lists_know_whose_they_are(nested: list[list[list[int]]]) -> None:
    answer = {"days": [{"day": number, "causes": [{"parts": parts} for parts in causes]} for number, causes in enumerate(nested)]}
    found = read(tidy.ndjson(encode(answer)))

    def of(section: str, parent: int | None) -> list[dict[str, Any]]:
        return [row for row in found if row["section"] == section and row.get("parent") == parent]

    again = [
        [[part["value"] for part in of("days.causes.parts", cause["row"])] for cause in of("days.causes", day["row"])]
        for day in of("days", None)
    ]
    assert again == nested


def test_an_answer_is_the_table_that_a_spreadsheet_expects() -> None:
    answer = {
        "customer_id": "acme",
        "window": {"start": "2026-11-01T00:00:00Z"},
        "total": Decimal("3.50"),
        "breakdown": {"AWS Lambda": Decimal("4.2E-7"), "=cmd|'/c calc'!A0": None},
        "series": [{"start": "2026-11-01", "amount": Decimal("-1.5"), "latest": {"storage_gb": 2}, "estimated": False}],
        "lines": None,
    }
    assert tidy.csv(encode(answer)).decode().split("\r\n") == [
        "section,row,parent,name,value,start,amount,latest.storage_gb,estimated",
        "answer,1,,customer_id,acme,,,,",
        "answer,2,,total,3.50,,,,",
        "answer,3,,lines,n/a,,,,",
        "window,1,,start,2026-11-01T00:00:00Z,,,,",
        "breakdown,1,,AWS Lambda,0.00000042,,,,",
        "breakdown,2,,'=cmd|'/c calc'!A0,n/a,,,,",
        "series,1,,,,2026-11-01,-1.5,2,false",
        "",
    ]


# What goes out


def asked(headers: dict[str, str]) -> Request:
    event = {
        "requestContext": {"resourcePath": "/", "httpMethod": "GET", "identity": {}},
        "headers": headers,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "isBase64Encoded": False,
        "body": None,
    }
    return Request(event, None)


@pytest.mark.parametrize("form", REPRESENTATIONS, ids=[one.media_type for one in REPRESENTATIONS])
def test_every_form_has_its_own_etag_and_304(form: Any) -> None:
    body = encode({"total": Decimal("1.50"), "breakdown": {"a": 1}})
    answers = {one.media_type: fetched(asked({"accept": one.media_type}), body, True) for one in REPRESENTATIONS}
    mine = answers[form.media_type]
    assert mine.headers["Content-Type"] == form.content_type
    assert mine.headers["Vary"] == "Accept"
    assert mine.headers["X-Cache"] == "hit"
    assert len({answer.headers["ETag"] for answer in answers.values()}) == len(REPRESENTATIONS)
    again = {name: fetched(asked({"accept": name, "if-none-match": mine.headers["ETag"]}), body).status_code for name in answers}
    assert again == {name: 304 if name == form.media_type else 200 for name in answers}
