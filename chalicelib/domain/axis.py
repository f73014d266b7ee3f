"""Where a chart's values lie: round scales, what can be drawn at all, and the labels in order. The same on paper and on a page."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from chalicelib.domain.report import Chart

MOST_STEPS = 5


@dataclass(frozen=True)
class Axis:
    """Maps `low`..`high` to places from `origin` on."""

    low: float
    high: float
    step: float
    origin: float
    length: float

    def at(self, value: float) -> float:
        return self.origin + (value - self.low) / (self.high - self.low) * self.length

    def ticks(self) -> list[float]:
        return [self.low + self.step * index for index in range(round((self.high - self.low) / self.step) + 1)]


def round_axis(values: list[float], origin: float, length: float) -> Axis:
    """From 0 or a round number below to a round number above all values, in steps of 1, 2 or 5 times a power of ten."""
    low, high = min(0.0, *values), max(0.0, *values)
    rough = max((high - low) / MOST_STEPS, 1e-11)
    power = Decimal(1).scaleb(Decimal(rough).adjusted())
    step = next(float(power) * factor for factor in (1, 2, 5, 10) if float(power) * factor >= rough * 0.9999)
    bottom, top = step * (low // step), step * -(-high // step)
    return Axis(bottom, top if top > bottom else bottom + step, step, origin, length)


def tick_text(value: float, step: float) -> str:
    return f"{value:,.{max(0, -Decimal(str(step)).adjusted())}f}" if abs(value) < 1e15 else f"{value:.3g}"


def coordinate(value: Decimal | None) -> float | None:
    """None for unknown, and for what no chart can show."""
    return float(value) if value is not None and value.is_finite() and abs(value) < Decimal("1e300") else None


def coordinates(chart: Chart) -> list[float]:
    """Every value that can be drawn."""
    found = (coordinate(value) for series in chart.series for _, value in series.points)
    return [value for value in found if value is not None]


def labels_of(chart: Chart) -> list[str]:
    """Every point's label once: in time's order if each series is, else as they come."""
    labels = [[label for label, _ in series.points] for series in chart.series]
    union = list(dict.fromkeys(label for each in labels for label in each))
    return sorted(union) if all(each == sorted(each) for each in labels) else union
