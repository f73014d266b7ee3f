"""When schedules run, held against a walk through every minute and the zone database alone."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.cadence import Cadence, check_cron, instant_of, is_run, next_run, runs_after, window_of
from chalicelib.domain.errors import InvalidInput
from tests.minutes import walked

ZONES = (
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Apia",
    "Africa/Casablanca",
    "UTC",
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def until(cadence: Cadence, start: datetime, end: datetime) -> list[datetime]:
    return list(takewhile(lambda at: at < end, runs_after(cadence, start - timedelta(seconds=1))))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(ZONES[:-1]),
    st.sampled_from(["2011-12-27", "2019-03-29", "2024-10-31", "2026-03-06", "2026-03-27", "2026-04-03", "2026-10-23", "2026-10-30"]),
    st.integers(0, 23),
    st.integers(0, 59),
    st.sampled_from(["hourly", "daily", "weekly", "monthly", "quarterly"]),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(1, 31),
)
def test_at_a_change_of_clocks_any_cadence_runs_as_the_walk_says(zone, day, hour, minute, kind, weekdays, month_day) -> None:
    start = utc(day)
    end = start + timedelta(days=5)
    cadence = Cadence(kind, zone, minute, time(hour, minute), tuple(sorted(weekdays)), month_day)
    assert until(cadence, start, end) == walked(zone, start, end, cadence)[0]


@pytest.mark.parametrize(
    "zone,local,instant",
    [
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:00"),  # skipped: 03:00 EDT is the first that is there
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30"),  # twice: the first, still EDT
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30"),  # half an hour is skipped
        ("Pacific/Apia", "2011-12-30T07:00", "2011-12-30T10:00"),  # a day is skipped
        ("Asia/Kathmandu", "2026-01-01T07:00", "2026-01-01T01:15"),
    ],
)
def test_a_local_time_is_the_first_instant_that_shows_it_or_a_later_one(zone: str, local: str, instant: str) -> None:
    assert instant_of(datetime.fromisoformat(local), ZoneInfo(zone)) == utc(instant)


def test_four_skipped_times_and_the_first_after_them_are_one_run() -> None:
    quarters = Cadence("cron", "America/New_York", cron="*/15 2-3 8 3 *")
    runs = until(quarters, utc("2026-03-08T00:00"), utc("2026-03-09T00:00"))
    assert runs == [utc("2026-03-08T07:00") + timedelta(minutes=15 * number) for number in range(4)]


def test_the_thirty_first_is_every_months_last_day() -> None:
    months = list(islice(runs_after(Cadence("monthly", "UTC", day=31), utc("2026-01-31T08:00")), 4))
    assert [run.date() for run in months] == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]


def test_a_quarter_begins_in_january_april_july_and_october() -> None:
    quarters = list(islice(runs_after(Cadence("quarterly", "UTC", day=31), utc("2026-01-31T08:00")), 4))
    assert [run.date() for run in quarters] == [date(2026, 4, 30), date(2026, 7, 31), date(2026, 10, 31), date(2027, 1, 31)]


def test_only_what_the_cadence_names_is_a_run_of_it() -> None:
    daily = Cadence("daily", "Europe/London", at=time(7))
    assert is_run(daily, utc("2026-07-01T06:00"))
    assert not is_run(daily, utc("2026-07-01T07:00"))


@pytest.mark.parametrize("expression", ["*/10 * * * *", "0,50 * * * *", "5,15 3 1 1 *", "0,50 0,23 * * *", "* * * * *"])
def test_runs_nearer_than_a_quarter_of_an_hour_are_refused(expression: str) -> None:
    with pytest.raises(InvalidInput, match="15 minutes"):
        check_cron(expression, utc("2026-11-26"))


def test_a_refused_expression_is_named_and_told_why() -> None:
    for expression, why in {
        "0 7 * *": "must be five fields: minute, hour, day of month, month, day of week",
        "0 7 * * " + "1," * 46 + "1": "must be five fields: minute, hour, day of month, month, day of week",
        "61 * * * *": "can't be read: bad minute",
        "0 0 */30 2 1#5": "names no day of the next fifty years",
        "*/10 * * * *": "must leave at least 15 minutes between two runs",
    }.items():
        with pytest.raises(InvalidInput) as refused:
            check_cron(expression, utc("2026-11-26"))
        assert list(refused.value.problems) == [("cadence.cron", why)]
    check_cron("0 7 * * " + "1," * 45 + "01", utc("2026-11-26"))  # a hundred characters


@pytest.mark.parametrize(
    "expression", ["0 0 30 2 *", "0 7 * *", "0 0 7 * * *", "61 * * * *", "0 7 * * funday", "", "0 7 * * " + "1," * 60 + "1"]
)
def test_what_cron_doesnt_know_or_never_comes_is_refused(expression: str) -> None:
    with pytest.raises(InvalidInput, match=r"cadence\.cron"):
        check_cron(expression, utc("2026-11-26"))


def test_an_expression_that_names_no_day_is_refused_and_has_no_run() -> None:
    never = "0 0 */30 2 1#5"  # a fifth Monday of February that is the 1st
    with pytest.raises(InvalidInput, match="no day of the next fifty years"):
        check_cron(never, utc("2026-11-26"))
    assert next_run(Cadence("cron", "UTC", cron=never), utc("2026-11-26")) is None


def test_there_is_no_run_beyond_the_calendar() -> None:
    assert next_run(Cadence("monthly", "UTC"), utc("9998-11-02")) == utc("9998-12-01T07:00")
    assert next_run(Cadence("monthly", "UTC"), utc("9998-12-02")) is None


@pytest.mark.parametrize("expression", ["*/15 * * * *", "0 7 * * 1-5", "0 6 1 */3 *", "0 0 29 2 *", "0 0 L * *", "45 0 * * *"])
def test_what_cron_knows_is_taken(expression: str) -> None:
    check_cron(expression, utc("2026-11-26"))
    assert next_run(Cadence("cron", "UTC", cron=expression), utc("2026-11-26")) is not None


@given(st.text(max_size=30))
def test_no_expression_does_anything_but_be_taken_or_refused(expression: str) -> None:
    try:
        check_cron(expression, utc("2026-11-26"))
    except InvalidInput:
        return
    assert next_run(Cadence("cron", "UTC", cron=expression), utc("2026-11-26")) is not None


@pytest.mark.parametrize(
    "zone",
    [
        "Mars/Olympus",
        "",
        "../etc/passwd",
        "Europe",
        "america/new_york\n",
        "a\x00b",
        "localtime",
        "right/UTC",
        "posix/UTC",
        "posixrules",
        "Factory",
    ],
)
def test_a_zone_that_isnt_known_is_named(zone: str) -> None:
    with pytest.raises(InvalidInput, match="timezone"):
        next_run(Cadence("daily", zone), utc("2026-11-26"))


@pytest.mark.parametrize(
    "period,run,zone,start,end",
    [
        ("yesterday", "2026-11-26T07:00", "UTC", "2026-11-25", "2026-11-26"),
        ("yesterday", "2026-11-26T23:00", "Asia/Kathmandu", "2026-11-26", "2026-11-27"),  # 04:45 on the 27th there
        ("lastweek", "2026-11-26T07:00", "UTC", "2026-11-16", "2026-11-23"),
        ("lastweek", "2026-11-23T00:00", "UTC", "2026-11-16", "2026-11-23"),
        ("lastmonth", "2026-11-30T18:00", "Pacific/Apia", "2026-11-01", "2026-12-01"),  # 07:00 on 1 December there
        ("lastmonth", "2026-01-01T07:00", "UTC", "2025-12-01", "2026-01-01"),
        ("lastquarter", "2026-01-01T07:00", "UTC", "2025-10-01", "2026-01-01"),
        ("lastquarter", "2026-06-30T07:00", "UTC", "2026-01-01", "2026-04-01"),
        ("7d", "2026-11-26T07:00", "UTC", "2026-11-20", "2026-11-27"),
        ("1h", "2026-11-26T07:30", "UTC", "2026-11-26T06:00", "2026-11-26T07:00"),
        ("24h", "2026-11-26T07:30", "UTC", "2026-11-25T07:00", "2026-11-26T07:00"),
    ],
)
def test_a_runs_local_date_names_the_window(period: str, run: str, zone: str, start: str, end: str) -> None:
    window = window_of(period, utc(run), zone)
    assert (window.start, window.end) == (utc(start), utc(end))
