"""The page's forms by themselves: the body that each of them asks for, what its problems stand beside, and words for people."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cadence import KINDS, Cadence
from chalicelib.domain.errors import Conflict, InvalidInput
from chalicelib.domain.recipient import Recipients
from chalicelib.domain.reporting import FORMATS, TYPES
from chalicelib.domain.template import Templates
from chalicelib.routes import limits
from chalicelib.routes.pages import report_forms, reports, schedule_forms, words
from chalicelib.routes.pages.chosen import Chosen
from chalicelib.routes.pages.forms import Form, blank, by_field
from chalicelib.usecases.reports.request import wanted_of
from chalicelib.usecases.schedules.request import Asking, CadenceBody, ScheduleBody, schedule_of

NOW = datetime(2026, 11, 26, 10, tzinfo=UTC)
ASKING = Asking("acme", "key:k", NOW, Templates(), Recipients())
REPORT = {"type": "costs", "format": "pdf", "period": "30d"}


def form(values: dict[str, Any]) -> Form:
    return blank(**values)


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        (REPORT, {"type": ("costs",), "format": ("pdf",), "period": ("30d",)}),
        ({**REPORT, "first": "2026-11-01", "last": "x"}, {"type": ("costs",), "format": ("pdf",), "period": ("30d",)}),
        (
            {**REPORT, "period": "own", "first": "2026-02-28", "last": "2026-02-28"},
            {"type": ("costs",), "format": ("pdf",), "start": ("2026-02-28",), "end": ("2026-03-01",)},
        ),
        (
            {**REPORT, "type": "custom:board-pack", "format": "csv"},
            {"type": ("custom",), "template": ("board-pack",), "format": ("csv",), "period": ("30d",)},
        ),
    ],
)
def test_a_reports_form_asks_for_what_the_api_would_be_sent(sent: dict[str, str], asked: dict[str, tuple[str, ...]]) -> None:
    assert report_forms.body_of(form(sent)) == asked


def test_whatever_a_reports_form_offers_is_a_report() -> None:
    for kind in words.TYPES:
        for period in reports.OF_FORM:
            assert wanted_of("acme", report_forms.body_of(form({**REPORT, "type": kind, "period": period})), Templates(), NOW).type == kind
    assert set(words.TYPES) == set(TYPES) - {"custom"}
    assert set(words.FORMATS) == set(FORMATS)


@pytest.mark.parametrize(
    ("first", "last", "field"), [("", "2026-11-01", "first"), ("2026-11-01", "", "last"), ("2026-11-02", "2026-11-01", "last")]
)
def test_days_that_are_none_are_told_by_their_own_names(first: str, last: str, field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        report_forms.body_of(form({**REPORT, "period": "own", "first": first, "last": last}))
    assert by_field(error.value, report_forms.LABELS, report_forms.RENAMED).keys() == {field}


def test_a_reports_form_begins_with_the_period_that_was_looked_at() -> None:
    assert reports.first(Chosen("", "reports", {"period": ("90d",)})).one("period") == "90d"
    own = reports.first(Chosen("", "reports", {"first": ("2026-11-01",), "last": ("2026-11-02",)}))
    assert (own.one("period"), own.one("first"), own.one("last")) == ("own", "2026-11-01", "2026-11-02")
    assert reports.first(Chosen("", "reports", {"period": ("3m",)})).one("period") == "30d"


@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(("minute", "at", "day", "cron", "weekdays")), st.text(max_size=9)))
def test_only_its_own_fields_matter_to_a_cadence(kind: str, typed: dict[str, str]) -> None:
    own = {
        "hourly": {"minute": "5"},
        "cron": {"cron": "0 7 * * *"},
        "weekly": {"at": "06:30", "weekdays": ("sun",)},
        "daily": {"at": "06:30"},
    }
    fields = own.get(kind, {"at": "06:30", "day": "31"})
    assert schedule_forms.cadence_of(form({**typed, **fields, "kind": kind})) == schedule_forms.cadence_of(form({**fields, "kind": kind}))


def test_a_schedules_form_asks_for_what_the_api_would_be_sent() -> None:
    sent = {"name": "Weekly", "type": "custom:mine", "format": "xlsx", "kind": "weekly", "at": "06:30", "weekdays": ("fri", "mon")}
    more = {"timezone": "Asia/Kathmandu", "period": "", "recipients": ("a", "b"), "attach": "yes", "wait_for": "final", "day": "x"}
    assert schedule_forms.body_of(form({**sent, **more})) == ScheduleBody(
        "Weekly",
        {"type": "custom", "template": "mine", "format": "xlsx"},
        CadenceBody("weekly", at="06:30", weekdays=["fri", "mon"]),
        "Asia/Kathmandu",
        None,
        ["a", "b"],
        attach=True,
        wait_for="final",
    )
    plain = schedule_forms.body_of(form({**sent, "period": "mtd"}))
    assert (plain.attach, plain.wait_for, plain.period, plain.recipients) == (False, "none", "mtd", [])


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "٣", "1" * 10, "1e3"])
def test_what_is_no_number_is_told_in_the_words_of_the_api(text: str) -> None:
    sent = form({"name": "n", "type": "costs", "format": "csv", "kind": "monthly", "at": "07:00", "day": text, "timezone": "UTC"})
    with pytest.raises(InvalidInput) as error:
        schedule_of(schedule_forms.body_of(sent), "s", ASKING)
    assert by_field(error.value, schedule_forms.LABELS, {}) == {"day": "must be a whole number from 1 to 31"}


def test_a_problem_stands_beside_its_field_and_what_is_no_fields_stands_by_itself() -> None:
    labels = {"at": "Time", "type": "Report", "recipients": "Recipients"}
    wrong = InvalidInput(("cadence.at", "a"), ("report.template", "b"), ("recipients[0]", "c"), ("recipients[3]", "c"), ("report.top", "d"))
    assert by_field(wrong, labels, {"report.template": "type"}) == {"at": "a", "type": "b", "recipients": "c", "": "report.top d"}
    assert by_field(Conflict("there are 20 live keys"), labels, {}) == {"": "there are 20 live keys"}
    assert by_field(InvalidInput(("at", "a"), ("at", "b")), labels, {}) == {"at": "a; b"}


def test_a_form_is_the_same_only_of_one_showing_that_asks_for_the_same() -> None:
    one, other = blank(), blank()
    assert one.once("a") == one.once("a") != one.once("b")
    assert one.once("a") != other.once("a")
    assert Form({}).once("a") is None


@pytest.mark.parametrize(
    ("cadence", "told"),
    [
        (Cadence("hourly", "UTC", minute=5), "every hour at :05 UTC"),
        (Cadence("daily", "UTC", at=time(7)), "every day at 07:00 UTC"),
        (Cadence("weekly", "Europe/London"), "every Monday at 07:00 Europe/London"),
        (Cadence("weekly", "UTC", weekdays=(4, 0)), "every Monday and Friday at 07:00 UTC"),
        (Cadence("weekly", "UTC", weekdays=(6, 2, 0)), "every Monday, Wednesday and Sunday at 07:00 UTC"),
        (Cadence("weekly", "UTC", weekdays=tuple(range(7))), "every day at 07:00 UTC"),
        (Cadence("monthly", "UTC", day=1), "on the 1st of every month at 07:00 UTC"),
        (Cadence("monthly", "UTC", day=12), "on the 12th of every month at 07:00 UTC"),
        (Cadence("monthly", "UTC", day=23), "on the 23rd of every month at 07:00 UTC"),
        (Cadence("monthly", "UTC", day=30), "on the 30th (or the last day) of every month at 07:00 UTC"),
        (Cadence("monthly", "UTC", day=31), "on the last day of every month at 07:00 UTC"),
        (Cadence("quarterly", "UTC", day=2, at=time(18, 30)), "on the 2nd of January, April, July and October at 18:30 UTC"),
        (Cadence("cron", "Asia/Kathmandu", cron="0 7 * * 1-5"), "by cron 0 7 * * 1-5 Asia/Kathmandu"),
    ],
)
def test_a_cadence_in_words(cadence: Cadence, told: str) -> None:
    assert words.cadence_words(cadence) == told


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "Last 30 days"),
        ({"period": ("lastmonth",)}, "Last month"),
        ({"period": ("3m",)}, "3m"),
        ({"start": ("2026-11-01",), "end": ("2026-12-01",)}, "2026-11-01 to 2026-11-30"),
        ({"start": ("2026-11-01",), "end": ("2026-11-02",)}, "2026-11-01"),
        ({"start": ("2026-11-01T05:00:00Z",), "end": ("2026-11-02",)}, "2026-11-01T05:00:00Z until 2026-11-02"),
    ],
)
def test_a_period_in_words(parameters: dict[str, tuple[str, ...]], told: str) -> None:
    assert words.period_words(parameters) == told


def test_a_document_is_an_export_a_form_a_write_and_ending_a_key_is_never_refused() -> None:
    assert limits.kind_of("GET", "/page/reports/{report_id}/download") == "exports"
    assert limits.kind_of("POST", "/page/keys") == "writes"
    assert ("POST", "/page/keys/{key_id}/revoke") in limits.NEVER_REFUSED
