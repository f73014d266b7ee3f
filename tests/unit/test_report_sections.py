"""What the sections of a report say of data that are there, and of those that are behind or missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.branding import Branding
from chalicelib.domain.compliance import SECURITY_HUB, STALE_AFTER, Finding, assess
from chalicelib.domain.cost import CostDay, CostLine, totals_of
from chalicelib.domain.exceptions import Declaration, Exceptions
from chalicelib.domain.period import DAY
from chalicelib.domain.report import Chart, KeyFigures, Report, Table, Text
from chalicelib.domain.state import CLOUDWATCH, FAILING, FOCUS_EXPORT, OK, PARTIAL, CustomerStatus, SourceState
from chalicelib.domain.template import Part, Template, areas_of
from chalicelib.domain.usage import UsageBucket
from chalicelib.usecases.reports import templates
from chalicelib.usecases.reports.documents import layout
from chalicelib.usecases.reports.documents.asked import Asked
from chalicelib.usecases.reports.documents.compose import compose
from chalicelib.usecases.reports.documents.once import ReadOnce, Remembering
from tests.fakes import FakeBooks, FakeCompliance, FakeHours
from tests.unit.findings import ACCOUNT, finding
from tests.unit.test_report_engine import Engine

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
TODAY = NOW.date()
S3 = "Amazon Simple Storage Service"


class Store(FakeBooks):
    """Costs, usage and compliance of one customer."""

    def __init__(self) -> None:
        super().__init__()
        self.compliance = FakeCompliance()
        self.hours = FakeHours(lambda: NOW, 14 * DAY)
        self.hub, self.sources = self.compliance.hub, dict[str, SourceState]()
        self.latest_compliance_day = self.compliance.latest_compliance_day
        self.compliance_scores, self.findings = self.compliance.compliance_scores, self.compliance.findings

    def status(self, customer_id: str) -> CustomerStatus:
        return replace(super().status(customer_id), sources=self.sources)

    def found(self, *findings: Finding, ago: int = 0) -> None:
        """What was found on a day; today's are in the hub."""
        self.compliance.days[TODAY - ago * DAY] = assess("security_hub", SECURITY_HUB, list(findings), NOW - ago * DAY, STALE_AFTER)
        if not ago:
            self.hub.found = {ACCOUNT: findings}

    def spent(self, first: date, *amounts: str | dict[str, str], estimated: bool = False) -> None:
        """A day each, by service."""
        for number, amount in enumerate(amounts):
            parts = amount if isinstance(amount, dict) else {"Amazon S3": amount}
            lines = [
                CostLine(ACCOUNT, name, "us-east-1", "", "AWS", "Usage", "USD", Decimal(of), Decimal(of), None)
                for name, of in parts.items()
            ]
            self.put("acme", [CostDay.of(first + number * DAY, lines, totals_of(lines), estimated, (FOCUS_EXPORT,))])

    def source(self, name: str, state: str = OK, through: datetime | None = NOW, *reasons: str) -> None:
        self.sources[name] = SourceState(name, state, NOW, through, NOW, tuple((f"1/{reason}", reason) for reason in reasons))


@pytest.fixture
def store() -> Store:
    return Store()


def report(store: Store, *sections: str, **parameters: str) -> Report:
    template = Template("mine", "Mine", tuple(map(Part, sections)))
    given = {name: (value,) for name, value in parameters.items()}
    asked = Asked(store, "acme", given, NOW, areas_of(template), 1000).reading_once()  # type: ignore[arg-type]
    return compose("custom", template, asked, "Acme", Branding())


def blocks(store: Store, section: str, **parameters: str) -> tuple[Any, ...]:
    return report(store, section, **parameters).sections[0].blocks


def table(store: Store, section: str, **parameters: str) -> Table:
    (found,) = [block for block in blocks(store, section, **parameters) if isinstance(block, Table)]
    return found


def words(store: Store, section: str, **parameters: str) -> str:
    return " ".join(block.text for block in blocks(store, section, **parameters) if isinstance(block, Text))


WEEK = {"start": "2026-11-16", "end": "2026-11-23"}


# Costs


def test_a_change_is_told_line_by_line_with_what_is_new_and_what_is_gone(store: Store) -> None:
    store.source(FOCUS_EXPORT)
    store.spent(date(2026, 11, 9), *[{"Amazon S3": "1", "AWS Lambda": "2"}] * 7)
    store.spent(date(2026, 11, 16), *[{"Amazon S3": "4", "Amazon EC2": "5"}] * 7)
    chart, told = blocks(store, "cost-drivers", **WEEK)
    assert isinstance(chart, Chart)
    assert {row[0]: (row[1], row[2], row[3], row[5]) for row in told.rows} == {
        "Amazon EC2": (0, 35, 35, "new"),
        "Amazon S3": (7, 28, 21, ""),
        "AWS Lambda": (14, 0, -14, "gone"),
    }
    assert told.totals[:4] == ("Total", 21, 63, 42)
    assert told.note == "Before is 2026-11-09 to 2026-11-15."


def test_where_nothing_moved_there_is_no_chart_of_it_and_no_column_of_nothing(store: Store) -> None:
    store.source(FOCUS_EXPORT)
    store.spent(date(2026, 11, 9), *["2"] * 14)
    (told,) = blocks(store, "cost-drivers", **WEEK)
    assert [column.title for column in told.columns] == ["Name", "Before", "Now", "Change", "Percent"]


def test_an_unusual_day_names_where_it_was_and_what_each_place_had_of_it(store: Store) -> None:
    store.source(FOCUS_EXPORT)
    store.spent(TODAY - 70 * DAY, *["100"] * 70)
    store.spent(TODAY - 4 * DAY, "260")
    told = table(store, "cost-anomalies", **WEEK)
    ((day, service, expected, actual, impact, _, where),) = told.rows
    assert (day, service, expected, actual, impact) == ("2026-11-19", "Amazon S3", 100, 260, 160)
    assert (where, told.note.split(",")[0]) == (f"{ACCOUNT} in us-east-1", "7 days were looked at")
    lines = [
        CostLine(account, "Amazon S3", "us-east-1", "", "AWS", "Usage", "USD", Decimal(of), Decimal(of), None)
        for account, of in ((ACCOUNT, 160), ("222222222222", 100))
    ]
    store.put("acme", [CostDay.of(TODAY - 4 * DAY, lines, totals_of(lines), False, (FOCUS_EXPORT,))])
    ((*_, where),) = table(store, "cost-anomalies", **WEEK).rows
    assert where == f"222222222222 in us-east-1: 100 USD; {ACCOUNT} in us-east-1: 60 USD"


def test_unusual_days_of_a_window_before_which_there_were_several_currencies_cannot_be_told(store: Store) -> None:
    store.source(FOCUS_EXPORT)
    lines = [CostLine("1", "S3", "", "", "", "Usage", currency, *([Decimal(1)] * 3)) for currency in ("EUR", "USD")]
    store.put("acme", [CostDay.of(date(2026, 11, 2), lines, totals_of(lines), False, (FOCUS_EXPORT,))])
    assert "Unusual days can't be told: currency" in words(store, "cost-anomalies", **WEEK)
    assert "of none enough weeks" in words(store, "cost-anomalies", **WEEK, currency="USD")


def test_days_that_say_something_else_than_at_first_stand_in_the_facts(store: Store) -> None:
    store.source(FOCUS_EXPORT)
    store.spent(date(2026, 11, 16), *["3"] * 7)
    day = store.costs.found["acme"][date(2026, 11, 17)]
    store.put("acme", [replace(day, since=NOW - DAY, restated=True)])
    facts = dict(report(store, "cost-trend", **WEEK).facts)
    assert facts["Restated"] == "1 days say something else than at first, last changed 2026-11-22 20:00 UTC"
    assert "As it was known at" not in facts


def test_a_forecast_tells_its_interval_and_how_good_such_forecasts_were(store: Store) -> None:
    store.source(FOCUS_EXPORT)
    store.spent(TODAY - 40 * DAY, *["10"] * 40)
    figures, told = blocks(store, "cost-forecast")
    assert isinstance(figures, KeyFigures)
    assert (figures.figures[0].name, figures.figures[0].value) == ("Expected", 310)
    assert "Too few past months" in told.text
    store.spent(TODAY - 500 * DAY, *["10"] * 500)
    assert "past months told in the same way" in words(store, "cost-forecast")
    assert "There is no forecast" in words(Store(), "cost-forecast")


def test_without_a_whole_window_before_no_change_is_told(store: Store) -> None:
    assert "nothing whole to compare with" in words(store, "cost-drivers", **WEEK)


# Compliance


def test_failing_controls_are_told_with_their_owner_and_their_mending(store: Store) -> None:
    store.found(
        finding("S3.1", fix_url="https://docs.example/S3.1"), finding("EC2.2", fix="Close it."), finding("IAM.1"), finding("S3.2", "PASSED")
    )
    told = table(store, "failing-controls")
    assert {row[0]: row[-1] for row in told.rows} == {"S3.1": "https://docs.example/S3.1", "EC2.2": "Close it.", "IAM.1": ""}


def test_where_the_day_tells_of_no_control_its_worst_are_told(store: Store) -> None:
    assert words(store, "failing-controls") == "Nothing is known of it."
    store.found(finding("S3.1"))
    (day,) = store.compliance.days.values()
    store.compliance.days[TODAY] = replace(day, states=())
    assert [row[0] for row in table(store, "failing-controls").rows] == ["S3.1"]
    assert "doesn't tell of each control" in words(store, "failing-resources")
    assert "doesn't tell of each control" in words(store, "spend-at-risk", **WEEK)
    assert "doesn't tell of each control" in words(store, "control-evidence")


def test_every_failing_resource_is_told_with_its_exception(store: Store) -> None:
    store.found(finding("S3.1", name="a"), finding("S3.1", name="b"), finding("EC2.2", types=()))
    said = Declaration("0" * 32, "exception", "S3.1", "arn:S3.1/a", "known", "Ada", NOW - DAY, "key:1", NOW + DAY)
    store.change("acme", Exceptions, lambda held: Exceptions((said,)))
    told = table(store, "failing-resources")
    assert {row[4]: row[-1] for row in told.rows} == {"arn:S3.1/a": NOW + DAY, "arn:S3.1/b": "", "arn:EC2.2/": ""}
    assert [row[5] for row in told.rows if row[0] == "EC2.2"] == [""]


def test_evidence_is_told_per_framework_with_what_was_said(store: Store) -> None:
    store.found(finding("S3.1"), finding("EC2.2", "PASSED"), finding("IAM.1", standards=("pci",)))
    said = Declaration("0" * 32, "exception", "S3.1", None, "known", "Ada", NOW - DAY, "key:1", NOW + DAY)
    store.change("acme", Exceptions, lambda held: Exceptions((said,)))
    cis, pci = blocks(store, "control-evidence")
    assert (cis.title, [row[0] for row in cis.rows], cis.note.split(".")[0]) == ("Controls of cis", ["S3.1", "EC2.2"], "Score: 50 of 100")
    assert cis.rows[0][-1] == "exception until 2026-11-24"
    assert [row[8] for row in cis.rows] == [cis.rows[0][8], ""]
    assert pci.title == "Controls of pci"
    (alone,) = blocks(store, "control-evidence", framework="pci")
    assert [row[0] for row in alone.rows] == ["IAM.1"]


def test_controls_of_no_framework_are_those_of_all_standards(store: Store) -> None:
    store.found(finding("S3.1", standards=()))
    (told,) = blocks(store, "control-evidence")
    assert (told.title, told.note.split(".")[0]) == ("Controls of all standards", "Score: 0 of 100")


def test_the_bridge_from_the_score_of_then_sums_to_its_change(store: Store) -> None:
    store.found(finding("S3.1"), finding("EC2.2"), ago=30)
    store.found(finding("S3.1", "PASSED"), finding("EC2.2"))
    figures, causes, changed = blocks(store, "score-bridge")
    assert [figure.value for figure in figures.figures] == [0, 50, 50]
    assert [(row[0], row[1], row[2]) for row in causes.rows] == [("Fixed", 1, 50)]
    assert [row[:5] for row in changed.rows] == [("S3.1", "title of S3.1", "HIGH", "Failed", "Passed")]


@pytest.mark.parametrize(("before", "gained"), [("FAILED", 100), ("PASSED", 0), (None, None)])
def test_points_are_gained_since_thirty_days_ago_where_there_was_a_score(store: Store, before: str | None, gained: int | None) -> None:
    store.found(finding("S3.1", before), ago=30)
    store.found(finding("S3.1", "PASSED"))
    (key,) = [block for block in report(store, "summary", "score").sections[0].blocks if isinstance(block, KeyFigures)]
    assert key.figures[0].change is not None
    assert (key.figures[0].value, key.figures[0].change.value) == (100, gained)


def test_where_no_control_changed_the_bridge_says_so(store: Store) -> None:
    for ago in (30, 0):
        store.found(finding("S3.1"), ago=ago)
    assert words(store, "score-bridge") == "No control changed."
    assert words(Store(), "score-bridge").startswith("There is no score of ")


def test_spend_at_risk_is_told_by_place_and_what_cannot_be_placed_by_itself(store: Store) -> None:
    store.source(FOCUS_EXPORT)
    store.spent(date(2026, 11, 16), *[{S3: "3"}] * 7)
    store.found(finding("S3.1"), finding("IAM.6", types=("AwsAccount",)))
    risk, untold = blocks(store, "spend-at-risk", **WEEK)
    assert risk.rows == ((ACCOUNT, S3, 21, "S3.1 (HIGH)"),)
    assert risk.totals[2] == 21
    assert untold.rows == ((ACCOUNT, "IAM.6 (HIGH)"),)


def test_where_every_service_at_risk_can_be_told_there_is_one_table(store: Store) -> None:
    store.source(FOCUS_EXPORT)
    store.spent(date(2026, 11, 16), *[{S3: "3"}] * 7)
    store.found(finding("S3.1"))
    (risk,) = blocks(store, "spend-at-risk", **WEEK)
    assert risk.totals[2] == 21


# What a reader has to know first


def notices(store: Store, *sections: str, **parameters: str) -> list[str]:
    found = report(store, "summary", *sections, **parameters).sections[0].blocks
    return [block.text for block in found if isinstance(block, Text) and block.notice]


def test_estimated_costs_and_days_that_are_unknown_are_told_first(store: Store) -> None:
    store.source(FOCUS_EXPORT)
    store.spent(date(2026, 11, 16), *["3"] * 6, estimated=True)
    estimated, unknown = notices(store, "cost-trend", **WEEK)
    assert "the bill isn't final" in estimated
    assert unknown == "Costs are known of 6 of 7 days; the others are unknown, not zero."


def test_a_bill_that_is_whole_and_final_needs_no_notice(store: Store) -> None:
    store.source(FOCUS_EXPORT)
    store.spent(date(2026, 11, 16), *["3"] * 7)
    assert notices(store, "cost-trend", **WEEK) == []


def test_hours_that_were_not_read_or_cannot_be_told_are_told_first(store: Store) -> None:
    store.source(CLOUDWATCH)
    start = datetime(2026, 11, 22, tzinfo=UTC)
    store.usage.found[start.date()] = UsageBucket(start, {"1/us-east-1": 20}, unknown={"storage_gb": 3, "nat_gb": 1})
    read, *untold = notices(store, "usage-trends", start="2026-11-22", end="2026-11-23", granularity="day")
    assert read == "Usage was read of 20 of 24 hours of the accounts' regions; the others are unknown, and not in its sums."
    assert untold == [
        "Storage: 3 of the hours that were read can't be told, and aren't in its sum.",
        "nat_gb: 1 of the hours that were read can't be told, and aren't in its sum.",
    ]


@pytest.mark.parametrize(
    ("state", "through", "reasons", "told"),
    [
        (FAILING, NOW, ("AccessDenied", "Throttled"), "is failing (AccessDenied, Throttled)"),
        (PARTIAL, NOW, (), "is partial (no reason given)"),
        (OK, datetime(2026, 11, 20, tzinfo=UTC), (), "is stale: it was last complete up to 2026-11-20 00:00 UTC."),
    ],
)
def test_a_source_that_fails_or_is_behind_is_told_first(
    store: Store, state: str, through: datetime, reasons: tuple[str, ...], told: str
) -> None:
    store.spent(date(2026, 11, 16), *["3"] * 7)
    store.source(FOCUS_EXPORT, state, through, *reasons)
    assert [notice for notice in notices(store, "cost-trend", **WEEK) if told in notice]


def test_a_source_that_is_behind_now_is_no_matter_of_a_window_before_that(store: Store) -> None:
    store.spent(date(2026, 11, 9), *["3"] * 7)
    store.source(FOCUS_EXPORT, OK, datetime(2026, 11, 20, tzinfo=UTC))
    assert notices(store, "cost-trend", start="2026-11-09", end="2026-11-16") == []


def test_compliance_is_of_now_so_a_source_that_is_behind_is_told(store: Store) -> None:
    store.found(finding("S3.1"))
    store.source("security_hub", OK, NOW - timedelta(days=3))
    (told,) = notices(store, "score")
    assert "Security Hub is stale" in told


# Small pieces


def test_an_hour_is_named_to_the_hour_and_a_day_by_its_date() -> None:
    assert layout.point_label("2026-11-22T05:00:00Z") == "2026-11-22T05"
    assert layout.point_label("2026-11-22T00:00:00Z") == "2026-11-22"


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-22"),
        ("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z", "2026-11-16 to 2026-11-22"),
        ("2026-11-22T05:00:00Z", "2026-11-22T07:00:00Z", "2026-11-22 05:00 to 2026-11-22 07:00 UTC, the end not included"),
        ("2026-11-22T05:00:00Z", "2026-11-22T05:00:00Z", "nothing: none of it is over yet"),
    ],
)
def test_a_window_is_named_by_its_first_and_last_day_or_by_its_hours(start: str, end: str, told: str) -> None:
    assert layout.span({"start": start, "end": end}) == told


def test_fields_that_a_table_of_the_section_has_none_of_leave_it_whole(store: Store) -> None:
    store.found(finding("S3.1"), finding("IAM.6", types=("AwsAccount",)))
    store.spent(date(2026, 11, 16), *["3"] * 7)
    template = Template("mine", "Mine", (Part("spend-at-risk", ("service", "cost")),))
    given = {name: (value,) for name, value in WEEK.items()}
    asked = Asked(store, "acme", given, NOW, areas_of(template), 1000).reading_once()  # type: ignore[arg-type]
    risk, untold = compose("custom", template, asked, "Acme", Branding()).sections[0].blocks
    assert isinstance(risk, Table)
    assert isinstance(untold, Table)
    assert [column.title for column in risk.columns] == ["Service", "Cost"]
    assert [column.title for column in untold.columns] == ["Account", "Failing controls"]


def test_what_is_read_once_is_still_all_that_the_store_is(store: Store) -> None:
    once: Any = ReadOnce(store)  # type: ignore[arg-type]
    assert once.costs.found is store.costs.found
    for _ in range(3):
        once.costs.read("acme", TODAY, TODAY)
    assert store.costs.reads == 1
    assert isinstance(once.hub, Remembering)


def test_a_preview_is_of_now_and_shows_the_first_rows() -> None:
    engine = Engine()
    lines = [CostLine(str(number), "S3", "", "", "", "Usage", "USD", Decimal(1), Decimal(1), None) for number in range(30)]
    engine.books.put("acme", [CostDay.of(date(2026, 11, 20), lines, totals_of(lines), False, (FOCUS_EXPORT,))])
    shown = templates.preview(engine.with_, "acme", Template("mine", "Mine", (Part("cost-lines"), Part("cost-trend"))))
    (table, *_), (chart, *_) = (section.blocks for section in shown.sections)
    assert isinstance(table, Table)
    assert (len(table.rows), table.note) == (20, "The first 20 of 30 rows.")
    assert isinstance(chart, Chart)
    assert engine.records.found == {}
