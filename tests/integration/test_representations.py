"""Every answer of the running stack as JSON, CSV and NDJSON: the same values, to the last digit."""

import csv
import io

import pytest

from tests.stack import Client
from tests.unit.test_representations import exactly, leaves, read, told

ROUTES = (
    "/analytics/usage?period=7d",
    "/analytics/costs?period=30d&compare=previous&breakdown=service,region",
    "/analytics/costs/anomalies?period=3m",
    "/analytics/costs/unit",
    "/analytics/budgets",
    "/analytics/statements",
    "/analytics/statements/2026-10",
    "/analytics/compliance",
    "/analytics/compliance/controls?limit=5",
    "/analytics/compliance/controls/IAM.4",
    "/analytics/compliance/changes",
    "/analytics/compliance/spend-at-risk",
    "/analytics/compliance/exceptions",
    "/analytics/reports",
)
ALWAYS_NEW = "generated_at"


def steady(rows: list[tuple[str, object]]) -> list[tuple[str, object]]:
    """Without what says when an answer was made."""
    return [leaf for leaf in rows if leaf[0] != ALWAYS_NEW]


@pytest.mark.parametrize("path", ROUTES)
def test_ndjson_and_csv_hold_what_the_json_holds(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status == 200, answer.text[:300]
    assert answer.headers["Content-Type"] == "application/json"
    lines = client.get(path, headers={"Accept": "application/x-ndjson"})
    assert lines.headers["Content-Type"] == "application/x-ndjson; charset=utf-8"
    rows = read(lines.content)
    assert exactly(iter(steady(list(told(rows))))) == exactly(iter(steady(list(leaves(answer.json)))))
    table = client.get(path, headers={"Accept": "text/csv"})
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    cells = list(csv.DictReader(io.StringIO(table.content.decode(), newline="")))
    assert [(cell["section"], int(cell["row"])) for cell in cells] == [(row["section"], row["row"]) for row in rows]


@pytest.mark.parametrize("accept", ["application/json", "text/csv", "application/x-ndjson"])
def test_what_is_kept_is_unchanged_in_every_form(client: Client, accept: str) -> None:
    path = "/analytics/costs?period=lastmonth"
    first = client.get(path, headers={"Accept": accept})
    assert first.headers["Vary"] == "Accept"
    again = client.get(path, headers={"Accept": accept, "If-None-Match": first.headers["ETag"]})
    assert (again.status, again.content, again.headers["X-Cache"]) == (304, b"", "hit")
