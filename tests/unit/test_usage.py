"""Samples become buckets and buckets totals; what was not read is never a zero."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.breakdown import Selection
from chalicelib.domain.consumption import HEADLINE, comparable, latest, parts, value
from chalicelib.domain.exact import add
from chalicelib.domain.period import HOUR, Window
from chalicelib.domain.usage import Sample, UsageBucket, by_place, hour_buckets, merge, overlay, select

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = Window(START, START + timedelta(days=1))
SCOPES = frozenset({"1/us-east-1", "1/global", "2/us-east-1"})
SAMPLES = st.lists(
    st.builds(
        Sample,
        st.integers(0, 23).map(lambda hour: START + hour * HOUR),
        st.sampled_from(HEADLINE),
        st.sampled_from(["AWS Lambda", "Amazon CloudFront"]),
        st.sampled_from(["us-east-1", "global"]),
        st.just("1"),
        st.decimals(0, 10**6, places=6),
    ),
    max_size=40,
)


@given(SAMPLES)
def test_a_day_is_the_sum_of_its_hours_and_its_parts_sum_to_it(samples: list[Sample]) -> None:
    hours = hour_buckets(samples, DAY, SCOPES)
    day = merge(hours, START)
    for metric in HEADLINE:
        whole = value(day, metric)
        if metric != "storage_gb":
            assert whole == add(sample.value for sample in samples if sample.metric == metric)
        for by in (("service",), ("region",), ("account",), ("category",), ("service", "region")):
            assert add(amount or Decimal(0) for amount in parts(day, metric, by).values()) == whole


@given(SAMPLES, st.integers(1, 23))
def test_merging_in_two_steps_is_merging_in_one(samples: list[Sample], cut: int) -> None:
    hours = hour_buckets(samples, DAY, SCOPES)
    halves = [merge(hours[:cut], START), merge(hours[cut:], START)]
    assert merge(halves, START) == merge(hours, START)


def test_an_hour_without_activity_is_zero_and_one_that_was_not_read_is_unknown() -> None:
    read, unread = UsageBucket(START, {"1/us-east-1": 1}), UsageBucket(START)
    assert value(read, "api_calls") == 0
    assert value(unread, "api_calls") is None
    assert latest(unread, "storage_gb") is None


def test_a_gauge_is_the_mean_of_its_hours_and_its_latest() -> None:
    samples = [Sample(START + hour * HOUR, "storage_gb", "S3", "us-east-1", "1", Decimal(level)) for hour, level in enumerate([10, 10, 40])]
    day = merge(hour_buckets(samples, Window(START, START + 4 * HOUR), SCOPES), START)
    assert value(day, "storage_gb") == Decimal("15")
    assert latest(day, "storage_gb") == 0  # the bucket was gone in the last hour


def test_a_metric_older_than_its_source_remembers_is_unknown_though_the_hour_was_read() -> None:
    hours = hour_buckets([], Window(START, START + 2 * HOUR), SCOPES, {"compute_hours": START + HOUR})
    assert [value(hour, "compute_hours") for hour in hours] == [None, 0]
    assert value(hours[0], "api_calls") == 0
    whole = merge(hours, START)
    assert not comparable(whole, whole, "compute_hours", Window(START, START + 2 * HOUR))
    assert comparable(whole, whole, "api_calls", Window(START, START + 2 * HOUR))


def test_reading_an_hour_again_replaces_what_was_read_and_keeps_what_failed_now() -> None:
    first = hour_buckets(
        [Sample(START, "api_calls", "A", "us-east-1", account, Decimal(5)) for account in "12"], Window(START, START + HOUR), SCOPES
    )[0]
    again = hour_buckets([Sample(START, "api_calls", "A", "us-east-1", "1", Decimal(7))], Window(START, START + HOUR), {"1/us-east-1"})[0]
    assert value(overlay(first, again), "api_calls") == 12
    assert overlay(overlay(first, again), again) == overlay(first, again)


def test_a_filter_on_an_account_that_was_never_read_is_unknown_not_zero() -> None:
    bucket = UsageBucket(START, {"1/us-east-1": 1})
    assert value(select(bucket, Selection(account=("9",))), "api_calls") is None
    assert value(select(bucket, Selection(service=("AWS Lambda",))), "api_calls") == 0
    assert value(select(bucket, Selection(provider=("Azure",))), "api_calls") is None


def test_windows_of_different_accounts_are_not_compared_but_a_new_region_is_no_hindrance() -> None:
    window = Window(START, START + 2 * HOUR)
    both, one = UsageBucket(START, {"1/a": 2, "2/a": 2}), UsageBucket(START, {"1/a": 2})
    assert not comparable(one, both, "api_calls", window)
    assert not comparable(both, one, "api_calls", window)
    assert not comparable(UsageBucket(START, {"1/a": 1}), one, "api_calls", window)
    assert comparable(UsageBucket(START, {"1/a": 2, "1/b": 1}), one, "api_calls", window)
    assert not comparable(one, UsageBucket(START, {"1/a": 2, "1/b": 2}), "api_calls", window)
    nothing = UsageBucket(START)
    assert not comparable(nothing, nothing, "api_calls", window)


def test_windows_are_not_compared_where_either_has_hours_of_which_the_metric_is_unknown() -> None:
    window = Window(START, START + HOUR)
    known, other = UsageBucket(START, {"1/a": 1}), UsageBucket(START, {"1/a": 1}, unknown={"api_calls": 1})
    assert not comparable(known, other, "api_calls", window)
    assert not comparable(other, known, "api_calls", window)
    assert comparable(known, other, "compute_hours", window)


def test_one_hour_that_was_read_is_enough_for_an_accounts_windows_of_one_hour_only() -> None:
    short, long = Window(START, START + HOUR), Window(START, START + 2 * HOUR)
    one, two = UsageBucket(START, {"1/a": 1}), UsageBucket(START, {"1/a": 2})
    assert comparable(one, one, "api_calls", short)
    assert not comparable(one, one, "api_calls", long)
    assert comparable(one, two, "api_calls", short, long)
    assert not comparable(two, one, "api_calls", short, long)
    assert not comparable(one, UsageBucket(START, {"1/a": 1, "1/b": 1}), "api_calls", short)
    assert not comparable(UsageBucket(START, {"1/a": 0}), one, "api_calls", short)


def test_a_gauge_is_the_mean_over_the_hours_in_which_its_place_was_read() -> None:
    samples = [Sample(START, "storage_gb", "S3", region, "1", Decimal(30)) for region in ("a", "b")]
    first, *_ = hour_buckets(samples, Window(START, START + HOUR), {"1/a", "1/b"})
    later = [UsageBucket(START + HOUR, {"1/a": 1}), UsageBucket(START + 2 * HOUR, {"1/a": 1})]
    whole = merge([first, *later], START)
    assert parts(whole, "storage_gb", ("region",)) == {"b": 30, "a": 10}
    assert value(whole, "storage_gb") == 40


def test_a_gauges_latest_value_is_known_from_one_hour_on() -> None:
    (hour,) = hour_buckets([Sample(START, "storage_gb", "S3", "a", "1", Decimal(30))], Window(START, START + HOUR), {"1/a"})
    assert latest(hour, "storage_gb") == 30
    assert latest(replace(hour, unknown={"storage_gb": 1}), "storage_gb") is None


def test_usage_is_amazons_and_has_no_tags() -> None:
    (hour,) = hour_buckets([Sample(START, HEADLINE[0], "AWS Lambda", "us-east-1", "1", Decimal(5))], Window(START, START + HOUR), SCOPES)
    assert value(select(hour, Selection(provider=("AWS",))), HEADLINE[0]) == 5
    assert value(select(hour, Selection(category=("Compute",))), HEADLINE[0]) == 5
    assert select(hour, Selection(category=("Storage",))).keys == ()
    assert select(hour, Selection(provider=("Other",))).covered == {}
    assert select(hour, Selection(tags=(("team", ("web",)),))).keys == ()
    assert select(hour, Selection(tags=(("team", ("(none)",)),))).keys == hour.keys


def test_a_buckets_places_are_its_series_by_service_and_region_without_what_was_covered() -> None:
    samples = [
        Sample(START, metric, service, region, "1", Decimal(amount))
        for amount, (metric, service, region) in enumerate(
            [("api_calls", "A", "a"), ("storage_gb", "A", "a"), ("api_calls", "A", "b"), ("api_calls", "B", "a")], start=1
        )
    ]
    (hour,) = hour_buckets(samples, Window(START, START + HOUR), {"1/a", "1/b"}, {"compute_hours": START + HOUR})
    found = by_place(hour)
    assert {place: sorted(bucket.by_key().values()) for place, bucket in found.items()} == {
        ("A", "a"): [1, 2],
        ("A", "b"): [3],
        ("B", "a"): [4],
    }
    assert all((bucket.start, bucket.covered, bucket.unknown) == (START, {}, {}) for bucket in found.values())


def test_a_filter_on_a_region_narrows_what_counts_as_covered() -> None:
    bucket = UsageBucket(START, {"1/us-east-1": 1, "1/eu-west-1": 2, "2/eu-west-1": 3})
    assert select(bucket, Selection(region=("eu-west-1",))).covered == {"1/eu-west-1": 2, "2/eu-west-1": 3}
    assert select(bucket, Selection(region=("eu-west-1",), account=("1",))).covered == {"1/eu-west-1": 2}
    assert select(bucket, Selection(account=("2",))).covered == {"2/eu-west-1": 3}


def test_samples_of_one_series_and_hour_add_up() -> None:
    samples = [Sample(START, "api_calls", "A", "a", "1", Decimal(amount)) for amount in (5, 7)]
    (hour,) = hour_buckets(samples, Window(START, START + HOUR), {"1/a"})
    assert value(hour, "api_calls") == 12


def test_hours_of_which_a_metric_is_unknown_add_up_and_leave_the_others() -> None:
    hours = hour_buckets([], Window(START, START + 4 * HOUR), {"1/a"}, {"api_calls": START + 3 * HOUR})
    assert [hour.unknown for hour in hours] == [{"api_calls": 1}] * 3 + [{}]
    whole = merge(hours, START)
    assert (whole.unknown, whole.hours_of("api_calls"), whole.hours_of("storage_gb")) == ({"api_calls": 3}, 1, 4)


def test_a_gauge_that_another_place_has_lately_is_nothing_where_it_is_gone() -> None:
    samples = [Sample(START + hour * HOUR, "storage_gb", "S3", region, "1", Decimal(30)) for hour, region in ((0, "a"), (0, "b"), (1, "b"))]
    whole = merge(hour_buckets(samples, Window(START, START + 2 * HOUR), {"1/a", "1/b"}), START)
    assert latest(whole, "storage_gb") == 30
    assert latest(select(whole, Selection(region=("a",))), "storage_gb") == 0
