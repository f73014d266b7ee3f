"""The saved queries of Logs Insights ask for fields that the app's lines have: those that it really writes."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from alarms.logs import QUERIES, Query
from alarms.stack import build
from chalicelib import logs
from chalicelib.domain import signals
from chalicelib.routes import reports
from tests.adapters.watching import Watch, watching

Line = dict[str, Any]
BY_INSIGHTS = {"@timestamp", "@log"}
"""Fields that Logs Insights has of every line."""
WORDS = {"count", "pct", "sum", "bin", "by", "as", "desc", "asc", "ispresent", "and", "in"}
CUSTOMER = "put the id here"


@pytest.fixture(scope="module")
def written() -> Iterator[dict[bool, list[Line]]]:
    """What the API (True) and the workers (False) write when requests and jobs go well and when they don't."""
    with watching() as watch:
        yield {True: lines_of(lambda: _requests(watch)), False: lines_of(lambda: _jobs(watch))}


def lines_of(doing: Callable[[], None]) -> list[Line]:
    """What stands in the log after that, written by the app's own handlers."""
    text = io.StringIO()
    logs.configure("INFO")
    for handler in (*logs.METRICS.handlers, *logging.getLogger().handlers):
        handler.setStream(text)  # type: ignore[attr-defined]
    doing()
    logs.configure("INFO")
    return [json.loads(line) for line in text.getvalue().splitlines()]


def _requests(watch: Watch) -> None:
    watch.ask(200)
    watch.failing_requests(1)
    assert watch.http.get("/analytics/usage", headers={"X-API-Key": "nonsense"}).status_code == 401
    watch.reports_given_up(1)
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(reports, "shown", None)  # a defect, which is no error of ours
        assert watch.http.get("/analytics/reports", headers={"X-API-Key": watch.key}).status_code == 500


def _jobs(watch: Watch) -> None:
    watch.bounces(1)
    watch.job("delivery_worker", {"job": "delivery"})  # a defect
    with watch.broken("dynamodb"):
        watch.job("delivery_worker", {"job": "delivery", "customer_id": watch.post.customer.id, "key": "run#1"})


def matches(query: Query, line: Line) -> bool:
    """Whether the query's filter lets the line through; a condition that isn't understood here is an AssertionError."""
    (condition,) = [line.removeprefix("filter ") for line in query.lines if line.startswith("filter ")]
    return all(_holds(one, line) for one in condition.split(" and "))


def _holds(condition: str, line: Line) -> bool:
    if found := re.fullmatch(r"ispresent\((\w+)\)", condition):
        return found[1] in line
    if found := re.fullmatch(r'(\w+) = "([^"]*)"', condition):
        return line.get(found[1]) == found[2] or (found[2] == CUSTOMER and line.get(found[1]) is not None)
    if found := re.fullmatch(r"(\w+) >= (\d+)", condition):
        return found[1] in line and int(line[found[1]]) >= int(found[2])
    found = re.fullmatch(r"(\w+) in \[([\d, ]+)\]", condition)
    assert found, condition
    return str(line.get(found[1])) in found[2].split(", ")


def fields_of(query: Query) -> set[str]:
    """What it names, but for words of the language and names that it gives itself."""
    text = re.sub(r'"[^"]*"', "", " ".join(line.removeprefix(line.split()[0]) for line in query.lines))
    given = set(re.findall(r" as (\w+)", text))
    return set(re.findall(r"(?<![\w@])@?[A-Za-z_]\w*", text)) - WORDS - given


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_a_query_finds_lines_and_each_of_its_fields_in_them(written: dict[bool, list[Line]], query: Query) -> None:
    found = [line for line in written[query.functions == (signals.API,)] if matches(query, line)]
    assert found
    assert fields_of(query) - BY_INSIGHTS <= {name for line in found for name in line}


def test_the_stack_saves_them_for_the_groups_that_it_makes() -> None:
    resources = json.loads(build("dev").to_json())["Resources"].values()
    groups = {one["Properties"]["LogGroupName"]: one["Properties"] for one in resources if one["Type"] == "AWS::Logs::LogGroup"}
    saved = {one["Properties"]["Name"]: one["Properties"] for one in resources if one["Type"] == "AWS::Logs::QueryDefinition"}
    assert set(saved) == {f"securebase-dev-analytics/{query.name}" for query in QUERIES}
    assert all(set(one["LogGroupNames"]) <= set(groups) for one in saved.values())
    assert {one["RetentionInDays"] for one in groups.values()} == {30}
