"""Periods become windows exactly as the contract says, or an error that names the field."""

from __future__ import annotations

import calendar
import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.period import (
    DAY,
    HOUR,
    Window,
    buckets,
    default_granularity,
    hour_floor,
    iso,
    midnight,
    minus_months,
    next_month,
    parse_instant,
    parse_period,
    parse_range,
    whole_days,
)

NOW = datetime(2026, 3, 31, 14, 25, 7, tzinfo=UTC)
DAYS = st.dates(date(2000, 1, 1), date(2030, 12, 31))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("1h", "2026-03-31T13:00", "2026-03-31T14:00"),
        ("24h", "2026-03-30T14:00", "2026-03-31T14:00"),
        ("1d", "2026-03-31", "2026-04-01"),
        ("7d", "2026-03-25", "2026-04-01"),
        ("4w", "2026-03-04", "2026-04-01"),
        ("1m", "2026-03-01", "2026-04-01"),  # 31 March minus a month is 28 February, and the day after that
        ("3m", "2026-01-01", "2026-04-01"),
        ("1y", "2025-04-01", "2026-04-01"),
        ("13m", "2025-03-01", "2026-04-01"),
        ("today", "2026-03-31", "2026-04-01"),
        ("yesterday", "2026-03-30", "2026-03-31"),
        ("mtd", "2026-03-01", "2026-04-01"),
        ("lastmonth", "2026-02-01", "2026-03-01"),
    ],
)
def test_a_period_names_its_window(text: str, start: str, end: str) -> None:
    assert parse_period(text, NOW) == Window(at(start), at(end))


@pytest.mark.parametrize(
    "text", ["", "abc", "-7d", "0d", "07d", "7", "7x", "3Od", "99999d", "14m", "2y", "9999h", "90w", "1e9d", "٧d", "7d ", "\0", "7D"]
)
def test_what_is_no_period_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_period(text, NOW)
    assert [field for field, _ in refused.value.problems] == ["period"]


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        ("2026-02-01", "2026-01-01", "start"),
        ("2026-02-01", "2026-02-01", "start"),
        ("2026-02-30", "2026-03-01", "start"),
        ("2026-02-01", "soon", "end"),
        ("2026-02-01", "2026-03-01T00:00:00+01:00", "end"),
        ("0001-01-01", "2026-01-01", "start"),
        ("2020-01-01", "2026-01-01", "end"),
    ],
)
def test_a_wrong_range_names_the_field(start: str, end: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_range(start, end)
    assert [name for name, _ in refused.value.problems] == [field]


def test_a_range_is_half_open_and_may_have_any_age() -> None:
    assert parse_range("1999-01-01", "1999-02-01T06:00:00Z") == Window(at("1999-01-01"), at("1999-02-01T06:00"))


@given(DAYS, st.integers(1, 400), st.sampled_from(["hour", "day", "month"]))
def test_buckets_cover_the_window_without_gap_or_overlap(day: date, hours: int, granularity: str) -> None:
    window = Window(midnight(day) + 5 * HOUR, midnight(day) + (5 + hours) * HOUR)
    found = list(buckets(window, granularity))
    assert found[0].start == window.start
    assert found[-1].end == window.end
    assert all(left.end == right.start for left, right in itertools.pairwise(found))


@pytest.mark.parametrize(
    "granularity, starts",
    [
        ("hour", ["2026-02-28T22:30", "2026-02-28T23:00", "2026-03-01T00:00", "2026-03-01T01:00"]),
        ("day", ["2026-02-28T22:30", "2026-03-01T00:00"]),
        ("month", ["2026-02-28T22:30", "2026-03-01T00:00"]),
    ],
)
def test_buckets_begin_with_their_hour_day_or_month(granularity: str, starts: list[str]) -> None:
    assert [bucket.start for bucket in buckets(Window(at("2026-02-28T22:30"), at("2026-03-01T01:30")), granularity)] == list(
        map(at, starts)
    )
    long = [bucket.start.date() for bucket in buckets(Window(at("2026-01-30"), at("2026-03-02")), granularity)]
    assert len(long) == {"hour": 31 * 24, "day": 31, "month": 3}[granularity]


@given(DAYS, st.integers(0, 40))
def test_months_back_keep_the_day_or_clip_it_to_the_months_last(day: date, months: int) -> None:
    back = minus_months(day, months)
    assert (day.year - back.year) * 12 + day.month - back.month == months
    assert back.day == min(day.day, calendar.monthrange(back.year, back.month)[1])


@given(DAYS)
def test_the_next_month_begins_right_after_this_one(day: date) -> None:
    assert next_month(day) - DAY == day.replace(day=calendar.monthrange(day.year, day.month)[1])


@given(st.integers(1, 90), st.datetimes(datetime(2001, 1, 1), datetime(2040, 1, 1)))
def test_nd_is_n_whole_days_that_end_tomorrow(count: int, now: datetime) -> None:
    window = parse_period(f"{count}d", now.replace(tzinfo=UTC))
    assert window.length == count * DAY
    assert window.end == midnight(now.date()) + timedelta(days=1)


def test_a_window_is_cut_into_pieces_without_an_empty_one() -> None:
    window = Window(at("2026-03-01"), at("2026-03-03"))
    assert list(window.pieces(DAY)) == [Window(at("2026-03-01"), at("2026-03-02")), Window(at("2026-03-02"), at("2026-03-03"))]
    assert [piece.length for piece in window.pieces(timedelta(hours=20))] == [timedelta(hours=20), timedelta(hours=20), timedelta(hours=8)]
    assert list(Window(at("2026-03-01"), at("2026-03-01")).pieces(DAY)) == []


def test_a_windows_days_and_hours_are_all_that_it_touches() -> None:
    window = Window(at("2026-03-01T22:30"), at("2026-03-02T01:00"))
    assert list(window.days()) == [date(2026, 3, 1), date(2026, 3, 2)]
    assert list(window.hours()) == [at("2026-03-01T22:00"), at("2026-03-01T23:00"), at("2026-03-02T00:00")]
    assert list(Window(at("2026-03-01"), at("2026-03-02")).days()) == [date(2026, 3, 1)]


def test_a_clipped_window_is_never_longer_and_never_backwards() -> None:
    window = Window(at("2026-03-01"), at("2026-03-03"))
    assert window.clipped(at("2026-03-02")) == Window(at("2026-03-01"), at("2026-03-02"))
    assert window.clipped(at("2026-03-04")) == window
    assert window.clipped(at("2026-02-01")) == Window(at("2026-03-01"), at("2026-03-01"))
    assert window.before(HOUR) == Window(at("2026-02-28T23:00"), at("2026-03-01"))


def test_a_window_is_widened_to_the_days_that_it_touches() -> None:
    whole = Window(at("2026-03-01"), at("2026-03-03"))
    assert whole_days(whole) == whole
    assert whole_days(Window(at("2026-03-01T00:01"), at("2026-03-02T00:01"))) == whole
    assert (whole.whole_days, Window(at("2026-03-01T00:01"), whole.end).whole_days) == (True, False)
    assert not Window(whole.start, at("2026-03-02T00:01")).whole_days


def test_an_hour_begins_on_the_hour_to_the_microsecond() -> None:
    assert hour_floor(datetime(2026, 3, 1, 4, 59, 59, 999_999, UTC)) == at("2026-03-01T04:00")
    assert iso(datetime(2026, 3, 1, 4, 59, 59, 999_999, UTC)) == "2026-03-01T04:59:59Z"


@pytest.mark.parametrize(
    "hours, granularity", [(1, "hour"), (48, "hour"), (49, "day"), (92 * 24, "day"), (92 * 24 + 1, "month")], ids=lambda value: str(value)
)
def test_the_longer_a_window_the_coarser_it_is_told(hours: int, granularity: str) -> None:
    window = Window(at("2026-03-01"), at("2026-03-01") + hours * HOUR)
    assert default_granularity(window, "hour") == granularity
    assert default_granularity(window, "day") == granularity.replace("hour", "day")


def test_an_instant_is_a_date_or_to_the_minute_or_second_within_a_thousand_years() -> None:
    for text, instant in {
        "1970-01-01": at("1970-01-01"),
        "2999-12-31": at("2999-12-31"),
        "2026-03-01T04:05Z": at("2026-03-01T04:05"),
        "2026-03-01T04:05:06Z": at("2026-03-01T04:05:06"),
    }.items():
        assert parse_instant(text, "as_of") == instant
    for text, why in {
        "1969-12-31": "must lie between 1970 and 2999",
        "3000-01-01": "must lie between 1970 and 2999",
        "2026-03-01T04:05": "must be a date (2026-01-31) or an instant (2026-01-31T12:00:00Z)",
    }.items():
        with pytest.raises(InvalidInput) as refused:
            parse_instant(text, "as_of")
        assert list(refused.value.problems) == [("as_of", why)]


def test_thirteen_months_to_the_day_are_the_longest_window() -> None:
    assert parse_range("2025-02-28", "2026-03-31").length == timedelta(days=396)
    for start, end in (("2025-02-27", "2026-03-31"), ("2025-02-28", "2026-03-31T00:00:01Z")):
        with pytest.raises(InvalidInput) as refused:
            parse_range(start, end)
        assert list(refused.value.problems) == [("end", "the window must be at most 13 months long")]
    with pytest.raises(InvalidInput, match="start: must be before end"):
        parse_range("2026-03-31", "2026-03-31")
    with pytest.raises(InvalidInput, match="period: must be at most 13 months"):
        parse_period("14m", NOW)
    with pytest.raises(InvalidInput, match="period: must be like 24h, 7d, 4w, 3m or 1y, or one of today, yesterday, mtd, lastmonth"):
        parse_period("soon", NOW)


@pytest.mark.parametrize(
    ("end", "last"), [("2026-11-26", "2026-11-25"), ("2026-11-26T00:00:01", "2026-11-26"), ("2026-11-26T23:00", "2026-11-26")]
)
def test_a_windows_last_day_is_the_last_one_that_it_touches(end: str, last: str) -> None:
    assert Window(at("2026-11-01"), at(end)).last_day == date.fromisoformat(last)
