"""CloudWatch's points in memory: one sorted series per account, region and exact dimension set."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from threading import Lock

STATISTICS = ("Sum", "SampleCount", "Average", "Minimum", "Maximum")
LISTED_FOR = timedelta(days=14)
RETENTION = ((60, timedelta(hours=3)), (300, timedelta(days=15)), (3600, timedelta(days=63)))
"""Points are kept that long for periods below so many seconds; coarser ones for 455 days."""
Point = tuple[int, float, float, float, float]
"""(epoch seconds, sum, sample count, minimum, maximum)"""
Dimensions = tuple[tuple[str, str], ...]
Metric = tuple[str, str, str, str, Dimensions]
"""(account, region, namespace, name, sorted dimensions)"""


class MetricPoints:
    """`clock` says which metrics ListMetrics still knows and which points have aged out; it may be replaced at any time."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self._series: dict[Metric, list[Point]] = {}
        self._lock = Lock()

    def add(self, metric: Metric, points: Iterable[Point]) -> None:
        """Adds points in any order; two of one instant are both kept, and add up."""
        *place, dimensions = metric
        key: Metric = (*place, tuple(sorted(dimensions)))  # type: ignore[assignment]
        with self._lock:
            series = self._series.setdefault(key, [])
            for point in points:
                if series and point < series[-1]:
                    insort(series, point)
                else:
                    series.append(point)

    def __len__(self) -> int:
        return sum(len(series) for series in self._series.values())

    def known(self, account: str, region: str, namespace: str | None, name: str | None) -> list[Metric]:
        """The metrics with a point in the last two weeks."""
        now = self.clock()
        since, until = (now - LISTED_FOR).timestamp(), now.timestamp()
        with self._lock:
            here = [(key, series) for key, series in self._series.items() if key[:2] == (account, region)]
        return sorted(
            key for key, series in here if namespace in (None, key[2]) and name in (None, key[3]) and _last_until(series, until) >= since
        )

    def statistics(self, metric: Metric, start: datetime, end: datetime, period: int, statistic: str) -> Iterator[tuple[datetime, float]]:
        """One value per bucket of `period` seconds since the epoch; a bucket without points isn't there."""
        oldest = next((self.clock() - kept for below, kept in RETENTION if period < below), start)
        with self._lock:
            series = self._series.get(metric, [])
            first = bisect_left(series, (max(start, oldest).timestamp(),))
            points = series[first : bisect_left(series, (end.timestamp(),))]
        for bucket, members in groupby(points, key=lambda point: point[0] // period):
            yield datetime.fromtimestamp(bucket * period, UTC), _value(list(members), statistic)


def _last_until(series: list[Point], until: float) -> float:
    index = bisect_left(series, (until,))
    return series[index - 1][0] if index else float("-inf")


def _value(points: list[Point], statistic: str) -> float:
    if statistic == "Minimum":
        return min(point[3] for point in points)
    if statistic == "Maximum":
        return max(point[4] for point in points)
    total, count = sum(point[1] for point in points), sum(point[2] for point in points)
    return {"Sum": total, "SampleCount": count, "Average": total / count if count else 0.0}[statistic]
