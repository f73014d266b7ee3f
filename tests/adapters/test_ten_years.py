"""Ten years of six cadences in eight zones, held against a walk through every minute that knows the zone database alone."""

from datetime import time
from itertools import pairwise

import pytest

from chalicelib.domain.cadence import Cadence
from tests.minutes import walked
from tests.unit.test_cadence import ZONES, until, utc


def six(zone: str) -> list[Cadence]:
    return [
        Cadence("hourly", zone, minute=30),
        Cadence("daily", zone, at=time(2, 30)),
        Cadence("weekly", zone, at=time(2, 15), weekdays=(4, 6)),
        Cadence("monthly", zone, at=time(0, 0), day=31),
        Cadence("quarterly", zone, at=time(1, 45), day=30),
        Cadence("cron", zone, cron="*/15 0-3 * * *"),
    ]


@pytest.mark.parametrize("zone", ZONES)
def test_over_ten_years_every_cadence_runs_when_a_walk_through_all_minutes_says(zone: str) -> None:
    start, end = utc("2020-01-01"), utc("2030-01-01")
    for cadence, expected in zip(six(zone), walked(zone, start, end, *six(zone)), strict=True):
        runs = until(cadence, start, end)
        assert runs == expected
        assert all(earlier < later for earlier, later in pairwise(runs))
