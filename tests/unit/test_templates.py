"""Templates: what they may hold, what they take, and that every section says something in every state of the data."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain.branding import Branding
from chalicelib.domain.cost import CostDay, CostLine, totals_of
from chalicelib.domain.errors import Conflict, InvalidInput, NotFound, ReportTooLarge
from chalicelib.domain.report import KeyFigures, Report, Table, Text
from chalicelib.domain.template import (
    AREAS,
    BUILT_IN,
    COMPLIANCE,
    COSTS,
    OF_TYPE,
    SECTIONS,
    USAGE,
    Part,
    Template,
    Templates,
    areas_of,
    narrowed,
)
from chalicelib.usecases.answers.choices import choice_of
from chalicelib.usecases.reports import templates
from chalicelib.usecases.reports.documents import usage
from chalicelib.usecases.reports.documents.asked import Asked
from chalicelib.usecases.reports.documents.compose import basis_of, compose
from chalicelib.usecases.reports.documents.sections import BLOCKS, field_of
from chalicelib.usecases.reports.request import digest_of, wanted_of
from chalicelib.usecases.reports.templates import PartBody, TemplateBody
from tests.fakes import FakeBooks, FakeCompliance

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
PART = PartBody("summary")


class Books(FakeBooks):
    """Costs, and nothing known of anything else."""

    def latest_compliance_day(self, customer_id: str, until: date) -> None:
        return None

    def compliance_scores(self, customer_id: str, first: date, last: date) -> list[Any]:
        return []


def books(*days: CostDay) -> Books:
    made = Books()
    made.put("acme", days)
    return made


def asked(template: Template, store: Any, most_rows: int = 1000, **parameters: tuple[str, ...]) -> Asked:
    return Asked(store, "acme", parameters, NOW, areas_of(template), most_rows).reading_once()


def refused(body: TemplateBody) -> set[str]:
    with pytest.raises(InvalidInput) as raised:
        templates.template_of(body, "mine", NOW)
    return {field for field, _ in raised.value.problems}


def test_every_section_has_blocks_and_every_built_in_template_has_sections() -> None:
    assert set(BLOCKS) == set(SECTIONS)
    for template in BUILT_IN.values():
        for part in template.parts:
            assert set(part.fields) <= set(SECTIONS[part.section].fields)
    assert {name for names in OF_TYPE.values() for name in names} == set(BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_customer_without_any_data_gets_a_report_that_says_so(name: str) -> None:
    report = compose("custom", BUILT_IN[name], asked(BUILT_IN[name], Books()), "Acme", Branding())
    figures = [
        figure for section in report.sections for block in section.blocks if isinstance(block, KeyFigures) for figure in block.figures
    ]
    assert figures
    assert not [figure for figure in figures if figure.value == 0], "nothing that isn't known is 0"
    assert all(section.blocks for section in report.sections)


def test_fields_narrow_and_order_the_columns_of_a_section() -> None:
    template = Template("mine", "Mine", (Part("cost-accounts", ("share", "account")),))
    report = compose("custom", template, asked(template, Books()), "Acme", Branding())
    (table,) = [block for block in report.sections[0].blocks if isinstance(block, Table)]
    assert [field_of(column.title) for column in table.columns] == ["share", "account"]
    assert table.totals == ("", "Total")


def test_a_template_is_about_what_its_sections_are_about() -> None:
    assert areas_of(BUILT_IN["cost-analysis"]) == (COSTS,)
    assert areas_of(BUILT_IN["executive-summary"]) == AREAS
    assert areas_of(Template("t", "T", (Part("summary"),))) == AREAS
    assert areas_of(Template("t", "T", (Part("summary"), Part("score"), Part("usage-trends")))) == (USAGE, COMPLIANCE)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (TemplateBody("", [PART]), {"title"}),
        (TemplateBody("x" * 101, [PART]), {"title"}),
        (TemplateBody("T", []), {"sections"}),
        (TemplateBody("T", [PART] * 31), {"sections"}),
        (TemplateBody("T", [PART, PartBody("nothing")]), {"sections[1].section"}),
        (TemplateBody("T", [PartBody("cost-lines", ["day", "day"])]), {"sections[0].fields"}),
        (TemplateBody("T", [PartBody("cost-lines", ["secret"])]), {"sections[0].fields"}),
        (TemplateBody("T", [PART], {"owner": ["me"]}), {"filters"}),
        (TemplateBody("T", [PART], period="7x"), {"period"}),
        (TemplateBody("T", [PartBody("usage-trends")], cost="billed"), {"cost"}),
        (TemplateBody("T", [PartBody("usage-trends")], {"tag:team": ["web"]}), {"tag:team"}),
        (TemplateBody("T", [PartBody("score")], breakdown="service"), {"breakdown"}),
        (TemplateBody("T", [PartBody("cost-lines")], period="24h"), {"period"}),
        (TemplateBody("T", [PART], {"service": [""]}), {"service"}),
    ],
)
def test_what_is_wrong_with_a_template_is_named(body: TemplateBody, fields: set[str]) -> None:
    assert refused(body) == fields


def test_a_template_is_saved_replaced_and_deleted() -> None:
    store = Books()
    made = templates.template_of(TemplateBody("Mine", [PART], {"region": ["eu-west-1"]}, period="lastmonth", top=3), "mine", NOW)
    templates.save(store, "acme", made)
    templates.save(store, "acme", replace(made, title="Again"))
    assert choice_of(store, "acme", Templates).saved == (replace(made, title="Again"),)
    assert made.parameters == {"region": ("eu-west-1",), "period": ("lastmonth",), "top": ("3",)}
    templates.delete(store, "acme", "mine")
    with pytest.raises(NotFound):
        templates.delete(store, "acme", "mine")


def test_so_many_templates_are_kept_and_not_one_more() -> None:
    store, made = Books(), BUILT_IN["usage"]
    for number in range(templates.MOST_SAVED):
        templates.save(store, "acme", replace(made, id=str(number)))
    with pytest.raises(Conflict):
        templates.save(store, "acme", replace(made, id="more"))
    templates.save(store, "acme", replace(made, id="0", title="replaced"))


@pytest.mark.parametrize("name", ["", "A", "-a", "a b", "x" * 51, "usage", "security"])
def test_an_id_that_no_template_may_have_is_named(name: str) -> None:
    with pytest.raises(InvalidInput):
        templates.template_id(name)


@pytest.mark.parametrize("name", ["a", "mine-2", "0", "x" * 50])
def test_an_id_that_a_template_may_have_stays_as_it_is(name: str) -> None:
    assert templates.template_id(name) == name


def test_a_built_in_template_is_not_deleted() -> None:
    with pytest.raises(Conflict, match="built-in"):
        templates.delete(Books(), "acme", "usage")


def test_what_is_shown_of_a_template_says_what_it_takes() -> None:
    made = templates.template_of(TemplateBody("Mine", [PART], {"region": ["eu-west-1"]}), "mine", NOW)
    told: Any = templates.shown_template(made, False)
    assert (told["id"], told["built_in"], told["parameters"]) == ("mine", False, {"region": ["eu-west-1"]})
    assert {"region", "period"} <= set(told["takes"])


def wanted(body: dict[str, list[str]], *saved: Template) -> Any:
    return wanted_of("acme", {"format": ["json"], **body}, Templates(saved), NOW)


def test_what_a_request_says_goes_before_its_template() -> None:
    own = Template("mine", "Mine", (Part("cost-lines"),), {"period": ("lastmonth",), "service": ("Amazon S3",), "top": ("3",)})
    as_saved = wanted({"type": ["custom"], "template": ["mine"]}, own)
    assert (as_saved.parameters, as_saved.filename) == (own.parameters, "acme_custom-mine_2026-10-01_2026-10-31.json")
    given = wanted({"type": ["custom"], "template": ["mine"], "start": ["2026-09-01"], "end": ["2026-09-03"], "top": ["1"]}, own)
    assert given.parameters == {"service": ("Amazon S3",), "top": ("1",), "start": ("2026-09-01",), "end": ("2026-09-03",)}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": ["custom"]}, "template"),
        ({"type": ["custom"], "template": ["nothing"]}, "template"),
        ({"type": ["costs"], "template": ["security"]}, "template"),
        ({"type": ["executive"], "tag:team": ["web"]}, "tag:team"),
        ({"type": ["compliance"], "top": ["3"]}, "top"),
        ({"type": ["costs"], "region": ["x" * 300] * 50}, "region"),
    ],
)
def test_a_template_or_parameter_that_does_not_fit_is_named(body: dict[str, list[str]], field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        wanted(body)
    assert [name for name, _ in raised.value.problems] == [field]


def test_requests_that_differ_have_different_digests() -> None:
    bodies: list[dict[str, list[str]]] = [
        {"type": ["costs"]},
        {"type": ["custom"], "template": ["cost-analysis"]},
        {"type": ["compliance"]},
        {"type": ["compliance"], "template": ["security"]},
        {"type": ["costs"], "period": ["7d"]},
        {"type": ["costs"], "service": ["a", "b"]},
        {"type": ["costs"], "service": ["b", "a"]},
    ]
    assert len({digest_of(body) for body in bodies}) == len(bodies)
    assert digest_of({"type": ["executive"], "top": ["1"]}) == digest_of({"top": ["1"], "type": ["monthly"]})


def some_lines(count: int, currency: str = "USD", *names: str) -> Books:
    lines = [
        CostLine(
            account="111111111111",
            service=names[number] if names else f"service {number}",
            region="eu-west-1",
            category="Storage",
            provider="AWS",
            charge_category="Usage",
            currency=currency,
            billed=Decimal(number + 1),
            effective=Decimal(number + 1),
            list=None,
        )
        for number in range(count)
    ]
    return books(CostDay.of(date(2026, 11, 20), lines, totals_of(lines), False, ("focus_export",)))


def test_a_report_of_too_many_rows_fails_before_they_are_laid_out() -> None:
    template = BUILT_IN["cost-analysis"]
    assert compose("costs", template, asked(template, some_lines(50), 50), "Acme", Branding()).rows > 50
    with pytest.raises(ReportTooLarge, match="more than 49 rows"):
        compose("costs", template, asked(template, some_lines(50), 49), "Acme", Branding())


def test_a_preview_shows_the_first_rows_and_the_totals_of_all() -> None:
    template = Template("mine", "Mine", (Part("cost-lines"),))
    report = compose("custom", template, asked(template, some_lines(50)), "Acme", Branding())
    (whole,) = report.sections[0].blocks
    (shown,) = (templates._first(whole),)
    assert isinstance(whole, Table)
    assert (len(shown.rows), shown.totals, shown.note) == (20, whole.totals, "The first 20 of 50 rows.")
    assert whole.totals is not None
    assert whole.totals[5] == sum(range(1, 51))


def test_a_report_names_what_its_reader_has_to_know_first() -> None:
    template = Template("mine", "Mine", (Part("summary"), Part("cost-trend"), Part("score")))
    made = asked(template, Books(), service=("Amazon S3",))
    report: Report = compose("custom", template, made, "Acme", Branding())
    notices = [block.text for block in report.sections[0].blocks if isinstance(block, Text) and block.notice]
    assert [notice for notice in notices if "0 of 27 days" in notice or "0 of 29 days" in notice or "0 of 30 days" in notice]
    assert [notice for notice in notices if "filters narrow" in notice]
    assert basis_of(made).estimated is None


def test_compliance_alone_needs_no_costs() -> None:
    template = BUILT_IN["security"]
    store = FakeCompliance()
    made = Asked(store, "acme", {}, NOW, areas_of(template), 100)  # type: ignore[arg-type]
    made.__dict__["status"] = store.status
    report = compose("compliance", template, made, "Acme", Branding("Acme Group", "#aabbcc"))
    assert (report.title, report.template) == ("Security report for Acme Group", "security")
    assert NOW - timedelta(days=0) == report.generated_at


def laid_out(name: str, store: Any, **parameters: str) -> Report:
    template = BUILT_IN[name]
    return compose("custom", template, asked(template, store, **{key: (value,) for key, value in parameters.items()}), "Acme", Branding())


def blocks_of(report: Report, section: str) -> Any:
    (found,) = [one for one in report.sections if one.title == section]
    return found.blocks


def texts_of(report: Report, section: str) -> str:
    return " ".join(block.text for block in blocks_of(report, section) if isinstance(block, Text))


def test_whatever_narrows_a_report_stands_in_its_facts() -> None:
    report = laid_out("cost-analysis", some_lines(2), region="eu-west-1", charges="usage", as_of="2026-11-22", **{"tag:team": "web"})
    facts = [text for label, text in report.facts if label == "Only"]
    assert facts == ["region eu-west-1", "tag:team web", "charges for usage"]
    assert dict(report.facts)["As it was known at"] == "2026-11-22 00:00 UTC"
    (figures, *_) = blocks_of(report, "Reconciliation")
    assert "whatever the filters" in figures.title


def test_a_report_of_an_earlier_instant_tells_nothing_of_now() -> None:
    assert "as of now alone" in texts_of(laid_out("cost-analysis", some_lines(2), as_of="2026-11-22"), "Unusual days")


def test_compliance_says_that_it_takes_no_period() -> None:
    assert dict(laid_out("compliance", Books(), period="7d").facts)["Period"].startswith("now:")
    assert "Period" not in dict(laid_out("compliance", Books()).facts)


def test_stacks_sum_to_the_total_also_where_something_is_called_as_the_others_are() -> None:
    names = ("(others)", "a", "b", "c", "d", "e", "f", "g")
    report = laid_out("cost-analysis", some_lines(8, "USD", *names))
    (stacked,) = [block for block in blocks_of(report, "Cost over time") if block.kind == "stacked"]
    labels = [label for label, _ in stacked.series[0].points]
    sums = {at: sum(dict(series.points)[at] or 0 for series in stacked.series) for at in labels}
    assert sums["2026-11-20"] == sum(range(1, 9))


def test_nothing_known_has_no_totals() -> None:
    report = laid_out("cost-analysis", Books())
    (lines,) = blocks_of(report, "Cost lines")
    assert isinstance(lines, Table)
    assert lines.totals is not None
    assert lines.totals[5:] == (None, None, None)
    assert "can't be told" in texts_of(report, "Unusual days")


def test_spend_at_risk_in_several_currencies_is_asked_for_by_one() -> None:
    store = some_lines(1)
    store.put("acme", some_lines(1, "EUR").costs.found["acme"].values())
    store.costs.found["acme"][date(2026, 11, 21)] = some_lines(1).costs.found["acme"][date(2026, 11, 20)]
    assert "currency" in texts_of(laid_out("security", store), "Spend at risk")
    assert "currency" not in texts_of(laid_out("security", store, currency="USD"), "Spend at risk")


def test_what_several_sections_ask_is_read_once() -> None:
    store = some_lines(3)
    laid_out("cost-analysis", store)
    assert store.costs.reads <= 3, "the window, what it is compared with, and the weeks before for unusual days"


def test_a_day_that_has_only_begun_is_told_beside_its_chart() -> None:
    begun = {"start": "2026-11-23T00:00:00Z", "end": "2026-11-24T00:00:00Z"}
    over = {"start": "2026-11-22T00:00:00Z", "end": "2026-11-23T00:00:00Z"}
    made = asked(BUILT_IN["usage"], Books())
    for through, told in (
        ("2026-11-23T02:00:00Z", " 2026-11-23 holds only what is in up to 02:00 UTC."),
        ("2026-11-23T00:00:00Z", ""),
        (None, ""),
    ):
        made.__dict__["usage"] = {"data_through": through, "series": [over, begun]}
        assert usage._unfinished(made) == told


def test_only_the_parameters_of_these_names_are_left_and_tags_where_they_count() -> None:
    given = {"service": ("S3",), "period": ("7d",), "tag:team": ("web",)}
    assert narrowed(given, ["service"]) == {"service": ("S3",)}
    assert narrowed(given, ["period"], tags=True) == {"period": ("7d",), "tag:team": ("web",)}


def test_the_executive_report_tells_of_anomalies_and_controls_by_the_fields_that_matter() -> None:
    fields = {part.section: part.fields for part in BUILT_IN["executive-summary"].parts}
    assert fields["cost-anomalies"] == ("day", "service", "expected", "actual", "impact", "where")
    assert fields["failing-controls"] == ("control", "title", "severity", "failed_resources", "failing_since")
    assert fields["summary"] == SECTIONS["summary"].fields == ()
