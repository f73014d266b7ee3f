"""The forecast's method, by its name, tells the same figures of the same days: other figures are another method.

What is expected here was told by the method itself. The properties that make it a good one are in test_forecast.py; these figures hold
still what no property tells apart: how many weeks count, how wide an interval is, from when on a spike is one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from chalicelib.domain.forecast import backtest, forecast
from chalicelib.domain.prospect import METHOD

Day = Callable[[int, date], int | None]
"""From how many days have gone by and the date to cents; None is unknown."""


def chance(number: int, width: int) -> int:
    """The same for the same number, from -width to width."""
    return (number * 7919 + number * number * 104_729) % (2 * width + 1) - width


def weekly(number: int, day: date) -> int:
    return (6_000 if day.weekday() >= 5 else 10_000 + 700 * day.weekday()) + chance(number, 300)


def walk(number: int, day: date) -> int:
    return max(0, 5_000 + sum(chance(step, 90) for step in range(number)))


def nothing(number: int, day: date) -> int:
    return 0


def monthly(number: int, day: date) -> int:
    """A tax on the first that differs, a credit on the 20th, and one large purchase."""
    return {1: 40_000 + 2_500 * (day.month % 4), 20: -15_000 - 900 * (day.month % 3)}.get(day.day, 0) + 900_000 * (number == 150)


def raised(number: int, day: date) -> int:
    """A tax that lately came to three quarters more, and what comes and goes about the last known day of a month."""
    return {1: 70_000 if day.month == 11 else 40_000, 11: -9_000, 12: 21_000}.get(day.day, 0)


HISTORIES: dict[str, tuple[int, Day, Day]] = {
    "weeks": (400, weekly, nothing),
    "weeks of a month and a half": (45, weekly, nothing),
    "twenty days": (20, lambda number, day: 10_000 + 250 * number + chance(number, 400), nothing),
    "thirty days": (30, lambda number, day: 30_000 - 300 * number + chance(number, 900), nothing),
    "growth": (260, lambda number, day: weekly(number, day) * (200 + number) // 200, nothing),
    "decline": (120, lambda number, day: max(0, 12_000 - 110 * number + chance(number, 500)), nothing),
    "a step five weeks ago": (200, lambda number, day: weekly(number, day) * (3 if number >= 165 else 1), nothing),
    "a step last week": (130, lambda number, day: weekly(number, day) // (4 if number >= 124 else 1), nothing),
    "a step four days ago": (90, lambda number, day: 10_000 + chance(number, 250) + 9_000 * (number >= 86), nothing),
    "four weeks": (28, lambda number, day: 10_000 + 120 * number + chance(number, 500), raised),
    "two taxes": (75, weekly, raised),
    "a tax that rose": (170, weekly, raised),
    "spikes": (300, lambda number, day: weekly(number, day) * (9 if number % 41 == 3 else 1), nothing),
    "noise": (150, lambda number, day: 10_000 + chance(number, 9_000), nothing),
    "a walk": (390, walk, nothing),
    "once a month": (330, weekly, monthly),
    "more credits than costs": (200, lambda number, day: 300 + chance(number, 90), monthly),
    "gaps": (220, lambda number, day: None if number % 9 == 4 or 150 <= number < 156 else weekly(number, day), monthly),
    "next to nothing on Sundays": (180, lambda number, day: 10 if day.weekday() == 6 else 9_000 + chance(number, 800), nothing),
}


def laid_out(name: str) -> tuple[dict[date, Decimal | None], dict[date, Decimal | None]]:
    count, *parts = HISTORIES[name]
    days = [date(2026, 11, 12) - timedelta(days=count - number) for number in range(count)]
    usage, other = (
        {day: None if (cents := part(number, day)) is None else Decimal(cents).scaleb(-2) for number, day in enumerate(days)}
        for part in parts
    )
    return usage, other


def told(name: str) -> list[str]:
    """This month's, the next one's and the one's after that amount, low and high, then the backtest's coverage and error."""
    usage, other = laid_out(name)
    figures = [forecast(usage, other, date(2026 + month // 13, (month - 1) % 12 + 1, 1)) for month in (11, 12, 13)]
    past = backtest(usage, other)
    return [str(figure) for one in figures for figure in (one.amount, one.low, one.high)] + [str(past.coverage), str(past.mape)]


FIGURES: dict[str, tuple[str, str]] = {
    "weeks": (
        "2921.665408 2907.415269 2935.915547 3100.636842 3078.386672 3122.887012",
        "3006.646639 2986.012092 3027.281186 90.909091 0.315419",
    ),
    "weeks of a month and a half": (
        "2906.963308 2753.228032 3060.698583 3088.426912 2702.373548 3474.480276",
        "2991.076029 2617.191525 3364.960532 None None",
    ),
    "twenty days": (
        "4123.960788 3371.554010 4876.367567 4300.826092 1376.325293 7225.326891",
        "4298.055426 0.000000 8831.718168 None None",
    ),
    "thirty days": (
        "5910.077067 5410.673524 6409.480610 3559.880591 2836.732157 4283.029025",
        "1684.414601 961.266166 2407.563035 None None",
    ),
    "growth": (
        "6752.529577 6673.761878 6831.297276 7606.255788 7443.999139 7768.512436",
        "7652.115517 7170.437802 8133.793233 85.714286 3.472013",
    ),
    "decline": (
        "0.260000 0.260000 25.166242 0.000000 0.000000 36.064843",
        "0.000000 0.000000 36.064843 100.000000 12.432028",
    ),
    "a step five weeks ago": (
        "8841.602894 6837.704721 10845.501067 9419.002506 4101.947334 14736.057678",
        "9146.530259 0.000000 18943.607482 80.000000 12.435687",
    ),
    "a step last week": (
        "1102.718884 1054.132112 1151.305655 773.232004 566.738226 979.725783",
        "750.631824 423.494622 1077.769027 100.000000 0.406700",
    ),
    "a step four days ago": (
        "3391.743319 3166.797963 3616.688675 3148.041366 2951.288781 3344.793951",
        "3148.210735 2754.684393 3541.737076 100.000000 0.176198",
    ),
    "four weeks": (
        "4722.153004 4382.992628 5061.313379 5774.583459 5111.242927 6437.923991",
        "6435.007748 5691.083239 7178.932258 None None",
    ),
    "two taxes": (
        "3737.142844 3659.821892 3814.463795 3930.332635 3630.863555 4229.801715",
        "3836.523635 3430.717823 4242.329447 100.000000 2.562884",
    ),
    "a tax that rose": (
        "3734.865881 3696.495967 3773.235795 3911.106924 3601.313705 4220.900144",
        "3815.875414 3501.606562 4130.144267 100.000000 0.288354",
    ),
    "spikes": (
        "4099.086691 3011.229059 5186.944323 3693.660745 2304.061662 5083.259828",
        "3599.699911 2210.100828 4989.298994 75.000000 12.787882",
    ),
    "noise": (
        "3397.092169 2719.607502 4074.576837 3296.837757 1984.923811 4608.751702",
        "3362.922535 541.679384 6184.165686 100.000000 8.225264",
    ),
    "a walk": (
        "1219.868914 1154.439449 1285.298380 1280.897519 1172.889678 1388.905359",
        "1281.304649 1143.540054 1419.069243 90.909091 5.967483",
    ),
    "once a month": (
        "3223.644920 3205.943254 3241.346586 3395.697237 3368.435848 3422.958627",
        "3304.174395 3276.913006 3331.435784 77.777778 9.192205",
    ),
    "more credits than costs": (
        "403.887014 393.154971 414.619057 410.016561 350.209555 469.823567",
        "410.270857 345.528491 475.013223 20.000000 36.018595",
    ),
    "gaps": (
        "3242.827052 3011.323941 3474.330162 3420.644613 3032.234348 3809.054878",
        "3327.683718 2950.883397 3704.484038 None None",
    ),
    "next to nothing on Sundays": (
        "2233.392567 2155.524955 2311.260178 2423.115605 2213.537913 2632.693296",
        "2337.316117 2025.455040 2649.177195 100.000000 4.140035",
    ),
}


def test_the_method_has_its_name() -> None:
    assert forecast(*laid_out("weeks"), date(2026, 12, 1)).method == METHOD == "seasonal-robust-trend-1"


@pytest.mark.parametrize("name", HISTORIES)
def test_the_method_tells_the_same_figures_of_the_same_days(name: str) -> None:
    assert told(name) == " ".join(FIGURES[name]).split()
